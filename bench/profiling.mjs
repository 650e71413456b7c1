// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What `monitoring.enableProfiling` costs:  npm run bench:profiling
// Fan-outs of 100 tasks at 'os', of agents that do nothing and of agents that compute for 50 µs. Each round is a process of its own, since what follows
// asynchronous code does so in all of a process; the two kinds take turns. Printed: processor time a task, the median of each kind, and the difference.

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

const [kind, micros] = process.argv.slice(2)
if (kind === undefined) compare()
else await round(kind === 'on', Number(micros))

async function round(enableProfiling, computes) {
  const folder = makeFolder('profiling')
  const orchestrator = new MultiAgentOrchestrator({
    storage: { path: join(folder, 'store.db'), durability: 'os' },
    monitoring: { enableProfiling },
    logger: false,
  })
  const execute = async ({ attempt }) => {
    for (const end = performance.now() + computes / 1000; performance.now() < end;);
    return { attempt }
  }
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 1000 })
  const tasks = Array.from({ length: TASKS }, (_, place) => ({
    id: `t${place}`,
    name: 't',
    agentId: 'work',
    type: 'parallel',
    dependencies: [],
  }))
  const workflow = { id: 'flow', name: 'Flow', version: '1', tasks }
  for (let number = 0; number < EXECUTIONS; number += 1) await orchestrator.executeWorkflow(workflow)
  const began = process.cpuUsage()
  for (let number = 0; number < EXECUTIONS; number += 1) await orchestrator.executeWorkflow(workflow)
  const { user, system } = process.cpuUsage(began)
  console.log((user + system) / (EXECUTIONS * TASKS))
  await orchestrator.shutdown()
  rmSync(folder, { recursive: true, force: true })
}

function compare() {
  const median = (figures) => figures.toSorted((one, other) => one - other)[figures.length >> 1]
  for (const computes of COMPUTES) {
    const times = { on: [], off: [] }
    for (let number = 0; number < ROUNDS; number += 1) {
      for (const name of number % 2 === 0 ? ['on', 'off'] : ['off', 'on'])
        times[name].push(
          Number(execFileSync(process.execPath, [fileURLToPath(import.meta.url), name, String(computes)], { encoding: 'utf8' })),
        )
    }
    const [on, off] = [median(times.on), median(times.off)]
    const share = (100 * (on - off)) / off
    console.log(
      `agents of ${computes} µs: ${off.toFixed(2)} µs a task, profiled ${on.toFixed(2)} µs: ${(on - off).toFixed(2)} µs more, ${share.toFixed(1)} %`,
    )
  }
}
