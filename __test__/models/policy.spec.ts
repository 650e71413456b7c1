// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What becomes of a call whose provider fails, refuses, dawdles or is dear: by the requests that a real server received.

import { describe, expect, it } from 'vitest'
import type { CustomProvider, CustomRequest, GenerateResult, ModelAttempt, ModelsConfig } from '@codexos/multi-agent-orchestrator'
import type { ModelIntegration, MultiAgentOrchestrator, OrchestratorError, StreamPart } from '@codexos/multi-agent-orchestrator'
import { modelServer, providerAt, refuses, says, type Answer, type ModelServer } from '../support/wire-server.ts'
import { orchestratorWith, rejection, until } from '../support/orchestrators.ts'

const withModels = (models: ModelsConfig): MultiAgentOrchestrator => orchestratorWith({}, { models })

/** Models at one server. */
function asks(server: ModelServer, rest: Parameters<typeof providerAt>[1] = {}, models: ModelsConfig = {}): ModelIntegration {
  return withModels({ providers: { local: providerAt(server, rest) }, ...models }).modelIntegration
}

const attemptsOf = (error: OrchestratorError): ModelAttempt[] => (error.details as { attempts: ModelAttempt[] }).attempts

/** Numbers below 1 that are the same each time. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('retries', () => {
  it('are as many as may be: a provider that always answers 500 gets exactly three requests', async () => {
    const server = await modelServer(() => refuses(500, 'it broke'))
    const error = await rejection(asks(server).generate({ prompt: 'hello', maxAttempts: 3 }))
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'overload' } })
    expect(attemptsOf(error).map(({ next }) => next)).toEqual(['retry', 'retry', 'give-up'])
    expect(server.requests).toHaveLength(3)
  })

  it.each<[name: string, answer: Answer, failed: string]>([
    ['a wrong key', refuses(401, 'Incorrect API key provided'), 'auth'],
    ['a spent balance', refuses(429, 'You exceeded your current quota', { code: 'insufficient_quota' }), 'quota'],
    ['a wrong request', refuses(400, 'no such field'), 'invalid'],
    ['what it says', refuses(400, 'flagged', { code: 'content_filter' }), 'content'],
    ['a wait of an hour', refuses(429, 'later', { headers: { 'retry-after': '3600' } }), 'rate'],
  ])('are none where they would not help: %s', async (_, answer, failed) => {
    const server = await modelServer(() => answer)
    const error = await rejection(asks(server).generate({ prompt: 'hello' }))
    expect(error.details).toMatchObject({ class: failed, attempts: [{ failure: failed, next: 'give-up' }] })
    expect(server.requests).toHaveLength(1)
  })

  it('bring 99.5 % of calls through where every fifth request fails', async () => {
    const chance = chances(20_260_101)
    const faults: Answer[] = [
      refuses(429, 'too fast', { headers: { 'retry-after-ms': '20' } }),
      refuses(500, 'it broke', { headers: { 'retry-after-ms': '20' } }),
      { end: 'open' },
    ]
    const server = await modelServer(() => (chance() < 0.2 ? (faults[Math.floor(chance() * 3)] as Answer) : says('well')))
    const models = asks(server, { timeout: 2000 })
    const [answered, failed]: [GenerateResult[], OrchestratorError[]] = [[], []]
    // A few at a time, each begun when another has ended: the timeout is one of the faults, and must not come of an event loop that begins calls
    // and does not get to answering them.
    let next = 0
    const one = async (): Promise<void> => {
      while (next < 400) {
        next += 1
        await models.generate({ prompt: `call ${next}` }).then(
          (result) => answered.push(result),
          (error: unknown) => failed.push(error as OrchestratorError),
        )
      }
    }
    await Promise.all(Array.from({ length: 24 }, one))
    expect(answered.length + failed.length).toBe(400)
    expect(answered.length).toBeGreaterThanOrEqual(398)
    const attempts = [...answered.flatMap((result) => result.attempts), ...failed.flatMap(attemptsOf)]
    // What was sent is what was recorded, and the schedule had its say.
    expect(attempts).toHaveLength(server.requests.length)
    expect(new Set(attempts.map(({ failure }) => failure))).toEqual(new Set([undefined, 'rate', 'overload', 'network']))
    expect(attempts.filter(({ failure }) => failure !== undefined).length).toBeGreaterThan(60)
  })
})

describe('fallback', () => {
  it.each<[name: string, answer: Answer, failed: string, requests: number]>([
    ['a 500', refuses(500, 'it broke'), 'overload', 2],
    ['a 429 that does not end', refuses(429, 'too fast', { headers: { 'retry-after-ms': '10' } }), 'rate', 2],
    ['a spent balance', refuses(402, 'Insufficient credits'), 'quota', 1],
  ])('goes to another provider after %s', async (_, answer, failed, requests) => {
    const first = await modelServer(() => answer)
    const second = await modelServer(() => says('from the second'))
    const providers = { first: providerAt(first), second: providerAt(second, { model: 'other' }) }
    const models = withModels({ providers, fallback: ['second/other'] }).modelIntegration
    const { text, provider, model, attempts } = await models.generate({ provider: 'first', prompt: 'hello', maxAttempts: 2 })
    expect([text, provider, model]).toEqual(['from the second', 'second', 'other'])
    expect([first.requests.length, second.requests.length]).toEqual([requests, 1])
    expect(attempts.slice(-2)).toMatchObject([
      { provider: 'first', failure: failed, next: 'fallback' },
      { provider: 'second', model: 'other', next: 'done' },
    ])
    expect(second.requests[0]?.body.model).toBe('other')
  })

  it('is none if the request wants none', async () => {
    const first = await modelServer(() => refuses(500, 'it broke'))
    const second = await modelServer(() => says('from the second'))
    const providers = { first: providerAt(first), second: providerAt(second) }
    const models = withModels({ providers, fallback: ['second/small'] }).modelIntegration
    await rejection(models.generate({ provider: 'first', prompt: 'hello', maxAttempts: 1, fallback: [] }))
    expect([first.requests.length, second.requests.length]).toEqual([1, 0])
  })

  it('is none once the caller has a part of the answer', async () => {
    const chunk = {
      id: '1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'small',
      choices: [{ index: 0, delta: { content: 'Once' } }],
    }
    const body = `data: ${JSON.stringify(chunk)}\n\n`
    const first = await modelServer(() => ({ headers: { 'content-type': 'text/event-stream' }, body, end: 'cut' }))
    const second = await modelServer(() => says('from the second'))
    const providers = { first: providerAt(first), second: providerAt(second) }
    const stream = withModels({ providers, fallback: ['second/small'] }).modelIntegration.stream({ provider: 'first', prompt: 'hello' })
    const error = await rejection(stream.result())
    expect(error.details).toMatchObject({ partialText: 'Once', attempts: [{ failure: 'network', next: 'give-up' }] })
    expect([first.requests.length, second.requests.length]).toEqual([1, 0])
  })

  it('goes to a larger model of the same provider if the request is too large, and to no other', async () => {
    const tooLong = refuses(400, "This model's maximum context length is 100 tokens.", { code: 'context_length_exceeded' })
    const server = await modelServer(({ body }) => (body.model === 'small' ? tooLong : says(`from ${body.model}`)))
    const models = asks(server)
    for (const [id, contextWindow] of [
      ['small', 8000],
      ['middle', 64_000],
      ['large', 128_000],
    ] as const)
      models.registerModel({
        provider: 'local',
        id,
        contextWindow,
        capabilities: ['text-generation'],
        prices: { input: contextWindow / 1000, output: 1 },
      })
    const { text, attempts } = await models.generate({ model: 'local/small', prompt: 'hello' })
    expect(text).toBe('from middle')
    expect(attempts.map(({ model, failure, next }) => [model, failure, next])).toEqual([
      ['small', 'context', 'fallback'],
      ['middle', undefined, 'done'],
    ])
  })
})

describe('a budget', () => {
  /** A million tokens of input or output cost so many dollars; each answer has 10 of one and 5 of the other. */
  const priced = (models: ModelIntegration): ModelIntegration => {
    models.registerModel({ provider: 'local', id: 'small', contextWindow: 8000, prices: { input: 1000, output: 1000 } })
    return models
  }

  it.each([
    ['usd', { usd: 0.000_01 }],
    ['tokens', { tokens: 20 }],
    ['calls', { calls: 0 }],
  ])('of a request that is too small sends nothing: %s', async (what, budget) => {
    const server = await modelServer(() => says('well'))
    const error = await rejection(priced(asks(server)).generate({ prompt: 'hello', maxTokens: 1000, budget }))
    expect(error).toMatchObject({ name: 'ModelError', code: 'ERR_BUDGET_EXCEEDED', details: { attempts: [] } })
    expect(String((error.details as { what: string }).what)).toMatch(new RegExp(what, 'i'))
    expect(server.requests).toHaveLength(0)
  })

  it('of a request that is large enough does not stand in its way', async () => {
    const server = await modelServer(() => says('well'))
    const { cost, costComplete } = await priced(asks(server)).generate({
      prompt: 'hello',
      maxTokens: 10,
      budget: { usd: 1, tokens: 1000, calls: 1 },
    })
    expect([cost, costComplete]).toEqual([0.015, true])
  })

  it.each([
    ['usd', { usd: 0.2 }, (results: GenerateResult[]): number => results.reduce((sum, { cost }) => sum + cost, 0), 0.2],
    ['tokens', { tokens: 200 }, (results: GenerateResult[]): number => results.reduce((sum, { usage }) => sum + usage.totalTokens, 0), 200],
    ['calls', { calls: 7 }, (results: GenerateResult[]): number => results.reduce((sum, { attempts }) => sum + attempts.length, 0), 7],
  ])('of all is never overspent by calls that run together: %s', async (_, budget, spent, limit) => {
    const server = await modelServer(() => ({ ...says('well'), after: 10 }))
    const models = priced(asks(server, {}, { budget }))
    const results: GenerateResult[] = []
    const refused: OrchestratorError[] = []
    for (let round = 0; round < 3; round += 1) {
      const calls = Array.from({ length: 20 }, () => models.generate({ prompt: 'hi', maxTokens: 5 }))
      for (const end of await Promise.allSettled(calls)) {
        if (end.status === 'fulfilled') results.push(end.value)
        else refused.push(end.reason as OrchestratorError)
      }
    }
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['ERR_BUDGET_EXCEEDED']))
    expect(results.length).toBeGreaterThan(0)
    expect(spent(results)).toBeLessThanOrEqual(limit + 1e-9)
    expect(server.requests).toHaveLength(results.length)
  })

  it('of calls counts a call once, however often it is sent', async () => {
    const server = await modelServer(({ index }) =>
      index === 0 ? refuses(500, 'it broke', { headers: { 'retry-after-ms': '5' } }) : says('well'),
    )
    const models = asks(server, {}, { budget: { calls: 1 } })
    expect((await models.generate({ prompt: 'hello' })).attempts).toHaveLength(2)
    expect((await rejection(models.generate({ prompt: 'hello' }))).code).toBe('ERR_BUDGET_EXCEEDED')
    expect(server.requests).toHaveLength(2)
  })
})

