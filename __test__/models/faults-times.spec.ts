// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long an answer may take, what an answer that takes longer costs, and how long is waited before a request is sent again.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { ModelAttempt, ModelIntegration, OrchestratorConfig, ProviderConfig } from '@codexos/multi-agent-orchestrator'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, rejection, task, until, workflow } from '../support/orchestrators.ts'
import { wireForms, type WireForm } from '../support/wire-forms.ts'
import { modelServer, providerAt, refuses, says } from '../support/wire-server.ts'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

interface Streams {
  readonly url: string
  readonly requests: number
}

/** A server that writes into each of its responses until the client leaves. */
async function streams(write: (response: ServerResponse) => void): Promise<Streams> {
  const figures = { requests: 0 }
  const server = createServer((request, response) => {
    figures.requests += 1
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      write(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return figures.requests
    },
  }
}

/** Writes `text` so often, each so long after the other; `written` is told of each. */
function every(response: ServerResponse, ms: number, count: number, text: string, then: () => void = () => {}, written = () => {}): void {
  let left = count
  const timer = setInterval(() => {
    written()
    if (left > 0) response.write(text)
    else {
      clearInterval(timer)
      then()
    }
    left -= 1
  }, ms)
  response.on('close', () => clearInterval(timer))
}

/** The longest time between two signs of life of this process. */
function watch(): { moved: () => void; isOver: (ms: number) => boolean } {
  let [last, longest] = [performance.now(), 0]
  const moved = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  return {
    moved,
    isOver: (ms) => {
      moved()
      return longest > ms
    },
  }
}

const models = (provider: ProviderConfig, rest: NonNullable<OrchestratorConfig['models']> = {}): ModelIntegration =>
  orchestratorWith({}, { models: { ...rest, providers: { p: provider, ...rest.providers } } }).modelIntegration

// One bound of two minutes was that of everything: a stream that flowed was cut at it, and what had not come by then was sent and paid five times.
describe.each(wireForms)('time-outs ($kind)', (form: WireForm) => {
  const { kind, stream } = form
  const at = ({ url }: { url: string }, timeout: ProviderConfig['timeout']): ProviderConfig =>
    providerAt({ url }, { kind, model: 'm', timeout })
  const begin = stream.opening ?? ''

  it('a stream that flows is not cut', async () => {
    const flow = async (): Promise<void> => {
      const server = await streams((response) => {
        response.write(begin)
        every(response, 100, 25, stream.token, () => response.end(stream.end), stillness.moved)
      })
      const { text, attempts } = await models(at(server, 2000)).stream({ prompt: 'x' }).result()
      expect(text).toMatch(/^(a ){25}/)
      expect(attempts[0]?.duration).toBeGreaterThan(2400)
      expect(server.requests).toBe(1)
    }
    // A stream flows only as long as this process does: one that was suspended for half of the bound shows nothing.
    let stillness = watch()
    while (
      await flow().then(
        () => false,
        (error: unknown) => stillness.isOver(1000) || Promise.reject(error as Error),
      )
    )
      stillness = watch()
  })

  it('until the first token: what is none does not count, and it is not sent again', async () => {
    const server = await streams((response) => {
      response.write(begin)
      every(response, 20, 1000, stream.sign)
    })
    const error = await rejection(
      models(at(server, { firstToken: 300 }))
        .stream({ prompt: 'x' })
        .result(),
    )
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'network', attempts: [{ next: 'give-up' }] } })
    expect(error.message).toContain('no token within 300 ms; raise `timeout.firstToken`')
    expect(server.requests).toBe(1)
  })

  it('between two tokens', async () => {
    const server = await streams((response) => {
      response.write(begin + stream.token)
      every(response, 20, 1000, stream.sign)
    })
    const error = await rejection(
      models(at(server, { betweenTokens: 300 }))
        .stream({ prompt: 'x' })
        .result(),
    )
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'network', partialText: 'a ' } })
    expect(error.message).toContain('nothing for 300 ms after a token; raise `timeout.betweenTokens`')
    expect(server.requests).toBe(1)
  })

  it('of the whole, also of a stream that flows', async () => {
    const server = await streams((response) => {
      response.write(begin)
      every(response, 20, 1000, stream.token)
    })
    const error = await rejection(
      models(at(server, { whole: 400 }))
        .stream({ prompt: 'x' })
        .result(),
    )
    expect(error.message).toContain('no whole answer within 400 ms; raise `timeout.whole`')
  })

  it('of an answer that comes at once: it is paid as one that was cut off, and sent once', async () => {
    const server = await streams(() => {})
    const integration = models(at(server, 300))
    integration.registerModel({ provider: 'p', id: 'm', contextWindow: 8000, prices: { input: 1000, output: 1000 } })
    const asked = { model: 'p/m', prompt: 'x', maxTokens: 10, budget: { usd: 10 } }
    const error = await rejection(integration.generate(asked))
    expect(error.message).toContain('no whole answer within 300 ms')
    expect(error.details).toMatchObject({ costComplete: false, attempts: [{ next: 'give-up' }] })
    expect(server.requests).toBeLessThanOrEqual(1)
  })

  it('goes to a fallback, and is sent again to the same where the caller says how often', async () => {
    const server = await streams(() => {})
    const other = await modelServer(() => form.says('from the other'))
    const providers = { q: providerAt(other, { kind, model: 'm' }) }
    const { text, attempts } = await models(at(server, 300), { providers, fallback: ['q/m'] }).generate({ model: 'p/m', prompt: 'x' })
    expect([text, attempts.map(({ next }) => next)]).toEqual(['from the other', ['fallback', 'done']])
    const error = await rejection(models(at(server, 200)).generate({ model: 'p/m', prompt: 'x', maxAttempts: 2 }))
    expect(error.details).toMatchObject({ attempts: [{ next: 'retry' }, { next: 'give-up' }] })
    // It may be cut off before it gets there.
    expect(server.requests).toBeLessThanOrEqual(3)
  })
})

