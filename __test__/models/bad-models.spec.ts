// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is wrong in words about models: each problem has its path, all of them at once, and nothing is sent.

import { describe, expect, it } from 'vitest'
import type { CustomProvider, GenerateRequest, ModelIntegration, ModelRequirements } from '@codexos/multi-agent-orchestrator'
import { modelServer, providerAt, says, type ModelServer } from '../support/wire-server.ts'
import { orchestratorWith, places, rejection, thrownBy } from '../support/orchestrators.ts'

const generate: CustomProvider['generate'] = () => ({ text: 'mine' })
const cycle: Record<string, unknown> = {}
cycle['self'] = cycle

const models = (providers: object = {}): ModelIntegration => orchestratorWith({}, { models: { providers } } as never).modelIntegration

async function local(): Promise<{ server: ModelServer; models: ModelIntegration }> {
  const server = await modelServer(() => says('well'))
  return { server, models: models({ local: providerAt(server) }) }
}

describe('the configuration', () => {
  const openai = (provider: object): object => ({ providers: { openai: provider } })
  it.each<[wrong: unknown, places: string[]]>([
    ['all', ['ERR_INVALID_VALUE models']],
    [{ provider: {} }, ['ERR_UNKNOWN_FIELD models.provider']],
    [{ providers: [] }, ['ERR_INVALID_VALUE models.providers']],
    [openai(5 as never), ['ERR_INVALID_VALUE models.providers.openai']],
    [{ providers: { 'a/b': { kind: 'openai' } } }, ['ERR_INVALID_VALUE models.providers["a/b"]']],
    [{ providers: { mine: {} } }, ['ERR_INVALID_VALUE models.providers.mine.kind']],
    [{ providers: { mine: { kind: 'nope' } } }, ['ERR_INVALID_VALUE models.providers.mine.kind']],
    [openai({ apikey: 'k' }), ['ERR_UNKNOWN_FIELD models.providers.openai.apikey']],
    [openai({ apiKey: 5 }), ['ERR_INVALID_VALUE models.providers.openai.apiKey']],
    [openai({ allowPrivate: 'yes' }), ['ERR_INVALID_VALUE models.providers.openai.allowPrivate']],
    [openai({ headers: { a: 1 } }), ['ERR_INVALID_VALUE models.providers.openai.headers.a']],
    [openai({ timeout: 'soon' }), ['ERR_INVALID_VALUE models.providers.openai.timeout']],
    [openai({ rateLimit: { requestsPerMinute: 0 } }), ['ERR_INVALID_VALUE models.providers.openai.rateLimit.requestsPerMinute']],
    [openai({ rateLimit: { perMinute: 1 } }), ['ERR_UNKNOWN_FIELD models.providers.openai.rateLimit.perMinute']],
    [{ fallback: 'gpt-5' }, ['ERR_INVALID_VALUE models.fallback']],
    [{ budget: { usd: -1, tokens: 1.5, calls: 'x' } }, ['usd', 'tokens', 'calls'].map((what) => `ERR_INVALID_VALUE models.budget.${what}`)],
  ])('%j', (wrong, expected) => {
    const error = thrownBy(() => orchestratorWith({}, { models: wrong } as never))
    expect(error.code).toBe('ERR_CONFIG')
    expect(places(error)).toEqual(expected)
  })

  it.each<[provider: object, words: RegExp]>([
    [{ kind: 'azure', apiKey: 'k' }, /the address is missing; set `endpoint`/],
    [{ kind: 'compatible' }, /the address is missing; set `endpoint`/],
    [{ kind: 'compatible', endpoint: 'http://127.0.0.1:1' }, /set `allowPrivate: true` if you trust it/],
    [{ kind: 'compatible', endpoint: 'http://example.com' }, /is plain http/],
    [{ kind: 'compatible', endpoint: 'nonsense' }, /write it like https:\/\/example\.com\/v1/],
    [{ kind: 'compatible', endpoint: 'https://example.com', apiKey: 'a\nb' }, /cannot be sent as a header/],
  ])('of a provider that cannot be reached so is refused when it is first wanted: %j', async (provider, words) => {
    const error = await rejection(models({ mine: provider }).generate({ model: 'mine/m', prompt: 'hello' }))
    expect(error.code).toBe('ERR_INVALID_ARGUMENT')
    expect(error.message).toMatch(words)
    expect(error.message).toContain('provider `mine`')
  })
})

