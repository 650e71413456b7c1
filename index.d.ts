// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from ts/ by `pnpm build`. Its diff is the diff of the public API.

/**
 * Runs workflows of cooperating agents on a durable engine.
 *
 * @packageDocumentation
 */

import { EventEmitter } from 'node:events';

/** Why an answer is incomplete: it was cut (`'length'`), withheld (`'content'`), or is empty (`'empty'`). */
export declare type AcceptedEnding = 'length' | 'content' | 'empty';

/** Does the work of a task. */
export declare interface Agent {
    /**
     * Does the task and returns its result, or a promise of it. The result is recorded as JSON data, as `JSON.stringify` writes it: `undefined` becomes
     * `null`, a `Date` an ISO string, an instance of a class its plain fields. A value that JSON would lose, such as a `Map`, fails with `ERR_NOT_JSON`.
     * Throw to fail; an error with `retryable: false` is not retried.
     */
    execute(task: TaskInput, context: AttemptContext): unknown;
    /** Called every `agents.healthCheckInterval`. If it returns `false`, throws or is late, the pool gives the instance no new work and replaces it. */
    healthCheck?(): boolean | Promise<boolean>;
    /** Called once, when the instance is no longer needed. */
    dispose?(): unknown;
}

/** An agent could not be created, or broke a rule for agents. */
export declare class AgentError extends OrchestratorError {
}

/** Names the instance and the agent that an event of the pool is about. */
export declare interface AgentEvent {
    /** The type of the agent. */
    readonly type: string;
    /** The id it was registered with, or the name of its type where tasks name that. */
    readonly agentId: string;
    /** The number of the instance, never used twice. */
    readonly instance: number;
}

/** An agent to register: a function, a type of agents, or an agent of another type, such as `{ type: 'llm', configuration: { … } }`. */
export declare type AgentForm = AgentFunction | CallableFunction | AgentType | Omit<AgentRegistration, 'id'>;

/** A function that does the work of a task and keeps no state between tasks. */
export declare type AgentFunction = {
    execute(task: TaskInput, context: AttemptContext): unknown;
}['execute'];

/** An agent that can do a task: a function that reads only fields it is given. The compiler does not know what other forms read. */
export declare type AgentGiven<C, D> = ((task: TaskFields & {
    readonly context: C & {
        dependencies: D;
    };
}, context: AttemptContext) => unknown) | OtherForm;

/** The names of agents; any string, if the workflow lists no agents. `llm` is built in. */
export declare type AgentNames<A> = string extends keyof A ? string : (keyof A & string) | 'llm';

/**
 * Registers the agents that tasks name by `agentId`, and keeps instances of them: at least `minAgents` and at most `maxAgents` of each type once it has had
 * work, each with `maxConcurrency` attempts at once. docs/agents.md says how they are chosen, scaled and replaced.
 */
export declare interface AgentPool extends EventEmitter<PoolEvents> {
    /**
     * Registers a type of agent, or a function that stands for one: `{ create: () => ({ execute }) }`. Tasks may name it directly. The names of the built-in
     * types are free until those are used.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
     * @throws {ConflictError} `ERR_AGENT_EXISTS` if the name is taken.
     */
    registerAgentType(name: string, type: AgentType | AgentFunction): void;
    /**
     * Registers an agent of a registered type or a built-in one (`llm`, `tool`, `hybrid`), whose instances are made with `configuration`.
     *
     * @throws {NotFoundError} `ERR_AGENT_TYPE_NOT_FOUND` if the type is not registered.
     * @throws {ConflictError} `ERR_AGENT_EXISTS` if the id is taken.
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path; `ERR_NOT_JSON` if the type is isolated and the configuration cannot cross to its worker.
     */
    registerAgent(agent: AgentRegistration): void;
    /** Registers a function for the tasks that name it, as `registerAgentType(name, execute)` does. */
    registerAgent(name: string, execute: AgentFunction): void;
    /**
     * Registers several agents by name, such as those of `defineAgents`: functions and types as `registerAgentType` does, `{ type, configuration }` as
     * `registerAgent` does. If one cannot be registered, none is.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
     * @throws {NotFoundError} `ERR_AGENT_TYPE_NOT_FOUND` if the type of one is not registered.
     * @throws {ConflictError} `ERR_AGENT_EXISTS` if a name is taken.
     */
    registerAgents(agents: Agents): void;
    /**
     * Registers a function that agents and models may call. docs/tools.md says how.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
     * @throws {ConflictError} `ERR_TOOL_EXISTS` if the name is taken.
     */
    registerTool<S>(tool: ToolDefinition<S>): void;
    /**
     * Connects to a server of the Model Context Protocol, whose tools are registered until the connection is closed. It keeps no process alive.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
     * @throws {ToolError} `ERR_MCP_CONNECT`
     * @throws {ConflictError} `ERR_TOOL_EXISTS` if the name of one of its tools is taken.
     */
    connectMcp(server: McpServer): Promise<McpConnection>;
    /** Returns the current figures of the pool. Cheap enough to call every second. */
    getStatistics(): PoolStatistics;
}

export declare type AgentProblem<K, R extends Results, A, C> = K extends {
    readonly agentId: infer N extends keyof A;
} ? A[N] extends OtherForm ? unknown : A[N] extends (task: infer G, ...more: never[]) => unknown ? G extends {
    readonly context: infer X;
} ? ContextProblem<X, N, C, Given<K, R>> : unknown : unknown : unknown;

/** An agent with a configuration of its own. */
export declare interface AgentRegistration {
    /** The name that tasks use as `agentId`. */
    id: string;
    /** A registered type. */
    type: string;
    /** Capabilities, by which the `requires` of tasks finds it. */
    capabilities?: readonly string[] | undefined;
    /** Passed to `create`; for an isolated type it must be JSON data. */
    configuration?: object | undefined;
    /** Attempts of all its instances at once, at least 1. Default: as many as its type has places. */
    maxConcurrency?: number | undefined;
    /** Attempts that may begin within a time. */
    rateLimit?: RateLimit | undefined;
}

/** The recorded result of an agent. For agents in workers and of built-in types, only the `outputSchema` of the task types it. */
export declare type AgentResult<F> = F extends (...given: never[]) => infer R ? Recorded<Settled<R>> : F extends {
    create(...given: never[]): infer G;
} ? Settled<G> extends {
    execute(...given: never[]): infer R;
} ? Recorded<Settled<R>> : unknown : unknown;

/** Agents by name. */
export declare type Agents = Readonly<Record<string, AgentForm>>;

/** The size of the agent pool: instances of each type, scaling and health checks. */
export declare interface AgentsConfig {
    /** Instances of each agent type from its first task on, at least 0 and at most `maxAgents`. Default 1. */
    minAgents?: number | undefined;
    /** Instances per agent type, at least 1. Default 10. */
    maxAgents?: number | undefined;
    /** Utilisation of a type's places, in percent, above which the pool adds instances; above `scaleDownThreshold`. Default 80. */
    scaleUpThreshold?: number | undefined;
    /** Utilisation, in percent, below which the pool removes instances after a while. Default 20. */
    scaleDownThreshold?: number | undefined;
    /** Time between two health checks of an instance, and how long it has to answer, at least 1 ms. Default 5000 (5 s). */
    healthCheckInterval?: Duration | undefined;
    /**
     * Which unregistered agents a model stands in for: `true` all, `false` none, or the names in an array. Default: all except names that are nearly a
     * registered one; if models are known only from the environment, only while no agent is registered at all.
     */
    standIn?: boolean | readonly string[] | undefined;
}

/**
 * One task: a call of an agent, a child workflow, a wait, or a group of tasks. `docs/workflows.md` says what each field means, and where.
 */
export declare interface AgentTask<Other extends string = AnyWord, AgentId extends string = string> {
    /** Unique in the workflow. At most 256 bytes. */
    id: string;
    /** A name for people. Default: the id. */
    name?: string | undefined;
    /** The id of a registered agent, or the name of a type, registered or built in. Where a provider of models is configured, `llm` stands in for one that is not registered. */
    agentId?: AgentId | undefined;
    /** Instead of an agent: the id of a registered workflow, or a workflow as plain data. `input.data` is its context, its results the output. */
    workflow?: string | object | undefined;
    /** Waits before it runs: for a signal or for time. Alone: the payload is the output. */
    waitFor?: WaitFor<Other> | undefined;
    /** Makes the task a group of these tasks. */
    tasks?: readonly AgentTask<Other, AgentId>[] | undefined;
    /** Makes the task a choice, with `type: 'conditional'`. */
    branches?: readonly Branch<Other, AgentId>[] | undefined;
    /** The tasks that a choice runs if no branch holds. */
    default?: readonly AgentTask<Other, AgentId>[] | undefined;
    /** Whether a choice takes the first branch that holds (default) or all of them. */
    mode?: 'first' | 'all' | Other | undefined;
    /** If no branch of a choice holds and it has no `default`: it is skipped (default) or fails with `ERR_NO_BRANCH`. */
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
    /** Ids of siblings that must end first. If present, even empty, it replaces the implicit order of declaration. */
    dependencies?: readonly string[] | undefined;
    /** Conditions that must all hold, or the task is skipped. Judged once. A loop without `loop` repeats while they hold. */
    conditions?: readonly Condition<Other>[] | undefined;
    /** Whether it runs, given how its dependencies ended. Default `'none_failed_min_one_success'`, `'none_failed'` where order implies them. */
    triggerRule?: TriggerRule<Other> | undefined;
    /**
     * `'continue'`: its failure does not fail the workflow, and its dependants see a completed task with output `null`; `{ continue: ['QUOTA'] }`: only one with such a
     * code or name, as in `retryPolicy.retryOn`. Default `'fail'`.
     */
    onError?: 'fail' | 'continue' | Other | {
        continue: readonly string[];
    } | undefined;
    /**
     * What stands in for a call or a wait that has failed all its attempts; an array is tried in order. The task then completes with that output
     * and is `degraded`. Not used when the task is cancelled or the execution's deadline passes.
     */
    fallback?: Fallback<AgentId> | readonly Fallback<AgentId>[] | undefined;
    /** Default: one attempt. */
    retryPolicy?: RetryPolicy<Other> | undefined;
    /** The longest one attempt may take, of a group all of it. Default `workflow.defaultTimeout` for calls of agents, else none. */
    timeout?: Duration<Other> | undefined;
    /** The longest it may take from ready to end, waits left out. */
    totalTimeout?: Duration<Other> | undefined;
    /** The longest an attempt may be without `ctx.heartbeat()`. */
    heartbeatTimeout?: Duration<Other> | undefined;
    /**
     * For `llm` and `hybrid` agents: accepts answers that were cut (`'length'`), withheld (`'content'`) or are `'empty'`; others of these fail the task.
     * Default: that of the agent, else `models.accept`, else none.
     */
    accept?: readonly AcceptedEnding[] | undefined;
    /** Validates its output, in the forms of `input.schema`. `ERR_OUTPUT_SCHEMA`. */
    outputSchema?: unknown;
    /** Reuses its output in other executions of the same tenant and definition. `true`: for ever, by its rendered input. */
    cache?: boolean | {
        key?: string | undefined;
        ttl?: Duration<Other> | undefined;
    } | undefined;
    /** Capabilities that its agent must have; without an `agentId`, any registered agent that has them will do. */
    requires?: readonly string[] | undefined;
    /** Order in which tasks get an agent: a whole number from -1000 to 1000, higher first, added to that of the execution. Default 0. */
    priority?: number | undefined;
    /** Tasks with the same value go to the same agent instance while it has room. May hold `{{ … }}`. */
    affinity?: string | undefined;
    /** Undoes the task if the execution fails or is cancelled after the task completed (or, with `on: 'started'`, was started). */
    compensate?: Compensation<Other, AgentId> | undefined;
}

/** How agents of a type are made: here, or each in a worker thread of its own. */
export declare type AgentType = InlineAgentType | WorkerAgentType;

