// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is large takes its time and no more. Each of these took minutes, or would, where something looked at everything for each of many.

#![expect(clippy::panic, reason = "a test that cannot go on says so")]
#![expect(clippy::disallowed_methods, reason = "how long it takes is what is tested")]

#[path = "support/stopwatch.rs"]
mod stopwatch;

use engine::{Command, Execution, Failure, Input, InstanceIndex, Limits, Output, Phase, Plan, Settled, Setup, Step, TaskState, read_plan};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use stdx::Timestamp;
use stopwatch::Stopwatch;

/// Far more than any of these takes on a slow machine, and far less than what grows with the square.
const PATIENCE: Duration = Duration::from_secs(20);
/// Inputs between two looks at it.
const LOOK_EVERY: u32 = 1024;

fn plan(tasks: &Value) -> Arc<Plan> {
    let limits = Limits { tasks_max: 1_000_000, depth_max: 10, default_timeout: Duration::from_mins(10), checked: true };
    let (plan, problems) = read_plan(&json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks }).to_string(), limits);
    Arc::new(plan.unwrap_or_else(|| panic!("{problems:?}")))
}

fn call(id: &str) -> Value {
    json!({ "id": id, "name": id, "agentId": "work" })
}

/// A host that answers each attempt at once, and lets a second pass whenever something waits for time.
struct Host {
    execution: Execution,
    now: Timestamp,
    watch: Stopwatch,
    told: u32,
}

impl Host {
    fn new(plan: Arc<Plan>) -> Self {
        Self { execution: Execution::new(plan, Setup::default()), now: Timestamp::default(), watch: Stopwatch::start(), told: 0 }
    }

    /// Tells it something, and answers what it asks until it asks nothing more; `well` says how.
    fn tell(&mut self, input: Input, well: impl Fn(&Execution, InstanceIndex) -> bool) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let mut step = Step::default();
            self.execution.handle(self.now, input, &mut step);
            self.told += 1;
            if self.told.is_multiple_of(LOOK_EVERY) {
                self.look();
            }
            for command in step.commands {
                let Command::Run { task, attempt } = command else { continue };
                let result = if well(&self.execution, task) { Ok(Output::Json("1".into())) } else { Err(failure()) };
                inputs.push(Input::Settled(Settled { task, attempt, start: self.now, end: self.now, result }));
            }
            // A loop that gave way goes on.
            if inputs.is_empty() && self.execution.is_resting() {
                inputs.push(Input::Tick);
            }
        }
    }

    fn look(&self) {
        assert!(self.watch.taken() < PATIENCE, "it takes too long");
    }

    fn ended(&self) -> bool {
        matches!(self.execution.phase(), Phase::Ended(_))
    }
}

fn failure() -> Failure {
    Failure { code: "ERR_AGENT".into(), message: "no".into(), details: None, retryable: true, retry_after: None }
}

fn well(_: &Execution, _: InstanceIndex) -> bool {
    true
}

fn items(count: u32) -> Value {
    (0..count).collect()
}

#[test]
fn a_loop_of_a_hundred_thousand_passes() {
    for (concurrency, on_item_error) in [(1, "fail"), (1_000_000, "collect")] {
        let body = [json!({ "id": "a", "name": "a", "type": "sequential", "agentId": "work", "input": { "data": "{{ item }}" } })];
        let each = json!({ "forEach": items(100_000), "concurrency": concurrency, "onItemError": on_item_error });
        let mut host = Host::new(plan(&json!([{ "id": "l", "name": "l", "type": "loop", "tasks": body, "loop": each }])));
        host.tell(Input::Start, |_, _| on_item_error == "fail");
        assert!(host.ended());
    }
}

#[test]
fn a_pause_in_a_loop_of_a_hundred_thousand_passes() {
    let each = json!({ "id": "l", "name": "l", "type": "loop", "tasks": [call("a")], "loop": { "forEach": items(100_000) } });
    let wait = json!({ "id": "w", "name": "w", "waitFor": { "signal": "go" } });
    let mut host = Host::new(plan(&json!([each, wait])));
    host.tell(Input::Start, well);
    for input in [Input::Pause, Input::Resume { step: false }, Input::Cancel { reason: None, force: false }] {
        host.tell(input, well);
    }
    assert!(host.ended());
}

