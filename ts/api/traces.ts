// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which traces are exported.

/** Selects executions whose spans are exported. An absent field selects all. */
export interface TraceFilter {
  /** This execution alone. Those below it have spans of their own, in the same trace. */
  executionId?: string | undefined
  workflowId?: string | undefined
  /** Executions that began at this instant or later, */
  since?: Date | undefined
  /** and before this one. */
  until?: Date | undefined
}
