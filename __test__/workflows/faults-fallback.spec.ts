// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task whose service was down failed its workflow, or with `onError: 'continue'` left `null` behind, whatever the failure was; and a loop either stopped
// at its first bad item or completed as if there had been none. `fallback` stands in for a task, `onError: { continue }` contains the failures it names,
// `onItemError: 'failAfter'` lets every item have its turn and then fails.

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { AgentTask, AgentWorkflow, OrchestratorConfig, TaskExecution, WorkflowExecution } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder, writeInto } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, places, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ["in a file at 'os'", () => ({ storage: { path: storePath(folder), durability: 'os' } })],
  ["in a file at 'disk'", () => ({ storage: { path: storePath(folder) } })],
]

const down: Execute = () => Promise.reject(Object.assign(new Error('the service is down'), { code: 'DOWN' }))
const a = (rest: Partial<AgentTask>): AgentTask => task('a', { agentId: 'down', ...rest })

describe.each(storages)('a fallback, %s,', (_, config) => {
  const agents: Record<string, Execute> = {
    down,
    second: ({ id, agentId, attempt, input }) => ({ id, agentId, attempt, input }),
    work: ({ context }) => context.dependencies['a'] ?? null,
  }

  it('completes the task, which is degraded, with the error on record and in the event', async () => {
    const orchestrator = orchestratorWith(agents, config())
    const heard: Partial<TaskExecution>[] = []
    const retried: unknown[] = []
    orchestrator.on('task:completed', (ended) => heard.push(ended))
    orchestrator.on('task:retrying', ({ attempts, error }) => retried.push([attempts, error?.code]))
    const flow = workflow([
      a({
        input: { prompt: 'own {{ context.n }}' },
        retryPolicy: { maxAttempts: 2, initialDelay: 0 },
        fallback: { agentId: 'second' },
      }),
      task('b'),
    ])
    const execution = await orchestrator.executeWorkflow(flow, { n: 1 })
    const answer = { id: 'a', agentId: 'second', attempt: 3, input: { prompt: 'own 1' } }
    expect(execution.results).toEqual({ a: answer, b: answer })
    expect(execution.status).toBe('completed')
    const told = {
      status: 'completed',
      result: answer,
      degraded: true,
      attempts: 3,
      error: { code: 'DOWN', message: 'the service is down' },
    }
    for (const seen of [execution, await orchestrator.getExecution(execution.id)]) {
      expect(seen?.tasks[0]).toMatchObject(told)
      expect(seen?.tasks[1]?.degraded).toBeUndefined()
      expect(seen?.error).toBeUndefined()
    }
    expect(heard).toMatchObject([told, { taskId: 'b' }])
    expect(heard[1]).not.toHaveProperty('degraded')
    expect(retried).toEqual([
      [1, 'DOWN'],
      [2, 'DOWN'],
    ])
  })

  it.each<[string, AgentTask['fallback'], unknown]>([
    ['a value', { value: { n: [1, null, 'x'] } }, { n: [1, null, 'x'] }],
    ['null', { value: null }, null],
    ['a text that looks like a template', { value: '{{ context.x }}' }, '{{ context.x }}'],
    [
      'an agent with an input of its own',
      { agentId: 'second', input: { data: { n: '{{ context.n }}' } } },
      { id: 'a', agentId: 'second', attempt: 2, input: { data: { n: 1 } } },
    ],
    [
      'the first of several that works',
      [{ agentId: 'down' }, { agentId: 'second' }, { value: 3 }],
      { id: 'a', agentId: 'second', attempt: 3, input: {} },
    ],
    ['the last of several', [{ agentId: 'down' }, { agentId: 'down' }, { value: 3 }], 3],
  ])('may be %s', async (_what, fallback, result) => {
    const orchestrator = orchestratorWith(agents, config())
    const { results, tasks } = await orchestrator.executeWorkflow(workflow([a({ fallback }), task('b')]), { n: 1 })
    expect(results).toEqual({ a: result, b: result })
    expect(tasks[0]).toMatchObject({ degraded: true, error: { code: 'DOWN' } })
  })

  it('that fails too leaves the task failed, by the last failure, and onError counts for that', async () => {
    const orchestrator = orchestratorWith({ ...agents, broken: () => Promise.reject(new Error('broken too')) }, config())
    const flow = (onError: AgentTask['onError']): AgentWorkflow => workflow([a({ fallback: { agentId: 'broken' }, onError })])
    const error = await rejection(orchestrator.executeWorkflow(flow('fail')))
    expect([error.message, (error.cause as Error).message]).toEqual([
      'task `a` failed in attempt 2: its agent threw: broken too',
      'broken too',
    ])
    expect(error.execution?.tasks[0]).not.toHaveProperty('degraded')
    expect((await orchestrator.executeWorkflow(flow('continue'))).tasks[0]).toMatchObject({
      tolerated: true,
      error: { message: 'broken too' },
    })
    expect((await rejection(orchestrator.executeWorkflow(flow({ continue: ['DOWN'] })))).code).toBe('ERR_TASK_FAILED')
  })

  it('is judged by the outputSchema as any output, values included', async () => {
    const orchestrator = orchestratorWith({ ...agents, wrong: () => 'no', right: () => 5 }, config())
    const twice = z.number().transform((n) => n * 2)
    const of = async (fallback: AgentTask['fallback']): Promise<unknown> =>
      (await orchestrator.executeWorkflow(workflow([a({ outputSchema: twice, fallback })]))).results['a']
    expect(await of([{ agentId: 'wrong' }, { agentId: 'right' }])).toBe(10)
    expect(await of({ value: 4 })).toBe(8)
    const odd = z.number().refine((n) => n % 2 === 1)
    const judged = workflow([a({ outputSchema: odd, fallback: [{ value: 4 }, { value: 3 }] })])
    expect((await orchestrator.executeWorkflow(judged)).results).toEqual({ a: 3 })
  })

  it('has its own input judged by its own schema', async () => {
    const orchestrator = orchestratorWith(agents, config())
    const input = (schema: unknown): AgentTask['input'] => ({ data: { n: '{{ context.n }}' }, schema })
    const own = input(z.object({ n: z.number().transform((n) => n + 100) }))
    const results = async (fallback: AgentTask['fallback']): Promise<unknown> => {
      const { results: found } = await orchestrator.executeWorkflow(workflow([a({ input: own, fallback })]), { n: 1 })
      return (found['a'] as { input?: { data: unknown } }).input?.data ?? found['a']
    }
    expect(await results({ agentId: 'second' })).toEqual({ n: 101 })
    expect(await results({ agentId: 'second', input: input(z.object({ n: z.number().transform((n) => n + 5) })) })).toEqual({ n: 6 })
    expect(await results([{ agentId: 'second', input: input({ type: 'array' }) }, { value: 'neither' }])).toBe('neither')
  })

  it('is not kept in the cache, and a hit needs none', async () => {
    let fails = true
    const orchestrator = orchestratorWith({ ...agents, flaky: () => (fails ? Promise.reject(new Error('no')) : 'own') }, config())
    const flow = workflow([task('a', { agentId: 'flaky', cache: true, fallback: { value: 'other' } })])
    const run = async (): Promise<unknown[]> => {
      const { results, tasks } = await orchestrator.executeWorkflow(flow)
      return [results['a'], tasks[0]?.cached === true, tasks[0]?.degraded === true]
    }
    expect(await run()).toEqual(['other', false, true])
    fails = false
    expect([await run(), await run()]).toEqual([
      ['own', false, false],
      ['own', true, false],
    ])
  })

  it('is seen by conditions and templates, and by forks and retries, which keep it', async () => {
    let broken = true
    const orchestrator = orchestratorWith(
      { ...agents, last: ({ input }) => (broken ? Promise.reject(new Error('later')) : input?.prompt), first: () => 'first' },
      config(),
    )
    const flow = workflow([
      a({ fallback: { value: { n: 7 } } }),
      task('why', {
        agentId: 'last',
        conditions: ['tasks.a.degraded', "tasks.a.error.code == 'DOWN'"],
        input: { prompt: '{{ tasks.a.error.message }} {{ tasks.a.output.n }}' },
      }),
      task('not', { agentId: 'first', conditions: ['tasks.why.degraded'] }),
    ])
    const failed = await rejection(orchestrator.executeWorkflow(flow))
    broken = false
    for (const handle of [
      await orchestrator.retryExecution(failed.executionId as string),
      await orchestrator.forkExecution(failed.executionId as string, 'why'),
    ]) {
      const { results, tasks } = await handle.result()
      expect(results).toEqual({ a: { n: 7 }, why: 'the service is down 7' })
      expect(tasks[0]).toMatchObject({ degraded: true, result: { n: 7 }, error: { code: 'DOWN', message: 'the service is down' } })
      const types: string[] = []
      for await (const { type, task: of } of handle.events()) if (of?.taskId === 'a') types.push(`${type} ${of.degraded === true}`)
      expect(types).toEqual(['task:completed true'])
    }
  })

  it('stands in for child workflows, waits and the passes of a loop', async () => {
    const orchestrator = orchestratorWith(agents, config())
    const flow = workflow([
      { id: 'child', name: 'child', workflow: workflow([a({})], { id: 'inner' }), fallback: { agentId: 'second' } },
      { id: 'wait', name: 'wait', waitFor: { signal: 'go', timeout: 5 }, fallback: { value: 'nobody came' } },
      {
        id: 'loop',
        name: 'loop',
        type: 'loop',
        agentId: 'down',
        loop: { forEach: [1, 2] },
        fallback: { agentId: 'second', input: { prompt: '{{ item }}' } },
      },
    ])
    const { results, tasks } = await orchestrator.executeWorkflow(flow)
    expect(results).toMatchObject({
      child: { agentId: 'second' },
      wait: 'nobody came',
      loop: [{ input: { prompt: '1' } }, { input: { prompt: '2' } }],
    })
    expect(tasks.filter(({ degraded }) => degraded).map(({ taskId, error }) => [taskId, error?.code])).toEqual([
      ['child', 'ERR_TASK_FAILED'],
      ['wait', 'ERR_WAIT_TIMEOUT'],
      ['loop[0]', 'DOWN'],
      ['loop[1]', 'DOWN'],
    ])
  })

  it('is not for what is cancelled', async () => {
    const orchestrator = orchestratorWith(
      {
        ...agents,
        slow: (_task, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
      },
      config(),
    )
    const handle = await orchestrator.startWorkflow(workflow([task('a', { agentId: 'slow', fallback: { value: 1 } })]))
    await handle.cancel()
    expect((await rejection(handle.result())).execution?.tasks[0]).toMatchObject({ status: 'cancelled' })
  })

  it('onError contains the failures it names, by code, class and own code, forks included', async () => {
    class Quota extends Error {
      override name = 'Quota'
    }
    const orchestrator = orchestratorWith(
      { ...agents, quota: () => Promise.reject(new Quota('spent')), last: () => Promise.reject(new Error('later')) },
      config(),
    )
    const run = (agentId: string, codes: string[]): Promise<WorkflowExecution> =>
      orchestrator.executeWorkflow(workflow([task('a', { agentId, onError: { continue: codes } }), task('b')]))
    expect((await run('quota', ['Quota'])).results).toEqual({ a: null, b: null })
    expect((await run('down', ['OTHER', 'DOWN'])).tasks[0]).toMatchObject({ status: 'failed', tolerated: true })
    expect((await rejection(run('quota', ['DOWN']))).code).toBe('ERR_TASK_FAILED')
    const flow = workflow([task('a', { agentId: 'quota', onError: { continue: ['Quota'] } }), task('b', { agentId: 'last' })])
    const { executionId } = await rejection(orchestrator.executeWorkflow(flow))
    const again = await rejection((await orchestrator.retryExecution(executionId as string)).result())
    expect(again.execution?.tasks.map(({ status, tolerated }) => [status, tolerated])).toEqual([
      ['failed', true],
      ['failed', undefined],
    ])
  })

  it("a loop with 'failAfter' runs every item and then fails with those that did", async () => {
    const seen: unknown[] = []
    const orchestrator = orchestratorWith(
      {
        odd: ({ input }) => (
          seen.push(input?.data),
          (input?.data as number) % 2 === 1 ? Promise.reject(new Error(`odd ${String(input?.data)}`)) : 'even'
        ),
      },
      config(),
    )
    const loop = (count: number, rest: Partial<AgentTask> = {}): AgentWorkflow =>
      workflow([
        {
          id: 'l',
          name: 'l',
          type: 'loop',
          agentId: 'odd',
          input: { data: '{{ item }}' },
          loop: { forEach: Array.from({ length: count }, (_each, n) => n), concurrency: 3, onItemError: 'failAfter' },
          ...rest,
        },
      ])
    const error = await rejection(orchestrator.executeWorkflow(loop(5)))
    expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4])
    expect(error.execution?.error).toMatchObject({
      code: 'ERR_LOOP_ITEMS',
      taskId: 'l',
      message: '2 of 5 items failed, item 1 first: odd 1',
      details: {
        items: [
          { index: 1, code: 'ERR_AGENT', message: 'odd 1' },
          { index: 3, code: 'ERR_AGENT', message: 'odd 3' },
        ],
      },
    })
    const many = await rejection(orchestrator.executeWorkflow(loop(300)))
    expect(many.execution?.error?.details?.['items']).toHaveLength(100)
    expect(many.message).toContain('150 of 300 items failed')
    expect((await orchestrator.executeWorkflow(loop(1))).results).toEqual({ l: ['even'] })
    expect((await orchestrator.executeWorkflow(loop(2, { onError: { continue: ['ERR_LOOP_ITEMS'] } }))).results).toEqual({ l: null })
  })
})

