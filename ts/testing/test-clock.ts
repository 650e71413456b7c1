// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The clock that a test moves.

import { dateOf } from '../base/clock.js'
import { readDuration, type Duration } from '../api/duration.js'
import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { FakeClock } from './fake-clock.js'

/** The time of a test kit. It stands still, except that each record takes a microsecond. */
export interface TestClock {
  /** Returns the current time of the orchestrator and the kit. */
  now(): Date
  /**
   * Lets time pass: everything that falls due happens in order, each with its consequences recorded before the next. Resolves when nothing is left to do at
   * the end. Does not wait for agents at work in real time: time passes while they work.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the duration is invalid, or leads past the year 2253.
   */
  advance(duration: Duration): Promise<void>
  /** Lets time pass until the next thing that waits for it happens; resolves with `false` if nothing waits. All within one millisecond happens together. */
  advanceToNext(): Promise<boolean>
  /**
   * Resolves when the time has passed, for agents that wait. A waiting agent does not count as at work.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the duration is invalid.
   */
  sleep(duration: Duration): Promise<void>
}

/** The instants that an engine and a JavaScript number both hold exactly, in milliseconds. */
export const INSTANT_MS_MAX: number = Date.UTC(2254, 0, 1)

/** The clock of a kit over time that is moved. `still` resolves when nothing is left to do at this instant; it rejects once the kit is closed. */
export class KitClock implements TestClock {
  readonly #fake: FakeClock
  readonly #still: () => Promise<void>

  constructor(fake: FakeClock, still: () => Promise<void>) {
    this.#fake = fake
    this.#still = still
  }

  now(): Date {
    return dateOf(this.#fake.now())
  }

  async advance(duration: Duration): Promise<void> {
    const micros = this.#read(duration, 'time cannot be advanced') * 1000
    // What has just been asked for begins now, and its times count from now.
    await this.#still()
    const until = await this.#passTo(this.#fake.now() + micros)
    this.#fake.native.setNow(until)
    await this.#still()
  }

  async advanceToNext(): Promise<boolean> {
    await this.#still()
    const next = this.#fake.next()
    if (next === undefined) return false
    await this.#passTo(Math.floor(next / 1000) * 1000 + 999)
    return true
  }

  async sleep(duration: Duration): Promise<void> {
    await this.#fake.wait(this.#read(duration, 'an agent cannot sleep'))
  }

  /** Lets happen what is due until then. Each record takes a microsecond, so the end is as much later. */
  async #passTo(end: number): Promise<number> {
    let until = end
    for (let next = this.#fake.next(); next !== undefined && next <= until; next = this.#fake.next()) {
      const begun = Math.max(next, this.#fake.now())
      this.#fake.ring()
      await this.#still()
      until += this.#fake.now() - begun
    }
    return until
  }

  #read(duration: unknown, what: string): number {
    const issues: Issue[] = []
    if (typeof duration === 'number' && duration < 0)
      issues.push({ path: 'duration', message: 'must not be negative: time never goes back' })
    const millis = issues.length === 0 ? readDuration(duration, 'duration', issues) : undefined
    if (millis !== undefined && this.#fake.now() / 1000 + millis > INSTANT_MS_MAX)
      issues.push({ path: 'duration', message: 'leads past the year 2253, the last that a journal can hold; begin earlier with `startAt`' })
    if (millis === undefined || issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', what, issues)
    return millis
  }
}
