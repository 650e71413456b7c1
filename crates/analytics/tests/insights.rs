// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Planted faults: each is found, and what is predicted for its change is what the engine takes once the change is made as it is.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on says so, and its figures are printed"
)]

#[path = "support/world.rs"]
mod world;

use analytics::foresight::Definition;
use analytics::insights::{self, Advice, Known};
use analytics::replay::{Change, Prediction};
use analytics::trace::{Micros, Reads, Trace};
use serde_json::{Value, json};
use world::{Act, Call, Overheads, World, plan_of};

const OVERHEADS: Overheads = Overheads { persist: 30, dispatch: 50, answer: 20 };
const SECOND: Micros = 1_000_000;
const RUNS: u64 = 40;

/// A workload: what it runs, what its agents do in run `n`, and the places of agent `a`.
struct Workload<'a> {
    definition: Value,
    act: &'a dyn Fn(u64, &Call) -> Act,
    places: usize,
}

/// From 0 to 1, the same for the same run, task and attempt: twelve rounds of what `SplitMix64` does with its state.
fn chance(run: u64, call: &Call) -> f64 {
    let mut x = run.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(call.attempt);
    for byte in call.path.bytes() {
        x = (x ^ u64::from(byte)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x ^= x >> 29;
    }
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

/// About so long, give or take a fifth; what it was given was given to nobody else, and it looked at all of it.
fn work(run: u64, call: &Call, time: Micros) -> Act {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
    let time = (time as f64 * (0.8 + 0.4 * chance(run, call))) as Micros;
    Act { print: Some(chance(run, call).to_bits()), reads: Reads::All, ..Act::work(time) }
}

impl Workload<'_> {
    fn runs(&self, from: u64) -> Vec<Trace> {
        let run = |number: u64| {
            let act = |call: &Call| (self.act)(number, call);
            let world = World::new(&self.definition, act).named(&format!("run {number}"), world::EPOCH + number * 10_000 * SECOND);
            world.overheads(OVERHEADS).places("a", self.places).run().trace()
        };
        (from..from + RUNS).map(run).collect()
    }
}

/// What is advised, with the prediction of each.
fn advised(workload: &Workload<'_>, traces: &[Trace]) -> Vec<(Advice, Prediction, Value)> {
    let plan = plan_of(&workload.definition);
    let known = Known { definition: Definition { text: &workload.definition, plan: &plan }, traces, others: &[] };
    let judged = insights::suggested(&known).into_iter().map(|advice| {
        let changed = changed(&workload.definition, &advice.change);
        let after = plan_of(&changed);
        let places: Vec<Change> =
            advice.change.iter().filter_map(places_of).map(|places| Change::Places { agent: "a".into(), places }).collect();
        let edited =
            (!advice.change.iter().any(|change| places_of(change).is_some())).then_some(Definition { text: &changed, plan: &after });
        let prediction = insights::predicted(&known, &insights::foreseen(&known, edited, &places));
        (advice, prediction, changed)
    });
    judged.filter(|(advice, prediction, _)| insights::is_worth_it(advice, prediction)).collect()
}

fn places_of(change: &Value) -> Option<usize> {
    usize::try_from(change.get("places")?.as_u64()?).ok()
}

/// The change, made as it is.
fn changed(definition: &Value, change: &[Value]) -> Value {
    let edits = change.iter().filter(|one| places_of(one).is_none()).map(|one| edits::read(one, 0, "change").unwrap());
    edits::applied(definition, &edits.collect::<Vec<_>>()).unwrap()
}

fn mean(traces: &[Trace]) -> f64 {
    traces.iter().map(|trace| trace.makespan() as f64).sum::<f64>() / traces.len() as f64
}

/// Finds this kind alone, and what it promises comes true: within a fifth of the saving.
fn proves(kind: &str, about: &[&str], workload: &Workload<'_>) {
    let before = workload.runs(0);
    let found = advised(workload, &before);
    let kinds: Vec<_> = found.iter().map(|(advice, ..)| (advice.kind, advice.about.clone())).collect();
    assert_eq!(kinds, [(kind, about.iter().map(|word| (*word).to_owned()).collect())]);
    let Some((advice, prediction, changed)) = found.into_iter().next() else { panic!("nothing was found") };
    let places = advice.change.iter().find_map(places_of).unwrap_or(workload.places);
    let followed = Workload { definition: changed, places, ..*workload };
    // Runs that nothing was predicted from.
    let (old, new) = (mean(&workload.runs(1000)), mean(&followed.runs(1000)));
    let (promised, kept) = (prediction.saving(), 1.0 - new / old);
    println!("{kind}: {:.1} % promised, {:.1} % kept", 100.0 * promised, 100.0 * kept);
    assert!((promised - kept).abs() <= 0.2 * kept, "{kind}: {promised} was promised, {kept} was kept");
    // Once it is followed it is advised no more.
    let still = advised(&followed, &followed.runs(0));
    assert!(still.iter().all(|(advice, ..)| advice.kind != kind), "{kind} is advised again");
}

fn task(id: &str, more: &Value) -> Value {
    let mut task = json!({ "id": id, "name": id, "agentId": "a" });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn flow(tasks: &[Value]) -> Value {
    json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks })
}

