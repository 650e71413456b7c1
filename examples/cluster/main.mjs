// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Three processes over one Redis, one of which is killed: who accepted, drove and ran what, and that nothing is lost.
//   npm run demo:cluster
// It starts a server of its own on a free port, with a folder that goes with it.

import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisServer } from '../../scripts/redis-server.mjs'

const NAMES = ['red', 'green', 'blue']
const EXECUTIONS = 40
const TASKS = 4

const found = redisServer()
if (found === undefined) {
  console.error('There is no redis-server here: npm run test:servers')
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), 'cluster-'))
const port = await freePort()
const server = spawn(found.program, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'], {
  env: found.env,
  stdio: ['ignore', 'pipe', 'inherit'],
})
await new Promise((resolve) =>
  server.stdout.setEncoding('utf8').on('data', (text) => text.includes('Ready to accept connections') && resolve()),
)
console.log(`Redis on port ${port}`)

/** What each process has done, by name. */
const done = Object.fromEntries(NAMES.map((name) => [name, { accepted: 0, ran: 0, ended: 0 }]))
const accepted = new Set()
const ended = new Map()
const ran = new Map()
/** What a process that lives has found to have ended: the one that was killed may not have come to telling of its last ends. */
const onRecord = new Set()

const workers = NAMES.map((name) => {
  const worker = fork(new URL('worker.mjs', import.meta.url), [name, String(port)])
  worker.on('message', ({ what, id, task, found }) => {
    for (const one of found ?? []) onRecord.add(one)
    if (what === undefined) return
    done[name][what] += 1
    if (what === 'accepted') accepted.add(id)
    if (what === 'ended') ended.set(id, [...(ended.get(id) ?? []), name])
    if (what === 'ran') ran.set(`${id} ${task}`, (ran.get(`${id} ${task}`) ?? 0) + 1)
  })
  return worker
})
await Promise.all(workers.map((worker) => once(worker, 'message').then(() => {})))
for (const worker of workers) worker.send({ executions: EXECUTIONS, tasks: TASKS })

await until(() => accepted.size === NAMES.length * EXECUTIONS && ended.size > 10)
const [killed] = workers
killed.kill('SIGKILL')
console.log(
  `${NAMES[0]} is killed with ${accepted.size - ended.size} of ${accepted.size} executions under way; what it drove moves when its lease of 10 s is over`,
)

const missing = () => [...accepted].filter((id) => !ended.has(id) && !onRecord.has(id))
while (missing().length > 0) {
  workers[1].send({ look: missing() })
  await sleep(200)
}
const repeated = [...ran.values()].filter((times) => times > 1).length
console.table(done)
console.log(
  `${accepted.size} executions accepted, ${accepted.size - missing().length} ended, each once: ${[...ended.values()].every((names) => names.length === 1)}`,
)
console.log(
  `${ran.size} tasks, of which ${repeated} ran a second time, since the process that ran them was killed before their end was on record`,
)

for (const worker of workers.slice(1)) worker.send('shutdown')
await Promise.all(workers.slice(1).map((worker) => once(worker, 'exit')))
server.kill()
await once(server, 'exit')
rmSync(folder, { recursive: true, force: true })

async function until(holds) {
  while (!holds()) await sleep(50)
}

async function freePort() {
  const listener = createServer()
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const { port: free } = listener.address()
  listener.close()
  await once(listener, 'close')
  return free
}
