// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Figures of a workflow over a time: in memory and over a file alike, and whichever process ran it.

import type {
  AgentTask,
  AttemptContext,
  MultiAgentOrchestrator,
  TaskInput,
  WorkflowAnalytics,
  WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { describe, expect, it } from 'vitest'
import { run, start } from '../support/child.ts'
import { documented } from '../support/documented.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { hours, kitWith, START } from '../support/kits.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const example = documented('Performance Monitoring')

const ALL = [new Date(0), new Date(Date.UTC(2200, 0, 1))] as const

const noTokens = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, totalTokens: 0 }
const nothing = {
  completed: 0,
  failed: 0,
  cancelled: 0,
  averageDuration: 0,
  p50Duration: null,
  p95Duration: null,
  p99Duration: null,
  errorRate: 0,
  attempts: 0,
  cost: 0,
  costComplete: true,
  costPerCompleted: null,
  costPerFailed: null,
  tokens: noTokens,
  modelCalls: 0,
}

describe('the documented example', () => {
  const program = (ran: string): string => `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => 1 }) })
    const workflow = { id: 'data-processing-workflow', name: 'W', version: '1.0.0', tasks: [{ id: 'a', name: 'A', agentId: 'work', input: {} }] }
    ${ran}
    await orchestrator.shutdown()
  `

  it('runs as printed over executions of an earlier process, and says that January 2024 has none', async () => {
    const path = storePath(folder)
    const killed = "await orchestrator.executeWorkflow(workflow); process.kill(process.pid, 'SIGKILL')"
    await start(folder, program(killed), [path]).ended()
    const { stdout, stderr, code } = await run(folder, program(example), [path])
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(stdout).toContain('Performance Metrics: {\n  completed: 0,')
    expect(stdout).toContain('p95Duration: null')
    expect(stdout).toContain("kind: 'no-executions'")
  })

  it('has the figures of earlier processes and of its own in a time that has executions', async () => {
    const path = storePath(folder)
    const twice = 'await orchestrator.executeWorkflow(workflow); await orchestrator.executeWorkflow(workflow)'
    await run(folder, program(twice), [path])
    const now = example.replace("new Date('2024-01-31')", 'new Date(Date.now() + 1000)')
    const counted = "console.log('count', analytics.executionCount, analytics.performance.tasks.a.completed)"
    const { stdout } = await run(folder, program(`await orchestrator.executeWorkflow(workflow); ${now}; ${counted}`), [path])
    expect(stdout).toContain('Insights: []')
    expect(stdout).toContain('count 3 3')
  })
})

const agents = {
  work: () => 'done',
  broken: () => {
    throw new Error('no')
  },
}

const places: [string, () => MultiAgentOrchestrator][] = [
  ['in memory', () => orchestratorWith(agents)],
  ['over a file', () => orchestratorWith(agents, { storage: { path: storePath(folder), durability: 'os' } })],
]

