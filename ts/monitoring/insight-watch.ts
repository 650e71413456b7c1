// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Looks for recommendations as executions end, and measures those that were applied: for listeners of `'insight'` and `'insight:outcome'`.

import type { EventEmitter } from 'node:events'
import type { Recommendation } from '../api/insight.js'
import { messageOf } from '../failure/failure.js'
import { emitSafely } from '../log/emit.js'
import type { Log } from '../log/log.js'
import type { Advice } from './advice.js'
import type { Promises } from './promises.js'

/** Ends of a workflow between two looks: at first, and at most. In between it is as many as there were. */
const ENDS_MIN = 20
const ENDS_MAX = 1000
/** The same while something is to be measured. */
const ENDS_OPEN = 10
/** Workflows that are counted. */
const WORKFLOWS_MAX = 1000

/** What it needs of the orchestrator. */
interface WatchHost {
  readonly log: Log
  /** What announces insights. */
  readonly emitters: readonly EventEmitter[]
}

export class InsightWatch {
  readonly #host: WatchHost
  readonly #advice: Advice
  readonly #promises: Promises
  /** Ends of each workflow, and at how many it is looked at next. */
  readonly #ends = new Map<string, { ends: number; next: number }>()
  readonly #looking = new Set<string>()

  constructor(host: WatchHost, advice: Advice, promises: Promises) {
    this.#host = host
    this.#advice = advice
    this.#promises = promises
  }

  /** An execution of a workflow has ended. */
  ended(workflowId: string): void {
    const known = this.#ends.get(workflowId)
    if (known === undefined) {
      if (this.#ends.size >= WORKFLOWS_MAX) this.#ends.clear()
      this.#ends.set(workflowId, { ends: 1, next: ENDS_MIN })
      return
    }
    known.ends += 1
    if (known.ends < known.next) return
    const isHeard = this.#hears('insight')
    const isOpen = this.#promises.areOpen(workflowId)
    known.next = known.ends + (isOpen ? ENDS_OPEN : Math.min(known.ends, ENDS_MAX))
    if ((!isHeard && !isOpen) || this.#looking.has(workflowId)) return
    this.#looking.add(workflowId)
    void this.#look(workflowId, isHeard).finally(() => this.#looking.delete(workflowId))
  }

  #hears(event: string): boolean {
    return this.#host.emitters.some((emitter) => emitter.listenerCount(event) > 0)
  }

  async #look(workflowId: string, isHeard: boolean): Promise<void> {
    try {
      for (const insight of await this.#promises.measure(workflowId)) this.#announce('insight:outcome', insight)
      if (!isHeard) return
      const isNew = await this.#advice.unseen({ workflowId })
      for (const insight of isNew) this.#announce('insight', insight)
    } catch (error) {
      const message = `insights of workflow \`${workflowId}\` could not be looked for: ${messageOf(error)}`
      this.#host.log.warnOnce({ event: 'insight:failed', workflowId }, message, `insight:failed ${workflowId}`)
    }
  }

  #announce(event: 'insight' | 'insight:outcome', insight: Recommendation): void {
    for (const emitter of this.#host.emitters) emitSafely(this.#host.log, emitter, event, [insight])
  }
}
