// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Replies that are none, prompts that are blocked, and answers of which nobody says what they used: over HTTP, on several wires, whole and streamed.

import type { GenerateResult, MultiAgentOrchestrator, OrchestratorConfig, OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { modelServer, providerAt, says, type Answer, type ModelServer } from '../support/wire-server.ts'

const EVENTS = { 'content-type': 'text/event-stream' }
const MODEL = { provider: 'p', id: 'm', contextWindow: 100_000, prices: { input: 1, output: 10 } }

interface Wire {
  readonly kind: string
  readonly path: string
  /** An answer that says nothing of its own failure but a word, and what it used: 10 tokens and 2. */
  failing(stream: boolean): Answer
  /** The same, and of what it used nothing. */
  uncounted(text: string, stream: boolean): Answer
}

const events = (...list: readonly (object | string)[]): Answer => ({
  headers: EVENTS,
  body: list
    .map((event) => {
      const name = typeof event === 'object' && 'type' in event ? `event: ${String(event.type)}\n` : ''
      return `${name}data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`
    })
    .join(''),
})

const chunk = (delta: object, finish: string | null, rest: object = {}): object => ({
  id: 'c',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...rest,
})

const completion = (content: string, finish: string, rest: object = {}): object => ({
  id: 'c',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }],
  ...rest,
})

const counted = { usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } }
const lost = { code: 502, message: 'Provider disconnected' }

const response = (status: string, text: string, rest: object): object => ({
  id: 'r',
  object: 'response',
  status,
  model: 'm',
  output: [
    { type: 'message', id: 'x', role: 'assistant', status: 'incomplete', content: [{ type: 'output_text', text, annotations: [] }] },
  ],
  ...rest,
})

const candidate = (text: string, finishReason: string, rest: object): object => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason, index: 0 }],
  ...rest,
})

const wires: readonly Wire[] = [
  {
    kind: 'openrouter',
    path: '/api/v1',
    failing: (stream) =>
      stream
        ? events(
            chunk({ role: 'assistant', content: 'The first step is ' }, null),
            chunk({ content: '' }, 'error', { error: lost, ...counted }),
            '[DONE]',
          )
        : { body: { ...completion('The first step is ', 'stop', counted), error: lost } },
    uncounted: (text, stream) =>
      stream ? events(chunk({ content: text }, null), chunk({}, 'stop'), '[DONE]') : { body: completion(text, 'stop') },
  },
  {
    kind: 'openai-responses',
    path: '/v1',
    failing: (stream) => {
      const error = { code: 'server_error', message: 'Provider disconnected' }
      const whole = response('failed', 'The first step is ', { error, usage: { input_tokens: 10, output_tokens: 2, total_tokens: 12 } })
      if (!stream) return { body: whole }
      const item = { type: 'message', id: 'x', role: 'assistant', status: 'in_progress', content: [] }
      const at = { item_id: 'x', output_index: 0, content_index: 0 }
      return events(
        { type: 'response.output_item.added', sequence_number: 0, output_index: 0, item },
        { type: 'response.output_text.delta', sequence_number: 1, ...at, delta: 'The first step is ' },
        { type: 'response.failed', sequence_number: 2, response: whole },
      )
    },
    uncounted: (text, stream) =>
      stream
        ? events({ type: 'response.completed', sequence_number: 0, response: response('completed', text, {}) })
        : { body: response('completed', text, {}) },
  },
  {
    kind: 'gemini',
    path: '',
    failing: (stream) => {
      const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 12 }
      const whole = candidate('The first step is ', 'MALFORMED_FUNCTION_CALL', { usageMetadata })
      return stream ? events(whole) : { body: whole }
    },
    uncounted: (text, stream) => (stream ? events(candidate(text, 'STOP', {})) : { body: candidate(text, 'STOP', {}) }),
  },
]

const cases = wires.flatMap((wire) => [
  { wire, stream: false, name: `${wire.kind}, whole` },
  { wire, stream: true, name: `${wire.kind}, streamed` },
])

function asking(server: ModelServer, wire: Wire, rest: NonNullable<OrchestratorConfig['models']> = {}): MultiAgentOrchestrator {
  const provider = providerAt({ url: `${server.url}${wire.path}` }, { kind: wire.kind, model: 'm' })
  const { providers, ...models } = rest
  const orchestrator = orchestratorWith({}, { models: { providers: { p: provider, ...providers }, ...models } })
  orchestrator.modelIntegration.registerModel(MODEL)
  return orchestrator
}

