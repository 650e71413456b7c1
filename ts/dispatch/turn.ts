// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One turn of the event loop, as far as it is ours. A chain of agents that answer at once would go on in microtasks forever, and timers and sockets
// starve: so what is done in a turn has a bound. Those are real, so the time is, whatever the clock says.
//
// A run that has had little done in a turn does not wait for the next: else each task of a small one would wait as long as a fan-out beside it takes its turn.

import { real } from '../base/real-time.js'
import type { Run } from '../run/run.js'

/** Answers that may be handed over in microtasks before timers and sockets get their turn. */
const ANSWERS_MAX = 1000
const MS_MAX = 1
/** Steps of one run in one turn that are little: its start, an answer. */
const FEW_STEPS_MAX = 6
/** And of all such runs together: very many that have little to do are much. */
const ALL_STEPS_MAX = 48

export class Turn {
  #open = false
  #since = 0
  #answers = 0
  #number = 0
  #steps = 0

  /** It begins now, if it has not. */
  #begin(): void {
    if (this.#open) return
    this.#open = true
    this.#since = real.elapsed()
    this.#answers = 0
    this.#steps = 0
    this.#number += 1
    real.setImmediate(this.#end)
  }

  /** So many answers are handed over. */
  answered(count: number): void {
    this.#answers += count
  }

  /** Whether what is to be done has to wait for the next. */
  isOver(): boolean {
    this.#begin()
    return this.#answers > ANSWERS_MAX || real.elapsed() - this.#since > MS_MAX
  }

  /** Whether a step of this run need not wait for the next turn though the others do; then it counts. */
  takes(run: Run): boolean {
    this.#begin()
    const { steps } = run
    if (steps.turn !== this.#number) {
      // One that had much to do in the turn before has much to do.
      if (steps.turn !== this.#number - 1 || steps.count < FEW_STEPS_MAX) steps.count = 0
      steps.turn = this.#number
    }
    if (steps.count >= FEW_STEPS_MAX || this.#steps >= ALL_STEPS_MAX) return false
    steps.count += 1
    this.#steps += 1
    return true
  }

  readonly #end = (): void => {
    this.#open = false
  }
}
