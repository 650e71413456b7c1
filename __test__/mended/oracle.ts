// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which ends hold under another definition, asked for one path after the other and read off the rule: slow, and meant to be obvious.

import type { AgentTask, AgentWorkflow, TaskExecution } from '@codexos/multi-agent-orchestrator'
import { read, type Spot } from '../crossed/forking.ts'

const UNDOING = '!compensate'

/** The paths whose ends are kept, sorted. */
export function keptBy(before: AgentWorkflow, after: AgentWorkflow, tasks: readonly TaskExecution[], from: readonly string[]): string[] {
  return new Oracle(before, after, tasks, from, false).kept()
}

/** The same of an execution that is moved, in which what has not ended may stay as well. */
export function keptInPlace(before: AgentWorkflow, after: AgentWorkflow, tasks: readonly TaskExecution[]): string[] {
  const ended = new Set(tasks.filter(isEnded).map(({ taskId }) => taskId))
  return staysInPlace(before, after, tasks).filter((path) => ended.has(path))
}

/** What stays of that, ended or not. `whole`: ends of groups that it was given by another execution, without what is inside. */
export function staysInPlace(
  before: AgentWorkflow,
  after: AgentWorkflow,
  tasks: readonly TaskExecution[],
  whole: ReadonlySet<string> = new Set(),
): string[] {
  return new Oracle(before, after, tasks, [], true, whole).kept()
}

/** The group that a path is in. */
export function aroundOf(flow: AgentWorkflow, path: string): string | undefined {
  const { spot } = read(flow, path)
  if (path.endsWith(']')) return path.slice(0, path.lastIndexOf('['))
  if (spot.owner === undefined) return undefined
  const prefix = path.slice(0, path.length - lastPart(path).length)
  return spot.owner.task.loop === undefined ? prefix + spot.owner.task.id : prefix.slice(0, prefix.lastIndexOf('['))
}

class Oracle {
  readonly #before: AgentWorkflow
  readonly #after: AgentWorkflow
  readonly #from: readonly string[]
  readonly #records = new Map<string, TaskExecution>()
  readonly #undone: Set<string>
  /** What was seen not to hold: there is always less, until there is no less. */
  readonly #anew = new Set<string>()

  /** Whether what has not ended may hold. */
  readonly #unended: boolean
  /** Of these it cannot be said what was inside. */
  readonly #whole: ReadonlySet<string>

  constructor(
    before: AgentWorkflow,
    after: AgentWorkflow,
    tasks: readonly TaskExecution[],
    from: readonly string[],
    unended: boolean,
    whole: ReadonlySet<string> = new Set(),
  ) {
    this.#unended = unended
    this.#whole = whole
    this.#before = before
    this.#after = after
    this.#from = from
    for (const task of tasks) if (!task.taskId.includes('!') && !task.taskId.includes('/')) this.#records.set(task.taskId, task)
    const undoing = tasks.filter(({ taskId }) => taskId.endsWith(UNDOING))
    const isDone = ({ agentId, status, attempts }: TaskExecution): boolean => (agentId === '' ? attempts > 0 : status === 'completed')
    this.#undone = new Set(undoing.filter(isDone).map(({ taskId }) => taskId.slice(0, -UNDOING.length).split('/')[0] as string))
  }

