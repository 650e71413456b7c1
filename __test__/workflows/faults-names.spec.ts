// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Names that are chosen, and those that are made of them: ids, keys, paths, signals.

import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AgentTask, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, places, rejection, task, until, workflow, type Execute } from '../support/orchestrators.ts'
import { withoutSums } from '../support/pages.ts'

/** Writes one text over another of the same length, everywhere in a store. */
function overwrite(path: string, text: string, other: string): void {
  writeFileSync(path, withoutSums(Buffer.from(readFileSync(path, 'latin1').replaceAll(text, other), 'latin1')))
}

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]
const only = workflow([task('a')])
const waits = (id: string, signal: string, rest: Partial<AgentTask> = {}): AgentTask => ({ id, name: id, waitFor: { signal }, ...rest })
const HASH = '0123456789abcdef'.repeat(2)

/** Ids that are made, in every form, and what is said of each that is chosen. */
const made: [string, RegExp][] = [
  ['order-17/quote/1', /holds `\/`/],
  ['parent/in[2].line/1!compensate', /holds `\/`/],
  ['a\\b', /holds `\\`/],
  ['~3~a', /holds `~`/],
  [`key-${HASH}`, /begins as the ids do that idempotency keys stand for/],
  [`key-${HASH}-2`, /begins as the ids do/],
  [`KEY-${HASH.toUpperCase()}`, /begins as the ids do/],
  ['nightly@2027-01-31T02:00:00.000Z', /ends in `@` and an instant/],
  ['a@b@2027-01-31T02:00:00Z', /ends in `@` and an instant/],
  ['a@+12027-01-31T02:00:00.000Z', /ends in `@` and an instant/],
  ['tab\there', /control characters/],
  ['end\u009f', /control characters/],
  ['half \ud83d', /half of a surrogate pair/],
]

/** Ids that look a little like it and are nobody else's. */
const chosen = [
  'me@example.org',
  '@',
  'key-1',
  `key-${HASH.slice(1)}`,
  `my-key-${HASH}`,
  'a.b[2]!',
  'nightly@2027-01-31',
  '2027-01-31T02:00:00.000Z',
  'Zoë 🙂',
]

