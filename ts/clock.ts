// SPDX-License-Identifier: LicenseRef-NIA-Proprietary

let origin = performance.timeOrigin * 1000

/** Microseconds since the epoch, whole, from the monotonic clock: the unit of the journal. */
export function now(): number {
  return Math.floor(origin + performance.now() * 1000)
}

/**
 * Moves the clock ahead if it shows less than `micros`: journals of an earlier process are ahead of it, because the clock of the machine was set back.
 * What is recorded from now on is then later than what is there, and no wait is longer than it was meant to be.
 */
export function notBefore(micros: number): void {
  origin += Math.max(0, micros - now())
}

/** The `Date` of an instant of the journal. */
export function dateOf(micros: number): Date {
  return new Date(micros / 1000)
}
