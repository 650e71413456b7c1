// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

const orchestrator = new MultiAgentOrchestrator()
orchestrator.agentPool.registerAgentType('a', { create: () => ({ execute: () => 'well' }) })
const { results } = await orchestrator.executeWorkflow({ id: 'w', name: 'W', version: '1', tasks: [{ id: 'a', name: 'A', agentId: 'a' }] })
console.log(results.a)
