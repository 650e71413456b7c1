// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Attempts: how often, how long between them, and how long each may take.

import { describe, expect, it } from 'vitest'
import { TimeoutError, type AgentTask, type AttemptContext, type OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { after, untilAborted as asLongAsItMay, type TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, untilAborted, workflow, type Execute } from '../support/orchestrators.ts'

/** Lets every attempt fail; the waits between them in milliseconds. */
async function waits(retryPolicy: AgentTask['retryPolicy']): Promise<number[]> {
  const kit = await kitWith()
  const { calls } = kit.agents.script('work', () => Promise.reject(new Error('again')))
  await rejection(kit.run(workflow([task('a', { retryPolicy })])))
  return calls.slice(1).map(({ at }, place) => at.getTime() - (calls[place]?.at.getTime() ?? 0))
}

describe('a retry', () => {
  it.each<[string, AgentTask['retryPolicy'], number[]]>([
    ['fixed', { maxAttempts: 4, backoffType: 'fixed', initialDelay: 40 }, [40, 40, 40]],
    ['linear', { maxAttempts: 4, backoffType: 'linear', initialDelay: '1h' }, [3_600_000, 7_200_000, 10_800_000]],
    ['exponential', { maxAttempts: 4, backoffType: 'exponential', initialDelay: '40ms' }, [40, 80, 160]],
    ['exponential up to maxDelay', { maxAttempts: 4, backoffType: 'exponential', initialDelay: 40, maxDelay: 60 }, [40, 60, 60]],
  ])('waits as its policy says: %s', async (_, policy, expected) => {
    expect(await waits(policy)).toEqual(expected)
  })

  it('jitter only shortens a wait, by its share at most', async () => {
    const measured = await waits({ maxAttempts: 20, backoffType: 'fixed', initialDelay: '1m', jitter: 0.5 })
    for (const wait of measured) {
      expect(wait).toBeGreaterThanOrEqual(30_000)
      expect(wait).toBeLessThanOrEqual(60_000)
    }
    expect(new Set(measured).size).toBeGreaterThan(10)
  })

  it('full jitter may wait no time at all and still ends', async () => {
    expect(await waits({ maxAttempts: 3, initialDelay: 20, jitter: true })).toHaveLength(2)
  })

  // Never shorter than asked for, but for the rounding of clocks. How much longer is the machine's affair.
  it('waits in real time where time is real', async () => {
    const calls: number[] = []
    const work = (): never => {
      calls.push(performance.now())
      throw new Error('again')
    }
    const retryPolicy = { maxAttempts: 3, backoffType: 'linear', initialDelay: 40 }
    await rejection(orchestratorWith({ work }).executeWorkflow(workflow([task('a', { retryPolicy })])))
    const [first = 0, second = 0, third = 0] = calls
    expect(second - first).toBeGreaterThanOrEqual(39)
    expect(third - second).toBeGreaterThanOrEqual(79)
  })

  it('tells the agent its attempt and keeps the idempotency key', async () => {
    const seen: unknown[] = []
    const orchestrator = orchestratorWith({
      work: ({ attempt: ofTask, executionId }, { attempt, idempotencyKey }) => {
        seen.push([ofTask, attempt, idempotencyKey === `${executionId}:a%20%2C%3A`])
        if (attempt < 3) throw new Error('again')
        return 'well'
      },
    })
    const execution = await orchestrator.executeWorkflow(workflow([task('a ,:', { retryPolicy: { maxAttempts: 5, initialDelay: 1 } })]))
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
  const timingOut = async (work: Execute, rest: Partial<AgentTask>, config = {}): Promise<OrchestratorError> => {
    const kit = await kitWith({ work }, config)
    const failed = rejection(kit.orchestrator.executeWorkflow(workflow([task('a', rest)])))
    await kit.clock.advance('1d')
    return failed
  }

  it('tells the agent by its signal, and fails the attempt with ERR_TIMEOUT', async () => {
    let reason: unknown
    const error = await timingOut(
      (_, { signal }) =>
        untilAborted(signal).catch((aborted: unknown) => {
          reason = aborted
          throw aborted
        }),
      { timeout: '20s' },
    )
    expect(reason).toBeInstanceOf(TimeoutError)
    expect(reason).toMatchObject({ code: 'ERR_TIMEOUT', taskId: 'a', retryable: true })
    expect(error).toMatchObject({
      code: 'ERR_TASK_FAILED',
      taskId: 'a',
      cause: { code: 'ERR_TIMEOUT', message: 'the attempt did not end within its timeout of 20000 ms' },
    })
    expect(error.cause).toBeInstanceOf(TimeoutError)
    expect(error.execution?.metrics.duration).toBeCloseTo(20_000, 0)
  })

  it('an answer after it does not count, even a good one', async () => {
    const error = await timingOut((_, { signal }) => untilAborted(signal).catch(() => 'too late'), { timeout: '15ms' })
    expect(error.cause).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(error.execution?.results).toEqual({})
  })

  it('`workflow.defaultTimeout` holds where a task says nothing, and is 30 s where nobody does', async () => {
    for (const [config, millis] of [
      [{ workflow: { defaultTimeout: 15 } }, 15],
      [{}, 30_000],
    ] as const) {
      const error = await timingOut((_, { signal }) => untilAborted(signal), {}, config)
      expect(error.cause).toMatchObject({ code: 'ERR_TIMEOUT', message: expect.stringContaining(` ${millis} ms`) })
      expect(error.execution?.metrics.duration).toBeCloseTo(millis, 0)
    }
  })

  it('is for one attempt: the next one has its own, and a signal of its own', async () => {
    const kit = await kitWith()
    kit.agents.script('work', [asLongAsItMay, after('20s', (_: unknown, { signal }: AttemptContext) => signal.aborted)])
    const { results, tasks } = await kit.run(workflow([task('a', { timeout: '25s', retryPolicy: { maxAttempts: 2 } })]))
    expect({ results, attempts: tasks[0]?.attempts }).toEqual({ results: { a: false }, attempts: 2 })
  })

  it('a signal first asked for after the abort is aborted', async () => {
    const asked = gate<unknown>()
    const kit: TestKit = await kitWith({
      work: async (_, context) => {
        await kit.clock.sleep(60)
        asked.open((context.signal.reason as { code?: unknown }).code)
      },
    })
    await rejection(kit.run(workflow([task('a', { timeout: 10 })])))
    expect(await asked.promise).toBe('ERR_TIMEOUT')
  })

  it('an agent that ignores its signal is given up after the grace of 5 s; its late answer is counted and dropped', async () => {
    const kit = await kitWith()
    const work = kit.agents.script('work', [
      (_: unknown, { attempt }: AttemptContext) => kit.clock.sleep('1m').then(() => attempt),
      'second',
    ])
    const execution = await kit.run(workflow([task('a', { timeout: '20s', retryPolicy: { maxAttempts: 2, initialDelay: '1s' } })]))
    expect(execution.results).toEqual({ a: 'second' })
    const [first, second] = work.calls.map(({ at }) => at.getTime())
    expect((second ?? 0) - (first ?? 0)).toBe(20_000 + 5000 + 1000)
    expect((await kit.orchestrator.getStatistics()).lateResults).toBe(0)
    await kit.clock.advance('1m')
    expect((await kit.orchestrator.getStatistics()).lateResults).toBe(1)
    expect((await kit.orchestrator.getExecution(execution.id))?.results).toEqual({ a: 'second' })
  })

  it('passes in real time where time is real', async () => {
    const began = performance.now()
    const work: Execute = (_, { signal }) => untilAborted(signal)
    const error = await rejection(orchestratorWith({ work }).executeWorkflow(workflow([task('a', { timeout: 20 })])))
    expect(error.cause).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(performance.now() - began).toBeGreaterThanOrEqual(19)
  })
})
