// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions are deleted when a caller or the configuration wants it, and never while something needs them.

import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { run as runProgram } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, until, workflow } from '../support/orchestrators.ts'
import type { MultiAgentOrchestrator, OrchestratorConfig, RetentionConfig } from '@codexos/multi-agent-orchestrator'

const folder = userFolder()
const only = workflow([task('a')])
const waiting = workflow([{ id: 'go', name: 'go', waitFor: { signal: 'go' } }], { id: 'waiting' })
const PLACES = ['memory', 'os', 'disk'] as const
const FILES = ['os', 'disk'] as const

function at(place: (typeof PLACES)[number], path = storePath(folder), retention?: RetentionConfig): MultiAgentOrchestrator {
  const config: OrchestratorConfig =
    place === 'memory' ? {} : { storage: { path, durability: place, ...(retention !== undefined && { retention }) } }
  const fail = (): never => {
    throw new Error('no')
  }
  return orchestratorWith(
    {
      work: () => 'x'.repeat(100),
      fail,
      some: ({ executionId }) => executionId + 'x'.repeat(100_000),
      large: ({ executionId }) => executionId + 'x'.repeat(1 << 20),
    },
    { ...config, logger: false },
  )
}

const idsOf = async (orchestrator: MultiAgentOrchestrator): Promise<string[]> =>
  (await orchestrator.listExecutions({ limit: 1000 })).executions.map(({ id }) => id)

async function run(orchestrator: MultiAgentOrchestrator, count: number): Promise<string[]> {
  const ids = []
  for (let n = 0; n < count; n += 1) ids.push((await orchestrator.executeWorkflow(only)).id)
  return ids
}

