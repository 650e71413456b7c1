// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Without a store, the executions that have ended are remembered here, the latest of them.

import type { Definition } from './definition.js'
import type { Json } from './json.js'
import type { Run, RunOptions } from './run.js'
import type { ExecutionList, ExecutionListFilter, WorkflowExecution } from './api/execution.js'

/** Ended executions that are remembered, */
const ENDED_MAX = 1000

/** and tasks of theirs in all: the values of a few large executions weigh as much as those of many small ones. */
const TASKS_MAX = 10_000

/** An execution that has ended, with what another one like it would need. */
export interface Past {
  readonly execution: WorkflowExecution
  readonly definition: Definition
  readonly context: { readonly [key: string]: Json }
  readonly options: RunOptions
  /** With its history, if its events may still be read. */
  readonly run?: Run
}

export class EndedExecutions {
  /** By id, oldest first. */
  readonly #executions = new Map<string, Past & { tasks: number }>()
  #tasks = 0

  /** Remembers an execution of this many tasks, and forgets the oldest beyond the bounds; the newest always stays. */
  add(past: Past, tasks: number): void {
    const { execution } = past
    this.#executions.set(execution.id, { ...past, tasks })
    this.#tasks += tasks
    for (const [id, oldest] of this.#executions) {
      if (id === execution.id || (this.#executions.size <= ENDED_MAX && this.#tasks <= TASKS_MAX)) return
      this.#executions.delete(id)
      this.#tasks -= oldest.tasks
    }
  }

  get(id: string): Past | undefined {
    return this.#executions.get(id)
  }

  *values(): Iterable<WorkflowExecution> {
    for (const { execution } of this.#executions.values()) yield execution
  }
}

/** A page of `executions`, newest first; a cursor is the id that the page before ended with. */
export function pageOf(executions: Iterable<WorkflowExecution>, filter: ExecutionListFilter, limit: number): ExecutionList {
  // Ids are made in the order of time (UUID version 7), so they sort as the store's do.
  const sorted = [...executions].toSorted((one, other) => (one.id < other.id ? 1 : -1))
  const fitting = sorted.filter(
    ({ id, workflowId, status, startTime }) =>
      (filter.cursor === undefined || id < filter.cursor) &&
      (filter.workflowId === undefined || workflowId === filter.workflowId) &&
      (filter.status === undefined || status === filter.status) &&
      (filter.since === undefined || startTime >= filter.since) &&
      (filter.until === undefined || startTime < filter.until),
  )
  const page = fitting.slice(0, limit)
  const last = page.at(-1)
  return fitting.length > limit && last !== undefined ? { executions: page, cursor: last.id } : { executions: page }
}
