// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an execution has beside its tasks when it is moved: its context, schedule, budget, deadline and summary; and its process, which may end at the commit.

import { readFileSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { AgentTask, AgentWorkflow, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { start } from '../support/child.ts'
import { storePath, userFolder, writeInto } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, places, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const approve: AgentTask = { id: 'approve', name: 'approve', waitFor: { signal: 'go' } }
const flow = (last: string, rest: Partial<AgentWorkflow> = {}): AgentWorkflow => workflow([task('a'), approve, task(last)], rest)

/** A kit in a file, whose agent says in `calls` what it was called for. */
async function kitOf(): Promise<{ kit: TestKit; calls: string[] }> {
  const calls: string[] = []
  const work: Execute = ({ id }) => {
    calls.push(id)
    return id
  }
  return { kit: await kitWith({ work }, { storage: 'file' }), calls }
}

const ends = async (orchestrator: MultiAgentOrchestrator, id: string): Promise<string[]> =>
  ((await orchestrator.getExecution(id))?.tasks ?? []).map(({ taskId, status }) => `${taskId} ${status}`)

describe('the context of an execution that is moved', () => {
  const number = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }

  it('is judged by the schema of the new workflow, and stays what it is', async () => {
    const { kit, calls } = await kitOf()
    const { orchestrator } = kit
    const handle = await orchestrator.startWorkflow(flow('b'), { n: 1 }, { executionId: 'one' })
    await kit.clock.advance(0)
    expect(await orchestrator.moveExecution('one', flow('c', { context: number }))).toMatchObject({ way: 'moved', kept: ['a'] })
    await handle.signal('go')
    const { context } = (await kit.until(handle.result())) as unknown as { context: unknown }
    expect([context, calls]).toEqual([{ n: 1 }, ['a', 'c']])
  })

  it.each([
    ['does not fit', number, 'ERR_INPUT_SCHEMA', 'context.n'],
    ['would be another', z.object({ n: z.string(), m: z.number().default(1) }), 'ERR_INVALID_ARGUMENT', 'workflow.context'],
  ])('that %s is refused by path, and nothing is changed', async (_, context, code, path) => {
    const { kit, calls } = await kitOf()
    const { orchestrator } = kit
    const handle = await orchestrator.startWorkflow(flow('b'), { n: 'x' }, { executionId: 'one' })
    await kit.clock.advance(0)
    const error = await rejection(orchestrator.moveExecution('one', flow('c', { context: context as never })))
    expect([error.code, places(error)]).toEqual([code, [path]])
    expect(await ends(orchestrator, 'one')).toEqual(['a completed', 'approve waiting', 'b pending'])
    await handle.signal('go')
    await kit.until(handle.result())
    expect(calls).toEqual(['a', 'b'])
  })
})

it('an execution of a schedule that is moved is one of it still, and the schedule goes on with its own workflow', async () => {
  const { kit, calls } = await kitOf()
  const { orchestrator, clock } = kit
  const schedule = await orchestrator.scheduleWorkflow(flow('b'), { every: '1h', overlap: 'skip' }, {}, { id: 'hourly' })
  await clock.advance('1h')
  const { executions } = await orchestrator.listExecutions()
  const [{ id, schedule: of }] = executions as unknown as [{ id: string; schedule: unknown }]
  await orchestrator.moveExecution(id, flow('c', { version: '2' }))
  expect((await orchestrator.getExecution(id))?.schedule).toEqual(of)
  // It is under way, so the next is left out.
  await clock.advance('1h')
  expect((await orchestrator.listExecutions()).executions).toHaveLength(1)
  await kit.crash()
  await kit.reopen()
  await kit.orchestrator.signalExecution(id, 'go')
  await kit.clock.advance('1h')
  const again = (await kit.orchestrator.listExecutions()).executions
  expect(again.map(({ status }) => status).toSorted()).toEqual(['completed', 'running'])
  const next = again.find(({ status }) => status === 'running')?.id as string
  expect(await ends(kit.orchestrator, next)).toEqual(['a completed', 'approve waiting', 'b pending'])
  expect((await kit.orchestrator.getExecution(id))?.schedule).toEqual(of)
  expect(calls).toEqual(['a', 'c', 'a'])
  await (await kit.orchestrator.getSchedule(schedule.id))?.cancel()
})

it('a budget counts what was done before the move', async () => {
  const { kit, calls } = await kitOf()
  const { orchestrator } = kit
  const more = (...ids: string[]): AgentWorkflow => workflow([task('a'), approve, ...ids.map((id) => task(id))])
  const handle = await orchestrator.startWorkflow(more('b'), {}, { executionId: 'one', budget: { tasks: 2 } })
  await kit.clock.advance(0)
  await orchestrator.moveExecution('one', more('c', 'd'))
  await kit.crash()
  await kit.reopen()
  await kit.orchestrator.signalExecution('one', 'go')
  const { status, error } = await kit.until(kit.orchestrator.getHandle(handle.id).settled())
  expect([status, error?.code, calls]).toEqual(['failed', 'ERR_BUDGET', ['a', 'c']])
})

it.each([
  ['of the workflow, which is the same', '1h', '1h', 60],
  ['of the new workflow, which is later', '1h', '2h', 120],
  ['of the new workflow, which has passed', '1h', '10m', 30],
])('a deadline %s counts from the start', async (_, before, after, minutes) => {
  const { kit } = await kitOf()
  const { orchestrator, clock } = kit
  const { id, settled } = await orchestrator.startWorkflow(flow('b', { deadline: before }), {}, { executionId: 'one' }).then((handle) => ({
    id: handle.id,
    settled: handle.settled(),
  }))
  await clock.advance('30m')
  await orchestrator.moveExecution(id, flow('c', { deadline: after }))
  const { status, error, startTime, endTime } = await kit.until(settled)
  const took = ((endTime?.getTime() ?? 0) - startTime.getTime()) / 60_000
  expect([status, error?.code, Math.round(took)]).toEqual(['failed', 'ERR_DEADLINE', minutes])
})

it('summaries and figures are of the workflow that it was moved to, also when they are made anew', async () => {
  const config = { storage: { path: storePath(folder), durability: 'os' as const } }
  const open = (): MultiAgentOrchestrator => orchestratorWith({ work: ({ id }) => id }, config)
  const seen = async (orchestrator: MultiAgentOrchestrator): Promise<unknown> => {
    const of = async (version: string): Promise<unknown> =>
      (await orchestrator.listExecutions({ fields: 'summary', version })).executions.map(({ id, status, tasks, attempts, waitsFor }) => ({
        id,
        status,
        tasks,
        attempts,
        waitsFor,
      }))
    return [await of('1'), await of('2')]
  }
  const orchestrator = open()
  const done = { tasks: { total: 3, completed: 3, failed: 0, skipped: 0, cancelled: 0 }, attempts: 2, waitsFor: undefined }
  const held = { tasks: { ...done.tasks, completed: 1 }, attempts: 1, waitsFor: { signals: ['go'], agents: [] } }
  for (const executionId of ['moved', 'held']) {
    await orchestrator.startWorkflow(flow('b', { version: '1' }), {}, { executionId })
    while (!(await ends(orchestrator, executionId)).includes('approve waiting')) await new Promise(setImmediate)
    await orchestrator.moveExecution(executionId, flow('c', { version: '2' }))
  }
  await orchestrator.signalExecution('moved', 'go')
  await orchestrator.getHandle('moved').result()
  const expected = [
    [],
    [
      { id: 'held', status: 'running', ...held },
      { id: 'moved', status: 'completed', ...done },
    ],
  ]
  expect(await seen(orchestrator)).toEqual(expected)
  await orchestrator.shutdown()
  for (const end of ['', '-wal', '-shm']) rmSync(`${config.storage.path}-facts${end}`, { force: true })
  expect(await seen(open())).toEqual(expected)
})

describe('a process that is killed at the commit of a move', () => {
  /** Moves an execution, and ends after so many turns of its event loop. */
  const program = `
import { appendFileSync } from 'node:fs'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const [config, before, after, log, turns] = process.argv.slice(2).map((text) => JSON.parse(text))
const orchestrator = new MultiAgentOrchestrator(config)
orchestrator.agentPool.registerAgent('work', ({ id }) => (appendFileSync(log, id + '\\n'), id))
const handle = await orchestrator.startWorkflow(before, {}, { executionId: 'one' })
// What is announced is on record.
for await (const { type } of handle.events()) if (type === 'task:completed') break
while (!(await orchestrator.getExecution('one')).tasks.some(({ taskId, status }) => taskId === 'approve' && status === 'waiting')) await new Promise(setImmediate)
const end = () => process.kill(process.pid, 'SIGKILL')
const moving = orchestrator.moveExecution('one', after)
if (turns === null) void moving.then(end)
else {
  for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
  end()
}
await new Promise(() => {})
`

  it.each(['os', 'disk'] as const)("it is moved, or it is not, and goes on as that (at '%s')", async (durability) => {
    const found = new Set<string>()
    for (const turns of [0, 1, 2, 3, 4, 6, 9, null]) {
      const config = { storage: { path: storePath(folder), durability } }
      const log = writeInto(folder, `called-${durability}-${turns}`, '')
      const given = [config, flow('b', { version: '1' }), flow('c', { version: '2' }), log, turns]
      const { signal } = await start(
        folder,
        program,
        given.map((value) => JSON.stringify(value)),
      ).ended()
      expect(signal).toBe('SIGKILL')
      const orchestrator = orchestratorWith({ work: ({ id }) => `${id} again` }, config)
      const { version } = ((await orchestrator.listExecutions({ fields: 'summary' })).executions[0] ?? {}) as { version?: string }
      const last = version === '2' ? 'c' : 'b'
      // What a caller has heard is on record.
      if (turns === null) expect(version).toBe('2')
      found.add(last)
      await orchestrator.signalExecution('one', 'go', 1)
      const { results } = await orchestrator.getHandle('one').result()
      expect([results, readFileSync(log, 'utf8')]).toEqual([{ a: 'a', approve: 1, [last]: `${last} again` }, 'a\n'])
      await orchestrator.shutdown()
    }
    expect([...found].toSorted()).toEqual(['b', 'c'])
  })
})
