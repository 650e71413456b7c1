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
}

/** What figures are made of, wherever that is. Instants are microseconds. */
export interface Gathered {
  readonly figures: FigureText & { readonly tasks: Readonly<Record<string, FigureText>> }
  readonly executions: readonly ExecutionSummary[]
  readonly workflows: readonly string[] | null
  readonly deleted: boolean
  /** What ended earlier is not in them. */
  readonly since: number
}
