// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Damage has a size: what cannot be read of one execution makes that one unavailable, by name, and everything else opens and runs. What was changed
// is never taken for what was written, and a store that was damaged is never an empty one.

import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type MultiAgentOrchestrator, type Alert } from '@codexos/multi-agent-orchestrator'
import { hearing } from '../support/alerts.ts'
import { start } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { PAGE_BYTES } from '../support/pages.ts'

const folder = userFolder()
const waits = (id: string) => workflow([{ id: 'w', name: 'w', waitFor: { signal: 'go' } }, task('after')], { id })
/** Fills pages by itself, with a word in the middle that stands nowhere else. */
const large = (mark: string): string => 'x'.repeat(3 * PAGE_BYTES) + `middle-of-${mark}` + 'x'.repeat(2 * PAGE_BYTES)

let calls: string[] = []

function open(path: string): MultiAgentOrchestrator {
  const work = ({ context }: { context: object }): string => {
    const { mark } = context as { mark: string }
    calls.push(mark)
    return `result of ${mark}`
  }
  return orchestratorWith({ work }, { storage: { path }, logger: false })
}

/** A store with executions `one` and `two` that wait and `ended` that does not, and a key for `one`; each has pages of its own. */
async function filled(): Promise<string> {
  const path = storePath(folder)
  const orchestrator = open(path)
  const of = (mark: string) => ({ mark, large: large(mark) })
  await orchestrator.startWorkflow(waits('flow'), of('one'), { idempotencyKey: 'key of one' })
  await orchestrator.startWorkflow(waits('flow'), of('two'), { executionId: 'two' })
  await orchestrator.executeWorkflow(workflow([task('a')], { id: 'other' }), of('ended'), { executionId: 'ended' })
  await orchestrator.shutdown({ drainMs: 0 })
  return path
}

/** Flips a bit of the first byte of a text that stands once in a store. */
function flip(path: string, text: string): void {
  const bytes = readFileSync(path)
  const at = bytes.indexOf(text)
  expect(at, text).toBeGreaterThan(0)
  bytes[at] = (bytes[at] as number) ^ 1
  writeFileSync(path, bytes)
}

describe('a flipped bit in one execution', () => {
  it.each(['one', 'two'])('makes %s unavailable, by name; the other one goes on', async (name) => {
    const path = await filled()
    // Within its context, on a page where no other execution has anything.
    flip(path, `middle-of-${name}`)
    calls = []
    const orchestrator = open(path)
    const alerts: Alert[] = []
    hearing(alerts, 'store:')(orchestrator)
    const { executions } = await orchestrator.listExecutions()
    const [damaged] = executions.filter(({ status }) => status === 'damaged')
    expect(executions.map(({ status }) => status).toSorted()).toEqual(['completed', 'damaged', 'running'])
    const id = damaged?.id ?? ''
    expect(damaged).toMatchObject({
      workflowId: 'flow',
      tasks: [],
      results: {},
      error: { code: 'ERR_STORE_CORRUPT', message: expect.stringContaining(id) },
    })
    expect(await orchestrator.getExecution(id)).toEqual(damaged)
    expect(alerts).toEqual([
      expect.objectContaining({
        rule: 'store:damaged',
        state: 'firing',
        severity: 'high',
        executionId: id,
        description: expect.stringMatching(/page \d+/),
      }),
    ])
    const refused = { code: 'ERR_STORE_CORRUPT', message: expect.stringContaining(`\`${id}\``) }
    for (const call of [
      () => orchestrator.signalExecution(id, 'go', 1),
      () => orchestrator.cancelExecution(id),
      () => orchestrator.getHandle(id).result(),
      () => orchestrator.retryExecution(id),
    ])
      expect(await rejection(call())).toMatchObject(refused)
    const other = executions.find(({ status }) => status === 'running')?.id ?? ''
    await orchestrator.signalExecution(other, 'go', 1)
    expect((await orchestrator.getHandle(other).result()).status).toBe('completed')
    expect(calls).toEqual([name === 'one' ? 'two' : 'one'])
    expect((await orchestrator.executeWorkflow(workflow([task('a')]), { mark: 'new' })).results).toEqual({ a: 'result of new' })
    await orchestrator.shutdown()
  })

  it('keeps its key from being free', async () => {
    const path = await filled()
    flip(path, 'middle-of-one')
    calls = []
    const orchestrator = open(path)
    const again = orchestrator.executeWorkflow(waits('flow'), { mark: 'one', large: large('one') }, { idempotencyKey: 'key of one' })
    expect(await rejection(again)).toMatchObject({ code: 'ERR_STORE_CORRUPT' })
    expect(calls).toEqual([])
    await orchestrator.shutdown()
  })
})