function ask(orchestrator: MultiAgentOrchestrator, stream: boolean, rest: object = {}): Promise<GenerateResult> {
  const request = { model: 'p/m', prompt: 'How?', ...rest }
  return stream ? orchestrator.modelIntegration.stream(request).result() : orchestrator.modelIntegration.generate(request)
}

// OpenRouter told half-way through an answer that its provider was gone, Responses by a status, Gemini by a word: the half that had come was
// the answer, the task completed with it, and nothing was asked again.
describe('a reply that says it failed is a failure', () => {
  it.each(cases)('with its class, the words, the partial text and what it cost: $name', async ({ wire, stream }) => {
    const server = await modelServer(() => wire.failing(stream))
    const error = await rejection(ask(asking(server, wire), stream, { maxAttempts: 1 }))
    expect(error).toMatchObject({
      code: 'ERR_MODEL',
      details: { class: 'overload', partialText: 'The first step is ', costComplete: true },
    })
    expect(error.message).toMatch(wire.kind === 'gemini' ? /MALFORMED_FUNCTION_CALL/ : /Provider disconnected/)
    expect(error.details['usage']).toMatchObject({ inputTokens: 10, outputTokens: 2 })
    expect(error.details['cost']).toBeCloseTo(3e-5, 12)
  })

  it.each(cases)('and a task fails with it, whose execution has the cost: $name', async ({ wire, stream }) => {
    const server = await modelServer(() => wire.failing(stream))
    const orchestrator = asking(server, wire)
    orchestrator.agentPool.registerAgent({ id: 'l', type: 'llm', configuration: { model: 'p/m', stream } })
    const flow = workflow([task('t', { agentId: 'l', input: { prompt: 'How?' }, retryPolicy: { maxAttempts: 1 } })])
    const error = await rejection(orchestrator.executeWorkflow(flow))
    expect(error.message).toMatch(wire.kind === 'gemini' ? /MALFORMED_FUNCTION_CALL/ : /Provider disconnected/)
    const { metrics } = error.execution ?? expect.fail('it has no execution')
    expect(metrics.resourceUsage).toMatchObject({ tokenUsage: { totalTokens: 12 }, modelCalls: 1, costComplete: true })
    expect(metrics.resourceUsage.cost).toBeCloseTo(3e-5, 12)
  })

  it.each(wires)('is asked again, and goes on to the fallback; what it cost is paid beside the answer: $kind', async (wire) => {
    const server = await modelServer(({ path }) => (path.startsWith('/other') ? says('All of it.') : wire.failing(false)))
    const other = providerAt({ url: `${server.url}/other` })
    const orchestrator = asking(server, wire, { providers: { other }, fallback: ['other/small'], budget: { tokens: 100_000 } })
    const answer = await ask(orchestrator, false, { maxAttempts: 2 })
    expect(answer.attempts.map(({ provider, failure, next }) => [provider, failure, next])).toEqual([
      ['p', 'overload', 'retry'],
      ['p', 'overload', 'fallback'],
      ['other', undefined, 'done'],
    ])
    expect(answer).toMatchObject({ text: 'All of it.', usage: { inputTokens: 30, outputTokens: 9 } })
    expect(answer.cost).toBeCloseTo(6e-5, 12)
  })
})

