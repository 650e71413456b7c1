// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What one failed task does to the others, and what a cancel does to all.

import { describe, expect, it } from 'vitest'
import { CancelledError, TaskFailedError, type WorkflowExecution } from '@codexos/multi-agent-orchestrator'
import { gate, orchestratorWith, rejection, task, until, untilAborted, workflow, type Execute } from '../support/orchestrators.ts'

const states = (execution: WorkflowExecution | undefined): string[] =>
  (execution?.tasks ?? []).map(({ taskId, status, reason }) => [taskId, status, reason].filter(Boolean).join(' '))

const fail: Execute = () => {
  throw new RangeError('broken')
}

describe('fail-fast', () => {
  it('skips what depends on the failed task and cancels everything else that has not ended', async () => {
    const reasons: unknown[] = []
    const running = gate()
    const orchestrator = orchestratorWith({
      fail: () => running.promise.then(fail as () => never),
      work: () => 'well',
      wait: (_, { signal }) => {
        running.open()
        return untilAborted(signal).catch((reason: unknown) => {
          reasons.push(reason)
          throw reason
        })
      },
      retry: fail,
    })
    const error = await rejection(
      orchestrator.executeWorkflow(
        workflow([
          task('done', { dependencies: [] }),
          task('broken', { agentId: 'fail', dependencies: ['done'] }),
          task('running', { agentId: 'wait', dependencies: ['done'] }),
          task('backing-off', { agentId: 'retry', dependencies: [], retryPolicy: { maxAttempts: 2, initialDelay: '1h' } }),
          task('after-running', { dependencies: ['running'] }),
          task('after-broken', { dependencies: ['broken'] }),
          task('after-that', { dependencies: ['after-broken'] }),
        ]),
      ),
    )
    expect(states(error.execution)).toEqual([
      'done completed',
      'broken failed',
      'running cancelled sibling_failed',
      'backing-off cancelled sibling_failed',
      // Its dependency was cancelled, which is a failure to what depends on it.
      'after-running skipped upstream_failed',
      'after-broken skipped upstream_failed',
      'after-that skipped upstream_failed',
    ])
    expect(reasons).toMatchObject([{ code: 'ERR_SIBLING_FAILED', taskId: 'running' }])
    expect(reasons[0]).toBeInstanceOf(CancelledError)
    expect(error.execution).toMatchObject({
      status: 'failed',
      results: { done: 'well' },
      error: { taskId: 'broken', code: 'ERR_AGENT', message: 'broken' },
      metrics: { tasks: { total: 7, completed: 1, failed: 1, skipped: 3, cancelled: 2 } },
    })
  })

  it('rejects with what the agent threw as the cause', async () => {
    const error = await rejection(orchestratorWith({ work: fail }).executeWorkflow(workflow([task('a')])))
    expect(error).toBeInstanceOf(TaskFailedError)
    expect(error.cause).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({
      name: 'TaskFailedError',
      code: 'ERR_TASK_FAILED',
      message: 'task `a` failed: its agent threw RangeError: broken',
      taskId: 'a',
      executionId: error.execution?.id,
      details: { attempts: 1, code: 'ERR_AGENT' },
      cause: { message: 'broken' },
    })
    expect(Object.keys(error)).not.toContain('execution')
  })

  it('records an answer that comes within the grace, and starts nothing after it', async () => {
    const running = gate()
    const orchestrator = orchestratorWith({
      work: (_, { signal }) => {
        running.open()
        return untilAborted(signal).catch(() => 'finished anyway')
      },
      fail: () => running.promise.then(fail as () => never),
    })
    const tasks = [
      task('slow', { dependencies: [] }),
      task('bad', { agentId: 'fail', dependencies: [] }),
      task('next', { dependencies: ['slow'] }),
    ]
    const { execution } = await rejection(orchestrator.executeWorkflow(workflow(tasks)))
    expect(states(execution)).toEqual(['slow completed', 'bad failed', 'next cancelled sibling_failed'])
    expect(execution?.results).toEqual({ slow: 'finished anyway' })
  })
})

