// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The end of a call as its caller sees it: an answer, or an error that says what was tried.

import { abortedOf } from '../base/abort.js'
import { CancelledError, ModelError, TimeoutError, type OrchestratorError } from '../api/errors.js'
import type { Ended, Reply, Sent, Usage } from './calls.js'
import type { GenerateResult, ModelAttempt, ModelMessage, ModelPart, SkippedModel, TokenUsage } from '../api/models.js'

const DOLLAR_NANOS = 1e9

function usageOf(usage: Usage): TokenUsage {
  const { inputTokens, outputTokens, cacheReadTokens, reasoningTokens } = usage
  const cacheWriteTokens = usage.cacheWriteTokens + usage.cacheWriteHourTokens
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, totalTokens: inputTokens + outputTokens }
}

export function sumOf(one: TokenUsage, other: TokenUsage): TokenUsage {
  return {
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cacheReadTokens: one.cacheReadTokens + other.cacheReadTokens,
    cacheWriteTokens: one.cacheWriteTokens + other.cacheWriteTokens,
    reasoningTokens: one.reasoningTokens + other.reasoningTokens,
    totalTokens: one.totalTokens + other.totalTokens,
  }
}

export const dollarsOf = (nanos: number = 0): number => nanos / DOLLAR_NANOS
export const nanosOf = (dollars: number): number => Math.round(dollars * DOLLAR_NANOS)

export function resultOf(end: Extract<Ended, { type: 'done' }>): GenerateResult {
  const { reply, cost, attempts, provider, model } = end
  return {
    text: reply.text,
    toolCalls: (reply.toolCalls ?? []).map(({ id, name, arguments: given, invalidArguments }) => ({
      id,
      name,
      arguments: invalidArguments ?? given,
    })),
    message: messageOf(reply),
    usage: usageOf(reply.usage),
    cost: dollarsOf(cost.nanos),
    costComplete: cost.complete,
    model,
    provider,
    finishReason: reply.finishReason,
    ...(reply.finishDetail !== undefined && { finishDetail: reply.finishDetail }),
    attempts: attempts.map(attemptOf),
  }
}

function messageOf(reply: Reply): ModelMessage {
  const content: ModelPart[] = reply.text === '' ? [] : [{ type: 'text', text: reply.text }]
  for (const { id, name, arguments: given } of reply.toolCalls ?? []) content.push({ type: 'tool-call', id, name, arguments: given })
  return { role: 'assistant', content, ...(reply.continuation !== undefined && { continuation: reply.continuation }) }
}

function attemptOf({ provider, model, waited, duration, failure, message, retryAfter, omitted, next }: Sent): ModelAttempt {
  return {
    provider,
    model,
    waited,
    duration,
    ...(failure !== undefined && { failure: failure === 'aborted' ? 'network' : failure }),
    ...(message !== undefined && { message }),
    ...(retryAfter !== undefined && { retryAfterMs: retryAfter }),
    ...(omitted !== undefined && { omitted }),
    next,
  }
}

/** The error of a call that brought no answer. Whoever sees it need not try again: what could be tried has been. */
export function errorOfCall(
  end: Extract<Ended, { type: 'failed' }>,
  signal: AbortSignal | undefined,
  skipped: readonly SkippedModel[],
): OrchestratorError {
  const { reason, class: failed, message, exceeded, attempts: sent, partial, usage, cost } = end
  const attempts = sent.map(attemptOf)
  const wait = attempts.at(-1)?.retryAfterMs
  const paid = { usage: usageOf(usage), cost: dollarsOf(cost.nanos), costComplete: cost.complete }
  const details = {
    attempts,
    ...(wait !== undefined && { retryAfterMs: wait }),
    ...(skipped.length > 0 && { skipped }),
    ...(partial !== null && partial.text !== '' && { partialText: partial.text }),
    ...(paid.usage.totalTokens > 0 ? paid : !paid.costComplete && { costComplete: false }),
  }
  if (reason === 'cancelled') return cancelled(signal, details)
  if (reason === 'deadline') return new TimeoutError('ERR_TIMEOUT', message, { details })
  if (reason === 'budget') return new ModelError('ERR_BUDGET_EXCEEDED', message, { details: { ...details, ...exceeded } })
  const last = attempts.at(-1)
  const where = last === undefined ? '' : `${last.provider}/${last.model}: `
  const tried = attempts.length > 1 ? ` (${attempts.length} requests were sent)` : ''
  const passed = skipped.map(({ provider, model, reason: why }) => `; fallback \`${provider}/${model}\` was skipped: ${why}`).join('')
  const words = `${reason === 'obstacle' ? message : `${where}${message}${tried}`}${passed}`
  return new ModelError('ERR_MODEL', words, { details: { ...details, class: failed } })
}

/** Throws if a call is not wanted any more. */
export function assertWanted(signals: readonly AbortSignal[]): void {
  const aborted = abortedOf(signals)
  if (aborted !== undefined) throw cancelled(aborted, { attempts: [] })
}

function cancelled(signal: AbortSignal | undefined, details: Readonly<Record<string, unknown>>): CancelledError {
  return new CancelledError('ERR_CANCELLED', 'the call of the model was cancelled', { cause: signal?.reason, details })
}
