// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Summaries of executions: what a list without values says, in memory and over a file alike.

import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  openArchive,
  type ExecutionSummary,
  type ExecutionSummaryFilter,
  type MultiAgentOrchestrator,
} from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const folder = userFolder()

const agents = {
  work: () => 'done',
  broken: () => {
    throw Object.assign(new Error('no'), { code: 'E_BROKEN' })
  },
}

const places: [string, () => MultiAgentOrchestrator][] = [
  ['in memory', () => orchestratorWith(agents)],
  ['over a file', () => orchestratorWith(agents, { storage: { path: storePath(folder), durability: 'os' } })],
]

async function ids(orchestrator: MultiAgentOrchestrator, filter: Partial<ExecutionSummaryFilter> = {}): Promise<string[]> {
  const { executions } = await orchestrator.listExecutions({ ...filter, fields: 'summary' })
  return executions.map(({ id }) => id)
}

/** Without what differs from run to run. */
function plain({ startTime, endTime, duration, ...summary }: ExecutionSummary): object {
  const rest: Partial<ExecutionSummary> = { ...summary }
  delete (rest as { bytes?: number }).bytes
  return { ...rest, started: startTime !== undefined, ended: endTime !== undefined, took: duration !== undefined }
}

const noUsage = {
  tokenUsage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, totalTokens: 0 },
  cost: 0,
  costComplete: true,
  modelCalls: 0,
}

