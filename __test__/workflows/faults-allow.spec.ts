// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A definition from others names agents, tools, workflows and models of the program that runs it. Once it could name every one of them: whoever
// accepted definitions of customers gave them all that was registered.

import { describe, expect, it } from 'vitest'
import type { AgentTask, Allowance, CustomReply, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, places, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const agents: Record<string, Execute> = {
  safe: () => 'safe',
  secret: () => 'secret',
  spawner: (input, { spawn }) => spawn(input.input.data as AgentTask),
  asker: async (input, { models }) => (await models.generate({ prompt: 'x', ...(input.input.data as object) })).model,
}
const call = (id: string, agentId: string, rest: Partial<AgentTask> = {}): AgentTask => task(id, { agentId, dependencies: [], ...rest })
const child = (id: string, inner: AgentTask['workflow']): AgentTask => ({ id, name: id, workflow: inner, dependencies: [] })

/** Agents, workflows, tools and two models of a provider whose answers are told. */
function furnish(orchestrator: MultiAgentOrchestrator, answers: CustomReply[] = []): void {
  const { agentPool, modelIntegration, workflowEngine } = orchestrator
  agentPool.registerAgentType('able', { create: () => ({ execute: () => 'able' }) })
  agentPool.registerAgent({ id: 'clerk', type: 'able', capabilities: ['typing'] })
  for (const name of ['search', 'erase'])
    agentPool.registerTool({ name, description: name, parameters: { type: 'object' }, execute: () => `${name} done` })
  for (const name of ['search', 'erase']) agentPool.registerAgent({ id: `does-${name}`, type: 'tool', configuration: { tool: name } })
  agentPool.registerAgent({ id: 'both', type: 'hybrid', configuration: { tools: ['search', 'erase'], stream: false } })
  const known = { contextWindow: 100_000, maxOutput: 10_000, capabilities: ['text-generation', 'tool-use'] } as const
  const generate = async (): Promise<CustomReply> => answers.shift() ?? { text: 'answer' }
  const models = [
    { id: 'small', ...known, prices: { input: 1, output: 1 } },
    { id: 'large', ...known, prices: { input: 100, output: 100 } },
  ]
  modelIntegration.registerProvider('own', { generate, models })
  workflowEngine.registerWorkflow(workflow([call('x', 'secret')], { id: 'bad' }))
  workflowEngine.registerWorkflow(workflow([call('x', 'safe')], { id: 'good' }))
  workflowEngine.registerWorkflow(workflow([child('deep', 'bad')], { id: 'outer' }))
}
function furnished(answers: CustomReply[] = [], config = {}): MultiAgentOrchestrator {
  const orchestrator = orchestratorWith(agents, config)
  furnish(orchestrator, answers)
  return orchestrator
}
const run = async (allow: Allowance, tasks: AgentTask[], answers?: CustomReply[]): Promise<unknown> =>
  (await furnished(answers).executeWorkflow(workflow(tasks), {}, { allow })).results
const causeOf = async (allow: Allowance, tasks: AgentTask[]): Promise<unknown> => (await rejection(run(allow, tasks))).cause

describe('what a definition names and is not allowed', () => {
  const flow = workflow([
    call('a', 'secret'),
    call('b', 'safe', { compensate: { agentId: 'secret' } }),
    { id: 'l', name: 'l', type: 'loop', dependencies: [], loop: { forEach: [1] }, tasks: [call('c', 'secret')] },
    child('d', workflow([call('e', 'secret')], { id: 'inline' })),
    child('f', 'bad'),
    child('g', 'good'),
    child('h', 'outer'),
    call('i', 'safe', { fallback: [{ agentId: 'safe' }, { agentId: 'secret' }] }),
  ])
  const allow = { agents: ['safe'], workflows: ['good', 'outer'] }
  const problems = [
    'ERR_NOT_ALLOWED tasks[0].agentId',
    'ERR_NOT_ALLOWED tasks[1].compensate.agentId',
    'ERR_NOT_ALLOWED tasks[2].tasks[0].agentId',
    'ERR_NOT_ALLOWED tasks[3].workflow.tasks[0].agentId',
    'ERR_NOT_ALLOWED tasks[4].workflow',
    'ERR_NOT_ALLOWED tasks[6].workflow',
    'ERR_NOT_ALLOWED tasks[7].fallback[1].agentId',
  ]

  it('is a problem by path at every door', async () => {
    const orchestrator = furnished()
    const doors = [
      orchestrator.executeWorkflow(flow, {}, { allow }),
      orchestrator.startWorkflow(flow, {}, { allow }),
      orchestrator.scheduleWorkflow(flow, { every: '1h' }, {}, { allow }),
      orchestrator.workflowEngine.loadWorkflow(flow, { allow }),
      orchestrator.workflowEngine.loadWorkflow({ text: JSON.stringify(flow) }, { allow }),
    ]
    for (const door of doors) expect(places(await rejection(door))).toEqual(problems)
    expect((await orchestrator.executeWorkflow(flow)).status).toBe('completed')
  })

  it('also where nothing else is validated, and beside other problems', async () => {
    const unchecked = furnished([], { workflow: { enableValidation: false } })
    expect(places(await rejection(unchecked.executeWorkflow(flow, {}, { allow })))).toEqual(problems)
    const broken = workflow([call('a', 'secret', { timeout: 'soon' })])
    expect(places(await rejection(furnished().executeWorkflow(broken, {}, { allow })))).toEqual([
      'tasks[0].timeout',
      'ERR_NOT_ALLOWED tasks[0].agentId',
    ])
  })

  it('says what is', async () => {
    const message = async (given: Allowance): Promise<string> => (await rejection(run(given, [call('a', 'secret')]))).message
    expect(await message({ agents: ['safe'] })).toContain(
      'agent `secret` is not allowed here: `allow.agents` does not name it; it allows `safe`',
    )
    expect(await message({ agents: [] })).toContain('it allows none')
  })

  it('absent allows everything, and [] nothing', async () => {
    expect(await run({}, [call('a', 'secret'), child('f', 'bad')])).toEqual({ a: 'secret', f: { x: 'secret' } })
    expect(await run({ tools: [], models: [] }, [call('a', 'secret')])).toEqual({ a: 'secret' })
    expect(places(await rejection(run({ workflows: [] }, [child('g', 'good')])))).toEqual(['ERR_NOT_ALLOWED tasks[0].workflow'])
  })

  it.each([
    [{ agents: 'safe' }, 'options.allow.agents'],
    [{ agents: [7] }, 'options.allow.agents'],
    [{ agent: [] }, 'options.allow.agent'],
    [[], 'options.allow'],
    ['all', 'options.allow'],
  ])('%j is judged', async (given, path) => {
    expect(places(await rejection(run(given as never, [call('a', 'safe')])))).toEqual([path])
    expect(places(await rejection(furnished().workflowEngine.loadWorkflow({ text: '{}' }, { allow: given as never })))).toEqual([path])
  })
})

describe('what is only known at run time', () => {
  it('an agent that is found by what is required', async () => {
    const typist: AgentTask = { id: 'a', name: 'a', requires: ['typing'], retryPolicy: { maxAttempts: 3, initialDelay: 1 } }
    expect(await run({ agents: ['clerk'] }, [typist])).toEqual({ a: 'able' })
    expect(await run({ agents: ['able'] }, [typist])).toEqual({ a: 'able' })
    const error = await rejection(run({ agents: ['safe'] }, [typist]))
    expect(error.cause).toMatchObject({ code: 'ERR_NOT_ALLOWED', details: { agent: 'clerk', allowed: ['safe'] } })
    expect(error.execution?.tasks[0]?.attempts).toBe(1)
  })

  it('a spawned task, by path', async () => {
    const spawns = (data: AgentTask): AgentTask[] => [call('a', 'spawner', { input: { data } })]
    const allow = { agents: ['spawner', 'safe'], workflows: ['outer'] }
    expect(await run(allow, spawns(task('s', { agentId: 'safe' })))).toEqual({ a: 'safe' })
    const spawned: [AgentTask, string][] = [
      [task('s', { agentId: 'secret' }), 'task.agentId'],
      [{ id: 's', name: 's', workflow: 'bad' }, 'task.workflow'],
      [{ id: 's', name: 's', workflow: workflow([call('e', 'secret')], { id: 'i' }) }, 'task.workflow.tasks[0].agentId'],
    ]
    for (const [one, path] of spawned)
      expect(await causeOf(allow, spawns(one))).toMatchObject({ issues: [{ path, code: 'ERR_NOT_ALLOWED' }] })
    // What a registered workflow is shows when it begins.
    expect((await rejection(run(allow, spawns({ id: 's', name: 's', workflow: 'outer' })))).message).toContain('`bad` is not allowed')
  })

  it('a tool that an agent calls', async () => {
    expect(await run({ tools: ['search'] }, [call('a', 'does-search')])).toEqual({ a: 'search done' })
    expect(await causeOf({ tools: ['search'] }, [call('a', 'does-erase')])).toMatchObject({
      code: 'ERR_NOT_ALLOWED',
      details: { tool: 'erase' },
    })
  })

  it.each(['hybrid', 'both'])('a tool that a model calls: of %s', async (agentId) => {
    const calls = ['search', 'erase'].map((name) => ({ id: name, name, arguments: {} }))
    const orchestrator = orchestratorWith(agents)
    furnish(orchestrator, [{ toolCalls: calls }, { text: 'done' }])
    const heard: { type: string; name: string; result?: { code?: string }; isError?: boolean }[] = []
    orchestrator.on('task:progress', (_, data) => void heard.push(data as never))
    const flow = workflow([call('a', agentId, { input: { prompt: 'go' } })])
    expect((await orchestrator.executeWorkflow(flow, {}, { allow: { tools: ['search'] } })).results).toEqual({ a: 'done' })
    const results = heard.filter(({ type }) => type === 'tool-result')
    expect(results.find(({ name }) => name === 'search')).toMatchObject({ isError: false })
    expect(results.find(({ name }) => name === 'erase')).toMatchObject({ isError: true, result: { code: 'ERR_NOT_ALLOWED' } })
  })

  it('a model that an agent asks', async () => {
    const asks = (data: object = {}): AgentTask[] => [call('a', 'asker', { input: { data: data as never } })]
    expect(await run({}, asks({ requirements: { mode: 'cost' } }))).toEqual({ a: 'small' })
    for (const allowed of ['own/large', 'large']) {
      // It chooses among those that are allowed.
      expect(await run({ models: [allowed] }, asks({ requirements: { mode: 'cost' } }))).toEqual({ a: 'large' })
      expect(await run({ models: [allowed] }, asks({ model: 'large' }))).toEqual({ a: 'large' })
      expect(await causeOf({ models: [allowed] }, asks({ model: 'small' }))).toMatchObject({ code: 'ERR_NOT_ALLOWED' })
      expect(await causeOf({ models: [allowed] }, asks({ provider: 'own', model: 'small' }))).toMatchObject({ code: 'ERR_NOT_ALLOWED' })
      expect(await causeOf({ models: [allowed] }, asks({ model: 'large', fallback: ['own/small'] }))).toMatchObject({
        code: 'ERR_NOT_ALLOWED',
      })
    }
    expect(await causeOf({ models: [] }, asks())).toMatchObject({ code: 'ERR_NOT_ALLOWED', message: expect.stringContaining('names none') })
    // A model that stands in for an agent is asked by one.
    expect(await causeOf({ models: [] }, [call('a', 'poet', { input: { prompt: 'x' } })])).toMatchObject({ code: 'ERR_NOT_ALLOWED' })
  })
})

describe('it is recorded with the execution', () => {
  const allow = { agents: ['safe', 'late'], tools: [], workflows: ['named'], models: ['large'] }
  const late: Execute = async (_, { spawn }) =>
    Promise.resolve(spawn(task('s', { agentId: 'secret' }))).catch(({ code }: { code: string }) => code)
  const setup = (orchestrator: MultiAgentOrchestrator): void => {
    furnish(orchestrator)
    orchestrator.agentPool.registerAgentType('late', {
      create: () => ({
        execute: async (...given) =>
          await Promise.resolve()
            .then(() => late(...given))
            .catch(({ code }: { code: string }) => code),
      }),
    })
    orchestrator.workflowEngine.registerWorkflow(workflow([call('y', 'late')], { id: 'named' }))
  }
  const inner = workflow([call('x', 'late')], { id: 'inner' })
  const flow = workflow([
    call('a', 'safe'),
    call('b', 'late', { dependencies: ['a'] }),
    { ...child('c', inner), dependencies: ['b'] },
    child('d', 'named'),
  ])
  const results = { a: 'safe', b: 'ERR_VALIDATION', c: { x: 'ERR_VALIDATION' }, d: { y: 'ERR_VALIDATION' } }

  it('crashes at any commit', async () => {
    const kit = await kitWith(agents, { storage: 'file', setup })
    let points = 0
    for await (const { commit, side, execution } of kit.crashPoints(flow, {}, { allow })) {
      expect(execution.results, `${side} commit ${commit}`).toEqual(results)
      points += 1
    }
    expect(points).toBeGreaterThan(10)
  })

  it.each(['in memory', 'with a file'])('holds for forks and retries, which may only narrow it: %s', async (where) => {
    const config = where === 'in memory' ? {} : { storage: { path: storePath(folder), durability: 'os' as const } }
    const orchestrator = orchestratorWith(agents, config)
    setup(orchestrator)
    const { id } = await orchestrator.executeWorkflow(flow, {}, { allow })
    for (const given of [{}, { allow: { agents: ['safe', 'late', 'secret'] } }, { allow: {} }]) {
      const fork = await orchestrator.forkExecution(id, 'b', given)
      expect((await fork.result()).results).toEqual(results)
    }
    const narrow = await rejection(orchestrator.retryExecution(id, { allow: { agents: ['safe'] } }))
    expect(places(narrow)).toContain('ERR_NOT_ALLOWED tasks[1].agentId')
    // A fork of a fork has what is left.
    const few = workflow([call('a', 'safe')])
    const first = await orchestrator.executeWorkflow(few, {}, { allow: { agents: ['safe', 'late'] } })
    const second = await (await orchestrator.forkExecution(first.id, 'a', { allow: { agents: ['safe', 'secret'] } })).result()
    expect(places(await rejection(orchestrator.forkExecution(second.id, 'a', { allow: { agents: ['late', 'secret'] } })))).toEqual([
      'ERR_NOT_ALLOWED tasks[0].agentId',
    ])
  })

  it('holds for what a schedule begins, also in the next process', async () => {
    const path = storePath(folder)
    const open = (): MultiAgentOrchestrator => {
      const orchestrator = orchestratorWith(agents, { storage: { path } })
      setup(orchestrator)
      return orchestrator
    }
    const first = open()
    await first.scheduleWorkflow(workflow([call('b', 'late')]), { every: '1s' }, {}, { id: 's', allow })
    await first.shutdown()
    const second = open()
    const execution = await new Promise((resolve) => second.once('workflow:completed', resolve))
    expect(execution).toMatchObject({ results: { b: 'ERR_VALIDATION' } })
    const changed = second.scheduleWorkflow(workflow([call('b', 'late')]), { every: '1s' }, {}, { id: 's', allow: { agents: ['late'] } })
    expect((await rejection(changed)).code).toBe('ERR_SCHEDULE_CHANGED')
    await (await second.getSchedule('s'))?.cancel()
  })
})