describe('a request', () => {
  const turn = (content: unknown): object => ({ messages: [{ role: 'user', content }] })
  it.each<[name: string, wrong: unknown, places: string[]]>([
    ['none', undefined, ['request']],
    ['that asks nothing', {}, ['request']],
    ['that is text', 'hello', ['ERR_INVALID_VALUE request']],
    ['with a field too many', { prompt: 'x', promt: 'y' }, ['ERR_UNKNOWN_FIELD request.promt']],
    ['with a prompt that is none', { prompt: 5 }, ['ERR_INVALID_VALUE request.prompt']],
    ['with no list of turns', { messages: 'x' }, ['request.messages']],
    ['with no turn', { messages: [] }, ['request.messages']],
    ['with a turn that is none', { messages: [null] }, ['request.messages[0].role', 'request.messages[0].content']],
    ['with a role that is none', { messages: [{ role: 'god', content: 'x' }] }, ['request.messages[0].role']],
    ['with content that is none', turn(5), ['request.messages[0].content']],
    ['with a part that is none', turn([{ type: 'smell' }]), ['request.messages[0].content[0].type']],
    ['too warm', { prompt: 'x', temperature: 3 }, ['ERR_INVALID_VALUE request.temperature']],
    ['with a share below 0', { prompt: 'x', topP: -1 }, ['ERR_INVALID_VALUE request.topP']],
    ['for no tokens', { prompt: 'x', maxTokens: 0 }, ['ERR_INVALID_VALUE request.maxTokens']],
    ['with one stop', { prompt: 'x', stop: 'a' }, ['ERR_INVALID_VALUE request.stop']],
    ['with no list of tools', { prompt: 'x', tools: 'a' }, ['request.tools']],
    [
      'with a tool that is none',
      { prompt: 'x', tools: [null] },
      [
        'ERR_INVALID_VALUE request.tools[0].name',
        'ERR_INVALID_VALUE request.tools[0].description',
        'ERR_SCHEMA_UNREPRESENTABLE request.tools[0].parameters',
      ],
    ],
    ['with a choice that is none', { prompt: 'x', toolChoice: 'maybe' }, ['ERR_INVALID_VALUE request.toolChoice']],
    ['with a choice of what is not there', { prompt: 'x', toolChoice: { tool: 'gone' } }, ['ERR_INVALID_VALUE request.toolChoice.tool']],
    ['with a signal that is none', { prompt: 'x', signal: {} }, ['request.signal']],
    ['for no attempt', { prompt: 'x', maxAttempts: 0 }, ['ERR_INVALID_VALUE request.maxAttempts']],
    ['of a time below 0', { prompt: 'x', timeout: -5 }, ['ERR_INVALID_VALUE request.timeout']],
    ['for no number of dollars', { prompt: 'x', budget: { usd: Number.NaN } }, ['ERR_INVALID_VALUE request.budget.usd']],
    ['with a fallback that is none', { prompt: 'x', fallback: [5] }, ['ERR_INVALID_VALUE request.fallback']],
    ['with a function', { prompt: 'x', extra: { f: generate } }, ['ERR_NOT_JSON request.extra.f']],
    ['with a cycle', { prompt: 'x', extra: cycle }, ['ERR_NOT_JSON request.extra.self']],
    ['with a schema that is none', { prompt: 'x', schema: 5 }, ['ERR_SCHEMA_UNREPRESENTABLE request.schema']],
    [
      'with a schema that steers nobody',
      { prompt: 'x', schema: { '~standard': { version: 1, vendor: 'mine', validate: (value: unknown) => ({ value }) } } },
      ['ERR_SCHEMA_UNREPRESENTABLE request.schema'],
    ],
    ['with requirements that are none', { prompt: 'x', requirements: 5 }, ['ERR_INVALID_VALUE request.requirements']],
    [
      'with several',
      { temperature: 'hot', maxTokens: -1 },
      ['ERR_INVALID_VALUE request.temperature', 'ERR_INVALID_VALUE request.maxTokens', 'request'],
    ],
  ])('%s', async (_, wrong, expected) => {
    const { server, models: integration } = await local()
    for (const promise of [integration.generate(wrong as GenerateRequest), integration.stream(wrong as GenerateRequest).result()]) {
      const error = await rejection(promise)
      expect(error.code).toBe('ERR_INVALID_ARGUMENT')
      expect(places(error)).toEqual(expected)
    }
    expect(server.requests).toHaveLength(0)
    expect((await integration.generate({ prompt: 'hello' })).text).toBe('well')
  })

  it.each<[request: GenerateRequest, code: string, words: RegExp]>([
    [{ prompt: 'x', provider: 'nope' }, 'ERR_PROVIDER_NOT_FOUND', /`nope` is not a configured provider; there are: a, b/],
    [{ prompt: 'x', model: 'nope' }, 'ERR_NO_MODEL', /`nope` is offered by none of the configured providers \(a, b\)/],
    [{ prompt: 'x', model: 'a/m', fallback: ['zz'] }, 'ERR_NO_MODEL', /`zz` is offered by none/],
  ])('to nobody: %j', async (request, code, words) => {
    const server = await modelServer(() => says('well'))
    const error = await rejection(models({ a: providerAt(server), b: providerAt(server) }).generate(request))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(words)
    expect(server.requests).toHaveLength(0)
  })

  it('where no provider is configured', async () => {
    const integration = models()
    for (const promise of [integration.generate({ prompt: 'x' }), integration.selectModel({})])
      expect(await rejection(promise)).toMatchObject({ code: 'ERR_PROVIDER_NOT_FOUND' })
  })
})

