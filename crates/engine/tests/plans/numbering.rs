// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! How tasks of every level are numbered, and what a plan says of each.

use super::LIMITS;
use engine::{Plan, PlannedTask, read_plan};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use std::fmt::Write as _;

#[expect(clippy::needless_pass_by_value, reason = "as `json!` and `expect![]` read best")]
fn check(tasks: Value, expect: Expect) {
    let (plan, problems) = read_plan(&json!({ "id": "w", "name": "w", "version": "1", "tasks": tasks }).to_string(), LIMITS);
    let problems: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.path, problem.kind)).collect();
    assert_eq!(problems, [""; 0]);
    expect.assert_eq(&draw(&plan.unwrap()));
}

/// Each list with its owner, and its tasks with their numbers, places and what is not as usual.
fn draw(plan: &Plan) -> String {
    let mut text = String::new();
    for list in &plan.lists {
        writeln!(text, "{}", list.owner.map_or("root".to_owned(), |owner| format!("of {}", owner.get()))).unwrap();
        for number in list.tasks.clone() {
            let task = &plan.tasks[engine::TaskIndex::new(number)];
            writeln!(text, "  {number} {} {}{}", task.place, task.id, said(task)).unwrap();
        }
    }
    if plan.opaque { text + "opaque\n" } else { text }
}

fn said(task: &PlannedTask) -> String {
    let mut text = format!(" {}", format!("{:?}", task.kind).split([' ', '(']).next().unwrap_or_default());
    for (is, word) in [(task.cleanup, " cleanup"), (task.exclusive, " alone"), (task.plain, " plain"), (task.is_tolerant(), " tolerant")] {
        text.push_str(if is { word } else { "" });
    }
    if let Some(undo) = &task.compensate {
        write!(text, " undone by {}", undo.task.get()).unwrap();
    }
    for (time, word) in [(task.timeout, "timeout"), (task.total_timeout, "total"), (task.heartbeat_timeout, "silence")] {
        time.map_or(Ok(()), |time| write!(text, " {word} {time:?}")).unwrap();
    }
    if !task.dependencies.is_empty() {
        let numbers: Vec<String> = task.dependencies.iter().map(|task| task.get().to_string()).collect();
        write!(text, " after {}", numbers.join(" ")).unwrap();
    }
    text
}

fn call(id: &str, fields: Value) -> Value {
    let mut task = json!({ "id": id, "name": id, "agentId": "x", "timeout": 5 });
    if let (Some(task), Value::Object(fields)) = (task.as_object_mut(), fields) {
        task.extend(fields);
    }
    task
}

fn group(id: &str, fields: Value) -> Value {
    let mut task = call(id, fields);
    task.as_object_mut().map(|task| task.remove("agentId"));
    task.as_object_mut().map(|task| task.remove("timeout"));
    task
}

