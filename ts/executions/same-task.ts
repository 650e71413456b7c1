// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What two definitions of one workflow have in common: the tasks that read equal, field by field, and stand in the same place.

import type { Definition, TaskDefinition } from '../definition/definition.js'
import { namedIn, workflowsNamedIn } from '../definition/named.js'
import { canonical } from '../json/canonical.js'
import type { Json } from '../json/json.js'

/** A definition with the registered workflows that its tasks name, as they are for its executions. */
export interface Settled {
  readonly definition: Definition
  readonly workflows: Readonly<Record<string, Json>>
}

/** How a definition differs from the one before it. */
export interface Changes {
  /** The tasks of the old one that are not there any more, or not the same, by id. */
  readonly changed: ReadonlySet<string>
  /** The lists of the old one that have other tasks than before, as `listOf` names them. */
  readonly lists: ReadonlySet<string>
}

/** What the new definition changes. The fields of groups are compared without the tasks inside of them, which are compared by themselves. */
export function changesBetween(before: Settled, after: Settled): Changes {
  const [old, now] = [tasksOf(before.definition), tasksOf(after.definition)]
  const changed = new Set<string>()
  const lists = new Set<string>()
  for (const [id, number] of old) {
    const other = now.get(id)
    if (other === undefined || readingOf(before, number) !== readingOf(after, other)) changed.add(id)
  }
  for (const [id, number] of now) {
    const other = old.get(id)
    const list = listOf(after.definition, number)
    if (other === undefined || listOf(before.definition, other) !== list) lists.add(list)
  }
  return { changed, lists }
}

/** The tasks of a definition by id: their numbers. What stands in for a task, undoes or repeats it is part of that task. */
export function tasksOf({ tasks }: Definition): Map<string, number> {
  const numbers = new Map<string, number>()
  for (const [number, { id }] of tasks.entries()) if (!numbers.has(id)) numbers.set(id, number)
  return numbers
}

/** The list that a task stands in: the group around it, and which of its lists. */
export function listOf({ tasks }: Definition, number: number): string {
  const { owner, place } = tasks[number] as TaskDefinition
  return owner === undefined ? '' : `${tasks[owner]?.id}.${/(branches\[\d+\]\.tasks|tasks|default)\[\d+\]$/.exec(place)?.[1] ?? ''}`
}

/** The loops that a task stands in, the outermost first. */
export function loopsAround({ tasks }: Definition, number: number): string[] {
  const around: TaskDefinition[] = []
  for (let at = tasks[number]?.owner; at !== undefined; at = tasks[at]?.owner) around.unshift(tasks[at] as TaskDefinition)
  return around.flatMap(({ kind, id }) => (kind === 'loop' ? [id] : []))
}

/** Equal for tasks that do the same: the fields, the place, the tasks before it, implicit ones too, and the registered workflows that it names. */
function readingOf({ definition, workflows }: Settled, number: number): string {
  const { source, dependencies } = definition.tasks[number] as TaskDefinition
  const before = dependencies.map((earlier) => definition.tasks[earlier]?.id ?? '').toSorted()
  const fields = Object.entries(source).filter(([, value]) => value !== undefined && value !== null) as [string, Json][]
  const own = Object.fromEntries(fields.map(([field, value]) => [field, withoutTasks(field, value)]))
  const named = [...namedIn({ tasks: [own] })].flatMap((one) => (one.kind === 'workflow' ? [one.id] : []))
  return canonical([own, before, listOf(definition, number), closure(named, workflows)])
}

function withoutTasks(field: string, value: Json): Json {
  if (field === 'tasks' || field === 'default') return true
  if (field !== 'branches' || !Array.isArray(value)) return value
  return value.map((branch) => ({ ...(branch as { [field: string]: Json }), tasks: true }))
}

/** The workflows of these ids, and those that they name. */
function closure(ids: readonly string[], workflows: Readonly<Record<string, Json>>): Json {
  const found: Record<string, Json> = {}
  const todo = [...ids]
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (Object.hasOwn(found, id)) continue
    found[id] = Object.hasOwn(workflows, id) ? (workflows[id] as Json) : null
    todo.push(...workflowsNamedIn(found[id] as Json))
  }
  return found
}
