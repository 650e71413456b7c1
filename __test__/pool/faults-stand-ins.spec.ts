// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which tasks a model does though nobody has registered their agent: a slip of the pen is never one of them.

import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AgentTask, CustomProvider, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, places, rejection, task, until, workflow } from '../support/orchestrators.ts'
import { modelServer } from '../support/scripted-model-server.ts'

const folder = temporaryFolder()
const asks = (agentId: string, rest: Partial<AgentTask> = {}): AgentTask => task('a', { agentId, input: { prompt: 'Greet' }, ...rest })
const fetcher = { 'data-fetcher': () => 'fetched' }

/** An orchestrator that has a model of its own, which somebody has registered. */
function configured(agents: Parameters<typeof orchestratorWith>[0] = {}, config: OrchestratorConfig = {}): MultiAgentOrchestrator {
  const orchestrator = orchestratorWith(agents, config)
  provide(orchestrator)
  return orchestrator
}
const generate: CustomProvider['generate'] = async () => ({ text: 'invented' })
const provide = ({ modelIntegration }: MultiAgentOrchestrator): void =>
  modelIntegration.registerProvider('own', {
    generate,
    models: [{ id: 'm', contextWindow: 100_000, maxOutput: 10_000, capabilities: ['text-generation'] }],
  })

const run = async (orchestrator: MultiAgentOrchestrator, ...tasks: AgentTask[]): Promise<unknown> =>
  (await orchestrator.executeWorkflow(workflow(tasks))).results

// Once `data-fetchr` beside a registered `data-fetcher` was done by a language model, and its answer was the result.
describe('a near miss of a registered name', () => {
  it.each(['data-fetchr', 'datafetcher', 'Data_Fetcher', 'data-fethcer', 'data-fetchers', 'dta-fetcher'])(
    'is refused: %s',
    async (agentId) => {
      const orchestrator = configured(fetcher)
      const flow = workflow([asks(agentId)])
      const { valid, problems } = orchestrator.workflowEngine.validateWorkflow(flow)
      expect(valid).toBe(false)
      expect(problems).toMatchObject([{ path: 'tasks[0].agentId', code: 'ERR_AGENT_NOT_FOUND' }])
      expect(problems[0]?.message).toContain('did you mean `data-fetcher`?')
      const error = await rejection(orchestrator.executeWorkflow(flow))
      expect(places(error)).toEqual(['ERR_AGENT_NOT_FOUND tasks[0].agentId'])
      expect(places(await rejection(orchestrator.scheduleWorkflow(flow, { every: '1h' })))).toEqual([
        'ERR_AGENT_NOT_FOUND tasks[0].agentId',
      ])
    },
  )

  it('is refused where it undoes, stands in an inline workflow, or is a built-in type', async () => {
    const orchestrator = configured(fetcher)
    const inner = workflow([asks('data-fetchr')], { id: 'inner' })
    const tasks = [
      asks('data-fetcher', { compensate: { agentId: 'data-fetchr' } }),
      { id: 'b', name: 'b', workflow: inner },
      { ...asks('hybird'), id: 'c' },
    ]
    expect(places(await rejection(orchestrator.executeWorkflow(workflow(tasks))))).toEqual([
      'ERR_AGENT_NOT_FOUND tasks[0].compensate.agentId',
      'ERR_AGENT_NOT_FOUND tasks[1].workflow.tasks[0].agentId',
      'ERR_AGENT_NOT_FOUND tasks[2].agentId',
    ])
  })

  it('is refused in a registered child, a spawned task, and without validation, when it comes to that', async () => {
    const spawning = { ...fetcher, spawner: (_: unknown, { spawn }: { spawn: (one: AgentTask) => unknown }) => spawn(asks('data-fetchr')) }
    const orchestrator = configured(spawning)
    // Another name is stood in for, so that the engine knows whom to ask.
    expect(await run(orchestrator, asks('poet'))).toEqual({ a: 'invented' })
    orchestrator.workflowEngine.registerWorkflow(workflow([asks('data-fetchr')], { id: 'child' }))
    const error = await rejection(orchestrator.executeWorkflow(workflow([{ id: 'b', name: 'b', workflow: 'child' }])))
    expect(error.message).toContain('did you mean `data-fetcher`?')
    const spawned = await rejection(orchestrator.executeWorkflow(workflow([asks('spawner')], { id: 'spawning' })))
    expect(spawned.message).toContain('did you mean `data-fetcher`?')
    const unchecked = configured(fetcher, { workflow: { enableValidation: false } })
    expect(await run(unchecked, asks('poet'))).toEqual({ a: 'invented' })
    const late = await rejection(unchecked.executeWorkflow(workflow([asks('data-fetchr')], { id: 'other' })))
    expect(late.cause).toMatchObject({ code: 'ERR_AGENT_NOT_FOUND', message: expect.stringContaining('did you mean `data-fetcher`?') })
  })

  it('is no name that differs in its digits only, or altogether', async () => {
    const orchestrator = configured({ 'worker-1': () => 1, ...fetcher })
    for (const agentId of ['worker-2', 'worker-12', 'poet']) expect(await run(orchestrator, asks(agentId))).toEqual({ a: 'invented' })
  })
})

