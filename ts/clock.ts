// SPDX-License-Identifier: LicenseRef-NIA-Proprietary

const origin = performance.timeOrigin * 1000

/** Microseconds since the epoch, whole, from the monotonic clock: the unit of the journal. */
export function now(): number {
  return Math.floor(origin + performance.now() * 1000)
}

/** The `Date` of an instant of the journal. */
export function dateOf(micros: number): Date {
  return new Date(micros / 1000)
}
