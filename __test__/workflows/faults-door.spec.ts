// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Stricter at the door, never inside: what a definition may not hold is refused where it enters, and what stands in a store is read as on the day it
// was accepted. `golden-store.spec.ts` holds the second half to a store that an older package wrote.

import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { KeptLog } from '../support/logs.ts'
import { orchestratorWith, places, rejection, task, thrownBy, until, workflow, type Execute } from '../support/orchestrators.ts'
import { withoutSums } from '../support/pages.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

describe.each(storages)('%s: task ids', (_name, config) => {
  // A task `l[0].c` beside a loop `l` with a task `c`, and a task `a/b` beside one that spawns `b`, had one path, one idempotency key and one place in a
  // fork: an agent that made its effects happen once by that key left one of two out.
  it.each(['a/b', 'l[0]', 'c]', 'a\\b', 'a~b', 'a!compensate'])('%j cannot be one: paths are made of it', async (id) => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    const flow = workflow([{ id: 'group', name: 'g', tasks: [task('fine.too'), task(id)] }])
    const error = await rejection(orchestrator.executeWorkflow(flow))
    expect(places(error)).toEqual(['tasks[0].tasks[1].id'])
    expect(error.message).toContain('the id of a task may not hold / \\ ~ [ ] !')
    expect(places(await rejection(orchestrator.startWorkflow(flow)))).toEqual(['tasks[0].tasks[1].id'])
    expect(places(await rejection(orchestrator.scheduleWorkflow(flow, { every: '1h' })))).toEqual(['tasks[0].tasks[1].id'])
    expect(places(thrownBy(() => orchestrator.workflowEngine.registerWorkflow(flow)))).toEqual(['tasks[0].tasks[1].id'])
    expect(places(await rejection(orchestrator.workflowEngine.loadWorkflow(flow)))).toEqual(['tasks[0].tasks[1].id'])
    const inner = workflow([{ id: 'child', name: 'c', workflow: flow }])
    expect(places(await rejection(orchestrator.executeWorkflow(inner)))).toEqual(['tasks[0].workflow.tasks[0].tasks[1].id'])
  })

  it('are judged where a task is spawned, and where the workflow inside one is', async () => {
    const orchestrator = orchestratorWith(
      {
        host: async (_, { spawn }) => {
          const seen: string[] = []
          const inner = workflow([task('x[1]')])
          for (const given of [
            task('b/c'),
            { id: 'w', name: 'w', workflow: inner },
            { id: 'v', name: 'v', workflow: { ...inner, tasks: [] } },
          ]) {
            try {
              await spawn(given)
            } catch (error) {
              seen.push((error as Error).message)
            }
          }
          return seen
        },
        work: () => 1,
      },
      config(),
    )
    const { results } = await orchestrator.executeWorkflow(workflow([task('host', { agentId: 'host' })]))
    expect(results['host']).toEqual([
      expect.stringContaining('task.id: `b/c` holds `/`'),
      expect.stringContaining('task.workflow.tasks[0].id: `x[1]` holds `[`'),
      expect.stringContaining('task.workflow.tasks: must not be empty'),
    ])
  })
})

/** A store with an execution `kept`, one `broken` whose definition cannot be read any more, a child of that, and two schedules likewise. */
async function brokenStore(): Promise<string> {
  const path = storePath(folder)
  const first = orchestratorWith({ work: () => 1 }, { storage: { path } })
  const waits = { id: 'w', name: 'w', waitFor: { signal: 'go' } }
  const child = { id: 'child', name: 'child', workflow: workflow([waits], { id: 'child' }) }
  await first.startWorkflow(workflow([waits], { id: 'fine' }), {}, { executionId: 'kept' })
  await first.startWorkflow(workflow([child, task('marked-as-broken')], { id: 'bad' }), {}, { executionId: 'broken' })
  await first.executeWorkflow(workflow([task('marked-as-broken')], { id: 'bad-too' }), {}, { executionId: 'broken-and-ended' })
  await first.scheduleWorkflow(workflow([task('a')], { id: 'fine-timer' }), { every: '1h' })
  await first.scheduleWorkflow(workflow([task('marked-as-broken')], { id: 'bad-timer' }), { every: '1h' })
  await until(async () => (await first.getExecution('broken/child/1')) !== undefined)
  await first.shutdown({ drainMs: 0 })
  // The same letters, so that nothing but the definitions is other than it was: `name` becomes a field that nobody knows.
  const text = readFileSync(path, 'latin1').replaceAll('"id":"marked-as-broken","name"', '"id":"marked-as-broken","nama"')
  writeFileSync(path, withoutSums(Buffer.from(text, 'latin1')))
  return path
}