describe('a damaged execution', () => {
  const long = (name: string): object => ({
    ...waits(name),
    tasks: [task('a'), { id: 'w', name: 'w', waitFor: { signal: 'go' }, dependencies: ['a'] }],
  })
  const openLarge = (path: string): MultiAgentOrchestrator =>
    orchestratorWith(
      { work: ({ context }) => large((context as unknown as { mark: string }).mark) },
      { storage: { path, retention: { completed: { count: 1000 } } }, logger: false },
    )

  /** A store with results on pages of their own: of one that waits, with a key, and of one that has ended. */
  async function withResults(): Promise<{ path: string; waiting: string }> {
    const path = storePath(folder)
    const orchestrator = openLarge(path)
    const { id } = await orchestrator.startWorkflow(long('flow') as never, { mark: 'waiting' }, { idempotencyKey: 'key' })
    while ((await orchestrator.getExecution(id))?.tasks[0]?.status !== 'completed') await new Promise((resolve) => setTimeout(resolve, 2))
    await orchestrator.executeWorkflow(workflow([task('a')], { id: 'other' }), { mark: 'ended' }, { executionId: 'ended' })
    await orchestrator.executeWorkflow(workflow([task('a')], { id: 'other' }), { mark: 'whole' }, { executionId: 'whole' })
    await orchestrator.shutdown({ drainMs: 0 })
    return { path, waiting: id }
  }

  it('can be deleted, whether it has ended or not; its id and its key are free, and everything else goes on', async () => {
    const { path, waiting } = await withResults()
    for (const mark of ['waiting', 'ended']) flip(path, `middle-of-${mark}`)
    const orchestrator = openLarge(path)
    const alerts: Alert[] = []
    hearing(alerts, 'store:')(orchestrator)
    const told = (): unknown[] => alerts.splice(0).map(({ rule, state, executionId }) => [rule, state, executionId])
    const statuses = async (of: MultiAgentOrchestrator): Promise<Record<string, string>> =>
      Object.fromEntries((await of.listExecutions()).executions.map(({ id, status }) => [id, status]))
    expect(await statuses(orchestrator)).toEqual({ [waiting]: 'damaged', ended: 'damaged', whole: 'completed' })
    const damaged = (state: string): unknown[] => [
      ['store:damaged', state, waiting],
      ['store:damaged', state, 'ended'],
    ]
    expect(told().toSorted()).toEqual(damaged('firing').toSorted())
    await orchestrator.deleteExecution(waiting)
    await orchestrator.deleteExecution('ended')
    expect(told()).toEqual(damaged('resolved'))
    expect(await statuses(orchestrator)).toEqual({ whole: 'completed' })
    const again = await orchestrator.startWorkflow(long('flow') as never, { mark: 'waiting' }, { idempotencyKey: 'key' })
    expect(again.id).toBe(waiting)
    await orchestrator.executeWorkflow(workflow([task('a')], { id: 'other' }), { mark: 'new' }, { executionId: 'ended' })
    await again.signal('go')
    await again.result()
    await orchestrator.shutdown()
    const next = openLarge(path)
    expect(await statuses(next)).toEqual({ whole: 'completed', [waiting]: 'completed', ended: 'completed' })
    await next.shutdown()
  })

  it('that is damaged where other things stand too is refused by name, and everything goes on', async () => {
    const path = await filled()
    flip(path, 'middle-of-two')
    const orchestrator = open(path)
    const error = await rejection(orchestrator.deleteExecution('two'))
    expect(error).toMatchObject({ code: 'ERR_STORE_CORRUPT', executionId: 'two', message: expect.stringContaining('restore a backup') })
    expect(await orchestrator.getExecution('two')).toMatchObject({ status: 'damaged' })
    expect(await orchestrator.pruneExecutions({ status: 'completed' })).toMatchObject({ executions: 1, ids: ['ended'] })
    expect((await orchestrator.executeWorkflow(workflow([task('a')], { id: 'new' }), { mark: 'new' })).results).toEqual({
      a: 'result of new',
    })
    await orchestrator.shutdown()
  })
})

describe('damage to the structure of a store', () => {
  it('refuses the opening by name, and changes nothing', async () => {
    const path = await filled()
    const whole = readFileSync(path)
    for (const [what, at] of [
      ['the first page', 200],
      ['where the checksums are promised', 20],
      ['the size of the pages', 16],
    ] as const) {
      const bytes = Buffer.from(whole)
      bytes[at] = (bytes[at] as number) ^ 8
      writeFileSync(path, bytes)
      const error = await rejection(open(path).ready())
      expect(error, what).toMatchObject({ code: 'ERR_STORE_CORRUPT', message: expect.stringContaining(path) })
      expect(readFileSync(path).equals(bytes), what).toBe(true)
    }
    writeFileSync(path, whole)
    const orchestrator = open(path)
    expect((await orchestrator.listExecutions()).executions).toHaveLength(3)
    await orchestrator.shutdown({ drainMs: 0 })
  })

  it('refuses a file that was cut, at every page', async () => {
    const path = await filled()
    const whole = readFileSync(path)
    for (let end = 0; end < whole.length; end += PAGE_BYTES) {
      writeFileSync(path, whole.subarray(0, end))
      expect(await rejection(open(path).ready()), String(end)).toMatchObject({ code: 'ERR_STORE_CORRUPT' })
    }
  })
})

describe('a store whose file was emptied beside its log', () => {
  it('is no new one: the log with what was acknowledged stays', { timeout: 60_000 }, async () => {
    const path = storePath(folder)
    const child = start(
      folder,
      `import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
      const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
      orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => 1 }) })
      for (let n = 0; n < 20; n++) await orchestrator.executeWorkflow(${JSON.stringify(workflow([task('a')]))})
      console.log('done')
      setInterval(() => {}, 1000)`,
      [path],
    )
    await child.says('done')
    await child.kill()
    const [file, log] = [readFileSync(path), readFileSync(`${path}-wal`)]
    truncateSync(path, 0)
    expect(await rejection(open(path).ready())).toMatchObject({ code: 'ERR_STORE_CORRUPT' })
    expect(readFileSync(`${path}-wal`).equals(log)).toBe(true)
    writeFileSync(path, file)
    const orchestrator = open(path)
    expect((await orchestrator.listExecutions({ limit: 100 })).executions).toHaveLength(20)
    await orchestrator.shutdown()
  })
})
