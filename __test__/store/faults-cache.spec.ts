// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An output that was kept by `cache` was taken over by whatever stood under the same ids: by another agent, by a task with another schema, by another
// tenant, whose secrets were in it. A kept output now knows what it was made by, and is judged as any other before it is taken over.

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { AgentTask, AgentWorkflow, ExecuteOptions, OrchestratorConfig, TaskExecution } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ["in a file at 'os'", () => ({ storage: { path: storePath(folder), durability: 'os' } })],
  ["in a file at 'disk'", () => ({ storage: { path: storePath(folder) } })],
]

/** Agents that count, and what a run of one cached task gives: its output and whether that was taken over. */
function counting(config: OrchestratorConfig, agents: Record<string, Execute> = {}) {
  const seen = { calls: 0 }
  const counts: Execute = () => (seen.calls += 1)
  const orchestrator = orchestratorWith({ work: counts, other: counts, ...agents }, config)
  const run = async (flow: AgentWorkflow, context: object = {}, options: ExecuteOptions = {}): Promise<[unknown, boolean]> => {
    const { id, results, tasks } = await orchestrator.executeWorkflow(flow, context, options)
    const { cached } = tasks.find(({ taskId }) => taskId === 'a') as TaskExecution
    const later = await orchestrator.getExecution(id)
    expect(later?.tasks.find(({ taskId }) => taskId === 'a')?.cached).toBe(cached)
    return [results['a'], cached === true]
  }
  return { seen, orchestrator, run }
}

const a = (rest: Partial<AgentTask> = {}): AgentTask => task('a', { cache: true, input: { data: { q: '{{ context.q }}' } }, ...rest })
const flow = (rest: Partial<AgentTask> = {}, of: Partial<AgentWorkflow> = {}): AgentWorkflow => workflow([a(rest)], of)

