// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long one attempt may take: until the first token, from one token to the next, and in all.

import { duration, readGroup, type Fields } from '../base/reader.js'
import { dueAt, type Clock } from '../base/clock.js'
import type { Issue } from '../api/issue.js'
import { readDuration } from '../api/duration.js'
import type { AttemptTimeouts } from '../api/models.js'

/** As the addon takes it: milliseconds, and a stream's whole beside that of an answer that comes at once. */
export interface AttemptTimes {
  readonly firstToken: number
  readonly betweenTokens: number
  readonly whole: number
  readonly stream: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

export const ATTEMPT_TIMES: AttemptTimes = { firstToken: 5 * MINUTE, betweenTokens: 2 * MINUTE, whole: 10 * MINUTE, stream: 60 * MINUTE }

const fields: Fields<{ [K in keyof AttemptTimeouts]-?: number }> = {
  read: { firstToken: duration, betweenTokens: duration, whole: duration },
}

/** A duration alone bounds how long nothing may come; of what comes at once that is all of it. */
export function readTimes(value: unknown, path: string, issues: Issue[]): AttemptTimes | undefined {
  if (typeof value === 'object' && value !== null) {
    const { whole, ...rest } = readGroup<Partial<AttemptTimes>>(value, path, issues, fields as Fields<Partial<AttemptTimes>>, {})
    return { ...ATTEMPT_TIMES, ...rest, ...(whole !== undefined && { whole, stream: whole }) }
  }
  const silence = readDuration(value, path, issues)
  if (silence === undefined) return undefined
  return { ...ATTEMPT_TIMES, firstToken: silence, betweenTokens: silence, whole: silence }
}

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
