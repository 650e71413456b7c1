// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Servers that peers need, each of our own for as long as we measure: on a free port, with a folder that is gone afterwards.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { makeFolder, root } from '../usage.mjs'

const START_MS_MAX = 30_000

/** The program of Redis, if there is one. */
export function findRedis() {
  const server = process.env.REDIS_SERVER ?? 'redis-server'
  return spawnSync(server, ['--version']).status === 0 ? server : undefined
}

/** Nothing of it is kept. */
export async function startRedis(server) {
  const port = await freePort()
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--loglevel', 'warning']
  return started(spawn(server, words, { stdio: 'ignore' }), port)
}

/** The folder with the programs of PostgreSQL, if there is one: POSTGRES_BIN, or where Debian's packages put it. */
export function findPostgres() {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((one, other) => Number(other) - Number(one)) : []
  const folders = [process.env.POSTGRES_BIN, ...versions.map((version) => join(debian, version, 'bin'))]
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/** As it is installed: every commit is on the medium before it is acknowledged (`fsync` and `synchronous_commit` are on). */
export async function startPostgres(bin) {
  const folder = makeFolder('postgres')
  const owner = postgresUser()
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const { status, stderr } = spawnSync(
    join(bin, 'initdb'),
    ['--pgdata', data, '--username', 'bench', '--auth', 'trust', '--no-sync'],
    owner,
  )
  if (status !== 0) throw new Error(`initdb failed: ${String(stderr)}`)
  const port = await freePort()
  const words = ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200']
  return started(spawn(join(bin, 'postgres'), words, { ...owner, stdio: 'ignore' }), port, folder)
}

/** PostgreSQL does not run as root. */
function postgresUser() {
  if (process.getuid?.() !== 0) return {}
  const id = (flag) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: id('-u'), gid: id('-g') }
}

/** The program of Restate that its package brings, if it is for this platform. */
export function findRestate() {
  const program = join(
    root,
    'bench/peers/node_modules/@restatedev',
    `restate-server-${process.platform}-${process.arch}`,
    'bin/restate-server',
  )
  return existsSync(program) ? program : undefined
}

/** One node, as it is configured for production: its log is flushed before anything is acknowledged. Resolves with `{ port, admin, end }`. */
export async function startRestate(program) {
  const folder = makeFolder('restate')
  const [port, admin, fabric] = [await freePort(), await freePort(), await freePort()]
  const env = {
    ...process.env,
    RESTATE_BASE_DIR: folder,
    RESTATE_LISTEN_MODE: 'tcp',
    RESTATE_BIND_IP: '127.0.0.1',
    RESTATE_BIND_PORT: String(fabric),
    RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${fabric}`,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${port}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
    RESTATE_AUTO_PROVISION: 'true',
    RESTATE_DISABLE_TELEMETRY: 'true',
    RESTATE_LOG_FILTER: 'error',
  }
  const server = await started(spawn(program, ['--no-logo'], { env, stdio: 'ignore' }), admin, folder)
  const until = Date.now() + START_MS_MAX
  while (!(await healthy(`http://127.0.0.1:${admin}/health`)) || !(await healthy(`http://127.0.0.1:${port}/restate/health`))) {
    if (Date.now() > until) {
      server.end()
      throw new Error('restate-server answers, and is not ready')
    }
    await setTimeout(50)
  }
  return { ...server, port, admin }
}

async function healthy(address) {
  return await fetch(address).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** Waits until `child` listens. `folder` goes with it. */
async function started(child, port, folder) {
  const end = () => {
    child.kill('SIGKILL')
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
  // Also when we end by another's error.
  process.once('exit', end)
  const until = Date.now() + START_MS_MAX
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > until) {
      end()
      throw new Error(`${child.spawnfile} did not start on port ${port}`)
    }
    await setTimeout(20)
  }
  return { port, end }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function answers(port) {
  const socket = connect(port, '127.0.0.1')
  const answer = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false)]).catch(() => false)
  socket.destroy()
  return answer
}