describe.each(places)('figures %s', (place, open) => {
  it('count executions and tasks by how they ended', async () => {
    const orchestrator = open()
    const good = workflow([task('a'), task('b')])
    const bad = workflow([task('a'), task('b', { agentId: 'broken', dependencies: ['a'], retryPolicy: { maxAttempts: 1 } })])
    await orchestrator.executeWorkflow(good)
    await orchestrator.executeWorkflow({ ...good, version: '2.0.0' })
    await rejection(orchestrator.executeWorkflow({ ...bad, version: '3.0.0' }))
    await orchestrator.executeWorkflow({ ...good, id: 'other' })
    const { performance, executionCount, executions, insights } = await orchestrator.executionMonitor.getWorkflowAnalytics('flow', ...ALL)
    expect({ executionCount, versions: executions.map(({ version }) => version) }).toEqual({
      executionCount: 3,
      versions: ['3.0.0', '2.0.0', '1.0.0'],
    })
    expect(performance).toMatchObject({ completed: 2, failed: 1, cancelled: 0, errorRate: expect.closeTo(33.33, 1), attempts: 6 })
    const { a, b } = performance.tasks
    expect(a).toMatchObject({ completed: 3, failed: 0, errorRate: 0, attempts: 3, skipped: 0 })
    expect(b).toMatchObject({ completed: 2, failed: 1, errorRate: expect.closeTo(33.33, 1), attempts: 3 })
    const durations = executions.map(({ duration = Number.NaN }) => duration)
    expect(performance.averageDuration).toBeCloseTo(durations.reduce((sum, one) => sum + one, 0) / 3, 1)
    expect(performance.p99Duration ?? 0).toBeGreaterThan(0)
    // What is older than this process is not remembered.
    expect(insights.map(({ kind }) => kind)).toEqual(place === 'in memory' ? ['period-cut'] : [])
  })

  it('of a time without executions are zeros, and one insight says so', async () => {
    const orchestrator = open()
    await orchestrator.executeWorkflow(workflow([task('a')]))
    const [from, until] = [new Date(Date.now() + 3_600_000), new Date(Date.now() + 7_200_000)]
    const analytics = await orchestrator.executionMonitor.getWorkflowAnalytics('flow', from, until)
    expect(analytics).toEqual({
      workflowId: 'flow',
      period: { start: from, end: until },
      covers: { start: from, end: from },
      executionCount: 0,
      executions: [],
      performance: { ...nothing, throughput: 0, errors: [], tasks: {} },
      insights: [
        { kind: 'no-executions', title: 'No executions', description: expect.stringContaining('no execution of workflow `flow` ended') },
      ],
    })
  })

  it('of a workflow that nobody has run name the one that was meant', async () => {
    const orchestrator = open()
    await orchestrator.executeWorkflow(workflow([task('a')], { id: 'data-processing-workflow' }))
    const asked = orchestrator.executionMonitor.getWorkflowAnalytics('data-procesing-workflow', ...ALL)
    const { performance, insights } = await asked
    expect(performance).toEqual({ ...nothing, throughput: 0, errors: [], tasks: {} })
    expect(insights).toEqual([
      {
        kind: 'unknown-workflow',
        title: expect.any(String),
        description: expect.stringMatching(/did you mean `data-processing-workflow`\?$/),
      },
    ])
  })

  it('are refused for a time that ends before it begins, and for what is no time', async () => {
    const { executionMonitor } = open()
    const [from, until] = [new Date('2024-01-31'), new Date('2024-01-01')]
    const swapped = await rejection(executionMonitor.getWorkflowAnalytics('flow', from, until))
    expect(swapped).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path: 'start' }] })
    expect(swapped.message).toContain('2024-01-31T00:00:00.000Z is later than 2024-01-01T00:00:00.000Z; are they swapped?')
    const wrong = await rejection(executionMonitor.getWorkflowAnalytics('', '2024-01-01' as never, new Date(Number.NaN)))
    expect(wrong).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path: 'workflowId' }, { path: 'start' }, { path: 'end' }] })
  })
})

/** Executions that take from minutes to many hours, and their tasks: they end in other hours than their executions. */
async function filled(kit: TestKit): Promise<WorkflowExecution[]> {
  const random = seeded(18)
  const ran = []
  for (let number = 0; number < 40; number += 1) {
    await kit.clock.advance(Math.floor(random() * hours(2)))
    const delays = [0, 1, 2].map(() => Math.floor(random() ** 3 * hours(number % 10 === 0 ? 20 : 1)) + 1)
    const tasks = delays.map((delay, place) =>
      task(`t${place}`, { input: { prompt: String(delay) }, ...(place > 0 && { dependencies: [`t${place - 1}`] }) }),
    )
    ran.push(await kit.run(workflow(tasks)))
  }
  return ran
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** The value that a share of others does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)

