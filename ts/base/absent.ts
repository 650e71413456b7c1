// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is planned under a name that is not there yet: whoever reads it is told what to use instead. What looks at an orchestrator as a whole
// (`inspect`, spreading, an equality of a test runner) looks at own or enumerable members and meets none of it.

import { errorOf } from '../api/errors.js'

const INSTEAD: Readonly<Record<string, string>> = {
  executionMonitor:
    'listen to the events of the orchestrator, follow one execution with `handle.events()`, and read figures from ' +
    '`execution.metrics`, `getStatistics()` and `agentPool.getStatistics()`',
  collaborationManager:
    'a workflow is data: edit it where your documents are edited, judge it with `workflowEngine.validateWorkflow(…)`, and run the result',
}

/** Makes what is absent from a class say so when it is read. */
export function refuseAbsent(prototype: object): void {
  for (const [name, instead] of Object.entries(INSTEAD)) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: false,
      get(): never {
        throw errorOf('ERR_NOT_SUPPORTED', `\`${name}\` is not supported yet; ${instead}`, { details: { name } })
      },
    })
  }
}
