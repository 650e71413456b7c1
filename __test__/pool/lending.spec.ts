// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An attempt that awaits what it has spawned lends its place. However that ends, the place comes back exactly once.

import { describe, expect, it } from 'vitest'
import type { AgentTask, AttemptContext, MultiAgentOrchestrator, TaskInput } from '@codexos/multi-agent-orchestrator'
import { createTestKit, hang } from '@codexos/multi-agent-orchestrator/testing'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, until, untilAborted, workflow, type Execute } from '../support/orchestrators.ts'
import { expectAtRest, logOf } from '../support/pools.ts'

/** One agent with one place, and nothing else. */
function alone(execute: Execute, orchestrator = orchestratorWith()): MultiAgentOrchestrator {
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }), maxAgents: 1 })
  return orchestrator
}

const child = (id: string, rest: Partial<AgentTask> = {}): AgentTask => task(id, rest)
const isChild = ({ id }: TaskInput): boolean => id.startsWith('c')
const soon = (ms = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Tasks that do not wait for each other. */
const side = (...ids: string[]): AgentTask[] => ids.map((id) => task(id, { dependencies: [] }))

describe('with one agent that has one place, an attempt that', () => {
  it.each<[string, (context: AttemptContext) => unknown, unknown]>([
    ['awaits a task of its own agent', async ({ spawn }) => spawn(child('c1')), 'c1'],
    ['awaits several at once', async ({ spawn }) => Promise.all(['c1', 'c2', 'c3'].map((id) => spawn(child(id)))), ['c1', 'c2', 'c3']],
    ['awaits several one after the other', async ({ spawn }) => [await spawn(child('c1')), await spawn(child('c2'))], ['c1', 'c2']],
    ['awaits the quicker one of two', async ({ spawn }) => Promise.race([spawn(child('c1')), spawn(child('c2'))]), 'c1'],
    ['awaits nothing of what it spawned', ({ spawn }) => ['c1', 'c2'].map((id) => typeof spawn(child(id))), ['object', 'object']],
    [
      'awaits one while something else of it awaits another',
      async ({ spawn }) => {
        const other = soon(20).then(() => spawn(child('c2')))
        return [await spawn(child('c1')), await other]
      },
      ['c1', 'c2'],
    ],
    ['awaits the same one twice', async ({ spawn }) => Promise.all([spawn(child('c1')), spawn(child('c1'))]), ['c1', 'c1']],
    ['awaits one that awaits another', async ({ spawn }) => spawn(child('deeper', { input: { data: ['c1'] } })), ['c1']],
    ['catches the failure of one', async ({ spawn }) => spawn(child('c-bad')).then(null, (error) => error.code), 'ERR_TASK_FAILED'],
  ])('%s does not wait for itself', async (_, parent, result) => {
    const orchestrator = alone(async (given, context) => {
      if (given.id === 'parent') return parent(context)
      if (given.id === 'deeper') return [await context.spawn(child('c1'))]
      await soon()
      if (given.id === 'c-bad') throw new Error('bad')
      return given.id
    })
    const log = logOf(orchestrator)
    const { results } = await orchestrator.executeWorkflow(workflow([task('parent')]))
    expect(results['parent']).toEqual(result)
    await expectAtRest(orchestrator)
    expect(log.of('created', 'disposed')).toEqual(['created work 1'])
  })

  it('has its place back before new work has it', async () => {
    const order: string[] = []
    let running = 0
    const orchestrator = alone(async (given, { spawn }) => {
      const enter = (): void => {
        order.push(given.id)
        expect((running += 1)).toBe(1)
      }
      const leave = (): void => void (running -= 1)
      enter()
      if (given.id === 'parent') {
        leave()
        await spawn(child('child', { priority: 10 }))
        enter()
      }
      await soon(1)
      leave()
    })
    const others = Array.from({ length: 10 }, (_, n) => `other-${n}`)
    await orchestrator.executeWorkflow(workflow(side('parent', ...others)))
    // What ends before the parent asks for its place has let the next one in: the parent is behind that one, and before the other nine.
    expect(order.slice(0, 4)).toEqual(['parent', 'child', 'other-0', 'parent'])
    expect(order).toHaveLength(13)
    await expectAtRest(orchestrator)
  })

  it('never lets more than one be at work, however many of its parts wait', async () => {
    let [running, most] = [0, 0]
    const busy = async (ms: number): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await soon(ms)
      running -= 1
    }
    const orchestrator = alone(async ({ id }, { spawn }) => {
      if (id !== 'parent') return busy(20)
      // The first part wants the place back while others have it, and then the second part begins to wait.
      const second = soon(30).then(() => spawn(child('c2')))
      await Promise.all([spawn(child('c1', { priority: 1 })), second])
      return busy(1)
    })
    await orchestrator.executeWorkflow(workflow(side('parent', 'x', 'y', 'z')))
    expect(most).toBe(1)
    await expectAtRest(orchestrator)
  })
})

