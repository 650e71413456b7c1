// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow of the crossed suite, made of pure agents, and the same as its author has mended it since.

import type { AgentTask, AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import type { Case, Deed } from '../crossed/case.ts'
import type { Chance } from '../crossed/chance.ts'

type List = AgentTask[]

/** The version of a workflow that was mended. */
export const MENDED = '2'

/** The workflow with what is left of it where nothing but its tasks and what they are given decides how it ends. */
export function pure(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => pure(one))
  const { cache: _cache, deadline: _deadline, ...rest } = value as Record<string, unknown>
  const made = Object.fromEntries(
    Object.entries(rest).map(([field, member]) => [field, field === 'deed' ? pureDeed(member as Deed) : pure(member)]),
  )
  if ((made['waitFor'] as { signal?: string } | undefined)?.signal !== undefined) made['waitFor'] = { delay: '1h' }
  return made
}

function pureDeed({ fails, code, final, slow, spawns, catches }: Deed): Deed {
  const spawned = spawns?.map((one) => pure(one) as AgentTask)
  return Object.fromEntries(
    Object.entries({ fails, code, final, slow, spawns: spawned, catches }).filter(([, value]) => value !== undefined),
  )
}

export function pureCase(given: Case): { flow: AgentWorkflow; registered: AgentWorkflow[]; context: Record<string, unknown> } {
  return {
    flow: pure(given.main) as AgentWorkflow,
    registered: given.registered.map((one) => pure(one) as AgentWorkflow),
    context: given.context,
  }
}

/** The workflow after one to three mends, as its author writes it; where a failure stops others, that is when it comes, and a case may leave that as it is. */
export function edited(flow: AgentWorkflow, chance: Chance, keepsPolicy = false): AgentWorkflow {
  const made = structuredClone(flow) as AgentWorkflow & { version: string; tasks: List }
  made.version = MENDED
  for (let count = 1 + chance.below(3); count > 0; count -= 1) edit(made.tasks, chance)
  if (!keepsPolicy && chance.oneIn(12)) Object.assign(made, { failurePolicy: made.failurePolicy === 'continue' ? undefined : 'continue' })
  return JSON.parse(JSON.stringify(made)) as AgentWorkflow
}

function edit(tasks: List, chance: Chance): void {
  const lists = listsIn(tasks)
  const list = chance.of(lists)
  const task = chance.of(list)
  const kind = chance.below(10)
  if (kind < 4) return change(task, chance)
  if (kind === 4 && list.length > 1) list.splice(list.indexOf(task), 1)
  else if (kind === 5) list.splice(chance.below(list.length + 1), 0, added(chance, list.some(takesTime)))
  else if (kind === 6) task.name = `${task.name ?? task.id} again`
  else if (kind === 7) task.onError = task.onError === undefined ? 'continue' : 'fail'
  else if (kind === 8) mendFailure(tasks)
  else change((lists.at(-1) as List).at(-1) as AgentTask, chance)
}

function change(task: AgentTask, chance: Chance): void {
  const { data } = (task.input ?? {}) as { data?: { said?: string } }
  const inner = task.workflow as AgentWorkflow | string | undefined
  if (typeof inner === 'object' && chance.oneIn(2)) edit(inner.tasks as List, chance)
  else if (data?.said !== undefined) data.said = `${data.said}, mended`
  else if (task.loop?.forEach !== undefined && Array.isArray(task.loop.forEach)) (task.loop.forEach as unknown[]).push('more')
  else task.name = `${task.name ?? task.id} mended`
}

/** The mistake for which all of this is there. */
function mendFailure(tasks: List): void {
  for (const task of listsIn(tasks).flat()) {
    const { deed } = ((task.input as { data?: { deed?: Deed } } | undefined)?.data ?? {}) as { deed?: Deed }
    if (deed?.fails !== undefined) deed.fails = 0
  }
}

/** Among those that take a time of their own, so that it is certain who comes first, it does too: less than any of them. */
function added(chance: Chance, isTimed: boolean): AgentTask {
  const number = chance.below(1_000_000)
  const id = `new${number}`
  const deed: Deed = isTimed ? { slow: 1 + (number % 997) } : {}
  return { id, name: id, agentId: 'work', input: { data: { said: 'new', deed } } }
}

function takesTime({ input }: AgentTask): boolean {
  return (input as { data?: { deed?: Deed } } | undefined)?.data?.deed?.slow !== undefined
}

/** Every list of a workflow that has tasks. */
export function listsIn(tasks: List): List[] {
  const inside = tasks.flatMap(({ tasks: own, branches, default: otherwise }) => [
    own,
    ...(branches ?? []).map((one) => one.tasks),
    otherwise,
  ])
  return [tasks, ...inside.flatMap((one) => (one === undefined ? [] : listsIn(one as List)))].filter(({ length }) => length > 0)
}
