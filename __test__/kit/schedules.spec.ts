// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Schedules by the time of the test kit.

import { describe, expect, it } from 'vitest'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { hours, kitWith, since, START, wait } from '../support/kits.ts'
import { task, workflow } from '../support/orchestrators.ts'

const only = workflow([task('a')])

describe('schedules', () => {
  /** When the executions of schedules were planned, in milliseconds after the start, earliest first. */
  const planned = async ({ orchestrator }: TestKit): Promise<number[]> => {
    const { executions } = await orchestrator.listExecutions({ limit: 1000 })
    return executions.flatMap(({ schedule }) => (schedule === undefined ? [] : [since(schedule.at)])).toSorted((one, other) => one - other)
  }

  it('run for a year at once, by the clocks of their time zone, each execution at its instant', async () => {
    const kit = await kitWith({ work: () => 1 })
    await kit.orchestrator.scheduleWorkflow(only, { cron: '30 2 * * *', timezone: 'Europe/Berlin' })
    await kit.clock.advance('365d')
    const nights = Array.from({ length: 365 }, (_, day) => {
      const midnight = new Date(START + hours(24 * day))
      const date = midnight.toISOString().slice(0, 10)
      // There is no 02:30 on that day: it runs as soon as it is 03:00. On the day that has two it runs at the first.
      if (date === '2026-03-29') return hours(24 * day + 1)
      return hours(24 * day + (date > '2026-03-29' && date <= '2026-10-25' ? 0.5 : 1.5))
    })
    expect(await planned(kit)).toEqual(nights)
    const { executions } = await kit.orchestrator.listExecutions({ limit: 1000 })
    expect(executions.map(({ startTime }) => since(startTime)).toReversed()).toEqual(nights)
    expect((await kit.orchestrator.getStatistics()).completedTotal).toBe(365)
  })

  it('are what advanceToNext stops at, until they are cancelled', async () => {
    const kit = await kitWith({ work: () => 1 })
    const daily = await kit.orchestrator.scheduleWorkflow(only, { cron: '0 6 * * *' })
    await kit.orchestrator.scheduleWorkflow(only, { every: '10h' }, {}, { id: 'often' })
    const instants: number[] = []
    for (let stop = 0; stop < 4; stop += 1) {
      expect(await kit.clock.advanceToNext()).toBe(true)
      instants.push(since(kit.clock.now()) / hours(1))
    }
    expect(instants).toEqual([6, 10, 20, 30])
    expect([daily.next, (await kit.orchestrator.getSchedule('often'))?.next].map(since)).toEqual([54, 40].map(hours))
    for (const schedule of await kit.orchestrator.listSchedules()) await schedule.cancel()
    expect(await kit.clock.advanceToNext()).toBe(false)
  })

  it('let a run that is waited for pass them by', async () => {
    const kit = await kitWith({ work: () => 1 })
    await kit.orchestrator.scheduleWorkflow(only, { cron: '0 6 * * *' })
    const { endTime } = await kit.run(workflow([wait('a', '30d')], { id: 'month' }))
    expect([since(endTime), (await planned(kit)).length]).toEqual([hours(24 * 30), 30])
  })

  it('lose and double no run, wherever the process ends', async () => {
    const nightly = { cron: '0 2 * * *', missed: 'all' } as const
    const nights = (first: number): number[] => Array.from({ length: 6 - first }, (_, night) => hours(24 * (night + first) + 2))
    let commits = 0
    for (let crashed = true; crashed;) {
      commits += 1
      for (const moment of [{ beforeCommit: commits }, { afterCommit: commits }]) {
        const kit = await kitWith({ work: () => 1 }, { storage: 'file' })
        void kit.crash(moment)
        const code = await kit.orchestrator.scheduleWorkflow(only, nightly).then(
          () => 'kept',
          (error: { code: string }) => error.code,
        )
        expect(code).toBe(commits === 1 ? 'ERR_CRASHED' : 'kept')
        await kit.clock.advance('3d')
        crashed = (await kit.orchestrator.listSchedules().catch((error: { code: string }) => error.code)) === 'ERR_CRASHED'
        await kit.reopen()
        await kit.orchestrator.scheduleWorkflow(only, nightly)
        await kit.clock.advance('3d')
        // What is on no record was never asked for.
        const first = commits === 1 && 'beforeCommit' in moment ? 3 : 0
        expect(await planned(kit), JSON.stringify(moment)).toEqual(nights(first))
        expect((await kit.orchestrator.getStatistics()).activeWorkflows).toBe(0)
        await kit.close()
      }
    }
    expect(commits).toBeGreaterThan(6)
  })
})
