// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from ts/ by `pnpm build`. Its diff is the diff of the public API.

/**
 * Tests of workflows without waiting: a real orchestrator whose time, agents and crashes belong to the test.
 *
 * @packageDocumentation
 */

import type { AgentWorkflow as AgentWorkflow_2 } from '@codexos/multi-agent-orchestrator';
import type { AttemptContext } from '@codexos/multi-agent-orchestrator';
import { Duration } from '@codexos/multi-agent-orchestrator';
import type { ExecuteOptions as ExecuteOptions_2 } from '@codexos/multi-agent-orchestrator';
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator';
import type { OrchestratorConfig } from '@codexos/multi-agent-orchestrator';
import type { TaskInput } from '@codexos/multi-agent-orchestrator';
import type { WorkflowExecution } from '@codexos/multi-agent-orchestrator';

/** An answer that is not all of one: it was cut (`'length'`), withheld (`'content'`), or there is nothing in it (`'empty'`). */
declare type AcceptedEnding = 'length' | 'content' | 'empty';

/**
 * A step that is taken after so much time of the kit; throws the reason if the attempt is told to stop meanwhile.
 *
 * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if it is no duration.
 */
export declare function after(duration: Duration, step: unknown): Pause;

/** Whoever does the work of a task. */
declare interface Agent {
    /** Does it. The result is recorded as JSON data. Throw to fail; an error with `retryable: false` is not tried again. */
    execute(task: TaskInput_2, context: AttemptContext_2): unknown;
    /** Asked every `agents.healthCheckInterval`. `false`, a throw, or no answer in time: it is given no new work, and replaced. */
    healthCheck?(): boolean | Promise<boolean>;
    /** Called once when it is not needed any more. */
    dispose?(): unknown;
}

/** What may stand for an agent: a function, a type of agents, or an agent of another type, such as `{ type: 'llm', configuration: { … } }`. */
declare type AgentForm = AgentFunction | CallableFunction | AgentType | Omit<AgentRegistration, 'id'>;

/** A function that does the work of a task: the agent of a type that keeps nothing between tasks. */
declare type AgentFunction = {
    execute(task: TaskInput_2, context: AttemptContext_2): unknown;
}['execute'];

/** An agent with a configuration of its own. */
declare interface AgentRegistration {
    /** What tasks name it by. */
    id: string;
    /** A registered type. */
    type: string;
    /** What it can do: tasks find it by what they require. */
    capabilities?: readonly string[] | undefined;
    /** Given to `create`; to that of an isolated type as JSON data. */
    configuration?: object | undefined;
    /** Attempts of all its instances at once, at least 1. Default: as many as its type has places. */
    maxConcurrency?: number | undefined;
    /** Attempts that may begin within a time. */
    rateLimit?: RateLimit | undefined;
}

/** Agents by the name that tasks call each by. */
declare type Agents = Readonly<Record<string, AgentForm>>;

/**
 * One task: a call of an agent, a child workflow, a wait, or a group of tasks. `docs/workflows.md` says what each field means, and where.
 */
