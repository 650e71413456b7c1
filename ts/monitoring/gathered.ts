// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What figures are made of, wherever that is: as Rust writes it.

import type { ExecutionSummary } from '../api/summary.js'

/** Summaries in an answer. */
export const SUMMARIES_MAX = 1000

/** Times in microseconds; `null`: of nothing. */
interface Times {
  readonly average: number | null
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

/** As `analytics::Period::json` writes them. */
export interface FigureText {
  readonly ended: number
  readonly completed: number
  readonly failed: number
  readonly skipped: number
  readonly cancelled: number
  readonly attempts: number
  readonly duration: Times
  readonly wait: Times
  readonly usage: readonly [number, number, number, number, number]
  readonly cost: number
  readonly unpriced: number
  readonly calls: number
  /** What those cost that completed, and of how many calls the price is not known; and those that failed. */
  readonly completedCost: readonly [nanos: number, unpriced: number]
  readonly failedCost: readonly [nanos: number, unpriced: number]
}

/** Unusual runs of a task, as `runtime::facts::unusual` writes them; `task` is null of whole executions. Microseconds, nano-dollars. */
export interface AnomalyText {
  readonly task: string | null
  readonly measure: 'duration' | 'wait' | 'cost' | 'failures'
  readonly count: number
  readonly execution: string | null
  readonly ended: number
  readonly value: number
  readonly usual: number
}

/** What failures have in common, as `runtime::facts::failures` writes them. Instants are microseconds. */
export interface ErrorText {
  readonly code: string | null
  readonly message: string | null
  readonly count: number
  readonly tasks: readonly string[]
  readonly first: number
  readonly last: number
  readonly execution: string | null
}

/** What figures are made of, wherever that is. Instants are microseconds. */
export interface Gathered {
  readonly figures: FigureText & { readonly tasks: Readonly<Record<string, FigureText>> }
  readonly executions: readonly ExecutionSummary[]
  readonly workflows: readonly string[] | null
  readonly deleted: boolean
  readonly anomalies: readonly AnomalyText[]
  readonly errors: readonly ErrorText[]
  /** What ended earlier is not in them. */
  readonly since: number
}
