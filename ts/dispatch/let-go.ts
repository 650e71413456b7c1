// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that this process drives no more, and knows no end of.

import { errorOf, type OrchestratorError } from '../api/errors.js'
import type { Run } from '../run/run.js'

/** As in the alphabet: there is an execution with its id. */
const REFUSED = 1
/** Another process drives where it would be. */
const ELSEWHERE = 4

/** Tells a run that nothing that happens to it counts here, and its attempts to stop. */
export function letGo(run: Run, why: number): void {
  const errorBy = why === REFUSED ? exists : why === ELSEWHERE ? elsewhere : moved
  const error = errorBy(run.id)
  for (const attempt of run.attempts) attempt?.abort(error)
  run.lose(error)
}

function exists(executionId: string): OrchestratorError {
  return errorOf('ERR_EXECUTION_EXISTS', `there is an execution \`${executionId}\`; choose another executionId`, { executionId })
}

function elsewhere(executionId: string): OrchestratorError {
  const message =
    `another process of this namespace drives what the id of \`${executionId}\` belongs to, and nothing was begun: call it there, or let the ` +
    'id be drawn, without `executionId` and `idempotencyKey`'
  return errorOf('ERR_STORE_UNAVAILABLE', message, { executionId })
}

function moved(executionId: string): OrchestratorError {
  const message = 'another process drives the execution now; what becomes of it is on record'
  return errorOf('ERR_OUTCOME_UNKNOWN', message, { executionId })
}
