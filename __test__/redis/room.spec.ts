// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How much room executions take on a server, over all of its keys: memory is what it runs out of.

import type { AgentTask } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'
import { hasRedis, packed, redisForTest, room } from '../support/redis.ts'

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
