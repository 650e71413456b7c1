// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// To whom a prompt goes: to the provider that is named, or to none.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MultiAgentOrchestrator, ValidationError } from '@codexos/multi-agent-orchestrator'
import { orchestratorWith, rejection, task, thrownBy, workflow } from '../support/orchestrators.ts'
import { wireForms } from '../support/wire-forms.ts'
import { modelServer, providerAt, says, type ModelServer } from '../support/wire-server.ts'

const environment = { ...process.env }
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (/_API_KEY$|^OPENAI_/.test(name)) delete process.env[name]
})
afterEach(() => {
  process.env = { ...environment }
})

/** Whom a request with this model reaches, with the name that is sent, or why none. */
async function reached(providers: Readonly<Record<string, string>>, model: string): Promise<string> {
  const servers: [string, ModelServer][] = []
  const configured: Record<string, object> = {}
  for (const [name, kind] of Object.entries(providers)) {
    const form = wireForms.find((one) => one.kind === (kind === 'google' ? 'gemini' : kind)) ?? wireForms[0]!
    const server = await modelServer(() => form.says('well'))
    servers.push([name, server])
    configured[name] = { ...providerAt(server, { kind }), model: undefined }
  }
  const { modelIntegration } = orchestratorWith({}, { models: { providers: configured } })
  const failed = await modelIntegration.generate({ model, prompt: 'secret' }).then(
    () => undefined,
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  )
  const seen = servers.flatMap(([name, { requests }]) => requests.map((one) => `${name}: ${one.body.model ?? one.path}`))
  if (failed !== undefined) {
    expect(seen).toEqual([])
    return failed
  }
  return seen.join(', ')
}