declare interface AgentTask<Other extends string = AnyWord, AgentId extends string = string> {
    /** Unique in the workflow. At most 256 bytes. */
    id: string;
    /** For people. Default: its id. */
    name?: string | undefined;
    /** The id of a registered agent, or the name of a type, registered or built in. Where a provider of models is configured, `llm` does it if nobody is registered. */
    agentId?: AgentId | undefined;
    /** Instead of an agent: the id of a registered workflow, or a workflow as plain data. `input.data` is its context, its results the output. */
    workflow?: string | object | undefined;
    /** Waits before it runs: for a signal or for time. Alone: the payload is the output. */
    waitFor?: WaitFor<Other> | undefined;
    /** Makes it a group. */
    tasks?: readonly AgentTask<Other, AgentId>[] | undefined;
    /** Makes it a choice, with `type: 'conditional'`. */
    branches?: readonly Branch<Other, AgentId>[] | undefined;
    /** What a choice runs if no branch holds. */
    default?: readonly AgentTask<Other, AgentId>[] | undefined;
    /** Whether a choice takes the first branch that holds (default) or all of them. */
    mode?: 'first' | 'all' | Other | undefined;
    /** What a choice without a branch does: it is skipped (default) or fails with `ERR_NO_BRANCH`. */
    onNoMatch?: 'skip' | 'fail' | Other | undefined;
    /** How a loop goes on, with `type: 'loop'`. */
    loop?: Loop<Other> | undefined;
    /** When a parallel group has ended. Default `'all'`. */
    join?: 'all' | 'settled' | 'any' | 'race' | Other | {
        quorum: number;
    } | undefined;
    /**
     * `'sequential'`: never runs at the same moment as another task written so. Without `dependencies` it follows its nearest earlier
     * sibling, or all of a run of parallel ones right before it. `'parallel'`: without `dependencies` it starts together with its parallel
     * neighbours, after the last sequential task. Default: sequential without `dependencies`, parallel with them.
     */
    type?: TaskType<Other> | undefined;
    input?: TaskInputDefinition | undefined;
    /** Ids of siblings that must end before. Given, even empty, it is the whole truth; absent, the order of declaration decides. */
    dependencies?: readonly string[] | undefined;
    /** All must hold, or it is skipped; of a loop that nothing else drives: it goes on while they hold. Judged once. */
    conditions?: readonly Condition<Other>[] | undefined;
    /** When it runs, given how its dependencies ended. Default `'none_failed_min_one_success'`, `'none_failed'` where order implies them. */
    triggerRule?: TriggerRule<Other> | undefined;
    /**
     * `'continue'`: its failure stays its own, and its dependants see a completed task with output `null`; `{ continue: ['QUOTA'] }`: only one with such a
     * code or name, as in `retryPolicy.retryOn`. Default `'fail'`.
     */
    onError?: 'fail' | 'continue' | Other | {
        continue: readonly string[];
    } | undefined;
    /**
     * Of a call or a wait: what stands in for it where it would have failed, its attempts being spent; a list is tried in order. The task then completes
     * with that output and is `degraded`. Not when it is cancelled or its execution's deadline passes.
     */
    fallback?: Fallback<AgentId> | readonly Fallback<AgentId>[] | undefined;
    /** Default: one attempt. */
    retryPolicy?: RetryPolicy<Other> | undefined;
    /** The longest one attempt may take, of a group all of it. Default `workflow.defaultTimeout` for calls of agents, else none. */
    timeout?: Duration_2<Other> | undefined;
    /** The longest it may take from ready to end, waits left out. */
    totalTimeout?: Duration_2<Other> | undefined;
    /** The longest an attempt may be without `ctx.heartbeat()`. */
    heartbeatTimeout?: Duration_2<Other> | undefined;
    /**
     * Of a task of an `llm` or `hybrid` agent: which answers are taken as they are, though they were cut (`'length'`), withheld (`'content'`) or are `'empty'`.
     * Default: what its agent says, else `models.accept`, else none: they fail the task.
     */
    accept?: readonly AcceptedEnding[] | undefined;
    /** Judges its output: as `input.schema` judges the input. `ERR_OUTPUT_SCHEMA`. */
    outputSchema?: unknown;
    /** Keeps its output for other executions of its tenant and of what makes it; `true`: for ever, told apart by its rendered input. */
    cache?: boolean | {
        key?: string | undefined;
        ttl?: Duration_2<Other> | undefined;
    } | undefined;
    /** Capabilities that its agent must have; without an `agentId`, any registered agent that has them will do. */
    requires?: readonly string[] | undefined;
    /** Who has an agent first: a whole number from -1000 to 1000, higher first; that of the execution is added. Default 0. */
    priority?: number | undefined;
    /** Tasks with the same one, once `{{ … }}` in it is filled in, go to the same instance of their agent where it has room. */
    affinity?: string | undefined;
    /** What undoes it if the execution fails or is cancelled after it completed (or, `on: 'started'`, was started). */
    compensate?: Compensation<Other, AgentId> | undefined;
}

/** How agents of a type are made: here, or each in a worker thread of its own. */
declare type AgentType = InlineAgentType | WorkerAgentType;

/** How many instances of a type there are, and what each may do. */
declare interface AgentTypeLimits {
    /** Attempts that one instance runs at once, at least 1. Default 1. */
    maxConcurrency?: number | undefined;
    /** Instances from the first task on. Default: `agents.minAgents`. */
    minAgents?: number | undefined;
    /** Instances at most, over all agents of the type, at least 1. Default: `agents.maxAgents`. */
    maxAgents?: number | undefined;
    /** The last `slots` of its `maxAgents × maxConcurrency` places go to tasks of at least this priority, and to clean-up. Default: none are kept. */
    reserve?: {
        slots: number;
        priority: number;
    } | undefined;
}

/** A workflow: tasks, and what each waits for. */
declare interface AgentWorkflow<Other extends string = AnyWord> {
    /** Names it. At most 256 bytes. */
    id: string;
    /** For people. Default: its id. */
    name?: string | undefined;
    /** A changed definition needs another version while executions of the old one run. Default `'1'`. */
    version?: string | undefined;
    description?: string | undefined;
    /**
     * Judges the context of each execution before it begins, whoever begins it: a zod schema, any Standard Schema, or a JSON Schema. `ERR_INPUT_SCHEMA`. What
     * it makes of the context is the context.
     */
    context?: unknown;
    /** The agents that its tasks name, for the compiler alone: see `defineWorkflow`. It registers nobody and is not recorded. */
    agents?: Agents | undefined;
    /** At least one; `workflow.maxTasks` counts those of every level. */
    tasks: readonly AgentTask<Other>[];
    /** For people and tools; it changes nothing. */
    metadata?: {
        author?: string | undefined;
        created?: Date | string | undefined;
        tags?: readonly string[] | undefined;
        [key: string]: unknown;
    } | undefined;
    /** What a failure does to its neighbours: stops them (`'fail_fast'`, default), or lets independent tasks go on. */
    failurePolicy?: 'fail_fast' | 'continue' | Other | undefined;
    /** When an execution must have ended: so long after its start, or an ISO instant with a zone. `ERR_DEADLINE`. */
    deadline?: Duration_2<Other> | `${number}-${number}-${string}` | undefined;
    /** What one execution may use. `ERR_BUDGET`; of models `ERR_BUDGET_EXCEEDED`. */
    budget?: Budget | undefined;
    /** What the compiler knows of one that `defineWorkflow` was given; it is never there. */
    readonly '~types'?: WorkflowTypes | undefined;
}

