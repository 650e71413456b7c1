// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution goes on under another definition, where it is: what reads equal stays as it ended, and the rest is told again from the beginning.

import type { AgentTask, AgentWorkflow, TaskExecution } from '@codexos/multi-agent-orchestrator'
import { aroundOf, staysInPlace } from '../mended/oracle.ts'
import { VALUE_BYTES_MAX, type Deed } from './case.ts'
import type { Done, End, Told } from './told.ts'

/** Something would begin in an execution that is to be moved before that: whoever tells it begins anew. */
export class Halt extends Error {}

/** Whether an attempt of a task with `moves` has its execution moved: it completes, or another attempt follows. */
export function asksToMove(deed: Deed, { fails, attempt, isLarge }: { fails: boolean; attempt: number; isLarge: boolean }): boolean {
  return deed.moves !== undefined && !isLarge && !(fails && (deed.final === true || attempt >= deed.moves))
}

/** Whether a task gives more than a value may be. */
export function isTooLarge(deed: Deed, id: string, said: unknown): boolean {
  return deed.bulk === true || Buffer.byteLength(JSON.stringify({ id, said })) > VALUE_BYTES_MAX
}

/** Moves an execution that stands before something that would begin. Answers with what it still has from another. */
export function move(told: Told, mended: AgentWorkflow | undefined): Map<string, End> {
  const reuse = new Map(told.reuse)
  const whole = new Set(reuse.keys())
  const ahead = notBegun(told)
  const records = [...recordsOf(told), ...ahead]
  const stay = new Set(mended === undefined ? [] : staysInPlace(told.flow, mended, records, whole))
  // What is to be undone must stay.
  const isRefused = mended === undefined || told.done.some((one) => isUndoable(one) && !stays(stay, one.path))
  told.move = isRefused ? 'refused' : 'moved'
  const known = [...told.tasks.keys(), ...told.begun.keys(), ...ahead.map(({ taskId }) => taskId)]
  const staying = (path: string): boolean => isRefused || stays(stay, path)
  told.stay = new Map([...told.tasks].filter(([path]) => staying(path)))
  told.tasks = new Map(told.stay)
  for (const path of known) {
    if (staying(path)) continue
    told.anew.add(path)
    told.begun.delete(path)
    told.steps.delete(path)
  }
  told.between = new Set(told.begun.keys())
  if (isRefused) return reuse
  const before = told.flow
  const isAnew = (path: string | undefined): boolean => path !== undefined && (told.anew.has(path) || isAnew(aroundOf(before, path)))
  told.flow = mended
  told.done = told.done.filter(({ path }) => staying(path))
  return new Map([...reuse].filter(([path]) => !isAnew(path)))
}

/** Whether something of an execution that ended well can be undone. */
export function canBeUndone({ done }: Told): boolean {
  return done.some(isUndoable)
}

function isUndoable({ task, child }: Done): boolean {
  return task.compensate !== undefined || (child !== undefined && canBeUndone(child))
}

/** Whether a path is among those that stay: itself, or what spawned it. */
function stays(stay: ReadonlySet<string>, path: string): boolean {
  return stay.has(path) || (path.includes('/') && stays(stay, path.slice(0, path.lastIndexOf('/'))))
}

/** The tasks of an execution as the oracle of mends looks at them. */
export function recordsOf({ tasks, begun, done, undoneWhole }: Told): TaskExecution[] {
  const children = new Set(done.flatMap(({ path, child }) => (child !== undefined && !undoneWhole.has(path) ? [`${path}!compensate`] : [])))
  const ended = [...tasks].map(([taskId, end]) => ({ taskId, agentId: children.has(taskId) ? '' : 'any', ...end }))
  const between = [...begun].map(([taskId, attempts]) => ({ taskId, agentId: 'any', status: 'waiting', attempts }))
  return [...ended, ...between] as unknown as TaskExecution[]
}

/** What an execution has something for from those before it, and has not come to. */
function notBegun({ flow, tasks, begun, steps, reuse, origin }: Told): TaskExecution[] {
  const paths = new Set([...steps.keys(), ...(reuse?.keys() ?? [])])
  for (let old = origin; old !== undefined && old.flow === flow; old = old.origin) for (const path of old.tasks.keys()) paths.add(path)
  const hasEnded = (path: string | undefined): boolean => path !== undefined && (tasks.has(path) || hasEnded(aroundOf(flow, path)))
  const left = [...paths].filter((path) => !/[!/]/.test(path) && !begun.has(path) && !hasEnded(path))
  return left.map((taskId) => ({ taskId, status: 'waiting', attempts: 0 }) as TaskExecution)
}

/** The name of a child, which is another after a move that did not keep what it was before. */
export function childName({ id, anew }: Pick<Told, 'id' | 'anew'>, path: string, attempt: number): string {
  return `${id}/${path}/${attempt}${anew.has(path) ? '~1' : ''}`
}

/** The tasks of which one may have its execution moved, in the workflow above all: but where an `until` is judged after it, maybe when that is paused. */
export function movable(tasks: readonly AgentTask[]): AgentTask[] {
  return tasks.flatMap((task) => {
    if (task.loop?.until !== undefined) return []
    const { agentId, deed } = { agentId: task.agentId, ...(task.input?.data as { deed?: Deed } | undefined) }
    const lists = [task.type === 'parallel' ? [] : (task.tasks ?? []), ...(task.branches ?? []).map((one) => one.tasks), task.default ?? []]
    const isOwn =
      agentId === 'work' && deed !== undefined && deed.cancels === undefined && deed.bulk !== true && task.triggerRule === undefined
    return [...(isOwn ? [task] : []), ...lists.flatMap((list) => movable(list))]
  })
}