describe.each(storages)('%s', (_name, config) => {
  // An execution that somebody had begun under the id `order-17/quote/1` was taken for the child of `order-17`: its results became the child's, whatever its
  // workflow and tenant, and cancelling the parent cancelled it.
  it('ids that are made cannot be chosen, for an execution or for a fork', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    const { id } = await orchestrator.executeWorkflow(only)
    for (const [executionId, said] of made) {
      for (const call of [
        () => orchestrator.executeWorkflow(only, {}, { executionId }),
        () => orchestrator.startWorkflow(only, {}, { executionId }),
        () => orchestrator.forkExecution(id, 'a', { executionId }),
        () => orchestrator.retryExecution(id, { executionId }),
      ]) {
        const error = await rejection(call())
        expect([error.code, places(error)]).toEqual(['ERR_INVALID_ARGUMENT', ['options.executionId']])
        expect(error.message).toMatch(said)
      }
    }
    expect((await orchestrator.listExecutions()).executions.length).toBe(1)
    for (const executionId of chosen) {
      await orchestrator.executeWorkflow(only, {}, { executionId })
      expect((await orchestrator.getExecution(executionId))?.status).toBe('completed')
    }
  })

  it('tenants, keys and keys of concurrency are any text without control characters and halves of pairs', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    for (const text of ['a/b~c\\d', 'nightly@2027-01-31T02:00:00.000Z', `key-${HASH}`, '[!]', '🙂'])
      await orchestrator.executeWorkflow(only, {}, { tenant: text, idempotencyKey: text, concurrency: { key: text, limit: 1 } })
    for (const text of ['a\nb', '\u0000', '\u007f', '\udc00']) {
      const error = await rejection(
        orchestrator.executeWorkflow(only, {}, { tenant: text, idempotencyKey: text, concurrency: { key: text, limit: 1 } }),
      )
      expect(places(error).toSorted()).toEqual(['options.concurrency.key', 'options.idempotencyKey', 'options.tenant'])
    }
  })

  it('ids of schedules likewise, also where that is the id of the workflow', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    for (const id of ['a/b', 'a\\b', '~a', 'a\tb'])
      expect(places(await rejection(orchestrator.scheduleWorkflow(only, { every: '1h' }, {}, { id })))).toEqual(['options.id'])
    const error = await rejection(orchestrator.scheduleWorkflow({ ...only, id: 'team/nightly' }, { every: '1h' }))
    expect(error.message).toContain('options.id: holds `/`')
    expect(error.message).toContain('by default it is that of the workflow: give `options.id`')
    for (const id of ['a@b', `key-${HASH}`, 'x!']) await (await orchestrator.scheduleWorkflow(only, { every: '1h' }, {}, { id })).cancel()
  })

  // Accepted, on record, and for nobody: a wait that nobody fed timed out days later.
  it('a signal that no wait can ever take is refused by name and by path, and says what there is', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    const flow = workflow([
      { id: 'p', name: 'p', type: 'parallel', tasks: [waits('legal', 'approve'), waits('finance', 'approve')] },
      { id: 'l', name: 'l', type: 'loop', loop: { forEach: [1, 2] }, tasks: [waits('each', 'approve')] },
    ])
    const handle = await orchestrator.startWorkflow(flow)
    const refused: [string, string | undefined, string][] = [
      ['approve', 'finanse', 'no task at `finanse` waits for `approve`; these do: `legal`, `finance`, `l[n].each`'],
      ['approve', 'p.finance', 'no task at `p.finance` waits for `approve`'],
      ['approve', 'p', 'no task at `p` waits'],
      ['approve', 'l[2].each', 'no task at `l[2].each` waits'],
      ['aprove', undefined, 'no task of this workflow waits for signal `aprove`; did you mean `approve`? tasks wait for: `approve`'],
      ['aprove', 'finance', 'no task of this workflow waits for signal `aprove`'],
    ]
    for (const [name, path, said] of refused) {
      const error = await rejection(handle.signal(name, true, path === undefined ? {} : { path }))
      expect(error).toMatchObject({ name: 'NotFoundError', code: 'ERR_UNKNOWN_SIGNAL', message: expect.stringContaining(said) })
    }
    // By the definition, and never by what waits now: early ones are kept, and late ones too.
    await handle.signal('approve', 3, { path: 'l[1].each' })
    await handle.signal('approve', 1, { path: 'legal' })
    await handle.signal('approve', 'late', { path: 'legal' })
    await handle.signal('approve', 2, { path: 'finance' })
    await handle.signal('approve', 2, { path: 'l[0].each' })
    expect((await handle.result()).results).toEqual({ p: { legal: 1, finance: 2 }, l: [{ each: 2 }, { each: 3 }] })
  })

  // Its inside had the path `fetch.c`, which is also that of a task `fetch.c`.
  it('a group with a dot in its id adds nothing to the paths of what is inside', async () => {
    const keys: string[] = []
    const note: Execute = (_, { idempotencyKey }) => keys.push(idempotencyKey)
    const orchestrator = orchestratorWith({ work: note }, config())
    const inner = workflow([waits('w', 'go')], { id: 'inner' })
    const loop = { id: 'l.o', name: 'l', type: 'loop', loop: { forEach: [1, 2] } } as const
    const flow = workflow([
      {
        id: 'fetch.data',
        name: 'g',
        tasks: [task('c'), { id: 'un.der', name: 'u', tasks: [task('d.e')] }, { id: 'kid', name: 'k', workflow: inner }],
      },
      task('fetch.c'),
      task('fetch.un.d.e'),
      { ...loop, tasks: [{ id: 'in.ner', name: 'i', tasks: [task('each')] }] },
    ])
    const handle = await orchestrator.startWorkflow(flow, {}, { executionId: 'dotted' })
    await until(async () => (await orchestrator.getExecution('dotted/kid/1')) !== undefined)
    await orchestrator.signalExecution('dotted/kid/1', 'go', 1)
    const { tasks } = await handle.result()
    const paths = [
      'c',
      'd.e',
      'fetch.c',
      'fetch.data',
      'fetch.un.d.e',
      'kid',
      'l.o',
      'l.o[0].each',
      'l.o[0].in.ner',
      'l.o[1].each',
      'l.o[1].in.ner',
      'un.der',
    ]
    expect(tasks.map(({ taskId }) => taskId).toSorted()).toEqual(paths)
    const calls = ['c', 'd.e', 'fetch.c', 'fetch.un.d.e', 'l.o[0].each', 'l.o[1].each']
    expect(keys.toSorted()).toEqual(calls.map((path) => `dotted:${encodeURIComponent(path)}`))
  })

  // `fetch.data` was taken for a task `data`.
  it('a fork begins from a task whose id has dots, wherever it stands', async () => {
    const calls: string[] = []
    const orchestrator = orchestratorWith({ work: ({ id }) => calls.push(id) }, config())
    const flow = workflow([
      task('fetch.data'),
      { id: 'g.h', name: 'g', tasks: [task('in.side'), task('next')] },
      { id: 'l.o', name: 'l', type: 'loop', loop: { forEach: [1, 2] }, tasks: [task('ea.ch'), task('then')] },
    ])
    const { id } = await orchestrator.executeWorkflow(flow)
    const again = async (from: string): Promise<string[]> => {
      calls.length = 0
      await (await orchestrator.forkExecution(id, from)).result()
      return calls
    }
    expect(await again('l.o[1].ea.ch')).toEqual(['ea.ch', 'then'])
    expect(await again('in.side')).toEqual(['in.side', 'next', 'ea.ch', 'then', 'ea.ch', 'then'])
    expect(await again('fetch.data')).toEqual(['fetch.data', 'in.side', 'next', 'ea.ch', 'then', 'ea.ch', 'then'])
  })
})