/**
 * What an execution may use, by name; what is absent allows every one, `[]` allows none. It is recorded with the execution and holds for its child
 * workflows, spawned tasks, compensations, forks and retries.
 */
declare interface Allowance {
    /** Agents and types that tasks may name; who is found by `requires` alone must be one of them, or of a type among them. */
    agents?: readonly string[] | undefined;
    /** Tools that built-in agents may call, or let models call. */
    tools?: readonly string[] | undefined;
    /** Registered workflows that tasks may name. */
    workflows?: readonly string[] | undefined;
    /** Models that agents may ask, as `provider/model`, or `model` at any provider. */
    models?: readonly string[] | undefined;
}

/** A context of which nothing is known. */
declare type AnyContext = {
    [key: string]: any;
};

/**
 * What stands, for the compiler, beside the words that a field may have: any text in a definition that is plain data, since TypeScript takes a word in an
 * object of its own for no more than that; nothing in one that `defineWorkflow` is given.
 */
declare type AnyWord = string & {};

/** What else an agent may use during one attempt. */
declare interface AttemptContext_2 {
    /** Aborts when the attempt should stop; `signal.reason.code` says why. Ignoring it is allowed for 5 s, then the attempt is given up. */
    readonly signal: AbortSignal;
    /** From 1. */
    readonly attempt: number;
    /** Equal across attempts, restarts and machines: makes an effect in another system happen once. */
    readonly idempotencyKey: string;
    /** What the result must be, if the task has an `outputSchema`: a Standard Schema to give to a model as `schema`; in a worker thread a JSON Schema. */
    readonly outputSchema: unknown;
    /**
     * Asks models on the account of this task: what is chosen and used is recorded, its budgets pay, its `retryPolicy` counts, and calls end with the
     * attempt. Not in a worker thread.
     */
    readonly models: ModelCalls;
    /** A sign of life, for `heartbeatTimeout`; what it is given is announced as by `emit`. */
    heartbeat(progress?: unknown): void;
    /** Announces `task:progress` with `data`. It is not recorded. */
    emit(data: unknown): void;
    /**
     * Adds a task to the execution: a call of an agent, or a child workflow. Resolves with its output, which is what its `outputSchema` makes of it, or what a
     * workflow gives that `defineWorkflow` was given. A failure that nobody catches is the
     * attempt's own (`ERR_SPAWN_FAILED`). A later attempt that spawns the same task gets the same one. If the attempt is told to stop
     * meanwhile, awaiting it rejects with `signal.reason`. Once the attempt is over nothing is added, and awaiting it rejects.
     */
    spawn<S = undefined, W = undefined>(task: AgentTask & {
        outputSchema?: S;
        workflow?: W;
    }): PromiseLike<SpawnedResult<S, W>>;
}

/** A branch of a choice. */
declare interface Branch<Other extends string = AnyWord, AgentId extends string = string> {
    /** Default: its place. */
    name?: string | undefined;
    when: Condition<Other>;
    tasks: readonly AgentTask<Other, AgentId>[];
}

/** What one execution may use, its child workflows included. */
declare interface Budget extends ModelBudget {
    /** Attempts of agents that may start. */
    tasks?: number | undefined;
    /** Time from start to end. */
    time?: Duration_2 | undefined;
}

/** What undoes a task. */
declare interface Compensation<Other extends string = AnyWord, AgentId extends string = string> {
    agentId: AgentId;
    /** It may read the output of its own task. */
    input?: TaskInputDefinition | undefined;
    on?: 'completed' | 'started' | Other | undefined;
    retryPolicy?: RetryPolicy<Other> | undefined;
    timeout?: Duration_2<Other> | undefined;
}

/** Executions that are counted together. */
declare interface ConcurrencyLimit {
    /** 1 to 256 letters, such as the id of a customer. */
    key: string;
    /** At least 1. The limit given last counts for all of the key. */
    limit: number;
}

/** An expression (a bounded subset of CEL: docs/workflows.md), alone or in an object, or a function. Functions are known by name after a restart: see `registerWorkflow`. */
declare type Condition<Other extends string = AnyWord> = string | TaskCondition<Other> | ConditionFunction;

/** A condition that is a function; it is given everything an expression could read there. */
declare type ConditionFunction = (scope: any) => unknown;

/** At which commit from now on the process ends: before it, so that what agents did for it is on no record; or after it, unheard. */
export declare type CrashMoment = {
    readonly beforeCommit: number;
} | {
    readonly afterCommit: number;
};

/** One end of the process, and how the execution ended nevertheless. */
export declare interface CrashPoint {
    /** The commit, from 1. */
    readonly commit: number;
    /** Whether the process ended before it, or after it. */
    readonly side: 'before' | 'after';
    /** The execution, continued after the crash to its end: completed, failed or cancelled. */
    readonly execution: WorkflowExecution;
}

