// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
//! What the words of other products are called here. People bring them along, and "remove it" would leave them without a way on.

/// The words for the fields of one kind of object, each with what to write here in their place.
type Words = &'static [(&'static [&'static str], &'static str)];

/// By a field that only objects of this kind have.
const TABLE: &[(&str, Words)] = &[
    ("failurePolicy", WORKFLOW),
    ("triggerRule", TASK),
    ("backoffType", RETRY_POLICY),
    ("forEach", LOOP),
    ("when", BRANCH),
    ("prompt", INPUT),
    ("signal", WAIT),
    ("ttl", CACHE),
];

const WORKFLOW: Words = &[
    (&["steps", "nodes", "jobs", "stages", "activities", "actions", "states", "task", "flow"], "`tasks: [{ id, agentId }, …]`"),
    (&["edges", "links", "transitions", "graph"], "`dependencies` of each task: the ids that must end before it"),
    (
        &["agents", "workers", "functions", "handlers"],
        "`agentPool.registerAgents({ … })`: agents are registered, and tasks name them by `agentId`",
    ),
    (
        &["input", "inputs", "inputSchema", "contextSchema", "params", "parameters", "schema", "triggerSchema", "eventSchema"],
        "`context`: a schema that judges the context of each execution",
    ),
    (
        &["output", "outputs", "outputSchema", "returns", "result", "results"],
        "`outputSchema` of a task; `execution.results` has the outputs by task",
    ),
    (&["timeout", "maxDuration", "executionTimeout", "workflowTimeout", "timeoutSeconds"], "`deadline: '2h'`"),
    (&["retries", "retry", "retryPolicy", "retryConfig", "maxRetries"], "`retryPolicy` of each task"),
    (&["schedule", "cron", "trigger", "triggers", "on", "every"], "`orchestrator.scheduleWorkflow(workflow, { cron })`"),
    (
        &["concurrency", "maxConcurrency", "parallelism"],
        "`options.concurrency` of `executeWorkflow`, or `workflow.maxConcurrentWorkflows` of the configuration",
    ),
    (&["onError", "errorPolicy", "onFailure", "failFast", "continueOnError"], "`failurePolicy: 'fail_fast'` or `'continue'`"),
    (
        &["durable", "persist", "persistence"],
        "`durability: 'os'` or `'disk'`; whether anything is recorded is said by `storage` of the configuration",
    ),
    (&["title", "label", "displayName"], "`name`"),
    (&["workflowId", "slug", "key"], "`id`"),
    (&["tags", "author", "labels", "meta", "annotations"], "`metadata: { … }`"),
    (&["state", "variables", "vars", "env", "data"], "the context: the second argument of `executeWorkflow`"),
    (
        &["model", "models", "tools", "llm", "prompt"],
        "a matter of agents: `agentPool.registerAgent({ id, type: 'llm', configuration: { model } })`",
    ),
];

