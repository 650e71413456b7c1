// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What is certainly not there, or does not come after what it seems to come after, is warned of.

use super::sight::{check, reads};
use expect_test::expect;
use serde_json::json;

// Two parallel groups one after the other, as a list of steps is written elsewhere, ran at the same time, and nothing said so.
#[test]
fn groups_one_after_the_other_run_at_the_same_time() {
    let group = |id: &str, rest: serde_json::Value| {
        let mut group = json!({ "id": id, "type": "parallel", "tasks": [{ "id": format!("{id}-a") }, { "id": format!("{id}-b") }] });
        group.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        group
    };
    let plain = |id: &str| group(id, json!({}));
    check(
        json!([plain("build"), plain("test"), plain("deploy")]),
        expect![[r#"
        tasks[1].dependencies: `build` and `test` run at the same time, since the order of `parallel` tasks means nothing; to run `test` after it write `dependencies: ['build']` here, and to say that they belong side by side put both into one `parallel` group
        tasks[2].dependencies: `test` and `deploy` run at the same time, since the order of `parallel` tasks means nothing; to run `deploy` after it write `dependencies: ['test']` here, and to say that they belong side by side put both into one `parallel` group
    "#]],
    );
    // In the list of a group, a branch and a loop, and in a workflow inside a task.
    check(
        json!([
            { "id": "g", "tasks": [plain("a"), plain("b")] },
            { "id": "k", "type": "conditional", "branches": [{ "when": "true", "tasks": [plain("c"), plain("d")] }] },
            { "id": "l", "type": "loop", "loop": { "forEach": [1] }, "tasks": [plain("e"), plain("f")] },
            { "id": "w", "workflow": { "id": "w", "name": "w", "version": "1", "tasks": [
                { "id": "x", "name": "x", "type": "parallel", "tasks": [{ "id": "y", "name": "y", "agentId": "x" }] },
                { "id": "z", "name": "z", "type": "parallel", "tasks": [{ "id": "v", "name": "v", "agentId": "x" }] },
            ] } },
        ]),
        expect![[r#"
            tasks[3].workflow.tasks[1].dependencies: `x` and `z` run at the same time, since the order of `parallel` tasks means nothing; to run `z` after it write `dependencies: ['x']` here, and to say that they belong side by side put both into one `parallel` group
            tasks[0].tasks[1].dependencies: `a` and `b` run at the same time, since the order of `parallel` tasks means nothing; to run `b` after it write `dependencies: ['a']` here, and to say that they belong side by side put both into one `parallel` group
            tasks[1].branches[0].tasks[1].dependencies: `c` and `d` run at the same time, since the order of `parallel` tasks means nothing; to run `d` after it write `dependencies: ['c']` here, and to say that they belong side by side put both into one `parallel` group
            tasks[2].tasks[1].dependencies: `e` and `f` run at the same time, since the order of `parallel` tasks means nothing; to run `f` after it write `dependencies: ['e']` here, and to say that they belong side by side put both into one `parallel` group
        "#]],
    );
    // Not where somebody says what is meant: dependencies, another task between them, or one group around both.
    check(
        json!([
            plain("a"), group("b", json!({ "dependencies": ["a"] })), group("c", json!({ "dependencies": [] })), { "id": "d" }, plain("e"), { "id": "f", "type": "parallel" },
            { "id": "g", "type": "parallel", "tasks": [plain("h"), plain("i")], "dependencies": ["e"] },
        ]),
        expect![[r#""#]],
    );
}

// `tasks.x.ouput`, `execution.idd` and `{{ input.name | uper }}` were found when they were come to, which was in production.
#[test]
fn a_field_that_nothing_has_is_warned_of() {
    check(
        json!([
            { "id": "a" },
            { "id": "b", "conditions": reads("tasks.a.ouput == 1 && has(tasks.a.error.mesage) && tasks['a']['stats'] == 'x' && tasks.a.error.message != ''") },
            { "id": "c", "conditions": reads("execution.idd == 'x' || execution['startetAt'] > 1 || tasks.a.output.anything.at.all == 1 || input.x.y == context.z") },
            { "id": "d", "waitFor": { "signal": "s" }, "input": { "prompt": "{{ signal.playload.a }} {{ signal.payload.b }}" } },
            { "id": "l", "type": "loop", "loop": { "forEach": [1] }, "tasks": [
                { "id": "e", "conditions": reads("l.itme == 1 || l.item == 1 || l.index == 1 || item.itme == 1") },
            ] },
            { "id": "f", "conditions": reads("input.list.all(tasks, tasks.a.ouput == 1)") },
            { "id": "g", "conditions": reads("tasks.a.status == 'complete' || 'done' != tasks.a.status || tasks.a.status in ['failed', 'canceled'] || tasks.a.output.status == 'done'") },
        ]),
        expect![[r#"
            tasks[1].conditions[0]: column 8: `tasks.a` has no `ouput`; did you mean `output`?
            tasks[1].conditions[0]: column 23: `tasks.a.error` has no `mesage`; did you mean `message`?
            tasks[1].conditions[0]: column 62: `tasks.a` has no `stats`; did you mean `status`?
            tasks[2].conditions[0]: column 10: `execution` has no `idd`; did you mean `id`?
            tasks[2].conditions[0]: column 34: `execution` has no `startetAt`; did you mean `startedAt`?
            tasks[3].input.prompt: `signal` has no `playload`; did you mean `payload`?
            tasks[6].conditions[0]: column 19: `tasks.a.status` is never `complete`; did you mean `completed`?
            tasks[6].conditions[0]: column 33: `tasks.a.status` is never `done`; there are: pending, waiting, running, completed, failed, skipped, cancelled
            tasks[6].conditions[0]: column 79: `tasks.a.status` is never `canceled`; did you mean `cancelled`?
            tasks[4].tasks[0].conditions[0]: column 2: `l` has no `itme`; did you mean `item`?
        "#]],
    );
}

#[test]
fn a_member_that_the_output_of_a_group_never_has_is_warned_of() {
    check(
        json!([
            { "id": "g", "tasks": [{ "id": "fetch" }, { "id": "parse" }] },
            { "id": "k", "type": "conditional", "branches": [{ "when": "true", "tasks": [{ "id": "x" }] }], "onNoMatch": "fail" },
            { "id": "l", "type": "loop", "loop": { "until": "true" }, "tasks": [{ "id": "y" }] },
            { "id": "a", "conditions": reads("tasks.g.output.fecth == 1 || results.g.parse == 1 || results.k.outptu == 1 || results.k.output.x == 1 || results.l.z == 1") },
            { "id": "b", "input": { "data": { "list": ["{{ tasks.g.output.fetch }}", "{{ tasks['g'].output.prase }}"] } } },
        ]),
        expect![[r#"
            tasks[3].conditions[0]: column 15: `tasks.g.output` never has `fecth`; did you mean `fetch`?
            tasks[3].conditions[0]: column 63: `tasks.k.output` never has `outptu`; did you mean `output`?
            tasks[3].conditions[0]: column 115: `tasks.l.output` never has `z`; it has y
            tasks[4].input.data.list[1]: `tasks.g.output` never has `prase`; did you mean `parse`?
        "#]],
    );
}

#[test]
fn filters_tests_and_methods_that_there_are_not_are_warned_of() {
    check(
        json!([
            { "id": "a" },
            { "id": "b", "input": { "prompt": "{{ input.name | uper }} {{ input.name|upper }} {{ 'a | b' }} a | b {{ input.n | round(1) | defualt('x') }}" } },
            { "id": "c", "input": { "data": ["{{ input.x | tojson }}", "{% if input.x is definde and input.y is not defined and input.z is not nome %}1{% endif %}"] } },
            { "id": "d", "input": { "prompt": "{{ input.name.upper() }} {{ tasks.a.output['x'][0].items() }} {% for item in input.list %}{{ loop.cycle(1, 2) }}{{ item.strip() }}{% endfor %}" } },
            { "id": "e", "input": { "prompt": "{{ tasks.a.ouput }} tasks.a.ouput {# tasks.a.ouput #} {{ tasks['a'].duration }} {{ execution.idd }}" }, "cache": { "key": "{{ input.a | md5 }}" } },
            { "id": "f", "input": { "prompt": "{{ range(3) | list }} {{ dict(a=1) }} {{ input.x if input.x is mapping else input.y }} {{ input.price * 2 | int }}" } },
        ]),
        expect![[r#"
            tasks[1].input.prompt: there is no filter `uper`; did you mean `upper`?
            tasks[1].input.prompt: there is no filter `defualt`; did you mean `default`?
            tasks[2].input.data[0]: there is no filter `tojson`; leave it out: objects and arrays are JSON wherever they stand in a string
            tasks[2].input.data[1]: there is no test `definde`; did you mean `defined`?
            tasks[2].input.data[1]: there is no test `nome`; did you mean `none`?
            tasks[3].input.prompt: there is no method `upper`; write `| upper`, which is a filter
            tasks[3].input.prompt: there is no method `items`; write `| items`, which is a filter
            tasks[4].input.prompt: `tasks.a` has no `ouput`; did you mean `output`?
            tasks[4].input.prompt: `tasks.a` has no `duration`; did you mean `durationMs`?
            tasks[4].input.prompt: `execution` has no `idd`; did you mean `id`?
            tasks[4].cache.key: there is no filter `md5`; there are: abs, attr, batch, bool, capitalize, chain, default, dictsort, escape, first, float, format, groupby, indent, int, items, join, last, length, lines, list, lower, map, max, min, pprint, reject, rejectattr, replace, reverse, round, safe, select, selectattr, slice, sort, split, string, sum, title, trim, unique, upper, zip
        "#]],
    );
}
