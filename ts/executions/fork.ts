// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which recorded ends a fork keeps: all but those of the tasks it begins from and of what was cut off, of what depends on them, and of the groups around them.

import type { Definition } from '../definition/definition.js'
import { ValidationError } from '../api/errors.js'
import type { Json } from '../json/json.js'
import type { TaskExecution, WorkflowExecution } from '../api/execution.js'
import type { ReusedEnd, RunOptions } from '../run/options.js'

/** Where a fork begins. */
export interface ForkPoint {
  /** The paths of the tasks that run anew. */
  readonly from: readonly string[]
  /** Whether it is a retry: what ended well inside of those keeps its ends, and children go on where they failed. */
  readonly retry: boolean
}

/** The ends to keep, by path. */
export function keptEnds(definition: Definition, execution: WorkflowExecution, { from, retry }: ForkPoint): Record<string, ReusedEnd> {
  const graph = new Graph(definition)
  const known = new Set(execution.tasks.map(({ taskId }) => taskId))
  for (const path of retry ? [] : from) {
    if (known.has(path) && graph.find(path) !== undefined) continue
    const issue = {
      path: 'fromTask',
      message: `\`${path}\` is not a task of this execution; give the path of one, such as \`outer[2].child\``,
    }
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'the execution cannot be forked', [issue])
  }
  const anew = new Anew(graph)
  // What was undone has to be done again.
  const { whole, within } = undoneIn(execution.tasks)
  for (const path of [...from, ...whole, ...within]) anew.begin(graph.spawner(path), !retry)
  const tasks = execution.tasks.filter(({ taskId }) => graph.find(taskId) !== undefined && !taskId.endsWith(UNDOING))
  anew.beginCut(tasks)
  const kept: Record<string, ReusedEnd> = {}
  for (const task of tasks) {
    const end = endOf(task)
    if (end !== undefined && !anew.has(task.taskId)) kept[task.taskId] = end
  }
  return kept
}

/** What a fork has of the options of the execution it is made from, unless it is given others: who it is for, and what it runs. */
export function inherited({ tenant, priority, concurrency, workflows, undoes, inputs, keys }: RunOptions): RunOptions {
  return {
    // What undoes another goes on doing that.
    ...(undoes !== undefined && { undoes, ...(inputs !== undefined && { inputs }), ...(keys !== undefined && { keys }) }),
    ...(tenant !== undefined && { tenant }),
    ...(priority !== undefined && { priority }),
    ...(concurrency !== undefined && { concurrency }),
    ...(workflows !== undefined && { workflows }),
  }
}

/** The tasks that were undone: each as a whole, or, being a child, by what is within it, perhaps a part of it alone. */
export function undoneIn(tasks: readonly TaskExecution[]): { whole: string[]; within: string[] } {
  const undoing = tasks.filter(({ taskId }) => taskId.endsWith(UNDOING))
  const paths = (some: readonly TaskExecution[]): string[] => some.map(({ taskId }) => taskId.slice(0, -UNDOING.length))
  return {
    whole: paths(undoing.filter(({ agentId, status }) => agentId !== '' && status === 'completed')),
    within: paths(undoing.filter(({ agentId, attempts }) => agentId === '' && attempts > 0)),
  }
}

/** Whether something of an execution was undone, or was to be. */
export function hasUndoing({ execution: { tasks } }: { readonly execution: WorkflowExecution }): boolean {
  return tasks.some(({ taskId }) => taskId.endsWith(UNDOING))
}

/** The tasks a retry begins from: everything that did not end well by itself. */
export function unwell(execution: WorkflowExecution): string[] {
  const bad = execution.tasks.filter((task) => {
    const { taskId, status, reason, tolerated } = task
    return !taskId.endsWith(UNDOING) && ((status === 'failed' && tolerated !== true) || isCut(task) || reason === 'upstream_failed')
  })
  return bad.map(({ taskId }) => taskId)
}

/** Whether a task was stopped before it had an end of its own. Where a join needed no more of it, that is its end. */
function isCut({ status, reason }: TaskExecution): boolean {
  return status === 'cancelled' && reason !== 'join_satisfied'
}

