// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of figures. Times are milliseconds, costs US dollars, rates per cent from 0 to 100.

import type { Recommendation } from './insight.js'
import type { TokenUsage } from './models.js'
import type { ExecutionSummary } from './summary.js'

/** Figures of a workflow over a time. */
export interface WorkflowAnalytics {
  readonly workflowId: string
  /** What was asked for: from `start` until before `end`. */
  readonly period: { readonly start: Date; readonly end: Date }
  /** The part of it that the figures are of. It ends now at the latest, and begins later than `period` where what is older is not kept. */
  readonly covers: { readonly start: Date; readonly end: Date }
  /** Executions that ended in that time. */
  readonly executionCount: number
  /** The latest of them, at most 1,000, the last to end first. */
  readonly executions: readonly ExecutionSummary[]
  readonly performance: WorkflowPerformance
  /** What the figures are of, and what the latest executions of that time recommend, the best first. */
  readonly insights: readonly Insight[]
}

/** How what completed or failed went. What was cancelled or skipped is counted, and has no part in durations and rates. */
export interface Performance {
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  /** From start to end, on average; exact. 0 if nothing ran. */
  readonly averageDuration: number
  /** The time that half of them, 95 and 99 of 100 did not exceed, within 1 %. `null` if nothing ran. */
  readonly p50Duration: number | null
  readonly p95Duration: number | null
  readonly p99Duration: number | null
  /** Of 100 that completed or failed, how many failed. */
  readonly errorRate: number
  /** Attempts, retries included. */
  readonly attempts: number
  /** What models cost. It is counted with the end of the task that asked them; what child workflows cost is theirs. */
  readonly cost: number
  /** False if a price is unknown, so that `cost` is too low. */
  readonly costComplete: boolean
  /**
   * What models cost for one that completed, on average. Of an execution it is all of it, child workflows included; of a task its own calls. `null` if none did,
   * or a price is unknown.
   */
  readonly costPerCompleted: number | null
  /** The same of those that failed: what one failure wastes. */
  readonly costPerFailed: number | null
  readonly tokens: TokenUsage
  /** Calls of models; retries are not counted. */
  readonly modelCalls: number
}

/** How the executions of a workflow went. */
export interface WorkflowPerformance extends Performance {
  /** Executions that ended, per hour of `covers`. */
  readonly throughput: number
  /** What its tasks failed of, the most frequent first, at most 20. Failures that stayed their task's own, and those that something stood in for, are among them. */
  readonly errors: readonly ErrorFigures[]
  /** By the ids of tasks: those of every version. */
  readonly tasks: Readonly<Record<string, TaskPerformance>>
}

/** Failures that differ in nothing but numbers, ids, addresses, paths and quotations. */
export interface ErrorFigures {
  readonly code: string
  /** The first line of the message, with `#` for what differs. */
  readonly message: string
  readonly count: number
  /** The ids of the tasks that failed of it. */
  readonly tasks: readonly string[]
  readonly firstSeen: Date
  readonly lastSeen: Date
  /** The execution of the latest. */
  readonly executionId: string
}

/** How a task of a workflow went, in all its instances. */
export interface TaskPerformance extends Performance {
  readonly skipped: number
  /** How long it was ready and waited for a place, its retries included. `null` where it is not known: nothing began, or there is no `storage`. */
  readonly averageWait: number | null
  readonly p95Wait: number | null
}

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
export type InsightKind = 'no-executions' | 'unknown-workflow' | 'metrics-off' | 'period-cut' | 'executions-deleted' | 'anomaly'

/** Something that figures say, or a change that executions recommend: the latter has a `change`. */
export type Insight = FigureInsight | Recommendation

/** Something that figures say of themselves. */
export interface FigureInsight {
  /** Its kind, for programs. */
  readonly kind: InsightKind
  /** Its kind, in a few words for people. */
  readonly title: string
  /** What it is and what to do about it. */
  readonly description: string
}
