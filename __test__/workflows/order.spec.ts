// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which task runs when, and what it is given.

import { describe, expect, it } from 'vitest'
import type { AgentTask, TaskInput } from '@codexos/multi-agent-orchestrator'
import { expectStillWorks, gate, orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

/** Runs the tasks; each start as `+id` and each end as `-id`, in order. All that may run together do. */
async function trace(tasks: AgentTask[]): Promise<string> {
  const steps: string[] = []
  const orchestrator = orchestratorWith({
    work: async ({ id }) => {
      steps.push(`+${id}`)
      // Long enough for everything that may start beside it, whatever the machine: these are turns of the loop, not time.
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      steps.push(`-${id}`)
    },
  })
  await orchestrator.executeWorkflow(workflow(tasks))
  return steps.join(' ')
}

describe('the order of tasks', () => {
  it.each<[string, AgentTask[], string]>([
    [
      'a task follows its dependencies, wherever they are declared',
      [
        task('last', { dependencies: ['left', 'right'] }),
        task('left', { dependencies: ['first'] }),
        task('right', { dependencies: ['first'] }),
        task('first', { dependencies: [] }),
      ],
      '+first -first +left +right -left -right +last -last',
    ],
    ['without a word about order, tasks run one after the other', [task('a'), task('b'), task('c')], '+a -a +b -b +c -c'],
    [
      'parallel neighbours start together after the sequential task before them, and the next one waits for all',
      [task('a'), task('b', { type: 'parallel' }), task('c', { type: 'parallel' }), task('d')],
      '+a -a +b +c -b -c +d -d',
    ],
    ['parallel tasks at the beginning start at once', [task('a', { type: 'parallel' }), task('b', { type: 'parallel' })], '+a +b -a -b'],
    ['`dependencies: []` is the whole truth: nothing is implied', [task('a'), task('b', { dependencies: [] })], '+a +b -a -b'],
    [
      'a task with dependencies and no type is parallel',
      [task('a', { dependencies: [] }), task('b', { dependencies: ['a'] }), task('c', { dependencies: ['a'] })],
      '+a -a +b +c -b -c',
    ],
    [
      'two written sequential tasks never run at the same moment, the earlier declared first',
      [task('a', { type: 'sequential', dependencies: [] }), task('b', { type: 'sequential', dependencies: [] })],
      '+a -a +b -b',
    ],
    [
      'a sequential task that is not ready never blocks one that is',
      [
        task('slow', { dependencies: [] }),
        task('later', { type: 'sequential', dependencies: ['slow'] }),
        task('now', { type: 'sequential', dependencies: [] }),
      ],
      '+slow +now -slow -now +later -later',
    ],
  ])('%s', async (_, tasks, expected) => {
    expect(await trace(tasks)).toBe(expected)
  })

  it('a workflow is read once: changing the object later changes nothing that runs', async () => {
    const seen: unknown[] = []
    const release = gate()
    const orchestrator = orchestratorWith({
      work: async ({ id, input }) => {
        if (id === 'a') await release.promise
        seen.push(input.data)
      },
    })
    const data = { value: 1 }
    const given = workflow([task('a', { input: { data } }), task('b', { input: { data } })])
    const handle = await orchestrator.startWorkflow(given)
    data.value = 2
    release.open()
    await handle.result()
    await orchestrator.executeWorkflow(given)
    expect(seen).toEqual([{ value: 1 }, { value: 1 }, { value: 2 }, { value: 2 }])
  })

  it('validateWorkflow shows the graph with its implied edges', () => {
    const { workflowEngine } = orchestratorWith({ work: () => {} })
    expect(
      workflowEngine.validateWorkflow(workflow([task('a'), task('b', { type: 'parallel' }), task('c', { dependencies: ['a'] })])),
    ).toEqual({
      valid: true,
      problems: [],
      graph: {
        tasks: [
          { id: 'a', dependencies: [], implicit: true },
          { id: 'b', dependencies: ['a'], implicit: true },
          { id: 'c', dependencies: ['a'], implicit: false },
        ],
      },
    })
  })
})

describe('what an agent is given', () => {
  it('is the task with its own fields, the context and the results of its dependencies', async () => {
    const seen: unknown[] = []
    const orchestrator = orchestratorWith({
      work: (given, { attempt, idempotencyKey, signal }) => {
        seen.push({
          ...(JSON.parse(JSON.stringify(given)) as object),
          execution: given.executionId === idempotencyKey.split(':')[0],
          attempt,
          aborted: signal.aborted,
        })
        return { from: given.id }
      },
    })
    const tasks = [
      task('first', { type: 'sequential', input: { prompt: 'Do it', data: { deep: [1, null, 'x'] } } }),
      task('second', { name: 'The second', dependencies: ['first'] }),
    ]
    const { id } = await orchestrator.executeWorkflow(workflow(tasks), { user: 'u' })
    const both = { agentId: 'work', executionId: id, attempt: 1, execution: true, aborted: false }
    expect(seen).toEqual([
      {
        ...both,
        id: 'first',
        name: 'first',
        type: 'sequential',
        input: { prompt: 'Do it', data: { deep: [1, null, 'x'] } },
        context: { user: 'u', dependencies: {} },
      },
      {
        ...both,
        id: 'second',
        name: 'The second',
        type: 'parallel',
        input: {},
        context: { user: 'u', dependencies: { first: { from: 'first' } } },
      },
    ])
  })

  it('is its own: what it does to it reaches neither the caller nor another task', async () => {
    const ruin = (given: TaskInput): unknown => {
      const before = JSON.parse(JSON.stringify(given)) as TaskInput
      given.context['list'].push('ruined')
      given.input.data.list.push('ruined')
      for (const result of Object.values(given.context.dependencies)) (result as string[]).push('ruined')
      return Object.values(before.context.dependencies).length === 0 ? ['result'] : before
    }
    const orchestrator = orchestratorWith({ work: ruin })
    const data = { list: ['data'] }
    const context = { list: ['context'] }
    const { results, context: kept } = await orchestrator.executeWorkflow(
      workflow([
        task('a', { input: { data } }),
        task('b', { dependencies: ['a'], input: { data } }),
        task('c', { dependencies: ['a'], input: { data } }),
      ]),
      context,
    )
    const untouched = { input: { data: { list: ['data'] } }, context: { list: ['context'], dependencies: { a: ['result'] } } }
    expect(results).toMatchObject({ a: ['result'], b: untouched, c: untouched })
    expect({ data, context, kept }).toEqual({ data: { list: ['data'] }, context: { list: ['context'] }, kept: { list: ['context'] } })
  })

  it('a result that its agent changes later stays what it was', async () => {
    const result = { value: 'as returned' }
    const orchestrator = orchestratorWith({ work: () => result, look: ({ context }) => context.dependencies['a'] as unknown })
    const { results } = await orchestrator.executeWorkflow(workflow([task('a'), task('b', { agentId: 'look', dependencies: ['a'] })]))
    result.value = 'changed'
    expect(results).toEqual({ a: { value: 'as returned' }, b: { value: 'as returned' } })
  })

  it('a registered agent has an instance of its own with its configuration', async () => {
    const orchestrator = orchestratorWith()
    const made: unknown[] = []
    orchestrator.agentPool.registerAgentType('greeter', {
      // Enough for both, and for more than one of neither.
      maxAgents: 2,
      maxConcurrency: 10,
      create: (configuration: { greeting?: string }) => {
        made.push(configuration)
        return { execute: () => configuration.greeting ?? 'none' }
      },
    })
    orchestrator.agentPool.registerAgent({ id: 'polite', type: 'greeter', configuration: { greeting: 'Good day' } })
    const tasks = [task('a', { agentId: 'polite' }), task('b', { agentId: 'greeter' }), task('c', { agentId: 'polite' })]
    const { results } = await orchestrator.executeWorkflow(workflow(tasks))
    expect(results).toEqual({ a: 'Good day', b: 'none', c: 'Good day' })
    expect(made).toEqual([{ greeting: 'Good day' }, {}])
  })
})

it('undefined becomes null, as everywhere in JSON', async () => {
  const orchestrator = orchestratorWith({ work: () => {}, look: ({ context }) => context.dependencies })
  const { results } = await orchestrator.executeWorkflow(workflow([task('a'), task('b', { agentId: 'look', dependencies: ['a'] })]))
  expect(results).toEqual({ a: null, b: { a: null } })
})

it('many executions at once each keep to themselves', async () => {
  const orchestrator = orchestratorWith({ work: async ({ context, id }) => `${String(context['n'])}${id}` })
  const flow = workflow([task('a'), task('b')])
  const all = await Promise.all(Array.from({ length: 200 }, (_, n) => orchestrator.executeWorkflow(flow, { n })))
  expect(all.map(({ results }) => results)).toEqual(Array.from({ length: 200 }, (_, n) => ({ a: `${n}a`, b: `${n}b` })))
})

it('without validation an unknown agent is met when its task is due', async () => {
  const orchestrator = orchestratorWith({}, { workflow: { enableValidation: false } })
  const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { agentId: 'nobody' })])))
  expect(error.cause).toMatchObject({ name: 'NotFoundError', code: 'ERR_AGENT_NOT_FOUND', message: 'agent `nobody` is not registered' })
  await expectStillWorks(orchestrator)
})
