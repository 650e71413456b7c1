// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a task does after a move is its own. One of the random cases had a step done twice: when the process ended while a task was in its first attempt after
// the move, the next one took the task over again as it had been before the move, without its steps, and without the crash that had just been counted.

import { expect, it } from 'vitest'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { kitWith } from '../support/kits.ts'
import { gate, task, workflow, type Execute, type Gate } from '../support/orchestrators.ts'

const mended = workflow([task('a'), task('pay'), task('z')])

/** A kit with a file, with an execution that is paused before `pay`, whose turn it is, and is moved. */
async function moved(work: Execute): Promise<TestKit> {
  const kit = await kitWith({ work }, { storage: 'file' })
  await kit.orchestrator.startWorkflow(workflow([task('a'), task('pay')]), {}, { executionId: 'one', step: true })
  await kit.clock.advance(0)
  await kit.orchestrator.moveExecution('one', mended)
  return kit
}

/** Steps of the attempts at `pay`, each of which then stands still; `begun` is opened by each. */
function paying(): { work: Execute; paid: string[]; given: unknown[]; begun: () => Gate; ends: () => void } {
  const [paid, given]: [string[], unknown[]] = [[], []]
  let [begun, held] = [gate(), true]
  const work: Execute = async ({ id }, { step, attempt, idempotencyKey }) => {
    if (id !== 'pay') return id
    given.push(await step('charge', () => `${attempt} ${paid.push(idempotencyKey)}`))
    begun.open()
    return held ? new Promise(() => {}) : id
  }
  return { work, paid, given, begun: () => (begun = gate()), ends: () => void (held = false) }
}

it('a step that was taken after a move is not taken again after a crash', async () => {
  const { work, paid, given, begun, ends } = paying()
  const kit = await moved(work)
  const first = begun()
  await kit.orchestrator.resumeExecution('one')
  await first.promise
  await kit.crash()
  ends()
  await kit.reopen()
  const { status, tasks } = await kit.until(kit.orchestrator.getHandle('one').settled())
  expect([status, given, paid]).toEqual(['completed', ['1 1', '1 1'], ['one:pay']])
  expect(tasks.map(({ taskId, attempts }) => `${taskId} ${attempts}`)).toEqual(['a 1', 'pay 1', 'z 1'])
})

it('a step that was taken after a move is not taken again after a shutdown', async () => {
  const { work, paid, begun, ends } = paying()
  const kit = await moved(work)
  const first = begun()
  await kit.orchestrator.resumeExecution('one')
  await first.promise
  await kit.orchestrator.shutdown({ drainMs: 0 })
  ends()
  await kit.reopen()
  await kit.until(kit.orchestrator.getHandle('one').result())
  expect(paid).toHaveLength(1)
})

it('crashes after a move are counted: the fourth is the last', async () => {
  const { work, paid, begun } = paying()
  const kit = await moved(work)
  let next = begun()
  await kit.orchestrator.resumeExecution('one')
  for (let crashes = 0; crashes < 4; crashes += 1) {
    await next.promise
    await kit.crash()
    next = begun()
    await kit.reopen()
  }
  const { status, error } = await kit.until(kit.orchestrator.getHandle('one').settled())
  expect([status, error?.code, paid.length]).toEqual(['failed', 'ERR_POISONED', 1])
})