describe('a provider of your own', () => {
  const own = (provider: Partial<CustomProvider>): ModelIntegration => {
    const { modelIntegration } = withModels({ providers: {} })
    modelIntegration.registerProvider('own', { generate: () => ({ text: 'mine' }), ...provider })
    return modelIntegration
  }

  it('is asked in our words and answers in its own', async () => {
    const asked: CustomRequest[] = []
    const models = own({
      generate: (request) => {
        asked.push(request)
        const usage = { inputTokens: 3, outputTokens: 4 }
        return { text: 'mine', toolCalls: [{ id: 'a', name: 'look', arguments: { at: 1 } }], usage, finishReason: 'tool-calls' }
      },
    })
    const parameters = { type: 'object', properties: {} }
    const tools = [{ name: 'look', description: 'Looks.', parameters }]
    const result = await models.generate({ model: 'own/m', system: 'Be short.', prompt: 'hello', tools, temperature: 0.5, maxTokens: 9 })
    const call = { id: 'a', name: 'look', arguments: { at: 1 } }
    expect(result).toMatchObject({
      text: 'mine',
      provider: 'own',
      model: 'm',
      finishReason: 'tool-calls',
      usage: { totalTokens: 7 },
      toolCalls: [call],
    })
    expect(asked).toMatchObject([{ model: 'm', system: 'Be short.', temperature: 0.5, maxTokens: 9, tools }])
    expect(asked[0]?.messages).toEqual([{ role: 'user', content: [{ type: 'text', text: 'hello' }] }])
    expect(asked[0]?.signal.aborted).toBe(false)
  })

  it.each<[string, Partial<CustomProvider>]>([
    [
      'as it comes',
      {
        stream: async function* () {
          yield { text: 'mi' }
          yield { text: 'ne' }
          yield { usage: { inputTokens: 3, outputTokens: 4 }, finishReason: 'stop' as const }
        },
      },
    ],
    ['in one part, if it cannot otherwise', { generate: () => ({ text: 'mine', usage: { inputTokens: 3, outputTokens: 4 } }) }],
  ])('streams %s', async (_, provider) => {
    const parts: StreamPart[] = []
    for await (const part of own(provider).stream({ model: 'own/m', prompt: 'hello' })) parts.push(part)
    expect(parts.map((part) => (part.type === 'text' ? part.text : '')).join('')).toBe('mine')
    expect(parts.at(-1)).toMatchObject({ type: 'done', result: { text: 'mine', usage: { totalTokens: 7 } } })
  })

  it('says by what it throws whether and when it is asked again', async () => {
    let asked = 0
    const models = own({
      generate: () => {
        asked += 1
        if (asked === 1) throw Object.assign(new Error('too fast'), { class: 'rate', retryAfterMs: 50 })
        return { text: 'mine' }
      },
    })
    const { attempts } = await models.generate({ model: 'own/m', prompt: 'hello' })
    expect(attempts).toMatchObject([{ failure: 'rate', message: 'too fast', next: 'retry' }, { next: 'done' }])
    expect(attempts[1]?.waited).toBeGreaterThanOrEqual(50)
  })

  it.each([
    ['an error', new Error('it broke'), 'overload', 2],
    ['an error of a class that helps nobody', Object.assign(new Error('no'), { class: 'content' }), 'content', 1],
    ['a text', 'it broke', 'overload', 2],
    ['nothing', undefined, 'overload', 2],
  ])('may throw %s', async (_, thrown, failed, requests) => {
    const models = own({
      generate: () => {
        throw thrown
      },
    })
    const error = await rejection(models.generate({ model: 'own/m', prompt: 'hello', maxAttempts: 2 }))
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: failed } })
    expect(attemptsOf(error)).toHaveLength(requests)
  })

  it('may never answer: the call ends at its time, and the provider is told', async () => {
    const signals: AbortSignal[] = []
    const models = own({
      generate: ({ signal }) => {
        signals.push(signal)
        return new Promise(() => {})
      },
    })
    const error = await rejection(models.generate({ model: 'own/m', prompt: 'hello', timeout: 50 }))
    expect([error.name, error.code]).toEqual(['TimeoutError', 'ERR_TIMEOUT'])
    expect(attemptsOf(error)).toHaveLength(1)
    await until(() => signals.every(({ aborted }) => aborted))
    expect(signals).toHaveLength(1)
  })
})

