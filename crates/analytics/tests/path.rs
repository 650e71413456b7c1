// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! The critical path, beside an oracle that never looks at a record: it knows the definition and how long each attempt takes, writes down every chain of
//! things that wait for each other, and takes the longest.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::wildcard_enum_match_arm, reason = "a test that cannot go on says so")]

#[path = "support/world.rs"]
mod world;

use analytics::path::{PathStep, Profile, path_of};
use analytics::trace::{Bucket, Micros, Trace, TracedChild};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use world::{Act, Call, Overheads, Part, Told, World};

const OVERHEADS: Overheads = Overheads { persist: 3, dispatch: 5, answer: 7 };

/// A task of a random workflow.
#[derive(Clone, Debug)]
struct Node {
    id: String,
    after: Vec<usize>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    /// How long its attempts take; all but the last fail. `backoff` in milliseconds.
    Call {
        attempts: Vec<Micros>,
        backoff: u64,
    },
    /// Work, then a task it spawns and awaits, and so on; work at the end.
    Spawns {
        work: Vec<Micros>,
        spawned: Vec<Micros>,
    },
    Group(Vec<Node>),
    /// Passes one after the other.
    Loop {
        passes: usize,
        list: Vec<Node>,
    },
    /// A delay in milliseconds.
    Delay(u64),
    /// A child workflow that takes so long.
    Child(Micros),
}

/// Something that takes time: the path of its task, the attempt, what it is, how long.
type Link = (String, u32, Bucket, Micros);

/// Draws numbers from a list, and makes no two durations equal.
struct Draw {
    state: u64,
    room: usize,
    made: usize,
}

impl Draw {
    fn new(seed: u64) -> Self {
        Self { state: seed, room: 12, made: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        // `SplitMix64` (Steele, Lea, Flood 2014).
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.state;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (x ^ (x >> 31)) % bound.max(1)
    }

    fn time(&mut self) -> Micros {
        self.made += 1;
        // The low digits tell every duration apart, and sums of them most often.
        1 + self.below(5_000) * 1_000 + self.below(997) + self.made as u64
    }

    fn list(&mut self, level: usize, prefix: &str) -> Vec<Node> {
        let count = 1 + self.below(4);
        let mut nodes: Vec<Node> = Vec::new();
        for place in 0..count {
            if self.room == 0 {
                break;
            }
            self.room -= 1;
            let id = format!("{prefix}{place}");
            let after = (0..nodes.len()).filter(|_| self.below(2) == 0).collect();
            let body = match self.below(if level < 3 && self.room > 0 { 10 } else { 7 }) {
                0..=2 => Body::Call { attempts: vec![self.time()], backoff: 0 },
                3 => Body::Call { attempts: (0..=self.below(3)).map(|_| self.time()).collect(), backoff: 1 + self.below(20) },
                4 => Body::Delay(1 + self.below(900)),
                5 => Body::Child(self.time()),
                6 => {
                    let spawned: Vec<Micros> = (0..=self.below(2)).map(|_| self.time()).collect();
                    Body::Spawns { work: (0..=spawned.len()).map(|_| self.time()).collect(), spawned }
                }
                7 | 8 => Body::Group(self.list(level + 1, &format!("{id}x"))),
                _ => Body::Loop { passes: 1 + usize::try_from(self.below(3)).unwrap(), list: self.list(level + 1, &format!("{id}x")) },
            };
            // What holds nothing is no group.
            let body = match body {
                Body::Group(list) | Body::Loop { list, .. } if list.is_empty() => Body::Delay(1 + self.below(900)),
                body => body,
            };
            nodes.push(Node { id, after, body });
        }
        nodes
    }
}

fn definition(list: &[Node]) -> Value {
    json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks(list) })
}

