// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the tasks of a definition name: agents and workflows, wherever they stand in it.

import type { Json } from '../json/json.js'

/** A name, and where its holder stands: a task, or what undoes one. */
export type Named =
  | { readonly kind: 'agent'; readonly need: AgentNeed; readonly path: string; readonly taskId: string }
  | { readonly kind: 'workflow'; readonly id: string; readonly path: string }

type Fields = { readonly [field: string]: Json }

/** Everything that the tasks of a workflow name, and those of workflows that are written inside of them. */
export function* namedIn(workflow: Json, place = ''): Iterable<Named> {
  for (const { task, path } of tasksIn(workflow, place)) yield* namedBy(task, path)
}

/** What one task names. */
export function* namedBy(task: Fields, path: string): Iterable<Named> {
  const { id, agentId, requires, compensate, fallback, workflow } = task
  const taskId = typeof id === 'string' ? id : ''
  const need = needOf(agentId, requires)
  if (need !== undefined) yield { kind: 'agent', need, path, taskId }
  const undoing = isObject(compensate) ? needOf(compensate['agentId']) : undefined
  if (undoing !== undefined) yield { kind: 'agent', need: undoing, path: `${path}.compensate`, taskId }
  const several = Array.isArray(fallback)
  for (const [place, one] of (several ? fallback : [fallback]).entries()) {
    const standing = isObject(one) ? needOf(one['agentId']) : undefined
    const where = several ? `${path}.fallback[${place}]` : `${path}.fallback`
    if (standing !== undefined) yield { kind: 'agent', need: standing, path: where, taskId }
  }
  if (typeof workflow === 'string') yield { kind: 'workflow', id: workflow, path }
  else if (isObject(workflow)) yield* namedIn(workflow, `${path}.workflow`)
}

/** Every task under the lists of `holder`, at any level of groups. */
function* tasksIn(holder: Json, place: string): Iterable<{ task: Fields; path: string }> {
  if (!isObject(holder)) return
  for (const field of ['tasks', 'default', 'branches']) {
    const list = holder[field]
    if (!Array.isArray(list)) continue
    for (const [index, member] of list.entries()) {
      const path = `${place === '' ? '' : `${place}.`}${field}[${index}]`
      if (!isObject(member)) continue
      if (field !== 'branches') yield { task: member, path }
      yield* tasksIn(member, path)
    }
  }
}

/** What a task, or what undoes one, asks of whoever runs it; what is no call of an agent asks nothing. */
function needOf(agentId: Json | undefined, requires?: Json): AgentNeed | undefined {
  const id = typeof agentId === 'string' ? agentId : ''
  const capabilities = Array.isArray(requires) ? requires.filter((capability) => typeof capability === 'string') : []
  return id === '' && capabilities.length === 0 ? undefined : { agentId: id, requires: capabilities }
}

function isObject(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a task asks of whoever runs it. */
export interface AgentNeed {
  /** Empty: anybody with what is required. */
  readonly agentId: string
  readonly requires: readonly string[]
}

/** The ids of the workflows that the tasks of a definition name. */
export function workflowsNamedIn(workflow: Json): string[] {
  return [...namedIn(workflow)].flatMap((named) => (named.kind === 'workflow' ? [named.id] : []))
}
