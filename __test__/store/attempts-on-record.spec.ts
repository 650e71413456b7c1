// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the store says of attempts beside how they ended: who did them, what they were given, which outputs of their dependencies they looked at. An output
// that nothing has looked at is a dependency that may be needless; that it was looked at by whoever printed it is no evidence of the contrary.

import { readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { storePath, temporaryFolder, userFolder } from '../support/folder.ts'
import { register, rejection, task, workflow } from '../support/orchestrators.ts'
import { MultiAgentOrchestrator, type AgentType, type TaskInput } from '@codexos/multi-agent-orchestrator'

const folder = userFolder()

interface Entry {
  readonly event: string
  readonly task?: number
  readonly more?: number
  readonly by?: number
  readonly read?: unknown
  readonly reads?: readonly unknown[]
  readonly print?: string
  readonly progress?: number
}

interface Stored {
  readonly v: number
  readonly events: readonly Entry[]
  readonly who?: readonly (readonly unknown[])[]
  readonly committed?: readonly (readonly number[])[]
  readonly stalls?: readonly (readonly number[])[]
}

/** The records that stand in a store, in no order: they are small, so each is in one piece. */
function recordsIn(path: string): Stored[] {
  const text = readFileSync(path, 'utf8')
  const found: Stored[] = []
  for (let at = text.indexOf('{"v":3,'); at >= 0; at = text.indexOf('{"v":3,', at + 1)) {
    let depth = 0
    let end = at
    do {
      depth += text[end] === '{' ? 1 : text[end] === '}' ? -1 : 0
      end += 1
    } while (depth > 0)
    found.push(JSON.parse(text.slice(at, end)) as Stored)
  }
  return found
}

const completed = (records: readonly Stored[]): Entry[] =>
  records.flatMap(({ events }) => events.filter(({ event }) => event === 'taskCompleted'))

/** Runs one workflow in a store of its own; what is on record of it. */
async function recorded(
  tasks: Parameters<typeof workflow>[0],
  agents: Record<string, (task: TaskInput) => unknown>,
  { types = {}, enableProfiling = true }: { types?: Record<string, AgentType>; enableProfiling?: boolean } = {},
): Promise<Stored[]> {
  const path = storePath(folder)
  const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability: 'os' }, monitoring: { enableProfiling } })
  register(orchestrator, agents)
  for (const [name, type] of Object.entries(types)) orchestrator.agentPool.registerAgentType(name, type)
  await orchestrator.executeWorkflow(workflow(tasks))
  await orchestrator.shutdown()
  return recordsIn(path)
}

/** What is on record of what `look` looks at, of three outputs. */
async function readBy(look: (task: TaskInput) => unknown, input?: { prompt: string }, enableProfiling = true): Promise<unknown> {
  const last = { id: 'd', name: 'd', agentId: 'look', dependencies: ['a', 'b', 'c'], ...(input !== undefined && { input }) }
  const before = ['a', 'b', 'c'].map((id) => task(id, { dependencies: [] }))
  const records = await recorded(
    [...before, last],
    { work: ({ id }) => ({ of: id }), look: (given) => (look(given), 'done') },
    { enableProfiling },
  )
  return completed(records).find((entry) => entry.task === 3)?.read
}

