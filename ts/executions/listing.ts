// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Lists of executions, made a slice at a time: there may be very many, and each takes a while to be looked at.

import type { ExecutionList, ExecutionListFilter, WorkflowExecution } from '../api/execution.js'
import { nextTurn } from '../base/real-time.js'
import type { Run } from '../run/run.js'

/** An execution that may be listed; looking at it is what takes time. */
interface Listed {
  readonly id: string
  readonly workflowId: string
  look(): WorkflowExecution
}

/** Looks, and executions that are passed over, between two turns of the event loop: some milliseconds. */
const LOOKS_MAX = 50
const PASSED_MAX = 5000

/** Live runs, as they are when they are looked at; those that have ended since as they ended. */
export const listedRun = (run: Run, seen: (run: Run) => WorkflowExecution): Listed => ({
  id: run.id,
  workflowId: run.definition.workflowId,
  look: () => run.execution ?? seen(run),
})

export const listedExecution = (execution: WorkflowExecution): Listed => ({
  id: execution.id,
  workflowId: execution.workflowId,
  look: () => execution,
})

/** A page of `all`, newest first; a cursor is the id that the page before ended with. */
export async function pageOf(all: readonly Listed[], filter: ExecutionListFilter & { limit: number }): Promise<ExecutionList> {
  const { cursor, workflowId, limit } = filter
  const needsLook = filter.status !== undefined || filter.since !== undefined || filter.until !== undefined
  let best: Listed[] = []
  /** What is older than this is not in the page: it has one more than is asked for, which tells whether there is a next. */
  let oldest = ''
  let [passed, looks] = [0, 0]
  // Most are in the order of time, so that from behind the page is full soon.
  for (let place = all.length - 1; place >= 0; place -= 1) {
    const one = all[place] as Listed
    if ((passed += 1) % PASSED_MAX === 0) await nextTurn()
    if (one.id < oldest || (cursor !== undefined && one.id >= cursor) || (workflowId !== undefined && one.workflowId !== workflowId))
      continue
    if (needsLook) {
      if ((looks += 1) % LOOKS_MAX === 0) await nextTurn()
      const execution = one.look()
      if (!fits(execution, filter)) continue
      best.push({ ...one, look: () => execution })
    } else {
      best.push(one)
    }
    if (best.length <= 2 * limit + 1) continue
    best = newest(best, limit + 1)
    oldest = best.at(-1)?.id ?? ''
  }
  const page = newest(best, limit)
  const executions: WorkflowExecution[] = []
  for (const one of page) {
    if ((looks += 1) % LOOKS_MAX === 0) await nextTurn()
    executions.push(one.look())
  }
  const last = page.at(-1)
  return best.length > limit && last !== undefined ? { executions, cursor: last.id } : { executions }
}

/** Ids are made in the order of time (UUID version 7), so they sort as the store's do. */
function newest(some: readonly Listed[], count: number): Listed[] {
  return some.toSorted((one, other) => (one.id < other.id ? 1 : -1)).slice(0, count)
}

function fits({ status, startTime }: WorkflowExecution, filter: ExecutionListFilter): boolean {
  return (
    (filter.status === undefined || status === filter.status) &&
    (filter.since === undefined || startTime >= filter.since) &&
    (filter.until === undefined || startTime < filter.until)
  )
}