#[test]
fn ten_thousand_spawned_tasks() {
    let mut host = Host::new(plan(&json!([call("p")])));
    let mut step = Step::default();
    host.execution.handle(host.now, Input::Start, &mut step);
    let parent = InstanceIndex::new(0);
    for place in 0..10_000 {
        let id: Arc<str> = format!("s{place}").into();
        assert_eq!(host.execution.spawned(parent, &id), None);
        host.tell(Input::Spawn { task: parent, attempt: 1, definition: call(&id).to_string().into() }, well);
        assert_eq!(host.execution.spawned(parent, &id), Some(InstanceIndex::new(place + 1)));
    }
    assert_eq!(host.execution.count(), 10_001);
    let result = Ok(Output::Json("1".into()));
    host.tell(Input::Settled(Settled { task: parent, attempt: 1, start: host.now, end: host.now, result }), well);
    assert!(host.ended());
}

#[test]
fn twenty_thousand_waits_of_one_name_whether_their_signals_come_early_or_late() {
    for early in [false, true] {
        let wait = |id: &str, name: &str| json!({ "id": id, "name": id, "waitFor": { "signal": name } });
        let each = json!({ "forEach": items(20_000), "concurrency": 1_000_000 });
        let each = json!({ "id": "l", "name": "l", "type": "loop", "tasks": [wait("w", "go")], "loop": each });
        let mut host = Host::new(plan(&json!([wait("d", "begin"), each])));
        host.tell(Input::Start, well);
        let begin = Input::Signal { name: "begin".into(), payload: "1".into(), path: None, fits: None };
        if !early {
            host.tell(begin.clone(), well);
        }
        for place in (0..20_000).rev() {
            let (name, path) = (Arc::from("go"), format!("l[{place}].w"));
            assert!(host.execution.check_signal(&name, Some(&path), None).is_ok());
            host.tell(Input::Signal { name, payload: place.to_string().into(), path: Some(path.into()), fits: None }, well);
        }
        if early {
            host.tell(begin, well);
        }
        assert!(host.ended());
        let results: Value = serde_json::from_str(&host.execution.results()).unwrap();
        assert_eq!(results["l"][7], json!({ "w": 7 }), "each got its own");
    }
}

#[test]
fn a_hundred_thousand_signs_of_life_in_one_instant() {
    let mut task = call("a");
    task["heartbeatTimeout"] = "10s".into();
    let mut host = Host::new(plan(&json!([task])));
    let mut step = Step::default();
    host.execution.handle(host.now, Input::Start, &mut step);
    for _ in 0..100_000 {
        host.tell(Input::Heartbeat { task: InstanceIndex::new(0), attempt: 1 }, well);
    }
    assert_eq!(host.execution.next_deadline(), Some(host.now.after(Duration::from_secs(10))));
}

#[test]
fn fifty_thousand_tasks_with_times_that_run_from_ready_to_end() {
    let tasks: Vec<Value> = (0..50_000)
        .map(|place| json!({ "id": format!("t{place}"), "name": "t", "agentId": "work", "dependencies": [], "totalTimeout": "1m", "input": { "data": "{{ 1 }}" } }))
        .collect();
    let mut host = Host::new(plan(&tasks.into()));
    let mut step = Step::default();
    host.execution.handle(host.now, Input::Start, &mut step);
    host.look();
    assert!(host.execution.tasks().iter().all(|(_, record)| matches!(record.state, TaskState::Running { .. })));
}

#[test]
fn a_hundred_thousand_tasks_are_undone() {
    let ids: Vec<String> = (0..100_000).map(|place| format!("t{place}")).collect();
    let undone = |id: &String| json!({ "id": id, "name": "t", "agentId": "work", "dependencies": [], "compensate": { "agentId": "undo" } });
    let mut tasks: Vec<Value> = ids.iter().map(undone).collect();
    tasks.push(json!({ "id": "f", "name": "f", "agentId": "work", "dependencies": ids }));
    let mut host = Host::new(plan(&tasks.into()));
    host.tell(Input::Start, |execution, task| execution.path(task) != "f");
    assert!(host.ended());
    assert_eq!(host.execution.tasks().len(), 200_001);
}
