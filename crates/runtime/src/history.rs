// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The fold over records that tells an execution's story again: what it has had announced, and why what failed did. For listeners that come late, for
//! followers, and for whoever reads a stored execution.

use crate::effect::{self, Number};
use crate::store::StepRecord;
use alphabet::Effect;
use engine::{Event, Failure, InstanceIndex, ReusedEnd};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use stdx::Timestamp;

/// Why attempts failed, by the numbers of the effects that tell of it.
pub type Failures = Vec<(Number, Arc<Failure>)>;

/// The failures in records, by the number of their effects.
pub(crate) fn failures_of(records: &[StepRecord]) -> Failures {
    let numbered = records.iter().flat_map(|record| record.events.iter().enumerate().map(|(place, event)| (record.seq, place, event)));
    numbered.filter_map(|(seq, place, event)| Some((Number::new(seq, place), Arc::clone(failure_in(event)?)))).collect()
}

/// The failure that an event tells of.
pub(crate) fn failure_in(event: &Event) -> Option<&Arc<Failure>> {
    if let Event::RetryScheduled { failure, .. }
    | Event::FallbackTaken { failure, .. }
    | Event::TaskFailed { failure, .. }
    | Event::TaskReused { end: ReusedEnd::Failed(failure), .. } = event
    {
        Some(failure)
    } else {
        None
    }
}

/// The effects of records, as they left when they first happened; `accepted`: when the execution was, if that is on record.
pub(crate) fn effects_of<'a>(slot: u32, accepted: Option<Timestamp>, records: impl Iterator<Item = &'a StepRecord>) -> Vec<Effect> {
    let mut effects: Vec<Effect> = accepted.map(|at| effect::accepted(slot, at)).into_iter().collect();
    let mut interruptions: FxHashMap<InstanceIndex, u64> = FxHashMap::default();
    for record in records {
        for (place, event) in record.events.iter().enumerate() {
            if let Event::AttemptInterrupted { task, .. } = event {
                *interruptions.entry(*task).or_default() += 1;
            }
            if let Event::Moved { .. } = event {
                interruptions.clear();
            }
            let number = Number::new(record.seq, place);
            effects.extend(effect::notice(slot, record.at, number, event));
            if let Event::AttemptStarted { task, attempt, .. } = event {
                let before = interruptions.get(task).copied().unwrap_or_default();
                effects.push(effect::run(slot, record.at, number, *task, *attempt, before, None));
            }
        }
    }
    effects
}
