// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which steps an attempt takes, and what each gives: what is on record is given, and what is not is done by the attempt that asks.

import type { Deed } from './case.ts'
import type { Call, Steps, Taken, Told } from './told.ts'

/** Steps that are not counted: one whose input changes, one that an attempt leaves behind, one in which it cancels. */
export const CHANGED = 'changed'
export const LEFT = 'left'
export const STOP = 'stop'

/** The names of those that an attempt takes before anything else. */
export function stepsOf({ steps = 0, stumbles }: Deed, attempt: number, fails: boolean): string[] {
  const count = stumbles === true && fails ? Math.min(steps, attempt) : steps
  return Array.from({ length: count }, (_, at) => String(at + 1))
}

/** The steps of one attempt of a task. */
export class Stepping {
  readonly #told: Told
  readonly #path: string
  readonly #call: Call

  constructor(told: Told, path: string, call: Call) {
    this.#told = told
    this.#path = path
    this.#call = call
  }

  /** Those before anything else. */
  takeFirst(deed: Deed, fails: boolean): void {
    const { attempt } = this.#call
    const names = stepsOf(deed, attempt, fails)
    for (const name of names) {
      // One that fails leaves nothing on record.
      const isBroken = deed.inStep === true && fails && name === names.at(-1)
      if (!isBroken || this.#known(name) !== undefined) this.take(name)
    }
    if (deed.changes === true) this.take(CHANGED, attempt)
  }

  /** One that its first attempt leaves behind: what ends after the answer is not recorded. */
  leave(): void {
    if (this.#call.attempt > 1 || this.#known(LEFT) !== undefined) this.take(LEFT)
  }

  /** Whether it was done now. */
  take(name: string, input?: number): boolean {
    const known = this.#known(name)
    const taken: Taken = known ?? { by: `${this.#call.execution} ${this.#call.attempt}`, input }
    this.#call.steps[name] = taken.input === input ? taken.by : 'ERR_STEP_CHANGED'
    const all = this.#told.steps.get(this.#path) ?? new Map<string, Taken>()
    this.#told.steps.set(this.#path, all.set(name, taken))
    return known === undefined
  }

  #known(name: string): Taken | undefined {
    return this.#told.steps.get(this.#path)?.get(name)
  }
}

/** The steps that a retry goes on from: of what it does again, but for what was undone. */
export function stepsLeft({ steps, undone }: Told, reuse: ReadonlyMap<string, unknown>): Steps {
  return new Map([...steps].filter(([path]) => !reuse.has(path) && !undone.has(path.split('/')[0] as string)))
}
