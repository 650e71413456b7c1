// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What conditions and templates add to a task, and how soon a cancel reaches a thousand agents. `--help` explains.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { Cell, measure, median, wallMicros } from './compare/measure.mjs'
import { openOurs, workflowOf } from './compare/ours.mjs'
import { shapes } from './compare/shapes.mjs'
import { readCount, readOptions, refuseRest, runProgram } from './usage.mjs'

const CONCURRENCY = 100
const ADDED_MOST = 10
const AGENTS = 1000
const CANCEL_MOST_MS = 100

const HELP = `What conditions and templates add to each task that has them, in microseconds, in memory, ${CONCURRENCY} executions at once; and the time from
cancelExecution to the last of ${AGENTS} running agents seeing its signal.

  npm run bench:semantics -- [options]

  --rounds <n>    measurements of each kind, alternating, from 1 (default: 5)
  --ms <n>        time for each measurement (default: 300)
  --strict        exit code 1 if a bound is missed
  --help          show this
`

/** Fields that each task has, by the name of the row; `first` is a task before it, if there is one. */
const ROWS = {
  nothing: () => ({}),
  'a condition': () => ({ conditions: ['context.n > 0'] }),
  'a condition on a task before': (first) => ({ conditions: [first === undefined ? 'context.n > 0' : `tasks.${first}.output.n > 0`] }),
  'a template': () => ({ input: { data: '{{ context.n }}' } }),
  'a condition and a template on a task before': (first) => ({
    conditions: [first === undefined ? 'context.n > 0' : `tasks.${first}.output.n > 0`],
    input: { prompt: first === undefined ? 'n is {{ context.n }}' : `n is {{ tasks.${first}.output.n }}` },
  }),
}

await runProgram('bench:semantics', async (args) => {
  const { values, positionals } = readOptions(args, { rounds: { type: 'string' }, ms: { type: 'string' }, strict: { type: 'boolean' } })
  refuseRest(positionals)
  if (values.help === true) {
    print(HELP)
    return 0
  }
  const [rounds, ms] = [readCount('rounds', values.rounds ?? '5', 1), readCount('ms', values.ms ?? '300', 1)]
  let missed = 0
  for (const shape of shapes.filter(({ name }) => name !== 'layered10x10')) missed += await compare(shape, rounds, ms)
  missed += await cancels(rounds * 4)
  return values.strict === true && missed > 0 ? 1 : 0
})

/** One shape with and without, alternating. */
async function compare(shape, rounds, ms) {
  const orchestrator = await openOurs('memory', '')
  const cell = new Cell()
  const runs = Object.entries(ROWS).map(([row, fieldsOf]) => {
    const workflow = workflowOf({ ...shape, name: `${shape.name}, ${row}` })
    const tasks = workflow.tasks.map((task) => ({ ...task, ...fieldsOf(task.dependencies[0]) }))
    return [row, { ...workflow, tasks }]
  })
  for (const [, workflow] of runs) await orchestrator.executeWorkflow(workflow, { n: 1 })
  for (let round = 0; round < rounds; round += 1) {
    for (const [row, workflow] of runs) {
      const once = () => orchestrator.executeWorkflow(workflow, { n: 1 })
      cell.add(row, await measure(once, workflow.tasks.length, { concurrency: CONCURRENCY, ms, clock: wallMicros }))
    }
  }
  await orchestrator.shutdown()
  print(`${shape.title}\n`)
  let missed = 0
  for (const row of Object.keys(ROWS)) {
    const added = cell.micros(row) - cell.micros('nothing')
    const word =
      row === 'nothing' ? '' : `  + ${added.toFixed(2).padStart(5)} µs  ≤ ${ADDED_MOST}: ${added <= ADDED_MOST ? 'ok' : 'MISSED'}`
    missed += added <= ADDED_MOST ? 0 : 1
    print(`  ${row.padEnd(46)}${cell.micros(row).toFixed(2).padStart(7)} µs a task${word}\n`)
  }
  return missed
}

async function cancels(times) {
  const took = []
  for (let time = 0; time < times; time += 1) {
    const orchestrator = new MultiAgentOrchestrator({ workflow: { maxTasks: AGENTS } })
    let [running, aborted, last] = [0, 0, 0]
    const execute = (_task, { signal }) =>
      new Promise((_resolve, reject) => {
        running += 1
        signal.addEventListener('abort', () => {
          aborted += 1
          last = performance.now()
          reject(signal.reason)
        })
      })
    orchestrator.agentPool.registerAgentType('wait', { create: () => ({ execute }), maxAgents: 1, maxConcurrency: AGENTS })
    const tasks = Array.from({ length: AGENTS }, (_, place) => ({ id: `t${place}`, name: 't', agentId: 'wait', dependencies: [] }))
    const handle = await orchestrator.startWorkflow({ id: 'cancelled', name: 'cancelled', version: '1', tasks })
    while (running < AGENTS) await new Promise((resolve) => setImmediate(resolve))
    const began = performance.now()
    await handle.cancel()
    await handle.settled()
    if (aborted !== AGENTS) throw new Error(`${aborted} of ${AGENTS} agents were told`)
    took.push(last - began)
    await orchestrator.shutdown()
  }
  const most = Math.max(...took)
  const word = most <= CANCEL_MOST_MS ? 'ok' : 'MISSED'
  print(
    `A cancel of ${AGENTS} agents: ${median(took).toFixed(2)} ms, at most ${most.toFixed(2)} ms of ${times}  ≤ ${CANCEL_MOST_MS}: ${word}\n`,
  )
  return most <= CANCEL_MOST_MS ? 0 : 1
}

function print(text) {
  process.stdout.write(text)
}
