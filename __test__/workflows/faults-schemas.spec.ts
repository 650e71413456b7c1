// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A schema judges wherever it stands. An approval that came before its wait was open was never judged, so that whatever was sent early completed it; a wait
// knew nothing of what zod had to say beyond JSON Schema; and the schemas of workflows written into tasks and of spawned tasks were taken and ignored.

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { AgentTask, AgentWorkflow, AttemptContext, ValidationError } from '@codexos/multi-agent-orchestrator'
import { kitWith, wait } from '../support/kits.ts'
import { places, rejection, task, workflow } from '../support/orchestrators.ts'

const STORES = [{}, { storage: 'file' }] as const
const asks = (id: string, schema: unknown, rest: Partial<AgentTask> = {}): AgentTask => ({
  id,
  name: id,
  waitFor: { signal: 'answer', schema },
  ...rest,
})

const approval = z.object({ approved: z.boolean(), by: z.string().default('nobody') })
const even = z.object({ n: z.number().refine((n) => n % 2 === 0, 'must be even') })
/** A Standard Schema that takes its time, and has no form in JSON Schema. */
const slow = {
  '~standard': {
    version: 1 as const,
    vendor: 'own',
    validate: async (value: unknown) => {
      await new Promise((resolve) => setImmediate(resolve))
      return value === 'well' ? { value: 'very well' } : { issues: [{ message: 'must be well', path: [] }] }
    },
  },
}

interface Case {
  readonly name: string
  readonly schema: unknown
  readonly bad: unknown
  readonly issue: string
  readonly good: unknown
  readonly taken: unknown
}

const CASES: readonly Case[] = [
  {
    name: 'JSON Schema',
    schema: { type: 'object', required: ['approved'], properties: { approved: { type: 'boolean' } } },
    bad: { approved: 'yes, delete all' },
    issue: 'payload.approved',
    good: { approved: true },
    taken: { approved: true },
  },
  {
    name: 'zod with a default',
    schema: approval,
    bad: 'whatever',
    issue: 'payload',
    good: { approved: true },
    taken: { approved: true, by: 'nobody' },
  },
  { name: 'zod with a refinement', schema: even, bad: { n: 3 }, issue: 'payload.n', good: { n: 4 }, taken: { n: 4 } },
  { name: 'a Standard Schema that judges later', schema: slow, bad: 'ill', issue: 'payload', good: 'well', taken: 'very well' },
]

describe.each(STORES)('the payload of a signal (%o)', (options) => {
  describe.each(CASES)('by $name', ({ schema, bad, issue, good, taken }) => {
    it.each(['before its wait is open', 'while it is open'])('is judged %s', async (when) => {
      const kit = await kitWith({}, options)
      const early = when.startsWith('before')
      const handle = await kit.orchestrator.startWorkflow(workflow([wait('prepare', '1h'), asks('ask', schema)]))
      await kit.clock.advance(early ? '1m' : '2h')
      const error = await rejection(handle.signal('answer', bad))
      expect([error.code, ...places(error)]).toEqual(['ERR_SIGNAL_SCHEMA', issue])
      expect(error.message).toContain('the payload of `answer` is not what `ask` waits for')
      await handle.signal('answer', good)
      expect((await kit.until(handle.result())).results['ask']).toEqual(taken)
    })
  })

  it('feeds no wait that it does not fit, though it fits another', async () => {
    const kit = await kitWith({}, options)
    const tasks = [
      wait('prepare', '1h'),
      asks('number', z.number()),
      asks(
        'text',
        z.string().transform((text) => text.length),
      ),
    ]
    const handle = await kit.orchestrator.startWorkflow(workflow(tasks))
    await kit.clock.advance('1m')
    expect((await rejection(handle.signal('answer', true))).code).toBe('ERR_SIGNAL_SCHEMA')
    await handle.signal('answer', 'four')
    await handle.signal('answer', 7)
    expect((await kit.until(handle.result())).results).toMatchObject({ number: 7, text: 4 })
  })

  it('is judged by the wait at its path, in any pass', async () => {
    const kit = await kitWith({}, options)
    const each = { type: 'loop' as const, loop: { forEach: '[1, 2]' }, tasks: [asks('in', z.number())] }
    const handle = await kit.orchestrator.startWorkflow(
      workflow([wait('prepare', '1h'), { id: 'each', name: 'each', ...each }, asks('out', z.string(), { dependencies: ['prepare'] })]),
    )
    await kit.clock.advance('1m')
    expect(places(await rejection(handle.signal('answer', 'text', { path: 'each[1].in' })))).toEqual(['payload'])
    await handle.signal('answer', 2, { path: 'each[1].in' })
    await handle.signal('answer', 1, { path: 'each[0].in' })
    await handle.signal('answer', 'out', { path: 'out' })
    const { tasks } = await kit.until(handle.result())
    const results = Object.fromEntries(tasks.map(({ taskId, result }) => [taskId, result]))
    expect(results).toMatchObject({ 'each[0].in': 1, 'each[1].in': 2, out: 'out' })
  })

  it('stays in order though one takes longer to be judged', async () => {
    const kit = await kitWith({}, options)
    const one = z.string().refine(async (text) => {
      if (text === 'first') for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      return true
    })
    const handle = await kit.orchestrator.startWorkflow(workflow([wait('prepare', '1h'), asks('a', one), asks('b', one)]))
    await Promise.all([handle.signal('answer', 'first'), handle.signal('answer', 'second')])
    expect((await kit.until(handle.result())).results).toMatchObject({ a: 'first', b: 'second' })
  })
})