describe('`agents.standIn`', () => {
  it.each([
    [true, ['data-fetchr', 'poet'], []],
    [false, [], ['data-fetchr', 'poet']],
    [['data-fetchr'], ['data-fetchr'], ['poet']],
    [[], [], ['data-fetchr', 'poet']],
  ])('%j decides', async (standIn, done, refused) => {
    const orchestrator = configured(fetcher, { agents: { standIn } })
    for (const agentId of done) expect(await run(orchestrator, asks(agentId))).toEqual({ a: 'invented' })
    for (const agentId of refused)
      expect(places(await rejection(run(orchestrator, asks(agentId))))).toEqual(['ERR_AGENT_NOT_FOUND tasks[0].agentId'])
    expect(await run(orchestrator, asks('llm'))).toEqual({ a: 'invented' })
  })

  it('is judged', () => {
    for (const [standIn, path] of [
      ['writer', 'agents.standIn'],
      [['writer', 7], 'agents.standIn[1]'],
    ] as const) {
      let issues: unknown
      try {
        orchestratorWith({}, { agents: { standIn } } as never)
      } catch (error) {
        issues = (error as { issues: unknown }).issues
      }
      expect(issues).toMatchObject([{ path, code: 'ERR_INVALID_VALUE' }])
    }
  })
})

// A key in the environment, as most developers have one, was enough for every unknown name to be done by a model.
describe('a model that is known from the environment alone', async () => {
  const server = await modelServer(() => 'invented')
  const { endpoint } = server.provider()
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.restoreAllMocks()
  })
  const withKey = (): string[] => {
    vi.stubEnv('OPENAI_API_KEY', 'k')
    vi.stubEnv('OPENAI_BASE_URL', endpoint)
    vi.stubEnv('OPENAI_MODEL', 'm')
    const lines: string[] = []
    vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
    return lines
  }

  it('stands in where nobody is registered, with a warning for each task and one line', async () => {
    const lines = withKey()
    const orchestrator = orchestratorWith()
    const inner = workflow([asks('editor')], { id: 'inner' })
    const flow = workflow([
      asks('data-fetcher'),
      { ...asks('data-processor'), id: 'b' },
      { ...asks('llm'), id: 'c' },
      { id: 'd', name: 'd', workflow: inner },
    ])
    const { valid, problems } = orchestrator.workflowEngine.validateWorkflow(flow)
    expect(valid).toBe(true)
    expect(problems.map(({ path, severity }) => `${severity} ${path}`)).toEqual([
      'warning tasks[0].agentId',
      'warning tasks[1].agentId',
      'warning tasks[3].workflow.tasks[0].agentId',
    ])
    for (const { message } of problems) expect(message).toContain('the model `openai/m`')
    expect(lines).toEqual([])
    for (let time = 0; time < 2; time += 1)
      expect((await orchestrator.executeWorkflow(flow)).results).toEqual({
        a: 'invented',
        b: 'invented',
        c: 'invented',
        d: { a: 'invented' },
      })
    const flowLine = lines.filter((line) => line.includes('`flow`'))
    expect(flowLine).toHaveLength(1)
    expect(flowLine[0]).toMatch(
      /^@codexos\/multi-agent-orchestrator: .*`openai\/m`.*`a` \(agent `data-fetcher`\), `b` \(agent `data-processor`\);.*\n$/,
    )
  })

  it('stands in for nobody where an agent is registered, and says what to do', async () => {
    const lines = withKey()
    const orchestrator = orchestratorWith(fetcher)
    const error = await rejection(run(orchestrator, asks('poet')))
    expect(places(error)).toEqual(['ERR_AGENT_NOT_FOUND tasks[0].agentId'])
    expect(error.message).toMatch(/known from the environment alone.*configure `models`.*`agents.standIn`/)
    expect(await run(orchestrator, asks('llm'))).toEqual({ a: 'invented' })
    expect(await run(orchestratorWith(fetcher, { agents: { standIn: ['poet'] } }), asks('poet'))).toEqual({ a: 'invented' })
    expect(lines).toEqual([])
  })
})