// `model: 'anthropic/…'` with only `openai` configured: the prompt went to OpenAI, and was answered there as if by the other.
describe('a model of a provider that is not configured', () => {
  it.each([
    ['openai', 'anthropic/claude-haiku-4-5', 'anthropic', 'ANTHROPIC_API_KEY'],
    ['anthropic', 'openai/gpt-5-mini', 'openai', 'OPENAI_API_KEY'],
    ['gemini', 'mistral/mistral-large-latest', 'mistral', 'MISTRAL_API_KEY'],
    ['openai', 'google/gemini-2.5-flash', 'google', 'GEMINI_API_KEY'],
    // A gateway has models of all makers; that is no reason to send it what is addressed to another.
    ['compatible', 'anthropic/claude-haiku-4-5', 'anthropic', 'ANTHROPIC_API_KEY'],
  ])('is not sent to %s: %s', async (kind, model, missing, key) => {
    const said = await reached({ p: kind }, model)
    expect(said).toMatch(
      new RegExp(`^ERR_PROVIDER_NOT_FOUND \`${model}\` cannot be called: \`${missing}\` is not a configured provider; there are: p`),
    )
    expect(said).toContain(`configure it as \`models.providers.${missing}\``)
    expect(said).toContain(key)
    expect(said).toContain(`or write \`p/${model}\``)
    // That is the way out.
    expect(await reached({ p: kind }, `p/${model}`)).toContain(model)
  })

  it('is told apart from one that only lacks its prefix', async () => {
    expect(await reached({ openai: 'openai' }, 'claude-haiku-4-5')).toMatch(
      /^ERR_PROVIDER_NOT_FOUND `claude-haiku-4-5` .*`anthropic` is not a configured/,
    )
    expect(await reached({ openai: 'openai' }, 'of-tomorrow')).toBe('openai: of-tomorrow')
  })

  it('that is nearly one of ours is offered', async () => {
    expect(await reached({ openai: 'openai' }, 'antropic/claude')).toMatch(/^ERR_PROVIDER_NOT_FOUND .*did you mean `anthropic`\?/)
    expect(await reached({ openai: 'openai', anthropic: 'anthropic' }, 'opnai/gpt-5')).toMatch(/did you mean `openai`\?/)
    expect(await reached({ openai: 'openai', anthropic: 'anthropic' }, 'gpt5-mini')).toMatch(/^ERR_NO_MODEL .*did you mean `gpt-5-mini`\?/)
  })

  it('whose prefix is none of ours is what a gateway calls it', async () => {
    for (const kind of ['compatible', 'openrouter', 'together', 'groq'])
      expect(await reached({ p: kind }, 'meta-llama/of-tomorrow')).toBe('p: meta-llama/of-tomorrow')
    expect(await reached({ p: 'compatible', openai: 'openai' }, 'meta-llama/of-tomorrow')).toBe('p: meta-llama/of-tomorrow')
    expect(await reached({ p: 'compatible' }, 'p/anthropic/of-tomorrow')).toBe('p: anthropic/of-tomorrow')
    expect(await reached({ openai: 'openai' }, 'meta-llama/of-tomorrow')).toMatch(/^ERR_PROVIDER_NOT_FOUND/)
    expect(await reached({ p: 'openrouter' }, 'anthropic/claude-opus-5')).toBe('p: anthropic/claude-opus-5')
  })

  it('is not a fallback either, nor the model of an agent', async () => {
    const server = await modelServer(() => says('well'))
    const orchestrator = orchestratorWith({}, { models: { providers: { openai: { ...providerAt(server), kind: 'openai' } } } })
    const error = await rejection(orchestrator.modelIntegration.generate({ model: 'openai/gpt-5', prompt: 'x', fallback: ['anthropic/x'] }))
    expect(error.code).toBe('ERR_PROVIDER_NOT_FOUND')
    orchestrator.agentPool.registerAgent({ id: 'writer', type: 'llm', configuration: { model: 'anthropic/claude-haiku-4-5' } })
    const failed = await rejection(orchestrator.executeWorkflow(workflow([task('t', { agentId: 'writer', input: { prompt: 'x' } })])))
    expect(failed.message).toContain('`anthropic` is not a configured provider')
    expect(server.requests).toHaveLength(0)
  })

  it.each([
    [404, 'The model `gpt5-mini` does not exist'],
    [400, 'Invalid model: gpt5-mini'],
    [400, 'Model Not Exist'],
    [422, 'there is no such model'],
    [403, 'Project has no access to model gpt5-mini'],
  ])('where the provider itself knows no such model, near ones are offered: %i, %s', async (status, message) => {
    const server = await modelServer(() => ({ status, body: { error: { message } } }))
    // Without a prefix it goes to the only provider that there is: the catalogue may be older than the model.
    for (const model of ['openai/gpt5-mini', 'gpt5-mini']) {
      const { modelIntegration } = orchestratorWith({}, { models: { providers: { openai: { ...providerAt(server), kind: 'openai' } } } })
      const error = await rejection(modelIntegration.generate({ model, prompt: 'x' }))
      expect(error.message).toContain(message)
      expect(error.message).toMatch(/did you mean `gpt-5-mini`\?$/)
    }
  })

  it('where there is no connection, near ones are offered, and none for a model that is known or has none', async () => {
    const openai = { kind: 'openai', apiKey: 'k-123456', endpoint: 'http://127.0.0.1:9', allowPrivate: true }
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { openai } } })
    const of = async (model: string): Promise<string> =>
      (await rejection(modelIntegration.generate({ model, prompt: 'x', maxAttempts: 1 }))).message
    expect(await of('gpt5-mini')).toMatch(
      /cannot connect to 127\.0\.0\.1:9: .*; the model `gpt5-mini` is not in the catalogue; did you mean `gpt-5-mini`\?$/,
    )
    for (const model of ['gpt-5-mini', 'of-tomorrow']) expect(await of(model)).not.toContain('did you mean')
  })

  it('is not offered another where the model is not why', async () => {
    for (const [status, message] of [
      [400, 'temperature must be 1'],
      [401, 'the model is for those who pay'],
      [500, 'the model broke'],
    ] as const) {
      const server = await modelServer(() => ({ status, body: { error: { message } } }))
      const { modelIntegration } = orchestratorWith({}, { models: { providers: { openai: { ...providerAt(server), kind: 'openai' } } } })
      const error = await rejection(modelIntegration.generate({ model: 'gpt5-mini', prompt: 'x', maxAttempts: 1 }))
      expect(error.message).toContain(message)
      expect(error.message).not.toContain('did you mean')
    }
  })
})

