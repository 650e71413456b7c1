// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What facts cost and how fast they answer: `bench/facts.mjs` runs this and says what its figures mean.
//!
//! `facts <folder> <executions> <pairs>` prints one JSON object per line.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on says so"
)]

use engine::{End, Event, Failure, InstanceIndex, Limits, Output, Plan, Settled, read_plan};
use runtime::facts::{Follower, Keeping, SummaryFilter, WaitingFor, catch_up, facts_of};
use runtime::store::{Accepted, Batch, Durability, OpenOptions, SqliteReader, SqliteStore, StepRecord, Store};
use runtime::{Clock, Driver, Opening};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stdx::Timestamp;

const TASKS: u32 = 10;
const START: u64 = 1_700_000_000_000_000;

fn plan(id: &str, version: &str, chained: bool, waits: bool) -> Arc<Plan> {
    let task = |place: u32| {
        let after: Vec<String> = (place > 0 && chained).then(|| format!("t{}", place - 1)).into_iter().collect();
        json!({ "id": format!("t{place}"), "name": "t", "agentId": format!("agent{}", place % 3), "type": "parallel", "dependencies": after })
    };
    let mut tasks: Vec<_> = (0..TASKS).map(task).collect();
    if waits {
        tasks.push(json!({ "id": "w", "name": "w", "waitFor": { "signal": "go" }, "dependencies": ["t9"] }));
    }
    let definition = json!({ "id": id, "name": id, "version": version, "tasks": tasks }).to_string();
    let limits = Limits { tasks_max: 1000, depth_max: 10, checked: true, default_timeout: Duration::from_mins(1) };
    let (plan, problems) = read_plan(&definition, limits);
    Arc::new(plan.unwrap_or_else(|| panic!("{problems:?}")))
}

