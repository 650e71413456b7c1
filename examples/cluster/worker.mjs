// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One process of the cluster: it accepts its share of the burst, drives what it accepted, and takes up what another left that died.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

const [, , , port] = process.argv
const orchestrator = new MultiAgentOrchestrator({ redis: { host: '127.0.0.1', port: Number(port) } })
const tell = (what, id, task) => process.connected && process.send({ what, id, task })

orchestrator.agentPool.registerAgent('worker', async (task, { idempotencyKey }) => {
  tell('ran', idempotencyKey, task.id)
  await new Promise((resolve) => setTimeout(resolve, 100))
  return { task: task.id, by: process.pid }
})
orchestrator.on('workflow:completed', ({ id }) => tell('ended', id))

await orchestrator.ready()
process.send({})

process.on('message', (message) => void hear(message))

async function hear(message) {
  if (message === 'shutdown') {
    await orchestrator.shutdown()
    process.disconnect()
    return
  }
  const { executions, tasks, look } = message
  if (look !== undefined) {
    const found = await Promise.all(look.map((id) => orchestrator.getExecution(id)))
    process.send({ found: found.filter((execution) => execution?.status === 'completed').map(({ id }) => id) })
    return
  }
  const steps = Array.from({ length: tasks }, (_, place) => ({
    id: `step-${place}`,
    agentId: 'worker',
    ...(place > 0 && { dependencies: [`step-${place - 1}`] }),
  }))
  for (let count = 0; count < executions; count += 1) {
    const { id } = await orchestrator.startWorkflow({ id: 'burst', name: 'Burst', version: '1.0.0', tasks: steps })
    tell('accepted', id)
  }
}
