// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The pool as a user meets it: the documented examples, how many instances there are, what it announces, what it counts, and when it is told.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AgentType, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { run } from '../support/child.ts'
import { documented } from '../support/documented.ts'
import { root, storePath, temporaryFolder, userFolder } from '../support/folder.ts'
import { kitWith, wait } from '../support/kits.ts'
import { gate, orchestratorWith, task, until, workflow, type Execute } from '../support/orchestrators.ts'
import { expectAtRest, expectSums, logOf } from '../support/pools.ts'

const soon = (ms = 1): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** `count` tasks that do not wait for each other. */
const many = (count: number, agentId = 'work'): ReturnType<typeof task>[] =>
  Array.from({ length: count }, (_, n) => task(`${agentId}-${n}`, { agentId, dependencies: [] }))
const poolWith = (execute: Execute, type: Partial<AgentType> = {}): MultiAgentOrchestrator => {
  const orchestrator = orchestratorWith()
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }), ...type } as AgentType)
  return orchestrator
}

describe('the documented', () => {
  const program = (text: string, agentId: string, before = ''): string => `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator()
    ${before}
    for (const name of ['agent:created', 'agent:allocated', 'agent:released'])
      orchestrator.agentPool.on(name, ({ type, agentId, instance, taskId }) => console.log(name, type, agentId, instance, taskId ?? ''))
    ${text}
    const { results } = await orchestrator.executeWorkflow({
      id: 'w', name: 'W', version: '1', tasks: [{ id: 'only', name: 'Only', agentId: '${agentId}' }],
    })
    console.log(JSON.stringify(results))
  `

  it('custom agent runs as printed, and is allocated through the pool', async () => {
    const { code, stdout, stderr } = await run(userFolder(), program(documented('Custom Agent Types'), 'custom-agent'))
    expect({
      code,
      stderr,
      lines: stdout
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    }).toEqual({
      code: 0,
      stderr: '',
      lines: [
        'agent:created custom-agent custom-agent 1',
        // A type with one busy instance of one has a spare.
        'agent:created custom-agent custom-agent 2',
        'agent:allocated custom-agent custom-agent 1 only',
        'agent:released custom-agent custom-agent 1 only',
        '{"only":{"result":"custom result"}}',
      ],
    })
  })

  it('renderer runs as printed', async () => {
    const [, text] = /```js\n([^`]*'renderer'[^`]*)```/.exec(readFileSync(join(root, 'docs/agents.md'), 'utf8')) ?? []
    const renderer = 'class Renderer { execute({ id }) { return `rendered ${id}` } }'
    const { code, stdout, stderr } = await run(userFolder(), program(text ?? 'no example', 'big', renderer))
    expect({ code, stderr, last: stdout.trim().split('\n').at(-1) }).toEqual({ code: 0, stderr: '', last: '{"only":"rendered only"}' })
  })
})

