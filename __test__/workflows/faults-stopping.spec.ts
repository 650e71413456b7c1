// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that is being stopped is not paused, and not cancelled a second time: both calls say that they do nothing then. They settled only once it had
// ended all the same, and its clean-up may take for days: a random case that paused its execution while a child of it cleaned up stood still for ever, and so
// did one that had failed while it was paused, and was paused again by the next process.

import { describe, expect, it } from 'vitest'
import type { AgentTask, ExecutionHandle } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { kitWith } from '../support/kits.ts'
import { gate, task, workflow, type Execute, type Gate } from '../support/orchestrators.ts'

const done = task('done', { compensate: { agentId: 'undo' } })
const flow = workflow([done, task('broken')])

interface Stopping {
  readonly kit: TestKit
  readonly handle: ExecutionHandle
  /** Lets the clean-up end. */
  readonly cleaned: Gate
}

/** A kit with an execution that is cleaning up after a failure. */
async function stopping(storage: 'memory' | 'file', tasks = flow): Promise<Stopping> {
  const [undoing, cleaned] = [gate(), gate()]
  const work: Execute = ({ id }) => {
    if (id === 'broken') throw new Error('broken')
    return id
  }
  const undo: Execute = async () => {
    undoing.open()
    await cleaned.promise
  }
  const kit = await kitWith({ work, undo }, { storage })
  const handle = await kit.orchestrator.startWorkflow(tasks, {}, { executionId: 'one' })
  await kit.until(undoing.promise)
  return { kit, handle, cleaned }
}

describe.each(['memory', 'file'] as const)('what cleans up after a failure (%s)', (storage) => {
  it('is not paused, and the call says so at once', async () => {
    const { kit, handle, cleaned } = await stopping(storage)
    await handle.pause()
    expect(await handle.status()).toBe('running')
    await handle.resume()
    cleaned.open()
    expect(await kit.until(handle.settled())).toMatchObject({ status: 'failed' })
  })

  it('is not cancelled, and the call says so at once', async () => {
    const { kit, handle, cleaned } = await stopping(storage)
    await handle.cancel('too late')
    await handle.cancel('again')
    cleaned.open()
    const { status, reason, error } = await kit.until(handle.settled())
    expect([status, reason, error?.message]).toEqual(['failed', undefined, 'broken'])
  })

  it('is cancelled by force, once', async () => {
    const { kit, handle } = await stopping(storage)
    await handle.cancel('enough', { force: true })
    await handle.cancel('enough', { force: true })
    // It does not hear.
    await kit.clock.advance('6s')
    const { tasks } = await kit.until(handle.settled())
    expect(tasks.find(({ taskId }) => taskId === 'done!compensate')?.status).toBe('cancelled')
  })

  it('is a child, and its parent is paused meanwhile', async () => {
    const child = { id: 'child', name: 'child', workflow: { ...flow, id: 'inner' }, onError: 'continue' } as unknown as AgentTask
    const { kit, handle, cleaned } = await stopping(storage, workflow([child, task('z')]))
    await handle.pause()
    expect(await handle.status()).toBe('paused')
    cleaned.open()
    await kit.clock.advance(0)
    expect((await kit.orchestrator.getExecution('one'))?.tasks.map(({ status }) => status)).toEqual(['failed', 'waiting'])
    await handle.resume()
    expect(await kit.until(handle.settled())).toMatchObject({ status: 'completed' })
  })
})

it('what was cancelled is not cancelled again by the next process, nor paused', async () => {
  const undoing = [gate(), gate()]
  let cleaned = gate()
  let held = gate()
  const work: Execute = ({ id }) => (id === 'held' ? held.promise : id)
  const undo: Execute = async () => {
    undoing.shift()?.open()
    await cleaned.promise
  }
  const [first, second] = undoing as [Gate, Gate]
  const kit = await kitWith({ work, undo }, { storage: 'file' })
  await kit.orchestrator.startWorkflow(workflow([done, task('held')]), {}, { executionId: 'one' })
  await kit.clock.advance(0)
  await kit.orchestrator.cancelExecution('one')
  held.open()
  await kit.until(first.promise)
  await kit.crash()
  ;[cleaned, held] = [gate(), gate()]
  await kit.reopen()
  await kit.until(second.promise)
  await kit.orchestrator.pauseExecution('one')
  await kit.orchestrator.cancelExecution('one', 'again')
  cleaned.open()
  const { status, reason } = await kit.until(kit.orchestrator.getHandle('one').settled())
  expect([status, reason]).toEqual(['cancelled', undefined])
})

it('what failed while it was paused, and is taken up by the next process, is not paused again, and goes on when it is resumed', async () => {
  let failing = gate()
  const undone: string[] = []
  const work: Execute = async ({ id }) => {
    if (id !== 'broken') return id
    await failing.promise
    throw new Error('broken')
  }
  const kit = await kitWith({ work, undo: () => void undone.push('undone') }, { storage: 'file' })
  await kit.orchestrator.startWorkflow(flow, {}, { executionId: 'one' })
  await kit.clock.advance(0)
  await kit.orchestrator.pauseExecution('one')
  failing.open()
  await kit.clock.advance(0)
  await kit.crash()
  failing = gate()
  await kit.reopen()
  await kit.orchestrator.pauseExecution('one')
  expect(undone).toEqual([])
  await kit.orchestrator.resumeExecution('one')
  expect(await kit.until(kit.orchestrator.getHandle('one').settled())).toMatchObject({ status: 'failed' })
  expect(undone).toEqual(['undone'])
})

it('what is paused, resumed and paused at once says each only when it is on record', async () => {
  const held = gate()
  const kit = await kitWith({ work: () => held.promise }, { storage: 'file' })
  const handle = await kit.orchestrator.startWorkflow(workflow([task('a')]), {}, { executionId: 'one' })
  await kit.clock.advance(0)
  void kit.crash({ beforeCommit: 1 })
  const told = await Promise.allSettled([handle.pause(), handle.resume(), handle.pause()])
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
})
