// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A CommonJS file of a strict user: the types of both module systems are the same types.

import mao = require('@codexos/multi-agent-orchestrator')
import testing = require('@codexos/multi-agent-orchestrator/testing')

const orchestrator = new mao.MultiAgentOrchestrator()

async function main(): Promise<void> {
  const { orchestrator: ofTheModule } = await import('./quick.mjs')
  // One identity in both worlds.
  const same: mao.MultiAgentOrchestrator = ofTheModule
  const execution: mao.WorkflowExecution = await same.executeWorkflow({ id: 'w', name: 'w', version: '1', tasks: [] })
  orchestrator.on('workflow:failed', ({ error }) => console.log(error?.taskId, execution.id))
}

export async function tested(): Promise<void> {
  const kit = await testing.createTestKit({ storage: 'memory' })
  const same: mao.MultiAgentOrchestrator = kit.orchestrator
  const execution: mao.WorkflowExecution = await kit.run({ id: 'w', name: 'w', version: '1', tasks: [] })
  console.log(same.listenerCount('task:failed'), execution.id)
}

main().catch((error: unknown) => {
  if (error instanceof mao.ClosedError) console.log(error.code)
})
