// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Everything that can go wrong while doing, as one union for the boundary.

use crate::store::{CommitError, OpenError, ReadError, Replaced};
use std::sync::Arc;

/// Why a call of the runtime failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A read from the store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A commit failed, now or before: the driver has stopped for good.
    #[error("the store failed and the orchestrator stopped; open it again to continue from the last commit")]
    StoreFailed(#[source] Arc<CommitError>),
    /// The store has no room for new work. What runs goes on, and the same call may succeed later.
    #[error("{why}")]
    Short {
        /// What there is too little of, and what to do.
        why: Arc<str>,
    },
    /// Its file is not what it was: the driver has stopped for good.
    #[error(transparent)]
    StoreReplaced(Replaced),
    /// Another definition of the same workflow version is still running, or scheduled.
    #[error(
        "workflow `{workflow}` version `{version}` still runs with another definition: {}; give the changed definition a new `version`, or end what \
         runs ({}), or set `workflow.allowRedefinition`",
        list(executions, schedules),
        calls(executions, schedules)
    )]
    DefinitionChanged {
        /// The workflow's id.
        workflow: Arc<str>,
        /// Its version.
        version: Arc<str>,
        /// The executions that run by the other definition, in the order of their ids.
        executions: Vec<Arc<str>>,
        /// The schedules that are of it.
        schedules: Vec<Arc<str>>,
    },
    /// A schedule that cannot be kept.
    #[error("the schedule cannot be kept: {}", .0.iter().map(|problem| format!("{}: {problem}", problem.path())).collect::<Vec<_>>().join("; "))]
    Timing(Vec<engine::schedule::TimingProblem>),
    /// Another schedule has this id.
    #[error(
        "there is a schedule `{id}` of another workflow, context, rhythm or options; cancel it first, or give this one an id of its own: \
         `options.id`"
    )]
    ScheduleChanged {
        /// Which.
        id: Arc<str>,
    },
    /// A signal has no one meaning.
    #[error(transparent)]
    Signal(#[from] engine::SignalError),
    /// It cannot be moved to another workflow now.
    #[error("the execution cannot be moved: {0}")]
    Move(#[from] engine::MoveError),
    /// A task that an attempt adds cannot run.
    #[error("the spawned task cannot run: {}", .0.iter().map(|problem| format!("{}: {}", problem.path, problem.kind)).collect::<Vec<_>>().join("; "))]
    Spawned(Vec<engine::Problem>),
    /// An earlier attempt spawned another task of the same id.
    #[error("an earlier attempt spawned `{path}` with another definition; give the task another id")]
    SpawnChanged {
        /// The path of the task.
        path: String,
    },
    /// The host named an execution that is not live: a mistake of ours, not of the user.
    #[error("slot {slot} holds no execution")]
    NoSuchSlot {
        /// What was named.
        slot: u32,
    },
    /// The host sent something that does not parse: a mistake of ours, not of the user.
    #[error("the host sent a malformed {what}: {message}")]
    Malformed {
        /// Which message.
        what: &'static str,
        /// What the parser said.
        message: String,
    },
}

impl Error {
    /// Why a driver has stopped.
    pub(crate) fn of_store(failure: &Arc<CommitError>) -> Self {
        match &**failure {
            CommitError::Replaced(replaced) => Self::StoreReplaced(replaced.clone()),
            CommitError::Sqlite(_)
            | CommitError::Damaged { .. }
            | CommitError::Io(_)
            | CommitError::OutOfOrder { .. }
            | CommitError::Busy
            | CommitError::Full(_)
            | CommitError::Unreachable { .. }
            | CommitError::WriterGone
            | CommitError::Crashed => Self::StoreFailed(Arc::clone(failure)),
        }
    }
}

/// Ids that a message lists.
const LISTED_MAX: usize = 5;

/// What runs by another definition, by id.
fn list(executions: &[Arc<str>], schedules: &[Arc<str>]) -> String {
    let named = |what: &str, ids: &[Arc<str>]| {
        let listed = ids.iter().take(LISTED_MAX).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        let more = ids.len().saturating_sub(LISTED_MAX);
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        (!ids.is_empty()).then(|| format!("{what}{} {listed}{more}", if ids.len() == 1 { "" } else { "s" }))
    };
    [named("execution", executions), named("schedule", schedules)].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// The calls that end that.
fn calls(executions: &[Arc<str>], schedules: &[Arc<str>]) -> String {
    let cancel = executions.first().map(|id| format!("await cancelExecution('{id}')"));
    let unschedule = schedules.first().map(|id| format!("await (await getSchedule('{id}')).cancel()"));
    [cancel, unschedule].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
