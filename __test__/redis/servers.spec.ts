// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the other tests here stand on: that a server keeps what it is to keep, that a pair and a Cluster are one, and that the way to a server can be cut.

import { describe, expect, it } from 'vitest'
import { CuttingProxy } from '../support/cutting-proxy.ts'
import { hasRedis, redisCluster, redisForTest, redisPair } from '../support/redis.ts'
import { RespClient } from '../support/resp.ts'

describe.runIf(hasRedis)('servers of tests', () => {
  it('one with an append-only file has after a crash what it had said OK to', async () => {
    const server = await redisForTest({ appendOnly: true, args: ['--appendfsync', 'always'] })
    expect(await server.ask('SET', 'a', 'ä 1')).toBe('OK')
    await server.kill()
    await expect(server.ask('GET', 'a')).rejects.toThrow('ECONNREFUSED')
    await server.begin()
    expect(await server.ask('GET', 'a')).toBe('ä 1')
  })

  it('one that is paused answers when it goes on', async () => {
    const server = await redisForTest()
    server.pause()
    let answered = false
    const answer = server.ask('PING').finally(() => (answered = true))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(answered).toBe(false)
    server.goOn()
    expect(await answer).toBe('PONG')
  })

  it('what a pair is told the replica has', async () => {
    const { primary, replica } = await redisPair()
    const client = await RespClient.open(primary.port)
    await client.send('RPUSH', 'list', 1, 2)
    expect(await client.send('WAIT', 1, 20_000)).toBe(1)
    client.close()
    expect(await replica.ask('LRANGE', 'list', 0, -1)).toEqual(['1', '2'])
    await expect(replica.ask('SET', 'a', 1)).rejects.toThrow('READONLY')
  })

  it('three are one Cluster', async () => {
    const servers = await redisCluster()
    const answers = await Promise.all(servers.map((server) => server.ask('SET', 'a', 1).catch((error: Error) => error.message)))
    expect(answers.map((answer) => String(answer).split(' ')[0]).toSorted()).toEqual(['MOVED', 'MOVED', 'OK'])
  })

  it('a way that is cut ends its connections, one that is held keeps what it was given', async () => {
    const server = await redisForTest()
    const proxy = await CuttingProxy.to(server.port)
    const first = await RespClient.open(proxy.port)
    expect(await first.send('PING')).toBe('PONG')
    proxy.cut()
    await expect(first.send('PING')).rejects.toThrow()
    const second = await RespClient.open(proxy.port)
    expect(await second.send('PING')).toBe('PONG')
    proxy.hold()
    const held = second.send('INCR', 'n')
    expect(await server.ask('GET', 'n')).toBe(null)
    proxy.open()
    expect(await held).toBe(1)
    second.close()
  })
})
