// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long the events of an `executeWorkflow` call wait for a listener, and who gets them.

import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { expect, it } from 'vitest'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { gate, orchestratorWith, task, until, workflow } from '../support/orchestrators.ts'

const two = workflow([task('a'), task('b')])
const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const folder = temporaryFolder()
const agents = { work: ({ id }: { id: string }) => `result of ${id}` }

it('two names attached in one tick are delivered in the order things happened', async () => {
  const orchestrator = orchestratorWith(agents)
  await orchestrator.executeWorkflow(two)
  const heard: string[] = []
  orchestrator.on('task:completed', ({ taskId }) => heard.push(`completed ${taskId}`))
  orchestrator.on('task:started', ({ taskId }) => heard.push(`started ${taskId}`))
  await macrotask()
  expect(heard).toEqual(['started a', 'completed a', 'started b', 'completed b'])
})

// Once what happened in one step was delivered in the order of the names.
it('whichever was attached first', async () => {
  const orchestrator = orchestratorWith(agents)
  await orchestrator.executeWorkflow(two)
  const heard: string[] = []
  orchestrator.on('workflow:completed', () => heard.push('completed'))
  orchestrator.on('task:started', ({ taskId }) => heard.push(`started ${taskId}`))
  orchestrator.on('task:completed', ({ taskId }) => heard.push(`completed ${taskId}`))
  await macrotask()
  expect(heard).toEqual(['started a', 'completed a', 'started b', 'completed b', 'completed'])
})

// Once the event was read back from the journal, and was still on its way as well.
it('a listener attached by a listener hears each event once', async () => {
  const orchestrator = orchestratorWith(agents)
  const heard: string[] = []
  orchestrator.once('task:completed', () => {
    orchestrator.on('task:started', ({ taskId }) => heard.push(`started ${taskId}`))
    orchestrator.on('workflow:completed', () => heard.push('completed'))
  })
  await orchestrator.executeWorkflow(two)
  await macrotask()
  expect(heard).toEqual(['started a', 'started b', 'completed'])
})

it.each(['on', 'addListener', 'prependListener'] as const)('%s gets them all, two listeners of one tick each', async (method) => {
  const orchestrator = orchestratorWith(agents)
  await orchestrator.executeWorkflow(two)
  const heard: string[] = []
  orchestrator[method]('task:completed', ({ taskId }) => heard.push(`first ${taskId}`))
  orchestrator[method]('task:completed', ({ taskId }) => heard.push(`second ${taskId}`))
  await macrotask()
  expect(heard.toSorted()).toEqual(['first a', 'first b', 'second a', 'second b'])
})

it.each(['once', 'prependOnceListener'] as const)('%s gets the first and no more', async (method) => {
  const orchestrator = orchestratorWith(agents)
  await orchestrator.executeWorkflow(two)
  const heard: string[] = []
  orchestrator[method]('task:completed', ({ taskId }) => heard.push(taskId))
  await macrotask()
  await orchestrator.executeWorkflow(two)
  await macrotask()
  expect(heard).toEqual(['a'])
})

it('attached, detached and attached again, a name gives each event once', async () => {
  const release = [gate(), gate(), gate()]
  let call = 0
  const orchestrator = orchestratorWith({ work: () => release[call++]?.promise })
  const heard: string[] = []
  const listener = ({ taskId }: { taskId: string }): number => heard.push(taskId)
  const running = orchestrator.executeWorkflow(workflow([task('a'), task('b'), task('c')]))
  await until(() => call === 1)
  orchestrator.on('task:completed', listener)
  release[0]?.open()
  await until(() => call === 2)
  orchestrator.off('task:completed', listener)
  release[1]?.open()
  await until(() => call === 3)
  orchestrator.on('task:completed', listener)
  release[2]?.open()
  await running
  await macrotask()
  expect(heard).toEqual(['a', 'b', 'c'])
})

// Once those were lost that the journal dated before the instant at which the listener had left, by a clock that is not the journal's.
it.each(['memory', 'a file'])('however often it comes and goes while tasks end, each is heard once, in order (%s)', async (store) => {
  const storage = store === 'memory' ? undefined : { path: storePath(folder), durability: 'os' as const }
  const orchestrator = orchestratorWith({ work: async () => 1 }, { storage, workflow: { maxTasks: 2000 } })
  await orchestrator.ready()
  const tasks = Array.from({ length: 2000 }, (_, n) => task(`${n}`))
  const heard: number[] = []
  const listener = ({ taskId }: { taskId: string }): number => heard.push(Number(taskId))
  let running = true
  const execution = orchestrator.executeWorkflow(workflow(tasks)).finally(() => (running = false))
  for (let round = 0; running; round += 1) {
    orchestrator.on('task:completed', listener)
    await (round % 3 === 0 ? null : macrotask())
    if (!running) break
    orchestrator.off('task:completed', listener)
    await (round % 2 === 0 ? null : macrotask())
  }
  if (orchestrator.listenerCount('task:completed') === 0) orchestrator.on('task:completed', listener)
  await execution
  await orchestrator.shutdown()
  expect(heard).toEqual(tasks.map((_, n) => n))
})