const TASK: Words = &[
    (
        &["dependsOn", "depends", "needs", "after", "upstream", "previous", "parents", "runAfter", "deps", "requiresTasks", "waitForTasks"],
        "`dependencies: ['id', …]`, the ids of siblings that must end before",
    ),
    (&["then", "next", "goto", "edges", "nextStep", "onSuccess", "to"], "`dependencies: ['id', …]` of the task that comes after"),
    (
        &[
            "agent",
            "agentName",
            "agentType",
            "actor",
            "assignee",
            "worker",
            "uses",
            "run",
            "execute",
            "executor",
            "handler",
            "fn",
            "func",
            "function",
            "action",
            "activity",
            "call",
            "step",
        ],
        "`agentId: 'name'`: what `agentPool.registerAgentType('name', …)` has registered",
    ),
    (&["steps", "nodes", "jobs", "stages", "activities", "children", "subtasks"], "`tasks: [{ id, agentId }, …]`"),
    (
        &["retries", "retry", "maxRetries", "maxAttempts", "attempts", "retryLimit", "retryCount", "retryConfig", "retryStrategy"],
        "`retryPolicy: { maxAttempts: 3 }`, all attempts, including the first",
    ),
    (
        &["backoff", "retryDelay", "retryBackoff", "delayBetweenRetries"],
        "`retryPolicy: { maxAttempts: 3, backoffType: 'exponential', initialDelay: '1s' }`",
    ),
    (&["prompt", "instructions", "instruction", "message", "messages", "question", "text", "goal"], "`input: { prompt: '…' }`"),
    (
        &[
            "data",
            "args",
            "arguments",
            "params",
            "parameters",
            "inputs",
            "inputData",
            "payload",
            "props",
            "variables",
            "vars",
            "with",
            "body",
        ],
        "`input: { data: … }`",
    ),
    (&["inputSchema", "schema", "validate", "argsSchema"], "`input: { schema: … }`, or `outputSchema` for what it returns"),
    (
        &["output", "outputs", "returns", "resultSchema", "responseSchema", "responseFormat", "outputType", "expectedOutput"],
        "`outputSchema: …`",
    ),
    (&["if", "condition", "when", "runIf", "onlyIf", "filter", "guard"], "`conditions: ['context.count > 0']`"),
    (&["unless", "skipIf", "skipWhen"], "`conditions: ['!(…)']`"),
    (&["forEach", "each", "map", "items", "over", "withItems", "itemsPath", "matrix"], "`type: 'loop'` with `loop: { forEach: … }`"),
    (&["while", "until", "repeat", "times", "maxIterations", "iterations"], "`type: 'loop'` with `loop: { while: …, maxIterations: … }`"),
    (
        &["maxConcurrency", "concurrency", "parallelism", "batchSize"],
        "`loop: { forEach: …, concurrency: 4 }` of a loop, or `maxConcurrency` of the type of agent",
    ),
    (&["parallel"], "`type: 'parallel'` with `tasks: […]`"),
    (&["cases", "switch", "choices", "options", "routes", "router"], "`type: 'conditional'` with `branches: [{ when, tasks }]`"),
    (&["else", "otherwise"], "`default: […]` beside `branches`"),
    (
        &["catch", "onFailure", "onFail", "errorHandler", "fallbackAgent", "recover"],
        "`fallback: { agentId: '…' }`, or a task with `triggerRule: 'one_failed'`",
    ),
    (&["continueOnError", "continueOnFail", "allowFailure", "ignoreErrors", "ignoreError", "optional"], "`onError: 'continue'`"),
    (&["runOn", "runWhen", "joinPolicy", "waitForAll", "always"], "`triggerRule: 'all_done'`"),
    (&["rollback", "undo", "compensation", "compensateWith"], "`compensate: { agentId: '…' }`"),
    (&["cacheKey", "cacheTtl", "memoize", "ttl"], "`cache: { key, ttl }`"),
    (&["sleep", "delay", "wait", "pause", "waitUntil"], "`waitFor: { delay: '5m' }`"),
    (
        &["signal", "event", "waitForEvent", "waitForSignal", "approval", "suspend", "interrupt", "humanInput", "human"],
        "`waitFor: { signal: '…', timeout: '1d' }`",
    ),
    (
        &["timeoutMs", "timeoutSeconds", "timeoutMinutes", "maxDuration", "startToCloseTimeout", "executionTimeout"],
        "`timeout: '30s'` for one attempt",
    ),
    (&["scheduleToCloseTimeout", "deadline", "maxElapsed"], "`totalTimeout: '10m'`, all attempts together"),
    (&["heartbeat", "heartbeatInterval"], "`heartbeatTimeout: '30s'`"),
    (&["subworkflow", "childWorkflow", "workflowId", "workflowName", "flow"], "`workflow: 'id'`, or a workflow as data"),
    (&["skills", "capabilities", "tags", "runsOn", "labels"], "`requires: ['capability', …]`"),
    (&["kind", "mode"], "`type`"),
    (&["title", "label", "displayName", "description"], "`name`"),
    (&["taskId", "key", "slug", "nodeId", "stepId"], "`id`"),
    (
        &["model", "tools", "llm", "temperature", "systemPrompt", "system", "maxTokens", "role"],
        "a matter of the agent: `agentPool.registerAgent({ id, type: 'llm', configuration: { model } })`, and `agentId` names it",
    ),
];

const RETRY_POLICY: Words = &[
    (
        &["attempts", "retries", "maxRetries", "maximumAttempts", "max", "limit", "times", "count", "tries"],
        "`maxAttempts`, all attempts, including the first",
    ),
    (
        &[
            "backoff",
            "strategy",
            "type",
            "backoffStrategy",
            "kind",
            "factor",
            "multiplier",
            "backoffCoefficient",
            "backoffFactor",
            "exponential",
        ],
        "`backoffType: 'fixed'`, `'linear'` or `'exponential'`, which doubles",
    ),
    (
        &["delay", "interval", "initialInterval", "minTimeout", "minDelay", "delayMs", "wait", "baseDelay", "initialDelayMs"],
        "`initialDelay: '1s'`",
    ),
    (&["maxInterval", "maximumInterval", "maxTimeout", "cap", "maxDelayMs", "maxBackoff"], "`maxDelay: '1m'`"),
    (&["randomize", "random"], "`jitter: true`"),
    (&["retryIf", "retryable", "retryableErrors", "on", "errors"], "`retryOn: ['CODE', …]`"),
    (
        &["nonRetryableErrorTypes", "nonRetryable", "nonRetryableErrors", "bail", "abortOn"],
        "an error with `retryable: false`, which the agent throws",
    ),
    (&["timeout", "expirationInterval", "maxTime", "deadline"], "`maxElapsed: '10m'`"),
];