describe('time-outs', () => {
  it('of a task are made again as its policy says', async () => {
    const server = await streams(() => {})
    const orchestrator = orchestratorWith({}, { models: { providers: { p: providerAt(server, { timeout: 200 }) } } })
    orchestrator.agentPool.registerAgent({ id: 'one', type: 'llm', configuration: { model: 'p/small' } })
    const asking = task('t', { agentId: 'one', input: { prompt: 'x' } })
    const once = await rejection(orchestrator.executeWorkflow(workflow([asking])))
    expect(once.execution?.tasks[0]?.error?.message).toContain('no token within 200 ms; raise `timeout.firstToken` of the provider')
    expect(once.execution?.tasks[0]?.models?.[0]).not.toHaveProperty('tried')
    const twice = { ...asking, retryPolicy: { maxAttempts: 2, initialDelay: 1 } }
    const again = await rejection(orchestrator.executeWorkflow(workflow([twice], { id: 'twice' })))
    const { error, models: calls } = again.execution?.tasks[0] ?? {}
    expect([error?.message, calls?.map(({ tried }) => tried?.length)]).toEqual([expect.stringContaining('(2 requests were sent)'), [1]])
    // One may be cut off before it gets there.
    expect(server.requests).toBeLessThanOrEqual(3)
  })

  it('count as all that was reserved', async () => {
    const server = await streams(() => {})
    const provider = providerAt(server, { timeout: 200 })
    const integration = models(provider, { budget: { tokens: 1000 } })
    await rejection(integration.generate({ model: 'p/small', prompt: 'x', maxTokens: 900 }))
    const error = await rejection(integration.generate({ model: 'p/small', prompt: 'x', maxTokens: 900 }))
    expect(error.code).toBe('ERR_BUDGET_EXCEEDED')
  })

  it('of a provider of the user', async () => {
    const { modelIntegration } = orchestratorWith()
    let asked = 0
    modelIntegration.registerProvider('mine', {
      generate: async () => {
        asked += 1
        throw Object.assign(new Error('late'), { class: 'network' })
      },
    })
    // What it says itself is no time-out of ours: it is sent again.
    await rejection(modelIntegration.generate({ model: 'mine/m', prompt: 'x', maxAttempts: 2 }))
    expect(asked).toBe(2)
  })

  it.each<[name: string, stream: boolean, given: number, minutes: number, words: string]>([
    ['a whole answer', false, 0, 10, 'no whole answer within 600000 ms'],
    ['the first token', true, 0, 5, 'no token within 300000 ms'],
    ['the next token', true, 3, 2, 'nothing for 120000 ms after a token'],
  ])('of a provider of the user, by the clock of a kit: %s', async (_, stream, given, minutes, words) => {
    const kit = await kitWith()
    let asked = 0
    let heard: ((part: { text: string }) => void) | undefined
    const silence = new Promise<never>(() => {})
    kit.orchestrator.modelIntegration.registerProvider('mine', {
      generate: () => {
        asked += 1
        return silence
      },
      stream: async function* () {
        asked += 1
        for (let count = 0; count < given; count += 1)
          yield await new Promise<{ text: string }>((resolve) => {
            heard = resolve
          })
        await silence
      },
    })
    const { modelIntegration } = kit.orchestrator
    const request = { model: 'mine/m', prompt: 'x' }
    const failed = rejection(stream ? modelIntegration.stream(request).result() : modelIntegration.generate(request))
    let over = false
    void failed.then(() => (over = true))
    await until(() => asked === 1)
    // A stream that flows is not cut: each of these comes in time, and all together take longer than either bound.
    for (let count = 0; count < given; count += 1) {
      await until(() => heard !== undefined)
      await kit.clock.advance(count === 0 ? '4m' : '110s')
      const tell = heard
      heard = undefined
      tell?.({ text: 'a ' })
    }
    if (given > 0) await until(() => heard === undefined)
    await kit.clock.advance(minutes * 60_000 - 1000)
    expect(over).toBe(false)
    await kit.clock.advance('2s')
    expect((await failed).message).toContain(words)
    expect(asked).toBe(1)
  })

  it.each([
    [{ firstToken: 'soon' }, 'firstToken'],
    [{ first: 5 }, 'first'],
    [{ whole: -1 }, 'whole'],
  ])('that make no sense are refused by path: %j', (timeout, field) => {
    const config = { models: { providers: { p: { kind: 'compatible', endpoint: 'https://example.com', timeout } } } }
    expect(() => orchestratorWith({}, config as never)).toThrow(`models.providers.p.timeout.${field}`)
  })
})

