// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The events of one execution as a sequence that can be taken up anywhere: those on record, then those to come.

import { EFFECT_WORDS, ExecutionEffect, ExecutionKind } from '../boundary/native.js'
import type { Failures, History } from '../boundary/shapes.js'
import type { Run } from '../run/run.js'
import type { TaskErrorInfo, TaskExecution } from '../api/execution.js'
import type { ExecutionEventName } from '../api/events.js'

/** One event of an execution. */
export interface ExecutionEvent {
  /** Its number in the execution, from 1 without gaps. */
  readonly seq: number
  readonly type: ExecutionEventName
  /** When it was recorded. */
  readonly at: Date
  readonly executionId: string
  /** The task as it was then, on `task:*`. */
  readonly task?: TaskExecution
  /** On `task:failed` and `task:retrying`. */
  readonly error?: TaskErrorInfo
}

/** Reads what is on record of a run, and tells an effect as the events it is announced as. */
export interface EventSource {
  /** The effects of a run after the one with this number; -1: all. */
  history(run: Run, after: number): History | Promise<History>
  /** One more follows a run, or one less: while there is any, all that happens is told, whoever listens. */
  follow(change: 1 | -1): void
  /** `failures`: why what failed in it did, by the numbers of the effects. */
  describe(run: Run, effect: ExecutionEffect, failures: Failures): readonly Omit<ExecutionEvent, 'seq'>[]
}

/** Tells effects. */
type Telling = Pick<EventSource, 'describe'>

/** The events of a live run after the one with the number `after`. */
export async function* followEvents(run: Run, source: EventSource, after: number): AsyncGenerator<ExecutionEvent, void, undefined> {
  const reader = new Reader(run, source, after)
  run.followers += 1
  source.follow(1)
  try {
    for (;;) {
      const stirred = run.stirred()
      const over = run.execution !== undefined
      yield* reader.read(await source.history(run, reader.number))
      if (over) return
      if (run.lost !== undefined) throw run.lost
      await stirred
    }
  } finally {
    run.followers -= 1
    source.follow(-1)
  }
}

/** The events in a whole history after the one with the number `after`. */
export function eventsIn(run: Run, history: History, source: Telling, after: number): Iterable<ExecutionEvent> {
  return new Reader(run, source, after).read(history)
}

/** Reads a history piece by piece, as it grows: each piece once. */
class Reader {
  /** The number of the last effect that was read. */
  number = -1
  readonly #run: Run
  readonly #source: Telling
  readonly #after: number
  #seq = 0
  /** The tasks that have been announced as started: in a piece it cannot be seen that an attempt was interrupted before. */
  readonly #started = new Set<number>()

  constructor(run: Run, source: Telling, after: number) {
    this.#run = run
    this.#source = source
    this.#after = after
  }

  *read({ words, failures }: History): Generator<ExecutionEvent, void, undefined> {
    for (let place = 0; place < words.length; place += EFFECT_WORDS) {
      const effect = new ExecutionEffect(words, place)
      this.number = effect.number
      // Tasks have other numbers from there on.
      if (effect.kind === ExecutionKind.moved) this.#started.clear()
      for (const event of this.#source.describe(this.#run, effect, failures)) {
        if (effect.kind === ExecutionKind.run) {
          if (this.#started.has(effect.task)) continue
          this.#started.add(effect.task)
        }
        this.#seq += 1
        if (this.#seq > this.#after) yield { seq: this.#seq, ...event }
      }
    }
  }
}