it('attached and detached in one tick, a listener hears nothing and takes nothing from the next', async () => {
  const orchestrator = orchestratorWith(agents)
  await orchestrator.executeWorkflow(two)
  const nothing = (): void => expect.fail('must not be called')
  orchestrator.on('task:completed', nothing)
  orchestrator.off('task:completed', nothing)
  await Promise.resolve()
  const heard: string[] = []
  orchestrator.on('task:completed', ({ taskId }) => heard.push(taskId))
  await macrotask()
  expect(heard).toEqual(['a', 'b'])
})

it('what nobody came for is dropped one macrotask after the promise has settled', async () => {
  const orchestrator = orchestratorWith(agents)
  await orchestrator.executeWorkflow(two)
  await macrotask()
  await macrotask()
  const heard: string[] = []
  orchestrator.on('task:completed', ({ taskId }) => heard.push(taskId))
  await macrotask()
  expect(heard).toEqual([])
})

it('it is held as long as another executeWorkflow call that was pending then', async () => {
  const release = gate()
  const orchestrator = orchestratorWith({ ...agents, gate: () => release.promise })
  const slow = orchestrator.executeWorkflow(workflow([task('slow', { agentId: 'gate' })], { id: 'slow' }))
  await orchestrator.executeWorkflow(two)
  await macrotask()
  await macrotask()
  release.open()
  await slow
  const heard: string[] = []
  orchestrator.on('task:completed', ({ taskId }) => heard.push(taskId))
  await macrotask()
  expect(heard).toEqual(['a', 'b', 'slow'])
})

it('Promise.all of several calls, then the listener: it hears all of them', async () => {
  const orchestrator = orchestratorWith(agents)
  await Promise.all([orchestrator.executeWorkflow(two), orchestrator.executeWorkflow(two), orchestrator.executeWorkflow(two)])
  const heard: string[] = []
  orchestrator.on('workflow:completed', ({ id }) => heard.push(id))
  await macrotask()
  expect(new Set(heard).size).toBe(3)
  expect(heard).toHaveLength(3)
})

it('events of startWorkflow are not held', async () => {
  const orchestrator = orchestratorWith(agents)
  const handle = await orchestrator.startWorkflow(two)
  await handle.result()
  const heard: string[] = []
  orchestrator.on('task:completed', ({ taskId }) => heard.push(taskId))
  await macrotask()
  expect(heard).toEqual([])
})

it('at most 10,000 events are held; the latest executions keep theirs', async () => {
  const orchestrator = orchestratorWith({ work: () => 1 }, { workflow: { maxTasks: 1000 } })
  const large = workflow(Array.from({ length: 999 }, (_, n) => task(`t${n}`, { type: 'parallel' })))
  const release = gate()
  orchestrator.agentPool.registerAgentType('gate', { create: () => ({ execute: () => release.promise }) })
  const slow = orchestrator.executeWorkflow(workflow([task('slow', { agentId: 'gate' })], { id: 'slow' }))
  const ids: string[] = []
  for (let n = 0; n < 20; n += 1) ids.push((await orchestrator.executeWorkflow(large)).id)
  release.open()
  ids.push((await slow).id)
  const heard: string[] = []
  orchestrator.on('workflow:completed', ({ id }) => heard.push(id))
  await macrotask()
  expect(heard).toEqual(ids.slice(-heard.length))
  expect(heard.length).toBeGreaterThanOrEqual(16)
  expect(heard.length).toBeLessThan(21)
})

// What happened at once had one instant, and whoever left and came back within it had heard all of it.
it.each([0, 1, 2, 3])('a listener that leaves and comes back within one flush misses nothing (after %i of them)', async (after) => {
  const orchestrator = orchestratorWith({ work: () => 1 })
  const tasks = ['a', 'b', 'c', 'd'].map((id) => task(id, { dependencies: [] }))
  const heard: string[] = []
  const listener = ({ taskId }: { taskId: string }): void => {
    heard.push(taskId)
    if (heard.length !== after + 1) return
    orchestrator.off('task:completed', listener)
    queueMicrotask(() => orchestrator.on('task:completed', listener))
  }
  orchestrator.on('task:completed', listener)
  await orchestrator.executeWorkflow(workflow(tasks))
  await macrotask()
  expect(heard).toEqual(['a', 'b', 'c', 'd'])
})