/**
 * Makes a test kit and opens its orchestrator.
 *
 * @throws {ValidationError} `ERR_CONFIG` with every problem of the options by path.
 */
export declare function createTestKit(options?: TestKitOptions): Promise<TestKit>;

/**
 * A length of time: milliseconds, or text such as `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. Any text for the compiler, which forgets
 * which one it was in an object of its own; another is refused when it is read.
 */
declare type Duration_2<Other extends string = string & {}> = [Other] extends [never] ? number | DurationText : number | DurationText | Other;

/** A length of time in words. */
declare type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** Options of `executeWorkflow` and `startWorkflow`. */
declare interface ExecuteOptions {
    /** Cancels the execution when it aborts; a call that joined another's execution is only detached. */
    signal?: AbortSignal | undefined;
    /** When it must have ended: an instant, or so long from now. The workflow's own deadline may be earlier. */
    deadline?: Date | Duration_2 | undefined;
    /** What it may use; the workflow's own budget may be less. */
    budget?: Budget | undefined;
    /** Pauses after each task, from the beginning. */
    step?: boolean | undefined;
    /**
     * Its id, instead of one that is made: 1 to 256 letters without `/`, `\`, `~` and control characters, that neither begin with `key-` and 32
     * hexadecimal digits nor end in `@` and an ISO instant. `ERR_EXECUTION_EXISTS` if there is one.
     */
    executionId?: string | undefined;
    /**
     * Calls with the same key, for the same workflow and tenant, are one execution, until 24 h after its end: the latest that was begun by it. Where
     * that is remembered no more, `ERR_EXECUTION_NOT_FOUND`.
     */
    idempotencyKey?: string | undefined;
    /** What a call with the key of an execution that ended badly does: rejects like that one (`'join'`, default), or runs anew. */
    onFailed?: 'join' | 'rerun' | undefined;
    /** On whose behalf it runs. Tenants share the places of `maxConcurrentWorkflows` according to their weights. */
    tenant?: string | undefined;
    /** Who of a tenant has a place first: a whole number from -1000 to 1000, higher first, then who came first. Default 0. */
    priority?: number | undefined;
    /** At most so many executions of one key and tenant run at once; the others wait. */
    concurrency?: ConcurrencyLimit | undefined;
    /** What it may use. A fork may only narrow what the execution it is made from was allowed. Default: everything. */
    allow?: Allowance | undefined;
}

/** What stands in for a task: an agent, called once with the task's own input or another, or a value as it is. */
declare type Fallback<AgentId extends string = string> = {
    agentId: AgentId;
    input?: TaskInputDefinition | undefined;
} | {
    value: unknown;
};

/**
 * `'length'`: it was cut; `'content-filter'`: it was withheld, or refused; `'empty'`: it ended in order, and nothing was said; `'pause'`: the provider goes
 * on when it is sent `message`; `'other'`: for a reason that no other word is for.
 */
declare type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'empty' | 'pause' | 'other';

/** What a request brings: with a `schema` what that makes of the answer, which is there unless the model may call tools instead. */
declare type Generated<S, T> = S extends undefined ? GenerateResult : T extends undefined ? GenerateResult<SchemaOutput<S>> & {
    readonly output: SchemaOutput<S>;
} : GenerateResult<SchemaOutput<S>>;

/** What a model is asked. One of `prompt` and `messages` is needed. */
declare interface GenerateRequest {
    /** The provider, by its name. With neither this nor `model`, `requirements` decide. */
    provider?: string | undefined;
    /** The model, as `model` or `provider/model`. */
    model?: string | undefined;
    /** What the model must be able to do, if none is named. Default: `text-generation`, and what the request itself needs. */
    requirements?: ModelRequirements | undefined;
    /** Instructions for the model. */
    system?: string | undefined;
    prompt?: string | undefined;
    messages?: readonly ModelMessage[] | undefined;
    /** What `output` must be: the model is steered by it, and it judges. One round of repair. As `parameters` of a tool. */
    schema?: unknown;
    tools?: readonly ModelTool[] | undefined;
    toolChoice?: 'auto' | 'none' | 'required' | {
        tool: string;
    } | undefined;
    temperature?: number | undefined;
    topP?: number | undefined;
    /** Tokens of the answer, at most. */
    maxTokens?: number | undefined;
    stop?: readonly string[] | undefined;
    /** Further fields of the provider's own body. */
    extra?: Readonly<Record<string, unknown>> | undefined;
    /** Instead of `models.fallback`. */
    fallback?: readonly string[] | undefined;
    /** Requests to one model before it is given up, from 1 to 100. Default 5. */
    maxAttempts?: number | undefined;
    /** What this call may use, its retries included. */
    budget?: ModelBudget | undefined;
    /**
     * Of `stream`: whether you can take back what has come. After a failure the answer is then asked for anew, by the same rules as before its first part, and
     * the first part of the new one says `restart: true`. Default false: what was delivered stays, and the call fails.
     */
    restart?: boolean | undefined;
    /** The longest that all of it may take, waiting included. */
    timeout?: Duration_2 | undefined;
    signal?: AbortSignal | undefined;
}

