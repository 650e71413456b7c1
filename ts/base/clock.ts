// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where time comes from. An orchestrator has the clock of the system; one that the test kit makes has another.

import { real } from './real-time.js'

/** What an orchestrator takes its time from. */
export interface Clock {
  /** Microseconds since the epoch, whole: the unit of the journal. */
  now(): number
  /** Moves it ahead if it shows less than `micros`: it never goes back in what is recorded. */
  notBefore(micros: number): void
  /** Something that calls `wake` when a time has come. It keeps no process alive. */
  alarm(wake: () => void): Alarm
}

/** Rings once for each time it is set to. */
export interface Alarm {
  /**
   * When to ring next, in microseconds since the epoch; 0 if there is nothing to ring for. Whoever is woken asks the clock: it may ring
   * for a time that was set before, and weeks before one that is far off.
   */
  set(at: number): void
  /** Never rings again. */
  stop(): void
}

/** The longest delay a Node timer takes. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1

/** The time of the system, and its timers, for one orchestrator: moving it moves no other. */
export class SystemClock implements Clock {
  /** What it showed, in microseconds since the epoch, when the monotonic clock of the process was at zero. */
  #origin = real.origin * 1000

  now(): number {
    return Math.floor(this.#origin + real.elapsed() * 1000)
  }

  /**
   * Journals of an earlier process may be ahead of the clock, because that of the machine was set back. What is recorded from now on is then later
   * than what is there, and no wait is longer than it was meant to be.
   */
  notBefore(micros: number): void {
    this.#origin += Math.max(0, micros - this.now())
  }

  alarm(wake: () => void): Alarm {
    return new SystemAlarm(this, wake)
  }
}

class SystemAlarm implements Alarm {
  readonly #clock: Clock
  readonly #wake: () => void
  #timer: NodeJS.Timeout | undefined
  #at = Infinity

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock
    this.#wake = wake
  }

  // A timer that is early costs less than one that is made anew after each answer.
  set(at: number): void {
    if (at === 0 || at >= this.#at) return
    real.clearTimeout(this.#timer)
    this.#at = at
    // Node's timers are whole milliseconds and may fire a little early; one more makes sure that it is due.
    const delay = Math.min(Math.max(Math.ceil((at - this.#clock.now()) / 1000) + 1, 1), TIMER_MS_MAX)
    this.#timer = real
      .setTimeout(() => {
        this.#at = Infinity
        this.#wake()
      }, delay)
      .unref()
  }

  stop(): void {
    real.clearTimeout(this.#timer)
    this.#at = -Infinity
  }
}

/** The `Date` of an instant of the journal. */
export function dateOf(micros: number): Date {
  return new Date(micros / 1000)
}

/** `come` resolves when a clock shows `at`, in microseconds since the epoch; if that is no instant, never. `stop` lets go of the clock. */
export function dueAt(clock: Clock, at: number): { readonly come: Promise<void>; stop(): void } {
  let come = (): void => {}
  const promise = new Promise<void>((resolve) => {
    come = resolve
  })
  const alarm = clock.alarm(() => (clock.now() < at ? alarm.set(at) : come()))
  if (Number.isFinite(at)) alarm.set(at)
  return { come: promise, stop: () => alarm.stop() }
}
