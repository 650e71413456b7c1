// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from ts/ by `pnpm build`. Its diff is the diff of the public API.

/**
 * Runs workflows of cooperating agents on a durable engine.
 *
 * @packageDocumentation
 */

import { EventEmitter } from 'node:events';

/** Whoever does the work of a task. */
export declare interface Agent {
    /** Does it. The result is recorded as JSON data. Throw to fail; an error with `retryable: false` is not tried again. */
    execute(task: TaskInput, context: AttemptContext): unknown;
    /** Called once at shutdown. */
    dispose?(): unknown;
}

/** An agent could not be made, or did something an agent must not do. */
export declare class AgentError extends OrchestratorError {
}

/** Registers what tasks name by `agentId`. */
export declare interface AgentPool {
    /**
     * Registers a type of agent. Tasks may name it directly; its one instance serves any number of calls at once.
     *
     * @throws {ConflictError} `ERR_AGENT_EXISTS` if the name is taken.
     */
    registerAgentType(name: string, type: AgentType): void;
    /**
     * Registers an agent of a registered type with an instance of its own, made with `configuration`.
     *
     * @throws {NotFoundError} `ERR_AGENT_TYPE_NOT_FOUND` if the type is not registered.
     * @throws {ConflictError} `ERR_AGENT_EXISTS` if the id is taken.
     */
    registerAgent(agent: AgentRegistration): void;
}

/** An agent with a configuration of its own. */
export declare interface AgentRegistration {
    /** What tasks name it by. */
    id: string;
    /** A registered type. */
    type: string;
    /** What it can do. Validated; has no effect yet. */
    capabilities?: readonly string[] | undefined;
    /** Given to `create`. */
    configuration?: object | undefined;
}

/** The size of the agent pool. Validated; has no effect yet. */
export declare interface AgentsConfig {
    /** Instances kept alive per agent type, at least 0 and at most `maxAgents`. Default 1. */
    minAgents?: number | undefined;
    /** Instances per agent type, at least 1. Default 10. */
    maxAgents?: number | undefined;
    /** Use of the pool that adds an instance, in percent, above `scaleDownThreshold`. Default 80. */
    scaleUpThreshold?: number | undefined;
    /** Use of the pool that removes an instance, in percent. Default 20. */
    scaleDownThreshold?: number | undefined;
    /** Time between two health checks, at least 1 ms. Default 5000 (5 s). */
    healthCheckInterval?: Duration | undefined;
}

/** One task: a call of an agent. */
export declare interface AgentTask {
    /** Unique in the workflow. At most 256 bytes. */
    id: string;
    /** For people. */
    name: string;
    /** The id of a registered agent, or the name of a registered agent type. */
    agentId: string;
    /**
     * `'sequential'`: never runs at the same moment as another task written so. Without `dependencies` it follows its nearest earlier
     * sibling, or all of a run of parallel ones right before it. `'parallel'`: without `dependencies` it starts together with its parallel
     * neighbours, after the last sequential task. Default: sequential without `dependencies`, parallel with them.
     *
     * Any text for the compiler, which takes a word in an object of its own for no more than that; another is refused when it is read.
     */
    type?: 'sequential' | 'parallel' | (string & {}) | undefined;
    input?: TaskInputDefinition | undefined;
    /** Ids of tasks that must complete before. Given, even empty, it is the whole truth; absent, the order of declaration decides. */
    dependencies?: readonly string[] | undefined;
    /** Default: one attempt. */
    retryPolicy?: RetryPolicy | undefined;
    /** The longest one attempt may take. Default `workflow.defaultTimeout`. */
    timeout?: Duration | undefined;
}

/** How agents of a type are made. */
export declare interface AgentType {
    /** Makes the one instance of the type, or of an agent registered with it, before its first task. */
    create(config: any): Agent | Promise<Agent>;
}