#[test]
fn lists_follow_each_other_outwards_in_and_siblings_are_neighbours() {
    check(
        json!([
            group(
                "g",
                json!({ "tasks": [call("a", json!({})), group("h", json!({ "type": "parallel", "tasks": [call("b", json!({})), call("c", json!({}))] }))] })
            ),
            group(
                "k",
                json!({ "type": "conditional", "branches": [{ "when": "true", "tasks": [call("d", json!({}))] }], "default": [call("e", json!({})), call("f", json!({}))] })
            ),
            group("l", json!({ "type": "loop", "loop": { "forEach": [1] }, "tasks": [call("m", json!({}))] })),
        ]),
        expect![[r#"
            root
              0 tasks[0] g Group plain
              1 tasks[1] k Choice plain after 0
              2 tasks[2] l Loop plain after 1
            of 0
              3 tasks[0].tasks[0] a Agent plain timeout 5ms
              4 tasks[0].tasks[1] h Group plain after 3
            of 1
              5 tasks[1].branches[0].tasks[0] d Agent plain timeout 5ms
            of 1
              6 tasks[1].default[0] e Agent plain timeout 5ms
              7 tasks[1].default[1] f Agent plain timeout 5ms after 6
            of 2
              8 tasks[2].tasks[0] m Agent plain timeout 5ms
            of 4
              9 tasks[0].tasks[1].tasks[0] b Agent plain timeout 5ms
              10 tasks[0].tasks[1].tasks[1] c Agent plain timeout 5ms
        "#]],
    );
}

#[test]
fn the_call_of_a_leaf_loop_is_a_list_of_its_own_and_takes_what_belongs_to_a_call() {
    check(
        json!([
            call("a", json!({})),
            call(
                "l",
                json!({ "type": "loop", "loop": { "forEach": [1] }, "dependencies": ["a"], "onError": "continue", "totalTimeout": 9, "heartbeatTimeout": 3, "cache": true, "conditions": ["true"] })
            ),
        ]),
        expect![[r#"
            root
              0 tasks[0] a Agent plain timeout 5ms
              1 tasks[1] l Loop tolerant total 9ms after 0
            of 1
              2 tasks[1] l Agent timeout 5ms silence 3ms
        "#]],
    );
}

#[test]
fn what_undoes_a_task_is_numbered_after_everything_else() {
    check(
        json!([
            call("a", json!({ "compensate": { "agentId": "y", "timeout": 7 } })),
            call("l", json!({ "type": "loop", "loop": { "forEach": [1] }, "compensate": { "agentId": "y", "on": "started" } })),
        ]),
        expect![[r#"
            root
              0 tasks[0] a Agent plain undone by 3 timeout 5ms
              1 tasks[1] l Loop plain after 0
            of 1
              2 tasks[1] l Agent plain undone by 4 timeout 5ms
            of 0
              3 tasks[0].compensate a Agent plain timeout 7ms
            of 2
              4 tasks[1].compensate l Agent plain timeout 600s
        "#]],
    );
}

#[test]
fn exclusion_is_for_calls_written_sequential_outside_parallel_groups() {
    let calls = |ids: [&str; 2]| json!([call(ids[0], json!({ "type": "sequential" })), call(ids[1], json!({ "type": "parallel" }))]);
    check(
        json!([
            call("a", json!({ "type": "sequential" })),
            group("p", json!({ "type": "parallel", "tasks": calls(["b", "c"]) })),
            group("s", json!({ "type": "sequential", "tasks": calls(["d", "e"]) })),
            group("w", json!({ "type": "sequential", "workflow": "v" })),
            group("implied", json!({ "dependencies": [], "tasks": calls(["f", "g"]) })),
        ]),
        expect![[r#"
            root
              0 tasks[0] a Agent alone plain timeout 5ms
              1 tasks[1] p Group plain after 0
              2 tasks[2] s Group plain after 1
              3 tasks[3] w Workflow plain after 2
              4 tasks[4] implied Group plain
            of 1
              5 tasks[1].tasks[0] b Agent plain timeout 5ms
              6 tasks[1].tasks[1] c Agent plain timeout 5ms
            of 2
              7 tasks[2].tasks[0] d Agent alone plain timeout 5ms
              8 tasks[2].tasks[1] e Agent plain timeout 5ms after 7
            of 4
              9 tasks[4].tasks[0] f Agent plain timeout 5ms
              10 tasks[4].tasks[1] g Agent plain timeout 5ms
        "#]],
    );
}

#[test]
fn clean_up_passes_along_dependencies_whatever_the_order_of_declaration() {
    check(
        json!([
            call("last", json!({ "dependencies": ["middle"] })),
            call("middle", json!({ "dependencies": ["first"] })),
            call("first", json!({ "dependencies": ["a"], "triggerRule": "all_done" })),
            call("both", json!({ "dependencies": ["a", "first"] })),
            call("a", json!({ "dependencies": [] })),
        ]),
        expect![[r#"
            root
              0 tasks[0] last Agent cleanup plain timeout 5ms after 1
              1 tasks[1] middle Agent cleanup plain timeout 5ms after 2
              2 tasks[2] first Agent cleanup plain timeout 5ms after 4
              3 tasks[3] both Agent plain timeout 5ms after 2 4
              4 tasks[4] a Agent plain timeout 5ms
            opaque
        "#]],
    );
}

#[test]
fn a_plan_is_opaque_while_nothing_looks_at_a_value() {
    check(
        json!([call("a", json!({ "input": { "prompt": "hi" } }))]),
        expect![[r#"
        root
          0 tasks[0] a Agent plain timeout 5ms
        opaque
    "#]],
    );
    for fields in [
        json!({ "outputSchema": {} }),
        json!({ "cache": true }),
        json!({ "input": { "data": "{{ context.n }}" } }),
        json!({ "conditions": ["true"] }),
        json!({ "waitFor": { "delay": 5 } }),
        json!({ "compensate": { "agentId": "y" } }),
    ] {
        let text = json!({ "id": "w", "name": "w", "version": "1", "tasks": [call("a", fields.clone())] }).to_string();
        assert!(!read_plan(&text, LIMITS).0.unwrap().opaque, "{fields}");
    }
    check(
        json!([group("a", json!({ "workflow": "v" }))]),
        expect![[r#"
        root
          0 tasks[0] a Workflow plain
    "#]],
    );
}
