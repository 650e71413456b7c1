// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When an execution that runs will have ended, as far as those before it tell.
//!
//! Each past execution that took no other way so far is one way on: it happens again, but for what has ended, which ends when it did, and what is under way,
//! which takes as long as it took there. Where that is less than it has taken already, as long as in another that took longer; and if none did, anything is
//! as likely as that it is at its half (Gott, 1993). Waits for people and for places of agents are as long as they were there.

use super::run::{Standing, resumed};
use crate::trace::{Micros, TaskNumber, Trace, TracedTask};
use crate::{Kind, Outcome};
use std::collections::BTreeMap;

/// An estimate: instants, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eta {
    /// As likely before as after.
    pub at: Micros,
    /// Between these with a probability of 90 %.
    pub range: (Micros, Micros),
    /// Of how many past executions it was made.
    pub executions: usize,
}

/// Of fewer there is no range, and so no estimate.
const PAST_MIN: usize = 3;
/// From here on the range is the one that was seen: of `n` the share of `(n - 1) / (n + 1)` lies between the least and the most.
const SEEN_MIN: usize = 19;

/// `past`: executions of the same definition that completed. `None` if too few of them went the way that this one goes.
pub fn eta(running: &Trace, past: &[Trace], now: Micros) -> Option<Eta> {
    let now = now.max(running.ended);
    let known: BTreeMap<&str, &TracedTask> = running.tasks.iter().map(|task| (task.path.as_str(), task)).collect();
    let alike: Vec<Alike<'_>> = past.iter().filter_map(|trace| Alike::of(trace, &known)).collect();
    if alike.len() < PAST_MIN {
        return None;
    }
    let longer = longer(&alike, &known, now);
    let rest = alike.iter().enumerate().map(|(place, one)| {
        let of = Rest { running, now, longer: &longer, place, count: alike.len() };
        let takes = resumed(one.trace, &one.standings(&of));
        (running.started + takes).saturating_sub(now).max(1)
    });
    let mut rest: Vec<Micros> = rest.collect();
    rest.sort_unstable();
    let at = |place: usize| rest.get(place).copied().unwrap_or_default();
    let middle = at((rest.len() - 1) / 2).midpoint(at(rest.len() / 2));
    let (least, most) = range(&rest);
    Some(Eta { at: now + middle, range: (now + least.min(middle), now + most.max(middle)), executions: rest.len() })
}

/// A past execution, and what of it the one that runs has come to.
struct Alike<'a> {
    trace: &'a Trace,
    /// By its own numbers.
    came: Vec<Option<&'a TracedTask>>,
}

/// What is the same for all tasks of a way on.
struct Rest<'a> {
    running: &'a Trace,
    now: Micros,
    longer: &'a BTreeMap<&'a str, Vec<Micros>>,
    place: usize,
    count: usize,
}

impl<'a> Alike<'a> {
    /// `None`: it took another way.
    fn of(trace: &'a Trace, known: &BTreeMap<&str, &'a TracedTask>) -> Option<Self> {
        let came: Vec<_> = trace.tasks.iter().map(|task| known.get(task.path.as_str()).copied()).collect();
        let ran = |task: &TracedTask| task.released.is_some() && task.outcome != Some(Outcome::Skipped);
        let same = |then: &TracedTask, now: Option<&TracedTask>| match now {
            // What was left out in one of them.
            Some(now) if now.released.is_some() || now.outcome.is_some() => {
                ran(now) == ran(then) && (now.active.is_none() || then.active.is_some())
            }
            _ => true,
        };
        let all = trace.tasks.iter().zip(&came).all(|(then, now)| same(then, *now));
        let found = came.iter().flatten().filter(|task| task.released.is_some()).count();
        let released = known.values().filter(|task| task.released.is_some()).count();
        (all && found == released).then_some(Self { trace, came })
    }

    fn standings(&self, rest: &Rest<'_>) -> Vec<Standing> {
        (0..self.came.len()).map(|number| self.standing(number, rest)).collect()
    }