describe('a call that is wanted no more', () => {
  it.each(['generate', 'stream'] as const)('closes its connection: %s', async (how) => {
    const server = await modelServer(() => ({ headers: { 'content-type': 'text/event-stream' }, end: 'open' }))
    const controller = new AbortController()
    const models = asks(server)
    const request = { prompt: 'hello', signal: controller.signal }
    const call = rejection(how === 'generate' ? models.generate(request) : models.stream(request).result())
    await until(() => server.requests.length === 1)
    const reason = new Error('changed my mind')
    controller.abort(reason)
    const error = await call
    expect([error.name, error.code, error.cause]).toEqual(['CancelledError', 'ERR_CANCELLED', reason])
    await until(() => server.abandoned === 1)
    expect(server.requests).toHaveLength(1)
  })

  it('before it began sends nothing', async () => {
    const server = await modelServer(() => says('well'))
    await expect(asks(server).generate({ prompt: 'hello', signal: AbortSignal.abort() })).rejects.toThrow()
    expect(server.requests).toHaveLength(0)
  })
})

describe('a rate limit', () => {
  it('of requests under way is kept', async () => {
    const server = await modelServer(() => ({ ...says('well'), after: 10 }))
    const models = asks(server, { rateLimit: { concurrentRequests: 3 } })
    await Promise.all(Array.from({ length: 30 }, () => models.generate({ prompt: 'hello' })))
    expect([server.requests.length, server.mostAtOnce]).toEqual([30, 3])
  })

  it('of requests per minute is kept: who finds no room within the time there is ends, and was never sent', async () => {
    const server = await modelServer(() => says('well'))
    const models = asks(server, { rateLimit: { requestsPerMinute: 5 } })
    const ended = await Promise.allSettled(Array.from({ length: 8 }, () => models.generate({ prompt: 'hello', timeout: 500 })))
    const codes = ended.map((end) => (end.status === 'fulfilled' ? 'well' : (end.reason as OrchestratorError).code)).toSorted()
    expect(codes).toEqual([...Array.from({ length: 3 }, () => 'ERR_TIMEOUT'), ...Array.from({ length: 5 }, () => 'well')])
    expect(server.requests).toHaveLength(5)
  })
})

