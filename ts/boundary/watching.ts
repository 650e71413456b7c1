// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a watcher of all executions asks of the engine.

import { attempt } from './failures.js'

/** That part of the engine in Rust. */
interface NativeWatching {
  atWork(now: number, least: number): number[]
  taskEnds(): number[]
  counts(): string | null
  factsBehind(): number | null
  keepAlert(name: string, state?: string | null): void
  keptAlerts(): string
}

export class Watching {
  readonly #native: NativeWatching

  constructor(native: NativeWatching) {
    this.#native = native
  }

  /** The slots of executions that have been at work for so many milliseconds, and their times in microseconds. */
  atWork(now: number, least: number): [number, number][] {
    const found = attempt(() => this.#native.atWork(now, least))
    return Array.from({ length: found.length / 2 }, (_, place) => [found[2 * place] ?? 0, found[2 * place + 1] ?? 0])
  }

  /** How many tasks have completed or failed, and how many of them failed. */
  taskEnds(): [number, number] {
    return attempt(() => this.#native.taskEnds()) as [number, number]
  }

  /** How executions and tasks have gone, as JSON text; `undefined`: it is not counted. */
  counts(): string | undefined {
    return attempt(() => this.#native.counts()) ?? undefined
  }

  /** How many records summaries and figures lack; `undefined`: they are not made. */
  factsBehind(): number | undefined {
    return attempt(() => this.#native.factsBehind()) ?? undefined
  }

  /** Keeps the state of an alert beside the store, if there is one; null: forgets it. */
  keepAlert(name: string, state: string | null): void {
    attempt(() => this.#native.keepAlert(name, state))
  }

  /** The names and states that were kept. */
  keptAlerts(): [string, string][] {
    return JSON.parse(attempt(() => this.#native.keptAlerts())) as [string, string][]
  }
}
