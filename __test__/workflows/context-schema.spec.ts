// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `context` of a workflow judges what an execution begins with, at the door. A misspelt field of the context was found by the task that first read it, after
// others had done their work; now nothing begins that does not fit, by a call, a schedule or a parent.

import { describe, expect, it } from 'vitest'
import { type } from 'arktype'
import * as v from 'valibot'
import * as z4 from 'zod'
import * as z3 from 'zod3'
import { defineWorkflow, type AgentWorkflow, type TaskInput } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith, wait } from '../support/kits.ts'
import { orchestratorWith, places, rejection, task, thrownBy, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const seen = {
  work: ({ context }: TaskInput): object => Object.fromEntries(Object.entries(context).filter(([name]) => name !== 'dependencies')),
}
const flow = (context: unknown, rest: Partial<AgentWorkflow> = {}): AgentWorkflow => workflow([task('a')], { context, ...rest })

const judges = { type: 'object', properties: { userId: { type: 'string' } }, required: ['userId'] }
const schemas: [string, unknown][] = [
  ['zod 4', z4.object({ userId: z4.string() })],
  ['zod 3', z3.object({ userId: z3.string() })],
  ['ArkType', type({ userId: 'string' })],
  ['Valibot', v.object({ userId: v.string() })],
  ['JSON Schema', judges],
]

describe.each(schemas)('%s', (_, context) => {
  const both: [string, AgentWorkflow][] = [
    ['plain data', flow(context)],
    ['defineWorkflow', defineWorkflow({ id: 'flow', context, tasks: [{ id: 'a', agentId: 'work' }] })],
  ]

  it.each(both)('refuses what does not fit, by its path, before anything begins: %s', async (_layer, definition) => {
    const orchestrator = orchestratorWith({ work: () => expect.fail('must not run') })
    const started: unknown[] = []
    orchestrator.on('workflow:started', (execution) => started.push(execution))
    for (const begin of [
      () => orchestrator.executeWorkflow(definition, { userId: 7 }),
      () => orchestrator.startWorkflow(definition, { userId: 7 }),
      () => orchestrator.scheduleWorkflow(definition, { every: '1h' }, { userId: 7 }),
    ]) {
      const error = await rejection(begin())
      expect(error).toMatchObject({ code: 'ERR_INPUT_SCHEMA', message: expect.stringContaining('`flow`') as string })
      expect(places(error)).toEqual(['context.userId'])
    }
    expect(started).toEqual([])
    expect(await orchestrator.listExecutions()).toEqual({ executions: [] })
    expect(await orchestrator.listSchedules()).toEqual([])
  })

  it.each(both)('lets through what fits: %s', async (_layer, definition) => {
    const orchestrator = orchestratorWith(seen)
    expect((await orchestrator.executeWorkflow(definition, { userId: 'u' })).results).toEqual({ a: { userId: 'u' } })
  })
})

it('an absent context is an empty one', async () => {
  const orchestrator = orchestratorWith(seen)
  expect(places(await rejection(orchestrator.executeWorkflow(flow(z4.object({ userId: z4.string() })))))).toEqual(['context.userId'])
  const { context, results } = await orchestrator.executeWorkflow(flow(z4.object({ n: z4.number().default(3) })))
  expect([context, results]).toEqual([{ n: 3 }, { a: { n: 3 } }])
})

it('what is no schema is a problem by its path, and so is a schema that says nothing in JSON', () => {
  const { workflowEngine } = orchestratorWith(seen)
  const problems = (context: unknown): string[] => workflowEngine.validateWorkflow(flow(context)).problems.map(({ path }) => path)
  expect(problems('userId')).toEqual(['context'])
  expect(problems({ userId: z4.string() })).toEqual(['context.userId'])
  expect(problems(z4.object({ at: z4.date() }))).toEqual(['context.at'])
  expect(problems({ type: 'objekt' })).toEqual(['context'])
  const error = thrownBy(() => workflowEngine.registerWorkflow(workflow([{ id: 'c', workflow: flow({ type: 'objekt' }) }])))
  expect(places(error)).toEqual(['ERR_SCHEMA_UNREPRESENTABLE tasks[0].workflow.context'])
})

it('what the schema makes of the context must be an object of data', async () => {
  const orchestrator = orchestratorWith(seen)
  const text = z4.object({ n: z4.number() }).transform(({ n }) => String(n))
  expect(places(await rejection(orchestrator.executeWorkflow(flow(text), { n: 1 })))).toEqual(['context'])
  const map = z4.object({ n: z4.number() }).transform(({ n }) => ({ map: new Map([[n, n]]) }))
  expect(places(await rejection(orchestrator.executeWorkflow(flow(map, { version: '2' }), { n: 1 })))).toEqual(['ERR_NOT_JSON context.map'])
})

/** Each parse makes another, so that a second one would show. */
const counting = z4.object({ n: z4.number().transform((n) => n + 1), by: z4.string().default('nobody') })

describe('what it makes of the context is the context', () => {
  it('in conditions, templates and records', async () => {
    const orchestrator = orchestratorWith({ work: ({ input }) => input.prompt })
    const tasks = [task('a', { conditions: ["context.by == 'nobody'"], input: { prompt: '{{ context.n }} {{ context.by }}' } })]
    const { context, results } = await orchestrator.executeWorkflow(workflow(tasks, { context: counting }), { n: 1 })
    expect([context, results]).toEqual([{ n: 2, by: 'nobody' }, { a: '2 nobody' }])
  })

  it('once: a fork and a retry take it as it is on record', async () => {
    let fails = true
    const orchestrator = orchestratorWith({
      work: ({ context: { n } }) => {
        if (fails) throw new Error('not yet')
        return n as number
      },
    })
    const error = await rejection(orchestrator.executeWorkflow(flow(counting), { n: 1 }))
    fails = false
    const retried = await (await orchestrator.retryExecution(error.executionId ?? '')).result()
    const forked = await (await orchestrator.forkExecution(retried.id, 'a')).result()
    expect([retried.results, forked.results]).toEqual([{ a: 2 }, { a: 2 }])
  })

  it('also after a crash, and for the executions of a schedule', async () => {
    const kit = await kitWith(seen, { storage: 'file' })
    const handle = await kit.orchestrator.startWorkflow(workflow([wait('w', '1h'), task('a')], { context: counting }), { n: 1 })
    await kit.orchestrator.scheduleWorkflow(flow(counting, { id: 'again' }), { every: '1h' }, { n: 5 })
    await kit.crash()
    await kit.reopen()
    await kit.clock.advance('1h')
    expect((await kit.orchestrator.getHandle(handle.id).result()).results['a']).toEqual({ n: 2, by: 'nobody' })
    const { executions } = await kit.orchestrator.listExecutions({ workflowId: 'again' })
    expect(executions.map(({ context }) => context)).toEqual([{ n: 6, by: 'nobody' }])
  })

  it('a call with an idempotency key is the same call by what it was given', async () => {
    let made = 0
    const random = z4.object({ n: z4.number() }).transform(({ n }) => ({ n, token: `t${made++}` }))
    const orchestrator = orchestratorWith(seen)
    const once = async (n: number): Promise<string> => (await orchestrator.executeWorkflow(flow(random), { n }, { idempotencyKey: 'k' })).id
    expect(await once(1)).toBe(await once(1))
    expect(await rejection(once(2))).toMatchObject({ code: 'ERR_IDEMPOTENCY_MISMATCH' })
  })

  it('a schedule that is made again is the same schedule by what it was given', async () => {
    let made = 0
    const random = z4.object({ n: z4.number() }).transform(({ n }) => ({ n, token: `t${made++}` }))
    const orchestrator = orchestratorWith(seen)
    const plan = async (n: number): Promise<string> => (await orchestrator.scheduleWorkflow(flow(random), { every: '1h' }, { n })).id
    expect([await plan(1), await plan(1)]).toEqual(['flow', 'flow'])
    expect(await rejection(plan(2))).toMatchObject({ code: 'ERR_SCHEDULE_CHANGED' })
  })
})

describe('child workflows', () => {
  const inner = flow(counting, { id: 'inner' })
  const forms: [string, AgentWorkflow['tasks'][number]['workflow']][] = [
    ['written into a task', inner],
    ['by id', 'inner'],
  ]

  it.each(forms)('are judged as they begin: %s', async (_form, child) => {
    const orchestrator = orchestratorWith(seen)
    orchestrator.workflowEngine.registerWorkflow(inner)
    const parent = (data: unknown): AgentWorkflow =>
      workflow([{ id: 'c', workflow: child, input: { data }, retryPolicy: { maxAttempts: 3, initialDelay: 1 } }], { id: 'outer' })
    expect((await orchestrator.executeWorkflow(parent({ n: 1 }))).results).toEqual({ c: { a: { n: 2, by: 'nobody' } } })
    const error = await rejection(orchestrator.executeWorkflow({ ...parent({ n: 'one' }), version: '2' }))
    expect(error).toMatchObject({ taskId: 'c', details: { code: 'ERR_INPUT_SCHEMA', attempts: 1 } })
    expect(places(error.cause as never)).toEqual(['input.data.n'])
  })

  it('are judged by zod where an attempt spawns them', async () => {
    const orchestrator = orchestratorWith({
      ...seen,
      spawner: async (_, { spawn }) => spawn({ id: 's', workflow: inner, input: { data: { n: 1 } } }),
    })
    const { results } = await orchestrator.executeWorkflow(workflow([task('t', { agentId: 'spawner' })]))
    expect(results).toEqual({ t: { a: { n: 2, by: 'nobody' } } })
  })
})

it('a store has it as JSON Schema, which judges children by id that were pinned before the process ended', async () => {
  const path = storePath(folder)
  const inner = flow(z4.object({ n: z4.number() }), { id: 'inner' })
  const outer = workflow([
    { id: 'w', waitFor: { signal: 'go' } },
    { id: 'c', workflow: 'inner', input: { data: { n: '{{ signal }}' } }, dependencies: ['w'] },
  ])
  const first = orchestratorWith(seen, { storage: { path } })
  first.workflowEngine.registerWorkflow(inner)
  const { id } = await first.startWorkflow({
    ...outer,
    tasks: [
      outer.tasks[0] as never,
      task('x', { dependencies: ['w'] }),
      { id: 'c', workflow: 'inner', input: { data: { n: 'one' } }, dependencies: ['w'] },
    ],
  })
  await first.shutdown()
  const second = orchestratorWith(seen, { storage: { path } })
  await second.signalExecution(id, 'go')
  const error = await rejection(second.getHandle(id).result())
  expect(error).toMatchObject({ taskId: 'c', details: { code: 'ERR_INPUT_SCHEMA' } })
})

it('definitions that differ in it are different', async () => {
  const orchestrator = orchestratorWith({})
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => new Promise(() => {}) }) })
  await orchestrator.startWorkflow(flow(z4.object({ n: z4.number() })), { n: 1 })
  await orchestrator.startWorkflow(flow(z4.object({ n: z4.number() })), { n: 1 })
  expect(await rejection(orchestrator.startWorkflow(flow(z4.object({ m: z4.number() })), { m: 1 }))).toMatchObject({
    code: 'ERR_DEFINITION_CHANGED',
  })
})
