// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Each orchestrator has a clock of its own. Once there was one for all of a process: opening a file whose journals were two hours ahead of the machine's
// clock, because that had been set back, moved it for every orchestrator, and the wait of an hour of one that had nothing to do with the file was over.

import { expect, it } from 'vitest'
import { run } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'

const folder = userFolder()

const HOURS_MS = 2 * 3_600_000

/** A store with an execution that waits, written while the clock of the machine was two hours ahead. */
async function storeAhead(): Promise<string> {
  const path = storePath(folder)
  const { code, stderr } = await run(
    folder,
    `
    Object.defineProperty(performance, 'timeOrigin', { value: performance.timeOrigin + ${HOURS_MS} })
    const { MultiAgentOrchestrator } = await import('@codexos/multi-agent-orchestrator')
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
    const tasks = [{ id: 'wait', name: 'wait', waitFor: { signal: 'go' } }]
    await orchestrator.startWorkflow({ id: 'flow', name: 'flow', version: '1', tasks }, {}, { executionId: 'waits' })
    await orchestrator.shutdown()
  `,
    [path],
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return path
}

const inAnHour = workflow([{ id: 'wait', name: 'wait', waitFor: { delay: '1h' } }])
const soon = workflow([{ id: 'wait', name: 'wait', waitFor: { delay: '5ms' } }], { id: 'soon' })

it.each(['memory', 'file'])('opening a file that is ahead moves nobody else’s clock: an orchestrator in %s', async (kind) => {
  const path = await storeAhead()
  const other = orchestratorWith({}, kind === 'file' ? { storage: { path: storePath(folder) } } : {})
  const handle = await other.startWorkflow(inAnHour)
  const before = Date.now()
  const ahead = orchestratorWith({}, { storage: { path } })
  await ahead.ready()
  // It looks at its clock and at what is due.
  const { startTime, endTime } = await other.executeWorkflow(soon)
  expect(Math.abs((startTime as Date).getTime() - before)).toBeLessThan(60_000)
  expect(endTime).toBeDefined()
  const { status, metrics } = (await other.getExecution(handle.id)) ?? expect.fail('it is gone')
  expect(status).toBe('running')
  expect(metrics.duration).toBeLessThan(60_000)
})

it('the clock of the one that opened it has moved, and what runs by it is measured by it', async () => {
  const path = await storeAhead()
  const other = orchestratorWith({ work: () => 1 })
  const ahead = orchestratorWith({ work: () => 1 }, { storage: { path } })
  const waits = (await ahead.getExecution('waits')) ?? expect.fail('it is gone')
  expect(waits.startTime.getTime()).toBeGreaterThan(Date.now() + HOURS_MS / 2)
  // By another clock it would have run for minus two hours.
  expect(waits.metrics.duration).toBeGreaterThanOrEqual(0)
  const later = await ahead.executeWorkflow(workflow([task('a')]))
  expect(later.startTime.getTime()).toBeGreaterThan(waits.startTime.getTime())
  const listed = await ahead.listExecutions()
  for (const { metrics } of listed.executions) expect(metrics.duration).toBeGreaterThanOrEqual(0)
  const handle = await other.startWorkflow(inAnHour)
  const running = (await other.getExecution(handle.id)) ?? expect.fail('it is gone')
  expect(running.metrics.duration).toBeGreaterThanOrEqual(0)
  expect(Math.abs(running.startTime.getTime() - Date.now())).toBeLessThan(60_000)
})

it('two with files each keep their own', async () => {
  const here = orchestratorWith({ work: () => 1 }, { storage: { path: storePath(folder) } })
  await here.ready()
  const there = orchestratorWith({ work: () => 1 }, { storage: { path: await storeAhead() } })
  const later = await there.executeWorkflow(workflow([task('a')]))
  const now = await here.executeWorkflow(workflow([task('a')]))
  const apart = later.startTime.getTime() - now.startTime.getTime()
  expect(Math.round(apart / 3_600_000)).toBe(2)
})

it('an id that was drawn says when its execution was accepted, by the clock of its orchestrator', async () => {
  const drawn = (id: string): number => Number.parseInt(id.replace('-', '').slice(0, 12), 16)
  const here = orchestratorWith({ work: () => 1 })
  const there = orchestratorWith({ work: () => 1 }, { storage: { path: await storeAhead() } })
  for (const orchestrator of [there, here]) {
    const { id, startTime } = await orchestrator.executeWorkflow(workflow([task('a')]))
    expect(Math.abs(drawn(id) - startTime.getTime())).toBeLessThan(60_000)
  }
})
