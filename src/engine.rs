// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The handle JavaScript holds over one `runtime::Driver`: one method for each call `ts/boundary/native.ts` makes.

use crate::alerts::NativeAlert;
use crate::archive::{ArchiveTask, Question};
use crate::copies::{BackupTask, NativeStop};
use crate::error::{CodedError, coded};
use crate::opening::{Close, NativeStorage, Open};
use crate::plan::NativePlan;
use crate::redis::{NativeRedis, OpenRedis};
use crate::shared::{SharedArchive, SharedDriver, SharedFacts, lock};
use crate::stage::{NativeClock, NativeStage};
use crate::wake::Wake;
use crate::words::{self, timestamp};
use ::engine::{Fit, InstanceIndex, Question as Asked, SignalError, TaskIndex};
use alphabet::Heard;
use napi::bindgen_prelude::{AsyncTask, Float64Array, Function};
use napi::threadsafe_function::UnknownReturnValue;
use napi_derive::napi;
use runtime::store::{Durability, MemoryStore, Stall, canonical};
use runtime::{Driver, Error, Statistics, report};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use stdx::Timestamp;

/// One orchestrator's driver.
#[napi]
pub struct Engine {
    pub(crate) driver: SharedDriver,
    pub(crate) archive: SharedArchive,
    pub(crate) facts: SharedFacts,
    wake: Wake,
    /// The effects that leave. Locked because `open_file` still borrows this object while JavaScript adds listeners.
    heard: Mutex<Heard>,
}

/// How an execution that was accepted is known.
#[napi(object)]
pub struct Accepted {
    /// Its small number in this process.
    pub slot: u32,
    /// Its id for the world.
    pub id: String,
}

/// Which condition of a task is judged, as its effect says.
#[napi(object)]
pub struct NativeQuestion {
    /// 1 gate, 2 branch, 3 turn of a loop.
    pub kind: u32,
    /// Which one.
    pub index: u32,
    /// Passes so far.
    pub passes: u32,
}

/// A wait that a payload fits; see `engine::Fit`.
#[napi(object)]
pub struct NativeFit {
    /// Its number in the plan.
    pub task: u32,
    /// What its schema makes of the payload, JSON text; null: it stays as it is.
    pub payload: Option<String>,
}

impl From<NativeFit> for Fit {
    fn from(fit: NativeFit) -> Self {
        Self { task: TaskIndex::new(fit.task), payload: fit.payload.map(Into::into) }
    }
}

/// When an execution must have ended.
#[napi(object)]
pub struct NativeBounds {
    /// Milliseconds since the epoch; null: no bound.
    pub deadline: Option<f64>,
    /// Milliseconds that its budget leaves it; null: no bound.
    pub time: Option<f64>,
}

/// Numbers for `getStatistics`.
#[napi(object)]
#[expect(missing_docs, reason = "as in `runtime::Statistics`")]
pub struct NativeStatistics {
    pub active: f64,
    pub parked: f64,
    pub waiting: f64,
    pub queued: f64,
    pub running: f64,
    pub completed: f64,
    pub failed: f64,
    pub cancelled: f64,
    pub late_answers: f64,
}

impl From<Statistics> for NativeStatistics {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    fn from(statistics: Statistics) -> Self {
        Self {
            active: statistics.active as f64,
            parked: statistics.parked as f64,
            waiting: statistics.waiting as f64,
            queued: statistics.queued as f64,
            running: statistics.running as f64,
            completed: statistics.completed as f64,
            failed: statistics.failed as f64,
            cancelled: statistics.cancelled as f64,
            late_answers: statistics.late_answers as f64,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "what is in memory is far below 2^53 bytes")]
fn as_number(bytes: u64) -> f64 {
    bytes as f64
}

#[napi]
impl Engine {
    /// `wake` is called, on the JavaScript thread, when `pull` has something to give. It never keeps the process alive.
    #[napi(constructor, catch_unwind)]
    pub fn new(wake: Function<'_, (), UnknownReturnValue>) -> napi::Result<Self> {
        runtime::diagnostics::begin();
        Ok(Self {
            driver: SharedDriver::default(),
            archive: SharedArchive::default(),
            facts: SharedFacts::default(),
            wake: Wake::new(&wake)?,
            heard: Mutex::new(Heard::owed()),
        })
    }

