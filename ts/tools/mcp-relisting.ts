// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// When a server that says its tools are others is asked for them again: at once, one list at a time, and less often the more often it says so.
//
//   idle ─▶ listing ─▶ idle
//             └─ said again meanwhile ─▶ waiting ─▶ listing

import { dueAt, type Clock } from '../base/clock.js'

/** Between two lists that follow each other. A server that says so whenever it is asked would be asked for ever. */
const PAUSE_MS_MIN = 100
const PAUSE_MS_MAX = 10_000

export class Relisting {
  readonly #clock: Clock
  readonly #list: () => Promise<void>
  /** It said so since the last list began. */
  #stale = false
  #busy = false
  #pause = PAUSE_MS_MIN
  /** When the last list ended, by the clock. */
  #ended = -Infinity
  #stop: (() => void) | undefined
  #stopped = false

  /** `list` takes what the server has; it never rejects. */
  constructor(clock: Clock, list: () => Promise<void>) {
    this.#clock = clock
    this.#list = list
  }

  changed(): void {
    this.#stale = true
    if (!this.#busy) void this.#run()
  }

  stop(): void {
    this.#stopped = true
    this.#stop?.()
  }

  async #run(): Promise<void> {
    this.#busy = true
    while (this.#stale && !this.#stopped) {
      await this.#rested()
      this.#stale = false
      await this.#list()
      this.#ended = this.#clock.now()
    }
    this.#busy = false
  }

  /** Waits until the server may be asked again. */
  async #rested(): Promise<void> {
    const since = (this.#clock.now() - this.#ended) / 1000
    if (since >= PAUSE_MS_MAX) {
      this.#pause = PAUSE_MS_MIN
      return
    }
    const at = this.#ended + this.#pause * 1000
    this.#pause = Math.min(this.#pause * 2, PAUSE_MS_MAX)
    if (at <= this.#clock.now()) return
    const due = dueAt(this.#clock, at)
    this.#stop = () => due.stop()
    await due.come
  }
}
