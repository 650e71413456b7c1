// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shortest program was three names longer than what it said: `name` beside `id`, `version` before there was a second one, and a factory around a function.

import { describe, expect, it } from 'vitest'
import { defineAgents, defineWorkflow } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, places, rejection, task, thrownBy, until, untilAborted, workflow } from '../support/orchestrators.ts'

const folder = userFolder()

describe('names and versions', () => {
  it('a name is the id, a version is 1', async () => {
    const orchestrator = orchestratorWith({ work: ({ name }) => name })
    const execution = await orchestrator.executeWorkflow({
      id: 'w',
      tasks: [
        { id: 'a', agentId: 'work' },
        { id: 'b', agentId: 'work', name: 'B' },
      ],
    })
    expect(execution.results).toEqual({ a: 'a', b: 'B' })
    expect(orchestrator.workflowEngine.validateWorkflow({ id: 'w', tasks: [{ id: 'a', agentId: 'work' }] })).toMatchObject({
      valid: true,
      problems: [],
    })
  })

  it('a version that is not written is the version 1', async () => {
    const orchestrator = orchestratorWith({ work: (_, { signal }) => untilAborted(signal) })
    const plain = { id: 'w', tasks: [{ id: 'a', agentId: 'work' }] }
    await orchestrator.startWorkflow(plain)
    await orchestrator.startWorkflow({ ...plain, version: '1', name: 'Called', tasks: [{ id: 'a', agentId: 'work', name: 'A' }] })
    const changed = { ...plain, tasks: [{ id: 'b', agentId: 'work' }] }
    expect(await rejection(orchestrator.startWorkflow(changed))).toMatchObject({ code: 'ERR_DEFINITION_CHANGED' })
    await orchestrator.startWorkflow({ ...changed, version: '2' })
  })

  it('so it is in workflows inside of tasks, in spawned tasks, in YAML, and after a restart', async () => {
    const path = storePath(folder)
    const agents = {
      work: (): number => 1,
      spawner: (_: unknown, { spawn }: { spawn(task: object): PromiseLike<unknown> }) => spawn({ id: 's', agentId: 'work' }),
    }
    const first = orchestratorWith(agents as never, { storage: { path } })
    const flow = await first.workflowEngine.loadWorkflow({
      text: 'id: y\ntasks:\n  - { id: w, waitFor: { signal: go } }\n  - { id: c, workflow: { id: i, tasks: [{ id: t, agentId: spawner }] } }\n',
    })
    const { id } = await first.startWorkflow(flow)
    await first.shutdown()
    const second = orchestratorWith(agents as never, { storage: { path } })
    await second.signalExecution(id, 'go')
    expect((await second.getHandle(id).result()).results['c']).toEqual({ t: 1 })
  })

  it('what is there must be a non-empty string', () => {
    const { workflowEngine } = orchestratorWith({ work: () => 1 })
    const { problems } = workflowEngine.validateWorkflow({ id: 'w', name: '', version: 1, tasks: [{ id: 'a', name: 7, agentId: 'work' }] })
    expect(problems.map(({ path }) => path)).toEqual(['name', 'version', 'tasks[0].name'])
  })
})

describe('a function stands for a type of agents', () => {
  it('in registerAgentType and in registerAgent', async () => {
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerAgentType('one', async (given, ctx) => [given.id, ctx.attempt])
    orchestrator.agentPool.registerAgent('two', (given) => given.context.dependencies['a'] as unknown)
    const flow = workflow([task('a', { agentId: 'one' }), task('b', { agentId: 'two' })])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ a: ['a', 1], b: ['a', 1] })
    expect(thrownBy(() => orchestrator.agentPool.registerAgent('one', () => 1))).toMatchObject({ code: 'ERR_AGENT_EXISTS' })
    // What is registered so is a type like any other.
    orchestrator.agentPool.registerAgent({ id: 'three', type: 'two' })
  })

  it('runs as many at once as any type does', async () => {
    const orchestrator = orchestratorWith({}, { agents: { maxAgents: 3 } })
    let running = 0
    orchestrator.agentPool.registerAgent('busy', async (_, { signal }) => {
      running += 1
      await untilAborted(signal)
    })
    const handle = await orchestrator.startWorkflow(workflow([1, 2, 3, 4].map((n) => task(`t${n}`, { agentId: 'busy', dependencies: [] }))))
    await until(() => running === 3)
    expect(orchestrator.agentPool.getStatistics().types['busy']).toMatchObject({ total: 3 })
    await handle.cancel()
  })

  it('what is no function is refused with its place', () => {
    const { agentPool } = orchestratorWith()
    expect(places(thrownBy(() => agentPool.registerAgent('x', 7 as never)))).toEqual(['type'])
    expect(places(thrownBy(() => agentPool.registerAgent('x', undefined as never)))).toEqual(['type'])
    expect(places(thrownBy(() => agentPool.registerAgent('', () => 1)))).toEqual(['name'])
  })
})