    /// Begins with nothing, in memory.
    #[napi(catch_unwind)]
    pub fn open_memory(&self, clock: &NativeClock, stage: Option<&NativeStage>) -> Result<(), CodedError> {
        let driver = match stage {
            None => Driver::in_memory(clock.share()),
            Some(stage) => {
                let store = stage.around(Box::<MemoryStore>::default());
                Driver::over(store, Durability::Os, clock.share(), self.wake.bell()).map_err(|error| coded(&error))?
            }
        };
        *lock(&self.archive) = Some(driver.archive().map_err(|error| coded(&error))?);
        *lock(&self.driver) = Some(driver);
        Ok(())
    }

    /// Opens a file and resolves with the executions to continue. Which file that is, is decided at once.
    #[napi(catch_unwind, ts_return_type = "Promise<Opened>")]
    pub fn open_file(&self, storage: NativeStorage, clock: &NativeClock, stage: Option<&NativeStage>) -> AsyncTask<Open> {
        AsyncTask::new(Open {
            driver: Arc::clone(&self.driver),
            archive: Arc::clone(&self.archive),
            path: canonical(Path::new(&storage.path)),
            storage,
            facts: Arc::clone(&self.facts),
            clock: clock.share(),
            stage: stage.cloned(),
            wake: self.wake.bell(),
        })
    }

    /// Opens a namespace of a server and resolves with the executions to continue that this process drives.
    #[napi(catch_unwind, ts_return_type = "Promise<Opened>")]
    pub fn open_redis(&self, redis: NativeRedis, clock: &NativeClock) -> AsyncTask<OpenRedis> {
        AsyncTask::new(OpenRedis {
            driver: Arc::clone(&self.driver),
            archive: Arc::clone(&self.archive),
            options: redis.into(),
            clock: clock.share(),
            wake: self.wake.bell(),
        })
    }

    /// Begins an execution. `context` is JSON text, or null where JavaScript keeps it; `options` as in `runtime::options`; `id` if it is chosen.
    #[napi(catch_unwind)]
    pub fn start(
        &self,
        plan: &NativePlan,
        context: Option<String>,
        options: Option<String>,
        id: Option<String>,
    ) -> Result<Accepted, CodedError> {
        let accepted = self.with(|driver| driver.accept(&plan.plan, context, options, id))?;
        Ok(Accepted { slot: accepted.slot, id: accepted.id.to_string() })
    }

    /// Gives the first `count` answers to the driver, commits what they and the calls before led to, and writes what is owed now into `out`.
    #[napi(catch_unwind)]
    pub fn advance(&self, answers: &[f64], count: u32, texts: Vec<String>, mut out: Float64Array) -> Result<(), CodedError> {
        let heard = *lock(&self.heard);
        self.with(|driver| {
            words::settle_all(driver, answers, count, &texts)?;
            driver.flush()?;
            words::write_effects(driver, &heard, words::of(&mut out));
            Ok(())
        })
    }

    /// Looks at what other threads and time have brought by `now`, and writes what is owed into `out`.
    #[napi(catch_unwind)]
    pub fn pull(&self, now: f64, mut out: Float64Array) -> Result<(), CodedError> {
        let heard = *lock(&self.heard);
        self.wake.heard();
        // A bell that rings while it is opened: what opens it rings once more.
        if lock(&self.driver).is_none() {
            return Ok(());
        }
        self.with(|driver| {
            driver.not_before(timestamp(now));
            driver.pull()?;
            words::write_effects(driver, &heard, words::of(&mut out));
            Ok(())
        })
    }

    /// What people must know that has begun, or is over, in order: once.
    #[napi(catch_unwind)]
    pub fn alerts(&self) -> Result<Vec<NativeAlert>, CodedError> {
        self.with(|driver| Ok(driver.take_alerts().into_iter().map(NativeAlert::from).collect()))
    }