/** After the path of a task, the path of what undoes it. */
export const UNDOING = '!compensate'

function endOf({ status, result, reason, error, degraded }: TaskExecution): ReusedEnd | undefined {
  const { code = 'ERR_AGENT', message = '', details } = error ?? {}
  // By their details too a workflow may say which failures it goes on after.
  const failure = { code, message, ...(details !== undefined && { details: details as { [field: string]: Json } }) }
  if (status === 'completed' && degraded === true) return { status: 'degraded', output: (result ?? null) as Json, ...failure }
  if (status === 'completed') return { status, output: (result ?? null) as Json }
  if (status === 'failed') return { status, ...failure }
  if (status === 'skipped' || status === 'cancelled') return { status, reason: reason ?? '' }
  return undefined
}

/** A pass of a loop. */
interface Pass {
  readonly loop: string
  readonly pass: number
}

/** A path in parts: `outer[2].inner[0].child` is `child` in pass 2 of `outer` and 0 of `inner`. A pass of a loop of one call has no task after it. */
function partsOf(path: string): { passes: readonly Pass[]; task: string } {
  const passes: Pass[] = []
  let rest = path
  for (;;) {
    const part = /^(.*?)\[(\d+)\](?:\.|$)/.exec(rest)
    if (part === null) return { passes, task: rest }
    passes.push({ loop: part[1] ?? '', pass: Number(part[2]) })
    rest = rest.slice(part[0].length)
  }
}

/** Whether a start in some passes concerns a task in others: the same ones, those outside of them, and all of a loop that comes after. */
function concerns(start: readonly Pass[], other: readonly Pass[]): boolean {
  for (const [level, { loop, pass }] of other.entries()) {
    const own = start[level]
    // From here on they are in different loops.
    if (own === undefined || own.loop !== loop) return true
    if (own.pass !== pass) return false
  }
  return true
}

const none: ReadonlySet<string> = new Set()

