// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Figures that Rust makes of what this process remembers.

import { attempt } from './failures.js'
import { native } from './native.js'

type NativeRule = InstanceType<typeof native.NativeRule>

/** What a reading led to. */
export type Reading = ReturnType<NativeRule['observe']>

/** An execution that has ended, as figures are made of it. Instants and times are microseconds. */
export interface EndedExecution {
  readonly status: string
  /** 0 if it never began. */
  readonly started: number
  readonly ended: number
  readonly attempts: number
  /** Nano-dollars, executions below it included, as far as prices are known; and calls of which one is not. */
  readonly cost: number
  readonly unpriced: number
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
  readonly #native = new native.NativePeriod()

  add(executions: readonly EndedExecution[]): void {
    attempt(() => this.#native.add(JSON.stringify(executions)))
  }

  /** As `analytics::Period::json` writes them. */
  text(): string {
    return attempt(() => this.#native.json())
  }
}

/** A rule of an alert, and where that is: see `analytics::alerting`. Instants are microseconds. */
export class AlertRule {
  readonly #native: NativeRule

  /** Both JSON text; `kept`: its state in an earlier process. */
  constructor(rule: string, kept: string | undefined) {
    this.#native = attempt(() => new native.NativeRule(rule, kept))
  }

  observe(now: number, value: number | undefined): Reading {
    return attempt(() => this.#native.observe(now, value))
  }

  /** Of ends since the beginning, and those of them that were bad. */
  observeEnds(now: number, ended: number, failed: number): Reading {
    return attempt(() => this.#native.observeEnds(now, ended, failed))
  }

  /** As JSON text. */
  state(): string {
    return attempt(() => this.#native.state())
  }
}

/** What a message has in common with others of its kind. */
export const fingerprint: (message: string) => string = native.fingerprint

/** The cores that this process may use at once. */
export const usableCores: () => number = native.usableCores

/** A definition with a change, both JSON text; see `runtime::traces::changed`. */
export function changedDefinition(asked: string): string {
  return attempt(() => native.changedDefinition(asked))
}
