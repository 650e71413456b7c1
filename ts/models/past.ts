// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an attempt had chosen and was answered before its process ended: it makes the same choices again, and pays for no answer twice.

import { createHash } from 'node:crypto'
import type { Json } from '../json.js'
import type { ModelAccount, ModelCall } from '../model-account.js'
import type { Ended, Usage } from './calls.js'
import { resultOf } from './result.js'
import type { GenerateResult } from './types.js'

type Done = Extract<Ended, { type: 'done' }>

/** How many calls each attempt has made. */
const made = new WeakMap<ModelAccount, number>()

/** One call of an attempt: the how manieth, and a print of what it asks. An agent whose requests differ when it runs again is not given an answer to another. */
export class CallOfAttempt {
  readonly #account: ModelAccount
  readonly #place: number
  readonly #asked: string

  /** `wanted` and `chat` as they are sent. */
  constructor(account: ModelAccount, wanted: string, chat: string) {
    this.#account = account
    this.#place = made.get(account) ?? 0
    this.#asked = createHash('sha256').update(JSON.stringify([wanted, chat])).digest('hex').slice(0, 32)
  }

  /** Who may answer: as it was recorded, or by `choose` and recorded before anything is sent. One that finds nobody takes no place. */
  async choose(choose: () => Json): Promise<Json> {
    const before = this.#account.choices[this.#place]
    const choice = before ?? choose()
    made.set(this.#account, this.#place + 1)
    if (before === undefined) await this.#account.choose(choice)
    return choice
  }

  /** The answer that is on record. */
  answered(): GenerateResult | undefined {
    const end = this.#recorded()?.['end'] as Done | undefined
    return end === undefined ? undefined : resultOf(end)
  }

  /** Puts its end on record; with the answer, if that can be needed again. */
  ended(end: Ended): void {
    this.#account.called({
      place: this.#place,
      asked: this.#asked,
      ...(end.type === 'done' ? paidFor(end, this.#account.lasts) : failed(end)),
      ...this.#interruption(),
    })
  }

  #recorded(): ModelCall | undefined {
    return (this.#account.calls as readonly ModelCall[]).findLast((call) => call['place'] === this.#place && call['asked'] === this.#asked)
  }

  /** A choice without its call: the process ended in the middle of one, and nobody knows what that cost. */
  #interruption(): Partial<ModelCall> {
    const interrupted = this.#account.choices[this.#place] !== undefined && this.#recorded() === undefined
    return interrupted ? { interrupted, costComplete: false } : {}
  }
}

function paidFor(end: Done, lasts: boolean): ModelCall {
  const { provider, model, cost, attempts } = end
  return {
    provider,
    model,
    usage: summed(end.reply.usage),
    costNanos: cost.nanos,
    costComplete: cost.complete,
    requests: attempts.length,
    ...(lasts && { end }),
  }
}

/** What a failed call cost nobody says; that it was made counts. */
function failed({ attempts, class: failure, partial }: Extract<Ended, { type: 'failed' }>): ModelCall {
  const last = attempts.at(-1)
  // One that was cut off may have to be paid for.
  const costComplete = partial === null && last?.failure !== 'aborted'
  return { ...(last !== undefined && { provider: last.provider, model: last.model }), requests: attempts.length, failure, costComplete }
}

function summed({ inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, cacheWriteHourTokens, reasoningTokens }: Usage): ModelCall['usage'] {
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens: cacheWriteTokens + cacheWriteHourTokens, reasoningTokens }
}
