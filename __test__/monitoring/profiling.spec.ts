// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `enableProfiling`: who holds the event loop is named, and what processor time goes into is kept.

import { existsSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { MultiAgentOrchestrator, type Alert, type CpuProfile } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { hearing } from '../support/alerts.ts'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { eventually, register, task, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()

/** It goes by processor time: on a busy machine the time that passes is another's. */
function burn(ms: number): void {
  for (
    let spent = process.cpuUsage(), begun = spent;
    spent.user + spent.system - begun.user - begun.system < ms * 1000;
    spent = process.cpuUsage()
  );
}

const AGENTS = Array.from({ length: 10 }, (_, place) => `agent${place}`)
const flow = workflow(AGENTS.map((agentId, place) => task(`t${place}`, { agentId })))

describe('an agent that blocks the event loop', () => {
  // Half of the rounds block when they are called, half after they have waited for something, when nothing of the caller is on the stack any more.
  const rounds = Array.from({ length: 20 }, (_, round) => ({ guilty: AGENTS[(round * 7) % 10] as string, waits: round % 2 === 1 }))

  it('is named with its function in 20 of 20, one of ten that are at work', async () => {
    const named: unknown[] = []
    for (const { guilty, waits } of rounds) {
      const orchestrator = new MultiAgentOrchestrator({ monitoring: { enableProfiling: true } })
      const heard = new Promise<Alert>((resolve) => {
        orchestrator.on('alert', (alert) => {
          if (alert.rule === 'agent:blocking') resolve(alert)
        })
      })
      const plantedWhile = (): void => {
        const begun = process.cpuUsage()
        let spent = begun
        while (spent.user + spent.system - begun.user - begun.system < 200_000) spent = process.cpuUsage()
      }
      const agents = AGENTS.map((id) => {
        const run = async (): Promise<void> => {
          if (waits) await sleep(5)
          if (id === guilty) plantedWhile()
          await sleep(30)
        }
        return [id, run] as const
      })
      register(orchestrator, Object.fromEntries(agents))
      const { id } = await orchestrator.executeWorkflow(flow)
      const { description, executionId, taskId, metrics } = await heard
      named.push([
        description.split(' for ')[0],
        /ms in `plantedWhile` \(.*profiling\.spec\.ts:\d+\), called by `run`/.test(description),
        executionId === id,
        taskId,
        (metrics?.['blockedMs'] ?? 0) >= 50,
      ])
      await orchestrator.shutdown()
    }
    expect(named).toEqual(rounds.map(({ guilty }) => [`agent \`${guilty}\` held the event loop`, true, true, `t${guilty.slice(5)}`, true]))
  }, 120_000)

  it('is not looked for where nothing is profiled', async () => {
    const orchestrator = new MultiAgentOrchestrator()
    const heard: Alert[] = []
    hearing(heard, 'agent:')(orchestrator)
    register(orchestrator, {
      work: async () => {
        burn(200)
        await sleep(60)
      },
    })
    await orchestrator.executeWorkflow(workflow([task('a')]))
    await orchestrator.shutdown()
    expect(heard).toEqual([])
    expect(await orchestrator.executionMonitor.getCpuProfiles()).toEqual([])
  })
})

describe('a CPU profile', () => {
  /** Blocks in two agents, and profiles: what there is of it when the orchestrator is closed is kept. */
  async function profiled(path?: string): Promise<readonly CpuProfile[]> {
    const orchestrator = new MultiAgentOrchestrator({
      monitoring: { enableProfiling: true },
      ...(path !== undefined && { storage: { path } }),
    })
    const heard: Alert[] = []
    hearing(heard, 'agent:blocking')(orchestrator)
    const hashes = (): void => burn(300)
    const work = async (): Promise<void> => {
      hashes()
      await eventually(() => expect(heard).not.toEqual([]))
      // It is under way, or begins at the next turns of the event loop: some of these are in it.
      for (let time = 0; time < 5; time += 1) {
        await sleep(50)
        hashes()
      }
    }
    register(orchestrator, { work })
    await orchestrator.executeWorkflow(workflow([task('a')]))
    await orchestrator.shutdown()
    return orchestrator.executionMonitor.getCpuProfiles()
  }

  it('is taken, names the function, and is kept beside the store', async () => {
    const path = storePath(folder)
    const [profile, ...others] = await profiled(path)
    expect(others).toEqual([])
    expect(profile).toMatchObject({
      rule: 'agent:blocking',
      startedAt: expect.any(Date),
      alertId: expect.stringContaining('agent:blocking/work@'),
    })
    expect(profile?.functions.map(({ functionName }) => functionName)).toEqual(expect.arrayContaining(['burn']))
    expect(profile?.functions[0]?.share).toBeGreaterThan(0)
    const whole = JSON.parse((await profile?.read()) ?? '') as { nodes: unknown[]; samples: unknown[] }
    expect(whole.nodes.length).toBeGreaterThan(1)
    expect(whole.samples.length).toBeGreaterThan(10)
    expect(readdirSync(`${path}-profiles`)).toEqual([`${profile?.id}.cpuprofile`])
  })

  it('is in memory where there is no store', async () => {
    const [profile] = await profiled()
    expect(JSON.parse((await profile?.read()) ?? '')).toHaveProperty('nodes')
    expect(existsSync(`${storePath(folder)}-profiles`)).toBe(false)
  })
})