describe('a stored definition that cannot be read', () => {
  // One such definition kept the whole store from opening.
  it('keeps what it belongs to from going on, and nothing else', async () => {
    const path = await brokenStore()
    const logger = new KeptLog()
    const orchestrator = orchestratorWith({ work: () => 1 }, { storage: { path }, logger })
    await orchestrator.ready()
    expect(logger.messages.toSorted()).toEqual([
      expect.stringContaining('the stored definition of execution `broken` cannot be read: tasks[1].nama: unknown field `nama`'),
      expect.stringContaining('the stored schedule `bad-timer` cannot be read: tasks[0].nama: unknown field `nama`'),
    ])
    await orchestrator.signalExecution('kept', 'go', 'well')
    expect((await orchestrator.getHandle('kept').result()).results).toEqual({ w: 'well' })
    // A child goes on by itself: nobody has cancelled it for a parent that may be read again one day.
    await orchestrator.signalExecution('broken/child/1', 'go', 'well')
    expect((await orchestrator.getHandle('broken/child/1').result()).results).toEqual({ w: 'well' })
    expect((await orchestrator.listSchedules()).map(({ id }) => id)).toEqual(['fine-timer'])
    for (const { level, event, alert } of logger.lines) expect([level, event, alert?.rule]).toEqual(['error', 'alert', 'store:damaged'])
  })

  it('is what every call about it says; its id is not free, and lists have it as damaged', async () => {
    const path = await brokenStore()
    const logger = new KeptLog()
    const orchestrator = orchestratorWith({ work: () => 1 }, { storage: { path }, logger })
    await orchestrator.ready()
    logger.lines.length = 0
    const flow = workflow([task('a')], { id: 'bad-timer' })
    const calls: ((one: MultiAgentOrchestrator) => Promise<unknown>)[] = [
      (one) => one.getHandle('broken').settled(),
      (one) => one.cancelExecution('broken'),
      (one) => one.pauseExecution('broken'),
      (one) => one.signalExecution('broken', 'go'),
      (one) => one.forkExecution('broken-and-ended', 'a'),
      (one) => one.retryExecution('broken-and-ended'),
      (one) => one.executeWorkflow(flow, {}, { executionId: 'broken' }),
      (one) => one.getSchedule('bad-timer'),
      (one) => one.scheduleWorkflow(flow, { every: '1h' }),
    ]
    for (const call of calls)
      expect(await rejection(call(orchestrator))).toMatchObject({
        code: 'ERR_STORE_CORRUPT',
        message: expect.stringMatching(/`(broken|bad-timer)/),
      })
    const seen = async () => (await orchestrator.listExecutions()).executions.map(({ id, status }) => `${id} ${status}`)
    await seen()
    expect(await seen()).toEqual(['broken-and-ended damaged', 'broken/child/1 running', 'broken damaged', 'kept running'])
    expect(await orchestrator.getExecution('broken')).toMatchObject({
      status: 'damaged',
      workflowId: 'bad',
      error: { code: 'ERR_STORE_CORRUPT' },
    })
    expect(logger.messages).toEqual([expect.stringContaining('the stored definition of execution `broken-and-ended` cannot be read')])
    expect((await orchestrator.executeWorkflow(workflow([task('a')]))).status).toBe('completed')
  })
})

describe('a fork of an execution out of a store', () => {
  // It was read with a default timeout of 30 s, whatever that of the execution was.
  it('has the time for its tasks that the execution had', async () => {
    let begun: (() => void) | undefined
    const work: Execute = (_, { signal }) => {
      if (begun === undefined) return 1
      begun()
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
    const kit = await kitWith({ work }, { storage: 'file', workflow: { defaultTimeout: '1h' } })
    await kit.run(workflow([task('a')]), {}, { executionId: 'origin' })
    await kit.reopen()
    const underWay = new Promise<void>((resolve) => (begun = resolve))
    const fork = await kit.orchestrator.forkExecution('origin', 'a')
    await underWay
    await kit.clock.advance('59m')
    expect(await fork.status()).toBe('running')
    await kit.clock.advance('1m')
    expect(await rejection(kit.until(fork.result()))).toMatchObject({ cause: { code: 'ERR_TIMEOUT' } })
  })
})
