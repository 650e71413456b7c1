// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes a caller writes and reads. Numbers are milliseconds where they measure time; instants are `Date`.

import type { Duration } from './duration.js'

/** A workflow: tasks, and what each waits for. */
export interface AgentWorkflow {
  /** Names it. At most 256 bytes. */
  id: string
  /** For people. */
  name: string
  /** A changed definition needs another version while executions of the old one run. */
  version: string
  description?: string | undefined
  /** At least one, at most `workflow.maxTasks`. */
  tasks: readonly AgentTask[]
  /** For people and tools; it changes nothing. */
  metadata?:
    | { author?: string | undefined; created?: Date | string | undefined; tags?: readonly string[] | undefined; [key: string]: unknown }
    | undefined
}

/** One task: a call of an agent. */
export interface AgentTask {
  /** Unique in the workflow. At most 256 bytes. */
  id: string
  /** For people. */
  name: string
  /** The id of a registered agent, or the name of a registered agent type. */
  agentId: string
  /**
   * `'sequential'`: never runs at the same moment as another task written so. Without `dependencies` it follows its nearest earlier
   * sibling, or all of a run of parallel ones right before it. `'parallel'`: without `dependencies` it starts together with its parallel
   * neighbours, after the last sequential task. Default: sequential without `dependencies`, parallel with them.
   *
   * Any text for the compiler, which takes a word in an object of its own for no more than that; another is refused when it is read.
   */
  type?: 'sequential' | 'parallel' | (string & {}) | undefined
  input?: TaskInputDefinition | undefined
  /** Ids of tasks that must complete before. Given, even empty, it is the whole truth; absent, the order of declaration decides. */
  dependencies?: readonly string[] | undefined
  /** Default: one attempt. */
  retryPolicy?: RetryPolicy | undefined
  /** The longest one attempt may take. Default `workflow.defaultTimeout`. */
  timeout?: Duration | undefined
}

/** What a task's agent is given. */
export interface TaskInputDefinition {
  /** A text for the agent. */
  prompt?: string | undefined
  /** Any JSON data for the agent. */
  data?: unknown
  /**
   * Judges `data` if there is any, else the execution's context, before the first attempt; what does not fit fails the task with
   * `ERR_INPUT_SCHEMA`. A zod schema, any Standard Schema, or a JSON Schema. Its parsed value replaces `data`.
   */
  schema?: unknown
}

/** When a failed attempt is tried again. */
export interface RetryPolicy {
  /** Attempts in all, the first included: 1 to 10,000. */
  maxAttempts: number
  /** How the wait grows: always `initialDelay`, × the attempt's number, or doubled each time. Default `'fixed'`. */
  backoffType?: 'fixed' | 'linear' | 'exponential' | (string & {}) | undefined
  /** The wait after the first failed attempt. Default 1 s. */
  initialDelay?: Duration | undefined
  /** The longest wait. Default: no limit. */
  maxDelay?: Duration | undefined
  /** The share of the wait that is left to chance, 0 to 1; `true` is 1. Default 0. */
  jitter?: number | boolean | undefined
}

export type ExecutionStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

export type TaskStatus = 'pending' | 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled'

/** One run of a workflow, as it is at one moment. */
export interface WorkflowExecution {
  readonly id: string
  readonly workflowId: string
  readonly status: ExecutionStatus
  readonly startTime: Date
  /** Once it has ended. */
  readonly endTime?: Date
  /** What it was given. */
  readonly context: Readonly<Record<string, unknown>>
  /** In the order of declaration. */
  readonly tasks: readonly TaskExecution[]
  /** The results of completed tasks by id. */
  readonly results: Readonly<Record<string, unknown>>
  readonly metrics: ExecutionMetrics
  /** Why it failed. */
  readonly error?: TaskErrorInfo & { readonly taskId: string }
  /** Why it was cancelled, in the words of whoever did. */
  readonly reason?: string
}

/** Figures of one execution. */
export interface ExecutionMetrics {
  /** Milliseconds from start to end, or so far. */
  readonly duration: number
  readonly tasks: {
    readonly total: number
    readonly completed: number
    readonly failed: number
    readonly skipped: number
    readonly cancelled: number
  }
  /** Attempts of all tasks. */
  readonly attempts: number
}

