// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of summaries: executions without their values, so that a page of them is cheap whatever they hold.

import type { ExecutionListFilter, ExecutionMetrics, ExecutionStatus, ResourceUsage } from './execution.js'

/** An execution without its context, results and tasks. */
export interface ExecutionSummary {
  readonly id: string
  readonly workflowId: string
  readonly version: string
  readonly status: ExecutionStatus
  /** Absent while it waits for a place. */
  readonly startTime?: Date
  /** Present once it has ended. */
  readonly endTime?: Date
  /** Milliseconds from start to end; absent before its end. */
  readonly duration?: number
  /** Its tasks by how they ended. */
  readonly tasks: ExecutionMetrics['tasks']
  /** Attempts of all tasks. */
  readonly attempts: number
  readonly resourceUsage: ResourceUsage
  /** Why it failed: the code, and the path of the task, which is empty for a deadline or a budget. */
  readonly error?: { readonly code: string; readonly taskId: string }
  /** What it waits for; absent if that is nothing. */
  readonly waitsFor?: ExecutionWaits
  /** Bytes of its records. Absent without `storage`. */
  readonly bytes?: number
  readonly forkedFrom?: string
  readonly parent?: { readonly execution: string; readonly path: string }
  readonly schedule?: { readonly id: string; readonly at: Date }
  readonly tenant?: string
}

/** What tasks of an execution wait for. */
export interface ExecutionWaits {
  /** Names of signals. */
  readonly signals: readonly string[]
  /** Agents, or types of agents, that tasks which could run have not been given. */
  readonly agents: readonly string[]
  /** The next end of a delay, or of a wait before a retry. */
  readonly timer?: Date
}

/** Selects summaries for `listExecutions`. An absent field selects all. */
export interface ExecutionSummaryFilter extends Omit<ExecutionListFilter, 'fields'> {
  fields: 'summary'
  version?: string | undefined
  tenant?: string | undefined
  /** Failed with this code. */
  errorCode?: string | undefined
  /** Waiting for any signal, agent or timer, or for the signal or agent of this name. */
  waitingFor?: 'signal' | 'agent' | 'timer' | { readonly signal: string } | { readonly agent: string } | undefined
  /** With an id that begins so. The page is then in the order of ids, the last first. */
  idPrefix?: string | undefined
}

/** A page of summaries, newest first. */
export interface ExecutionSummaryList {
  readonly executions: ExecutionSummary[]
  /** Present if there are more. */
  readonly cursor?: string
}