describe('after a crash', () => {
  const flow = workflow([wait('prepare', '1h'), asks('ask', approval)])

  it('what was sent early has been judged, at every commit', async () => {
    for (let commit = 1; commit <= 6; commit += 1) {
      for (const moment of [{ beforeCommit: commit }, { afterCommit: commit }]) {
        const kit = await kitWith({}, { storage: 'file', setup: (opened) => void opened.workflowEngine.registerWorkflow(flow) })
        const handle = await kit.orchestrator.startWorkflow(flow)
        void kit.crash(moment)
        const sent = await handle.signal('answer', { approved: true }).then(
          () => true,
          () => false,
        )
        await kit.clock.advance('2h')
        await kit.reopen()
        const again = kit.orchestrator.getHandle(handle.id)
        if (!sent && (await again.status()) === 'running') await again.signal('answer', { approved: true }).catch(() => {})
        expect((await kit.until(again.result())).results['ask']).toEqual({ approved: true, by: 'nobody' })
      }
    }
  })

  it.each([
    ['the JSON Schema judges where the workflow is not registered again', false, { n: 3 }],
    ['the user’s own judge does where it is', true, { n: 4 }],
  ])('%s', async (_, registered, taken) => {
    const judged = workflow([wait('prepare', '1h'), asks('ask', even), task('a', { input: { data: { n: 3 }, schema: even } })])
    const kit = await kitWith(
      { work: ({ input }) => input.data },
      {
        storage: 'file',
        setup: (orchestrator) => {
          if (registered) orchestrator.workflowEngine.registerWorkflow(judged)
        },
      },
    )
    const handle = await kit.orchestrator.startWorkflow(judged)
    await kit.clock.advance('2h')
    await kit.crash()
    await kit.reopen()
    const again = kit.orchestrator.getHandle(handle.id)
    const odd = await again.signal('answer', { n: 3 }).then(
      () => 'taken',
      ({ code }: { code: string }) => code,
    )
    expect(odd).toBe(registered ? 'ERR_SIGNAL_SCHEMA' : 'taken')
    if (registered) await again.signal('answer', { n: 4 })
    const { tasks } = await kit.until(again.settled())
    expect(tasks.map(({ status, result, error }) => [status, result ?? error?.code])).toEqual([
      ['completed', undefined],
      ['completed', taken],
      registered ? ['failed', 'ERR_INPUT_SCHEMA'] : ['completed', { n: 3 }],
    ])
  })

  it.each([true, false])('schemas of a workflow written into a task are those of the registered one around it: %s', async (registered) => {
    const child: AgentWorkflow = workflow([wait('w', '1h'), task('inner', { outputSchema: even })], { id: 'child' })
    const parent = workflow([{ id: 'outer', name: 'outer', workflow: child }])
    const kit = await kitWith(
      { work: () => ({ n: 3 }) },
      {
        storage: 'file',
        setup: (orchestrator) => {
          if (registered) orchestrator.workflowEngine.registerWorkflow(parent)
        },
      },
    )
    const handle = await kit.orchestrator.startWorkflow(parent)
    await kit.clock.advance('1m')
    await kit.crash()
    await kit.reopen()
    const { status } = await kit.until(kit.orchestrator.getHandle(handle.id).settled())
    expect(status).toBe(registered ? 'failed' : 'completed')
  })
})

