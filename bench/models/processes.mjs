// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The other processes: the server that answers, and programs that tell one thing and end.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Starts the server on a free port. */
export async function startServer() {
  const child = start('server.mjs', [])
  const port = await firstMessage(child, 'server.mjs')
  return { url: `http://127.0.0.1:${port}/v1`, end: () => child.kill('SIGKILL') }
}

/** Runs a program of this folder; resolves with what it tells. */
export async function runChild(program, args) {
  const child = start(program, args)
  const told = await firstMessage(child, program)
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return told
}

function start(program, args) {
  return fork(join(import.meta.dirname, program), args)
}

function firstMessage(child, program) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`${program} ended with ${signal ?? `exit code ${code}`} and said nothing`)))
  })
}
