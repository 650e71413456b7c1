// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Attempts: how often, how long between them, and how long each may take.

import { describe, expect, it } from 'vitest'
import { TimeoutError, type AgentTask, type OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { gate, orchestratorWith, rejection, task, until, untilAborted, workflow, type Execute } from './support/orchestrators.ts'

/** Lets every attempt fail; the waits between them in milliseconds. */
async function waits(retryPolicy: AgentTask['retryPolicy']): Promise<number[]> {
  const ends: number[] = []
  const starts: number[] = []
  const orchestrator = orchestratorWith({
    work: () => {
      starts.push(performance.now())
      ends.push(performance.now())
      throw new Error('again')
    },
  })
  await rejection(orchestrator.executeWorkflow(workflow([task('a', { retryPolicy })])))
  return starts.slice(1).map((start, at) => start - (ends[at] ?? 0))
}

describe('a retry', () => {
  // Never shorter than asked for, but for the rounding of clocks. How much longer is the machine's affair; `engine/src/retry.rs` has the
  // exact figures.
  it.each<[string, AgentTask['retryPolicy'], number[]]>([
    ['fixed', { maxAttempts: 4, backoffType: 'fixed', initialDelay: 40 }, [40, 40, 40]],
    ['linear', { maxAttempts: 4, backoffType: 'linear', initialDelay: 40 }, [40, 80, 120]],
    ['exponential', { maxAttempts: 4, backoffType: 'exponential', initialDelay: '40ms' }, [40, 80, 160]],
    ['exponential up to maxDelay', { maxAttempts: 4, backoffType: 'exponential', initialDelay: 40, maxDelay: 60 }, [40, 60, 60]],
  ])('waits as its policy says: %s', async (_, policy, expected) => {
    const measured = await waits(policy)
    expect(measured).toHaveLength(expected.length)
    measured.forEach((wait, at) => expect(wait).toBeGreaterThanOrEqual((expected[at] ?? 0) - 1))
  })

  it('jitter only shortens a wait, by its share at most', async () => {
    const measured = await waits({ maxAttempts: 6, backoffType: 'fixed', initialDelay: 60, jitter: 0.5 })
    measured.forEach((wait) => expect(wait).toBeGreaterThanOrEqual(29))
    expect(new Set(measured.map((wait) => Math.round(wait))).size).toBeGreaterThan(1)
  })

  it('full jitter may wait no time at all and still ends', async () => {
    expect(await waits({ maxAttempts: 3, initialDelay: 20, jitter: true })).toHaveLength(2)
  })

  it('tells the agent its attempt and keeps the idempotency key', async () => {
    const seen: unknown[] = []
    const orchestrator = orchestratorWith({
      work: ({ attempt: ofTask, executionId }, { attempt, idempotencyKey }) => {
        seen.push([ofTask, attempt, idempotencyKey === `${executionId}:a%20%2F%3A`])
        if (attempt < 3) throw new Error('again')
        return 'well'
      },
    })
    const execution = await orchestrator.executeWorkflow(workflow([task('a /:', { retryPolicy: { maxAttempts: 5, initialDelay: 1 } })]))
    expect(seen).toEqual([
      [1, 1, true],
      [2, 2, true],
      [3, 3, true],
    ])
    expect(execution.tasks[0]).toMatchObject({ status: 'completed', attempts: 3, result: 'well' })
    expect(execution.metrics.attempts).toBe(3)
  })

  it.each<[string, unknown, number]>([
    ['an error', new Error('again'), 3],
    ['an error with `retryable: false`', Object.assign(new Error('never again'), { retryable: false }), 1],
    ['an object with `retryable: false`', { retryable: false }, 1],
    ['an error with `retryable: undefined`', Object.assign(new Error('again'), { retryable: undefined }), 3],
  ])('%s is tried as often as it may', async (_, thrown, attempts) => {
    const orchestrator = orchestratorWith({
      work: () => {
        throw thrown
      },
    })
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { retryPolicy: { maxAttempts: 3, initialDelay: 1 } })])))
    expect(error.cause).toBe(thrown)
    expect(error.execution?.tasks[0]).toMatchObject({ status: 'failed', attempts })
  })

  it('holds nothing while it waits: another sequential task runs meanwhile', async () => {
    const order: string[] = []
    const orchestrator = orchestratorWith({
      work: ({ id }, { attempt }) => {
        order.push(`${id}${attempt}`)
        if (id === 'a' && attempt === 1) throw new Error('again')
      },
    })
    const written = { type: 'sequential', dependencies: [] }
    await orchestrator.executeWorkflow(
      workflow([task('a', { ...written, retryPolicy: { maxAttempts: 2, initialDelay: 30 } }), task('b', written)]),
    )
    expect(order).toEqual(['a1', 'b1', 'a2'])
  })
})