// A fallback that named a provider that is not configured was found by the first call, which failed, though its own model was there.
describe('a configured fallback', () => {
  const issuesOf = async (promise: Promise<unknown>): Promise<string[]> =>
    ((await rejection(promise)) as ValidationError).issues.map(({ path, message }) => `${path}: ${message}`)

  it('that names no configured provider is reported by ready(), with its place and the way out, and by the first call', async () => {
    const server = await modelServer(() => says('well'))
    const providers = { openai: { ...providerAt(server), kind: 'openai' } }
    const fallback = ['openai/gpt-5', 'anthropic/claude-haiku-4-5', 'antropic/x']
    const orchestrator = orchestratorWith({ work: () => 'done' }, { models: { providers, fallback } } as never)
    const [first, second, ...rest] = await issuesOf(orchestrator.ready())
    expect(rest).toEqual([])
    expect(first).toMatch(
      /^models\.fallback\[1\]: `anthropic\/claude-haiku-4-5` cannot be called: `anthropic` is not a configured provider; there are: openai; /,
    )
    expect(first).toContain('configure it as `models.providers.anthropic`, with its key in `apiKey` or ANTHROPIC_API_KEY')
    expect(second).toMatch(/^models\.fallback\[2\]: .*did you mean `anthropic`\?/)
    const error = await rejection(orchestrator.modelIntegration.generate({ prompt: 'x', model: 'openai/gpt-5' }))
    expect(error.code).toBe('ERR_PROVIDER_NOT_FOUND')
    expect(error.message).toMatch(/^`models\.fallback\[1\]`: `anthropic\/claude-haiku-4-5` cannot be called: /)
    const asked = { prompt: 'x', model: 'openai/gpt-5', fallback: ['openai/gpt-5-mini', 'mistral/m'] }
    expect((await rejection(orchestrator.modelIntegration.generate(asked))).message).toMatch(
      /^`request\.fallback\[1\]`: `mistral\/m` cannot/,
    )
    expect(server.requests).toHaveLength(0)
    // A program that never asks a model runs.
    expect((await orchestrator.executeWorkflow(workflow([task('t')]))).results['t']).toBe('done')
  })

  it('whose provider lacks its key is told that, once', async () => {
    const server = await modelServer(() => says('well'))
    const providers = { openai: { ...providerAt(server), kind: 'openai' }, google: {} }
    const orchestrator = orchestratorWith({}, { models: { providers, fallback: ['gemini/m', 'openai/gpt-5'] } } as never)
    const missing = [expect.stringMatching(/^models\.providers\.google\.apiKey: the API key is missing; set `apiKey` or GEMINI_API_KEY/)]
    expect(await issuesOf(orchestrator.ready())).toEqual(missing)
    expect(await issuesOf(orchestrator.modelIntegration.generate({ prompt: 'x', model: 'openai/gpt-5' }))).toEqual(missing)
    const { text } = await orchestrator.modelIntegration.generate({ prompt: 'x', model: 'openai/gpt-5', fallback: [] })
    expect(text).toBe('well')
  })

  it('of a program that relies on the environment is judged as well', async () => {
    process.env['OPENAI_API_KEY'] = 'k-123456'
    await orchestratorWith({}, { models: { fallback: ['openai/gpt-5'] } }).ready()
    expect(await issuesOf(orchestratorWith({}, { models: { fallback: ['mistral/m'] } }).ready())).toEqual([
      expect.stringMatching(/^models\.fallback\[0\]: `mistral\/m` cannot be called/),
    ])
    delete process.env['OPENAI_API_KEY']
    expect(await issuesOf(orchestratorWith({}, { models: { fallback: ['openai/gpt-5'] } }).ready())).toEqual([
      expect.stringMatching(
        /^models\.fallback\[0\]: `openai\/gpt-5` cannot be called: no provider is configured; set `models\.providers\.openai\.apiKey`/,
      ),
    ])
  })

  it('of a provider that is registered before ready() is there', async () => {
    const orchestrator = orchestratorWith({}, { models: { providers: { openai: { apiKey: 'k-123456' } }, fallback: ['mine/m'] } })
    orchestrator.modelIntegration.registerProvider('mine', { generate: async () => ({ text: 'well' }) })
    await orchestrator.ready()
  })
})

