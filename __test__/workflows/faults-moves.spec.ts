// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a task does after a move is its own. One of the random cases had a step done twice: when the process ended while a task was in its first attempt after
// the move, the next one took the task over again as it had been before the move, without its steps, and without the crash that had just been counted.
// In another a pass of a loop was called as the first task of the workflow, and had its result: an attempt of before the move had asked, when it was over, about
// a number that no task had yet.
// In others a retry was moved while it stood before a group: what it goes on from inside of that, which had not begun, was forgotten, and a step was taken twice.

import { expect, it } from 'vitest'
import type { AgentTask, AttemptContext } from '@codexos/multi-agent-orchestrator'
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

it('what an attempt of before a move does later is nothing to the task that has its number now', async () => {
  const each = { ...task('each'), type: 'loop', loop: { forEach: [1, 2] } } as const
  const [called, told]: [string[], unknown[]] = [[], []]
  let before: AttemptContext | undefined
  const work: Execute = async ({ id, executionId }, context) => {
    called.push(id)
    if (id === 'each' && before === undefined) {
      before = context
      await kit.orchestrator.pauseExecution(executionId)
    } else if (before !== undefined) told.push(await before.step('late', () => 1).catch(({ code }: { code: string }) => code))
    return id
  }
  const kit = await kitWith({ work }, { storage: 'file' })
  const { orchestrator } = kit
  await orchestrator.startWorkflow(workflow([task('a'), each]), {}, { executionId: 'one' })
  await kit.clock.advance(0)
  await orchestrator.moveExecution('one', workflow([task('a', { name: 'mended' }), each]))
  await orchestrator.resumeExecution('one')
  const { results } = await kit.until(orchestrator.getHandle('one').result())
  expect(called).toEqual(['a', 'each', 'a', 'each', 'each'])
  expect(results).toEqual({ a: 'a', each: ['each', 'each'] })
  expect(new Set(told)).toEqual(new Set(['ERR_CANCELLED']))
})

/** What was called and charged after the move of a retry that stands before `later`, which had failed at `pay` and now has `to` in its place. */
async function retried(later: AgentTask, to = later, first = [task('x')]): Promise<string[]> {
  let [isBroken, isMoved] = [true, false]
  const called: string[] = []
  const work: Execute = async ({ id, executionId }, { step, idempotencyKey }) => {
    if (isMoved) called.push(`${id} ${idempotencyKey}`)
    if (id === 'pay') await step('charge', () => void called.push('charged'))
    if (isBroken && (id === 'x' || id === 'pay')) throw new Error('not today')
    if (!isBroken && !isMoved) await kit.orchestrator.pauseExecution(executionId)
    return id
  }
  const kit = await kitWith({ work }, { storage: 'file' })
  const { orchestrator } = kit
  await orchestrator.startWorkflow(workflow([...first, later]), {}, { executionId: 'one' })
  await kit.until(orchestrator.getHandle('one').settled())
  isBroken = false
  await orchestrator.retryExecution('one', { executionId: 'two' })
  await kit.clock.advance(0)
  called.length = 0
  isMoved = true
  await orchestrator.moveExecution('two', workflow([...first, to, task('z')]))
  await orchestrator.resumeExecution('two')
  await kit.until(orchestrator.getHandle('two').result())
  return called
}

const after = { name: 'later', dependencies: ['x'], triggerRule: 'all_done' } as const
const z = 'z two!moved/1:z'

it('a step inside of a group that a moved retry had not come to is not taken again', async () => {
  const group = { id: 'g', ...after, type: 'sequential', tasks: [task('pay')] } as const
  expect(await retried(group)).toEqual(['pay two:pay', z])
  expect(await retried(group, { ...group, tasks: [task('pay', { name: 'mended' })] })).toEqual(['pay two!moved/1:pay', 'charged', z])
})

it('nor is one in a pass that it had not come to, and what had ended there is kept', async () => {
  const loop = {
    id: 'l',
    name: 'l',
    type: 'loop',
    loop: { forEach: [1, 2], onItemError: 'failAfter' },
    tasks: [task('k'), task('pay')],
  } as const
  expect(await retried(loop, loop, [])).toEqual(['pay two:l%5B1%5D.pay', z])
})

it('a child inside of a group that a moved retry had not come to goes on from where it failed', async () => {
  const child = { id: 'c', name: 'c', workflow: { ...workflow([task('pay')]), id: 'inner' } }
  expect(await retried({ id: 'g', ...after, type: 'sequential', tasks: [child] })).toEqual(['pay one/c/1:pay', z])
})
