// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { ExecutionEvent } from './execution-events.js'
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
