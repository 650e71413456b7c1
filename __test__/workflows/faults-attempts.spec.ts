// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An attempt that is over can do nothing to anybody. Live executions are known by small numbers that are used again, and agents keep what they were
// given: one that forgot an `await` added its task to whichever execution had its number by then, of another tenant, and that ran it.

import { describe, expect, it } from 'vitest'
import type { AttemptContext, MultiAgentOrchestrator, OrchestratorConfig, TaskInput } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder, writeInto } from '../support/folder.ts'
import { kitWith, wait } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, until, untilAborted, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const STORES = ['memory', 'file'] as const
const configOf = (store: (typeof STORES)[number]): OrchestratorConfig =>
  store === 'memory' ? {} : { storage: { path: storePath(folder), durability: 'os' } }

const stray = { id: 'stray', name: 'stray', agentId: 'kid' }
const of = (name: string, agentId: string): ReturnType<typeof workflow> =>
  workflow([task('x', { agentId }), task('y', { agentId, dependencies: [] })], { id: name })

/** What an attempt that kept its arguments for later was given. */
interface Kept {
  readonly task: TaskInput
  readonly context: AttemptContext
}

/** An orchestrator whose `keeper` returns at once and keeps what it was given, whose `held` waits, and whose `kid` notes whom it ran for. */
function withKeeper(config?: OrchestratorConfig): {
  orchestrator: MultiAgentOrchestrator
  kept: Kept[]
  ran: string[]
  release: () => void
} {
  const kept: Kept[] = []
  const ran: string[] = []
  const held = gate()
  const orchestrator = orchestratorWith(
    {
      keeper: (given, context) => {
        kept.push({ task: given, context })
        return 1
      },
      held: () => held.promise,
      kid: ({ executionId }) => void ran.push(executionId),
    },
    config,
  )
  return { orchestrator, kept, ran, release: held.open }
}

describe.each(STORES)('an attempt whose execution has ended (%s)', (store) => {
  // Its promise never settled either: an agent that awaited it hung forever.
  it('adds no task to the execution that has its number now', async () => {
    const { orchestrator, kept, ran, release } = withKeeper(configOf(store))
    for (const executionId of ['A1', 'A2']) {
      const handle = await orchestrator.startWorkflow(of('A', 'keeper'), {}, { executionId, tenant: 'alice' })
      await handle.settled()
    }
    const others = await Promise.all(
      ['B1', 'B2', 'B3'].map((executionId) => orchestrator.startWorkflow(of('B', 'held'), {}, { executionId, tenant: 'bob' })),
    )
    await until(async () => (await orchestrator.getStatistics()).runningTasks === 6)
    for (const { context } of kept) {
      expect(await rejection(Promise.resolve(context.spawn(stray)))).toMatchObject({
        code: 'ERR_CANCELLED',
        message: expect.stringMatching(/^attempt 1 of task `[xy]` is over: it has answered/),
      })
    }
    release()
    for (const other of others) {
      const { tasks } = await other.result()
      expect(tasks.map(({ taskId }) => taskId)).toEqual(['x', 'y'])
    }
    expect(ran).toEqual([])
  })

  // The context of a task is made when it is first asked for, out of what the engine had under the number: the results of another tenant.
  it('sees what its own dependencies gave, and nothing of another execution', async () => {
    const { orchestrator, kept, release } = withKeeper(configOf(store))
    const looks = { conditions: ['true'] }
    const flow = (name: string, secret: string): ReturnType<typeof workflow> =>
      workflow([task('x', { agentId: 'echo', input: { data: secret }, ...looks }), task('y', { agentId: name, ...looks })], { id: name })
    orchestrator.agentPool.registerAgentType('echo', { create: () => ({ execute: ({ input }: TaskInput) => input.data }) })
    await (await orchestrator.startWorkflow(flow('keeper', 'of alice'))).result()
    const other = await orchestrator.startWorkflow(flow('held', 'of bob'))
    await until(async () => (await orchestrator.getExecution(other.id))?.tasks[1]?.status === 'running')
    expect(kept[0]?.task.context.dependencies).toEqual({ x: 'of alice' })
    release()
    await other.result()
  })

  it('asks no model, and gives no sign of life and no progress', async () => {
    const { orchestrator, kept, release } = withKeeper(configOf(store))
    const heard: string[] = []
    orchestrator.on('task:progress', ({ executionId }) => heard.push(executionId))
    orchestrator.modelIntegration.registerProvider('mine', {
      generate: async () => ({ text: 'asked' }),
      models: [{ provider: 'mine', id: 'm' }],
    })
    await (await orchestrator.startWorkflow(of('A', 'keeper'))).result()
    const other = await orchestrator.startWorkflow(of('B', 'held'))
    await until(async () => (await orchestrator.getStatistics()).runningTasks === 2)
    const { context } = kept[0] as Kept
    context.heartbeat({ late: true })
    context.emit({ late: true })
    expect(await rejection(context.models.generate({ model: 'mine/m', prompt: 'x' }))).toMatchObject({
      code: 'ERR_CANCELLED',
      message: expect.stringContaining('attempt 1 of task `x` is over'),
    })
    release()
    await other.result()
    expect(heard).toEqual([])
  })
})

