// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Asks in the middle of executions when they will have ended, and waits for the truth.

use crate::random::Random;
use crate::world::{Act, Call, Overheads, World};
use analytics::replay::eta;
use analytics::trace::{Micros, Trace};
use serde_json::{Value, json};

/// A graph whose tasks are named `t0`, `t1` and so on, and how long each takes by the median.
pub(crate) struct Graph {
    pub(crate) after: Vec<Vec<usize>>,
    pub(crate) medians: Vec<f64>,
    pub(crate) places: usize,
}

/// How much a task varies, and how much all tasks of an execution together.
const TASK_SPREAD: f64 = 0.3;
const COMMON_SPREAD: f64 = 0.15;

impl Graph {
    fn definition(&self) -> Value {
        let task = |(task, after): (usize, &Vec<usize>)| {
            let after: Vec<String> = after.iter().map(|other| format!("t{other}")).collect();
            json!({ "id": format!("t{task}"), "name": "t", "agentId": "a", "dependencies": after })
        };
        json!({ "id": "w", "name": "w", "version": "1", "tasks": self.after.iter().enumerate().map(task).collect::<Vec<_>>() })
    }

    pub(crate) fn run(&self, random: &mut Random) -> World<'_> {
        let common = COMMON_SPREAD * random.normal();
        let times: Vec<Micros> =
            self.medians.iter().map(|median| (median * (common + TASK_SPREAD * random.normal()).exp()).max(1.0) as Micros).collect();
        let act = move |call: &Call| Act::work(times[call.id[1..].parse::<usize>().unwrap()]);
        World::new(&self.definition(), act).overheads(Overheads { persist: 30, dispatch: 50, answer: 20 }).places("a", self.places).run()
    }
}

/// What came of asking.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) count: u32,
    /// The truth was in the range,
    pub(crate) covered: u32,
    /// and so often before the middle.
    pub(crate) early: u32,
    /// How wide the ranges were, as shares of what was left; and how far the middle was off.
    pub(crate) widths: Vec<f64>,
    pub(crate) errors: Vec<f64>,
}

impl Asked {
    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.covered += other.covered;
        self.early += other.early;
        self.widths.extend(other.widths);
        self.errors.extend(other.errors);
    }

    pub(crate) fn told(&self) -> String {
        let share = |count: u32| 100.0 * f64::from(count) / f64::from(self.count.max(1));
        let median = |figures: &[f64]| {
            let mut sorted = figures.to_vec();
            sorted.sort_by(f64::total_cmp);
            sorted.get(sorted.len() / 2).copied().unwrap_or_default() * 100.0
        };
        format!(
            "{} asked: the range has the truth in {:.1} %, the middle is too late in {:.1} % and off by {:.0} % of what is left; the range is {:.0} % of it wide",
            self.count,
            share(self.covered),
            share(self.early),
            median(&self.errors),
            median(&self.widths)
        )
    }
}

/// Runs `fresh` executions, and asks at each of these shares of their time with so many `past` ones.
pub(crate) fn ask(graph: &Graph, seed: u64, past: usize, fresh: usize) -> Asked {
    let mut random = Random(seed);
    let mut asked = Asked::default();
    for _ in 0..fresh {
        // Others each time: those of one past would all be right or wrong together.
        let past: Vec<Trace> = (0..past).map(|_| graph.run(&mut random).trace()).collect();
        let world = graph.run(&mut random);
        let whole = world.trace();
        for share in [0.05, 0.3, 0.6, 0.9] {
            let now = whole.started + (whole.makespan() as f64 * share) as Micros;
            let known = (1..=world.records()).take_while(|records| world.trace_of_first(*records).ended <= now).last().unwrap_or(1);
            let Some(eta) = eta(&world.trace_of_first(known), &past, now) else { continue };
            let left = (whole.ended - now) as f64;
            asked.count += 1;
            asked.covered += u32::from(eta.range.0 <= whole.ended && whole.ended <= eta.range.1);
            asked.early += u32::from(whole.ended < eta.at);
            asked.widths.push((eta.range.1 - eta.range.0) as f64 / left);
            asked.errors.push((eta.at as f64 - whole.ended as f64).abs() / left);
        }
    }
    asked
}
