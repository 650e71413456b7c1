// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of an execution: what a caller asks for, and what there is to see. Numbers are milliseconds where they measure time; instants are `Date`.

import type { Duration } from './duration.js'
import type { FinishReason, ModelFailureClass, TokenUsage } from './models.js'
import type { AgentWorkflow, Budget } from './workflow.js'

/** `damaged`: it is on record and cannot be read; `error` says why, and what is not known is empty. */
export type ExecutionStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'damaged'

export type TaskStatus = 'pending' | 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled'

/** One run of a workflow at one moment. `Results` has the types of a workflow from `defineWorkflow`. */
export interface WorkflowExecution<Results = Readonly<Record<string, unknown>>> {
  readonly id: string
  readonly workflowId: string
  readonly status: ExecutionStatus
  readonly startTime: Date
  /** Present once it has ended. */
  readonly endTime?: Date
  /** The context it was started with. */
  readonly context: Readonly<Record<string, unknown>>
  /** In the order of declaration. */
  readonly tasks: readonly TaskExecution[]
  /** The results of completed tasks by id. */
  readonly results: Results
  readonly metrics: ExecutionMetrics
  /** Why it failed; `taskId` is empty for a deadline or a budget. `compensation`: the compensations that failed. */
  readonly error?: TaskErrorInfo & {
    readonly taskId: string
    readonly compensation?: readonly (TaskErrorInfo & { readonly taskId: string })[]
  }
  /** The reason given by the caller that cancelled it. */
  readonly reason?: string
  /** The execution it was forked from. */
  readonly forkedFrom?: string
  /** The execution and the task that run it as a child. */
  readonly parent?: { readonly execution: string; readonly path: string }
  /** The schedule that began it, and the planned instant. */
  readonly schedule?: { readonly id: string; readonly at: Date }
  readonly tenant?: string
  /** The trace and the span of the caller that began it, or its parent. */
  readonly traceparent?: string
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
  readonly resourceUsage: ResourceUsage
}

/** One task of an execution at one moment. */
export interface TaskExecution {
  /** The path of the task: its id; inside a loop with the pass, `outer[2].child`; if spawned, `parent/id`. */
  readonly taskId: string
  readonly executionId: string
  readonly agentId: string
  readonly status: TaskStatus
  /**
   * Why it was skipped (`condition_false`, `branch_not_taken`, `upstream_skipped`, `upstream_failed`, `rule_not_met`) or cancelled
   * (`sibling_failed`, `join_satisfied`, `cancelled`, `deadline`, `budget`, `timeout`).
   */
  readonly reason?: string
  /** When its agent was first called. */
  readonly startTime?: Date
  readonly endTime?: Date
  /** Milliseconds from `startTime` to `endTime`, with a fraction. */
  readonly duration?: number
  /** The result of its agent, as JSON data. */
  readonly result?: unknown
  readonly error?: TaskErrorInfo
  /** Attempts that have begun. An attempt cut short by a crash runs again under the same number. */
  readonly attempts: number
  /** The pass of the nearest loop around it, from 0. */
  readonly iteration?: number
  /** Whether `onError` tolerated its failure. */
  readonly tolerated?: boolean
  /** Whether a `fallback` replaced its result; `error` says why the task itself failed. */
  readonly degraded?: boolean
  /** Whether its output was reused from another execution. */
  readonly cached?: boolean
  /** The tokens of its model calls in all attempts. A child workflow has its own. */
  readonly usage?: TokenUsage
  /** The cost of these calls, in US dollars. */
  readonly cost?: number
  /** Why the last answer of a model ended. */
  readonly finishReason?: FinishReason
  /** Its calls of models in all attempts, in the order they ended: who answered, why that model, at what cost. Absent: none. */
  readonly models?: readonly TaskModelCall[]
}

/** A call of a model by a task. */
export interface TaskModelCall {
  /** The attempt of the task that made it, from 1. */
  readonly attempt: number
  /** The model that answered, or was asked last. */
  readonly provider?: string
  readonly model?: string
  /** The requests before that brought no answer, and why. Absent: the first was answered. */
  readonly tried?: readonly { readonly provider: string; readonly model: string; readonly failure: ModelFailureClass }[]
  /** Why the last request failed, if the call was not answered. */
  readonly failure?: ModelFailureClass
  /** Why the answer ended. Absent: there was none. */
  readonly finishReason?: FinishReason
  readonly usage: TokenUsage
  /** US dollars. */
  readonly cost: number
  /** False if a price is unknown, so that `cost` is too low. */
  readonly costComplete: boolean
}

