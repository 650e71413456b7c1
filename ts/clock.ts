// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where time comes from. An orchestrator has the clock of the system; one that the test kit makes has another.

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

let origin = performance.timeOrigin * 1000

/** The longest delay a Node timer takes. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1

/** Microseconds since the epoch, whole, from the monotonic clock. */
export function now(): number {
  return Math.floor(origin + performance.now() * 1000)
}

/**
 * Moves the clock ahead if it shows less than `micros`: journals of an earlier process are ahead of it, because the clock of the machine was set back.
 * What is recorded from now on is then later than what is there, and no wait is longer than it was meant to be.
 */
function notBefore(micros: number): void {
  origin += Math.max(0, micros - now())
}

/** The time of the system, and its timers. */
export const systemClock: Clock = { now, notBefore, alarm: (wake) => new SystemAlarm(wake) }

class SystemAlarm implements Alarm {
  readonly #wake: () => void
  #timer: NodeJS.Timeout | undefined
  #at = Infinity

  constructor(wake: () => void) {
    this.#wake = wake
  }

  // A timer that is early costs less than one that is made anew after each answer.
  set(at: number): void {
    if (at === 0 || at >= this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    // Node's timers are whole milliseconds and may fire a little early; one more makes sure that it is due.
    const delay = Math.min(Math.max(Math.ceil((at - now()) / 1000) + 1, 1), TIMER_MS_MAX)
    this.#timer = setTimeout(() => {
      this.#at = Infinity
      this.#wake()
    }, delay).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#at = -Infinity
  }
}

/** The `Date` of an instant of the journal. */
export function dateOf(micros: number): Date {
  return new Date(micros / 1000)
}
