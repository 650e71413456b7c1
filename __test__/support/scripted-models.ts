// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A model that says what the test wrote down for it, so that what an agent makes of answers is seen alone.

import { setMaxListeners } from 'node:events'
import type { GenerateRequest, GenerateResult, ModelCalls, ModelStream, ModelToolCall, StreamPart } from '../../ts/api/models.ts'
import { SystemClock } from '../../ts/base/clock.ts'
import { readTool } from '../../ts/tools/definition.ts'
import { ToolRegistry } from '../../ts/tools/registry.ts'
import type { ToolContext } from '../../ts/tools/tool.ts'
import type { AttemptContext, TaskInput } from '../../ts/api/agent.ts'

/** What it answers: text, tools it calls, what a schema made of it. */
export interface Answer {
  text?: string
  calls?: readonly ModelToolCall[]
  output?: unknown
}

/** An attempt whose model answers like this, in turn; beyond that it rejects. */
export interface ScriptedAttempt {
  readonly context: AttemptContext
  /** What was asked, and how. */
  readonly asked: { how: 'generate' | 'stream'; request: GenerateRequest }[]
  /** What was announced. */
  readonly heard: unknown[]
  abort(reason: Error): void
}

export function attemptWith(answers: readonly Answer[], outputSchema?: unknown): ScriptedAttempt {
  const asked: ScriptedAttempt['asked'] = []
  const heard: unknown[] = []
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const next = (how: 'generate' | 'stream', request: GenerateRequest): GenerateResult => {
    request.signal?.throwIfAborted()
    const answer = answers[asked.length]
    asked.push({ how, request })
    if (answer === undefined) throw new Error(`nothing is written for request ${asked.length}`)
    return resultOf(answer, asked.length)
  }
  const models = {
    generate: async (request: GenerateRequest) => next('generate', request),
    stream: (request: GenerateRequest) => streamOf(async () => next('stream', request)),
  } as ModelCalls
  const context = {
    models,
    outputSchema,
    attempt: 1,
    idempotencyKey: 'key',
    signal: controller.signal,
    emit: (data: unknown) => void heard.push(data),
    heartbeat: (data: unknown) => void heard.push(data),
    step: async <T>(_name: string, fn: () => T): Promise<Awaited<T>> => await fn(),
    spawn: () => Promise.reject(new Error('not here')),
  }
  return { context, asked, heard, abort: (reason) => controller.abort(reason) }
}

function resultOf({ text = '', calls = [], output }: Answer, turn: number): GenerateResult {
  const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, totalTokens: 2 }
  return {
    text,
    output,
    toolCalls: calls,
    message: { role: 'assistant', content: text, continuation: `turn ${turn}` },
    usage,
    cost: 0,
    costComplete: true,
    model: 'scripted',
    provider: 'scripted',
    finishReason: calls.length > 0 ? 'tool-calls' : 'stop',
    attempts: [],
  }
}

/** Its text comes in two halves. */
function streamOf(answer: () => Promise<GenerateResult>): ModelStream {
  const result = answer()
  result.catch(() => {})
  return {
    result: () => result,
    async *[Symbol.asyncIterator](): AsyncGenerator<StreamPart> {
      const whole = await result
      const half = Math.ceil(whole.text.length / 2)
      for (const text of [whole.text.slice(0, half), whole.text.slice(half)]) if (text !== '') yield { type: 'text', text, request: 1 }
      yield { type: 'done', result: whole }
    },
  }
}

export function taskWith(input: TaskInput['input'], dependencies: Record<string, unknown> = {}): TaskInput {
  return { id: 'a', name: 'A', agentId: 'agent', type: 'parallel', executionId: 'x', attempt: 1, input, context: { dependencies } }
}

/** Tools that answer what their function returns; one that throws has failed. */
export function toolsOf(tools: Record<string, (args: never, ctx: ToolContext) => unknown>): ToolRegistry {
  const registry = new ToolRegistry()
  for (const [name, execute] of Object.entries(tools))
    registry.add(
      readTool({ name, description: `does ${name}`, parameters: { type: 'object' }, execute: execute as never }, new SystemClock()),
    )
  return registry
}
