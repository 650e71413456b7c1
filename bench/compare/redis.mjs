// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A Redis of our own for as long as we measure: on a free port, with nothing kept.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'

const START_MS_MAX = 10_000

/** The program, if there is one. */
export function findRedis() {
  const server = process.env.REDIS_SERVER ?? 'redis-server'
  return spawnSync(server, ['--version']).status === 0 ? server : undefined
}

export async function startRedis(server) {
  const port = await freePort()
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--loglevel', 'warning']
  const child = spawn(server, words, { stdio: 'ignore' })
  const end = () => void child.kill('SIGKILL')
  // Also when we end by an error of somebody else.
  process.once('exit', end)
  const until = Date.now() + START_MS_MAX
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > until) {
      end()
      throw new Error(`${server} did not start on port ${port}`)
    }
    await setTimeout(20)
  }
  return { port, end }
}

async function freePort() {
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
