// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What flows down from an execution to those that are its tasks, and what a crash or a registration in between changes: nothing.

import { describe, expect, it } from 'vitest'
import type {
  AgentTask,
  AgentWorkflow,
  ExecutionHandle,
  MultiAgentOrchestrator,
  OrchestratorConfig,
} from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, places, rejection, task, until, untilAborted, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

/** A task that is a workflow of these tasks. */
function child(id: string, tasks: readonly AgentTask[], rest: Partial<AgentTask> = {}): AgentTask {
  return { id, name: id, workflow: { ...workflow(tasks), id: `${id}-flow` }, ...rest }
}

const asleep: Execute = (_, { signal }) => untilAborted(signal)

/** Resolves with the child of a handle's execution when it is there. */
async function childOf(orchestrator: MultiAgentOrchestrator, handle: ExecutionHandle, path = 'child'): Promise<ExecutionHandle> {
  const id = `${handle.id}/${path}/1`
  await until(async () => (await orchestrator.getExecution(id)) !== undefined)
  return orchestrator.getHandle(id)
}

describe.each(storages)('%s', (name, config) => {
  it('tenant, deadline and budget of time are those of the parent', async () => {
    const { orchestrator, clock } = await kitWith({ sleep: asleep }, { storage: name === 'in memory' ? 'memory' : 'file' })
    const flow = workflow([child('child', [child('grandchild', [task('a', { agentId: 'sleep', timeout: '1h' })])])])
    const handle = await orchestrator.startWorkflow(flow, {}, { tenant: 'them', deadline: '1m' })
    const grandchild = `${handle.id}/child/1/grandchild/1`
    await clock.advance('59s')
    expect(await orchestrator.getExecution(grandchild)).toMatchObject({ tenant: 'them', status: 'running' })
    const ended = rejection(handle.result())
    await clock.advance('1s')
    expect(await ended).toMatchObject({ code: 'ERR_DEADLINE' })
    // It is over by its own deadline, or is told by its parent's: both in the same instant.
    expect(['failed', 'cancelled']).toContain((await orchestrator.getHandle(grandchild).settled()).status)
  })

  // A retry was waited for that could not come before the deadline of the parent's own workflow.
  it('a deadline that the workflow of the parent has holds for what its children wait for', async () => {
    let calls = 0
    const orchestrator = orchestratorWith({ work: () => Promise.reject(new Error(`call ${++calls}`)) }, config())
    const retried = task('a', { retryPolicy: { maxAttempts: 2, initialDelay: '1h' } })
    const error = await rejection(orchestrator.executeWorkflow(workflow([child('child', [retried])], { deadline: '1m' })))
    expect(error.cause).toMatchObject({ message: 'child workflow `child-flow` failed: call 1' })
  })

  it('a budget of attempts is the parent’s and the children’s together', async () => {
    let calls = 0
    const orchestrator = orchestratorWith({ work: () => ++calls }, config())
    const three = [task('a'), task('b'), task('c')]
    const flow = workflow([child('one', three), child('two', three)], { budget: { tasks: 4 } })
    expect(await rejection(orchestrator.executeWorkflow(flow))).toMatchObject({ code: 'ERR_BUDGET' })
    expect(calls).toBe(4)
  })

  it('a pause stops a child that begins meanwhile, and resuming the parent resumes it', async () => {
    const calls: string[] = []
    const orchestrator = orchestratorWith({ work: ({ id }) => calls.push(id) }, config())
    let paused: Promise<void> | undefined
    orchestrator.once('task:started', ({ executionId }) => {
      paused = orchestrator.pauseExecution(executionId)
    })
    const handle = await orchestrator.startWorkflow(workflow([child('child', [task('a'), task('b')])]))
    await until(() => paused !== undefined)
    await paused
    const inner = await childOf(orchestrator, handle)
    expect(await inner.status()).toBe('paused')
    const before = calls.length
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(calls.length).toBe(before)
    await handle.resume()
    expect((await handle.result()).results).toMatchObject({ child: { a: 1, b: 2 } })
  })

  it('a cancel by force reaches the clean-up of children too, and one without does not', async () => {
    for (const force of [false, true]) {
      const cleaning = gate()
      const calls: string[] = []
      const orchestrator = orchestratorWith(
        {
          sleep: asleep,
          clean: ({ id }, { signal }) => {
            calls.push(id)
            return Promise.race([cleaning.promise, untilAborted(signal)])
          },
        },
        config(),
      )
      const clean = task('clean', { agentId: 'clean', dependencies: ['a'], triggerRule: 'all_done' })
      const handle = await orchestrator.startWorkflow(workflow([child('child', [task('a', { agentId: 'sleep' }), clean])]))
      const inner = await childOf(orchestrator, handle)
      await until(async () => (await inner.status()) === 'running' && (await orchestrator.getStatistics()).runningTasks === 2)
      await handle.cancel('first')
      await until(() => calls.length === 1)
      if (force) await handle.cancel('second', { force: true })
      else cleaning.open()
      const ended = await inner.settled()
      expect(ended.tasks.map(({ status }) => status)).toEqual(['cancelled', force ? 'cancelled' : 'completed'])
      await handle.settled()
      await orchestrator.shutdown()
    }
  })

  it('a workflow that is registered anew means the old one to what has begun', async () => {
    const orchestrator = orchestratorWith({ work: ({ input }) => input.data }, config())
    const named = (data: string): AgentWorkflow => ({ ...workflow([task('x', { input: { data } })]), id: 'named', version: data })
    const middle: AgentWorkflow = { ...workflow([{ id: 'inner', name: 'inner', workflow: 'named' }]), id: 'middle' }
    for (const registered of [named('old'), middle]) orchestrator.workflowEngine.registerWorkflow(registered)
    const flow = workflow([
      { id: 'go', name: 'go', waitFor: { signal: 'go' } },
      { id: 'one', name: 'one', workflow: 'named' },
      { id: 'two', name: 'two', workflow: 'middle' },
    ])
    const handle = await orchestrator.startWorkflow(flow)
    orchestrator.workflowEngine.registerWorkflow(named('new'))
    await handle.signal('go')
    expect((await handle.result()).results).toEqual({ go: null, one: { x: 'old' }, two: { inner: { x: 'old' } } })
    const later = await orchestrator.startWorkflow(flow)
    await later.signal('go')
    expect((await later.result()).results).toMatchObject({ one: { x: 'new' } })
    // A fork does what the execution did.
    expect((await (await orchestrator.forkExecution(handle.id, 'one')).result()).results).toMatchObject({ one: { x: 'old' } })
  })

  it('a workflow that nobody has registered is a problem at its path, wherever it is named', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    const call: AgentTask = { id: 'c', name: 'c', workflow: 'nobody' }
    const flow = workflow([task('a'), { id: 'g', name: 'g', tasks: [call] }, child('d', [{ ...call, id: 'e' }])])
    const issues = ['ERR_WORKFLOW_NOT_FOUND tasks[1].tasks[0].workflow', 'ERR_WORKFLOW_NOT_FOUND tasks[2].workflow.tasks[0].workflow']
    expect(places(await rejection(orchestrator.executeWorkflow(flow)))).toEqual(issues)
    const { valid, problems } = orchestrator.workflowEngine.validateWorkflow(flow)
    expect([valid, problems.map(({ code, path }) => `${code} ${path}`)]).toEqual([false, issues])
    expect(problems[0]?.message).toContain('workflowEngine.registerWorkflow(…)')
  })
})

