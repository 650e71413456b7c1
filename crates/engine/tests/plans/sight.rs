// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What expressions and templates may read, and what to do instead.

use super::{LIMITS, read};
use engine::{Limits, read_plan};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The problems of the workflow with these tasks, each written in short: `agentId` stands for itself.
#[expect(clippy::needless_pass_by_value, reason = "as `json!` and `expect![]` read best")]
pub(crate) fn check(tasks: Value, expect: Expect) {
    let (_, problems) = read_plan(&workflow(&tasks), LIMITS);
    let mut text = String::new();
    for problem in problems {
        writeln!(text, "{}: {}", problem.path, problem.kind).unwrap();
    }
    expect.assert_eq(&text);
}

fn workflow(tasks: &Value) -> String {
    let mut tasks = tasks.clone();
    complete(&mut tasks);
    json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks }).to_string()
}

/// Gives every task a name, and an agent if it does nothing else.
fn complete(tasks: &mut Value) {
    for task in tasks.as_array_mut().into_iter().flatten() {
        task["name"] = json!("x");
        let only_waits = task.get("waitFor").is_some() && task["id"] == "wait";
        if !only_waits && ["tasks", "branches", "workflow", "agentId"].iter().all(|field| task.get(field).is_none()) {
            task["agentId"] = json!("x");
        }
        for field in ["tasks", "default"] {
            task.get_mut(field).map(complete);
        }
        for branch in task.get_mut("branches").and_then(Value::as_array_mut).into_iter().flatten() {
            branch.get_mut("tasks").map(complete);
        }
    }
}

pub(crate) fn reads(source: &str) -> Value {
    json!([source])
}