describe('bad input', () => {
  it.each<[string, Partial<AgentTask>, string[]]>([
    ['an empty list', { fallback: [] }, ['tasks[0].fallback']],
    ['nothing', { fallback: {} as never }, ['tasks[0].fallback.agentId']],
    ['both', { fallback: { agentId: 'down', value: 1 } as never }, ['tasks[0].fallback.agentId']],
    ['a misspelt field', { fallback: [{ value: 1 }, { agent: 'x' } as never] }, ['tasks[0].fallback[1].agent']],
    [
      'a value that does not fit',
      { outputSchema: { type: 'object', properties: { n: { type: 'number' } } }, fallback: { value: { n: 'x' } } },
      ['tasks[0].fallback.value.n'],
    ],
    ['an input that cannot be read', { fallback: { agentId: 'down', input: { prompt: '{{ }}' } } }, ['tasks[0].fallback.input.prompt']],
    [
      'what is not in sight',
      { fallback: { agentId: 'down', input: { prompt: '{{ tasks.b.output }}' } } },
      ['tasks[0].fallback.input.prompt'],
    ],
    ['an agent nobody has registered', { fallback: { agentId: 'nobody' } }, ['ERR_AGENT_NOT_FOUND tasks[0].fallback.agentId']],
    ['no codes', { onError: { continue: [] } }, ['tasks[0].onError.continue']],
    ['codes that are none', { onError: { continue: [7] } as never }, ['tasks[0].onError.continue[0]']],
    ['another word', { onError: 'ignore' }, ['tasks[0].onError']],
  ])('%s', async (_, rest, expected) => {
    const orchestrator = orchestratorWith({ down, work: down })
    expect(places(await rejection(orchestrator.executeWorkflow(workflow([a({ dependencies: [], ...rest }), task('b')]))))).toEqual(expected)
  })

  it('is refused where it means nothing, and in spawned tasks', async () => {
    const group: AgentTask = { id: 'g', name: 'g', tasks: [task('x')], fallback: { value: 1 } }
    const orchestrator = orchestratorWith({
      work: async (_task, { spawn }) => void (await spawn(a({ id: 's', fallback: { value: 1 } }))),
      down,
    })
    expect(places(await rejection(orchestrator.executeWorkflow(workflow([group]))))).toEqual(['tasks[0].fallback'])
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('x')])))
    expect(error.message).toContain('fallback')
  })
})

