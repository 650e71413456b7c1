// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What listeners hear: everything, once, in order; also those that come late.

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type {
  MultiAgentOrchestrator,
  OrchestratorConfig,
  OrchestratorError,
  OrchestratorEvents,
  TaskExecution,
  WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { KeptLog } from '../support/logs.ts'
import {
  expectStillWorks,
  gate,
  orchestratorWith,
  rejection,
  task,
  until,
  untilAborted,
  workflow,
  type Execute,
} from '../support/orchestrators.ts'

type Name = keyof OrchestratorEvents

const NAMES: Name[] = [
  'workflow:started',
  'workflow:completed',
  'workflow:failed',
  'workflow:cancelled',
  'task:started',
  'task:completed',
  'task:failed',
  'task:retrying',
  'task:skipped',
  'task:cancelled',
]

/** Writes down each event as `name taskId` from now on. */
function listen(orchestrator: MultiAgentOrchestrator, names: readonly Name[] = NAMES): string[] {
  const heard: string[] = []
  const untyped = orchestrator as unknown as { on(name: string, listener: (payload: TaskExecution | WorkflowExecution) => void): void }
  for (const name of names) untyped.on(name, (payload) => heard.push('taskId' in payload ? `${name} ${payload.taskId}` : name))
  return heard
}

const agents: Record<string, Execute> = {
  work: () => 'well',
  later: () => new Promise((resolve) => setTimeout(() => resolve('later'), 5)),
  fail: () => {
    throw new Error('broken')
  },
  second: (_, { attempt }) => {
    if (attempt === 1) throw new TypeError('not yet')
    return 'second'
  },
  wait: (_, { signal }) => untilAborted(signal),
}
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const folder = temporaryFolder()
const stores: Record<string, () => OrchestratorConfig> = {
  memory: () => ({}),
  os: () => ({ storage: { path: storePath(folder), durability: 'os' } }),
  disk: () => ({ storage: { path: storePath(folder) } }),
}

const good = workflow([task('a'), task('b', { agentId: 'second', retryPolicy: { maxAttempts: 2, initialDelay: 1 } })])
const goodEvents = [
  'workflow:started',
  'task:started a',
  'task:completed a',
  'task:started b',
  'task:retrying b',
  'task:completed b',
  'workflow:completed',
]
const bad = workflow(
  [
    task('wait', { agentId: 'wait', dependencies: [] }),
    task('bad', { agentId: 'fail', dependencies: [] }),
    task('next', { dependencies: ['bad'] }),
  ],
  { id: 'bad' },
)
const badEvents = [
  'workflow:started',
  'task:started wait',
  'task:started bad',
  'task:failed bad',
  'task:skipped next',
  'task:cancelled wait',
  'workflow:failed',
]

describe.each(Object.keys(stores))('with the store %s', (store) => {
  // What is in memory is there a microtask later; a file is read.
  const read = (heard: readonly string[], events: number): Promise<void> =>
    store === 'memory' ? Promise.resolve() : until(() => heard.length >= events)

  it('listeners hear every event once, in order', async () => {
    const orchestrator = orchestratorWith(agents, stores[store]?.())
    const heard = listen(orchestrator)
    await orchestrator.executeWorkflow(good)
    await macrotask()
    expect(heard.splice(0)).toEqual(goodEvents)
    await rejection(orchestrator.executeWorkflow(bad))
    await macrotask()
    expect(heard.splice(0)).toEqual(badEvents)
    const handle = await orchestrator.startWorkflow(workflow([task('a', { agentId: 'wait' }), task('b')], { id: 'cancelled' }))
    await until(() => heard.includes('task:started a'))
    await handle.cancel()
    await handle.settled()
    expect(heard).toEqual(['workflow:started', 'task:started a', 'task:cancelled a', 'task:skipped b', 'workflow:cancelled'])
  })

  it('listeners attached right after the await hear the same', async () => {
    const orchestrator = orchestratorWith(agents, stores[store]?.())
    await orchestrator.executeWorkflow(good)
    const heard = listen(orchestrator)
    expect(heard).toEqual([])
    await read(heard, goodEvents.length)
    expect(heard).toEqual(goodEvents)
    await macrotask()
    expect(heard).toEqual(goodEvents)
  })

  it('also after a rejection', async () => {
    const orchestrator = orchestratorWith(agents, stores[store]?.())
    await rejection(orchestrator.executeWorkflow(bad))
    const heard = listen(orchestrator)
    await read(heard, badEvents.length)
    await macrotask()
    expect(heard).toEqual(badEvents)
  })

  it('listeners attached half-way hear what was before and what comes after, once and in order', async () => {
    const release = gate()
    let reached = false
    const wait = (): Promise<void> => {
      reached = true
      return release.promise
    }
    const orchestrator = orchestratorWith({ ...agents, gate: wait }, stores[store]?.())
    const promise = orchestrator.executeWorkflow(workflow([task('a'), task('b', { agentId: 'gate' }), task('c')]))
    await until(() => reached)
    await macrotask()
    const heard = listen(orchestrator)
    await read(heard, 4)
    await macrotask()
    expect(heard).toEqual(['workflow:started', 'task:started a', 'task:completed a', 'task:started b'])
    release.open()
    await promise
    await macrotask()
    expect(heard.slice(4)).toEqual(['task:completed b', 'task:started c', 'task:completed c', 'workflow:completed'])
  })
})

// Once a listener attached before a file was open threw.
it('listeners may be attached at any time: before the store is open, and while it is asked or closed', async () => {
  const orchestrator = orchestratorWith(agents, stores['disk']?.())
  const heard = listen(orchestrator)
  const { id } = await orchestrator.executeWorkflow(workflow([task('a')]))
  await macrotask()
  const asked = orchestrator.getExecution(id)
  orchestrator.once('task:failed', () => {})
  await asked
  const closed = orchestrator.shutdown()
  orchestrator.once('task:skipped', () => {})
  await closed
  orchestrator.removeAllListeners()
  expect(heard).toEqual(['workflow:started', 'task:started a', 'task:completed a', 'workflow:completed'])
})

describe('what a listener gets', () => {
  it('is a WorkflowExecution or a TaskExecution, as it was then', async () => {
    const orchestrator = orchestratorWith(agents)
    const seen: [string, ...unknown[]][] = []
    const keep =
      (name: Name) =>
      (...payload: unknown[]): number =>
        seen.push([name, ...payload.map((one) => structuredCloneOf(one))])
    for (const name of NAMES) orchestrator.on(name, keep(name) as () => void)
    const { id } = await orchestrator.executeWorkflow(
      workflow([task('a', { agentId: 'second', retryPolicy: { maxAttempts: 2, initialDelay: 1 } })]),
      { who: 'me' },
    )
    const common = { taskId: 'a', executionId: id, agentId: 'second' }
    const failure = { code: 'ERR_AGENT', message: 'not yet', details: { name: 'TypeError', stack: expect.any(String) } }
    const times = { startTime: expect.any(String), endTime: expect.any(String), duration: expect.any(Number) }
    expect(seen).toEqual([
      [
        'workflow:started',
        expect.objectContaining({
          id,
          workflowId: 'flow',
          status: 'running',
          context: { who: 'me' },
          results: {},
          tasks: [{ ...common, status: 'pending', attempts: 0 }],
        }),
      ],
      ['task:started', { ...common, status: 'running', attempts: 1, startTime: expect.any(String) }],
      [
        'task:retrying',
        { ...common, ...times, status: 'waiting', attempts: 1, error: failure },
        expect.objectContaining({ code: 'ERR_TASK_FAILED', taskId: 'a', executionId: id }),
      ],
      ['task:completed', { ...common, ...times, status: 'completed', attempts: 2, result: 'second' }],
      ['workflow:completed', expect.objectContaining({ id, status: 'completed', results: { a: 'second' }, endTime: expect.any(String) })],
    ])
  })

  it('of task:failed is also the error, with what was thrown as its cause', async () => {
    const thrown = new RangeError('broken')
    const orchestrator = orchestratorWith({ work: () => Promise.reject(thrown) })
    const heard = gate<[TaskExecution, OrchestratorError]>()
    orchestrator.on('task:failed', (failed, error) => heard.open([failed, error]))
    await rejection(orchestrator.executeWorkflow(workflow([task('a')])))
    const [failed, error] = await heard.promise
    expect(failed).toMatchObject({ taskId: 'a', status: 'failed', attempts: 1, error: { code: 'ERR_AGENT', message: 'broken' } })
    expect(error).toMatchObject({ name: 'TaskFailedError', code: 'ERR_TASK_FAILED', cause: thrown })
  })

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'x'],
    ['a flat object', { text: 'x', n: 1, none: null }],
    ['what is nested', { list: [1], inner: { text: 'x' } }],
    ['a list', [1, 2]],
    ['a wide object', Object.fromEntries(Array.from({ length: 40 }, (_, place) => [`k${place}`, place]))],
  ])('is seen whole however it is looked at, and with %s as its result', async (_, result) => {
    const orchestrator = orchestratorWith({ work: () => result })
    const heard: TaskExecution[] = []
    orchestrator.on('task:completed', (completed) => heard.push(completed))
    const looks: ((completed: TaskExecution) => unknown)[] = [
      (completed) => ({ ...completed }),
      (completed) => Object.fromEntries(Object.entries(completed)),
      (completed) => structuredClone(completed),
      (completed) => JSON.parse(JSON.stringify(completed)) as unknown,
    ]
    const ids = ['a', 'b', 'c', 'd', 'shown', 'kept', 'changed']
    const { id } = await orchestrator.executeWorkflow(workflow(ids.map((name) => task(name))))
    const fields = ['taskId', 'executionId', 'agentId', 'attempts', 'status', 'startTime', 'endTime', 'duration', 'result']
    const seen = looks.map((look, place) => look(heard[place] as TaskExecution) as TaskExecution)
    for (const [place, one] of seen.entries()) {
      expect(Object.keys(one)).toEqual(fields)
      expect(one).toMatchObject({ taskId: ids[place], executionId: id, agentId: 'work', attempts: 1, status: 'completed' })
      expect(one.result).toEqual(result)
    }
    const [, , , , shown, kept, changed] = heard as [TaskExecution, TaskExecution, TaskExecution, TaskExecution, ...TaskExecution[]]
    expect(inspect(shown, { depth: 9 })).toBe(inspect({ ...shown }, { depth: 9 }))
    expect(kept?.result).toBe(kept?.result)
    Object.assign(changed as object, { result: 'another' })
    expect({ ...changed }).toMatchObject({ taskId: 'changed', result: 'another' })
  })

  it('is its own: what it does to a result reaches nobody else', async () => {
    const orchestrator = orchestratorWith({ work: () => ({ list: [1] }), look: ({ context }) => context.dependencies })
    orchestrator.on('task:completed', ({ result }) => {
      if (Array.isArray((result as { list?: unknown }).list)) (result as { list: unknown[] }).list.push('ruined')
    })
    const { results } = await orchestrator.executeWorkflow(workflow([task('a'), task('b', { agentId: 'look', dependencies: ['a'] })]))
    expect(results).toEqual({ a: { list: [1] }, b: { a: { list: [1] } } })
  })
})

