// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `input.schema` judges what a task is given: its data if there is any, else the execution's context.

import { describe, expect, it } from 'vitest'
import { type } from 'arktype'
import * as v from 'valibot'
import * as z4 from 'zod'
import * as z3 from 'zod3'
import type { ValidationError } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { expectStillWorks, orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const judging = { type: 'object', properties: { userId: { type: 'string' } }, required: ['userId'] }

/** A Standard Schema without a JSON form: it judges, and steers nothing. */
const standard = {
  '~standard': {
    version: 1,
    vendor: 'of-our-own',
    validate: (value: unknown) => {
      const { userId } = value as { userId?: unknown }
      return typeof userId === 'string' ? { value } : { issues: [{ message: 'must be text', path: ['userId'] }] }
    },
  },
}

const schemas: [string, unknown][] = [
  ['zod 4', z4.object({ userId: z4.string() })],
  ['zod 3', z3.object({ userId: z3.string() })],
  ['ArkType', type({ userId: 'string' })],
  ['Valibot', v.object({ userId: v.string() })],
  ['a Standard Schema', standard],
  ['JSON Schema', judging],
]

describe.each(schemas)('%s', (_, schema) => {
  const orchestrator = (): ReturnType<typeof orchestratorWith> =>
    orchestratorWith({ work: ({ input, context }) => (input.data ?? context['userId']) as unknown })

  it('lets through what fits, in the data or in the context', async () => {
    const of = orchestrator()
    expect((await of.executeWorkflow(workflow([task('a', { input: { schema } })]), { userId: 'u' })).results).toEqual({ a: 'u' })
    const data = { userId: 'd' }
    // Data goes before the context, which would not fit.
    expect((await of.executeWorkflow(workflow([task('a', { input: { schema, data } })]), { userId: 1 })).results).toEqual({ a: data })
  })

  it.each<[string, object, object | undefined, string]>([
    ['context', { userId: 7 }, undefined, 'context.userId'],
    ['data', { userId: 'u' }, { userId: 7 }, 'input.data.userId'],
  ])('refuses what does not fit, by its path in the %s, without asking the agent', async (_where, context, data, path) => {
    const of = orchestratorWith({ work: () => expect.fail('must not run') })
    const input = data === undefined ? { schema } : { schema, data }
    const error = await rejection(
      of.executeWorkflow(workflow([task('a', { input, retryPolicy: { maxAttempts: 3, initialDelay: 1 } })]), context),
    )
    expect(error).toMatchObject({ code: 'ERR_TASK_FAILED', taskId: 'a', cause: { name: 'ValidationError', code: 'ERR_INPUT_SCHEMA' } })
    expect((error.cause as ValidationError).issues).toEqual([{ path, message: expect.any(String) }])
    expect(error.execution?.tasks[0]).toMatchObject({ attempts: 1, error: { code: 'ERR_INPUT_SCHEMA', details: { issues: [{ path }] } } })
    await expectStillWorks(of)
  })
})

describe('what a schema makes of the data is what the agent gets', () => {
  it.each<[string, unknown]>([
    ['zod 4', z4.object({ name: z4.string().trim(), count: z4.number().default(3) })],
    ['zod 3', z3.object({ name: z3.string().trim(), count: z3.number().default(3) })],
    ['Valibot', v.object({ name: v.pipe(v.string(), v.trim()), count: v.optional(v.number(), 3) })],
    ['an asynchronous refinement', z4.object({ name: z4.string().trim(), count: z4.number().default(3) }).refine(async () => true)],
  ])('%s', async (_, schema) => {
    const data = { name: '  x ', extra: true }
    const seen: unknown[] = []
    const orchestrator = orchestratorWith({
      work: ({ input }, { attempt }) => {
        seen.push(structuredClone(input.data))
        input.data.name = 'ruined'
        if (attempt === 1) throw new Error('again')
      },
    })
    await orchestrator.executeWorkflow(workflow([task('a', { input: { data, schema }, retryPolicy: { maxAttempts: 2, initialDelay: 1 } })]))
    expect(seen).toEqual([
      { name: 'x', count: 3 },
      { name: 'x', count: 3 },
    ])
    expect(data).toEqual({ name: '  x ', extra: true })
  })

  it('a parsed value that is not JSON data is refused', async () => {
    const schema = z4.object({ n: z4.number().transform((n) => BigInt(n)) })
    const error = await rejection(
      orchestratorWith({ work: () => 1 }).executeWorkflow(workflow([task('a', { input: { data: { n: 1 }, schema } })])),
    )
    expect(error.cause).toMatchObject({ code: 'ERR_INPUT_SCHEMA', issues: [{ path: 'input.data.n', code: 'ERR_NOT_JSON' }] })
  })
})

it('refinements, which JSON Schema does not know, judge too', async () => {
  const schema = z4
    .object({ low: z4.number(), high: z4.number() })
    .refine(({ low, high }) => low < high, { message: 'low is not below high', path: ['low'] })
  const error = await rejection(
    orchestratorWith({ work: () => 1 }).executeWorkflow(workflow([task('a', { input: { schema } })]), { low: 2, high: 1 }),
  )
  expect(error.cause).toMatchObject({ code: 'ERR_INPUT_SCHEMA', issues: [{ path: 'context.low', message: 'low is not below high' }] })
})

it('a schema that throws refuses, and harms nothing', async () => {
  const schema = z4.string().refine(() => {
    throw new Error('the schema is broken')
  })
  const orchestrator = orchestratorWith({ work: () => 1 })
  const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { input: { data: 'x', schema } })])))
  expect(error.cause).toMatchObject({ code: 'ERR_INPUT_SCHEMA', message: expect.stringContaining('the schema is broken') })
  await expectStillWorks(orchestrator)
})

