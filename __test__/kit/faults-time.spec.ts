// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tests of users fake timers, and the kit has a clock of its own: whatever of ours asked for the time in another way waited for ever, or told the time
// of the machine. An orchestrator in a test with `vi.useFakeTimers()` never ran anything.

import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MultiAgentOrchestrator, type CustomProvider, type ExecutionHandle } from '@codexos/multi-agent-orchestrator'
import { after, createTestKit, type TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { run, type Ended } from '../support/child.ts'
import { storePath, temporaryFolder, userFolder } from '../support/folder.ts'
import { kitWith, since, wait } from '../support/kits.ts'
import { register, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = temporaryFolder()
type Fakes = NonNullable<Parameters<typeof vi.useFakeTimers>[0]>['toFake']

afterEach(() => vi.useRealTimers())

const only = workflow([task('a')])

describe.each<{ name: string; toFake: Fakes }>([
  { name: 'what vitest replaces by itself', toFake: undefined },
  { name: 'setTimeout', toFake: ['setTimeout', 'clearTimeout'] },
  { name: 'setImmediate', toFake: ['setImmediate', 'clearImmediate'] },
  { name: 'setInterval', toFake: ['setInterval', 'clearInterval'] },
  { name: 'performance', toFake: ['performance'] },
  { name: 'Date', toFake: ['Date'] },
  { name: 'queueMicrotask', toFake: ['queueMicrotask'] },
  {
    name: 'what jest replaces by itself, microtasks too',
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'Date',
      'performance',
      'queueMicrotask',
    ],
  },
])('with $name replaced', ({ toFake }) => {
  const fake = (): unknown => vi.useFakeTimers(toFake === undefined ? undefined : { toFake })

  it.each(['memory', 'os', 'disk'] as const)('an orchestrator runs, waits, retries and shuts down: %s', async (durability) => {
    fake()
    const orchestrator = new MultiAgentOrchestrator(durability === 'memory' ? {} : { storage: { path: storePath(folder), durability } })
    let calls = 0
    register(orchestrator, {
      work: () => {
        calls += 1
        if (calls === 1) throw new Error('once')
        return calls
      },
    })
    const retryPolicy = { maxAttempts: 2, backoffType: 'fixed' as const, initialDelay: 5 }
    const heard: string[] = []
    orchestrator.on('workflow:completed', ({ id }) => heard.push(id))
    const execution = await orchestrator.executeWorkflow(workflow([wait('w', '5ms'), task('a', { retryPolicy })]))
    expect(execution.results).toEqual({ w: null, a: 2 })
    await orchestrator.shutdown()
    expect(heard).toEqual([execution.id])
  })

  it('a kit skips what waits', async () => {
    fake()
    const kit = await createTestKit()
    kit.agents.script('work', [after('1h', 'well')])
    expect((await kit.run(workflow([wait('w', '30d'), task('a', { timeout: '2h' })]))).results).toEqual({ w: null, a: 'well' })
    await kit.close()
  })
})

describe('fakes that were there before the package was loaded', () => {
  const user = userFolder()
  const script = (body: string): Promise<Ended> =>
    run(
      user,
      `const warned = []
      process.on('warning', ({ code, message }) => warned.push(code + ' ' + message))
      ${body}
      await import('@codexos/multi-agent-orchestrator')
      await import('@codexos/multi-agent-orchestrator/testing')
      console.log(JSON.stringify(warned))`,
    )
  const FAKE = 'const fake = (given) => Object.assign((...args) => given(...args), { clock: {} })'

  it('are told of once, by name and with the file of the test', async () => {
    const { stdout } = await script(`${FAKE}
      globalThis.__vitest_worker__ = { filepath: '/project/agents.test.ts' }
      globalThis.setTimeout = fake(setTimeout)
      globalThis.Date = Object.assign(class extends Date {}, { clock: {} })
      process.nextTick = fake(process.nextTick)`)
    const warned = JSON.parse(stdout) as string[]
    expect(warned).toHaveLength(1)
    expect(warned[0]).toMatch(
      /^MAO_FAKE_TIMERS \/project\/agents\.test\.ts had replaced setTimeout, Date, process\.nextTick before it loaded .*import it first/,
    )
  })

  it('no others are', async () => {
    const { stdout } = await script('')
    expect(JSON.parse(stdout)).toEqual([])
  })
})

describe('the clock of a kit is everybody’s', () => {
  it('a live execution has lasted as long as the kit says', async () => {
    const kit = await kitWith({ work: () => 1 })
    const handle = await kit.orchestrator.startWorkflow(workflow([wait('w', '1h'), task('a')]))
    await kit.clock.advance('10m')
    expect((await kit.orchestrator.getExecution(handle.id))?.metrics.duration).toBeCloseTo(600_000, 0)
  })

  // It waited for a clock that stood still.
  it('a shutdown ends though an agent never answers and nobody moves the clock', async () => {
    const kit = await kitWith({ work: () => new Promise(() => {}) })
    const handle = await kit.orchestrator.startWorkflow(only)
    const ended = handle.result().catch((error: { code: string }) => error.code)
    await kit.orchestrator.shutdown({ drainMs: 20 })
    expect(await ended).toBe('ERR_CLOSED')
  })

  it('a shutdown drains by the clock: an agent that waits for it has so long', async () => {
    const kit = await kitWith()
    kit.agents.script('work', [after('1h', 'in time'), after('3h', 'too late')])
    const handles = await Promise.all(
      ['one', 'two'].map((id) => kit.orchestrator.startWorkflow(workflow([task('a', { timeout: '10h' })], { id }))),
    )
    const endOf = async (handle: ExecutionHandle): Promise<unknown> =>
      handle.result().then(
        ({ results }) => results,
        ({ code }: { code: string }) => code,
      )
    const ends = Promise.all(handles.map(endOf))
    await kit.clock.advance('1m')
    await kit.until(kit.orchestrator.shutdown({ drainMs: 2 * 3_600_000 }))
    expect(await ends).toEqual([{ a: 'in time' }, 'ERR_CLOSED'])
  })

  it('moving the clock ends a drain', async () => {
    const kit = await kitWith({ work: () => new Promise(() => {}) })
    await kit.orchestrator.startWorkflow(only)
    const closed = kit.orchestrator.shutdown({ drainMs: 3_600_000 })
    await kit.clock.advance('1h')
    await Promise.race([closed, sleep(20_000).then(() => expect.fail('it still drains'))])
  })
})

describe('models wait by the clock of a kit', () => {
  const provide = (kit: TestKit, provider: Partial<CustomProvider>): void =>
    kit.orchestrator.modelIntegration.registerProvider('mine', {
      generate: async () => ({ text: 'hi', usage: { inputTokens: 1, outputTokens: 1 } }),
      models: [{ provider: 'mine', id: 'm' }],
      ...provider,
    })
  const ask = { model: 'mine/m', prompt: 'x' }

  // A limit of one a minute took a minute of real time.
  it('for a limit, when a test moves it', async () => {
    const kit = await kitWith()
    provide(kit, { rateLimit: { requestsPerMinute: 1 } })
    const { modelIntegration } = kit.orchestrator
    await modelIntegration.generate(ask)
    let answered = false
    const second = modelIntegration.generate(ask).then(() => (answered = true))
    await kit.clock.advance('30s')
    expect(answered).toBe(false)
    await kit.clock.advance('31s')
    await second
  })

  it('for a limit and for backoffs, when it skips what an attempt waits for', async () => {
    const asks: Execute = async (_, { models }) => (await models.generate(ask)).text
    const kit = await kitWith({ asks })
    const calls: number[] = []
    provide(kit, {
      rateLimit: { requestsPerMinute: 1 },
      generate: async () => {
        calls.push(since(kit.clock.now()))
        if (calls.length === 1) throw Object.assign(new Error('busy'), { class: 'overload' })
        return { text: 'well' }
      },
    })
    const tasks = ['a', 'b'].map((id) => task(id, { agentId: 'asks', dependencies: [], timeout: '2h' }))
    const { results } = await kit.run(workflow(tasks))
    expect(results).toEqual({ a: 'well', b: 'well' })
    expect(calls).toHaveLength(3)
    const [first = 0, second = 0, third = 0] = calls
    expect(second - first).toBeGreaterThanOrEqual(60_000)
    expect(third - second).toBeGreaterThanOrEqual(60_000)
  })

  it('for a provider that never answers', async () => {
    const kit = await kitWith()
    provide(kit, { generate: () => new Promise(() => {}) })
    const failed = rejection(kit.orchestrator.modelIntegration.generate({ ...ask, maxAttempts: 1 }))
    await kit.clock.advance('1h')
    expect(await failed).toMatchObject({ code: expect.stringMatching(/^ERR_MODEL/) })
  })
})
