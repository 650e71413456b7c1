// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is planned under a name that is not there yet: whoever reads it is told what to use instead. What looks at an orchestrator as a whole
// (`inspect`, spreading, an equality of a test runner) looks at own or enumerable members and meets none of it.

import { errorOf } from '../api/errors.js'

const FIGURES =
  'listen to the events of the orchestrator, follow one execution with `handle.events()`, and read figures from ' +
  '`executionMonitor.getWorkflowAnalytics(…)`, `execution.metrics`, `getStatistics()` and `agentPool.getStatistics()`'

type Where = 'orchestrator' | 'executionMonitor'

/** By where it would be. */
const INSTEAD: Readonly<Record<Where, Readonly<Record<string, string>>>> = {
  orchestrator: {
    collaborationManager:
      'a workflow is data: edit it where your documents are edited, judge it with `workflowEngine.validateWorkflow(…)`, and run the result',
  },
  executionMonitor: { getActiveExecutions: FIGURES },
}

/** Makes what is absent from a class say so when it is read. */
export function refuseAbsent(prototype: object, of: Where): void {
  for (const [absent, instead] of Object.entries(INSTEAD[of])) {
    const name = of === 'orchestrator' ? absent : `${of}.${absent}`
    Object.defineProperty(prototype, absent, {
      configurable: true,
      enumerable: false,
      get(): never {
        throw errorOf('ERR_NOT_SUPPORTED', `\`${name}\` is not supported yet; ${instead}`, { details: { name } })
      },
    })
  }
}
