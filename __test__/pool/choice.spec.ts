// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which agent a task is given, and whose turn it is.

import { describe, expect, it } from 'vitest'
import type { AgentRegistration, AgentTask, AgentType, ExecuteOptions, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { kitWith, since } from '../support/kits.ts'
import { gate, orchestratorWith, places, register, rejection, task, until, workflow, type Execute } from '../support/orchestrators.ts'
import { expectAtRest } from '../support/pools.ts'

/** Types whose agents answer with their id, and agents of them. */
function registered(
  orchestrator: MultiAgentOrchestrator,
  types: readonly string[],
  agents: readonly AgentRegistration[],
): MultiAgentOrchestrator {
  for (const name of types)
    orchestrator.agentPool.registerAgentType(name, {
      create: (config) => ({ execute: () => (config as { id?: string }).id ?? name }),
    })
  for (const agent of agents) orchestrator.agentPool.registerAgent({ configuration: { id: agent.id }, ...agent })
  return orchestrator
}

/** A task for whoever has what is required, of a type or of any. */
const asks = (requires: string[], agentId?: string): AgentTask => ({ id: 'a', name: 'a', requires, ...(agentId && { agentId }) })

const agents: AgentRegistration[] = [
  { id: 'small', type: 'renderer', capabilities: ['cpu'] },
  { id: 'big', type: 'renderer', capabilities: ['cpu', 'gpu'] },
  { id: 'writer', type: 'author', capabilities: ['cpu', 'words'] },
]

describe('requires', () => {
  it.each<[string, AgentTask, string]>([
    ['narrows a type to an agent that has it', asks(['gpu'], 'renderer'), 'big'],
    ['finds whoever has it', asks(['words']), 'writer'],
    ['finds who has all of it', asks(['gpu', 'cpu']), 'big'],
    ['in any order, and twice', asks(['cpu', 'gpu', 'cpu']), 'big'],
    ['is what an agent that is named has', asks(['cpu'], 'small'), 'small'],
  ])('%s', async (_, asked, id) => {
    const orchestrator = registered(orchestratorWith(), ['renderer', 'author'], agents)
    expect((await orchestrator.executeWorkflow(workflow([asked]))).results).toEqual({ a: id })
  })

  it.each<[string, AgentTask]>([
    ['nobody has it', asks(['wings'])],
    ['nobody has all of it', asks(['gpu', 'words'])],
    ['nobody of the type has it', asks(['words'], 'renderer')],
    ['the agent that is named has not', asks(['gpu'], 'small')],
    ['the agent that is named is not there', asks(['gpu'], 'nobody')],
  ])('is refused if %s', async (_, asked) => {
    const orchestrator = registered(orchestratorWith(), ['renderer', 'author'], agents)
    const error = await rejection(orchestrator.executeWorkflow(workflow([asked])))
    expect([error.code, places(error)]).toEqual(['ERR_VALIDATION', ['ERR_AGENT_NOT_FOUND tasks[0].requires']])
  })

  it('without validation fails the task, and one that was spawned', async () => {
    const spawns: Execute = async (_, { spawn }) => spawn(asks(['wings']))
    const orchestrator = orchestratorWith({ work: spawns }, { workflow: { enableValidation: false } })
    const failed = await rejection(orchestrator.executeWorkflow(workflow([asks(['wings'])])))
    expect(failed.cause).toMatchObject({ code: 'ERR_AGENT_NOT_FOUND', message: 'an agent that has wings is not registered' })
    const spawned = await rejection(orchestrator.executeWorkflow(workflow([task('parent')], { id: 'spawns' })))
    expect(spawned.message).toMatch(/an agent that has wings is not registered/)
  })

  it('of an interrupted execution waits until somebody has it', async () => {
    const path = storePath(temporaryFolder())
    const first = registered(
      orchestratorWith({ work: () => new Promise(() => {}) }, { storage: { path } }),
      ['renderer'],
      [{ id: 'big', type: 'renderer', capabilities: ['gpu'] }],
    )
    const handle = await first.startWorkflow(workflow([task('before'), { ...asks(['gpu']), id: 'b' }]))
    await first.shutdown({ drainMs: 0 })
    const second = registered(orchestratorWith({ work: () => 1 }, { storage: { path } }), ['renderer'], [])
    await second.ready()
    expect((await second.getStatistics()).waitingForAgents).toEqual({ [handle.id]: ['an agent that has gpu'] })
    registered(second, [], [{ id: 'another', type: 'renderer', capabilities: ['gpu'] }])
    expect((await second.getHandle(handle.id).result()).results).toEqual({ before: 1, b: 'another' })
  })

  it('is answered by whoever is registered while a task waits for another that has it', async () => {
    const held = gate()
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerAgentType('slow', { maxAgents: 1, create: () => ({ execute: () => held.promise }) })
    orchestrator.agentPool.registerAgent({ id: 'one', type: 'slow', capabilities: ['x'] })
    const calls = ['first', 'second'].map((id) => orchestrator.executeWorkflow(workflow([asks(['x'])], { id })))
    await until(() => orchestrator.agentPool.getStatistics().queued === 1)
    registered(orchestrator, ['quick'], [{ id: 'two', type: 'quick', capabilities: ['x'] }])
    // Whoever waits meets the new one when somebody asks for it.
    expect((await orchestrator.executeWorkflow(workflow([asks(['x'])], { id: 'third' }))).results).toEqual({ a: 'two' })
    expect((await calls[1])?.results).toEqual({ a: 'two' })
    held.open()
    await Promise.all(calls)
    await expectAtRest(orchestrator)
  })
})

describe('the turn', () => {
  /** One place, which is taken; what waits for it comes in this order when it is free. */
  async function orderOf(start: (orchestrator: MultiAgentOrchestrator) => Promise<unknown>[], waiting: number): Promise<string[]> {
    const held = gate()
    const order: string[] = []
    const orchestrator = orchestratorWith()
    const execute: Execute = async ({ id }) => {
      if (id === 'first') return held.promise
      return void order.push(id)
    }
    orchestrator.agentPool.registerAgentType('work', { maxAgents: 1, create: () => ({ execute }) })
    const first = orchestrator.executeWorkflow(workflow([task('first')], { id: 'first' }))
    await until(() => orchestrator.agentPool.getStatistics().running === 1)
    const calls = start(orchestrator)
    await until(() => orchestrator.agentPool.getStatistics().queued === waiting)
    held.open()
    await Promise.allSettled([first, ...calls])
    await expectAtRest(orchestrator)
    return order
  }

  it('is that of the highest priority, of the task plus of the execution; then of who was ready first', async () => {
    const order = await orderOf(
      (orchestrator) =>
        [
          ['low', -10, undefined],
          ['plain', undefined, undefined],
          ['task', 5, undefined],
          ['execution', undefined, { priority: 6 }],
          ['both', 5, { priority: 5 }],
          ['neither', -5, { priority: 5 }],
        ].map(([id, priority, options]) =>
          orchestrator.executeWorkflow(
            workflow([task(id as string, { priority } as Partial<AgentTask>)], { id: id as string }),
            {},
            options as ExecuteOptions,
          ),
        ),
      6,
    )
    expect(order).toEqual(['both', 'execution', 'task', 'plain', 'neither', 'low'])
  })

  it('is that of clean-up before any priority', async () => {
    const order = await orderOf((orchestrator) => {
      const tasks = [task('done', { agentId: 'other' }), task('tidy', { dependencies: ['done'], triggerRule: 'all_done' })]
      register(orchestrator, { other: () => 1 })
      const important = orchestrator.executeWorkflow(workflow([task('important', { priority: 1000 })], { id: 'important' }))
      return [important, orchestrator.executeWorkflow(workflow(tasks, { id: 'tidy' }))]
    }, 2)
    expect(order).toEqual(['tidy', 'important'])
  })
})

it('affinity is the instance that has run this key last', async () => {
  let made = 0
  const orchestrator = orchestratorWith()
  orchestrator.agentPool.registerAgentType('work', {
    minAgents: 4,
    maxAgents: 4,
    create: () => {
      const n = (made += 1)
      return { execute: async () => new Promise((resolve) => setTimeout(resolve, Math.random() * 3, n)) }
    },
  })
  const users = ['ann', 'bob', 'cid']
  const ran = new Map<string, Set<unknown>>(users.map((user) => [user, new Set()]))
  for (let round = 0; round < 8; round += 1) {
    await Promise.all(
      users.map(async (user) => {
        const flow = workflow([task('a', { affinity: '{{ context.user }}' })])
        const { results } = await orchestrator.executeWorkflow(flow, { user })
        if (round > 0) ran.get(user)?.add(results['a'])
      }),
    )
  }
  expect([...ran.values()].map(({ size }) => size)).toEqual([1, 1, 1])
})

describe('limits', () => {
  it('of an agent hold over all its instances', async () => {
    let [running, most] = [0, 0]
    const orchestrator = orchestratorWith()
    const execute: Execute = async () => {
      most = Math.max(most, (running += 1))
      await new Promise((resolve) => setTimeout(resolve, 1))
      running -= 1
    }
    orchestrator.agentPool.registerAgentType('work', { maxAgents: 8, create: () => ({ execute }) })
    orchestrator.agentPool.registerAgent({ id: 'few', type: 'work', maxConcurrency: 3 })
    const tasks = Array.from({ length: 30 }, (_, n) => task(`t${n}`, { agentId: 'few', dependencies: [] }))
    await orchestrator.executeWorkflow(workflow(tasks))
    expect(most).toBe(3)
    await expectAtRest(orchestrator)
  })

  it('a rate lets so many begin within any time of that length', async () => {
    const kit = await kitWith()
    const begun: number[] = []
    const execute: Execute = () => void begun.push(since(kit.clock.now()))
    kit.orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }) })
    kit.orchestrator.agentPool.registerAgent({ id: 'rated', type: 'work', rateLimit: { limit: 3, interval: '1m' } })
    const tasks = Array.from({ length: 10 }, (_, n) => task(`t${n}`, { agentId: 'rated', dependencies: [] }))
    await kit.run(workflow(tasks))
    expect(begun.map((at) => Math.floor(at / 60_000))).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
    await expectAtRest(kit.orchestrator)
  })

  it('a reserve keeps places for what is more important', async () => {
    const held = gate()
    const started: string[] = []
    const orchestrator = orchestratorWith()
    const type: AgentType = {
      maxAgents: 3,
      reserve: { slots: 1, priority: 100 },
      create: () => ({
        execute: ({ id }) => {
          started.push(id)
          return held.promise
        },
      }),
    }
    orchestrator.agentPool.registerAgentType('work', type)
    const plain = ['a', 'b', 'c'].map((id) => orchestrator.executeWorkflow(workflow([task(id)], { id })))
    await until(() => started.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(started).toEqual(['a', 'b'])
    const important = orchestrator.executeWorkflow(workflow([task('important', { priority: 100 })], { id: 'important' }))
    await until(() => started.length === 3)
    expect(started).toEqual(['a', 'b', 'important'])
    held.open()
    await Promise.all([...plain, important])
    await expectAtRest(orchestrator)
  })
})