/** What a model answered. */
declare interface GenerateResult<Output = unknown> {
    readonly text: string;
    /** What `schema` made of the answer; absent if the model called tools instead. */
    readonly output?: Output;
    readonly toolCalls: readonly ModelToolCall[];
    /** The answer as a turn to go on from. */
    readonly message: ModelMessage;
    /** With that of requests before it which failed and said what they used. */
    readonly usage: TokenUsage;
    /** US dollars. */
    readonly cost: number;
    /** False if a price is not known, so that `cost` is too low, or if the provider does not say what was used, so that `usage` and `cost` are estimates. */
    readonly costComplete: boolean;
    readonly model: string;
    readonly provider: string;
    readonly finishReason: FinishReason;
    /** The provider's own word for it, where that says more, or its explanation of a refusal. */
    readonly finishDetail?: string;
    /** Every request that was sent for it, in order. */
    readonly attempts: readonly ModelAttempt[];
}

/** Never answers, whatever its signal says: the attempt is given up 5 s after it was told to stop. */
export declare const hang: Pause;

/** Agents that run on the thread that registers them. */
declare interface InlineAgentType extends AgentTypeLimits {
    isolation?: 'inline' | undefined;
    /** Makes an instance, with the configuration of the agent it is of. One that throws is tried again after a while. */
    create(config: any): Agent | Promise<Agent>;
}

/** How a loop goes on: exactly one of `forEach`, `while`, `until`, or the task's `conditions`. */
declare interface Loop<Other extends string = AnyWord> {
    /** A list, or an expression that gives one. One pass for each item. */
    forEach?: readonly unknown[] | string | undefined;
    /** Judged before each pass. */
    while?: Condition<Other> | readonly Condition<Other>[] | undefined;
    /** Judged after each pass. */
    until?: Condition<Other> | readonly Condition<Other>[] | undefined;
    /** Passes of a loop without `forEach`. Default 100. */
    maxIterations?: number | undefined;
    /** Passes of a `forEach` at the same time. Default 1. */
    concurrency?: number | undefined;
    /** What a failed pass does to a `forEach`; `'failAfter'`: the others go on, and then it fails with `ERR_LOOP_ITEMS`. Default `'fail'`. */
    onItemError?: 'fail' | 'failAfter' | 'collect' | 'skip' | Other | undefined;
    /** What wanting more passes than `maxIterations` does: `'fail'` with `ERR_LOOP_LIMIT` (default), or `'stop'` the loop, which completes. */
    onLimit?: 'fail' | 'stop' | Other | undefined;
    /** How many ended passes stay in view. Default: all. */
    keepLast?: number | undefined;
}

/** One request, and what came of it. */
declare interface ModelAttempt {
    readonly provider: string;
    readonly model: string;
    /** Milliseconds until it was sent: for its limits, or after the failure before it. */
    readonly waited: number;
    /** Milliseconds from the request to the end of the answer. */
    readonly duration: number;
    /** Why it failed: a class such as `rate` or `overload`. */
    readonly failure?: ModelFailureClass;
    readonly message?: string;
    /** What came next. */
    readonly next: 'done' | 'retry' | 'fallback' | 'give-up';
}

/** What calls may use. `ERR_BUDGET_EXCEEDED`. */
declare interface ModelBudget {
    /** US dollars. */
    usd?: number | undefined;
    /** Input and output together. */
    tokens?: number | undefined;
    /** Calls that are made, each counted once however often it is sent; a round of repair is another. */
    calls?: number | undefined;
}

/** What may be asked of models: by the orchestrator's `modelIntegration`, and within an attempt by `context.models`, where it is put on the task's account. */
declare interface ModelCalls {
    /**
     * Asks a model and waits for the whole answer.
     *
     * @throws {ModelError} with the class of the failure and every attempt.
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
     */
    generate<S = undefined, T extends readonly ModelTool[] | undefined = undefined>(request: GenerateRequest & {
        schema?: S;
        tools?: T;
    }): Promise<Generated<S, T>>;
    /** Asks a model and gives the answer as it comes. After the first part neither another attempt nor another model is tried, but with `restart`. */
    stream<S = undefined, T extends readonly ModelTool[] | undefined = undefined>(request: GenerateRequest & {
        schema?: S;
        tools?: T;
    }): ModelStream<Generated<S, T>>;
}

declare type ModelCapability = 'text-generation' | 'code-generation' | 'reasoning' | 'tool-use' | 'vision' | 'audio' | (string & {});

declare type ModelFailureClass = 'rate' | 'quota' | 'auth' | 'overload' | 'context' | 'content' | 'network' | 'invalid';

/** One turn of a conversation. */
declare interface ModelMessage {
    role: 'user' | 'assistant' | 'tool' | (string & {});
    content: string | readonly ModelPart[];
    /** What `GenerateResult.message` has: the provider's own record of its turn, which it wants back. */
    continuation?: unknown;
}