describe.each(['memory', 'file'] as const)('figures of any time (%s)', (storage) => {
  it('are those of what ended in it, wherever hours begin', { timeout: 60_000 }, async () => {
    let kit: TestKit | undefined
    const sleeping = { work: ({ input }: TaskInput) => kit?.clock.sleep(Number(input.prompt)) }
    kit = await kitWith(sleeping, { storage, workflow: { defaultTimeout: hours(100) } })
    const ran = await filled(kit)
    const { executionMonitor } = kit.orchestrator
    const random = seeded(7)
    const last = kit.clock.now().getTime()
    for (let trial = 0; trial < 60; trial += 1) {
      const edges = [random(), random()].map((share) => START + Math.floor(share * (last - START)))
      // Some begin or end where an hour does.
      const edge = (at: number, whole: boolean): number => (whole ? Math.floor(at / hours(1)) * hours(1) : at)
      const from = edge(Math.min(...edges), trial % 3 === 0)
      const until = Math.max(edge(Math.max(...edges), trial % 4 === 0), from)
      const isIn = ({ endTime }: { endTime?: Date }): boolean =>
        endTime !== undefined && endTime.getTime() >= from && endTime.getTime() < until
      const expected = ran.filter(isIn)
      const analytics = await executionMonitor.getWorkflowAnalytics('flow', new Date(from), new Date(until))
      expect(analytics.executionCount, `${from} to ${until}`).toBe(expected.length)
      expect(new Set(analytics.executions.map(({ id }) => id))).toEqual(new Set(expected.map(({ id }) => id)))
      // Without a store the tasks of an execution are known when it has ended, and are counted with it.
      const tasks = storage === 'file' ? ran.flatMap((one) => one.tasks.filter(isIn)) : expected.flatMap((one) => one.tasks)
      expect(sum(Object.values(analytics.performance.tasks).map(({ completed }) => completed))).toBe(tasks.length)
      expectDurations(
        analytics.performance,
        expected.map(({ metrics }) => metrics.duration),
      )
      const first = tasks.filter(({ taskId }) => taskId === 't0').map(({ duration = Number.NaN }) => duration)
      if (first.length > 0) expectDurations(analytics.performance.tasks['t0'] ?? expect.fail('no figures of t0'), first)
    }
  })
})

it.each(['memory', 'file'] as const)('what a run costs that completed stands beside what one costs that failed (%s)', async (storage) => {
  const setup = ({ modelIntegration }: MultiAgentOrchestrator): void => {
    const generate = (): object => ({ text: 'x', usage: { inputTokens: 1_000_000, outputTokens: 0 } })
    modelIntegration.registerProvider('priced', { generate: generate as never, models: [{ id: 'm', prices: { input: 1, output: 1 } }] })
    modelIntegration.registerProvider('unknown', { generate: generate as never, models: [{ id: 'm' }] })
  }
  // A dollar a call.
  const calls =
    (count: number, { model = 'priced/m', fails = false } = {}) =>
    async (_task: unknown, { models }: AttemptContext): Promise<number> => {
      for (let call = 0; call < count; call += 1) await models.generate({ model, prompt: 'x' })
      if (fails) throw new Error('no')
      return 1
    }
  const kit = await kitWith(
    { one: calls(1), three: calls(3), four: calls(4), bad: calls(7, { fails: true }), odd: calls(1, { model: 'unknown/m' }) },
    { storage, setup },
  )
  const asking = (id: string, agentId: string): AgentTask => task(id, { agentId, retryPolicy: { maxAttempts: 1 } })
  const below: AgentTask = { id: 'below', name: 'below', workflow: workflow([asking('inner', 'four')], { id: 'child' }) }
  await kit.run(workflow([asking('a', 'one'), below]))
  await kit.run(workflow([asking('a', 'three')]))
  // Whole hours and their ends are counted apart.
  await kit.clock.advance(hours(1.5))
  await rejection(kit.run(workflow([asking('a', 'bad')])))
  const of = async (from: number, until: number): Promise<WorkflowAnalytics['performance']> => {
    const [start, end] = [new Date(START + hours(from)), new Date(START + hours(until))]
    return (await kit.orchestrator.executionMonitor.getWorkflowAnalytics('flow', start, end)).performance
  }
  for (const [from, until] of [
    [0, 3],
    [0, 1.6],
  ] as const) {
    const { cost, costPerCompleted, costPerFailed, tasks } = await of(from, until)
    // What the child cost is the run's, and the child's.
    expect([cost, costPerCompleted, costPerFailed]).toEqual([11, 4, 7])
    expect([tasks['a']?.costPerCompleted, tasks['a']?.costPerFailed]).toEqual([2, 7])
  }
  expect(await of(0, 1)).toMatchObject({ costPerCompleted: 4, costPerFailed: null })
  await kit.run(workflow([asking('a', 'odd')]))
  expect(await of(0, 3)).toMatchObject({ costPerCompleted: null, costPerFailed: 7, costComplete: false })
})