describe('an execution with the id of a child in a store of a version before', () => {
  const child = workflow([task('a')], { id: 'quote' })
  const order = workflow([{ id: 'quote', name: 'q', workflow: child }], { id: 'order' })

  /** A store with one execution of such an id, which waits or has ended: chosen in letters of the same number, and written over. */
  async function storeWith(flow: 'ended' | 'waits', tenant?: string): Promise<string> {
    const path = storePath(folder)
    const first = orchestratorWith({ work: () => 'foreign' }, { storage: { path } })
    const tasks = flow === 'ended' ? [task('a')] : [waits('w', 'go'), task('a')]
    const options = { executionId: 'order-17_quote_1', ...(tenant !== undefined && { tenant }) }
    const handle = await first.startWorkflow(workflow(tasks, { id: 'quote', version: '0' }), {}, options)
    if (flow === 'ended') await handle.result()
    await first.shutdown({ drainMs: 0 })
    overwrite(path, 'order-17_quote_1', 'order-17/quote/1')
    return path
  }

  it.each(['ended', 'waits'] as const)('is not that child (it %s): neither its results nor its life are the parent’s', async (how) => {
    const orchestrator = orchestratorWith({ work: () => 'own' }, { storage: { path: await storeWith(how) } })
    const error = await rejection(orchestrator.executeWorkflow(order, {}, { executionId: 'order-17' }))
    expect(error).toMatchObject({ code: 'ERR_TASK_FAILED', cause: { code: 'ERR_EXECUTION_EXISTS' } })
    expect(error.message).toContain('execution `order-17/quote/1` of workflow `quote` has the id of a child of this task and is not it')
    if (how === 'waits') await orchestrator.signalExecution('order-17/quote/1', 'go', 'well')
    const foreign = await orchestrator.getHandle('order-17/quote/1').result()
    expect(foreign.results).toEqual(how === 'ended' ? { a: 'foreign' } : { w: 'well', a: 'own' })
  })

  it('leaves its task another attempt, which has another id', async () => {
    const orchestrator = orchestratorWith({ work: () => 'own' }, { storage: { path: await storeWith('ended') } })
    const retried = workflow([{ ...order.tasks[0], retryPolicy: { maxAttempts: 2, initialDelay: 1 } } as AgentTask], { id: 'order' })
    expect((await orchestrator.executeWorkflow(retried, {}, { executionId: 'order-17' })).results).toEqual({ quote: { a: 'own' } })
    expect((await orchestrator.getExecution('order-17/quote/2'))?.status).toBe('completed')
  })

  it('is not cancelled with the parent', async () => {
    const path = await storeWith('waits', 'mallory')
    const orchestrator = orchestratorWith({ work: () => 'own' }, { storage: { path } })
    const slow: Execute = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    orchestrator.agentPool.registerAgentType('slow', { create: () => ({ execute: slow }) })
    const flow = workflow(
      [
        {
          id: 'p',
          name: 'p',
          type: 'parallel',
          tasks: [task('slow', { agentId: 'slow' }), { ...order.tasks[0], onError: 'continue' } as AgentTask],
        },
      ],
      { id: 'order' },
    )
    const handle = await orchestrator.startWorkflow(flow, {}, { executionId: 'order-17', tenant: 'alice' })
    await until(async () => (await handle.status()) === 'running' && (await orchestrator.getStatistics()).runningTasks > 0)
    await handle.cancel('no more')
    expect((await handle.settled()).status).toBe('cancelled')
    expect((await orchestrator.getExecution('order-17/quote/1'))?.status).toBe('running')
  })
})

describe('a schedule in a store of a version before', () => {
  // A program schedules at each of its starts.
  it('whose id may not be chosen any more is that schedule all the same', async () => {
    const path = storePath(folder)
    const first = orchestratorWith({ work: () => 1 }, { storage: { path } })
    await first.scheduleWorkflow(only, { every: '1h' }, {}, { id: 'each_hour' })
    await first.shutdown()
    overwrite(path, 'each_hour', 'each/hour')
    const second = orchestratorWith({ work: () => 1 }, { storage: { path } })
    const again = (one: MultiAgentOrchestrator): Promise<unknown> => one.scheduleWorkflow(only, { every: '1h' }, {}, { id: 'each/hour' })
    expect(await again(second)).toMatchObject({ id: 'each/hour' })
    await (await second.getSchedule('each/hour'))?.cancel()
    expect(places(await rejection(again(second)))).toEqual(['options.id'])
  })
})

