// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions looked at: by id, as a list, in figures, through a handle. In memory and on a file alike.

import { describe, expect, it } from 'vitest'
import type { ExecutionListFilter, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { run } from '../support/child.ts'
import { storePath, temporaryFolder, userFolder } from '../support/folder.ts'
import { gate, orchestratorWith, places, rejection, task, until, untilAborted, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const stores: Record<string, () => OrchestratorConfig> = {
  memory: () => ({}),
  os: () => ({ storage: { path: storePath(folder), durability: 'os' } }),
  disk: () => ({ storage: { path: storePath(folder) } }),
}

describe.each(Object.keys(stores))('with the store %s', (store) => {
  const open = (): ReturnType<typeof orchestratorWith> =>
    orchestratorWith(
      { work: () => ({ ok: true }), wait: (_, { signal }) => untilAborted(signal), fail: () => Promise.reject(new Error('broken')) },
      stores[store]?.(),
    )

  it('an execution is seen while it runs and after it has ended', async () => {
    const release = gate()
    const orchestrator = orchestratorWith({ work: ({ id }) => (id === 'b' ? release.promise.then(() => 2) : 1) }, stores[store]?.())
    const handle = await orchestrator.startWorkflow(workflow([task('a'), task('b'), task('c')]), { who: 'me' })
    await until(async () => (await orchestrator.getExecution(handle.id))?.tasks[1]?.status === 'running')
    expect(await handle.status()).toBe('running')
    const running = await orchestrator.getExecution(handle.id)
    expect(running).toMatchObject({ id: handle.id, workflowId: 'flow', status: 'running', context: { who: 'me' }, results: { a: 1 } })
    expect(running).not.toHaveProperty('endTime')
    expect(running?.tasks.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(['completed 1', 'running 1', 'pending 0'])
    release.open()
    const ended = await handle.result()
    expect(ended.endTime?.getTime()).toBeGreaterThanOrEqual(ended.startTime.getTime())
    const { startTime, endTime, duration } = ended.tasks[0] ?? {}
    expect({ startTime, endTime, duration }).toEqual({
      startTime: expect.any(Date),
      endTime: expect.any(Date),
      duration: expect.any(Number),
    })
    expect(JSON.stringify(await orchestrator.getExecution(handle.id))).toBe(JSON.stringify(ended))
    expect(await orchestrator.getExecution('00000000-0000-0000-0000-000000000000')).toBeUndefined()
  })

  it('a task lasts as long as its agent worked, whatever others did meanwhile', async () => {
    const busy = (millis: number): void => {
      const end = performance.now() + millis
      while (performance.now() < end);
    }
    const work: Record<string, () => unknown> = {
      // Has answered when it returns, and is heard of later.
      early: async () => 1,
      // Works when the answer before it has been taken.
      late: async () => {
        await Promise.resolve()
        busy(30)
      },
      next: async () => 1,
      now: () => busy(20),
      again: () => busy(20),
    }
    const orchestrator = orchestratorWith({ work: ({ id }) => work[id]?.() }, stores[store]?.())
    const flow = workflow(Object.keys(work).map((id) => ({ ...task(id), type: 'parallel' as const })))
    const { tasks } = await orchestrator.executeWorkflow(flow)
    const [, late, next, now, again] = tasks.map(({ duration = Number.NaN }) => duration)
    expect(now).toBeGreaterThanOrEqual(20)
    expect(again).toBeGreaterThanOrEqual(20)
    // It began after `late`, and had answered before that went on.
    expect(next).toBeLessThan((late ?? Number.NaN) - 29)
  })

  it('each of many answers taken at once is its own task’s, long and short, data and failures', async () => {
    const answer = (place: number): unknown => ({ place, text: `${'é'.repeat(place % 7 === 0 ? 3000 : place)}\n${place}` })
    const orchestrator = orchestratorWith(
      {
        many: async ({ id }) => {
          if (id.endsWith('9')) throw new Error(`not ${id}`)
          return answer(Number(id.slice(1)))
        },
      },
      { ...stores[store]?.(), workflow: { maxTasks: 400 } },
    )
    const tasks = Array.from({ length: 400 }, (_, place) => ({
      ...task(`t${place}`, { agentId: 'many' }),
      type: 'parallel' as const,
      onError: 'continue' as const,
    }))
    const handle = await orchestrator.startWorkflow(workflow(tasks))
    const ended = await handle.result()
    for (const [place, { taskId, error }] of ended.tasks.entries()) {
      if (place % 10 === 9) expect(error?.message).toContain(`not ${taskId}`)
      else expect(ended.results[taskId]).toEqual(answer(place))
    }
  })

  // Both found it free, and the store, which refuses an id it has, took the whole orchestrator down.
  it('of several calls that choose one id at once one begins', async () => {
    const orchestrator = open()
    const failed = await rejection(orchestrator.executeWorkflow(workflow([task('a', { agentId: 'fail' })], { id: 'failed' })))
    const begin = [
      () => orchestrator.startWorkflow(workflow([task('a')]), {}, { executionId: 'mine' }),
      () => orchestrator.startWorkflow(workflow([task('a')]), {}, { executionId: 'mine' }),
      () => orchestrator.retryExecution(failed.executionId as string, { executionId: 'mine' }),
      () => orchestrator.executeWorkflow(workflow([task('a')]), {}, { executionId: 'mine' }),
    ]
    const settled = await Promise.allSettled(begin.map((call) => call()))
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected'])
    for (const one of settled.slice(1)) expect((one as PromiseRejectedResult).reason).toMatchObject({ code: 'ERR_EXECUTION_EXISTS' })
    // Nor is it free when it has ended.
    await orchestrator.getHandle('mine').settled()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await rejection(begin[2]?.() as Promise<unknown>)).toMatchObject({ code: 'ERR_EXECUTION_EXISTS' })
    expect((await orchestrator.executeWorkflow(workflow([task('a')]))).status).toBe('completed')
  })

  it('of several calls with one key at once one begins, and the others join it or find its end', async () => {
    const orchestrator = open()
    const call = (): Promise<{ id: string }> => orchestrator.executeWorkflow(workflow([task('a')]), {}, { idempotencyKey: 'k' })
    const ids = await Promise.all(Array.from({ length: 20 }, call))
    expect(new Set([...ids, await call()].map(({ id }) => id)).size).toBe(1)
    expect((await orchestrator.getStatistics()).completedTotal).toBe(1)
  })

  it('a signal ends the waiting of who joined, not the execution', async () => {
    const orchestrator = open()
    const flow = workflow([task('a', { agentId: 'wait' })])
    const first = await orchestrator.startWorkflow(flow, {}, { idempotencyKey: 'k' })
    const controller = new AbortController()
    const joined = rejection(orchestrator.executeWorkflow(flow, {}, { idempotencyKey: 'k', signal: controller.signal }))
    await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort(new Error('I must go'))
    expect(await joined).toMatchObject({ code: 'ERR_CANCELLED', message: 'I must go' })
    expect(await first.status()).toBe('running')
    const late = orchestrator.executeWorkflow(flow, {}, { idempotencyKey: 'k', signal: AbortSignal.abort(new Error('never mind')) })
    expect(await rejection(late)).toMatchObject({ code: 'ERR_CANCELLED', message: 'never mind' })
    await first.cancel()
  })

  it('a fork is for whom the execution was, unless it is said otherwise', async () => {
    const orchestrator = open()
    const { id } = await orchestrator.executeWorkflow(workflow([task('a'), task('b')]), {}, { tenant: 'them', priority: 3 })
    const tenantOf = async (options?: object): Promise<unknown> =>
      (await (await orchestrator.forkExecution(id, 'b', options)).result()).tenant
    expect([await tenantOf(), await tenantOf({ tenant: 'others' })]).toEqual(['them', 'others'])
    expect(places(await rejection(orchestrator.forkExecution(id, 'b', { idempotencyKey: 'k' })))).toEqual(['options.idempotencyKey'])
  })

  it('the list is newest first and filtered by workflow, status and time', async () => {
    const orchestrator = open()
    const flow = (id: string, agentId: string): Promise<unknown> =>
      orchestrator.executeWorkflow(workflow([task('a', { agentId })], { id })).catch(() => {})
    await flow('one', 'work')
    await flow('two', 'fail')
    await new Promise((resolve) => setTimeout(resolve, 3))
    await flow('one', 'fail')
    const running = await orchestrator.startWorkflow(workflow([task('a', { agentId: 'wait' })], { id: 'three' }))
    const list = async (filter?: ExecutionListFilter): Promise<string[]> =>
      (await orchestrator.listExecutions(filter)).executions.map(({ workflowId, status }) => `${workflowId} ${status}`)
    const between = (await orchestrator.listExecutions({ limit: 2 })).executions[1]?.startTime
    const all = ['three running', 'one failed', 'two failed', 'one completed']
    expect(await list()).toEqual(all)
    expect(await list({ workflowId: 'one' })).toEqual(['one failed', 'one completed'])
    expect(await list({ status: 'failed' })).toEqual(['one failed', 'two failed'])
    expect(await list({ status: 'running' })).toEqual(['three running'])
    expect(await list({ status: 'failed', workflowId: 'two' })).toEqual(['two failed'])
    expect(await list({ since: between })).toEqual(all.slice(0, 2))
    expect(await list({ until: between })).toEqual(all.slice(2))
    expect(await list({ status: 'paused' })).toEqual([])
    await running.cancel()
    await running.settled()
    expect(await list({ status: 'cancelled' })).toEqual(['three cancelled'])
  })

  it('cursors lead through every page once, whatever is added meanwhile', async () => {
    const orchestrator = open()
    const ids: string[] = []
    for (let n = 0; n < 7; n += 1) ids.unshift((await orchestrator.executeWorkflow(workflow([task('a')]))).id)
    const seen: string[][] = []
    let cursor: string | undefined
    do {
      const page = await orchestrator.listExecutions({ limit: 3, cursor })
      seen.push(page.executions.map(({ id }) => id))
      cursor = page.cursor
      await orchestrator.executeWorkflow(workflow([task('a')]))
    } while (cursor !== undefined)
    expect(seen).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)])
  })

  it('the figures add up', async () => {
    const orchestrator = open()
    const zero = {
      activeWorkflows: 0,
      parkedWorkflows: 0,
      queuedWorkflows: 0,
      waitingForAgents: {},
      queuedTasks: 0,
      runningTasks: 0,
      agentPoolSize: 0,
      completedTotal: 0,
      failedTotal: 0,
      cancelledTotal: 0,
      lateResults: 0,
      eventLoopDelay: { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
    }
    expect(await orchestrator.getStatistics()).toEqual(zero)
    const waiting = await orchestrator.startWorkflow(workflow([task('a', { agentId: 'wait' }), task('b'), task('c')]))
    await until(async () => (await orchestrator.getStatistics()).runningTasks === 1)
    expect(await orchestrator.getStatistics()).toEqual({ ...zero, activeWorkflows: 1, queuedTasks: 2, runningTasks: 1, agentPoolSize: 1 })
    await orchestrator.executeWorkflow(workflow([task('a')], { id: 'good' }))
    await rejection(orchestrator.executeWorkflow(workflow([task('a', { agentId: 'fail' })], { id: 'bad' })))
    await waiting.cancel()
    await waiting.settled()
    expect(await orchestrator.getStatistics()).toEqual({ ...zero, agentPoolSize: 3, completedTotal: 1, failedTotal: 1, cancelledTotal: 1 })
  })
})