#[test]
fn a_dependency_that_is_never_read_is_found() {
    let definition = flow(&[
        task("fetch", &json!({ "dependencies": [] })),
        task("think", &json!({ "dependencies": ["fetch"] })),
        task("report", &json!({ "dependencies": ["think", "fetch"] })),
    ]);
    let act = |run: u64, call: &Call| match call.id.as_str() {
        "think" => Act { reads: Reads::Nothing, ..work(run, call, 3 * SECOND) },
        _ => work(run, call, 2 * SECOND),
    };
    proves("false-dependency", &["think", "fetch"], &Workload { definition, act: &act, places: 10 });
}

#[test]
fn a_dependency_of_which_nothing_is_known_is_no_evidence() {
    let definition = flow(&[task("fetch", &json!({ "dependencies": [] })), task("think", &json!({ "dependencies": ["fetch"] }))]);
    let act = |run: u64, call: &Call| Act { reads: Reads::Unknown, ..work(run, call, SECOND) };
    let workload = Workload { definition, act: &act, places: 10 };
    assert!(advised(&workload, &workload.runs(0)).is_empty());
}

#[test]
fn a_pool_that_is_too_small_is_found() {
    let tasks: Vec<Value> = (0..12).map(|place| task(&format!("t{place}"), &json!({ "dependencies": [] }))).collect();
    let act = |run: u64, call: &Call| work(run, call, SECOND);
    proves("small-pool", &["a"], &Workload { definition: flow(&tasks), act: &act, places: 3 });
}

#[test]
fn attempts_that_never_end_well_are_found() {
    let retry = json!({ "maxAttempts": 4, "initialDelay": 2000, "backoffType": "exponential" });
    let definition = flow(&[task("first", &json!({})), task("call", &json!({ "retryPolicy": retry }))]);
    let act = |run: u64, call: &Call| {
        let worked = work(run, call, SECOND);
        // Two runs in five are refused for good.
        if call.id == "call" && run % 5 < 2 { Act { well: false, ..worked } } else { worked }
    };
    proves("wasteful-retries", &["call"], &Workload { definition, act: &act, places: 10 });
}

#[test]
fn attempts_that_hang_are_found_with_and_without_retries() {
    for retry in [json!({ "retryPolicy": { "maxAttempts": 3, "initialDelay": 500 } }), json!({})] {
        let definition = flow(&[task("first", &json!({})), task("call", &retry)]);
        let act = |run: u64, call: &Call| {
            work(run, call, if call.id == "call" && run % 8 == 3 && call.attempt == 1 { 60 * SECOND } else { SECOND })
        };
        proves("missing-timeout", &["call"], &Workload { definition, act: &act, places: 10 });
    }
}

#[test]
fn nothing_is_advised_of_a_clean_workload() {
    for seed in 0..12 {
        let tasks: Vec<Value> = (0..15_u64)
            .map(|place| {
                let before = (0..place).filter(|other| (place * 7 + other * 5 + seed) % 4 == 0).map(|other| format!("t{other}"));
                task(
                    &format!("t{place}"),
                    &json!({ "dependencies": before.collect::<Vec<_>>(), "retryPolicy": { "maxAttempts": 3, "initialDelay": 100 } }),
                )
            })
            .collect();
        // One attempt in twenty fails, and the next one does not.
        let act = |run: u64, call: &Call| {
            let worked = work(run * 100 + seed, call, SECOND * (1 + u64::try_from(call.id.len()).unwrap()));
            if call.attempt == 1 && chance(run + 7, call) < 0.05 { Act { well: false, ..worked } } else { worked }
        };
        let workload = Workload { definition: flow(&tasks), act: &act, places: 50 };
        let found = advised(&workload, &workload.runs(0));
        assert!(found.is_empty(), "workload {seed}: {found:?}");
    }
}