describe.each(STORES)('schemas of a workflow that is written into a task (%o)', (options) => {
  const inside = (inner: AgentTask): AgentWorkflow =>
    workflow([
      {
        id: 'outer',
        name: 'outer',
        workflow: workflow([{ id: 'mid', name: 'mid', workflow: workflow([inner], { id: 'c' }) }], { id: 'b' }),
      },
    ])

  it('judge inputs and outputs, and give defaults', async () => {
    const kit = await kitWith({ work: ({ input }) => input.data }, options)
    const odd = await rejection(kit.run(inside(task('x', { input: { data: { n: 3 }, schema: even } }))))
    expect(odd.message).toContain('input.data.n: must be even')
    const wrong = await rejection(kit.run({ ...inside(task('x', { input: { data: { n: 3 } }, outputSchema: even })), version: '2' }))
    expect(wrong.message).toContain('result.n: must be even')
    const { results } = await kit.run({ ...inside(task('x', { input: { data: { approved: true }, schema: approval } })), version: '3' })
    expect(results).toEqual({ outer: { mid: { x: { approved: true, by: 'nobody' } } } })
  })

  it('judge signals', async () => {
    const kit = await kitWith({}, options)
    const handle = await kit.orchestrator.startWorkflow(inside(asks('ask', approval)))
    await kit.clock.advance('1m')
    const child = kit.orchestrator.getHandle(`${handle.id}/outer/1/mid/1`)
    expect((await rejection(child.signal('answer', 'whatever'))).code).toBe('ERR_SIGNAL_SCHEMA')
    await child.signal('answer', { approved: false })
    expect((await kit.until(handle.result())).results).toEqual({ outer: { mid: { ask: { approved: false, by: 'nobody' } } } })
  })

  it('are refused by path where JSON Schema cannot say them', async () => {
    const kit = await kitWith({ work: () => 1 }, options)
    const error = await rejection(kit.run(inside(task('x', { input: { schema: z.object({ when: z.date() }) } }))))
    expect(places(error)).toEqual(['ERR_SCHEMA_UNREPRESENTABLE tasks[0].workflow.tasks[0].workflow.tasks[0].input.schema.when'])
    const { problems } = kit.orchestrator.workflowEngine.validateWorkflow(inside(task('x', { outputSchema: z.object({ when: z.date() }) })))
    expect(problems.map(({ path }) => path)).toEqual(['tasks[0].workflow.tasks[0].workflow.tasks[0].outputSchema.when'])
  })
})

describe.each(STORES)('schemas of a spawned task (%o)', (options) => {
  const spawning = async (spawned: Partial<AgentTask>): Promise<unknown> => {
    const kit = await kitWith(
      {
        work: (_, { spawn }: AttemptContext) => spawn({ id: 's', name: 's', agentId: 'echo', ...spawned }),
        echo: ({ input }) => input.data,
      },
      options,
    )
    return kit.run(workflow([task('a')])).then(
      ({ results }) => results['a'],
      (error: { cause: Error }) => error.cause.message,
    )
  }
  const raw = { type: 'object', properties: { n: { type: 'number' } } }

  it('judge inputs and outputs, and give defaults', async () => {
    expect(await spawning({ input: { data: { n: 'x' }, schema: raw } })).toContain('input.data.n: "x" is not of type "number"')
    expect(await spawning({ input: { data: { n: 3 }, schema: even } })).toContain('input.data.n: must be even')
    expect(await spawning({ input: { data: { n: 'x' } }, outputSchema: raw })).toContain('result.n: "x" is not of type "number"')
    expect(await spawning({ input: { data: { n: 3 } }, outputSchema: even })).toContain('result.n: must be even')
    expect(await spawning({ input: { data: { approved: true }, schema: approval } })).toEqual({ approved: true, by: 'nobody' })
    const child = workflow([task('x', { agentId: 'echo', input: { data: { n: 3 }, schema: even } })], { id: 'child' })
    const { agentId: _, ...rest } = { agentId: undefined, workflow: child }
    expect(await spawning({ ...rest, agentId: undefined as never })).toContain('input.data.n: must be even')
  })

  it('are refused by path where JSON Schema cannot say them', async () => {
    const issues: string[] = []
    const kit = await kitWith(
      {
        work: async (_, { spawn }) => {
          try {
            await spawn({ id: 's', name: 's', agentId: 'work', input: { schema: z.object({ when: z.date() }) } })
          } catch (error) {
            issues.push(...(error as ValidationError).issues.map(({ path }) => path))
          }
        },
      },
      options,
    )
    await kit.run(workflow([task('a')]))
    expect(issues).toEqual(['task.input.schema.when'])
  })

  it('judge after a crash as well', async () => {
    if (!('storage' in options)) return
    const kit = await kitWith(
      { work: (_, { spawn }) => spawn(task('s', { agentId: 'echo', input: { data: { n: 3 }, schema: even } })), echo: () => 1 },
      options,
    )
    for await (const { execution } of kit.crashPoints(workflow([task('a')]))) expect(execution.status).toBe('failed')
  })
})
