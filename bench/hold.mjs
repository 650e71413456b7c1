// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long definitions and values that mean harm hold the event loop. `--help` explains.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { readFileSync } from 'node:fs'
import { readCount, readOptions, refuseRest, root, runProgram } from './usage.mjs'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MOST_MS = 50
const SCHEDULED = '/proc/thread-self/schedstat'

const HELP = `How long one turn of the event loop takes while definitions and values that mean harm are executed: the thread's own time on a processor (Linux only),
so that what else the machine does is not counted. p99.9 is of the turns that took 0.1 ms or longer; each attack runs in a process of its own.

  npm run bench:hold -- [options]

  --rounds <n>    how often each attack is made, from 1 (default: 20)
  --only <name>   one attack
  --strict        exit code 1 if p99.9 is above ${MOST_MS} ms
  --help          show this
`

const task = (fields) => ({ id: 'a', name: 'a', agentId: 'agent', ...fields })
const skipped = task({ conditions: ['false'] })
const loop = (id, loopOf, tasks) => ({ id, name: id, type: 'loop', loop: loopOf, tasks })
const forever = { while: 'true', maxIterations: 100_000, onLimit: 'stop', keepLast: 1 }
const nested = (depth) => (depth === 0 ? [skipped] : [loop(`n${depth}`, forever, nested(depth - 1))])
const judged = (schema, data) => [task({ input: { schema, data } })]
const doubled = (word, depth) => {
  const $defs = { d0: { type: 'number' } }
  for (let at = 1; at <= depth; at += 1) $defs[`d${at}`] = { [word]: [{ $ref: `#/$defs/d${at - 1}` }, { $ref: `#/$defs/d${at - 1}` }] }
  return { $defs, $ref: `#/$defs/d${depth}` }
}
const pattern = (text, length) => judged({ type: 'string', pattern: text }, 'a'.repeat(length))

/** Each makes the tasks of a workflow; `context` is `{ list }` of 2,000 numbers. */
const ATTACKS = {
  'a loop that calls nothing': () => [loop('l', forever, [skipped])],
  'loops in loops that call nothing': () => nested(3),
  'a loop that waits for no time': () => [
    loop('l', { ...forever, maxIterations: 20_000 }, [{ id: 'd', name: 'd', waitFor: { delay: 0 } }]),
  ],
  'ten thousand passes at once': () => [
    loop('l', { forEach: Array.from({ length: 10_000 }, (_, at) => at), concurrency: 10_000 }, [skipped]),
  ],
  'a list that squares itself': () => [loop('l', { forEach: 'context.list.map(x, context.list)' }, [skipped])],
  'schemas that double': () => judged(doubled('anyOf', 12), 'x'),
  'schemas that double too often': () => judged(doubled('allOf', 30), 'x'),
  'a schema of ten thousand parts': () =>
    judged({ type: 'object', properties: Object.fromEntries(Array.from({ length: 4900 }, (_, at) => [`p${at}`, { type: 'string' }])) }, {}),
  'a pattern that goes back': () => pattern('^(a+)+$', 100_000),
  'a pattern that refers back': () => pattern('^(a*)*\\1b$', 1000),
  'a pattern that looks ahead': () => pattern('^(?=(a+))\\1+b', 10_000),
  'a pattern that is repeated': () => pattern('^(([a-z]{1,50}){1,50}){1,3}$', 10_000),
  'a thousand issues': () =>
    judged(
      { type: 'array', items: { type: 'string' } },
      Array.from({ length: 100_000 }, (_, at) => at),
    ),
  'members that are unique': () =>
    judged(
      { uniqueItems: true },
      Array.from({ length: 20_000 }, (_, at) => ({ at })),
    ),
}

await runProgram('bench:hold', (args) => {
  const { values, positionals } = readOptions(args, { rounds: { type: 'string' }, only: { type: 'string' }, strict: { type: 'boolean' } })
  refuseRest(positionals)
  if (values.help === true) return print(HELP)
  if (process.platform !== 'linux') return print('bench:hold reads what Linux says of a thread; this is another system.\n')
  const rounds = readCount('rounds', values.rounds ?? '20', 1)
  if (values.only !== undefined) return attack(values.only, rounds)
  let missed = 0
  for (const name of Object.keys(ATTACKS)) {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [fileURLToPath(import.meta.url), '--only', name, '--rounds', String(rounds)],
      { cwd: root, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`${name}: ${stderr}`)
    const { ended, turns, p999, most } = JSON.parse(stdout)
    if (p999 > MOST_MS) missed += 1
    print(
      `${name.padEnd(36)} p99.9 ${p999.toFixed(1).padStart(6)} ms, longest ${most.toFixed(1).padStart(6)} ms of ${String(turns).padStart(6)} turns; ${ended}\n`,
    )
  }
  return values.strict === true && missed > 0 ? 1 : 0
})

/** Prints, as JSON, what the turns of the loop took while one attack was made again and again. */
async function attack(name, rounds) {
  const orchestrator = new MultiAgentOrchestrator()
  orchestrator.agentPool.registerAgentType('agent', { create: () => ({ execute: () => 1 }), maxConcurrency: 100 })
  const context = { list: Array.from({ length: 2000 }, (_, at) => at) }
  const turns = []
  let [watching, before, ended] = [true, busyMs(), '']
  const turn = () => {
    const now = busyMs()
    turns.push(now - before)
    before = now
    if (watching) setImmediate(turn)
  }
  for (let round = 0; round < rounds; round += 1) {
    // The making of the attack is not ours.
    const workflow = { id: 'attack', name: 'attack', version: String(round), tasks: ATTACKS[name]() }
    before = busyMs()
    if (round === 0) setImmediate(turn)
    try {
      ended = (await orchestrator.executeWorkflow(workflow, context)).status
    } catch (error) {
      ended = (error.cause ?? error).code
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  watching = false
  await orchestrator.shutdown()
  const counted = turns.filter((ms) => ms >= 0.1).toSorted((one, other) => one - other)
  const p999 = counted[Math.min(counted.length - 1, Math.floor(counted.length * 0.999))] ?? 0
  return print(JSON.stringify({ ended, turns: counted.length, p999, most: counted.at(-1) ?? 0 }))
}

/** What this thread has been on a processor, in milliseconds. */
function busyMs() {
  return Number(readFileSync(SCHEDULED, 'utf8').split(' ')[0]) / 1e6
}

function print(text) {
  process.stdout.write(text)
  return 0
}