// All passes of a loop had one name among what was already told.
it('a pass that ends before a listener is told of the one before is heard too', async () => {
  let calls = 0
  const heard: (number | undefined)[] = []
  const orchestrator = orchestratorWith({
    work: () => {
      calls += 1
      // The end of the first pass is on record now, and that of this one will be before the listener is told of anything.
      if (calls === 2) queueMicrotask(() => orchestrator.on('task:iteration', ({ iteration }) => heard.push(iteration)))
    },
  })
  await orchestrator.executeWorkflow(workflow([{ id: 'l', name: 'l', type: 'loop', loop: { forEach: [1, 2, 3] }, tasks: [task('a')] }]))
  await macrotask()
  expect(heard).toEqual([0, 1, 2])
})

// What is in a file is read by another thread: attaching in time is what counts, not when that is done.

const filed = (): MultiAgentOrchestrator => orchestratorWith(agents, { storage: { path: storePath(folder), durability: 'os' } })

it('a listener that comes in time hears what is read after the window has closed, once and in order', async () => {
  const orchestrator = filed()
  const { id } = await orchestrator.executeWorkflow(two)
  const heard: string[] = []
  orchestrator.on('workflow:completed', (execution) => heard.push(`completed ${execution.id === id}`))
  orchestrator.on('task:completed', ({ taskId, result }) => heard.push(`${taskId}: ${String(result)}`))
  expect(heard).toEqual([])
  await until(() => heard.length === 3)
  await orchestrator.executeWorkflow(two)
  await until(() => heard.length === 6)
  expect(heard).toEqual(['a: result of a', 'b: result of b', 'completed true', 'a: result of a', 'b: result of b', 'completed false'])
})

it('one that comes after the window hears nothing of it, although what another has claimed is still being read', async () => {
  const orchestrator = filed()
  await orchestrator.executeWorkflow(two)
  const heard: string[] = []
  orchestrator.on('task:completed', ({ taskId }) => heard.push(taskId))
  await macrotask()
  await macrotask()
  orchestrator.on('task:started', ({ taskId }) => heard.push(`started ${taskId}`))
  await orchestrator.shutdown()
  expect(heard).toEqual(['a', 'b'])
})

it('what happens to an execution while what it has had is read is heard after that', async () => {
  const [begun, release] = [gate(), gate()]
  const held = (): Promise<void> => {
    begun.open()
    return release.promise
  }
  const orchestrator = orchestratorWith({ ...agents, gate: held }, { storage: { path: storePath(folder), durability: 'os' } })
  const running = orchestrator.executeWorkflow(workflow([task('a'), task('b'), task('c', { agentId: 'gate' }), task('d')]))
  await begun.promise
  const heard: string[] = []
  orchestrator.on('task:completed', ({ taskId }) => heard.push(taskId))
  release.open()
  await running
  await orchestrator.shutdown()
  expect(heard).toEqual(['a', 'b', 'c', 'd'])
})

it('shutting down waits until those that came in time have heard everything', async () => {
  const orchestrator = filed()
  await orchestrator.executeWorkflow(two)
  const heard: string[] = []
  orchestrator.on('task:completed', ({ taskId }) => heard.push(taskId))
  await orchestrator.shutdown()
  expect(heard).toEqual(['a', 'b'])
})

it('a failure that is read back is the one that was recorded', async () => {
  let calls = 0
  const flaky = (): string => {
    calls += 1
    if (calls < 3) throw new Error(`call ${calls}`)
    return 'well'
  }
  const orchestrator = orchestratorWith({ work: flaky }, { storage: { path: storePath(folder), durability: 'os' } })
  const retryPolicy = { maxAttempts: 3, backoffType: 'fixed', initialDelay: '0ms' } as const
  await orchestrator.executeWorkflow(workflow([task('a', { retryPolicy })]))
  const heard: string[] = []
  orchestrator.on('task:retrying', (_task, error) => heard.push(error.message))
  await orchestrator.shutdown()
  expect(heard).toEqual(['task `a` failed: its agent threw: call 1', 'task `a` failed in attempt 2: its agent threw: call 2'])
})
