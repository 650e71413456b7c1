// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow is mended and goes on: which recorded ends hold under another definition of it. A function of the two definitions and the execution alone.
//
// The end of a task is kept if the task reads equal in both definitions, all that comes before it is kept, and the groups and loops around it are equal:
// its context is the same, so what it would be given is too. What failed and was contained by nothing, was cut off, or has no end runs again.

import { Anew, isCut } from './anew.js'
import { assertTasks, endOf, UNDOING, undoneIn } from './fork.js'
import { changesBetween, listOf, loopsAround, tasksOf, type Changes, type Settled } from './same-task.js'
import { TaskGraph } from './task-graph.js'
import type { ForkPlan, TaskExecution, WorkflowExecution } from '../api/execution.js'
import { ValidationError } from '../api/errors.js'
import type { Definition } from '../definition/definition.js'
import { canonical } from '../json/canonical.js'
import type { Json } from '../json/json.js'
import type { ReusedEnd } from '../run/options.js'

/** What goes on. */
interface Mending {
  readonly before: Settled
  readonly after: Settled
  readonly execution: WorkflowExecution
  /** The paths of tasks that run anew in any case. */
  readonly from: readonly string[]
  /** Whether the new definition makes another context of the one on record: then nothing is kept. */
  readonly otherContext: boolean
}

/** The ends to keep, by path. */
export function endsToKeep(mending: Mending): Record<string, ReusedEnd> {
  const { before, execution, from, otherContext } = mending
  const graph = new TaskGraph(before.definition)
  assertTasks(graph, execution, from)
  const own = execution.tasks.filter(({ taskId }) => graph.find(taskId) !== undefined && !taskId.endsWith(UNDOING))
  const anew = whatRunsAnew(mending, graph, own)
  const kept: Record<string, ReusedEnd> = {}
  for (const task of otherContext ? [] : own) {
    const end = endOf(task)
    if (end !== undefined && !anew.has(task.taskId)) kept[task.taskId] = end
  }
  return kept
}

/**
 * The paths of an execution that has not ended which stay as they are when it is moved: what was kept in a fork, and what has no end yet and is given the
 * same as before. What is inside of a group that has not begun is no task of it yet, and may be `owed` all the same: an end, steps or a child of another.
 */
export function whatStays(mending: Mending, owed: readonly string[]): string[] {
  if (mending.otherContext) return []
  const graph = new TaskGraph(mending.before.definition)
  const tasks = [...mending.execution.tasks, ...notBegun(mending.execution, graph, owed)]
  const own = tasks.filter(({ taskId }) => graph.find(taskId) !== undefined && !taskId.endsWith(UNDOING))
  const anew = whatRunsAnew(mending, graph, own, true)
  return own.flatMap(({ taskId }) => (anew.has(taskId) ? [] : [taskId]))
}

/** Of these paths those that an execution has not come to: they are not among its tasks, and nothing around them has ended. */
function notBegun({ id, tasks }: WorkflowExecution, graph: TaskGraph, paths: readonly string[]): TaskExecution[] {
  const records = new Map(tasks.map((task) => [task.taskId, task]))
  const hasEnded = (path: string | undefined): boolean => {
    if (path === undefined) return false
    const task = records.get(path)
    return (task !== undefined && endOf(task) !== undefined) || hasEnded(graph.ownerPath(path))
  }
  const left = paths.filter((path) => !records.has(path) && !hasEnded(graph.ownerPath(path)))
  return left.map((taskId) => ({ taskId, executionId: id, agentId: '', status: 'pending', attempts: 0 }) as TaskExecution)
}

/** Whether the contexts of two definitions are judged alike. */
export function sameSchema(before: Definition, after: Definition): boolean {
  const schemaOf = ({ source }: Definition): Json => (source as { context?: Json }).context ?? null
  return canonical(schemaOf(before)) === canonical(schemaOf(after))
}

/** That a definition is another one of the same workflow. */
export function assertSameWorkflow(before: Definition, after: Definition): void {
  if (before.workflowId === after.workflowId) return
  const message = `is the workflow \`${after.workflowId}\`, and the execution is one of \`${before.workflowId}\`; give it that id, or run it by executeWorkflow`
  throw new ValidationError('ERR_INVALID_ARGUMENT', 'the execution cannot go on under that definition', [{ path: 'workflow.id', message }])
}

function whatRunsAnew(
  { before, after, execution, from }: Mending,
  graph: TaskGraph,
  own: readonly TaskExecution[],
  unendedStay = false,
): Anew {
  const anew = new Anew(graph)
  const { whole, within } = undoneIn(execution.tasks)
  for (const path of [...from, ...whole, ...within]) anew.begin(graph.spawner(path), true)
  beginChanged(anew, graph, own, before.definition, changesBetween(before, after), execution.forkedFrom !== undefined)
  const records = new Map(own.map((task) => [task.taskId, task]))
  // By another policy a failure would have stopped something else.
  const samePolicy = policyOf(before.definition) === policyOf(after.definition)
  for (const task of own) {
    const goesOn = (endOf(task) === undefined && !unendedStay) || (isBad(task) && !(samePolicy && isContained(task, graph, records)))
    if (goesOn) anew.begin(task.taskId, false)
  }
  // What a group has stopped is decided again with the group.
  for (let size = -1; size !== anew.size;) {
    size = anew.size
    anew.beginCut(own)
    for (const { taskId, status, reason } of own) {
      const around = graph.ownerPath(taskId)
      const byGroup = status === 'cancelled' && (reason === 'join_satisfied' || reason === 'timeout')
      if (byGroup && around !== undefined && anew.has(around)) anew.begin(taskId, false)
    }
  }
  return anew
}