describe('the outputs that an agent looks at', () => {
  it.each<[string, unknown, (task: TaskInput) => unknown]>([
    ['none, where it looks at nothing', 'none', () => 0],
    ['none, where it looks at the context alone', 'none', ({ context }) => context['anything'] as unknown],
    ['none, where it asks which there are', 'none', ({ context }) => Object.keys(context.dependencies)],
    ['none, where it is printed', 'none', (given) => [inspect(given), inspect(given.context, { depth: 5 })]],
    ['one', [0], ({ context }) => context.dependencies['a'] as unknown],
    [
      'two, by destructuring',
      [0, 2],
      ({
        context: {
          dependencies: { a, c },
        },
      }) => [a, c],
    ],
    ['all, one after the other', 'all', ({ context: { dependencies } }) => ['a', 'b', 'c'].map((id) => dependencies[id] as unknown)],
    ['all, by a copy', 'all', ({ context }) => ({ ...context.dependencies })],
    ['all, by a clone', 'all', ({ context }) => structuredClone(context.dependencies)],
    ['all, as JSON', 'all', ({ context }) => JSON.stringify(context.dependencies)],
    ['nobody knows, where all of the task is written out', undefined, (given) => JSON.stringify(given)],
    ['all all the same, if they were', 'all', (given) => [JSON.stringify(given), { ...given.context.dependencies }]],
  ])('are on record: %s', async (_what, expected, look) => {
    expect(await readBy(look)).toEqual(expected)
  })

  it('are on record without `enableProfiling` where it looks at none of what it is given', async () => {
    const read = (look: (task: TaskInput) => unknown): Promise<unknown> => readBy(look, undefined, false)
    const looks = [() => 0, ({ context }: TaskInput) => context['anything'] as unknown]
    expect(await Promise.all(looks.map(read))).toEqual(['none', undefined])
  })

  it('are on record with those that its templates read', async () => {
    expect(await readBy(({ context }) => context.dependencies['a'] as unknown, { prompt: '{{ results.c.of }}' })).toEqual([0, 2])
  })

  it('are not known of more than 32 once it has looked at the context', async () => {
    const before = Array.from({ length: 33 }, (_, n) => task(`t${n}`, { dependencies: [] }))
    const dependencies = before.map(({ id }) => id)
    const last = (agentId: string) => ({ id: agentId, name: agentId, agentId, dependencies })
    const agents = { work: () => 1, look: ({ context }: TaskInput) => context.dependencies['t32'] as unknown, idle: () => 0 }
    const entries = completed(await recorded([...before, last('look'), last('idle')], agents))
    const read = (place: number): unknown => {
      const covers = ({ task: first = 0, more = 0 }: Entry): boolean => first <= place && place <= first + more
      const { task: first = 0, read: one, reads } = entries.find(covers) ?? { event: '' }
      return reads === undefined ? one : (reads[place - first] ?? undefined)
    }
    expect([read(33), read(34)]).toEqual([undefined, 'none'])
  })

  it('are not known of an agent in a worker thread', async () => {
    const module = join(temporaryFolder(), 'look.mjs')
    writeFileSync(module, 'export const create = () => ({ execute: ({ context }) => context.dependencies.a })')
    const last = { id: 'b', name: 'b', agentId: 'apart', dependencies: ['a'] }
    const records = await recorded(
      [task('a', { dependencies: [] }), last],
      { work: () => 1 },
      {
        types: { apart: { isolation: 'worker', module } },
      },
    )
    const entry = completed(records).find(({ task: place }) => place === 1)
    expect(entry?.read).toBeUndefined()
    const [who] = records.flatMap(({ who: all = [] }) => all.filter(([of]) => of === 'apart'))
    expect(who).toEqual(['apart', null, expect.any(Number), expect.any(Number), `${hostname()}:${process.pid}`])
  })

  it('are an object like any other', async () => {
    const seen: unknown[] = []
    await readBy(({ context }) => {
      const { dependencies } = context
      seen.push(
        Object.getPrototypeOf(dependencies) === Object.prototype,
        Object.keys(dependencies),
        'a' in dependencies,
        'z' in dependencies,
      )
      seen.push(inspect(dependencies), { ...dependencies })
      const given: { [id: string]: unknown } = dependencies
      given['a'] = 'mine'
      delete given['b']
      given['more'] = 1
      seen.push(inspect(dependencies), { ...dependencies })
    })
    expect(seen).toEqual([
      true,
      ['a', 'b', 'c'],
      true,
      false,
      "{ a: { of: 'a' }, b: { of: 'b' }, c: { of: 'c' } }",
      { a: { of: 'a' }, b: { of: 'b' }, c: { of: 'c' } },
      "{ a: 'mine', c: { of: 'c' }, more: 1 }",
      { a: 'mine', c: { of: 'c' }, more: 1 },
    ])
  })
})