/** The number of instances of a type, and the load of each. */
export declare interface AgentTypeLimits {
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

/** A workflow: tasks and their dependencies. */
export declare interface AgentWorkflow<Other extends string = AnyWord> {
    /** The id of the workflow. At most 256 bytes. */
    id: string;
    /** A name for people. Default: the id. */
    name?: string | undefined;
    /** A changed definition needs another version while executions of the old one run. Default `'1'`. */
    version?: string | undefined;
    description?: string | undefined;
    /**
     * Validates the context of each execution before it begins: a zod schema, any Standard Schema, or a JSON Schema. `ERR_INPUT_SCHEMA`.
     * Its parsed value becomes the context.
     */
    context?: unknown;
    /** The agents that its tasks name, for the compiler only: see `defineWorkflow`. It registers no agent and is not recorded. */
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
    /** After a failure: `'fail_fast'` (default) stops the other tasks, `'continue'` lets independent tasks go on. */
    failurePolicy?: 'fail_fast' | 'continue' | Other | undefined;
    /**
     * What its executions survive: `'disk'` (default) as much as `storage.durability` says; `'os'` only the death of the process, so that its tasks do not wait
     * for the disk: a power cut may take back the last of what was recorded, in order. Child workflows have their own.
     */
    durability?: 'os' | 'disk' | Other | undefined;
    /** The time by which an execution must end: a duration after its start, or an ISO instant with a zone. `ERR_DEADLINE`. */
    deadline?: Duration<Other> | `${number}-${number}-${string}` | undefined;
    /** Limits of one execution. `ERR_BUDGET`; for models `ERR_BUDGET_EXCEEDED`. */
    budget?: Budget | undefined;
}

/** Something that people must know. It is announced when it begins, and again, with the same `id`, when it becomes critical, and when it is over. */
export declare interface Alert {
    /** The name of this one. It has the same when it begins and when it is over, and no other alert has it. */
    readonly id: string;
    /** Its kind, for programs. Titles may change, rules do not. */
    readonly rule: AlertRule;
    /** Whether it begins or is over. */
    readonly state: 'firing' | 'resolved';
    readonly type: 'performance' | 'resource' | 'error' | 'anomaly';
    readonly severity: 'low' | 'medium' | 'high' | 'critical';
    /** Its kind, in a few words for people. */
    readonly title: string;
    /** What has happened and what to do about it. */
    readonly description: string;
    /** When it began, or was over. */
    readonly timestamp: Date;
    readonly executionId?: string;
    /** The path of the task; of an anomaly its id. */
    readonly taskId?: string;
    /** Figures, by name: bytes where the name ends in `Bytes`, milliseconds where in `Ms`, per cent where in `Percent`. */
    readonly metrics?: Readonly<Record<string, number>>;
}

/**
 * The kinds of alert:
 *
 * - `store:log-held` (resource, medium): another program reads the store, and its log has grown beyond 256 MiB;
 * - `store:blocked` (resource, high): another program has kept commits waiting for more than 5 s;
 * - `store:log-damaged` (error, high): the log was damaged when the store was opened, and what lies behind cannot be read;
 * - `store:damaged` (error, high): an execution or a schedule cannot be read and is left alone; of an execution it is over when that is deleted, else when the orchestrator is closed, which is not announced;
 * - `store:full` (resource, critical): the disk of the store is full, and new work is refused;
 * - `store:log-full` (resource, critical): another program reads the store, its log is longer than `storage.maxLog`, and new work is refused;
 * - `store:facts-behind` (resource, medium): summaries have lacked for more than a minute what is on record, and lists of them may be refused;
 * - `store:not-copied` (resource, low): a store of an older version has the new format, and was too large to be copied before;
 * - `store:memory` (resource, high): a server of Redis has 80 % of its `maxmemory` in use; at 90 % new work is refused, and what was accepted goes on;
 * - `store:volatile` (resource, medium), `store:lonely` (resource, high), `store:untold` (resource, low): what is good to know of a server of Redis, found when
 *   it is opened: a crash of it loses executions; it has no replica to acknowledge anything; it does not say how it is set up;
 * - `store:newer` (resource, medium): a later version of this package has written what this one cannot read, and it is left alone;
 * - `taskFailureRate` (error), `memoryUsage`, `cpuUsage` (resource), `executionDuration` (performance): a threshold of `monitoring.alertThresholds` is
 *   reached: high, and critical at twice the threshold, or, of the two percentages, half-way from it to 100;
 * - `anomaly:duration`, `anomaly:wait`, `anomaly:cost` (anomaly, medium), `anomaly:failures` (anomaly, high): a task takes longer, waits longer for its
 *   agent, costs more or fails more often than it did, and stays so; where many tasks of one model, agent or workflow do, it is one alert that names it;
 * - `agent:lost` (error, high): the worker of an isolated agent ended unasked; `agent:unresponsive` (resource, medium): an agent still runs a second after it
 *   was told to stop; with `enableProfiling`, `agent:blocking` (performance, medium): an agent held the event loop for 50 ms or more. All are over when it has not happened again for five minutes;
 * - `eventLoop:delay` (performance, medium): the event loop was a second late three times in a minute; `schedule:missed` (error, medium): a planned instant passed more than a minute before
 *   anything could be done about it. Both are over when it has not happened again for five minutes;
 * - `agent:missing` (error, high): a minute after the store was opened interrupted executions still wait for an agent that is not registered;
 * - `task:poisoned` (error, high): a task was given up, since its process ended each time it ran;
 * - `budget:spent` (resource): 80 % of a budget of a day or month are spent (medium), or all of it (high).
 */
export declare type AlertRule = 'store:full' | 'store:log-full' | 'store:log-held' | 'store:blocked' | 'store:log-damaged' | 'store:damaged' | 'store:facts-behind' | 'store:not-copied' | 'store:memory' | 'store:volatile' | 'store:lonely' | 'store:untold' | 'store:newer' | 'taskFailureRate' | 'memoryUsage' | 'cpuUsage' | 'executionDuration' | 'anomaly:duration' | 'anomaly:wait' | 'anomaly:cost' | 'anomaly:failures' | 'budget:spent' | 'agent:lost' | 'agent:unresponsive' | 'agent:blocking' | 'agent:missing' | 'eventLoop:delay' | 'schedule:missed' | 'task:poisoned';

/** When a threshold of `alertThresholds` becomes an alert, and when that is over. */
export declare interface AlertRuleConfig {
    /** How long the figure is at the threshold before the alert begins. Default 0; of `memoryUsage` and `cpuUsage` 10000 (10 s). */
    for?: Duration | undefined;
    /** The share of the threshold below which it is over, in per cent. Default 90. */
    clear?: number | undefined;
    /** How long the figure is below that before it is over. Default 120000 (2 min). */
    clearAfter?: Duration | undefined;
    /** How long after it was over it does not begin again. Default 300000 (5 min). */
    cooldown?: Duration | undefined;
    /** Of fewer ends there is no failure rate. Default 20. */
    minSamples?: number | undefined;
}

/** By the thresholds they are about. `executionDuration` has none: it begins once an execution, and is over when that ends. */
export declare interface AlertRulesConfig {
    taskFailureRate?: AlertRuleConfig | undefined;
    memoryUsage?: Omit<AlertRuleConfig, 'minSamples'> | undefined;
    cpuUsage?: Omit<AlertRuleConfig, 'minSamples'> | undefined;
}

/** Thresholds of alerts. None has a default; an absent one raises no alert. */
export declare interface AlertThresholds {
    /** Failed tasks, in per cent of those that completed or failed in the last 5 minutes, if these are 20 at least. */
    taskFailureRate?: number | undefined;
    /** Time for which an execution has been at work, at least 1 ms: waits for signals and times, and pauses, are left out. The alert begins while it still runs. */
    executionDuration?: Duration | undefined;
    /** Memory of the process (its resident set), in bytes, at least 1. */
    memoryUsage?: number | undefined;
    /** Processor time of the process, in per cent of the cores that it may use. */
    cpuUsage?: number | undefined;
}

/** An instance and the attempt that has it. */
export declare interface AllocationEvent extends AgentEvent {
    readonly executionId: string;
    readonly taskId: string;
    readonly attempt: number;
}

/**
 * The names that an execution may use. An absent kind allows every name, `[]` allows none. It is recorded with the execution and holds for its child
 * workflows, spawned tasks, compensations, forks and retries.
 */
export declare interface Allowance {
    /** Agents and types that tasks may name. An agent found by `requires` must be one of them, or of a type among them. */
    agents?: readonly string[] | undefined;
    /** Tools that built-in agents may call, or let models call. */
    tools?: readonly string[] | undefined;
    /** Registered workflows that tasks may name. */
    workflows?: readonly string[] | undefined;
    /** Models that agents may ask, as `provider/model`, or `model` at any provider. */
    models?: readonly string[] | undefined;
}

/** An untyped context. */
export declare type AnyContext = {
    [key: string]: any;
};

/**
 * Widens the words of a field to `string` in definitions that are plain data, because TypeScript widens literals in object literals. `defineWorkflow`
 * allows only the words themselves.
 */
export declare type AnyWord = string & {};

/** A workflow with a recommendation in it. */
export declare interface AppliedInsight {
    /** The changed definition: under a new version, registered nowhere. */
    readonly workflow: AgentWorkflow;
    /** The pools that are to be changed, which no definition has. */
    readonly agents: readonly {
        readonly agent: string;
        readonly maxAgents: number;
    }[];
}

/**
 * What is taken for granted that no definition says: the task takes `factor` times as long, 0.5 is twice as fast. With `bucket`, only what of it is of this
 * kind, such as `model`. Every pass of a loop is meant.
 */
export declare interface Assumption {
    /** Its id in the definition. */
    readonly task: string;
    readonly factor: number;
    readonly bucket?: TimeBucket | undefined;
}

/** The second argument of an agent: what it may use during one attempt. */
export declare interface AttemptContext {
    /** Aborts when the attempt must stop; `signal.reason.code` says why. An agent that goes on is logged after 1 s, and its attempt is given up after 5 s. */
    readonly signal: AbortSignal;
    /** From 1. */
    readonly attempt: number;
    /** The same across attempts, restarts and machines: pass it to other systems, so that an effect happens once. */
    readonly idempotencyKey: string;
    /**
     * The W3C `traceparent` of this attempt, to pass to other systems; models are told it. `undefined` if executions are not traced. With a provider of
     * `@opentelemetry/api` what it instruments joins by itself, but in a worker thread.
     */
    readonly traceparent?: string | undefined;
    /** The `outputSchema` of the task, as a Standard Schema to pass to a model as `schema`; in a worker thread a JSON Schema. */
    readonly outputSchema: unknown;
    /**
     * Calls models on the account of this task: choices and usage are recorded, its budgets and `retryPolicy` apply, and calls end with the attempt.
     * Not available in a worker thread.
     */
    readonly models: ModelCalls;
    /** Resets `heartbeatTimeout`; announces `progress`, if given, as `emit` does. */
    heartbeat(progress?: unknown): void;
    /** Announces `task:progress` with `data`. It is not recorded. */
    emit(data: unknown): void;
    /**
     * Takes a step: calls `fn`, commits its JSON value, then resolves with it. Whatever ends the attempt (a crash, a shutdown, a failure), a later attempt of
     * the task, `retryExecution` included, gets the recorded value and `fn` is not called. A name stands once in an attempt (`ERR_STEP_REPEATED`: number it).
     * `input`, if given, must be the same again (`ERR_STEP_CHANGED`). Steps do not nest (`ERR_STEP_NESTED`). A `fn` that fails leaves nothing on record.
     */
    step<T>(name: string, fn: () => T, options?: {
        input?: unknown;
    }): Promise<Awaited<T>>;
    /**
     * Adds a task to the execution: a call of an agent, or a child workflow. Resolves with its output, typed by its `outputSchema` or by a workflow of
     * `defineWorkflow`. A failure that the agent does not catch fails the attempt (`ERR_SPAWN_FAILED`). A later attempt that spawns the same task gets the
     * same one. If the attempt must stop
     * meanwhile, awaiting it rejects with `signal.reason`. Once the attempt is over nothing is added, and awaiting it rejects.
     */
    spawn<S = undefined, W = undefined>(task: AgentTask & {
        outputSchema?: S;
        workflow?: W;
    }): PromiseLike<SpawnedResult<S, W>>;
}

/**
 * How long one attempt may take. One that takes longer counts as paid. It goes to a fallback, or is retried by `maxAttempts` or `retryPolicy`: at most
 * twice, if the model has answered other requests in the last minute.
 */
export declare interface AttemptTimeouts {
    /** Until the first token of a stream, thoughts included. Default 300000 (5 min). */
    firstToken?: Duration | undefined;
    /** From one token of a stream to the next. Default 120000 (2 min). */
    betweenTokens?: Duration | undefined;
    /** Until the end. Default 600000 (10 min) of an answer that comes at once, 3600000 (1 h) of a stream. */
    whole?: Duration | undefined;
}

/** Options of `backup`. */
export declare interface BackupOptions {
    /** Cancels it. */
    signal?: AbortSignal | undefined;
}

/** A branch of a choice. */
export declare interface Branch<Other extends string = AnyWord, AgentId extends string = string> {
    /** Default: its place. */
    name?: string | undefined;
    when: Condition<Other>;
    tasks: readonly AgentTask<Other, AgentId>[];
}

export declare type Branched<B, K, A> = {
    readonly branch: string;
    readonly output: B extends {
        readonly tasks: infer T extends readonly {
            readonly id: string;
        }[];
    } ? ResultsOf<T, A> : unknown;
} | (K extends {
    readonly default: infer T extends readonly {
        readonly id: string;
    }[];
} ? {
    readonly branch: string;
    readonly output: ResultsOf<T, A>;
} : never);

/** Limits of one execution, including its child workflows. */
export declare interface Budget extends ModelBudget {
    /** Attempts of agents that may start. */
    tasks?: number | undefined;
    /** Time from start to end. */
    time?: Duration | undefined;
}

/** A budget with `per`, as it stands. */
export declare interface BudgetStanding {
    /** Whose it is: `orchestrator`, `tenant:…`, `workflow:…` or `agent:…`. */
    readonly scope: string;
    /** What may be spent in each window. */
    readonly budget: RecurringBudget;
    /** The window under way: from `start` until before `end`. */
    readonly start: Date;
    readonly end: Date;
    /** What is gone in it: US dollars, tokens, calls. */
    readonly spent: {
        readonly usd: number;
        readonly tokens: number;
        readonly calls: number;
    };
    /** Of what is bounded, the share that is gone, in per cent; the largest one. */
    readonly spentPercent: number;
    /** When it will be used up if spending goes on as in the last hour; `null`: not in this window. */
    readonly exhaustedAt: Date | null;
}

/**
 * An amount of memory: a number of bytes, or a string such as `'512KiB'`, `'64MiB'`, `'1GiB'`, or in thousands `'64MB'`. Typed as string, as a
 * duration is; an invalid one is refused at run time.
 */
export declare type Bytes = number | `${number}${'B' | 'kB' | 'MB' | 'GB' | 'KiB' | 'MiB' | 'GiB'}` | (string & {});

/** A task that always makes one call of a known agent, as most tasks do. */
export declare interface CallAlone<A> {
    readonly agentId: keyof A;
    readonly type?: 'sequential' | 'parallel';
    readonly tasks?: undefined;
    readonly branches?: undefined;
    readonly outputSchema?: undefined;
    readonly conditions?: undefined;
    readonly triggerRule?: undefined;
    readonly onError?: undefined | 'fail';
    readonly fallback?: undefined;
}

export declare type Called<K, A> = K extends {
    readonly outputSchema: infer S;
} ? Recorded<SchemaOutput<S>> : K extends {
    readonly agentId: infer N extends keyof A;
} ? AgentResult<A[N]> : K extends {
    readonly workflow: {
        readonly '~types'?: infer W;
    };
} ? NonNullable<W> extends {
    readonly results: infer R;
} ? R : unknown : K extends {
    readonly agentId: string;
} | {
    readonly workflow: unknown;
} | {
    readonly requires: unknown;
} ? unknown : K extends {
    readonly waitFor: {
        readonly schema: infer S;
    };
} ? Recorded<SchemaOutput<S>> : unknown;

/** The caller cancelled it, or another task made it pointless. */
export declare class CancelledError extends OrchestratorError {
}

export declare interface CancelOptions {
    /** Stops clean-up tasks and compensation too. Default false. */
    force?: boolean | undefined;
}

/** One change. */
export declare type Change = DefinitionChange | PoolChange;

/** What is done where a path leads. docs/monitoring.md has a table. */
export declare type ChangeOperation = 
/** Adds to an array before `position` (default: at the end), to a string at a UTF-16 offset, or to an object the field named by `position`, which must be new. */
    {
    readonly type: 'insert';
    readonly position?: PathSegment | undefined;
    readonly content: unknown;
}
/** Deletes `length` elements or UTF-16 units from `position`, or the field named so; without `position`, what the path names. Default `length`: 1. */
| {
    readonly type: 'delete';
    readonly position?: PathSegment | undefined;
    readonly length?: number | undefined;
}
/** Puts `content` in the place of what the path names, and a field there that was absent; with `position`, of that part of a string. */
| {
    readonly type: 'replace';
    readonly position?: PathSegment | undefined;
    readonly length?: number | undefined;
    readonly content: unknown;
}
/** Takes a value from one place below the path to another, which is counted once it is gone. */
| {
    readonly type: 'move';
    readonly from: PathSegment | readonly PathSegment[];
    readonly to: PathSegment | readonly PathSegment[];
};

/** `unknown` if every field exists, dependencies are siblings and agents get what they read; else the problem at its place. */
export declare type CheckedTasks<T extends Listed, A, C> = [Wrong<T, A, C>] extends [never] ? unknown : Places<T, A, C>;

/** The orchestrator has been shut down. */
export declare class ClosedError extends OrchestratorError {
}

/** Shared editing of workflows. Validated; has no effect yet. */
export declare interface CollaborationConfig {
    /** Whether sessions tell each other about changes at once. Default true. */
    enableRealtime?: boolean | undefined;
    /** Participants of one session, at least 1. Default 10. */
    maxParticipants?: number | undefined;
    /** Time without activity after which a session ends, at least 1 ms. Default 3600000 (1 h). */
    sessionTimeout?: Duration | undefined;
    /** How concurrent edits are merged. Default `'operational-transform'`. */
    conflictResolution?: 'last-write-wins' | 'operational-transform' | 'crdt' | undefined;
}

export declare interface ComparedExecution {
    readonly executionId: string;
    readonly workflowId: string;
    readonly version: string;
    readonly duration: number;
    readonly buckets: TimeBuckets;
}

/** Figures of one side. */
export declare interface ComparedFigures {
    readonly period: {
        readonly start: Date;
        readonly end: Date;
    };
    /** The part of it that the figures are of. */
    readonly covers: {
        readonly start: Date;
        readonly end: Date;
    };
    readonly version?: string;
    readonly executionCount: number;
    readonly performance: WorkflowPerformance;
}

/** One side of a comparison: what ended from `start` until before `end`. */
export declare interface ComparedSpan {
    readonly start: Date;
    readonly end: Date;
    /** Executions of this version alone. Default: all. */
    readonly version?: string | undefined;
}

/** A task of both, all its passes together. */
export declare interface ComparedTask {
    /** Its id in the definition. */
    readonly task: string;
    /** Absent where it never could run. */
    readonly a?: {
        readonly duration: number;
        readonly share: number;
    };
    readonly b?: {
        readonly duration: number;
        readonly share: number;
    };
    /** How much larger its share of the critical path is in the second. */
    readonly difference: number;
}

/** The call of an agent that undoes a task. */
export declare interface Compensation<Other extends string = AnyWord, AgentId extends string = string> {
    agentId: AgentId;
    /** It may read the output of its own task. */
    input?: TaskInputDefinition | undefined;
    on?: 'completed' | 'started' | Other | undefined;
    retryPolicy?: RetryPolicy<Other> | undefined;
    timeout?: Duration<Other> | undefined;
}

/** When an execution that runs will have ended. */
export declare interface CompletionEstimate {
    /** As likely before as after. */
    readonly endTime: Date;
    /** It ends between these with a probability of about 90 %, */
    readonly earliest: Date;
    readonly latest: Date;
    /** as so many executions tell that went the same way so far: the latest that completed of the same version, at most 30. */
    readonly executions: number;
}

/** Limits how many executions with the same key run at once. */
export declare interface ConcurrencyLimit {
    /** 1 to 256 characters, such as the id of a customer. */
    key: string;
    /** At least 1. The limit given last counts for all of the key. */
    limit: number;
}

/** An expression (a bounded subset of CEL: docs/workflows.md), alone or in an object, or a function. Functions are known by name after a restart: see `registerWorkflow`. */
export declare type Condition<Other extends string = AnyWord> = string | TaskCondition<Other> | ConditionFunction;

/** A condition that is a function. Its argument has everything that an expression could read there. Returns a boolean, or a promise of one. */
export declare type ConditionFunction = (scope: any) => unknown;

/** The call conflicts with something that exists. */
export declare class ConflictError extends OrchestratorError {
}

export declare type ContextGiven<S> = SchemaInput<S> extends infer C extends object ? C : object;

export declare type ContextProblem<X, N, C, D> = Differing<C, Omit<X, 'dependencies'>> extends infer F extends string ? [F] extends [never] ? X extends {
    readonly dependencies: infer W;
} ? Differing<D, W> extends infer G extends string ? [G] extends [never] ? unknown : Problem<`agent \`${N & string}\` reads \`dependencies.${G}\`, which this task is not given`> : unknown : unknown : Problem<`agent \`${N & string}\` reads \`context.${F}\`, which the context of this workflow is not known to have`> : unknown;

/** The type of `task.context`; anything without a schema, or with raw JSON Schema. */
export declare type ContextRead<S> = SchemaOutput<S> extends infer C extends object ? Recorded<C> : any;

/** What the thread of JavaScript was at for five seconds: its stack was looked at each millisecond. */
export declare interface CpuProfile {
    /** Its name, and that of its file beside the store. */
    readonly id: string;
    readonly startedAt: Date;
    /** How long it is, in milliseconds. */
    readonly duration: number;
    /** The rule of the alert that it was taken for. */
    readonly rule: AlertRule;
    readonly alertId: string;
    /** The functions that took the most time themselves, the most first, at most 10. */
    readonly functions: readonly ProfiledFunction[];
    /**
     * Resolves with the whole of it as JSON text: the form of `.cpuprofile` files, which the developer tools of browsers and editors open.
     * @throws {StoreError} `ERR_STORE_READ` if its file cannot be read, or is gone.
     */
    read(): Promise<string>;
}

/** A provider of your own. */
export declare interface CustomProvider {
    /** Answers one request. To fail, throw an error with `class` (a `ModelFailureClass`) and `retryAfterMs`; it is retried as for any provider. */
    generate(request: CustomRequest): Promise<CustomReply> | CustomReply;
    /** Yields the answer in parts. Default: `generate`, in one part. */
    stream?(request: CustomRequest): AsyncIterable<{
        text: string;
    } | CustomReply>;
    /** Its models, for `selectModel`. */
    models?: readonly ModelRegistration[] | undefined;
    rateLimit?: ModelRateLimit | undefined;
}

export declare interface CustomReply {
    text?: string | undefined;
    toolCalls?: readonly {
        id: string;
        name: string;
        arguments: unknown;
    }[] | undefined;
    usage?: {
        inputTokens: number;
        outputTokens: number;
        cacheReadTokens?: number | undefined;
        reasoningTokens?: number | undefined;
    } | undefined;
    finishReason?: FinishReason | undefined;
}

/** A request to a provider of your own. */
export declare interface CustomRequest {
    readonly model: string;
    readonly system?: string;
    readonly messages: readonly ModelMessage[];
    readonly tools: readonly {
        name: string;
        description: string;
        parameters: object;
    }[];
    /** A JSON Schema. */
    readonly schema?: object;
    readonly temperature?: number;
    readonly maxTokens?: number;
    readonly signal: AbortSignal;
}

/** Something in a store that cannot be read. */
export declare interface DamagedRow {
    readonly id: string;
    /** Why. */
    readonly message: string;
}

/**
 * Types the agents of a program by name, and returns them unchanged: `agentPool.registerAgents(agents)` registers them, and `agents` of
 * `defineWorkflow` tells the compiler about them.
 */
export declare function defineAgents<const A extends Agents>(agents: A): A;

/**
 * Lets the compiler check the agents, dependencies, words, context and results of a workflow, and returns it unchanged: a definition is data, and runs
 * the same without this function.
 */
export declare function defineWorkflow<const T extends readonly AgentTask<never, AgentNames<A>>[], A extends Agents, S = undefined>(workflow: WorkflowDefinition<A, S, T & CheckedTasks<T, A, ContextRead<S>>>): TypedWorkflow<ContextGiven<S>, Shown<ResultsOf<T, A>>>;

/** A change of a definition. */
export declare interface DefinitionChange {
    /** From the definition to what is changed, such as `['tasks', { id: 'report' }, 'timeout']`. */
    readonly path: readonly PathSegment[];
    readonly operation: ChangeOperation;
}

/** The members that are missing or have another type. */
export declare type Differing<Given, Wanted> = string extends keyof Wanted ? never : {
    [F in keyof Wanted]: F extends keyof Given ? (Given[F] extends Wanted[F] ? never : F) : F;
}[keyof Wanted] & string;

/**
 * A duration: a number of milliseconds, or a string such as `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. Typed as string because TypeScript widens
 * literals in object literals; an invalid one is refused at run time.
 */
export declare type Duration<Other extends string = string & {}> = [Other] extends [never] ? number | DurationText : number | DurationText | Other;

/** A duration as a string. */
export declare type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** The stable names of all errors. */
export declare type ErrorCode = 'ERR_VALIDATION' | 'ERR_CONFIG' | 'ERR_INVALID_ARGUMENT' | 'ERR_NOT_JSON' | 'ERR_TOO_LARGE' | 'ERR_INPUT_SCHEMA' | 'ERR_BAD_CURSOR' | 'ERR_AGENT_NOT_FOUND' | 'ERR_AGENT_TYPE_NOT_FOUND' | 'ERR_EXECUTION_NOT_FOUND' | 'ERR_INSIGHT_NOT_FOUND' | 'ERR_AGENT_EXISTS' | 'ERR_DEFINITION_CHANGED' | 'ERR_SCHEDULE_CHANGED' | 'ERR_CANCELLED' | 'ERR_SIBLING_FAILED' | 'ERR_JOIN_SATISFIED' | 'ERR_JOIN_UNREACHABLE' | 'ERR_DEADLINE' | 'ERR_BUDGET' | 'ERR_JOURNAL_LIMIT' | 'ERR_TOTAL_TIMEOUT' | 'ERR_HEARTBEAT_TIMEOUT' | 'ERR_WAIT_TIMEOUT' | 'ERR_POISONED' | 'ERR_LOOP_ITEMS' | 'ERR_LOOP_LIMIT' | 'ERR_LOOP_NOT_ARRAY' | 'ERR_NO_BRANCH' | 'ERR_CONDITION' | 'ERR_CONDITION_NOT_BOOLEAN' | 'ERR_EXPRESSION' | 'ERR_TEMPLATE' | 'ERR_FUNCTION_NOT_FOUND' | 'ERR_OUTPUT_SCHEMA' | 'ERR_MAX_STEPS' | 'ERR_SPAWN_FAILED' | 'ERR_SPAWN_CHANGED' | 'ERR_STEP_CHANGED' | 'ERR_STEP_NESTED' | 'ERR_STEP_REPEATED' | 'ERR_AMBIGUOUS_SIGNAL' | 'ERR_UNKNOWN_SIGNAL' | 'ERR_SIGNAL_SCHEMA' | 'ERR_WORKFLOW_NOT_FOUND' | 'ERR_EXECUTION_EXISTS' | 'ERR_EXECUTION_ENDED' | 'ERR_NOT_MOVABLE' | 'ERR_EXECUTION_ACTIVE' | 'ERR_EXECUTION_NEEDED' | 'ERR_IDEMPOTENCY_MISMATCH' | 'ERR_TOO_DEEP' | 'ERR_SHUTDOWN' | 'ERR_TIMEOUT' | 'ERR_TASK_FAILED' | 'ERR_AGENT' | 'ERR_AGENT_INVALID' | 'ERR_AGENT_CREATE' | 'ERR_AGENT_LOST' | 'ERR_TOOL_EXISTS' | 'ERR_TOOL_NOT_FOUND' | 'ERR_TOOL_ARGUMENTS' | 'ERR_TOOL_RESULT' | 'ERR_TOOL_TIMEOUT' | 'ERR_TOOL_FAILED' | 'ERR_MCP_CONNECT' | 'ERR_MCP_LOST' | 'ERR_INTERRUPTED' | 'ERR_STORE_LOCKED' | 'ERR_STORE_BUSY' | 'ERR_STORE_OPEN' | 'ERR_STORE_CORRUPT' | 'ERR_STORE_FOREIGN' | 'ERR_STORE_NEWER' | 'ERR_STORE_OLDER' | 'ERR_STORE_READ' | 'ERR_STORE_FULL' | 'ERR_STORE_REPLACED' | 'ERR_STORE_UNAVAILABLE' | 'ERR_OUTCOME_UNKNOWN' | 'ERR_CLOSED' | 'ERR_CRASHED' | 'ERR_NOT_DURABLE' | 'ERR_SCRIPT_ENDED' | 'ERR_STUCK' | 'ERR_MODEL' | 'ERR_MODEL_CUT' | 'ERR_MODEL_EMPTY' | 'ERR_MODEL_OUTPUT' | 'ERR_NO_MODEL' | 'ERR_PROVIDER_NOT_FOUND' | 'ERR_PROVIDER_EXISTS' | 'ERR_BUDGET_EXCEEDED' | 'ERR_LISTENER' | 'ERR_ADDON' | 'ERR_NOT_SUPPORTED' | 'ERR_NOT_ALLOWED' | 'ERR_INTERNAL';

/** Failures that differ in nothing but numbers, ids, addresses, paths and quotations. */
export declare interface ErrorFigures {
    readonly code: string;
    /** The first line of the message, with `#` for what differs. */
    readonly message: string;
    readonly count: number;
    /** The ids of the tasks that failed of it. */
    readonly tasks: readonly string[];
    readonly firstSeen: Date;
    readonly lastSeen: Date;
    /** The execution of the latest. */
    readonly executionId: string;
}

/** The fields of an error beside its message. */
declare interface ErrorOptions_2 {
    /** The error that caused this one. */
    cause?: unknown;
    /** Further data, such as figures and names. */
    details?: Readonly<Record<string, unknown>> | undefined;
    /** Whether the same call may succeed later. Default false. */
    retryable?: boolean | undefined;
    /** The execution it is about. */
    executionId?: string | undefined;
    /** The task it is about. */
    taskId?: string | undefined;
    /** The execution as it ended, on errors of `executeWorkflow` and `handle.result()`. */
    execution?: WorkflowExecution | undefined;
}
export { ErrorOptions_2 as ErrorOptions }

/**
 * The delay of timers in milliseconds, measured every 20 ms while agents work; figures start anew after a rest of at least 1 s.
 */
export declare interface EventLoopDelayFigures {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
}

export declare type EventName = keyof OrchestratorEvents;

/** A figure that speaks for a recommendation. */
export declare interface Evidence {
    /** Its name: a count, milliseconds where it ends in `Ms`, US dollars where in `Usd`. */
    readonly figure: string;
    readonly value: number;
    /** Executions that show it, at most 20. */
    readonly executions: readonly string[];
}

/** Options of `executeWorkflow` and `startWorkflow`. */
export declare interface ExecuteOptions {
    /** Cancels the execution when it aborts; a call that joined another's execution is only detached. */
    signal?: AbortSignal | undefined;
    /** The time by which it must end: an instant, or a duration from now. The workflow's own deadline may be earlier. */
    deadline?: Date | Duration | undefined;
    /** Limits of the execution; the workflow's own budget may be lower. */
    budget?: Budget | undefined;
    /** Pauses after each task, from the beginning. */
    step?: boolean | undefined;
    /**
     * The id of the execution: 1 to 256 characters without `/`, `\`, `~` and control characters, not beginning with `key-` and 32 hexadecimal digits, not
     * ending in `@` and an ISO instant. Default: a generated one. `ERR_EXECUTION_EXISTS` if it is taken.
     */
    executionId?: string | undefined;
    /**
     * Calls with the same key, workflow and tenant join one execution, until 24 h after its end. If it is no longer remembered,
     * `ERR_EXECUTION_NOT_FOUND`.
     */
    idempotencyKey?: string | undefined;
    /** If the execution of the key has failed: `'join'` rejects as that one did (default), `'rerun'` runs the workflow again. */
    onFailed?: 'join' | 'rerun' | undefined;
    /** The tenant it runs for. Tenants share the places of `maxConcurrentWorkflows` by their weights. */
    tenant?: string | undefined;
    /** Order within a tenant: a whole number from -1000 to 1000, higher first, then first come, first served. Default 0. */
    priority?: number | undefined;
    /** Limits how many executions of one key and tenant run at once; the others wait. */
    concurrency?: ConcurrencyLimit | undefined;
    /** The trace and the span of the caller, as a W3C `traceparent`. It is recorded with the execution and its child workflows. */
    traceparent?: string | undefined;
    /** The names that it may use. A fork may only narrow those of its original. Default: all. */
    allow?: Allowance | undefined;
}

/** Reads a store without opening it for work. Neither the store nor what stands beside it is changed. */
export declare interface ExecutionArchive extends AsyncDisposable {
    /** Returns executions, newest first. */
    listExecutions(filter?: ExecutionListFilter): Promise<ExecutionList>;
    /**
     * Returns summaries of executions, newest first. If a process has the store open, they are as far as that has got; `asOf` is the instant of the last record
     * they have. Otherwise they have everything.
     */
    listExecutions(filter: ExecutionSummaryFilter): Promise<ExecutionSummaryList & {
        readonly asOf: Date;
    }>;
    /** Returns the execution as it is on record, or `undefined` if there is none. */
    getExecution(executionId: string): Promise<WorkflowExecution | undefined>;
    /**
     * Resolves with what each task of an execution waits for, as its records leave it: what only a process has, such as places of agents, is not known.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    explain(executionId: string): Promise<Explanation>;
    /**
     * Yields the events of an execution that are on record, in order, from the first or after number `after`.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    events(executionId: string, options?: {
        after?: number | undefined;
    }): AsyncIterable<ExecutionEvent>;
    /** Lets go of the store. Later calls reject with `ERR_CLOSED`. */
    close(): Promise<void>;
}

/** Two executions beside each other: what took longer in the second has a positive difference. */
export declare interface ExecutionComparison {
    readonly a: ComparedExecution;
    readonly b: ComparedExecution;
    /** `b.duration - a.duration`. */
    readonly difference: number;
    /** The same by what the time went into: the sum is `difference`. */
    readonly buckets: TimeBuckets;
    /** By task, the largest change of its share of the critical path first. */
    readonly tasks: readonly ComparedTask[];
}

/** One event of an execution. */
export declare interface ExecutionEvent {
    /** Its number in the execution, from 1 without gaps. */
    readonly seq: number;
    readonly type: ExecutionEventName;
    /** When it was recorded. */
    readonly at: Date;
    readonly executionId: string;
    /** The task as it was then, on `task:*`. */
    readonly task?: TaskExecution;
    /** On `task:failed` and `task:retrying`. */
    readonly error?: TaskErrorInfo;
}

/** The events of executions. */
export declare type ExecutionEventName = Exclude<EventName, 'alert' | 'insight' | 'insight:outcome'>;

/** Waits for, inspects and controls one execution. Any number of handles may exist for one execution. */
export declare interface ExecutionHandle<Results = Readonly<Record<string, unknown>>> {
    readonly id: string;
    /** Resolves when the execution completed; rejects as `executeWorkflow` does. A handle whose result is never asked for rejects nothing; see `logger`. */
    result(): Promise<WorkflowExecution<Results>>;
    /** Resolves in any end state. Tasks that did not complete have no result. */
    settled(): Promise<WorkflowExecution<Partial<Results>>>;
    status(): Promise<ExecutionStatus>;
    /** See `cancelExecution`. */
    cancel(reason?: string, options?: CancelOptions): Promise<void>;
    /** See `pauseExecution`. */
    pause(): Promise<void>;
    /** See `resumeExecution`. */
    resume(options?: ResumeOptions): Promise<void>;
    /** See `signalExecution`. */
    signal(name: string, payload?: unknown, options?: SignalOptions): Promise<void>;
    /**
     * Yields every event of the execution in order, from the first or after number `after`: those on record, then those to come, without a gap.
     * Ends when the execution has ended.
     */
    events(options?: {
        after?: number | undefined;
    }): AsyncIterable<ExecutionEvent>;
}

/** A page of executions, newest first. */
export declare interface ExecutionList {
    readonly executions: WorkflowExecution[];
    /** Present if there are more. */
    readonly cursor?: string;
}

/** Selects executions for `listExecutions`. An absent field selects all. */
export declare interface ExecutionListFilter {
    /** `'summary'` for summaries: `ExecutionSummaryFilter`. Absent: whole executions. */
    fields?: undefined;
    workflowId?: string | undefined;
    status?: ExecutionStatus | undefined;
    /** Started at this instant or later. */
    since?: Date | undefined;
    /** Started before this instant. */
    until?: Date | undefined;
    /** 1 to 1,000. Default 50. */
    limit?: number | undefined;
    /** From the page before. */
    cursor?: string | undefined;
}

/** Figures of one execution. */
export declare interface ExecutionMetrics {
    /** Milliseconds from start to end, or so far. */
    readonly duration: number;
    readonly tasks: {
        readonly total: number;
        readonly completed: number;
        readonly failed: number;
        readonly skipped: number;
        readonly cancelled: number;
    };
    /** Attempts of all tasks. */
    readonly attempts: number;
    readonly resourceUsage: ResourceUsage;
}

/** Watches the executions of an orchestrator, announces its alerts, and knows its figures. */
export declare interface ExecutionMonitor extends EventEmitter<MonitorEvents> {
    /**
     * Resolves with figures of the executions of a workflow that ended from `start` until before `end`, whichever process ran them: of everything that was on
     * record when it was called. Without `storage` they are of the executions that are remembered, and `covers` says since when. A time without executions, or
     * a workflow that has never run, has zeros, `null` for what is not known, and an insight that says so.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if `workflowId` is not a name, `start` or `end` is not a valid Date, or `start` is after `end`.
     * @throws {StoreError} `ERR_STORE_BUSY` if the figures have not got that far within 2 s; `retryable` is true.
     */
    getWorkflowAnalytics(workflowId: string, start: Date, end: Date): Promise<WorkflowAnalytics>;
    /** Resolves with the budgets of `models` that begin anew each day or month (`per`), as they stand, and when each will be used up. */
    getBudgets(): Promise<readonly BudgetStanding[]>;
    /**
     * Returns counters, gauges and histograms as text that Prometheus reads (`text/plain; version=0.0.4`): of this process, since the orchestrator was made. Each
     * name begins with `mao_`, and labels have workflows, agent types and models, never an execution. It never throws: before `ready()` and after `shutdown()`
     * `mao_up` is 0 and there are the figures of the process alone. With `enableMetrics: false` nothing is counted, and a comment in the text says so.
     */
    metrics(): string;
    /**
     * Yields the spans of executions that have ended, newest first: each text is one line of OTLP JSON (`ExportTraceServiceRequest`), as files of traces have
     * them. It reads as it is read, so it holds little at once however many there are. Ids follow from what is on record: the same execution has the same spans each
     * time, and the same as a collector was sent. With `storage` they are of all that is on record, whether it was
     * traced or not; without, of the executions that are remembered.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if `filter` is none.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND` if there is none with that `executionId`.
     */
    exportTraces(filter?: TraceFilter): AsyncIterable<string>;
    /**
     * Resolves with what the time of an execution went into: its critical path, whose parts sum to its duration to the microsecond, and what each task is to
     * that. Of one that runs it is of the time until its latest record, with an estimate of when it will have ended. Child workflows are part of it, up to 1,000 of them.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; without `storage` also once the execution is not remembered any more (`memory.remember`).
     */
    getPerformanceProfile(executionId: string): Promise<PerformanceProfile>;
    /** Resolves with the thresholds of `monitoring.alertThresholds` as they stand; `noData` is a state of its own. */
    getThresholds(): Promise<readonly ThresholdStanding[]>;
    /**
     * Resolves with the CPU profiles that are kept, newest first. With `enableProfiling` one is taken, for five seconds and at most once a minute, when an alert begins
     * that an agent blocks the event loop, that the process needs much processor time, or of an anomaly.
     */
    getCpuProfiles(): Promise<readonly CpuProfile[]>;
    /**
     * Resolves with what each task of an execution that has not ended waits for, since when, until when, and the call that would move it; of one that has ended,
     * with how and why it did. It works with `enableMetrics: false` and without `storage`, and reads no facts.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    explain(executionId: string): Promise<Explanation>;
    /**
     * Resolves with a page that shows an execution over time, as HTML text: a row for each task, by what its time went into, the critical path, and the same as
     * a table. The page needs no other file and asks for nothing: write it somewhere, and open it.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; without `storage` also once the execution is not remembered any more (`memory.remember`).
     */
    renderTimeline(executionId: string): Promise<string>;
    /**
     * Resolves with a page about a workflow over a time, as HTML text: its figures, their trends by hour (up to two days) or by day, the slowest tasks, errors,
     * cost, insights, and the alerts of this process. The page needs no other file and asks for nothing.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT`, as `getWorkflowAnalytics`.
     * @throws {StoreError} `ERR_STORE_BUSY`, as `getWorkflowAnalytics`.
     */
    renderReport(workflowId: string, period: {
        start: Date;
        end: Date;
    }): Promise<string>;
    /**
     * Resolves with what differs between two executions: by what their time went into, and by task.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; without `storage` also once the execution is not remembered any more (`memory.remember`).
     */
    compareExecutions(a: string, b: string): Promise<ExecutionComparison>;
    /**
     * Resolves with the figures of a workflow in two times, or of two versions, beside each other, and what differs. Each side is as `getWorkflowAnalytics` has
     * it, without summaries and recommendations.
     *
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if a side is no time.
     * @throws {StoreError} `ERR_STORE_BUSY` as there.
     */
    comparePeriods(workflowId: string, a: ComparedSpan, b: ComparedSpan): Promise<PeriodComparison>;
    /**
     * Resolves with how long an execution would have taken under a changed definition, or with a changed pool: what is recorded happens again, and when each
     * attempt begins follows anew from what it waits for and from the places of its agent. What of the change nothing on record can foresee is in `unknown`.
     *
     * @param change - One change or a list of them, which count together; `[]` with `options.assuming`.
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if `change` cannot be made, or makes a definition that cannot run.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; without `storage` also once the execution is not remembered any more (`memory.remember`).
     */
    predict(executionId: string, change: Change | readonly Change[], options?: PredictOptions): Promise<Prediction>;
    /**
     * Resolves with the workflow that an insight recommends: what it changes is changed, under a new version, and nothing is registered. From now on the insight
     * is measured: once 20 executions have ended that have the change, it has an `outcome`, and `'insight:outcome'` is announced.
     *
     * @param insightId - `id` of a recommendation in `insights` of `getWorkflowAnalytics`, or of the event `'insight'`.
     * @param workflow - What is changed, with its functions and schemas. Default: the definition on record, where those are known by name.
     * @throws {NotFoundError} `ERR_INSIGHT_NOT_FOUND` if there is none, or it holds no longer.
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if it does not fit `workflow`.
     */
    applyInsight(insightId: string, workflow?: AgentWorkflow): Promise<AppliedInsight>;
}

/** `damaged`: it is on record and cannot be read; `error` says why, and what is not known is empty. */
export declare type ExecutionStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'damaged';

/** An execution without its context, results and tasks. */
export declare interface ExecutionSummary {
    readonly id: string;
    readonly workflowId: string;
    readonly version: string;
    readonly status: ExecutionStatus;
    /** Absent while it waits for a place. */
    readonly startTime?: Date;
    /** Present once it has ended. */
    readonly endTime?: Date;
    /** Milliseconds from start to end; absent before its end. */
    readonly duration?: number;
    /** Its tasks by how they ended. */
    readonly tasks: ExecutionMetrics['tasks'];
    /** Attempts of all tasks. */
    readonly attempts: number;
    readonly resourceUsage: ResourceUsage;
    /** Why it failed: the code, and the path of the task, which is empty for a deadline or a budget. */
    readonly error?: {
        readonly code: string;
        readonly taskId: string;
    };
    /** What it waits for; absent if that is nothing. */
    readonly waitsFor?: ExecutionWaits;
    /** Bytes of its records. Absent without `storage`. */
    readonly bytes?: number;
    readonly forkedFrom?: string;
    readonly parent?: {
        readonly execution: string;
        readonly path: string;
    };
    readonly schedule?: {
        readonly id: string;
        readonly at: Date;
    };
    readonly tenant?: string;
}

/** Selects summaries for `listExecutions`. An absent field selects all. */
export declare interface ExecutionSummaryFilter extends Omit<ExecutionListFilter, 'fields'> {
    fields: 'summary';
    version?: string | undefined;
    tenant?: string | undefined;
    /** Failed with this code. */
    errorCode?: string | undefined;
    /** Waiting for any signal, agent or timer, or for the signal or agent of this name. */
    waitingFor?: 'signal' | 'agent' | 'timer' | {
        readonly signal: string;
    } | {
        readonly agent: string;
    } | undefined;
    /** With an id that begins so. The page is then in the order of ids, the last first. */
    idPrefix?: string | undefined;
}

/** A page of summaries, newest first. */
export declare interface ExecutionSummaryList {
    readonly executions: ExecutionSummary[];
    /** Present if there are more. */
    readonly cursor?: string;
}

/** What tasks of an execution wait for. */
export declare interface ExecutionWaits {
    /** Names of signals. */
    readonly signals: readonly string[];
    /** Agents, or types of agents, that tasks which could run have not been given. */
    readonly agents: readonly string[];
    /** The next end of a delay, or of a wait before a retry. */
    readonly timer?: Date;
}

/** What an execution waits for, task by task. */
export declare interface Explanation {
    readonly executionId: string;
    readonly status: ExecutionStatus;
    /** One sentence: how and why it ended, or what it waits for. */
    readonly summary: string;
    /** When it is stopped, and by what: its deadline, or the time of its budget. Nothing waits for a budget otherwise: who finds one used up fails. */
    readonly deadline?: {
        readonly at: Date;
        readonly by: 'deadline' | 'budget';
    };
    /** Every task that has not ended, those of groups and loops included; empty of an execution that has. */
    readonly tasks: readonly TaskExplanation[];
}

/** A stand-in for a failed task: an agent, called once with the task's own input or another, or a value. */
export declare type Fallback<AgentId extends string = string> = {
    agentId: AgentId;
    input?: TaskInputDefinition | undefined;
} | {
    value: unknown;
};

/** How much larger a figure is on the second side: `b` less `a`. `null` where one of the two is not known. */
export declare interface FigureDifferences {
    readonly averageDuration: number | null;
    readonly p50Duration: number | null;
    readonly p95Duration: number | null;
    readonly p99Duration: number | null;
    /** In percentage points. */
    readonly errorRate: number | null;
    /** Attempts for each that completed or failed. */
    readonly attempts: number | null;
    /** US dollars for each that completed or failed; `null` also where a price is not known. */
    readonly cost: number | null;
    /** Tokens, for each that completed or failed. */
    readonly tokens: number | null;
}

/** Something that figures say of themselves. */
export declare interface FigureInsight {
    /** Its kind, for programs. */
    readonly kind: InsightKind;
    /** Its kind, in a few words for people. */
    readonly title: string;
    /** What it is and what to do about it. */
    readonly description: string;
}

/**
 * Why an answer ended. `'length'`: it was cut; `'content-filter'`: it was withheld or refused; `'empty'`: it ended normally without content; `'pause'`: the
 * provider continues when it is sent `message`; `'other'`: any other reason.
 */
export declare type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'empty' | 'pause' | 'other';

/** Options of `forkExecution`: those of an execution, and the definition it goes on under. */
export declare interface ForkOptions extends ExecuteOptions {
    /** The workflow as it is now, with the same `id`. Default: the definition on record. */
    workflow?: AgentWorkflow | undefined;
    /** Starts nothing, and resolves with what it would keep, run and leave behind. Default false. */
    dryRun?: boolean | undefined;
}

/** What a fork would do. Paths are those of `TaskExecution.taskId`. */
export declare interface ForkPlan {
    /** The tasks whose ends it takes over, with what they spawned. */
    readonly kept: readonly string[];
    /** The tasks that it runs; by its id alone a task that has not been reached, such as one of a pass to come. */
    readonly runs: readonly string[];
    /** The tasks that the new definition does not have any more. */
    readonly gone: readonly string[];
    /** What the model calls of the kept tasks had cost, in US dollars. */
    readonly cost: number;
}

/** The result of a request. With a `schema` it has `output`, unless the model may call tools instead. */
export declare type Generated<S, T> = S extends undefined ? GenerateResult : T extends undefined ? GenerateResult<SchemaOutput<S>> & {
    readonly output: SchemaOutput<S>;
} : GenerateResult<SchemaOutput<S>>;

/** A request to a model. It needs `prompt` or `messages`. */
export declare interface GenerateRequest {
    /** The provider, by its name. With neither this nor `model`, `requirements` decide. */
    provider?: string | undefined;
    /** The model, as `model` or `provider/model`. */
    model?: string | undefined;
    /** Requirements that choose the model, if none is named. Default: `text-generation`, and the needs of the request itself. */
    requirements?: ModelRequirements | undefined;
    /** Instructions for the model. */
    system?: string | undefined;
    prompt?: string | undefined;
    messages?: readonly ModelMessage[] | undefined;
    /** The schema of `output`, in the forms of a tool's `parameters`. It guides the model and validates the answer, with one round of repair. */
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
    /** Requests to one model before it is given up, from 1 to 100. Default 5; see `AttemptTimeouts` for those that come too late. */
    maxAttempts?: number | undefined;
    /** Limits of this call, including its retries. */
    budget?: ModelBudget | undefined;
    /**
     * For `stream`: lets the call start again after a failure in the middle of an answer. The first part of the new answer has `restart: true`, and voids the
     * parts before it. Default false: the call fails.
     */
    restart?: boolean | undefined;
    /** The longest that the whole call may take, waiting included. */
    timeout?: Duration | undefined;
    signal?: AbortSignal | undefined;
}

/** The answer of a model. */
export declare interface GenerateResult<Output = unknown> {
    readonly text: string;
    /** The answer as `schema` parsed it; absent if the model called tools instead. */
    readonly output?: Output;
    readonly toolCalls: readonly ModelToolCall[];
    /** The answer as a message, to continue the conversation. */
    readonly message: ModelMessage;
    /** Tokens, including those of failed requests before it that reported theirs. */
    readonly usage: TokenUsage;
    /** US dollars. */
    readonly cost: number;
    /** False if a price is unknown, so that `cost` is too low, or if the provider reports no usage, so that `usage` and `cost` are estimates. */
    readonly costComplete: boolean;
    readonly model: string;
    readonly provider: string;
    readonly finishReason: FinishReason;
    /** The provider's own word, where it says more, or its explanation of a refusal. */
    readonly finishDetail?: string;
    /** Every request that was sent for it, in order. */
    readonly attempts: readonly ModelAttempt[];
    /** Fallbacks that were not called, because they cannot read part of the request, such as a picture. Absent: none. */
    readonly skipped?: readonly SkippedModel[];
}

/** The results of the dependencies of a task: those it names, else any of its siblings. */
export declare type Given<K, R extends Results> = K extends {
    readonly dependencies: readonly (infer D extends string)[];
} ? {
    readonly [F in D]: R[F];
} : R;

/** The configuration of an agent of type `hybrid`: that of `llm`, and tools. */
export declare interface HybridConfiguration extends LlmConfiguration {
    /** The tools it may use, by name. Default: every tool that is registered when an attempt begins. */
    tools?: readonly string[] | undefined;
    /** Requests to the model in one attempt, 1 to 1000. `ERR_MAX_STEPS`. Default 10. */
    maxSteps?: number | undefined;
    /**
     * Whether a later attempt goes on at the first reply or tool result that is not on record, after a crash, and after a failure by time-out, network or loss.
     * `'never'`: each attempt begins anew. Default `'steps'`.
     */
    resume?: 'steps' | 'never' | undefined;
}

export declare type IdOf<K> = K extends {
    readonly id: infer I extends string;
} ? I : never;

/** Agents that run on the thread that registers them. */
export declare interface InlineAgentType extends AgentTypeLimits {
    isolation?: 'inline' | undefined;
    /** Returns a new instance for the configuration of an agent. If it throws, the pool tries again after a while. */
    create(config: any): Agent | Promise<Agent>;
}

/** Something that figures say, or a change that executions recommend: the latter has a `change`. */
export declare type Insight = FigureInsight | Recommendation;

/**
 * The kinds of insight:
 *
 * - `no-executions`: nothing ended in that time;
 * - `unknown-workflow`: nothing of this workflow is on record at all;
 * - `metrics-off`: `monitoring.enableMetrics` is false;
 * - `period-cut`: what is older than a part of that time is not kept;
 * - `executions-deleted`: executions were deleted that some of the figures do not have;
 * - `anomaly`: runs of a task, or executions as a whole, took longer, waited longer or cost more than those before them. Each is one run; what stays so is
 *   an alert.
 */
export declare type InsightKind = 'no-executions' | 'unknown-workflow' | 'metrics-off' | 'period-cut' | 'executions-deleted' | 'anomaly';

/** What came of a recommendation that was followed. */
export declare interface InsightOutcome {
    /** The saving that was promised, as a share. */
    readonly predicted: number;
    /** What was saved, by the executions before and after; below 0 if it takes or costs more. */
    readonly measured: number;
    /** Executions under the change that this was measured of. */
    readonly runs: number;
}

/** How recommendations are given on. */
export declare interface InsightsConfig {
    /**
     * A model, as `model` or `provider/model`, that words and orders them and may propose further changes. It is asked once about the same ones, and paid for as
     * every call is. Its texts stand only with numbers that are in the evidence, and its proposals only if they can be made: what they save is computed. Default:
     * none is asked.
     */
    model?: string | undefined;
}

/** A bug in this package. */
export declare class InternalError extends OrchestratorError {
}

/** One problem found in what the caller gave, with the place it was found in. */
export declare interface Issue {
    /** The place, from the argument inwards: `tasks[2].input.schema`, `workflow.maxTasks`, `data["a b"]`. Empty for the argument itself. */
    path: string;
    /** The problem and the way out, in lower case without a full stop. */
    message: string;
    /** The stable name of the problem, such as `ERR_NOT_JSON`. */
    code?: string;
    /** `'error'` unless said otherwise. */
    severity?: 'error' | 'warning';
}

/** A task without inner tasks, or with lists of this kind. */
export declare interface Leaf<I, Lists = undefined> {
    readonly id: string;
    readonly dependencies?: readonly I[] | undefined;
    readonly tasks?: Lists;
    readonly branches?: Lists;
    readonly default?: Lists;
}

/** A list of tasks. */
export declare type Listed = readonly {
    readonly id: string;
}[];

/** How an agent of type `llm` calls its model. An absent field takes the provider's default. */
export declare interface LlmConfiguration {
    /** The model, as `model` or `provider/model`. With neither this nor `provider`, `requirements` decide. */
    model?: string | undefined;
    /** The provider, by its name. */
    provider?: string | undefined;
    /** Requirements that choose the model, if none is named. */
    requirements?: ModelRequirements | undefined;
    /** Instructions for the model, for every task. */
    system?: string | undefined;
    /** From 0 to 2. */
    temperature?: number | undefined;
    /** From 0 to 1. */
    topP?: number | undefined;
    /** Tokens of one answer, at most. */
    maxTokens?: number | undefined;
    stop?: readonly string[] | undefined;
    /** Models to try, in this order, when the first cannot serve a request. Default: `models.fallback`. */
    fallback?: readonly string[] | undefined;
    /** Further fields of the provider's own body. */
    extra?: Readonly<Record<string, unknown>> | undefined;
    /** Whether text is announced as it comes, as `task:progress` with `{ type: 'text', text, attempt, request }`. A task with `outputSchema` has none. Default true. */
    stream?: boolean | undefined;
    /** Whether the prompt includes the results of the task's dependencies, unless a template of its input reads them. Default `'dependencies'`. */
    include?: 'dependencies' | 'none' | undefined;
    /**
     * Accepts cut, withheld or empty answers for tasks without `accept`; others fail the task. Default: `models.accept`.
     */
    accept?: readonly AcceptedEnding[] | undefined;
}

/** Options of `loadWorkflow`. */
export declare interface LoadOptions {
    /** The names that the workflow may use; any other name is a problem with its path. Pass it to the call that runs the workflow too. Default: everything. */
    allow?: Allowance | undefined;
}

/**
 * The events of the log:
 *
 * - `execution:failed` (error): an execution failed, and no listener and no handle heard of it;
 * - `listener:failed` (error): a listener of an event threw or rejected;
 * - `listener:unknown` (warn): a listener was added for an event that does not exist;
 * - `store:lost` (error): nothing more can be recorded;
 * - `store:unreadable` (error): what a listener that came late was to hear cannot be read;
 * - `alert` (error or warn): an alert began (error if its severity is high or critical) or is over (warn), and no listener of `'alert'` heard it;
 * - `agent:dispose` (warn): an agent could not be disposed of;
 * - `agent:unresponsive` (warn): an agent still runs 1 s after it was told to stop;
 * - `agent:stand-in` (warn): a model does tasks whose agent is not registered, though the configuration does not say so;
 * - `mcp:tools` (warn): a tool that a server lists, or its whole list, cannot be used;
 * - `model:tool` (warn): a tool cannot be shown to a model and is left out;
 * - `profile:lost` (warn, once): a CPU profile cannot be taken or kept, or agents that block the event loop cannot be named;
 * - `trace:lost` (warn, once): spans cannot be sent, or cannot be made;
 * - `webhook:lost` (warn): an alert could not be posted to `monitoring.notify.webhook` for three days, or too many wait, and it is given up;
 * - `insight:failed` (warn): insights could not be looked for, or the model that words them did not.
 */
export declare type LogEvent = 'execution:failed' | 'listener:failed' | 'listener:unknown' | 'store:lost' | 'store:unreadable' | 'alert' | 'agent:dispose' | 'agent:unresponsive' | 'agent:stand-in' | 'mcp:tools' | 'model:tool' | 'profile:lost' | 'trace:lost' | 'webhook:lost' | 'insight:failed';

/**
 * Receives what the operators of an orchestrator must know. `console` and pino loggers fit: each method is called with a record and a message.
 */
export declare interface Logger {
    /** Something failed: an execution, a listener, the store. */
    error(record: LogRecord, message: string): void;
    /** Everything goes on, but a person should look at it. */
    warn(record: LogRecord, message: string): void;
}

/** One log entry as data. */
export declare interface LogRecord {
    /** The event. */
    readonly event: LogEvent;
    /** One of `ErrorCode`, or the code of the error that an agent threw. */
    readonly code?: string;
    /** The error, under the name that loggers recognise. */
    readonly err?: OrchestratorError;
    readonly executionId?: string;
    readonly workflowId?: string;
    /** The path of the task that failed. */
    readonly taskId?: string;
    /** The schedule that began the execution. */
    readonly scheduleId?: string;
    readonly tenant?: string;
    readonly agentId?: string;
    /** The name of the server. */
    readonly server?: string;
    readonly alert?: Alert;
}

/** What repeats a loop: exactly one of `forEach`, `while`, `until`, or the task's `conditions`. */
export declare interface Loop<Other extends string = AnyWord> {
    /** An array, or an expression that gives one. One pass for each item. */
    forEach?: readonly unknown[] | string | undefined;
    /** Judged before each pass. */
    while?: Condition<Other> | readonly Condition<Other>[] | undefined;
    /** Judged after each pass. */
    until?: Condition<Other> | readonly Condition<Other>[] | undefined;
    /** Passes of a loop without `forEach`. Default 100. */
    maxIterations?: number | undefined;
    /** Passes of a `forEach` at the same time. Default 1. */
    concurrency?: number | undefined;
    /** After a failed pass of `forEach`: `'failAfter'` runs the others first, then fails with `ERR_LOOP_ITEMS`. Default `'fail'`. */
    onItemError?: 'fail' | 'failAfter' | 'collect' | 'skip' | Other | undefined;
    /** At `maxIterations`: `'fail'` fails with `ERR_LOOP_LIMIT` (default), `'stop'` completes the loop. */
    onLimit?: 'fail' | 'stop' | Other | undefined;
    /** How many ended passes stay in view. Default: all. */
    keepLast?: number | undefined;
}

/** What became of many, by their ids. */
export declare interface ManyMoved {
    readonly moved: readonly string[];
    /** Those that had failed, and of which forks go on. */
    readonly forked: readonly string[];
    /** Those that stay as they are, by the code of the error that `moveExecution` has for them. */
    readonly refused: Readonly<Record<string, readonly string[]>>;
    /** What the model calls of all kept tasks had cost, in US dollars. */
    readonly cost: number;
}

/** A connection to a server. */
export declare interface McpConnection extends AsyncDisposable {
    /** The configured name, or the one that the server gives itself. */
    readonly name: string;
    /** Its registered tools. The list changes when the server sends another. */
    readonly tools: readonly {
        readonly name: string;
        readonly description: string;
    }[];
    /** Unregisters its tools and closes the connection. Resolves when a started program has ended. */
    close(): Promise<void>;
}

/** A server that the pool starts as a program, connected through standard input and output. It ends with the connection. */
export declare interface McpProgram extends McpServerOptions {
    /** A program on the PATH, or an absolute path. No shell reads it. */
    command: string;
    args?: readonly string[] | undefined;
    /** Added to the few variables that it inherits: PATH, HOME, the user, the language and the folder for temporary files. API keys are not inherited. */
    env?: Readonly<Record<string, string>> | undefined;
    /** The working directory. Default: that of this process. */
    cwd?: string | undefined;
}

/** A server at an address, by streamable HTTP. */
export declare interface McpRemote extends McpServerOptions {
    url: string | URL;
    /** Sent with each request, such as `Authorization`. */
    headers?: Readonly<Record<string, string>> | undefined;
    /** Whether it may be in a private network, or without TLS. Default false. */
    allowPrivate?: boolean | undefined;
}

/** A server of the Model Context Protocol: a program that is started, or an address. */
export declare type McpServer = McpProgram | McpRemote;

/** Options of both kinds of server. */
export declare interface McpServerOptions {
    /** The name in errors, and the default prefix of its tools. Default: the name that the server gives itself. */
    name?: string | undefined;
    /** Which of its tools are registered, by the server's own names. Default: all. */
    tools?: {
        include?: readonly string[] | undefined;
        exclude?: readonly string[] | undefined;
    } | undefined;
    /** The prefix of its tools' names. Default: its name and `_`, since two servers may each have a `search`. */
    prefix?: string | undefined;
    /** The longest that connecting, and one call, may take. Default 60000 (1 min). */
    timeout?: Duration | undefined;
}

/** Bounds what an orchestrator without `storage` remembers. */
export declare interface MemoryConfig {
    /** The latest executions that ended. Reads, idempotency keys and forks find an execution while it is remembered. */
    remember?: RememberConfig | undefined;
}

/** One request to a model, and its outcome. */
export declare interface ModelAttempt {
    readonly provider: string;
    readonly model: string;
    /** Milliseconds until it was sent: for its limits, or after the failure before it. */
    readonly waited: number;
    /** Milliseconds from the request to the end of the answer. */
    readonly duration: number;
    /** Why it failed: a class such as `rate` or `overload`. */
    readonly failure?: ModelFailureClass;
    readonly message?: string;
    /** Milliseconds that the provider asked to wait. */
    readonly retryAfterMs?: number;
    /** Fields of the request that the model does not accept, such as `temperature`, and that were left out. */
    readonly omitted?: readonly string[];
    /** The next step. */
    readonly next: 'done' | 'retry' | 'fallback' | 'give-up';
}

/** Limits the use of calls. `ERR_BUDGET_EXCEEDED`. */
export declare interface ModelBudget {
    /** US dollars. */
    usd?: number | undefined;
    /** Input and output together. */
    tokens?: number | undefined;
    /** Calls. Retries of a call count once with it; a round of repair is another call. */
    calls?: number | undefined;
}

/** Calls models: as `modelIntegration` of the orchestrator, and as `context.models` on the account of a task. */
export declare interface ModelCalls {
    /**
     * Calls a model and waits for the whole answer.
     *
     * @throws {ModelError} with the class of the failure and every attempt.
     * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
     */
    generate<S = undefined, T extends readonly ModelTool[] | undefined = undefined>(request: GenerateRequest & {
        schema?: S;
        tools?: T;
    }): Promise<Generated<S, T>>;
    /** Calls a model and streams its answer. After the first part there is no retry and no fallback, unless `restart` is set. */
    stream<S = undefined, T extends readonly ModelTool[] | undefined = undefined>(request: GenerateRequest & {
        schema?: S;
        tools?: T;
    }): ModelStream<Generated<S, T>>;
}

export declare type ModelCapability = 'text-generation' | 'code-generation' | 'reasoning' | 'tool-use' | 'vision' | 'audio' | (string & {});

/** A model with its known properties and the figures of its calls. */
export declare interface ModelComparison extends ModelInfo {
    readonly calls: number;
    /** 0 to 1; absent before the first call. */
    readonly successRate?: number;
    /** Milliseconds. */
    readonly latency?: {
        readonly p50: number;
        readonly p95: number;
    };
    readonly timeToFirstToken?: {
        readonly p50: number;
        readonly p95: number;
    };
    readonly tokensPerSecond?: number;
    /** US dollars in all. */
    readonly cost: number;
}

/**
 * A model gave no usable answer. `details.attempts` has every request, `details.class` the kind of failure, `details.partialText` the text that had
 * arrived. For an answer that was cut (`ERR_MODEL_CUT`), empty (`ERR_MODEL_EMPTY`) or withheld (class `content`)
 * `details` has `finishReason`, the rest (`partial`), `usage`, `cost`, and the `limit` that cut it.
 */
export declare class ModelError extends OrchestratorError {
}

export declare type ModelFailureClass = 'rate' | 'quota' | 'auth' | 'overload' | 'context' | 'content' | 'network' | 'invalid';

/** The known properties of a model. */
export declare interface ModelInfo {
    readonly modelId: string;
    readonly provider: string;
    /** Tokens of input and output together. */
    readonly contextLength?: number;
    readonly maxOutputTokens?: number;
    readonly capabilities: readonly ModelCapability[];
    readonly quality?: 'basic' | 'good' | 'excellent';
    readonly structuredOutput?: boolean;
    /** US dollars per million tokens. */
    readonly prices?: {
        readonly input?: number;
        readonly output?: number;
        readonly cacheRead?: number;
        readonly cacheWrite?: number;
    };
    readonly released?: string;
    readonly deprecated?: string;
}

/** Chooses and calls models, and knows what they cost. docs/models.md says how one is chosen. */
export declare interface ModelIntegration extends ModelCalls {
    /**
     * Returns the model that fits best.
     *
     * @throws {ModelError} `ERR_NO_MODEL`, which says which requirement to relax.
     */
    selectModel(requirements: ModelRequirements): Promise<ModelSelection>;
    /** Returns each model of the configured providers, with its known properties and the figures of its calls. */
    getModelComparison(): ModelComparison[];
    /** Returns every known model, of configured providers or not. */
    listModels(filter?: {
        provider?: string | undefined;
        capability?: ModelCapability | undefined;
        configured?: boolean | undefined;
    }): ModelInfo[];
    /** @throws {ConflictError} `ERR_PROVIDER_EXISTS` */
    registerProvider(name: string, provider: CustomProvider | ProviderConfig): void;
    /** @throws {ValidationError} `ERR_INVALID_ARGUMENT` */
    registerModel(model: ModelRegistration): void;
}

/** One turn of a conversation. */
export declare interface ModelMessage {
    role: 'user' | 'assistant' | 'tool' | (string & {});
    content: string | readonly ModelPart[];
    /** The provider's own record of its turn, from `GenerateResult.message`. Send it back unchanged. */
    continuation?: unknown;
}

/**
 * A part of a turn. Pictures and files belong to the user's turns: `url` begins with `https:` or `data:`, `data` is base64. A file is a PDF or text. A
 * `url` is fetched if the provider wants bytes, and a part that the model cannot read is refused before the request. Pictures in the `result` of a tool, as
 * MCP servers return them (`[{ type: 'image', data, mimeType }]`), are sent as pictures to models that read them.
 */
export declare type ModelPart = {
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
    type: 'file';
    url: string;
    mediaType?: string | undefined;
} | {
    type: 'file';
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

/** The rate limits of each model of a provider. */
export declare interface ModelRateLimit {
    requestsPerMinute?: number | undefined;
    /** Input and output together, in any 60 s. */
    tokensPerMinute?: number | undefined;
    requestsPerDay?: number | undefined;
    /** Requests under way at once. */
    concurrentRequests?: number | undefined;
}

/** Properties of a model that the catalogue lacks or has wrong. Absent fields stay as they are; `null` makes one unknown. */
export declare interface ModelRegistration {
    provider?: string | undefined;
    id: string;
    contextWindow?: number | null | undefined;
    maxOutput?: number | null | undefined;
    capabilities?: readonly ModelCapability[] | undefined;
    quality?: 'basic' | 'good' | 'excellent' | null | undefined;
    structuredOutput?: boolean | null | undefined;
    /** US dollars per million tokens. */
    prices?: {
        input?: number | undefined;
        output?: number | undefined;
        cacheRead?: number | undefined;
        cacheWrite?: number | undefined;
    } | null | undefined;
}

/** Requirements that choose a model. */
export declare interface ModelRequirements {
    capabilities?: readonly {
        type: ModelCapability;
        quality?: 'basic' | 'good' | 'excellent' | (string & {}) | undefined;
    }[] | undefined;
    /** The context length needed for input and output together, in tokens. */
    contextLength?: number | undefined;
    /** The most that one request may cost, in US dollars. */
    maxCost?: number | undefined;
    /** The longest that one request may take, in milliseconds. */
    maxLatency?: number | undefined;
    /** Its models come first if one of them fits; `reason` says when none does. */
    preferredProvider?: string | undefined;
    structuredOutput?: boolean | undefined;
    /** What weighs most among the models that fit. Default `'balanced'`. */
    mode?: 'quality' | 'balanced' | 'cost' | 'latency' | (string & {}) | undefined;
    /** The expected use of a request, in tokens. Default: a share of `contextLength`; see docs/models.md. */
    estimatedInputTokens?: number | undefined;
    maxOutputTokens?: number | undefined;
    providers?: {
        allow?: readonly string[] | undefined;
        deny?: readonly string[] | undefined;
    } | undefined;
}

/** The providers of models, and budgets. */
export declare interface ModelsConfig {
    /**
     * The providers by name. One that has the name of its kind (`openai`, `openai-responses`, `anthropic`,
     * `gemini` or `google`, `azure`, `mistral`, `groq`, `deepseek`, `xai`, `together`, `openrouter`, `cohere`, `ollama`) needs no `kind`. Default: every kind whose key
     * is in the environment.
     */
    providers?: Readonly<Record<string, ProviderConfig>> | undefined;
    /** Models to try, in this order, when the first cannot serve a request: `provider/model` or `model`. Default: none. */
    fallback?: readonly string[] | undefined;
    /** The budget of all calls of this orchestrator together: in each day or month with `per`, else since it was created. Default: no limit. */
    budget?: RecurringBudget | undefined;
    /** The budget of all executions of a tenant together, by its name. Default: no limit. */
    tenantBudgets?: Readonly<Record<string, RecurringBudget>> | undefined;
    /** The budget of all executions of a workflow together, by its id; `budget` of the workflow itself is that of one execution. Default: no limit. */
    workflowBudgets?: Readonly<Record<string, RecurringBudget>> | undefined;
    /** The budget of all tasks of an agent together, by the name that tasks call it by. Default: no limit. */
    agentBudgets?: Readonly<Record<string, RecurringBudget>> | undefined;
    /** Accepts cut, withheld or empty answers for `llm` and `hybrid` tasks, where neither the task nor its agent has `accept`. Default: none. */
    accept?: readonly AcceptedEnding[] | undefined;
}

/** The model that fits best, and why. */
export declare interface ModelSelection {
    readonly modelId: string;
    readonly provider: string;
    /** A sentence for people. */
    readonly reason: string;
    /** US dollars for one request. */
    readonly estimatedCost: number;
    /** Milliseconds for one request. */
    readonly estimatedLatency: number;
    /** The next best, best first. */
    readonly alternatives: readonly {
        modelId: string;
        provider: string;
        estimatedCost: number;
        estimatedLatency: number;
    }[];
}

/**
 * An answer in parts. The request begins at once; a caller that does not read the parts can still await `result()`. Leaving a `for await` before its end,
 * by `break`, `return` or a throw, cancels the request: `result()` then rejects with `ERR_CANCELLED`.
 */
export declare interface ModelStream<Result = GenerateResult> extends AsyncIterable<StreamPart<Result>> {
    /** The whole answer. */
    result(): Promise<Result>;
}

/** A tool as a model sees it. */
export declare interface ModelTool {
    name: string;
    description: string;
    /** A zod schema, any Standard Schema that can be a JSON Schema, or a JSON Schema of an object. */
    parameters: unknown;
}

export declare interface ModelToolCall {
    readonly id: string;
    readonly name: string;
    readonly arguments: unknown;
}

/** The events of `executionMonitor`. */
export declare interface MonitorEvents {
    alert: [alert: Alert];
    /** Executions recommend a change that was not recommended before. It is looked for while there is a listener, as executions end. */
    insight: [insight: Recommendation];
    /** A recommendation that was applied has been measured: it has an `outcome`. */
    'insight:outcome': [insight: Recommendation];
}

/** Metrics, traces, profiles and alerts. */
export declare interface MonitoringConfig {
    /** Whether figures of each hour are kept. Without them `getWorkflowAnalytics` counts the executions themselves, and says so. Default true. */
    enableMetrics?: boolean | undefined;
    /**
     * Whether executions are traced: with the provider that is registered with `@opentelemetry/api`, or to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names. With
     * neither nothing is sent, and `executionMonitor.exportTraces` gives the spans. Default false.
     */
    enableTracing?: boolean | undefined;
    /** How executions are traced. */
    tracing?: TracingConfig | undefined;
    /**
     * Whether more is recorded of each attempt than what costs next to nothing: which outputs of its dependencies an agent looks at, and times of 50 ms and more
     * in which the event loop stood still, with an alert that names the agent and the function (`agent:blocking`) and a CPU profile
     * (`executionMonitor.getCpuProfiles`). Default false.
     */
    enableProfiling?: boolean | undefined;
    /** When to raise an alert. A threshold that is absent raises none. */
    alertThresholds?: AlertThresholds | undefined;
    /** How long a figure is at its threshold before there is an alert, and when that is over. */
    rules?: AlertRulesConfig | undefined;
    /** Who is told of alerts, beside listeners. */
    notify?: NotifyConfig | undefined;
    /** Who puts recommendations into words. */
    insights?: InsightsConfig | undefined;
}

/** Which executions of a workflow `moveExecutions` moves. */
export declare interface MoveFilter {
    /** Default: all that have not ended. With `'failed'` forks of them go on. */
    status?: 'pending' | 'running' | 'paused' | 'failed' | undefined;
    /** Started at this instant or later. */
    since?: Date | undefined;
    /** Started before this instant. */
    until?: Date | undefined;
}

/** What a move came to, or would. `runs` has the tasks that go on as they are as well: they have not ended. */
export declare interface Movement extends ForkPlan {
    /** `'moved'`: the execution goes on where it is. `'forked'`: it had failed, and a fork of it goes on. */
    readonly way: 'moved' | 'forked';
    /** The execution that goes on: the same, or the fork. With `dryRun` the same in any case. */
    readonly executionId: string;
}

/** Options of `moveExecution` and `moveExecutions`. */
export declare interface MoveOptions {
    /** Moves nothing, and resolves with what it would come to. Default false. */
    dryRun?: boolean | undefined;
}

/**
 * Runs workflows. With `storage` every accepted execution is on record before its call resolves, and interrupted executions continue when the
 * file is opened again. Without it nothing is written.
 *
 * It keeps the process alive while an execution is active or a schedule is planned, and not otherwise.
 */
export declare class MultiAgentOrchestrator extends EventEmitter<OrchestratorEvents> implements AsyncDisposable {
    #private;
    /** Registers the agents and tools. */
    readonly agentPool: AgentPool;
    /** Reads workflows without running them. */
    readonly workflowEngine: WorkflowEngine;
    /** Chooses and calls models, and knows what they cost. */
    readonly modelIntegration: ModelIntegration;
    /** Announces alerts, as the orchestrator does, and knows figures. */
    readonly executionMonitor: ExecutionMonitor;
    /**
     * @throws {ValidationError} `ERR_CONFIG` with every problem of the configuration by path.
     */
    constructor(config?: OrchestratorConfig);
    /**
     * Resolves when the store is open and interrupted executions are resumed. Every call awaits it by itself.
     * @throws {StoreError} if the file cannot be opened; it is never replaced, and memory never takes its place.
     * @throws {ValidationError} `ERR_CONFIG` if a configured provider of models cannot be used, mostly because its key is missing. Only calls of that provider fail.
     */
    ready(): Promise<void>;
    /**
     * Runs a workflow to its end.
     *
     * Events without a listener are held for listeners attached right after the `await`, which hear them in order as soon as
     * they are read.
     *
     * @param context - Given to every agent as `task.context`; JSON data.
     * @returns The execution, completed.
     * @throws {ValidationError} with every problem of the workflow, the context or the options by path; `ERR_INPUT_SCHEMA` if the context is not what
     * `context` of the workflow takes.
     * @throws {TaskFailedError} `ERR_TASK_FAILED` when a task failed; `error.cause` is what its agent threw, `error.execution` the execution.
     * @throws {CancelledError} `ERR_CANCELLED` when it was cancelled; `error.execution` is the execution.
     */
    executeWorkflow<T extends WorkflowTypes = PlainTypes>(workflow: Typed<T>, ...[context, options]: StartArguments<T['context']>): Promise<WorkflowExecution<T['results']>>;
    /** Starts a workflow and resolves with a handle as soon as it is on record. Rejects as `executeWorkflow` does for what cannot start. */
    startWorkflow<T extends WorkflowTypes = PlainTypes>(workflow: Typed<T>, ...[context, options]: StartArguments<T['context']>): Promise<ExecutionHandle<T['results']>>;
    /** Returns a handle for an execution by its id. Its methods reject with `ERR_EXECUTION_NOT_FOUND` if there is none. */
    getHandle(executionId: string): ExecutionHandle;
    /** Returns the execution as it is now, or `undefined` if there is none. Without `storage`, `memory.remember` bounds how many ended ones are kept. */
    getExecution(executionId: string): Promise<WorkflowExecution | undefined>;
    /** Returns executions, newest first. */
    listExecutions(filter?: ExecutionListFilter): Promise<ExecutionList>;
    /**
     * Returns summaries of executions, newest first: without contexts, results and tasks, so that a page costs the same whatever they hold. It has
     * everything that was on record when it was called.
     * @throws {StoreError} `ERR_STORE_BUSY` if the summaries have not got that far within 2 s; `retryable` is true.
     */
    listExecutions(filter: ExecutionSummaryFilter): Promise<ExecutionSummaryList>;
    /**
     * Cancels an execution: nothing new starts, and the signal of running agents aborts, which have 5 s to answer. Resolves when that is on record.
     * Does nothing to an execution that has ended or is being stopped.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    cancelExecution(executionId: string, reason?: string, options?: CancelOptions): Promise<void>;
    /**
     * Pauses an execution and its children: nothing new starts, running attempts finish, timers and signals are recorded. Resolves when that is on
     * record. Does nothing to an execution that has ended or is being stopped.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    pauseExecution(executionId: string): Promise<void>;
    /**
     * Resumes a paused execution and its children; with `step`, only until the next task ends.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    resumeExecution(executionId: string, options?: ResumeOptions): Promise<void>;
    /**
     * Sends a signal to an execution. It feeds one task that waits for its name, now or later; signals are kept in the order they come. Resolves
     * when it is on record.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; `ERR_UNKNOWN_SIGNAL` if no task of its workflow can ever take it, by name or by path.
     * @throws {ConflictError} `ERR_AMBIGUOUS_SIGNAL` if several tasks wait for it and `options.path` names none; `ERR_EXECUTION_ENDED`.
     * @throws {ValidationError} `ERR_SIGNAL_SCHEMA` if the payload does not fit the schema of the task that waits, or of any that may wait later.
     */
    signalExecution(executionId: string, name: string, payload?: unknown, options?: SignalOptions): Promise<void>;
    /**
     * Starts a new execution of the same workflow with the same context that takes over every recorded end but those of `fromTask` with
     * everything inside it, of what depends on it, of the groups around it, of passes that may build on the one it is in, and of what a cancel cut off. The old execution stays as it is; the new one has `forkedFrom`.
     *
     * @param fromTask - The id of a task; inside a loop its path, such as `outer[2].child`.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    forkExecution(executionId: string, fromTask: string, options: ForkOptions & {
        dryRun: true;
    }): Promise<ForkPlan>;
    forkExecution(executionId: string, fromTask: string, options?: ForkOptions & {
        dryRun?: false | undefined;
    }): Promise<ExecutionHandle>;
    /** What would be kept, run and left behind by the call below. */
    forkExecution(executionId: string, options: ForkOptions & {
        workflow: AgentWorkflow;
        dryRun: true;
    }): Promise<ForkPlan>;
    /**
     * Starts a new execution under another definition of the same workflow that takes over every recorded end which holds there: of tasks that read equal in
     * both, after tasks whose ends are kept. What failed or was cut off runs again, and with `fromTask` that task and what comes after it.
     * @throws {ValidationError} with every problem of the workflow by path.
     */
    forkExecution(executionId: string, options: ForkOptions & {
        workflow: AgentWorkflow;
        dryRun?: false | undefined;
    }): Promise<ExecutionHandle>;
    /**
     * Forks an execution from every task that failed, was cancelled, or was skipped because of that. A failed child workflow continues from its own failure,
     * with its idempotency keys.
     */
    retryExecution(executionId: string, options?: ExecuteOptions): Promise<ExecutionHandle>;
    /**
     * Goes on with an execution under another definition of the same workflow, where it is: what reads equal in both, after tasks that do, stays as it is. Nothing
     * but children may be under way: pause it first. An execution that has failed stays as it ended, and a fork goes on. Resolves when it is on record.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     * @throws {ValidationError} with every problem of the workflow by path.
     * @throws {ConflictError} `ERR_NOT_MOVABLE`, with the path and the way out; `ERR_EXECUTION_ENDED` if it has completed or was cancelled.
     */
    moveExecution(executionId: string, workflow: AgentWorkflow, options?: MoveOptions): Promise<Movement>;
    /** Moves all executions of the workflow that fit; those that cannot be moved stay as they are, and are listed by the code of the error. */
    moveExecutions(filter: MoveFilter, workflow: AgentWorkflow, options?: MoveOptions): Promise<ManyMoved>;
    /**
     * Deletes an execution that has ended, or is damaged, with its children. Resolves when that is on record; the file gets smaller behind.
     * @throws {OrchestratorError} `ERR_EXECUTION_NOT_FOUND`; `ERR_EXECUTION_ACTIVE` if it has not ended: cancel it first; `ERR_EXECUTION_NEEDED` if its parent, a
     * child, a fork or a retry of it has not ended, or its key or its schedule needs it (`details.by`); `ERR_STORE_CORRUPT` if it is on a damaged page.
     */
    deleteExecution(executionId: string): Promise<void>;
    /** Deletes the ended executions that fit, with their children, or with `dryRun` says what would be deleted. What is needed stays, as in `deleteExecution`. */
    pruneExecutions(filter: PruneFilter, options?: PruneOptions): Promise<Pruned>;
    /** Copies the store to `path` while everything goes on, with all that was acknowledged before the call. A second call waits; one that fails leaves nothing. */
    backup(path: string, options?: BackupOptions): Promise<void>;
    /**
     * Runs a workflow by a schedule. Each run is an execution whose id consists of the schedule's id and the planned instant. Resolves when the schedule is on
     * record. With `storage` it continues when the file is opened again and its agents are registered; without, it lives as long as the orchestrator. It
     * keeps the process alive. The same schedule again returns the existing one.
     *
     * @param context - The context of each execution; JSON data.
     * @throws {ValidationError} with every problem of the workflow, the schedule, the context or the options by path.
     * @throws {ConflictError} `ERR_SCHEDULE_CHANGED` if there is another schedule of its id; `ERR_DEFINITION_CHANGED`.
     */
    scheduleWorkflow<T extends WorkflowTypes = PlainTypes>(workflow: Typed<T>, schedule: WorkflowSchedule, ...[context, options]: StartArguments<T['context'], ScheduleOptions>): Promise<Schedule>;
    /** Returns the schedule with this id, or `undefined`. */
    getSchedule(scheduleId: string): Promise<Schedule | undefined>;
    /** Returns every schedule, sorted by id. */
    listSchedules(): Promise<Schedule[]>;
    /** Returns the current figures, and totals since the orchestrator was opened. */
    getStatistics(): Promise<OrchestratorStatistics>;
    /**
     * Closes the orchestrator without cancelling: nothing new starts, and running attempts have `drainMs` milliseconds (default 5000) to answer. Executions
     * that have not ended continue when the store is opened again. Pending promises reject with `ClosedError`. May be called twice.
     */
    shutdown(options?: {
        drainMs?: number;
    }): Promise<void>;
    /** `await using` shuts down. */
    [Symbol.asyncDispose](): Promise<void>;
}

/** The named thing does not exist. */
export declare class NotFoundError extends OrchestratorError {
}

/** Who is told of alerts, beside listeners. */
export declare interface NotifyConfig {
    webhook?: WebhookConfig | undefined;
}

/**
 * Opens a store for reading, also while another process has it open.
 *
 * @param path - The file that is `storage.path` of an orchestrator.
 * @throws {StoreError} `ERR_STORE_OPEN` if it does not exist, `ERR_STORE_FOREIGN`, `ERR_STORE_NEWER`, `ERR_STORE_OLDER` or `ERR_STORE_CORRUPT`.
 */
export declare function openArchive(path: string): Promise<ExecutionArchive>;

/** The configuration of an orchestrator. Every group and every field is optional. */
export declare interface OrchestratorConfig {
    /** The store of executions. Default: in memory, and nothing is written. */
    storage?: StorageConfig | undefined;
    /** The server that keeps executions for many processes, in place of `storage`. Default: none. */
    redis?: RedisConfig | undefined;
    /** Bounds of the memory without `storage` and `redis`. Ignored with either. */
    memory?: MemoryConfig | undefined;
    /** Limits and defaults of workflows. */
    workflow?: WorkflowConfig | undefined;
    /** The size of the agent pool. */
    agents?: AgentsConfig | undefined;
    /** Providers of language models, fallbacks and budgets. */
    models?: ModelsConfig | undefined;
    /** Metrics, traces, profiles and alerts. */
    monitoring?: MonitoringConfig | undefined;
    /** Shared editing of workflows. Validated; has no effect yet. */
    collaboration?: CollaborationConfig | undefined;
    /**
     * Receives warnings and errors, such as a failed execution that no listener and no handle heard: `console`, a pino logger, or any object with `error` and
     * `warn`. `false`: none. Default: one line on stderr for each.
     */
    logger?: Logger | false | undefined;
}

/** The base of every error this package makes. */
export declare class OrchestratorError extends Error {
    /** The stable name of the error. Messages may change, codes do not. */
    readonly code: ErrorCode;
    readonly details: Readonly<Record<string, unknown>>;
    readonly retryable: boolean;
    readonly executionId?: string;
    readonly taskId?: string;
    readonly execution?: WorkflowExecution;
    constructor(code: ErrorCode, message: string, options?: ErrorOptions_2);
    /** Returns whether `error` is an `OrchestratorError`, even of another copy of this package. */
    static isInstance(error: unknown): error is OrchestratorError;
}

/**
 * The events of an orchestrator, emitted after they are on record. Each tuple has the arguments of a listener.
 *
 * A task starts at most once and ends with exactly one of completed, failed, skipped and cancelled. An error that a listener throws is logged with the code
 * `ERR_LISTENER` (see `logger`) and changes nothing else.
 */
export declare interface OrchestratorEvents {
    'workflow:started': [execution: WorkflowExecution];
    'workflow:completed': [execution: WorkflowExecution];
    'workflow:failed': [execution: WorkflowExecution];
    'workflow:cancelled': [execution: WorkflowExecution];
    'task:started': [task: TaskExecution];
    'task:completed': [task: TaskExecution];
    'task:failed': [task: TaskExecution, error: TaskFailedError];
    /** An attempt failed and another follows; `task` is about the failed attempt. */
    'task:retrying': [task: TaskExecution, error: TaskFailedError];
    'task:skipped': [task: TaskExecution];
    'task:cancelled': [task: TaskExecution];
    /** The task waits for a signal or for time. */
    'task:waiting': [task: TaskExecution];
    /** A pass of a loop ended; `task` is the loop, `task.iteration` the pass, from 0. */
    'task:iteration': [task: TaskExecution];
    /** The argument of `ctx.emit` or `ctx.heartbeat`. Not recorded: a late listener does not hear it. */
    'task:progress': [task: TaskExecution, data: unknown];
    'workflow:paused': [execution: WorkflowExecution];
    'workflow:resumed': [execution: WorkflowExecution];
    /** Something that people must know begins, or is over. Not recorded: a late listener does not hear it. */
    alert: [alert: Alert];
    /** As `executionMonitor` announces it. */
    insight: [insight: Recommendation];
    'insight:outcome': [insight: Recommendation];
}

/** Current figures of an orchestrator, and totals since it was opened. */
export declare interface OrchestratorStatistics {
    /** Executions that have not ended. */
    readonly activeWorkflows: number;
    /** Active executions that only wait and are not in memory; `storage.parkAfter`. Without `storage` none is. */
    readonly parkedWorkflows: number;
    /** Active executions that wait for a place: for `maxConcurrentWorkflows`, or for others of their `concurrency.key`. */
    readonly queuedWorkflows: number;
    /** Interrupted executions and schedules that wait for agents to be registered: the missing agents, by execution or schedule id. */
    readonly waitingForAgents: Readonly<Record<string, readonly string[]>>;
    /** Tasks of active executions that have neither ended nor begun an attempt. */
    readonly queuedTasks: number;
    /** Tasks of active executions with an attempt under way. */
    readonly runningTasks: number;
    /** Agent instances that exist. */
    readonly agentPoolSize: number;
    readonly completedTotal: number;
    readonly failedTotal: number;
    readonly cancelledTotal: number;
    /** Answers that came after their attempt had ended, and were dropped. */
    readonly lateResults: number;
    /** The delay of the event loop while agents work, or last worked. */
    readonly eventLoopDelay: EventLoopDelayFigures;
}

export declare type OtherForm = {
    readonly create: unknown;
} | {
    readonly type: string;
} | {
    readonly isolation: 'worker';
};

/** The answer that a part belongs to. */
export declare interface PartOrigin {
    /** The number of the request within the call, from 1. */
    readonly request: number;
    /** Present on the first part of an answer that started again: earlier parts are void. See `GenerateRequest.restart`. */
    readonly restart?: true;
}

/** The result of a group or of one call. */
export declare type Pass<K, A> = K extends {
    readonly tasks: infer T extends readonly {
        readonly id: string;
    }[];
} ? ResultsOf<T, A> : Called<K, A>;

/** A part of the critical path. */
export declare interface PathPart {
    /** Its own, or that of a child workflow. */
    readonly executionId: string;
    /** The path of the task; absent where no task was under way. */
    readonly taskId?: string;
    /** Milliseconds since the start of the execution that was asked for. */
    readonly from: number;
    readonly duration: number;
    readonly bucket: TimeBucket;
    /** From 1; absent outside of attempts. */
    readonly attempt?: number;
}

/** A step of a path: the name of a field, or of an array an index (`0` or `'0'`) or the element with this id; in an array of strings, that string. */
export declare type PathSegment = string | number | {
    readonly id: string;
};

/** How what completed or failed went. What was cancelled or skipped is counted, and has no part in durations and rates. */
export declare interface Performance {
    readonly completed: number;
    readonly failed: number;
    readonly cancelled: number;
    /** From start to end, on average; exact. 0 if nothing ran. */
    readonly averageDuration: number;
    /** The time that half of them, 95 and 99 of 100 did not exceed, within 1 %. `null` if nothing ran. */
    readonly p50Duration: number | null;
    readonly p95Duration: number | null;
    readonly p99Duration: number | null;
    /** Of 100 that completed or failed, how many failed. */
    readonly errorRate: number;
    /** Attempts, retries included. */
    readonly attempts: number;
    /** What models cost. It is counted with the end of the task that asked them; what child workflows cost is theirs. */
    readonly cost: number;
    /** False if a price is unknown, so that `cost` is too low. */
    readonly costComplete: boolean;
    /**
     * What models cost for one that completed, on average. Of an execution it is all of it, child workflows included; of a task its own calls. `null` if none did,
     * or a price is unknown.
     */
    readonly costPerCompleted: number | null;
    /** The same of those that failed: what one failure wastes. */
    readonly costPerFailed: number | null;
    readonly tokens: TokenUsage;
    /** Calls of models; retries are not counted. */
    readonly modelCalls: number;
}

/** What the time of one execution went into. */
export declare interface PerformanceProfile {
    readonly executionId: string;
    readonly workflowId: string;
    readonly version: string;
    readonly startTime: Date;
    /** Absent while it runs: the profile is then of the time until its latest record. */
    readonly endTime?: Date;
    /**
     * When it will have ended, as it is now; absent once it has. `null` where fewer than three executions of its version have completed that went the way
     * that it goes.
     */
    readonly estimate?: CompletionEstimate | null;
    /** From start to end. */
    readonly duration: number;
    /** What it went into: the sum is `duration`. */
    readonly buckets: TimeBuckets;
    /** What it went into, part by part from start to end, without a gap. */
    readonly criticalPath: readonly PathPart[];
    /** Its tasks and those of its child workflows that could run, the largest share of the critical path first. */
    readonly tasks: readonly TaskProfile[];
}

/** Two times, or two versions, beside each other. */
export declare interface PeriodComparison {
    readonly workflowId: string;
    readonly a: ComparedFigures;
    readonly b: ComparedFigures;
    readonly difference: FigureDifferences;
    /** By task, what changed the time of an execution most first. */
    readonly tasks: readonly {
        /** Its id in the definition. */
        readonly task: string;
        /** Absent where there is no such task. */
        readonly a?: TaskPerformance;
        readonly b?: TaskPerformance;
        readonly difference: FigureDifferences;
    }[];
}

/** The same lists, with each problem at its place. */
export declare type Places<T extends Listed, A, C> = {
    readonly [Index in keyof T]: PlacesIn<T[Index], T[number]['id'], ResultsOf<T, A>, A, C>;
};

export declare type PlacesIn<K, I, R extends Results, A, C> = {
    readonly [F in keyof K]: F extends 'dependencies' ? readonly I[] : F extends 'agentId' ? K extends Leaf<I, unknown> ? AgentProblem<K, R, A, C> : unknown : F extends 'tasks' | 'default' ? K[F] extends Listed ? Places<K[F], A, C> : unknown : F extends 'branches' ? {
        readonly [B in keyof K[F]]: {
            readonly [G in keyof K[F][B]]: K[F][B][G] extends Listed ? Places<K[F][B][G], A, C> : unknown;
        };
    } : F extends keyof AgentTask ? unknown : Problem<`\`${F & string}\` is not a field of a task`>;
};

export declare type Plain = string | number | boolean | null | readonly Plain[] | {
    readonly [key: string]: Plain | undefined;
};

/** The types of a workflow that is plain data. */
export declare interface PlainTypes {
    readonly context: object;
    readonly results: Readonly<Record<string, unknown>>;
}

/** A change of a pool: the agent, as tasks name it, has at most so many instances. No definition has it: give it to `registerAgentType`. */
export declare interface PoolChange {
    readonly agent: string;
    readonly maxAgents: number;
}

/** The events of an agent pool. They are not recorded. */
export declare interface PoolEvents {
    'agent:created': [agent: AgentEvent];
    /** An attempt has been given an instance. */
    'agent:allocated': [allocation: AllocationEvent];
    /** The agent has returned, even if its attempt was given up before. */
    'agent:released': [allocation: AllocationEvent];
    /** A health check failed: the instance gets no new work. */
    'agent:unhealthy': [agent: AgentEvent];
    'agent:recovered': [agent: AgentEvent];
    'agent:disposed': [agent: AgentEvent];
    'pool:scaled-up': [scaling: ScalingEvent];
    'pool:scaled-down': [scaling: ScalingEvent];
}

/** Figures of an agent pool, or of one type in it. */
export declare interface PoolFigures {
    /** Instances: `available + busy + offline`. */
    readonly total: number;
    /** Healthy instances without an attempt. */
    readonly available: number;
    /** Instances with an attempt. */
    readonly busy: number;
    /** Instances that are being created, are unhealthy, or are being removed. */
    readonly offline: number;
    /** Attempts that have a place. */
    readonly running: number;
    /** Attempts that wait for tasks they spawned, and have lent their place. */
    readonly lent: number;
    /** Used places, in percent. */
    readonly utilisation: number;
    /** Attempts that wait for an agent. */
    readonly queued: number;
    /** Attempts that were given up, whose agent ignores its signal and has not returned. */
    readonly leaked: number;
    /** Recent waiting times of attempts for an agent, in milliseconds. */
    readonly wait: {
        readonly p50: number;
        readonly p95: number;
    };
}

/** Current figures of an agent pool. */
export declare interface PoolStatistics extends PoolFigures {
    /** By the name of the type. */
    readonly types: Readonly<Record<string, PoolFigures>>;
}

/** What a change would have done. */
export declare interface Prediction {
    readonly executionId: string;
    /** How long the execution took. */
    readonly duration: number;
    /** How long it would have taken. */
    readonly predicted: number;
    /** What is saved, as a share of the duration from 0 to 1; below 0 if it would have taken longer. */
    readonly saving: number;
    /** Where the average saving over executions like it lies, with a probability of 99 %. Absent where there are not two. */
    readonly interval?: {
        readonly low: number;
        readonly high: number;
    };
    /** What models cost that it asked, and what they would have cost, in US dollars. Absent where none was asked whose price is known. */
    readonly cost?: {
        readonly before: number;
        readonly predicted: number;
    };
    /** The executions that `interval` is made of: this one, and the latest that completed of the same version, at most 30. */
    readonly executions: number;
    /** What of the change nothing on record can foresee, in words. It is left out of the prediction. */
    readonly unknown: readonly string[];
}

/** What is foreseen besides a change. */
export declare interface PredictOptions {
    readonly assuming?: readonly Assumption[] | undefined;
}

/** A type without values, which makes the compiler show a message at its place. */
export declare interface Problem<Message extends string> {
    readonly problem: Message;
}

/** A function in a CPU profile. */
export declare interface ProfiledFunction {
    /** Its name; `(anonymous)` if it has none, `(garbage collector)` for that. */
    readonly functionName: string;
    /** Its file and line, `''` where it has none. */
    readonly where: string;
    /** How much of the profile it took itself, what it called left out, in per cent. */
    readonly share: number;
}

/** One provider. */
export declare interface ProviderConfig {
    /** The API it speaks. `'compatible'`: OpenAI's Chat Completions at `endpoint`. Default: its name. */
    kind?: string | undefined;
    /** Default: the usual environment variable of its kind, such as `OPENAI_API_KEY`. If it is missing, `ready()` and the first call reject. */
    apiKey?: string | undefined;
    /** The base URL. Default: that of its kind. A version, the path of a call or a slash at the end make no difference. */
    endpoint?: string | undefined;
    /** Whether `endpoint` may be in a private network, or without TLS. Default false. */
    allowPrivate?: boolean | undefined;
    /** Further headers of each request. */
    headers?: Readonly<Record<string, string>> | undefined;
    /** Azure: the name of the deployment (default: the model's), and the version of the API. */
    deployment?: string | undefined;
    apiVersion?: string | undefined;
    /** The model of requests that name only the provider. Default: the one that `selectModel` would choose. */
    model?: string | undefined;
    /** Its rate limits, besides those that its answers report. Default: no limit. */
    rateLimit?: ModelRateLimit | undefined;
    /**
     * How long one attempt may take. A single duration sets `firstToken` and `betweenTokens` of a stream, and `whole` of an answer without streaming.
     */
    timeout?: Duration | AttemptTimeouts | undefined;
}

/** What was deleted, or would be. */
export declare interface Pruned {
    /** How many executions, those counted that went with them as their children. */
    readonly executions: number;
    /** The bytes of their contexts and journals; the file gets smaller behind. Without `storage`: 0. */
    readonly bytes: number;
    /** How many fit and stay, because something needs them. */
    readonly kept: number;
    /** The ids of the first 100, without children. */
    readonly ids: readonly string[];
}

/** Which ended executions `pruneExecutions` deletes; what is absent does not matter. At least one is there. */
export declare interface PruneFilter {
    workflowId?: string | undefined;
    status?: 'completed' | 'failed' | 'cancelled' | undefined;
    /** Ended before this instant. `new Date()`: all that have ended. */
    endedBefore?: Date | undefined;
    /** All but so many that ended last, children not counted. With `endedBefore` either is enough. */
    keep?: number | undefined;
}

export declare interface PruneOptions {
    /** Only says what would be deleted. Default false. */
    dryRun?: boolean | undefined;
}

/** At most `limit` within any time of length `interval`. */
export declare interface RateLimit {
    limit: number;
    interval: Duration;
}

/** A change that would have saved time or money. */
export declare interface Recommendation {
    readonly kind: RecommendationKind;
    /** Its kind, in a few words for people. */
    readonly title: string;
    /** What it is and what to do about it. */
    readonly description: string;
    /** Names it for `applyInsight`: the same for the same advice about the same version. */
    readonly id: string;
    readonly workflowId: string;
    readonly version: string;
    /** The ids that it is about: tasks, or an agent. */
    readonly about: readonly string[];
    /** What to change. */
    readonly change: readonly Change[];
    /** Whether it saves time or money. */
    readonly saves: 'time' | 'cost';
    /** What it would have saved. */
    readonly prediction: Omit<Prediction, 'executionId'>;
    readonly evidence: readonly Evidence[];
    /** What it has saved, once it was applied and at least 20 executions have ended under it. */
    readonly outcome?: InsightOutcome;
}

/**
 * The kinds of recommendation:
 *
 * - `false-dependency`: a task waits for another one and never looks at its output;
 * - `repeated-call`: a task is done again with the same input, and gives the same;
 * - `dear-model`: another agent did the task as reliably for half the money or less;
 * - `small-pool`: attempts wait for places of their agent;
 * - `wasteful-retries`: attempts are made again that never end well;
 * - `missing-timeout`: few attempts hang, and all others are many times as fast;
 * - `proposal`: a model has thought of it (`monitoring.insights`).
 */
export declare type RecommendationKind = 'false-dependency' | 'repeated-call' | 'dear-model' | 'small-pool' | 'wasteful-retries' | 'missing-timeout' | 'proposal';

/** A value as JSON data, as it is recorded. A `Date` becomes a string, `undefined` becomes `null`. */
export declare type Recorded<T> = T extends Plain ? T : T extends {
    toJSON(...given: never[]): infer J;
} ? Recorded<J> : T extends undefined | void ? null : T extends object ? {
    [K in keyof T]: T extends readonly unknown[] ? Recorded<T[K]> : T[K] extends undefined ? undefined : Recorded<Exclude<T[K], undefined>> | Extract<T[K], undefined>;
} : T;

/** A budget that may begin anew. */
export declare interface RecurringBudget extends ModelBudget {
    /**
     * When it begins anew: at midnight or on the first of a month, UTC. What was spent in the window under way is kept beside the store over restarts. Default:
     * never, and it counts from when the orchestrator was created.
     */
    per?: 'day' | 'month' | undefined;
}

/** Makes executions durable for any number of processes and machines: those with the same server and namespace share them. */
export declare interface RedisConfig {
    /**
     * The server as one text, `redis://user:password@host:port/db`, or `rediss://…` for an encrypted connection; what it leaves out has its default. In place of
     * `host`, `port`, `username`, `password` and `db`.
     */
    url?: string | undefined;
    /** The name or the address of the server, or of one of a Cluster, which names the others. Default `'localhost'`. */
    host?: string | undefined;
    /** Its port. Default 6379. */
    port?: number | undefined;
    /** The user of the server's access list. Default: the server's default user. */
    username?: string | undefined;
    /** The user's password. Default: none. */
    password?: string | undefined;
    /** The number of the database, 0 to 65535. Default 0, the only one that a Cluster has. */
    db?: number | undefined;
    /** Whether the connection is encrypted: `true`, or the certificates that it takes. Default false, or true with a `url` that begins with `rediss://`. */
    tls?: boolean | RedisTls | undefined;
    /** Keeps apart what shares a server: 1 to 64 letters of `A-Z a-z 0-9 . _ -`. Processes with another one see none of its executions. Default `'default'`. */
    namespace?: string | undefined;
    /**
     * When something is on record: `'reply'` once the server has answered (default), `'replicated'` once one of its replicas has it too. What a failure of the
     * server can lose with each says docs/operations.md.
     */
    acknowledge?: 'reply' | 'replicated' | undefined;
    /**
     * How long a server that does not answer is waited for: one that starts, and one that has been reached before. Default `'30s'`. Nothing that is on record is
     * lost meanwhile, and what runs goes on.
     */
    patience?: Duration | undefined;
    /** How much memory of the server executions may take. */
    memory?: RedisMemoryConfig | undefined;
    /** Which ended executions are deleted before `memory.ended` is reached; `bytes` counts what they take on the server. Default: none. */
    retention?: RetentionConfig | undefined;
}

/** Bounds of the memory of a server. */
export declare interface RedisMemoryConfig {
    /**
     * Bytes that ended executions of the namespace may take; beyond, the oldest are deleted, but for what is needed (docs/operations.md). Default `'256MiB'`, or
     * a quarter of the `maxmemory` of the server if that is less.
     */
    ended?: Bytes | undefined;
}

/** What an encrypted connection takes. */
export declare interface RedisTls {
    /** Certificates of authorities as PEM. Default: those that this system trusts. */
    ca?: string | undefined;
    /** The certificate that is shown to a server that asks for one, as PEM, with `key`. Default: none. */
    cert?: string | undefined;
    /** The key of `cert` as PEM. */
    key?: string | undefined;
}

/** Beyond either bound the oldest executions are forgotten; the latest is always remembered. */
export declare interface RememberConfig {
    /** The number of executions, at least 1. Default 1000. */
    count?: number | undefined;
    /** Their memory together, estimated by the length of contexts and results as JSON. Default `'64MiB'`. */
    bytes?: Bytes | undefined;
}

/** The result of a fallback. */
export declare type Replaced<K, A> = K extends {
    readonly fallback: infer F;
} ? Standing<F extends readonly unknown[] ? F[number] : F, K, A> : never;

/** The model usage of an execution, including child workflows and failed attempts. */
export declare interface ResourceUsage {
    readonly tokenUsage: TokenUsage;
    /** US dollars. */
    readonly cost: number;
    /** False if a price is unknown, so that `cost` is too low. */
    readonly costComplete: boolean;
    /** Calls; retries are not counted. */
    readonly modelCalls: number;
}

/** The result of one task. */
export declare type ResultOf<K, A> = Whole<K, A> | (K extends {
    readonly conditions: unknown;
} | {
    readonly triggerRule: unknown;
} ? undefined : never) | (K extends {
    readonly onError: 'continue' | object;
} ? null : never) | Replaced<K, A>;

/** Results of tasks, by id. */
export declare type Results = Readonly<Record<string, unknown>>;

/** The results of a list of tasks. A task that may be skipped may have none. */
export declare type ResultsOf<T extends readonly {
    readonly id: string;
}[], A> = {
    readonly [K in T[number] as K['id']]: K extends CallAlone<A> ? AgentResult<A[K['agentId']]> : ResultOf<K, A>;
};

export declare interface ResumeOptions {
    /** Pauses again after the next task. Default false. */
    step?: boolean | undefined;
}

/**
 * Which ended executions are deleted. A limit that is absent deletes nothing. A child workflow goes with the execution whose task it is, and what is needed
 * stays: see docs/storage.md.
 */
export declare interface RetentionConfig {
    /** Limits of executions that completed. */
    completed?: RetentionLimits | undefined;
    /** Limits of executions that failed or were cancelled. */
    failed?: RetentionLimits | undefined;
    /** Limits of single workflows, by id, in place of those above. `{}` for `completed` or `failed`: all of them stay. */
    byWorkflow?: Readonly<Record<string, WorkflowRetention>> | undefined;
    /** How long the figures of an hour stay that analytics are answered from, those of deleted executions included. Default `'400d'`. */
    rollups?: Duration | undefined;
}

/** What is beyond any of the limits is deleted, the oldest first. */
export declare interface RetentionLimits extends WorkflowLimits {
    /** Bytes of the store's file that may be in use; beyond, these executions are deleted. */
    bytes?: Bytes | undefined;
}

/** How failed attempts are retried. */
export declare interface RetryPolicy<Other extends string = AnyWord> {
    /** All attempts, including the first: 1 to 10,000. */
    maxAttempts: number;
    /** How the wait grows: always `initialDelay`, × the attempt's number, or doubled each time. Default `'fixed'`. */
    backoffType?: 'fixed' | 'linear' | 'exponential' | Other | undefined;
    /** The wait after the first failed attempt. Default 1 s. */
    initialDelay?: Duration<Other> | undefined;
    /** The longest wait. Default: no limit. */
    maxDelay?: Duration<Other> | undefined;
    /** The random share of the wait, 0 to 1; `true` is 1. Default 0. */
    jitter?: number | boolean | undefined;
    /** Codes and names of the errors to retry. Default: all except those with `retryable: false`. */
    retryOn?: readonly string[] | undefined;
    /** No attempt starts later than this after the first. */
    maxElapsed?: Duration<Other> | undefined;
}

/** A change in the number of instances of a type. */
export declare interface ScalingEvent {
    readonly type: string;
    readonly from: number;
    readonly to: number;
}

/** A workflow that runs again and again. */
export declare interface Schedule {
    readonly id: string;
    readonly workflowId: string;
    /** The next planned instant; `undefined` if there is none, or the schedule was cancelled. */
    readonly next: Date | undefined;
    /** Removes the schedule; executions that have begun go on. Resolves when that is on record. May be called twice. */
    cancel(): Promise<void>;
}

/** Options of `scheduleWorkflow`. All except `id` apply to each of its executions. */
export declare interface ScheduleOptions {
    /** The id, 1 to 200 characters without `/`, `\`, `~` and control characters. Default: that of the workflow. */
    id?: string | undefined;
    /** Limits of each execution; the workflow's own budget may be lower. */
    budget?: Budget | undefined;
    /** The tenant they run for. */
    tenant?: string | undefined;
    /** Order within a tenant: a whole number from -1000 to 1000, higher first. Default 0. */
    priority?: number | undefined;
    /** Limits how many executions of one key and tenant run at once; the others wait. */
    concurrency?: ConcurrencyLimit | undefined;
    /** The names that each execution may use. Default: all. */
    allow?: Allowance | undefined;
}

/** The input type of a schema. */
export declare type SchemaInput<S, Unknown = unknown> = S extends {
    readonly '~standard': {
        readonly types?: infer T;
    };
} ? NonNullable<T> extends {
    readonly input: infer I;
} ? I : Unknown : Unknown;

/** The output type of a schema; unknown for raw JSON Schema. */
export declare type SchemaOutput<S, Unknown = unknown> = S extends {
    readonly '~standard': {
        readonly types?: infer T;
    };
} ? NonNullable<T> extends {
    readonly output: infer O;
} ? O : Unknown : Unknown;

/** `Awaited`, with the common case first: that costs the compiler a fiftieth. */
export declare type Settled<R> = R extends Promise<infer V> ? V : Awaited<R>;

/** The same type, spelled out in messages of the compiler. */
export declare type Shown<R> = R extends infer I ? {
    readonly [K in keyof I]: I[K];
} : never;

export declare interface SignalOptions {
    /** The path of the task that is to receive it, if several wait for this signal. */
    path?: string | undefined;
}

/** A model that was not called. */
export declare interface SkippedModel {
    readonly provider: string;
    readonly model: string;
    readonly reason: string;
}

/** The result of a spawned task: the output of its schema, or the results of its typed workflow. */
export declare type SpawnedResult<S, W> = W extends {
    readonly '~types'?: infer T;
} ? NonNullable<T> extends {
    readonly results: infer R;
} ? R : Recorded<SchemaOutput<S>> : Recorded<SchemaOutput<S>>;

export declare type Standing<F, K, A> = F extends {
    readonly value: infer V;
} ? V : K extends {
    readonly outputSchema: unknown;
} ? never : F extends {
    readonly agentId: infer N extends keyof A;
} ? AgentResult<A[N]> : unknown;

/** The arguments after the workflow: its context, optional if it has no required field, and options. */
export declare type StartArguments<Context, Options = ExecuteOptions> = Record<never, never> extends Context ? [context?: Context | undefined, options?: Options | undefined] : [context: Context, options?: Options | undefined];

/** Makes executions durable on one machine. */
export declare interface StorageConfig {
    /** The database file; its directory must exist. Required. A relative path is resolved when the orchestrator is created. */
    path: string;
    /** What a commit survives: `'disk'` a power cut (default); `'os'`, which is faster, only the death of the process. */
    durability?: 'disk' | 'os' | undefined;
    /**
     * Opens a file that is older than the last known state, or another store: a restored backup. Set it for one opening only. Default false:
     * `ERR_STORE_CORRUPT`, since acknowledged executions would be missing.
     */
    acceptOlder?: boolean | undefined;
    /**
     * What happens before a file of an older version is brought to today's format, which older versions refuse: `'auto'` (default) copies it to
     * `<path>.before-<format>` if it has at most 256 MiB; `'backup'` copies it whatever its size.
     */
    migrate?: 'auto' | 'backup' | undefined;
    /**
     * Bytes that the log of the file may have while another program reads it; beyond, new work is refused (`ERR_STORE_FULL`) and what runs goes on. Default `'8GiB'`,
     * and never more than half of what is free on the disk.
     */
    maxLog?: Bytes | undefined;
    /** Which ended executions are deleted. Default: none. */
    retention?: RetentionConfig | undefined;
    /**
     * How long an execution that only waits, for a signal, for time or because it is paused, stays in memory; then only what it is found by does, and it is
     * read back when something comes for it. Default `'5 seconds'`.
     */
    parkAfter?: Duration | undefined;
}

/** The store could not be opened, read or written. */
export declare class StoreError extends OrchestratorError {
}

/** What `verifyStore` finds. */
export declare interface StoreReport {
    /** Whether nothing is damaged. */
    readonly sound: boolean;
    /** Whether its pages have checksums. Those of a store that an older version made have none: damage of them is found only where it shows. */
    readonly checksums: boolean;
    /** Pages of the file that are not as they were written, from 1; a page has 8192 bytes. */
    readonly pages: readonly number[];
    /** What is wrong with the log, or null. */
    readonly log: string | null;
    /** Why the store cannot be opened, or not be looked at to its end, or null. */
    readonly structure: string | null;
    readonly executions: readonly DamagedRow[];
    readonly schedules: readonly DamagedRow[];
    /** Cached outputs that cannot be read; one that is damaged may hide others. */
    readonly cache: number;
    /** The same of idempotency keys. */
    readonly keys: number;
    /** Values of more than 64 KiB that cannot be read; executions that have them are among `executions` too. */
    readonly values: number;
}

/** One part of a stream. */
export declare type StreamPart<Result = GenerateResult> = ({
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

/** A condition as an object. `evaluate` wins over `expression`. */
export declare interface TaskCondition<Other extends string = AnyWord> {
    type?: 'dependency' | 'state' | 'custom' | Other | undefined;
    expression?: string | undefined;
    evaluate?: ConditionFunction | undefined;
}

/** A failure as it is recorded. */
export declare interface TaskErrorInfo {
    readonly code: string;
    readonly message: string;
    /**
     * The code, `name`, `stack`, `issues` and plain `fields` of the error, and the same of its `cause` and `errors`, at most 16 KiB. Fields with the name of a
     * secret are `"[hidden]"`.
     */
    readonly details?: Readonly<Record<string, unknown>>;
}

/** One task of an execution at one moment. */
export declare interface TaskExecution {
    /** The path of the task: its id; inside a loop with the pass, `outer[2].child`; if spawned, `parent/id`. */
    readonly taskId: string;
    readonly executionId: string;
    readonly agentId: string;
    readonly status: TaskStatus;
    /**
     * Why it was skipped (`condition_false`, `branch_not_taken`, `upstream_skipped`, `upstream_failed`, `rule_not_met`) or cancelled
     * (`sibling_failed`, `join_satisfied`, `cancelled`, `deadline`, `budget`, `timeout`).
     */
    readonly reason?: string;
    /** When its agent was first called. */
    readonly startTime?: Date;
    readonly endTime?: Date;
    /** Milliseconds from `startTime` to `endTime`, with a fraction. */
    readonly duration?: number;
    /** The result of its agent, as JSON data. */
    readonly result?: unknown;
    readonly error?: TaskErrorInfo;
    /** Attempts that have begun. An attempt cut short by a crash runs again under the same number. */
    readonly attempts: number;
    /** The pass of the nearest loop around it, from 0. */
    readonly iteration?: number;
    /** Whether `onError` tolerated its failure. */
    readonly tolerated?: boolean;
    /** Whether a `fallback` replaced its result; `error` says why the task itself failed. */
    readonly degraded?: boolean;
    /** Whether its output was reused from another execution. */
    readonly cached?: boolean;
    /** The tokens of its model calls in all attempts. A child workflow has its own. */
    readonly usage?: TokenUsage;
    /** The cost of these calls, in US dollars. */
    readonly cost?: number;
    /** Why the last answer of a model ended. */
    readonly finishReason?: FinishReason;
    /** Its calls of models in all attempts, in the order they ended: who answered, why that model, at what cost. Absent: none. */
    readonly models?: readonly TaskModelCall[];
}

/** What a task waits for: first what would move it, and then what holds it after that. */
export declare interface TaskExplanation extends TaskHold {
    /** Its path. What is to be undone next and has not begun has the path of what undoes it. */
    readonly taskId: string;
    /** What holds it once that is over, in this order. */
    readonly afterwards?: readonly TaskHold[];
}

/** A task failed for good. `cause` is the error that its agent threw in the last attempt. */
export declare class TaskFailedError extends OrchestratorError {
}

/** The fields of a task that its agent receives. */
export declare interface TaskFields {
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

/** Something that holds a task. */
export declare interface TaskHold {
    readonly waitsFor: WaitsFor;
    /** Since when, where that is known. */
    readonly since?: Date;
    /** When time alone moves it: the end of a wait, or the instant at which it is given up. */
    readonly until?: Date;
    /**
     * The call that would move it, as code. What only its reader has is named: `payload`, `type` (what `registerAgentType` takes), `workflow`, `OTHER`. Absent
     * where time, an agent or another task is waited for.
     */
    readonly call?: string;
}

/**
 * The first argument of an agent: the task and its context. The agent may change it; it is a copy.
 *
 * An agent may declare what it reads: `Context` is the schema of its workflow's context (`typeof schema`) or the parsed type, `Dependencies` the results of
 * tasks by id. `defineWorkflow` checks that its tasks provide them.
 */
export declare interface TaskInput<Context = AnyContext, Dependencies = Record<string, any>> extends TaskFields {
    /** The execution's context, and the results of the task's dependencies by id. */
    readonly context: (Context extends {
        readonly '~standard': unknown;
    } ? Recorded<SchemaOutput<Context>> : Context) & {
        dependencies: Dependencies;
    };
}

/** The input of a task. */
export declare interface TaskInputDefinition {
    /** A string for the agent. `{{ … }}` in it is filled in. */
    prompt?: string | undefined;
    /** JSON data for the agent. `{{ … }}` in its strings is filled in; a string that is only one `{{ … }}` becomes the value itself. */
    data?: unknown;
    /**
     * Validates `data` before the first attempt, or the execution's context if there is no `data`; a mismatch fails the task with `ERR_INPUT_SCHEMA`. A zod
     * schema, any Standard Schema, or a JSON Schema. Its parsed value replaces `data`.
     */
    schema?: unknown;
}

/** A call of a model by a task. */
export declare interface TaskModelCall {
    /** The attempt of the task that made it, from 1. */
    readonly attempt: number;
    /** The model that answered, or was asked last. */
    readonly provider?: string;
    readonly model?: string;
    /** The requests before that brought no answer, and why. Absent: the first was answered. */
    readonly tried?: readonly {
        readonly provider: string;
        readonly model: string;
        readonly failure: ModelFailureClass;
    }[];
    /** Why the last request failed, if the call was not answered. */
    readonly failure?: ModelFailureClass;
    /** Why the answer ended. Absent: there was none. */
    readonly finishReason?: FinishReason;
    readonly usage: TokenUsage;
    /** US dollars. */
    readonly cost: number;
    /** False if a price is unknown, so that `cost` is too low. */
    readonly costComplete: boolean;
}

/** How a task of a workflow went, in all its instances. */
export declare interface TaskPerformance extends Performance {
    readonly skipped: number;
    /** How long it was ready and waited for a place, its retries included. `null` where it is not known: nothing began, or there is no `storage`. */
    readonly averageWait: number | null;
    readonly p95Wait: number | null;
}

/** A task and the critical path. */
export declare interface TaskProfile {
    readonly executionId: string;
    /** Its path in the execution. */
    readonly taskId: string;
    readonly kind: 'agent' | 'workflow' | 'wait' | 'group';
    /** The agent it calls. */
    readonly agentId?: string;
    /** From when it could run to its end. */
    readonly duration: number;
    /** How much of the critical path it is, */
    readonly share: number;
    /** and what that went into. */
    readonly buckets: TimeBuckets;
    /** How much later it could have ended without the execution ending later, as far as dependencies decide that. 0 on the critical path. */
    readonly slack: number;
    /** How much sooner the execution would have ended if this had taken no time. Absent off the critical path, and beyond its 50 largest tasks. */
    readonly drag?: number;
}

export declare type TaskStatus = 'pending' | 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled';

/** The kinds of task. */
export declare type TaskType<Other extends string = AnyWord> = 'sequential' | 'parallel' | 'conditional' | 'loop' | Other;

/** A threshold of `monitoring.alertThresholds`, as it stands. */
export declare interface ThresholdStanding {
    readonly rule: 'taskFailureRate' | 'executionDuration' | 'memoryUsage' | 'cpuUsage';
    /** In the unit of the configuration; of durations milliseconds. */
    readonly threshold: number;
    /**
     * - `noData`: there is no figure: it was not measured yet, or too few tasks have ended. That is neither good nor bad, and ends and begins no alert;
     * - `quiet`: it is below the threshold;
     * - `pending`: it is at the threshold, and not for as long as the rule says, or an alert was over a short while ago;
     * - `firing`: an alert has begun and is not over, also while there is no figure.
     */
    readonly state: 'noData' | 'quiet' | 'pending' | 'firing';
    /** The figure when it was last looked at; absent where there was none. Of `executionDuration` how many executions have been at work for too long. */
    readonly value?: number;
}

/**
 * What time went into. The kinds exclude each other:
 *
 * - `model`: a model was asked and had not answered; `tool`: tools ran that a model had called; `code`: the agent's own code and all it does that is not on
 *   record; `child`: a child workflow whose records are not at hand;
 * - `failed`: attempts that failed, were interrupted or were stopped; `backoff`: the wait before the next attempt, or before the next request to a model;
 * - `queue`: all places of the agent were taken, or it was being made; `rateLimit`: a limit of requests in a time, of an agent or a model;
 * - `signal`: people or other programs; `timer`: a delay of the definition; `pause`: it was paused, or no process had it;
 * - `persist`: writing the record that an attempt begins; `scheduler`: the rest, such as the way to the agent and back.
 */
export declare type TimeBucket = 'model' | 'tool' | 'code' | 'child' | 'failed' | 'backoff' | 'rateLimit' | 'queue' | 'signal' | 'timer' | 'pause' | 'persist' | 'scheduler';

/** Times by what they went into; what is 0 is absent. */
export declare type TimeBuckets = {
    readonly [bucket in TimeBucket]?: number;
};

/** A time limit passed. */
export declare class TimeoutError extends OrchestratorError {
}

/** The tokens of one call, or of several. */
export declare interface TokenUsage {
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

/** The arguments as the schema parses them; unknown for raw JSON Schema. */
export declare type ToolArguments<S> = SchemaOutput<S, Record<string, unknown>>;

/** The configuration of an agent of type `tool`. */
export declare interface ToolConfiguration {
    /** The tool it calls, by name. */
    tool: string;
    /** Arguments of every call. `input.data` of a task overrides them. */
    arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** The second argument of a tool. */
export declare interface ToolContext {
    /** Aborts when the result is no longer wanted, or the time is up. */
    readonly signal: AbortSignal;
    /** The model's id of this call. */
    readonly toolCallId?: string | undefined;
    /** The same whenever the same call is repeated, for tools whose effect must happen once. */
    readonly idempotencyKey?: string | undefined;
}

/** A function that agents and models may call by name. */
export declare interface ToolDefinition<S = unknown> {
    /** Up to 64 letters, digits, `_` and `-`, which every provider of models accepts. */
    name: string;
    /** Its purpose and when to use it: models choose by this. */
    description: string;
    /** The schema of the arguments, an object: a zod schema, another Standard Schema with a JSON Schema form, or raw JSON Schema. */
    parameters: S;
    /**
     * Runs the tool. Called only with arguments that `parameters` accepts, as it parsed them. Returns JSON data, or a promise of it. An error is sent to the
     * model, which may try something else.
     */
    execute(args: ToolArguments<S>, ctx: ToolContext): unknown;
    /** The longest one call may take; then its signal aborts. Default: the time of the task. */
    timeout?: Duration | undefined;
    /**
     * Whether a call that had begun, and whose result is not on record, may be made again, under the same `idempotencyKey`. `false`: a `hybrid` tells its model that
     * the outcome is unknown. Default true.
     */
    repeatable?: boolean | undefined;
}

/** A tool could not be called, or failed; or a server of tools could not be reached. `details` names them. */
export declare class ToolError extends OrchestratorError {
}

/** Selects executions whose spans are exported. An absent field selects all. */
export declare interface TraceFilter {
    /** This execution alone. Those below it have spans of their own, in the same trace. */
    executionId?: string | undefined;
    workflowId?: string | undefined;
    /** Executions that began at this instant or later, */
    since?: Date | undefined;
    /** and before this one. */
    until?: Date | undefined;
}

/** How executions are traced. */
export declare interface TracingConfig {
    /** The share of executions that are traced, from 0 to 1, with all below them. What a caller's trace has left out is left out. Default 1. */
    sample?: number | undefined;
}

/** When a task runs, given how its dependencies ended. */
export declare type TriggerRule<Other extends string = AnyWord> = 'none_failed_min_one_success' | 'none_failed' | 'all_success' | 'all_failed' | 'all_done' | 'one_success' | 'one_failed' | Other;

/** A workflow, with its types if it comes from `defineWorkflow`. */
export declare type Typed<T extends WorkflowTypes> = AgentWorkflow & {
    readonly '~types'?: T | undefined;
};

/** A workflow with the types of its context and results. */
export declare interface TypedWorkflow<Context extends object, Results extends object> extends AgentWorkflow {
    /** For the compiler only; never present at run time. */
    readonly '~types'?: {
        readonly context: Context;
        readonly results: Results;
    } | undefined;
}

/** An agent that declares nothing of what it reads. */
export declare type Undemanding = ((task: TaskFields & {
    readonly context: {
        dependencies: Record<never, never>;
    };
}, context: AttemptContext) => unknown) | OtherForm;

/** An argument is invalid. `issues` has every problem with its path. */
export declare class ValidationError extends OrchestratorError {
    readonly issues: readonly Issue[];
    constructor(code: ErrorCode, what: string, issues: readonly Issue[], options?: ErrorOptions_2);
}

/** The result of `validateWorkflow`. */
export declare interface ValidationResult {
    /** Whether the workflow can run: no problem is an error. */
    readonly valid: boolean;
    /** Every problem with its path and the way out; warnings have `severity: 'warning'`. */
    readonly problems: readonly Issue[];
    /** The edges of the workflow, implied ones included. Absent if its structure is broken. */
    readonly graph?: WorkflowGraph;
}

/**
 * Looks at a whole store, off the JavaScript thread, and names what is damaged. It changes nothing, and an orchestrator may have the store open.
 *
 * @throws {StoreError} `ERR_STORE_OPEN` if there is no such file, or it cannot be opened.
 */
export declare function verifyStore(path: string): Promise<StoreReport>;

/** Waits for a signal (`ERR_WAIT_TIMEOUT` after `timeout`; `schema` judges its payload), or for time. */
export declare type WaitFor<Other extends string = AnyWord> = {
    signal: string;
    timeout?: Duration<Other> | undefined;
    schema?: unknown;
} | {
    delay: Duration<Other>;
};

/** What a task waits for. `roots` are the tasks that others really wait for, at most ten of them: look for these in the list. */
export declare type WaitsFor = 
/** Tasks before it: `on` are the first ten of `count`. */
    {
    readonly kind: 'dependency';
    readonly on: readonly string[];
    readonly count: number;
    readonly rule: string;
    readonly roots: readonly string[];
}
/** Tasks inside of a group or a loop, or that its attempt has spawned. */
| {
    readonly kind: 'tasks';
    readonly count: number;
    readonly roots: readonly string[];
}
/** A condition that is a function: of the task, of a branch, or of whether a loop goes on. */
| {
    readonly kind: 'condition';
    readonly function: string;
    readonly of: 'task' | 'branch' | 'loop';
}
/** Its output is looked up in the cache. */
| {
    readonly kind: 'cache';
}
/** A fallback value is judged by its `outputSchema`. */
| {
    readonly kind: 'schema';
}
/** The next turn of the orchestrator: it goes on by itself. */
| {
    readonly kind: 'turn';
}
/** A signal. `path` is there if several tasks wait for it; `schema` is what its payload must be. */
| {
    readonly kind: 'signal';
    readonly signal: string;
    readonly path?: string;
    readonly schema?: unknown;
}
/** A delay. */
| {
    readonly kind: 'timer';
}
/** The time before its next attempt, after one that failed so. */
| {
    readonly kind: 'backoff';
    readonly attempt: number;
    readonly error?: {
        readonly code: string;
        readonly message: string;
    };
}
/** Another `sequential` task of its list. */
| {
    readonly kind: 'lane';
    readonly holder: string;
}
/** Agents, or functions of its workflow, that this process has not registered. */
| {
    readonly kind: 'agent';
    readonly names: readonly string[];
}
/** A place of an agent: so many attempts of it, or of its type, run, and no more may. */
| {
    readonly kind: 'place';
    readonly agent: string;
    readonly type?: string;
    readonly running?: number;
    readonly limit?: number;
}
/** An instance of an agent that is being made, or made again after that failed. */
| {
    readonly kind: 'instance';
    readonly agent: string;
    readonly type: string;
}
/** A limit of an agent, or of a model (`provider/model`), and what of it. */
| {
    readonly kind: 'rateLimit';
    readonly agent?: string;
    readonly model?: string;
    readonly limit?: string;
}
/** The next request to a model, after one that failed. */
| {
    readonly kind: 'modelRetry';
    readonly model: string;
}
/** Its agent, which is at work. `lastSign`: when it last called `ctx.heartbeat` or `ctx.emit`. */
| {
    readonly kind: 'attempt';
    readonly attempt: number;
    readonly agent: string;
    readonly lastSign?: Date;
    readonly models?: readonly string[];
}
/** Its agent, which was told to stop. */
| {
    readonly kind: 'stop';
    readonly attempt: number;
    readonly agent?: string;
}
/** A child workflow, which `explain` explains by this id. */
| {
    readonly kind: 'child';
    readonly executionId: string;
    readonly attempt: number;
}
/** The execution is paused. */
| {
    readonly kind: 'pause';
}
/** A place among the executions that run: of `limit` in all, or of those with the `key`. `by` are the first that have them. */
| {
    readonly kind: 'admission';
    readonly limit?: number;
    readonly running?: number;
    readonly key?: string;
    readonly by: readonly string[];
}
/** This process, which is about to take it up. */
| {
    readonly kind: 'recovery';
}
/** A process: none has it. */
| {
    readonly kind: 'process';
}
/** The store, which takes nothing. */
| {
    readonly kind: 'store';
    readonly alert: string;
    readonly message: string;
};

/** An address that each alert is posted to, at least once. */
export declare interface WebhookConfig {
    /** Where to. It must be public and `https:`, unless `allowPrivate` is true; redirects are not followed. */
    url: string;
    /** What the posts are signed with, so that the receiver knows whose they are: at least 16 characters, or `whsec_` and base64. */
    secret: string;
    /** Whether `url` may be in a private network, or without TLS. Default false. */
    allowPrivate?: boolean | undefined;
}

/** The result of a whole task, all passes or branches included. */
export declare type Whole<K, A> = K extends {
    readonly type: 'loop';
} ? K extends {
    readonly loop: {
        readonly forEach: unknown;
    };
} ? readonly Pass<K, A>[] : Pass<K, A> | null : K extends {
    readonly branches: infer B extends readonly unknown[];
} ? K extends {
    readonly mode: 'all';
} ? readonly Branched<B[number], K, A>[] : Branched<B[number], K, A> : Pass<K, A>;

/** Agents that each run in a worker thread, so that none can block or crash the process. `docs/agents.md` says which data can cross. */
export declare interface WorkerAgentType extends AgentTypeLimits {
    isolation: 'worker';
    /** A file: URL or an absolute path. The module exports `create(config)`, as an inline type has it. */
    module: string | URL;
    /** The heap of one worker in bytes, from 16 MiB. A worker that needs more ends with `ERR_AGENT_LOST`. Default: Node's own. */
    memoryLimit?: number | undefined;
}

/** Figures of a workflow over a time. */
export declare interface WorkflowAnalytics {
    readonly workflowId: string;
    /** What was asked for: from `start` until before `end`. */
    readonly period: {
        readonly start: Date;
        readonly end: Date;
    };
    /** The part of it that the figures are of. It ends now at the latest, and begins later than `period` where what is older is not kept. */
    readonly covers: {
        readonly start: Date;
        readonly end: Date;
    };
    /** Executions that ended in that time. */
    readonly executionCount: number;
    /** The latest of them, at most 1,000, the last to end first. */
    readonly executions: readonly ExecutionSummary[];
    readonly performance: WorkflowPerformance;
    /** What the figures are of, and what the latest executions of that time recommend, the best first. */
    readonly insights: readonly Insight[];
}

export declare interface WorkflowConfig {
    /** Levels that groups and child workflows may nest, at least 1. Default 10. */
    maxDepth?: number | undefined;
    /** Tasks one workflow may define, and one execution may have with those that attempts add: 1 to 1,000,000. Default 100. */
    maxTasks?: number | undefined;
    /**
     * Bytes that one value may have as JSON: a result, a context, the payload of a signal. At least 1, at most 268435456 (256 MiB); default 16777216 (16 MiB).
     * Larger ones are refused with `ERR_TOO_LARGE`. A value is written and read on the JavaScript thread, which is blocked meanwhile.
     */
    maxValueBytes?: number | undefined;
    /**
     * Events that one execution may record, 1 to 100,000,000. Beyond it the execution fails with `ERR_JOURNAL_LIMIT`. Default 1000000, or ten for each of
     * `maxTasks` if that is more.
     */
    maxJournalEvents?: number | undefined;
    /**
     * Bytes that one execution may record: of values and texts, and 100 for each event. At most 536870912 (512 MiB); default 268435456 (256 MiB). Without
     * `storage` results stay in JavaScript and are not counted. Beyond it the execution fails with `ERR_JOURNAL_LIMIT`.
     */
    maxJournalBytes?: number | undefined;
    /**
     * The most loop passes of one execution that call no agent, no wait and no child, at least 1: a loop that only judges conditions would never end. Beyond it
     * the loop fails with `ERR_LOOP_LIMIT`. Default 10000.
     */
    maxIdlePasses?: number | undefined;
    /** Time for one attempt of a task that sets no `timeout`, at least 1 ms. Default 30000 (30 s). */
    defaultTimeout?: Duration | undefined;
    /** Whether workflows are checked fully before they start. Default true. */
    enableValidation?: boolean | undefined;
    /** Executions that run at once, at least 1; the others wait, tenants taking turns. Child workflows are not counted. Default: any number. */
    maxConcurrentWorkflows?: number | undefined;
    /** The share of the places of each tenant, by name: 1 to 1000. Default 1. */
    tenantWeights?: Readonly<Record<string, number>> | undefined;
    /**
     * Whether a changed definition may run under the same `id` and `version` while executions of the old one are active; each execution keeps its own.
     * Default false: `ERR_DEFINITION_CHANGED`.
     */
    allowRedefinition?: boolean | undefined;
}

/** The argument of `defineWorkflow`: words and durations are exact, `agentId` and `dependencies` must exist. */
export declare interface WorkflowDefinition<A, S, T> extends Omit<AgentWorkflow<never>, 'agents' | 'context' | 'tasks' | '~types'> {
    /** The agents that its tasks name. */
    agents?: A;
    /** Judges the context of each execution. */
    context?: S;
    tasks: T;
}

/** Reads workflows without running them. */
export declare interface WorkflowEngine {
    /** Returns every problem of a workflow at once, and the graph it would run by. Never throws. */
    validateWorkflow(workflow: unknown): ValidationResult;
    /**
     * Registers a workflow by its id: tasks may run it as a child, and stored executions of it find its condition functions. Another definition with the same
     * id replaces it.
     *
     * @returns its id.
     * @throws {ValidationError} with every problem.
     */
    registerWorkflow(workflow: AgentWorkflow): string;
    /**
     * Reads a workflow from a string of JSON or YAML 1.2 (`{ text }`), from a file (`{ file }`: a path or a `file:` URL of a regular file of at most
     * 1 MiB), or from a plain object.
     *
     * A string alone is read as text if it begins with `{` or has a line break, and as a path if it ends in `.json`, `.yaml` or `.yml`. Put an untrusted string
     * into `{ text }`, which never opens a file. Errors quote the source only if it is a workflow.
     *
     * @throws {ValidationError} with every problem of the text or the workflow by path.
     */
    loadWorkflow(source: string | URL | WorkflowText | WorkflowFile | object, options?: LoadOptions): Promise<AgentWorkflow>;
}

/** One run of a workflow at one moment. `Results` has the types of a workflow from `defineWorkflow`. */
export declare interface WorkflowExecution<Results = Readonly<Record<string, unknown>>> {
    readonly id: string;
    readonly workflowId: string;
    readonly status: ExecutionStatus;
    readonly startTime: Date;
    /** Present once it has ended. */
    readonly endTime?: Date;
    /** The context it was started with. */
    readonly context: Readonly<Record<string, unknown>>;
    /** In the order of declaration. */
    readonly tasks: readonly TaskExecution[];
    /** The results of completed tasks by id. */
    readonly results: Results;
    readonly metrics: ExecutionMetrics;
    /** Why it failed; `taskId` is empty for a deadline or a budget. `compensation`: the compensations that failed. */
    readonly error?: TaskErrorInfo & {
        readonly taskId: string;
        readonly compensation?: readonly (TaskErrorInfo & {
            readonly taskId: string;
        })[];
    };
    /** The reason given by the caller that cancelled it. */
    readonly reason?: string;
    /** The execution it was forked from. */
    readonly forkedFrom?: string;
    /** The execution and the task that run it as a child. */
    readonly parent?: {
        readonly execution: string;
        readonly path: string;
    };
    /** The schedule that began it, and the planned instant. */
    readonly schedule?: {
        readonly id: string;
        readonly at: Date;
    };
    readonly tenant?: string;
    /** The trace and the span of the caller that began it, or its parent. */
    readonly traceparent?: string;
}

/** A file to read as a workflow, whatever its name. */
export declare interface WorkflowFile {
    /** A path, or a `file:` URL. A regular file of JSON or YAML 1.2, of at most 1 MiB. */
    readonly file: string | URL;
}

/** The resolved edges of a workflow. */
export declare interface WorkflowGraph {
    readonly tasks: readonly {
        readonly id: string;
        readonly dependencies: readonly string[];
        readonly implicit: boolean;
        /** The group, branch or loop it stands in. */
        readonly parent?: string;
    }[];
}

export declare interface WorkflowLimits {
    /** How long after its end an execution stays. */
    age?: Duration | undefined;
    /** How many executions stay, the latest that ended, children not counted. */
    count?: number | undefined;
}

/** How the executions of a workflow went. */
export declare interface WorkflowPerformance extends Performance {
    /** Executions that ended, per hour of `covers`. */
    readonly throughput: number;
    /** What its tasks failed of, the most frequent first, at most 20. Failures that stayed their task's own, and those that something stood in for, are among them. */
    readonly errors: readonly ErrorFigures[];
    /** By the ids of tasks: those of every version. */
    readonly tasks: Readonly<Record<string, TaskPerformance>>;
}

/** Limits of the executions of one workflow. */
export declare interface WorkflowRetention {
    completed?: WorkflowLimits | undefined;
    failed?: WorkflowLimits | undefined;
}

/** When a scheduled workflow runs: exactly one of `cron` and `every`. */
export declare interface WorkflowSchedule {
    /**
     * Five fields (minute, hour, day of the month, month, day of the week), or six with the second first: numbers, names (`JAN`, `MON`), `*`,
     * lists, ranges, steps, `L`, `W`, `#`. Such as `'0 2 * * MON-FRI'`.
     */
    cron?: string | undefined;
    /** The time between two runs, at least 1 s; the first comes this long after creation. Restarts and long runs do not shift it. */
    every?: Duration | undefined;
    /** The time zone of `cron`: an IANA name such as `'Europe/Berlin'`. Default `'UTC'`. */
    timezone?: string | undefined;
    /**
     * Planned instants that passed while the orchestrator was closed: `'once'` runs the latest of them (default), `'skip'` none that is more than 1 minute
     * late, `'all'` each of the latest 100.
     */
    missed?: 'skip' | 'once' | 'all' | undefined;
    /** A planned instant while an earlier execution of the schedule is active: `'allow'` runs it (default), `'skip'` leaves it out. */
    overlap?: 'allow' | 'skip' | undefined;
}

/** A string to read as a workflow, whatever it looks like. */
export declare interface WorkflowText {
    /** JSON or YAML 1.2. */
    readonly text: string;
}

/** The types of a workflow: its context, and the results of its tasks by id. */
export declare interface WorkflowTypes {
    readonly context: object;
    readonly results: object;
}

/** The tasks of a list that have a problem. */
export declare type Wrong<T extends Listed, A, C> = WrongTask<T[number], T[number]['id'], ResultsOf<T, A>, A, C>;

export declare type WrongIn<K, F extends string, A, C> = K extends {
    readonly [Field in F]: infer L extends Listed;
} ? Wrong<L, A, C> : never;

/** The task if it has a problem, else `never`. `I`: the ids of its siblings, `R`: their results. */
export declare type WrongTask<K, I, R extends Results, A, C> = K extends Leaf<I> ? keyof K extends keyof AgentTask ? K extends {
    readonly agentId: infer N extends keyof A;
} ? A[N] extends Undemanding ? never : A[N] extends AgentGiven<C, Given<K, R>> ? never : K : never : K : K extends Leaf<I, unknown> ? keyof K extends keyof AgentTask ? WrongIn<K, 'tasks', A, C> | WrongIn<K, 'default', A, C> | WrongIn<K extends {
    readonly branches: readonly (infer B)[];
} ? B : never, 'tasks', A, C> : K : K;

export { }