describe.each(STORES)('an attempt that is over while its execution goes on (%s)', (store) => {
  it('adds no task, and announces nothing', async () => {
    const { orchestrator, kept, ran, release } = withKeeper(configOf(store))
    const heard: unknown[] = []
    orchestrator.on('task:progress', (_, data) => heard.push(data))
    const handle = await orchestrator.startWorkflow(workflow([task('x', { agentId: 'keeper' }), task('y', { agentId: 'held' })]))
    await until(async () => (await orchestrator.getExecution(handle.id))?.tasks[1]?.status === 'running')
    const { context } = kept[0] as Kept
    context.emit('late')
    context.heartbeat('late')
    expect((await rejection(Promise.resolve(context.spawn(stray)))).message).toContain('attempt 1 of task `x` is over')
    release()
    const { tasks } = await handle.result()
    expect(tasks).toHaveLength(2)
    expect([ran, heard]).toEqual([[], []])
  })

  // The engine asked whether the task runs, not which attempt of it: the first one, given up long ago, added to the second.
  it('does nothing in the name of the next attempt', async () => {
    const contexts: AttemptContext[] = []
    const ran: string[] = []
    const heard: unknown[] = []
    const answers = gate()
    const kit = await kitWith(
      {
        work: async (_, context) => {
          contexts.push(context)
          if (contexts.length === 1) await new Promise(() => {})
          await answers.promise
        },
        kid: ({ id }) => void ran.push(id),
      },
      store === 'file' ? { storage: 'file' } : {},
    )
    kit.orchestrator.on('task:progress', (_, data) => heard.push(data))
    const handle = await kit.orchestrator.startWorkflow(
      workflow([task('a', { timeout: '1m', retryPolicy: { maxAttempts: 2, backoffType: 'fixed', initialDelay: '1h' } })]),
    )
    const late = async (): Promise<void> => {
      contexts[0]?.emit('late')
      const error = await rejection(Promise.resolve(contexts[0]?.spawn(stray)))
      expect(error).toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringMatching(/^attempt 1 of task `a` is over: .*timeout/) })
    }
    // It is given up after its grace; the next one is an hour away.
    await kit.clock.advance('2m')
    await late()
    await kit.clock.advance('1h')
    expect(contexts).toHaveLength(2)
    await late()
    contexts[1]?.emit('in time')
    answers.open()
    expect((await kit.until(handle.result())).tasks).toHaveLength(1)
    expect([ran, heard]).toEqual([[], ['in time']])
  })
})

// It left an entry for an instance that did not exist yet: the next task of that number settled a promise that was not its own.
it('an attempt that is told to stop adds nothing, and what it is told is why', async () => {
  const kit = await kitWith({
    work: async (_, context) => {
      const reason = await untilAborted(context.signal).catch((error: unknown) => error)
      expect(await Promise.resolve(context.spawn(stray)).catch((error: unknown) => error)).toBe(reason)
      return 'stopped'
    },
    kid: () => expect.fail('it ran'),
  })
  const handle = await kit.orchestrator.startWorkflow(workflow([task('a'), wait('w', '1h', { dependencies: [] })]))
  await kit.clock.advance('1s')
  await handle.cancel('enough')
  const { tasks } = await kit.until(handle.settled())
  expect(tasks.map(({ taskId, status }) => [taskId, status])).toEqual([
    ['a', 'completed'],
    ['w', 'cancelled'],
  ])
})

it('what is added while others are waited for is waited for too', async () => {
  const first = gate()
  const orchestrator = orchestratorWith({
    work: (_, context) => {
      void context.spawn(task('one', { agentId: 'one' }))
      void first.promise.then(() => void context.spawn(task('two', { agentId: 'two' })))
      return 'returned'
    },
    one: async () => {
      first.open()
      await new Promise((resolve) => setImmediate(resolve))
    },
    two: () => {
      throw new Error('nobody caught it')
    },
  })
  const error = await rejection(orchestrator.executeWorkflow(workflow([task('a')])))
  expect(error.cause).toMatchObject({ code: 'ERR_SPAWN_FAILED', message: expect.stringContaining('nobody caught it') })
})

// The main thread had forgotten the attempt and never answered: the agent's promise hung.
it('in a worker thread the promise of a late spawn rejects as well', async () => {
  const module = writeInto(
    folder,
    'late.mjs',
    `let earlier
    export const create = () => ({ execute: async (task, context) => {
      if (task.id === 'x') return void (earlier = context)
      earlier.emit('late')
      earlier.heartbeat('late')
      const late = earlier.spawn({ id: 'stray', name: 's', agentId: 'kid' })
      return { said: await Promise.resolve(late).catch((error) => error.message) }
    } })`,
  )
  const heard: unknown[] = []
  const orchestrator = orchestratorWith({ kid: () => expect.fail('it ran') })
  orchestrator.on('task:progress', (_, data) => heard.push(data))
  orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module, maxAgents: 1 })
  const { results } = await orchestrator.executeWorkflow(workflow([task('x'), task('y')]))
  expect(results['y']).toEqual({ said: expect.stringMatching(/^attempt 1 of task `x` is over/) })
  expect(heard).toEqual([])
})