/** The waits between the attempts of a call. */
const waits = (attempts: readonly ModelAttempt[]): number[] => attempts.slice(1).map(({ waited }) => Math.round(waited))

// The chance in the waits came of the number of the call alone: all processes of a fleet waited equally long, and came back together.
describe('the wait before a request is sent again', () => {
  it('is another in each process', async () => {
    const server = await modelServer(({ index }) => (index < 6 ? refuses(503, 'busy') : says('well')))
    // Each orchestrator numbers its calls from 1, as one of another process does. They ask at once, so that all are as late as each other.
    const asked = Array.from({ length: 6 }, async () => models(providerAt(server)).generate({ model: 'p/small', prompt: 'x' }))
    const first = (await Promise.all(asked)).map(({ attempts }) => waits(attempts)[0] as number)
    // What is the same for all differs by what timers do, some milliseconds; the chance is a quarter of a second wide.
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(60)
  })
})

describe('what the provider says of another attempt', () => {
  it.each(wireForms)('a wait that is too long is in the error ($kind)', async (form) => {
    const server = await modelServer(() => form.refuses(429, 'slowly', { 'retry-after': '3600' }))
    const error = await rejection(models(providerAt(server, { kind: form.kind, model: 'm' })).generate({ model: 'p/m', prompt: 'x' }))
    expect(error.details).toMatchObject({
      class: 'rate',
      retryAfterMs: 3_600_000,
      attempts: [{ retryAfterMs: 3_600_000, next: 'give-up' }],
    })
    expect(server.requests).toHaveLength(1)
  })

  it.each(wireForms)('`x-should-retry` goes before the class ($kind)', async (form) => {
    const counts: number[] = []
    for (const [status, should] of [
      [503, 'false'],
      [429, 'false'],
      [400, 'true'],
      [409, undefined],
      [503, 'perhaps'],
    ] as const) {
      const headers: Record<string, string> = { 'retry-after-ms': '1', ...(should !== undefined && { 'x-should-retry': should }) }
      const server = await modelServer(() => form.refuses(status, 'no', headers))
      await rejection(models(providerAt(server, { kind: form.kind, model: 'm' })).generate({ model: 'p/m', prompt: 'x', maxAttempts: 2 }))
      counts.push(server.requests.length)
    }
    expect(counts).toEqual([1, 1, 2, 2, 2])
  })
})
