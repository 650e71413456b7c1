// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions whose ids a caller has chosen, by themselves or by an idempotency key. Whoever wants an id looks whether it is free and then begins, and
// that is done one after the other: two calls at once would both find it free, and the store refuses an id it has.

import type { Past } from './ended-executions.js'
import { ConflictError } from './errors.js'
import { idOf, isOver } from './idempotency.js'
import type { LiveRuns } from './live-runs.js'
import type { Started } from './outcome.js'
import type { Run } from './run.js'

/** An idempotency key, and what calls with it would do. */
export interface Key {
  readonly key: string
  readonly workflowId: string
  readonly tenant: string | undefined
  readonly fingerprint: string
  /** Whether an execution that ended badly gives way to a new one. */
  readonly rerunFailed: boolean
}

export class ChosenIds {
  readonly #live: LiveRuns
  readonly #past: (id: string) => Promise<Past | undefined>
  readonly #now: () => number
  readonly #last = new Map<string, Promise<unknown>>()

  /** `past` finds an execution that has ended; `now` is in milliseconds. */
  constructor(live: LiveRuns, past: (id: string) => Promise<Past | undefined>, now: () => number) {
    this.#live = live
    this.#past = past
    this.#now = now
  }

  /** Begins an execution with this id, if nobody has it. */
  begin(id: string, begin: () => Run): Promise<Run> {
    return this.#inTurn(id, async () => {
      if (!this.#live.has(id) && (await this.#past(id)) === undefined) return begin()
      throw new ConflictError('ERR_EXECUTION_EXISTS', `there is an execution \`${id}\`; choose another executionId`, { executionId: id })
    })
  }

  /** The execution that a key stands for: one that is there, or a new one. `joined`: it was there. */
  beginOnce(given: Key, begin: (id: string) => Run): Promise<Started & { joined: boolean }> {
    const { key, workflowId, tenant, fingerprint, rerunFailed } = given
    return this.#inTurn(idOf(key, workflowId, tenant, 1), async () => {
      for (let generation = 1; ; generation += 1) {
        const id = idOf(key, workflowId, tenant, generation)
        const run = this.#live.get(id)
        const past = run === undefined ? await this.#past(id) : undefined
        if (run === undefined && past === undefined) return { run: begin(id), joined: false }
        const execution = run === undefined ? past?.execution : run.execution
        if (execution !== undefined && isOver(execution, rerunFailed, this.#now())) continue
        if ((run?.options ?? past?.options ?? {})['fingerprint'] !== fingerprint) {
          const message = `idempotencyKey \`${key}\` stands for another definition or context of workflow \`${workflowId}\``
          throw new ConflictError('ERR_IDEMPOTENCY_MISMATCH', message, { executionId: id })
        }
        return run === undefined ? { past: past as Past, joined: true } : { run, joined: true }
      }
    })
  }

  /** Does `work` when everything that was asked for under this id before is done, well or not. */
  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(id) ?? Promise.resolve()).then(work)
    const done = turn.then(nothing, nothing)
    this.#last.set(id, done)
    try {
      return await turn
    } finally {
      if (this.#last.get(id) === done) this.#last.delete(id)
    }
  }
}

function nothing(): void {}
