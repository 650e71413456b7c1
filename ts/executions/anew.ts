// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What of an execution runs anew when some of it does: what comes after it, the groups around it, and passes that may build on it.

import type { TaskExecution } from '../api/execution.js'
import type { Pass, TaskGraph } from './task-graph.js'

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

/** Whether a task was stopped before it had an end of its own. Where a join needed no more of it, that is its end. */
export function isCut({ status, reason }: TaskExecution): boolean {
  return status === 'cancelled' && reason !== 'join_satisfied'
}

/** What runs anew. */
export class Anew {
  readonly #graph: TaskGraph
  /** The passes that tasks begin in, and what that affects. */
  readonly #starts = new Map<string, { readonly passes: readonly Pass[]; readonly tasks: Set<number> }>()

  constructor(graph: TaskGraph) {
    this.#graph = graph
  }

  /** Grows as long as more runs anew. */
  get size(): number {
    let size = 0
    for (const { tasks } of this.#starts.values()) size += 1 + tasks.size
    return size
  }

  /** From a task with all that comes after it; with `inside` also with all that is inside of it. */
  begin(path: string, inside: boolean): void {
    // What comes after a task that runs anew does so already, and the groups around it.
    if (!inside && this.has(path)) return
    this.#note(path, this.#graph.affected(path, inside))
  }

  /** From a task that is not there, beside the one of a path: the groups around it with all that comes after those. */
  beginBeside(path: string): void {
    this.#note(path, this.#graph.around(path))
  }

  #note(path: string, numbers: ReadonlySet<number>): void {
    const passes = this.#graph.passes(path)
    const key = JSON.stringify(passes)
    const start = this.#starts.get(key) ?? { passes, tasks: new Set() }
    this.#starts.set(key, start)
    for (const number of numbers) start.tasks.add(number)
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
