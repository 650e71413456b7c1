// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One answer that takes several requests: a provider that pauses goes on when it is sent its turn, and an answer that does not fit is asked for again. What
// each request used is part of what the answer costs, also when a later one fails.

import { CancelledError, errorOf, ModelError, TimeoutError } from '../api/errors.js'
import { sumOf } from './result.js'
import type { GenerateResult, ModelMessage, TokenUsage } from '../api/models.js'

/** A provider that pauses more often does nothing else. */
const PAUSES_MAX = 16

/** An answer, and the turns in which it came. */
export interface Whole {
  readonly answer: GenerateResult
  readonly turns: readonly ModelMessage[]
}

/** Asks, and again with the turns so far as long as the provider pauses. */
export async function whole(ask: (turns: readonly ModelMessage[]) => Promise<GenerateResult>): Promise<Whole> {
  let answer = await ask([])
  let turns = turnsOf(answer)
  for (let pauses = 1; answer.finishReason === 'pause' && answer.toolCalls.length === 0 && pauses <= PAUSES_MAX; pauses += 1) {
    const [before, said] = [answer, turns]
    const next = await paying(before, () => ask(said))
    answer = { ...after(before, next), text: before.text + next.text }
    turns = [...said, ...turnsOf(next)]
  }
  return { answer, turns }
}

/** The turn of an answer; a turn with nothing in it no provider takes back. */
function turnsOf({ message }: GenerateResult): readonly ModelMessage[] {
  return message.content.length === 0 && message.continuation === undefined ? [] : [message]
}

/** `next`, with what the answer before it cost. */
export function after(before: GenerateResult, next: GenerateResult): GenerateResult {
  return {
    ...next,
    usage: sumOf(before.usage, next.usage),
    cost: before.cost + next.cost,
    costComplete: before.costComplete && next.costComplete,
    attempts: [...before.attempts, ...next.attempts],
  }
}

interface Paid {
  readonly usage?: TokenUsage
  readonly cost?: number
  readonly costComplete?: boolean
  readonly attempts?: GenerateResult['attempts']
}

/** What `ask` gives; its failure has cost what was answered before it, too. */
export async function paying(before: GenerateResult, ask: () => Promise<GenerateResult>): Promise<GenerateResult> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof ModelError || error instanceof TimeoutError || error instanceof CancelledError)) throw error
    const { usage, cost = 0, costComplete = true, attempts = [] } = error.details as Paid
    const details = {
      ...error.details,
      usage: usage === undefined ? before.usage : sumOf(before.usage, usage),
      cost: before.cost + cost,
      costComplete: before.costComplete && costComplete,
      attempts: [...before.attempts, ...attempts],
    }
    throw errorOf(error.code, error.message, { cause: error.cause, details, retryable: error.retryable })
  }
}
