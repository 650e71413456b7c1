// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which recorded ends a fork keeps: all but those of the tasks it begins from, of what depends on them, and of the groups around them.

import type { Definition } from './definition.js'
import { ValidationError } from './errors.js'
import type { Json } from './json.js'
import type { ReusedEnd, RunOptions } from './run.js'
import type { TaskExecution, WorkflowExecution } from './api/execution.js'

/** The ends to keep, by path. */
export function keptEnds(definition: Definition, execution: WorkflowExecution, from: readonly string[]): Record<string, ReusedEnd> {
  const graph = new Graph(definition)
  const known = new Set(execution.tasks.map(({ taskId }) => taskId))
  for (const path of from) {
    if (known.has(path) && graph.find(path) !== undefined) continue
    const issue = {
      path: 'fromTask',
      message: `\`${path}\` is no task of this execution; give the path of one, such as \`outer[2].child\``,
    }
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'the execution cannot be forked', [issue])
  }
  // What was undone has to be done again.
  const undone = execution.tasks.filter(({ taskId, status }) => taskId.endsWith(UNDOING) && status === 'completed')
  const starts = [...from, ...undone.map(({ taskId }) => taskId.slice(0, -UNDOING.length))]
  const affected = starts.map((path) => ({ passes: passesOf(path), tasks: graph.affected(path) }))
  const kept: Record<string, ReusedEnd> = {}
  for (const task of execution.tasks) {
    const number = graph.find(task.taskId)
    const end = endOf(task)
    if (number === undefined || end === undefined || task.taskId.endsWith(UNDOING)) continue
    const again = affected.some(({ passes, tasks }) => tasks.has(number) && concerns(passes, passesOf(task.taskId)))
    if (!again) kept[task.taskId] = end
  }
  return kept
}

/** What a fork has of the options of the execution it is made from, unless it is given others: who it is for, and what it runs. */
export function inherited({ tenant, priority, concurrency, workflows }: RunOptions): RunOptions {
  return {
    ...(tenant !== undefined && { tenant }),
    ...(priority !== undefined && { priority }),
    ...(concurrency !== undefined && { concurrency }),
    ...(workflows !== undefined && { workflows }),
  }
}

/** The tasks a retry begins from: everything that did not end well by itself. */
export function unwell(execution: WorkflowExecution): string[] {
  const bad = execution.tasks.filter(
    ({ taskId, status, reason, tolerated }) =>
      !taskId.endsWith(UNDOING) &&
      ((status === 'failed' && tolerated !== true) ||
        (status === 'cancelled' && reason !== 'join_satisfied') ||
        reason === 'upstream_failed'),
  )
  return bad.map(({ taskId }) => taskId)
}

const UNDOING = '!compensate'

function endOf({ status, result, reason, error }: TaskExecution): ReusedEnd | undefined {
  if (status === 'completed') return { status, output: (result ?? null) as Json }
  if (status === 'failed') return { status, code: error?.code ?? 'ERR_AGENT', message: error?.message ?? '' }
  if (status === 'skipped' || status === 'cancelled') return { status, reason: reason ?? '' }
  return undefined
}

/** The passes in a path: `outer[2].inner[0].child` is in pass 2 of `outer` and 0 of `inner`. */
function passesOf(path: string): readonly string[] {
  return path.split('.').flatMap((part) => (/\[\d+\]/.test(part) ? [part] : []))
}

/** Whether a start in some passes concerns a task in others: the same ones, and those outside of them. */
function concerns(start: readonly string[], other: readonly string[]): boolean {
  return other.every((pass, level) => start[level] === undefined || start[level] === pass)
}

class Graph {
  readonly #definition: Definition
  readonly #numbers = new Map<string, number>()
  readonly #dependents = new Map<number, number[]>()

  constructor(definition: Definition) {
    this.#definition = definition
    definition.tasks.forEach(({ id, dependencies }, number) => {
      if (!this.#numbers.has(id)) this.#numbers.set(id, number)
      for (const earlier of dependencies) this.#dependents.set(earlier, [...(this.#dependents.get(earlier) ?? []), number])
    })
  }

  /** The number of the task a path is about; `undefined` for what was spawned. */
  find(path: string): number | undefined {
    if (path.includes('/')) return undefined
    const last = path.split('.').at(-1) ?? ''
    const call = /^(.*)\[\d+\]$/.exec(last)
    if (call === null) return this.#numbers.get(last)
    // A pass of a loop of one call: the call itself.
    const loop = this.#numbers.get(call[1] ?? '')
    const body = this.#definition.tasks.findIndex(({ owner }) => owner !== undefined && owner === loop)
    return body === -1 ? undefined : body
  }

  /** The task, all that comes after it, and the groups around it with all that comes after those. */
  affected(path: string): Set<number> {
    const affected = new Set<number>()
    let at = this.find(path)
    while (at !== undefined) {
      this.#follow(at, affected)
      at = this.#definition.tasks[at]?.owner
    }
    return affected
  }

  #follow(number: number, into: Set<number>): void {
    const todo = [number]
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (into.has(next)) continue
      into.add(next)
      todo.push(...(this.#dependents.get(next) ?? []), ...this.#inside(next, number))
    }
  }

  /** What is inside a group that runs anew because of something before it; a group around the start keeps what it can. */
  #inside(number: number, start: number): number[] {
    if (number === start) return []
    return [...this.#definition.tasks.keys()].filter((inner) => this.#definition.tasks[inner]?.owner === number)
  }
}