describe('a comparison', () => {
  it('shows what was seen of a model beside what is known of it', async () => {
    const server = await modelServer(({ index }) => (index === 3 ? refuses(500, 'it broke') : { ...says('well'), after: 20 }))
    const models = asks(server)
    models.registerModel({ provider: 'local', id: 'small', contextWindow: 8000, prices: { input: 1000, output: 1000 } })
    const before = models.getModelComparison()
    expect(before).toMatchObject([{ modelId: 'small', provider: 'local', contextLength: 8000, calls: 0, cost: 0 }])
    expect(before[0]).not.toHaveProperty('successRate')
    for (let call = 0; call < 3; call += 1) await models.generate({ prompt: 'hello' })
    await rejection(models.generate({ prompt: 'hello', maxAttempts: 1 }))
    const [after] = models.getModelComparison()
    expect(after).toMatchObject({ contextLength: 8000, prices: { input: 1000, output: 1000 }, calls: 4, cost: 0.045 })
    expect(after?.successRate).toBeCloseTo(0.75, 5)
    // Latencies are counted in classes.
    expect(after?.latency?.p50).toBeGreaterThan(15)
    expect(after?.latency?.p95).toBeGreaterThanOrEqual(after?.latency?.p50 ?? Number.NaN)
  })

  it('helps to choose: the cheaper of two that fit, with its reason, cost and latency', async () => {
    const server = await modelServer(() => says('well'))
    const models = withModels({ providers: { cheap: providerAt(server), dear: providerAt(server) } }).modelIntegration
    for (const [provider, price] of [
      ['cheap', 1],
      ['dear', 10],
    ] as const)
      models.registerModel({
        provider,
        id: 'm',
        contextWindow: 32_000,
        maxOutput: 4000,
        capabilities: ['text-generation'],
        quality: 'good',
        prices: { input: price, output: price },
      })
    const selection = await models.selectModel({
      capabilities: [{ type: 'text-generation', quality: 'good' }],
      contextLength: 16_000,
      mode: 'cost',
    })
    expect(selection).toMatchObject({ provider: 'cheap', modelId: 'm', alternatives: [{ provider: 'dear', modelId: 'm' }] })
    expect(selection.reason).not.toBe('')
    expect(selection.estimatedCost).toBeGreaterThan(0)
    expect(selection.alternatives[0]?.estimatedCost).toBeCloseTo(selection.estimatedCost * 10, 9)
    expect(selection.estimatedLatency).toBeGreaterThan(0)
  })
})