describe.each(storages)('%s', (_, config) => {
  it('a hit is marked in results, in the record and in the event, and nothing else is', async () => {
    const { orchestrator, run } = counting(config())
    const heard: unknown[] = []
    orchestrator.on('task:completed', ({ cached }: TaskExecution) => heard.push(cached))
    expect([await run(flow(), { q: 1 }), await run(flow(), { q: 1 }), await run(flow(), { q: 2 })]).toEqual([
      [1, false],
      [1, true],
      [2, false],
    ])
    expect(heard).toEqual([undefined, true, undefined])
  })

  it.each<[string, Partial<AgentTask>]>([
    ['another agent', { agentId: 'other' }],
    ['a capability that is required', { requires: ['x'] }],
    ['another prompt', { input: { prompt: 'now', data: { q: '{{ context.q }}' } } }],
    ['another template that gives the same', { input: { data: { q: "{{ context['q'] }}" } } }],
    ['a schema of its input', { input: { data: { q: '{{ context.q }}' }, schema: { type: 'object' } } }],
    ['a schema of its output', { outputSchema: { type: 'number' } }],
  ])('a task that has %s does its own work', async (what, rest) => {
    const { orchestrator, run } = counting(config())
    if (what.includes('capability')) orchestrator.agentPool.registerAgent({ id: 'able', type: 'work', capabilities: ['x'] })
    if (rest.requires !== undefined) rest = { ...rest, agentId: undefined }
    // With `key` as without.
    for (const cache of [true, { key: '{{ context.q }}' }]) {
      const [before] = await run(flow({ cache }), { q: 1 })
      const [after, cached] = await run(flow({ cache, ...rest }), { q: 1 })
      expect([after, cached]).toEqual([(before as number) + 1, false])
      expect(await run(flow({ cache, ...rest }), { q: 1 })).toEqual([after, true])
      expect(await run(flow({ cache }), { q: 1 })).toEqual([before, true])
    }
  })

  it.each<[string, Partial<AgentTask>, Partial<AgentWorkflow>]>([
    ['another version', {}, { version: '2' }],
    ['another name', { name: 'Else' }, { name: 'Else' }],
    ['another timeout and retry policy', { timeout: '1m', retryPolicy: { maxAttempts: 3 } }, {}],
    ['another ttl', { cache: { ttl: '1h' } }, {}],
    ['a task before it', {}, { tasks: [task('first'), a()] }],
  ])('%s of the workflow or the task changes nothing', async (_what, rest, of) => {
    const { run } = counting(config())
    expect(await run(flow(), { q: 1 })).toEqual([1, false])
    expect(await run({ ...flow(rest), ...of }, { q: 1 })).toEqual([1, true])
  })

  it("tenants share nothing, whether the key is their own or not, and children are their parents'", async () => {
    const { run } = counting(config())
    for (const cache of [true, { key: 'same for all' }]) {
      const [none] = await run(flow({ cache }), { q: 1 })
      const [one] = await run(flow({ cache }), { q: 1 }, { tenant: 'A' })
      const [other] = await run(flow({ cache }), { q: 1 }, { tenant: 'B' })
      expect(new Set([none, one, other]).size).toBe(3)
      expect(await run(flow({ cache }), { q: 1 }, { tenant: 'A' })).toEqual([one, true])
      const parent = workflow([{ id: 'a', name: 'a', workflow: flow({ cache }), input: { data: { q: 1 } } }], { id: 'parent' })
      expect(await run(parent, {}, { tenant: 'B' })).toEqual([{ a: other }, false])
      expect(await run(parent)).toEqual([{ a: none }, false])
    }
  })

  it('agents of a built-in type are told apart by their configuration, and from whom is registered as code', async () => {
    const store = config()
    const called: string[] = []
    const results: unknown[] = []
    const open = async (by: string | undefined): Promise<void> => {
      const orchestrator = orchestratorWith({}, store)
      for (const name of ['one', 'two'])
        orchestrator.agentPool.registerTool({ name, description: name, execute: () => called.push(name), parameters: { type: 'object' } })
      if (by === undefined) orchestrator.agentPool.registerAgentType('maker', { create: () => ({ execute: () => called.push('code') }) })
      else orchestrator.agentPool.registerAgent({ id: 'maker', type: 'tool', configuration: { tool: by } })
      results.push((await orchestrator.executeWorkflow(workflow([task('a', { agentId: 'maker', cache: true })]))).tasks[0]?.cached === true)
      await orchestrator.shutdown()
    }
    for (const by of ['one', 'two', undefined, 'one']) await open(by)
    expect(called).toEqual(store.storage === undefined ? ['one', 'two', 'code', 'one'] : ['one', 'two', 'code'])
    expect(results).toEqual([false, false, false, store.storage !== undefined])
  })

  it('a schema of today judges what was kept: what does not fit is done again', async () => {
    const accepted = { least: 0 }
    // The refinement is code, so that the JSON Schema is the same before and after.
    const schema = z.object({ n: z.number().refine((n) => n >= accepted.least) })
    const { seen, run } = counting(config(), { work: () => ({ n: (seen.calls += 1) }) })
    expect(await run(flow({ outputSchema: schema }), { q: 1 })).toEqual([{ n: 1 }, false])
    expect(await run(flow({ outputSchema: schema }), { q: 1 })).toEqual([{ n: 1 }, true])
    accepted.least = 2
    expect(await run(flow({ outputSchema: schema }), { q: 1 })).toEqual([{ n: 2 }, false])
    expect(await run(flow({ outputSchema: schema }), { q: 1 })).toEqual([{ n: 2 }, true])
  })

  it('what a schema makes of an answer it makes of a hit, once', async () => {
    const schema = z.object({ n: z.number().transform((n) => n * 2), by: z.string().default('nobody') })
    const { seen, run } = counting(config(), { work: () => ({ n: (seen.calls += 1) }) })
    expect(await run(flow({ outputSchema: schema }), { q: 1 })).toEqual([{ n: 2, by: 'nobody' }, false])
    expect(await run(flow({ outputSchema: schema }), { q: 1 })).toEqual([{ n: 2, by: 'nobody' }, true])
    expect(seen.calls).toBe(1)
  })

  it('what was kept a moment ago is taken over, whether its commit has ended or not: a loop called its agent for each pass', async () => {
    const { seen, orchestrator } = counting(config(), {
      slow: async () => new Promise((resolve) => setImmediate(() => resolve((seen.calls += 1)))),
    })
    for (const agentId of ['work', 'slow']) {
      seen.calls = 0
      const call = task('a', { agentId, cache: true, input: { data: { q: 1 } } })
      const inside = { ...call, id: 'inside', outputSchema: z.number() }
      const { results, tasks } = await orchestrator.executeWorkflow(
        workflow([
          { ...call, type: 'loop', loop: { forEach: [1, 2, 3] } },
          { id: 'b', name: 'b', type: 'loop', loop: { until: 'iteration >= 2', maxIterations: 3 }, tasks: [inside] },
        ]),
      )
      expect([results, seen.calls]).toEqual([{ a: [1, 1, 1], b: { inside: 2 } }, 2])
      const passes = tasks.filter(({ taskId }) => taskId !== 'a' && taskId !== 'b')
      const cached = passes.map(({ taskId, cached }) => [taskId, cached])
      expect(cached).toEqual([
        ['a[0]', undefined],
        ['a[1]', true],
        ['a[2]', true],
        ['b[0].inside', undefined],
        ['b[1].inside', true],
        ['b[2].inside', true],
      ])
    }
  })

  it('what failed by its schema is not kept', async () => {
    const { seen, orchestrator } = counting(config(), { work: () => `${(seen.calls += 1)}` })
    for (const calls of [1, 2]) {
      expect((await rejection(orchestrator.executeWorkflow(flow({ outputSchema: { type: 'number' } }), { q: 1 }))).code).toBe(
        'ERR_TASK_FAILED',
      )
      expect(seen.calls).toBe(calls)
    }
  })
})

