// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Every wire against a server that nobody here wrote, in good days and bad; what that server cannot say, against one of our own.

import { LLMock, type FixtureFileEntry } from '@copilotkit/aimock'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { GenerateRequest, ModelIntegration, OrchestratorError, StreamPart } from '@codexos/multi-agent-orchestrator'
import table from '../fixtures/wires.json' with { type: 'json' }
import { KEY, modelServer, type Answer } from '../support/wire-server.ts'
import { orchestratorWith, rejection } from '../support/orchestrators.ts'

const wires: readonly (readonly [string, Wire])[] = Object.entries(table.wires)

interface Wire {
  readonly path: string
  readonly model: string
  readonly sent: string
  readonly streamed: string
  readonly deployment?: string
}

const aimock = new LLMock({ port: 0, logLevel: 'silent', strict: true })
beforeAll(() => aimock.addFixturesFromJSON(table.fixtures as unknown as FixtureFileEntry[]).start())
afterAll(() => aimock.stop())
beforeEach(() => aimock.resetMatchCounts().clearRequests())

const TIMEOUT_MS = 400

/** `timeout` is for answers that never come: one that does may be slow where the machine is busy. */
function models(kind: string, { path, model, deployment }: Wire, url: string = aimock.url, timeout?: number): ModelIntegration {
  const rest = { ...(deployment && { deployment }), ...(timeout !== undefined && { timeout }) }
  const provider = { endpoint: url + path, allowPrivate: true, apiKey: KEY, model, ...rest }
  return orchestratorWith({}, { models: { providers: { [kind]: provider } } }).modelIntegration
}

/** What aimock was sent, as `path status`. */
const journal = (): string[] => aimock.getRequests().map(({ path, response }) => `${path} ${response.status}`)

const tools = [
  {
    name: 'weather',
    description: 'The weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
]
const schema = { type: 'object', properties: { degrees: { type: 'number' } }, required: ['degrees'] }

interface Heard {
  readonly parts: StreamPart[]
  readonly text: string
  readonly error: OrchestratorError | undefined
}

/** Reads a stream to its end, good or bad. */
async function hear(integration: ModelIntegration, request: GenerateRequest): Promise<Heard> {
  const parts: StreamPart[] = []
  const stream = integration.stream(request)
  const error = await (async () => {
    for await (const part of stream) parts.push(part)
  })().catch((thrown: unknown) => thrown as OrchestratorError)
  const whole: unknown = await stream.result().catch((thrown: unknown) => thrown)
  if (error !== undefined) expect(whole).toBe(error)
  return { parts, text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''), error: error ?? undefined }
}

const attemptsOf = (error: OrchestratorError | undefined): { failure?: string; waited: number; duration: number; next: string }[] =>
  (error?.details as { attempts: never[] } | undefined)?.attempts ?? []

