// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Figures of a workflow over any time.

use crate::{Ended, HOUR, Rollup, Sketch};
use engine::Spent;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;

/// A time cut where hours begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The whole hours in it, by their numbers since the epoch: roll-ups have their figures. It may be empty.
    pub whole: Range<u64>,
    /// What is left of it before and after these, at most an hour each unless there is no whole hour.
    pub ends: Vec<Range<Timestamp>>,
}

impl Hours {
    /// Of the time from `start` until before `end`.
    pub fn of(start: Timestamp, end: Timestamp) -> Self {
        let hour = u64::try_from(HOUR.as_micros()).unwrap_or(u64::MAX);
        let at = |number: u64| Timestamp::from_micros(number.saturating_mul(hour));
        let (first, last) = (start.micros().div_ceil(hour), end.micros() / hour);
        let ends = if first < last { vec![start..at(first), at(last)..end] } else { vec![start..end] };
        Self { whole: first..last.max(first), ends: ends.into_iter().filter(|part| part.start < part.end).collect() }
    }
}

/// Figures of a workflow over a time, gathered from parts in any order.
#[derive(Clone, Debug, Default)]
pub struct Period {
    /// Of its executions,
    pub executions: Rollup,
    /// and of its tasks, by their ids.
    pub tasks: BTreeMap<Arc<str>, Rollup>,
}

impl Period {
    /// Another execution that ended in it.
    pub fn add_execution(&mut self, ended: &Ended) {
        self.executions.count(ended);
    }

    /// Another task that ended in it. What it cost is the workflow's too.
    pub fn add_task(&mut self, task: &Arc<str>, ended: &Ended) {
        let figures = &mut self.executions.figures;
        figures.spent = figures.spent.plus(ended.spent);
        self.tasks.entry(Arc::clone(task)).or_default().count(ended);
    }

    /// The roll-up of a task for an hour of it.
    pub fn add_hour(&mut self, task: &Arc<str>, rollup: &Rollup) {
        self.tasks.entry(Arc::clone(task)).or_default().merge(rollup);
    }

    /// All of it. Times are microseconds, costs nano-dollars:
    ///
    /// ```json
    /// {"ended":2,"completed":1,"failed":1,"skipped":0,"cancelled":0,"attempts":4,"interruptions":0,"duration":{"average":1,"p50":1,"p95":1,"p99":1},"wait":{…},
    ///  "run":2,"usage":[12,5,0,0,0],"cost":4200,"unpriced":0,"calls":1,"completedCost":[4200,0],"failedCost":[0,0],"tasks":{"a":{…}}}
    /// ```
    pub fn json(&self) -> Value {
        let mut figures = json_of(&self.executions);
        let tasks = self.tasks.iter().map(|(id, rollup)| (id.to_string(), Value::Object(json_of(rollup))));
        figures.insert("tasks".to_owned(), Value::Object(tasks.collect()));
        Value::Object(figures)
    }
}

fn json_of(rollup: &Rollup) -> Map<String, Value> {
    let Rollup { figures, durations, waits } = rollup;
    let Spent { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, .. } = figures.spent;
    let value = json!({
        "ended": figures.ended, "completed": figures.completed, "failed": figures.failed, "skipped": figures.skipped, "cancelled": figures.cancelled,
        "attempts": figures.attempts, "interruptions": figures.interruptions,
        "duration": times(figures.duration, durations), "wait": times(figures.wait, waits), "run": figures.run,
        "usage": [input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens],
        "cost": figures.spent.cost_nanos, "unpriced": figures.spent.unpriced, "calls": figures.spent.calls,
        "completedCost": [figures.completed_cost.nanos, figures.completed_cost.unpriced],
        "failedCost": [figures.failed_cost.nanos, figures.failed_cost.unpriced],
    });
    if let Value::Object(map) = value { map } else { Map::new() }
}