// The documentation of every peer, and our own table of choices, call Gemini's provider `google`; as a name it was unknown.
describe('`google` is Gemini', () => {
  it.each([
    [{ google: 'gemini' }, 'google/m'],
    [{ google: 'gemini' }, 'gemini/m'],
    [{ gemini: 'gemini' }, 'google/m'],
    [{ mine: 'google' }, 'mine/m'],
  ])('%j: %s', async (providers, model) => {
    expect(await reached(providers as never, model)).toBe(`${Object.keys(providers)[0]}: /v1beta/models/m:generateContent`)
  })

  it('without a kind, with the key of its environment', async () => {
    process.env['GEMINI_API_KEY'] = 'k-123456'
    for (const models of [{ providers: { google: {} } }, undefined]) {
      const { modelIntegration } = orchestratorWith({}, models === undefined ? {} : { models })
      for (const preferredProvider of ['google', 'gemini']) {
        const { provider, reason } = await modelIntegration.selectModel({ capabilities: [{ type: 'text-generation' }], preferredProvider })
        expect(provider).toBe(models === undefined ? 'gemini' : 'google')
        expect(reason).toContain('is the best of the preferred provider')
      }
    }
  })

  it('preferred among others, allowed and denied, by either name', async () => {
    const key = { apiKey: 'k-123456' }
    for (const name of ['google', 'gemini']) {
      const { modelIntegration } = orchestratorWith({}, { models: { providers: { [name]: key, openai: key, anthropic: key } } })
      for (const other of ['google', 'gemini']) {
        const of = async (requirements: object): Promise<string> =>
          (await modelIntegration.selectModel({ capabilities: [{ type: 'text-generation' }], ...requirements })).provider
        expect(await of({ preferredProvider: other })).toBe(name)
        expect(await of({ providers: { allow: [other] } })).toBe(name)
        expect(await of({ providers: { deny: [other] }, preferredProvider: other })).not.toBe(name)
      }
    }
  })
})

// A provider without its key was an Error without `issues`, which said its name twice, and only when a model was asked.
describe('a key that is missing', () => {
  it.each(['openai', 'anthropic', 'google'])(
    'is a problem of the configuration that ready() and the first call report: %s',
    async (name) => {
      const orchestrator = orchestratorWith({ work: () => 'done' }, { models: { providers: { [name]: {} } } })
      const path = `models.providers.${name}.apiKey`
      for (const [promise, code] of [
        [orchestrator.ready(), 'ERR_CONFIG'],
        [orchestrator.modelIntegration.generate({ model: `${name}/m`, prompt: 'x' }), 'ERR_INVALID_ARGUMENT'],
        [orchestrator.modelIntegration.generate({ prompt: 'x' }), 'ERR_INVALID_ARGUMENT'],
        [orchestrator.modelIntegration.selectModel({}), 'ERR_INVALID_ARGUMENT'],
      ] as const) {
        const error = (await rejection(promise as Promise<unknown>)) as ValidationError
        expect(error).toBeInstanceOf(ValidationError)
        expect(error.code).toBe(code)
        expect(error.issues).toMatchObject([
          { path, message: expect.stringContaining('the API key is missing; set `apiKey` or ') as string },
        ])
        expect(error.message.match(/the API key is missing/g)).toHaveLength(1)
      }
      // A program that never asks a model runs.
      expect((await orchestrator.executeWorkflow(workflow([task('t')]))).results['t']).toBe('done')
    },
  )

  it('keeps none of the others from being asked', async () => {
    const server = await modelServer(() => says('well'))
    const orchestrator = orchestratorWith({}, { models: { providers: { openai: {}, local: providerAt(server) } } })
    expect((await orchestrator.modelIntegration.generate({ model: 'local/small', prompt: 'x' })).text).toBe('well')
    await rejection(orchestrator.ready())
  })

  it('says nothing where the environment has it, or nothing is configured', async () => {
    await orchestratorWith({}, {}).ready()
    process.env['OPENAI_API_KEY'] = 'k-123456'
    await orchestratorWith({}, { models: { providers: { openai: {} } } }).ready()
  })

  it.each(['', '  ', '\n'])('is another thing than one that is given and empty: %j', (apiKey) => {
    process.env['OPENAI_API_KEY'] = 'k-123456'
    for (const name of ['openai', 'anthropic', 'google', 'ollama']) {
      const error = thrownBy(() => new MultiAgentOrchestrator({ models: { providers: { [name]: { apiKey } } } })) as ValidationError
      expect(error).toMatchObject({ code: 'ERR_CONFIG', issues: [{ path: `models.providers.${name}.apiKey` }] })
    }
  })

  it('of one that is registered later is reported likewise', async () => {
    const orchestrator = orchestratorWith()
    orchestrator.modelIntegration.registerProvider('openai', {})
    const error = (await rejection(orchestrator.modelIntegration.generate({ prompt: 'x' }))) as ValidationError
    expect(error.issues.map(({ path }) => path)).toEqual(['models.providers.openai.apiKey'])
  })
})