describe('registerAgents', () => {
  it('registers functions, types and agents of types, whatever their order', async () => {
    const orchestrator = orchestratorWith()
    const agents = defineAgents({
      polite: { type: 'greeter', configuration: { word: 'Good day' }, capabilities: ['greeting'] },
      greeter: { create: ({ word = 'Hi' }: { word?: string }) => ({ execute: () => word }) },
      plain: async () => 'plain',
    })
    orchestrator.agentPool.registerAgents(agents)
    const tasks = [task('a', { agentId: 'polite' }), task('b', { agentId: 'greeter' }), task('c', { agentId: 'plain' })]
    expect((await orchestrator.executeWorkflow(workflow([...tasks, { id: 'd', requires: ['greeting'] }]))).results).toEqual({
      a: 'Good day',
      b: 'Hi',
      c: 'plain',
      d: 'Good day',
    })
  })

  it('registers none of them if one cannot be, and says which', () => {
    const { agentPool } = orchestratorWith({ taken: () => 1 })
    const refusals: [Record<string, unknown>, string, string[]][] = [
      [{ fine: () => 1, bad: 7 }, 'ERR_INVALID_ARGUMENT', ['agents.bad']],
      [{ fine: () => 1, bad: { execute: () => 1 } }, 'ERR_INVALID_ARGUMENT', ['agents.bad.create']],
      [{ fine: () => 1, 'a b': { type: 'fine', limits: 1 } }, 'ERR_INVALID_ARGUMENT', ['ERR_UNKNOWN_FIELD agents["a b"].limits']],
      [{ fine: () => 1, '': () => 1 }, 'ERR_INVALID_ARGUMENT', ['agents[""]']],
    ]
    for (const [agents, code, where] of refusals) {
      const error = thrownBy(() => agentPool.registerAgents(agents as never))
      expect(error.code).toBe(code)
      expect(places(error)).toEqual(where)
    }
    expect(thrownBy(() => agentPool.registerAgents({ fine: () => 1, taken: () => 1 }))).toMatchObject({ code: 'ERR_AGENT_EXISTS' })
    expect(thrownBy(() => agentPool.registerAgents({ fine: () => 1, odd: { type: 'unheard' } }))).toMatchObject({
      code: 'ERR_AGENT_TYPE_NOT_FOUND',
    })
    expect(places(thrownBy(() => agentPool.registerAgents([() => 1] as never)))).toEqual(['agents'])
    // It is free all the same.
    agentPool.registerAgents({ fine: () => 1 })
  })
})

describe('agents of a workflow are for the compiler', () => {
  const agents = defineAgents({ fetcher: async () => ({ rows: 3 }) })
  const flow = defineWorkflow({ id: 'w', agents, tasks: [{ id: 'a', agentId: 'fetcher' }] })

  it('they register no agent, and a missing one is told how to be registered', async () => {
    const orchestrator = orchestratorWith()
    const error = await rejection(orchestrator.executeWorkflow(flow))
    expect(places(error)).toEqual(['ERR_AGENT_NOT_FOUND tasks[0].agentId'])
    expect(error.message).toContain('agentPool.registerAgents(')
    orchestrator.agentPool.registerAgents(agents)
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ a: { rows: 3 } })
  })

  it('they are not recorded: with or without them it is the same definition, and after a restart too', async () => {
    const path = storePath(folder)
    const first = orchestratorWith({}, { storage: { path } })
    first.agentPool.registerAgents(agents)
    const waiting = (rest: object) => ({
      id: 'w',
      ...rest,
      tasks: [
        { id: 's', waitFor: { signal: 'go' } },
        { id: 'a', agentId: 'fetcher' },
      ],
    })
    const { id } = await first.startWorkflow(defineWorkflow(waiting({ agents })))
    await first.startWorkflow(waiting({}))
    await first.startWorkflow(waiting({ agents: defineAgents({ fetcher: async () => 1, other: { type: 'llm' } }) }))
    await first.shutdown()
    const second = orchestratorWith({}, { storage: { path } })
    second.agentPool.registerAgents(agents)
    await second.signalExecution(id, 'go')
    expect((await second.getHandle(id).result()).results['a']).toEqual({ rows: 3 })
  })

  it('so are those of a workflow inside of a task', async () => {
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerAgents(agents)
    expect((await orchestrator.executeWorkflow({ id: 'outer', tasks: [{ id: 'c', workflow: flow }] })).results).toEqual({
      c: { a: { rows: 3 } },
    })
  })

  it('the words of other products for agents are answered', () => {
    const { workflowEngine } = orchestratorWith({ fetcher: () => 1 })
    for (const given of [['fetcher'], [{ name: 'fetcher' }], { fetcher: { role: 'researcher' } }, 'fetcher']) {
      const { problems } = workflowEngine.validateWorkflow({ id: 'w', agents: given, tasks: [{ id: 'a', agentId: 'fetcher' }] })
      expect(problems).toMatchObject([{ path: 'agents', message: expect.stringContaining('registerAgents') as string }])
    }
  })
})
