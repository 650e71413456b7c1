// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A server gives its place to another, or takes nothing for a while, under load: a replica that is promoted is followed, in a Cluster as well, and so is a
// slot that moves; what was accepted ends, each task once.

import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CHAIN, EXECUTIONS, loadOn, type Load } from '../support/redis-load.ts'
import { hasRedis, redisCluster, redisForTest, redisPair, type RedisServer } from '../support/redis.ts'

const replicated = { acknowledge: 'replicated' } as const
const portOf = (server: RedisServer | undefined): number => server?.port ?? 0

/** What a server answers as pairs in a row. */
async function setting(server: RedisServer, name: string): Promise<string> {
  const answer = await server.ask('CONFIG', 'GET', name)
  return Array.isArray(answer) ? String(answer[1]) : ''
}

/** Begins more work until that is refused: why, and how many of it were accepted after all. */
async function whenRefused({ orchestrator }: Load): Promise<{ refused: unknown; more: () => Promise<number> }> {
  // Until the load has met the trouble new work waits with the rest.
  const started: Promise<unknown>[] = []
  const refused = await new Promise<unknown>((resolve) => {
    const timer = setInterval(() => {
      const one = orchestrator.executeWorkflow(CHAIN)
      started.push(one)
      one.catch((error: unknown) => {
        clearInterval(timer)
        resolve(error)
      })
    }, 50)
  })
  return { refused, more: async () => (await Promise.allSettled(started)).filter(({ status }) => status === 'fulfilled').length }
}

describe.runIf(hasRedis)('a primary that is one no more', () => {
  it('is left for the replica that took its place, which it names', async () => {
    const { primary, replica } = await redisPair()
    const load = loadOn(primary.port, replicated)
    await load.reaches(EXECUTIONS / 2)
    await replica.ask('REPLICAOF', 'NO', 'ONE')
    await primary.ask('REPLICAOF', '127.0.0.1', replica.port)
    await load.done()
    expect(String(await primary.ask('INFO', 'replication'))).toContain('role:slave')
  }, 60_000)

  it('is left for the replica that took its place when it was killed', async () => {
    const { primary, replica } = await redisPair()
    const last = await redisForTest({ of: replica })
    await last.says('sync: Finished with success')
    const load = loadOn(primary.port, replicated)
    await load.reaches(EXECUTIONS / 2)
    await primary.kill()
    await replica.ask('REPLICAOF', 'NO', 'ONE')
    await load.done()
  }, 60_000)
})

it.runIf(hasRedis)(
  'a server that cannot save what it has is told of, and what was accepted goes on by itself when it can',
  async () => {
    const server = await redisForTest({ args: ['--save', '3600 100000'] })
    const load = loadOn(server.port)
    await load.reaches(EXECUTIONS / 2)
    // Its snapshot is to take the place of a folder, which fails.
    const obstacle = join(await setting(server, 'dir'), await setting(server, 'dbfilename'))
    mkdirSync(obstacle)
    const before = server.now
    await server.ask('BGSAVE')
    await server.says('Background saving error', before)
    await expect(server.ask('SET', 'other', 1)).rejects.toThrow('MISCONF')
    const { refused, more } = await whenRefused(load)
    expect(refused).toMatchObject({ code: 'ERR_STORE_FULL', message: expect.stringContaining('MISCONF') })
    rmdirSync(obstacle)
    const after = server.now
    await server.ask('BGSAVE')
    await server.says('Background saving terminated with success', after)
    await load.done(await more())
  },
  60_000,
)

it.runIf(hasRedis)(
  'a server that says nothing for longer than its patience takes nothing new until it is back',
  async () => {
    const server = await redisForTest({ appendOnly: true, args: ['--appendfsync', 'always'] })
    const load = loadOn(server.port, { patience: 300 })
    await load.reaches(EXECUTIONS / 2)
    await server.kill()
    const { refused, more } = await whenRefused(load)
    expect(refused).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
    await server.begin()
    await load.done(await more())
  },
  60_000,
)

describe.runIf(hasRedis)('a Cluster under load', () => {
  it('has all that was accepted, on each of its servers', async () => {
    const servers = await redisCluster()
    const load = loadOn(portOf(servers[1]))
    await load.done()
    for (const server of servers) expect(await server.ask('DBSIZE')).toBeGreaterThan(EXECUTIONS / 3)
  }, 60_000)

  it('gives the place of a primary to its replica', async () => {
    const [first, , , replica] = await redisCluster({}, 1)
    const load = loadOn(portOf(first))
    await load.reaches(EXECUTIONS / 2)
    await replica?.ask('CLUSTER', 'FAILOVER')
    await load.done()
    expect(String(await replica?.ask('INFO', 'replication'))).toContain('role:master')
  }, 60_000)

  it('loses a primary, and its replica takes its place', async () => {
    const [first, second, , replica] = await redisCluster({}, 1)
    const load = loadOn(portOf(second))
    await load.reaches(EXECUTIONS / 2)
    await first?.ask('CLIENT', 'PAUSE', 60_000, 'WRITE')
    const offset = async (server: RedisServer | undefined): Promise<string | undefined> =>
      /master_repl_offset:(\d+)/.exec(String(await server?.ask('INFO', 'replication')))?.[1]
    while ((await offset(first)) !== (await offset(replica))) await new Promise((resolve) => setTimeout(resolve, 20))
    await first?.kill()
    await replica?.ask('CLUSTER', 'FAILOVER', 'TAKEOVER')
    await load.done()
  }, 60_000)

  it('moves slots from one server to another', async () => {
    const [from, to, third] = await redisCluster()
    const load = loadOn(portOf(third))
    await load.reaches(EXECUTIONS / 2)
    const [fromId, toId] = [String(await from?.ask('CLUSTER', 'MYID')), String(await to?.ask('CLUSTER', 'MYID'))]
    const keys = (await from?.ask('KEYS', 'mao:*:own')) as string[]
    expect(keys.length).toBeGreaterThan(5)
    for (const key of keys.slice(0, 5)) {
      const slot = Number(await from?.ask('CLUSTER', 'KEYSLOT', key))
      await to?.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
      await from?.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
      for (;;) {
        const held = (await from?.ask('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[]
        if (held.length === 0) break
        for (const one of held) await from?.ask('MIGRATE', '127.0.0.1', portOf(to), one, 0, 5000)
      }
      for (const server of [to, from, third]) await server?.ask('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
    }
    await load.done()
    for (const key of keys.slice(0, 5)) expect(await to?.ask('EXISTS', key)).toBe(1)
  }, 60_000)
})
