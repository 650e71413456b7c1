// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The one importer of the generated binding. What crosses is numbers in typed arrays and JSON text; errors get their classes back here.

import { errorOf, type OrchestratorError } from './errors.js'
import { Engine as NativeEngine, readWorkflow } from './native/binding.cjs'
import type {
  NativeBounds,
  NativeFailure,
  NativeLimits,
  NativePlan,
  NativeQuestion as Question,
  NativeStatistics,
  PlanReading,
} from './native/binding.cjs'

export { readWorkflow, type NativePlan, type NativeStatistics, type PlanReading, type Question }

/** The layout of answers and effects, as in `src/words.rs`. */
export const ANSWER_WORDS = 6
export const HEADER_WORDS = 3
export const EFFECT_WORDS = 8

/** The form of an answer. */
export const Form = { completedHeld: 0, completedJson: 1, failed: 2 } as const

/** The kinds of effect, as in `runtime::EffectKind`. */
export const Kind = {
  accepted: 1,
  run: 2,
  abort: 3,
  ended: 4,
  retrying: 5,
  completed: 6,
  failed: 7,
  skipped: 8,
  cancelled: 9,
  cancelling: 10,
  judge: 11,
  started: 12,
  iterated: 13,
  paused: 14,
  resumed: 15,
  waiting: 16,
  opened: 17,
  reused: 18,
  signalled: 19,
} as const

/** Failures by the numbers of the effects that tell of them. */
export type Failures = Readonly<Record<string, { code: string; message: string; details?: Readonly<Record<string, unknown>> }>>

/** An execution that another process left unended. */
export interface Interrupted {
  readonly slot: number
  readonly text: string
}

/** One orchestrator's driver. Every method throws an `OrchestratorError` or nothing. */
export class Engine {
  readonly #native: NativeEngine

  constructor(wake: () => void) {
    this.#native = new NativeEngine(wake)
  }

  openMemory(now: number): void {
    this.#native.openMemory(now)
  }

  /** What is to be continued, and what the clock of the journals shows. */
  async openFile(path: string, durability: string, now: number): Promise<{ interrupted: readonly Interrupted[]; now: number }> {
    const { failure, ...opened } = await this.#native.openFile(path, durability, now)
    if (failure) throw rebuilt(failure)
    return opened
  }

  start(plan: NativePlan, context: string | null, options: string | null, id: string | null): { slot: number; id: string } {
    return this.#try(() => this.#native.start(plan, context, options, id))
  }

  advance(answers: Float64Array, count: number, texts: string | null, out: Float64Array): void {
    try {
      this.#native.advance(answers, count, texts, out)
    } catch (error) {
      throw converted(error)
    }
  }

  pull(now: number, out: Float64Array): void {
    this.#try(() => this.#native.pull(now, out))
  }

  limit(limits: NativeLimits): void {
    this.#try(() => this.#native.limit(limits))
  }

  resume(slot: number): void {
    this.#try(() => this.#native.resume(slot))
  }

  cancel(slot: number, reason: string | null, force: boolean): void {
    this.#try(() => this.#native.cancel(slot, reason, force))
  }

  pause(slot: number): void {
    this.#try(() => this.#native.pause(slot))
  }

  unpause(slot: number, step: boolean): void {
    this.#try(() => this.#native.unpause(slot, step))
  }

  signal(slot: number, name: string, payload: string, path: string | null): void {
    this.#try(() => this.#native.signal(slot, name, payload, path))
  }

  /** The number of the instance of the task that was added. */
  spawn(slot: number, task: number, definition: string): number {
    return this.#try(() => this.#native.spawn(slot, task, definition))
  }

  heartbeat(slot: number, task: number, attempt: number): void {
    this.#try(() => this.#native.heartbeat(slot, task, attempt))
  }

  judged(slot: number, task: number, question: Question, holds: boolean, failure: string | null): void {
    this.#try(() => this.#native.judged(slot, task, question, holds, failure))
  }

  /** `[task in the plan, path, pass, owner, definition if it was spawned]` as JSON text. */
  instance(slot: number, task: number): string | null {
    return this.#try(() => this.#native.instance(slot, task))
  }

  rendered(slot: number, task: number): string | null {
    return this.#try(() => this.#native.rendered(slot, task))
  }

  output(slot: number, task: number): string {
    return this.#try(() => this.#native.output(slot, task))
  }

  /** How an instance has ended, as JSON text; null while it has not. */
  end(slot: number, task: number): string | null {
    return this.#try(() => this.#native.end(slot, task))
  }

  bounds(slot: number): NativeBounds {
    return this.#try(() => this.#native.bounds(slot))
  }

  scope(slot: number, task: number, betweenPasses: boolean): string {
    return this.#try(() => this.#native.scope(slot, task, betweenPasses))
  }

  interrupt(): void {
    this.#try(() => this.#native.interrupt())
  }

  report(slot: number): string {
    return this.#try(() => this.#native.report(slot))
  }

  listen(kinds: number): void {
    this.#native.listen(kinds)
  }

  /** The effects of these kinds from the instant `since`, after the one with the number `after`; -1: all. */
  history(slot: number, kinds: number, since: number, after: number): Float64Array {
    return this.#try(() => this.#native.history(slot, kinds, since, after))
  }

  failure(slot: number, task: number, attempt: number): string | null {
    return this.#try(() => this.#native.failure(slot, task, attempt))
  }

  /** Why each attempt failed that did, as JSON text by the numbers of the effects. */
  failures(slot: number): string {
    return this.#try(() => this.#native.failures(slot))
  }

  release(slot: number): void {
    this.#try(() => this.#native.release(slot))
  }

  isSettled(): boolean {
    return this.#try(() => this.#native.isSettled())
  }

  statistics(): NativeStatistics {
    return this.#try(() => this.#native.statistics())
  }

  async storedExecution(id: string): Promise<string | undefined> {
    const { failure, text } = await this.#native.storedExecution(id)
    if (failure) throw rebuilt(failure)
    return text ?? undefined
  }

  async storedExecutions(filter: string): Promise<string | undefined> {
    const { failure, text } = await this.#native.storedExecutions(filter)
    if (failure) throw rebuilt(failure)
    return text ?? undefined
  }

  /** The effects that a stored execution has had, all of them, and why what failed did, by their numbers. */
  async storedHistory(id: string): Promise<{ words: Float64Array; failures: Failures }> {
    const { failure, text } = await this.#native.storedHistory(id)
    if (failure) throw rebuilt(failure)
    const { words, failures } = JSON.parse(text ?? '{"words":[],"failures":{}}') as { words: number[]; failures: Failures }
    return { words: new Float64Array(words), failures }
  }

  async close(): Promise<void> {
    const failure = await this.#native.close()
    if (failure) throw rebuilt(failure)
  }

  #try<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw converted(error)
    }
  }
}

function converted(error: unknown): OrchestratorError {
  const { code, message, cause } = error as { code?: unknown; message: string; cause?: unknown }
  // What is ours says everything itself; anything else is kept whole.
  const known = typeof code === 'string' && code.startsWith('ERR_')
  return errorOf(String(code), message, { cause: cause ?? (known ? undefined : error) })
}

function rebuilt({ code, message, causes }: NativeFailure): OrchestratorError {
  const cause = causes.reduceRight<Error | undefined>((inner, text) => new Error(text, inner && { cause: inner }), undefined)
  return errorOf(code, message, { cause })
}
