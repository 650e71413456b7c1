// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution goes on under another definition, where it is: what it has done and what it waits for stays, and nothing of that is called again.

import { describe, expect, it } from 'vitest'
import type { AgentTask, AgentWorkflow, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ["in a store at 'os'", () => ({ storage: { path: storePath(folder), durability: 'os' } })],
  ["in a store at 'disk'", () => ({ storage: { path: storePath(folder) } })],
]

interface Recording {
  readonly orchestrator: MultiAgentOrchestrator
  /** What was called, by path, since the last look. */
  calls(): string[]
}

function recording(config: OrchestratorConfig, broken: ReadonlySet<string> = new Set()): Recording {
  const seen: string[] = []
  const work: Execute = ({ id, input: { data } }, { idempotencyKey }) => {
    const path = decodeURIComponent(idempotencyKey.slice(idempotencyKey.lastIndexOf(':') + 1))
    seen.push(path)
    if (broken.has(path)) throw new Error(`${path} is broken`)
    return data === undefined ? id : { id, data }
  }
  const orchestrator = orchestratorWith({ work, other: work }, { ...config, workflow: { allowRedefinition: true } })
  return { orchestrator, calls: () => seen.splice(0) }
}

const data = (value: unknown): Partial<AgentTask> => ({ input: { data: value } })
const approve: AgentTask = { id: 'approve', name: 'approve', waitFor: { signal: 'go' } }

/** Starts a workflow, and resolves once one of its tasks waits. */
async function waiting(orchestrator: MultiAgentOrchestrator, flow: AgentWorkflow, executionId?: string): Promise<string> {
  const handle = await orchestrator.startWorkflow(flow, {}, { ...(executionId !== undefined && { executionId }) })
  await until(orchestrator, handle.id, 'approve')
  return handle.id
}

