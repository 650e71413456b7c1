// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How a call ends: with the execution, or with the error that says why it did not end well.

import { onAbort } from '../base/abort.js'
import { messageOf } from '../failure/failure.js'
import { taskFailed } from '../events/announcer.js'
import type { Past } from './ended-executions.js'
import { CancelledError, errorOf, NotFoundError, type OrchestratorError } from '../api/errors.js'
import type { Run } from '../run/run.js'
import type { WorkflowExecution } from '../api/execution.js'

/** The execution if it ended well, else the error that says how it did not. */
export function orThrow(run: Run | undefined, execution: WorkflowExecution): WorkflowExecution {
  if (execution.status === 'completed') return execution
  throw failureOf(run, execution)
}

/** The error that says how an execution did not end well. */
export function failureOf(run: Run | undefined, execution: WorkflowExecution): OrchestratorError {
  const options = { executionId: execution.id, execution }
  if (execution.error !== undefined) {
    const { taskId, ...info } = execution.error
    const place = execution.tasks.findIndex((task) => task.taskId === taskId)
    const attempt = execution.tasks[place]?.attempts ?? 0
    if (taskId === '') return errorOf(info.code, `the execution failed: ${info.message}`, options)
    return taskFailed({ id: execution.id, taskId, thrown: run?.thrown }, place, attempt, info, execution)
  }
  return new CancelledError(
    'ERR_CANCELLED',
    execution.reason === undefined ? 'the execution was cancelled' : `the execution was cancelled: ${execution.reason}`,
    options,
  )
}

/** What a call began or joined. */
export interface Started {
  readonly run?: Run
  /** It had ended before. */
  readonly past?: Past
  /** Ends the waiting of one who joined, not the execution. */
  readonly detach?: AbortSignal | undefined
}

/** How an execution ends, wherever it is driven then. */
type Ended = (id: string, run: Run | undefined) => Promise<WorkflowExecution>

/** How what was begun or joined ended. */
export async function endOf({ run, past, detach }: Started, ended: Ended): Promise<WorkflowExecution> {
  if (run === undefined && past?.execution.endTime !== undefined) return past.execution
  const id = run?.id ?? past?.execution.id ?? ''
  if (detach === undefined) return ended(id, run)
  return new Promise((resolve, reject) => {
    const forget = onAbort(detach, () => reject(cancelledBy(detach)))
    ended(id, run).then(resolve, reject).finally(forget)
  })
}

export function notFound(executionId: string): NotFoundError {
  return new NotFoundError(
    'ERR_EXECUTION_NOT_FOUND',
    `there is no execution \`${executionId}\`; \`listExecutions()\` returns the existing ones`,
    { executionId },
  )
}

export function cancelledBy(signal: AbortSignal): CancelledError {
  const reason: unknown = signal.reason
  const message = messageOf(reason)
  return new CancelledError('ERR_CANCELLED', message, { cause: reason })
}

/** Cancels a run when the signal aborts, and lets go of the signal when the run has ended. */
export function cancelWith(
  host: { cancelExecution(id: string, reason?: string): Promise<void>; readonly elsewhere: { ended: Ended } | undefined },
  run: Run,
  signal: AbortSignal | undefined,
): void {
  if (signal === undefined) return
  const forget = onAbort(signal, () => void host.cancelExecution(run.id, cancelledBy(signal).message).catch(() => {}))
  const ended = host.elsewhere === undefined ? run.whenEnded() : host.elsewhere.ended(run.id, run)
  ended.then(forget, forget)
}

/** Nobody kept the events of an execution. */
export function eventsGone(executionId: string): NotFoundError {
  const message = `the events of execution \`${executionId}\` are gone: without \`storage\`, only executions begun by startWorkflow keep theirs`
  return new NotFoundError('ERR_EXECUTION_NOT_FOUND', message, { executionId })
}
