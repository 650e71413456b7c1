// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What crosses for calls of models.

import { attempt } from './failures.js'
import { native, type NativeClock, type NativeModels } from './native.js'

/** What one orchestrator asks of models. Texts are JSON, as in `model_driver::ModelDriver`. Every method throws an `OrchestratorError` or nothing. */
export class Models {
  readonly #native: NativeModels

  /** By the clock of a stage the caller waits for `nextDeadline` and then calls `tick`; by one that runs Rust waits. */
  constructor(fallback: readonly string[], seed: number, clock: NativeClock, wake: () => void) {
    this.#native = attempt(() => new native.NativeModels([...fallback], seed, clock, wake))
  }

  /** In microseconds since the epoch; 0: nothing is waited for. */
  nextDeadline(): number {
    return attempt(() => this.#native.nextDeadline())
  }

  tick(): void {
    attempt(() => this.#native.tick())
  }

  waiting(): number[] {
    return attempt(() => this.#native.waiting())
  }

  /** Why it cannot be used, if it cannot: the field to change, and what is wrong with it. */
  addProvider(name: string, provider: string): { readonly field: string; readonly message: string } | undefined {
    const [field, message] = attempt(() => this.#native.addProvider(name, provider))
    return field === undefined || message === undefined ? undefined : { field, message }
  }

  misnamedFallback(): { readonly index: number; readonly message: string }[] {
    return attempt(() => this.#native.misnamedFallback())
  }

  register(model: string): void {
    attempt(() => this.#native.register(model))
  }

  select(requirements: string): string {
    return attempt(() => this.#native.select(requirements))
  }

  /** The request is kept for `call`, which need not bring it when it begins. */
  choose(wanted: string, chat: string, call?: number): string {
    return attempt(() => this.#native.choose(wanted, chat, call))
  }

  known(all: boolean): string {
    return attempt(() => this.#native.known(all))
  }

  setBudget(scope: string, budget: string, spent: string): void {
    attempt(() => this.#native.setBudget(scope, budget, spent))
  }

  /** The budgets that begin anew, as JSON text. */
  budgetWindows(): string {
    return attempt(() => this.#native.budgetWindows())
  }

  /** Takes up what was spent by earlier processes, in the same words. */
  restoreBudgets(windows: string): void {
    attempt(() => this.#native.restoreBudgets(windows))
  }

  forgetBudget(scope: string): void {
    attempt(() => this.#native.forgetBudget(scope))
  }

  /** What a call waits for, as JSON text; null if it has finished. */
  waitOf(call: number): string | null {
    return attempt(() => this.#native.waitOf(call))
  }

  /** Answers the fallbacks that are not asked; empty: there are none. */
  begin(call: number, request: string): string {
    return attempt(() => this.#native.begin(call, request))
  }

  cancel(call: number): void {
    attempt(() => this.#native.cancel(call))
  }

  /** What a provider of the user has answered so far, has answered, or failed with. */
  delivered(call: number, attemptNumber: number, delta: string): void {
    attempt(() => this.#native.delivered(call, attemptNumber, delta))
  }

  answered(call: number, attemptNumber: number, reply: string): void {
    attempt(() => this.#native.answered(call, attemptNumber, reply))
  }

  failed(call: number, attemptNumber: number, failure: string): void {
    attempt(() => this.#native.failed(call, attemptNumber, failure))
  }

  pull(): string {
    return attempt(() => this.#native.pull())
  }
}
