// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from ts/ by `pnpm build`. Its diff is the diff of the public API.

/**
 * Runs workflows of cooperating agents on a durable engine.
 *
 * @packageDocumentation
 */

import { EventEmitter } from 'node:events';

/** An answer that is not all of one: it was cut (`'length'`), withheld (`'content'`), or there is nothing in it (`'empty'`). */
export declare type AcceptedEnding = 'length' | 'content' | 'empty';

/** Whoever does the work of a task. */
export declare interface Agent {
    /** Does it. The result is recorded as JSON data. Throw to fail; an error with `retryable: false` is not tried again. */
    execute(task: TaskInput, context: AttemptContext): unknown;
    /** Asked every `agents.healthCheckInterval`. `false`, a throw, or no answer in time: it is given no new work, and replaced. */
    healthCheck?(): boolean | Promise<boolean>;
    /** Called once when it is not needed any more. */
    dispose?(): unknown;
}

/** An agent could not be made, or did something an agent must not do. */
export declare class AgentError extends OrchestratorError {
}

/** Which instance of which agent an event of the pool is about. */
export declare interface AgentEvent {
    /** The type of the agent. */
    readonly type: string;
    /** The id it was registered with; the name of its type for agents that tasks name by that. */
    readonly agentId: string;
    /** The number of the instance, never used twice. */
    readonly instance: number;
}

/** What may stand for an agent: a function, a type of agents, or an agent of another type, such as `{ type: 'llm', configuration: { … } }`. */
export declare type AgentForm = AgentFunction | CallableFunction | AgentType | Omit<AgentRegistration, 'id'>;

/** A function that does the work of a task: the agent of a type that keeps nothing between tasks. */
export declare type AgentFunction = {
    execute(task: TaskInput, context: AttemptContext): unknown;
}['execute'];

/** Who can do a task: a function that reads no more than it is given. What a type or an agent of one reads is not known. */
export declare type AgentGiven<C, D> = ((task: TaskFields & {
    readonly context: C & {
        dependencies: D;
    };
}, context: AttemptContext) => unknown) | OtherForm;

/** The names of agents; any, where none are told. `llm` is built in. */
export declare type AgentNames<A> = string extends keyof A ? string : (keyof A & string) | 'llm';

/**
 * Registers what tasks name by `agentId`, and keeps instances of it: at least `minAgents` and at most `maxAgents` of each type once it has had
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
    /** Registers a function that does the work of the tasks that name it, as `registerAgentType(name, execute)` does. */
    registerAgent(name: string, execute: AgentFunction): void;
    /**
     * Registers all agents of a program by name, as `defineAgents` has them: functions and types as `registerAgentType` does, `{ type, configuration }` as
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
    /** What the pool is doing now. Cheap enough to ask each second. */
    getStatistics(): PoolStatistics;
}

export declare type AgentProblem<K, R extends Results, A, C> = K extends {
    readonly agentId: infer N extends keyof A;
} ? A[N] extends OtherForm ? unknown : A[N] extends (task: infer G, ...more: never[]) => unknown ? G extends {
    readonly context: infer X;
} ? ContextProblem<X, N, C, Given<K, R>> : unknown : unknown : unknown;

