// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { TaskFailedError } from '../api/errors.js'
import type { Log } from '../log/log.js'
import { nearest } from '../base/near.js'
import type { TaskExecution, WorkflowExecution } from '../api/execution.js'

/**
 * Everything an orchestrator announces, after it is on record. Each tuple is what a listener receives.
 *
 * A task is started at most once and ends with exactly one of completed, failed, skipped and cancelled. A listener that throws harms
 * nothing: it is logged with the code `ERR_LISTENER` (see `logger`).
 */
export interface OrchestratorEvents {
  'workflow:started': [execution: WorkflowExecution]
  'workflow:completed': [execution: WorkflowExecution]
  'workflow:failed': [execution: WorkflowExecution]
  'workflow:cancelled': [execution: WorkflowExecution]
  'task:started': [task: TaskExecution]
  'task:completed': [task: TaskExecution]
  'task:failed': [task: TaskExecution, error: TaskFailedError]
  /** An attempt failed and another follows; `task` is about the failed attempt. */
  'task:retrying': [task: TaskExecution, error: TaskFailedError]
  'task:skipped': [task: TaskExecution]
  'task:cancelled': [task: TaskExecution]
  /** It waits for a signal or for time. */
  'task:waiting': [task: TaskExecution]
  /** A pass of a loop ended; `task` is the loop, `task.iteration` the pass, from 0. */
  'task:iteration': [task: TaskExecution]
  /** What an agent gave to `ctx.emit` or `ctx.heartbeat`. Not recorded: nobody who comes late hears it. */
  'task:progress': [task: TaskExecution, data: unknown]
  'workflow:paused': [execution: WorkflowExecution]
  'workflow:resumed': [execution: WorkflowExecution]
}

export type EventName = keyof OrchestratorEvents

/** What others call an event. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  error: "what fails is announced as 'workflow:failed' and 'task:failed'",
  failed: "what fails is announced as 'workflow:failed' and 'task:failed'",
  'workflow:error': "write 'workflow:failed'",
  'workflow:finished': "write 'workflow:completed', 'workflow:failed' and 'workflow:cancelled'",
  'workflow:ended': "write 'workflow:completed', 'workflow:failed' and 'workflow:cancelled'",
  'task:error': "write 'task:failed'",
  'task:finished': "write 'task:completed', 'task:failed', 'task:skipped' and 'task:cancelled'",
  'task:ended': "write 'task:completed', 'task:failed', 'task:skipped' and 'task:cancelled'",
  'task:retry': "write 'task:retrying'",
  complete: "write 'workflow:completed'",
  completed: "write 'workflow:completed'",
  start: "write 'workflow:started'",
}
const OF_EMITTERS = ['newListener', 'removeListener']

/** Warns, once for each, of a listener for an event that `known` has not: it would never be called. `method` is what adds it. */
export function warnOfEvent(log: Log, name: string | symbol, known: readonly string[], method: (...given: never[]) => unknown): void {
  // What is no text is for the emitter to judge.
  if (typeof name !== 'string' || known.includes(name) || OF_EMITTERS.includes(name)) return
  const near = nearest(name, known)
  const instead = Object.hasOwn(OTHER_WORDS, name)
    ? OTHER_WORDS[name]
    : near === undefined
      ? `there are: ${known.join(', ')}`
      : `did you mean '${near}'?`
  const place: { stack?: string } = {}
  Error.captureStackTrace(place, method)
  const line = /\n\s+(at (?!.*\(node:).*)/.exec(place.stack ?? '')?.[1]
  const message = `there is no event '${name}', so its listener is never called; ${instead}${line === undefined ? '' : ` (${line})`}`
  log.warnOnce({ event: 'listener:unknown', code: 'ERR_LISTENER' }, message, `event ${name}`)
}
