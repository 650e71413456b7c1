// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What agents that misbehave cost the others, and what it costs to ask how things are. `--help` explains.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { median } from './compare/measure.mjs'
import { makeFolder, readCount, readOptions, refuseRest, runProgram } from './usage.mjs'

const WAITS = 100
const WAIT_MS = 1000
const TIMEOUT_MS = 100
/** How long after its signal an agent is given up. */
const GRACE_MS = 5000
const BLOCKERS = 200
const BLOCKER_MS = 5
const ASKED = 100
/** What asking may take, if it is asked each second: one percent of one. */
const ASK_MOST_MS = 10

const HELP = `What agents that misbehave cost the others: one that blocks the event loop, one that never returns, one in a worker that spins, many that block
it shortly; and how long getStatistics() of the orchestrator and of its pool take while many executions are live.

  npm run bench:agents -- [options]

  --block <s>     how long an agent blocks the event loop, from 1 (default: 10)
  --live <n>      live executions while the statistics are asked for, from 1 (default: 100000)
  --strict        exit code 1 if something is lost or a bound is missed
  --help          show this
`

await runProgram('bench:agents', async (args) => {
  const { values, positionals } = readOptions(args, { block: { type: 'string' }, live: { type: 'string' }, strict: { type: 'boolean' } })
  refuseRest(positionals)
  if (values.help === true) {
    print(HELP)
    return 0
  }
  const [seconds, live] = [readCount('block', values.block ?? '10', 1), readCount('live', values.live ?? '100000', 1)]
  const folder = makeFolder('agents')
  try {
    const kept = [
      await blockedLoop(folder, seconds * 1000),
      await neverReturns(),
      await spinningWorker(folder),
      await manyBlockers(),
      await statistics(live),
    ]
    return values.strict === true && kept.includes(false) ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Waits and durable commits of others while one agent blocks the event loop. */
async function blockedLoop(folder, ms) {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path: join(folder, 'blocked.store') } })
  const late = []
  register(orchestrator, 'note', { execute: ({ context }) => late.push(Date.now() - context.due) }, { maxConcurrency: WAITS })
  register(orchestrator, 'block', { execute: () => block(ms) })
  const wait = { id: 'wait', name: 'wait', waitFor: { delay: WAIT_MS } }
  const workflow = workflowOf('waits', [wait, task('after', 'note')])
  const due = Date.now() + WAIT_MS
  const handles = await Promise.all(Array.from({ length: WAITS }, () => orchestrator.startWorkflow(workflow, { due })))
  await orchestrator.executeWorkflow(workflowOf('block', [task('block', 'block')]))
  const statuses = await Promise.all(handles.map(async (handle) => (await handle.settled()).status))
  // The look that finds it.
  await sleep(50)
  const { eventLoopDelay } = await orchestrator.getStatistics()
  await orchestrator.shutdown()
  const completed = statuses.filter((status) => status === 'completed').length
  const [middle, most] = [median(late), Math.max(...late)]
  print(`An agent blocks the event loop for ${ms} ms, ${WAITS} durable executions wait for ${WAIT_MS} ms\n`)
  print(
    `  completed ${completed}, late by ${middle.toFixed(0)} ms, at most ${most.toFixed(0)} ms; eventLoopDelay.max ${eventLoopDelay.max.toFixed(0)} ms`,
  )
  return judged(completed === WAITS && most < ms + 1000, `all, at most ${ms + 1000} ms late`)
}

/** An inline agent whose promise never settles, with the only place there is. */
async function neverReturns() {
  const orchestrator = new MultiAgentOrchestrator()
  const execute = ({ id }) => (id === 'stuck' ? new Promise(() => {}) : performance.now())
  register(orchestrator, 'work', { execute }, { maxAgents: 1 })
  const began = performance.now()
  await orchestrator.startWorkflow(workflowOf('stuck', [task('stuck', 'work', { timeout: TIMEOUT_MS })]))
  const { results } = await orchestrator.executeWorkflow(workflowOf('next', [task('next', 'work')]))
  const { leaked, total } = orchestrator.agentPool.getStatistics()
  await orchestrator.shutdown({ drainMs: 0 })
  const after = results.next - began - TIMEOUT_MS - GRACE_MS
  print(`An agent never returns, its timeout is ${TIMEOUT_MS} ms and the grace ${GRACE_MS} ms\n`)
  print(`  leaked ${leaked}, instances ${total}; the next attempt ran ${after.toFixed(1)} ms after the grace`)
  return judged(leaked === 1 && total === 1 && after < 100, 'one, replaced within 100 ms')
}