describe('an attempt whose place is lent', () => {
  const lends: Execute = async (given, { spawn, signal }) => (isChild(given) ? untilAborted(signal) : spawn(child('c1')))

  it.each<[string, Partial<AgentTask>, (orchestrator: MultiAgentOrchestrator, id: string) => Promise<void>, string]>([
    ['times out', { timeout: 30 }, async () => {}, 'ERR_TASK_FAILED'],
    ['is cancelled', {}, (orchestrator, id) => orchestrator.cancelExecution(id), 'ERR_CANCELLED'],
    ['is cancelled by force', {}, (orchestrator, id) => orchestrator.cancelExecution(id, 'no', { force: true }), 'ERR_CANCELLED'],
  ])('%s, and has it back once', async (_, rest, stop, code) => {
    const orchestrator = alone(lends)
    const handle = await orchestrator.startWorkflow(workflow([task('parent', rest)]))
    const failed = rejection(handle.result())
    await until(() => orchestrator.agentPool.getStatistics().lent === 1)
    await stop(orchestrator, handle.id)
    expect((await failed).code).toBe(code)
    await expectAtRest(orchestrator)
    expect(orchestrator.agentPool.getStatistics()).toMatchObject({ total: 1, available: 1, leaked: 0 })
  })

  it('times out and is tried again, and joins what it had spawned', async () => {
    const orchestrator = alone(async (given, { spawn }) => (isChild(given) ? soon(60).then(() => 'well') : spawn(child('c1'))))
    const log = logOf(orchestrator)
    const flow = workflow([task('parent', { timeout: 30, retryPolicy: { maxAttempts: 3, initialDelay: 1 } })])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ parent: 'well' })
    await expectAtRest(orchestrator)
    expect(log.of('allocated')).toEqual(['allocated 1 to parent 1', 'allocated 1 to parent/c1 1', 'allocated 1 to parent 2'])
  })

  it('throws, and has it back once', async () => {
    const orchestrator = alone(async ({ id }, { spawn }) => {
      if (id !== 'parent') return soon(30)
      void spawn(child('c1')).then(() => {})
      await soon()
      throw new Error('while it is lent')
    })
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('parent')])))
    expect(error.cause).toMatchObject({ message: 'while it is lent' })
    await expectAtRest(orchestrator)
  })

  it('is told to stop while it waits for its turn, and goes on at once', async () => {
    const held = gate()
    const [went, ended] = [[] as string[], [] as string[]]
    const orchestrator = alone(async ({ id }, { spawn }) => {
      if (id === 'long') return held.promise
      if (id !== 'parent') return id
      await spawn(child('c1', { priority: 1 }))
      went.push('on')
      throw new Error('stopped')
    })
    orchestrator.on('task:completed', ({ taskId }) => ended.push(taskId))
    const handle = await orchestrator.startWorkflow(workflow(side('parent', 'long')))
    await until(() => orchestrator.agentPool.getStatistics().running === 1 && orchestrator.agentPool.getStatistics().lent === 1)
    const failed = rejection(handle.result())
    await until(async () => ended.includes('parent/c1'))
    expect(went).toEqual([])
    await handle.cancel()
    await until(() => went.length > 0)
    held.open()
    expect((await failed).code).toBe('ERR_CANCELLED')
    await expectAtRest(orchestrator)
    expect(orchestrator.agentPool.getStatistics()).toMatchObject({ total: 1, leaked: 0 })
  })

  it('is of a process that ends, and the next one begins it anew', async () => {
    const kit = await createTestKit({
      storage: 'file',
      setup: (orchestrator) =>
        void alone(async (given, { spawn }) => (isChild(given) ? kit.clock.sleep('10s').then(() => 1) : spawn(child('c1'))), orchestrator),
    })
    try {
      for await (const { execution } of kit.crashPoints(workflow([task('parent')]))) {
        expect(execution.results).toMatchObject({ parent: 1 })
        await expectAtRest(kit.orchestrator)
      }
    } finally {
      await kit.close()
    }
  })

  it('waits for its turn, and the time of a test kit passes meanwhile', async () => {
    const kit = await kitWith()
    alone(async ({ id }, { spawn }) => {
      if (id === 'long') return kit.clock.sleep('20s')
      return id === 'parent' ? spawn(child('c1', { priority: 1 })) : id
    }, kit.orchestrator)
    const { results } = await kit.run(workflow(side('parent', 'long')))
    expect(results['parent']).toBe('c1')
    await expectAtRest(kit.orchestrator)
  })

  it('does not return though it is told to, and is replaced while another has its place', async () => {
    const kit = await kitWith()
    const other = kit.agents.script('other', [hang])
    const never = gate()
    alone(
      async ({ id }, { spawn }) =>
        id === 'parent' ? [await spawn(task('c', { agentId: 'other', timeout: '1h' })).then(null, () => {}), await never.promise] : id,
      kit.orchestrator,
    )
    const log = logOf(kit.orchestrator)
    const failed = rejection(kit.run(workflow([task('parent', { timeout: '1m' })])))
    expect((await failed).cause).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(other.calls).toHaveLength(1)
    expect(kit.orchestrator.agentPool.getStatistics().types['work']).toMatchObject({ running: 0, lent: 0, leaked: 1 })
    expect((await kit.run(workflow([task('next')], { id: 'next' }))).results).toEqual({ next: 'next' })
    expect(log.of('allocated').at(-1)).toMatch(/to next 1$/)
    await expectAtRest(kit.orchestrator)
  })
})