/** A part of a turn. */
declare type ModelPart = {
    type: 'text';
    text: string;
} | {
    type: 'image';
    url: string;
} | {
    type: 'image';
    data: string;
    mediaType: string;
} | {
    type: 'tool-call';
    id: string;
    name: string;
    arguments: unknown;
} | {
    type: 'tool-result';
    id: string;
    result: unknown;
    isError?: boolean | undefined;
};

/** What a model must be able to do. */
declare interface ModelRequirements {
    capabilities?: readonly {
        type: ModelCapability;
        quality?: 'basic' | 'good' | 'excellent' | (string & {}) | undefined;
    }[] | undefined;
    /** Tokens that input and output together must have room for. */
    contextLength?: number | undefined;
    /** The most that one request may cost, in US dollars. */
    maxCost?: number | undefined;
    /** The longest that one request may take, in milliseconds. */
    maxLatency?: number | undefined;
    /** Its models come first if one of them fits; `reason` says when none does. */
    preferredProvider?: string | undefined;
    structuredOutput?: boolean | undefined;
    /** What is weighed most among those that fit. Default `'balanced'`. */
    mode?: 'quality' | 'balanced' | 'cost' | 'latency' | (string & {}) | undefined;
    /** What a request is taken to use. Default: a share of `contextLength`; see docs/models.md. */
    estimatedInputTokens?: number | undefined;
    maxOutputTokens?: number | undefined;
    providers?: {
        allow?: readonly string[] | undefined;
        deny?: readonly string[] | undefined;
    } | undefined;
}

/**
 * An answer as it comes. It begins when it is made; whoever does not read it can still await `result()`. Leaving a `for await` over it before its end, by
 * `break`, `return` or a throw, ends the request: `result()` then rejects with `ERR_CANCELLED`.
 */
declare interface ModelStream<Result = GenerateResult> extends AsyncIterable<StreamPart<Result>> {
    /** The whole answer. */
    result(): Promise<Result>;
}

/** A tool as a model sees it. */
declare interface ModelTool {
    name: string;
    description: string;
    /** A zod schema, any Standard Schema that can be a JSON Schema, or a JSON Schema of an object. */
    parameters: unknown;
}

declare interface ModelToolCall {
    readonly id: string;
    readonly name: string;
    readonly arguments: unknown;
}

/** Of which answer a part is. */
declare interface PartOrigin {
    /** Which of the requests of its call brought it, from 1. */
    readonly request: number;
    /** Whether it is the first of an answer that is asked for anew: what came before it is void. See `GenerateRequest.restart`. */
    readonly restart?: true;
}

/** A step that takes time: made by `after`, or one of `hang` and `untilAborted`. */
export declare interface Pause {
    readonly pause: 'after' | 'hang' | 'untilAborted';
}

declare type Plain = string | number | boolean | null | readonly Plain[] | {
    readonly [key: string]: Plain | undefined;
};

/** At most `limit` within any time of length `interval`. */
declare interface RateLimit {
    limit: number;
    interval: Duration_2;
}

/** A value as it is recorded: JSON data. A `Date` becomes text, what is nothing `null`. */
declare type Recorded<T> = T extends Plain ? T : T extends {
    toJSON(...given: never[]): infer J;
} ? Recorded<J> : T extends undefined | void ? null : T extends object ? {
    [K in keyof T]: T extends readonly unknown[] ? Recorded<T[K]> : T[K] extends undefined ? undefined : Recorded<Exclude<T[K], undefined>> | Extract<T[K], undefined>;
} : T;

/** When a failed attempt is tried again. */
declare interface RetryPolicy<Other extends string = AnyWord> {
    /** Attempts in all, the first included: 1 to 10,000. */
    maxAttempts: number;
    /** How the wait grows: always `initialDelay`, × the attempt's number, or doubled each time. Default `'fixed'`. */
    backoffType?: 'fixed' | 'linear' | 'exponential' | Other | undefined;
    /** The wait after the first failed attempt. Default 1 s. */
    initialDelay?: Duration_2<Other> | undefined;
    /** The longest wait. Default: no limit. */
    maxDelay?: Duration_2<Other> | undefined;
    /** The share of the wait that is left to chance, 0 to 1; `true` is 1. Default 0. */
    jitter?: number | boolean | undefined;
    /** The codes and names of errors that are tried again. Default: every one but those with `retryable: false`. */
    retryOn?: readonly string[] | undefined;
    /** No attempt starts later than this after the first. */
    maxElapsed?: Duration_2<Other> | undefined;
}

/** What a schema makes of a value; of raw JSON Schema nothing is known. */
declare type SchemaOutput<S, Unknown = unknown> = S extends {
    readonly '~standard': {
        readonly types?: infer T;
    };
} ? NonNullable<T> extends {
    readonly output: infer O;
} ? O : Unknown : Unknown;

/** An agent that follows a script. */
export declare interface ScriptedAgent {
    /** Its calls in order, those before a crash included. */
    readonly calls: readonly ScriptedCall[];
}

/** One call of a scripted agent. */
export declare interface ScriptedCall {
    /** What it was given: a copy. */
    readonly task: TaskInput;
    readonly attempt: number;
    readonly idempotencyKey: string;
    readonly signal: AbortSignal;
    /** When, by the clock of the kit. */
    readonly at: Date;
}

