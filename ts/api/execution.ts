// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of an execution: what a caller asks for, and what there is to see. Numbers are milliseconds where they measure time; instants are `Date`.

import type { Duration } from './duration.js'
import type { FinishReason, TokenUsage } from './models.js'
import type { Budget } from './workflow.js'

export type ExecutionStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

export type TaskStatus = 'pending' | 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled'

/** One run of a workflow, as it is at one moment. Of a workflow that `defineWorkflow` was given, `Results` is what its tasks give. */
export interface WorkflowExecution<Results = Readonly<Record<string, unknown>>> {
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
  readonly results: Results
  readonly metrics: ExecutionMetrics
  /** Why it failed; `taskId` is empty for a deadline or a budget. `compensation`: what could not be undone. */
  readonly error?: TaskErrorInfo & {
    readonly taskId: string
    readonly compensation?: readonly (TaskErrorInfo & { readonly taskId: string })[]
  }
  /** Why it was cancelled, in the words of whoever did. */
  readonly reason?: string
  /** The execution it was forked from. */
  readonly forkedFrom?: string
  /** The execution and the task it is a child of. */
  readonly parent?: { readonly execution: string; readonly path: string }
  /** The schedule that began it, and the planned instant it stands for. */
  readonly schedule?: { readonly id: string; readonly at: Date }
  readonly tenant?: string
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

/** One task of an execution, as it is at one moment. */
export interface TaskExecution {
  /** Its id, after the pass it belongs to: `outer[2].child`; `parent/id` if it was spawned. */
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
  /** What its agent returned, as JSON data. */
  readonly result?: unknown
  readonly error?: TaskErrorInfo
  /** Attempts that have begun. An attempt cut short by a crash runs again under the same number. */
  readonly attempts: number
  /** The pass of the nearest loop around it, from 0. */
  readonly iteration?: number
  /** Whether it failed without consequence. */
  readonly tolerated?: boolean
  /** Whether something stood in for it (`fallback`) when it would have failed; `error` says why it would have. */
  readonly degraded?: boolean
  /** Whether its output was taken over from another execution. */
  readonly cached?: boolean
  /** The tokens that its calls of models used, in all of its attempts. A child workflow has its own. */
  readonly usage?: TokenUsage
  /** What they cost, in US dollars. */
  readonly cost?: number
  /** Why the last answer that they brought ended. */
  readonly finishReason?: FinishReason
}

/** A failure as it is recorded. */
export interface TaskErrorInfo {
  readonly code: string
  readonly message: string
  /**
   * Its own code, `name`, `stack` and `issues`, its plain `fields`, its `cause` and `errors` with the same of those: what there was, in 16 KiB at most. Fields that
   * are called like a secret are `"[hidden]"`.
   */
  readonly details?: Readonly<Record<string, unknown>>
}

/** Options of `executeWorkflow` and `startWorkflow`. */
export interface ExecuteOptions {
  /** Cancels the execution when it aborts; a call that joined another's execution is only detached. */
  signal?: AbortSignal | undefined
  /** When it must have ended: an instant, or so long from now. The workflow's own deadline may be earlier. */
  deadline?: Date | Duration | undefined
  /** What it may use; the workflow's own budget may be less. */
  budget?: Budget | undefined
  /** Pauses after each task, from the beginning. */
  step?: boolean | undefined
  /**
   * Its id, instead of one that is made: 1 to 256 letters without `/`, `\`, `~` and control characters, that neither begin with `key-` and 32
   * hexadecimal digits nor end in `@` and an ISO instant. `ERR_EXECUTION_EXISTS` if there is one.
   */
  executionId?: string | undefined
  /**
   * Calls with the same key, for the same workflow and tenant, are one execution, until 24 h after its end: the latest that was begun by it. Where
   * that is remembered no more, `ERR_EXECUTION_NOT_FOUND`.
   */
  idempotencyKey?: string | undefined
  /** What a call with the key of an execution that ended badly does: rejects like that one (`'join'`, default), or runs anew. */
  onFailed?: 'join' | 'rerun' | undefined
  /** On whose behalf it runs. Tenants share the places of `maxConcurrentWorkflows` according to their weights. */
  tenant?: string | undefined
  /** Who of a tenant has a place first: a whole number from -1000 to 1000, higher first, then who came first. Default 0. */
  priority?: number | undefined
  /** At most so many executions of one key and tenant run at once; the others wait. */
  concurrency?: ConcurrencyLimit | undefined
  /** What it may use. A fork may only narrow what the execution it is made from was allowed. Default: everything. */
  allow?: Allowance | undefined
}

/**
 * What an execution may use, by name; what is absent allows every one, `[]` allows none. It is recorded with the execution and holds for its child
 * workflows, spawned tasks, compensations, forks and retries.
 */
export interface Allowance {
  /** Agents and types that tasks may name; who is found by `requires` alone must be one of them, or of a type among them. */
  agents?: readonly string[] | undefined
  /** Tools that built-in agents may call, or let models call. */
  tools?: readonly string[] | undefined
  /** Registered workflows that tasks may name. */
  workflows?: readonly string[] | undefined
  /** Models that agents may ask, as `provider/model`, or `model` at any provider. */
  models?: readonly string[] | undefined
}

/** Executions that are counted together. */
export interface ConcurrencyLimit {
  /** 1 to 256 letters, such as the id of a customer. */
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
  /** The wait it is meant for, where several wait for signals of this name. */
  path?: string | undefined
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
  /** Those among them that wait for a place: for `maxConcurrentWorkflows`, or for others of their `concurrency.key`. */
  readonly queuedWorkflows: number
  /** Interrupted executions, and schedules, that wait for agents nobody has registered yet, by id with those agents. */
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
  /** How late the event loop is, or was when agents were at work last. */
  readonly eventLoopDelay: EventLoopDelayFigures
}

/**
 * How much later than asked for timers fire, in milliseconds, since agents began to be at work after a rest of at least a second. It is
 * looked at every 20 ms while they are.
 */
export interface EventLoopDelayFigures {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** What models have cost an execution, its child workflows and attempts that failed included. */
export interface ResourceUsage {
  readonly tokenUsage: TokenUsage
  /** US dollars. */
  readonly cost: number
  /** False if a price is not known, so that `cost` is too low. */
  readonly costComplete: boolean
  /** Calls, however often each was sent. */
  readonly modelCalls: number
}
