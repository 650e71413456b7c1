// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What facts cost and how fast they answer. `--help` explains.

import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { median } from './compare/measure.mjs'
import { makeFolder, readCount, readOptions, refuseRest, root, runProgram } from './usage.mjs'

const BOUNDS = { page: 5, filter: 50, rebuilt: 100_000, ratio: 0.95, catchUp: 10_000 }

const HELP = `What facts cost and how fast they answer: the release build of crates/runtime/examples/facts.rs makes a store of executions of 10 tasks,
folds it, and asks for pages of 100 summaries; then a fan-out at 'os' runs beside the thread of facts and without it, in pairs.

  npm run bench:facts -- [options]

  --executions <n>  executions in the store, 0 for none (default: 100000)
  --pairs <n>       pairs of loads, from 0 (default: 20)
  --tasks <n>       tasks of each load, from 500 (default: 500000)
  --strict          exit code 1 if a page takes more than ${BOUNDS.page} ms, a filter more than ${BOUNDS.filter} ms, less than ${BOUNDS.rebuilt} tasks/s are folded, throughput falls
                    by more than 5 %, or facts catch up in more than ${BOUNDS.catchUp / 1000} s (medians)
`

await runProgram('bench:facts', async (args) => {
  const text = { type: 'string' }
  const { values, positionals } = readOptions(args, { executions: text, pairs: text, tasks: text, strict: { type: 'boolean' } })
  refuseRest(positionals)
  if (values.help === true) {
    process.stdout.write(HELP)
    return 0
  }
  const executions = readCount('executions', values.executions ?? '100000', 0)
  const pairs = readCount('pairs', values.pairs ?? '20', 0)
  const tasks = readCount('tasks', values.tasks ?? '500000', 500)
  const folder = makeFolder('facts')
  const missed = []
  const loads = []
  const judge = (what, is) => is || missed.push(what)
  try {
    const cargo = [
      'run',
      '--release',
      '--quiet',
      '-p',
      'runtime',
      '--example',
      'facts',
      '--',
      folder,
      String(executions),
      String(pairs),
      String(tasks),
    ]
    const child = spawn('cargo', cargo, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise((resolve) => child.once('close', resolve))
    for await (const line of createInterface({ input: child.stdout })) {
      const told = JSON.parse(line)
      process.stdout.write(`${line}\n`)
      if (told.rebuilt !== undefined) judge('rebuild', (told.rebuilt / told.ms) * 1000 >= BOUNDS.rebuilt)
      if (told.page !== undefined) judge(told.page, told.median <= (told.page === 'all' ? BOUNDS.page : BOUNDS.filter))
      if (told.pair !== undefined) loads.push(told)
    }
    if ((await ended) !== 0) return 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (loads.length > 0) {
    const [ratio, catchUp] = ['ratio', 'catchUp'].map((field) => median(loads.map((load) => load[field])))
    process.stdout.write(
      `throughput with facts ${(ratio * 100).toFixed(1)} % of that without, caught up after ${catchUp.toFixed(0)} ms (medians)\n`,
    )
    judge('throughput', ratio >= BOUNDS.ratio)
    judge('catching up', catchUp <= BOUNDS.catchUp)
  }
  if (missed.length > 0) process.stdout.write(`beyond its bound: ${missed.join(', ')}\n`)
  return values.strict === true && missed.length > 0 ? 1 : 0
})