it('an isolated agent stands in for one whose worker is lost, and is stood in for when its own is', async () => {
  const lost = writeInto(folder, 'lost.mjs', 'export const create = () => ({ execute() { process.exit(3) } })')
  const found = writeInto(
    folder,
    'found.mjs',
    'export const create = () => ({ execute: (task) => [task.agentId, task.name, task.attempt, task.input] })',
  )
  const orchestrator = orchestratorWith()
  orchestrator.agentPool.registerAgentType('lost', { isolation: 'worker', module: lost })
  orchestrator.agentPool.registerAgentType('found', { isolation: 'worker', module: found })
  const flow = workflow([
    task('a', { name: 'A', agentId: 'lost', fallback: [{ agentId: 'lost' }, { agentId: 'found', input: { prompt: 'p' } }] }),
  ])
  const { results, tasks } = await orchestrator.executeWorkflow(flow)
  expect(results).toEqual({ a: ['found', 'A', 3, { prompt: 'p' }] })
  expect(tasks[0]).toMatchObject({ degraded: true, attempts: 3, error: { code: 'ERR_AGENT_LOST' } })
})

it('the output of the latest pass is there as documented: null at first, a value in leaf loops, one key per task in others', async () => {
  const seen: unknown[] = []
  const orchestrator = orchestratorWith({
    writer: ({ input, id }) => (seen.push([id, input?.prompt ?? input?.data]), { text: `t${seen.length}`, score: 5 + seen.length }),
  })
  await orchestrator.executeWorkflow(
    workflow([
      {
        id: 'draft',
        name: 'Draft',
        type: 'loop',
        agentId: 'writer',
        loop: { until: 'last.score >= 7', maxIterations: 5 },
        input: { prompt: '{% if last %}Improve: {{ last.text }}{% else %}Write a first draft.{% endif %}' },
      },
      {
        id: 'refine',
        name: 'Refine',
        type: 'loop',
        loop: { while: 'iteration < 2' },
        tasks: [{ id: 'write', name: 'Write', agentId: 'writer', input: { data: { before: '{{ last.write.text if last else none }}' } } }],
      },
    ]),
  )
  expect(seen).toEqual([
    ['draft', 'Write a first draft.'],
    ['draft', 'Improve: t1'],
    ['write', { before: null }],
    ['write', { before: 't3' }],
  ])
})

