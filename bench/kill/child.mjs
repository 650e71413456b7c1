// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The process that is killed:  child.mjs <json: { life, level, store, log, seed, accept, finish }>
// It continues what it finds and accepts `accept` more executions. It ends by itself only if it may `finish`.

import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { hashOf, openLog } from './log.mjs'
import { randomFrom } from './random.mjs'
import { AGENT, workflows } from './workflows.mjs'

const PAUSE_MS_MAX = 8
const WORK_MS_MAX = 12
const ACTIVE_MAX = 60
const POLL_MS = 5

const { life, level, store, log, seed, accept, finish } = JSON.parse(process.argv[2])
const say = openLog(log, life)
const random = randomFrom(seed + life * 7919)

say('opening')
const orchestrator = new MultiAgentOrchestrator({ storage: { path: store, durability: level } })
await orchestrator.ready()
say('open')
listen()
// Interrupted executions go on from here.
orchestrator.agentPool.registerAgentType(AGENT, { create: () => ({ execute: work }), maxAgents: 1, maxConcurrency: 1_000_000 })

for (let started = 0; started < accept; started += 1) {
  await room(ACTIVE_MAX)
  const workflow = workflows[Math.floor(random() * workflows.length)]
  const { id } = await orchestrator.startWorkflow(workflow, { number: started })
  say('accepted', { execution: id, workflow: workflow.id })
  await setTimeout(random() * PAUSE_MS_MAX)
}
if (finish) {
  await room(1)
  await orchestrator.shutdown()
  say('finished')
} else {
  // The end comes from outside.
  setInterval(() => {}, 60_000)
}

function listen() {
  const about = ({ executionId, taskId, attempts }) => ({ execution: executionId, task: taskId, attempt: attempts })
  orchestrator.on('task:completed', (task) => say('completed', { ...about(task), hash: hashOf(task.result) }))
  orchestrator.on('task:retrying', (task) => say('retrying', about(task)))
  for (const end of ['failed', 'skipped', 'cancelled']) orchestrator.on(`task:${end}`, (task) => say(end, about(task)))
  for (const end of ['completed', 'failed', 'cancelled']) {
    orchestrator.on(`workflow:${end}`, ({ id }) => say('ended', { execution: id, status: end }))
  }
}

/** An agent that says what it was given before it does anything. No two answers are equal, so a second one shows. */
async function work({ executionId, id, attempt, input, context }, { signal }) {
  const call = randomUUID()
  const seen = Object.fromEntries(Object.entries(context.dependencies).map(([task, answer]) => [task, hashOf(answer)]))
  say('call', { execution: executionId, task: id, attempt, call, seen })
  await setTimeout(random() * WORK_MS_MAX, undefined, { signal })
  if (attempt <= input.data.failures) throw new Error(`attempt ${attempt} of ${id} fails`)
  return { task: id, call, life, from: seen }
}

/** Resolves when fewer than `most` executions are active. */
async function room(most) {
  while ((await orchestrator.getStatistics()).activeWorkflows >= most) await setTimeout(POLL_MS)
}