fn tasks(list: &[Node]) -> Value {
    let task = |node: &Node| {
        let after: Vec<&str> = node.after.iter().map(|place| list[*place].id.as_str()).collect();
        let mut task = json!({ "id": node.id, "name": node.id, "dependencies": after });
        match &node.body {
            Body::Call { attempts, backoff } => {
                task["agentId"] = json!("a");
                task["retryPolicy"] =
                    json!({ "maxAttempts": attempts.len(), "backoffType": "fixed", "initialDelay": format!("{}ms", backoff.max(&1)) });
            }
            Body::Spawns { .. } => task["agentId"] = json!("a"),
            Body::Group(list) => (task["type"], task["tasks"]) = (json!("parallel"), tasks(list)),
            Body::Loop { passes, list } => {
                let items: Vec<usize> = (0..*passes).collect();
                (task["type"], task["loop"], task["tasks"]) = (json!("loop"), json!({ "forEach": items }), tasks(list));
            }
            Body::Delay(millis) => task["waitFor"] = json!({ "delay": format!("{millis}ms") }),
            Body::Child(_) => task["workflow"] = json!("other"),
        }
        task
    };
    list.iter().map(task).collect()
}

/// What each attempt does, by path without the numbers of passes.
fn script(list: &[Node], acts: &mut BTreeMap<String, Vec<Act>>) {
    for node in list {
        match &node.body {
            Body::Call { attempts, .. } => {
                let final_place = attempts.len() - 1;
                let act = |(place, time): (usize, &Micros)| if place == final_place { Act::work(*time) } else { Act::fail(*time) };
                acts.insert(node.id.clone(), attempts.iter().enumerate().map(act).collect());
            }
            Body::Child(time) => _ = acts.insert(node.id.clone(), vec![Act::work(*time)]),
            Body::Spawns { work, spawned } => {
                let mut parts = vec![Part::Work(work[0])];
                for (place, time) in spawned.iter().enumerate() {
                    let id = format!("{}s{place}", node.id);
                    parts.extend([Part::Spawn(id.clone()), Part::Work(work[place + 1])]);
                    acts.insert(id, vec![Act::work(*time)]);
                }
                acts.insert(node.id.clone(), vec![Act { parts, ..Act::work(0) }]);
            }
            Body::Group(list) | Body::Loop { list, .. } => script(list, acts),
            Body::Delay(_) => {}
        }
    }
}

/// Every chain through a list: of tasks that wait for each other, with everything that each consists of.
fn chains(list: &[Node], path: &str) -> Vec<Vec<Link>> {
    let mut ending_at: Vec<Vec<Vec<Link>>> = Vec::new();
    for node in list {
        let own = chains_of(node, path);
        let before: Vec<Vec<Link>> = match node.after.as_slice() {
            [] => vec![Vec::new()],
            after => after.iter().flat_map(|place| ending_at[*place].clone()).collect(),
        };
        let joined = before.iter().flat_map(|before| own.iter().map(move |own| [before.as_slice(), own.as_slice()].concat()));
        ending_at.push(joined.collect());
    }
    ending_at.into_iter().flatten().collect()
}

fn chains_of(node: &Node, path: &str) -> Vec<Vec<Link>> {
    let own = format!("{path}{}", node.id);
    match &node.body {
        Body::Call { attempts, backoff } => {
            let mut chain = Vec::new();
            for (place, time) in attempts.iter().enumerate() {
                let number = u32::try_from(place + 1).unwrap();
                let is_last = place + 1 == attempts.len();
                chain.extend(attempt(&own, number, if is_last { Bucket::Code } else { Bucket::Failed }, &[*time], &[]));
                if !is_last {
                    chain.push((own.clone(), 0, Bucket::Backoff, backoff.max(&1) * 1000));
                }
            }
            vec![chain]
        }
        Body::Child(time) => vec![attempt(&own, 1, Bucket::Child, &[*time], &[])],
        Body::Delay(millis) => vec![vec![(own, 0, Bucket::Timer, millis * 1000)]],
        Body::Spawns { work, spawned } => {
            let inner = |(place, time): (usize, &Micros)| attempt(&format!("{own}/{}s{place}", node.id), 1, Bucket::Code, &[*time], &[]);
            let spawned: Vec<Vec<Link>> = spawned.iter().enumerate().map(inner).collect();
            vec![attempt(&own, 1, Bucket::Code, work, &spawned)]
        }
        Body::Group(list) => chains(list, path),
        Body::Loop { passes, list } => {
            let mut all = vec![Vec::new()];
            for pass in 0..*passes {
                let of_pass = chains(list, &format!("{path}{}[{pass}].", node.id));
                all = all.iter().flat_map(|before: &Vec<Link>| of_pass.iter().map(move |own| [before.as_slice(), own].concat())).collect();
                // Of those that end alike only the longest can be part of the longest.
                let longest = all.iter().map(|chain| length(chain)).max().unwrap();
                all.retain(|chain| length(chain) == longest);
            }
            all
        }
    }
}

