// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Two versions in one namespace: what a later one has written is left alone, and the process that cannot read it says so once.

import { expect, it } from 'vitest'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'
import { hasRedis, redisForTest } from '../support/redis.ts'

it.runIf(hasRedis)('a partition of a later version is left alone, and said to be there once', async () => {
  const server = await redisForTest({ appendOnly: true })
  const later = [3, 5, 7].map((partition) => `mao:{default:${partition}}:own`)
  for (const own of later) await server.ask('HSET', own, 'format', 99)
  const orchestrator = orchestratorWith({ work: () => 1 }, { redis: { host: '127.0.0.1', port: server.port }, logger: false })
  const heard: string[] = []
  const said = new Promise<void>((resolve) => {
    orchestrator.on('alert', ({ rule, description }) => {
      heard.push(rule)
      expect(description).toMatch(/in form 99, and this one reads \d+/)
      resolve()
    })
  })
  await orchestrator.ready()
  await said
  const asked = async (): Promise<number> => Number(/cmdstat_eval:calls=(\d+)/.exec(String(await server.ask('INFO', 'commandstats')))?.[1])
  // It asks for them with each beat, and says no more.
  const before = await asked()
  while ((await asked()) < before + 10) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(heard).toEqual(['store:newer'])
  expect((await orchestrator.executeWorkflow(workflow([task('a')]))).results).toEqual({ a: 1 })
  for (const own of later) expect(await server.ask('HGETALL', own)).toEqual(['format', '99'])
})