describe.each(wires)('%s', (kind, wire) => {
  it('answers in text', async () => {
    const result = await models(kind, wire).generate({ prompt: 'greet me', system: 'Be short.', maxTokens: 100, temperature: 0.5 })
    expect(result).toMatchObject({ text: 'Hello from Bern.', finishReason: 'stop', toolCalls: [], provider: kind, model: wire.model })
    if (kind !== 'ollama') expect(result.usage).toMatchObject({ inputTokens: 11, outputTokens: 7, totalTokens: 18 })
    expect(result.attempts.map(({ next }) => next)).toEqual(['done'])
    expect(journal()).toEqual([`${wire.sent} 200`])
  })

  it('calls a tool, is told the result with its own record of the turn, and answers', async () => {
    const integration = models(kind, wire)
    const question = { role: 'user', content: 'What is the weather in Bern?' }
    const first = await integration.generate({ messages: [question], tools, maxTokens: 100 })
    expect(first.toolCalls).toMatchObject([{ name: 'weather', arguments: { city: 'Bern' } }])
    expect(first.finishReason).toBe('tool-calls')
    expect(first.message.continuation).toBeDefined()
    const id = first.toolCalls[0]?.id ?? ''
    // As it comes back from whoever kept it as JSON.
    const kept = JSON.parse(JSON.stringify(first.message)) as typeof first.message
    const result = { role: 'tool', content: [{ type: 'tool-result' as const, id, result: { degrees: 21 } }] }
    const second = await integration.generate({ messages: [question, kept, result], tools, maxTokens: 100 })
    expect(second).toMatchObject({ text: 'It is 21 degrees in Bern.', toolCalls: [], finishReason: 'stop' })
    expect(journal()).toEqual([`${wire.sent} 200`, `${wire.sent} 200`])
  })

  it('answers as data', async () => {
    const { output } = await models(kind, wire).generate({ prompt: 'degrees, as data', schema, maxTokens: 100 })
    expect(output).toEqual({ degrees: 21 })
    expect(journal()).toEqual([`${wire.sent} 200`])
  })

  it('streams', async () => {
    const { parts, text } = await hear(models(kind, wire), { prompt: 'greet me', maxTokens: 100 })
    expect(text).toBe('Hello from Bern.')
    expect(parts.slice(-2).map(({ type }) => type)).toEqual(['usage', 'done'])
    expect(parts.at(-1)).toMatchObject({ result: { text: 'Hello from Bern.', finishReason: 'stop' } })
    if (kind !== 'ollama') expect(parts.at(-2)).toMatchObject({ usage: { inputTokens: 11, outputTokens: 7 } })
    expect(journal()).toEqual([`${wire.streamed} 200`])
  })

  it('streams a call of a tool', async () => {
    const { parts } = await hear(models(kind, wire), { prompt: 'weather?', tools, maxTokens: 100 })
    const calls = parts.flatMap((part) => (part.type === 'tool-call' ? [part.toolCall] : []))
    expect(calls).toMatchObject([{ name: 'weather', arguments: { city: 'Bern' } }])
    expect(parts.at(-1)).toMatchObject({ type: 'done', result: { toolCalls: calls, message: { role: 'assistant' } } })
  })

  it.each(['whole', 'streamed'])('waits as long as a 429 asks, and asks once more: %s', async (how) => {
    const integration = models(kind, wire)
    const request = { prompt: 'busy?', maxTokens: 100 }
    const { text, attempts } = await (how === 'whole' ? integration.generate(request) : integration.stream(request).result())
    expect(text).toBe('at last')
    expect(attempts.map(({ failure, next }) => [failure, next])).toEqual([
      ['rate', 'retry'],
      [undefined, 'done'],
    ])
    const path = how === 'whole' ? wire.sent : wire.streamed
    expect(journal()).toEqual([`${path} 429`, `${path} 200`])
    // Ours is the time between answer and request, theirs that between two entries; clocks of whole milliseconds.
    const [first, second] = aimock.getRequests().map(({ timestamp }) => timestamp)
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(998)
    expect(attempts[1]?.waited).toBeGreaterThanOrEqual(1000)
  })

  it('is asked again after a 500, and no more often than it may be', async () => {
    const error = await rejection(models(kind, wire).generate({ prompt: 'broken?', maxTokens: 100, maxAttempts: 2 }))
    expect(error).toMatchObject({ name: 'ModelError', code: 'ERR_MODEL', details: { class: 'overload' } })
    expect(error.message).toContain('it broke')
    expect(attemptsOf(error).map(({ failure, next }) => [failure, next])).toEqual([
      ['overload', 'retry'],
      ['overload', 'give-up'],
    ])
    expect(journal()).toEqual([`${wire.sent} 500`, `${wire.sent} 500`])
  })

  it('is cut in the middle: what came stays, and nothing is asked twice', async () => {
    const { text, parts, error } = await hear(models(kind, wire), { prompt: 'a long story', maxTokens: 100 })
    expect(text).toMatch(/^one /)
    expect(text).not.toContain('fifteen')
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'network', partialText: text } })
    expect(attemptsOf(error)).toMatchObject([{ failure: 'network', next: 'give-up' }])
    expect(parts.every(({ type }) => type === 'text')).toBe(true)
    expect(journal()).toEqual([`${wire.streamed} 200`])
  })

  it.each(['whole', 'streamed'])('answers what is no JSON: %s', async (how) => {
    const integration = models(kind, wire)
    const request = { prompt: 'garbled', maxTokens: 100, maxAttempts: 1 }
    const error = await rejection(how === 'whole' ? integration.generate(request) : integration.stream(request).result())
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'network', attempts: [{ failure: 'network', next: 'give-up' }] } })
    expect(journal()).toEqual([`${how === 'whole' ? wire.sent : wire.streamed} 200`])
  })

  it.each(['whole', 'streamed'])('answers too late: %s', async (how) => {
    const integration = models(kind, wire, aimock.url, TIMEOUT_MS)
    const request = { prompt: 'too late', maxTokens: 100, maxAttempts: 1 }
    const error = await rejection(how === 'whole' ? integration.generate(request) : integration.stream(request).result())
    expect(error.message).toContain(`no ${how === 'whole' ? 'whole answer' : 'token'} within ${TIMEOUT_MS} ms`)
    const [attempt] = attemptsOf(error)
    expect(attempt).toMatchObject({ failure: 'network', next: 'give-up' })
    expect(attempt?.duration).toBeGreaterThanOrEqual(TIMEOUT_MS - 1)
  })
})

