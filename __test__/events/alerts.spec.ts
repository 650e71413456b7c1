// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What people must know is announced, by the orchestrator and by its monitor, and logged where no listener hears it.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { start } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { KeptLog } from '../support/logs.ts'
import { orchestratorWith, task, thrownBy, workflow } from '../support/orchestrators.ts'
import type { Alert, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

const folder = userFolder()
const only = workflow([task('a')])

/** A store whose log is damaged in the middle, without the lock that says what is missing: it opens, and says so. */
async function damaged(): Promise<string> {
  const path = storePath(folder)
  const text = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => 1 }) })
    for (let i = 0; i < 20; i += 1) await orchestrator.executeWorkflow(JSON.parse(process.argv[3]))
    process.kill(process.pid, 'SIGKILL')
  `
  await start(folder, text, [path, JSON.stringify(only)]).ended()
  const log = readFileSync(`${path}-wal`)
  const middle = Math.floor(log.length / 2)
  log[middle] = (log[middle] ?? 0) ^ 1
  writeFileSync(`${path}-wal`, log)
  for (const beside of ['-shm', '.lock']) if (existsSync(`${path}${beside}`)) rmSync(`${path}${beside}`)
  return path
}

const opened = async (logger: KeptLog, listen: (orchestrator: MultiAgentOrchestrator) => void): Promise<void> => {
  const orchestrator = orchestratorWith({ work: () => 1 }, { storage: { path: await damaged() }, logger })
  listen(orchestrator)
  await orchestrator.ready()
}

const DAMAGE = {
  id: expect.stringMatching(/^store:log-damaged@\d+$/),
  rule: 'store:log-damaged',
  state: 'firing',
  type: 'error',
  severity: 'high',
  title: 'The log of the store was damaged',
  description: expect.stringMatching(/^`.*` was opened, but its log is damaged at page \d+/),
  timestamp: expect.any(Date),
}

describe('an alert', () => {
  it('is heard by listeners of the orchestrator and of its monitor, and not logged then', async () => {
    const logger = new KeptLog()
    const heard: Alert[] = []
    await opened(logger, (orchestrator) => {
      orchestrator.on('alert', (alert) => heard.push(alert))
      orchestrator.executionMonitor.on('alert', (alert) => heard.push(alert))
    })
    expect(heard).toEqual([DAMAGE, DAMAGE])
    expect(heard[0]?.id).toBe(heard[1]?.id)
    expect(logger.lines).toEqual([])
  })

  it('is logged where no listener hears it', async () => {
    const logger = new KeptLog()
    await opened(logger, (orchestrator) => orchestrator.once('alert', () => {}).removeAllListeners('alert'))
    expect(logger.lines).toEqual([{ level: 'error', event: 'alert', alert: DAMAGE, message: DAMAGE.description }])
  })

  it('harms nothing if a listener throws, and the next one hears it', async () => {
    const logger = new KeptLog()
    const heard = vi.fn<() => void>()
    await opened(logger, (orchestrator) => {
      orchestrator.on('alert', () => {
        throw new Error('not today')
      })
      orchestrator.on('alert', heard)
    })
    expect(heard).toHaveBeenCalledOnce()
    expect(logger.messages).toEqual(["a listener of 'alert' failed: not today"])
  })

  it('reaches the documented handler as printed', async () => {
    const spy = vi.spyOn(console, 'error').mockImplementation(() => {})
    const logger = new KeptLog()
    await opened(logger, (orchestrator) => {
      orchestrator.executionMonitor.on('alert', (alert) => {
        if (alert.severity === 'critical') {
          // Handle critical alerts
          console.error('Critical alert:', alert)
        }
      })
    })
    expect([spy.mock.calls, logger.lines]).toEqual([[], []])
    spy.mockRestore()
  })
})

it('what the monitor does not do yet it says by name', () => {
  const { executionMonitor } = orchestratorWith()
  for (const name of ['getActiveExecutions']) {
    const error = thrownBy(() => (executionMonitor as unknown as Record<string, unknown>)[name])
    expect(error).toMatchObject({ code: 'ERR_NOT_SUPPORTED', details: { name: `executionMonitor.${name}` } })
  }
})