/** Resolves once a task waits, for a signal and not for its turn, or has completed. */
async function until(
  orchestrator: MultiAgentOrchestrator,
  id: string,
  path: string,
  is: 'waiting' | 'completed' = 'waiting',
): Promise<void> {
  for (;;) {
    const execution = await orchestrator.getExecution(id)
    if (execution?.tasks.some(({ taskId, status }) => taskId === path && status === is) === true) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const statuses = async (orchestrator: MultiAgentOrchestrator, id: string): Promise<string[]> => {
  const { tasks } = (await orchestrator.getExecution(id)) ?? { tasks: [] }
  return tasks.map(({ taskId, status, attempts }) => `${taskId} ${status} ${attempts}`)
}

describe.each(storages)('%s', (name, config) => {
  it('what waits for a signal goes on under the new definition, and nothing before it is called again', async () => {
    const { orchestrator, calls } = recording(config())
    const id = await waiting(orchestrator, workflow([task('a'), task('b'), approve, task('c', data('wrong'))]))
    const mended = workflow([task('a'), task('b'), approve, task('c', data('right')), task('d')])
    expect(calls()).toEqual(['a', 'b'])
    const plan = { kept: ['a', 'b'], runs: ['approve', 'c', 'd'], gone: [], cost: 0 }
    expect(await orchestrator.moveExecution(id, mended, { dryRun: true })).toEqual({ way: 'moved', executionId: id, ...plan })
    expect(await statuses(orchestrator, id)).toHaveLength(4)
    expect(await orchestrator.moveExecution(id, mended)).toEqual({ way: 'moved', executionId: id, ...plan })
    expect(await statuses(orchestrator, id)).toEqual(['a completed 1', 'b completed 1', 'approve waiting 0', 'c pending 0', 'd pending 0'])
    await orchestrator.signalExecution(id, 'go', 'yes')
    const { results, status } = await orchestrator.getHandle(id).result()
    expect([status, results, calls()]).toEqual([
      'completed',
      { a: 'a', b: 'b', approve: 'yes', c: { id: 'c', data: 'right' }, d: 'd' },
      ['c', 'd'],
    ])
  })

  it('what is paused before a mistake is moved and resumed, and the context and the outputs are there that nothing had looked at', async () => {
    const { orchestrator, calls } = recording(config())
    const handle = await orchestrator.startWorkflow(workflow([task('a'), task('b')]), { who: 'Ada' }, { step: true })
    for await (const { type } of handle.events()) if (type === 'workflow:paused') break
    expect(calls()).toEqual(['a'])
    const read = task('b', { input: { data: '{{ context.who }} {{ results.a }}' } })
    await orchestrator.moveExecution(handle.id, workflow([task('a'), read]))
    expect((await orchestrator.getExecution(handle.id))?.status).toBe('paused')
    await orchestrator.resumeExecution(handle.id)
    const { results } = await handle.result()
    expect([results, calls()]).toEqual([{ a: 'a', b: { id: 'b', data: 'Ada a' } }, ['b']])
  })

  it('a wait goes on with its time, and a signal that came before it is kept', async () => {
    const { orchestrator, calls } = recording(config())
    const timed = { ...approve, waitFor: { signal: 'go', timeout: '1h' } } as AgentTask
    const later: AgentTask = { id: 'later', name: 'later', waitFor: { signal: 'then' } }
    const id = await waiting(orchestrator, workflow([timed, later, task('c')]))
    await orchestrator.signalExecution(id, 'then', 2)
    const until = (): Promise<unknown> =>
      orchestrator.listExecutions({ fields: 'summary' }).then(({ executions }) => executions[0]?.waitsFor)
    const pause = { id: 'pause', waitFor: { delay: '1h' } } as AgentTask
    const paused = await orchestrator.startWorkflow(workflow([pause]), {})
    const before = await until()
    expect(before).toMatchObject({ timer: expect.any(Date) as Date })
    await orchestrator.moveExecution(paused.id, workflow([pause, task('d')]))
    expect(await until()).toEqual(before)
    await paused.cancel()
    await orchestrator.moveExecution(id, workflow([timed, later, task('c'), task('d')]))
    await orchestrator.signalExecution(id, 'go', 1)
    const { results } = await orchestrator.getHandle(id).result()
    expect([results, calls()]).toEqual([{ approve: 1, later: 2, c: 'c', d: 'd' }, ['c', 'd']])
  })

  it('a loop half-way has its passes, and what changes in the tasks after it is all that changes', async () => {
    const { orchestrator, calls } = recording(config())
    const loop: AgentTask = {
      id: 'l',
      type: 'loop',
      loop: { forEach: [1, 2, 3] },
      tasks: [task('x', { input: { data: '{{ item }}' } }), { id: 'w', waitFor: { signal: 'next' } }],
    } as AgentTask
    const { id } = await orchestrator.startWorkflow(workflow([loop, task('c')]), {})
    await until(orchestrator, id, 'l[0].w')
    await orchestrator.signalExecution(id, 'next', 'one', { path: 'l[0].w' })
    await until(orchestrator, id, 'l[1].w')
    expect(calls()).toEqual(['l[0].x', 'l[1].x'])
    await orchestrator.moveExecution(id, workflow([loop, task('c', data('new'))]))
    await orchestrator.signalExecution(id, 'next', 'two', { path: 'l[1].w' })
    await orchestrator.signalExecution(id, 'next', 'three', { path: 'l[2].w' })
    const { results } = await orchestrator.getHandle(id).result()
    expect(calls()).toEqual(['l[2].x', 'c'])
    expect(results['l']).toMatchObject([{ w: 'one' }, { w: 'two' }, { w: 'three' }])
  })

  it('a pass whose body changes runs again, and what is before that in it does not', async () => {
    const { orchestrator, calls } = recording(config())
    const loop = (last: AgentTask[]): AgentTask =>
      ({
        id: 'l',
        type: 'loop',
        loop: { forEach: [1, 2] },
        tasks: [task('x'), ...last, { id: 'w', waitFor: { signal: 'next' } }],
      }) as AgentTask
    const { id } = await orchestrator.startWorkflow(workflow([task('a'), loop([task('y', data('old'))])]), {})
    await until(orchestrator, id, 'l[0].w')
    expect(calls()).toEqual(['a', 'l[0].x', 'l[0].y'])
    await orchestrator.moveExecution(id, workflow([task('a'), loop([task('y', data('new'))])]))
    await orchestrator.signalExecution(id, 'next', 1, { path: 'l[0].w' })
    await orchestrator.signalExecution(id, 'next', 2, { path: 'l[1].w' })
    await orchestrator.getHandle(id).result()
    expect(calls()).toEqual(['l[0].y', 'l[1].x', 'l[1].y'])
  })

  it('a child that waits goes on, and its parent takes what it gives', async () => {
    const { orchestrator, calls } = recording(config())
    const inner = { id: 'inner', name: 'Inner', version: '1', tasks: [task('i'), approve, task('j')] }
    const child = { id: 'child', name: 'child', workflow: inner } as unknown as AgentTask
    const handle = await orchestrator.startWorkflow(workflow([task('a'), child, task('c')]), {})
    const below = `${handle.id}/child/1`
    await until(orchestrator, below, 'approve')
    expect(calls()).toEqual(['a', 'i'])
    await orchestrator.moveExecution(handle.id, workflow([task('a'), child, task('new'), task('c', data(1))]))
    await orchestrator.signalExecution(below, 'go', 'yes')
    const { results } = await handle.result()
    expect(calls()).toEqual(['j', 'new', 'c'])
    expect(results).toEqual({ a: 'a', child: { i: 'i', approve: 'yes', j: 'j' }, new: 'new', c: { id: 'c', data: 1 } })
  })

  it('a child that is changed begins anew under an id of its own, with keys of its own', async () => {
    const { orchestrator } = recording(config())
    const keys: string[] = []
    orchestrator.agentPool.registerAgentType('keyed', {
      create: () => ({ execute: (_task, { idempotencyKey }) => void keys.push(idempotencyKey) }),
    })
    const child = (version: string): AgentTask =>
      ({
        id: 'child',
        name: 'child',
        workflow: { id: 'inner', name: 'Inner', version, tasks: [{ id: 'i', name: 'i', agentId: 'keyed' }] },
      }) as unknown as AgentTask
    const id = await waiting(orchestrator, workflow([child('1'), approve, task('k', { agentId: 'keyed' })]))
    await orchestrator.moveExecution(id, workflow([child('2'), approve, task('k', { agentId: 'keyed' })]))
    await orchestrator.signalExecution(id, 'go')
    await orchestrator.getHandle(id).result()
    expect(keys).toEqual([`${id}/child/1:i`, `${id}!moved/1/child/1:i`, `${id}!moved/1:k`])
  })

  it('a child that is under way inside of what changes keeps the execution where it is', async () => {
    const { orchestrator } = recording(config())
    const inner = { id: 'inner', name: 'Inner', version: '1', tasks: [approve] }
    const group = (beside: AgentTask[]): AgentTask =>
      ({ id: 'g', type: 'parallel', tasks: [{ id: 'child', workflow: inner }, ...beside] }) as unknown as AgentTask
    const { id } = await orchestrator.startWorkflow(workflow([group([task('x')]), task('c')]), {})
    await until(orchestrator, `${id}/child/1`, 'approve')
    await until(orchestrator, id, 'x', 'completed')
    const refused = await rejection(orchestrator.moveExecution(id, workflow([group([task('x', data(1))]), task('c')])))
    expect([refused.code, refused.message]).toEqual(['ERR_NOT_MOVABLE', expect.stringContaining('of `child` is under way inside of `g`')])
    const { way } = await orchestrator.moveExecution(id, workflow([group([task('x')]), task('c', data(1))]))
    await orchestrator.signalExecution(`${id}/child/1`, 'go', 'yes')
    const { results } = await orchestrator.getHandle(id).result()
    expect([way, results]).toEqual(['moved', { g: { child: { approve: 'yes' }, x: 'x' }, c: { id: 'c', data: 1 } }])
  })

  it('what was done is undone, the last of it first, also what was done before the move', async () => {
    const undone: string[] = []
    const { orchestrator } = recording(config(), new Set(['broken']))
    orchestrator.agentPool.registerAgentType('undo', { create: () => ({ execute: ({ input }) => void undone.push(String(input.data)) }) })
    const done = (id: string): AgentTask => task(id, { compensate: { agentId: 'undo', input: { data: id } } })
    const id = await waiting(orchestrator, workflow([done('a'), done('b'), approve, task('c')]))
    const lost = await rejection(orchestrator.moveExecution(id, workflow([done('b'), approve, task('c')])))
    expect([lost.code, lost.message]).toEqual(['ERR_NOT_MOVABLE', expect.stringContaining('`a` is to be undone if the execution fails')])
    await orchestrator.moveExecution(id, workflow([done('a'), done('b'), approve, done('c'), task('broken')]))
    await orchestrator.signalExecution(id, 'go')
    await orchestrator.getHandle(id).settled()
    expect(undone).toEqual(['c', 'b', 'a'])
  })

  it('an execution that failed stays as it ended, and a fork goes on', async () => {
    const broken = new Set(['b'])
    const { orchestrator, calls } = recording(config(), broken)
    const handle = await orchestrator.startWorkflow(workflow([task('a'), task('b')]), {})
    await handle.settled()
    calls()
    broken.clear()
    const mended = workflow([task('a'), task('b', data(1))])
    expect(await orchestrator.moveExecution(handle.id, mended, { dryRun: true })).toMatchObject({
      way: 'forked',
      executionId: handle.id,
      kept: ['a'],
    })
    const { way, executionId } = await orchestrator.moveExecution(handle.id, mended)
    const { forkedFrom } = await orchestrator.getHandle(executionId).result()
    expect([way, forkedFrom, calls()]).toEqual(['forked', handle.id, ['b']])
  })

  it('refuses what cannot be moved, with the way out', async () => {
    const { orchestrator } = recording(config())
    let end = (): void => {}
    const held = new Promise<void>((resolve) => (end = resolve))
    let begun = (): void => {}
    const running = new Promise<void>((resolve) => (begun = resolve))
    orchestrator.agentPool.registerAgentType('slow', { create: () => ({ execute: () => (begun(), held) }) })
    const flow = workflow([task('a', { agentId: 'slow' }), task('b')])
    const handle = await orchestrator.startWorkflow(flow, {})
    await running
    const refused = async (id: string, mended: AgentWorkflow): Promise<[string, string]> => {
      const { code, message } = await rejection(orchestrator.moveExecution(id, mended))
      return [code, message]
    }
    expect(await refused(handle.id, flow)).toEqual([
      'ERR_NOT_MOVABLE',
      expect.stringMatching(/`a` is under way; pause the execution, move it when/),
    ])
    expect(await refused(handle.id, workflow([task('a', { agentId: 'nobody' })]))).toEqual([
      'ERR_VALIDATION',
      expect.stringContaining('`nobody`'),
    ])
    expect(await refused(handle.id, { ...flow, id: 'another' })).toEqual(['ERR_INVALID_ARGUMENT', expect.stringContaining('workflow.id')])
    expect(await refused('none', flow)).toEqual(['ERR_EXECUTION_NOT_FOUND', expect.stringContaining('`none`')])
    end()
    await handle.result()
    expect(await refused(handle.id, flow)).toEqual(['ERR_EXECUTION_ENDED', expect.stringContaining('forkExecution')])
    const cancelled = await waiting(orchestrator, workflow([approve]))
    await orchestrator.cancelExecution(cancelled)
    await orchestrator.getHandle(cancelled).settled()
    expect(await refused(cancelled, workflow([approve]))).toEqual(['ERR_EXECUTION_ENDED', expect.stringContaining('(cancelled)')])
  })

  it('many are moved, and each that is not is counted by its code', async () => {
    const { orchestrator } = recording(config(), new Set(['broken']))
    const flow = workflow([task('a'), approve])
    const ids = [await waiting(orchestrator, flow), await waiting(orchestrator, flow)]
    const done = await waiting(orchestrator, workflow([task('a', { compensate: { agentId: 'work' } }), approve]))
    const mended = workflow([task('a'), approve, task('b')])
    const told = { moved: expect.arrayContaining(ids) as string[], forked: [], refused: { ERR_NOT_MOVABLE: [done] }, cost: 0 }
    expect(await orchestrator.moveExecutions({}, mended, { dryRun: true })).toEqual(told)
    expect(await orchestrator.moveExecutions({ status: 'running' }, mended)).toEqual(told)
    for (const id of ids) expect(await statuses(orchestrator, id)).toEqual(['a completed 1', 'approve waiting 0', 'b pending 0'])
  })

  it('events before and after a move are of the tasks as they were then', async () => {
    const { orchestrator } = recording(config())
    const id = await waiting(orchestrator, workflow([task('a'), task('b'), approve]))
    await orchestrator.moveExecution(id, workflow([task('b'), approve, task('z')]))
    await orchestrator.signalExecution(id, 'go')
    const events: string[] = []
    for await (const { type, task: of } of orchestrator.getHandle(id).events()) events.push(`${type} ${of?.taskId ?? ''}`)
    expect(events.filter((event) => event.startsWith('task:completed'))).toEqual([
      'task:completed a',
      'task:completed b',
      'task:completed b',
      'task:completed approve',
      'task:completed z',
    ])
    expect((await orchestrator.getExecution(id))?.tasks.map(({ taskId }) => taskId)).toEqual(['b', 'approve', 'z'])
  })

  if (name !== 'in memory') {
    it('another process goes on from it, twice moved, with its definition, results and ids', async () => {
      const settings = config()
      const { orchestrator } = recording(settings)
      const first = workflow([task('a'), task('b'), approve, task('c')])
      const id = await waiting(orchestrator, first)
      await orchestrator.moveExecution(id, workflow([task('a'), task('b', data(2)), approve, task('c')]))
      await until(orchestrator, id, 'approve')
      await orchestrator.moveExecution(id, workflow([task('a'), task('b', data(2)), approve, task('d', data('{{ results.b.data }}'))]))
      await orchestrator.shutdown()
      const again = recording(settings)
      expect(await statuses(again.orchestrator, id)).toEqual(['a completed 1', 'b completed 1', 'approve waiting 0', 'd pending 0'])
      await again.orchestrator.signalExecution(id, 'go', 'yes')
      const { results } = await again.orchestrator.getHandle(id).result()
      expect([results, again.calls()]).toEqual([{ a: 'a', b: { id: 'b', data: 2 }, approve: 'yes', d: { id: 'd', data: 2 } }, ['d']])
      await again.orchestrator.shutdown()
      const third = recording(settings)
      expect((await third.orchestrator.getExecution(id))?.results).toEqual(results)
      const events: string[] = []
      for await (const { type, task: of } of third.orchestrator.getHandle(id).events())
        if (type === 'task:completed') events.push(of?.taskId ?? '')
      expect(events).toEqual(['a', 'b', 'b', 'approve', 'd'])
      const { executions } = await third.orchestrator.listExecutions({ fields: 'summary' })
      expect(executions).toMatchObject([{ id, status: 'completed' }])
    })
  }
})
