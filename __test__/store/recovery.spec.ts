// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a killed process leaves behind is continued by the next one.

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { start } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { gate, orchestratorWith, register, rejection, task, thrownBy, until, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()

/** Starts `flow` in a process of its own; an agent writes each call into a file, and the first whose id is `stuck` never ends. */
const program = `
import { appendFileSync } from 'node:fs'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const [path, durability, log, flow, failing] = process.argv.slice(2)
const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability } })
orchestrator.agentPool.registerAgentType('work', { create: () => ({
  execute: async (task, { idempotencyKey }) => {
    appendFileSync(log, task.id + ' ' + task.attempt + ' ' + idempotencyKey + '\\n')
    if (task.id === failing) throw new Error('not yet')
    if (task.id === 'stuck') { console.log('stuck'); await new Promise(() => {}) }
    return { by: 'first', of: task.id }
  },
}) })
orchestrator.on('task:retrying', () => console.log('retrying'))
const handle = await orchestrator.startWorkflow(JSON.parse(flow), { who: 'me' })
console.log('accepted ' + handle.id + '.')
`

const three = workflow([task('done'), task('stuck'), task('after')])

interface Killed {
  readonly id: string
  readonly path: string
  readonly log: string
  calls(): string[]
}

/** Runs the program and kills it as soon as it says `word`. */
async function killed(durability: string, flow: unknown, word: string, failing = ''): Promise<Killed> {
  const path = storePath(folder)
  const log = `${path}.log`
  const child = start(folder, program, [path, durability, log, JSON.stringify(flow), failing])
  await child.says('accepted ')
  await child.says(word)
  const { signal, stdout } = await child.kill()
  expect(signal).toBe('SIGKILL')
  const [, id = ''] = /accepted (\S+)\./.exec(stdout) ?? []
  return { id, path, log, calls: () => readFileSync(log, 'utf8').trim().split('\n') }
}

const logging =
  (log: string): Execute =>
  (given, { idempotencyKey }) => {
    appendFileSync(log, `${given.id} ${given.attempt} ${idempotencyKey}\n`)
    return { by: 'second', of: given.id, context: given.context }
  }

describe.each(['os', 'disk'] as const)('durability %s', (durability) => {
  it('an execution interrupted by SIGKILL is continued; what had finished is not run again', async () => {
    const { id, path, log, calls } = await killed(durability, three, 'stuck')
    const orchestrator = orchestratorWith({ work: logging(log) }, { storage: { path, durability } })
    const { results, tasks } = await orchestrator.getHandle(id).result()
    const context = (dependencies: object): object => ({ who: 'me', dependencies })
    const first = { by: 'first', of: 'done' }
    const second = { by: 'second', of: 'stuck', context: context({ done: first }) }
    expect(results).toEqual({ done: first, stuck: second, after: { by: 'second', of: 'after', context: context({ stuck: second }) } })
    expect(calls()).toEqual([`done 1 ${id}:done`, `stuck 1 ${id}:stuck`, `stuck 1 ${id}:stuck`, `after 1 ${id}:after`])
    expect(tasks.map(({ attempts }) => attempts)).toEqual([1, 1, 1])
  })

  it('a backoff goes on where it was, and attempts keep their count', async () => {
    const flow = workflow([task('flaky', { retryPolicy: { maxAttempts: 3, initialDelay: 1500 } })])
    const { id, path, log, calls } = await killed(durability, flow, 'retrying', 'flaky')
    const orchestrator = orchestratorWith({}, { storage: { path, durability } })
    expect((await orchestrator.getExecution(id))?.tasks[0]).toMatchObject({ status: 'waiting', attempts: 1 })
    register(orchestrator, { work: logging(log) })
    const { startTime, tasks } = await orchestrator.getHandle(id).result()
    expect(calls()).toEqual([`flaky 1 ${id}:flaky`, `flaky 2 ${id}:flaky`])
    expect(tasks[0]).toMatchObject({ status: 'completed', attempts: 2 })
    expect((tasks[0]?.endTime?.getTime() ?? 0) - startTime.getTime()).toBeGreaterThanOrEqual(1499)
  })
})

describe('until its agents are registered, an interrupted execution', () => {
  it('waits, is listed, and says for whom', async () => {
    const flow = workflow([task('stuck'), task('other', { agentId: 'other' })])
    const { id, path, log } = await killed('os', { ...flow, tasks: [flow.tasks[0]] }, 'stuck')
    const orchestrator = orchestratorWith({}, { storage: { path, durability: 'os' } })
    const { waitingForAgents, activeWorkflows } = await orchestrator.getStatistics()
    expect({ waitingForAgents, activeWorkflows }).toEqual({ waitingForAgents: { [id]: ['work'] }, activeWorkflows: 1 })
    expect((await orchestrator.listExecutions({ status: 'running' })).executions.map((execution) => execution.id)).toEqual([id])
    expect(await orchestrator.getHandle(id).status()).toBe('running')
    register(orchestrator, { work: logging(log) })
    expect((await orchestrator.getHandle(id).settled()).status).toBe('completed')
    expect((await orchestrator.getStatistics()).waitingForAgents).toEqual({})
  })

  it('can be cancelled, and stays cancelled', async () => {
    const { id, path, log, calls } = await killed('os', three, 'stuck')
    const orchestrator = orchestratorWith({}, { storage: { path, durability: 'os' } })
    const handle = orchestrator.getHandle(id)
    await orchestrator.ready()
    const settled = handle.settled()
    await handle.cancel('nobody is left')
    const execution = await settled
    expect(execution).toMatchObject({ status: 'cancelled', reason: 'nobody is left', results: { done: { by: 'first' } } })
    expect(execution.tasks.map(({ status }) => status)).toEqual(['completed', 'cancelled', 'skipped'])
    register(orchestrator, { work: logging(log) })
    await orchestrator.shutdown()
    expect(calls()).toHaveLength(2)
    const reopened = orchestratorWith({ work: logging(log) }, { storage: { path, durability: 'os' } })
    expect(await reopened.getExecution(id)).toMatchObject({ status: 'cancelled', reason: 'nobody is left' })
  })

  it('keeps its version: another definition of it is refused until it has ended', async () => {
    const { id, path, log } = await killed('os', three, 'stuck')
    const orchestrator = orchestratorWith({ other: () => 'changed' }, { storage: { path, durability: 'os' } })
    const changed = workflow([task('only', { agentId: 'other' })])
    expect(await rejection(orchestrator.startWorkflow(changed))).toMatchObject({ name: 'ConflictError', code: 'ERR_DEFINITION_CHANGED' })
    register(orchestrator, { work: logging(log) })
    await orchestrator.getHandle(id).result()
    expect((await orchestrator.executeWorkflow(changed)).results).toEqual({ only: 'changed' })
  })
})

it('a changed definition is refused only while the old one runs; names and descriptions are no change', async () => {
  const release = gate()
  const orchestrator = orchestratorWith({ work: () => release.promise, quick: () => 1 })
  const handle = await orchestrator.startWorkflow(workflow([task('a')]))
  await until(async () => (await orchestrator.getStatistics()).runningTasks === 1)
  const changed = workflow([task('a', { agentId: 'quick' })])
  const error = await rejection(orchestrator.executeWorkflow(changed))
  expect(error).toMatchObject({ code: 'ERR_DEFINITION_CHANGED', message: expect.stringMatching(/`flow` version `1\.0\.0`.*new `version`/) })
  expect((await orchestrator.executeWorkflow({ ...changed, version: '2.0.0' })).results).toEqual({ a: 1 })
  const renamed = await orchestrator.startWorkflow(
    workflow([task('a', { name: 'Another name' })], { name: 'x', description: 'y', metadata: { tags: ['z'] } }),
  )
  release.open()
  await Promise.all([handle.result(), renamed.result()])
  expect((await orchestrator.executeWorkflow(changed)).results).toEqual({ a: 1 })
})

// Once `null` was not told from nothing when it was read back.
it('a task that returns nothing has the result null, also out of the file', async () => {
  const path = storePath(folder)
  const nothing = orchestratorWith({ work: () => {} }, { storage: { path, durability: 'os' } })
  const flow = workflow([task('a'), task('b', { agentId: 'later' })])
  register(nothing, { later: () => new Promise(() => {}) })
  const handle = await nothing.startWorkflow(flow)
  await until(async () => (await nothing.getStatistics()).runningTasks === 1)
  await nothing.shutdown({ drainMs: 0 })
  const again = orchestratorWith(
    { work: () => expect.fail('must not run again'), later: ({ context }) => context.dependencies },
    { storage: { path, durability: 'os' } },
  )
  expect((await again.getHandle(handle.id).result()).results).toEqual({ a: null, b: { a: null } })
})

it('nothing is written where no storage is configured', async () => {
  expect(existsSync(`${folder}/store-1.db`)).toBe(true)
  await orchestratorWith({ work: () => 1 }).executeWorkflow(workflow([task('a')]))
  expect(thrownBy(() => orchestratorWith({}, { storage: {} as never })).code).toBe('ERR_CONFIG')
})