    /// The event loop stood still for `millis` until `at`: that is put on record with what is recorded next.
    #[napi(catch_unwind)]
    pub fn stalled(&self, at: f64, millis: f64) -> Result<(), CodedError> {
        let time = Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default();
        self.with(|driver| {
            driver.stalled(Stall { at: timestamp(at), time });
            Ok(())
        })
    }

    /// Continues an interrupted execution; effects come with the next `advance` or `pull`.
    #[napi(catch_unwind)]
    pub fn resume(&self, slot: u32) -> Result<(), CodedError> {
        self.with(|driver| driver.resume(slot))
    }

    /// Asks an execution to stop, by force its clean-up too; effects come with the next `advance` or `pull`, here and below.
    #[napi(catch_unwind)]
    pub fn cancel(&self, slot: u32, reason: Option<String>, force: bool) -> Result<(), CodedError> {
        self.with(|driver| driver.cancel(slot, reason.map(Into::into), force))
    }

    /// Lets nothing new start in an execution.
    #[napi(catch_unwind)]
    pub fn pause(&self, slot: u32) -> Result<(), CodedError> {
        self.with(|driver| driver.pause(slot))
    }

    /// Lets it go on; with `step` until the next task has ended.
    #[napi(catch_unwind)]
    pub fn unpause(&self, slot: u32, step: bool) -> Result<(), CodedError> {
        self.with(|driver| driver.unpause(slot, step))
    }

    /// Sends a signal; `payload` is JSON text, `path` names the wait it is meant for, `fits` are the waits with a schema that it fits, of all that could
    /// take it; null: none of those has one. The number of the wait, in the plan, that wants another payload: nothing is recorded then.
    #[napi(catch_unwind)]
    pub fn signal(
        &self,
        slot: u32,
        name: String,
        payload: String,
        path: Option<String>,
        fits: Option<Vec<NativeFit>>,
    ) -> Result<Option<u32>, CodedError> {
        let fits = fits.map(|fits| fits.into_iter().map(Fit::from).collect());
        self.with(|driver| match driver.signal(slot, name.into(), payload.into(), path.map(Into::into), fits) {
            Err(Error::Signal(SignalError::Payload { task, .. })) => Ok(Some(task.get())),
            other => other.map(|()| None),
        })
    }

    /// Adds a task to a running attempt; the number of its instance. Null if the attempt is over, or was told to stop.
    #[napi(catch_unwind)]
    pub fn spawn(&self, slot: u32, task: u32, attempt: u32, definition: String) -> Result<Option<u32>, CodedError> {
        let spawned = self.with(|driver| driver.spawn(slot, InstanceIndex::new(task), attempt, definition.into()))?;
        Ok(spawned.map(InstanceIndex::get))
    }

    /// Whether an attempt is under way: it has not answered, and was not given up.
    #[napi(catch_unwind)]
    pub fn is_under_way(&self, slot: u32, task: u32, attempt: u32) -> Result<bool, CodedError> {
        self.with(|driver| Ok(driver.execution(slot)?.is_under_way(InstanceIndex::new(task), attempt)))
    }

    /// Whether nothing new may start in an execution, as was asked last.
    #[napi(catch_unwind)]
    pub fn is_paused(&self, slot: u32) -> Result<bool, CodedError> {
        self.with(|driver| Ok(driver.execution(slot)?.is_paused()))
    }

    /// Whether a request to cancel it records nothing: it is being stopped already, with `force` its clean-up too.
    #[napi(catch_unwind)]
    pub fn ignores_cancel(&self, slot: u32, force: bool) -> Result<bool, CodedError> {
        self.with(|driver| Ok(driver.execution(slot)?.ignores_cancel(force)))
    }

    /// A sign of life of an attempt.
    #[napi(catch_unwind)]
    pub fn heartbeat(&self, slot: u32, task: u32, attempt: u32) -> Result<(), CodedError> {
        self.with(|driver| driver.heartbeat(slot, InstanceIndex::new(task), attempt))
    }

