// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tasks that take longer than they did: one unusual run is an insight, what stays so is one alert, whichever process sees it. Time is the kit's.

import type { Alert } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { describe, expect, it } from 'vitest'
import { hearing } from '../support/alerts.ts'
import { hours, kitWith } from '../support/kits.ts'
import { eventually, task, workflow } from '../support/orchestrators.ts'

const ALL = [new Date(0), new Date(Date.UTC(2200, 0, 1))] as const

/** A kit over a file whose agents sleep for what their prompt says, and whose alerts of anomalies are heard, those of every process. */
async function watched(): Promise<{ kit: TestKit; heard: Alert[]; told: () => string[] }> {
  const heard: Alert[] = []
  let kit: TestKit | undefined
  const work = async ({ input }: { input: { prompt?: unknown } }): Promise<string> => {
    if (input.prompt === 'fail') throw new Error('no')
    await kit?.clock.sleep(Number(input.prompt ?? 0))
    return 'done'
  }
  kit = await kitWith({ work }, { storage: 'file', setup: hearing(heard, 'anomaly:'), workflow: { defaultTimeout: hours(10) } })
  return { kit, heard, told: () => heard.map(({ rule, state, taskId }) => `${rule} ${state} ${taskId}`) }
}

/** How long the task takes in each of so many runs: about as long as always, and never the same. */
const about = (millis: number, runs: number): number[] =>
  Array.from({ length: runs }, (_, run) => Math.round(millis * (1 + ((run * 7) % 10) / 25)))

const takes = (millis: number): ReturnType<typeof workflow> =>
  workflow([task('steady', { input: { prompt: '500' } }), task('slow', { input: { prompt: String(millis) } })])

async function runs(kit: TestKit, times: readonly number[]): Promise<void> {
  for (const millis of times) await kit.run(takes(millis))
}

const anomalies = async (kit: TestKit): Promise<readonly string[]> => {
  const { insights } = await kit.orchestrator.executionMonitor.getWorkflowAnalytics(takes(0).id, ...ALL)
  return insights.filter(({ kind }) => kind === 'anomaly').map(({ description }) => description)
}

describe('a task that takes longer', () => {
  it('is an insight when it does so once', async () => {
    const { kit, told } = await watched()
    await runs(kit, about(1000, 30))
    expect(await anomalies(kit)).toEqual([])
    await runs(kit, [9000, ...about(1000, 10)])
    const found = await anomalies(kit)
    expect(found).toHaveLength(2)
    expect(found.join('\n')).toMatch(/task `slow` took 9\.000 s in execution `[^`]+`, which ended .*; 1\.\d+ s were usual/)
    expect(found.join('\n')).toMatch(/an execution took 9\.5\d+ s/)
    expect(told()).toEqual([])
  })

  it('is one alert when it goes on, which a restart neither repeats nor forgets', async () => {
    const { kit, heard, told } = await watched()
    await runs(kit, [...about(1000, 40), ...about(8000, 5)])
    await eventually(() => expect(told()).toEqual(['anomaly:duration firing slow']))
    expect(heard[0]).toMatchObject({ type: 'anomaly', severity: 'medium' })
    expect(heard[0]?.description).toMatch(
      /^task `slow` of workflow `[^`]+` \(version [^)]+\) takes longer than it did: \d+\.\d+ s, where 1\.\d+ s were usual; /,
    )
    await kit.reopen()
    await runs(kit, about(8000, 5))
    await anomalies(kit)
    await kit.reopen()
    await runs(kit, about(1000, 12))
    await eventually(() => expect(told().slice(1)).toEqual(['anomaly:duration resolved slow']))
    expect(new Set(heard.map(({ id }) => id)).size).toBe(1)
  })
})

it('what tasks failed of is counted by kind, with and without a store', async () => {
  for (const storage of ['file', 'memory'] as const) {
    let order = 0
    const fails = (): never => {
      order += 1
      throw new Error(`order ${order} of "x${order}" timed out`)
    }
    const kit = await kitWith({ fails }, { storage })
    const flow = workflow([task('a', { agentId: 'fails', retryPolicy: { maxAttempts: 1 } })])
    for (let run = 0; run < 3; run += 1) await kit.run(flow).catch(() => {})
    const { performance } = await kit.orchestrator.executionMonitor.getWorkflowAnalytics(flow.id, ...ALL)
    expect(performance.errors, storage).toEqual([
      expect.objectContaining({ code: 'ERR_AGENT', message: 'order # of "#" timed out', count: 3, tasks: ['a'] }),
    ])
  }
})
