// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a model cannot see had been left out without a word, and it answered all the same. Forms on each wire are tested in Rust
// (`crates/providers/tests/media.rs`).

import { describe, expect, it } from 'vitest'
import type { ModelMessage, ModelPart, OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { modelServer, providerAt, refuses, says } from '../support/wire-server.ts'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PDF = 'JVBERi0xLjQKJSVFT0YK'
const asking = (part: ModelPart): { messages: ModelMessage[] } => ({
  messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, part] }],
})
const picture: ModelPart = { type: 'image', data: PNG, mediaType: 'image/jpg' }

describe('a picture', () => {
  it.each([
    ['gemini', 'gemini-2.5-flash'],
    ['anthropic', 'claude-sonnet-4-5'],
    ['openai', 'gpt-4o'],
    ['ollama', 'llava'],
  ])('at a `data:` address is taken apart for %s', async (kind, model) => {
    const server = await modelServer(() => refuses(400, 'seen'))
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: providerAt(server, { kind, model }) } } })
    for (const part of [picture, { type: 'image', url: `data:image/png;base64,${PNG}` } as const])
      await rejection(modelIntegration.generate(asking(part)))
    const sent = server.requests.map(({ body }) => JSON.stringify(body))
    expect(sent).toHaveLength(2)
    for (const body of sent) expect(body).toContain(PNG)
    expect(sent.join()).not.toMatch(/omitted/)
  })

  it('that a model cannot see is refused before it is sent, and by path', async () => {
    const server = await modelServer(() => says('a cat'))
    const { modelIntegration } = orchestratorWith(
      {},
      { models: { providers: { deepseek: providerAt(server, { kind: 'deepseek', model: 'deepseek-chat' }) } } },
    )
    const error = (await rejection(modelIntegration.generate(asking(picture)))) as OrchestratorError
    expect(error.code).toBe('ERR_MODEL')
    expect(error.message).toContain('messages[0].content[1]: model `deepseek-chat` reads no pictures')
    expect(server.requests).toHaveLength(0)
  })

  it('is not fetched from inside for a provider that wants its bytes, nor without encryption', async () => {
    const server = await modelServer(() => says('a cat'))
    const { modelIntegration } = orchestratorWith(
      {},
      { models: { providers: { p: providerAt(server, { kind: 'ollama', model: 'llava' }) } } },
    )
    for (const url of ['https://127.0.0.1/cat.png', 'https://169.254.169.254/latest', `${server.url}/cat.png`]) {
      const error = (await rejection(modelIntegration.generate(asking({ type: 'image', url })))) as OrchestratorError
      expect(error.message).toContain('messages[0].content[1]: it cannot be fetched')
    }
    expect(server.requests).toHaveLength(0)
  })

  it('is not asked of a fallback that cannot see it, which is said', async () => {
    const [busy, blind, seeing] = [
      await modelServer(() => refuses(529, 'Overloaded')),
      await modelServer(() => says('a cat')),
      await modelServer(() => says('a dog')),
    ]
    const providers = {
      first: providerAt(busy, { kind: 'anthropic', model: 'claude-sonnet-4-5' }),
      deepseek: providerAt(blind, { kind: 'deepseek' }),
      last: providerAt(seeing, { kind: 'openai', model: 'gpt-4o' }),
    }
    const { modelIntegration } = orchestratorWith({}, { models: { providers } })
    const request = { model: 'first/claude-sonnet-4-5', maxAttempts: 1, ...asking(picture) }
    const skipped = [{ provider: 'deepseek', model: 'deepseek-chat', reason: expect.stringContaining('reads no pictures') as string }]
    const error = (await rejection(modelIntegration.generate({ ...request, fallback: ['deepseek/deepseek-chat'] }))) as OrchestratorError
    expect(error.message).toMatch(/Overloaded; fallback `deepseek\/deepseek-chat` was skipped: model `deepseek-chat` reads no pictures/)
    expect(error.details['skipped']).toEqual(skipped)
    const answer = await modelIntegration.generate({ ...request, fallback: ['deepseek/deepseek-chat', 'last/gpt-4o'] })
    expect(answer).toMatchObject({ text: 'a dog', skipped })
    expect(blind.requests).toHaveLength(0)
    const text = await modelIntegration.generate({
      model: 'first/claude-sonnet-4-5',
      maxAttempts: 1,
      prompt: 'go',
      fallback: ['deepseek/deepseek-chat'],
    })
    expect(text).toMatchObject({ text: 'a cat' })
    expect(text.skipped).toBeUndefined()
  })

  it.each([
    [{ type: 'image' }, 'request.messages[0].content[1]'],
    [{ type: 'image', data: PNG }, 'request.messages[0].content[1].mediaType'],
    [{ type: 'image', url: 'https://example.com', data: PNG, mediaType: 'image/png' }, 'request.messages[0].content[1]'],
    [{ type: 'file', url: 'https://example.com', mediaType: 7 }, 'request.messages[0].content[1].mediaType'],
  ])('that is written wrongly is refused by path: %j', async (part, path) => {
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: providerAt({ url: 'http://127.0.0.1:9' }) } } })
    const error = await rejection(modelIntegration.generate(asking(part as ModelPart)))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path }] })
  })
})