    /// What a function that is a condition said: `holds`, or the failure (JSON text) it threw.
    #[napi(catch_unwind)]
    pub fn judged(&self, slot: u32, task: u32, question: NativeQuestion, holds: bool, failure: Option<String>) -> Result<(), CodedError> {
        let question = match question.kind {
            1 => Asked::Gate(question.index),
            2 => Asked::Branch(question.index),
            _ => Asked::Turn { passes: question.passes, index: question.index },
        };
        self.with(|driver| {
            let answer = match failure {
                Some(failure) => Err(words::failure(&failure)?),
                None => Ok(holds),
            };
            driver.judged(slot, InstanceIndex::new(task), question, answer)
        })
    }

    /// The output that the schema of a task is asked about, as JSON text.
    #[napi(catch_unwind)]
    pub fn candidate(&self, slot: u32, task: u32) -> Result<Option<String>, CodedError> {
        self.with(|driver| Ok(driver.candidate(slot, InstanceIndex::new(task))?.map(|candidate| candidate.to_string())))
    }

    /// What the schema of a task made of that: `output` (JSON text), or the failure (JSON text too).
    #[napi(catch_unwind)]
    pub fn reviewed(&self, slot: u32, task: u32, output: Option<String>, failure: Option<String>) -> Result<(), CodedError> {
        self.with(|driver| {
            let result = match failure {
                Some(failure) => Err(words::failure(&failure)?),
                None => Ok(output.unwrap_or_else(|| "null".to_owned()).into()),
            };
            driver.reviewed(slot, InstanceIndex::new(task), result)
        })
    }

    /// What an instance is, as JSON text; see `runtime::report`.
    #[napi(catch_unwind)]
    pub fn instance(&self, slot: u32, task: u32) -> Result<Option<String>, CodedError> {
        self.with(|driver| Ok(report::instance_of(driver.execution(slot)?, InstanceIndex::new(task))))
    }

    /// The input that templates gave a task, as JSON text of `{ prompt, data }`.
    #[napi(catch_unwind)]
    pub fn rendered(&self, slot: u32, task: u32) -> Result<Option<String>, CodedError> {
        self.with(|driver| Ok(driver.execution(slot)?.rendered(InstanceIndex::new(task)).map(ToString::to_string)))
    }

    /// The output of a completed instance as JSON text, else `null`.
    #[napi(catch_unwind)]
    pub fn output(&self, slot: u32, task: u32) -> Result<String, CodedError> {
        self.with(|driver| Ok(driver.execution(slot)?.output(InstanceIndex::new(task))))
    }

    /// How an instance has ended, as JSON text; see `runtime::report`. Null while it has not.
    #[napi(catch_unwind)]
    pub fn end(&self, slot: u32, task: u32) -> Result<Option<String>, CodedError> {
        self.with(|driver| Ok(report::end_of(driver.execution(slot)?, InstanceIndex::new(task))))
    }

    /// When an execution must have ended, which holds for those below it.
    #[napi(catch_unwind)]
    pub fn bounds(&self, slot: u32) -> Result<NativeBounds, CodedError> {
        self.with(|driver| {
            let (deadline, time) = driver.bounds(slot)?;
            let millis = |time: Duration| time.as_secs_f64() * 1000.0;
            Ok(NativeBounds { deadline: deadline.map(|at| millis(at.since(Timestamp::default()))), time: time.map(millis) })
        })
    }

    /// What a function that is a condition is given, as JSON text.
    #[napi(catch_unwind)]
    pub fn scope(&self, slot: u32, task: u32, between_passes: bool) -> Result<String, CodedError> {
        self.with(|driver| Ok(driver.execution(slot)?.scope_text(InstanceIndex::new(task), between_passes)))
    }

    /// The process will end in order: what runs is taken up by the next one.
    #[napi(catch_unwind)]
    pub fn interrupt(&self) -> Result<(), CodedError> {
        self.with(Driver::interrupt)
    }