/** One task of an execution, as it is at one moment. */
export interface TaskExecution {
  readonly taskId: string
  readonly executionId: string
  readonly agentId: string
  readonly status: TaskStatus
  /** Why it was skipped (`upstream_failed`, `upstream_skipped`) or cancelled (`sibling_failed`, `cancelled`). */
  readonly reason?: string
  /** When its agent was first called. */
  readonly startTime?: Date
  readonly endTime?: Date
  /** Milliseconds from `startTime` to `endTime`, with a fraction. */
  readonly duration?: number
  /** What its agent returned, as JSON data. */
  readonly result?: unknown
  readonly error?: TaskErrorInfo
  /** Attempts that have begun. An attempt cut short by a crash runs again under the same number. */
  readonly attempts: number
}

/** A failure as it is recorded. */
export interface TaskErrorInfo {
  readonly code: string
  readonly message: string
  /** The name of the error's class, its stack, the issues of a schema: what there was. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** What an agent is given: the task's own fields, and what led to it. Everything in it is the agent's to change. */
export interface TaskInput {
  readonly id: string
  readonly name: string
  readonly agentId: string
  readonly type: 'sequential' | 'parallel'
  readonly executionId: string
  /** From 1. */
  readonly attempt: number
  // oxlint-disable-next-line typescript/no-explicit-any -- what an agent gets is the author's own data
  readonly input: { prompt?: string; data?: any }
  /** The execution's context, and the results of the task's dependencies by id. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly context: { [key: string]: any; dependencies: Record<string, any> }
}

/** What else an agent may use during one attempt. */
export interface AttemptContext {
  /** Aborts when the attempt should stop; `signal.reason.code` says why. Ignoring it is allowed for 5 s, then the attempt is given up. */
  readonly signal: AbortSignal
  /** From 1. */
  readonly attempt: number
  /** Equal across attempts, restarts and machines: makes an effect in another system happen once. */
  readonly idempotencyKey: string
}

/** Whoever does the work of a task. */
export interface Agent {
  /** Does it. The result is recorded as JSON data. Throw to fail; an error with `retryable: false` is not tried again. */
  execute(task: TaskInput, context: AttemptContext): unknown
  /** Called once at shutdown. */
  dispose?(): unknown
}

/** How agents of a type are made. */
export interface AgentType {
  /** Makes the one instance of the type, or of an agent registered with it, before its first task. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the registrant's own configuration
  create(config: any): Agent | Promise<Agent>
}

/** An agent with a configuration of its own. */
export interface AgentRegistration {
  /** What tasks name it by. */
  id: string
  /** A registered type. */
  type: string
  /** What it can do. Validated; has no effect yet. */
  capabilities?: readonly string[] | undefined
  /** Given to `create`. */
  configuration?: object | undefined
}

/** Options of `executeWorkflow` and `startWorkflow`. */
export interface ExecuteOptions {
  /** Cancels the execution when it aborts. */
  signal?: AbortSignal | undefined
}

/** Which executions `listExecutions` gives; what is absent does not matter. */
export interface ExecutionListFilter {
  workflowId?: string | undefined
  status?: ExecutionStatus | undefined
  /** Started at this instant or later. */
  since?: Date | undefined
  /** Started before this instant. */
  until?: Date | undefined
  /** 1 to 1,000. Default 50. */
  limit?: number | undefined
  /** From the page before. */
  cursor?: string | undefined
}

/** A page of executions, newest first. */
export interface ExecutionList {
  readonly executions: WorkflowExecution[]
  /** There if there are more. */
  readonly cursor?: string
}

/** What the orchestrator is doing now, and has done since it was opened. */
export interface OrchestratorStatistics {
  /** Executions that have not ended. */
  readonly activeWorkflows: number
  /** Interrupted executions that wait for agents nobody has registered yet, by id with those agents. */
  readonly waitingForAgents: Readonly<Record<string, readonly string[]>>
  /** Their tasks that have neither ended nor begun an attempt. */
  readonly queuedTasks: number
  /** Their tasks with an attempt under way. */
  readonly runningTasks: number
  /** Agent instances that exist. */
  readonly agentPoolSize: number
  readonly completedTotal: number
  readonly failedTotal: number
  readonly cancelledTotal: number
  /** Answers that came after their attempt had been settled, and were dropped. */
  readonly lateResults: number
}
