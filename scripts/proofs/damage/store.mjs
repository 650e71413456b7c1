// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What stands in the stores that are damaged: something in every table, and as a program one that goes on writing until it is killed.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

const flow = {
  id: 'flow',
  name: 'flow',
  version: '1',
  tasks: [
    { id: 'a', name: 'a', agentId: 'work', cache: { ttl: '365d' } },
    { id: 'w', name: 'w', waitFor: { signal: 'go' }, dependencies: ['a'] },
  ],
}
const once = (id, agentId = 'work') => ({ id, name: id, version: '1', tasks: [{ id: 'a', name: 'a', agentId }] })

/** Executions that are looked at; the last two have the same large value. */
export const IDS = ['waits', 'ended-1', 'ended-2', 'large-1', 'large-2']
export const KEY = 'key'

export async function until(reached) {
  while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 5))
}

export function open(path) {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability: 'disk' }, logger: false })
  const agent = (text) => ({ create: () => ({ execute: () => ({ text }) }) })
  orchestrator.agentPool.registerAgentType('work', agent('x'.repeat(3000)))
  orchestrator.agentPool.registerAgentType('large', agent('z'.repeat(100_000)))
  return orchestrator
}

/** The execution that a key stands for, which took over a cached output. */
export const keyed = (orchestrator) => orchestrator.executeWorkflow(once('keyed'), {}, { idempotencyKey: KEY })

export async function begin(orchestrator) {
  await orchestrator.startWorkflow(flow, { text: 'y'.repeat(20_000) }, { executionId: 'waits' })
  await until(async () => (await orchestrator.getExecution('waits')).tasks[0].status === 'completed')
  for (const id of ['ended-1', 'ended-2']) await orchestrator.executeWorkflow(once('ended'), {}, { executionId: id })
  for (const id of ['large-1', 'large-2']) await orchestrator.executeWorkflow(once('large', 'large'), {}, { executionId: id })
  const { id } = await orchestrator.executeWorkflow(once('gone', 'large'), { text: 'g'.repeat(70_000) })
  await keyed(orchestrator)
  await orchestrator.deleteExecution(id)
  await orchestrator.scheduleWorkflow(once('ended'), { every: '100d' }, {}, { id: 'timer' })
}

if (process.argv[2] !== undefined && import.meta.filename === process.argv[1]) {
  const orchestrator = open(process.argv[2])
  if ((await orchestrator.listExecutions()).executions.length === 0) await begin(orchestrator)
  for (let n = 0; n < 12; n += 1) await orchestrator.executeWorkflow(once('more'), { n })
  process.stdout.write('written\n')
  setInterval(() => {}, 1000)
}