describe.each(places)('summaries %s', (_, open) => {
  it('say what became of an execution, at once after the call that made it so', async () => {
    const orchestrator = open()
    await orchestrator.executeWorkflow(workflow([task('a'), task('b')]), {}, { executionId: 'good', tenant: 'one' })
    const bad = workflow([task('a', { agentId: 'broken', retryPolicy: { maxAttempts: 1 } }), task('b', { dependencies: ['a'] })], {
      id: 'bad',
    })
    await rejection(orchestrator.executeWorkflow(bad, {}, { executionId: 'bad' }))
    const { executions } = await orchestrator.listExecutions({ fields: 'summary' })
    const tasks = { total: 2, completed: 2, failed: 0, skipped: 0, cancelled: 0 }
    const ended = { version: '1.0.0', resourceUsage: noUsage, started: true, ended: true, took: true }
    expect(executions.map(plain)).toEqual(
      [
        { id: 'good', workflowId: 'flow', status: 'completed', tenant: 'one', tasks, attempts: 2, ...ended },
        {
          id: 'bad',
          workflowId: 'bad',
          status: 'failed',
          error: { code: 'E_BROKEN', taskId: 'a' },
          tasks: { ...tasks, completed: 0, failed: 1, skipped: 1 },
          attempts: 1,
          ...ended,
        },
      ].toSorted((one, other) => executions.findIndex(({ id }) => id === one.id) - executions.findIndex(({ id }) => id === other.id)),
    )
    const whole = await orchestrator.listExecutions()
    for (const { id, startTime, endTime, metrics } of whole.executions)
      expect(executions.find((one) => one.id === id)).toMatchObject({
        startTime,
        endTime,
        tasks: metrics.tasks,
        duration: metrics.duration,
      })
  })

  it('are found by each filter, and by several', async () => {
    const orchestrator = open()
    await orchestrator.executeWorkflow(workflow([task('a')], { id: 'w', version: '1' }), {}, { executionId: 'w1', tenant: 'one' })
    await orchestrator.executeWorkflow(workflow([task('a')], { id: 'w', version: '2' }), {}, { executionId: 'w2', tenant: 'two' })
    await rejection(
      orchestrator.executeWorkflow(workflow([task('a', { agentId: 'broken' })], { id: 'x' }), {}, { executionId: 'x1', tenant: 'two' }),
    )
    const waiting = await orchestrator.startWorkflow(
      workflow([{ id: 's', name: 's', waitFor: { signal: 'go' } }], { id: 'y' }),
      {},
      { executionId: 'y1' },
    )
    await orchestrator.startWorkflow(workflow([{ id: 's', name: 's', waitFor: { delay: '1h' } }], { id: 'z' }), {}, { executionId: 'y2' })
    const cases: [Partial<ExecutionSummaryFilter>, string[]][] = [
      [{}, ['y2', 'y1', 'x1', 'w2', 'w1']],
      [{ workflowId: 'w' }, ['w2', 'w1']],
      [{ workflowId: 'w', version: '2' }, ['w2']],
      [{ version: '1' }, ['w1']],
      [{ tenant: 'two' }, ['x1', 'w2']],
      [{ status: 'failed' }, ['x1']],
      [{ status: 'failed', tenant: 'one' }, []],
      [{ errorCode: 'E_BROKEN' }, ['x1']],
      [{ errorCode: 'E_OTHER' }, []],
      [{ waitingFor: 'signal' }, ['y1']],
      [{ waitingFor: { signal: 'go' } }, ['y1']],
      [{ waitingFor: { signal: 'stop' } }, []],
      [{ waitingFor: 'timer' }, ['y2']],
      [{ waitingFor: { agent: 'work' } }, []],
      [{ idPrefix: 'y' }, ['y2', 'y1']],
      [{ idPrefix: 'w2' }, ['w2']],
      [{ since: new Date(0), until: new Date(1) }, []],
      [{ since: new Date(0) }, ['y2', 'y1', 'x1', 'w2', 'w1']],
    ]
    for (const [filter, expected] of cases)
      expect((await ids(orchestrator, filter)).toSorted(), JSON.stringify(filter)).toEqual(expected.toSorted())
    const [summary] = (await orchestrator.listExecutions({ fields: 'summary', waitingFor: 'signal' })).executions
    expect(summary?.waitsFor).toEqual({ signals: ['go'], agents: [] })
    await waiting.signal('go')
    await waiting.result()
    expect(await ids(orchestrator, { waitingFor: 'signal' })).toEqual([])
    expect(await ids(orchestrator, { idPrefix: 'y', status: 'completed' })).toEqual(['y1'])
  })

  it('come in pages that have each of them once', async () => {
    const orchestrator = open()
    for (let i = 0; i < 11; i += 1) await orchestrator.executeWorkflow(workflow([task('a')]))
    const all = await ids(orchestrator)
    for (const filter of [{}, { workflowId: 'flow' }, { idPrefix: '' }]) {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await orchestrator.listExecutions({ ...filter, fields: 'summary', limit: 4, cursor })
        seen.push(...page.executions.map(({ id }) => id))
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(seen).toEqual(all)
    }
  })

  it('say that an execution waits for its agent while another has all places', async () => {
    const orchestrator = open()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    let begun = (): void => {}
    const started = new Promise<void>((resolve) => (begun = resolve))
    const execute = async (): Promise<void> => (begun(), held)
    orchestrator.agentPool.registerAgentType('one', { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 1 })
    const first = orchestrator.executeWorkflow(workflow([task('a', { agentId: 'one' })]))
    await started
    const second = await orchestrator.startWorkflow(workflow([task('a', { agentId: 'one' })]), {}, { executionId: 'second' })
    expect(await ids(orchestrator, { waitingFor: { agent: 'one' } })).toEqual(['second'])
    release()
    await Promise.all([first, second.result()])
    expect(await ids(orchestrator, { waitingFor: 'agent' })).toEqual([])
  })

  it('refuse a filter that is none by its place', async () => {
    const { listExecutions } = open()
    const bad = { fields: 'summary', waitingFor: { queue: 'x' }, version: 1, tennant: 'x' } as unknown as ExecutionSummaryFilter
    const error = await rejection(listExecutions.call(open(), bad))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    expect((error as unknown as { issues: { path: string }[] }).issues.map(({ path }) => path).toSorted()).toEqual([
      'filter.tennant',
      'filter.version',
      'filter.waitingFor',
    ])
  })
})

it('a filter of summaries without `fields` is told so', async () => {
  const orchestrator = orchestratorWith(agents)
  const error = await rejection(orchestrator.listExecutions({ tenant: 'x' } as object))
  expect(error.message).toContain("filter.tenant: is a filter of summaries only: add `fields: 'summary'`")
})

