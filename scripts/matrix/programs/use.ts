// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { MultiAgentOrchestrator, type Agent, type AgentWorkflow, type Logger } from '@codexos/multi-agent-orchestrator'
import { createTestKit } from '@codexos/multi-agent-orchestrator/testing'

const agent: Agent = { execute: ({ context }) => `${String(context['who'])} is well` }
const flow: AgentWorkflow = { id: 'flow', name: 'Flow', version: '1', tasks: [{ id: 'a', name: 'A', agentId: 'tells' }] }

async function main(): Promise<void> {
  const logger: Logger = console
  const orchestrator = new MultiAgentOrchestrator({ logger })
  orchestrator.agentPool.registerAgentType('tells', { create: () => agent })
  const { results } = await orchestrator.executeWorkflow(flow, { who: 'all' })
  await orchestrator.shutdown()
  const kit = await createTestKit({ setup: (inside) => inside.agentPool.registerAgentType('tells', { create: () => agent }) })
  const inKit = await kit.run(flow, { who: 'all' })
  await kit.close()
  if (results['a'] !== 'all is well' || inKit.results['a'] !== results['a']) throw new Error('other results')
  console.log('well')
}

void main()
