// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What a watcher of all executions wants to know now and then: how long each has been at work, and how its tasks end. Nothing is decided by it.

use super::Driver;
use engine::{Execution, Phase, TaskKind};
use rustc_hash::FxHashMap;
use std::time::Duration;
use stdx::Timestamp;

/// Beyond twice the executions there are and this many, what is known of those that are gone is forgotten.
const GONE_MAX: usize = 1024;

/// How long executions have been at work, as far as it was looked.
#[derive(Debug, Default)]
pub(super) struct Watching {
    /// By the keys of executions: when it was last looked, and how long until then.
    active: FxHashMap<i64, (Timestamp, Duration)>,
    /// When it was first looked.
    begun: Option<Timestamp>,
}

impl Driver {
    /// The slots of executions that have been at work for so long at `now`, and for how long: waits for signals and times, and pauses, are left out. What happened between two looks is as it was at the second. It looks at every execution
    /// that is at hand, and at every task of those that only wait: not for each of many calls.
    pub fn at_work(&mut self, now: Timestamp, least: Duration) -> Vec<(u32, Duration)> {
        let mut found = Vec::new();
        let Watching { active, begun } = &mut self.watching;
        let begun = *begun.get_or_insert(now);
        for slot in self.slots.numbers() {
            let Ok(live) = self.slots.get(slot) else { continue };
            let Some(started) = live.execution.started() else { continue };
            let (looked, time) = active.entry(live.key).or_insert_with(|| {
                // Another process had it, of which only the ends of attempts are known.
                if started < begun { (now, worked(&live.execution)) } else { (started, Duration::ZERO) }
            });
            if is_at_work(&live.execution) {
                *time += now.since(*looked);
            }
            *looked = now.max(*looked);
            if *time >= least {
                found.push((slot, *time));
            }
        }
        if active.len() > 2 * self.statistics.active + GONE_MAX {
            let live = self.slots.iter().map(|live| live.key).chain(self.slots.iter_parked().map(|parked| parked.key));
            let here: rustc_hash::FxHashSet<i64> = live.collect();
            active.retain(|key, _| here.contains(key));
        }
        found
    }

    /// How many tasks have ended by what they did, well or badly, and how many of them badly, since the driver began.
    pub fn task_ends(&self) -> (u64, u64) {
        self.attempts.ends
    }
}

/// Whether anything of an execution is under way, or would be if there was an agent for it.
fn is_at_work(execution: &Execution) -> bool {
    !execution.is_paused()
        && !matches!(execution.phase(), Phase::Pending | Phase::Ended(_))
        && (execution.running() > 0 || !execution.is_idle())
}

/// For how long tasks of an execution that have ended were with their agents; what several did at once counts once.
fn worked(execution: &Execution) -> Duration {
    let calls = |task| matches!(execution.calling(task).kind, TaskKind::Agent { .. });
    let tasks = execution.tasks().iter().filter(|(task, _)| calls(*task));
    let mut spans: Vec<(Timestamp, Timestamp)> = tasks.filter_map(|(_, record)| Some((record.first_start?, record.ended_at()?))).collect();
    spans.sort_unstable();
    let (mut until, mut time) = (Timestamp::default(), Duration::ZERO);
    for (start, end) in spans {
        time += end.since(start.max(until));
        until = until.max(end);
    }
    time
}
