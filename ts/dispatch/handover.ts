// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// When the engine gets what it is told, and who goes first. What many runs have answered is handed over together, once in each microtask drain; when that
// has taken its part of a turn of the event loop, it waits for the next. Runs with little to do do not: else each task of a small one would wait a turn for
// a fan-out beside it.

import { Answers } from '../boundary/answers.js'
import { real } from '../base/real-time.js'
import type { Run } from '../run/run.js'
import { Turn } from './turn.js'

export class Handover {
  readonly #turn = new Turn()
  /** Answers, and those of runs with little to do while the others wait for the next turn. */
  readonly #answers = new Answers()
  readonly #few = new Answers()
  readonly #give: (answers: Answers, few: boolean) => void
  #scheduled = false
  /** Whether what is scheduled waits for the next turn. */
  #waits = false
  #hurried = false
  /** Counts those of the many. */
  #number = 1

  /** `give` hands answers to the engine; `few`: only what they lead to is wanted at once. */
  constructor(give: (answers: Answers, few: boolean) => void) {
    this.#give = give
  }

  /** Whether something is to be handed over. */
  get isDue(): boolean {
    return this.#scheduled || this.#hurried
  }

  /** Soon; at once if that is about a `run` with little to do. */
  schedule(run?: Run): void {
    if (!this.#scheduled) {
      this.#scheduled = true
      this.#waits = this.#turn.isOver()
      if (this.#waits) real.setImmediate(this.#all)
      else real.queueMicrotask(this.#all)
    }
    if (this.#waits && run !== undefined && this.#turn.takes(run)) this.#hurry()
  }

  /** Where an answer of a run is to be added now; it is handed over with what else is there. */
  answersOf(run: Run): Answers {
    // One that waits is not overtaken by another of its run.
    if (this.#waits && run.handover !== this.#number && this.#turn.takes(run)) {
      this.#hurry()
      return this.#few
    }
    run.handover = this.#number
    this.schedule()
    return this.#answers
  }

  /** What came while the engine was at it; `more`: it has not told everything. */
  goOn(more: boolean): void {
    if (this.#few.count > 0) this.#hurry()
    if (more || this.#answers.count > 0) this.schedule()
  }

  #hurry(): void {
    if (this.#hurried) return
    this.#hurried = true
    real.queueMicrotask(this.#soon)
  }

  readonly #all = (): void => {
    this.#scheduled = false
    this.#waits = false
    this.#number += 1
    this.#turn.answered(this.#answers.count)
    this.#give(this.#answers, false)
  }

  readonly #soon = (): void => {
    this.#hurried = false
    this.#turn.answered(this.#few.count)
    this.#give(this.#few, true)
  }
}