describe('after a crash', () => {
  it('a child is found again though its workflow is not registered any more, and one that had not begun is what it was', async () => {
    const config = { storage: { path: storePath(folder) } }
    const inner = (id: string, agentId: string): AgentWorkflow => ({ ...workflow([task('x', { agentId })]), id })
    const first = orchestratorWith({ sleep: asleep, work: () => 1 }, config)
    first.workflowEngine.registerWorkflow(inner('begun', 'sleep'))
    first.workflowEngine.registerWorkflow(inner('later', 'work'))
    const named = (id: string): AgentTask => ({ id, name: id, workflow: id })
    const handle = await first.startWorkflow(workflow([named('begun'), named('later')]))
    await childOf(first, handle, 'begun')
    await until(async () => (await first.getStatistics()).runningTasks === 2)
    await first.shutdown({ drainMs: 0 })
    const second = orchestratorWith({ sleep: () => 'woken', work: () => 2 }, config)
    expect((await second.getHandle(handle.id).result()).results).toEqual({ begun: { x: 'woken' }, later: { x: 2 } })
  })

  it('a child whose parent waits for it no more is cancelled', async () => {
    const config = { storage: { path: storePath(folder) } }
    const first = orchestratorWith({ sleep: asleep }, config)
    first.agentPool.registerAgentType('missing', { create: () => ({ execute: () => 1 }) })
    const flow = workflow([child('child', [task('a', { agentId: 'sleep' })]), task('b', { agentId: 'missing' })])
    const handle = await first.startWorkflow(flow)
    await childOf(first, handle)
    await until(async () => (await first.getStatistics()).runningTasks === 2)
    await first.shutdown({ drainMs: 0 })
    // An agent of the parent is missing, so that it cannot tell its child by the signal of an attempt.
    const second = orchestratorWith({ sleep: asleep }, config)
    await second.cancelExecution(handle.id, 'not wanted')
    expect((await second.getHandle(handle.id).settled()).status).toBe('cancelled')
    expect((await second.getHandle(`${handle.id}/child/1`).settled()).status).toBe('cancelled')
  })
})