/** A failure as it is recorded. */
export interface TaskErrorInfo {
  readonly code: string
  readonly message: string
  /**
   * The code, `name`, `stack`, `issues` and plain `fields` of the error, and the same of its `cause` and `errors`, at most 16 KiB. Fields with the name of a
   * secret are `"[hidden]"`.
   */
  readonly details?: Readonly<Record<string, unknown>>
}

/** Options of `executeWorkflow` and `startWorkflow`. */
export interface ExecuteOptions {
  /** Cancels the execution when it aborts; a call that joined another's execution is only detached. */
  signal?: AbortSignal | undefined
  /** The time by which it must end: an instant, or a duration from now. The workflow's own deadline may be earlier. */
  deadline?: Date | Duration | undefined
  /** Limits of the execution; the workflow's own budget may be lower. */
  budget?: Budget | undefined
  /** Pauses after each task, from the beginning. */
  step?: boolean | undefined
  /**
   * The id of the execution: 1 to 256 characters without `/`, `\`, `~` and control characters, not beginning with `key-` and 32 hexadecimal digits, not
   * ending in `@` and an ISO instant. Default: a generated one. `ERR_EXECUTION_EXISTS` if it is taken.
   */
  executionId?: string | undefined
  /**
   * Calls with the same key, workflow and tenant join one execution, until 24 h after its end. If it is no longer remembered,
   * `ERR_EXECUTION_NOT_FOUND`.
   */
  idempotencyKey?: string | undefined
  /** If the execution of the key has failed: `'join'` rejects as that one did (default), `'rerun'` runs the workflow again. */
  onFailed?: 'join' | 'rerun' | undefined
  /** The tenant it runs for. Tenants share the places of `maxConcurrentWorkflows` by their weights. */
  tenant?: string | undefined
  /** Order within a tenant: a whole number from -1000 to 1000, higher first, then first come, first served. Default 0. */
  priority?: number | undefined
  /** Limits how many executions of one key and tenant run at once; the others wait. */
  concurrency?: ConcurrencyLimit | undefined
  /** The trace and the span of the caller, as a W3C `traceparent`. It is recorded with the execution and its child workflows. */
  traceparent?: string | undefined
  /** The names that it may use. A fork may only narrow those of its original. Default: all. */
  allow?: Allowance | undefined
}

/** Options of `forkExecution`: those of an execution, and the definition it goes on under. */
export interface ForkOptions extends ExecuteOptions {
  /** The workflow as it is now, with the same `id`. Default: the definition on record. */
  workflow?: AgentWorkflow | undefined
  /** Starts nothing, and resolves with what it would keep, run and leave behind. Default false. */
  dryRun?: boolean | undefined
}

/** What a fork would do. Paths are those of `TaskExecution.taskId`. */
export interface ForkPlan {
  /** The tasks whose ends it takes over, with what they spawned. */
  readonly kept: readonly string[]
  /** The tasks that it runs; by its id alone a task that has not been reached, such as one of a pass to come. */
  readonly runs: readonly string[]
  /** The tasks that the new definition does not have any more. */
  readonly gone: readonly string[]
  /** What the model calls of the kept tasks had cost, in US dollars. */
  readonly cost: number
}

/** Options of `moveExecution` and `moveExecutions`. */
export interface MoveOptions {
  /** Moves nothing, and resolves with what it would come to. Default false. */
  dryRun?: boolean | undefined
}

/** What a move came to, or would. `runs` has the tasks that go on as they are as well: they have not ended. */
export interface Movement extends ForkPlan {
  /** `'moved'`: the execution goes on where it is. `'forked'`: it had failed, and a fork of it goes on. */
  readonly way: 'moved' | 'forked'
  /** The execution that goes on: the same, or the fork. With `dryRun` the same in any case. */
  readonly executionId: string
}

/** Which executions of a workflow `moveExecutions` moves. */
export interface MoveFilter {
  /** Default: all that have not ended. With `'failed'` forks of them go on. */
  status?: 'pending' | 'running' | 'paused' | 'failed' | undefined
  /** Started at this instant or later. */
  since?: Date | undefined
  /** Started before this instant. */
  until?: Date | undefined
}

/** What became of many, by their ids. */
export interface ManyMoved {
  readonly moved: readonly string[]
  /** Those that had failed, and of which forks go on. */
  readonly forked: readonly string[]
  /** Those that stay as they are, by the code of the error that `moveExecution` has for them. */
  readonly refused: Readonly<Record<string, readonly string[]>>
  /** What the model calls of all kept tasks had cost, in US dollars. */
  readonly cost: number
}

