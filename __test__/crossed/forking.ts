// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What runs anew in a fork: the tasks it begins from with everything inside them, what comes after them, and the same for each group around them.

import type { AgentTask, AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import type { End, Told } from './told.ts'

/** Where a task stands in its definition. */
export interface Spot {
  readonly task: AgentTask
  readonly siblings: readonly AgentTask[]
  readonly beside: boolean
  readonly owner: Spot | undefined
}

/** The paths of what did not end well by itself; what was spawned is done again by the task that spawned it. */
export function unwell({ tasks }: Told): string[] {
  return [...tasks].flatMap(([path, end]) => {
    const { status, reason, tolerated } = end
    if (path.includes('!')) return []
    const bad = (status === 'failed' && tolerated !== true) || isCut(end) || reason === 'upstream_failed'
    return bad ? [path.split('/')[0] as string] : []
  })
}

/** The paths of what a cancel or a deadline has cut off, and of what a failure beside it has, if that failure runs anew when a fork begins from `starts`. */
export function cutOff({ tasks, flow }: Told, starts: readonly string[]): string[] {
  const own = [...tasks].filter(([path]) => !path.includes('/') && !path.includes('!'))
  const cut: string[] = []
  const isAnew = (path: string): boolean => affectedBy(flow, starts, path, false) || affectedBy(flow, cut, path, true)
  for (const [path, end] of own) if (isCut(end) && end.reason !== 'sibling_failed') cut.push(path)
  // A join that cannot be reached any more has stopped the rest of its children.
  for (const [path, end] of own) {
    if (end.reason !== 'sibling_failed') continue
    const beside = own.filter(([other, { status }]) => status === 'failed' && isBeside(flow, path, other))
    if (beside.some(([other]) => isAnew(other))) cut.push(path)
  }
  return cut
}

function isCut({ status, reason }: Pick<End, 'status' | 'reason'>): boolean {
  return status === 'cancelled' && reason !== 'join_satisfied'
}

function isBeside(flow: AgentWorkflow, one: string, other: string): boolean {
  const [left, right] = [read(flow, one), read(flow, other)]
  return left.spot.siblings === right.spot.siblings && [...left.passes].every(([loop, pass]) => right.passes.get(loop) === pass)
}

/** Whether the task at `path` runs anew when a fork begins from `starts`; a retry keeps what ended well inside of those. */
export function affectedBy(flow: AgentWorkflow, starts: readonly string[], path: string, isRetry: boolean): boolean {
  return starts.some((start) => follows(flow, start, path, !isRetry))
}

function follows(flow: AgentWorkflow, start: string, path: string, inside: boolean): boolean {
  const [from, to] = [read(flow, start), read(flow, path)]
  for (let spot: Spot | undefined = from.spot, first = true; spot !== undefined; spot = spot.owner, first = false) {
    const around = loopsAround(spot)
    const same = around.every((id) => from.passes.get(id) === to.passes.get(id))
    // A pass of a loop of one call is a place of its own.
    const ownPass = first && from.passes.has(spot.task.id) ? from.passes.get(spot.task.id) : undefined
    if (same) {
      if (to.spot.task === spot.task && ownPass === undefined) return (first && inside) || to.passes.get(spot.task.id) === undefined
      if (to.spot.task === spot.task) {
        // The loop itself, this pass, or one that builds on it.
        const pass = to.passes.get(spot.task.id)
        if (pass === undefined || pass === ownPass || (pass > (ownPass as number) && buildsOn(spot.task))) return true
      }
      const after = dependents(spot)
      for (let inner: Spot | undefined = to.spot; inner !== undefined; inner = inner.owner) {
        if (after.has(inner.task)) return true
        // All that is inside of what a fork begins from.
        if (inside && first && ownPass === undefined && inner.task === spot.task) return true
      }
    }
    // Later passes of a loop around it.
    const { owner } = spot
    if (
      owner?.task.loop !== undefined &&
      isInside(to.spot, owner) &&
      loopsAround(owner).every((id) => from.passes.get(id) === to.passes.get(id))
    ) {
      const [mine, theirs] = [from.passes.get(owner.task.id) as number, to.passes.get(owner.task.id) as number]
      if (theirs > mine && buildsOn(owner.task)) return true
    }
  }
  return false
}

/** Whether passes of a loop may build on earlier ones. */
function buildsOn(loop: AgentTask): boolean {
  return loop.loop?.forEach === undefined || (loop.tasks === undefined ? readsLast(loop) : loop.tasks.some(bodyReadsLast))
}

/** Whether a task in the body of a loop reads `last` of that loop: further loops have their own, and child workflows none. */
function bodyReadsLast(task: AgentTask): boolean {
  if (task.loop !== undefined) return false
  const inside = [...(task.tasks ?? []), ...(task.branches ?? []).flatMap(({ tasks }) => tasks), ...(task.default ?? [])]
  return readsLast(task) || inside.some(bodyReadsLast)
}

function readsLast({ input }: AgentTask): boolean {
  return JSON.stringify(input ?? null).includes('{{ last }}')
}

function isInside(spot: Spot, owner: Spot): boolean {
  for (let at = spot.owner; at !== undefined; at = at.owner) if (at.task === owner.task) return true
  return false
}

/** The siblings that come after a task, one after the other. */
function dependents({ task, siblings, beside }: Spot): Set<AgentTask> {
  const after = new Set<AgentTask>()
  const isAfter = (id: string): boolean => id === task.id || [...after].some((other) => other.id === id)
  for (const [place, sibling] of siblings.entries()) {
    const before = beside ? [] : (sibling.dependencies ?? (place > 0 ? [(siblings[place - 1] as AgentTask).id] : []))
    if (before.some(isAfter)) after.add(sibling)
  }
  return after
}

function loopsAround(spot: Spot): string[] {
  const ids: string[] = []
  for (let at = spot.owner; at !== undefined; at = at.owner) if (at.task.loop !== undefined) ids.push(at.task.id)
  return ids
}

/** A path as the task that stands there, and the passes it is in. */
export function read(flow: AgentWorkflow, path: string): { spot: Spot; passes: Map<string, number> } {
  const passes = new Map<string, number>()
  let rest = path
  for (let match = /^(.*?)\[(\d+)\]\.?/.exec(rest); match !== null; match = /^(.*?)\[(\d+)\]\.?/.exec(rest)) {
    passes.set(match[1] as string, Number(match[2]))
    rest = rest.slice(match[0].length)
    if (rest === '') rest = match[1] as string
    if (rest === match[1]) break
  }
  return { spot: find(flow.tasks, rest, false, undefined) as Spot, passes }
}

function find(siblings: readonly AgentTask[], id: string, beside: boolean, owner: Spot | undefined): Spot | undefined {
  for (const task of siblings) {
    const spot: Spot = { task, siblings, beside, owner }
    if (task.id === id) return spot
    const lists = [task.tasks, ...(task.branches ?? []).map(({ tasks }) => tasks), task.default]
    for (const list of lists) {
      const found = list === undefined ? undefined : find(list, id, task.type === 'parallel', spot)
      if (found !== undefined) return found
    }
  }
  return undefined
}
