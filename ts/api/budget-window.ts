// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Budgets that begin anew each day or month, as they stand.

import type { RecurringBudget } from './models.js'

/** A budget with `per`, as it stands. */
export interface BudgetStanding {
  /** Whose it is: `orchestrator`, `tenant:…`, `workflow:…` or `agent:…`. */
  readonly scope: string
  /** What may be spent in each window. */
  readonly budget: RecurringBudget
  /** The window under way: from `start` until before `end`. */
  readonly start: Date
  readonly end: Date
  /** What is gone in it: US dollars, tokens, calls. */
  readonly spent: { readonly usd: number; readonly tokens: number; readonly calls: number }
  /** Of what is bounded, the share that is gone, in per cent; the largest one. */
  readonly spentPercent: number
  /** When it will be used up if spending goes on as in the last hour; `null`: not in this window. */
  readonly exhaustedAt: Date | null
}