  kept(): string[] {
    for (let size = -1; size !== this.#anew.size;) {
      size = this.#anew.size
      for (const path of this.#records.keys()) if (!this.#anew.has(path) && !this.#holds(path)) this.#anew.add(path)
    }
    return [...this.#records.keys()].filter((path) => !this.#anew.has(path)).toSorted()
  }

  #holds(path: string): boolean {
    const task = this.#records.get(path) as TaskExecution
    if ((!isEnded(task) && !this.#unended) || this.#undone.has(path) || this.#from.includes(path)) return false
    // It ended badly, and nothing around it has made that good.
    if (isBad(task) && !(policyOf(this.#before) === policyOf(this.#after) && this.#isContained(path))) return false
    const around = this.#around(path)
    // A group that is decided again decides again what it stops.
    const byGroup = task.status === 'cancelled' && (task.reason === 'join_satisfied' || task.reason === 'timeout')
    if (byGroup && around !== undefined && this.#anew.has(around)) return false
    if (task.reason === 'sibling_failed' && this.#cutBy(path).some((failed) => this.#anew.has(failed))) return false
    return this.#stands(path) && this.#insideHolds(path)
  }

  /** Whether it is what it was, where it was, after what it was after; and so are the groups around it. */
  #stands(path: string): boolean {
    const { spot, passes } = read(this.#before, path)
    const other = read(this.#after, path).spot as Spot | undefined
    if (other === undefined || ownText(spot) !== ownText(other)) return false
    if (this.#from.some((start) => this.#isInside(path, start))) return false
    const earlier = before(spot)
    if (JSON.stringify(earlier) !== JSON.stringify(before(other))) return false
    const prefix = path.slice(0, path.length - lastPart(path).length)
    // A call of a loop stands where the loop is.
    const isCall = spot.task.id === [...passes.keys()].at(-1) && path.endsWith(']')
    if (!isCall && earlier.some((id) => this.#anew.has(prefix + id))) return false
    const around = this.#around(path)
    if (around !== undefined && !this.#stands(around)) return false
    return !this.#buildsOnAnew(path)
  }

  /** Whether it is in a pass after one of which something is done again, and may build on that. */
  #buildsOnAnew(path: string): boolean {
    for (let match = /^(.*)\[(\d+)\]([^[\]]*)$/.exec(path); match !== null; match = /^(.*)\[(\d+)\]([^[\]]*)$/.exec(match[1] as string)) {
      const [, loopPath = '', pass] = match
      const { task } = read(this.#before, loopPath).spot
      if (!buildsOn(task)) continue
      const earlier = [...this.#records.keys()].filter((other) => other.startsWith(`${loopPath}[`))
      const isEarlier = (other: string): boolean => Number(/^\[(\d+)\]/.exec(other.slice(loopPath.length))?.[1]) < Number(pass)
      if (earlier.some((other) => isEarlier(other) && this.#anew.has(other))) return true
      if (Number(pass) > 0 && !this.#sameLists(loopPath)) return true
    }
    return false
  }

  /** Of a group: whether all that is inside of it holds, and nothing has come or gone where it was. */
  #insideHolds(path: string): boolean {
    const children = [...this.#records.keys()].filter((other) => this.#around(other) === path)
    if (children.length === 0 && this.#whole.has(path)) return this.#isEmpty(path) || this.#sameInside(path)
    return children.every((child) => !this.#anew.has(child)) && (children.length === 0 || this.#sameLists(path))
  }

  /** Whether nothing was ever inside of a group. */
  #isEmpty(path: string): boolean {
    const { status, result } = this.#records.get(path) as TaskExecution
    return status === 'skipped' || (Array.isArray(result) && result.length === 0)
  }

  /** Whether all that may be inside of a group reads equal. */
  #sameInside(path: string): boolean {
    const inside = (flow: AgentWorkflow): string => {
      const { tasks, branches, default: otherwise } = (read(flow, path).spot as Spot).task
      return JSON.stringify([tasks, branches, otherwise])
    }
    return inside(this.#before) === inside(this.#after)
  }

  /** Whether the lists of a group that have run have the tasks that they had. */
  #sameLists(path: string): boolean {
    const [old, now] = [read(this.#before, path).spot.task, (read(this.#after, path).spot as Spot | undefined)?.task]
    const children = [...this.#records.keys()].filter((other) => this.#around(other) === path)
    const ran = new Set(children.map((child) => read(this.#before, child).spot.siblings))
    const ids = (list: readonly AgentTask[] | undefined): string => JSON.stringify((list ?? []).map(({ id }) => id).toSorted())
    const lists = (task: AgentTask | undefined): (readonly AgentTask[] | undefined)[] => [
      task?.tasks,
      task?.default,
      ...(task?.branches ?? []).map(({ tasks }) => tasks),
    ]
    const after = lists(now)
    return lists(old).every((list, place) => list === undefined || !ran.has(list) || ids(list) === ids(after[place]))
  }

  #around(path: string): string | undefined {
    return aroundOf(this.#before, path)
  }

  #isInside(path: string, start: string): boolean {
    for (let around = this.#around(path); around !== undefined; around = this.#around(around)) if (around === start) return true
    return false
  }

  #isContained(path: string): boolean {
    const around = this.#around(path)
    const group = around === undefined ? undefined : this.#records.get(around)
    if (around === undefined || group === undefined || !isEnded(group)) return false
    return !isBad(group) || this.#isContained(around)
  }

  /** What failed beside it, or beside what was cut off around it. */
  #cutBy(path: string): string[] {
    const found: string[] = []
    for (let at: string | undefined = path; at !== undefined; at = this.#around(at)) {
      if (this.#records.get(at)?.reason !== 'sibling_failed') break
      for (const [other, { status }] of this.#records) if (status === 'failed' && this.#isBeside(at, other)) found.push(other)
    }
    return found
  }

  /** In one list, and in one pass unless the loop fails with its first. */
  #isBeside(one: string, other: string): boolean {
    const [left, right] = [read(this.#before, one), read(this.#before, other)]
    if (left.spot.siblings !== right.spot.siblings || this.#around(one) !== this.#around(other)) return false
    const loop = left.spot.owner?.task.loop
    if (loop === undefined || (loop.onItemError ?? 'fail') === 'fail') return true
    return [...left.passes].every(([id, pass]) => right.passes.get(id) === pass)
  }
}

function isEnded({ status }: TaskExecution): boolean {
  return status === 'completed' || status === 'failed' || status === 'skipped' || status === 'cancelled'
}

function isBad({ status, tolerated, reason }: TaskExecution): boolean {
  const cut = status === 'cancelled' && reason !== 'join_satisfied'
  return (status === 'failed' && tolerated !== true) || cut || reason === 'upstream_failed'
}

function policyOf({ failurePolicy }: AgentWorkflow): string {
  return failurePolicy ?? 'fail_fast'
}

/** Its fields without what is inside, and where it stands. */
function ownText({ task, siblings, owner }: Spot): string {
  const { tasks, default: otherwise, branches, ...own } = task
  const whens = branches?.map(({ tasks: _inside, ...branch }) => branch)
  const lists = owner === undefined ? [] : [owner.task.tasks, owner.task.default, ...(owner.task.branches ?? []).map((one) => one.tasks)]
  const list = lists.indexOf(siblings as AgentTask[])
  return JSON.stringify([own, whens, tasks === undefined, otherwise === undefined, owner?.task.id, list])
}

/** The siblings that a task waits for. */
function before({ task, siblings, beside }: Spot): readonly string[] {
  if (task.dependencies !== undefined) return task.dependencies.toSorted()
  const place = siblings.indexOf(task)
  return beside || place === 0 ? [] : [(siblings[place - 1] as AgentTask).id]
}

/** What a path has after the passes that it is in. */
function lastPart(path: string): string {
  return path.includes('].') ? path.slice(path.lastIndexOf('].') + 2) : path
}

function buildsOn(loop: AgentTask): boolean {
  const readsLast = ({ input }: AgentTask): boolean => JSON.stringify(input ?? null).includes('{{ last }}')
  const inBody = (task: AgentTask): boolean => {
    if (task.loop !== undefined) return false
    const inside = [...(task.tasks ?? []), ...(task.branches ?? []).flatMap(({ tasks }) => tasks), ...(task.default ?? [])]
    return readsLast(task) || inside.some(inBody)
  }
  return loop.loop?.forEach === undefined || (loop.tasks === undefined ? readsLast(loop) : loop.tasks.some(inBody))
}
