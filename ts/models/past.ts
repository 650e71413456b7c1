// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an attempt had chosen and was answered before its process ended: it makes the same choices again, and pays for no answer twice.

import { createHash } from 'node:crypto'
import type { Json } from '../json/json.js'
import type { ModelAccount, ModelCall } from './account.js'
import type { Ended, Sent, Usage } from './calls.js'
import type { TaskModelCall } from '../api/execution.js'
import { resultOf } from './result.js'
import type { GenerateResult } from '../api/models.js'

type Done = Extract<Ended, { type: 'done' }>

/** What an attempt has asked so far: how often each request, and which of its choices on record have been taken up. */
interface Progress {
  readonly asked: Map<string, number>
  readonly taken: Set<number>
}

const progress = new WeakMap<ModelAccount, Progress>()

/** A choice as it is recorded, with prints of what was wanted of the model and of the whole request. */
type Recorded = { readonly [field: string]: Json } & { readonly wanted: string; readonly asked: string }

/**
 * One call of an attempt. When it runs again, it is known by a print of its request, and how many like it came before: calls that run side by
 * side need not come in the order they did, and an agent whose requests are others is given no answer to these.
 */
export class CallOfAttempt {
  readonly #account: ModelAccount
  readonly #progress: Progress
  readonly #wanted: string
  readonly #asked: string
  readonly #nth: number
  #resumed = false

  /** `wanted` and `chat` as they are sent. */
  constructor(account: ModelAccount, wanted: string, chat: string) {
    this.#account = account
    this.#progress = progress.get(account) ?? { asked: new Map(), taken: new Set() }
    progress.set(account, this.#progress)
    this.#wanted = printOf(wanted)
    this.#asked = printOf(wanted, chat)
    this.#nth = this.#progress.asked.get(this.#asked) ?? 0
    this.#progress.asked.set(this.#asked, this.#nth + 1)
  }

  /** Who may answer: as it was recorded, or by `choose` and recorded before anything is sent. */
  async choose(choose: () => Json): Promise<Json> {
    this.#account.assertUnderWay()
    const before = this.#chosen()
    if (before !== undefined) return before
    const choice = choose()
    await this.#account.choose({ ...(choice as object), wanted: this.#wanted, asked: this.#asked })
    return choice
  }

  /** The choice for this very request; for one that is worded in another way now, that of the next for which the same was wanted. */
  #chosen(): Json | undefined {
    const choices = this.#account.choices as readonly Recorded[]
    const { taken } = this.#progress
    const free = (fits: (choice: Recorded) => boolean): number => choices.findIndex((choice, place) => !taken.has(place) && fits(choice))
    let place = free(({ asked }) => asked === this.#asked)
    // Who goes on from steps does not ask again what is answered: that choice is not this request's.
    const isOver = (asked: string): boolean =>
      this.#account.goesOn === true && (this.#account.calls as readonly ModelCall[]).some((call) => call['asked'] === asked)
    if (place < 0) place = free(({ wanted, asked }) => wanted === this.#wanted && !isOver(asked))
    if (place < 0) return undefined
    taken.add(place)
    this.#resumed = true
    const { wanted: _wanted, asked: _asked, ...choice } = choices[place] as Recorded
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
      asked: this.#asked,
      nth: this.#nth,
      ...(end.type === 'done' ? paidFor(end, this.#account.lasts) : failed(end)),
      ...this.#interruption(),
    })
  }

  #recorded(): ModelCall | undefined {
    return (this.#account.calls as readonly ModelCall[]).findLast((call) => call['asked'] === this.#asked && call['nth'] === this.#nth)
  }

  /** A choice without its call: the process ended in the middle of one, and nobody knows what that cost. */
  #interruption(): Partial<ModelCall> {
    const interrupted = this.#resumed && this.#recorded() === undefined
    return interrupted ? { interrupted, costComplete: false } : {}
  }
}

function printOf(...texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, 32)
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
    finishReason: end.reply.finishReason,
    ...triedIn(attempts),
    ...(lasts && { end }),
  }
}

/** The requests before the last, and why none of them brought the answer. */
function triedIn(attempts: readonly Sent[]): Pick<TaskModelCall, 'tried'> {
  const tried = attempts.slice(0, -1).map(({ provider, model, failure = 'network' }) => ({
    provider,
    model,
    failure: failure === 'aborted' ? 'network' : failure,
  }))
  return tried.length === 0 ? {} : { tried }
}

/** What a failed call is known to have cost; that it was made counts. */
function failed({ attempts, class: failure, usage, cost }: Extract<Ended, { type: 'failed' }>): ModelCall {
  const last = attempts.at(-1)
  // One that was cut off may have to be paid for.
  const costComplete = cost.complete && last?.failure !== 'aborted'
  return {
    ...(last !== undefined && { provider: last.provider, model: last.model }),
    requests: attempts.length,
    ...triedIn(attempts),
    failure,
    usage: summed(usage),
    costNanos: cost.nanos,
    costComplete,
  }
}

function summed({
  inputTokens,
  outputTokens,
  cacheReadTokens,
  cacheWriteTokens,
  cacheWriteHourTokens,
  reasoningTokens,
}: Usage): ModelCall['usage'] {
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens: cacheWriteTokens + cacheWriteHourTokens, reasoningTokens }
}
