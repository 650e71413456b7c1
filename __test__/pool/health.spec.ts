// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Instances that are ill, that cannot be made, and that do not go quietly; by the time of a test kit.

import { describe, expect, it } from 'vitest'
import type { Agent, AgentType, AgentWorkflow, Logger, WorkflowExecution } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { kitWith, since } from '../support/kits.ts'
import { KeptLog } from '../support/logs.ts'
import { expectStillWorks, gate, orchestratorWith, rejection, task, until, workflow } from '../support/orchestrators.ts'
import { expectAtRest, logOf, type PoolLog } from '../support/pools.ts'

/** A kit whose agent `work` is made so, and what its pool tells. */
async function kitOf(type: Partial<AgentType> & { create: () => unknown }): Promise<{ kit: TestKit; log: PoolLog }> {
  const kit = await kitWith()
  kit.orchestrator.agentPool.registerAgentType('work', { maxAgents: 1, ...type } as AgentType)
  return { kit, log: logOf(kit.orchestrator) }
}

let runs = 0
/** Runs one task. */
const once = async (pool: Pick<TestKit, 'run'>, rest = {}): Promise<unknown> =>
  (await pool.run(workflow([task('a', rest)], { id: `once-${(runs += 1)}` }))).results['a']

/** One whose instances are asked every 20 ms of real time, which is the pool's own: a kit has none for it. */
function asking(create: () => unknown, rest: Partial<AgentType> = {}, logger?: Logger): Asking {
  const orchestrator = orchestratorWith({}, { agents: { healthCheckInterval: 20 }, logger })
  orchestrator.agentPool.registerAgentType('work', { create, maxAgents: 1, ...rest } as AgentType)
  const run = (flow: AgentWorkflow): Promise<WorkflowExecution> => orchestrator.executeWorkflow(flow)
  return { orchestrator, log: logOf(orchestrator), run: run as TestKit['run'] }
}

interface Asking extends Pick<TestKit, 'run' | 'orchestrator'> {
  readonly log: PoolLog
}

const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The n-th instance answers `n` and is as well as `healthCheck` says. */
const numbered = (healthCheck: (n: number) => unknown, rest: (n: number) => object = () => ({})): (() => Agent) => {
  let made = 0
  return () => {
    const n = (made += 1)
    return { execute: () => n, healthCheck: () => healthCheck(n) as boolean, ...rest(n) }
  }
}

describe('an instance whose health check', () => {
  it.each<[string, () => unknown]>([
    ['says false', () => false],
    ['says false later', async () => false],
    [
      'throws',
      () => {
        throw new Error('ill')
      },
    ],
    ['rejects', () => Promise.reject(new Error('ill'))],
    ['hangs', () => new Promise(() => {})],
  ])('%s is replaced as soon as it is empty', async (_, check) => {
    const pool = asking(numbered((n) => (n === 1 ? check() : true)))
    expect(await once(pool)).toBe(1)
    await until(() => pool.log.of('disposed').length === 1)
    expect(pool.log.of('created', 'unhealthy', 'disposed')).toEqual([
      'created work 1',
      'unhealthy work 1',
      'created work 2',
      'disposed work 1',
    ])
    expect(await once(pool)).toBe(2)
    await soon(100)
    expect(pool.log.of('unhealthy')).toHaveLength(1)
    await expectAtRest(pool.orchestrator)
  })

  it.each([
    ['true', true],
    ['nothing', undefined],
    ['something else', 'fine'],
  ])('says %s is well', async (_, answer) => {
    let asked = 0
    const pool = asking(numbered(() => ((asked += 1), answer)))
    await once(pool)
    await until(() => asked > 3)
    expect(pool.log.of('unhealthy', 'disposed')).toEqual([])
  })

  it('fails while it works has no new work until it is well again, and its work is not lost', async () => {
    const held = gate<string>()
    let well = false
    const agent = { execute: ({ id }: { id: string }) => (id === 'a' ? held.promise : id), healthCheck: () => well }
    const pool = asking(() => agent, { maxConcurrency: 2 })
    const { orchestrator, log } = pool
    const first = pool.run(workflow([task('a')]))
    await until(() => log.of('unhealthy').length === 1)
    const second = pool.run(workflow([task('b')], { id: 'second' }))
    await soon(50)
    expect(log.of('unhealthy', 'allocated', 'recovered')).toEqual(['allocated 1 to a 1', 'unhealthy work 1'])
    expect(orchestrator.agentPool.getStatistics()).toMatchObject({ offline: 1, available: 0, busy: 0, running: 1, queued: 1 })
    well = true
    expect((await second).results).toEqual({ b: 'b' })
    expect(log.lines.slice(-3)).toEqual(['recovered work 1', 'allocated 1 to b 1', 'released 1 to b 1'])
    held.open('kept')
    expect((await first).results).toEqual({ a: 'kept' })
    expect(log.of('created', 'disposed')).toEqual(['created work 1'])
  })

  it('flaps needs more good answers in a row each time', async () => {
    const held = gate()
    // Bad, then good until it is believed: one good answer, two, four.
    const answers = [false, true, false, true, true, false, true, true, true, true]
    let asked = 0
    const pool = asking(() => ({ execute: () => held.promise, healthCheck: () => answers[asked++] ?? true }))
    const seen: string[] = []
    for (const name of ['unhealthy', 'recovered'] as const)
      pool.orchestrator.agentPool.on(`agent:${name}`, () => seen.push(`${name} ${asked}`))
    const call = pool.run(workflow([task('a')]))
    await until(() => asked > 12)
    expect(seen).toEqual(['unhealthy 1', 'recovered 2', 'unhealthy 3', 'recovered 5', 'unhealthy 6', 'recovered 10'])
    held.open()
    await call
  })
})

