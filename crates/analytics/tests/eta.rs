// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! When an execution will have ended, said in the middle of it, beside when it did: the engine itself runs it. `cargo run -p analytics --example eta -- <folder>`
//! does the same with recorded workflows.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that cannot go on says so"
)]

#[path = "support/asking.rs"]
mod asking;
#[path = "support/random.rs"]
mod random;
#[path = "support/world.rs"]
mod world;

use analytics::Outcome;
use analytics::replay::eta;
use analytics::trace::{Micros, Trace};
use asking::{Asked, Graph, ask};
use random::{Random, seed};
use serde_json::{Value, json};
use world::{Act, Call, World};

fn random_graph(seed: u64) -> Graph {
    let mut random = Random(seed);
    let after = (0..30).map(|task| (0..task).filter(|other| task - other < 9 && random.next() < 0.2).collect()).collect();
    let medians = (0..30).map(|_| 1e6 * 10_f64.powf(random.next() * 1.5)).collect();
    Graph { after, medians, places: 4 }
}

fn asked(past: usize) -> Asked {
    let mut all = Asked::default();
    for graph in 0..20 {
        all.add(ask(&random_graph(seed(7) + graph), seed(7) * 1000 + graph, past, 10));
    }
    println!("{past} past executions: {}", all.told());
    all
}

#[test]
fn the_range_has_the_truth_in_nine_of_ten() {
    for past in [3, 8, 30] {
        let Asked { count, covered, early, .. } = asked(past);
        assert_eq!(count, 800);
        // Four times the error of a share of 200 executions.
        let share = f64::from(covered) / f64::from(count);
        assert!((0.9 - 4.0 * (0.09_f64 / 200.0).sqrt()..=1.0).contains(&share), "{past}: {share}");
        let early = f64::from(early) / f64::from(count);
        assert!((0.35..=0.65).contains(&early), "{past}: {early}");
    }
}

const SECOND: Micros = 1_000_000;

fn task(id: &str, after: &[&str]) -> Value {
    json!({ "id": id, "name": id, "agentId": "a", "dependencies": after })
}

/// Two tasks, one after the other, that take so many seconds.
fn run(first: u64, second: u64) -> World<'static> {
    let definition = json!({ "id": "w", "name": "w", "version": "1", "tasks": [task("one", &[]), task("two", &["one"])] });
    World::new(&definition, move |call: &Call| Act::work(SECOND * if call.id == "one" { first } else { second })).run()
}

fn past(times: &[(u64, u64)]) -> Vec<Trace> {
    times.iter().map(|(first, second)| run(*first, *second).trace()).collect()
}

#[test]
fn what_has_ended_counts_as_it_was() {
    let past = past(&[(10, 20), (10, 20), (10, 20)]);
    // The first took three times as long, and the second has begun.
    let running = run(30, 99).trace_of_first(2);
    let now = running.started + 31 * SECOND;
    let found = eta(&running, &past, now).unwrap();
    assert_eq!(((found.at - now) / SECOND, found.executions), (19, 3));
}

#[test]
fn what_is_under_way_for_longer_than_ever_may_go_on_for_as_long() {
    let past = past(&[(10, 20), (11, 20), (12, 20), (13, 20)]);
    let running = run(1000, 20).trace_of_first(1);
    let left = |seconds: u64| {
        let now = running.started + seconds * SECOND;
        let found = eta(&running, &past, now).unwrap();
        ((found.at - now) / SECOND, (found.range.1 - found.range.0) / SECOND)
    };
    let (early, narrow) = left(5);
    assert!((26..=28).contains(&early) && narrow < 10, "{early} {narrow}");
    let (late, wide) = left(500);
    assert!(late > 200 && wide > 1000, "{late} {wide}");
}

#[test]
fn without_a_past_that_went_this_way_there_is_none() {
    let running = run(10, 20).trace_of_first(1);
    let now = running.started + SECOND;
    assert_eq!(eta(&running, &[], now), None);
    assert_eq!(eta(&running, &past(&[(10, 20), (10, 20)]), now), None);
    // All past executions left the first task out.
    let skipping = json!({ "id": "w", "name": "w", "version": "1", "tasks": [
        { "id": "one", "name": "one", "agentId": "a", "conditions": ["false"] },
        { "id": "two", "name": "two", "agentId": "a", "dependencies": ["one"], "triggerRule": "all_done" },
    ] });
    let skipped: Vec<Trace> = (0..5).map(|_| World::new(&skipping, |_: &Call| Act::work(SECOND)).run().trace()).collect();
    assert_eq!(skipped[0].tasks[0].outcome, Some(Outcome::Skipped));
    assert_eq!(eta(&running, &skipped, now), None);
}
