// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What an execution is given beside its workflow and context, as the JSON text that is recorded with it.
//!
//! ```json
//! {"deadline":1767225600000,"budget":{"tasks":10,"time":60000},"step":true,"parent":{"execution":"…","path":"a"},"forkedFrom":"…",
//!  "reuse":{"fetch":{"status":"completed","output":{"n":1}}},"tenant":"a","priority":5,"concurrency":{"key":"customer 7","limit":1},"paths":2}
//! ```
//! `maxIdlePasses` is there where a workflow has loops. Instants and durations are milliseconds. What is absent is not bounded, not asked for, or not there; other fields are the host's own.

mod apart;

use crate::Error;
use crate::store::{cancel_reason, skip_reason};
use engine::{Budget, Failure, KeyLimit, Keyed, PathForm, ReusedEnd, Setup, Steps, TakenStep, Ticket};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

pub use apart::apart;

/// Instants are numbers with a fraction, which are this close to the microsecond that they mean.
const HALF_A_MICROSECOND: Duration = Duration::from_nanos(500);

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    deadline: Option<f64>,
    budget: OptionsBudget,
    step: bool,
    undone_above: bool,
    max_idle_passes: Option<u64>,
    reuse: BTreeMap<String, Reused>,
    steps: BTreeMap<String, Taken>,
    tenant: Option<String>,
    priority: i32,
    concurrency: Option<Concurrency>,
    parent: Option<Parent>,
    /// The form of its paths: 2, or that of before where it makes a difference.
    paths: u32,
}

#[derive(Deserialize)]
struct Parent {
    execution: String,
}

#[derive(Deserialize)]
struct Concurrency {
    key: String,
    limit: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OptionsBudget {
    tasks: Option<u64>,
    time: Option<f64>,
}

#[derive(Deserialize)]
struct Reused {
    status: String,
    output: Option<Box<RawValue>>,
    reason: Option<String>,
    code: Option<String>,
    message: Option<String>,
    details: Option<Box<RawValue>>,
}

/// The steps that a task has from the beginning, as [`crate::report::steps`] writes them.
#[derive(Deserialize)]
struct Taken {
    era: u32,
    taken: BTreeMap<String, Step>,
}

#[derive(Deserialize)]
struct Step {
    print: Option<String>,
    #[serde(default, deserialize_with = "given")]
    value: Option<Box<RawValue>>,
}

/// A value that is there, `null` too.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

/// Where an execution belongs.
#[derive(Clone, Debug)]
pub enum Belongs {
    /// It asks admission with this.
    ToNobody(Ticket),
    /// It is let in with another execution, whose budget is its own too.
    ToParent {
        /// The id of that.
        id: Arc<str>,
        /// Its priority among those that wait for agents.
        priority: i32,
    },
}

impl Belongs {
    /// Its priority, among those that wait to begin or for agents.
    pub(crate) fn priority(&self) -> i32 {
        match self {
            Self::ToNobody(ticket) => ticket.priority,
            Self::ToParent { priority, .. } => *priority,
        }
    }
}

/// What an execution with this id, context and options is given, and where it belongs.
pub(crate) fn read(id: &Arc<str>, seed: u64, context: Option<&str>, options: Option<&str>) -> Result<(Setup, Belongs), Error> {
    let malformed = |message: String| Error::Malformed { what: "options", message };
    let options: Options = options.map(serde_json::from_str).transpose().map_err(|error| malformed(error.to_string()))?.unwrap_or_default();
    let millis = |millis: f64| Duration::try_from_secs_f64(millis / 1000.0).ok();
    let mut reuse = BTreeMap::new();
    for (path, reused) in options.reuse {
        let end = reused.end().ok_or_else(|| malformed(format!("the end of `{path}` is none")))?;
        reuse.insert(path.into(), end);
    }
    let mut steps = BTreeMap::new();
    for (path, taken) in options.steps {
        let taken = taken.steps().ok_or_else(|| malformed(format!("a step of `{path}` has a print that is none")))?;
        steps.insert(path.into(), taken);
    }
    let key = options.concurrency.map(|concurrency| KeyLimit { key: concurrency.key.into(), limit: concurrency.limit });
    let tenant: Arc<str> = options.tenant.unwrap_or_default().into();
    let ticket = Ticket { tenant: Arc::clone(&tenant), priority: options.priority, key };
    let setup = Setup {
        id: Arc::clone(id),
        seed,
        tenant,
        context: context.map(Into::into),
        deadline: options.deadline.and_then(millis).map(|after| Timestamp::from_micros(0).after(after + HALF_A_MICROSECOND)),
        budget: Budget { tasks: options.budget.tasks, time: options.budget.time.and_then(millis) },
        asks: false,
        step: options.step,
        undone_above: options.undone_above,
        idle_passes_max: options.max_idle_passes,
        paths: if options.paths >= 2 { PathForm::AfterPasses } else { PathForm::AfterLastDot },
        reuse: Arc::new(reuse),
        steps: Arc::new(steps),
    };
    let belongs = match options.parent {
        Some(parent) => Belongs::ToParent { id: parent.execution.into(), priority: options.priority },
        None => Belongs::ToNobody(ticket),
    };
    Ok((setup, belongs))
}

/// The agents that models stand in for, as its options say.
pub(crate) fn built_in(options: Option<&str>) -> Vec<String> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct BuiltIn {
        built_in: Vec<String>,
    }
    // Most have none, and need not be read for that.
    let options = options.filter(|options| options.contains("\"builtIn\""));
    options.and_then(|options| serde_json::from_str::<BuiltIn>(options).ok()).unwrap_or_default().built_in
}