fn times(sum: u64, sketch: &Sketch) -> Value {
    let quantile = |q: f64| sketch.quantile(q).map(micros);
    let average = sum.checked_div(sketch.count());
    json!({ "average": average, "p50": quantile(0.5), "p95": quantile(0.95), "p99": quantile(0.99) })
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outcome, Paid};

    const HOUR_US: u64 = 3_600_000_000;

    fn at(micros: u64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn a_time_is_cut_where_hours_begin_and_nothing_of_it_is_lost() {
        let cases = [
            (0, 2 * HOUR_US, 0..2, vec![]),
            (1, 2 * HOUR_US, 1..2, vec![(1, HOUR_US)]),
            (HOUR_US, 2 * HOUR_US + 1, 1..2, vec![(2 * HOUR_US, 2 * HOUR_US + 1)]),
            (5, 3 * HOUR_US + 7, 1..3, vec![(5, HOUR_US), (3 * HOUR_US, 3 * HOUR_US + 7)]),
            // Across the beginning of an hour, and no whole hour in it.
            (HOUR_US - 1, HOUR_US + 1, 1..1, vec![(HOUR_US - 1, HOUR_US + 1)]),
            (5, 7, 1..1, vec![(5, 7)]),
            (5, 5, 1..1, vec![]),
        ];
        for (start, end, whole, ends) in cases {
            let hours = Hours::of(at(start), at(end));
            let expected: Vec<Range<Timestamp>> = ends.into_iter().map(|(from, to)| at(from)..at(to)).collect();
            assert_eq!(hours, Hours { whole, ends: expected }, "from {start} to {end}");
        }
    }

    #[test]
    fn figures_of_parts_are_those_of_the_whole_and_percentiles_are_within_one_per_cent() {
        let ended = |millis: u64| Ended {
            outcome: Outcome::Completed,
            attempts: 1,
            interruptions: 0,
            duration: Some(Duration::from_millis(millis)),
            wait: Some(Duration::from_millis(1)),
            run: Duration::from_millis(millis),
            spent: Spent { cost_nanos: 10, ..Spent::default() },
            cost: Paid { nanos: 10, unpriced: 0 },
        };
        let task: Arc<str> = "a".into();
        let (mut whole, mut parts) = (Period::default(), Period::default());
        let mut hour = Rollup::default();
        for millis in 1..=1000 {
            whole.add_task(&task, &ended(millis));
            if millis % 2 == 0 { parts.add_task(&task, &ended(millis)) } else { hour.count(&ended(millis)) }
        }
        parts.add_hour(&task, &hour);
        parts.executions.figures.spent = parts.executions.figures.spent.plus(hour.figures.spent);
        assert_eq!(whole.json(), parts.json());
        assert_eq!(whole.json()["cost"], 10_000);
        assert_eq!(whole.json()["tasks"]["a"]["completedCost"], json!([10_000, 0]));
        assert_eq!(whole.json()["tasks"]["a"]["duration"]["average"], 500_500);
        for (name, exact) in [("p50", 500_000.0), ("p95", 950_000.0), ("p99", 990_000.0)] {
            let found = whole.json()["tasks"]["a"]["duration"][name].as_f64().unwrap_or(0.0);
            assert!((found / exact - 1.0).abs() <= 0.0101, "{name}: {found} is not within 1 % of {exact}");
        }
    }

    #[test]
    fn what_was_stopped_is_counted_and_says_nothing_of_how_long_it_takes() {
        let mut period = Period::default();
        let (start, end) = (Some(at(0)), at(4_000));
        period.add_execution(&Ended::execution(crate::Status::Completed, start, end, 1, Paid::default()));
        period.add_execution(&Ended::execution(crate::Status::Cancelled, start, at(9_000_000), 1, Paid::default()));
        let json = period.json();
        assert_eq!((&json["ended"], &json["cancelled"], &json["duration"]["average"]), (&json!(2), &json!(1), &json!(4_000)));
    }
}
