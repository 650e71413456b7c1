// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that this process drives no more, and knows no end of.

import { errorOf, type OrchestratorError } from '../api/errors.js'
import type { Run } from '../run/run.js'

/** As in the alphabet: there is an execution with its id. */
const REFUSED = 1
/** Another process drives it. */
const MOVED = 2
/** Another process drives where it would be. */
const ELSEWHERE = 4

/** Tells a run that nothing that happens to it counts here, and its attempts to stop. */
export function letGo(run: Run, why: number): void {
  // What was drawn for it is its own: it is there since it was begun before, and the answer was lost.
  const isThere = why === REFUSED && run.isDrawn && run.begunAgain
  run.isElsewhere = why === MOVED || isThere
  const error = why === REFUSED && !isThere ? exists(run.id) : moved(run.id)
  for (const attempt of run.attempts) attempt?.abort(error)
  if (isThere) run.accept()
  run.lose(error)
}

/** Whether an execution that is not on record may be begun once more, where another process drives. */
export function mayBeginAgain(run: Run, why: number): boolean {
  return (why === ELSEWHERE || why === MOVED) && !run.accepted && !run.begunAgain
}

function exists(executionId: string): OrchestratorError {
  return errorOf('ERR_EXECUTION_EXISTS', `there is an execution \`${executionId}\`; choose another executionId`, { executionId })
}

function moved(executionId: string): OrchestratorError {
  const message = 'another process drives the execution now; what becomes of it is on record'
  return errorOf('ERR_OUTCOME_UNKNOWN', message, { executionId })
}
