// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Figures that Rust makes of what this process remembers.

import { attempt } from './failures.js'
import { native, type NativePeriod } from './native.js'

/** An execution that has ended, as figures are made of it. Instants and times are microseconds. */
export interface EndedExecution {
  readonly status: string
  /** 0 if it never began. */
  readonly started: number
  readonly ended: number
  readonly attempts: number
  readonly tasks: readonly EndedTask[]
}

/** `usage`: input, output, read from a cache, written to one, reasoning. `cost`: nano-dollars. */
export interface EndedTask {
  readonly task: string
  readonly status: string
  readonly attempts: number
  readonly duration?: number
  readonly usage?: readonly number[]
  readonly cost?: number
  readonly calls?: number
  readonly unpriced?: number
}

/** Figures in the making. */
export class PeriodFigures {
  readonly #native: NativePeriod = new native.NativePeriod()

  add(executions: readonly EndedExecution[]): void {
    attempt(() => this.#native.add(JSON.stringify(executions)))
  }

  /** As `analytics::Period::json` writes them. */
  text(): string {
    return attempt(() => this.#native.json())
  }
}
