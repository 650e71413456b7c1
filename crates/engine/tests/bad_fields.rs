// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! Every field of `docs/workflows.md`, given something it cannot be: the place and the way out.

use engine::{Limits, read_plan};
use expect_test::{Expect, expect};
use std::fmt::Write as _;
use std::time::Duration;

/// The problems of one task beside a task `z`, for each of several lines of fields.
#[expect(clippy::needless_pass_by_value, reason = "as `expect![]` reads best")]
fn check(lines: &[&str], expect: Expect) {
    let mut told = String::new();
    for line in lines {
        let definition = match line.strip_prefix("workflow ") {
            Some(fields) => format!(r#"{{"id":"w","name":"w","version":"1",{fields}}}"#),
            None => format!(
                r#"{{"id":"w","name":"w","version":"1","tasks":[{{"id":"z","name":"z","agentId":"x"}},{{"id":"a","name":"a",{line}}}]}}"#
            ),
        };
        let limits = Limits { tasks_max: 20, depth_max: 3, default_timeout: Duration::from_secs(30), checked: true };
        let (plan, problems) = read_plan(&definition, limits);
        writeln!(told, "{line}{}", if plan.is_some() { " -> runs" } else { "" }).unwrap_or(());
        for problem in problems {
            writeln!(told, "    {}: {}", problem.path, problem.kind).unwrap_or(());
        }
    }
    expect.assert_eq(&told);
}

#[test]
fn what_a_task_is() {
    check(
        &[
            r#""type":"loop","agentId":"x""#,
            r#""agentId":"x","tasks":[]"#,
            r#""tasks":[]"#,
            r#""tasks":{}"#,
            r#""tasks":[{"id":"a","name":"n","agentId":"x"}]"#,
            r#""type":"conditional","agentId":"x""#,
            r#""type":"conditional","waitFor":{"delay":1}"#,
            r#""type":"loop","branches":[{"when":"true","tasks":[{"id":"b","name":"n","agentId":"x"}]}]"#,
            r#""type":"loop","loop":{"forEach":[1]},"waitFor":{"signal":"go"}"#,
            r#""type":"conditional","default":[{"id":"b","name":"n","agentId":"x"}]"#,
            r#""type":"conditional","tasks":[{"id":"b","name":"n","agentId":"x"}]"#,
            r#""branches":[{"when":"true","tasks":[{"id":"b","name":"n","agentId":"x"}]}]"#,
            r#""workflow":7"#,
            r#""workflow":{"id":"v","tasks":[{"id":"q"}]}"#,
        ],
        expect![[r#"
            "type":"loop","agentId":"x"
                tasks[1].loop: `loop` is missing: add `forEach`, `while` or `until`, or `conditions` beside it, which end the loop
            "agentId":"x","tasks":[]
                tasks[1]: agentId, tasks stand side by side; a task does one thing: keep one of them
            "tasks":[]
                tasks[1].tasks: must not be empty
            "tasks":{}
                tasks[1].tasks: expected an array of tasks such as [{ id: 'a', agentId: '…' }], found an object
            "tasks":[{"id":"a","name":"n","agentId":"x"}]
                tasks[1].tasks[0].id: `a` is already the id of tasks[1]; rename one of them: an id is unique in its workflow
            "type":"conditional","agentId":"x"
                tasks[1].conditions: `conditions` is missing: add `conditions` that say whether it runs, or `branches` in place of the call
            "type":"conditional","waitFor":{"delay":1}
                tasks[1].conditions: `conditions` is missing: add `conditions` that say whether it runs, or `branches` in place of the call
            "type":"loop","branches":[{"when":"true","tasks":[{"id":"b","name":"n","agentId":"x"}]}]
                tasks[1].branches: `branches` has no meaning on a task that is not conditional; write type: 'conditional'
            "type":"loop","loop":{"forEach":[1]},"waitFor":{"signal":"go"}
                tasks[1].agentId: `agentId` is missing: add the id of a registered agent or agent type; or `tasks` or `workflow`
            "type":"conditional","default":[{"id":"b","name":"n","agentId":"x"}]
                tasks[1].branches: `branches` is missing: add an array of `{ when, tasks }`, beside the `default`
            "type":"conditional","tasks":[{"id":"b","name":"n","agentId":"x"}]
                tasks[1].tasks: `tasks` has no meaning on a conditional group; put them into `branches`
            "branches":[{"when":"true","tasks":[{"id":"b","name":"n","agentId":"x"}]}]
                tasks[1].branches: `branches` has no meaning on a task that is not conditional; write type: 'conditional'
            "workflow":7
                tasks[1].workflow: expected the id of a registered workflow, or a workflow, found 7
            "workflow":{"id":"v","tasks":[{"id":"q"}]}
                tasks[1].workflow.tasks[0].agentId: `agentId` is missing: add the id of a registered agent or agent type; or `tasks`, `branches`, `workflow` or `waitFor`
        "#]],
    );
}

#[test]
fn fields_that_mean_nothing_where_they_stand() {
    check(
        &[
            r#""workflow":"","cache":true,"outputSchema":{},"compensate":{"agentId":"u"},"heartbeatTimeout":5"#,
            r#""type":"loop","loop":{"forEach":[1]},"workflow":"v","cache":true,"outputSchema":{},"compensate":{"agentId":"u"},"heartbeatTimeout":5"#,
            r#""tasks":[{"id":"b","name":"n","agentId":"x"}],"requires":["gpu"],"priority":3,"affinity":"k""#,
            r#""waitFor":{"signal":"go"},"timeout":5"#,
            r#""tasks":[{"id":"b","name":"n","agentId":"x"}],"retryPolicy":{"maxAttempts":2},"cache":true,"compensate":{"agentId":"x"},"input":{}"#,
        ],
        expect![[r#"
            "workflow":"","cache":true,"outputSchema":{},"compensate":{"agentId":"u"},"heartbeatTimeout":5
                tasks[1].cache: `cache` has no meaning on a child workflow; put it into that workflow
                tasks[1].outputSchema: `outputSchema` has no meaning on a child workflow; put it into that workflow
                tasks[1].heartbeatTimeout: `heartbeatTimeout` has no meaning on a child workflow; put it into that workflow
                tasks[1].workflow: must not be empty
            "type":"loop","loop":{"forEach":[1]},"workflow":"v","cache":true,"outputSchema":{},"compensate":{"agentId":"u"},"heartbeatTimeout":5
                tasks[1].cache: `cache` has no meaning on a loop of a child workflow; put it into that workflow
                tasks[1].outputSchema: `outputSchema` has no meaning on a loop of a child workflow; put it into that workflow
                tasks[1].heartbeatTimeout: `heartbeatTimeout` has no meaning on a loop of a child workflow; put it into that workflow
            "tasks":[{"id":"b","name":"n","agentId":"x"}],"requires":["gpu"],"priority":3,"affinity":"k"
                tasks[1].requires: `requires` has no meaning on a sequential group; put it on the tasks inside
                tasks[1].priority: `priority` has no meaning on a sequential group; put it on the tasks inside
                tasks[1].affinity: `affinity` has no meaning on a sequential group; put it on the tasks inside
            "waitFor":{"signal":"go"},"timeout":5
                tasks[1].timeout: `timeout` has no meaning on a wait; a time-out belongs inside `waitFor`; anything else to a task with an `agentId`
            "tasks":[{"id":"b","name":"n","agentId":"x"}],"retryPolicy":{"maxAttempts":2},"cache":true,"compensate":{"agentId":"x"},"input":{}
                tasks[1].input: `input` has no meaning on a sequential group; put it on the tasks inside
                tasks[1].retryPolicy: `retryPolicy` has no meaning on a sequential group; put it on the tasks inside
                tasks[1].cache: `cache` has no meaning on a sequential group; put it on the tasks inside
                tasks[1].compensate: `compensate` has no meaning on a sequential group; put it on the tasks inside
        "#]],
    );
}

#[test]
fn which_agent_and_who_has_it_first() {
    check(
        &[
            r#""requires":["gpu"],"priority":-1000,"affinity":"{{ context.user }}""#,
            r#""requires":[]"#,
            r#""agentId":"x","requires":"gpu""#,
            r#""agentId":"x","requires":["gpu",7,""]"#,
            r#""agentId":"","requires":["gpu"]"#,
            r#""agentId":"x","priority":1001"#,
            r#""agentId":"x","priority":0.5"#,
            r#""agentId":"x","affinity":7"#,
            r#""agentId":"x","affinity":"{{""#,
            r#""agentId":"x","affinity":"{{ tasks.later.output }}""#,
        ],
        expect![[r#"
            "requires":["gpu"],"priority":-1000,"affinity":"{{ context.user }}" -> runs
            "requires":[]
                tasks[1].requires: must not be empty
                tasks[1].agentId: `agentId` is missing: add the id of a registered agent or agent type; or `tasks`, `branches`, `workflow` or `waitFor`
            "agentId":"x","requires":"gpu"
                tasks[1].requires: expected an array of capabilities, found "gpu"
            "agentId":"x","requires":["gpu",7,""]
                tasks[1].requires[1]: expected a capability: a non-empty string, found 7
                tasks[1].requires[2]: expected a capability: a non-empty string, found ""
            "agentId":"","requires":["gpu"]
                tasks[1].agentId: must not be empty
            "agentId":"x","priority":1001
                tasks[1].priority: expected a whole number from -1000 to 1000, found 1001
            "agentId":"x","priority":0.5
                tasks[1].priority: expected a whole number from -1000 to 1000, found 0.5
            "agentId":"x","affinity":7
                tasks[1].affinity: expected a string, found 7; write '7'
            "agentId":"x","affinity":"{{"
                tasks[1].affinity: line 1: syntax error: unexpected end of input, expected expression
            "agentId":"x","affinity":"{{ tasks.later.output }}"
                tasks[1].affinity: it reads task `later`, which this workflow does not define; name a task before this one
        "#]],
    );
}

#[test]
fn groups_and_joins() {
    check(
        &[
            r#""type":"parallel","join":"most","tasks":[{"id":"b","name":"n","agentId":"x"}]"#,
            r#""type":"parallel","join":{"quorum":2},"tasks":[{"id":"b","name":"n","agentId":"x"}]"#,
            r#""join":"any","tasks":[{"id":"b","name":"n","agentId":"x"}]"#,
            r#""join":"any","dependencies":["z"],"tasks":[{"id":"b","name":"n","agentId":"x"}]"#,
            r#""timeout":0,"heartbeatTimeout":5,"tasks":[{"id":"b","name":"n","agentId":"x"}]"#,
            r#""agentId":"x","triggerRule":"one_failed","dependencies":["nobody"]"#,
            r#""tasks":[{"id":"b","name":"n","agentId":"x","dependencies":["z"]}]"#,
            r#""tasks":[{"id":"b","name":"n","tasks":[{"id":"c","name":"n","tasks":[{"id":"d","name":"n","agentId":"x"}]}]}]"#,
            r#""tasks":[{"id":"b","name":"n","agentId":"x","dependencies":["c"]},{"id":"c","name":"n","agentId":"x","dependencies":["b"]}]"#,
            r#""agentId":"x","onError":"ignore","totalTimeout":"soon","heartbeatTimeout":0"#,
            r#""agentId":"x","accept":["length","content","empty"]"#,
            r#""agentId":"x","accept":"length""#,
            r#""agentId":"x","accept":["cut",7,"empty"]"#,
            r#""workflow":"v","accept":["length"]"#,
            r#""agentId":"x","triggerRule":"all_failed","dependencies":[]"#,
            r#""agentId":"x","triggerRule":"always""#,
        ],
        expect![[r#"
            "type":"parallel","join":"most","tasks":[{"id":"b","name":"n","agentId":"x"}]
                tasks[1].join: must be 'all', 'settled', 'any', 'race' or { quorum: n } with n from 1 to the number of tasks, found "most"
            "type":"parallel","join":{"quorum":2},"tasks":[{"id":"b","name":"n","agentId":"x"}]
                tasks[1].join: must be 'all', 'settled', 'any', 'race' or { quorum: n } with n from 1 to the number of tasks, found an object
            "join":"any","tasks":[{"id":"b","name":"n","agentId":"x"}]
                tasks[1].join: `join` has no meaning on a sequential group; write type: 'parallel'
            "join":"any","dependencies":["z"],"tasks":[{"id":"b","name":"n","agentId":"x"}] -> runs
            "timeout":0,"heartbeatTimeout":5,"tasks":[{"id":"b","name":"n","agentId":"x"}]
                tasks[1].heartbeatTimeout: `heartbeatTimeout` has no meaning on a sequential group; put it on the tasks inside
                tasks[1].timeout: must be longer than 0 ms, found 0
            "agentId":"x","triggerRule":"one_failed","dependencies":["nobody"]
                tasks[1].dependencies[0]: task `a` depends on `nobody`, which this workflow does not define
            "tasks":[{"id":"b","name":"n","agentId":"x","dependencies":["z"]}]
                tasks[1].tasks[0].dependencies[0]: task `b` depends on `z`, which stands in another group; dependencies name siblings: put the dependency on the group
            "tasks":[{"id":"b","name":"n","tasks":[{"id":"c","name":"n","tasks":[{"id":"d","name":"n","agentId":"x"}]}]}]
                tasks[1].tasks[0].tasks[0].tasks: groups, branches, loops and inline workflows are nested deeper than `workflow.maxDepth` (3); flatten them, use child workflows by id, or raise the limit
            "tasks":[{"id":"b","name":"n","agentId":"x","dependencies":["c"]},{"id":"c","name":"n","agentId":"x","dependencies":["b"]}]
                tasks[1].tasks[0].dependencies: these tasks wait for each other in a cycle: b → c → b; remove one of the edges
            "agentId":"x","onError":"ignore","totalTimeout":"soon","heartbeatTimeout":0
                tasks[1].onError: must be 'fail', 'continue' or { continue: ['CODE', …] } with the codes of failures that do not fail the workflow, found "ignore"
                tasks[1].totalTimeout: `"soon"` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
                tasks[1].heartbeatTimeout: must be longer than 0 ms, found 0
            "agentId":"x","accept":["length","content","empty"] -> runs
            "agentId":"x","accept":"length"
                tasks[1].accept: expected an array of 'length', 'content' and 'empty', found "length"
            "agentId":"x","accept":["cut",7,"empty"]
                tasks[1].accept[0]: must be 'length', 'content' or 'empty', found "cut"
                tasks[1].accept[1]: must be 'length', 'content' or 'empty', found 7
            "workflow":"v","accept":["length"]
                tasks[1].accept: `accept` has no meaning on a child workflow; put it into that workflow
            "agentId":"x","triggerRule":"all_failed","dependencies":[]
                tasks[1].triggerRule: `all_failed` asks how dependencies ended, and this task has none; add `dependencies` or leave the rule out
            "agentId":"x","triggerRule":"always"
                tasks[1].triggerRule: must be 'none_failed_min_one_success', 'none_failed', 'all_success', 'all_failed', 'all_done', 'one_success' or 'one_failed', found "always"
        "#]],
    );
}

#[test]
fn conditions_and_branches() {
    check(
        &[
            r#""agentId":"x","conditions":"z.output""#,
            r#""agentId":"x","conditions":[]"#,
            r#""agentId":"x","conditions":[7, {"type":"x","expression":"true"}, {"expression":""}, {"evaluate":"f"}]"#,
            r#""agentId":"x","conditions":["tasks.y.output", "tasks.a.output", "tsks.z.output", "1 +", "now() > 1"]"#,
            r#""type":"conditional","branches":[]"#,
            r#""type":"conditional","branches":[{"name":"","when":"true","tasks":[{"id":"b","name":"n","agentId":"x"}]},{"name":"0","when":"true","tasks":[{"id":"c","name":"n","agentId":"x"}]},{"name":"0","when":["true"],"tasks":[{"id":"d","name":"n","agentId":"x"}]},{"name":"default","when":"true","tasks":[{"id":"e","name":"n","agentId":"x"}]}],"default":[{"id":"f","name":"n","agentId":"x"}]"#,
            r#""agentId":"x","conditions":[{"expression":7,"evaluate":{"function":"f"}}, {"function":""}, {"expresion":"true"}]"#,
            r#""type":"conditional","branches":[{"tasks":[]},{"when":"true","name":7}],"mode":"some","onNoMatch":"die","default":[]"#,
            r#""agentId":"x","conditions":["tasks.z.output.n > 1"],"dependencies":["z"],"triggerRule":"all_done""#,
        ],
        expect![[r#"
            "agentId":"x","conditions":"z.output"
                tasks[1].conditions: column 1: `z` is not defined here; there are: input, context, tasks, results, signal, execution
            "agentId":"x","conditions":[]
                tasks[1].conditions: must not be empty
            "agentId":"x","conditions":[7, {"type":"x","expression":"true"}, {"expression":""}, {"evaluate":"f"}]
                tasks[1].conditions[0]: expected an expression, { expression } or a function, found 7
                tasks[1].conditions[1].type: must be 'dependency', 'state' or 'custom', found "x"
                tasks[1].conditions[2].expression: must not be empty
                tasks[1].conditions[3].evaluate: expected a function, found "f"
            "agentId":"x","conditions":["tasks.y.output", "tasks.a.output", "tsks.z.output", "1 +", "now() > 1"]
                tasks[1].conditions[2]: column 1: `tsks` is not defined here; did you mean `tasks`?
                tasks[1].conditions[3]: column 4: expected a value, found the end
                tasks[1].conditions[4]: column 1: there is no function `now`; expressions have no clock, no randomness and no environment: pass it in the context
                tasks[1].conditions[0]: column 8: it reads task `y`, which this workflow does not define; name a task before this one
                tasks[1].conditions[1]: column 8: it reads task `a`, which is not an ancestor: a task can only read tasks that end before it; a task has nothing to read of itself before it ends
            "type":"conditional","branches":[]
                tasks[1].branches: must not be empty
            "type":"conditional","branches":[{"name":"","when":"true","tasks":[{"id":"b","name":"n","agentId":"x"}]},{"name":"0","when":"true","tasks":[{"id":"c","name":"n","agentId":"x"}]},{"name":"0","when":["true"],"tasks":[{"id":"d","name":"n","agentId":"x"}]},{"name":"default","when":"true","tasks":[{"id":"e","name":"n","agentId":"x"}]}],"default":[{"id":"f","name":"n","agentId":"x"}]
                tasks[1].branches[0].name: must not be empty
                tasks[1].branches[2].when: expected one condition (join several with `&&`), found an array of 1 item
                tasks[1].branches[2].name: `0` is already the name of another branch; choose another, so that the output tells them apart
                tasks[1].branches[3].name: `default` is already the name of another branch; choose another, so that the output tells them apart
            "agentId":"x","conditions":[{"expression":7,"evaluate":{"function":"f"}}, {"function":""}, {"expresion":"true"}]
                tasks[1].conditions[0].expression: expected a string, found 7; write '7'
                tasks[1].conditions[1]: expected a function, found an object
                tasks[1].conditions[2].expresion: unknown field `expresion`; did you mean `expression`?
            "type":"conditional","branches":[{"tasks":[]},{"when":"true","name":7}],"mode":"some","onNoMatch":"die","default":[]
                tasks[1].branches[0].when: `when` is missing: add a condition; put the tasks that run when no branch holds into `default`
                tasks[1].branches[0].tasks: must not be empty
                tasks[1].branches[1].name: expected a string, found 7; write '7'
                tasks[1].branches[1].tasks: `tasks` is missing: add an array with at least one task
                tasks[1].default: must not be empty
                tasks[1].mode: must be 'first' or 'all', found "some"
                tasks[1].onNoMatch: must be 'skip' or 'fail', found "die"
            "agentId":"x","conditions":["tasks.z.output.n > 1"],"dependencies":["z"],"triggerRule":"all_done" -> runs
                tasks[1].conditions[0]: column 15: the output of `z` is null where it did not complete; guard it, for example with tasks['z'].status == 'completed'
        "#]],
    );
}

#[test]
fn loops() {
    check(
        &[
            r#""type":"loop","agentId":"x","loop":{}"#,
            r#""type":"loop","agentId":"x","loop":{"forEach":7}"#,
            r#""type":"loop","agentId":"x","loop":{"forEach":[1],"while":"true"}"#,
            r#""type":"loop","agentId":"x","loop":{"forEach":[1],"maxIterations":3,"onLimit":"stop","keepLast":1}"#,
            r#""type":"loop","agentId":"x","loop":{"while":"true","concurrency":2,"onItemError":"skip"}"#,
            r#""type":"loop","agentId":"x","loop":{"while":"item","maxIterations":0,"keepLast":0,"onLimit":"go","until":[]}"#,
            r#""type":"loop","agentId":"x","loop":{"forEach":[1],"concurrency":0,"onItemError":"ignore","each":1}"#,
            r#""agentId":"x","loop":{"forEach":[1]}"#,
            r#""agentId":"x","input":{"data":"{{ item }}"}"#,
        ],
        expect![[r#"
            "type":"loop","agentId":"x","loop":{}
                tasks[1].loop: `loop` is missing: add `forEach`, `while` or `until`, or `conditions` beside it, which end the loop
            "type":"loop","agentId":"x","loop":{"forEach":7}
                tasks[1].loop.forEach: expected an array, or an expression that gives one, found 7
            "type":"loop","agentId":"x","loop":{"forEach":[1],"while":"true"}
                tasks[1].loop.while: `forEach` and `while` exclude each other; keep one of them
            "type":"loop","agentId":"x","loop":{"forEach":[1],"maxIterations":3,"onLimit":"stop","keepLast":1}
                tasks[1].loop.maxIterations: `maxIterations` has no meaning on a `forEach`; its list bounds it, and all its outputs are kept
                tasks[1].loop.onLimit: `onLimit` has no meaning on a `forEach`; its list bounds it, and all its outputs are kept
                tasks[1].loop.keepLast: `keepLast` has no meaning on a `forEach`; its list bounds it, and all its outputs are kept
            "type":"loop","agentId":"x","loop":{"while":"true","concurrency":2,"onItemError":"skip"}
                tasks[1].loop.concurrency: `concurrency` has no meaning on a loop without `forEach`; its passes follow each other, and a failure in one fails it
                tasks[1].loop.onItemError: `onItemError` has no meaning on a loop without `forEach`; its passes follow each other, and a failure in one fails it
            "type":"loop","agentId":"x","loop":{"while":"item","maxIterations":0,"keepLast":0,"onLimit":"go","until":[]}
                tasks[1].loop.until: `while` and `until` exclude each other; keep one of them
                tasks[1].loop.maxIterations: must be a whole number from 1 to 1000000, found 0
                tasks[1].loop.keepLast: must be a whole number from 1 to 1000000, found 0
                tasks[1].loop.onLimit: must be 'fail' or 'stop', found "go"
            "type":"loop","agentId":"x","loop":{"forEach":[1],"concurrency":0,"onItemError":"ignore","each":1}
                tasks[1].loop.each: unknown field `each`; here that is `forEach: […]`, or an expression that gives an array
                tasks[1].loop.concurrency: must be a whole number from 1 to 1000000, found 0
                tasks[1].loop.onItemError: must be 'fail', 'failAfter', 'collect' or 'skip', found "ignore"
            "agentId":"x","loop":{"forEach":[1]}
                tasks[1].loop: `loop` has no meaning on the call of an agent; write type: 'loop' beside it
            "agentId":"x","input":{"data":"{{ item }}"}
                tasks[1].input.data: `item` is not defined here; there are: input, context, tasks, results, signal, execution
        "#]],
    );
}

#[test]
fn templates_caches_waits_and_compensation() {
    check(
        &[
            r#""agentId":"x","input":{"prompt":"{{ tasks.z.output }","data":{"a":["{{ 1 + }}","{{ nobody }}","{{ tasks.y.output }}"]}}"#,
            r#""agentId":"x","cache":{"key":"{{ nobody }}","ttl":0,"for":1}"#,
            r#""agentId":"x","cache":"yes""#,
            r#""agentId":"x","cache":false"#,
            r#""agentId":"x","waitFor":{}"#,
            r#""agentId":"x","waitFor":{"delay":"soon","signal":"go"}"#,
            r#""agentId":"x","waitFor":{"signal":7,"timeout":-1,"schema":{"type":"strnig"}}"#,
            r#""agentId":"x","compensate":{"on":"always","input":7}"#,
            r#""agentId":"x","outputSchema":{"type":"strnig"}"#,
            r#""agentId":"x","conditions":["signal.payload"]"#,
            r#""agentId":"x","retryPolicy":{"maxAttempts":2,"retryOn":"ERR_X","maxElapsed":"long"}"#,
            r#""agentId":"x","retryPolicy":{"maxAttempts":2,"retryOn":[7]}"#,
        ],
        expect![[r#"
            "agentId":"x","input":{"prompt":"{{ tasks.z.output }","data":{"a":["{{ 1 + }}","{{ nobody }}","{{ tasks.y.output }}"]}}
                tasks[1].input.data.a[0]: line 1: syntax error: unexpected end of variable block
                tasks[1].input.data.a[1]: `nobody` is not defined here; there are: input, context, tasks, results, signal, execution
                tasks[1].input.prompt: line 1: syntax error: unexpected `}`, expected end of variable block
            "agentId":"x","cache":{"key":"{{ nobody }}","ttl":0,"for":1}
                tasks[1].cache.for: unknown field `for`; remove it
                tasks[1].cache.key: `nobody` is not defined here; there are: input, context, tasks, results, signal, execution
                tasks[1].cache.ttl: must be longer than 0 ms, found 0
            "agentId":"x","cache":"yes"
                tasks[1].cache: expected true, or an object with `key` and `ttl`, found "yes"
            "agentId":"x","cache":false -> runs
            "agentId":"x","waitFor":{}
                tasks[1].waitFor.signal: `signal` is missing: add the name of the signal to wait for, or a `delay`
            "agentId":"x","waitFor":{"delay":"soon","signal":"go"}
                tasks[1].waitFor.signal: `signal` has no meaning on a wait for time; wait either for time or for a signal; a group can hold one task of each
                tasks[1].waitFor.delay: `"soon"` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
            "agentId":"x","waitFor":{"signal":7,"timeout":-1,"schema":{"type":"strnig"}}
                tasks[1].waitFor.signal: expected a string, found 7; write '7'
                tasks[1].waitFor.timeout: `-1` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
                tasks[1].waitFor.schema: not a JSON Schema that can be used: "strnig" is not valid under any of the schemas listed in the 'anyOf' keyword
            "agentId":"x","compensate":{"on":"always","input":7}
                tasks[1].compensate.agentId: `agentId` is missing: add the agent that undoes the task
                tasks[1].compensate.on: must be 'completed' or 'started', found "always"
                tasks[1].compensate.input: expected an object, found 7
            "agentId":"x","outputSchema":{"type":"strnig"}
                tasks[1].outputSchema: not a JSON Schema that can be used: "strnig" is not valid under any of the schemas listed in the 'anyOf' keyword
            "agentId":"x","conditions":["signal.payload"]
                tasks[1].conditions[0]: `signal` is defined only after the task's own `waitFor`; conditions are judged before it: put the wait into a task before this one and read its output
            "agentId":"x","retryPolicy":{"maxAttempts":2,"retryOn":"ERR_X","maxElapsed":"long"}
                tasks[1].retryPolicy.retryOn: expected an array of error codes or names, found "ERR_X"
                tasks[1].retryPolicy.maxElapsed: `"long"` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
            "agentId":"x","retryPolicy":{"maxAttempts":2,"retryOn":[7]}
                tasks[1].retryPolicy.retryOn[0]: expected an error code or name, found 7
        "#]],
    );
}

#[test]
fn the_workflow_as_a_whole() {
    check(
        &[
            r#"workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"failurePolicy":"later","durability":"memory","deadline":"tomorrow","budget":{"tasks":-1,"time":"x","usd":0.25}"#,
            r#"workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"deadline":"2027-13-01T00:00:00Z","budget":7"#,
            r#"workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"deadline":0,"budget":{"tasks":1.5,"time":0,"tokens":5,"calls":5,"coins":5}"#,
            r#"workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"deadline":"9223372036854775807-01-01T00:00:00Z""#,
            r#"workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"budget":{"usd":-0.5,"tokens":1.5,"calls":"3"}"#,
            r#"workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"budget":{"usd":1000001,"tokens":9007199254740992,"calls":-1}"#,
        ],
        expect![[r#"
            workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"failurePolicy":"later","durability":"memory","deadline":"tomorrow","budget":{"tasks":-1,"time":"x","usd":0.25}
                failurePolicy: must be 'fail_fast' or 'continue', found "later"
                durability: must be 'os' or 'disk', found "memory"
                deadline: must be a duration such as '2h', or an instant such as '2027-01-31T12:00:00Z', found "tomorrow"
                budget.tasks: must be a whole number of attempts, found -1
                budget.time: `"x"` is not a duration: use milliseconds or a string such as '250ms', '30s', '5m', '2h', '1d', at most '366d'
            workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"deadline":"2027-13-01T00:00:00Z","budget":7
                deadline: must be a duration such as '2h', or an instant such as '2027-01-31T12:00:00Z', found "2027-13-01T00:00:00Z"
                budget: expected an object, found 7
            workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"deadline":0,"budget":{"tasks":1.5,"time":0,"tokens":5,"calls":5,"coins":5}
                deadline: must be a duration such as '2h', or an instant such as '2027-01-31T12:00:00Z', found 0
                budget.coins: unknown field `coins`; remove it
                budget.tasks: must be a whole number of attempts, found 1.5
                budget.time: must be longer than 0 ms, found 0
            workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"deadline":"9223372036854775807-01-01T00:00:00Z"
                deadline: must be a duration such as '2h', or an instant such as '2027-01-31T12:00:00Z', found "9223372036854775807-01-01T00:00:00Z"
            workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"budget":{"usd":-0.5,"tokens":1.5,"calls":"3"}
                budget.usd: must be an amount of US dollars from 0 to 1000000, found -0.5
                budget.tokens: must be a whole number of tokens, found 1.5
                budget.calls: must be a whole number of calls, found "3"
            workflow "tasks":[{"id":"a","name":"a","agentId":"x"}],"budget":{"usd":1000001,"tokens":9007199254740992,"calls":-1}
                budget.usd: must be an amount of US dollars from 0 to 1000000, found 1000001
                budget.tokens: must be a whole number of tokens, found 9007199254740992
                budget.calls: must be a whole number of calls, found -1
        "#]],
    );
}
