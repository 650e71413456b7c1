// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Bounds on size, and definitions as large as they may be.

use super::{LIMITS, assert_edges_agree, read, tasks};
use engine::{Execution, Failure, Input, Limits, Output, Phase, Plan, Settled, Severity, Step, TaskState, read_plan};
use expect_test::expect;
use serde_json::{Value, json};
use std::sync::Arc;
use stdx::Timestamp;

#[test]
fn one_task_too_many_is_refused_and_the_rest_is_judged_all_the_same() {
    let definition = json!({ "id": "w", "name": "w", "tasks": tasks(&[("a", None, None), ("b", None, None), ("c", None, None)]) });
    expect![[r#"
        tasks: 3 tasks exceed `workflow.maxTasks` (2); split the workflow, or raise the limit of the orchestrator: `workflow: { maxTasks: 3 }`
    "#]]
    .assert_eq(&read(&definition.to_string(), Limits { tasks_max: 2, ..LIMITS }));
    let exact = json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks(&[("a", None, None), ("b", None, None)]) });
    expect![[r#"
        a (by order), before b
        b after a (by order)
    "#]]
    .assert_eq(&read(&exact.to_string(), Limits { tasks_max: 2, ..LIMITS }));
}

#[test]
fn tasks_of_every_level_count_groups_and_workflows_inside_included() {
    let task = |id: &str| json!({ "id": id, "name": id, "agentId": "x" });
    let inner = json!({ "id": "v", "name": "v", "version": "1", "tasks": [task("a"), task("b")] });
    let definition = json!({ "id": "w", "name": "w", "version": "1", "tasks": [
        { "id": "g", "name": "g", "tasks": [task("c"), task("d")] },
        { "id": "k", "name": "k", "type": "conditional", "branches": [{ "when": "true", "tasks": [task("e")] }], "default": [task("f")] },
        { "id": "l", "name": "l", "type": "loop", "agentId": "x", "loop": { "forEach": [1] } },
        { "id": "child", "name": "child", "workflow": inner },
    ] });
    let text = definition.to_string();
    assert!(read_plan(&text, Limits { tasks_max: 10, ..LIMITS }).0.is_some());
    expect![[r#"
        tasks: 10 tasks exceed `workflow.maxTasks` (9); split the workflow, or raise the limit of the orchestrator: `workflow: { maxTasks: 10 }`
    "#]]
    .assert_eq(&read(&text, Limits { tasks_max: 9, ..LIMITS }));
}

#[test]
fn a_definition_holds_so_many_templates_and_conditions_since_each_takes_memory_of_its_own() {
    let definition = |texts: usize, conditions: usize| {
        let data = vec!["{{ context.n }}"; texts];
        let conditions = vec!["context.n > 0"; conditions];
        let task = json!({ "id": "a", "name": "a", "agentId": "x", "input": { "data": { "deep": data } }, "conditions": conditions });
        json!({ "id": "w", "name": "w", "version": "1", "tasks": [task] }).to_string()
    };
    assert!(read_plan(&definition(1500, 500), Limits { tasks_max: 10, ..LIMITS }).0.is_some());
    expect![[r#"
        -: 2001 conditions and templates are more than one workflow may hold (2000: two for each task that `workflow.maxTasks` allows, but 2000 at least); put data into the context, or split the workflow
    "#]]
    .assert_eq(&read(&definition(1500, 501), Limits { tasks_max: 10, ..LIMITS }));
    assert!(read_plan(&definition(2001, 1), Limits { tasks_max: 1001, ..LIMITS }).0.is_some());
    let accepted = engine::read_accepted_plan(&definition(2000, 1), std::time::Duration::MAX);
    assert!(accepted.is_ok(), "what is in a store was accepted before there was this bound");
}

#[test]
fn nesting_is_counted_in_lists_and_a_workflow_inside_is_one_more() {
    let nest = |levels: usize| {
        let mut task = json!({ "id": "leaf", "name": "leaf", "agentId": "x" });
        for level in (1..levels).rev() {
            let id = format!("g{level}");
            task = match level % 3 {
                0 => json!({ "id": id, "name": id, "type": "conditional", "branches": [{ "when": "true", "tasks": [task] }] }),
                1 => json!({ "id": id, "name": id, "type": "loop", "loop": { "forEach": [1] }, "tasks": [task] }),
                _ => json!({ "id": id, "name": id, "workflow": { "id": "v", "name": "v", "version": "1", "tasks": [task] } }),
            };
        }
        json!({ "id": "w", "name": "w", "version": "1", "tasks": [task] }).to_string()
    };
    assert!(read_plan(&nest(7), Limits { depth_max: 7, ..LIMITS }).0.is_some());
    expect![[r#"
        tasks[0].tasks[0].workflow.tasks[0].branches[0].tasks[0].tasks[0].workflow.tasks[0].branches[0].tasks[0].tasks: groups, branches, loops and inline workflows are nested deeper than `workflow.maxDepth` (7); flatten them, use child workflows by id, or raise the limit
    "#]].assert_eq(&read(&nest(8), Limits { depth_max: 7, ..LIMITS }));
}

/// However deep, it is refused by the reader of JSON before anything recurses into it.
#[test]
fn a_hundred_thousand_levels_are_refused_in_good_order() {
    let levels = 100_000;
    let open = r#"{"id":"g","name":"g","tasks":["#.repeat(levels);
    let close = "]}".repeat(levels);
    let unlimited = Limits { depth_max: usize::MAX, ..LIMITS };
    expect![[r#"
        -: brackets are nested more than 127 levels deep; flatten the definition, or use child workflows by id
    "#]]
    .assert_eq(&read(&format!("{open}{close}"), unlimited));
    expect![[r#"
        -: brackets are nested more than 127 levels deep; flatten the definition, or use child workflows by id
    "#]]
    .assert_eq(&read(&"[".repeat(levels), unlimited));
    // As deep as JSON may be.
    let levels = 60;
    let open: String = (0..levels).map(|level| format!(r#"{{"id":"g{level}","name":"g","tasks":["#)).collect::<Vec<_>>().concat();
    let leaf = r#"{"id":"leaf","name":"leaf","agentId":"x"}"#;
    let text = format!(r#"{{"id":"w","name":"w","version":"1","tasks":[{open}{leaf}{}]}}"#, "]}".repeat(levels));
    assert_eq!(read_plan(&text, unlimited).0.unwrap().tasks.len(), levels + 1);
}

#[test]
fn a_hundred_problems_are_listed_and_the_rest_is_counted() {
    let broken: Vec<Value> =
        (0..150).map(|place| json!({ "id": format!("t{place}"), "name": "x", "agentId": "x", "timeout": "x" })).collect();
    let (plan, problems) = read_plan(&json!({ "id": "w", "name": "w", "version": "1", "tasks": broken }).to_string(), LIMITS);
    assert!(plan.is_none());
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].kind.to_string(), "and 50 more problems");
}

/// A hundred warnings once pushed a later error off the list, and were followed by an "error" when there was none.
#[test]
fn many_warnings_neither_hide_an_error_nor_become_one() {
    let definition = |last: &str| {
        let mut list: Vec<Value> = vec![json!({ "id": "a", "name": "a", "agentId": "x" })];
        list.extend((0..150).map(|place| json!({ "id": format!("t{place}"), "name": "x", "agentId": "x", "dependencies": ["a", "a"] })));
        list.push(json!({ "id": "last", "name": "x", "agentId": "x", "dependencies": [last] }));
        json!({ "id": "w", "name": "w", "version": "1", "tasks": list }).to_string()
    };
    let (plan, problems) = read_plan(&definition("a"), LIMITS);
    assert!(plan.is_some());
    assert!(problems.iter().all(|problem| problem.kind.severity() == Severity::Warning));
    let (plan, problems) = read_plan(&definition("nobody"), LIMITS);
    assert!(plan.is_none());
    assert_eq!(problems.len(), 101);
    let errors = problems.iter().filter(|problem| problem.kind.severity() == Severity::Error).map(|problem| problem.path.as_str());
    assert_eq!(errors.collect::<Vec<_>>(), ["tasks[151].dependencies[0]"]);
}

/// Finding the first of many dependencies that was named twice once took time in the square of their number.
#[test]
fn a_task_with_many_dependencies_is_read_in_one_pass() {
    let ids: Vec<String> = (0..20_000).map(|place| format!("t{place}")).collect();
    let mut list: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "name": id, "agentId": "x", "dependencies": [] })).collect();
    let mut dependencies = ids.clone();
    dependencies.push("t19999".to_owned());
    dependencies.extend((0..20_000).map(|place| format!("unknown{place}")));
    list.push(json!({ "id": "join", "name": "join", "agentId": "x", "dependencies": dependencies }));
    let (plan, problems) = read_plan(&json!({ "id": "w", "name": "w", "version": "1", "tasks": list }).to_string(), LIMITS);
    assert!(plan.is_none());
    assert_eq!(problems.len(), 101);
}

// The next ones run on the 2 MiB of a test's thread.

#[test]
fn a_chain_of_a_hundred_thousand_tasks_is_planned_runs_and_fails() {
    let chain = large(100_000, |place| {
        format!(r#""dependencies":[{}]"#, place.checked_sub(1).map(|before| format!(r#""t{before}""#)).unwrap_or_default())
    });
    let plan = planned(&chain);
    assert_edges_agree(&plan);
    let (mut execution, mut step) = (Execution::new(plan, engine::Setup::default()), Step::default());
    execution.handle(Timestamp::default(), Input::Start, &mut step);
    execution.handle(Timestamp::default(), Input::Settled(answer(0, true)), &mut step);
    assert_eq!(step.commands.len(), 2);
    execution.handle(Timestamp::default(), Input::Settled(answer(1, false)), &mut step);
    assert!(matches!(execution.phase(), Phase::Ended(_)));
    assert!(execution.tasks().iter().skip(2).all(|(_, record)| matches!(record.state, TaskState::Skipped { .. })));
}

#[test]
fn a_fan_of_a_hundred_thousand_tasks_is_planned_runs_and_is_cancelled() {
    let kind = |place| if place == 0 || place == 99_999 { r#""type":"sequential""# } else { r#""type":"parallel""# };
    let plan = planned(&large(100_000, |place| kind(place).to_owned()));
    assert_edges_agree(&plan);
    let (mut execution, mut step) = (Execution::new(plan, engine::Setup::default()), Step::default());
    execution.handle(Timestamp::default(), Input::Start, &mut step);
    execution.handle(Timestamp::default(), Input::Settled(answer(0, true)), &mut step);
    assert_eq!(step.commands.len(), 99_999);
    for task in 1..50_000 {
        execution.handle(Timestamp::default(), Input::Settled(answer(task, true)), &mut step);
    }
    execution.handle(Timestamp::default(), Input::Cancel { reason: None, force: false }, &mut step);
    let over = execution.next_deadline().unwrap();
    execution.handle(over, Input::Tick, &mut step);
    assert!(matches!(execution.phase(), Phase::Ended(_)));
}

#[test]
fn a_cycle_through_a_hundred_thousand_tasks_is_found_and_printed_in_part() {
    let text =
        large(100_000, |place| if place == 0 { r#""dependencies":["t99999"]"#.to_owned() } else { r#""dependencies":null"#.to_owned() });
    expect![[r#"
        tasks[0].dependencies: these tasks wait for each other in a cycle: t0 → (by order) t1 → (by order) t2 → (by order) t3 → (by order) t4 → (by order) t5 → (by order) t6 → (by order) t7 → (by order) t8 → (by order) t9 → (by order) t10 → (by order) t11 → (by order) t12 → (by order) t13 → (by order) t14 → (by order) t15 → (by order) t16 → (by order) t17 → (by order) t18 → (by order) t19 → (by order) t20 → … (99979 more) → t0; remove one of the edges
    "#]].assert_eq(&read(&text, LIMITS));
}

#[test]
fn a_hundred_thousand_tasks_and_one_are_too_many() {
    let text = large(100_001, |_| r#""dependencies":["nobody"]"#.to_owned());
    expect![[r#"
        tasks: 100001 tasks exceed `workflow.maxTasks` (100000); split the workflow, or raise the limit of the orchestrator: `workflow: { maxTasks: 100001 }`
    "#]]
    .assert_eq(&read(&text, LIMITS));
}

fn large(count: u32, field: impl Fn(u32) -> String) -> String {
    let task = |place| format!(r#"{{"id":"t{place}","name":"x","agentId":"x",{}}}"#, field(place));
    let tasks: Vec<String> = (0..count).map(task).collect();
    format!(r#"{{"id":"w","name":"w","version":"1","tasks":[{}]}}"#, tasks.join(","))
}

fn planned(text: &str) -> Arc<Plan> {
    let (plan, problems) = read_plan(text, LIMITS);
    assert!(problems.is_empty());
    Arc::new(plan.unwrap())
}

fn answer(task: u32, well: bool) -> Settled {
    let failure = Failure { code: "ERR_AGENT".into(), message: "no".into(), details: None, retryable: true, retry_after: None };
    let at = Timestamp::default();
    let result = if well { Ok(Output::Held) } else { Err(failure) };
    Settled { task: engine::InstanceIndex::new(task), attempt: 1, start: at, end: at, result }
}
