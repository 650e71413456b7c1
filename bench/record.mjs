// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What each part of a record costs that nothing is decided by. `--help` explains.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { cpuMicros, measure, median, quantile, wallMicros } from './compare/measure.mjs'
import { agent, firstOf, shapes } from './compare/shapes.mjs'
import { workflowOf } from './compare/ours.mjs'
import { makeFolder, readCount, readNames, readOptions, refuseRest, runProgram } from './usage.mjs'

/** What the bench build leaves out where this names it, as the store opens. */
const LEAVE_OUT = 'MAO_BENCH_LEAVE_OUT'

const FIELDS = {
  checksum: 'the chained checksum of each record',
  by: 'who did an attempt',
  print: 'the print of its input',
  read: 'that it looked at no output of its dependencies',
  waited: 'what it waited for',
  committed: 'when the last record of an execution was committed',
}

/** All of it, of the time that a task of the fan-out takes without any of it. */
const MOST = 1.03
const WARM_MS = 500

const HELP = `What each part of a record costs that nothing is decided by, at 'os': the time per task with everything, over that without the part.
Of each the fastest tenth of many short, alternating rounds in one process; \`profiling\` is what \`monitoring.enableProfiling\` adds to everything.

  npm run bench:record -- [options]

  --rounds <n>    measurements of each kind, alternating, from 1 (default: 100)
  --ms <n>        time for each measurement (default: 40)
  --shape <list>  of ${shapes.map(({ name }) => name).join(', ')} (default: fan100)
  --at-once <n>   executions at once, from 1 (default: 1)
  --cpu           processor time of this process instead of time passed
  --strict        exit code 1 if everything costs more than ${Math.round((MOST - 1) * 100)} % of the fan-out
`

await runProgram('bench:record', async (args) => {
  const text = { type: 'string' }
  const flag = { type: 'boolean' }
  const { values, positionals } = readOptions(args, { rounds: text, ms: text, shape: text, 'at-once': text, cpu: flag, strict: flag })
  refuseRest(positionals)
  if (values.help === true) {
    process.stdout.write(HELP)
    return 0
  }
  const rounds = readCount('rounds', values.rounds ?? '100', 1)
  const ms = readCount('ms', values.ms ?? '40', 1)
  const concurrency = readCount('at-once', values['at-once'] ?? '1', 1)
  const wanted = readNames(
    'shape',
    values.shape ?? 'fan100',
    shapes.map(({ name }) => name),
  )
  const clock = values.cpu === true ? cpuMicros : wallMicros
  let kept = true
  for (const shape of shapes.filter(({ name }) => wanted.includes(name))) {
    const cost = await compare(shape, { rounds, ms, concurrency, clock })
    kept &&= shape.name !== 'fan100' || cost <= MOST
  }
  return values.strict === true && !kept ? 1 : 0
})

async function compare(shape, { rounds, ms, concurrency, clock }) {
  const folder = makeFolder('record')
  const names = Object.keys(FIELDS)
  const variants = [await open('everything', folder, shape, [])]
  // One after the other: each reads the variable as it opens.
  for (const name of names) variants.push(await open(name, folder, shape, [name]))
  variants.push(await open('nothing', folder, shape, names), await open('profiling', folder, shape, [], true))
  try {
    const times = new Map(variants.map(({ name }) => [name, []]))
    for (const { once } of variants) await measure(once, shape.tasks.length, { concurrency, ms: WARM_MS, clock })
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, once } of round % 2 === 0 ? variants : variants.toReversed())
        times.get(name).push(await measure(once, shape.tasks.length, { concurrency, ms, clock }))
    }
    return tell(shape, times, concurrency)
  } finally {
    for (const { orchestrator } of variants) await orchestrator.shutdown()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function open(name, folder, shape, leftOut, enableProfiling = false) {
  process.env[LEAVE_OUT] = leftOut.join(',')
  try {
    const orchestrator = new MultiAgentOrchestrator({
      storage: { path: join(folder, `${name}.store`), durability: 'os' },
      workflow: { maxTasks: 1000, enableValidation: true },
      monitoring: { enableProfiling },
    })
    // As most agents do that are functions: it looks at what came before.
    const execute = (task) => agent(firstOf(task.context.dependencies))
    orchestrator.agentPool.registerAgentType('nothing', { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 1_000_000 })
    await orchestrator.ready()
    const workflow = workflowOf(shape)
    return { name, orchestrator, once: () => orchestrator.executeWorkflow(workflow) }
  } finally {
    delete process.env[LEAVE_OUT]
  }
}

/** Prints the table; what everything costs: by the fastest tenth of the rounds of each, which what else runs here disturbs least. */
function tell(shape, times, concurrency) {
  const micros = (name) => quantile(times.get(name), 0.1)
  const percent = (ratio) => `${((ratio - 1) * 100).toFixed(1)} %`
  const line = (label, one, other) => {
    const rounds = times.get(one).map((time, round) => time / times.get(other)[round])
    const found = micros(one) / micros(other)
    console.log(`  ${label.padEnd(64)}${percent(found).padStart(9)}   (median of the rounds ${percent(median(rounds))})`)
    return found
  }
  const [all, none] = ['everything', 'nothing'].map((name) => micros(name).toFixed(2))
  console.log(`\n${shape.name} × ${concurrency}: ${shape.title}; ${all} µs a task with everything, ${none} without`)
  for (const [name, label] of Object.entries(FIELDS)) line(`${name}: ${label}`, 'everything', name)
  const cost = line('everything', 'everything', 'nothing')
  line('profiling, beside everything', 'profiling', 'everything')
  return cost
}
