// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The events of one execution as a sequence that can be taken up anywhere: those on record, then those to come.

import type { EventName } from './events.js'
import { EFFECT_WORDS } from './native.js'
import type { Run } from './run.js'
import type { TaskErrorInfo, TaskExecution } from './workflow.js'

/** One event of an execution. */
export interface ExecutionEvent {
  /** Its number in the execution, from 1 without gaps. */
  readonly seq: number
  readonly type: EventName
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
  history(run: Run): Float64Array
  describe(run: Run, words: Float64Array): readonly Omit<ExecutionEvent, 'seq'>[]
}

/** The events of a live run after the one with the number `after`. */
export async function* followEvents(run: Run, source: EventSource, after: number): AsyncGenerator<ExecutionEvent, void, undefined> {
  let delivered = after
  run.followers += 1
  try {
    for (;;) {
      const stirred = run.stirred()
      const over = run.execution !== undefined
      for (const event of eventsIn(run, source.history(run), source, delivered)) {
        delivered = event.seq
        yield event
      }
      if (over) return
      if (run.lost !== undefined) throw run.lost
      await stirred
    }
  } finally {
    run.followers -= 1
  }
}

/** The events in a history after the one with the number `after`. */
export function* eventsIn(run: Run, words: Float64Array, source: EventSource, after: number): Iterable<ExecutionEvent> {
  let seq = 0
  for (let at = 0; at < words.length; at += EFFECT_WORDS) {
    for (const event of source.describe(run, words.subarray(at, at + EFFECT_WORDS))) {
      seq += 1
      if (seq > after) yield { seq, ...event }
    }
  }
}