describe('a listener that fails', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('listener broke')
      },
    ],
    ['rejects', () => Promise.reject(new Error('listener broke'))],
    [
      'throws undefined',
      () => {
        throw undefined
      },
    ],
    [
      'throws what cannot be shown',
      () => {
        throw Object.create(null)
      },
    ],
  ])('that %s is logged; the execution and other listeners are unharmed', async (_, listener) => {
    const logger = new KeptLog()
    const orchestrator = orchestratorWith(agents, { logger })
    orchestrator.on('task:completed', listener as () => void)
    const heard = listen(orchestrator)
    await orchestrator.executeWorkflow(workflow([task('a')]))
    expect(heard).toEqual(['workflow:started', 'task:started a', 'task:completed a', 'workflow:completed'])
    expect(await logger.first()).toMatchObject({
      level: 'error',
      event: 'listener:failed',
      code: 'ERR_LISTENER',
      err: { code: 'ERR_LISTENER' },
      message: expect.stringContaining("a listener of 'task:completed' failed: "),
    })
    orchestrator.removeAllListeners()
    await expectStillWorks(orchestrator)
  })

  it('a listener may call anything: it starts, cancels and asks', async () => {
    const orchestrator = orchestratorWith(agents)
    const nested = gate<WorkflowExecution>()
    orchestrator.once('task:started', ({ executionId }) => {
      void orchestrator.cancelExecution(executionId, 'by a listener')
    })
    orchestrator.once('workflow:cancelled', ({ id }) => {
      void orchestrator
        .getExecution(id)
        .then(() => orchestrator.executeWorkflow(workflow([task('n')], { id: 'nested' })))
        .then(nested.open)
    })
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { agentId: 'wait' })])))
    expect(error.execution?.reason).toBe('by a listener')
    expect((await nested.promise).results).toEqual({ n: 'well' })
  })
})

/** What is left of a payload as JSON: getters included, dates as text. */
function structuredCloneOf(value: unknown): unknown {
  return value instanceof Error ? value : JSON.parse(JSON.stringify(value))
}
