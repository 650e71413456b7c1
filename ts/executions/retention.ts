// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Deletes what is beyond the limits of the configuration, now and then.

import type { Alarm } from '../base/clock.js'
import { nextTurn } from '../base/real-time.js'
import type { ExpendablePage, ExpendableQuestion, Tree } from '../boundary/shapes.js'
import type { Limits, ResolvedRetention } from '../config/retention.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'

/** How often it is looked, in microseconds: at least each minute, and often enough for the shortest age. */
const EVERY = 60_000_000

/** How soon again where what was deleted is not gone from the file yet. */
const SOON = 1_000_000

/** Executions that end between two looks: a twentieth of those that stay, between these. */
const STEP_MIN = 50
const STEP_MAX = 1_000

/** What deletes. */
interface Deleting {
  expendable(asked: Omit<ExpendableQuestion, 'limit' | 'after'>): AsyncIterable<readonly Tree[]>
  oldest(asked: Omit<ExpendableQuestion, 'limit' | 'after'>): Promise<ExpendablePage>
  /** Deletes what is free; how many that were. */
  discard(trees: readonly Tree[]): Promise<number>
}

type Rule = Pick<ExpendableQuestion, 'completed' | 'workflowId' | 'except'> & { readonly limits: Limits }

/** What is beyond the bound of the store, which knows it. */
const BOUND: Rule = { limits: { age: null, count: null, bytes: Number.MAX_SAFE_INTEGER } }

export class Retention {
  readonly #rules: readonly Rule[]
  readonly #deletions: Deleting
  readonly #dispatcher: Dispatcher
  readonly #step: number
  readonly #every: number
  #alarm: Alarm | undefined
  #ended = 0
  #looking = false
  #stopped = false

  /** `bounded`: the store has a bound of its own, for all that has ended. */
  constructor(retention: ResolvedRetention | null, bounded: boolean, deletions: Deleting, dispatcher: Dispatcher) {
    this.#deletions = deletions
    this.#dispatcher = dispatcher
    this.#rules = [...(retention === null ? [] : rulesOf(retention)), ...(bounded ? [BOUND] : [])]
    const counts = this.#rules.map(({ limits: { count } }) => count ?? Infinity)
    const ages = this.#rules.map(({ limits: { age } }) => age ?? Infinity)
    this.#every = Math.min(Math.max(Math.min(...ages) / 10, SOON), EVERY)
    this.#step = Math.min(Math.max(Math.floor(Math.min(...counts) / 20), STEP_MIN), STEP_MAX)
  }

  /** The store is open. */
  begin(): void {
    if (this.#rules.length === 0) return
    this.#alarm = this.#dispatcher.clock.alarm(() => void this.#look())
    this.#alarm.set(this.#dispatcher.clock.now() + SOON)
  }

  /** An execution has ended. */
  ended(): void {
    this.#ended += 1
    if (this.#ended >= this.#step && this.#alarm !== undefined && !this.#looking) void this.#look()
  }

  stop(): void {
    this.#stopped = true
    this.#alarm?.stop()
  }

  async #look(): Promise<void> {
    if (this.#looking || this.#stopped) return
    this.#looking = true
    try {
      let again = false
      do {
        this.#ended = 0
        again = false
        for (const rule of this.#rules) again = (await this.#apply(rule)) || again
        // More may have ended meanwhile than are to be waited for.
      } while (this.#ended >= this.#step && !this.#stopped)
      if (!this.#stopped) this.#alarm?.set(this.#dispatcher.clock.now() + (again ? SOON : this.#every))
    } catch {
      // The store has failed or is closed, and says so itself.
    } finally {
      this.#looking = false
    }
  }

  /** Deletes what is beyond one rule; whether more may be as soon as the file is smaller. */
  async #apply({ limits: { age, count, bytes }, ...rule }: Rule): Promise<boolean> {
    const { clock } = this.#dispatcher
    const now = clock.now()
    const asked = { ...rule, now, ...(age !== null && { before: now - age }), ...(count !== null && { keep: count }) }
    if (age !== null || count !== null) await this.#discard(asked)
    if (bytes === null) return false
    // The oldest part of them; how much room that gave shows when it is gone from the file.
    for (;;) {
      const page = await this.#deletions.oldest({ ...rule, now, bytes })
      const isAny = (await this.#deletions.discard(page.trees)) > 0
      if (!isAny || this.#stopped) return page.unswept || page.trees.length > 0
      await nextTurn()
    }
  }

  async #discard(asked: Omit<ExpendableQuestion, 'limit' | 'after'>): Promise<void> {
    for await (const trees of this.#deletions.expendable(asked)) {
      if (this.#stopped) return
      await this.#deletions.discard(trees)
      await nextTurn()
    }
  }
}

/** A rule for each class, and for each workflow that has limits of its own. */
function rulesOf({ completed, failed, byWorkflow }: ResolvedRetention): Rule[] {
  const own = Object.entries(byWorkflow)
  const classes = [
    { is: true, limits: completed },
    { is: false, limits: failed },
  ] as const
  const rules = classes.flatMap(({ is, limits }): Rule[] => {
    const named = own.flatMap(([workflowId, of]) => {
      const its = is ? of.completed : of.failed
      return its === null ? [] : [{ workflowId, limits: its }]
    })
    const except = named.map(({ workflowId }) => workflowId)
    return [{ completed: is, limits, ...(except.length > 0 && { except }) }, ...named.map((rule) => ({ completed: is, ...rule }))]
  })
  return rules.filter(({ limits: { age, count, bytes } }) => age !== null || count !== null || bytes !== null)
}