describe('a type has', () => {
  it('no instance before its first task, then as many as it has at least', async () => {
    const orchestrator = poolWith(() => 1, { minAgents: 3, maxConcurrency: 2 })
    const log = logOf(orchestrator)
    await orchestrator.ready()
    expect([log.lines, orchestrator.agentPool.getStatistics().total]).toEqual([[], 0])
    await orchestrator.executeWorkflow(workflow([task('a')]))
    await expectAtRest(orchestrator)
    expect(log.lines).toEqual(['up work 0 to 3', ...[1, 2, 3].map((n) => `created work ${n}`), 'allocated 1 to a 1', 'released 1 to a 1'])
  })

  it.each([
    [1, 1],
    [3, 1],
    [1, 4],
    [2, 3],
  ])('at most %i instances of %i places, and uses them all', async (maxAgents, maxConcurrency) => {
    let [running, most] = [0, 0]
    const execute = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await soon()
      running -= 1
    }
    const orchestrator = poolWith(execute, { maxAgents, maxConcurrency, minAgents: 0 })
    const log = logOf(orchestrator)
    await orchestrator.executeWorkflow(workflow(many(60)))
    await expectAtRest(orchestrator)
    expect([most, log.of('created').length]).toEqual([maxAgents * maxConcurrency, maxAgents])
    expect([log.of('allocated').length, log.of('released').length]).toEqual([60, 60])
    // Whoever is given an instance is given one that is there.
    for (const line of log.of('allocated'))
      expect(log.lines.indexOf(`created work ${line.split(' ')[1]}`)).toBeLessThan(log.lines.indexOf(line))
    expect(log.of('up').at(-1)).toMatch(new RegExp(`to ${maxAgents}$`))
  })

  it('so many over all its agents: idle instances of one make room for another', async () => {
    let [running, most] = [0, 0]
    const disposed: number[] = []
    let made = 0
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerAgentType('work', {
      maxAgents: 2,
      create: () => {
        const n = (made += 1)
        const execute: Execute = async () => {
          most = Math.max(most, (running += 1))
          await soon()
          running -= 1
        }
        return { execute, dispose: () => void disposed.push(n) }
      },
    })
    const agents = ['a', 'b', 'c', 'd']
    for (const id of agents) orchestrator.agentPool.registerAgent({ id, type: 'work' })
    for (const id of agents) {
      await orchestrator.executeWorkflow(workflow(many(5, id), { id }))
      expect(orchestrator.agentPool.getStatistics().total).toBeLessThanOrEqual(2 + 1)
    }
    await orchestrator.executeWorkflow(
      workflow(
        agents.flatMap((id) => many(10, id)),
        { id: 'all' },
      ),
    )
    await expectAtRest(orchestrator)
    expect(most).toBe(2)
    await until(() => made - disposed.length === orchestrator.agentPool.getStatistics().total)
    expect(new Set(disposed).size).toBe(disposed.length)
  })

  it('fewer instances when they were not needed for a while', async () => {
    const kit = await kitWith()
    kit.orchestrator.agentPool.registerAgentType('work', { maxAgents: 4, create: () => ({ execute: () => kit.clock.sleep('1s') }) })
    const log = logOf(kit.orchestrator)
    await kit.run(workflow(many(20)))
    expect(kit.orchestrator.agentPool.getStatistics()).toMatchObject({ total: 4, available: 4 })
    // A kit looks after its pool when something else happens.
    await kit.run(workflow([wait('pause', '1m')], { id: 'pause' }))
    await until(() => log.of('disposed').length === 3)
    expect(log.of('up', 'down').slice(-2)).toEqual(['up work 3 to 4', 'down work 4 to 1'])
    expect(kit.orchestrator.agentPool.getStatistics()).toMatchObject({ total: 1, available: 1 })
  })
})

describe('statistics', () => {
  it('say at each step what there is, of the pool, its types and the orchestrator alike', async () => {
    const [made, held] = [gate(), gate()]
    const orchestrator = orchestratorWith({ other: () => 1 })
    orchestrator.agentPool.registerAgentType('work', {
      maxAgents: 2,
      maxConcurrency: 2,
      create: async () => made.promise.then(() => ({ execute: () => held.promise })),
    })
    const figures = async (): Promise<unknown> => {
      const { agentPool } = orchestrator
      const { types, ...all } = agentPool.getStatistics()
      expectSums(agentPool.getStatistics())
      const { agentPoolSize, queuedTasks, runningTasks } = await orchestrator.getStatistics()
      expect([all.available + all.busy, all.queued, all.running]).toEqual([agentPoolSize, queuedTasks, runningTasks])
      const { total, available, busy, offline, running, queued, utilisation } = types['work'] ?? all
      return { total, available, busy, offline, running, queued, utilisation }
    }
    const none = { total: 0, available: 0, busy: 0, offline: 0, running: 0, queued: 0, utilisation: 0 }
    expect(await figures()).toEqual(none)
    const call = orchestrator.executeWorkflow(workflow(many(6)))
    await until(() => orchestrator.agentPool.getStatistics().queued === 6)
    expect(await figures()).toEqual({ ...none, total: 2, offline: 2, queued: 6 })
    await soon(20)
    made.open()
    await until(() => orchestrator.agentPool.getStatistics().running === 4)
    expect(await figures()).toEqual({ ...none, total: 2, busy: 2, running: 4, queued: 2, utilisation: 100 })
    held.open()
    await call
    await expectAtRest(orchestrator)
    expect(await figures()).toEqual({ ...none, total: 2, available: 2 })
    const { wait, types } = orchestrator.agentPool.getStatistics()
    expect([Object.keys(types), types['other']?.total]).toEqual([['other', 'work'], 0])
    expect(wait.p95).toBeGreaterThanOrEqual(20)
    expect(wait.p95).toBeLessThan(5000)
  })

  it('are there before anything is registered, and before the store is open', async () => {
    const orchestrator = orchestratorWith({}, { storage: { path: storePath(temporaryFolder()) } })
    expect(orchestrator.agentPool.getStatistics()).toMatchObject({ total: 0, types: {} })
    await orchestrator.ready()
    expect(orchestrator.agentPool.getStatistics()).toMatchObject({ total: 0, types: {} })
  })

  it('have types of any name', async () => {
    const orchestrator = orchestratorWith()
    for (const name of ['__proto__', 'constructor', 'toString', '💡'])
      orchestrator.agentPool.registerAgentType(name, { create: () => ({ execute: () => name }) })
    const names = ['__proto__', 'constructor', 'toString', '💡']
    const flow = workflow(names.map((agentId, n) => task(`t${n}`, { agentId })))
    expect(Object.values((await orchestrator.executeWorkflow(flow)).results)).toEqual(names)
    expect(Object.keys(orchestrator.agentPool.getStatistics().types)).toEqual(names)
  })
})

