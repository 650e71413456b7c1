// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { ExecutionEvent } from './execution-events.js'
import { notFound, orThrow } from './outcome.js'
import type { Run } from './run.js'
import type { CancelOptions, ExecutionStatus, ResumeOptions, SignalOptions, WorkflowExecution } from './workflow.js'

/** An execution to be waited for, asked about and stopped. Any number of handles may exist for one execution. */
export interface ExecutionHandle {
  readonly id: string
  /** Resolves when it ended well; rejects like `executeWorkflow`. A handle whose result nobody asks for rejects nothing. */
  result(): Promise<WorkflowExecution>
  /** Resolves in any end state. */
  settled(): Promise<WorkflowExecution>
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
   * Every event of the execution in order, from its first or after the one with the number `after`: those on record, then those to come,
   * without a gap. Ends when the execution has.
   */
  events(options?: { after?: number | undefined }): AsyncIterable<ExecutionEvent>
}

/** What a handle asks the orchestrator. */
interface Host {
  getExecution(id: string): Promise<WorkflowExecution | undefined>
  cancelExecution(id: string, reason?: string, options?: CancelOptions): Promise<void>
  pauseExecution(id: string): Promise<void>
  resumeExecution(id: string, options?: ResumeOptions): Promise<void>
  signalExecution(id: string, name: string, payload?: unknown, options?: SignalOptions): Promise<void>
}

/** A handle for an execution. `live` finds its run if it lives here. */
export function handleOf(
  host: Host,
  id: string,
  live: () => Promise<Run | undefined>,
  events: (after: number) => AsyncIterable<ExecutionEvent>,
): ExecutionHandle {
  const there = async (): Promise<WorkflowExecution> => {
    const execution = await host.getExecution(id)
    if (execution === undefined) throw notFound(id)
    return execution
  }
  const settled = async (): Promise<[WorkflowExecution, Run | undefined]> => {
    const run = await live()
    return run === undefined ? [await there(), undefined] : [await run.whenEnded(), run]
  }
  return {
    id,
    settled: async () => (await settled())[0],
    result: async () => {
      const [execution, run] = await settled()
      return orThrow(run, execution)
    },
    status: async () => (await there()).status,
    cancel: (reason, options) => host.cancelExecution(id, reason, options),
    pause: () => host.pauseExecution(id),
    resume: (options) => host.resumeExecution(id, options),
    signal: (name, payload, options) => host.signalExecution(id, name, payload, options),
    events: (options = {}) => events(options.after ?? 0),
  }
}