describe('a timeout', () => {
  const timingOut = async (work: Execute, rest: Partial<AgentTask>, config = {}): Promise<OrchestratorError> =>
    rejection(orchestratorWith({ work }, config).executeWorkflow(workflow([task('a', rest)])))

  it('tells the agent by its signal, and fails the attempt with ERR_TIMEOUT', async () => {
    let reason: unknown
    const error = await timingOut(
      (_, { signal }) =>
        untilAborted(signal).catch((aborted: unknown) => {
          reason = aborted
          throw aborted
        }),
      { timeout: 20 },
    )
    expect(reason).toBeInstanceOf(TimeoutError)
    expect(reason).toMatchObject({ code: 'ERR_TIMEOUT', taskId: 'a', retryable: true })
    expect(error).toMatchObject({
      code: 'ERR_TASK_FAILED',
      taskId: 'a',
      cause: { code: 'ERR_TIMEOUT', message: 'the attempt did not end within its timeout of 20 ms' },
    })
    expect(error.cause).toBeInstanceOf(TimeoutError)
  })

  it('an answer after it does not count, even a good one', async () => {
    const error = await timingOut((_, { signal }) => untilAborted(signal).catch(() => 'too late'), { timeout: '15ms' })
    expect(error.cause).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(error.execution?.results).toEqual({})
  })

  it('`workflow.defaultTimeout` holds where a task says nothing', async () => {
    const error = await timingOut((_, { signal }) => untilAborted(signal), {}, { workflow: { defaultTimeout: 15 } })
    expect(error.cause).toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining('15 ms') })
  })

  it('is for one attempt: the next one has its own, and a signal of its own', async () => {
    const orchestrator = orchestratorWith({ work: (_, { attempt, signal }) => (attempt === 1 ? untilAborted(signal) : signal.aborted) })
    const { results, tasks } = await orchestrator.executeWorkflow(
      workflow([task('a', { timeout: 25, retryPolicy: { maxAttempts: 2, initialDelay: 1 } })]),
    )
    expect({ results, attempts: tasks[0]?.attempts }).toEqual({ results: { a: false }, attempts: 2 })
  })

  it('a signal first asked for after the abort is aborted', async () => {
    const asked = gate<unknown>()
    await timingOut(
      async (_, context) => {
        await new Promise((resolve) => setTimeout(resolve, 60))
        asked.open((context.signal.reason as { code?: unknown }).code)
      },
      { timeout: 10 },
    )
    expect(await asked.promise).toBe('ERR_TIMEOUT')
  })

  it('an agent that ignores its signal is given up after the grace of 5 s; its late answer is counted and dropped', async () => {
    const release = gate()
    const orchestrator = orchestratorWith({ work: (_, { attempt }) => (attempt === 1 ? release.promise.then(() => 'late') : 'second') })
    const began = performance.now()
    const flow = workflow([task('a', { timeout: 20, retryPolicy: { maxAttempts: 2, initialDelay: 1 } })])
    const { results } = await orchestrator.executeWorkflow(flow)
    expect(performance.now() - began).toBeGreaterThanOrEqual(5000)
    expect(results).toEqual({ a: 'second' })
    release.open()
    await until(async () => (await orchestrator.getStatistics()).lateResults === 1)
  })
})