it('a PDF and a text go where the wire takes them', async () => {
  const server = await modelServer(() => says('read'))
  const { modelIntegration } = orchestratorWith(
    {},
    { models: { providers: { p: providerAt(server, { kind: 'openai', model: 'gpt-4o' }) } } },
  )
  await modelIntegration.generate(asking({ type: 'file', data: PDF, mediaType: 'application/pdf' }))
  await modelIntegration.generate(asking({ type: 'file', url: `data:text/csv;base64,${Buffer.from('name,age').toString('base64')}` }))
  expect(JSON.stringify(server.requests[0]?.body)).toContain(`data:application/pdf;base64,${PDF}`)
  expect(JSON.stringify(server.requests[1]?.body)).toContain('name,age')
})

it.each([
  ['openai', 'gpt-4o', true],
  ['anthropic', 'claude-sonnet-4-5', true],
  ['deepseek', 'deepseek-chat', false],
])('a picture that a tool gave the model of a hybrid is one for %s, or a remark', async (kind, model, sees) => {
  const asks = { id: 'a', name: 'look' }
  const first =
    kind === 'anthropic'
      ? { type: 'message', role: 'assistant', content: [{ type: 'tool_use', ...asks, input: {} }], stop_reason: 'tool_use' }
      : {
          choices: [
            {
              index: 0,
              message: {
                role: 'assistant',
                content: null,
                tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
              },
              finish_reason: 'tool_calls',
            },
          ],
        }
  const last =
    kind === 'anthropic'
      ? { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'seen' }], stop_reason: 'end_turn' }
      : says('seen').body
  const server = await modelServer(({ index }) => ({ body: index === 0 ? first : last }))
  const orchestrator = orchestratorWith({}, { models: { providers: { p: providerAt(server, { kind, model }) } } })
  const execute = (): unknown => [
    { type: 'text', text: 'a chart' },
    { type: 'image', data: PNG, mimeType: 'image/png' },
  ]
  orchestrator.agentPool.registerTool({ name: 'look', description: 'd', parameters: { type: 'object' }, execute })
  orchestrator.agentPool.registerAgent({ id: 'h', type: 'hybrid', configuration: { stream: false } })
  const { results } = await orchestrator.executeWorkflow(workflow([task('t', { agentId: 'h', input: { prompt: 'go' } })]), {})
  expect(results['t']).toBe('seen')
  const sent = JSON.stringify(server.requests[1]?.body)
  expect(sent).toContain('a chart')
  expect(sent.includes(`"url":"data:image/png;base64,${PNG}"`) || sent.includes(`"data":"${PNG}"`)).toBe(sees)
  expect(sent.includes(PNG)).toBe(sees)
  if (!sees) expect(sent).toContain('image omitted')
})
