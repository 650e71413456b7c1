// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an execution has of one that tried the same work before it: the idempotency keys of its tasks, and where it takes that up.
//
//   `previous` names that one. With `forkedFrom` of the same name it is continued, as a retry continues what it is made from; else the work runs anew.
//   `keys` says whose keys the tasks have: of the first that tried, but where something was undone in between, of the one that did it after that.
//
// All of it is in the recorded options, written in the commit that begins the execution: whoever takes it up after a crash reads it there.

import { undoneIn, unwell } from './fork.js'
import type { Past } from './ended-executions.js'
import type { Keys, RunOptions } from '../run/options.js'

/** An execution that tried the same before, and what has undone it since, if something has. */
export interface Tried {
  readonly past: Past
  readonly undoing: Past | undefined
}

/** The keys of an execution `id` that does again what another did. */
export function keysAfter({ past, undoing }: Tried, id: string): Keys {
  const { of, but } = past.options.keys ?? { of: past.execution.id }
  const undone = undoneWhole({ past, undoing })
  const all = { ...but, ...Object.fromEntries(undone.map((path) => [path, id])) }
  return Object.keys(all).length === 0 ? { of } : { of, but: all }
}

/** The tasks from which an execution is continued: those of a retry, and what was undone since. */
export function startsOf({ past, undoing }: Tried): string[] {
  const { whole, within } = undoneIn(undoing?.execution.tasks ?? [])
  return [...unwell(past.execution), ...whole, ...within]
}

/** Whether something of it was undone since it ended well. */
export function wasUndone({ undoing }: Tried): boolean {
  const { whole, within } = undoneIn(undoing?.execution.tasks ?? [])
  return whole.length > 0 || within.length > 0
}

/** Whether an execution goes on where the one before it ended. */
export function continues({ previous, forkedFrom }: RunOptions): boolean {
  return previous !== undefined && previous === forkedFrom
}

/** Whether what a child did was undone as a whole, by the `compensate` of its task: with the execution it belongs to, or since that ended. */
export function isUndoneWhole(tried: Tried, path: string): boolean {
  return undoneWhole(tried).includes(path)
}

/** The tasks that were undone as a whole, with the execution or since that ended. */
export function undoneWhole({ past, undoing }: Tried): string[] {
  return [past, ...(undoing === undefined ? [] : [undoing])].flatMap(({ execution }) => undoneIn(execution.tasks).whole)
}
