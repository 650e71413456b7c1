// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What passes to the thread of the watchdog: the shapes that both sides of `watchdog.ts` read.

/** What the watchdog is given. */
export interface Watched {
  /** One number: odd while agents are at work, and another after each look at the event loop. */
  readonly beats: Int32Array<SharedArrayBuffer>
  /** After so many milliseconds without a beat the event loop stands still. */
  readonly still: number
  /** What the event loop is to do then. */
  readonly expression: string
}