it.each<[unknown, string]>([
  [{ limit: 0 }, 'filter.limit'],
  [{ limit: 1001 }, 'filter.limit'],
  [{ status: 'done' }, 'filter.status'],
  [{ since: '2024-01-01' }, 'filter.since'],
  [{ until: new Date(Number.NaN) }, 'filter.until'],
  [{ workflowId: 7 }, 'filter.workflowId'],
  [{ tenant: 'x' }, 'filter.tenant'],
  ['all', 'filter'],
])('a filter that means nothing is refused by path (%j)', async (filter, path) => {
  const error = await rejection(orchestratorWith().listExecutions(filter as ExecutionListFilter))
  expect([error.code, ...places(error)]).toEqual(['ERR_INVALID_ARGUMENT', path])
})

describe('a handle', () => {
  it('of an ended execution of a file gives what was recorded, the error included', async () => {
    const config = stores['os']?.()
    const first = orchestratorWith({ work: () => 'well', fail: () => Promise.reject(new TypeError('broken')) }, config)
    const { id: good } = await first.executeWorkflow(workflow([task('a')]))
    const { execution } = await rejection(first.executeWorkflow(workflow([task('a', { agentId: 'fail' })], { id: 'bad' })))
    await first.shutdown()
    const second = orchestratorWith({}, config)
    expect((await second.getHandle(good).result()).results).toEqual({ a: 'well' })
    const error = await rejection(second.getHandle(execution?.id ?? '').result())
    expect(error).toMatchObject({
      code: 'ERR_TASK_FAILED',
      taskId: 'a',
      message: 'task `a` failed: its agent threw TypeError: broken',
      cause: { name: 'TypeError', message: 'broken', code: 'ERR_AGENT' },
    })
    expect((await second.getHandle(execution?.id ?? '').settled()).status).toBe('failed')
  })

  it('whose result nobody asks for rejects nothing', async () => {
    const { code, stdout, stderr } = await run(
      userFolder(),
      `
      import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
      process.on('unhandledRejection', () => console.log('unhandled'))
      const orchestrator = new MultiAgentOrchestrator()
      orchestrator.agentPool.registerAgentType('fail', { create: () => ({ execute: () => { throw new Error('broken') } }) })
      const handle = await orchestrator.startWorkflow({ id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'fail' }] })
      await handle.settled()
      await new Promise((resolve) => setTimeout(resolve, 20))
      console.log(await handle.status())
    `,
    )
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'failed\n', stderr: '' })
  })

  it('is not a thenable: awaiting it is harmless', async () => {
    const handle = await orchestratorWith({ work: () => 1 }).startWorkflow(workflow([task('a')]))
    expect(handle).not.toHaveProperty('then')
    await handle.result()
  })
})

it('in memory the latest 1,000 ended executions are remembered', async () => {
  const orchestrator = orchestratorWith({ work: () => 1 })
  const flow = workflow([task('a')])
  const first = await orchestrator.executeWorkflow(flow)
  for (let n = 0; n < 1000; n += 100) await Promise.all(Array.from({ length: 100 }, () => orchestrator.executeWorkflow(flow)))
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect((await orchestrator.listExecutions({ limit: 1000 })).executions).toHaveLength(1000)
  expect(await orchestrator.getExecution(first.id)).toBeUndefined()
})
