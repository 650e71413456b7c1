// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What it takes to open a store in which executions wait. `--help` explains.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeFolder, readCount, readOptions, refuseRest, root, runProgram } from './usage.mjs'

/** What an opening may take: all of the executions of each row, in seconds, MiB and milliseconds. */
const ROWS = [
  { executions: 100_000, tasks: 10, definitions: 1, seconds: 10, mebibytes: 1024 },
  { executions: 100_000, tasks: 10, definitions: 1000, seconds: 10, mebibytes: 1024 },
  { executions: 4000, tasks: 50, definitions: 1, seconds: 2, mebibytes: 1024 },
]
const MOST_MS = 50
const SCHEDULED = '/proc/thread-self/schedstat'

const HELP = `What it takes to open a store in which executions wait for a signal after their other tasks have completed: seconds until \`ready()\`, memory of the
process, what one execution adds to it, and the longest that one turn of the event loop has kept the processor (Linux only) meanwhile. Each row is a store
of its own, made by a process that is killed and opened by another.

  npm run bench:opening -- [options]

  --executions <n>   executions that wait, from 1 (default: the rows of the bounds)
  --tasks <n>        tasks of each, from 2 (default: 10)
  --definitions <n>  workflows they are of, from 1 (default: 1)
  --strict           exit code 1 if a bound is missed; only without the options above
  --help             show this
`

await runProgram('bench:opening', (args) => {
  const counts = { executions: { type: 'string' }, tasks: { type: 'string' }, definitions: { type: 'string' } }
  const { values, positionals } = readOptions(args, {
    ...counts,
    strict: { type: 'boolean' },
    make: { type: 'string' },
    open: { type: 'string' },
  })
  refuseRest(positionals)
  if (values.help === true) return print(HELP)
  const given = {
    executions: readCount('executions', values.executions ?? '100000', 1),
    tasks: readCount('tasks', values.tasks ?? '10', 2),
    definitions: readCount('definitions', values.definitions ?? '1', 1),
  }
  if (values.make !== undefined) return make(values.make, given)
  if (values.open !== undefined) return open(values.open)
  const rows = Object.keys(counts).some((name) => values[name] !== undefined) ? [given] : ROWS
  let missed = 0
  for (const row of rows) missed += Number(!measure(row))
  return values.strict === true && missed > 0 ? 1 : 0
})

/** Prints a row; whether its bounds are kept. */
function measure({ executions, tasks, definitions, seconds = Infinity, mebibytes = Infinity }) {
  const folder = makeFolder('opening')
  try {
    const path = join(folder, 'store.db')
    const counts = ['--executions', executions, '--tasks', tasks, '--definitions', definitions].map(String)
    step(['--make', path, ...counts], (status) => status === null)
    const found = JSON.parse(step(['--open', path, ...counts], (status) => status === 0))
    const each = ((found.after - found.before) * 1024) / executions
    print(
      `${String(executions).padStart(7)} executions of ${String(tasks).padStart(3)} tasks, ${String(definitions).padStart(4)} definitions: ` +
        `${found.seconds.toFixed(2).padStart(6)} s, ${found.after.toFixed(0).padStart(5)} MiB, ${each.toFixed(2).padStart(6)} KiB each, ` +
        `longest turn ${found.longest.toFixed(0).padStart(5)} ms, ${found.active} active\n`,
    )
    return found.seconds <= seconds && found.after <= mebibytes && found.longest <= MOST_MS
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What this program prints with these arguments, in a process of its own. */
function step(args, isWell) {
  const done = spawnSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), ...args], { cwd: root, encoding: 'utf8' })
  if (!isWell(done.status)) throw new Error(`${args.join(' ')}: ${done.stderr || `ended with ${done.status}`}`)
  return done.stdout
}

function agents(orchestrator) {
  orchestrator.agentPool.registerAgentType('a', { create: () => ({ execute: () => ({ ok: true, n: 1 }) }), maxConcurrency: 1000 })
}

/** Leaves a store of executions that wait, and no process. */
async function make(path, { executions, tasks, definitions }) {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability: 'os' } })
  agents(orchestrator)
  const called = Array.from({ length: tasks - 1 }, (_, at) => ({ id: `t${at}`, name: 't', agentId: 'a', type: 'sequential' }))
  const workflows = Array.from({ length: definitions }, (_, at) => {
    return {
      id: `w${at}`,
      name: 'w',
      version: '1',
      tasks: [...called, { id: 'wait', name: 'wait', type: 'sequential', waitFor: { signal: 'go' } }],
    }
  })
  let waiting = 0
  let enough = () => {}
  orchestrator.on('task:waiting', () => ((waiting += 1), enough()))
  for (let begun = 0; begun < executions;) {
    const some = Math.min(500, executions - begun)
    await Promise.all(Array.from({ length: some }, (_, at) => orchestrator.startWorkflow(workflows[(begun + at) % definitions])))
    begun += some
    await new Promise((resolve) => ((enough = () => waiting >= begun && resolve()), enough()))
  }
  process.kill(process.pid, 'SIGKILL')
}

/** Prints, as JSON, what it takes to open a store. */
async function open(path) {
  globalThis.gc?.()
  const before = mebibytes()
  const turns = watch()
  const began = performance.now()
  const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability: 'os' } })
  agents(orchestrator)
  await orchestrator.ready()
  const seconds = (performance.now() - began) / 1000
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const longest = turns()
  globalThis.gc?.()
  const { activeWorkflows: active } = await orchestrator.getStatistics()
  print(JSON.stringify({ seconds, before, after: mebibytes(), longest, active }))
  process.exit(0)
}

function mebibytes() {
  return process.memoryUsage().rss / 2 ** 20
}

/** Watches how long turns of the event loop keep the processor; what it returns gives the longest, in milliseconds, and ends it. */
function watch() {
  if (process.platform !== 'linux') return () => 0
  const busyMs = () => Number(readFileSync(SCHEDULED, 'utf8').split(' ')[0]) / 1e6
  let [watching, before, longest] = [true, busyMs(), 0]
  // By a timer: to look at each turn would take a processor of its own. While nothing is done nothing is counted.
  const look = () => {
    const now = busyMs()
    longest = Math.max(longest, now - before)
    before = now
    if (watching) setTimeout(look, 1)
  }
  look()
  return () => ((watching = false), longest)
}

function print(text) {
  process.stdout.write(text)
  return 0
}
