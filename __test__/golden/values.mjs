// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the golden store of large values holds, which stand by themselves, and how each of its executions goes on. It is written, once, by
//   node __test__/golden/values.mjs <a built checkout>

import { writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { kitOver } from './store.mjs'

/** When the second process opens the store. */
const LATER = '2026-01-01T00:30:00Z'

/** A value of more than 64 KiB, which compresses well. */
const large = (mark) => ({ mark, text: `${`${mark} `.repeat(Math.ceil(70_000 / (mark.length + 1)))}end of ${mark}` })

const task = (id, dependencies = [], rest = {}) => ({ id, name: id, agentId: 'work', dependencies, ...rest })
const wait = (id, signal, dependencies = []) => ({ id, name: id, waitFor: { signal }, dependencies })
const flow = (id, tasks) => ({ id, name: id, version: '1', tasks })

const definitions = {
  // The output of `a` is the same in every execution: one value of many uses.
  shares: flow('shares', [task('a'), wait('w', 'go', ['a']), task('b', ['w'], { input: { prompt: '{{ results.a.mark }}' } })]),
  ended: flow('ended', [task('a'), task('c', ['a'])]),
  signalled: flow('signalled', [wait('first', 'one'), wait('second', 'two', ['first']), task('last', ['second'])]),
  parent: flow('parent', [
    task('a'),
    {
      id: 'below',
      name: 'below',
      dependencies: ['a'],
      workflow: flow('child', [wait('w', 'go'), task('inner', ['w'])]),
      input: { data: '{{ results.a }}' },
    },
  ]),
  fails: flow('fails', [task('a'), task('breaks', ['a'])]),
}

export const options = (isFirst) => ({
  ...(isFirst ? {} : { startAt: new Date(LATER) }),
  setup: (orchestrator) => {
    const execute = ({ id, context }) => {
      if (id === 'a') return large('shared')
      if (id === 'breaks' && isFirst) throw Object.assign(new Error('not yet'), { stack: 'golden', details: large('details') })
      return { of: id, given: Object.values(context.dependencies).map((output) => output?.mark ?? output) }
    }
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 100 })
  },
})

/** Begins everything, on a kit with a file. */
export async function begin(kit) {
  const { orchestrator } = kit
  const start = (name, context, rest = {}) => orchestrator.startWorkflow(definitions[name], context, { executionId: name, ...rest })
  const settled = async (started) => kit.until((await started).settled())
  await start('shares', large('context'))
  await settled(start('ended', large('context')))
  await settled(start('ended', {}, { executionId: 'deleted' }))
  await settled(start('ended', large('only here'), { executionId: 'also deleted' }))
  const signalled = await start('signalled', {})
  await kit.clock.advance(1)
  await signalled.signal('two', large('early'))
  await start('parent', { who: 'parent' })
  await settled(start('fails', {}))
  // What is taken over stands in the options of the fork.
  await kit.until((await orchestrator.forkExecution('ended', 'c', { executionId: 'fork' })).settled())
  for (const id of ['deleted', 'also deleted']) await orchestrator.deleteExecution(id)
  await kit.clock.advance(10)
}

/** Brings everything to its end, and says how it ended. */
export async function goOn(kit) {
  const { orchestrator } = kit
  await kit.clock.advance(10)
  await orchestrator.getHandle('shares').signal('go', large('payload'))
  await orchestrator.getHandle('signalled').signal('one', 1)
  await orchestrator.getHandle('parent/below/1').signal('go', large('payload'))
  const ends = []
  for (const id of ['shares', 'signalled', 'parent']) ends.push(await kit.until(orchestrator.getHandle(id).settled()))
  ends.push(await kit.until((await orchestrator.forkExecution('fork', 'c', { executionId: 'fork of fork' })).settled()))
  ends.push(await kit.until((await orchestrator.retryExecution('fails', { executionId: 'retried' })).settled()))
  const { executions } = await orchestrator.listExecutions({ limit: 100 })
  return JSON.parse(JSON.stringify([...ends, ...executions].map(told)))
}

/** What it says of a large value: which it is, and how long. */
function short(value) {
  if (typeof value?.text === 'string') return `${value.mark}, ${value.text.length} characters`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, short(member)]))
}

function told({ id, status, context, results, error, tasks }) {
  const rows = tasks.map(({ taskId, status: how, attempts }) => `${taskId} ${how} ${attempts}`)
  return { id, status, context: short(context), results: short(results), error: error?.code, tasks: rows }
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
  writeFileSync(join(here, 'values.db.gz'), gzipSync(bytes, { level: 9 }))
  writeFileSync(join(here, 'values.json'), `${JSON.stringify(ends, null, 2)}\n`)
  console.log(`${bytes.length} bytes, ${ends.length} executions`)
}
