// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A payment failed, `onFailed: 'rerun'` paid, and the next plain call with the same idempotency key rejected with the first failure: a key was looked
// for from its first execution on. Now a key is a row of its own, which names the latest execution that was begun by it.

import { describe, expect, it } from 'vitest'
import type { ExecuteOptions, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ["in a file at 'os'", () => ({ storage: { path: storePath(folder), durability: 'os' } })],
  ["in a file at 'disk'", () => ({ storage: { path: storePath(folder) } })],
]
const pay = workflow([task('x')], { id: 'pay' })
const KEY = { idempotencyKey: 'order-7' }
const RERUN: ExecuteOptions = { ...KEY, onFailed: 'rerun' }

/** An agent that declines until it is told to pay; what a call with the key comes to. */
function payer(config: OrchestratorConfig) {
  const state = { fails: true, calls: 0 }
  const work = (): string => {
    state.calls += 1
    if (state.fails) throw new Error(`declined ${state.calls}`)
    return `paid ${state.calls}`
  }
  const orchestrator = orchestratorWith({ work }, config)
  const call = (options: ExecuteOptions = KEY): Promise<unknown> =>
    orchestrator.executeWorkflow(pay, {}, options).then(
      ({ results }) => results['x'],
      (error: { execution?: { error?: { message: string } }; code: string }) => error.execution?.error?.message ?? error.code,
    )
  return { state, orchestrator, call }
}

describe.each(storages)('a key, %s,', (_, config) => {
  it('means the rerun once that has succeeded', async () => {
    const { state, call } = payer(config())
    expect(await call()).toBe('declined 1')
    state.fails = false
    expect(await call(RERUN)).toBe('paid 2')
    expect([await call(), await call(RERUN), await call()]).toEqual(['paid 2', 'paid 2', 'paid 2'])
    expect(state.calls).toBe(2)
  })

  it('means the latest failure after a second one, and what followed that', async () => {
    const { state, call } = payer(config())
    expect([await call(), await call(), await call(RERUN), await call()]).toEqual(['declined 1', 'declined 1', 'declined 2', 'declined 2'])
    for (let n = 3; n < 13; n += 1) expect(await call(RERUN)).toBe(`declined ${n}`)
    expect(await call()).toBe('declined 12')
    state.fails = false
    expect([await call(RERUN), await call()]).toEqual(['paid 13', 'paid 13'])
  })

  it('is one rerun for several calls at once', async () => {
    const { state, orchestrator, call } = payer(config())
    await call()
    state.fails = false
    expect(await Promise.all([call(RERUN), call(RERUN), call(), call(RERUN)])).toEqual(Array(4).fill('paid 2'))
    const handle = await orchestrator.startWorkflow(pay, {}, RERUN)
    expect((await handle.result()).results).toEqual({ x: 'paid 2' })
    expect((await orchestrator.listExecutions()).executions).toHaveLength(2)
  })

  it('is not that of forks and retries of its execution', async () => {
    const { state, orchestrator, call } = payer(config())
    await call()
    const { executionId } = await rejection(orchestrator.executeWorkflow(pay, {}, KEY))
    state.fails = false
    const retried = await orchestrator.retryExecution(executionId as string)
    expect((await retried.result()).results).toEqual({ x: 'paid 2' })
    const forked = await orchestrator.forkExecution(executionId as string, 'x')
    expect((await forked.result()).results).toEqual({ x: 'paid 3' })
    expect(await call()).toBe('declined 1')
    expect([await call(RERUN), await call()]).toEqual(['paid 4', 'paid 4'])
  })

  it('stands for one definition and context, also when it is run anew, and for one tenant', async () => {
    const { state, orchestrator, call } = payer(config())
    await call()
    const other = orchestrator.executeWorkflow(pay, { other: true }, KEY)
    expect((await rejection(other)).code).toBe('ERR_IDEMPOTENCY_MISMATCH')
    expect(await call({ ...KEY, tenant: 'else' })).toBe('declined 2')
    state.fails = false
    expect((await orchestrator.executeWorkflow(pay, { other: true }, RERUN)).results).toEqual({ x: 'paid 3' })
    expect((await rejection(orchestrator.executeWorkflow(pay, {}, KEY))).code).toBe('ERR_IDEMPOTENCY_MISMATCH')
  })

  it('joins a rerun that has not ended', async () => {
    const paid = gate<string>()
    let calls = 0
    const orchestrator = orchestratorWith({ work: () => (++calls === 1 ? Promise.reject(new Error('declined')) : paid.promise) }, config())
    await rejection(orchestrator.executeWorkflow(pay, {}, KEY))
    const rerun = await orchestrator.startWorkflow(pay, {}, RERUN)
    const joined = await orchestrator.startWorkflow(pay, {}, KEY)
    expect(joined.id).toBe(rerun.id)
    paid.open('paid')
    expect((await joined.result()).results).toEqual({ x: 'paid' })
  })
})

