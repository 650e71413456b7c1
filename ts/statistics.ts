// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { NativeStatistics } from './native.js'
import type { OrchestratorStatistics } from './workflow.js'

type Counts = Omit<OrchestratorStatistics, 'waitingForAgents' | 'agentPoolSize'>

/** What the engine counts, in the words of `getStatistics`; `late` answers never reached it. */
export function statisticsOf(
  { active, waiting, queued, running, completed, failed, cancelled, lateAnswers }: NativeStatistics,
  late: number,
): Counts {
  return {
    activeWorkflows: active,
    queuedWorkflows: waiting,
    queuedTasks: queued,
    runningTasks: running,
    completedTotal: completed,
    failedTotal: failed,
    cancelledTotal: cancelled,
    lateResults: lateAnswers + late,
  }
}