describe('a registration', () => {
  it('of an agent named like its type is who is meant from then on, also if the type has worked before', async () => {
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerAgentType('work', { create: (config) => ({ execute: () => config }) })
    const results = async (id: string): Promise<unknown> => (await orchestrator.executeWorkflow(workflow([task('a')], { id }))).results['a']
    expect(await results('before')).toEqual({})
    orchestrator.agentPool.registerAgent({ id: 'work', type: 'work', configuration: { own: true } })
    expect(await results('after')).toEqual({ own: true })
  })

  it('may come before and after the store is open, and after executions wait for it', async () => {
    const path = storePath(temporaryFolder())
    const flow = workflow(['early', 'late', 'own'].map((agentId) => task(agentId, { agentId, dependencies: [] })))
    const held = gate()
    const first = orchestratorWith({ early: () => held.promise, late: () => held.promise, own: () => held.promise }, { storage: { path } })
    const handle = await first.startWorkflow(flow)
    await first.shutdown({ drainMs: 0 })
    const second = orchestratorWith({ early: () => 1 }, { storage: { path } })
    await second.ready()
    expect((await second.getStatistics()).waitingForAgents).toEqual({ [handle.id]: ['late', 'own'] })
    second.agentPool.registerAgentType('late', { create: (config) => ({ execute: () => config }) })
    second.agentPool.registerAgent({ id: 'own', type: 'late', configuration: { n: 3 } })
    expect((await second.getHandle(handle.id).result()).results).toEqual({ early: 1, late: {}, own: { n: 3 } })
    expect((await second.getStatistics()).waitingForAgents).toEqual({})
  })

  it('of 10,000 types, each with an agent, takes a moment', async () => {
    const orchestrator = orchestratorWith()
    await orchestrator.ready()
    const began = performance.now()
    for (let n = 0; n < 10_000; n += 1) {
      orchestrator.agentPool.registerAgentType(`type-${n}`, { create: () => ({ execute: () => n }) })
      orchestrator.agentPool.registerAgent({ id: `agent-${n}`, type: `type-${n}`, capabilities: [`can-${n}`] })
    }
    const took = performance.now() - began
    const { results } = await orchestrator.executeWorkflow(
      workflow([task('a', { agentId: 'agent-9999' }), task('b', { agentId: 'type-0' }), { id: 'c', name: 'c', requires: ['can-5000'] }]),
    )
    expect(results).toEqual({ a: 9999, b: 0, c: 5000 })
    expect(Object.keys(orchestrator.agentPool.getStatistics().types)).toHaveLength(10_000)
    // A debug build; a release build takes a tenth.
    expect(took).toBeLessThan(2000)
    process.stdout.write(`10,000 types and agents registered in ${took.toFixed(0)} ms\n`)
  })
})

it('an idle orchestrator with a pool and health checks keeps no process alive', async () => {
  const { code, signal, stdout } = await run(
    userFolder(),
    `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ agents: { healthCheckInterval: 50 } })
    let asked = 0
    orchestrator.agentPool.registerAgentType('work', {
      minAgents: 3,
      create: () => ({ execute: () => 1, healthCheck: () => { asked += 1; return new Promise((resolve) => setTimeout(resolve, 1, true)) } }),
    })
    await orchestrator.executeWorkflow({ id: 'w', name: 'W', version: '1', tasks: [{ id: 'a', name: 'A', agentId: 'work' }] })
    while (asked <= 3) await new Promise((resolve) => setTimeout(resolve, 20))
    console.log(asked > 3)
  `,
  )
  expect({ code, signal, stdout }).toEqual({ code: 0, signal: null, stdout: 'true\n' })
})
