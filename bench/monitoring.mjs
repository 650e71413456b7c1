// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What monitoring costs:  npm run bench:monitoring
// Fan-outs of 100 tasks at 'os', of agents that do nothing and of agents that compute for 50 µs: without figures, with them and the four thresholds, and with
// `enableProfiling` besides. Each round is a process of its own, since what follows asynchronous code does so in all of a process; the kinds take turns.
// Printed: processor time a task, the median of each kind, and how much more that is. Then the spans of an execution of 100,000 tasks are exported: how much
// larger the process is meanwhile.

import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { makeFolder } from './usage.mjs'

const TASKS = 100
const EXECUTIONS = 300
const ROUNDS = 9
const COMPUTES = [0, 50]
const EXPORTED = 100_000

const alertThresholds = { taskFailureRate: 50, executionDuration: '1h', memoryUsage: 2 ** 40, cpuUsage: 100 }
const KINDS = {
  bare: { enableMetrics: false },
  figures: { alertThresholds },
  profiling: { alertThresholds, enableProfiling: true },
}

const [kind, micros] = process.argv.slice(2)
if (kind === undefined) compare()
else if (kind === 'export') await exported()
else await round(KINDS[kind], Number(micros))

async function withStore(monitoring, execute, use) {
  const folder = makeFolder('monitoring')
  const orchestrator = new MultiAgentOrchestrator({
    storage: { path: join(folder, 'store.db'), durability: 'os' },
    workflow: { maxTasks: EXPORTED },
    monitoring,
    logger: false,
  })
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 1000 })
  await use(orchestrator)
  await orchestrator.shutdown()
  rmSync(folder, { recursive: true, force: true })
}

function fanOf(count) {
  const tasks = Array.from({ length: count }, (_, place) => ({
    id: `t${place}`,
    name: 't',
    agentId: 'work',
    type: 'parallel',
    dependencies: [],
  }))
  return { id: 'flow', name: 'Flow', version: '1', tasks }
}

async function round(monitoring, computes) {
  const execute = async ({ attempt }) => {
    for (const end = performance.now() + computes / 1000; performance.now() < end;);
    return { attempt }
  }
  await withStore(monitoring, execute, async (orchestrator) => {
    const workflow = fanOf(TASKS)
    for (let number = 0; number < EXECUTIONS; number += 1) await orchestrator.executeWorkflow(workflow)
    const began = process.cpuUsage()
    for (let number = 0; number < EXECUTIONS; number += 1) await orchestrator.executeWorkflow(workflow)
    const { user, system } = process.cpuUsage(began)
    console.log((user + system) / (EXECUTIONS * TASKS))
  })
}

async function exported() {
  await withStore(
    {},
    async () => 1,
    async (orchestrator) => {
      const { id } = await orchestrator.executeWorkflow(fanOf(EXPORTED))
      const before = process.memoryUsage.rss()
      const began = performance.now()
      let [most, bytes, lines] = [before, 0, 0]
      for await (const line of orchestrator.executionMonitor.exportTraces({ executionId: id })) {
        lines += 1
        bytes += line.length
        most = Math.max(most, process.memoryUsage.rss())
      }
      const mib = (count) => (count / 2 ** 20).toFixed(0)
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      console.log(
        `${EXPORTED} tasks: ${lines} lines, ${mib(bytes)} MiB in ${seconds} s, the process up to ${mib(most - before)} MiB larger`,
      )
    },
  )
}

function run(...args) {
  return execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...args], { encoding: 'utf8' }).trim()
}

function compare() {
  const median = (figures) => figures.toSorted((one, other) => one - other)[figures.length >> 1]
  const names = Object.keys(KINDS)
  for (const computes of COMPUTES) {
    const times = Object.fromEntries(names.map((name) => [name, []]))
    for (let number = 0; number < ROUNDS; number += 1)
      for (const name of number % 2 === 0 ? names : names.toReversed()) times[name].push(Number(run(name, String(computes))))
    const [bare, figures, profiling] = names.map((name) => median(times[name]))
    const more = (one, other) => `${(one - other).toFixed(2)} µs more, ${((100 * (one - other)) / other).toFixed(1)} %`
    console.log(
      `agents of ${computes} µs: ${bare.toFixed(2)} µs a task; figures and thresholds ${more(figures, bare)}; profiling besides ${more(profiling, figures)}`,
    )
  }
  console.log(run('export'))
}
