// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Answers that are not all of one: what they lack, and what to say of them.

import { ModelError, type ErrorCode } from '../api/errors.js'
import type { AcceptedEnding, GenerateResult } from '../api/models.js'

/** What an answer lacks, if anything. `mayCall`: whether it was offered tools, so that a call of one says something. */
export function lackOf({ finishReason, text, toolCalls }: GenerateResult, mayCall: boolean): AcceptedEnding | undefined {
  if (finishReason === 'content-filter') return 'content'
  // A pause that is left here has been continued as often as it makes sense.
  if (finishReason === 'length' || finishReason === 'pause') return 'length'
  const says = text.trim() !== '' || (mayCall && toolCalls.length > 0)
  return says ? undefined : 'empty'
}

/** What is wrong with an answer that lacks something, for people. `maxTokens`: what its request allowed. */
export function wordsOf(answer: GenerateResult, lack: AcceptedEnding, maxTokens: number | undefined): string {
  const { provider, model, text, finishReason, finishDetail, usage } = answer
  const who = `${provider}/${model}`
  const detail = finishDetail === undefined ? '' : ` (${finishDetail})`
  if (lack === 'empty') return `${who} answered nothing${detail}`
  // The words of a refusal are no beginning of an answer.
  if (lack === 'content') return `${who} withheld ${text === '' || text === finishDetail ? '' : 'the rest of '}its answer${detail}`
  if (finishReason === 'pause') return `${who} paused its answer again and again`
  const thoughts = usage.reasoningTokens > 0 ? `, ${usage.reasoningTokens} of them thoughts` : ''
  const limit =
    maxTokens === undefined
      ? "at the model's own limit (the request has no `maxTokens`)"
      : `by its limit of ${maxTokens} tokens (\`maxTokens\`)`
  return `the answer of ${who} was cut ${limit}, after ${usage.outputTokens} tokens${thoughts}`
}

/** What is known of an answer that is of no use, as data. */
export function lackDetails(answer: GenerateResult, lack: AcceptedEnding | undefined, maxTokens: number | undefined): object {
  const { text, finishReason, finishDetail, usage, cost, costComplete, attempts } = answer
  // The text last: where an error is kept, what has no room is left out.
  return {
    ...(lack !== undefined && { finishReason, ...(finishDetail !== undefined && { finishDetail }) }),
    ...(lack === 'content' && { class: 'content' }),
    ...(lack === 'length' && { limit: maxTokens ?? null }),
    usage,
    cost,
    costComplete,
    attempts,
    ...(lack !== undefined && { partial: text }),
    partialText: text,
  }
}

const CODES: Readonly<Record<AcceptedEnding, ErrorCode>> = { content: 'ERR_MODEL', length: 'ERR_MODEL_CUT', empty: 'ERR_MODEL_EMPTY' }

const WAYS_OUT: Readonly<Record<AcceptedEnding, string>> = {
  content: 'take what there is',
  length: 'raise the limit, ask for less, or take what there is',
  empty: 'say in the prompt what is wanted, or take that',
}

/** The error of a task whose answer lacks something. Asked in the same way the model would answer the same: it is not tried again. */
export function lacking(answer: GenerateResult, lack: AcceptedEnding, maxTokens: number | undefined): ModelError {
  const words = `${wordsOf(answer, lack, maxTokens)}; ${WAYS_OUT[lack]} with accept: ['${lack}']`
  return new ModelError(CODES[lack], words, { details: { ...lackDetails(answer, lack, maxTokens) } })
}