/** From what is changed, wherever it has been; and where tasks came or went, from the groups around them. */
function beginChanged(
  anew: Anew,
  graph: TaskGraph,
  own: readonly TaskExecution[],
  definition: Definition,
  { changed, lists }: Changes,
  isFork: boolean,
): void {
  const { tasks } = definition
  const around = new Set(own.map(({ taskId }) => graph.ownerPath(taskId)))
  const changedInside = new Set<number>()
  for (const [id, number] of tasksOf(definition)) {
    if (!changed.has(id) && !lists.has(listOf(definition, number))) continue
    for (let at = graph.ownerOf(number); at !== undefined; at = graph.ownerOf(at)) changedInside.add(at)
  }
  for (const task of own) {
    const { taskId } = task
    const number = graph.find(taskId) as number
    const { id, kind } = tasks[number] as Definition['tasks'][number]
    if (changed.has(id)) anew.begin(taskId, true)
    else if (lists.has(listOf(definition, number))) anew.beginBeside(taskId)
    // An execution that was forked took the end of a group over without what is inside, so that it cannot be said what of that it was.
    else if (isFork && kind !== 'agent' && changedInside.has(number) && !around.has(taskId) && !isEmpty(task)) anew.begin(taskId, true)
  }
}

/** Whether nothing was ever inside of a group. */
function isEmpty({ status, result }: TaskExecution): boolean {
  return status === 'skipped' || endOf({ status } as TaskExecution) === undefined || (Array.isArray(result) && result.length === 0)
}

function policyOf({ source }: Definition): Json {
  return (source as { failurePolicy?: Json }).failurePolicy ?? 'fail_fast'
}

/** Whether a task ended badly: itself, or by something else that did. */
function isBad(task: TaskExecution): boolean {
  return (task.status === 'failed' && task.tolerated !== true) || isCut(task) || task.reason === 'upstream_failed'
}

/** Whether a group around what ended badly has ended all the same: that is how this definition goes on after it. */
function isContained({ taskId }: TaskExecution, graph: TaskGraph, records: ReadonlyMap<string, TaskExecution>): boolean {
  const around = graph.ownerPath(taskId)
  const group = around === undefined ? undefined : records.get(around)
  if (group === undefined || endOf(group) === undefined) return false
  return !isBad(group) || isContained(group, graph, records)
}

/** A fork that would be made. */
interface Planned {
  readonly before: Definition
  readonly after: Definition
  readonly execution: WorkflowExecution
  readonly reuse: Readonly<Record<string, ReusedEnd>>
}

/** What a fork with these ends keeps, runs and leaves behind. */
export function planOf({ before, after, execution, reuse }: Planned): ForkPlan {
  const graph = new TaskGraph(before)
  const [old, now] = [tasksOf(before), tasksOf(after)]
  const kept: TaskExecution[] = []
  const gone: string[] = []
  /** Where each task of the new definition has been. */
  const been = new Map<string, string[]>()
  for (const task of execution.tasks) {
    const { taskId } = task
    if (taskId.endsWith(UNDOING)) continue
    const path = graph.spawner(taskId)
    const { id } = before.tasks[graph.find(path) ?? -1] ?? { id: '' }
    const there = now.get(id)
    const stays = there !== undefined && canonical(loopsAround(before, old.get(id) ?? -1)) === canonical(loopsAround(after, there))
    if (Object.hasOwn(reuse, path)) kept.push(task)
    else if (!stays) gone.push(taskId)
    if (stays && path === taskId) been.set(id, [...(been.get(id) ?? []), path])
  }
  const runs = [...now].flatMap(([id, number]) => {
    const paths = been.get(id)
    if (paths !== undefined) return paths.filter((path) => !Object.hasOwn(reuse, path) && !isInside(path, graph, reuse))
    const { owner } = after.tasks[number] ?? {}
    const groups = owner === undefined ? undefined : been.get(after.tasks[owner]?.id ?? '')
    return groups?.every((path) => Object.hasOwn(reuse, path) || isInside(path, graph, reuse)) === true ? [] : [id]
  })
  const paths = kept.map(({ taskId }) => taskId)
  return { kept: paths, runs, gone, cost: kept.reduce((sum, { cost = 0 }) => sum + cost, 0) }
}

/** Whether a path is inside of something that is kept. */
function isInside(path: string, graph: TaskGraph, reuse: Readonly<Record<string, ReusedEnd>>): boolean {
  const around = graph.ownerPath(path)
  return around !== undefined && (Object.hasOwn(reuse, around) || isInside(around, graph, reuse))
}