/// The idempotency key that an execution was begun by, if its id and options say so.
pub(crate) fn keyed(id: &Arc<str>, options: Option<&str>) -> Option<Keyed> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ByKey {
        #[expect(dead_code, reason = "that it is there is what matters")]
        idempotency_key: String,
        fingerprint: String,
    }
    let (hash, generation) = Keyed::of_id(id)?;
    let ByKey { fingerprint, .. } = serde_json::from_str(options?).ok()?;
    Some(Keyed { hash: hash.into(), generation, fingerprint: fingerprint.into(), end: None })
}

/// Where an execution comes from, as far as others must stay for it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Origin {
    #[serde(deserialize_with = "execution_of")]
    /// The execution whose task it is,
    pub parent: Option<String>,
    /// the one it is a fork of,
    pub forked_from: Option<String>,
    /// the one it does again,
    pub previous: Option<String>,
    /// and the instant of a schedule that it is of.
    pub schedule: Option<Planned>,
}

/// Which schedule began an execution, and for which instant, in milliseconds.
#[derive(Debug, Deserialize)]
pub struct Planned {
    /// The schedule.
    pub id: String,
    /// Milliseconds since the epoch.
    pub at: u64,
}

fn execution_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Parent>::deserialize(deserializer)?.map(|parent| parent.execution))
}

/// Where an execution with these options comes from. What cannot be read comes from nowhere.
pub fn origin(options: Option<&str>) -> Origin {
    options.and_then(|options| serde_json::from_str(options).ok()).unwrap_or_default()
}

impl Taken {
    fn steps(self) -> Option<Steps> {
        let mut taken = BTreeMap::new();
        for (name, Step { print, value }) in self.taken {
            let input = match print {
                Some(print) => Some(u64::from_str_radix(&print, 16).ok()?),
                None => None,
            };
            taken.insert(name.into(), TakenStep { input, value: value.map(|value| Arc::from(value.get())) });
        }
        Some(Steps { era: self.era, taken })
    }
}

impl Reused {
    fn end(self) -> Option<ReusedEnd> {
        let output = self.output.map(|output| Arc::from(output.get()));
        let reason = self.reason.as_deref();
        let details = self.details.map(|details| Arc::from(details.get()));
        let failure =
            |code: Option<String>, message: Option<String>| Some(Arc::new(Failure { details, ..Failure::coded(&code?, message?) }));
        Some(match self.status.as_str() {
            "completed" => ReusedEnd::Completed(output),
            "degraded" => ReusedEnd::Degraded(output, failure(self.code, self.message)?),
            "failed" => ReusedEnd::Failed(failure(self.code, self.message)?),
            "skipped" => ReusedEnd::Skipped(skip_reason(reason?)?),
            "cancelled" => ReusedEnd::Cancelled(cancel_reason(reason?)?),
            _ => return None,
        })
    }
}

/// Decides jitter: from the execution's id, so that a replay decides the same.
pub(crate) fn seed_of(id: &str) -> u64 {
    // FNV-1a: https://datatracker.ietf.org/doc/draft-eastlake-fnv
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
