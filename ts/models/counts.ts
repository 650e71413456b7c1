// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What calls of models have come to since the orchestrator was made, by model.

/** Models that are told apart; the others are counted together. */
const MODELS_MAX = 200

/** What is counted of a model. */
export interface ModelCount {
  readonly provider: string
  readonly model: string
  /** Calls that were answered, and those that failed. */
  done: number
  failed: number
  /** Requests that were sent for them. */
  requests: number
  readonly usage: Record<'inputTokens' | 'outputTokens' | 'cacheReadTokens' | 'cacheWriteTokens' | 'reasoningTokens', number>
  /** Nano-dollars. */
  costNanos: number
  /** Calls whose price is not known. */
  unpriced: number
  /** Milliseconds that the requests took. */
  duration: number
}

type Usage = Readonly<ModelCount['usage']>

/** The end of a call, as far as it is counted: `Ended` of calls.ts. */
interface Counted {
  readonly type: 'done' | 'failed'
  readonly provider?: string
  readonly model?: string
  readonly reply?: { readonly usage: Usage }
  /** Of one that failed. */
  readonly usage?: Usage
  readonly cost: { readonly nanos: number; readonly complete: boolean }
  readonly attempts: readonly { readonly provider: string; readonly model: string; readonly duration: number }[]
}

export class ModelCounts {
  readonly #models = new Map<string, ModelCount>()

  /** A call has ended. */
  ended(end: Counted): void {
    const last = end.attempts.at(-1)
    // Nobody was asked.
    if (last === undefined) return
    const { provider = last.provider, model = last.model } = end
    const count = this.#of(provider, model)
    const usage = end.reply?.usage ?? end.usage
    if (end.type === 'done') count.done += 1
    else count.failed += 1
    count.requests += end.attempts.length
    for (const kind of Object.keys(count.usage) as (keyof ModelCount['usage'])[]) count.usage[kind] += usage?.[kind] ?? 0
    count.costNanos += end.cost.nanos
    if (!end.cost.complete) count.unpriced += 1
    for (const { duration } of end.attempts) count.duration += duration
  }

  values(): Iterable<ModelCount> {
    return this.#models.values()
  }

  #of(provider: string, model: string): ModelCount {
    const known = this.#models.get(`${provider}/${model}`)
    if (known !== undefined) return known
    if (this.#models.size >= MODELS_MAX && provider !== '') return this.#of('', '')
    const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 }
    const count = { provider, model, done: 0, failed: 0, requests: 0, usage, costNanos: 0, unpriced: 0, duration: 0 }
    this.#models.set(`${provider}/${model}`, count)
    return count
  }
}
