// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is written into a request and where it is sent: by the family of the model, whoever serves it, and whatever form its endpoint was written in.

import { describe, expect, it } from 'vitest'
import type { GenerateRequest, ProviderConfig } from '@codexos/multi-agent-orchestrator'
import { orchestratorWith, rejection } from '../support/orchestrators.ts'
import { wireForms } from '../support/wire-forms.ts'
import { modelServer, providerAt, says, type ModelServer } from '../support/wire-server.ts'

const answers = { body: { ...(says('well').body as object), output: [], object: 'response', status: 'completed' } }

/** The body that was sent, and what the attempt says was left out of it. */
async function sent(provider: ProviderConfig, request: GenerateRequest): Promise<{ body: Record<string, unknown>; omitted: unknown }> {
  const server = await modelServer(() => answers)
  const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: providerAt(server, { model: 'm', ...provider }) } } })
  const { attempts } = await modelIntegration.generate({ prompt: 'x', ...request })
  return { body: server.requests[0]?.body ?? {}, omitted: attempts[0]?.omitted }
}

const PARAMETERS = { maxTokens: 100, temperature: 0, topP: 0.5, stop: ['END'] }
const ALL = ['temperature', 'topP', 'stop']

// GPT-5 and the o-series refuse `max_tokens`, any `temperature` but 1, `top_p` and `stop`. That was known of the provider `openai` alone.
describe('parameters go by the family of the model', () => {
  it.each<[name: string, provider: ProviderConfig, model: string]>([
    ['openai', { kind: 'openai' }, 'p/gpt-5-mini'],
    ['azure, the deployment named as the model', { kind: 'azure' }, 'p/gpt-5-mini'],
    ['azure, the deployment of a name of its own', { kind: 'azure', deployment: 'prod' }, 'p/gpt-5-mini'],
    ['azure, the deployment alone says it', { kind: 'azure', deployment: 'prod-gpt-5-mini' }, 'p/m'],
    ['a gateway', { kind: 'compatible' }, 'p/gpt-5-mini'],
    ['a gateway, by maker and model', { kind: 'compatible' }, 'p/openai/o3'],
    ['openrouter', { kind: 'openrouter' }, 'p/openai/gpt-5-mini'],
  ])('%s', async (_, provider, model) => {
    const { body, omitted } = await sent(provider, { model, ...PARAMETERS })
    expect(body).toMatchObject({ max_completion_tokens: 100 })
    for (const field of ['max_tokens', 'temperature', 'top_p', 'stop']) expect(body).not.toHaveProperty(field)
    expect(omitted).toEqual(ALL)
  })

  it('on the wire of Responses, which names them in its own way', async () => {
    const { body, omitted } = await sent({ kind: 'openai-responses' }, { model: 'p/gpt-5-mini', ...PARAMETERS })
    expect(body).toMatchObject({ max_output_tokens: 100 })
    for (const field of ['temperature', 'top_p']) expect(body).not.toHaveProperty(field)
    expect(omitted).toEqual(ALL)
  })

  it.each(['compatible', 'openai', 'azure', 'openrouter', 'groq', 'mistral', 'together', 'deepseek'])(
    'and are all sent to any other: %s',
    async (kind) => {
      const { body, omitted } = await sent({ kind }, { model: 'p/llama-3.3-70b', ...PARAMETERS })
      expect(body).toMatchObject({ max_tokens: 100, temperature: 0, top_p: 0.5, stop: ['END'] })
      expect(omitted).toBeUndefined()
    },
  )

  it('with `OPENAI_BASE_URL`', async () => {
    const server = await modelServer(() => answers)
    const before = { ...process.env }
    Object.assign(process.env, { OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'k-123456' })
    try {
      await orchestratorWith().modelIntegration.generate({ model: 'openai/gpt-5-mini', prompt: 'x', ...PARAMETERS })
    } finally {
      process.env = before
    }
    expect(server.requests[0]).toMatchObject({ path: '/v1/chat/completions', body: { max_completion_tokens: 100 } })
    expect(server.requests[0]?.body).not.toHaveProperty('temperature')
  })

  it('of Claude too, which takes one of two or none', async () => {
    const server = await modelServer(() => wireForms[1]!.says('well'))
    const provider = providerAt(server, { kind: 'anthropic' })
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: provider } } })
    for (const model of ['p/claude-opus-4-7', 'p/claude-haiku-4-5'])
      await modelIntegration.generate({ model, prompt: 'x', temperature: 0, topP: 0.5 })
    const [newer, older] = server.requests.map(({ body }) => body)
    for (const field of ['temperature', 'top_p']) expect(newer).not.toHaveProperty(field)
    expect(older).toMatchObject({ temperature: 0 })
    expect(older).not.toHaveProperty('top_p')
  })
})

// A base URL without `/v1`, with the whole path, or with a slash at its end: each led to another address, most of them to a 404 without a word of where.
describe('an endpoint in any usual form means the same', () => {
  const ask = async (server: ModelServer, kind: string, path: string, rest: ProviderConfig = {}): Promise<string | undefined> => {
    const provider = providerAt({ url: `${server.url}${path}` }, { kind, model: 'm', ...rest })
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: provider } } })
    await modelIntegration.generate({ model: 'p/m', prompt: 'x' })
    return server.requests.at(-1)?.path
  }

  it.each([
    ['compatible', ['', '/', '/v1', '/v1/', '/v1/chat/completions', '/v1/chat/completions/'], '/v1/chat/completions'],
    ['anthropic', ['', '/', '/v1', '/v1/', '/v1/messages'], '/v1/messages'],
    ['gemini', ['', '/', '/v1beta', '/v1beta/', '/v1beta/models/m:generateContent'], '/v1beta/models/m:generateContent'],
  ])('%s', async (kind, paths, expected) => {
    const form = wireForms.find((one) => one.kind === kind)!
    const server = await modelServer(() => form.says('well'))
    for (const path of paths) expect(await ask(server, kind, path)).toBe(expected)
  })

  it('azure: the address that its portal shows names the deployment and the version', async () => {
    const server = await modelServer(() => says('well'))
    const whole = '/openai/deployments/blue/chat/completions?api-version=2025-01-01-preview'
    expect(await ask(server, 'azure', whole)).toBe(whole)
    const [blue] = whole.split('?')
    for (const path of ['', '/', '/openai', '/openai/v1/'])
      expect(await ask(server, 'azure', path, { deployment: 'blue' })).toBe(`${blue}?api-version=2024-10-21`)
  })

  it.each(wireForms)('and an error says what was asked for ($kind)', async (form) => {
    const server = await modelServer(() => ({ status: 404, body: 'Not Found', headers: { 'content-type': 'text/plain' } }))
    const provider = providerAt({ url: `${server.url}/tenant` }, { kind: form.kind, model: 'm' })
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: provider } } })
    const error = await rejection(modelIntegration.generate({ model: 'p/m', prompt: 'x' }))
    expect(error.details).toMatchObject({ class: 'invalid' })
    expect(error.message).toContain(`(asked for: POST ${server.requests[0]?.path})`)
  })

  it('without what looks like a key in it', async () => {
    const server = await modelServer(() => ({ status: 404, body: {} }))
    const secret = '0123456789abcdef0123456789abcdef'
    const provider = providerAt({ url: `${server.url}/${secret}/v1` }, { model: 'm' })
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: provider } } })
    const error = await rejection(modelIntegration.generate({ model: 'p/m', prompt: 'x' }))
    expect(error.message).toContain('(asked for: POST /[hidden]/v1/chat/completions)')
    expect(JSON.stringify(error.details)).not.toContain(secret)
  })
})