describe('a create that', () => {
  const throwing = (): never => {
    throw new Error('no key')
  }

  it('fails three times fails those that wait, with the cause; then they fail at once until a probe is due, and it works again', async () => {
    const calls: number[] = []
    const { kit, log } = await kitOf({
      create: () => {
        calls.push(since(kit.clock.now()))
        return calls.length > 5 ? { execute: () => 'well' } : throwing()
      },
    })
    const began = since(kit.clock.now())
    const error = await rejection(once(kit))
    expect(error.cause).toMatchObject({
      code: 'ERR_AGENT_CREATE',
      message: 'agent `work` could not be made: no key',
      cause: new Error('no key'),
    })
    expect(calls.map((at) => Math.round(at - began))).toEqual([0, 100, 300])
    // The breaker is open for 400 ms: nobody is asked, and nobody waits.
    expect((await rejection(once(kit))).cause).toMatchObject({ code: 'ERR_AGENT_CREATE' })
    expect([calls.length, Math.round(since(kit.clock.now()) - began)]).toEqual([3, 300])
    await kit.clock.advance('400ms')
    // One probe, and the wait is 800 ms, then 1600 ms.
    expect((await rejection(once(kit))).cause).toMatchObject({ code: 'ERR_AGENT_CREATE' })
    expect(calls).toHaveLength(4)
    await kit.clock.advance('800ms')
    await rejection(once(kit))
    await kit.clock.advance('1600ms')
    expect(await once(kit)).toBe('well')
    expect([calls.length, log.of('created').length]).toEqual([6, 1])
    await expectAtRest(kit.orchestrator)
  })

  it('fails is asked again for a task that may be tried again', async () => {
    let calls = 0
    const { kit } = await kitOf({ create: () => ((calls += 1) <= 3 ? throwing() : { execute: () => calls }) })
    expect(await once(kit, { retryPolicy: { maxAttempts: 2, initialDelay: '1s' } })).toBe(4)
  })

  it('hangs has failed after 30 s, and what comes of it later is disposed of', async () => {
    const late = gate<Agent>()
    let [calls, disposed] = [0, 0]
    const { kit, log } = await kitOf({
      create: () => ((calls += 1) === 1 ? late.promise : { execute: () => calls }),
    })
    const handle = await kit.orchestrator.startWorkflow(workflow([task('a')]))
    await kit.clock.advance('29s')
    expect([calls, kit.orchestrator.agentPool.getStatistics()]).toMatchObject([1, { total: 1, offline: 1, queued: 1 }])
    await kit.clock.advance('2s')
    expect((await handle.result()).results).toEqual({ a: 2 })
    late.open({ execute: () => 'late', dispose: () => void (disposed += 1) })
    await kit.clock.advance('1s')
    expect([disposed, kit.orchestrator.agentPool.getStatistics().total]).toEqual([1, 1])
    expect(log.of('created', 'disposed')).toEqual(['created work 2', 'created work 1', 'disposed work 1'])
    expect(await once(kit)).toBe(2)
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /returned nothing/],
    ['null', null, /without an `execute` method/],
    ['something without execute', {}, /without an `execute` method/],
    ['an execute that is no function', { execute: 'go' }, /without an `execute` method/],
  ])('returns %s fails its task at once', async (_, made, message) => {
    let calls = 0
    const { kit } = await kitOf({
      create: () => {
        calls += 1
        return made
      },
    })
    const began = kit.clock.now().getTime()
    const { cause } = await rejection(once(kit))
    expect(cause).toMatchObject({ code: 'ERR_AGENT_INVALID', message: expect.stringMatching(message) })
    expect([calls, kit.clock.now().getTime() - began]).toEqual([1, 0])
    await expectStillWorks(kit.orchestrator)
  })
})

it('a dispose that throws, rejects or hangs harms nobody', async () => {
  const logger = new KeptLog()
  for (const dispose of [
    () => {
      throw new Error('stuck')
    },
    () => Promise.reject(new Error('stuck')),
    () => new Promise(() => {}),
  ]) {
    const pool = asking(
      numbered(
        (n) => n > 1,
        (n) => (n === 1 ? { dispose } : {}),
      ),
      {},
      logger,
    )
    expect(await once(pool)).toBe(1)
    await until(() => pool.log.of('unhealthy').length === 1)
    expect(await once(pool)).toBe(2)
    await expectAtRest(pool.orchestrator)
  }
  const said = {
    level: 'warn',
    event: 'agent:dispose',
    code: 'ERR_AGENT',
    agentId: 'work',
    message: 'dispose of agent `work` failed: stuck',
  }
  expect(logger.lines).toMatchObject([said, said])
})
