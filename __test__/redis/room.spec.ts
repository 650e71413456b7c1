// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How much room executions take on a server, over all of its keys: memory is what it runs out of.

import type { AgentTask, OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'
import { hasRedis, packed, redisForTest, room, type RedisServer } from '../support/redis.ts'

const TASKS = 20
/** Enough that what a namespace has once is little for each. */
const EXECUTIONS = 2_000
const AT_ONCE = 100

/** As `bench/compare/shapes.mjs` has it: answers of 200 bytes of JSON. */
const agent = (): unknown => ({ text: 'x'.repeat(180), n: 17 })

const places = Array.from({ length: TASKS }, (_, place) => place)
const above = (place: number): string[] => (place === 0 ? [] : [`t${place - 1}`])
const shapes: Record<string, AgentTask[]> = {
  'one after the other': places.map((place) => task(`t${place}`, { dependencies: above(place) })),
  'fanned out': places.map((place) => task(`t${place}`, { dependencies: place === 0 ? [] : ['t0'] })),
}

describe.runIf(hasRedis)('over all keys', () => {
  it.each(Object.keys(shapes))(
    'an ended execution of 20 tasks, %s, takes 2 KiB at the most',
    async (shape) => {
      const server = await redisForTest()
      const orchestrator = orchestratorWith({ work: agent }, { redis: { host: '127.0.0.1', port: server.port }, logger: false })
      const definition = workflow(shapes[shape] ?? [])
      for (let begun = 0; begun < EXECUTIONS; begun += AT_ONCE)
        await Promise.all(Array.from({ length: AT_ONCE }, () => orchestrator.executeWorkflow(definition, { n: 1 })))
      await packed(server)
      const bytes = (await room(server)) / EXECUTIONS
      console.log(`an ended execution of ${TASKS} tasks, ${shape}: ${Math.round(bytes)} bytes over all keys`)
      expect(bytes).toBeLessThanOrEqual(2048)
      // And each is what it was.
      const { executions } = await orchestrator.listExecutions({ limit: 50, status: 'completed' })
      expect(executions.map(({ results }) => Object.keys(results).length)).toEqual(Array.from({ length: 50 }, () => TASKS))
    },
    60_000,
  )

  it('a waiting one takes 3 KiB at the most', async () => {
    const server = await redisForTest()
    const orchestrator = orchestratorWith({ work: agent }, { redis: { host: '127.0.0.1', port: server.port }, logger: false })
    const waits = { id: 'go', name: 'go', waitFor: { signal: 'go' } }
    const definition = workflow([
      waits,
      ...places.slice(1).map((place) => task(`t${place}`, { dependencies: place === 1 ? ['go'] : [`t${place - 1}`] })),
    ])
    await Promise.all(Array.from({ length: EXECUTIONS }, () => orchestrator.startWorkflow(definition, { n: 1 })))
    const bytes = (await room(server)) / EXECUTIONS
    console.log(`a waiting execution of ${TASKS} tasks: ${Math.round(bytes)} bytes over all keys`)
    expect(bytes).toBeLessThanOrEqual(3072)
  }, 60_000)
})

/** Bytes that the server uses. */
async function used(server: RedisServer): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(String(await server.ask('INFO', 'memory')))?.[1])
}

const FANNED = workflow(shapes['fanned out'] ?? [])

describe.runIf(hasRedis)('what has ended', () => {
  it('takes no more than it may, over all that is executed: the oldest go, and nothing is refused', async () => {
    const server = await redisForTest({ args: ['--maxmemory', '32mb'] })
    // A quarter of it, where nobody says how much; here an eighth.
    const orchestrator = orchestratorWith(
      { work: agent },
      { redis: { host: '127.0.0.1', port: server.port, memory: { ended: '4MiB' } }, logger: false },
    )
    const alerts: string[] = []
    orchestrator.on('alert', ({ rule }) => alerts.push(rule))
    const first = await orchestrator.executeWorkflow(FANNED)
    const samples: number[] = []
    for (let part = 0; part < 200; part += 1) {
      await Promise.all(Array.from({ length: AT_ONCE }, () => orchestrator.executeWorkflow(FANNED)))
      samples.push(await used(server))
    }
    const half = samples.slice(samples.length / 2)
    const [early, late] = [half.slice(0, 50), half.slice(50)].map((values) => values.toSorted((one, other) => one - other)[25] ?? 0)
    console.log(
      `in use over the second half of ${200 * AT_ONCE} executions: ${early}, then ${late} bytes; at the most ${Math.max(...samples)}`,
    )
    expect((late ?? 0) / (early ?? 1)).toBeLessThan(1.1)
    expect(await orchestrator.getExecution(first.id)).toBeUndefined()
    expect(alerts.filter((rule) => rule === 'store:memory')).toEqual([])
    // The latest are there.
    const { executions } = await orchestrator.listExecutions({ limit: 1000 })
    expect(executions.length).toBe(1000)
  }, 120_000)

  it('stays where something needs it, and goes by number and age before it must', async () => {
    const server = await redisForTest()
    const orchestrator = orchestratorWith(
      { work: agent },
      { redis: { host: '127.0.0.1', port: server.port, retention: { completed: { count: 5 } } }, logger: false },
    )
    const keyed = await orchestrator.executeWorkflow(FANNED, {}, { idempotencyKey: 'stays' })
    for (let count = 0; count < 60; count += 1) await orchestrator.executeWorkflow(FANNED)
    const ids = async (): Promise<string[]> => (await orchestrator.listExecutions({ limit: 100 })).executions.map(({ id }) => id)
    while ((await ids()).length > 6) await new Promise((resolve) => setTimeout(resolve, 50))
    expect((await ids()).length).toBe(6)
    expect((await ids()).includes(keyed.id)).toBe(true)
  })
})

describe.runIf(hasRedis)('a server that is nearly full', () => {
  it('takes nothing new, ends what was accepted, and takes new work again when there is room', async () => {
    const server = await redisForTest()
    let end: () => void = () => {}
    const gate = new Promise<void>((resolve) => (end = resolve))
    const orchestrator = orchestratorWith(
      { work: async () => (await gate, agent()) },
      { redis: { host: '127.0.0.1', port: server.port }, logger: false },
    )
    const told: string[] = []
    const full = new Promise<void>((resolve) =>
      orchestrator.on('alert', ({ rule, description }) => rule === 'store:memory' && (told.push(description), resolve())),
    )
    const one = workflow([task('a'), task('b', { dependencies: ['a'] })])
    const accepted = await orchestrator.startWorkflow(one)
    await server.ask('CONFIG', 'SET', 'maxmemory', Math.round((await used(server)) / 0.95))
    await full
    expect(told[0]).toContain('MiB in use (maxmemory): from 90 % on nothing new is accepted')
    // What is in use goes up and down a little with connections.
    const refusal = async (): Promise<OrchestratorError> => {
      for (;;) {
        const begun = await orchestrator.startWorkflow(one).catch((refused: OrchestratorError) => refused)
        if (begun instanceof Error) return begun
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    const error = await refusal()
    expect(error).toMatchObject({ code: 'ERR_STORE_FULL' })
    expect(error.message).toContain('nothing new is accepted, and what was accepted goes on')
    end()
    expect((await accepted.result()).status).toBe('completed')
    await server.ask('CONFIG', 'SET', 'maxmemory', 0)
    for (;;) {
      const again = await orchestrator.executeWorkflow(one).catch((refused: OrchestratorError) => refused)
      if ('status' in again) break
      expect(again.code).toBe('ERR_STORE_FULL')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
})
