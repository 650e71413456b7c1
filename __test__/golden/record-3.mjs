// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the golden store of records of version 3 holds, and how each of its executions goes on. It is written, once, by
//   node __test__/golden/record-3.mjs <a built checkout>

import { writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { kitOver } from './store.mjs'

/** When the second process opens the store. */
const LATER = '2026-01-01T00:30:00Z'

const task = (id, dependencies = [], rest = {}) => ({ id, name: id, agentId: 'work', dependencies, ...rest })
const flow = (id, tasks) => ({ id, name: id, version: '1', tasks })

const fan = [
  task('a'),
  ...Array.from({ length: 20 }, (_, n) => task(`m${n}`, ['a'])),
  task('z', ['m0', 'm19'], { input: { prompt: '{{ results.m0.of }}' } }),
]
const wait = { id: 'w', name: 'w', waitFor: { signal: 'go' }, dependencies: ['a'] }
const child = flow('below', [task('one'), { id: 'more', name: 'more', waitFor: { signal: 'more' }, dependencies: ['one'] }])

export const options = (isFirst) => ({
  ...(isFirst ? {} : { startAt: new Date(LATER) }),
  setup: (orchestrator) => {
    const execute = (given, ctx) => {
      const { id, attempt } = given
      ctx.emit('begun')
      if (id === 'fails' || (id === 'again' && attempt < 3))
        throw Object.assign(new Error(`attempt ${attempt} of ${id}`), { stack: 'golden' })
      // What it reads is on record as what its template reads.
      if (id === 'z') return { of: id }
      const { dependencies } = given.context
      return { of: id, after: Object.keys(dependencies).filter((name) => dependencies[name] !== null) }
    }
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }), maxAgents: 2, maxConcurrency: 2 })
  },
})

/** Begins everything, on a kit with a file. */
export async function begin(kit) {
  const { orchestrator } = kit
  const start = (id, tasks, rest = {}) => orchestrator.startWorkflow(flow(id, tasks), { who: 'me' }, { executionId: id, ...rest })
  const ended = [start('fan', fan), start('fails', [task('fails')], { tenant: 'them' })]
  for (const handle of await Promise.all(ended)) await kit.until(handle.settled())
  await start('waits', [task('a'), wait, task('after', ['w'])], { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' })
  await start('parent', [{ id: 'c', name: 'c', workflow: child }, task('last', ['c'])])
  await start('again', [task('again', [], { retryPolicy: { maxAttempts: 3, initialDelay: '1h' } })])
  await start('paused', [task('a'), task('b', ['a'])], { step: true })
  await kit.clock.advance(10)
}

/** Brings everything to its end, and says how it ended. */
export async function goOn(kit) {
  const { orchestrator } = kit
  await kit.clock.advance(10)
  await orchestrator.getHandle('waits').signal('go', { n: 1 })
  await orchestrator.getHandle('parent/c/1').signal('more', 2)
  await orchestrator.resumeExecution('paused')
  await kit.clock.advance('3h')
  const ends = []
  for (const id of ['waits', 'parent', 'again', 'paused']) ends.push(await kit.until(orchestrator.getHandle(id).settled()))
  const { executions } = await orchestrator.listExecutions({ limit: 100 })
  return JSON.parse(JSON.stringify([...ends, ...executions].map(told)))
}

function told({ id, status, results, error, tasks, tenant, traceparent }) {
  const rows = tasks.map(({ taskId, status: how, attempts }) => `${taskId} ${how} ${attempts}`)
  return { id, status, results, error: error?.code, tasks: rows, tenant, traceparent }
}

if (process.argv[1] === import.meta.filename) {
  const [checkout] = process.argv.slice(2)
  if (checkout === undefined) throw new Error('name a built checkout')
  // What is recorded of the machine is nobody's.
  os.hostname = () => 'golden'
  syncBuiltinESMExports()
  const { createTestKit } = await import(pathToFileURL(resolve(checkout, 'dist/testing.mjs')).href)
  const here = fileURLToPath(new URL('.', import.meta.url))
  const first = await kitOver(createTestKit, undefined, options(true))
  await begin(first.kit)
  const bytes = await first.bytes()
  await first.close()
  const second = await kitOver(createTestKit, bytes, options(false))
  const ends = await goOn(second.kit)
  await second.close()
  writeFileSync(join(here, 'record-3.db.gz'), gzipSync(bytes, { level: 9 }))
  writeFileSync(join(here, 'record-3.json'), `${JSON.stringify(ends, null, 2)}\n`)
  console.log(`${bytes.length} bytes, ${ends.length} executions`)
}