describe('wherever the process ends', () => {
  it('a child of a group with dots is found again by its id, and nothing is done twice under two keys', async () => {
    const keys = new Map<string, number>()
    const note: Execute = (_, { idempotencyKey }) => void keys.set(idempotencyKey, (keys.get(idempotencyKey) ?? 0) + 1)
    const kit = await kitWith({ work: note }, { storage: 'file' })
    const inner = workflow([task('x.y'), task('z')], { id: 'inner' })
    const group = { id: 'fetch.data', name: 'g', tasks: [{ id: 'kid', name: 'k', workflow: inner }, task('c')] }
    let points = 0
    for await (const { execution } of kit.crashPoints(workflow([group, task('fetch.c')]), {}, { executionId: 'e' })) {
      expect(execution).toMatchObject({ status: 'completed', results: { 'fetch.data': { kid: {} } } })
      expect([...keys.keys()].toSorted()).toEqual(['e/kid/1:x.y', 'e/kid/1:z', 'e:c', 'e:fetch.c'])
      keys.clear()
      points += 1
    }
    expect(points).toBeGreaterThan(10)
  })

  it('a refused signal is on no record', async () => {
    const kit = await kitWith({ work: () => 1 }, { storage: 'file' })
    const handle = await kit.orchestrator.startWorkflow(workflow([waits('w', 'go')]), {}, { executionId: 'e' })
    await kit.clock.advance(1)
    expect(await rejection(handle.signal('gone'))).toMatchObject({ code: 'ERR_UNKNOWN_SIGNAL' })
    await kit.crash()
    const orchestrator = await kit.reopen()
    const again = orchestrator.getHandle('e')
    expect(await rejection(again.signal('go', 1, { path: 'v' }))).toMatchObject({ code: 'ERR_UNKNOWN_SIGNAL' })
    await again.signal('go', 'well')
    expect((await kit.until(again.result())).results).toEqual({ w: 'well' })
  })

  it('a wait that times out says what came instead', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    const flow = workflow([waits('legal', 'approve', { waitFor: { signal: 'approve', timeout: '1h' } }), waits('later', 'other')])
    const handle = await kit.orchestrator.startWorkflow(flow)
    await handle.signal('other', 1)
    await handle.signal('other', 2)
    const error = await rejection(kit.until(handle.result()))
    expect(error.message).toContain('no signal `approve` came within 3600000 ms; signals that no task took: `other` (2 times)')
  })
})

describe('an id that is none', () => {
  // `execution.executionId` is a wrong name, and what it gave was told as "Failed to convert JavaScript value `Undefined` into rust type `String`".
  type Call = (orchestrator: MultiAgentOrchestrator, id: string) => unknown
  const calls: [string, string, Call][] = [
    ['getExecution', 'executionId', (orchestrator, id) => orchestrator.getExecution(id)],
    ['getHandle', 'executionId', (orchestrator, id) => orchestrator.getHandle(id)],
    ['cancelExecution', 'executionId', (orchestrator, id) => orchestrator.cancelExecution(id)],
    ['pauseExecution', 'executionId', (orchestrator, id) => orchestrator.pauseExecution(id)],
    ['resumeExecution', 'executionId', (orchestrator, id) => orchestrator.resumeExecution(id)],
    ['signalExecution', 'executionId', (orchestrator, id) => orchestrator.signalExecution(id, 'go')],
    ['forkExecution', 'executionId', (orchestrator, id) => orchestrator.forkExecution(id, 'a')],
    ['forkExecution from a task', 'fromTask', (orchestrator, id) => orchestrator.forkExecution('x', id)],
    ['retryExecution', 'executionId', (orchestrator, id) => orchestrator.retryExecution(id)],
    ['getSchedule', 'scheduleId', (orchestrator, id) => orchestrator.getSchedule(id)],
  ]
  const ids: [unknown, RegExp][] = [
    [undefined, /must be a string, not undefined; pass the `id` of the (execution|task|schedule)$/],
    [null, /not null; pass the `id` of/],
    [12, /not 12; pass the `id` of/],
    [{ id: 'e' }, /not an object; pass its `id`$/],
  ]
  const cases = storages.flatMap(([where, config]) => calls.map(([name, path, call]) => [name, where, path, config, call] as const))

  it.each(cases)('%s %s says so', async (_name, _where, path, config, call) => {
    const orchestrator = orchestratorWith({}, config())
    for (const [id, says] of ids) {
      const asked = (async (): Promise<unknown> => call(orchestrator, id as string))()
      const error = await rejection(asked)
      expect(error).toMatchObject({ name: 'ValidationError', code: 'ERR_INVALID_ARGUMENT', issues: [{ path }] })
      expect(error.message).toMatch(says)
    }
    await orchestrator.shutdown()
  })
})