const LOOP: Words = &[
    (&["each", "items", "over", "list", "in", "of", "collection", "map"], "`forEach: […]`, or an expression that gives an array"),
    (&["max", "maxLoops", "limit", "times", "count", "maxPasses"], "`maxIterations`"),
    (&["parallel", "parallelism", "maxConcurrency", "batchSize"], "`concurrency`"),
    (&["condition", "if", "when"], "`while: '…'`"),
    (&["do", "tasks", "steps", "body", "run"], "`tasks` of the task itself, beside `loop`"),
    (&["as", "item", "itemVar", "variable", "index"], "`item` and `index` in expressions and templates, always"),
    (&["onError", "continueOnError", "failFast"], "`onItemError`"),
];

const BRANCH: Words = &[
    (&["if", "condition", "conditions", "case", "match", "on", "expression", "test"], "`when: '…'`"),
    (&["then", "steps", "do", "run", "task", "nodes"], "`tasks: […]`"),
    (&["else", "otherwise", "default"], "`default: […]` beside `branches`"),
    (&["id", "label", "title", "key"], "`name`"),
];

const INPUT: Words = &[
    (&["instructions", "instruction", "message", "messages", "question", "text", "content", "template"], "`prompt: '…'`"),
    (&["args", "arguments", "params", "parameters", "payload", "variables", "vars", "value", "values", "context", "body"], "`data: …`"),
    (&["schemas", "inputSchema", "validate", "type"], "`schema: …`"),
    (&["system", "systemPrompt", "model", "temperature", "tools"], "a matter of the agent: the `configuration` that it is registered with"),
];

const WAIT: Words = &[
    (&["event", "name", "approval", "on", "channel", "message"], "`signal: '…'`"),
    (&["for", "duration", "sleep", "seconds", "ms", "time", "until", "minutes"], "`delay: '5m'`"),
    (&["payload", "payloadSchema", "resumeSchema", "data"], "`schema: …`, which judges the payload"),
    (&["expires", "deadline", "expiresIn", "timeoutMs"], "`timeout: '1d'`"),
];

const CACHE: Words = &[
    (&["expires", "expiration", "maxAge", "duration", "lifetime", "expiresIn"], "`ttl: '1h'`"),
    (&["cacheKey", "id", "name", "by"], "`key: '…'`"),
];

/// What to write in place of `field` in an object that may have the fields `known`.
pub(super) fn ours(field: &str, known: &[&str]) -> Option<&'static str> {
    let (_, words) = TABLE.iter().find(|(marker, _)| known.contains(marker))?;
    let plain = plain(field);
    words.iter().find(|(theirs, _)| theirs.iter().any(|word| self::plain(word) == plain)).map(|(_, ours)| *ours)
}

/// A word without its case, and what joins its parts.
fn plain(word: &str) -> String {
    word.chars().filter(|letter| !matches!(letter, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn words_of_others_are_known_in_whatever_case_and_only_where_they_mean_something() {
        let task = ["id", "triggerRule", "dependencies"];
        for word in ["dependsOn", "depends_on", "DependsOn", "depends-on", "needs"] {
            assert_eq!(ours(word, &task), Some("`dependencies: ['id', …]`, the ids of siblings that must end before"), "{word}");
        }
        assert_eq!(ours("if", &task), Some("`conditions: ['context.count > 0']`"));
        assert_eq!(ours("if", &["name", "when", "tasks"]), Some("`when: '…'`"));
        assert_eq!(ours("if", &["key", "somewhere"]), None);
        assert_eq!(ours("colour", &task), None);
    }

    #[test]
    fn no_word_means_two_things_in_one_place() {
        for (marker, words) in TABLE {
            let mut seen = BTreeSet::new();
            for word in words.iter().flat_map(|(theirs, _)| *theirs) {
                assert!(seen.insert(plain(word)), "`{word}` stands twice where there is `{marker}`");
            }
        }
    }
}