describe('an attempt', () => {
  it('is on record with who did it, in which process', async () => {
    const [entry, ...others] = await recorded([task('a')], { work: () => 1 }).then((records) =>
      records.flatMap(({ events, who = [] }) => events.filter(({ by }) => by !== undefined).map(({ by }) => who[by as number])),
    )
    expect(others).toEqual([])
    expect(entry).toEqual(['work', null, 1, null, `${hostname()}:${process.pid}`])
  })

  it('has the print of its input, which is the same when the same is asked again', async () => {
    const prints = async (prompt: string): Promise<unknown[]> => {
      const records = await recorded([task('a', { input: { prompt } })], { work: () => 1 })
      return records.flatMap(({ events }) => events.flatMap(({ print = [] }) => print))
    }
    const [[one], [same], [other]] = await Promise.all([prints('well'), prints('well'), prints('ill')])
    expect(one).toMatch(/^[0-9a-f]{16}$/)
    expect([same === one, other === one]).toEqual([true, false])
  })

  it('is on record with the first progress it told of', async () => {
    const path = storePath(folder)
    const orchestrator = new MultiAgentOrchestrator({ storage: { path } })
    orchestrator.agentPool.registerAgentType('work', {
      create: () => ({
        execute(_task, context) {
          context.emit('some')
          context.emit('more')
          return 1
        },
      }),
    })
    await orchestrator.executeWorkflow(workflow([task('a')]))
    await orchestrator.shutdown()
    expect(completed(recordsIn(path)).map(({ progress }) => progress)).toEqual([expect.any(Number)])
  })

  it('is on record with the stalls of the event loop meanwhile, if it is profiled', async () => {
    const stalls = async (enableProfiling: boolean): Promise<unknown[]> => {
      const path = storePath(folder)
      const orchestrator = new MultiAgentOrchestrator({ storage: { path }, monitoring: { enableProfiling } })
      const block = async (): Promise<void> => {
        // It is looked every 20 ms, and what is late by 50 is a stall.
        await new Promise((resolve) => setTimeout(resolve, 30))
        for (const end = performance.now() + 150; performance.now() < end;);
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      register(orchestrator, { work: block })
      await orchestrator.executeWorkflow(workflow([task('a')]))
      await orchestrator.shutdown()
      return recordsIn(path).flatMap((record) => record.stalls ?? [])
    }
    const found = (await stalls(true)) as number[][]
    expect(found.length).toBeGreaterThan(0)
    for (const [end, micros] of found) expect([typeof end, (micros as number) >= 50_000]).toEqual(['number', true])
    expect(await stalls(false)).toEqual([])
  })
})

describe('the trace of a caller', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

  it('is on record with the execution and its children', async () => {
    const path = storePath(folder)
    const open = (): MultiAgentOrchestrator => {
      const orchestrator = new MultiAgentOrchestrator({ storage: { path } })
      register(orchestrator, { work: () => 1 })
      return orchestrator
    }
    const before = open()
    const child = workflow([task('a')], { id: 'child', name: 'child' })
    const { id } = await before.executeWorkflow(workflow([{ id: 'c', name: 'c', workflow: child }]), {}, { traceparent })
    await before.shutdown()
    const after = open()
    expect((await after.getExecution(id))?.traceparent).toBe(traceparent)
    expect((await after.getExecution(`${id}/c/1`))?.traceparent).toBe(traceparent)
    await after.shutdown()
  })

  it.each([
    'x',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
    7,
  ])('is refused where it is none: %s', async (given) => {
    const orchestrator = new MultiAgentOrchestrator()
    register(orchestrator, { work: () => 1 })
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a')]), {}, { traceparent: given as string }))
    expect(error.code).toBe('ERR_INVALID_ARGUMENT')
    expect(error.message).toContain('options.traceparent: must be a W3C traceparent')
    await orchestrator.shutdown()
  })
})