    fn standing(&self, number: TaskNumber, rest: &Rest<'_>) -> Standing {
        let since = |at: Micros| at.saturating_sub(rest.running.started);
        let now = since(rest.now);
        match self.came.get(number).copied().flatten() {
            Some(task) if task.outcome.is_some() => Standing::Ended(since(task.ended.at)),
            Some(TracedTask { active: Some(active), .. }) => Standing::Open(since(active.at)),
            Some(task) if begun(task).is_some() && !task.is_container() => Standing::UnderWay(now + self.left(number, task, rest)),
            // What its owner did not come to before it ended is not done any more.
            _ => match self.owner(number).map(|owner| self.standing(owner, rest)) {
                Some(Standing::Ended(at)) => Standing::Ended(at),
                _ => Standing::Ahead(now),
            },
        }
    }

    fn owner(&self, number: TaskNumber) -> Option<TaskNumber> {
        self.trace.tasks.get(number)?.owner
    }

    /// How long a task goes on that is under way.
    fn left(&self, number: TaskNumber, task: &TracedTask, rest: &Rest<'_>) -> Micros {
        let took = rest.now.saturating_sub(begun(task).unwrap_or(rest.now));
        let then = self.trace.tasks.get(number).map_or(0, time);
        if then > took {
            return then - took;
        }
        let others = rest.longer.get(task.path.as_str()).map(Vec::as_slice).unwrap_or_default();
        if let Some(other) = others.get(rest.place % others.len().max(1)) {
            return other - took;
        }
        // It is at a share of its time that any share is as likely as.
        let (place, count) = (rest.place as u64, rest.count as u64);
        took.saturating_mul(2 * place + 1) / (2 * (count - place) - 1)
    }
}

/// Since when a task is at work. One that calls an agent and has no place yet is not: when it gets one follows anew.
fn begun(task: &TracedTask) -> Option<Micros> {
    match task.attempts.first() {
        Some(attempt) => Some(attempt.admitted),
        None if task.kind == Kind::Agent => None,
        None => task.released,
    }
}

/// And for how long it was.
fn time(task: &TracedTask) -> Micros {
    task.ended.at.saturating_sub(begun(task).unwrap_or(task.ended.at))
}

/// How long tasks were at work in all, in past executions, that are under way: where that is longer than they have taken now.
fn longer<'a>(alike: &[Alike<'a>], known: &BTreeMap<&'a str, &TracedTask>, now: Micros) -> BTreeMap<&'a str, Vec<Micros>> {
    let mut longer = BTreeMap::new();
    for (path, task) in known {
        let Some(begun) = begun(task).filter(|_| task.outcome.is_none()) else { continue };
        let took = now.saturating_sub(begun);
        let then = alike.iter().flat_map(|one| one.trace.tasks.iter().filter(|task| task.path == *path));
        let all: Vec<Micros> = then.map(time).filter(|duration| *duration > took).collect();
        longer.insert(*path, all);
    }
    longer
}

/// Where the next of these lies with a probability of 90 %, sorted as they are: where there are few, as Student's distribution of their logarithms has it.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times far below 2^53")]
fn range(rest: &[Micros]) -> (Micros, Micros) {
    let count = rest.len();
    if count >= SEEN_MIN {
        let beyond = ((count + 1) / 20).max(1);
        let at = |place: usize| rest.get(place).copied().unwrap_or_default();
        return (at(beyond - 1), at(count - beyond));
    }
    let n = count as f64;
    let logs: Vec<f64> = rest.iter().map(|time| (*time as f64).ln()).collect();
    let mean = logs.iter().sum::<f64>() / n;
    let spread = (logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let reach = student(count - 1) * spread * (1.0 + 1.0 / n).sqrt();
    ((mean - reach).exp().floor() as Micros, (mean + reach).exp().ceil().min(1e15) as Micros)
}

/// The 95 % quantile of Student's t, for 2 to 17 degrees of freedom.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 16] =
        [2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746, 1.740];
    TABLE.get(freedom.saturating_sub(2)).copied().unwrap_or(1.740)
}