describe('registerProvider', () => {
  it.each<[args: [unknown, unknown], places: string[]]>([
    [['', { generate }], ['name']],
    [['a/b', { generate }], ['name']],
    [[5, { generate }], ['name']],
    [['x', null], ['provider']],
    [['x', { generate: 5 }], ['provider.generate']],
    [['x', { generate, stream: 5 }], ['provider.stream']],
    [['x', { generate, rateLimit: { requestsPerMinute: 0 } }], ['ERR_INVALID_VALUE provider.rateLimit.requestsPerMinute']],
    [['x', { generate, models: 5 }], ['provider.models']],
    [['x', { generate, models: [{ id: 'm' }, { id: 5 }] }], ['ERR_INVALID_VALUE provider.models[1].id']],
    [['x', { kind: 'nope' }], ['ERR_INVALID_VALUE provider.kind']],
    [['x', {}], ['ERR_INVALID_VALUE provider.kind']],
  ])('%j: nothing is registered', (args, expected) => {
    const integration = models()
    expect(places(thrownBy(() => integration.registerProvider(...(args as ['', CustomProvider]))))).toEqual(expected)
    // The name is still free.
    integration.registerProvider('x', { generate })
    expect(integration.listModels({ configured: true })).toEqual([])
  })

  it('twice by one name', () => {
    const integration = models()
    integration.registerProvider('x', { generate })
    expect(thrownBy(() => integration.registerProvider('x', { generate }))).toMatchObject({
      name: 'ConflictError',
      code: 'ERR_PROVIDER_EXISTS',
    })
  })
})