describe('a key in memory', () => {
  const forgetful: OrchestratorConfig = { memory: { remember: { count: 1 } } }
  const turn = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 5))

  it('outlives its execution: it begins nothing anew, and says that it ran, when and how it ended', async () => {
    const { state, orchestrator, call } = payer(forgetful)
    state.fails = false
    await call()
    await orchestrator.executeWorkflow(workflow([task('other')]))
    await turn()
    const error = await rejection(orchestrator.executeWorkflow(pay, {}, KEY))
    expect(error).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND', details: { status: 'completed', endedAt: expect.any(String) } })
    expect(error.message).toMatch(
      /^the execution `key-[0-9a-f]{32}` of idempotencyKey `order-7` ended completed at 20..-.*T.*Z and is no longer remembered/,
    )
    expect((await rejection(orchestrator.startWorkflow(pay, {}, RERUN))).code).toBe('ERR_EXECUTION_NOT_FOUND')
    expect((await rejection(orchestrator.executeWorkflow(pay, { n: 1 }, KEY))).code).toBe('ERR_IDEMPOTENCY_MISMATCH')
    expect(state.calls).toBe(2)
  })

  it('whose forgotten execution failed runs anew when that is asked for', async () => {
    const { state, orchestrator, call } = payer(forgetful)
    await call()
    state.fails = false
    await orchestrator.executeWorkflow(workflow([task('other')]))
    await turn()
    expect(await call()).toBe('ERR_EXECUTION_NOT_FOUND')
    expect([await call(RERUN), await call()]).toEqual(['paid 3', 'paid 3'])
  })
})

describe.each(['memory', 'file'] as const)('a key in a kit, %s', (storage) => {
  it('goes 24 h after the end, and its executions never share an id', async () => {
    const kit = await kitWith({}, { storage })
    const work = kit.agents.script('work', () => work.calls.length)
    const call = (key = 'k'): Promise<[string, unknown]> =>
      kit.run(pay, {}, { idempotencyKey: key }).then(({ id, results }) => [id, results['x']])
    const [first] = await call()
    await kit.clock.advance('23h')
    expect(await call()).toEqual([first, 1])
    await kit.clock.advance('2h')
    const [second, two] = await call()
    expect([second, two]).toEqual([`${first}-2`, 2])
    // Its row goes when others are written; the ids of its executions stay taken.
    await kit.clock.advance('25h')
    for (let n = 0; n < 3; n += 1) await call(`other ${n}`)
    expect(await call()).toEqual([`${first}-3`, 6])
    expect((await kit.orchestrator.getExecution(first))?.results).toEqual({ x: 1 })
  })
})

describe('over the ends of processes', () => {
  /** Whether the call's process ends on the way. */
  const called = (kit: TestKit, options: ExecuteOptions): Promise<{ code?: string; id: string; paid?: unknown }> =>
    kit.run(pay, {}, options).then(
      ({ id, results }) => ({ id, paid: results['x'] }),
      ({ code, executionId = '' }: { code: string; executionId?: string }) => ({ code, id: executionId }),
    )

  it.each(['beforeCommit', 'afterCommit'] as const)('the rerun is the key wherever its process ends: %s', async (side) => {
    let crashes = 0
    for (let commit = 1; ; commit += 1) {
      const kit = await kitWith({}, { storage: 'file' })
      kit.agents.script('work', [new Error('declined'), 'paid'])
      const first = await called(kit, KEY)
      expect(first.code).toBe('ERR_TASK_FAILED')
      const moment = side === 'beforeCommit' ? { beforeCommit: commit } : { afterCommit: commit }
      const crash = kit.crash(moment).then(() => (crashes += 1))
      const rerun = await called(kit, RERUN)
      if (rerun.code === undefined) {
        await kit.close()
        await crash
        break
      }
      expect(rerun.code, `${side} ${commit}`).toBe('ERR_CRASHED')
      await kit.reopen()
      // What was on record goes on, what was not is begun now; either way there are two executions of the key, and the second is what it means.
      const again = await called(kit, RERUN)
      expect(again, `${side} ${commit}`).toEqual({ id: `${first.id}-2`, paid: 'paid' })
      expect(await called(kit, KEY), `${side} ${commit}`).toEqual(again)
      await kit.reopen()
      expect(await called(kit, KEY), `${side} ${commit}`).toEqual(again)
      expect((await kit.orchestrator.listExecutions()).executions.map(({ id }) => id)).toEqual([again.id, first.id])
      await kit.close()
    }
    expect(crashes).toBeGreaterThanOrEqual(3)
  })

  it.each([{ durability: 'os' }, { durability: 'disk' }] as const)('the rerun is the key after a restart: %j', async (given) => {
    const storage = { path: storePath(folder), ...given }
    const before = payer({ storage })
    await before.call()
    before.state.fails = false
    await before.call(RERUN)
    await before.orchestrator.shutdown()
    const after = payer({ storage })
    expect([await after.call(), await after.call(RERUN), after.state.calls]).toEqual(['paid 2', 'paid 2', 0])
  })
})
