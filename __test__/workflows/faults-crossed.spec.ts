// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What random workflows that cross all features have found (`npm run prove -- crossed`), each as small as it gets.

import { describe, expect, it } from 'vitest'
import type { AgentTask, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ["in a file at 'os'", () => ({ storage: { path: storePath(folder), durability: 'os' } })],
  ["in a file at 'disk'", () => ({ storage: { path: storePath(folder) } })],
]

/** An agent that notes the keys it was called with, and fails for tasks that are broken. */
function noting(): { keys: string[]; broken: Set<string>; work: Execute } {
  const keys: string[] = []
  const broken = new Set<string>()
  const work: Execute = ({ id }, { idempotencyKey }) => {
    keys.push(decodeURIComponent(idempotencyKey))
    if (broken.has(id)) throw new Error('no')
    return `${id}!`
  }
  return { keys, broken, work }
}

const child = (id: string, tasks: readonly AgentTask[]): AgentTask => ({ id, name: id, workflow: workflow(tasks, { id: `${id}-flow` }) })

describe.each(storages)('%s', (_, config) => {
  // The retry of a parent did a completed child again, because of a task before it, and the child kept what had ended well inside: it was taken for half-done
  // where it had a failure that was contained.
  it('a child that completed with a contained failure begins anew in a retry that does it again', async () => {
    const { keys, broken, work } = noting()
    const orchestrator = orchestratorWith({ work }, config())
    const before: AgentTask = { id: 'p', name: 'p', type: 'parallel', join: 'settled', tasks: [task('before')] }
    const group: AgentTask = { id: 'g', name: 'g', type: 'sequential', onError: 'continue', tasks: [task('contained')] }
    broken.add('before').add('contained')
    await orchestrator.executeWorkflow(workflow([before, child('c', [task('a'), group])]), {}, { executionId: 'one' })
    broken.clear()
    keys.length = 0
    await (await orchestrator.retryExecution('one', { executionId: 'two' })).result()
    expect(keys).toEqual(['two:before', 'two/c/1:a', 'two/c/1:contained'])
  })

  // A child failed, and its failure was contained, so that the child around it completed; when the parent failed, both were undone. The retry did the outer
  // one again, and took the inner one up where it had failed, as if the work before that still stood.
  it('a child that was undone as a whole within another begins anew in a retry, whatever it had done', async () => {
    const { keys, broken, work } = noting()
    const undone: string[] = []
    const undo: Execute = ({ id }) => void undone.push(id)
    const orchestrator = orchestratorWith({ work, undo }, config())
    const inner: AgentTask = {
      ...child('inner', [task('a'), task('b')]),
      compensate: { agentId: 'undo', on: 'started' },
      onError: 'continue',
    }
    broken.add('b').add('last')
    await orchestrator
      .executeWorkflow(workflow([child('outer', [inner, task('c')]), task('last')]), {}, { executionId: 'one' })
      .catch(() => {})
    expect(undone).toEqual(['inner!compensate'])
    broken.clear()
    keys.length = 0
    await (await orchestrator.retryExecution('one', { executionId: 'two' })).result()
    expect(keys.map((key) => key.split(':')[1])).toEqual(['a', 'b', 'c', 'last'])
  })
})

describe.each(['memory', 'file'] as const)('in a kit, %s', (storage) => {
  // The deadline of a child was a microsecond before that of its parent, which then failed because of the child: with another code, and where the failure of
  // the child was contained it went on.
  it.each([true, false])(
    'a deadline that passes while a child waits is the deadline of the parent; the failure of the child contained: %s',
    async (contained) => {
      const kit = await kitWith({}, { storage })
      const waits: AgentTask = { id: 'w', name: 'w', waitFor: { delay: '1h' } }
      const waiting: AgentTask = { ...child('c', [child('d', [waits])]), ...(contained && { onError: 'continue' as const }) }
      const flow = workflow([task('before'), waiting, task('after')], { deadline: '30m' })
      const work = kit.agents.script('work', () => 'done')
      const handle = await kit.orchestrator.startWorkflow(flow, {}, { executionId: 'p' })
      const { error, tasks } = await kit.until(handle.settled())
      expect(error?.code).toBe('ERR_DEADLINE')
      expect(tasks.map(({ taskId, status, reason }) => [taskId, status, reason])).toEqual([
        ['before', 'completed', undefined],
        ['c', 'cancelled', 'deadline'],
        ['after', 'skipped', 'upstream_failed'],
      ])
      for (const id of ['p/c/1', 'p/c/1/d/1']) expect((await kit.orchestrator.getExecution(id))?.error?.code).toBe('ERR_DEADLINE')
      expect(work.calls.length).toBe(1)
    },
  )
})
