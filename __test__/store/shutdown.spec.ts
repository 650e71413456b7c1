// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A shutdown is no cancel: what has not ended stays to be continued.

import { expect, it } from 'vitest'
import { ClosedError, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { gate, orchestratorWith, register, rejection, task, until, untilAborted, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()

it('running attempts may finish: their results are recorded, and nothing new starts', async () => {
  const storage = { path: storePath(folder) }
  const release = gate()
  const calls: string[] = []
  const first = orchestratorWith(
    {
      work: async ({ id }) => {
        calls.push(id)
        await release.promise
        return `first ${id}`
      },
    },
    { storage },
  )
  const handle = await first.startWorkflow(workflow([task('a'), task('b')]))
  await until(() => calls.length === 1)
  const result = rejection(handle.result())
  const closed = first.shutdown()
  release.open()
  await closed
  expect(await result).toMatchObject({
    name: 'ClosedError',
    code: 'ERR_CLOSED',
    executionId: handle.id,
    message: expect.stringContaining('open the store again to continue it'),
  })
  const second = orchestratorWith({ work: ({ id }) => `second ${id}` }, { storage })
  expect((await second.getHandle(handle.id).result()).results).toEqual({ a: 'first a', b: 'second b' })
  expect(calls).toEqual(['a'])
})

it('an attempt that does not finish in time is told ERR_SHUTDOWN, and runs again under its own number', async () => {
  const storage = { path: storePath(folder), durability: 'os' as const }
  const reason = gate<unknown>()
  const first = orchestratorWith({ work: (_, { signal }) => untilAborted(signal).catch(reason.open) }, { storage })
  const handle = await first.startWorkflow(workflow([task('a')]))
  await until(async () => (await first.getStatistics()).runningTasks === 1)
  await first.shutdown({ drainMs: 10 })
  expect(await reason.promise).toMatchObject({ name: 'CancelledError', code: 'ERR_SHUTDOWN' })
  const attempts: number[] = []
  const second = orchestratorWith(
    {
      work: (_, { attempt }) => {
        attempts.push(attempt)
        return 'well'
      },
    },
    { storage },
  )
  expect(await second.getHandle(handle.id).result()).toMatchObject({ results: { a: 'well' }, tasks: [{ attempts: 1 }] })
  expect(attempts).toEqual([1])
})

it('in memory what has not ended is gone, and says so', async () => {
  const orchestrator = orchestratorWith({ work: () => new Promise(() => {}) })
  const promise = rejection(orchestrator.executeWorkflow(workflow([task('a')])))
  await until(async () => (await orchestrator.getStatistics()).runningTasks === 1)
  await orchestrator.shutdown({ drainMs: 0 })
  expect(await promise).toMatchObject({ code: 'ERR_CLOSED', message: expect.stringContaining('in memory only and is gone') })
})

it.each<[string, (orchestrator: MultiAgentOrchestrator) => Promise<unknown>]>([
  ['executeWorkflow', (orchestrator) => orchestrator.executeWorkflow(workflow([task('a')]))],
  ['startWorkflow', (orchestrator) => orchestrator.startWorkflow(workflow([task('a')]))],
  ['getStatistics', (orchestrator) => orchestrator.getStatistics()],
  ['listExecutions', (orchestrator) => orchestrator.listExecutions()],
  ['getExecution', (orchestrator) => orchestrator.getExecution('x')],
])('after it, %s is refused with ERR_CLOSED, on a file', async (_, call) => {
  const orchestrator = orchestratorWith({ work: () => 1 }, { storage: { path: storePath(folder) } })
  await orchestrator.shutdown()
  const error = await rejection(call(orchestrator))
  expect(error).toBeInstanceOf(ClosedError)
  expect(error.code).toBe('ERR_CLOSED')
})

it('may be called twice, and calls dispose of each agent once, whatever the others do', async () => {
  const disposed: string[] = []
  const orchestrator = new MultiAgentOrchestrator()
  for (const name of ['throws', 'rejects', 'well', 'never-used']) {
    orchestrator.agentPool.registerAgentType(name, {
      maxAgents: 1,
      create: () => ({
        execute: () => name,
        dispose: () => {
          disposed.push(name)
          if (name === 'throws') throw new Error('in dispose')
          return name === 'rejects' ? Promise.reject(new Error('in dispose')) : undefined
        },
      }),
    })
  }
  await orchestrator.executeWorkflow(workflow(['throws', 'rejects', 'well'].map((name) => task(name, { agentId: name }))))
  await Promise.all([orchestrator.shutdown(), orchestrator.shutdown()])
  await orchestrator.shutdown()
  expect(disposed.toSorted()).toEqual(['rejects', 'throws', 'well'])
})

it('`await using` shuts down', async () => {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path: storePath(folder) } })
  register(orchestrator, { work: () => 1 })
  await orchestrator.executeWorkflow(workflow([task('a')]))
  await orchestrator[Symbol.asyncDispose]()
  expect(await rejection(orchestrator.getStatistics())).toMatchObject({ code: 'ERR_CLOSED' })
})

it('lets go of the file: another orchestrator may open it at once', async () => {
  const storage = { path: storePath(folder) }
  for (let round = 0; round < 5; round += 1) {
    const orchestrator = orchestratorWith({ work: () => round }, { storage })
    await orchestrator.executeWorkflow(workflow([task('a')]))
    await orchestrator.shutdown()
  }
  expect((await orchestratorWith({}, { storage }).listExecutions()).executions.map(({ results }) => results['a'])).toEqual([4, 3, 2, 1, 0])
})

it('before the store is open, shutdown waits for it', async () => {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path: storePath(folder) } })
  await orchestrator.shutdown()
  expect(await rejection(orchestrator.executeWorkflow(workflow([task('a')])))).toMatchObject({ code: 'ERR_CLOSED' })
})
