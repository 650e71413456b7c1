// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions on a server do what they do in a file: keys, schedules, signals, outputs that are taken over, lists, deletion, and all of it after a restart.

import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { spansIn } from '../support/collector.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { hasRedis, redisCluster, redisForTest } from '../support/redis.ts'

/** Orchestrators of one namespace, one after the other, and how often their agent was called. */
async function inTurn(kind: string): Promise<{ calls: string[]; next: () => MultiAgentOrchestrator }> {
  const [server] = kind === 'a Cluster' ? await redisCluster() : [await redisForTest()]
  const port = server?.port
  const calls: string[] = []
  const work = ({ id }: { id: string }): unknown => (calls.push(id), { n: calls.length })
  return { calls, next: () => orchestratorWith({ work }, { redis: { host: '127.0.0.1', port }, logger: false }) }
}

const only = workflow([task('a')])

describe.runIf(hasRedis).each(['a server', 'a Cluster'])('executions on %s', (kind) => {
  it('are one for each idempotency key, in the next process too', async () => {
    const { calls, next } = await inTurn(kind)
    const first = next()
    const call = (orchestrator: MultiAgentOrchestrator): Promise<{ id: string; results: unknown }> =>
      orchestrator.executeWorkflow(only, {}, { idempotencyKey: 'k' })
    const [one, other] = await Promise.all([call(first), call(first)])
    await first.shutdown()
    const again = await call(next())
    expect([other.id, again.id, again.results]).toEqual([one.id, one.id, { a: { n: 1 } }])
    expect(calls).toEqual(['a'])
  })

  it('have the ids that were chosen for them, once', async () => {
    const { next } = await inTurn(kind)
    const first = next()
    await first.executeWorkflow(only, {}, { executionId: 'order-17' })
    await first.shutdown()
    const second = next()
    expect(await rejection(second.executeWorkflow(only, {}, { executionId: 'order-17' }))).toMatchObject({ code: 'ERR_EXECUTION_EXISTS' })
  })

  it('are exported as spans, while they run and when what has ended is packed', async () => {
    const { next } = await inTurn(kind)
    const first = next()
    const names = async (orchestrator: MultiAgentOrchestrator, executionId: string): Promise<string[]> => {
      const found: string[] = []
      for await (const line of orchestrator.executionMonitor.exportTraces({ executionId }))
        found.push(...spansIn(line).map(({ name }) => name))
      return found
    }
    const waits = workflow([task('a'), { id: 'go', name: 'go', waitFor: { signal: 'go' }, dependencies: ['a'] }, task('b')])
    const begun = new Promise((resolve) => first.on('task:completed', resolve))
    const { id } = await first.startWorkflow(waits)
    await begun
    expect(await names(first, id)).toEqual(['invoke_agent work', 'invoke_workflow flow'])
    const ended = new Promise((resolve) => first.on('workflow:completed', resolve))
    await first.signalExecution(id, 'go')
    await ended
    await first.shutdown()
    expect(await names(next(), id)).toEqual(['invoke_agent work', 'invoke_agent work', 'invoke_workflow flow'])
    expect((await rejection(names(next(), 'none'))).message).toContain('none')
  })

  it('take over what another has made', async () => {
    const { calls, next } = await inTurn(kind)
    const cached = workflow([task('a', { cache: { ttl: '1h' } })])
    const first = next()
    await first.executeWorkflow(cached)
    await first.shutdown()
    expect((await next().executeWorkflow(cached)).results).toEqual({ a: { n: 1 } })
    expect(calls).toEqual(['a'])
  })

  it('wait for signals over a restart', async () => {
    const { calls, next } = await inTurn(kind)
    const waits = workflow([{ id: 'go', name: 'go', waitFor: { signal: 'go' } }, task('a', { dependencies: ['go'] })])
    const first = next()
    const { id } = await first.startWorkflow(waits)
    await first.shutdown({ drainMs: 0 })
    const second = next()
    const ended = new Promise<unknown>((resolve) => second.on('workflow:completed', (execution) => resolve(execution.results)))
    await second.signalExecution(id, 'go', { by: 'us' })
    expect(await ended).toEqual({ go: { by: 'us' }, a: { n: 1 } })
    expect(calls).toEqual(['a'])
  })

  it('are begun by a schedule over a restart, and no more once that is cancelled', async () => {
    const { next } = await inTurn(kind)
    const first = next()
    await first.scheduleWorkflow(only, { every: '1s' }, {}, { id: 'each-second' })
    await first.shutdown()
    const second = next()
    const begun = await new Promise<string>((resolve) => second.on('workflow:completed', ({ id }) => resolve(id)))
    expect(begun).toMatch(/^each-second@/)
    const schedule = await second.getSchedule('each-second')
    await schedule?.cancel()
    await second.shutdown()
    expect(await next().listSchedules()).toEqual([])
  })

  it('are listed newest first, and deleted with what is below them', async () => {
    const { next } = await inTurn(kind)
    const first = next()
    const inner = workflow([task('a')], { id: 'inner' })
    first.workflowEngine.registerWorkflow(inner)
    const ids: string[] = []
    for (let round = 1; round <= 3; round += 1) ids.unshift((await first.executeWorkflow(only)).id)
    const parent = await first.executeWorkflow(workflow([{ id: 'child', name: 'child', workflow: 'inner' }], { id: 'outer' }))
    const listed = async (): Promise<string[]> => (await first.listExecutions({ limit: 10 })).executions.map(({ id }) => id)
    expect(await listed()).toEqual([`${parent.id}/child/1`, parent.id, ...ids])
    const { executions, cursor } = await first.listExecutions({ limit: 1, workflowId: 'flow' })
    expect(executions.map(({ id }) => id)).toEqual([ids[0]])
    expect((await first.listExecutions({ limit: 5, workflowId: 'flow', cursor })).executions.map(({ id }) => id)).toEqual(ids.slice(1))
    await first.deleteExecution(parent.id)
    expect(await listed()).toEqual(ids)
    await first.pruneExecutions({ workflowId: 'flow' })
    expect(await listed()).toEqual([])
  })
})
