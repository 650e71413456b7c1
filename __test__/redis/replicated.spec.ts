// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What `acknowledge: 'replicated'` promises: nothing is on record before a replica has it.

import { expect, it } from 'vitest'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'
import { hasRedis, redisPair, type RedisServer } from '../support/redis.ts'

const ONE = workflow([task('a')])
const answering = { work: () => Promise.resolve('done') }

it.runIf(hasRedis)('what is on record is what a replica has', async () => {
  const { primary, replica } = await redisPair()
  const redis = { host: '127.0.0.1', port: primary.port, acknowledge: 'replicated' } as const
  const orchestrator = orchestratorWith(answering, { redis })
  await orchestrator.ready()
  replica.pause()
  const before = await waits(primary)
  let isAccepted = false
  const started = orchestrator.startWorkflow(ONE)
  void started.then(() => (isAccepted = true))
  // It is written, and the primary has said more than once that no replica has it.
  while ((await waits(primary)) < before + 2) await new Promise((resolve) => setTimeout(resolve, 20))
  expect([await primary.ask('SCARD', await live(primary)), isAccepted]).toEqual([1, false])
  replica.goOn()
  const { id, result } = await started.then(async (handle) => ({ id: handle.id, result: await handle.result() }))
  expect(result.results).toEqual({ a: 'done' })

  await orchestrator.shutdown()
  // The primary is lost, and the replica takes its place.
  await primary.kill()
  await replica.ask('REPLICAOF', 'NO', 'ONE')
  const next = orchestratorWith(answering, { redis: { ...redis, port: replica.port, acknowledge: 'reply' } })
  expect(await next.getExecution(id)).toMatchObject({ id, status: 'completed' })
})

/** How often the server has waited for its replicas. */
async function waits(server: RedisServer): Promise<number> {
  const text = String(await server.ask('INFO', 'commandstats'))
  return Number(/cmdstat_wait:calls=(\d+)/.exec(text)?.[1] ?? 0)
}

/** The key with the one execution that has not ended. */
async function live(server: RedisServer): Promise<string> {
  const keys = await server.ask('KEYS', 'mao:*:live')
  return Array.isArray(keys) ? String(keys[0]) : ''
}
