// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Budgets of a day or month: what was spent is kept beside the store, and people are told at 80 % and when nothing is left.

import type { BudgetStanding } from '../api/budget-window.js'
import { dateOf, type Alarm } from '../base/clock.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Alerts } from '../events/alerts.js'
import { dollarsOf } from '../models/result.js'

/** Names of what is kept begin so. */
export const BUDGET = 'budget/'
const RULE = 'budget:spent'

/** From here on people are told; at 100 once more. */
const NEAR_PERCENT = 80

/** The budgets of a configuration, in the words of Rust. */
interface Windows {
  readonly read: () => string
  readonly restore: (windows: string) => void
}

/** What it needs of the orchestrator. */
interface BudgetsHost {
  readonly dispatcher: Dispatcher
  readonly alerts: Alerts
  /** `paid` is called when a call has been paid for; `undefined`: no budget begins anew. */
  readonly models: { budgetWindows(paid: () => void): Windows | undefined }
  assertOpen(): void
}

/** As `models::BudgetWindow` writes it: nano-dollars, instants in microseconds. */
interface WindowText {
  readonly scope: string
  readonly budget: {
    readonly usdNanos: number | null
    readonly tokens: number | null
    readonly calls: number | null
    readonly per: 'day' | 'month'
  }
  readonly spent: { readonly usdNanos: number; readonly tokens: number; readonly calls: number }
  readonly start: number
  readonly end: number
  readonly exhausted: number | null
}

/** As it is kept: the window, and the alert if it has begun. */
interface Kept extends WindowText {
  readonly alert?: string
}

const COUNTED = ['usdNanos', 'tokens', 'calls'] as const

export class Budgets {
  readonly #host: BudgetsHost
  readonly #windows: Windows | undefined
  /** The scopes with an alert, and whether that nothing is left has been said. */
  readonly #told = new Map<string, boolean>()
  #isOpen = false
  #alarm: Alarm | undefined

  constructor(host: BudgetsHost) {
    this.#host = host
    this.#windows = host.models.budgetWindows(() => this.#look())
  }

  /** The store is open: what an earlier process has spent is spent. `kept`: what is kept beside it. */
  open(kept: readonly (readonly [string, string])[]): void {
    if (this.#windows === undefined) return
    const windows = kept.filter(([name]) => name.startsWith(BUDGET)).map(([, text]) => JSON.parse(text) as Kept)
    if (windows.length > 0) this.#windows.restore(JSON.stringify(windows))
    for (const { scope, alert, ...window } of windows) {
      if (alert === undefined) continue
      this.#host.alerts.adopt(`${RULE}/${scope}`, alert)
      this.#told.set(scope, shareOf({ scope, ...window }) >= 100)
    }
    this.#isOpen = true
    this.#alarm = this.#host.dispatcher.clock.alarm(() => this.#look())
    if (windows.length > 0) this.#look()
  }

  standing(): BudgetStanding[] {
    return this.#read().map((window) => {
      const { scope, budget, spent, start, end, exhausted } = window
      const { usdNanos, tokens, calls, per } = budget
      const bounds = {
        ...(usdNanos !== null && { usd: dollarsOf(usdNanos) }),
        ...(tokens !== null && { tokens }),
        ...(calls !== null && { calls }),
      }
      return {
        scope,
        budget: { ...bounds, per },
        start: dateOf(start),
        end: dateOf(end),
        spent: { usd: dollarsOf(spent.usdNanos), tokens: spent.tokens, calls: spent.calls },
        spentPercent: shareOf(window),
        exhaustedAt: exhausted === null ? null : dateOf(exhausted),
      }
    })
  }

  #read(): WindowText[] {
    return this.#windows === undefined ? [] : (JSON.parse(this.#windows.read()) as WindowText[])
  }

  #look(): void {
    if (!this.#isOpen) return
    try {
      this.#host.assertOpen()
    } catch {
      this.#alarm?.stop()
      return
    }
    const windows = this.#read()
    for (const window of windows) {
      const alert = this.#tell(window)
      const kept: Kept = { ...window, ...(alert !== undefined && { alert }) }
      this.#host.dispatcher.engine.watching.keepAlert(`${BUDGET}${window.scope}`, JSON.stringify(kept))
    }
    // An alert is over when the window is, whether anything is spent then or not.
    const ends = windows.filter(({ scope }) => this.#told.has(scope)).map(({ end }) => end)
    this.#alarm?.set(ends.length === 0 ? 0 : Math.min(...ends))
  }

  /** The id of the alert, if it has begun. */
  #tell(window: WindowText): string | undefined {
    const { scope } = window
    const share = shareOf(window)
    const said = this.#told.get(scope)
    const isOver = share >= 100
    if (share < NEAR_PERCENT) {
      if (said === undefined) return undefined
      this.#told.delete(scope)
      this.#raise(window, share, { begins: false, severity: said ? 'high' : 'medium' })
      return undefined
    }
    this.#told.set(scope, isOver)
    return this.#raise(window, share, { begins: true, again: said === false && isOver, severity: isOver ? 'high' : 'medium' })
  }

  #raise(window: WindowText, share: number, told: { begins: boolean; again?: boolean; severity: 'medium' | 'high' }): string | undefined {
    const { scope, budget, end, exhausted } = window
    const left = exhausted === null ? undefined : Math.max(Math.round((exhausted - this.#host.dispatcher.clock.now()) / 1000), 0)
    const when = exhausted === null ? '' : `; at the pace of the last hour it is used up at ${dateOf(exhausted).toISOString()}`
    const description = told.begins
      ? `${share.toFixed(1)} % of the budget of \`${scope}\` per ${budget.per} are spent${share >= 100 ? ', and calls are refused' : when}; it begins anew at ` +
        `${dateOf(end).toISOString()}; \`executionMonitor.getBudgets()\` has all budgets`
      : `the budget of \`${scope}\` per ${budget.per} has begun anew`
    return this.#host.alerts.raise({
      ...told,
      rule: RULE,
      cause: scope,
      type: 'resource',
      title: 'A budget is nearly spent',
      description,
      metrics: { spentPercent: share, ...(left !== undefined && { exhaustedInMs: left }) },
    })
  }
}

/** Of what is bounded, the share that is gone, in per cent; the largest one. */
function shareOf({ budget, spent }: WindowText): number {
  const shares = COUNTED.map((what) => {
    const limit = budget[what]
    if (limit === null) return 0
    return limit === 0 ? 100 : (100 * spent[what]) / limit
  })
  return Math.max(...shares)
}
