// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Figures beside figures: two times, and two versions, in memory and over a file alike.

import type { AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { describe, expect, it } from 'vitest'
import { hours, kitWith, START } from '../support/kits.ts'
import { rejection, task, workflow } from '../support/orchestrators.ts'

const at = (hour: number): Date => new Date(START + hours(hour))
const second = (millis: number | null | undefined): number | null => (millis == null ? null : Math.round(millis / 100) / 10)

describe.each(['memory', 'file'] as const)('comparePeriods, %s', (storage) => {
  /** Version 1 for three hours, five runs each: 2 s and 3 s. Then version 2: 2 s and 1 s, and every fifth fails. */
  async function ran(): Promise<TestKit> {
    let version = '1'
    let runs = 0
    const kit: TestKit = await kitWith(
      {
        work: async ({ id }) => {
          await kit.clock.sleep(id === 'fetch' ? 2000 : version === '1' ? 3000 : 1000)
          if (id === 'report' && version === '2' && runs % 5 === 4) throw new Error('no')
        },
      },
      { storage },
    )
    const flow = (): AgentWorkflow => workflow([task('fetch'), task('report')], { version })
    for (version of ['1', '2']) {
      for (let hour = 0; hour < 3; hour += 1) {
        for (runs = 0; runs < 5; runs += 1) await kit.run(flow()).catch(() => {})
        await kit.clock.advance('1h')
      }
    }
    return kit
  }

  it('has what differs between two versions, and between two times, the same', async () => {
    const { orchestrator } = await ran()
    const all = { start: at(0), end: at(10) }
    const versions = await orchestrator.executionMonitor.comparePeriods('flow', { ...all, version: '1' }, { ...all, version: '2' })
    expect([versions.a, versions.b].map(({ version, executionCount }) => [version, executionCount])).toEqual([
      ['1', 15],
      ['2', 15],
    ])
    const { averageDuration, errorRate, attempts, tokens } = versions.difference
    expect([second(averageDuration), errorRate, attempts, tokens]).toEqual([-2, 20, 0, 0])
    expect(versions.tasks.map(({ task: id, difference }) => [id, second(difference.averageDuration), difference.errorRate])).toEqual([
      ['report', -2, 20],
      ['fetch', 0, 0],
    ])
    // Whole hours come from roll-ups, the ends from rows: the cut goes through an hour.
    const cut = 3 + 5 * (5 / 3600)
    const times = await orchestrator.executionMonitor.comparePeriods(
      'flow',
      { start: at(0), end: at(cut) },
      { start: at(cut), end: at(10) },
    )
    expect(times.a.executionCount + times.b.executionCount).toBe(30)
    const nothing = await orchestrator.executionMonitor.comparePeriods('flow', { ...all, version: '1' }, { ...all, version: '3' })
    expect(nothing.b.executionCount).toBe(0)
    expect(nothing.difference.averageDuration).toBeNull()
    expect(nothing.tasks[0]).not.toHaveProperty('b')
  })

  it('says which side is no time', async () => {
    const { executionMonitor } = (await kitWith({}, { storage })).orchestrator
    const good = { start: at(0), end: at(1) }
    const bad: [unknown, string][] = [
      [{ start: at(1), end: at(0) }, 'b.start'],
      [{ ...good, version: 2 }, 'b.version'],
      [{ ...good, tenant: 'x' }, 'b.tenant'],
      [undefined, 'b'],
    ]
    for (const [side, path] of bad)
      expect(await rejection(executionMonitor.comparePeriods('flow', good, side as never))).toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        issues: [{ path }],
      })
  })
})
