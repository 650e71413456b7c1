// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Predictions beside the truth: the engine itself runs the changed workflow, and shares no line with the replay.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that cannot go on says so"
)]

#[path = "support/world.rs"]
mod world;

use analytics::foresight::{Definition, foresee};
use analytics::path::Profile;
use analytics::replay::{Change, Doubt, makespan, predict};
use analytics::trace::{Micros, Trace};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use world::{Act, Overheads, World};

const OVERHEADS: Overheads = Overheads { persist: 30, dispatch: 50, answer: 20 };
const TASKS: usize = 30;

/// `SplitMix64` (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Log-normal around `median`, by twelve uniform numbers.
    fn time(&mut self, median: f64) -> Micros {
        let normal: f64 = (0..12).map(|_| self.unit()).sum::<f64>() - 6.0;
        (median * (0.35 * normal).exp()) as Micros
    }
}

/// A random graph: the dependencies of each task, and how long it takes by the median.
struct Graph {
    after: Vec<Vec<usize>>,
    medians: Vec<f64>,
    seed: u64,
}

impl Graph {
    fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        let after = (0..TASKS).map(|task| (0..task).filter(|other| task - other < 9 && chance.below(5) == 0).collect()).collect();
        let medians = (0..TASKS).map(|_| 1e6 * 10_f64.powf(chance.unit() * 1.5)).collect();
        Self { after, medians, seed }
    }

    fn definition(&self, without: Option<(usize, usize)>, by_other: Option<usize>) -> Value {
        let task = |(task, after): (usize, &Vec<usize>)| {
            let after = after.iter().filter(|other| without != Some((task, **other))).map(|other| format!("t{other}"));
            json!({ "id": format!("t{task}"), "name": "t", "agentId": if by_other == Some(task) { "b" } else { "a" }, "dependencies": after.collect::<Vec<_>>() })
        };
        let tasks: Vec<Value> = self.after.iter().enumerate().map(task).collect();
        json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks })
    }

    /// One run; the same `run` draws the same times, whatever is changed.
    fn run(&self, run: u64, changed: &Changed) -> Trace {
        let mut chance = Chance(self.seed.wrapping_mul(31).wrapping_add(run));
        let times: Vec<Micros> = self.medians.iter().map(|median| chance.time(*median)).collect();
        let act = |call: &world::Call| {
            let task: usize = call.id[1..].parse().unwrap();
            let time = times[task];
            Act::work(if changed.faster == Some(task) { (time as f64 * changed.factor).round() as Micros } else { time })
        };
        World::new(&self.definition(changed.without, changed.by_other), act).overheads(OVERHEADS).places("a", changed.places).run().trace()
    }
}

#[derive(Clone, Copy)]
struct Changed {
    faster: Option<usize>,
    factor: f64,
    places: usize,
    without: Option<(usize, usize)>,
    by_other: Option<usize>,
}

const AS_IT_WAS: Changed = Changed { faster: None, factor: 1.0, places: 4, without: None, by_other: None };

#[test]
fn a_replay_without_a_change_is_the_run() {
    for seed in 0..40 {
        let trace = Graph::new(seed).run(seed, &AS_IT_WAS);
        assert_eq!(makespan(&trace, &[]), trace.makespan(), "graph {seed}");
    }
}

#[test]
fn what_is_predicted_is_what_happens() {
    let (recorded, fresh) = (30, 100);
    let kinds = ["the top task twice as fast", "one worker more", "an edge gone", "a task at 30 %, as another model"];
    let mut errors = vec![Vec::new(); kinds.len()];
    let (mut covered, mut asked) = (0, 0);
    for seed in 100..112 {
        let graph = Graph::new(seed);
        let traces: Vec<Trace> = (0..recorded).map(|run| graph.run(run, &AS_IT_WAS)).collect();
        let shares = traces.iter().map(Profile::of).fold(vec![0; TASKS], |mut shares, profile| {
            for task in profile.tasks {
                shares[task.task] += task.share;
            }
            shares
        });
        let mut by_share: Vec<usize> = (0..TASKS).collect();
        by_share.sort_by_key(|task| std::cmp::Reverse(shares[*task]));
        let (top, second) = (by_share[0], by_share[1]);
        let waits = *by_share.iter().find(|task| !graph.after[**task].is_empty()).unwrap();
        let edge = (waits, *graph.after[waits].iter().max_by_key(|other| shares[**other]).unwrap());
        let id = |task: usize| -> Arc<str> { format!("t{task}").into() };
        let changes = [
            (
                Change::Faster { task: id(top), bucket: None, factor: 0.5, doubt: Doubt::default() },
                Changed { faster: Some(top), factor: 0.5, ..AS_IT_WAS },
            ),
            (Change::MorePlaces { agent: "a".into(), more: 1 }, Changed { places: 5, ..AS_IT_WAS }),
            (Change::WithoutEdge { task: id(edge.0), dependency: id(edge.1) }, Changed { without: Some(edge), ..AS_IT_WAS }),
            (
                Change::Faster { task: id(second), bucket: None, factor: 0.3, doubt: Doubt::default() },
                Changed { faster: Some(second), factor: 0.3, ..AS_IT_WAS },
            ),
        ];
        // Runs that the prediction has not seen.
        let mean =
            |changed: &Changed| (1000..1000 + fresh).map(|run| graph.run(run, changed).makespan() as f64).sum::<f64>() / fresh as f64;
        let before = mean(&AS_IT_WAS);
        for (kind, (change, changed)) in changes.iter().enumerate() {
            let prediction = predict(&traces, std::slice::from_ref(change));
            let truth = 1.0 - mean(changed) / before;
            errors[kind].push((prediction.saving() - truth).abs() * 100.0);
            let (low, high) = prediction.interval.unwrap();
            asked += 1;
            covered += u32::from(low <= truth && truth <= high);
        }
    }
    for (kind, errors) in kinds.iter().zip(&errors) {
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        println!("{kind}: off by {mean:.2} points of the makespan, over {} graphs", errors.len());
        assert!(mean <= 2.0, "{kind}: {errors:?}");
    }
    println!("the interval covers the truth in {covered} of {asked}");
    assert!(f64::from(covered) >= 0.9 * f64::from(asked), "{covered} of {asked}");
}

