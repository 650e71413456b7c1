// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What happens to a server and to the way to it while executions run: every accepted execution ends, and nothing is recorded twice.

import type { Alert, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { hearing } from '../support/alerts.ts'
import { CuttingProxy } from '../support/cutting-proxy.ts'
import { orchestratorWith, rejection } from '../support/orchestrators.ts'
import { CHAIN, EXECUTIONS, loadOn, type Load } from '../support/redis-load.ts'
import { hasRedis, redisForTest, type RedisOptions, type RedisServer } from '../support/redis.ts'

const kept: RedisOptions = { appendOnly: true, args: ['--appendfsync', 'always'] }

describe.runIf(hasRedis)('under load', () => {
  const during: [string, (server: RedisServer, proxy: CuttingProxy, load: Load) => Promise<void>][] = [
    [
      'its scripts are forgotten and its connections killed',
      async (server, _, load) => {
        for (let time = 1; time <= 5; time += 1) {
          await server.ask('SCRIPT', 'FLUSH')
          await server.ask('CLIENT', 'KILL', 'TYPE', 'normal')
          await load.reaches(time * 30)
        }
      },
    ],
    [
      'every connection is cut, again and again',
      async (_, proxy, load) => {
        for (let time = 1; time <= 8; time += 1) {
          proxy.cut()
          await load.reaches(time * 20)
        }
      },
    ],
    [
      'nothing passes for longer than an answer may take',
      async (_, proxy) => {
        proxy.hold()
        await new Promise((resolve) => setTimeout(resolve, 6000))
        proxy.open()
      },
    ],
    [
      'the server is killed and started again with its append-only file, twice',
      async (server, _, load) => {
        for (const time of [1, 2]) {
          await server.kill()
          await server.begin()
          await load.reaches(60 + time * 40)
        }
      },
    ],
    [
      'the server stands still',
      async (server) => {
        server.pause()
        await new Promise((resolve) => setTimeout(resolve, 3000))
        server.goOn()
      },
    ],
    [
      'its memory is full',
      async (server, _, load) => {
        await server.ask('CONFIG', 'SET', 'maxmemory', '1mb')
        const before = load.attempts.length
        await new Promise((resolve) => setTimeout(resolve, 500))
        // What was on record already is done; nothing new leaves.
        expect(load.attempts.length - before).toBeLessThanOrEqual(EXECUTIONS)
        await server.ask('CONFIG', 'SET', 'maxmemory', '0')
      },
    ],
  ]
  it.each(during)(
    '%s: every execution ends, with one attempt of each task',
    async (_, happens) => {
      const server = await redisForTest(kept)
      const proxy = await CuttingProxy.to(server.port)
      const load = loadOn(proxy.port)
      await load.reaches(EXECUTIONS / 2)
      await happens(server, proxy, load)
      await load.done()
    },
    60_000,
  )

  it('a user that may do nothing dangerous is enough', async () => {
    const acl = '--user default off --user worker on >own ~mao:* +@all -@admin -@dangerous +info'
    const server = await redisForTest({ appendOnly: true, args: acl.split(' ') })
    const load = loadOn(server.port, { username: 'worker', password: 'own' })
    await load.done()
  })

  it('a user that has neither CONFIG nor CLIENT nor WAITAOF nor INFO does as well, and hears what could not be seen', async () => {
    const acl = '--user default off --user worker on >own ~mao:* +@all -config -client -info'
    const server = await redisForTest({ appendOnly: true, args: acl.split(' ') })
    const load = loadOn(server.port, { username: 'worker', password: 'own' })
    const heard: Alert[] = []
    hearing(heard, 'store:')(load.orchestrator)
    await load.done()
    expect(heard.map(({ rule }) => rule)).toEqual(['store:untold'])
  })
})

describe.runIf(hasRedis)('a server that cannot be used', () => {
  it.each<[string, readonly string[], OrchestratorConfig['redis'], RegExp]>([
    ['evicts', ['--maxmemory-policy', 'allkeys-lru'], {}, /deletes keys when its memory is full \(maxmemory-policy allkeys-lru\)/],
    ['asks for a password', ['--requirepass', 'right'], {}, /asks for a password: set `redis\.password`/],
    ['refuses the password', ['--requirepass', 'right'], { password: 'wrong' }, /refuses this user or password/],
    ['has no such database', [], { db: 99 }, /has no database 99/],
  ])('%s: every call says so', async (_, args, redis, message) => {
    const server = await redisForTest({ args })
    const orchestrator = orchestratorWith({ work: () => 1 }, { redis: { host: '127.0.0.1', port: server.port, ...redis } })
    const calls = [() => orchestrator.ready(), () => orchestrator.executeWorkflow(CHAIN), () => orchestrator.getExecution('x')]
    for (const call of calls) {
      const error = await rejection(call())
      expect([error.name, error.code]).toEqual(['StoreError', 'ERR_STORE_OPEN'])
      expect(error.message).toMatch(message)
      expect(error.message).toContain(`127.0.0.1:${server.port}`)
      expect(`${error.stack}${String((error.cause as Error | undefined)?.message)}`).not.toContain('wrong')
    }
  })
})

it.runIf(hasRedis)('what is not there on a server is refused by name', async () => {
  const server = await redisForTest(kept)
  const orchestrator = orchestratorWith({ work: () => 1 }, { redis: { host: '127.0.0.1', port: server.port } })
  await orchestrator.executeWorkflow(CHAIN)
  const always = [new Date(0), new Date(Date.UTC(2200, 0, 1))] as const
  const calls: [() => Promise<unknown>, RegExp][] = [
    [() => orchestrator.backup('copy.db'), /`backup` copies a file: executions on Redis are copied as all of that server is/],
    [() => orchestrator.listExecutions({ fields: 'summary' }), /not kept on Redis: `listExecutions\(\)` without `fields`/],
    [() => orchestrator.executionMonitor.getWorkflowAnalytics('flow', ...always), /not kept on Redis/],
  ]
  for (const [call, message] of calls) {
    const error = await rejection(call())
    expect([error.code, error.message]).toEqual(['ERR_NOT_SUPPORTED', expect.stringMatching(message)])
  }
})