/** A workflow: tasks, and what each waits for. */
export declare interface AgentWorkflow {
    /** Names it. At most 256 bytes. */
    id: string;
    /** For people. */
    name: string;
    /** A changed definition needs another version while executions of the old one run. */
    version: string;
    description?: string | undefined;
    /** At least one, at most `workflow.maxTasks`. */
    tasks: readonly AgentTask[];
    /** For people and tools; it changes nothing. */
    metadata?: {
        author?: string | undefined;
        created?: Date | string | undefined;
        tags?: readonly string[] | undefined;
        [key: string]: unknown;
    } | undefined;
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

/** What else an agent may use during one attempt. */
export declare interface AttemptContext {
    /** Aborts when the attempt should stop; `signal.reason.code` says why. Ignoring it is allowed for 5 s, then the attempt is given up. */
    readonly signal: AbortSignal;
    /** From 1. */
    readonly attempt: number;
    /** Equal across attempts, restarts and machines: makes an effect in another system happen once. */
    readonly idempotencyKey: string;
}

/** Somebody asked for it to stop, or something else made it pointless. */
export declare class CancelledError extends OrchestratorError {
}

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

/** What was asked for stands against something that is there. */
export declare class ConflictError extends OrchestratorError {
}

/**
 * A length of time: milliseconds, or text such as `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. Any text for the compiler, which forgets
 * which one it was in an object of its own; another is refused when it is read.
 */
export declare type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}` | (string & {});

/** The stable names of everything that can go wrong. */
export declare type ErrorCode = 'ERR_VALIDATION' | 'ERR_CONFIG' | 'ERR_INVALID_ARGUMENT' | 'ERR_NOT_JSON' | 'ERR_INPUT_SCHEMA' | 'ERR_BAD_CURSOR' | 'ERR_AGENT_NOT_FOUND' | 'ERR_AGENT_TYPE_NOT_FOUND' | 'ERR_EXECUTION_NOT_FOUND' | 'ERR_AGENT_EXISTS' | 'ERR_DEFINITION_CHANGED' | 'ERR_CANCELLED' | 'ERR_SIBLING_FAILED' | 'ERR_SHUTDOWN' | 'ERR_TIMEOUT' | 'ERR_TASK_FAILED' | 'ERR_AGENT' | 'ERR_AGENT_INVALID' | 'ERR_AGENT_CREATE' | 'ERR_INTERRUPTED' | 'ERR_STORE_LOCKED' | 'ERR_STORE_OPEN' | 'ERR_STORE_CORRUPT' | 'ERR_STORE_FOREIGN' | 'ERR_STORE_NEWER' | 'ERR_STORE_READ' | 'ERR_STORE_FULL' | 'ERR_OUTCOME_UNKNOWN' | 'ERR_CLOSED' | 'ERR_LISTENER' | 'ERR_INTERNAL';

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

/** Options of `executeWorkflow` and `startWorkflow`. */
export declare interface ExecuteOptions {
    /** Cancels the execution when it aborts. */
    signal?: AbortSignal | undefined;
}

/** An execution to be waited for, asked about and stopped. Any number of handles may exist for one execution. */
export declare interface ExecutionHandle {
    readonly id: string;
    /** Resolves when it ended well; rejects like `executeWorkflow`. A handle whose result nobody asks for rejects nothing. */
    result(): Promise<WorkflowExecution>;
    /** Resolves in any end state. */
    settled(): Promise<WorkflowExecution>;
    status(): Promise<ExecutionStatus>;
    /** See `cancelExecution`. */
    cancel(reason?: string): Promise<void>;
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
}

export declare type ExecutionStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

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
 * It keeps the process alive while an execution is active, and not otherwise.
 */
export declare class MultiAgentOrchestrator extends EventEmitter<OrchestratorEvents> implements AsyncDisposable {
    #private;
    /** Registers who does the work. */
    readonly agentPool: AgentPool;
    /** Reads workflows without running them. */
    readonly workflowEngine: WorkflowEngine;
    /**
     * @throws {ValidationError} `ERR_CONFIG` with every problem of the configuration by path.
     */
    constructor(config?: OrchestratorConfig);
    /**
     * Resolves when the store is open and interrupted executions have been taken up. Every call awaits it by itself.
     *
     * @throws {StoreError} if the file cannot be opened; it is never replaced, and memory never takes its place.
     */
    ready(): Promise<void>;
    /**
     * Runs a workflow to its end.
     *
     * Events nobody listened for until then are held for listeners attached right after the `await`.
     *
     * @param context - Given to every agent as `task.context`; JSON data.
     * @returns The execution, completed.
     * @throws {ValidationError} with every problem of the workflow, the context or the options by path.
     * @throws {TaskFailedError} `ERR_TASK_FAILED` when a task failed; `error.cause` is what its agent threw, `error.execution` the execution.
     * @throws {CancelledError} `ERR_CANCELLED` when it was cancelled; `error.execution` is the execution.
     */
    executeWorkflow(workflow: AgentWorkflow, context?: object, options?: ExecuteOptions): Promise<WorkflowExecution>;
    /** Starts a workflow and resolves with a handle as soon as it is on record. Rejects as `executeWorkflow` does for what cannot start. */
    startWorkflow(workflow: AgentWorkflow, context?: object, options?: ExecuteOptions): Promise<ExecutionHandle>;
    /** A handle for an execution by its id. Whether there is such an execution shows when the handle is used. */
    getHandle(executionId: string): ExecutionHandle;
    /** The execution as it is now; `undefined` if there is none. Without `storage` the latest 1,000 that ended are remembered, or fewer
     * if they have more than 10,000 tasks in all. */
    getExecution(executionId: string): Promise<WorkflowExecution | undefined>;
    /** Executions, newest first. */
    listExecutions(filter?: ExecutionListFilter): Promise<ExecutionList>;
    /**
     * Stops an execution: nothing new starts, running agents are told by their signal and have 5 s to answer. Resolves when that is on
     * record; an execution that has ended, or is being stopped already, stays as it is.
     *
     * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
     */
    cancelExecution(executionId: string, reason?: string): Promise<void>;
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
    /** Limits and defaults of workflows. */
    workflow?: WorkflowConfig | undefined;
    /** The size of the agent pool. Validated; has no effect yet. */
    agents?: AgentsConfig | undefined;
    /** Metrics, traces, profiles and alerts. Validated; has no effect yet. */
    monitoring?: MonitoringConfig | undefined;
    /** Shared editing of workflows. Validated; has no effect yet. */
    collaboration?: CollaborationConfig | undefined;
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
 * nothing: it is reported as a process warning with the code `ERR_LISTENER`.
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
}

/** What the orchestrator is doing now, and has done since it was opened. */
export declare interface OrchestratorStatistics {
    /** Executions that have not ended. */
    readonly activeWorkflows: number;
    /** Interrupted executions that wait for agents nobody has registered yet, by id with those agents. */
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
}

/** When a failed attempt is tried again. */
export declare interface RetryPolicy {
    /** Attempts in all, the first included: 1 to 10,000. */
    maxAttempts: number;
    /** How the wait grows: always `initialDelay`, × the attempt's number, or doubled each time. Default `'fixed'`. */
    backoffType?: 'fixed' | 'linear' | 'exponential' | (string & {}) | undefined;
    /** The wait after the first failed attempt. Default 1 s. */
    initialDelay?: Duration | undefined;
    /** The longest wait. Default: no limit. */
    maxDelay?: Duration | undefined;
    /** The share of the wait that is left to chance, 0 to 1; `true` is 1. Default 0. */
    jitter?: number | boolean | undefined;
}

/** Makes executions durable on one machine. */
export declare interface StorageConfig {
    /** The database file; its directory must exist. Required in this group. */
    path: string;
    /** What survives: `'disk'` a power cut (default), `'os'` the death of the process only, and faster. */
    durability?: 'disk' | 'os' | undefined;
}

/** The store could not be opened, read or written. */
export declare class StoreError extends OrchestratorError {
}

/** A failure as it is recorded. */
export declare interface TaskErrorInfo {
    readonly code: string;
    readonly message: string;
    /** The name of the error's class, its stack, the issues of a schema: what there was. */
    readonly details?: Readonly<Record<string, unknown>>;
}

/** One task of an execution, as it is at one moment. */
export declare interface TaskExecution {
    readonly taskId: string;
    readonly executionId: string;
    readonly agentId: string;
    readonly status: TaskStatus;
    /** Why it was skipped (`upstream_failed`, `upstream_skipped`) or cancelled (`sibling_failed`, `cancelled`). */
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
}

/** A task failed for good. `cause` is what its agent threw in the last attempt. */
export declare class TaskFailedError extends OrchestratorError {
}

/** What an agent is given: the task's own fields, and what led to it. Everything in it is the agent's to change. */
export declare interface TaskInput {
    readonly id: string;
    readonly name: string;
    readonly agentId: string;
    readonly type: 'sequential' | 'parallel';
    readonly executionId: string;
    /** From 1. */
    readonly attempt: number;
    readonly input: {
        prompt?: string;
        data?: any;
    };
    /** The execution's context, and the results of the task's dependencies by id. */
    readonly context: {
        [key: string]: any;
        dependencies: Record<string, any>;
    };
}

/** What a task's agent is given. */
export declare interface TaskInputDefinition {
    /** A text for the agent. */
    prompt?: string | undefined;
    /** Any JSON data for the agent. */
    data?: unknown;
    /**
     * Judges `data` if there is any, else the execution's context, before the first attempt; what does not fit fails the task with
     * `ERR_INPUT_SCHEMA`. A zod schema, any Standard Schema, or a JSON Schema. Its parsed value replaces `data`.
     */
    schema?: unknown;
}

export declare type TaskStatus = 'pending' | 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled';

/** It took longer than it was given. */
export declare class TimeoutError extends OrchestratorError {
}

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

export declare interface WorkflowConfig {
    /** Levels that groups and child workflows may nest, at least 1. Default 10. */
    maxDepth?: number | undefined;
    /** Tasks one workflow may define, 1 to 1,000,000. Default 100. */
    maxTasks?: number | undefined;
    /** Time for one attempt of a task that sets no `timeout`, at least 1 ms. Default 30000 (30 s). */
    defaultTimeout?: Duration | undefined;
    /** Whether workflows are checked fully before they start. Default true. */
    enableValidation?: boolean | undefined;
}

/** Reads workflows without running them. */
export declare interface WorkflowEngine {
    /** Every problem of a workflow at once, and the graph it would run by. Never throws. */
    validateWorkflow(workflow: unknown): ValidationResult;
}

/** One run of a workflow, as it is at one moment. */
export declare interface WorkflowExecution {
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
    readonly results: Readonly<Record<string, unknown>>;
    readonly metrics: ExecutionMetrics;
    /** Why it failed. */
    readonly error?: TaskErrorInfo & {
        readonly taskId: string;
    };
    /** Why it was cancelled, in the words of whoever did. */
    readonly reason?: string;
}

/** The edges of a workflow as they were resolved. */
export declare interface WorkflowGraph {
    readonly tasks: readonly {
        readonly id: string;
        readonly dependencies: readonly string[];
        readonly implicit: boolean;
    }[];
}

export { }