/** A worker that spins, with the only place there is. */
async function spinningWorker(folder) {
  const module = join(folder, 'spin.mjs')
  writeFileSync(module, "export const create = () => ({ execute: ({ id }) => { while (id === 'spin') {} return id } })")
  const orchestrator = new MultiAgentOrchestrator()
  orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module, maxAgents: 1 })
  await orchestrator.executeWorkflow(workflowOf('warm', [task('warm', 'work')]))
  const began = performance.now()
  const handle = await orchestrator.startWorkflow(workflowOf('spin', [task('spin', 'work', { timeout: TIMEOUT_MS })]))
  const next = orchestrator.executeWorkflow(workflowOf('next', [task('next', 'work')]))
  await handle.settled()
  const ended = performance.now() - began - TIMEOUT_MS
  await next
  const recovered = performance.now() - began - TIMEOUT_MS
  const { leaked } = orchestrator.agentPool.getStatistics()
  await orchestrator.shutdown()
  print(`A worker agent is in \`while (true) {}\`, its timeout is ${TIMEOUT_MS} ms and a deaf one has 500 ms more\n`)
  print(`  killed ${ended.toFixed(0)} ms after the timeout, the next attempt done in a new worker ${recovered.toFixed(0)} ms after it`)
  return judged(leaked === 0 && recovered < 2000, 'within 2000 ms')
}

/** How long an interval has to wait between agents that block the event loop a little each. */
async function manyBlockers() {
  const orchestrator = new MultiAgentOrchestrator({ workflow: { maxTasks: BLOCKERS } })
  register(orchestrator, 'block', { execute: async () => block(BLOCKER_MS) }, { maxAgents: 1, maxConcurrency: BLOCKERS })
  const tasks = Array.from({ length: BLOCKERS }, (_, n) => task(`t${n}`, 'block', { dependencies: [] }))
  const turns = [performance.now()]
  const timer = setInterval(() => turns.push(performance.now()), 10)
  await orchestrator.executeWorkflow(workflowOf('many', tasks))
  clearInterval(timer)
  await orchestrator.shutdown()
  const most = Math.max(...turns.slice(1).map((at, n) => at - turns[n]))
  print(`${BLOCKERS} agents block the event loop for ${BLOCKER_MS} ms each\n`)
  print(`  an interval of 10 ms had ${turns.length - 1} turns, at most ${most.toFixed(0)} ms apart`)
  return judged(most < 200, 'at most 200 ms')
}

/** How long it takes to ask how things are. */
async function statistics(live) {
  const orchestrator = new MultiAgentOrchestrator()
  const held = new Promise(() => {})
  register(orchestrator, 'work', { execute: () => held })
  const signal = { id: 'signal', name: 'signal', waitFor: { signal: 'go' } }
  const workflows = [workflowOf('queued', [task('a', 'work')]), workflowOf('waiting', [signal])]
  for (let n = 0; n < live; n += 1) void orchestrator.startWorkflow(workflows[n % 2])
  while ((await orchestrator.getStatistics()).activeWorkflows < live) await sleep(10)
  const { activeWorkflows, queuedTasks } = await orchestrator.getStatistics()
  const { queued } = orchestrator.agentPool.getStatistics()
  const took = { 'orchestrator.getStatistics()': [], 'agentPool.getStatistics()': [] }
  const [ofAll, ofPool] = Object.values(took)
  for (let time = 0; time < ASKED; time += 1) {
    let began = performance.now()
    await orchestrator.getStatistics()
    ofAll.push(performance.now() - began)
    began = performance.now()
    orchestrator.agentPool.getStatistics()
    ofPool.push(performance.now() - began)
    await sleep(1)
  }
  await orchestrator.shutdown({ drainMs: 0 })
  print(`${activeWorkflows} executions are live, ${queuedTasks} tasks wait, ${queued} of them for an agent\n`)
  let kept = true
  for (const [name, times] of Object.entries(took)) {
    const middle = median(times)
    print(`  ${name.padEnd(30)}${middle.toFixed(3)} ms, at most ${Math.max(...times).toFixed(3)} ms of ${ASKED}`)
    kept = judged(middle <= ASK_MOST_MS, `at most ${ASK_MOST_MS} ms`) && kept
  }
  return kept
}

function register(orchestrator, name, agent, rest = {}) {
  orchestrator.agentPool.registerAgentType(name, { create: () => agent, ...rest })
}

function workflowOf(id, tasks) {
  return { id, name: id, version: '1', tasks }
}

function task(id, agentId, rest = {}) {
  return { id, name: id, agentId, ...rest }
}

function block(ms) {
  for (const from = performance.now(); performance.now() - from < ms;) Math.sqrt(from)
}

function judged(isKept, bound) {
  print(`; ${bound}: ${isKept ? 'ok' : 'MISSED'}\n`)
  return isKept
}

function print(text) {
  process.stdout.write(text)
}