/// One of 200 waits, one of 20 fails; 5 workflows of 4 versions, 50 tenants.
fn write(path: &Path, executions: i64) {
    let mut store = SqliteStore::open_as(path, OpenOptions { unflushed: true, ..OpenOptions::default() }).unwrap();
    let plans: Vec<Arc<Plan>> = (0..20)
        .flat_map(|at| [false, true].map(|waits| plan(&format!("w{}", at % 5), &format!("{}{waits}", at / 5), true, waits)))
        .collect();
    let output: Arc<str> = json!({ "n": 1, "text": "x".repeat(60) }).to_string().into();
    let mut batch = Batch::default();
    for key in 1..=executions {
        let (waits, fails) = (key % 200 == 0, key % 20 == 1);
        let plan = &plans[usize::try_from(key % 20).unwrap() * 2 + usize::from(waits)];
        let begun = START + key.cast_unsigned() * 1000;
        let at = |step: u64| Timestamp::from_micros(begun + step * 50);
        let tenant = json!({ "tenant": format!("tenant {}", key % 50) }).to_string();
        batch.accepted.push(Accepted {
            key,
            id: format!("{:08x}-execution-{key}", key * 7919 % 0x7fff_ffff).into(),
            plan: Arc::clone(plan),
            context: Some("{}".into()),
            options: Some(tenant.into()),
            at: at(0),
        });
        let started = |task: u32, step: u64| Event::AttemptStarted {
            task: InstanceIndex::new(task),
            attempt: 1,
            ready: at(step),
            ready_by: task.checked_sub(1).map(InstanceIndex::new),
            admitted_by: None,
        };
        for task in 0..=TASKS {
            let step = u64::from(task) + 1;
            let mut events = Vec::new();
            if task == 0 {
                events.push(Event::ExecutionStarted);
            } else {
                let (task, start, end) = (InstanceIndex::new(task - 1), at(step - 1), at(step));
                if fails && task.get() == TASKS - 1 {
                    let failure = Arc::new(Failure::coded(if key % 40 == 1 { "E_RARE" } else { "E_COMMON" }, "no".to_owned()));
                    events.push(Event::TaskFailed { task, attempt: 1, start, end, failure: Arc::clone(&failure) });
                    events.push(Event::ExecutionEnded { end: End::Failed { task: Some(task), failure } });
                } else {
                    events.push(Event::TaskCompleted { task, attempt: 1, start, end, output: Output::Json(Arc::clone(&output)) });
                    if task.get() == TASKS - 1 {
                        events.push(if waits {
                            Event::WaitStarted { task: InstanceIndex::new(TASKS), until: None }
                        } else {
                            Event::ExecutionEnded { end: End::Completed }
                        });
                    }
                }
            }
            if task < TASKS {
                events.push(started(task, step));
            }
            let previous_committed = at(step.saturating_sub(1));
            batch.records.push(StepRecord { key, seq: u64::from(task), at: at(step), previous_committed, events, ..StepRecord::default() });
        }
        if batch.accepted.len() == 500 || key == executions {
            let mut batches = [std::mem::take(&mut batch)];
            while store.commit(&mut batches).is_err() {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
    store.close().unwrap();
}

/// The processor time of this process, where Linux tells it: steadier than time that passes on a machine with other work.
fn processor_ms() -> Option<f64> {
    const TICK_MS: f64 = 10.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) * TICK_MS)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = Instant::now();
    let done = work();
    (done, begun.elapsed().as_secs_f64() * 1000.0)
}

/// The median of so many answers, in milliseconds; each after a cursor of its own where there is one.
fn ask(follower: &Follower, name: &str, filter: &SummaryFilter, rounds: usize) {
    let mut times = Vec::new();
    let mut found = 0;
    let mut cursor = None;
    for _ in 0..rounds {
        let filter = SummaryFilter { limit: 100, cursor: cursor.take(), ..filter.clone() };
        let (page, time) = timed(|| follower.summaries(&filter, Duration::from_mins(1)).unwrap());
        let page: serde_json::Value = serde_json::from_str(&page).unwrap();
        found += page["executions"].as_array().unwrap().len();
        cursor = page["cursor"].as_str().map(str::to_owned);
        times.push(time);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{}",
        json!({ "page": name, "median": times[times.len() / 2], "worst": times[times.len() - 1], "rounds": rounds, "found": found })
    );
}

fn pages(path: &Path, executions: i64) {
    let follower =
        Follower::start(SqliteReader::open(path).unwrap(), Clock::starting_at(Timestamp::from_micros(START)), Keeping::default()).unwrap();
    let all = SummaryFilter::default();
    let (_, first) = timed(|| follower.summaries(&SummaryFilter { limit: 1, ..all.clone() }, Duration::from_mins(10)).unwrap());
    println!("{}", json!({ "opened": first }));
    let text = |text: &str| Some(text.to_owned());
    let middle = START + executions.cast_unsigned() * 500;
    let filters = [
        ("all", all.clone()),
        ("workflow", SummaryFilter { workflow: text("w1"), ..all.clone() }),
        ("version", SummaryFilter { workflow: text("w1"), version: text("1false"), ..all.clone() }),
        ("status", SummaryFilter { status: text("failed"), ..all.clone() }),
        ("workflow and status", SummaryFilter { workflow: text("w1"), status: text("failed"), ..all.clone() }),
        ("tenant", SummaryFilter { tenant: text("tenant 7"), ..all.clone() }),
        (
            "time",
            SummaryFilter {
                since: Some(Timestamp::from_micros(middle)),
                until: Some(Timestamp::from_micros(middle + 60_000_000)),
                ..all.clone()
            },
        ),
        ("error code", SummaryFilter { error: text("E_RARE"), ..all.clone() }),
        ("waiting for a signal", SummaryFilter { waiting_for: Some(WaitingFor::Signal(None)), ..all.clone() }),
        ("waiting for this signal", SummaryFilter { waiting_for: Some(WaitingFor::Signal(text("go"))), ..all.clone() }),
        ("waiting for an agent", SummaryFilter { waiting_for: Some(WaitingFor::Agent(None)), ..all.clone() }),
        ("waiting for a timer", SummaryFilter { waiting_for: Some(WaitingFor::Timer), ..all.clone() }),
        ("prefix of id", SummaryFilter { id_prefix: text("0000"), ..all.clone() }),
        ("prefix of no id", SummaryFilter { id_prefix: text("zz"), ..all.clone() }),
    ];
    for (name, filter) in filters {
        ask(&follower, name, &filter, 41);
    }
}

/// A fan-out at `'os'`, so many tasks, with facts kept up to date beside it or without; tasks a second, and how long facts take to catch up.
fn load(path: &Path, tasks: u32, with_facts: bool) -> (f64, f64) {
    let opening = Opening { path, durability: Durability::Os, options: OpenOptions::default() };
    let clock = Clock::starting_at(Timestamp::from_micros(START));
    let (mut driver, _) = Driver::open_through(opening, clock.share(), Arc::new(|| {}), |store| store).unwrap();
    let follower =
        with_facts.then(|| Follower::start(driver.archive().unwrap().file().unwrap().unwrap(), clock, Keeping::default()).unwrap());
    let plan = plan("load", "1", false, false);
    let output: Arc<str> = json!({ "n": 1, "text": "x".repeat(60) }).to_string().into();
    let ((), time) = timed(|| {
        for _ in 0..tasks / TASKS / 50 {
            let slots: Vec<u32> = (0..50).map(|_| driver.accept(&plan, Some("{}".to_owned()), None, None).unwrap().slot).collect();
            driver.flush().unwrap();
            while driver.next_effect().is_some() {}
            for task in 0..TASKS {
                for slot in &slots {
                    let result = Ok(Output::Json(Arc::clone(&output)));
                    let now = driver.clock();
                    driver
                        .settle(
                            *slot,
                            Settled { task: InstanceIndex::new(task), attempt: 1, start: now, end: now, result },
                            runtime::Looks::default(),
                        )
                        .unwrap();
                }
                driver.flush().unwrap();
                while driver.next_effect().is_some() {}
            }
            for slot in slots {
                driver.release(slot, false).unwrap();
            }
        }
    });
    let behind = follower.map_or(0.0, |follower| {
        let filter = SummaryFilter { limit: 1, ..SummaryFilter::default() };
        timed(|| follower.summaries(&filter, Duration::from_mins(10)).unwrap()).1
    });
    driver.close().unwrap();
    (f64::from(tasks) / time * 1000.0, behind)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder, executions, pairs, load_tasks] = arguments.as_slice() else { panic!("facts <folder> <executions> <pairs> <tasks>") };
    let (folder, executions, pairs): (&Path, i64, u32) = (Path::new(folder), executions.parse().unwrap(), pairs.parse().unwrap());
    let load_tasks: u32 = load_tasks.parse().unwrap();
    let path = folder.join("facts.sqlite");
    if executions > 0 {
        let ((), time) = timed(|| write(&path, executions));
        println!("{}", json!({ "wrote": executions, "ms": time }));
        let reader = SqliteReader::open(&path).unwrap();
        let before = processor_ms();
        let (_, time) = timed(|| catch_up(&reader, &facts_of(&path), usize::MAX).unwrap());
        let processor = processor_ms().zip(before).map(|(now, before)| now - before);
        let tasks = executions.cast_unsigned() * u64::from(TASKS);
        let bytes = std::fs::metadata(facts_of(&path)).unwrap().len();
        println!(
            "{}",
            json!({ "rebuilt": tasks, "ms": time, "processorMs": processor, "bytes": bytes, "store": std::fs::metadata(&path).unwrap().len() })
        );
        pages(&path, executions);
    }
    for pair in 0..pairs {
        // One goes first, then the other.
        let mut figures = [(0.0, 0.0); 2];
        for turn in 0..2 {
            let followed = (pair + turn) % 2 == 0;
            let path = folder.join(format!("load-{pair}-{followed}.sqlite"));
            figures[usize::from(followed)] = load(&path, load_tasks, followed);
            for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if file.file_name().to_string_lossy().starts_with("load-") {
                    std::fs::remove_file(file.path()).unwrap();
                }
            }
        }
        let [(without, _), (with, behind)] = figures;
        println!("{}", json!({ "pair": pair, "without": without, "with": with, "ratio": with / without, "catchUp": behind }));
    }
}
