// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task may name a workflow that is registered. What that was when the execution began is kept with it, so that whatever is registered later, and
// in whichever process, it runs the same; and what those workflows name in turn.

import type { Definition } from './definition.js'
import type { Json } from './json.js'
import type { RunOptions } from './run.js'

/** The workflows that a definition names, by id, and those that they name; what `find` does not know is left out. */
export function pinsFor(definition: Definition, find: (id: string) => Json | undefined): Pick<RunOptions, 'workflows'> {
  const workflows: Record<string, Json> = {}
  const todo = [...definition.workflowIds]
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    const named = Object.hasOwn(workflows, id) ? undefined : find(id)
    if (named === undefined) continue
    workflows[id] = named
    todo.push(...workflowsNamedIn(named).map(({ id: inner }) => inner))
  }
  return Object.keys(workflows).length === 0 ? {} : { workflows }
}

/** The workflows that the tasks of a definition name, each with where. */
export function workflowsNamedIn(workflow: Json, place = ''): { id: string; path: string }[] {
  if (typeof workflow !== 'object' || workflow === null) return []
  const named: { id: string; path: string }[] = []
  for (const { task, path } of tasksIn(workflow, place)) {
    const { workflow: inner } = task
    if (typeof inner === 'string') named.push({ id: inner, path: `${path}.workflow` })
    else if (inner !== undefined) named.push(...workflowsNamedIn(inner, `${path}.workflow`))
  }
  return named
}

type Fields = { readonly [field: string]: Json }

/** Every task under the lists of `holder`, at any level of groups. */
export function* tasksIn(holder: Json, place: string): Iterable<{ task: Fields; path: string }> {
  if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return
  for (const field of ['tasks', 'default', 'branches']) {
    const list = holder[field]
    if (!Array.isArray(list)) continue
    for (const [index, member] of list.entries()) {
      const path = `${place === '' ? '' : `${place}.`}${field}[${index}]`
      if (typeof member !== 'object' || member === null || Array.isArray(member)) continue
      if (field !== 'branches') yield { task: member, path }
      yield* tasksIn(member, path)
    }
  }
}
