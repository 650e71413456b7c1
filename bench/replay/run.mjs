// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One workflow at one level, with everything that was seen of it: by its agents, by listeners, and in the record.

import { join } from 'node:path'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

export const LEVELS = ['memory', 'os', 'disk']

const AGENT = 'job'

/** Runs it; how long that took, and what was seen. */
export async function replay(workflow, level, longestMs, folder) {
  const config = {
    workflow: { maxTasks: workflow.tasks.length },
    ...(level !== 'memory' && { storage: { path: join(folder, `${workflow.name}-${level}.sqlite`), durability: level } }),
  }
  const log = []
  const events = []
  const orchestrator = new MultiAgentOrchestrator(config)
  orchestrator.agentPool.registerAgentType(AGENT, {
    create: () => ({ execute: (task) => work(task, log) }),
    maxAgents: 1,
    maxConcurrency: 1_000_000,
  })
  await orchestrator.ready()
  orchestrator.on('task:completed', ({ taskId }) => events.push(taskId))
  const definition = definitionOf(workflow, longestMs)
  const began = performance.now()
  const { id } = await orchestrator.executeWorkflow(definition)
  const ms = performance.now() - began
  // What a durable level says of it is read from the file by somebody else, afterwards.
  const memory = level === 'memory' ? await orchestrator.getExecution(id) : undefined
  await orchestrator.shutdown()
  return { ms, seen: { log, events, execution: memory ?? (await readBack(config, id)) } }
}

function definitionOf({ name, tasks }, longestMs) {
  const longest = Math.max(...tasks.map(({ runtimeInSeconds = 0 }) => runtimeInSeconds))
  const share = longest > 0 ? longestMs / longest : 0
  return {
    id: name,
    name,
    version: '1',
    tasks: tasks.map((task) => ({
      id: task.id,
      name: task.name ?? task.id,
      agentId: AGENT,
      dependencies: task.parents,
      input: { data: { ms: Math.round((task.runtimeInSeconds ?? 0) * share) } },
    })),
  }
}

async function work({ id, input, context }, log) {
  log.push({ task: id, what: 'begin' })
  await (input.data.ms === 0 ? setImmediate() : setTimeout(input.data.ms))
  log.push({ task: id, what: 'end' })
  return { task: id, given: Object.keys(context.dependencies).length }
}

async function readBack(config, id) {
  const orchestrator = new MultiAgentOrchestrator(config)
  try {
    return await orchestrator.getExecution(id)
  } finally {
    await orchestrator.shutdown()
  }
}
