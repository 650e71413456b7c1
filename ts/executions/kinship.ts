// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whether an execution that has the id of a child is that child. Ids of this form cannot be chosen, but in a store of a version before they may have been.

import { ConflictError } from '../api/errors.js'
import type { Run } from '../run/run.js'
import type { RunOptions } from '../run/options.js'

/** An execution as far as this needs it. */
interface Found {
  readonly workflowId: string
  readonly options: RunOptions
}

/** The child that an attempt is to have: of whom, at which of its tasks, and of which workflow. */
export interface Child {
  readonly parent: Run
  readonly path: string
  /** The workflow of the task: its id, or the workflow itself. */
  readonly workflow: unknown
  /** The execution that it undoes, if it is for that. */
  readonly undone: string | undefined
}

/** Whether this is it: begun for that task, for the same tenant, and of the workflow that the task names; or what undoes the same execution. */
export function isChild({ workflowId, options }: Found, { parent, path, workflow, undone }: Child): boolean {
  if (undone !== undefined) return options.undoes === undone && options.tenant === parent.options.tenant
  const wanted = typeof workflow === 'string' ? workflow : (workflow as { id?: unknown } | undefined)?.id
  return isOf(options, parent, path) && workflowId === wanted
}

/** Whether an execution with these options was begun for a task of another, for the same tenant. */
export function isOf({ parent: of, tenant }: RunOptions, parent: Pick<Run, 'id' | 'options'>, path: string): boolean {
  return of?.execution === parent.id && of.path === path && tenant === parent.options.tenant
}

/**
 * That this is it.
 *
 * @throws {ConflictError} `ERR_EXECUTION_EXISTS`
 */
export function assertChild(id: string, found: Found, child: Child): void {
  if (isChild(found, child)) return
  const message =
    `execution \`${id}\` of workflow \`${found.workflowId}\` has the id of a child of this task and is not it: it was begun under that id by a call; ` +
    'give the task a `retryPolicy`, whose next attempt has another id, or run the workflow again'
  const at = { executionId: child.parent.id, taskId: child.path, details: { execution: id } }
  throw Object.assign(new ConflictError('ERR_EXECUTION_EXISTS', message, at), { retryable: true })
}