fn attempt(path: &str, number: u32, bucket: Bucket, work: &[Micros], between: &[Vec<Link>]) -> Vec<Link> {
    let link = |bucket, time| (path.to_owned(), number, bucket, time);
    let mut chain = vec![link(Bucket::Persist, OVERHEADS.persist), link(Bucket::Scheduler, OVERHEADS.dispatch)];
    for (place, time) in work.iter().enumerate() {
        chain.push(link(bucket, *time));
        chain.extend(between.get(place).into_iter().flatten().cloned());
    }
    chain.push(link(Bucket::Scheduler, OVERHEADS.answer));
    chain
}

fn length(chain: &[Link]) -> Micros {
    chain.iter().map(|link| link.3).sum()
}

fn links(trace: &Trace, steps: &[PathStep]) -> Vec<Link> {
    let link = |step: &PathStep| (trace.tasks[step.task.unwrap()].path.clone(), step.attempt, step.bucket, step.to - step.from);
    steps.iter().map(link).collect()
}

fn assert_whole(trace: &Trace, steps: &[PathStep]) {
    let mut at = trace.started;
    for step in steps {
        assert_eq!(step.from, at, "a gap or an overlap before {step:?}");
        assert!(step.to > step.from, "{step:?} is nothing");
        at = step.to;
    }
    assert_eq!(at, trace.ended, "the path ends too early");
    let profile = Profile::of(trace);
    assert_eq!(profile.buckets.values().sum::<Micros>(), trace.makespan());
    assert_eq!(
        profile.tasks.iter().map(|task| task.share).sum::<Micros>(),
        steps.iter().filter(|step| step.task.is_some()).map(|step| step.to - step.from).sum::<Micros>()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_path_is_the_longest_of_all_chains(seed in any::<u64>()) {
        let mut draw = Draw::new(seed);
        let list = draw.list(0, "t");
        let mut acts = BTreeMap::new();
        script(&list, &mut acts);
        let act = |call: &Call| acts[&call.id][call.attempt as usize - 1].clone();
        let world = World::new(&definition(&list), act).overheads(OVERHEADS).run();
        let trace = world.trace();
        let steps = path_of(&trace);
        assert_whole(&trace, &steps);
        let all = chains(&list, "");
        let longest = all.iter().map(|chain| length(chain)).max().unwrap();
        prop_assert_eq!(trace.makespan(), longest, "the oracle is of another world: {:#?}", list);
        let found = links(&trace, &steps);
        prop_assert!(all.contains(&found), "{:#?}\nis none of {:#?}", found, all.iter().filter(|chain| length(chain) == longest).collect::<Vec<_>>());
    }

    /// Whatever happens to an execution, wherever its records stop.
    #[test]
    fn the_buckets_sum_to_the_makespan(seed in any::<u64>(), places in 1..4_usize, told in 0..6_u64, cut in 0..100_usize) {
        let mut draw = Draw::new(seed);
        let list = draw.list(0, "t");
        let mut acts = BTreeMap::new();
        script(&list, &mut acts);
        let act = |call: &Call| {
            let mut act = acts[&call.id][call.attempt as usize - 1].clone();
            // Some fail for good.
            act.well &= told != 5 || call.id.len() != 3;
            act
        };
        let mut world = World::new(&definition(&list), act).overheads(OVERHEADS).places("a", places);
        let early = 1 + draw.below(3_000_000);
        if told == 1 || told == 2 {
            world = world.told(early, Told::Pause).told(early + draw.below(5_000_000), Told::Resume);
        }
        if told == 2 || told == 3 {
            world = world.told(early + draw.below(9_000_000), Told::Cancel);
        }
        let world = world.run();
        let trace = world.trace();
        assert_whole(&trace, &path_of(&trace));
        let part = world.trace_of_first(1 + cut % world.records());
        assert_whole(&part, &path_of(&part));
    }
}

fn profile(trace: &Trace) -> Vec<(String, Bucket, Micros)> {
    path_of(trace)
        .iter()
        .map(|step| (step.task.map_or_else(String::new, |task| trace.tasks[task].path.clone()), step.bucket, step.to - step.from))
        .collect()
}

#[test]
fn a_wait_for_a_place_is_queue_and_names_nobody_elses_work() {
    let definition = json!({ "id": "w", "name": "w", "version": "1", "tasks": [
        { "id": "a", "name": "a", "agentId": "x", "dependencies": [] },
        { "id": "b", "name": "b", "agentId": "x", "dependencies": [] },
    ] });
    let trace = World::new(&definition, |call| Act::work(if call.id == "a" { 100 } else { 40 })).places("x", 1).run().trace();
    assert_eq!(profile(&trace), [("b".to_owned(), Bucket::Queue, 100), ("b".to_owned(), Bucket::Code, 40)]);
    assert_eq!(trace.tasks[1].attempts[0].admitted_by, Some(0));
}

#[test]
fn people_timers_and_pauses_have_buckets_of_their_own() {
    let definition = json!({ "id": "w", "name": "w", "version": "1", "tasks": [
        { "id": "d", "name": "d", "waitFor": { "delay": "2ms" } },
        { "id": "s", "name": "s", "waitFor": { "signal": "go" }, "dependencies": ["d"] },
        { "id": "a", "name": "a", "agentId": "x", "dependencies": ["s"] },
        { "id": "b", "name": "b", "agentId": "x", "dependencies": ["a"] },
    ] });
    let world = World::new(&definition, |_| Act::work(1000)).told(10_000, Told::Signal("go".into()));
    // While `a` runs it is paused, for longer than that takes; and once more while the signal is waited for, until after it came.
    let world = world.told(9_000, Told::Pause).told(12_000, Told::Resume).told(12_500, Told::Pause).told(20_000, Told::Resume);
    let trace = world.run().trace();
    let expected = [
        ("d", Bucket::Timer, 2_000),
        ("s", Bucket::Signal, 8_000),
        ("s", Bucket::Pause, 2_000),
        ("a", Bucket::Code, 1_000),
        ("b", Bucket::Pause, 7_000),
        ("b", Bucket::Code, 1_000),
    ];
    assert_eq!(profile(&trace), expected.map(|(path, bucket, time)| (path.to_owned(), bucket, time)));
}

#[test]
fn the_time_of_a_child_is_that_of_its_own_path() {
    let outer = json!({ "id": "w", "name": "w", "version": "1", "tasks": [{ "id": "c", "name": "c", "workflow": "other" }] });
    let inner = json!({ "id": "other", "name": "other", "version": "1", "tasks": [{ "id": "a", "name": "a", "agentId": "x" }] });
    let mut trace = World::new(&outer, |_| Act::work(100)).run().trace();
    let alone = profile(&trace);
    assert_eq!(alone, [("c".to_owned(), Bucket::Child, 100)]);
    let ids: Vec<_> = trace.child_attempts().collect();
    assert_eq!(ids, [(0, 1, "e/c/1".to_owned())]);
    let child = World::new(&inner, |_| Act::fail(60)).named("e/c/1", world::EPOCH + 30).run().trace();
    trace.children.push(TracedChild { task: 0, attempt: 1, trace: child });
    let steps = path_of(&trace);
    assert_whole(&trace, &steps);
    let told: Vec<_> = steps.iter().map(|step| (&*step.execution, step.bucket, step.to - step.from)).collect();
    assert_eq!(told, [("e", Bucket::Scheduler, 30), ("e/c/1", Bucket::Failed, 60), ("e", Bucket::Scheduler, 10)]);
}