it('facts stand beside the store for their owner alone, and are made anew when they are gone or are no facts', async () => {
  const path = storePath(folder)
  for (const spoil of [() => {}, () => writeFileSync(`${path}-facts`, 'x'.repeat(5000))]) {
    spoil()
    const orchestrator = orchestratorWith(agents, { storage: { path } })
    await orchestrator.executeWorkflow(workflow([task('a')]))
    const before = await ids(orchestrator)
    expect(before).toEqual((await orchestrator.listExecutions()).executions.map(({ id }) => id))
    await orchestrator.shutdown()
    expect(existsSync(`${path}-facts`)).toBe(true)
    if (process.platform !== 'win32') expect(statSync(`${path}-facts`).mode & 0o777).toBe(0o600)
  }
})

it('an execution that waits for a place is listed before it has a record', async () => {
  const config = { storage: { path: storePath(folder) }, workflow: { maxConcurrentWorkflows: 1 } }
  const orchestrator = orchestratorWith(agents, config)
  const wait = workflow([{ id: 's', name: 's', waitFor: { signal: 'go' } }])
  const first = await orchestrator.startWorkflow(wait, {}, { executionId: 'first' })
  await orchestrator.startWorkflow(wait, {}, { executionId: 'second' })
  const { executions } = await orchestrator.listExecutions({ fields: 'summary' })
  expect(executions.map(({ id, status }) => [id, status])).toEqual([
    ['second', 'pending'],
    ['first', 'running'],
  ])
  await first.signal('go')
})

describe('openArchive', () => {
  it('reads a store that nobody has: lists, executions, events, and summaries although there are no facts', async () => {
    const path = storePath(folder)
    const orchestrator = orchestratorWith(agents, { storage: { path } })
    const { id } = await orchestrator.executeWorkflow(workflow([task('a')]))
    const whole = await orchestrator.getExecution(id)
    const events = await all(orchestrator.getHandle(id).events())
    const { executions } = await orchestrator.listExecutions({ fields: 'summary' })
    await orchestrator.shutdown()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}-facts${suffix}`, { force: true })
    const before = readdirSync(folder)
    const bytes = readFileSync(path)
    const archive = await openArchive(path)
    expect(await archive.getExecution(id)).toEqual(whole)
    expect((await archive.listExecutions()).executions).toEqual([whole])
    expect(await all(archive.events(id))).toEqual(events)
    const page = await archive.listExecutions({ fields: 'summary' })
    expect(page.executions).toEqual(executions)
    expect(page.asOf.getTime()).toBeGreaterThanOrEqual(whole?.endTime?.getTime() ?? Infinity)
    await archive.close()
    expect(await rejection(archive.getExecution(id))).toMatchObject({ code: 'ERR_CLOSED' })
    expect(readdirSync(folder)).toEqual(before)
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  it('reads a store that an orchestrator has, which goes on', async () => {
    const path = storePath(folder)
    const orchestrator = orchestratorWith(agents, { storage: { path } })
    const { id } = await orchestrator.executeWorkflow(workflow([task('a')]))
    await orchestrator.listExecutions({ fields: 'summary' })
    await using archive = await openArchive(path)
    expect((await archive.listExecutions({ fields: 'summary' })).executions.map((one) => one.id)).toEqual([id])
    const next = await orchestrator.executeWorkflow(workflow([task('a')]))
    expect((await archive.getExecution(next.id))?.status).toBe('completed')
  })

  it.each([
    ['ERR_STORE_OPEN', () => join(folder, 'none.db')],
    ['ERR_STORE_CORRUPT', () => (writeFileSync(join(folder, 'text.db'), 'no database\n'.repeat(500)), join(folder, 'text.db'))],
    ['ERR_STORE_OLDER', () => (writeFileSync(join(folder, 'old.db'), gunzipSync(readFileSync(golden))), join(folder, 'old.db'))],
  ])('refuses what it cannot read with %s', async (code, path) => {
    expect(await rejection(openArchive(path()))).toMatchObject({ code })
  })
})

const golden = new URL('../golden/c87b4e4.db.gz', import.meta.url)

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

it('a deleted execution is in no summary after the call that deletes it', async () => {
  const orchestrator = orchestratorWith(agents, { storage: { path: storePath(folder) } })
  const [one, two] = [await orchestrator.executeWorkflow(workflow([task('a')])), await orchestrator.executeWorkflow(workflow([task('a')]))]
  expect((await ids(orchestrator)).length).toBe(2)
  await orchestrator.deleteExecution(one.id)
  expect(await ids(orchestrator)).toEqual([two.id])
})
