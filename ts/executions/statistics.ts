// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Figures of an orchestrator as it is now. What is folded out of records belongs beside the archive.

import type { AgentRegistry } from '../pool/agent-pool.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { InterruptedRuns } from './recovery.js'
import type { OrchestratorStatistics } from '../api/execution.js'

/** What the engine counts, in the words of `getStatistics`, with what it does not. */
export function statisticsOf(dispatcher: Dispatcher, interrupted: InterruptedRuns, agents: AgentRegistry): OrchestratorStatistics {
  const { active, parked, waiting, queued, running, completed, failed, cancelled, lateAnswers } = dispatcher.engine.statistics()
  return {
    activeWorkflows: active,
    parkedWorkflows: parked,
    queuedWorkflows: waiting,
    waitingForAgents: interrupted.waiting(),
    queuedTasks: queued,
    runningTasks: running,
    agentPoolSize: agents.size,
    completedTotal: completed,
    failedTotal: failed,
    cancelledTotal: cancelled,
    // Some never reached the engine.
    lateResults: lateAnswers + dispatcher.lateAnswers,
    eventLoopDelay: dispatcher.delay.figures(),
  }
}