#[test]
fn what_came_before_is_in_sight_however_far_and_through_groups() {
    check(
        json!([
            { "id": "a" },
            { "id": "b" },
            { "id": "g", "tasks": [
                { "id": "c", "conditions": reads("tasks.a.output == tasks.b.output") },
                { "id": "h", "tasks": [{ "id": "d", "conditions": reads("results.a == 1 && tasks.c.status == 'completed'") }] },
            ] },
            { "id": "e", "conditions": reads("tasks.g.output.c == 1") },
        ]),
        expect![[r#""#]],
    );
}

#[test]
fn a_stranger_is_named_with_the_way_to_it() {
    check(
        json!([
            { "id": "first", "type": "parallel", "conditions": reads("tasks.beside.output") },
            { "id": "beside", "type": "parallel", "conditions": reads("tasks.first.output && tasks.inner.output") },
            { "id": "g", "conditions": reads("tasks.inner.output"), "tasks": [
                { "id": "inner", "conditions": reads("tasks.g.output || tasks.later.output") },
                { "id": "k", "type": "conditional", "branches": [
                    { "when": "tasks.x.output", "tasks": [{ "id": "x" }] },
                    { "when": "true", "tasks": [{ "id": "y", "conditions": reads("tasks.x.output || tasks.inner.status == 'skipped'") }] },
                ] },
            ] },
            { "id": "later", "conditions": reads("tasks.x.output || tasks.later.output || tasks.frist.output || tasks.nobody.output") },
        ]),
        expect![[r#"
            tasks[0].conditions[0]: column 13: it reads task `beside`, which is not an ancestor: a task can only read tasks that end before it; add `beside` to `dependencies`
            tasks[1].conditions[0]: column 12: it reads task `first`, which is not an ancestor: a task can only read tasks that end before it; add `first` to `dependencies`
            tasks[1].conditions[0]: column 34: it reads task `inner`, which is not an ancestor: a task can only read tasks that end before it; it stands inside `g`; read the output of `g`
            tasks[2].conditions[0]: column 12: it reads task `inner`, which is not an ancestor: a task can only read tasks that end before it; it stands inside this task, which has not begun
            tasks[3].conditions[0]: column 8: it reads task `x`, which is not an ancestor: a task can only read tasks that end before it; it stands inside `g`; read the output of `g`
            tasks[3].conditions[0]: column 30: it reads task `later`, which is not an ancestor: a task can only read tasks that end before it; a task has nothing to read of itself before it ends
            tasks[3].conditions[0]: column 52: it reads task `frist`, which this workflow does not define; did you mean `first`?
            tasks[3].conditions[0]: column 75: it reads task `nobody`, which this workflow does not define; name a task before this one
            tasks[2].tasks[0].conditions[0]: column 8: it reads task `g`, which is not an ancestor: a task can only read tasks that end before it; this stands in `g`; read the tasks before it there
            tasks[2].tasks[0].conditions[0]: column 30: it reads task `later`, which is not an ancestor: a task can only read tasks that end before it; add `later` to the `dependencies` of `g`, the group around this task
            tasks[2].tasks[1].branches[0].when: column 8: it reads task `x`, which is not an ancestor: a task can only read tasks that end before it; it stands inside this task, which has not begun
            tasks[2].tasks[1].branches[1].tasks[0].conditions[0]: column 8: it reads task `x`, which is not an ancestor: a task can only read tasks that end before it; it stands in another part of `k`; put what it gives where both see it
        "#]],
    );
}

#[test]
fn a_template_that_reads_a_stranger_is_found_in_its_input() {
    check(
        json!([
            { "id": "a", "input": { "prompt": "tasks.b", "data": { "list": ["plain tasks.b", { "deep": "{{ tasks.b.output }}" }] } } },
            { "id": "b", "input": { "prompt": "{{ tasks.nobody.output }}", "data": "{{ tasks.a.output }}" }, "cache": { "key": "{{ tasks.c.output }}" } },
            { "id": "c", "compensate": { "agentId": "u", "input": { "data": ["{{ tasks.c.output }}", "{{ tasks.a.output }}", "{{ tasks.d.output }}"] } } },
            { "id": "d", "compensate": { "agentId": "u", "on": "started", "input": { "data": "{{ tasks.d.output }}" } } },
        ]),
        expect![[r#"
            tasks[0].input.data.list[1].deep: it reads task `b`, which is not an ancestor: a task can only read tasks that end before it; add `b` to `dependencies`
            tasks[1].input.prompt: it reads task `nobody`, which this workflow does not define; name a task before this one
            tasks[1].cache.key: it reads task `c`, which is not an ancestor: a task can only read tasks that end before it; add `c` to `dependencies`
            tasks[2].compensate.input.data[2]: it reads task `d`, which is not an ancestor: a task can only read tasks that end before it; add `d` to `dependencies`
            tasks[3].compensate.input.data: the output of `d` is null where it did not complete; guard it, for example with tasks['d'].status == 'completed'
        "#]],
    );
    check(
        json!([{ "id": "d", "compensate": { "agentId": "u", "on": "started", "input": { "data": "{{ tasks.d.output }}" } } }]),
        expect![[r#"
            tasks[0].compensate.input.data: the output of `d` is null where it did not complete; guard it, for example with tasks['d'].status == 'completed'
        "#]],
    );
}

#[test]
fn the_tasks_of_a_workflow_inside_see_each_other_alone() {
    check(
        json!([
            { "id": "a" },
            { "id": "child", "workflow": { "id": "v", "name": "v", "version": "1", "tasks": [
                { "id": "b", "name": "b", "agentId": "x", "conditions": reads("tasks.a.output || tasks.c.output") },
                { "id": "c", "name": "c", "agentId": "x", "input": { "data": "{{ tasks.d.output }}" } },
            ] } },
        ]),
        expect![[r#"
            tasks[1].workflow.tasks[0].conditions[0]: column 8: it reads task `a`, which this workflow does not define; name a task before this one
            tasks[1].workflow.tasks[0].conditions[0]: column 26: it reads task `c`, which is not an ancestor: a task can only read tasks that end before it; add `c` to `dependencies`
            tasks[1].workflow.tasks[1].input.data: it reads task `d`, which this workflow does not define; name a task before this one
        "#]],
    );
}

#[test]
fn a_loop_sees_its_latest_pass_between_passes() {
    check(
        json!([
            { "id": "u", "type": "loop", "loop": { "until": ["tasks.a.output", "tasks.u.output", "tasks.b.output"] }, "tasks": [{ "id": "a" }, { "id": "b", "conditions": reads("index > 0") }] },
            { "id": "w", "type": "loop", "loop": { "while": ["tasks.c.output", "iteration == 0 || tasks.c.output", "tasks.w.output", "tasks.c.status == 'completed' && tasks.c.output"] }, "tasks": [{ "id": "c" }] },
            { "id": "again", "type": "loop", "conditions": reads("tasks.d.output || tasks.a.output"), "tasks": [{ "id": "d", "conditions": reads("tasks.again.output") }] },
            { "id": "deep", "type": "loop", "loop": { "until": "tasks.h.output.i && tasks.i.output" }, "tasks": [{ "id": "h", "tasks": [{ "id": "i" }] }] },
            { "id": "undone", "type": "loop", "loop": { "forEach": [1] }, "compensate": { "agentId": "u", "input": { "data": "{{ tasks.undone.output }}" } } },
            { "id": "poll", "type": "loop", "loop": { "until": "tasks.poll.output.done" }, "input": { "data": "{{ last }} {{ tasks.poll.output }}" } },
        ]),
        expect![[r#"
            tasks[0].loop.until[2]: column 8: the output of `b` is null where it did not complete; guard it, for example with tasks['b'].status == 'completed'
            tasks[1].loop.while[0]: column 8: `c` has given nothing when `while` is first judged; guard it with `iteration == 0 || …`, or use `until`
            tasks[1].loop.while[2]: column 8: `w` has given nothing when `while` is first judged; guard it with `iteration == 0 || …`, or use `until`
            tasks[2].conditions[0]: column 8: the output of `d` is null where it did not complete; guard it, for example with tasks['d'].status == 'completed'
            tasks[2].conditions[0]: column 26: it reads task `a`, which is not an ancestor: a task can only read tasks that end before it; it stands inside `u`; read the output of `u`
            tasks[3].loop.until: column 28: it reads task `i`, which is not an ancestor: a task can only read tasks that end before it; it stands deeper inside `deep`; read the output of the group around it
            tasks[2].tasks[0].conditions[0]: column 12: it reads task `again`, which is not an ancestor: a task can only read tasks that end before it; inside a loop, `last` is what its last pass gave
            tasks[5].input.data: it reads task `poll`, which is not an ancestor: a task can only read tasks that end before it; inside a loop, `last` is what its last pass gave
        "#]],
    );
}

#[test]
fn variables_of_a_loop_are_for_what_is_inside() {
    check(
        json!([
            { "id": "outer", "type": "loop", "loop": { "forEach": "context.list", "concurrency": 2 }, "conditions": reads("item == 1"), "tasks": [
                { "id": "a", "conditions": reads("item.n > outer.index && last == null") },
                { "id": "inner", "type": "loop", "loop": { "forEach": "item.children" }, "input": { "data": "{{ item }} of {{ outer.item }} {{ inner.index }}" } },
            ] },
            { "id": "after", "conditions": reads("outer.item == 1") },
        ]),
        expect![[r#"
            tasks[0].conditions[0]: column 1: `item` is not defined here; there are: input, context, tasks, results, signal, execution
            tasks[1].conditions[0]: column 1: `outer` is not defined here; there are: input, context, tasks, results, signal, execution
        "#]],
    );
}

#[test]
fn a_signal_is_in_sight_after_the_tasks_own_wait() {
    check(
        json!([
            { "id": "wait", "waitFor": { "signal": "go" } },
            { "id": "a", "waitFor": { "signal": "go" }, "input": { "data": "{{ signal.payload }}" }, "cache": { "key": "{{ signal.payload }}" } },
            { "id": "b", "waitFor": { "signal": "go" }, "conditions": reads("signal.payload") },
            { "id": "c", "input": { "data": { "n": 1, "s": "{{ signal.payload }}" } } },
            { "id": "d", "type": "loop", "waitFor": { "signal": "go" }, "loop": { "until": "signal.payload.stop" }, "input": { "data": "{{ signal.payload }}" } },
            { "id": "e", "waitFor": { "signal": "go" }, "compensate": { "agentId": "u", "input": { "data": "{{ signal.payload }}" } } },
        ]),
        expect![[r#"
            tasks[2].conditions[0]: `signal` is defined only after the task's own `waitFor`; conditions are judged before it: put the wait into a task before this one and read its output
            tasks[3].input.data.s: `signal` is defined only after the task's own `waitFor`; add `waitFor`, or put the wait into a task before this one and read its output
            tasks[5].compensate.input.data: `signal` is defined only after the task's own `waitFor`; read what the task gave instead
        "#]],
    );
}

#[test]
fn an_output_that_may_be_missing_is_a_warning_unless_it_is_guarded() {
    let skippable = |reader: Value| {
        let mut tasks = json!([{ "id": "a" }, { "id": "b", "conditions": reads("context.on") }]);
        tasks.as_array_mut().unwrap().extend(reader.as_array().unwrap().clone());
        tasks
    };
    // After a diamond the task before it certainly completed; one arm of two did not.
    check(
        skippable(json!([
            { "id": "c", "dependencies": ["a"], "conditions": reads("context.on") },
            { "id": "d", "dependencies": ["b", "c"], "conditions": ["tasks.a.output", "tasks.b.output"] },
        ])),
        expect![[r#"
            tasks[3].conditions[1]: column 8: the output of `b` is null where it did not complete; guard it, for example with tasks['b'].status == 'completed'
        "#]],
    );
    check(
        skippable(json!([
            { "id": "by_order", "conditions": ["tasks.b.output", "tasks.a.output"] },
            { "id": "guarded", "conditions": ["tasks.b.output != null && tasks.b.output > 1", "tasks.b.status == 'completed' && tasks.b.output"] },
        ])),
        expect![[r#"
            tasks[2].conditions[0]: column 8: the output of `b` is null where it did not complete; guard it, for example with tasks['b'].status == 'completed'
        "#]],
    );
    check(skippable(json!([{ "id": "strict", "dependencies": ["b"], "conditions": reads("tasks.b.output") }])), expect![[r#""#]]);
    check(
        json!([
            { "id": "a", "onError": "continue" },
            { "id": "b", "conditions": reads("tasks.a.output") },
            { "id": "k", "type": "conditional", "branches": [{ "when": "true", "tasks": [{ "id": "x" }] }] },
            { "id": "c", "conditions": reads("tasks.k.output.branch == '0'") },
        ]),
        expect![[r#"
            tasks[1].conditions[0]: column 8: the output of `a` is null where it did not complete; guard it, for example with tasks['a'].status == 'completed'
            tasks[3].conditions[0]: column 15: the output of `k` is null where it did not complete; guard it, for example with tasks['k'].status == 'completed'
        "#]],
    );
    // Behind a clean-up task, and in a group that is one.
    check(
        json!([
            { "id": "a" },
            { "id": "clean", "dependencies": ["a"], "triggerRule": "all_done" },
            { "id": "after", "dependencies": ["clean"], "conditions": reads("tasks.a.output") },
            { "id": "g", "dependencies": ["a"], "triggerRule": "one_failed", "tasks": [{ "id": "x", "conditions": reads("tasks.a.output") }] },
        ]),
        expect![[r#"
            tasks[2].conditions[0]: column 8: the output of `a` is null where it did not complete; guard it, for example with tasks['a'].status == 'completed'
            tasks[3].tasks[0].conditions[0]: column 8: the output of `a` is null where it did not complete; guard it, for example with tasks['a'].status == 'completed'
        "#]],
    );
}

#[test]
fn without_validation_nothing_is_looked_for_but_what_cannot_run() {
    let limits = Limits { checked: false, ..LIMITS };
    let tasks = json!([{ "id": "a", "onError": "continue", "conditions": reads("tasks.nobody.output || signal.payload") }, { "id": "b", "dependencies": ["a", "a"], "conditions": reads("tasks.a.output") }]);
    expect![[r#"
        a (by order), before b
        b after a
    "#]]
    .assert_eq(&read(&workflow(&tasks), limits));
    let tasks = json!([{ "id": "a", "conditions": reads("1 +"), "dependencies": ["nobody"] }]);
    expect![[r#"
        tasks[0].conditions[0]: column 4: expected a value, found the end
        tasks[0].dependencies[0]: task `a` depends on `nobody`, which this workflow does not define
    "#]]
    .assert_eq(&read(&workflow(&tasks), limits));
}

/// Each expression once walked back over everything before it, and a chain of them took time in the square of its length.
#[test]
fn twenty_thousand_tasks_may_all_look_back() {
    let count = 20_000;
    let task = |place: usize| {
        let far = place.saturating_sub(place / 2 + 1);
        let near = place.saturating_sub(2);
        let condition =
            if place == 0 { "true".to_owned() } else { format!("tasks.t0.output || tasks.t{far}.output || tasks.t{near}.status == 'x'") };
        format!(r#"{{"id":"t{place}","name":"x","agentId":"x","conditions":["{condition}"]}}"#)
    };
    let tasks: Vec<String> = (0..count).map(task).collect();
    let (plan, problems) = read_plan(&format!(r#"{{"id":"w","name":"w","version":"1","tasks":[{}]}}"#, tasks.join(",")), LIMITS);
    assert!(plan.is_some());
    // All may be skipped by their conditions.
    assert_eq!(problems.len(), 101);
}
