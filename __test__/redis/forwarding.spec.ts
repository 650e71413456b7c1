// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a process wants of an execution that another drives reaches that one, once, also when it dies meanwhile; and what waits for it hears how it ends.

import type { ExecutionEvent, MultiAgentOrchestrator, TaskInput } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { start, type Child } from '../support/child.ts'
import { userFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { hasRedis, redisForTest, type RedisServer } from '../support/redis.ts'

const folder = userFolder()

const waits = workflow(
  [
    { id: 'go', name: 'go', waitFor: { signal: 'go', schema: { type: 'object', required: ['by'] } } },
    task('after', { dependencies: ['go'] }),
  ],
  { id: 'waits' },
)
const works = workflow([task('long')], { id: 'works' })

/** A process that drives executions of these workflows, and says their ids and what its agents hear. */
function driver(port: number, ...workflows: readonly unknown[]): Child {
  const source = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ redis: { host: '127.0.0.1', port: ${port} }, logger: false })
    const execute = ({ id, input }, { signal }) => {
      if (id !== 'long') return { of: 'the driver', input }
      console.log('long runs')
      return new Promise((_, reject) => signal.addEventListener('abort', () => {
        console.log('aborted ' + Date.now() + ';')
        reject(signal.reason)
      }))
    }
    orchestrator.agentPool.registerAgentType('work', { maxConcurrency: 1000, create: () => ({ execute }) })
    const ids = []
    for (const workflow of JSON.parse(process.argv[2])) ids.push((await orchestrator.startWorkflow(workflow)).id)
    console.log('ids ' + JSON.stringify(ids) + ';')
    setInterval(() => {}, 1000)
  `
  return start(folder, source, [JSON.stringify(workflows)])
}

async function idsOf(child: Child): Promise<string[]> {
  await child.says('];')
  return JSON.parse(/ids (.*);/.exec(child.stdout)?.[1] ?? '') as string[]
}

/** An orchestrator beside, whose agent is called with the tasks in `called`. */
function beside({ port }: RedisServer, patience?: string): { orchestrator: MultiAgentOrchestrator; called: TaskInput[] } {
  const called: TaskInput[] = []
  const work = (input: TaskInput): unknown => (called.push(input), { of: 'the other' })
  const redis = { host: '127.0.0.1', port, ...(patience !== undefined && { patience }) }
  return { orchestrator: orchestratorWith({ work }, { redis, logger: false }), called }
}

describe.runIf(hasRedis)('an execution that another process drives', () => {
  it('is cancelled, and its agent hears of it within a second', async () => {
    const server = await redisForTest()
    const { orchestrator, called } = beside(server)
    await orchestrator.ready()
    const child = driver(server.port, works)
    const [id = ''] = await idsOf(child)
    await child.says('long runs')
    const asked = Date.now()
    const handle = orchestrator.getHandle(id)
    const settled = handle.settled()
    await handle.cancel('no longer wanted')
    await child.says('aborted')
    expect(Number(/aborted (\d+)/.exec(child.stdout)?.[1]) - asked).toBeLessThan(1000)
    expect(await settled).toMatchObject({ status: 'cancelled', reason: 'no longer wanted' })
    expect(await rejection(handle.result())).toMatchObject({ code: 'ERR_CANCELLED', executionId: id })
    await handle.cancel()
    expect(await rejection(handle.signal('go'))).toMatchObject({ code: 'ERR_EXECUTION_ENDED' })
    expect(called).toEqual([])
    await child.kill()
  })

  it('is signalled, paused and resumed, and its events are followed as they come', async () => {
    const server = await redisForTest()
    const { orchestrator } = beside(server)
    await orchestrator.ready()
    const child = driver(server.port, waits)
    const [id = ''] = await idsOf(child)
    const handle = orchestrator.getHandle(id)
    const heard: ExecutionEvent[] = []
    const following = (async () => {
      for await (const event of handle.events()) heard.push(event)
    })()
    await handle.pause()
    expect(await handle.status()).toBe('paused')
    await handle.resume()
    expect(await handle.status()).toBe('running')
    const unfit = await rejection(handle.signal('go', { from: 'me' }))
    expect(unfit).toMatchObject({ name: 'ValidationError', code: 'ERR_SIGNAL_SCHEMA', executionId: id })
    expect(unfit.message).toContain('by')
    expect((unfit as { issues?: unknown[] }).issues).toHaveLength(1)
    expect(await rejection(handle.signal('stay'))).toMatchObject({ name: 'NotFoundError', code: 'ERR_UNKNOWN_SIGNAL' })
    await handle.signal('go', { by: 'me' })
    const { results } = await handle.result()
    expect(results).toMatchObject({ go: { by: 'me' }, after: { of: 'the driver' } })
    await following
    expect(heard.map(({ seq }) => seq)).toEqual(heard.map((_, place) => place + 1))
    expect(heard.map(({ type }) => type).at(-1)).toBe('workflow:completed')
    await child.kill()
  })

  it('is told once when its process is killed with what it was told', async () => {
    const server = await redisForTest()
    const { orchestrator, called } = beside(server)
    await orchestrator.ready()
    const many = Array.from({ length: 40 }, () => waits)
    const child = driver(server.port, ...many)
    const ids = await idsOf(child)
    const ended = Promise.all(ids.map(async (id) => orchestrator.getHandle(id).result()))
    const told = Promise.all(ids.map(async (id) => orchestrator.getHandle(id).signal('go', { by: id })))
    await child.kill()
    await told
    for (const { id, results } of await ended) expect(results).toMatchObject({ go: { by: id } })
    for (const id of ids) {
      const signals: string[] = []
      for await (const { type } of orchestrator.getHandle(id).events()) if (type === 'workflow:completed') signals.push(type)
      expect(signals).toHaveLength(1)
    }
    expect(called.length).toBeLessThanOrEqual(ids.length)
    // Nothing is left to be carried out.
    const left = await server.ask(
      'EVAL',
      "local n = 0 for _, k in ipairs(redis.call('KEYS', 'mao:{default:[0-9]*}:in')) do n = n + redis.call('XLEN', k) end return n",
      0,
    )
    expect(Number(left)).toBe(0)
  })

  it('that no process drives is asked in vain for as long as patience lasts', async () => {
    const server = await redisForTest()
    const { orchestrator } = beside(server, '2s')
    await orchestrator.ready()
    const child = driver(server.port, waits)
    const [id = ''] = await idsOf(child)
    await child.kill()
    const error = await rejection(orchestrator.pauseExecution(id))
    expect(error).toMatchObject({ name: 'StoreError', code: 'ERR_STORE_UNAVAILABLE', executionId: id })
    expect(error.message).toContain('what was asked is kept')
    // And it is done when one does.
    const handle = orchestrator.getHandle(id)
    while ((await handle.status()) !== 'paused') await new Promise((resolve) => setTimeout(resolve, 50))
  })

  it('is deleted when it has ended, and not before', async () => {
    const server = await redisForTest()
    const { orchestrator } = beside(server)
    await orchestrator.ready()
    const child = driver(server.port, waits)
    const [id = ''] = await idsOf(child)
    expect(await rejection(orchestrator.deleteExecution(id))).toMatchObject({ code: 'ERR_EXECUTION_ACTIVE', executionId: id })
    await orchestrator.signalExecution(id, 'go', { by: 'me' })
    await orchestrator.getHandle(id).result()
    await orchestrator.deleteExecution(id)
    expect(await orchestrator.getExecution(id)).toBeUndefined()
    expect(await rejection(orchestrator.deleteExecution(id))).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND' })
    await child.kill()
  })
})

describe.runIf(hasRedis)('an execution that begins where another process drives', () => {
  it('is one for each id and each key, in whichever process it is asked for', async () => {
    const server = await redisForTest()
    const [one, other] = [beside(server), beside(server)]
    await Promise.all([one.orchestrator.ready(), other.orchestrator.ready()])
    const only = workflow([task('a')])
    const both = [one.orchestrator, other.orchestrator]
    for (let round = 0; round < 20; round += 1) {
      const [first, second] = await Promise.all(
        both.map((orchestrator) => orchestrator.executeWorkflow(only, {}, { idempotencyKey: `key ${round}` })),
      )
      expect([first?.status, first?.id]).toEqual(['completed', second?.id])
      const begun = await Promise.allSettled(
        both.map((orchestrator) => orchestrator.executeWorkflow(only, {}, { executionId: `order-${round}` })),
      )
      const reasons = begun.flatMap((end) => (end.status === 'rejected' ? [(end.reason as { code: string }).code] : []))
      expect(reasons).toEqual(['ERR_EXECUTION_EXISTS'])
    }
    expect([...one.called, ...other.called]).toHaveLength(40)
  })

  it('is accepted while no process drives, and runs when one does', async () => {
    const server = await redisForTest()
    const { orchestrator, called } = beside(server)
    await orchestrator.ready()
    const child = driver(server.port, waits)
    await idsOf(child)
    await child.kill()
    const handles = await Promise.all(
      Array.from({ length: 20 }, (_, number) => orchestrator.startWorkflow(workflow([task('a')]), {}, { executionId: `order-${number}` })),
    )
    for (const handle of handles) expect((await handle.result()).results).toEqual({ a: { of: 'the other' } })
    expect(called).toHaveLength(20)
  })
})
