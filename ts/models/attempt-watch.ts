// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long one attempt may take: until the first token, from one token to the next, and in all.

import { dueAt, type Clock } from '../base/clock.js'
import type { AttemptTimes } from '../config/times.js'

/** Watches one attempt of a provider that JavaScript speaks to. */
export class AttemptWatch {
  readonly #clock: Clock
  readonly #times: AttemptTimes
  readonly #late: (error: Error) => void
  readonly #whole: { stop(): void }
  #silence: { stop(): void } | undefined
  /** When the last token came, in microseconds. */
  #heard: number | undefined

  /** `late` is told that it takes too long. */
  constructor(clock: Clock, times: AttemptTimes, stream: boolean, late: (error: Error) => void) {
    this.#clock = clock
    this.#times = times
    this.#late = late
    const whole = stream ? times.stream : times.whole
    this.#whole = this.#in(whole * 1000, () => late(new Error(`no whole answer within ${whole} ms`)))
    if (stream) this.#silence = this.#in(times.firstToken * 1000, () => late(new Error(`no token within ${times.firstToken} ms`)))
  }

  /** A token of a stream has come. */
  heard(): void {
    const isFirst = this.#heard === undefined
    this.#heard = this.#clock.now()
    if (!isFirst || this.#silence === undefined) return
    this.#silence.stop()
    this.#listen(this.#times.betweenTokens * 1000)
  }

  stop(): void {
    this.#whole.stop()
    this.#silence?.stop()
    this.#silence = undefined
  }

  /** One alarm for many tokens: when it comes, it is set again for what is left. */
  #listen(micros: number): void {
    const { betweenTokens } = this.#times
    this.#silence = this.#in(micros, () => {
      const left = (this.#heard ?? 0) + betweenTokens * 1000 - this.#clock.now()
      if (left > 0) this.#listen(left)
      else this.#late(new Error(`nothing for ${betweenTokens} ms after a token`))
    })
  }

  #in(micros: number, then: () => void): { stop(): void } {
    const due = dueAt(this.#clock, this.#clock.now() + micros)
    void due.come.then(then)
    return due
  }
}
