// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Servers of Redis for tests, each on a free port with a folder of its own: started, stopped, killed, stopped in their tracks and started again; alone,
// as a pair, and as a Cluster of three. Which program that is says scripts/redis-server.mjs.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { redisServer } from '../../scripts/redis-server.mjs'
import { RespClient, type Reply } from './resp.ts'

const found = redisServer()

/** Whether there is a server. Tests that need one are left out otherwise; a run says so once. */
export const hasRedis = found !== undefined

// A test that fails leaves none behind.
const running = new Set<ChildProcess>()
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** A line of a server that takes connections. */
const READY = 'Ready to accept connections'

export interface RedisOptions {
  /** The port; else a free one. */
  readonly port?: number
  /** Keeps an append-only file, so that a restart finds what was there. */
  readonly appendOnly?: boolean
  /** More options, as on its command line: `['--maxmemory', '64mb']`. */
  readonly args?: readonly string[]
  /** Whose replica it is. */
  readonly of?: RedisServer
  readonly cluster?: boolean
}

/** One server of a test. */
export class RedisServer {
  readonly port: number
  readonly #args: readonly string[]
  readonly #folder: string
  #process: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #printed = ''
  #changed: (() => void)[] = []

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.port = port
    this.#folder = folder
    this.#args = args
  }

  /** Starts one, which is to be given up. */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    // A free port may be taken until the server has it: then another is.
    for (let tries = 1; ; tries += 1) {
      const port = options.port ?? (await freePort())
      const args = [...(options.args ?? [])]
      if (options.appendOnly === true) args.push('--appendonly', 'yes')
      if (options.of !== undefined) args.push('--replicaof', '127.0.0.1', String(options.of.port))
      if (options.cluster === true) args.push('--cluster-enabled', 'yes', '--cluster-port', String(await freePort()))
      const server = new RedisServer(port, mkdtempSync(join(tmpdir(), 'mao-redis-')), args)
      try {
        await server.begin()
        return server
      } catch (error) {
        if (options.port !== undefined || tries === 5 || !String(error).includes('Address already in use')) throw error
      }
    }
  }

  /** Starts it again, with what it has kept. */
  async begin(): Promise<void> {
    if (found === undefined) throw new Error('there is no redis-server: npm run test:servers')
    const fixed = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.#folder]
    const from = this.#printed.length
    const child = spawn(found.program, [...fixed, ...this.#args], { env: found.env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#process = child
    this.#ended = once(child, 'close').finally(() => this.#notify())
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text
      this.#notify()
    })
    running.add(child)
    child.once('close', () => running.delete(child))
    await this.says(READY, from)
  }

  /** Resolves when it has written `text`, after what it had written at `from`. */
  async says(text: string, from = 0): Promise<void> {
    while (!this.#printed.includes(text, from)) {
      if (this.#process?.exitCode !== null || this.#process.signalCode !== null)
        throw new Error(`the server ended without saying ${text}:\n${this.#printed.slice(from)}`)
      await new Promise<void>((resolve) => this.#changed.push(resolve))
    }
  }

  /** Where in what it writes a later event will stand. */
  get now(): number {
    return this.#printed.length
  }

  /** Ends it in good order: what it keeps is written. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Ends it with SIGKILL, as a crash does. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Stops it in its tracks: connections stay, nothing is answered. */
  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  goOn(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Ends it for good, with all that it kept. */
  async giveUp(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Asks it something on a connection of its own. */
  async ask(...words: readonly (string | number)[]): Promise<Reply> {
    const client = await RespClient.open(this.port)
    try {
      return await client.send(...words)
    } finally {
      client.close()
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#process?.kill('SIGCONT')
    this.#process?.kill(signal)
    await this.#ended
  }

  #notify(): void {
    for (const resolve of this.#changed.splice(0)) resolve()
  }
}

/** A server that ends with the test. */
export async function redisForTest(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await RedisServer.start(options)
  onTestFinished(() => server.giveUp())
  return server
}

/** A primary and its replica, which has all that the primary has. */
export async function redisPair(options: RedisOptions = {}): Promise<{ primary: RedisServer; replica: RedisServer }> {
  // A primary waits for more replicas, by default for five seconds.
  const args = [...(options.args ?? []), '--repl-diskless-sync-delay', '0']
  const primary = await redisForTest({ ...options, args })
  const replica = await redisForTest({ ...options, args, of: primary })
  await replica.says('sync: Finished with success')
  return { primary, replica }
}

/** Every key whose name is like that. */
export async function keysOf(server: RedisServer, pattern: string): Promise<string[]> {
  return ((await server.ask('KEYS', pattern)) as string[]).toSorted()
}

/** Bytes that all keys take. */
export async function room(server: RedisServer): Promise<number> {
  const client = await RespClient.open(server.port)
  try {
    let bytes = 0
    for (const key of await keysOf(server, '*')) bytes += Number(await client.send('MEMORY', 'USAGE', key, 'SAMPLES', 0))
    return bytes
  } finally {
    client.close()
  }
}

/** Resolves when all that has ended is packed. */
export async function packed(server: RedisServer): Promise<void> {
  while ((await keysOf(server, 'mao:*:unpacked')).length > 0) await new Promise((resolve) => setTimeout(resolve, 20))
}

const SLOTS = 16_384

/** Three primaries that share the slots of a Cluster, the first with so many replicas, which come after them. */
export async function redisCluster(options: RedisOptions = {}, replicas = 0): Promise<readonly RedisServer[]> {
  const servers = await Promise.all([0, 1, 2].map(() => redisForTest({ ...options, cluster: true })))
  const from = servers.map((server) => server.now)
  const [first] = servers
  for (const [index, server] of servers.entries()) {
    const begin = Math.ceil((SLOTS * index) / servers.length)
    const end = Math.ceil((SLOTS * (index + 1)) / servers.length) - 1
    await server.ask('CLUSTER', 'ADDSLOTSRANGE', begin, end)
    // Two servers never begin to agree if they think that each is of the same, first configuration.
    await server.ask('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
  }
  const more = await Promise.all(Array.from({ length: replicas }, () => redisForTest({ ...options, cluster: true })))
  const bus = await first?.ask('CONFIG', 'GET', 'cluster-port')
  for (const server of [...servers.slice(1), ...more])
    await server.ask('CLUSTER', 'MEET', '127.0.0.1', first?.port ?? 0, Array.isArray(bus) ? String(bus[1]) : '')
  await Promise.all(servers.map((server, index) => server.says('Cluster state changed: ok', from[index])))
  const id = String(await first?.ask('CLUSTER', 'MYID'))
  for (const replica of more) {
    while (!String(await replica.ask('CLUSTER', 'NODES')).includes(id)) await new Promise((resolve) => setTimeout(resolve, 20))
    const before = replica.now
    await replica.ask('CLUSTER', 'REPLICATE', id)
    await replica.says('sync: Finished with success', before)
  }
  return [...servers, ...more]
}

/** A port on which nothing listens, until another program takes it. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
