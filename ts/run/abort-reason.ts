// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an attempt that is told to stop finds as the reason of its signal.

import { errorOf, TimeoutError, type ErrorCode, type OrchestratorError } from '../api/errors.js'
import type { Run } from './run.js'

/** Why a scope stops, by the number of the cause. */
const STOPS: readonly [ErrorCode, string][] = [
  ['ERR_SIBLING_FAILED', 'another task of the execution failed'],
  ['ERR_CANCELLED', 'the execution was cancelled'],
  ['ERR_JOIN_SATISFIED', 'enough other tasks of the group have ended'],
  ['ERR_DEADLINE', 'the deadline of the execution has passed'],
  ['ERR_BUDGET', 'the budget of the execution is used up'],
  ['ERR_TIMEOUT', 'a group around the task exceeded its timeout'],
]

/** The reason, by the number of its cause as in `ExecutionKind.abort`. */
export function abortReason(run: Run, instance: number, cause: number): OrchestratorError {
  const taskId = run.path(instance)
  const options = { executionId: run.id, taskId }
  const timeOut = (code: ErrorCode, what: string): OrchestratorError =>
    new TimeoutError(code, `the attempt of task \`${taskId}\` ${what}`, { ...options, retryable: code !== 'ERR_TOTAL_TIMEOUT' })
  if (cause === 1) return timeOut('ERR_TIMEOUT', 'exceeded its timeout')
  if (cause === 2) return timeOut('ERR_HEARTBEAT_TIMEOUT', 'sent no heartbeat for too long')
  if (cause === 3) return timeOut('ERR_TOTAL_TIMEOUT', 'exceeded the total timeout of its task')
  const [code, message] = STOPS[cause - 4] ?? ['ERR_CANCELLED', 'the execution was cancelled']
  const { reason } = run
  if (code !== 'ERR_CANCELLED' || reason === undefined) return errorOf(code, message, options)
  return errorOf(code, `${message}: ${reason}`, { ...options, details: { reason } })
}
