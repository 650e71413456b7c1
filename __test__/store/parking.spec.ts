// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that only waits is not in memory, and nobody notices.

import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, register, rejection, task, until, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const waits = { id: 'wait', name: 'wait', waitFor: { signal: 'go' } }
const flow = workflow([task('before'), waits, task('after', { dependencies: ['before', 'wait'] })])

/** An orchestrator that keeps nothing at hand. */
function parking(agents: Record<string, Execute>, path = storePath(folder), rest: object = {}): MultiAgentOrchestrator {
  return orchestratorWith(agents, { storage: { path, durability: 'os', parkAfter: 1 }, ...rest })
}

/** Resolves when so many are parked. */
async function parked(orchestrator: MultiAgentOrchestrator, count: number): Promise<void> {
  await until(async () => (await orchestrator.getStatistics()).parkedWorkflows === count)
}

const telling: Execute = ({ id, context }) => ({ of: id, context })

describe('an execution that waits for a signal', () => {
  it('is read, listed and counted as before, and goes on with what it had when the signal comes', async () => {
    const orchestrator = parking({ work: telling })
    const handle = await orchestrator.startWorkflow(flow, { who: 'me' })
    await parked(orchestrator, 1)
    expect(await handle.status()).toBe('running')
    const seen = await orchestrator.getExecution(handle.id)
    expect(seen?.tasks.map(({ taskId, status }) => [taskId, status])).toEqual([
      ['before', 'completed'],
      ['wait', 'waiting'],
      ['after', 'pending'],
    ])
    expect((await orchestrator.listExecutions({ status: 'running' })).executions.map(({ id }) => id)).toEqual([handle.id])
    expect(await orchestrator.getStatistics()).toMatchObject({ activeWorkflows: 1, parkedWorkflows: 1, queuedTasks: 2, runningTasks: 0 })
    await handle.signal('go', { n: 1 })
    const { results } = await handle.result()
    expect(results['after']).toEqual({
      of: 'after',
      context: { who: 'me', dependencies: { before: { of: 'before', context: { who: 'me', dependencies: {} } }, wait: { n: 1 } } },
    })
    expect(await orchestrator.getStatistics()).toMatchObject({ activeWorkflows: 0, parkedWorkflows: 0, queuedTasks: 0, completedTotal: 1 })
  })

  it('is cancelled, paused and resumed, forked, joined by its key and followed from its first event', async () => {
    const orchestrator = parking({ work: () => 1 })
    const start = (options = {}): ReturnType<typeof orchestrator.startWorkflow> => orchestrator.startWorkflow(flow, {}, options)
    const [stopped, held, forked, keyed, followed] = await Promise.all([start(), start(), start(), start({ idempotencyKey: 'k' }), start()])
    await parked(orchestrator, 5)
    await stopped.cancel('no more')
    await stopped.settled()
    expect(await orchestrator.getExecution(stopped.id)).toMatchObject({ status: 'cancelled', reason: 'no more' })
    await held.pause()
    expect(await held.status()).toBe('paused')
    await parked(orchestrator, 4)
    await held.signal('go')
    await parked(orchestrator, 4)
    await held.resume()
    expect((await held.result()).status).toBe('completed')
    const fork = await orchestrator.forkExecution(forked.id, 'after')
    await fork.signal('go')
    expect((await fork.result()).tasks[0]?.attempts).toBe(0)
    expect((await start({ idempotencyKey: 'k' })).id).toBe(keyed.id)
    const types: string[] = []
    const follow = (async () => {
      for await (const { type } of followed.events()) types.push(type)
    })()
    await followed.signal('go')
    await follow
    expect([types[0], types.at(-1)]).toEqual(['workflow:started', 'workflow:completed'])
    await Promise.all([forked, keyed].map((handle) => handle.cancel()))
  })

  it('keeps what no file holds: functions, schemas, and where it was called from', async () => {
    const caller = new AsyncLocalStorage<string>()
    const orchestrator = parking({ work: () => caller.getStore() ?? 'nobody' })
    const coded = workflow([
      { ...waits, waitFor: { signal: 'go', schema: z.object({ n: z.coerce.number() }) } },
      task('after', { dependencies: ['wait'], conditions: [({ results }: { results: { wait: { n: number } } }) => results.wait.n === 7] }),
    ])
    const handle = await caller.run('somewhere', () => orchestrator.startWorkflow(coded))
    await parked(orchestrator, 1)
    expect(await rejection(handle.signal('go', { n: 'x' }))).toMatchObject({ code: 'ERR_SIGNAL_SCHEMA' })
    await parked(orchestrator, 1)
    await handle.signal('go', { n: '7' })
    expect((await handle.result()).results['after']).toBe('somewhere')
  })

  it('counts for limits, versions and overlaps', async () => {
    const orchestrator = parking({ work: () => 1 }, storePath(folder), { workflow: { maxConcurrentWorkflows: 1 } })
    const first = await orchestrator.startWorkflow(flow)
    await parked(orchestrator, 1)
    const second = await orchestrator.startWorkflow(flow)
    expect(await second.status()).toBe('pending')
    const other = { ...flow, tasks: [task('other')] }
    expect(await rejection(orchestrator.startWorkflow(other))).toMatchObject({ code: 'ERR_DEFINITION_CHANGED' })
    await first.signal('go')
    await first.result()
    await second.signal('go')
    expect((await second.result()).status).toBe('completed')
  })
})

it('time wakes it: a delay, a backoff and a deadline', async () => {
  const calls: number[] = []
  const orchestrator = parking({
    work: () => 1,
    flaky: (_, { attempt }) => (calls.push(attempt), attempt < 2 ? Promise.reject(new Error('no')) : attempt),
  })
  const delayed = await orchestrator.startWorkflow(
    workflow([{ id: 'wait', name: 'wait', waitFor: { delay: 300 } }, task('after')], { id: 'delayed' }),
  )
  const late = await orchestrator.startWorkflow(workflow([waits], { id: 'late', deadline: 300 }))
  await parked(orchestrator, 2)
  expect((await delayed.result()).status).toBe('completed')
  expect((await late.settled()).error?.code).toBe('ERR_DEADLINE')
})

it('the next process finds it where it was, and so does the one after that', async () => {
  const path = storePath(folder)
  const first = parking({ work: telling }, path)
  const { id } = await first.startWorkflow(flow, { who: 'me' })
  await parked(first, 1)
  await first.shutdown()
  for (let process = 0; process < 2; process += 1) {
    const next = parking({}, path)
    expect(await next.getStatistics()).toMatchObject({ parkedWorkflows: 1, waitingForAgents: { [id]: ['work'] }, queuedTasks: 2 })
    await next.getHandle(id).pause()
    await parked(next, 1)
    expect(await next.getHandle(id).status()).toBe('paused')
    await next.shutdown()
  }
  const last = parking({}, path)
  await last.getHandle(id).resume()
  await last.getHandle(id).signal('go')
  expect(await last.getHandle(id).status()).toBe('running')
  register(last, { work: telling })
  expect((await last.getHandle(id).result()).results['after']).toMatchObject({
    context: { who: 'me', dependencies: { before: { of: 'before' } } },
  })
})
