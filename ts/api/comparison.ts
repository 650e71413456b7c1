// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of figures beside figures: of two times, or of two versions.

import type { TaskPerformance, WorkflowPerformance } from './analytics.js'

/** One side of a comparison: what ended from `start` until before `end`. */
export interface ComparedSpan {
  readonly start: Date
  readonly end: Date
  /** Executions of this version alone. Default: all. */
  readonly version?: string | undefined
}

/** How much larger a figure is on the second side: `b` less `a`. `null` where one of the two is not known. */
export interface FigureDifferences {
  readonly averageDuration: number | null
  readonly p50Duration: number | null
  readonly p95Duration: number | null
  readonly p99Duration: number | null
  /** In percentage points. */
  readonly errorRate: number | null
  /** Attempts for each that completed or failed. */
  readonly attempts: number | null
  /** US dollars for each that completed or failed; `null` also where a price is not known. */
  readonly cost: number | null
  /** Tokens, for each that completed or failed. */
  readonly tokens: number | null
}

/** Figures of one side. */
export interface ComparedFigures {
  readonly period: { readonly start: Date; readonly end: Date }
  /** The part of it that the figures are of. */
  readonly covers: { readonly start: Date; readonly end: Date }
  readonly version?: string
  readonly executionCount: number
  readonly performance: WorkflowPerformance
}

/** Two times, or two versions, beside each other. */
export interface PeriodComparison {
  readonly workflowId: string
  readonly a: ComparedFigures
  readonly b: ComparedFigures
  readonly difference: FigureDifferences
  /** By task, what changed the time of an execution most first. */
  readonly tasks: readonly {
    /** Its id in the definition. */
    readonly task: string
    /** Absent where there is no such task. */
    readonly a?: TaskPerformance
    readonly b?: TaskPerformance
    readonly difference: FigureDifferences
  }[]
}