it.each<[string, unknown, string, string]>([
  ['a Date in zod 4', z4.object({ at: z4.date() }), 'tasks[0].input.schema.at', 'ERR_SCHEMA_UNREPRESENTABLE'],
  ['a Map in zod 3', z3.object({ at: z3.map(z3.string(), z3.string()) }), 'tasks[0].input.schema.at', 'ERR_SCHEMA_UNREPRESENTABLE'],
  ['a text', 'string', 'tasks[0].input.schema', 'ERR_SCHEMA_UNREPRESENTABLE'],
  ['a broken JSON Schema', { type: 'strnig' }, 'tasks[0].input.schema', 'ERR_SCHEMA_UNREPRESENTABLE'],
  ['an object of schemas', { userId: z4.string() }, 'tasks[0].input.schema.userId', 'ERR_SCHEMA_UNREPRESENTABLE'],
])('%s is no schema: it is refused by its path before anything runs', async (_, schema, path, code) => {
  const orchestrator = orchestratorWith({ work: () => 1 })
  const flow = workflow([task('a', { input: { schema } })])
  expect(await rejection(orchestrator.executeWorkflow(flow))).toMatchObject({ code: 'ERR_VALIDATION', issues: [{ path, code }] })
  expect(orchestrator.workflowEngine.validateWorkflow(flow)).toMatchObject({ valid: false, problems: [{ path, code }] })
  await expectStillWorks(orchestrator)
})

it('after a restart the JSON Schema judges in place of the user’s schema', async () => {
  const path = storePath(temporaryFolder())
  const flow = workflow([task('a'), task('b', { input: { schema: z4.object({ userId: z4.string() }) } })])
  const first = orchestratorWith({ work: () => new Promise(() => {}) }, { storage: { path, durability: 'os' } })
  const [bad, good] = await Promise.all([first.startWorkflow(flow, { userId: 1 }), first.startWorkflow(flow, { userId: 'u' })])
  await first.shutdown({ drainMs: 0 })
  const second = orchestratorWith({ work: () => 'well' }, { storage: { path, durability: 'os' } })
  expect((await second.getHandle(good.id).result()).results).toEqual({ a: 'well', b: 'well' })
  const error = await rejection(second.getHandle(bad.id).result())
  expect(error.cause).toMatchObject({ code: 'ERR_INPUT_SCHEMA', issues: [{ path: 'context.userId' }] })
})
