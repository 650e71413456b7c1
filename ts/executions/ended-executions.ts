// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Without a store, the executions that have ended are remembered here, the latest of them.

import type { Remembered } from '../config/config.js'
import type { Definition } from '../definition/definition.js'
import type { Ending } from '../run/report.js'
import { hasUndoing } from './fork.js'
import type { Json } from '../json/json.js'
import type { Run } from '../run/run.js'
import type { WorkflowExecution } from '../api/execution.js'
import type { RunOptions } from '../run/options.js'

/** An execution that has ended, with what another one like it would need. */
export interface Past {
  readonly execution: WorkflowExecution
  readonly definition: Definition
  readonly context: { readonly [key: string]: Json }
  readonly options: RunOptions
  /** What its end means for its parent, if it has one. */
  readonly ending?: Ending
  /** What undoes it, as JSON text, where it is remembered and there is something. */
  readonly undoing?: string
  /** With its history, if its events may still be read. */
  readonly run?: Run
}

export class EndedExecutions {
  readonly #bounds: Remembered
  /** By id, oldest first. */
  readonly #executions = new Map<string, Past & { weight: number }>()
  #weight = 0
  /** Those that an execution above them may still undo, or do again, by their ids; and their ids by that of the topmost. */
  readonly #held = new Map<string, Past>()
  readonly #holders = new Map<string, string[]>()

  constructor(bounds: Remembered) {
    this.#bounds = bounds
  }

  /** Remembers a run that has ended, and as long as it matters a child, of the execution `top`, that can be undone or was. `undoing`: what undoes it. */
  remember(run: Run, top: string, undoing: () => string): void {
    const { execution, definition, context, options } = run
    if (execution === undefined) return
    const past: Past = { execution, definition, context, options, ...(run.call === 0 && { run }) }
    this.letGo(run.id)
    if (options.parent === undefined) return this.add(past, run.weight())
    // It reads the report, and of most executions nobody else ever does.
    const { ending } = run
    const known = { ...past, ending, ...(ending.undoable && { undoing: undoing() }) }
    const matters = ending.undoable || options.undoes !== undefined || (execution.status !== 'completed' && hasUndoing(past))
    if (matters && top !== run.id) this.hold(known, top)
    this.add(known, run.weight())
  }

  /** Remembers an execution that weighs so many bytes, and forgets the oldest beyond the bounds; the newest always stays. */
  add(past: Past, weight: number): void {
    const { id } = past.execution
    const { count, bytes } = this.#bounds
    this.#executions.set(id, { ...past, weight })
    this.#weight += weight
    for (const [oldest, { weight: freed }] of this.#executions) {
      if (oldest === id || (this.#executions.size <= count && this.#weight <= bytes)) return
      this.#executions.delete(oldest)
      this.#weight -= freed
    }
  }

  /** Remembers an execution, beyond all bounds, as long as the one at the top of all above it lives. */
  hold(past: Past, top: string): void {
    const { id } = past.execution
    this.#held.set(id, past)
    const ids = this.#holders.get(top) ?? []
    ids.push(id)
    this.#holders.set(top, ids)
  }

  /** An execution lives no more: nothing is held for it. */
  letGo(top: string): void {
    for (const id of this.#holders.get(top) ?? []) this.#held.delete(id)
    this.#holders.delete(top)
  }

  get(id: string): Past | undefined {
    return this.#executions.get(id) ?? this.#held.get(id)
  }

  values(): Iterable<Past> {
    return this.#executions.values()
  }
}
