// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { ExecutionStatus, WorkflowExecution } from './workflow.js'

/** An execution to be waited for, asked about and stopped. Any number of handles may exist for one execution. */
export interface ExecutionHandle {
  readonly id: string
  /** Resolves when it ended well; rejects like `executeWorkflow`. A handle whose result nobody asks for rejects nothing. */
  result(): Promise<WorkflowExecution>
  /** Resolves in any end state. */
  settled(): Promise<WorkflowExecution>
  status(): Promise<ExecutionStatus>
  /** See `cancelExecution`. */
  cancel(reason?: string): Promise<void>
}