/** What runs anew. */
class Anew {
  readonly #graph: Graph
  /** The passes that tasks begin in, and what that affects. */
  readonly #starts = new Map<string, { readonly passes: readonly Pass[]; readonly tasks: Set<number> }>()

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** From a task with all that comes after it; with `inside` also with all that is inside of it. */
  begin(path: string, inside: boolean): void {
    // What comes after a task that runs anew does so already, and the groups around it.
    if (!inside && this.has(path)) return
    const passes = this.#graph.passes(path)
    const key = JSON.stringify(passes)
    const start = this.#starts.get(key) ?? { passes, tasks: new Set() }
    this.#starts.set(key, start)
    for (const number of this.#graph.affected(path, inside)) start.tasks.add(number)
  }

  /**
   * What was cut off has no end that could be taken over, and what cut it off, a cancel or a deadline, is not taken over. A failure may be: of a task beside
   * it, or beside a group around it that was cut off with it. Where that runs anew, so does what it cut off.
   */
  beginCut(tasks: readonly TaskExecution[]): void {
    const cut = tasks.filter(isCut)
    const paths = new Set(cut.map(({ taskId }) => taskId))
    const failed = tasks.filter(({ status }) => status === 'failed')
    let free = cut.filter(({ reason }) => reason !== 'sibling_failed' && reason !== 'timeout')
    do {
      for (const { taskId } of free) this.begin(taskId, false)
      const lists = new Set(failed.flatMap(({ taskId }) => (this.has(taskId) ? this.#graph.lists(taskId, none).slice(0, 1) : [])))
      free = cut.filter(({ taskId }) => !this.has(taskId) && this.#graph.lists(taskId, paths).some((list) => lists.has(list)))
    } while (free.length > 0)
  }

  has(path: string): boolean {
    const number = this.#graph.find(path)
    const own = this.#graph.passes(path)
    for (const { passes, tasks } of this.#starts.values()) {
      if ((number !== undefined && tasks.has(number) && concerns(passes, own)) || this.#graph.buildsOn(passes, own)) return true
    }
    return false
  }
}

class Graph {
  readonly #definition: Definition
  readonly #numbers = new Map<string, number>()
  readonly #dependents = new Map<number, number[]>()
  readonly #inside = new Map<number, number[]>()

  constructor(definition: Definition) {
    this.#definition = definition
    definition.tasks.forEach(({ id, dependencies, owner }, number) => {
      if (!this.#numbers.has(id)) this.#numbers.set(id, number)
      for (const earlier of dependencies) note(this.#dependents, earlier, number)
      if (owner !== undefined) note(this.#inside, owner, number)
    })
  }

  /** The number of the task a path is about; `undefined` for what was spawned. */
  find(path: string): number | undefined {
    const whole = this.#numbers.get(path)
    if (whole !== undefined || path.includes('/')) return whole
    const { passes, task } = partsOf(path)
    if (task !== '') return this.#numbers.get(task)
    // A pass of a loop of one call: the call itself.
    const loop = this.#numbers.get(passes.at(-1)?.loop ?? '')
    const body = this.#definition.tasks.findIndex(({ owner }) => owner !== undefined && owner === loop)
    return body === -1 ? undefined : body
  }

  /** The task that spawned the one of a path, and what spawned that; the path itself if nothing did. */
  spawner(path: string): string {
    const end = path.lastIndexOf('/')
    return this.find(path) !== undefined || end === -1 ? path : this.spawner(path.slice(0, end))
  }

  /** The passes that the task of a path is in, the outermost first. */
  passes(path: string): readonly Pass[] {
    return this.#numbers.has(path) ? [] : partsOf(path).passes
  }

  /** The task, all that comes after it, and the groups around it with all that comes after those; with `inside` all that is inside the task. */
  affected(path: string, inside: boolean): Set<number> {
    const affected = new Set<number>()
    const start = this.find(path)
    let at = start
    while (at !== undefined) {
      this.#follow(at, affected, inside && at === start)
      at = this.#definition.tasks[at]?.owner
    }
    return affected
  }

  /**
   * The lists in which a failure may have stopped the task of a path: its own, and those that groups around it stand in as long as those are `cut` too. All
   * passes of a loop that fails with its first item are one list.
   */
  lists(path: string, cut: ReadonlySet<string>): string[] {
    const passes = [...this.passes(path)]
    const lists: string[] = []
    for (let at = this.find(path); at !== undefined;) {
      const owner: number | undefined = this.#definition.tasks[at]?.owner
      const around = owner === undefined ? undefined : this.#definition.tasks[owner]
      const isPass = around !== undefined && around.id === passes.at(-1)?.loop
      const { onItemError = 'fail' } = isPass ? ((around.source['loop'] ?? {}) as { onItemError?: string }) : {}
      if (isPass && onItemError === 'fail') passes.pop()
      lists.push(JSON.stringify([owner, passes]))
      if (isPass && onItemError !== 'fail') passes.pop()
      const place = passes.map(({ loop, pass }) => `${loop}[${pass}].`).join('')
      at = around !== undefined && cut.has(place + around.id) ? owner : undefined
    }
    return lists
  }

  /** Whether a task is in a pass that may build on one that a start is in: a later one of the same loop, whatever it is about. */
  buildsOn(start: readonly Pass[], other: readonly Pass[]): boolean {
    for (const [level, { loop, pass }] of start.entries()) {
      const own = other[level]
      if (own === undefined || own.loop !== loop || own.pass < pass) return false
      if (own.pass > pass) return this.#definition.tasks[this.#numbers.get(loop) ?? -1]?.building === true
    }
    return false
  }

  #follow(number: number, into: Set<number>, inside: boolean): void {
    // What is inside a group that runs anew because of something before it does too; a group around the start keeps what it can.
    const todo = inside ? [number, ...(this.#inside.get(number) ?? [])] : [number]
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (into.has(next)) continue
      into.add(next)
      todo.push(...(this.#dependents.get(next) ?? []), ...(next === number ? [] : (this.#inside.get(next) ?? [])))
    }
  }
}

function note(lists: Map<number, number[]>, of: number, number: number): void {
  const list = lists.get(of)
  if (list === undefined) lists.set(of, [number])
  else list.push(number)
}