describe.each(PLACES)('deleteExecution (%s)', (place) => {
  it('deletes an execution that has ended, for every reader, and no other', async () => {
    const orchestrator = at(place)
    const [first, second, third] = (await run(orchestrator, 3)) as [string, string, string]
    await orchestrator.deleteExecution(second)
    expect(await idsOf(orchestrator)).toEqual([third, first])
    expect(await orchestrator.getExecution(second)).toBeUndefined()
    expect(await rejection(orchestrator.deleteExecution(second))).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND', executionId: second })
    expect((await orchestrator.getExecution(first))?.status).toBe('completed')
  })

  it('refuses one that has not ended, and says what to do; after that it goes', async () => {
    const orchestrator = at(place)
    const { id } = await orchestrator.startWorkflow(waiting)
    const error = await rejection(orchestrator.deleteExecution(id))
    expect(error).toMatchObject({ name: 'ConflictError', code: 'ERR_EXECUTION_ACTIVE', executionId: id })
    expect(error.message).toBe(`execution \`${id}\` has not ended; cancel that first: \`cancelExecution('${id}')\``)
    await orchestrator.cancelExecution(id)
    await orchestrator.getHandle(id).settled()
    await orchestrator.deleteExecution(id)
    expect(await idsOf(orchestrator)).toEqual([])
  })

  it('waits for an end that is shown before it is on record', async () => {
    const orchestrator = at(place)
    for (let n = 0; n < 20; n += 1) {
      const { id } = await orchestrator.startWorkflow(only)
      while ((await orchestrator.getExecution(id))?.status !== 'completed') await new Promise((resolve) => setImmediate(resolve))
      await (n % 2 === 0 ? orchestrator.deleteExecution(id) : orchestrator.pruneExecutions({ status: 'completed' }))
      expect(await idsOf(orchestrator)).toEqual([])
    }
  })

  it('leaves a child to its parent, and takes it with it', async () => {
    const orchestrator = at(place)
    orchestrator.workflowEngine.registerWorkflow(workflow([task('leaf')], { id: 'child' }))
    const above = workflow(
      [
        { id: 'sub', name: 'sub', workflow: 'child' },
        { id: 'go', name: 'go', waitFor: { signal: 'go' } },
      ],
      { id: 'above' },
    )
    const handle = await orchestrator.startWorkflow(above)
    const child = `${handle.id}/sub/1`
    await until(async () => (await orchestrator.getExecution(child)) !== undefined)
    await orchestrator.getHandle(child).settled()
    const error = await rejection(orchestrator.deleteExecution(child))
    expect(error).toMatchObject({ code: 'ERR_EXECUTION_NEEDED', details: { by: 'parent', of: handle.id } })
    expect(error.message).toContain(`it goes with that one, once it has ended: \`deleteExecution('${handle.id}')\``)
    expect(await orchestrator.pruneExecutions({ endedBefore: new Date(Date.now() + 1000) })).toMatchObject({ executions: 0 })
    await handle.signal('go')
    await handle.result()
    await orchestrator.deleteExecution(handle.id)
    expect(await idsOf(orchestrator)).toEqual([])
  })

  it('refuses what a fork continues, until that has ended', async () => {
    const orchestrator = at(place)
    const failing = workflow([
      task('bad', { agentId: 'fail' }),
      { id: 'go', name: 'go', waitFor: { signal: 'go' }, triggerRule: 'all_done', dependencies: ['bad'] },
    ])
    const handle = await orchestrator.startWorkflow(failing)
    await handle.signal('go')
    await handle.settled()
    const fork = await orchestrator.retryExecution(handle.id)
    const error = await rejection(orchestrator.deleteExecution(handle.id))
    expect(error).toMatchObject({ code: 'ERR_EXECUTION_NEEDED', details: { by: 'fork', of: fork.id } })
    expect(await orchestrator.pruneExecutions({ status: 'failed' })).toMatchObject({ executions: 0, kept: 1 })
    await fork.signal('go')
    await fork.settled()
    await orchestrator.deleteExecution(handle.id)
    expect(await idsOf(orchestrator)).toEqual([fork.id])
  })

  it('refuses what an idempotency key stands for', async () => {
    const orchestrator = at(place)
    const { id } = await orchestrator.executeWorkflow(only, {}, { idempotencyKey: 'order 7' })
    const error = await rejection(orchestrator.deleteExecution(id))
    expect(error).toMatchObject({ code: 'ERR_EXECUTION_NEEDED', details: { by: 'key', until: expect.any(Date) } })
    expect(await orchestrator.pruneExecutions({ keep: 0 })).toMatchObject({ executions: 0, kept: 1 })
    expect((await orchestrator.executeWorkflow(only, {}, { idempotencyKey: 'order 7' })).id).toBe(id)
  })

  it('names what is no id, and a filter that says nothing', async () => {
    const orchestrator = at(place)
    expect(await rejection(orchestrator.deleteExecution(7 as never))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect((await rejection(orchestrator.pruneExecutions({}))).message).toContain('must say which, by `workflowId`')
    expect((await rejection(orchestrator.pruneExecutions({ state: 'failed' } as never))).message).toContain('filter.state')
    expect((await rejection(orchestrator.pruneExecutions({ keep: -1 }))).message).toContain('filter.keep')
    expect((await rejection(orchestrator.pruneExecutions({ keep: 1 }, { dryRun: 1 } as never))).message).toContain('options.dryRun')
  })
})

describe.each(PLACES)('pruneExecutions (%s)', (place) => {
  it('says what it would delete, and deletes that', async () => {
    const orchestrator = at(place)
    const ids = await run(orchestrator, 4)
    const other = await orchestrator.executeWorkflow(workflow([task('a')], { id: 'other' }))
    await rejection(orchestrator.executeWorkflow(workflow([task('bad', { agentId: 'fail' })], { id: 'bad' })))
    const live = await orchestrator.startWorkflow(waiting)
    const filter = { workflowId: 'flow', keep: 1 }
    const would = await orchestrator.pruneExecutions(filter, { dryRun: true })
    expect(would).toMatchObject({ executions: 3, kept: 0, ids: ids.slice(0, 3) })
    expect(would.bytes > 300).toBe(place !== 'memory')
    expect(await idsOf(orchestrator)).toHaveLength(7)
    expect(await orchestrator.pruneExecutions(filter)).toEqual(would)
    expect(await orchestrator.pruneExecutions(filter)).toMatchObject({ executions: 0, bytes: 0, ids: [] })
    expect((await orchestrator.pruneExecutions({ status: 'failed' })).executions).toBe(1)
    expect(await idsOf(orchestrator)).toEqual([live.id, other.id, ids[3]])
    expect((await orchestrator.pruneExecutions({ endedBefore: new Date(Date.now() + 1000) })).executions).toBe(2)
    expect(await idsOf(orchestrator)).toEqual([live.id])
  })

  it('deletes more than one commit takes', async () => {
    const orchestrator = at(place)
    await Promise.all(Array.from({ length: 250 }, () => orchestrator.executeWorkflow(only)))
    const pruned = await orchestrator.pruneExecutions({ keep: 7 })
    expect([pruned.executions, pruned.ids.length]).toEqual([243, 100])
    expect(await idsOf(orchestrator)).toHaveLength(7)
  })
})

// SQLite gives the number of a row again whose row was the last and is deleted, and the journal insists on its order: a store whose newest
// execution was deleted failed with `ERR_OUTCOME_UNKNOWN` after it was opened again.
describe.each(FILES)('the newest execution is deleted (%s)', (durability) => {
  it('and the store goes on, open and opened again', async () => {
    const path = storePath(folder)
    for (let round = 0; round < 3; round += 1) {
      const orchestrator = at(durability, path)
      const ids = await run(orchestrator, 3)
      for (const id of ids) await orchestrator.deleteExecution(id)
      expect(await idsOf(orchestrator)).toEqual([])
      const [kept] = await run(orchestrator, 1)
      expect(await idsOf(orchestrator)).toEqual([kept])
      await orchestrator.deleteExecution(kept as string)
      await orchestrator.shutdown()
    }
    const orchestrator = at(durability, path)
    const [last] = await run(orchestrator, 1)
    expect(await idsOf(orchestrator)).toEqual([last])
  })

  it('beside one that waits', async () => {
    const path = storePath(folder)
    const first = at(durability, path)
    const { id } = await first.startWorkflow(waiting)
    for (const ended of await run(first, 3)) await first.deleteExecution(ended)
    await first.shutdown()
    const second = at(durability, path)
    await second.signalExecution(id, 'go')
    expect((await second.getHandle(id).settled()).status).toBe('completed')
    expect(await idsOf(second)).toEqual([id])
  })
})

describe.each(FILES)('room (%s)', (durability) => {
  it('is given back', async () => {
    const path = storePath(folder)
    const orchestrator = at(durability, path)
    const large = workflow([task('a', { agentId: 'large' })])
    for (let n = 0; n < 40; n += 1) await orchestrator.executeWorkflow(large)
    const size = (): number => statSync(path).size
    // The rest is in the log, which is moved into the file as more is written.
    await until(async () => size() > 30 << 20 || (await orchestrator.executeWorkflow(large), false))
    expect((await orchestrator.pruneExecutions({ keep: 1 })).bytes).toBeGreaterThan(39 << 20)
    await until(() => size() < 12 << 20)
    await run(orchestrator, 1)
    expect(await idsOf(orchestrator)).toHaveLength(2)
  })
})

describe.each(FILES)('retention (%s)', (durability) => {
  it('keeps so many of each kind, and of each workflow that has limits of its own', async () => {
    const retention = { completed: { count: 5 }, byWorkflow: { other: { completed: { count: 2 } }, all: { completed: {} } } }
    const orchestrator = at(durability, storePath(folder), retention)
    const of = (id: string) => workflow([task('a')], { id })
    for (let n = 0; n < 30; n += 1) for (const id of ['flow', 'other', 'all']) await orchestrator.executeWorkflow(of(id))
    for (let n = 0; n < 8; n += 1)
      await rejection(orchestrator.executeWorkflow(workflow([task('bad', { agentId: 'fail' })], { id: 'bad' })))
    const counts = async (): Promise<number[]> =>
      Promise.all(
        ['flow', 'other', 'all', 'bad'].map(
          async (workflowId) => (await orchestrator.listExecutions({ workflowId, limit: 100 })).executions.length,
        ),
      )
    // It is looked after 50 have ended, and now and then.
    await until(async () => {
      await orchestrator.executeWorkflow(of('all'))
      const [flow, other, all = 0, bad] = await counts()
      return `${flow} ${other} ${bad}` === '5 2 8' && all > 30
    })
  })

  it('keeps what a live fork needs', async () => {
    const path = storePath(folder)
    const orchestrator = at(durability, path, { failed: { count: 0 } })
    const failing = workflow([
      task('bad', { agentId: 'fail' }),
      { id: 'go', name: 'go', waitFor: { signal: 'go' }, triggerRule: 'all_done', dependencies: ['bad'] },
    ])
    const handle = await orchestrator.startWorkflow(failing)
    await handle.signal('go')
    await handle.settled()
    const fork = await orchestrator.retryExecution(handle.id)
    // It is looked after 50 have ended, and now and then.
    await until(async () => {
      await rejection(orchestrator.executeWorkflow(workflow([task('bad', { agentId: 'fail' })], { id: 'bad' })))
      return (await idsOf(orchestrator)).length <= 3
    })
    expect(await idsOf(orchestrator)).toEqual(expect.arrayContaining([fork.id, handle.id]))
  })

  it('bounds the file', async () => {
    const orchestrator = at(durability, storePath(folder), { completed: { bytes: '2MiB' } })
    for (let n = 0; n < 60; n += 1) await orchestrator.executeWorkflow(workflow([task('a', { agentId: 'some' })]))
    const count = async (): Promise<number> => (await orchestrator.pruneExecutions({ keep: 0 }, { dryRun: true })).executions
    await until(async () => (await count()) <= 18)
    expect(await count()).toBeGreaterThan(10)
  })
})

it('retention keeps executions for so long after their end', async () => {
  const orchestrator = at('os', storePath(folder), { completed: { age: 1500 }, failed: { age: '1h' } })
  const [first] = await run(orchestrator, 3)
  await rejection(orchestrator.executeWorkflow(workflow([task('bad', { agentId: 'fail' })], { id: 'bad' })))
  await until(async () => !(await idsOf(orchestrator)).includes(first as string))
  expect(await idsOf(orchestrator)).toHaveLength(1)
})

// At 'disk' another thread writes it, and nothing else kept the process alive: it ended with exit code 13 in the middle of the program.
it.each(FILES)('a program that waits for nothing but a deletion goes on, at %s', async (place) => {
  const ended = await runProgram(
    folder,
    `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: ${JSON.stringify(storePath(folder))}, durability: '${place}' } })
    orchestrator.agentPool.registerAgent('a', async () => 1)
    const { id } = await orchestrator.executeWorkflow({ id: 'w', tasks: [{ id: 'a', agentId: 'a' }] })
    await new Promise((resolve) => setTimeout(resolve))
    await orchestrator.deleteExecution(id)
    console.log(await orchestrator.getExecution(id))
    `,
  )
  expect(ended).toMatchObject({ code: 0, stdout: 'undefined\n' })
})
