// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `handle.events`: complete and numbered, whenever it is read and however long it takes.

import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { AgentTask, ExecutionEvent, ExecutionHandle, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder, writeInto } from '../support/folder.ts'
import { orchestratorWith, register, rejection, task, until, untilAborted, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

async function all(handle: ExecutionHandle, after?: number): Promise<ExecutionEvent[]> {
  const events: ExecutionEvent[] = []
  for await (const event of handle.events({ after })) events.push(event)
  return events
}

/** A loop of two passes, whose first attempt fails. */
const flow = workflow([
  {
    id: 'l',
    name: 'l',
    type: 'loop',
    loop: { forEach: [1, 2] },
    tasks: [task('a', { retryPolicy: { maxAttempts: 2, initialDelay: 1 } })],
  },
  task('b', { onError: 'continue', agentId: 'fail' }),
])
const agents = (): Record<string, Execute> => {
  let calls = 0
  return {
    work: () => {
      calls += 1
      if (calls === 1) throw new Error('not yet')
      return calls
    },
    fail: () => Promise.reject(new Error('broken')),
  }
}
const told = ({ seq, type, task: of, error }: ExecutionEvent): unknown[] => [
  seq,
  type,
  of?.taskId,
  ...(error === undefined ? [] : [error.message]),
  ...(type === 'task:iteration' ? [of?.iteration, of?.status] : []),
]
const story = [
  [1, 'workflow:started', undefined],
  [2, 'task:started', 'l'],
  [3, 'task:started', 'l[0].a'],
  [4, 'task:retrying', 'l[0].a', 'not yet'],
  [5, 'task:completed', 'l[0].a'],
  [6, 'task:iteration', 'l', 0, 'completed'],
  [7, 'task:started', 'l[1].a'],
  [8, 'task:completed', 'l[1].a'],
  [9, 'task:iteration', 'l', 1, 'completed'],
  [10, 'task:completed', 'l'],
  [11, 'task:started', 'b'],
  [12, 'task:failed', 'b', 'broken'],
  [13, 'workflow:completed', undefined],
]

describe.each(storages)('%s', (_name, config) => {
  // In memory they were an internal error once the execution had ended, or the events of another that had its place; in a store errors were missing.
  it('are the same while it runs, after its end, and for whoever comes by its id', async () => {
    const orchestrator = orchestratorWith(agents(), config())
    const handle = await orchestrator.startWorkflow(flow)
    const live = await all(handle)
    expect(live.map(told)).toEqual(story)
    expect((await handle.settled()).status).toBe('completed')
    // Its place in the engine is another's now.
    await orchestrator.executeWorkflow(workflow([task('z')], { id: 'other' }))
    await orchestrator.executeWorkflow(workflow([task('z')], { id: 'other' }))
    for (const one of [handle, orchestrator.getHandle(handle.id)]) expect(await all(one)).toEqual(live)
    expect((await all(handle, 9)).map(told)).toEqual(story.slice(9))
    expect(await all(handle, 13)).toEqual([])
  })

  it('what is forgotten of a loop keeps its address', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    const loop = { while: 'iteration < 4', keepLast: 1 }
    const handle = await orchestrator.startWorkflow(workflow([{ id: 'l', name: 'l', type: 'loop', loop, tasks: [task('a')] }]))
    const live = await all(handle)
    expect(live.filter(({ type }) => type === 'task:completed').map(({ task: of }) => of?.taskId)).toEqual([
      'l[0].a',
      'l[1].a',
      'l[2].a',
      'l[3].a',
      'l',
    ])
    const places = (events: ExecutionEvent[]): unknown[] => events.map(({ seq, type, task: of }) => [seq, type, of?.taskId, of?.iteration])
    expect(places(await all(handle))).toEqual(places(live))
    expect((await handle.result()).tasks.map(({ taskId }) => taskId)).toEqual(['l', 'l[2].a', 'l[3].a'])
  })

  it('several readers at once, some of whom are slow, each read everything once', async () => {
    const orchestrator = orchestratorWith({ work: () => new Promise((resolve) => setImmediate(resolve)) }, config())
    const handle = await orchestrator.startWorkflow(workflow(Array.from({ length: 50 }, (_, n) => task(`t${n}`))))
    const read = async (every: number): Promise<number[]> => {
      const seqs: number[] = []
      for await (const { seq } of handle.events()) {
        seqs.push(seq)
        if (seq % every === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
      return seqs
    }
    const expected = Array.from({ length: 102 }, (_, n) => n + 1)
    expect(await Promise.all([read(1000), read(7), read(2)])).toEqual([expected, expected, expected])
  })

  // Where nobody listened to an event, its reader heard of it with the next call of an agent: of a wait never.
  it('a reader alone hears of each as it happens, and may answer it', async () => {
    let go = (): void => {}
    const held = new Promise<void>((resolve) => (go = resolve))
    const orchestrator = orchestratorWith({ work: () => 1, hold: () => held }, config())
    const handle = await orchestrator.startWorkflow(
      workflow([
        task('long', { agentId: 'hold', dependencies: [] }),
        { id: 'ask', name: 'ask', waitFor: { signal: 'yes' }, dependencies: [] },
        task('end'),
      ]),
    )
    const heard: string[] = []
    for await (const { type, task: of } of handle.events()) {
      if (of !== undefined) heard.push(`${type} ${of.taskId}`)
      if (type === 'task:waiting') await handle.signal('yes', 1)
      // The other task is running still.
      if (type === 'task:completed' && of?.taskId === 'ask') go()
    }
    expect(heard.filter((event) => event.endsWith('ask'))).toEqual(['task:started ask', 'task:waiting ask', 'task:completed ask'])
    expect(heard.indexOf('task:completed ask')).toBeLessThan(heard.indexOf('task:completed long'))
  })

  // Each piece of news once made the whole history be read again.
  it('2,000 tasks one after the other are read as they come', async () => {
    const orchestrator = orchestratorWith({ work: async () => 1 }, { ...config(), workflow: { maxTasks: 2000 } })
    const handle = await orchestrator.startWorkflow(workflow(Array.from({ length: 2000 }, (_, n) => task(`t${n}`))))
    expect((await all(handle)).length).toBe(4002)
  }, 15_000)
})

it('go on after a restart where they stopped, without a gap or a repetition', async () => {
  const config = { storage: { path: storePath(folder) } }
  const first = orchestratorWith({ work: () => 1, sleep: (_, { signal }) => untilAborted(signal) }, config)
  const both = workflow([task('a'), task('b', { agentId: 'sleep' }), task('c', { waitFor: { signal: 'go' } })])
  const handle = await first.startWorkflow(both)
  const before: ExecutionEvent[] = []
  const reading = (async () => {
    for await (const event of handle.events()) before.push(event)
  })()
  const cut = rejection(reading)
  await until(() => before.length === 4)
  await first.shutdown({ drainMs: 0 })
  expect((await cut).code).toBe('ERR_CLOSED')
  const second = orchestratorWith({}, config)
  const going = all(second.getHandle(handle.id), before.at(-1)?.seq)
  // What is on record is read before it goes on, and something else is recorded meanwhile.
  await second.signalExecution(handle.id, 'go')
  await new Promise((resolve) => setTimeout(resolve, 20))
  register(second, { work: () => 1, sleep: () => 2 })
  const after = await going
  // The attempt runs a second time, and its task has been announced.
  expect([...before, ...after].map(({ seq, type, task: of }) => [seq, type, of?.taskId])).toEqual([
    [1, 'workflow:started', undefined],
    [2, 'task:started', 'a'],
    [3, 'task:completed', 'a'],
    [4, 'task:started', 'b'],
    [5, 'task:completed', 'b'],
    [6, 'task:waiting', 'c'],
    [7, 'task:started', 'c'],
    [8, 'task:completed', 'c'],
    [9, 'workflow:completed', undefined],
  ])
})

it('in memory those of an executeWorkflow call are gone when it has ended, and that is said', async () => {
  const orchestrator = orchestratorWith({ work: () => 1 })
  const { id } = await orchestrator.executeWorkflow(workflow([task('a')]))
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect(await rejection(all(orchestrator.getHandle(id)))).toMatchObject({
    code: 'ERR_EXECUTION_NOT_FOUND',
    message: expect.stringContaining('startWorkflow'),
  })
})

/** Sends signals until one is refused, and says how many were not. */
const sender = `
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const [path, durability, flow] = process.argv.slice(2)
const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability }, logger: false })
const handle = await orchestrator.startWorkflow(JSON.parse(flow), {}, { executionId: 'mine' })
let sent = 0
try {
  for (;; sent += 1) await handle.signal('go', { n: sent, weight: 'x'.repeat(10_000) })
} catch (error) {
  console.log(error.code + ' ' + sent)
}
process.exit()
`

it.skipIf(process.platform === 'win32').each(['os', 'disk'])('a signal whose promise resolved is on record (%s)', async (durability) => {
  const path = storePath(folder)
  const wait = (id: string, signal: string): AgentTask => ({ id, name: id, waitFor: { signal } })
  const loop = { until: 'tasks.w.output.n == tasks.count.output - 1', maxIterations: 1000 }
  const kept = workflow([wait('count', 'count'), { id: 'l', name: 'l', type: 'loop', loop, tasks: [wait('w', 'go')] }])
  // The file may not grow beyond so many blocks; the signal that would end the process is ignored, so that a write fails.
  const limited = `trap '' XFSZ; ulimit -f 1600; exec "$@"`
  const program = writeInto(folder, `sender-${durability}.mjs`, sender)
  const args = ['-c', limited, 'sh', process.execPath, program, path, durability, JSON.stringify(kept)]
  const [code, sent] = spawnSync('sh', args, { encoding: 'utf8' }).stdout.trim().split(' ')
  expect(code).toBe('ERR_OUTCOME_UNKNOWN')
  expect(Number(sent)).toBeGreaterThan(5)
  const orchestrator = orchestratorWith({}, { storage: { path } })
  await orchestrator.signalExecution('mine', 'count', Number(sent))
  expect((await orchestrator.getHandle('mine').result()).status).toBe('completed')
})
