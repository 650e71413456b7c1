// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What must be known of a process that stands or is late: agents that are not there, schedules that were missed, an event loop that is held, and figures that
// there are not. Time is the kit's, but for the event loop.

import { setTimeout as sleep } from 'node:timers/promises'
import { MultiAgentOrchestrator, type Alert } from '@codexos/multi-agent-orchestrator'
import { expect, it } from 'vitest'
import { hearing } from '../support/alerts.ts'
import { kitWith } from '../support/kits.ts'
import { eventually, gate, register, task, workflow } from '../support/orchestrators.ts'

const MINUTE = 60_000
const told = (heard: readonly Alert[]): string[] => heard.map(({ rule, state }) => `${rule} ${state}`)

it('an agent that executions wait for and that is not registered, a minute after the store was opened', async () => {
  const heard: Alert[] = []
  let isComplete = true
  const setup = (orchestrator: MultiAgentOrchestrator): void => {
    hearing(heard, 'agent:missing')(orchestrator)
    if (isComplete) register(orchestrator, { work: () => new Promise(() => {}) })
  }
  const kit = await kitWith({}, { storage: 'file', setup })
  const { id } = await kit.orchestrator.startWorkflow(workflow([task('a')]))
  await kit.crash()
  isComplete = false
  await kit.reopen()
  await kit.clock.advance(MINUTE / 2)
  expect(told(heard)).toEqual([])
  await kit.clock.advance(MINUTE)
  expect(told(heard)).toEqual(['agent:missing firing'])
  expect(heard[0]?.description).toBe(
    `\`${id}\` cannot go on: \`work\` is not registered in this process; register it under that name, or cancel them`,
  )
  // The next process knows that it was told.
  await kit.reopen()
  await kit.clock.advance(3 * MINUTE)
  expect(told(heard)).toHaveLength(1)
  register(kit.orchestrator, { work: () => 1 })
  await eventually(() => expect(told(heard)).toEqual(['agent:missing firing', 'agent:missing resolved']))
  expect(heard[1]?.id).toBe(heard[0]?.id)
})

it('a schedule that was to run while no process had the store', async () => {
  const heard: Alert[] = []
  const kit = await kitWith({ work: () => 1 }, { storage: 'file', setup: hearing(heard, 'schedule:missed') })
  await kit.orchestrator.scheduleWorkflow(workflow([task('a')]), { every: '1h', missed: 'skip' })
  await kit.clock.advance(2.5 * 60 * MINUTE)
  // Those were in time.
  expect(told(heard)).toEqual([])
  await kit.crash()
  await kit.clock.advance(60 * MINUTE)
  await kit.reopen()
  await kit.clock.advance(MINUTE)
  expect(told(heard)).toEqual(['schedule:missed firing'])
  expect(heard[0]?.description).toContain('schedule `flow` was to run at 2026-01-01T03:00:00.000Z, and could not')
  await kit.clock.advance(6 * MINUTE)
  expect(told(heard)).toEqual(['schedule:missed firing', 'schedule:missed resolved'])
})

it('an event loop that is a second late, three times, while agents are at work', async () => {
  const orchestrator = new MultiAgentOrchestrator()
  const heard: Alert[] = []
  hearing(heard, 'eventLoop:delay')(orchestrator)
  const seen = gate()
  register(orchestrator, {
    work: async () => {
      for (let count = 0; count < 3; count += 1) {
        expect(heard).toEqual([])
        for (const end = performance.now() + 1100; performance.now() < end;);
        await sleep(40)
      }
      await seen.promise
    },
  })
  const ended = orchestrator.executeWorkflow(workflow([task('a')]))
  await eventually(() => expect(told(heard)).toEqual(['eventLoop:delay firing']))
  expect(heard[0]?.metrics?.['lateMs']).toBeGreaterThanOrEqual(1000)
  seen.open()
  await ended
  await orchestrator.shutdown()
})

it('thresholds as they stand, of which no data is one of its own', async () => {
  const monitoring = { alertThresholds: { taskFailureRate: 10, executionDuration: '1m', memoryUsage: 1 } } as const
  const kit = await kitWith({ work: () => Promise.reject(new Error('no')) }, { monitoring })
  const failing = workflow([task('a', { retryPolicy: { maxAttempts: 1 } })])
  const standing = async (): Promise<string[]> =>
    (await kit.orchestrator.executionMonitor.getThresholds()).map(({ rule, threshold, state }) => `${rule} ${threshold} ${state}`)
  expect(await standing()).toEqual(['taskFailureRate 10 noData', 'memoryUsage 1 noData', 'executionDuration 60000 quiet'])
  for (let count = 0; count < 19; count += 1) await kit.run(failing).catch(() => {})
  await kit.clock.advance(5000)
  // 19 ends are too few, and memory is high, but not yet for long.
  expect(await standing()).toEqual(['taskFailureRate 10 noData', 'memoryUsage 1 pending', 'executionDuration 60000 quiet'])
  await kit.run(failing).catch(() => {})
  await kit.clock.advance(15_000)
  expect(await standing()).toEqual(['taskFailureRate 10 firing', 'memoryUsage 1 firing', 'executionDuration 60000 quiet'])
  const [rate, memory] = await kit.orchestrator.executionMonitor.getThresholds()
  expect([rate?.value, (memory?.value ?? 0) > 1e6]).toEqual([100, true])
  expect(await new MultiAgentOrchestrator().executionMonitor.getThresholds()).toEqual([])
})