    /// A live execution as JSON text.
    #[napi(catch_unwind)]
    pub fn report(&self, slot: u32) -> Result<String, CodedError> {
        self.with(|driver| driver.report(slot))
    }

    /// Which kinds of effect leave from now on beside those that are owed, by their first words.
    #[napi(catch_unwind)]
    pub fn listen(&self, kinds: Vec<u32>) {
        *lock(&self.heard) = Heard::owed().with(&kinds);
    }

    /// JavaScript is done with an execution that has ended. If it `remembers` it, what is on record stays in memory until `forget`: about so many bytes.
    #[napi(catch_unwind)]
    pub fn release(&self, slot: u32, remembers: bool) -> Result<f64, CodedError> {
        self.with(|driver| driver.release(slot, remembers).map(as_number))
    }

    /// JavaScript does not remember these executions any more.
    #[napi(catch_unwind)]
    pub fn forget(&self, ids: Vec<String>) -> Result<(), CodedError> {
        self.with(|driver| {
            for id in &ids {
                driver.forget(id);
            }
            Ok(())
        })
    }

    /// Resolves with a stored execution as JSON text, or null.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_execution(&self, id: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Execution(id))
    }

    /// The same; of one that is damaged what is known.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_seen(&self, id: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Seen(id))
    }

    /// What undoes an execution that completed and has not been released, as JSON text; see `runtime::report`.
    #[napi(catch_unwind)]
    pub fn undoing(&self, slot: u32) -> Result<String, CodedError> {
        self.with(|driver| Ok(report::undoing(driver.execution(slot)?)))
    }

    /// Resolves with the same of a stored execution, or null.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_undoing(&self, id: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::Undoing(id))
    }

    /// Resolves with the effects of a stored execution as JSON text: their words, and why what failed did.
    #[napi(catch_unwind, ts_return_type = "Promise<Answer>")]
    pub fn stored_history(&self, id: String) -> AsyncTask<ArchiveTask> {
        ArchiveTask::ask(&self.archive, Question::History(id))
    }

    /// Copies the store to a path; resolves with why it could not be, or null.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeFailure | null>")]
    pub fn backup(&self, path: String, stop: &NativeStop) -> AsyncTask<BackupTask> {
        BackupTask::of(&self.archive, &path, stop)
    }

    /// Numbers for `getStatistics`.
    #[napi(catch_unwind)]
    pub fn statistics(&self) -> Result<NativeStatistics, CodedError> {
        self.with(|driver| Ok(driver.statistics().into()))
    }

    /// Whether everything that was handed over is known to be committed.
    #[napi(catch_unwind)]
    pub fn is_settled(&self) -> Result<bool, CodedError> {
        self.with(|driver| Ok(driver.is_settled()))
    }

    /// Commits what is queued and lets go of the file. Resolves with a failure, or null.
    #[napi(catch_unwind, ts_return_type = "Promise<NativeFailure | null>")]
    pub fn close(&self) -> AsyncTask<Close> {
        lock(&self.archive).take();
        AsyncTask::new(Close { facts: lock(&self.facts).take(), driver: lock(&self.driver).take() })
    }

    /// The process ends here, as far as the store can tell: what is not committed is lost, and the file is let go of.
    #[napi(catch_unwind)]
    pub fn abandon(&self) {
        lock(&self.archive).take();
        if let Some(facts) = lock(&self.facts).take() {
            facts.close();
        }
        lock(&self.driver).take();
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Driver) -> Result<T, Error>) -> Result<T, CodedError> {
        // A panic in an earlier call poisoned the lock: the driver was left between two steps and must not go on.
        let mut driver =
            self.driver.lock().map_err(|_| CodedError::new("ERR_INTERNAL", "the engine failed in an earlier call and has stopped"))?;
        let driver = driver.as_mut().ok_or_else(|| CodedError::new("ERR_CLOSED", "the orchestrator is not open"))?;
        work(driver).map_err(|error| coded(&error))
    }
}
