// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A logger of pino is one as it is.
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { pino } from 'pino'

const orchestrator = new MultiAgentOrchestrator({ logger: pino() })
orchestrator.agentPool.registerAgentType('fails', {
  create: () => ({
    execute: () => {
      throw new Error('database is down')
    },
  }),
})
void orchestrator.startWorkflow({ id: 'flow', name: 'Flow', version: '1', tasks: [{ id: 'a', name: 'A', agentId: 'fails' }] })
