// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Streams as servers send them, which every peer reads; and what nobody can read, which is asked for once.

import type { OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { modelServer, providerAt, says, type Answer } from '../support/wire-server.ts'

const chunk = (delta: object, finish: string | null): string =>
  JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })
const events = (...list: readonly string[]): string => list.map((one) => `data: ${one}\n\n`).join('')
const as = (type: string, body: unknown): Answer => ({ headers: { 'content-type': type }, body })

const message = {
  id: 'm',
  type: 'message',
  role: 'assistant',
  model: 'c',
  content: [{ type: 'text', text: 'Hello' }],
  stop_reason: 'end_turn',
}
const candidates = [{ content: { role: 'model', parts: [{ text: 'Hello' }] }, finishReason: 'STOP' }]

const readable: readonly (readonly [what: string, kind: string, answer: Answer])[] = [
  ['events as text/plain', 'compatible', as('text/plain; charset=utf-8', events(chunk({ content: 'Hello' }, 'stop'), '[DONE]'))],
  ['one document', 'compatible', says('Hello')],
  ['one document', 'anthropic', { body: { ...message, usage: { input_tokens: 1, output_tokens: 1 } } }],
  ['a list of documents', 'gemini', { body: [{ candidates }] }],
  ['`[DONE]` without a reason', 'compatible', as('text/event-stream', events(chunk({ content: 'Hello' }, null), '[DONE]'))],
  ['the last event without its blank line', 'compatible', as('text/event-stream', events(chunk({ content: 'Hello' }, 'stop')).trimEnd())],
  [
    'a BOM, comments and CRLF',
    'mistral',
    as('text/event-stream', `\u{feff}: hi\r\n\r\n${events(chunk({ content: 'Hello' }, 'stop'), '[DONE]').replaceAll('\n', '\r\n')}`),
  ],
]

describe('a stream that peers read', () => {
  it.each(readable)('is read: %s (%s)', async (_, kind, answer) => {
    const server = await modelServer(() => answer)
    const orchestrator = orchestratorWith({}, { models: { providers: { p: providerAt(server, { kind, model: 'm' }) } } })
    const { results } = await orchestrator.executeWorkflow(workflow([task('t', { agentId: 'llm', input: { prompt: 'go' } })]), {})
    expect(results['t']).toBe('Hello')
    const parts: string[] = []
    const stream = orchestrator.modelIntegration.stream({ prompt: 'go' })
    for await (const part of stream) if (part.type === 'text') parts.push(part.text)
    expect(parts.join('')).toBe('Hello')
    expect(await stream.result()).toMatchObject({ text: 'Hello', finishReason: 'stop' })
    expect(server.requests).toHaveLength(2)
  })
})

const unreadable: readonly (readonly [what: string, answer: Answer])[] = [
  ['a page', as('text/html', '<html><body>Sign in</body></html>')],
  ['words', as('text/plain', 'upstream connect error')],
  ['another document', as('application/json', { detail: 'Not Found' })],
  ['half a document', as('application/json', '{"choices":[{')],
  [
    'events of another wire',
    as('text/event-stream', events('{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hello"}}')),
  ],
]

describe('what nobody can read', () => {
  // It had been taken for a stream that was cut, and five answers were paid for.
  it.each(unreadable)('is asked for once, and then elsewhere: %s', async (_, answer) => {
    const server = await modelServer(() => answer)
    const other = await modelServer(() => says('from another'))
    const orchestrator = orchestratorWith({}, { models: { providers: { p: providerAt(server), q: providerAt(other) } } })
    for (const ask of [
      async () => orchestrator.modelIntegration.generate({ model: 'p/small', prompt: 'go' }),
      async () => orchestrator.modelIntegration.stream({ model: 'p/small', prompt: 'go' }).result(),
    ]) {
      const before = server.requests.length
      const error = (await rejection(ask())) as OrchestratorError
      expect(error.code).toBe('ERR_MODEL')
      expect(server.requests.length - before).toBe(1)
    }
    const { text } = await orchestrator.modelIntegration.generate({ model: 'p/small', prompt: 'go', fallback: ['q/small'] })
    expect(text).toBe('from another')
  })
})
