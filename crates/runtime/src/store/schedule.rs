// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Schedules as stores keep them.

use super::ReadError;
use engine::Plan;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// What changes about schedules. It is committed together with the executions that they begin.
#[derive(Clone, Debug)]
pub enum ScheduleChange {
    /// A schedule begins.
    Begins(Arc<Schedule>, Option<Timestamp>),
    /// Its next planned instant is another one; `None` if there is none any more.
    Moves(Arc<Schedule>, Option<Timestamp>),
    /// It is no more.
    Ends(Arc<Schedule>),
}

/// A schedule: what runs, and when.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Its id for the world.
    pub id: Arc<str>,
    /// What its executions run.
    pub plan: Arc<Plan>,
    /// Their context as JSON text.
    pub context: String,
    /// What else they are given, as JSON text; see [`crate::options`].
    pub options: Option<String>,
    /// When they run, as JSON text; see [`crate::timing`].
    pub timing: String,
    /// Equal for schedules that do the same.
    pub fingerprint: String,
}

/// A schedule as it is stored.
#[derive(Debug)]
pub struct StoredSchedule {
    /// Its id for the world.
    pub id: Arc<str>,
    /// The definition of its workflow, as it was given.
    pub definition: Arc<str>,
    /// The timeout of tasks that give none.
    pub default_timeout: Duration,
    /// The context of its executions as JSON text.
    pub context: String,
    /// What else they are given, as JSON text.
    pub options: Option<String>,
    /// When they run, as JSON text.
    pub timing: String,
    /// Equal for schedules that do the same.
    pub fingerprint: String,
    /// The next planned instant.
    pub next: Option<Timestamp>,
}

/// Schedules with their ids, each as far as it can be read.
pub type ReadSchedules = Vec<(Arc<str>, Result<StoredSchedule, ReadError>)>;