describe.each(['memory', 'file'] as const)('in a kit, %s', (storage) => {
  it('a pause, and a cancel, while a schema judges a hit leave nothing half done', async () => {
    const kit = await kitWith({}, { storage })
    let judging: ((go: void) => void) | undefined
    const slow = z.number().refine(async () => {
      if (judging !== undefined) await new Promise<void>((resolve) => (judging = resolve))
      return true
    })
    const work = kit.agents.script('work', () => work.calls.length)
    await kit.run(flow({ outputSchema: slow }), { q: 1 })
    for (const act of ['pause', 'cancel'] as const) {
      judging = () => {}
      const handle = await kit.orchestrator.startWorkflow(flow({ outputSchema: slow }), { q: 1 })
      await kit.clock.advance(0).catch(() => {})
      await (act === 'pause' ? handle.pause() : handle.cancel())
      const go = judging as (go: void) => void
      judging = undefined
      go()
      if (act === 'pause') {
        await handle.resume()
        expect((await kit.until(handle.result())).tasks[0]).toMatchObject({ status: 'completed', result: 1, cached: true })
      } else expect((await rejection(kit.until(handle.result()))).code).toBe('ERR_CANCELLED')
    }
    expect(work.calls.length).toBe(1)
  })
})

it('wherever a process ends, what was kept is what is taken over', async () => {
  const kit = await kitWith({}, { storage: 'file' })
  const work = kit.agents.script('work', () => work.calls.length)
  const twice = workflow([
    task('first', { cache: { key: 'x' }, outputSchema: { type: 'number' } }),
    { id: 'again', name: 'again', workflow: workflow([task('first', { cache: { key: 'x' }, outputSchema: { type: 'number' } })]) },
    { id: 'more', name: 'more', workflow: workflow([task('first', { cache: { key: 'x' }, outputSchema: { type: 'number' } })]) },
  ])
  let points = 0
  for await (const { execution, commit, side } of kit.crashPoints(twice)) {
    points += 1
    const { again, more } = execution.results
    // One of another workflow, which an execution before it has made.
    expect(more, `${side} ${commit}`).toEqual(again)
  }
  expect(points).toBeGreaterThan(5)
})
