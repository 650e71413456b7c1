// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is done again and what is not: forks and retries inside loops and after compensation, spawned tasks of later attempts, caches.

import { describe, expect, it } from 'vitest'
import type { ExecutionHandle, MultiAgentOrchestrator, OrchestratorConfig, TaskExecution } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

/** What was called, by the addresses in the idempotency keys, since the last look. */
function recording(config: OrchestratorConfig, broken: Set<string>): { orchestrator: MultiAgentOrchestrator; calls(): string[] } {
  const seen: string[] = []
  const work: Execute = ({ id }, { idempotencyKey }) => {
    const path = decodeURIComponent(idempotencyKey.slice(idempotencyKey.lastIndexOf(':') + 1))
    seen.push(path)
    if (broken.has(path)) throw new Error(`${path} is broken`)
    return id
  }
  return { orchestrator: orchestratorWith({ work }, config), calls: () => seen.splice(0) }
}

describe.each(storages)('%s', (_name, config) => {
  const loop = (concurrency = 1) => ({
    id: 'l',
    name: 'l',
    type: 'loop' as const,
    loop: { forEach: [1, 2, 3], concurrency },
    tasks: [task('a'), task('b')],
  })

  it('a fork inside a loop does that pass again from there, and what comes after the loop', async () => {
    const { orchestrator, calls } = recording(config(), new Set())
    const { id } = await orchestrator.executeWorkflow(workflow([task('first'), loop(), task('last'), task('beside', { dependencies: [] })]))
    calls()
    const fork = async (from: string): Promise<string[]> => {
      const forked = await (await orchestrator.forkExecution(id, from)).result()
      expect(forked.results).toEqual({ first: 'first', l: Array(3).fill({ a: 'a', b: 'b' }), last: 'last', beside: 'beside' })
      return calls()
    }
    expect(await fork('l[1].b')).toEqual(['l[1].b', 'last'])
    expect(await fork('l[2].a')).toEqual(['l[2].a', 'l[2].b', 'last'])
    expect(await fork('last')).toEqual(['last'])
    expect(await fork('beside')).toEqual(['beside'])
    expect(await fork('first')).toEqual(['first', 'l[0].a', 'l[0].b', 'l[1].a', 'l[1].b', 'l[2].a', 'l[2].b', 'last'])
  })

  // A fork of a plain chain gave its agents `null` for every dependency that it had taken over, and left those results out.
  it('what a fork takes over of a chain is what its agents and its results see', async () => {
    const work: Execute = ({ id, context: { dependencies } }) => ({ id, after: Object.keys(dependencies), of: Object.values(dependencies) })
    const orchestrator = orchestratorWith({ work }, config())
    const { id, results } = await orchestrator.executeWorkflow(workflow([task('a'), task('b'), task('c')]))
    const forked = await (await orchestrator.forkExecution(id, 'b')).result()
    expect(forked.results).toEqual(results)
    const retried = await (await orchestrator.retryExecution(forked.id)).result()
    expect(retried.results).toEqual(results)
    expect((await orchestrator.getExecution(retried.id))?.tasks.map(({ result }) => result)).toEqual(Object.values(results))
  })

  it('a retry does what failed, was cancelled or was skipped because of that, and nothing else', async () => {
    const broken = new Set(['l[1].a'])
    const { orchestrator, calls } = recording(config(), broken)
    const flow = workflow([task('first'), loop(), task('last')])
    const failed = await rejection(orchestrator.executeWorkflow(flow))
    expect(calls()).toEqual(['first', 'l[0].a', 'l[0].b', 'l[1].a'])
    broken.clear()
    const retried = await (await orchestrator.retryExecution(failed.executionId as string)).result()
    expect(retried.results).toEqual({ first: 'first', l: Array(3).fill({ a: 'a', b: 'b' }), last: 'last' })
    expect(calls()).toEqual(['l[1].a', 'l[1].b', 'l[2].a', 'l[2].b', 'last'])
  })

  it('what was undone is done again, in every pass', async () => {
    const broken = new Set(['last'])
    const { orchestrator, calls } = recording(config(), broken)
    const undone = { ...loop(), tasks: [task('a', { compensate: { agentId: 'work' } }), task('b')] }
    const failed = await rejection(orchestrator.executeWorkflow(workflow([task('first'), undone, task('last')])))
    expect(calls().slice(-3)).toEqual(['l[2].a!compensate', 'l[1].a!compensate', 'l[0].a!compensate'])
    broken.clear()
    await (await orchestrator.retryExecution(failed.executionId as string)).result()
    expect(calls()).toEqual(['l[0].a', 'l[0].b', 'l[1].a', 'l[1].b', 'l[2].a', 'l[2].b', 'last'])
  })

  it('a later attempt gets what an earlier one spawned', async () => {
    const calls: string[] = []
    const orchestrator = orchestratorWith(
      {
        parent: async (_, { spawn, attempt }) => {
          const output = await spawn(task('s'))
          if (attempt === 1) throw new Error('not yet')
          return output
        },
        work: ({ id }) => calls.push(id),
      },
      config(),
    )
    const parent = task('p', { agentId: 'parent', retryPolicy: { maxAttempts: 2, initialDelay: 1 } })
    const execution = await orchestrator.executeWorkflow(workflow([parent]))
    expect([execution.results, calls]).toEqual([{ p: 1 }, ['s']])
  })

  it('a cached output is announced as a task that started and completed', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    const heard: unknown[] = []
    for (const name of ['task:started', 'task:completed'] as const)
      orchestrator.on(name, ({ cached, result }: TaskExecution) => heard.push([name, cached, result]))
    const handles: ExecutionHandle[] = []
    for (let run = 0; run < 2; run += 1) {
      const handle = await orchestrator.startWorkflow(workflow([task('a', { cache: true })]))
      await handle.result()
      handles.push(handle)
    }
    expect(heard).toEqual([
      ['task:started', undefined, undefined],
      ['task:completed', undefined, 1],
      ['task:started', undefined, undefined],
      ['task:completed', true, 1],
    ])
    const types: string[] = []
    for await (const { type } of (handles[1] as ExecutionHandle).events()) types.push(type)
    expect(types).toEqual(['workflow:started', 'task:started', 'task:completed', 'workflow:completed'])
  })
})