/** An answer in the form of code. What it returns is the answer; what it throws fails the attempt. */
export declare type ScriptFunction = (task: TaskInput, context: AttemptContext) => unknown;

/** What a task gives that an attempt has added: what its schema makes of it, or what its workflow is known to give. */
declare type SpawnedResult<S, W> = W extends {
    readonly '~types'?: infer T;
} ? NonNullable<T> extends {
    readonly results: infer R;
} ? R : Recorded<SchemaOutput<S>> : Recorded<SchemaOutput<S>>;

/** What stands behind the workflow when it is started: its context, which may be left out if there is nothing it must have, and options. */
declare type StartArguments<Context, Options = ExecuteOptions> = Record<never, never> extends Context ? [context?: Context | undefined, options?: Options | undefined] : [context: Context, options?: Options | undefined];

/** What comes of a stream. */
declare type StreamPart<Result = GenerateResult> = ({
    readonly type: 'text';
    readonly text: string;
} & PartOrigin) | ({
    readonly type: 'reasoning';
    readonly text: string;
} & PartOrigin) | ({
    readonly type: 'tool-call';
    readonly toolCall: ModelToolCall;
} & PartOrigin) | {
    readonly type: 'usage';
    readonly usage: TokenUsage;
    readonly cost: number;
} | {
    readonly type: 'done';
    readonly result: Result;
};

/** A condition with what it is about. `evaluate` wins over `expression`. */
declare interface TaskCondition<Other extends string = AnyWord> {
    type?: 'dependency' | 'state' | 'custom' | Other | undefined;
    expression?: string | undefined;
    evaluate?: ConditionFunction | undefined;
}

/** What an agent is given of its task itself. */
declare interface TaskFields {
    readonly id: string;
    readonly name: string;
    readonly agentId: string;
    readonly type: TaskType;
    readonly executionId: string;
    /** From 1. */
    readonly attempt: number;
    readonly input: {
        prompt?: string;
        data?: any;
    };
}

/**
 * What an agent is given: the task's own fields, and what led to it. Everything in it is the agent's to change.
 *
 * An agent may say what it reads: `Context` is the schema of its workflow's context (`typeof schema`) or what that gives, `Dependencies` what tasks give by
 * id. `defineWorkflow` checks that its tasks are given that.
 */
declare interface TaskInput_2<Context = AnyContext, Dependencies = Record<string, any>> extends TaskFields {
    /** The execution's context, and the results of the task's dependencies by id. */
    readonly context: (Context extends {
        readonly '~standard': unknown;
    } ? Recorded<SchemaOutput<Context>> : Context) & {
        dependencies: Dependencies;
    };
}

/** What a task's agent is given. */
declare interface TaskInputDefinition {
    /** A text for the agent; `{{ … }}` in it is filled in. */
    prompt?: string | undefined;
    /** Any JSON data for the agent; `{{ … }}` in its texts is filled in, and a text that is nothing but one becomes the value itself. */
    data?: unknown;
    /**
     * Judges `data` if there is any, else the execution's context, before the first attempt; what does not fit fails the task with
     * `ERR_INPUT_SCHEMA`. A zod schema, any Standard Schema, or a JSON Schema. Its parsed value replaces `data`.
     */
    schema?: unknown;
}

/** The kinds of task. */
declare type TaskType<Other extends string = AnyWord> = 'sequential' | 'parallel' | 'conditional' | 'loop' | Other;

/** Scripts the agents of a test kit. */
export declare interface TestAgents {
    /**
     * Lets an agent follow a script from now on, also after a crash: its answers in order, or a function that gives every answer. It takes the
     * place of an agent or type registered under this name, and of an earlier script.
     *
     * A step is JSON data (the answer), an `Error` (thrown), a function (called), `after('2s', step)`, `hang` or `untilAborted`. An attempt
     * that a crash has cut short gets the same step again. A call beyond the last step fails with `ERR_SCRIPT_ENDED`, not retried.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT`, `ERR_NOT_JSON` with the steps that are none by path.
     */
    script(agentId: string, steps: readonly unknown[] | ScriptFunction): ScriptedAgent;
}

/** The time of a test kit. It stands still, but for a microsecond with everything that is recorded. */
export declare interface TestClock {
    /** What the orchestrator and the kit take for now. */
    now(): Date;
    /**
     * Lets time pass: everything that falls due happens in order, and what follows from it is done and recorded before the next. Resolves
     * when nothing is left to do at the end of it. Agents at work in real time are not waited for: time passes while they work.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if it is no duration, or leads past the year 2253.
     */
    advance(duration: Duration): Promise<void>;
    /** Lets time pass until something has happened that waited for it; `false` if nothing does. What falls due within one millisecond happens together. */
    advanceToNext(): Promise<boolean>;
    /**
     * Resolves when so much time has passed, for agents that wait. While it waits an agent is not at work.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if it is no duration.
     */
    sleep(duration: Duration): Promise<void>;
}