/**
 * The names that an execution may use. An absent kind allows every name, `[]` allows none. It is recorded with the execution and holds for its child
 * workflows, spawned tasks, compensations, forks and retries.
 */
export interface Allowance {
  /** Agents and types that tasks may name. An agent found by `requires` must be one of them, or of a type among them. */
  agents?: readonly string[] | undefined
  /** Tools that built-in agents may call, or let models call. */
  tools?: readonly string[] | undefined
  /** Registered workflows that tasks may name. */
  workflows?: readonly string[] | undefined
  /** Models that agents may ask, as `provider/model`, or `model` at any provider. */
  models?: readonly string[] | undefined
}

/** Limits how many executions with the same key run at once. */
export interface ConcurrencyLimit {
  /** 1 to 256 characters, such as the id of a customer. */
  key: string
  /** At least 1. The limit given last counts for all of the key. */
  limit: number
}

export interface CancelOptions {
  /** Stops clean-up tasks and compensation too. Default false. */
  force?: boolean | undefined
}

export interface ResumeOptions {
  /** Pauses again after the next task. Default false. */
  step?: boolean | undefined
}

export interface SignalOptions {
  /** The path of the task that is to receive it, if several wait for this signal. */
  path?: string | undefined
}

/** Selects executions for `listExecutions`. An absent field selects all. */
export interface ExecutionListFilter {
  /** `'summary'` for summaries: `ExecutionSummaryFilter`. Absent: whole executions. */
  fields?: undefined
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

/** Which ended executions `pruneExecutions` deletes; what is absent does not matter. At least one is there. */
export interface PruneFilter {
  workflowId?: string | undefined
  status?: 'completed' | 'failed' | 'cancelled' | undefined
  /** Ended before this instant. `new Date()`: all that have ended. */
  endedBefore?: Date | undefined
  /** All but so many that ended last, children not counted. With `endedBefore` either is enough. */
  keep?: number | undefined
}

export interface PruneOptions {
  /** Only says what would be deleted. Default false. */
  dryRun?: boolean | undefined
}

/** What was deleted, or would be. */
export interface Pruned {
  /** How many executions, those counted that went with them as their children. */
  readonly executions: number
  /** The bytes of their contexts and journals; the file gets smaller behind. Without `storage`: 0. */
  readonly bytes: number
  /** How many fit and stay, because something needs them. */
  readonly kept: number
  /** The ids of the first 100, without children. */
  readonly ids: readonly string[]
}

/** A page of executions, newest first. */
export interface ExecutionList {
  readonly executions: WorkflowExecution[]
  /** Present if there are more. */
  readonly cursor?: string
}

/** Current figures of an orchestrator, and totals since it was opened. */
export interface OrchestratorStatistics {
  /** Executions that have not ended. */
  readonly activeWorkflows: number
  /** Active executions that only wait and are not in memory; `storage.parkAfter`. Without `storage` none is. */
  readonly parkedWorkflows: number
  /** Active executions that wait for a place: for `maxConcurrentWorkflows`, or for others of their `concurrency.key`. */
  readonly queuedWorkflows: number
  /** Interrupted executions and schedules that wait for agents to be registered: the missing agents, by execution or schedule id. */
  readonly waitingForAgents: Readonly<Record<string, readonly string[]>>
  /** Tasks of active executions that have neither ended nor begun an attempt. */
  readonly queuedTasks: number
  /** Tasks of active executions with an attempt under way. */
  readonly runningTasks: number
  /** Agent instances that exist. */
  readonly agentPoolSize: number
  readonly completedTotal: number
  readonly failedTotal: number
  readonly cancelledTotal: number
  /** Answers that came after their attempt had ended, and were dropped. */
  readonly lateResults: number
  /** The delay of the event loop while agents work, or last worked. */
  readonly eventLoopDelay: EventLoopDelayFigures
}

/**
 * The delay of timers in milliseconds, measured every 20 ms while agents work; figures start anew after a rest of at least 1 s.
 */
export interface EventLoopDelayFigures {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** The model usage of an execution, including child workflows and failed attempts. */
export interface ResourceUsage {
  readonly tokenUsage: TokenUsage
  /** US dollars. */
  readonly cost: number
  /** False if a price is unknown, so that `cost` is too low. */
  readonly costComplete: boolean
  /** Calls; retries are not counted. */
  readonly modelCalls: number
}