/** An agent with a configuration of its own. */
export declare interface AgentRegistration {
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

/** What an agent gives back, as it is recorded; of one in a worker, and of a built-in type, nothing is known but its task's `outputSchema`. */
export declare type AgentResult<F> = F extends (...given: never[]) => infer R ? Recorded<Settled<R>> : F extends {
    create(...given: never[]): infer G;
} ? Settled<G> extends {
    execute(...given: never[]): infer R;
} ? Recorded<Settled<R>> : unknown : unknown;

/** Agents by the name that tasks call each by. */
export declare type Agents = Readonly<Record<string, AgentForm>>;

/** The size of the agent pool: how many instances of each type there are, when there are more or fewer of them, and when they are asked how they are. */
export declare interface AgentsConfig {
    /** Instances of each agent type from its first task on, at least 0 and at most `maxAgents`. Default 1. */
    minAgents?: number | undefined;
    /** Instances per agent type, at least 1. Default 10. */
    maxAgents?: number | undefined;
    /** The use of a type's places above which there are more instances of it, in percent, above `scaleDownThreshold`. Default 80. */
    scaleUpThreshold?: number | undefined;
    /** The use below which, for a while, there are fewer, in percent. Default 20. */
    scaleDownThreshold?: number | undefined;
    /** Time between two health checks of an instance, and how long it has to answer, at least 1 ms. Default 5000 (5 s). */
    healthCheckInterval?: Duration | undefined;
    /**
     * Whose tasks a model does though nobody has registered the agent: `true` any's, `false` nobody's, or those of the agents in a list. Default: any's but
     * those whose name is nearly a registered one; with models that are known from the environment alone, only where no agent is registered at all.
     */
    standIn?: boolean | readonly string[] | undefined;
}

/**
 * One task: a call of an agent, a child workflow, a wait, or a group of tasks. `docs/workflows.md` says what each field means, and where.
 */
export declare interface AgentTask<Other extends string = AnyWord, AgentId extends string = string> {
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
    timeout?: Duration<Other> | undefined;
    /** The longest it may take from ready to end, waits left out. */
    totalTimeout?: Duration<Other> | undefined;
    /** The longest an attempt may be without `ctx.heartbeat()`. */
    heartbeatTimeout?: Duration<Other> | undefined;
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
        ttl?: Duration<Other> | undefined;
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
export declare type AgentType = InlineAgentType | WorkerAgentType;

/** How many instances of a type there are, and what each may do. */
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

/** A workflow: tasks, and what each waits for. */
export declare interface AgentWorkflow<Other extends string = AnyWord> {
    /** Names it. At most 256 bytes. */
    id: string;
    /** For people. Default: its id. */
    name?: string | undefined;
    /** A changed definition needs another version while executions of the old one run. Default `'1'`. */
    version?: string | undefined;
    description?: string | undefined;
    /**
     * Judges the context of each execution before it begins: a zod schema, any Standard Schema, or a JSON Schema. `ERR_INPUT_SCHEMA`. What
     * it makes of the context is the context.
     */
    context?: unknown;
    /** The agents that its tasks name, for the compiler alone: see `defineWorkflow`. It registers no agent and is not recorded. */
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
    deadline?: Duration<Other> | `${number}-${number}-${string}` | undefined;
    /** What one execution may use. `ERR_BUDGET`; of models `ERR_BUDGET_EXCEEDED`. */
    budget?: Budget | undefined;
}

/** Each without a default: what is absent is not watched. */
export declare interface AlertThresholds {
    /** Failed tasks, in percent of those that ended. */
    taskFailureRate?: number | undefined;
    /** Time from start to end of an execution, at least 1 ms. */
    executionDuration?: Duration | undefined;
    /** Memory of the process, in bytes, at least 1. */
    memoryUsage?: number | undefined;
    /** Processor time, in percent. */
    cpuUsage?: number | undefined;
}

/** An instance and the attempt that has it. */
export declare interface AllocationEvent extends AgentEvent {
    readonly executionId: string;
    readonly taskId: string;
    readonly attempt: number;
}

/**
 * What an execution may use, by name; what is absent allows every one, `[]` allows none. It is recorded with the execution and holds for its child
 * workflows, spawned tasks, compensations, forks and retries.
 */
export declare interface Allowance {
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
export declare type AnyContext = {
    [key: string]: any;
};

/**
 * What stands, for the compiler, beside the words that a field may have: any text in a definition that is plain data, since TypeScript takes a word in an
 * object of its own for no more than that; nothing in one that `defineWorkflow` is given.
 */
export declare type AnyWord = string & {};

/** What else an agent may use during one attempt. */
export declare interface AttemptContext {
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

/**
 * How long one attempt may take. One that takes longer counts as paid; it goes to a fallback, and is made again as `maxAttempts` or a `retryPolicy` says,
 * or twice at most where the model has answered others in the last minute.
 */
export declare interface AttemptTimeouts {
    /** Until the first token of a stream, thoughts included. Default 300000 (5 min). */
    firstToken?: Duration | undefined;
    /** From one token of a stream to the next. Default 120000 (2 min). */
    betweenTokens?: Duration | undefined;
    /** Until the end. Default 600000 (10 min) of an answer that comes at once, 3600000 (1 h) of a stream. */
    whole?: Duration | undefined;
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

/** What one execution may use, its child workflows included. */
export declare interface Budget extends ModelBudget {
    /** Attempts of agents that may start. */
    tasks?: number | undefined;
    /** Time from start to end. */
    time?: Duration | undefined;
}

/**
 * An amount of memory: bytes, or text such as `'512KiB'`, `'64MiB'`, `'1GiB'`, or in thousands `'64MB'`. Any text for the compiler, as with a
 * duration; another is refused when it is read.
 */
export declare type Bytes = number | `${number}${'B' | 'kB' | 'MB' | 'GB' | 'KiB' | 'MiB' | 'GiB'}` | (string & {});

/** A task that is one call of an agent that is known, and always happens: nearly every one is. */
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

/** Somebody asked for it to stop, or something else made it pointless. */
export declare class CancelledError extends OrchestratorError {
}

export declare interface CancelOptions {
    /** Stops clean-up tasks and compensation too. Default false. */
    force?: boolean | undefined;
}

/** `unknown` for tasks whose fields there are, whose dependencies are siblings, and whose agents are given what they read; else what is wrong where. */
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

/** What undoes a task. */
export declare interface Compensation<Other extends string = AnyWord, AgentId extends string = string> {
    agentId: AgentId;
    /** It may read the output of its own task. */
    input?: TaskInputDefinition | undefined;
    on?: 'completed' | 'started' | Other | undefined;
    retryPolicy?: RetryPolicy<Other> | undefined;
    timeout?: Duration<Other> | undefined;
}

/** Executions that are counted together. */
export declare interface ConcurrencyLimit {
    /** 1 to 256 letters, such as the id of a customer. */
    key: string;
    /** At least 1. The limit given last counts for all of the key. */
    limit: number;
}

/** An expression (a bounded subset of CEL: docs/workflows.md), alone or in an object, or a function. Functions are known by name after a restart: see `registerWorkflow`. */
export declare type Condition<Other extends string = AnyWord> = string | TaskCondition<Other> | ConditionFunction;

/** A condition that is a function; it is given everything an expression could read there. */
export declare type ConditionFunction = (scope: any) => unknown;

/** What was asked for stands against something that is there. */
export declare class ConflictError extends OrchestratorError {
}

export declare type ContextGiven<S> = SchemaInput<S> extends infer C extends object ? C : object;

export declare type ContextProblem<X, N, C, D> = Differing<C, Omit<X, 'dependencies'>> extends infer F extends string ? [F] extends [never] ? X extends {
    readonly dependencies: infer W;
} ? Differing<D, W> extends infer G extends string ? [G] extends [never] ? unknown : Problem<`agent \`${N & string}\` reads \`dependencies.${G}\`, which this task is not given`> : unknown : unknown : Problem<`agent \`${N & string}\` reads \`context.${F}\`, which the context of this workflow is not known to have`> : unknown;

/** What its agents find in `task.context`; without a schema, or by raw JSON Schema, anything. */
export declare type ContextRead<S> = SchemaOutput<S> extends infer C extends object ? Recorded<C> : any;

/** A provider of your own. */
export declare interface CustomProvider {
    /** Answers one request; it is tried again as any other is: throw an error with `class` (a `ModelFailureClass`) to say what failed, and `retryAfterMs`. */
    generate(request: CustomRequest): Promise<CustomReply> | CustomReply;
    /** Gives the answer as it comes. Default: `generate`, in one part. */
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

/** What a provider of your own is asked. */
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

/**
 * The agents of a program, by the names that tasks call them by. It gives them back as they are: `agentPool.registerAgents(agents)` registers them, and
 * `agents` of a `defineWorkflow` tells the compiler of them.
 */
export declare function defineAgents<const A extends Agents>(agents: A): A;

/**
 * A workflow whose `agentId`s, dependencies, words, context and results the compiler checks. It gives the workflow back as it is: a definition is data, and
 * runs as the same definition does that was written without this function.
 */
export declare function defineWorkflow<const T extends readonly AgentTask<never, AgentNames<A>>[], A extends Agents, S = undefined>(workflow: WorkflowDefinition<A, S, T & CheckedTasks<T, A, ContextRead<S>>>): TypedWorkflow<ContextGiven<S>, Shown<ResultsOf<T, A>>>;

/** The members that are not there, or are something else. */
export declare type Differing<Given, Wanted> = string extends keyof Wanted ? never : {
    [F in keyof Wanted]: F extends keyof Given ? (Given[F] extends Wanted[F] ? never : F) : F;
}[keyof Wanted] & string;

/**
 * A length of time: milliseconds, or text such as `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. Any text for the compiler, which forgets
 * which one it was in an object of its own; another is refused when it is read.
 */
export declare type Duration<Other extends string = string & {}> = [Other] extends [never] ? number | DurationText : number | DurationText | Other;

/** A length of time in words. */
export declare type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** The stable names of everything that can go wrong. */
export declare type ErrorCode = 'ERR_VALIDATION' | 'ERR_CONFIG' | 'ERR_INVALID_ARGUMENT' | 'ERR_NOT_JSON' | 'ERR_TOO_LARGE' | 'ERR_INPUT_SCHEMA' | 'ERR_BAD_CURSOR' | 'ERR_AGENT_NOT_FOUND' | 'ERR_AGENT_TYPE_NOT_FOUND' | 'ERR_EXECUTION_NOT_FOUND' | 'ERR_AGENT_EXISTS' | 'ERR_DEFINITION_CHANGED' | 'ERR_SCHEDULE_CHANGED' | 'ERR_CANCELLED' | 'ERR_SIBLING_FAILED' | 'ERR_JOIN_SATISFIED' | 'ERR_JOIN_UNREACHABLE' | 'ERR_DEADLINE' | 'ERR_BUDGET' | 'ERR_TOTAL_TIMEOUT' | 'ERR_HEARTBEAT_TIMEOUT' | 'ERR_WAIT_TIMEOUT' | 'ERR_POISONED' | 'ERR_LOOP_ITEMS' | 'ERR_LOOP_LIMIT' | 'ERR_LOOP_NOT_ARRAY' | 'ERR_NO_BRANCH' | 'ERR_CONDITION' | 'ERR_CONDITION_NOT_BOOLEAN' | 'ERR_EXPRESSION' | 'ERR_TEMPLATE' | 'ERR_FUNCTION_NOT_FOUND' | 'ERR_OUTPUT_SCHEMA' | 'ERR_MAX_STEPS' | 'ERR_SPAWN_FAILED' | 'ERR_SPAWN_CHANGED' | 'ERR_AMBIGUOUS_SIGNAL' | 'ERR_UNKNOWN_SIGNAL' | 'ERR_SIGNAL_SCHEMA' | 'ERR_WORKFLOW_NOT_FOUND' | 'ERR_EXECUTION_EXISTS' | 'ERR_EXECUTION_ENDED' | 'ERR_IDEMPOTENCY_MISMATCH' | 'ERR_TOO_DEEP' | 'ERR_SHUTDOWN' | 'ERR_TIMEOUT' | 'ERR_TASK_FAILED' | 'ERR_AGENT' | 'ERR_AGENT_INVALID' | 'ERR_AGENT_CREATE' | 'ERR_AGENT_LOST' | 'ERR_TOOL_EXISTS' | 'ERR_TOOL_NOT_FOUND' | 'ERR_TOOL_ARGUMENTS' | 'ERR_TOOL_RESULT' | 'ERR_TOOL_TIMEOUT' | 'ERR_TOOL_FAILED' | 'ERR_MCP_CONNECT' | 'ERR_MCP_LOST' | 'ERR_INTERRUPTED' | 'ERR_STORE_LOCKED' | 'ERR_STORE_OPEN' | 'ERR_STORE_CORRUPT' | 'ERR_STORE_FOREIGN' | 'ERR_STORE_NEWER' | 'ERR_STORE_READ' | 'ERR_STORE_FULL' | 'ERR_STORE_REPLACED' | 'ERR_OUTCOME_UNKNOWN' | 'ERR_CLOSED' | 'ERR_CRASHED' | 'ERR_NOT_DURABLE' | 'ERR_SCRIPT_ENDED' | 'ERR_STUCK' | 'ERR_MODEL' | 'ERR_MODEL_CUT' | 'ERR_MODEL_EMPTY' | 'ERR_MODEL_OUTPUT' | 'ERR_NO_MODEL' | 'ERR_PROVIDER_NOT_FOUND' | 'ERR_PROVIDER_EXISTS' | 'ERR_BUDGET_EXCEEDED' | 'ERR_LISTENER' | 'ERR_ADDON' | 'ERR_NOT_SUPPORTED' | 'ERR_NOT_ALLOWED' | 'ERR_INTERNAL';

/** What an error may say beside its message. */
declare interface ErrorOptions_2 {
    /** What led to it. */
    cause?: unknown;
    /** Figures and names that belong to it, as data. */
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
 * How much later than asked for timers fire, in milliseconds, since agents began to be at work after a rest of at least a second. It is
 * looked at every 20 ms while they are.
 */
export declare interface EventLoopDelayFigures {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
}

export declare type EventName = keyof OrchestratorEvents;

/** Options of `executeWorkflow` and `startWorkflow`. */
export declare interface ExecuteOptions {
    /** Cancels the execution when it aborts; a call that joined another's execution is only detached. */
    signal?: AbortSignal | undefined;
    /** When it must have ended: an instant, or so long from now. The workflow's own deadline may be earlier. */
    deadline?: Date | Duration | undefined;
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

/** One event of an execution. */
export declare interface ExecutionEvent {
    /** Its number in the execution, from 1 without gaps. */
    readonly seq: number;
    readonly type: EventName;
    /** When it was recorded. */
    readonly at: Date;
    readonly executionId: string;
    /** The task as it was then, on `task:*`. */
    readonly task?: TaskExecution;
    /** On `task:failed` and `task:retrying`. */
    readonly error?: TaskErrorInfo;
}

/** An execution to be waited for, asked about and stopped. Any number of handles may exist for one execution. */
export declare interface ExecutionHandle<Results = Readonly<Record<string, unknown>>> {
    readonly id: string;
    /** Resolves when it ended well; rejects like `executeWorkflow`. A handle whose result nobody asks for rejects nothing; see `logger`. */
    result(): Promise<WorkflowExecution<Results>>;
    /** Resolves in any end state; what did not complete has no result. */
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
     * Every event of the execution in order, from its first or after the one with the number `after`: those on record, then those to come,
     * without a gap. Ends when the execution has.
     */
    events(options?: {
        after?: number | undefined;
    }): AsyncIterable<ExecutionEvent>;
}

/** A page of executions, newest first. */
export declare interface ExecutionList {
    readonly executions: WorkflowExecution[];
    /** There if there are more. */
    readonly cursor?: string;
}

/** Which executions `listExecutions` gives; what is absent does not matter. */
export declare interface ExecutionListFilter {
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

export declare type ExecutionStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

/** What stands in for a task: an agent, called once with the task's own input or another, or a value as it is. */
export declare type Fallback<AgentId extends string = string> = {
    agentId: AgentId;
    input?: TaskInputDefinition | undefined;
} | {
    value: unknown;
};

/**
 * `'length'`: it was cut; `'content-filter'`: it was withheld, or refused; `'empty'`: it ended in order, and nothing was said; `'pause'`: the provider goes
 * on when it is sent `message`; `'other'`: for a reason that no other word is for.
 */
export declare type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'empty' | 'pause' | 'other';

/** What a request brings: with a `schema` what that makes of the answer, which is there unless the model may call tools instead. */
export declare type Generated<S, T> = S extends undefined ? GenerateResult : T extends undefined ? GenerateResult<SchemaOutput<S>> & {
    readonly output: SchemaOutput<S>;
} : GenerateResult<SchemaOutput<S>>;

/** What a model is asked. One of `prompt` and `messages` is needed. */
export declare interface GenerateRequest {
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
    /** Requests to one model before it is given up, from 1 to 100. Default 5; see `AttemptTimeouts` for those that come too late. */
    maxAttempts?: number | undefined;
    /** What this call may use, its retries included. */
    budget?: ModelBudget | undefined;
    /**
     * Of `stream`: whether you can take back what has come. After a failure the answer is then asked for anew, by the same rules as before its first part, and
     * the first part of the new one says `restart: true`. Default false: what was delivered stays, and the call fails.
     */
    restart?: boolean | undefined;
    /** The longest that all of it may take, waiting included. */
    timeout?: Duration | undefined;
    signal?: AbortSignal | undefined;
}

/** What a model answered. */
export declare interface GenerateResult<Output = unknown> {
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
    /** Fallbacks that were not to be asked, since they could not see all of the request, such as a picture. Absent: none. */
    readonly skipped?: readonly SkippedModel[];
}

/** What the dependencies of a task give: those it names, else any of its siblings. One that is no sibling is an error of its own. */
export declare type Given<K, R extends Results> = K extends {
    readonly dependencies: readonly (infer D extends string)[];
} ? {
    readonly [F in D]: R[F];
} : R;

/** What an agent of type `hybrid` knows beside: its tools. */
export declare interface HybridConfiguration extends LlmConfiguration {
    /** The tools it may use, by name. Default: every tool that is registered when an attempt begins. */
    tools?: readonly string[] | undefined;
    /** Requests to the model in one attempt, 1 to 1000. `ERR_MAX_STEPS`. Default 10. */
    maxSteps?: number | undefined;
}

export declare type IdOf<K> = K extends {
    readonly id: infer I extends string;
} ? I : never;

/** Agents that run on the thread that registers them. */
export declare interface InlineAgentType extends AgentTypeLimits {
    isolation?: 'inline' | undefined;
    /** Makes an instance, with the configuration of the agent it is of. One that throws is tried again after a while. */
    create(config: any): Agent | Promise<Agent>;
}

/** A mistake of this package. */
export declare class InternalError extends OrchestratorError {
}

/** One problem found in what the caller gave, with the place it was found in. */
export declare interface Issue {
    /** Where, from the argument inwards: `tasks[2].input.schema`, `workflow.maxTasks`, `data["a b"]`. Empty for the argument itself. */
    path: string;
    /** What is wrong and the way out: lower case, no full stop. */
    message: string;
    /** The stable name of the problem, such as `ERR_NOT_JSON`. */
    code?: string;
    /** `'error'` unless said otherwise. */
    severity?: 'error' | 'warning';
}

/** A task without others inside, or with lists of this kind. */
export declare interface Leaf<I, Lists = undefined> {
    readonly id: string;
    readonly dependencies?: readonly I[] | undefined;
    readonly tasks?: Lists;
    readonly branches?: Lists;
    readonly default?: Lists;
}

/** A list of tasks, as far as its rules look. */
export declare type Listed = readonly {
    readonly id: string;
}[];

/** How an agent of type `llm` asks its model. What is absent is as the provider has it. */
export declare interface LlmConfiguration {
    /** The model, as `model` or `provider/model`. With neither this nor `provider`, `requirements` decide. */
    model?: string | undefined;
    /** The provider, by its name. */
    provider?: string | undefined;
    /** What the model must be able to do, if none is named. */
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
    /** Where a request goes on that its own model could not serve, instead of `models.fallback`. */
    fallback?: readonly string[] | undefined;
    /** Further fields of the provider's own body. */
    extra?: Readonly<Record<string, unknown>> | undefined;
    /** Whether text is announced as it comes, as `task:progress` with `{ type: 'text', text, attempt, request }`. A task with `outputSchema` has none. Default true. */
    stream?: boolean | undefined;
    /** Whether the model is shown what the task's dependencies gave, unless a template of its input reads that already. Default `'dependencies'`. */
    include?: 'dependencies' | 'none' | undefined;
    /**
     * Which answers its tasks take as they are, where a task does not say: cut, withheld or empty ones fail otherwise. Default: `models.accept`.
     */
    accept?: readonly AcceptedEnding[] | undefined;
}

/** Options of `loadWorkflow`. */
export declare interface LoadOptions {
    /** What the workflow may name; what it may not is a problem by path. Give it to whatever runs the workflow as well. Default: everything. */
    allow?: Allowance | undefined;
}

/**
 * What is logged:
 *
 * - `execution:failed` (error): an execution failed, and no listener and no handle heard of it;
 * - `listener:failed` (error): a listener of an event threw or rejected;
 * - `listener:unknown` (warn): a listener was added for an event that there is not;
 * - `store:lost` (error): nothing more can be recorded;
 * - `store:unreadable` (error): an execution or a schedule of the store cannot be read and is left alone;
 * - `store:hindered` (warn): another program is in the way of the store, or its log was damaged when it was opened;
 * - `agent:dispose` (warn): an agent could not be disposed of;
 * - `agent:stand-in` (warn): a model does tasks for which nobody has asked it;
 * - `mcp:tools` (warn): a tool that a server lists, or its whole list, cannot be used;
 * - `model:tool` (warn): a tool cannot be shown to a model and is left out.
 */
export declare type LogEvent = 'execution:failed' | 'listener:failed' | 'listener:unknown' | 'store:lost' | 'store:unreadable' | 'store:hindered' | 'agent:dispose' | 'agent:stand-in' | 'mcp:tools' | 'model:tool';

/**
 * Where an orchestrator writes what the people who run it must know. `console` is one, and so is a logger of pino: each method is called with a record
 * and a message.
 */
export declare interface Logger {
    /** Something did not happen that was wanted: an execution failed, a listener threw, the store is lost. */
    error(record: LogRecord, message: string): void;
    /** Everything goes on, and somebody may want to do something about it. */
    warn(record: LogRecord, message: string): void;
}

/** What is said, as data. */
export declare interface LogRecord {
    /** What happened. */
    readonly event: LogEvent;
    /** What went wrong: one of `ErrorCode`, or the code of what an agent threw. */
    readonly code?: string;
    /** The error, under the name that loggers know. */
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
}

/** How a loop goes on: exactly one of `forEach`, `while`, `until`, or the task's `conditions`. */
export declare interface Loop<Other extends string = AnyWord> {
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

/** A server that is connected to. */
export declare interface McpConnection extends AsyncDisposable {
    /** What it was called, or what it calls itself. */
    readonly name: string;
    /** Its tools as they are registered. The list is another when the server says so. */
    readonly tools: readonly {
        readonly name: string;
        readonly description: string;
    }[];
    /** Takes its tools away and ends the connection; a program that was started has ended when this resolves. */
    close(): Promise<void>;
}

/** A server that is started here, and spoken to through its standard input and output. It ends with the connection. */
export declare interface McpProgram extends McpServerOptions {
    /** Found on the PATH, or a whole path. No shell reads it. */
    command: string;
    args?: readonly string[] | undefined;
    /** Added to the little that it finds: PATH, HOME, the user, the language and the folder for temporary files. Keys of yours are not among that. */
    env?: Readonly<Record<string, string>> | undefined;
    /** The folder that it starts in. Default: that of this process. */
    cwd?: string | undefined;
}

/** A server that listens somewhere, by streamable HTTP. */
export declare interface McpRemote extends McpServerOptions {
    url: string | URL;
    /** Sent with each request, such as `Authorization`. */
    headers?: Readonly<Record<string, string>> | undefined;
    /** Whether it may be in a private network, or without TLS. Default false. */
    allowPrivate?: boolean | undefined;
}

/** A server of the Model Context Protocol: a program that is started, or an address. */
export declare type McpServer = McpProgram | McpRemote;

/** What holds for either. */
export declare interface McpServerOptions {
    /** What it is called in errors, and where its tools begin with. Default: what it calls itself. */
    name?: string | undefined;
    /** Which of its tools are registered, by the server's own names. Default: all. */
    tools?: {
        include?: readonly string[] | undefined;
        exclude?: readonly string[] | undefined;
    } | undefined;
    /** What the names of its tools begin with here. Default: its name and `_`, since two servers may each have a `search`. */
    prefix?: string | undefined;
    /** The longest that connecting, and one call, may take. Default 60000 (1 min). */
    timeout?: Duration | undefined;
}

/** What an orchestrator without `storage` remembers. */
export declare interface MemoryConfig {
    /** Executions that ended, the latest of them: those of a task, an idempotency key or a fork are found while they are remembered. */
    remember?: RememberConfig | undefined;
}

/** One request, and what came of it. */
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
    /** Fields of the request that its model takes from nobody, such as `temperature`, and that were left out. */
    readonly omitted?: readonly string[];
    /** What came next. */
    readonly next: 'done' | 'retry' | 'fallback' | 'give-up';
}

/** What calls may use. `ERR_BUDGET_EXCEEDED`. */
export declare interface ModelBudget {
    /** US dollars. */
    usd?: number | undefined;
    /** Input and output together. */
    tokens?: number | undefined;
    /** Calls that are made, each counted once however often it is sent; a round of repair is another. */
    calls?: number | undefined;
}

/** What may be asked of models: by the orchestrator's `modelIntegration`, and within an attempt by `context.models`, where it is put on the task's account. */
export declare interface ModelCalls {
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

export declare type ModelCapability = 'text-generation' | 'code-generation' | 'reasoning' | 'tool-use' | 'vision' | 'audio' | (string & {});

/** A model, with what was seen of it beside what is known. */
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
 * A model gave no answer that is of use. `details.attempts` has every request that was sent, `details.class` what kind of failure it was,
 * `details.partialText` what had come of the answer. Of an answer that was cut (`ERR_MODEL_CUT`), empty (`ERR_MODEL_EMPTY`) or withheld (class `content`)
 * `details` has `finishReason`, what there is (`partial`), `usage`, `cost`, and the `limit` that cut it.
 */
export declare class ModelError extends OrchestratorError {
}

export declare type ModelFailureClass = 'rate' | 'quota' | 'auth' | 'overload' | 'context' | 'content' | 'network' | 'invalid';

/** A model, as far as it is known. */
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

/** Models: which one, at what cost, and asking it. docs/models.md says how one is chosen. */
export declare interface ModelIntegration extends ModelCalls {
    /**
     * The model that fits best.
     *
     * @throws {ModelError} `ERR_NO_MODEL`, which says which requirement to relax.
     */
    selectModel(requirements: ModelRequirements): Promise<ModelSelection>;
    /** Each model of the configured providers, with what was seen of it beside what is known. */
    getModelComparison(): ModelComparison[];
    /** Every model that is known, of configured providers or not. */
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
    /** What `GenerateResult.message` has: the provider's own record of its turn, which it wants back. */
    continuation?: unknown;
}

/**
 * A part of a turn. Pictures and files are in the user's turns: `url` begins with `https:` or `data:`, `data` is base64. A file is a PDF or a text. What a
 * model's provider wants as bytes is fetched, and what a model cannot see is refused before it is sent. Pictures in the `result` of a tool, as MCP servers
 * give them (`[{ type: 'image', data, mimeType }]`), go as pictures where a model reads them.
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

/** How much of a model may be asked, for each of its models alike. */
export declare interface ModelRateLimit {
    requestsPerMinute?: number | undefined;
    /** Input and output together, in any 60 s. */
    tokensPerMinute?: number | undefined;
    requestsPerDay?: number | undefined;
    /** Requests under way at once. */
    concurrentRequests?: number | undefined;
}

/** What is known of a model, for one that the catalogue lacks or has wrong. Only what is given changes; `null` makes it unknown. */
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

/** What a model must be able to do. */
export declare interface ModelRequirements {
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

/** How models are reached, and what they may cost. */
export declare interface ModelsConfig {
    /**
     * The providers, by the name that requests and results call each by. One that goes by the name of its kind (`openai`, `openai-responses`, `anthropic`,
     * `gemini` or `google`, `azure`, `mistral`, `groq`, `deepseek`, `xai`, `together`, `openrouter`, `cohere`, `ollama`) needs no `kind`. Default: every kind whose key
     * is in the environment.
     */
    providers?: Readonly<Record<string, ProviderConfig>> | undefined;
    /** Where a request goes on that its own model could not serve, as `provider/model` or `model`, in this order. Default: nowhere. */
    fallback?: readonly string[] | undefined;
    /** What all calls of this orchestrator may use together, from its making on. Default: no limit. */
    budget?: ModelBudget | undefined;
    /** What the executions of a tenant may use together, by its name, from the making of the orchestrator on. Default: no limit. */
    tenantBudgets?: Readonly<Record<string, ModelBudget>> | undefined;
    /** Which answers the tasks of `llm` and `hybrid` agents take as they are, where neither the task nor its agent says. Default: none. */
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
 * An answer as it comes. It begins when it is made; whoever does not read it can still await `result()`. Leaving a `for await` over it before its end, by
 * `break`, `return` or a throw, ends the request: `result()` then rejects with `ERR_CANCELLED`.
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

/** Metrics, traces, profiles and alerts. Validated; has no effect yet. */
export declare interface MonitoringConfig {
    /** Whether figures are kept. Default true. */
    enableMetrics?: boolean | undefined;
    /** Whether executions are traced. Default false. */
    enableTracing?: boolean | undefined;
    /** Whether executions are profiled. Default false. */
    enableProfiling?: boolean | undefined;
    /** When to raise an alert. A threshold that is absent raises none. */
    alertThresholds?: AlertThresholds | undefined;
}

/**
 * Runs workflows. With `storage` every accepted execution is on record before its call resolves, and what a crash interrupts is
 * continued when the file is opened again; without it nothing is ever written.
 *
 * It keeps the process alive while an execution is active or a schedule is planned, and not otherwise.
 */
export declare class MultiAgentOrchestrator extends EventEmitter<OrchestratorEvents> implements AsyncDisposable {
    #private;
    /** Registers who does the work. */
    readonly agentPool: AgentPool;
    /** Reads workflows without running them. */
    readonly workflowEngine: WorkflowEngine;
    /** Chooses models, asks them, and knows what they cost. */
    readonly modelIntegration: ModelIntegration;
    /**
     * @throws {ValidationError} `ERR_CONFIG` with every problem of the configuration by path.
     */
    constructor(config?: OrchestratorConfig);
    /**
     * Resolves when the store is open and interrupted executions have been taken up. Every call awaits it by itself.
     *
     * @throws {StoreError} if the file cannot be opened; it is never replaced, and memory never takes its place.
     * @throws {ValidationError} `ERR_CONFIG` if a configured provider of models cannot be used, for want of a key as a rule. Only calls of it fail.
     */
    ready(): Promise<void>;
    /**
     * Runs a workflow to its end.
     *
     * Events nobody listened for until then are held for listeners attached right after the `await`, which hear them in order as soon as they are read.
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
    /** A handle for an execution by its id. Whether there is such an execution shows when the handle is used. */
    getHandle(executionId: string): ExecutionHandle;
    /** The execution as it is now; `undefined` if there is none. Without `storage` those that ended are remembered as
     * `memory.remember` says. */
    getExecution(executionId: string): Promise<WorkflowExecution | undefined>;
    /** Executions, newest first. */
    listExecutions(filter?: ExecutionListFilter): Promise<ExecutionList>;
    /**
     * Stops an execution: nothing new starts, running agents are told by their signal and have 5 s to answer. Resolves when that is on
     * record; an execution that has ended, or is being stopped already, stays as it is.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    cancelExecution(executionId: string, reason?: string, options?: CancelOptions): Promise<void>;
    /**
     * Lets nothing new start in an execution and its children; attempts under way finish, times and signals are recorded. Resolves when that
     * is on record. An execution that has ended, or is being stopped, stays as it is.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    pauseExecution(executionId: string): Promise<void>;
    /**
     * Lets a paused execution go on, and its children; `step`: until the next task has ended.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    resumeExecution(executionId: string, options?: ResumeOptions): Promise<void>;
    /**
     * Sends a signal to an execution. It feeds one task that waits for its name, now or later; signals are kept in the order they come. Resolves
     * when it is on record.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; `ERR_UNKNOWN_SIGNAL` if no task of its workflow can ever take it, by name or by path.
     * @throws {ConflictError} `ERR_AMBIGUOUS_SIGNAL` if several tasks wait for it and `options.path` names none; `ERR_EXECUTION_ENDED`.
     * @throws {ValidationError} `ERR_SIGNAL_SCHEMA` if the payload is not what the task waits for, or what none that may wait for it later would take.
     */
    signalExecution(executionId: string, name: string, payload?: unknown, options?: SignalOptions): Promise<void>;
    /**
     * Starts a new execution of the same workflow with the same context that takes over every recorded end but those of `fromTask` with
     * everything inside it, of what depends on it, of the groups around it, of passes that may build on the one it is in, and of what a cancel cut off. The old execution stays as it is; the new one has `forkedFrom`.
     *
     * @param fromTask - The id of a task; inside a loop its path, such as `outer[2].child`.
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    forkExecution(executionId: string, fromTask: string, options?: ExecuteOptions): Promise<ExecutionHandle>;
    /**
     * Forks an execution from everything that failed, was cancelled, or was skipped because of that. A child workflow that failed goes on where
     * it did, with its idempotency keys.
     */
    retryExecution(executionId: string, options?: ExecuteOptions): Promise<ExecutionHandle>;
    /**
     * Runs a workflow again and again, each time as an execution whose id is made of the schedule's and the planned instant. Resolves when
     * the schedule is on record. With `storage` it goes on when the file is opened again, as soon as its agents are registered; without, it
     * lives as long as the orchestrator. While it is planned it keeps the process alive. The same schedule again is that schedule.
     *
     * @param context - The context of each execution; JSON data.
     * @throws {ValidationError} with every problem of the workflow, the schedule, the context or the options by path.
     * @throws {ConflictError} `ERR_SCHEDULE_CHANGED` if there is another schedule of its id; `ERR_DEFINITION_CHANGED`.
     */
    scheduleWorkflow<T extends WorkflowTypes = PlainTypes>(workflow: Typed<T>, schedule: WorkflowSchedule, ...[context, options]: StartArguments<T['context'], ScheduleOptions>): Promise<Schedule>;
    /** The schedule with this id; `undefined` if there is none. */
    getSchedule(scheduleId: string): Promise<Schedule | undefined>;
    /** Every schedule, by id. */
    listSchedules(): Promise<Schedule[]>;
    /** What is going on now, and what has been since it was opened. */
    getStatistics(): Promise<OrchestratorStatistics>;
    /**
     * Closes the orchestrator. This is no cancel: nothing new starts, running attempts have `drainMs` (default 5000) to answer, and what
     * has not ended then is continued when the store is opened again. Pending promises reject with `ClosedError`. May be called twice.
     */
    shutdown(options?: {
        drainMs?: number;
    }): Promise<void>;
    /** `await using` shuts down. */
    [Symbol.asyncDispose](): Promise<void>;
}

/** What was named does not exist. */
export declare class NotFoundError extends OrchestratorError {
}

/** How an orchestrator is set up. Every group and every field is optional. */
export declare interface OrchestratorConfig {
    /** Where executions are kept. Absent: in memory, nothing is written. */
    storage?: StorageConfig | undefined;
    /** What is remembered without `storage`; with it nothing of this counts. */
    memory?: MemoryConfig | undefined;
    /** Limits and defaults of workflows. */
    workflow?: WorkflowConfig | undefined;
    /** The size of the agent pool. */
    agents?: AgentsConfig | undefined;
    /** Providers of language models, what happens where one fails, and what all of it may cost. */
    models?: ModelsConfig | undefined;
    /** Metrics, traces, profiles and alerts. Validated; has no effect yet. */
    monitoring?: MonitoringConfig | undefined;
    /** Shared editing of workflows. Validated; has no effect yet. */
    collaboration?: CollaborationConfig | undefined;
    /**
     * Where it says what the people who run it must know, such as that an execution failed of which no listener and no handle heard: `console`, a logger of
     * pino, or anything with such `error` and `warn`. `false`: nowhere. Default: a line on stderr for each.
     */
    logger?: Logger | false | undefined;
}

/** The base of every error this package makes. */
export declare class OrchestratorError extends Error {
    /** Its stable name; the message may change, the code does not. */
    readonly code: ErrorCode;
    readonly details: Readonly<Record<string, unknown>>;
    readonly retryable: boolean;
    readonly executionId?: string;
    readonly taskId?: string;
    readonly execution?: WorkflowExecution;
    constructor(code: ErrorCode, message: string, options?: ErrorOptions_2);
    /** Whether `error` is one of these, even if another copy of this package made it. */
    static isInstance(error: unknown): error is OrchestratorError;
}

/**
 * Everything an orchestrator announces, after it is on record. Each tuple is what a listener receives.
 *
 * A task is started at most once and ends with exactly one of completed, failed, skipped and cancelled. A listener that throws harms
 * nothing: it is logged with the code `ERR_LISTENER` (see `logger`).
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
    /** It waits for a signal or for time. */
    'task:waiting': [task: TaskExecution];
    /** A pass of a loop ended; `task` is the loop, `task.iteration` the pass, from 0. */
    'task:iteration': [task: TaskExecution];
    /** What an agent gave to `ctx.emit` or `ctx.heartbeat`. Not recorded: nobody who comes late hears it. */
    'task:progress': [task: TaskExecution, data: unknown];
    'workflow:paused': [execution: WorkflowExecution];
    'workflow:resumed': [execution: WorkflowExecution];
}

/** What the orchestrator is doing now, and has done since it was opened. */
export declare interface OrchestratorStatistics {
    /** Executions that have not ended. */
    readonly activeWorkflows: number;
    /** Those among them that wait for a place: for `maxConcurrentWorkflows`, or for others of their `concurrency.key`. */
    readonly queuedWorkflows: number;
    /** Interrupted executions, and schedules, that wait for agents nobody has registered yet, by id with those agents. */
    readonly waitingForAgents: Readonly<Record<string, readonly string[]>>;
    /** Their tasks that have neither ended nor begun an attempt. */
    readonly queuedTasks: number;
    /** Their tasks with an attempt under way. */
    readonly runningTasks: number;
    /** Agent instances that exist. */
    readonly agentPoolSize: number;
    readonly completedTotal: number;
    readonly failedTotal: number;
    readonly cancelledTotal: number;
    /** Answers that came after their attempt had been settled, and were dropped. */
    readonly lateResults: number;
    /** How late the event loop is, or was when agents were at work last. */
    readonly eventLoopDelay: EventLoopDelayFigures;
}

export declare type OtherForm = {
    readonly create: unknown;
} | {
    readonly type: string;
} | {
    readonly isolation: 'worker';
};

/** Of which answer a part is. */
export declare interface PartOrigin {
    /** Which of the requests of its call brought it, from 1. */
    readonly request: number;
    /** Whether it is the first of an answer that is asked for anew: what came before it is void. See `GenerateRequest.restart`. */
    readonly restart?: true;
}

/** What a group, or one call, gives. */
export declare type Pass<K, A> = K extends {
    readonly tasks: infer T extends readonly {
        readonly id: string;
    }[];
} ? ResultsOf<T, A> : Called<K, A>;

/** The same lists with what is wrong in place of what is there. */
export declare type Places<T extends Listed, A, C> = {
    readonly [Index in keyof T]: PlacesIn<T[Index], T[number]['id'], ResultsOf<T, A>, A, C>;
};

export declare type PlacesIn<K, I, R extends Results, A, C> = {
    readonly [F in keyof K]: F extends 'dependencies' ? readonly I[] : F extends 'agentId' ? K extends Leaf<I, unknown> ? AgentProblem<K, R, A, C> : unknown : F extends 'tasks' | 'default' ? K[F] extends Listed ? Places<K[F], A, C> : unknown : F extends 'branches' ? {
        readonly [B in keyof K[F]]: {
            readonly [G in keyof K[F][B]]: K[F][B][G] extends Listed ? Places<K[F][B][G], A, C> : unknown;
        };
    } : F extends keyof AgentTask ? unknown : Problem<`\`${F & string}\` is no field of a task`>;
};

export declare type Plain = string | number | boolean | null | readonly Plain[] | {
    readonly [key: string]: Plain | undefined;
};

/** What is known of one that is plain data. */
export declare interface PlainTypes {
    readonly context: object;
    readonly results: Readonly<Record<string, unknown>>;
}

/** What an agent pool announces. None of it is recorded. */
export declare interface PoolEvents {
    'agent:created': [agent: AgentEvent];
    /** An attempt has been given an instance. */
    'agent:allocated': [allocation: AllocationEvent];
    /** The attempt has really returned. */
    'agent:released': [allocation: AllocationEvent];
    /** Its health check failed: it is given no new work. */
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
    /** Instances that are well and run nothing. */
    readonly available: number;
    /** Instances that run something. */
    readonly busy: number;
    /** Instances that are being made, are ill, or are given up and not gone yet. */
    readonly offline: number;
    /** Attempts that have a place. */
    readonly running: number;
    /** Attempts that wait for what they spawned, and have lent their place. */
    readonly lent: number;
    /** The share of the places that is used, in percent. */
    readonly utilisation: number;
    /** Attempts that wait for an agent. */
    readonly queued: number;
    /** Attempts that were given up although their agent has not returned: it ignored its signal. */
    readonly leaked: number;
    /** How long attempts waited for an agent lately, in milliseconds. */
    readonly wait: {
        readonly p50: number;
        readonly p95: number;
    };
}

/** What an agent pool is doing. */
export declare interface PoolStatistics extends PoolFigures {
    /** By the name of the type. */
    readonly types: Readonly<Record<string, PoolFigures>>;
}

/** What no value is. It is no text, so that the compiler shows it and does not take the whole task for impossible. */
export declare interface Problem<Message extends string> {
    readonly problem: Message;
}

/** One provider. */
export declare interface ProviderConfig {
    /** Which wire it speaks; `'compatible'`: OpenAI's Chat Completions, and `endpoint` says where. Default: its name. */
    kind?: string | undefined;
    /** Default: the usual environment variable of its kind, such as `OPENAI_API_KEY`. Where there is none, `ready()` and the first call say so. */
    apiKey?: string | undefined;
    /** Where it is, if not where its kind is by itself. With its version or without, with the path of a call or a slash at its end: it means the same. */
    endpoint?: string | undefined;
    /** Whether `endpoint` may be in a private network, or without TLS. Default false. */
    allowPrivate?: boolean | undefined;
    /** Sent with each request, beside what its wire wants. */
    headers?: Readonly<Record<string, string>> | undefined;
    /** Azure: the name of the deployment (default: the model's), and the version of the API. */
    deployment?: string | undefined;
    apiVersion?: string | undefined;
    /** The model of requests that name the provider alone. Default: the one that `selectModel` would take of it. */
    model?: string | undefined;
    /** What it lets through. What its answers say of their limits is heeded besides. Default: no limit. */
    rateLimit?: ModelRateLimit | undefined;
    /**
     * How long one attempt may take. A duration alone is how long nothing may come: for `firstToken` and `betweenTokens` of a stream, and for `whole` of
     * an answer that comes at once.
     */
    timeout?: Duration | AttemptTimeouts | undefined;
}

/** At most `limit` within any time of length `interval`. */
export declare interface RateLimit {
    limit: number;
    interval: Duration;
}

/** A value as it is recorded: JSON data. A `Date` becomes text, what is nothing `null`. */
export declare type Recorded<T> = T extends Plain ? T : T extends {
    toJSON(...given: never[]): infer J;
} ? Recorded<J> : T extends undefined | void ? null : T extends object ? {
    [K in keyof T]: T extends readonly unknown[] ? Recorded<T[K]> : T[K] extends undefined ? undefined : Recorded<Exclude<T[K], undefined>> | Extract<T[K], undefined>;
} : T;

/** Executions are forgotten, the oldest first, beyond either bound; the latest is always remembered. */
export declare interface RememberConfig {
    /** How many, at least 1. Default 1000. */
    count?: number | undefined;
    /** What they weigh together, by the length of their contexts and results as JSON and what each task takes beside. Default `'64MiB'`. */
    bytes?: Bytes | undefined;
}

/** What stands in for a task where it would fail. */
export declare type Replaced<K, A> = K extends {
    readonly fallback: infer F;
} ? Standing<F extends readonly unknown[] ? F[number] : F, K, A> : never;

/** What models have cost an execution, its child workflows and attempts that failed included. */
export declare interface ResourceUsage {
    readonly tokenUsage: TokenUsage;
    /** US dollars. */
    readonly cost: number;
    /** False if a price is not known, so that `cost` is too low. */
    readonly costComplete: boolean;
    /** Calls, however often each was sent. */
    readonly modelCalls: number;
}

/** What one task gives. */
export declare type ResultOf<K, A> = Whole<K, A> | (K extends {
    readonly conditions: unknown;
} | {
    readonly triggerRule: unknown;
} ? undefined : never) | (K extends {
    readonly onError: 'continue' | object;
} ? null : never) | Replaced<K, A>;

/** What tasks give, by id. */
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

/** When a failed attempt is tried again. */
export declare interface RetryPolicy<Other extends string = AnyWord> {
    /** Attempts in all, the first included: 1 to 10,000. */
    maxAttempts: number;
    /** How the wait grows: always `initialDelay`, × the attempt's number, or doubled each time. Default `'fixed'`. */
    backoffType?: 'fixed' | 'linear' | 'exponential' | Other | undefined;
    /** The wait after the first failed attempt. Default 1 s. */
    initialDelay?: Duration<Other> | undefined;
    /** The longest wait. Default: no limit. */
    maxDelay?: Duration<Other> | undefined;
    /** The share of the wait that is left to chance, 0 to 1; `true` is 1. Default 0. */
    jitter?: number | boolean | undefined;
    /** The codes and names of errors that are tried again. Default: every one but those with `retryable: false`. */
    retryOn?: readonly string[] | undefined;
    /** No attempt starts later than this after the first. */
    maxElapsed?: Duration<Other> | undefined;
}

/** A type of agent that has more or fewer instances than before. */
export declare interface ScalingEvent {
    readonly type: string;
    readonly from: number;
    readonly to: number;
}

/** A workflow that runs again and again. */
export declare interface Schedule {
    readonly id: string;
    readonly workflowId: string;
    /** The next planned instant; `undefined` if there is none any more, or the schedule has been cancelled. */
    readonly next: Date | undefined;
    /** Removes it; executions that have begun go on. Resolves when that is on record, also if it was removed before. */
    cancel(): Promise<void>;
}

/** Options of `scheduleWorkflow`. All but `id` are those of each of its executions. */
export declare interface ScheduleOptions {
    /** Its id, 1 to 200 letters without `/`, `\`, `~` and control characters. Default: the workflow's. */
    id?: string | undefined;
    /** What each execution may use; the workflow's own budget may be less. */
    budget?: Budget | undefined;
    /** On whose behalf they run. */
    tenant?: string | undefined;
    /** Who of a tenant has a place first: a whole number from -1000 to 1000, higher first. Default 0. */
    priority?: number | undefined;
    /** At most so many executions of one key and tenant run at once; the others wait. */
    concurrency?: ConcurrencyLimit | undefined;
    /** What each may use. Default: everything. */
    allow?: Allowance | undefined;
}

/** What a schema takes. */
export declare type SchemaInput<S, Unknown = unknown> = S extends {
    readonly '~standard': {
        readonly types?: infer T;
    };
} ? NonNullable<T> extends {
    readonly input: infer I;
} ? I : Unknown : Unknown;

/** What a schema makes of a value; of raw JSON Schema nothing is known. */
export declare type SchemaOutput<S, Unknown = unknown> = S extends {
    readonly '~standard': {
        readonly types?: infer T;
    };
} ? NonNullable<T> extends {
    readonly output: infer O;
} ? O : Unknown : Unknown;

/** `Awaited`, with the short way first: that costs the compiler a fiftieth. */
export declare type Settled<R> = R extends Promise<infer V> ? V : Awaited<R>;

/** The same, so that messages show what is in it. */
export declare type Shown<R> = R extends infer I ? {
    readonly [K in keyof I]: I[K];
} : never;

export declare interface SignalOptions {
    /** The wait it is meant for, where several wait for signals of this name. */
    path?: string | undefined;
}

/** A model that was not to be asked. */
export declare interface SkippedModel {
    readonly provider: string;
    readonly model: string;
    readonly reason: string;
}

/** What a task gives that an attempt has added: what its schema makes of it, or what its workflow is known to give. */
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

/** What stands behind the workflow when it is started: its context, which may be left out if there is nothing it must have, and options. */
export declare type StartArguments<Context, Options = ExecuteOptions> = Record<never, never> extends Context ? [context?: Context | undefined, options?: Options | undefined] : [context: Context, options?: Options | undefined];

/** Makes executions durable on one machine. */
export declare interface StorageConfig {
    /** The database file; its directory must exist. Required in this group. Which file that is, is decided when the orchestrator is made. */
    path: string;
    /** What survives: `'disk'` a power cut (default), `'os'` the death of the process only, and faster. */
    durability?: 'disk' | 'os' | undefined;
    /**
     * Opens a file that is older than what was here, or another store: a copy that was restored on purpose. Default false: `ERR_STORE_CORRUPT`, since
     * what was acknowledged would be missing. Meant for one opening.
     */
    acceptOlder?: boolean | undefined;
}

/** The store could not be opened, read or written. */
export declare class StoreError extends OrchestratorError {
}

/** What comes of a stream. */
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

/** A condition with what it is about. `evaluate` wins over `expression`. */
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
     * Its own code, `name`, `stack` and `issues`, its plain `fields`, its `cause` and `errors` with the same of those: what there was, in 16 KiB at most. Fields that
     * are called like a secret are `"[hidden]"`.
     */
    readonly details?: Readonly<Record<string, unknown>>;
}

/** One task of an execution, as it is at one moment. */
export declare interface TaskExecution {
    /** Its id, after the pass it belongs to: `outer[2].child`; `parent/id` if it was spawned. */
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
    /** What its agent returned, as JSON data. */
    readonly result?: unknown;
    readonly error?: TaskErrorInfo;
    /** Attempts that have begun. An attempt cut short by a crash runs again under the same number. */
    readonly attempts: number;
    /** The pass of the nearest loop around it, from 0. */
    readonly iteration?: number;
    /** Whether it failed without consequence. */
    readonly tolerated?: boolean;
    /** Whether something stood in for it (`fallback`) when it would have failed; `error` says why it would have. */
    readonly degraded?: boolean;
    /** Whether its output was taken over from another execution. */
    readonly cached?: boolean;
    /** The tokens that its calls of models used, in all of its attempts. A child workflow has its own. */
    readonly usage?: TokenUsage;
    /** What they cost, in US dollars. */
    readonly cost?: number;
    /** Why the last answer that they brought ended. */
    readonly finishReason?: FinishReason;
}

/** A task failed for good. `cause` is what its agent threw in the last attempt. */
export declare class TaskFailedError extends OrchestratorError {
}

/** What an agent is given of its task itself. */
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

/**
 * What an agent is given: the task's own fields, and what led to it. Everything in it is the agent's to change.
 *
 * An agent may say what it reads: `Context` is the schema of its workflow's context (`typeof schema`) or what that gives, `Dependencies` what tasks give by
 * id. `defineWorkflow` checks that its tasks are given that.
 */
export declare interface TaskInput<Context = AnyContext, Dependencies = Record<string, any>> extends TaskFields {
    /** The execution's context, and the results of the task's dependencies by id. */
    readonly context: (Context extends {
        readonly '~standard': unknown;
    } ? Recorded<SchemaOutput<Context>> : Context) & {
        dependencies: Dependencies;
    };
}

/** What a task's agent is given. */
export declare interface TaskInputDefinition {
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

export declare type TaskStatus = 'pending' | 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled';

/** The kinds of task. */
export declare type TaskType<Other extends string = AnyWord> = 'sequential' | 'parallel' | 'conditional' | 'loop' | Other;

/** It took longer than it was given. */
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

/** What the schema makes of the arguments; of raw JSON Schema nothing is known. */
export declare type ToolArguments<S> = SchemaOutput<S, Record<string, unknown>>;

/** What an agent of type `tool` does. */
export declare interface ToolConfiguration {
    /** The tool it calls, by name. */
    tool: string;
    /** Arguments of every call; what a task has in `input.data` comes over them. */
    arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** What a tool is called with beside its arguments. */
export declare interface ToolContext {
    /** Aborted when the result is not wanted any more, or the time is up. */
    readonly signal: AbortSignal;
    /** What the model calls this call by. */
    readonly toolCallId?: string | undefined;
    /** The same whenever the same call is made again, for tools that do something only once. */
    readonly idempotencyKey?: string | undefined;
}

/** A function that agents and models may call by name. */
export declare interface ToolDefinition<S = unknown> {
    /** Up to 64 letters, digits, `_` and `-`: what every provider of models takes. */
    name: string;
    /** What it does, and when to use it: models choose by this. */
    description: string;
    /** The arguments, which have names: a zod schema of an object, another Standard Schema that can be a JSON Schema, or raw JSON Schema. */
    parameters: S;
    /**
     * Does it. Called only with arguments that `parameters` accepts, as it parsed them; what it returns, now or later, is JSON data. What it throws is told to
     * the model, which may try something else.
     */
    execute(args: ToolArguments<S>, ctx: ToolContext): unknown;
    /** The longest one call may take; its signal is aborted then. Default: as long as the task has. */
    timeout?: Duration | undefined;
}

/** A tool could not be called, or failed; or a server of tools could not be reached. `details` names them. */
export declare class ToolError extends OrchestratorError {
}

/** When a task runs, given how its dependencies ended. */
export declare type TriggerRule<Other extends string = AnyWord> = 'none_failed_min_one_success' | 'none_failed' | 'all_success' | 'all_failed' | 'all_done' | 'one_success' | 'one_failed' | Other;

/** A workflow, and what the compiler knows of it if `defineWorkflow` was given it. */
export declare type Typed<T extends WorkflowTypes> = AgentWorkflow & {
    readonly '~types'?: T | undefined;
};

/** A workflow of which the compiler knows what it is given and what it gives. */
export declare interface TypedWorkflow<Context extends object, Results extends object> extends AgentWorkflow {
    /** For the compiler; it is never there. */
    readonly '~types'?: {
        readonly context: Context;
        readonly results: Results;
    } | undefined;
}

/** Who says nothing of what it reads, which is told without a look at what there is. */
export declare type Undemanding = ((task: TaskFields & {
    readonly context: {
        dependencies: Record<never, never>;
    };
}, context: AttemptContext) => unknown) | OtherForm;

/** What was given cannot be used. `issues` has every problem with its path. */
export declare class ValidationError extends OrchestratorError {
    readonly issues: readonly Issue[];
    constructor(code: ErrorCode, what: string, issues: readonly Issue[], options?: ErrorOptions_2);
}

/** What `validateWorkflow` found. */
export declare interface ValidationResult {
    /** Whether it can run: no problem is an error. */
    readonly valid: boolean;
    /** Everything that is wrong, each with its path and the way out; warnings have `severity: 'warning'`. */
    readonly problems: readonly Issue[];
    /** Its edges, the implied ones included. Absent where its structure is broken. */
    readonly graph?: WorkflowGraph;
}

/** Waits for a signal (`ERR_WAIT_TIMEOUT` after `timeout`; `schema` judges its payload), or for time. */
export declare type WaitFor<Other extends string = AnyWord> = {
    signal: string;
    timeout?: Duration<Other> | undefined;
    schema?: unknown;
} | {
    delay: Duration<Other>;
};

/** Where nothing of a task is known, nothing is. */
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

/** Agents that run in worker threads, so that none can block, crash or outlive what others do. `docs/agents.md` says what crosses. */
export declare interface WorkerAgentType extends AgentTypeLimits {
    isolation: 'worker';
    /** A file: URL or an absolute path. The module exports `create(config)`, as an inline type has it. */
    module: string | URL;
    /** The heap of one worker in bytes, from 16 MiB. A worker that needs more ends with `ERR_AGENT_LOST`. Default: Node's own. */
    memoryLimit?: number | undefined;
}

export declare interface WorkflowConfig {
    /** Levels that groups and child workflows may nest, at least 1. Default 10. */
    maxDepth?: number | undefined;
    /** Tasks one workflow may define, and one execution may have with those that attempts add: 1 to 1,000,000. Default 100. */
    maxTasks?: number | undefined;
    /**
     * Bytes that one value may have as JSON: a result, a context, the payload of a signal. At least 1, at most 268435456 (256 MiB); default 16777216 (16 MiB).
     * Larger ones are refused with `ERR_TOO_LARGE`. A value is written and read on the thread of JavaScript, which does nothing else meanwhile.
     */
    maxValueBytes?: number | undefined;
    /**
     * Passes of loops in which no agent, no wait and no child was called that one execution may have, at least 1: a loop that only judges conditions would
     * never end. Beyond it the loop fails with `ERR_LOOP_LIMIT`. Default 10000.
     */
    maxIdlePasses?: number | undefined;
    /** Time for one attempt of a task that sets no `timeout`, at least 1 ms. Default 30000 (30 s). */
    defaultTimeout?: Duration | undefined;
    /** Whether workflows are checked fully before they start. Default true. */
    enableValidation?: boolean | undefined;
    /** Executions that run at once, at least 1; the others wait, tenants taking turns. Child workflows are not counted. Default: any number. */
    maxConcurrentWorkflows?: number | undefined;
    /** How large a share of the places a tenant has, by its name: 1 to 1000. One that is not named has 1. */
    tenantWeights?: Readonly<Record<string, number>> | undefined;
    /**
     * Whether a changed definition of a workflow may run under the same `id` and `version` while executions of the old one have not ended; each keeps its
     * own. Default false: `ERR_DEFINITION_CHANGED`.
     */
    allowRedefinition?: boolean | undefined;
}

/** A workflow as `defineWorkflow` takes it: words and durations are those there are, `agentId` and `dependencies` those that exist. */
export declare interface WorkflowDefinition<A, S, T> extends Omit<AgentWorkflow<never>, 'agents' | 'context' | 'tasks' | '~types'> {
    /** The agents that its tasks name. */
    agents?: A;
    /** Judges the context of each execution. */
    context?: S;
    tasks: T;
}

/** Reads workflows without running them. */
export declare interface WorkflowEngine {
    /** Every problem of a workflow at once, and the graph it would run by. Never throws. */
    validateWorkflow(workflow: unknown): ValidationResult;
    /**
     * Makes a workflow known by its id: tasks may run it as a child, and stored executions of it find the functions it has as conditions.
     * Another definition under the same id takes its place.
     *
     * @returns its id.
     * @throws {ValidationError} with every problem.
     */
    registerWorkflow(workflow: AgentWorkflow): string;
    /**
     * Reads a workflow from a text of JSON or YAML 1.2 (`{ text }`), from a file of it (`{ file }`: a path or a `file:` URL of a regular file of at
     * most 1 MiB), or from a plain object.
     *
     * A string alone is the text if it begins with `{` or has a line break, and a path if it ends in `.json`, `.yaml` or `.yml`. A text that comes from
     * others belongs into `{ text }`, which never opens a file. Nothing of what was read is quoted unless it is a workflow.
     *
     * @throws {ValidationError} with every problem of the text or the workflow by path.
     */
    loadWorkflow(source: string | URL | WorkflowText | WorkflowFile | object, options?: LoadOptions): Promise<AgentWorkflow>;
}

/** One run of a workflow, as it is at one moment. Of a workflow that `defineWorkflow` was given, `Results` is what its tasks give. */
export declare interface WorkflowExecution<Results = Readonly<Record<string, unknown>>> {
    readonly id: string;
    readonly workflowId: string;
    readonly status: ExecutionStatus;
    readonly startTime: Date;
    /** Once it has ended. */
    readonly endTime?: Date;
    /** What it was given. */
    readonly context: Readonly<Record<string, unknown>>;
    /** In the order of declaration. */
    readonly tasks: readonly TaskExecution[];
    /** The results of completed tasks by id. */
    readonly results: Results;
    readonly metrics: ExecutionMetrics;
    /** Why it failed; `taskId` is empty for a deadline or a budget. `compensation`: what could not be undone. */
    readonly error?: TaskErrorInfo & {
        readonly taskId: string;
        readonly compensation?: readonly (TaskErrorInfo & {
            readonly taskId: string;
        })[];
    };
    /** Why it was cancelled, in the words of whoever did. */
    readonly reason?: string;
    /** The execution it was forked from. */
    readonly forkedFrom?: string;
    /** The execution and the task it is a child of. */
    readonly parent?: {
        readonly execution: string;
        readonly path: string;
    };
    /** The schedule that began it, and the planned instant it stands for. */
    readonly schedule?: {
        readonly id: string;
        readonly at: Date;
    };
    readonly tenant?: string;
}

/** A file to be read as a workflow, whatever its name. */
export declare interface WorkflowFile {
    /** A path, or a `file:` URL. A regular file of JSON or YAML 1.2, of at most 1 MiB. */
    readonly file: string | URL;
}

/** The edges of a workflow as they were resolved. */
export declare interface WorkflowGraph {
    readonly tasks: readonly {
        readonly id: string;
        readonly dependencies: readonly string[];
        readonly implicit: boolean;
        /** The group, branch or loop it stands in. */
        readonly parent?: string;
    }[];
}

/** When a workflow runs again and again: by exactly one of `cron` and `every`. */
export declare interface WorkflowSchedule {
    /**
     * Five fields (minute, hour, day of the month, month, day of the week), or six with the second first: numbers, names (`JAN`, `MON`), `*`,
     * lists, ranges, steps, `L`, `W`, `#`. Such as `'0 2 * * MON-FRI'`.
     */
    cron?: string | undefined;
    /** So long after each other, at least 1 s, the first one after its creation. Neither a restart nor a run that takes long shifts them. */
    every?: Duration | undefined;
    /** Whose clocks `cron` is about: an IANA name such as `'Europe/Berlin'`. Default `'UTC'`. */
    timezone?: string | undefined;
    /**
     * What is done about planned instants that passed while nobody looked: `'once'` runs the latest of them for all (default), `'skip'`
     * none that is more than 1 minute late, `'all'` the latest 100, each.
     */
    missed?: 'skip' | 'once' | 'all' | undefined;
    /** What an instant does that comes while an earlier execution of the schedule has not ended: runs (`'allow'`, default), or is left out. */
    overlap?: 'allow' | 'skip' | undefined;
}

/** A text to be read as a workflow, whatever it looks like. */
export declare interface WorkflowText {
    /** JSON or YAML 1.2. */
    readonly text: string;
}

/** What is known of a workflow: what an execution is given, and what its tasks give, by id. */
export declare interface WorkflowTypes {
    readonly context: object;
    readonly results: object;
}

/** The tasks of a list in which something is wrong. */
export declare type Wrong<T extends Listed, A, C> = WrongTask<T[number], T[number]['id'], ResultsOf<T, A>, A, C>;

export declare type WrongIn<K, F extends string, A, C> = K extends {
    readonly [Field in F]: infer L extends Listed;
} ? Wrong<L, A, C> : never;

/** One that is wrong; `never` if it is not. `I`: the ids of its siblings, `R`: what they give. */
export declare type WrongTask<K, I, R extends Results, A, C> = K extends Leaf<I> ? keyof K extends keyof AgentTask ? K extends {
    readonly agentId: infer N extends keyof A;
} ? A[N] extends Undemanding ? never : A[N] extends AgentGiven<C, Given<K, R>> ? never : K : never : K : K extends Leaf<I, unknown> ? keyof K extends keyof AgentTask ? WrongIn<K, 'tasks', A, C> | WrongIn<K, 'default', A, C> | WrongIn<K extends {
    readonly branches: readonly (infer B)[];
} ? B : never, 'tasks', A, C> : K : K;

export { }