// Whoever began with a model goes on with it, whatever is registered after a restart: an execution never waits for an agent that it never had.
describe('an execution that had a stand-in keeps it', () => {
  const inner = workflow([asks('data-fetchr'), { ...asks('work'), id: 'w' }], { id: 'inner' })
  const flow = workflow([
    asks('data-fetchr'),
    task('b'),
    { id: 'c', name: 'c', workflow: inner },
    { id: 'd', name: 'd', workflow: 'named' },
  ])
  const setUp = (orchestrator: MultiAgentOrchestrator, isFirst: boolean): void => {
    provide(orchestrator)
    if (!isFirst) orchestrator.agentPool.registerAgentType('data-fetcher', { create: () => ({ execute: () => 'fetched' }) })
    orchestrator.workflowEngine.registerWorkflow(workflow([asks('data-fetchr')], { id: 'named' }))
  }
  const results = { a: 'invented', b: 1, c: { a: 'invented', w: 1 }, d: { a: 'invented' } }

  it('crashes at any commit', async () => {
    let opened = 0
    const kit = await kitWith({ work: () => 1 }, { storage: 'file', setup: (orchestrator) => setUp(orchestrator, opened++ % 2 === 0) })
    opened = 0
    let points = 0
    for await (const { commit, side, execution } of kit.crashPoints(flow)) {
      expect(execution.results, `${side} commit ${commit}`).toEqual(results)
      points += 1
    }
    expect(points).toBeGreaterThan(10)
  })

  it('also when the agent is registered while it runs', async () => {
    const waiting: (() => void)[] = []
    const orchestrator = orchestratorWith({
      work: ({ id }) => (id === 'b' ? new Promise((resolve) => void waiting.push(() => resolve(1))) : 1),
    })
    setUp(orchestrator, true)
    const handle = await orchestrator.startWorkflow(flow)
    await until(() => waiting.length > 0)
    orchestrator.agentPool.registerAgentType('data-fetcher', { create: () => ({ execute: () => 'fetched' }) })
    waiting.pop()?.()
    expect((await handle.result()).results).toEqual(results)
    // A fork is made from what was accepted; a new one is judged anew.
    const fork = await orchestrator.forkExecution(handle.id, 'a')
    await until(() => waiting.length > 0)
    waiting.pop()?.()
    expect((await fork.settled()).status).toBe('completed')
    expect(places(await rejection(orchestrator.executeWorkflow({ ...flow, version: '2' })))).toEqual([
      'ERR_AGENT_NOT_FOUND tasks[0].agentId',
      'ERR_AGENT_NOT_FOUND tasks[2].workflow.tasks[0].agentId',
    ])
  })

  it('and so does a schedule', async () => {
    const path = storePath(folder)
    const first = configured({}, { storage: { path } })
    await first.scheduleWorkflow(workflow([asks('data-fetchr')]), { every: '1s' }, {}, { id: 's' })
    await first.shutdown()
    const second = configured(fetcher, { storage: { path } })
    const execution = await new Promise((resolve) => second.once('workflow:completed', resolve))
    expect(execution).toMatchObject({ results: { a: 'invented' }, schedule: { id: 's' } })
    await (await second.getSchedule('s'))?.cancel()
  })
})
