// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What processor time went into.

import type { AlertRule } from './alert.js'

/** What the thread of JavaScript was at for five seconds: its stack was looked at each millisecond. */
export interface CpuProfile {
  /** Its name, and that of its file beside the store. */
  readonly id: string
  readonly startedAt: Date
  /** How long it is, in milliseconds. */
  readonly duration: number
  /** The rule of the alert that it was taken for. */
  readonly rule: AlertRule
  readonly alertId: string
  /** The functions that took the most time themselves, the most first, at most 10. */
  readonly functions: readonly ProfiledFunction[]
  /**
   * Resolves with the whole of it as JSON text: the form of `.cpuprofile` files, which the developer tools of browsers and editors open.
   * @throws {StoreError} `ERR_STORE_READ` if its file cannot be read, or is gone.
   */
  read(): Promise<string>
}

/** A function in a CPU profile. */
export interface ProfiledFunction {
  /** Its name; `(anonymous)` if it has none, `(garbage collector)` for that. */
  readonly functionName: string
  /** Its file and line, `''` where it has none. */
  readonly where: string
  /** How much of the profile it took itself, what it called left out, in per cent. */
  readonly share: number
}