/// How long the other agent takes is measured, in few runs or in many: the interval has to allow for that too.
#[test]
fn the_interval_of_another_model_has_the_truth_however_little_is_known_of_it() {
    let (recorded, fresh) = (30, 100);
    let mut found: BTreeMap<u64, Vec<(f64, f64, bool)>> = BTreeMap::new();
    for seed in 200..230 {
        let graph = Graph::new(seed);
        let task = usize::try_from(seed).unwrap() % TASKS;
        let changed = Changed { faster: Some(task), factor: 0.2 + 1.6 * Chance(seed).unit(), by_other: Some(task), ..AS_IT_WAS };
        let (before, after) = (graph.definition(None, None), graph.definition(None, Some(task)));
        let (old, new) = (world::plan_of(&before), world::plan_of(&after));
        let traces: Vec<Trace> = (0..recorded).map(|run| graph.run(run, &AS_IT_WAS)).collect();
        let mean =
            |changed: &Changed| (1000..1000 + fresh).map(|run| graph.run(run, changed).makespan() as f64).sum::<f64>() / fresh as f64;
        let truth = 1.0 - mean(&changed) / mean(&AS_IT_WAS);
        for known in [2, 4, 10, 30] {
            let others: Vec<Trace> = (500..500 + known).map(|run| graph.run(run, &changed)).collect();
            let [old, new] = [Definition { text: &before, plan: &old }, Definition { text: &after, plan: &new }];
            let prediction = predict(&traces, &foresee(old, new, &traces, &others).changes);
            let (low, high) = prediction.interval.unwrap();
            let off = (prediction.saving() - truth).abs() * 100.0;
            found.entry(known).or_default().push((off, (high - low) * 100.0, low <= truth && truth <= high));
        }
    }
    for (known, found) in found {
        let count = found.len();
        let covered = found.iter().filter(|(.., is_in)| *is_in).count();
        let (off, wide) = found.iter().fold((0.0, 0.0), |sums, one| (sums.0 + one.0 / count as f64, sums.1 + one.1 / count as f64));
        println!(
            "{known} runs known: off by {off:.2} points; the interval is {wide:.1} points wide and has the truth in {covered} of {count}"
        );
        assert!(covered * 10 >= 9 * count, "{known} runs known: {covered} of {count}");
        assert!(known < 30 || off <= 2.0, "off by {off} points");
    }
}

/// Two places, three tasks beside each other, and one after the first two.
#[test]
fn a_place_that_is_free_sooner_is_taken_sooner() {
    let task = |id: &str, after: &[&str]| json!({ "id": id, "name": id, "agentId": "a", "dependencies": after });
    let tasks = [task("slow", &[]), task("other", &[]), task("third", &[]), task("last", &["slow", "other"])];
    let definition = json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks });
    let run = |slow: Micros| {
        let act = |call: &world::Call| {
            Act::work(match &*call.id {
                "slow" => slow,
                "other" => 5_000,
                "last" => 2_000,
                _ => 1_000,
            })
        };
        World::new(&definition, act).places("a", 2).run().trace()
    };
    let trace = run(8_000);
    assert_eq!(trace.makespan(), 10_000);
    for slow in [0, 1_000, 4_000, 4_500, 6_000] {
        let change = Change::Faster { task: "slow".into(), bucket: None, factor: slow as f64 / 8_000.0, doubt: Doubt::default() };
        assert_eq!(makespan(&trace, &[change]), run(slow.max(1)).makespan(), "slow in {slow}");
    }
}