/** A real orchestrator whose time, agents and crashes belong to a test. */
export declare interface TestKit extends AsyncDisposable {
    /** The orchestrator that is open; after `reopen` another one. Nothing of it is replaced but its time. */
    readonly orchestrator: MultiAgentOrchestrator;
    /** Its time. */
    readonly clock: TestClock;
    /** Its scripted agents; those of `setup` need no script. */
    readonly agents: TestAgents;
    /** Runs a workflow as `executeWorkflow` does, and skips every wait on the way. Settles and rejects as that does, and as `until` does. */
    run<T extends WorkflowTypes>(workflow: Typed<T>, ...given: StartArguments<T['context']>): Promise<WorkflowExecution<T['results']>>;
    /**
     * Skips every wait until the promise has settled, and settles as it does. Time stands still while an agent is at work: one that does
     * not wait for time by a script or by `clock.sleep`.
     *
     * @throws {TimeoutError} `ERR_STUCK` if nothing happens for `patience` of real time; it says what is waited for.
     */
    until<T>(promise: PromiseLike<T>): Promise<T>;
    /**
     * Ends the process as SIGKILL would, as far as the orchestrator can tell: what is not on record is lost, agents hear nothing, their late
     * answers go nowhere, pending calls reject with `ERR_CRASHED`. At once, or at a commit to come. Resolves when it has happened, or
     * will not any more: the kit is reopened or closed.
     *
     * @throws {ClosedError} `ERR_CRASHED` if it has crashed already.
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the moment is none.
     */
    crash(moment?: CrashMoment): Promise<void>;
    /**
     * Opens the same store again, as the next process would: with `setup` and with the same scripts. Without a crash it shuts down before.
     *
     * @throws {StoreError} `ERR_NOT_DURABLE` if the kit is in memory.
     */
    reopen(): Promise<MultiAgentOrchestrator>;
    /**
     * Runs a workflow again and again, each time with an empty store, the scripts from their beginning and the clock at `startAt`; ends the
     * process before or after another commit each time, opens the store again and skips every wait to the end. Until there is no commit left.
     *
     * @throws {StoreError} `ERR_NOT_DURABLE` if the kit is in memory.
     */
    crashPoints(workflow: AgentWorkflow_2, context?: object, options?: ExecuteOptions_2): AsyncIterable<CrashPoint>;
    /** Shuts the orchestrator down and removes the file. May be called twice. */
    close(): Promise<void>;
}

/** How a test kit is set up: as an orchestrator is, but for its storage, and with these. */
export declare interface TestKitOptions extends Omit<OrchestratorConfig, 'storage'> {
    /** Where executions are kept: in memory (default), or in a file of the kit's own, which survives `crash`. */
    storage?: 'memory' | 'file' | undefined;
    /** What the clock shows at first, from 1970 to 2253. Default 2026-01-01T00:00:00Z: the same in every run. */
    startAt?: Date | undefined;
    /** What a process does when it starts: registers agents, workflows, listeners. Called with each orchestrator that the kit opens. */
    setup?: ((orchestrator: MultiAgentOrchestrator) => unknown) | undefined;
    /** How long `run` and `until` wait in real time for agents at work, and for what the test itself is to do. Default 2 s. */
    patience?: Duration | undefined;
}

/** The tokens of one call, or of several. */
declare interface TokenUsage {
    /** All of the request, those of the provider's cache included. */
    readonly inputTokens: number;
    /** All of the answer, reasoning included. */
    readonly outputTokens: number;
    /** Of `inputTokens`: read from the cache, and written to it. */
    readonly cacheReadTokens: number;
    readonly cacheWriteTokens: number;
    /** Of `outputTokens`. */
    readonly reasoningTokens: number;
    readonly totalTokens: number;
}

/** When a task runs, given how its dependencies ended. */
declare type TriggerRule<Other extends string = AnyWord> = 'none_failed_min_one_success' | 'none_failed' | 'all_success' | 'all_failed' | 'all_done' | 'one_success' | 'one_failed' | Other;

/** A workflow, and what the compiler knows of it if `defineWorkflow` was given it. */
declare type Typed<T extends WorkflowTypes> = AgentWorkflow & {
    readonly '~types'?: T | undefined;
};

/** Works until its signal tells it to stop, then throws the reason. */
export declare const untilAborted: Pause;

/** Waits for a signal (`ERR_WAIT_TIMEOUT` after `timeout`; `schema` judges its payload), or for time. */
declare type WaitFor<Other extends string = AnyWord> = {
    signal: string;
    timeout?: Duration_2<Other> | undefined;
    schema?: unknown;
} | {
    delay: Duration_2<Other>;
};

/** Agents that run in worker threads, so that none can block, crash or outlive what others do. `docs/agents.md` says what crosses. */
declare interface WorkerAgentType extends AgentTypeLimits {
    isolation: 'worker';
    /** A file: URL or an absolute path. The module exports `create(config)`, as an inline type has it. */
    module: string | URL;
    /** The heap of one worker in bytes, from 16 MiB. A worker that needs more ends with `ERR_AGENT_LOST`. Default: Node's own. */
    memoryLimit?: number | undefined;
}

/** What is known of a workflow: what an execution is given, and what its tasks give, by id. */
declare interface WorkflowTypes {
    readonly context: object;
    readonly results: Readonly<Record<string, unknown>>;
}

export { }
