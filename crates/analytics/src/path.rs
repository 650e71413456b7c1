// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The critical path of one execution: what its time from start to end went into, to the microsecond.
//!
//! From the task that ended last the walk goes back in time. What a task did fills the time back to when it could run; then the dependency whose end made
//! that so is next, or the group, the pass or the attempt that it began with. Within an attempt, tasks that it spawned count as waited for, the last one
//! to end first, as tools for traces have it (Jaeger's critical path; uber-research/CRISP). The steps are without a gap, so their sum is the makespan.
//!
//! - *Drag* of a task: how much sooner the execution would have ended if this task had taken no time ([`crate::replay::drags`]). Devaux, "The Drag Efficient", 2012.
//! - *Slack* of a task: how much later it could have ended without the execution ending later. Of a task on the path it is 0.
//! - *Criticality* of a task over several executions: the share of them whose path it is on ([`criticality`]).

mod profile;
mod text;
mod timeline;
mod walk;

pub use profile::{Criticality, Profile, TaskShare, criticality};
pub use text::buckets_value;
pub use timeline::timeline;
pub use walk::{PathStep, path_of};