it('wherever a process ends, what stands in does so once it is needed', async () => {
  const kit = await kitWith({}, { storage: 'file' })
  kit.agents.script('down', down)
  kit.agents.script('work', ({ input }) => input?.prompt ?? 'plain')
  const flow = workflow([
    a({
      retryPolicy: { maxAttempts: 2, initialDelay: '1h' },
      fallback: [{ agentId: 'down' }, { agentId: 'work', input: { prompt: 'for {{ execution.id }}' } }],
    }),
    a({ id: 'b', outputSchema: { type: 'number' }, fallback: { value: 4 } }),
    {
      id: 'l',
      name: 'l',
      type: 'loop',
      agentId: 'down',
      loop: { forEach: [1, 2], onItemError: 'failAfter' },
      onError: { continue: ['ERR_LOOP_ITEMS'] },
    },
  ])
  let points = 0
  for await (const { execution, commit, side } of kit.crashPoints(flow, {}, { executionId: 'mine' })) {
    points += 1
    expect(execution.results, `${side} ${commit}`).toEqual({ a: 'for mine', b: 4, l: null })
    expect(execution.tasks.map(({ degraded, error }) => [degraded, error?.code]).slice(0, 3), `${side} ${commit}`).toEqual([
      [true, 'DOWN'],
      [true, 'DOWN'],
      [undefined, 'ERR_LOOP_ITEMS'],
    ])
  }
  expect(points).toBeGreaterThan(10)
})
