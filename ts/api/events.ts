// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an orchestrator announces.

import type { Alert } from './alert.js'
import type { Recommendation } from './insight.js'
import type { TaskFailedError } from './errors.js'
import type { TaskExecution, WorkflowExecution } from './execution.js'

/**
 * The events of an orchestrator, emitted after they are on record. Each tuple has the arguments of a listener.
 *
 * A task starts at most once and ends with exactly one of completed, failed, skipped and cancelled. An error that a listener throws is logged with the code
 * `ERR_LISTENER` (see `logger`) and changes nothing else.
 */
export interface OrchestratorEvents {
  'workflow:started': [execution: WorkflowExecution]
  'workflow:completed': [execution: WorkflowExecution]
  'workflow:failed': [execution: WorkflowExecution]
  'workflow:cancelled': [execution: WorkflowExecution]
  'task:started': [task: TaskExecution]
  'task:completed': [task: TaskExecution]
  'task:failed': [task: TaskExecution, error: TaskFailedError]
  /** An attempt failed and another follows; `task` is about the failed attempt. */
  'task:retrying': [task: TaskExecution, error: TaskFailedError]
  'task:skipped': [task: TaskExecution]
  'task:cancelled': [task: TaskExecution]
  /** The task waits for a signal or for time. */
  'task:waiting': [task: TaskExecution]
  /** A pass of a loop ended; `task` is the loop, `task.iteration` the pass, from 0. */
  'task:iteration': [task: TaskExecution]
  /** The argument of `ctx.emit` or `ctx.heartbeat`. Not recorded: a late listener does not hear it. */
  'task:progress': [task: TaskExecution, data: unknown]
  'workflow:paused': [execution: WorkflowExecution]
  'workflow:resumed': [execution: WorkflowExecution]
  /** Something that people must know begins, or is over. Not recorded: a late listener does not hear it. */
  alert: [alert: Alert]
  /** As `executionMonitor` announces it. */
  insight: [insight: Recommendation]
  'insight:outcome': [insight: Recommendation]
}

export type EventName = keyof OrchestratorEvents

/** The events of executions. */
export type ExecutionEventName = Exclude<EventName, 'alert' | 'insight' | 'insight:outcome'>
