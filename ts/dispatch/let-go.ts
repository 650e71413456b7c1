// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that this process drives no more, and knows no end of.

import { errorOf, type OrchestratorError } from '../api/errors.js'
import type { Run } from '../run/run.js'

/** As in the alphabet: there is an execution with its id. */
const REFUSED = 1

/** Tells a run that nothing that happens to it counts here, and its attempts to stop. */
export function letGo(run: Run, why: number): void {
  const error = why === REFUSED ? exists(run.id) : moved(run.id)
  for (const attempt of run.attempts) attempt?.abort(error)
  run.lose(error)
}

function exists(executionId: string): OrchestratorError {
  return errorOf('ERR_EXECUTION_EXISTS', `there is an execution \`${executionId}\`; choose another executionId`, { executionId })
}

function moved(executionId: string): OrchestratorError {
  const message = 'another process drives the execution now; what becomes of it is on record'
  return errorOf('ERR_OUTCOME_UNKNOWN', message, { executionId })
}