describe('a cancel', () => {
  let release = gate()
  const waiting: Execute = (_, { signal }) => untilAborted(signal)

  it('reaches the agent by its signal and ends the execution as cancelled, with its reason', async () => {
    let reason: unknown
    const orchestrator = orchestratorWith({
      work: (_, { signal }) =>
        untilAborted(signal).catch((aborted: unknown) => {
          reason = aborted
          throw aborted
        }),
    })
    const handle = await orchestrator.startWorkflow(workflow([task('a'), task('b')]))
    await until(async () => (await orchestrator.getStatistics()).runningTasks === 1)
    await orchestrator.cancelExecution(handle.id, 'no longer needed')
    const execution = await handle.settled()
    expect(reason).toMatchObject({
      code: 'ERR_CANCELLED',
      message: 'the execution was cancelled: no longer needed',
      details: { reason: 'no longer needed' },
    })
    expect(states(execution)).toEqual(['a cancelled cancelled', 'b skipped upstream_failed'])
    expect(execution).toMatchObject({ status: 'cancelled', reason: 'no longer needed' })
    const error = await rejection(handle.result())
    expect(error).toBeInstanceOf(CancelledError)
    expect(error).toMatchObject({
      code: 'ERR_CANCELLED',
      message: 'the execution was cancelled: no longer needed',
      executionId: handle.id,
      execution: { id: handle.id },
    })
  })

  it('is idempotent: the first reason stays, and an ended execution stays as it is', async () => {
    const orchestrator = orchestratorWith({ work: waiting, quick: () => 1 })
    const handle = await orchestrator.startWorkflow(workflow([task('a')]))
    await Promise.all([handle.cancel('first'), handle.cancel('second'), orchestrator.cancelExecution(handle.id)])
    expect((await handle.settled()).reason).toBe('first')
    await handle.cancel('third')
    expect((await orchestrator.getExecution(handle.id))?.reason).toBe('first')
    const { id } = await orchestrator.executeWorkflow(workflow([task('a', { agentId: 'quick' })], { id: 'other' }))
    await orchestrator.cancelExecution(id, 'too late')
    expect(await orchestrator.getExecution(id)).toMatchObject({ status: 'completed' })
  })

  it.each<[string, (orchestrator: ReturnType<typeof orchestratorWith>) => Promise<unknown>]>([
    ['cancelExecution', (orchestrator) => orchestrator.cancelExecution('nothing')],
    ['handle.cancel', (orchestrator) => orchestrator.getHandle('nothing').cancel()],
    ['handle.result', (orchestrator) => orchestrator.getHandle('nothing').result()],
    ['handle.settled', (orchestrator) => orchestrator.getHandle('nothing').settled()],
    ['handle.status', (orchestrator) => orchestrator.getHandle('nothing').status()],
  ])('an unknown id is ERR_EXECUTION_NOT_FOUND (%s)', async (_, call) => {
    expect(await rejection(call(orchestratorWith()))).toMatchObject({
      name: 'NotFoundError',
      code: 'ERR_EXECUTION_NOT_FOUND',
      executionId: 'nothing',
    })
  })

  // Once the agent was called after all, as soon as it had been made or its input judged.
  it.each<[string, () => Promise<unknown>, object]>([
    ['its agent is still being made', () => release.promise, {}],
    [
      'its input is still being judged',
      async () => {},
      { schema: { '~standard': { version: 1, vendor: 'slow', validate: (value: unknown) => release.promise.then(() => ({ value })) } } },
    ],
  ])('while %s means that the agent is not called', async (_, wait, input) => {
    release = gate()
    const orchestrator = orchestratorWith()
    const asked = gate()
    orchestrator.agentPool.registerAgentType('slow', {
      create: async () => {
        asked.open()
        await wait()
        return { execute: () => expect.fail('must not be called') }
      },
    })
    const handle = await orchestrator.startWorkflow(workflow([task('a', { agentId: 'slow', input })]))
    if (Object.keys(input).length === 0) await asked.promise
    await handle.cancel()
    release.open()
    expect(states(await handle.settled())).toEqual(['a cancelled cancelled'])
  })

  it('ends a backoff at once', async () => {
    const orchestrator = orchestratorWith({ work: fail })
    const handle = await orchestrator.startWorkflow(workflow([task('a', { retryPolicy: { maxAttempts: 2, initialDelay: '1d' } })]))
    await until(async () => (await orchestrator.getExecution(handle.id))?.tasks[0]?.status === 'waiting')
    await handle.cancel()
    expect(states(await handle.settled())).toEqual(['a cancelled cancelled'])
  })

  it('may come from a signal, whose reason becomes the execution’s', async () => {
    const orchestrator = orchestratorWith({ work: waiting })
    const controller = new AbortController()
    const promise = orchestrator.executeWorkflow(workflow([task('a')]), {}, { signal: controller.signal })
    await until(async () => (await orchestrator.getStatistics()).runningTasks === 1)
    controller.abort(new Error('the user left'))
    expect(await rejection(promise)).toMatchObject({ code: 'ERR_CANCELLED', execution: { status: 'cancelled', reason: 'the user left' } })
  })

  it('a signal’s reason may be anything', async () => {
    const orchestrator = orchestratorWith({ work: waiting })
    const controller = new AbortController()
    const handle = await orchestrator.startWorkflow(workflow([task('a')]), {}, { signal: controller.signal })
    controller.abort(Object.create(null))
    expect((await handle.settled()).reason).toBe('threw a value that cannot be shown')
  })

  it('a signal that has aborted before starts nothing', async () => {
    const orchestrator = orchestratorWith({ work: () => expect.fail('must not run') })
    const reason = new Error('never mind')
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a')]), {}, { signal: AbortSignal.abort(reason) }))
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', message: 'never mind', cause: reason })
    expect((await orchestrator.listExecutions()).executions).toEqual([])
  })

  it('lets go of the signal when the execution ends', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    const { signal } = new AbortController()
    const removed = gate()
    const remove = signal.removeEventListener.bind(signal)
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      remove(...args)
      removed.open()
    }
    await orchestrator.executeWorkflow(workflow([task('a')]), {}, { signal })
    await removed.promise
  })
})
