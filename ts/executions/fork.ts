// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which recorded ends a fork keeps: all but those of the tasks it begins from and of what was cut off, of what depends on them, and of the groups around them.

import { Anew, isCut } from './anew.js'
import { TaskGraph } from './task-graph.js'
import type { Definition } from '../definition/definition.js'
import { ValidationError } from '../api/errors.js'
import type { Json } from '../json/json.js'
import type { TaskExecution, WorkflowExecution } from '../api/execution.js'
import type { ReusedEnd, RunOptions } from '../run/options.js'
import { stepsLeft } from '../run/report.js'

/** Where a fork begins. */
export interface ForkPoint {
  /** The paths of the tasks that run anew. */
  readonly from: readonly string[]
  /** Whether it is a retry: what ended well inside of those keeps its ends, and children go on where they failed. */
  readonly retry: boolean
}

/** The ends to keep, by path. */
export function keptEnds(definition: Definition, execution: WorkflowExecution, { from, retry }: ForkPoint): Record<string, ReusedEnd> {
  const graph = new TaskGraph(definition)
  if (!retry) assertTasks(graph, execution, from)
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

/**
 * The steps that a retry goes on from, of the tasks that it does again: also of those that the execution had from one before it and did not come to. What was
 * `undone` is done from its beginning, with all that it spawned.
 */
export function keptSteps(
  { execution, options }: { readonly execution: WorkflowExecution; readonly options: RunOptions },
  undone: readonly string[],
  reuse: Readonly<Record<string, ReusedEnd>>,
): Pick<RunOptions, 'steps'> {
  const begun = new Set(execution.tasks.flatMap(({ taskId, status, attempts }) => (attempts > 0 || status === 'completed' ? [taskId] : [])))
  const before = Object.entries(options.steps ?? {}).filter(([path]) => !begun.has(path))
  const isUndone = (path: string): boolean => undone.some((one) => path === one || path.startsWith(`${one}/`))
  const steps = [...before, ...Object.entries(stepsLeft(execution))].filter(([path]) => reuse[path] === undefined && !isUndone(path))
  return steps.length > 0 ? { steps: Object.fromEntries(steps) } : {}
}

/** That a fork begins at tasks of the execution that it is made from. */
export function assertTasks(graph: TaskGraph, { tasks }: WorkflowExecution, from: readonly string[]): void {
  for (const path of from) {
    if (graph.find(path) !== undefined && tasks.some(({ taskId }) => taskId === path)) continue
    const message = `\`${path}\` is not a task of this execution; give the path of one, such as \`outer[2].child\``
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'the execution cannot be forked', [{ path: 'fromTask', message }])
  }
}

/** What a fork has of the options of the execution it is made from, unless it is given others: who it is for. */
export function inherited({ tenant, priority, concurrency, undoes, inputs, keys }: RunOptions): RunOptions {
  return {
    // What undoes another goes on doing that.
    ...(undoes !== undefined && { undoes, ...(inputs !== undefined && { inputs }), ...(keys !== undefined && { keys }) }),
    ...(tenant !== undefined && { tenant }),
    ...(priority !== undefined && { priority }),
    ...(concurrency !== undefined && { concurrency }),
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

/** After the path of a task, the path of what undoes it. */
export const UNDOING = '!compensate'

/** The end of a task as a fork takes it over, if it has one. */
export function endOf({ status, result, reason, error, degraded }: TaskExecution): ReusedEnd | undefined {
  const { code = 'ERR_AGENT', message = '', details } = error ?? {}
  // By their details too a workflow may say which failures it goes on after.
  const failure = { code, message, ...(details !== undefined && { details: details as { [field: string]: Json } }) }
  if (status === 'completed' && degraded === true) return { status: 'degraded', output: (result ?? null) as Json, ...failure }
  if (status === 'completed') return { status, output: (result ?? null) as Json }
  if (status === 'failed') return { status, ...failure }
  if (status === 'skipped' || status === 'cancelled') return { status, reason: reason ?? '' }
  return undefined
}