describe('what aimock cannot say', () => {
  const events = { 'content-type': 'text/event-stream' }
  const lines = { 'content-type': 'application/x-ndjson' }
  const only = wires.map(([kind]) => kind)
  const cases: [
    name: string,
    kinds: string[],
    answer: (kind: string, index: number) => Answer,
    expected: object,
    how: 'generate' | 'stream',
  ][] = [
    [
      'a broken event',
      only,
      (kind) => (kind === 'ollama' ? { headers: lines, body: '{"message": {broken\n' } : { headers: events, body: 'data: {"broken\n\n' }),
      { class: 'network', attempts: [{ failure: 'network' }] },
      'stream',
    ],
    [
      'a whole answer that is cut',
      only,
      () => ({ headers: { 'content-length': '1000' }, body: '{"id": "', end: 'cut' }),
      { class: 'network', attempts: [{ failure: 'network' }] },
      'generate',
    ],
    ['a stream in which nothing ever comes', only, () => ({ headers: events, end: 'open' }), { class: 'network' }, 'stream'],
  ]
  const each = cases.flatMap(([name, kinds, answer, expected, how]) => kinds.map((kind) => [name, kind, answer, expected, how] as const))

  it.each(each)('%s: %s', async (_, kind, answer, expected, how) => {
    const server = await modelServer(({ index }) => answer(kind, index))
    const wire = wires.find(([name]) => name === kind)?.[1] as Wire
    const integration = models(kind, wire, server.url, answer(kind, 0).end === 'open' ? TIMEOUT_MS : undefined)
    const request = { prompt: 'hello', maxTokens: 100, maxAttempts: 1 }
    const error = await rejection(how === 'generate' ? integration.generate(request) : integration.stream(request).result())
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: expected })
    expect(server.requests.map(({ path }) => path)).toEqual([how === 'generate' ? wire.sent : wire.streamed])
  })

  it('Gemini says in the body how long to wait', async () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '0.6s' }]
    const answer = { candidates: [{ content: { role: 'model', parts: [{ text: 'at last' }] }, finishReason: 'STOP' }] }
    const server = await modelServer(({ index }) =>
      index === 0
        ? { status: 429, body: { error: { code: 429, message: 'slowly', status: 'RESOURCE_EXHAUSTED', details } } }
        : { body: answer },
    )
    const { text, attempts } = await models('gemini', table.wires.gemini, server.url).generate({ prompt: 'hello' })
    expect([text, attempts[0]?.failure]).toEqual(['at last', 'rate'])
    expect(attempts[1]?.waited).toBeGreaterThanOrEqual(600)
    expect((server.requests[1]?.at ?? 0) - (server.requests[0]?.at ?? 0)).toBeGreaterThanOrEqual(599)
  })

  it('Ollama counts its tokens', async () => {
    const message = { role: 'assistant', content: 'hello' }
    const body = {
      model: 'qwen3',
      created_at: '2026-01-01T00:00:00Z',
      message,
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 11,
      eval_count: 7,
    }
    const server = await modelServer(() => ({ body }))
    const { usage } = await models('ollama', table.wires.ollama, server.url).generate({ prompt: 'hello' })
    expect(usage).toMatchObject({ inputTokens: 11, outputTokens: 7, totalTokens: 18 })
  })
})