describe('registerModel', () => {
  const model = { provider: 'local', id: 'm' }
  it.each<[wrong: unknown, places: string[]]>([
    [null, ['ERR_INVALID_VALUE model']],
    [{}, ['ERR_INVALID_VALUE model.id', 'ERR_INVALID_VALUE model.provider']],
    [{ ...model, id: 5 }, ['ERR_INVALID_VALUE model.id']],
    [{ id: 'm' }, ['ERR_INVALID_VALUE model.provider']],
    [{ ...model, contextLength: 5 }, ['ERR_UNKNOWN_FIELD model.contextLength']],
    [{ ...model, contextWindow: -5, maxOutput: 0.5 }, ['ERR_INVALID_VALUE model.contextWindow', 'ERR_INVALID_VALUE model.maxOutput']],
    [{ ...model, capabilities: ['vision', 'smell'] }, ['ERR_INVALID_VALUE model.capabilities[1]']],
    [{ ...model, quality: 'superb' }, ['ERR_INVALID_VALUE model.quality']],
    [{ ...model, structuredOutput: 'yes' }, ['ERR_INVALID_VALUE model.structuredOutput']],
    [{ ...model, prices: { inputt: 1, output: -1 } }, ['ERR_UNKNOWN_FIELD model.prices.inputt', 'ERR_INVALID_VALUE model.prices.output']],
  ])('%j', (wrong, expected) => {
    const error = thrownBy(() => models().registerModel(wrong as typeof model))
    expect(error.code).toBe('ERR_INVALID_ARGUMENT')
    expect(places(error)).toEqual(expected)
  })
})

describe('selectModel', () => {
  const openai = { openai: { apiKey: 'not-a-key' } }
  it.each<[wrong: unknown, places: string[]]>([
    [undefined, ['ERR_INVALID_VALUE requirements']],
    ['fast', ['ERR_INVALID_VALUE requirements']],
    [{ capability: [] }, ['ERR_UNKNOWN_FIELD requirements.capability']],
    [{ capabilities: 'vision' }, ['ERR_INVALID_VALUE requirements.capabilities']],
    [
      { capabilities: [{}, { type: 'smell' }] },
      ['ERR_INVALID_VALUE requirements.capabilities[0].type', 'ERR_INVALID_VALUE requirements.capabilities[1].type'],
    ],
    [{ capabilities: [{ type: 'vision', quality: 'superb' }] }, ['ERR_INVALID_VALUE requirements.capabilities[0].quality']],
    [{ contextLength: -1, maxCost: 'x' }, ['ERR_INVALID_VALUE requirements.contextLength', 'ERR_INVALID_VALUE requirements.maxCost']],
    [{ mode: 'fun' }, ['ERR_INVALID_VALUE requirements.mode']],
    [{ providers: { deny: 'openai' } }, ['ERR_INVALID_VALUE requirements.providers.deny']],
  ])('%j', async (wrong, expected) => {
    const error = await rejection(models(openai).selectModel(wrong as ModelRequirements))
    expect(error.code).toBe('ERR_INVALID_ARGUMENT')
    expect(places(error)).toEqual(expected)
  })

  it.each<[requirements: ModelRequirements, words: RegExp]>([
    [{ providers: { deny: ['openai'] } }, /relax `providers` for \d+ models/],
    [{ contextLength: 1e9, maxCost: 0 }, /`contextLength` \((\d+) fail it\), `maxCost` \(\1 fail it\); relax several/],
    [
      { capabilities: [{ type: 'audio', quality: 'excellent' }], contextLength: 1e9 },
      /no model meets all requirements; \d+ models looked at/,
    ],
  ])('says what removed whom: %j', async (requirements, words) => {
    const error = await rejection(models(openai).selectModel(requirements))
    expect([error.name, error.code]).toEqual(['ModelError', 'ERR_NO_MODEL'])
    expect(error.message).toMatch(words)
  })
})