// A blocked prompt was no answer that could be read: sent five times, and then to another provider, whose own rules it had not broken.
describe('a blocked prompt is `content`', () => {
  it.each(['PROHIBITED_CONTENT', 'OTHER', 'IMAGE_SAFETY'].flatMap((reason) => [false, true].map((stream) => ({ reason, stream }))))(
    'not sent again, and to no fallback: $reason, streamed: $stream',
    async ({ reason, stream }) => {
      const blocked = { promptFeedback: { blockReason: reason }, usageMetadata: { promptTokenCount: 10, totalTokenCount: 10 } }
      const server = await modelServer(({ path }) =>
        path.startsWith('/other') ? says('no') : stream ? events(blocked) : { body: blocked },
      )
      const other = providerAt({ url: `${server.url}/other` })
      const orchestrator = asking(server, wires[2] as Wire, { providers: { other }, fallback: ['other/small'] })
      const error = await rejection(ask(orchestrator, stream))
      expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'content' } })
      expect(error.message).toContain(reason)
      expect(server.requests).toHaveLength(1)
    },
  )

  it.each([
    ['openai', { status: 400, body: { error: { code: 'content_policy_violation', message: 'Blocked.' } } }],
    ['azure', { status: 400, body: { error: { code: 'content_filter', message: 'Blocked.', innererror: { code: 'X' } } } }],
    [
      'deepseek',
      { status: 400, body: { error: { message: 'Content Exists Risk', type: 'invalid_request_error', code: 'invalid_request_error' } } },
    ],
  ])('on other wires too: %s', async (kind, refused) => {
    const server = await modelServer(({ path }) => (path.startsWith('/other') ? says('no') : refused))
    const other = providerAt({ url: `${server.url}/other` })
    const wire = { ...(wires[0] as Wire), kind, path: '/v1' }
    const orchestrator = asking(server, wire, { providers: { other }, fallback: ['other/small'] })
    expect(await rejection(ask(orchestrator, false))).toMatchObject({ details: { class: 'content' } })
    expect(server.requests).toHaveLength(1)
  })
})

// Many servers say nothing of what they used when they stream, and some never: each such answer was free, and a budget of 6,000 tokens had
// room for any number of them.
describe('unknown usage is not zero', () => {
  const long = 'word '.repeat(2000)

  it.each(cases)('a budget fills, and the cost is told as an estimate: $name', async ({ wire, stream }) => {
    const server = await modelServer(() => wire.uncounted(long, stream))
    const orchestrator = asking(server, wire, { budget: { tokens: 6000, usd: 1 } })
    const first = await ask(orchestrator, stream, { maxTokens: 3000 })
    expect(first).toMatchObject({ text: long, costComplete: false })
    expect(first.usage.outputTokens).toBe(2500)
    expect(first.usage.inputTokens).toBeGreaterThan(0)
    expect(first.cost).toBeCloseTo(first.usage.inputTokens * 1e-6 + 0.025, 9)
    await ask(orchestrator, stream, { maxTokens: 3000 })
    expect(await rejection(ask(orchestrator, stream, { maxTokens: 3000 }))).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED' })
  })

  it.each(wires)('is in what an execution used, and in its budget: $kind', async (wire) => {
    const server = await modelServer(() => wire.uncounted(long, true))
    const orchestrator = asking(server, wire)
    orchestrator.agentPool.registerAgent({ id: 'l', type: 'llm', configuration: { model: 'p/m', maxTokens: 3000, include: 'none' } })
    const asks = (id: string) => task(id, { agentId: 'l', input: { prompt: 'How?' } })
    const once = await orchestrator.executeWorkflow(workflow([asks('a')]))
    expect(once.metrics.resourceUsage).toMatchObject({ costComplete: false, tokenUsage: { outputTokens: 2500 } })
    const flow = workflow([asks('a'), asks('b'), asks('c')], { id: 'bounded', budget: { tokens: 6000 } })
    const error: OrchestratorError = await rejection(orchestrator.executeWorkflow(flow))
    expect(error.execution?.tasks.map(({ status }) => status)).toEqual(['completed', 'completed', 'failed'])
  })

  it('of a provider of your own: what it says counts, nothing said is an estimate, and zero is zero', async () => {
    const orchestrator = orchestratorWith()
    const { modelIntegration } = orchestrator
    modelIntegration.registerProvider('silent', {
      generate: () => ({ text: long }),
      models: [{ id: 'm', prices: { input: 1, output: 10 } }],
    })
    const usage = { inputTokens: 0, outputTokens: 0 }
    modelIntegration.registerProvider('free', {
      generate: () => ({ text: long, usage }),
      models: [{ id: 'm', prices: { input: 1, output: 10 } }],
    })
    const silent = await modelIntegration.generate({ model: 'silent/m', prompt: 'How?' })
    expect(silent).toMatchObject({ costComplete: false, usage: { outputTokens: 2500 } })
    expect(await modelIntegration.generate({ model: 'free/m', prompt: 'How?' })).toMatchObject({
      cost: 0,
      costComplete: true,
      usage: { totalTokens: 0 },
    })
  })
})
