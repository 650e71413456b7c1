// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The four documented thresholds: what begins, what is over, and what a restart changes of that. Time is the kit's.

import type { Alert, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { describe, expect, it, vi } from 'vitest'
import { hearing } from '../support/alerts.ts'
import { documented } from '../support/documented.ts'
import { hours, kitWith, wait } from '../support/kits.ts'
import { task, workflow } from '../support/orchestrators.ts'
import { asPrinted } from '../support/as-printed.js'

const MINUTE = 60_000

/** A kit whose thresholds are heard, those of every process; agents sleep for what their prompt says, and fail if it says so. */
async function watched(
  monitoring: OrchestratorConfig['monitoring'],
  storage: 'file' | 'memory' = 'file',
): Promise<{ kit: TestKit; heard: Alert[]; told: () => string[] }> {
  const heard: Alert[] = []
  let kit: TestKit | undefined
  const work = async ({ input }: { input: { prompt?: unknown } }): Promise<string> => {
    if (input.prompt === 'fail') throw new Error('no')
    await kit?.clock.sleep(Number(input.prompt ?? 0))
    return 'done'
  }
  const setup = hearing(heard, 'taskFailureRate', 'memoryUsage', 'cpuUsage', 'executionDuration')
  kit = await kitWith({ work }, { storage, monitoring, setup, workflow: { defaultTimeout: hours(10) } })
  return { kit, heard, told: () => heard.map(({ rule, state, severity }) => `${rule} ${state} ${severity}`) }
}

const sleeps = (millis: number): ReturnType<typeof workflow> => workflow([task('a', { input: { prompt: String(millis) } })])
const failing = workflow([task('a', { input: { prompt: 'fail' }, retryPolicy: { maxAttempts: 1 } })])

const many = async (kit: TestKit, count: number, one: ReturnType<typeof workflow>): Promise<void> => {
  for (let done = 0; done < count; done += 1) await kit.run(one).catch(() => {})
}

describe('taskFailureRate', () => {
  it('begins with 20 ends in five minutes, becomes critical, and is over when it has been low for two minutes', async () => {
    const { kit, heard, told } = await watched({ alertThresholds: { taskFailureRate: 10 } })
    await many(kit, 19, failing)
    await kit.clock.advance(10_000)
    expect(told()).toEqual([])
    await many(kit, 81, sleeps(0))
    await kit.clock.advance(10_000)
    expect(told()).toEqual(['taskFailureRate firing high'])
    expect(heard[0]).toMatchObject({ type: 'error', metrics: { failedPercent: 19, thresholdPercent: 10 } })
    expect(heard[0]?.description).toContain('19.0 % of the tasks that ended in the last 5 minutes failed (threshold 10.0 %)')
    await many(kit, 200, failing)
    await kit.clock.advance(10_000)
    expect(told().slice(1)).toEqual(['taskFailureRate firing critical'])
    // For a while nothing ends: that is no good rate. Then all is well.
    await kit.clock.advance(20 * MINUTE)
    expect(told()).toHaveLength(2)
    for (let minute = 0; minute < 4; minute += 1) {
      await many(kit, 30, sleeps(0))
      await kit.clock.advance(MINUTE)
    }
    expect(told().slice(2)).toEqual(['taskFailureRate resolved high'])
    expect(new Set(heard.map(({ id }) => id)).size).toBe(1)
  })

  it('is not announced again by the next process, which says that it is over', async () => {
    const { kit, heard, told } = await watched({ alertThresholds: { taskFailureRate: 10 } })
    const fails = async (): Promise<void> => {
      await many(kit, 30, failing)
      await kit.clock.advance(10_000)
    }
    await fails()
    await kit.reopen()
    await fails()
    expect(told()).toEqual(['taskFailureRate firing critical'])
    const good = async (minutes: number): Promise<void> => {
      for (let minute = 0; minute < minutes; minute += 1) {
        await many(kit, 30, sleeps(0))
        await kit.clock.advance(MINUTE)
      }
    }
    await good(9)
    expect(told().slice(1)).toEqual(['taskFailureRate resolved high'])
    expect(heard[1]?.id).toBe(heard[0]?.id)
    // The cooldown survives a restart too.
    await kit.reopen()
    await fails()
    expect(told()).toHaveLength(2)
    await kit.clock.advance(5 * MINUTE)
    await fails()
    expect(told().slice(2)).toEqual(['taskFailureRate firing critical'])
    expect(heard[2]?.id).not.toBe(heard[0]?.id)
  })
})

describe('executionDuration', () => {
  it('begins while the execution runs, once an execution, becomes critical at twice the threshold, and is over with it', async () => {
    const { kit, heard, told } = await watched({ alertThresholds: { executionDuration: '1m' } }, 'memory')
    const long = await kit.orchestrator.startWorkflow(sleeps(3 * MINUTE))
    const short = await kit.orchestrator.startWorkflow({ ...sleeps(50_000), version: '2.0.0' })
    await kit.clock.advance(59_000)
    expect(told()).toEqual([])
    await kit.clock.advance(5000)
    expect(told()).toEqual(['executionDuration firing high'])
    expect(heard[0]).toMatchObject({ type: 'performance', executionId: long.id, metrics: { thresholdMs: MINUTE } })
    expect(heard[0]?.metrics?.['durationMs']).toBeLessThan(64_001)
    await kit.clock.advance(MINUTE)
    expect(told().slice(1)).toEqual(['executionDuration firing critical'])
    await kit.until(Promise.all([long.result(), short.result()]))
    await kit.clock.advance(5000)
    expect(told().slice(2)).toEqual(['executionDuration resolved high'])
    expect(new Set(heard.map(({ id, executionId }) => `${id} ${executionId}`)).size).toBe(1)
  })

  it('leaves out waits and pauses', async () => {
    const { kit, told } = await watched({ alertThresholds: { executionDuration: '1m' } })
    const waits = workflow([wait('w', '3h'), task('a', { input: { prompt: '30000' }, dependencies: ['w'] })])
    await kit.run(waits)
    const paused = await kit.orchestrator.startWorkflow(
      workflow([task('a', { input: { prompt: '20000' } }), task('b', { dependencies: ['a'], input: { prompt: '20000' } })]),
    )
    await kit.clock.advance(1000)
    await paused.pause()
    await kit.clock.advance(hours(1))
    await paused.resume()
    await kit.until(paused.result())
    expect(told()).toEqual([])
  })

  it('is not announced again after a crash, and is over when the execution has ended', async () => {
    const { kit, heard, told } = await watched({ alertThresholds: { executionDuration: '1m' } })
    const { id } = await kit.orchestrator.startWorkflow(sleeps(90_000))
    await kit.clock.advance(80_000)
    expect(told()).toEqual(['executionDuration firing high'])
    // What was announced is kept within a moment.
    await kit.orchestrator.listExecutions({ fields: 'summary' })
    await kit.crash()
    await kit.reopen()
    await kit.until(kit.orchestrator.getHandle(id).result())
    await kit.clock.advance(5000)
    expect(told().slice(1)).toEqual(['executionDuration resolved high'])
    expect(heard[1]?.id).toBe(heard[0]?.id)
  })
})

describe('what the process needs', () => {
  it('memoryUsage and cpuUsage begin after ten seconds and say what they measured', async () => {
    const { kit, heard } = await watched({ alertThresholds: { memoryUsage: 1, cpuUsage: 0 } }, 'memory')
    await kit.clock.advance(5000)
    expect(heard).toEqual([])
    await kit.clock.advance(10_000)
    expect(heard.map(({ rule, type }) => [rule, type]).toSorted()).toEqual([
      ['cpuUsage', 'resource'],
      ['memoryUsage', 'resource'],
    ])
    const memory = heard.find(({ rule }) => rule === 'memoryUsage')
    expect(memory?.severity).toBe('critical')
    expect(memory?.metrics?.['rssBytes']).toBeGreaterThan(2 ** 20)
    const cpu = heard.find(({ rule }) => rule === 'cpuUsage')
    expect(cpu?.metrics?.['cpuPercent']).toBeGreaterThan(0)
    expect(cpu?.metrics?.['cpuPercent']).toBeLessThanOrEqual(100)
  })

  it('how long it takes is what `monitoring.rules` say', async () => {
    const { kit, told } = await watched({ alertThresholds: { memoryUsage: 1 }, rules: { memoryUsage: { for: '2m' } } }, 'memory')
    await kit.clock.advance(2 * MINUTE)
    expect(told()).toEqual([])
    await kit.clock.advance(10_000)
    expect(told()).toEqual(['memoryUsage firing critical'])
  })

  it('reaches the documented handler as printed', async () => {
    const [, handler = ''] = documented('Performance Monitoring').split('// Monitor alerts\n')
    const spy = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { kit } = await watched({ alertThresholds: { memoryUsage: 1 } }, 'memory')
    await asPrinted(handler, { orchestrator: kit.orchestrator })
    await kit.clock.advance(MINUTE)
    expect(spy.mock.calls).toEqual([
      ['Critical alert:', expect.objectContaining({ rule: 'memoryUsage', severity: 'critical', state: 'firing' })],
    ])
    spy.mockRestore()
  })
})

it('without thresholds nothing is measured, and no alarm is set', async () => {
  const { kit, heard } = await watched({})
  await kit.run(sleeps(0))
  await kit.clock.advance(hours(1))
  expect(heard).toEqual([])
})
