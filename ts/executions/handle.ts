// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller holds of an execution. It asks and tells; what it tells is carried out in control.ts.

import { integer } from '../base/reader.js'
import { readCallOptions } from '../json/entry.js'
import type { ExecutionEvent } from '../events/execution-events.js'
import { notFound, orThrow } from './outcome.js'
import { awaited } from '../base/placed.js'
import type { Run } from '../run/run.js'
import type { CancelOptions, ExecutionStatus, ResumeOptions, SignalOptions, WorkflowExecution } from '../api/execution.js'

/** Waits for, inspects and controls one execution. Any number of handles may exist for one execution. */
export interface ExecutionHandle<Results = Readonly<Record<string, unknown>>> {
  readonly id: string
  /** Resolves when the execution completed; rejects as `executeWorkflow` does. A handle whose result is never asked for rejects nothing; see `logger`. */
  result(): Promise<WorkflowExecution<Results>>
  /** Resolves in any end state. Tasks that did not complete have no result. */
  settled(): Promise<WorkflowExecution<Partial<Results>>>
  status(): Promise<ExecutionStatus>
  /** See `cancelExecution`. */
  cancel(reason?: string, options?: CancelOptions): Promise<void>
  /** See `pauseExecution`. */
  pause(): Promise<void>
  /** See `resumeExecution`. */
  resume(options?: ResumeOptions): Promise<void>
  /** See `signalExecution`. */
  signal(name: string, payload?: unknown, options?: SignalOptions): Promise<void>
  /**
   * Yields every event of the execution in order, from the first or after number `after`: those on record, then those to come, without a gap.
   * Ends when the execution has ended.
   */
  events(options?: { after?: number | undefined }): AsyncIterable<ExecutionEvent>
}

/** What a handle passes on to its orchestrator. */
export interface HandleHost {
  getExecution(id: string): Promise<WorkflowExecution | undefined>
  cancelExecution(id: string, reason?: string, options?: CancelOptions): Promise<void>
  pauseExecution(id: string): Promise<void>
  resumeExecution(id: string, options?: ResumeOptions): Promise<void>
  signalExecution(id: string, name: string, payload?: unknown, options?: SignalOptions): Promise<void>
}

/** A handle for the execution with this id. `find` gives it if it lives in this process, `end` how it ends, `follow` its events. */
export function handleOf(
  host: HandleHost,
  id: string,
  find: () => Promise<Run | undefined>,
  end: (run: Run | undefined) => Promise<WorkflowExecution>,
  follow: (after: number) => AsyncIterable<ExecutionEvent>,
): ExecutionHandle {
  const there = (execution: WorkflowExecution | undefined): WorkflowExecution => {
    if (execution === undefined) throw notFound(id)
    return execution
  }
  return {
    id,
    settled: () => awaited(find().then(end)),
    result: () => awaited(find().then(async (run) => orThrow(run, await end(run)))),
    status: () => awaited(host.getExecution(id).then((execution) => there(execution).status)),
    cancel: (reason, options) => awaited(host.cancelExecution(id, reason, options)),
    pause: () => awaited(host.pauseExecution(id)),
    resume: (options) => awaited(host.resumeExecution(id, options)),
    signal: (name, payload, options) => awaited(host.signalExecution(id, name, payload, options)),
    events: (options) =>
      follow(readCallOptions(options, 'options', 'the events cannot be followed like that', { after: integer(0) }, { after: 0 }).after),
  }
}