function expectDurations(
  figures: Omit<WorkflowAnalytics['performance'], 'throughput' | 'tasks' | 'errors'>,
  durations: readonly number[],
): void {
  if (durations.length === 0) return expect(figures.p50Duration).toBeNull()
  expect(figures.averageDuration / (sum(durations) / durations.length)).toBeCloseTo(1, 4)
  for (const [share, found] of [
    [0.5, figures.p50Duration],
    [0.95, figures.p95Duration],
    [0.99, figures.p99Duration],
  ] as const)
    expect(Math.abs((found ?? 0) / quantile(durations, share) - 1), `the ${share} quantile`).toBeLessThanOrEqual(0.0101)
}

it('without `enableMetrics` figures are made of what is there, which they say, and with it again nothing is missing', async () => {
  const path = storePath(folder)
  const opened = async (enableMetrics: boolean): Promise<MultiAgentOrchestrator> => {
    const orchestrator = orchestratorWith(agents, { storage: { path }, monitoring: { enableMetrics } })
    await orchestrator.executeWorkflow(workflow([task('a')]))
    return orchestrator
  }
  const seen: [number, number | undefined, string[]][] = []
  for (const enableMetrics of [true, false, false, true]) {
    const orchestrator = await opened(enableMetrics)
    const { executionCount, performance, insights } = await orchestrator.executionMonitor.getWorkflowAnalytics(
      'flow',
      new Date(Date.now() - hours(5)),
      ALL[1],
    )
    seen.push([executionCount, performance.tasks['a']?.completed, insights.map(({ kind }) => kind)])
    await orchestrator.shutdown()
  }
  expect(seen).toEqual([
    [1, 1, []],
    [2, 2, ['metrics-off']],
    [3, 3, ['metrics-off']],
    [4, 4, []],
  ])
})

it('executions that were deleted stay in the figures of whole hours, and are missed in others, which they say', async () => {
  const kit = await kitWith(agents, { storage: 'file' })
  const ids = []
  for (let hour = 0; hour < 3; hour += 1) {
    ids.push((await kit.run(workflow([task('a')]))).id)
    await kit.clock.advance(hours(1))
  }
  const of = async (from: number, until: number): Promise<[number, number, string[]]> => {
    const [start, end] = [new Date(START + hours(from)), new Date(START + hours(until))]
    const { executionCount, executions, insights } = await kit.orchestrator.executionMonitor.getWorkflowAnalytics('flow', start, end)
    return [executionCount, executions.length, insights.map(({ kind }) => kind)]
  }
  expect(await of(0, 3)).toEqual([3, 3, []])
  await kit.orchestrator.deleteExecution(ids[1] ?? '')
  expect(await of(0, 3)).toEqual([3, 2, []])
  expect(await of(0, 1.9)).toEqual([1, 1, ['executions-deleted']])
})

it('at most 1,000 summaries are given, the latest, and all executions counted', { timeout: 60_000 }, async () => {
  const orchestrator = orchestratorWith(agents, { storage: { path: storePath(folder), durability: 'os' } })
  const one = workflow([task('a')])
  for (let many = 0; many < 11; many += 1) await Promise.all(Array.from({ length: 100 }, async () => orchestrator.executeWorkflow(one)))
  await orchestrator.executeWorkflow(one, {}, { executionId: 'last' })
  const { executionCount, executions } = await orchestrator.executionMonitor.getWorkflowAnalytics(
    'flow',
    new Date(Date.now() - hours(1)),
    ALL[1],
  )
  expect([executionCount, executions.length, executions[0]?.id]).toEqual([1101, 1000, 'last'])
})
