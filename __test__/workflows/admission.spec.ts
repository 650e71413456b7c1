// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions that wait for a place: `maxConcurrentWorkflows`, tenants, priorities, keys. In memory and in a store.

import { describe, expect, it } from 'vitest'
import type { ExecuteOptions, ExecutionHandle, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, until, untilAborted, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

describe.each(storages)('%s', (_name, storage) => {
  /** Tells who began, in order; each ends when the gate opens. */
  function recording(limits: OrchestratorConfig['workflow']): {
    orchestrator: MultiAgentOrchestrator
    began: unknown[]
    most: () => number
    release: () => void
  } {
    const held = gate()
    const began: unknown[] = []
    let [now, most] = [0, 0]
    const work = async ({ context }: { context: { name?: unknown } }): Promise<void> => {
      began.push(context.name)
      most = Math.max(most, ++now)
      await held.promise
      now -= 1
    }
    const orchestrator = orchestratorWith({ work } as never, { ...storage(), workflow: limits })
    return { orchestrator, began, most: () => most, release: () => held.open() }
  }
  const one = workflow([task('a')])

  it('no more run than may, and the others are pending until there is a place', async () => {
    const { orchestrator, began, most, release } = recording({ maxConcurrentWorkflows: 2 })
    const handles = await Promise.all([0, 1, 2, 3, 4].map((name) => orchestrator.startWorkflow(one, { name })))
    await until(() => began.length === 2)
    expect(await Promise.all(handles.map((handle) => handle.status()))).toEqual(['running', 'running', 'pending', 'pending', 'pending'])
    expect(await orchestrator.getStatistics()).toMatchObject({ activeWorkflows: 5, queuedWorkflows: 3, runningTasks: 2 })
    release()
    await Promise.all(handles.map((handle) => handle.result()))
    expect(began).toEqual([0, 1, 2, 3, 4])
    expect(most()).toBe(2)
    expect((await orchestrator.getStatistics()).queuedWorkflows).toBe(0)
    await orchestrator.shutdown()
  })

  it('tenants take turns by weight, and priority orders within one', async () => {
    const { orchestrator, began, release } = recording({ maxConcurrentWorkflows: 1, tenantWeights: { large: 1, small: 2 } })
    const first = orchestrator.executeWorkflow(one, { name: 'first' })
    await until(() => began.length === 1)
    const start = (name: string, options: ExecuteOptions): Promise<unknown> => orchestrator.executeWorkflow(one, { name }, options)
    const all = [
      ...['l1', 'l2', 'l3'].map((name) => start(name, { tenant: 'large' })),
      start('l4', { tenant: 'large', priority: 1 }),
      ...['s1', 's2', 's3'].map((name) => start(name, { tenant: 'small' })),
    ]
    await until(async () => (await orchestrator.getStatistics()).queuedWorkflows === 7)
    release()
    await Promise.all([first, ...all])
    expect(began).toEqual(['first', 'l4', 's1', 's2', 'l1', 's3', 'l2', 'l3'])
    await orchestrator.shutdown()
  })

  it('of one key only so many run, and others pass them', async () => {
    const { orchestrator, began, release } = recording({})
    const concurrency = { key: 'customer 7', limit: 1 }
    const options = [{ concurrency }, { concurrency }, {}, { concurrency, tenant: 'another' }]
    const all = options.map((given, name) => orchestrator.executeWorkflow(one, { name }, given))
    await until(() => began.length === 3)
    expect([...began].sort()).toEqual([0, 2, 3])
    release()
    await Promise.all(all)
    expect(began[3]).toBe(1)
    await orchestrator.shutdown()
  })

  it('a child runs in the place of its parent', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, { ...storage(), workflow: { maxConcurrentWorkflows: 1 } })
    const parent = workflow([{ id: 'child', name: 'child', workflow: { id: 'inner', name: 'inner', version: '1', tasks: [task('a')] } }])
    expect((await orchestrator.executeWorkflow(parent)).results).toEqual({ child: { a: 1 } })
    await orchestrator.shutdown()
  })

  it('one that waits can be cancelled, and paused and resumed', async () => {
    const { orchestrator, began, release } = recording({ maxConcurrentWorkflows: 1 })
    const start = (name: number): Promise<ExecutionHandle> => orchestrator.startWorkflow(one, { name })
    const [running, cancelled, paused] = await Promise.all([start(0), start(1), start(2)])
    await cancelled.cancel('not wanted')
    expect(await rejection(cancelled.result())).toMatchObject({ code: 'ERR_CANCELLED' })
    await paused.pause()
    expect(await paused.status()).toBe('paused')
    release()
    await running.result()
    expect(await paused.status()).toBe('paused')
    await paused.resume()
    await paused.result()
    expect(began).toEqual([0, 2])
    await orchestrator.shutdown()
  })
})

it('what waited is begun by the next process, under its limits', async () => {
  const path = storePath(folder)
  const config = { storage: { path }, workflow: { maxConcurrentWorkflows: 1 } }
  const first = orchestratorWith({ work: (_, { signal }) => untilAborted(signal) }, config)
  for (const name of ['a', 'b', 'c']) await first.startWorkflow(workflow([task('a')]), { name }, { executionId: name })
  await first.shutdown({ drainMs: 0 })
  const began: unknown[] = []
  const second = orchestratorWith(
    { work: ({ context }: { context: { name?: unknown } }) => void began.push(context.name) } as never,
    config,
  )
  await Promise.all(['a', 'b', 'c'].map((id) => second.getHandle(id).result()))
  expect(began).toEqual(['a', 'b', 'c'])
  await second.shutdown()
})

it('a cancel reaches every one of 1,000 agents, and those that ignore it are abandoned after the grace and counted', async () => {
  let [aborted, reasons] = [0, new Set<unknown>()]
  const deaf = gate()
  const work = ({ id }: { id: string }, { signal }: { signal: AbortSignal }): Promise<unknown> => {
    signal.addEventListener('abort', () => {
      aborted += 1
      reasons.add((signal.reason as { code?: unknown }).code)
    })
    return id === 't7' ? deaf.promise : untilAborted(signal)
  }
  const kit = await kitWith({ work } as never, { workflow: { maxTasks: 1000 } })
  const { orchestrator } = kit
  const tasks = Array.from({ length: 1000 }, (_, place) => task(`t${place}`, { type: 'parallel', dependencies: [] }))
  const handle = await orchestrator.startWorkflow(workflow(tasks))
  await kit.clock.advance(0)
  expect((await orchestrator.getStatistics()).runningTasks).toBe(1000)
  await handle.cancel()
  expect([aborted, [...reasons]]).toEqual([1000, ['ERR_CANCELLED']])
  await kit.clock.advance(4999)
  expect(await handle.status()).toBe('running')
  await kit.clock.advance(1)
  const ended = await handle.settled()
  expect(ended.tasks.every(({ status, reason }) => status === 'cancelled' && reason === 'cancelled')).toBe(true)
  expect((await orchestrator.getStatistics()).lateResults).toBe(0)
  deaf.open()
  await kit.clock.advance(0)
  expect((await orchestrator.getStatistics()).lateResults).toBe(1)
})
