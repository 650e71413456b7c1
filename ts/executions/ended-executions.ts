// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Without a store, the executions that have ended are remembered here, the latest of them.

import type { Remembered } from '../config/config.js'
import type { Definition } from '../definition/definition.js'
import type { Ending } from '../run/report.js'
import { hasUndoing } from './fork.js'
import type { Json } from '../json/json.js'
import type { Run } from '../run/run.js'
import type { WorkflowExecution } from '../api/execution.js'
import type { Moved } from '../run/moves.js'
import type { RunOptions } from '../run/options.js'
import type { ExpendableQuestion, Tree } from '../boundary/shapes.js'

/** How long a key stands for an execution that has ended: `Keyed::KEPT`. */
const KEY_KEPT_MS = 24 * 60 * 60 * 1000

/** Records that are forgotten together: a call to the addon takes as long as one of them. */
const FORGOTTEN_TOGETHER = 64
/** Sooner if they weigh so much. */
const FORGOTTEN_BYTES = 2 ** 20

/** An execution that has ended, with what another one like it would need. */
export interface Past {
  readonly execution: WorkflowExecution
  readonly definition: Definition
  readonly context: { readonly [key: string]: Json }
  readonly options: RunOptions
  /** Its moves to other definitions. */
  readonly moves?: readonly Moved[]
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
  readonly #executions = new Map<string, Past & { weight: number; ended: number }>()
  /** Goes on through their ids: to begin anew each time would pass all that were forgotten since the map was made smaller. */
  #ids = this.#executions.keys()
  /** The one before which it stands. */
  #oldest: string | undefined
  #weight = 0
  #since: number
  /** Those that an execution above them may still undo, or do again, by their ids; and their ids by that of the topmost. */
  readonly #held = new Map<string, Past>()
  readonly #holders = new Map<string, string[]>()
  /** Those whose records are to be forgotten, and their weight. */
  #forgotten: string[] = []
  #forgottenWeight = 0
  readonly #forgets: (ids: readonly string[]) => void

  /** `now`: what ended before is of no process that this one knows. `forgets` lets go of the records of executions. */
  constructor(bounds: Remembered, now: number, forgets: (ids: readonly string[]) => void) {
    this.#bounds = bounds
    this.#forgets = forgets
    this.#since = now
  }

  /** Remembers a run that has ended, and as long as it matters a child, of the execution `top`, that can be undone or was. `undoing`: what undoes it. */
  remember(run: Run, top: string, undoing: () => string): void {
    const { execution, definition, context, options } = run
    if (execution === undefined) return
    const past: Past = { execution, definition, context, options, moves: run.moves, ...(run.call === 0 && { run }) }
    this.letGo(run.id)
    if (options.parent === undefined) return this.add(past, run.weight(), run.endedAt)
    // It reads the report, and of most executions nobody else ever does.
    const { ending } = run
    const known = { ...past, ending, ...(ending.undoable && { undoing: undoing() }) }
    const matters = ending.undoable || options.undoes !== undefined || (execution.status !== 'completed' && hasUndoing(past))
    if (matters && top !== run.id) this.hold(known, top)
    this.add(known, run.weight(), run.endedAt)
  }

  /**
   * Remembers an execution that weighs so many bytes and ended at this instant, in microseconds, and forgets the oldest beyond the bounds; the newest
   * always stays. Of an execution itself nothing is read: that would parse its report.
   */
  add(past: Past, weight: number, ended: number): void {
    const { id } = past.execution
    this.#executions.set(id, { ...past, weight, ended })
    this.#weight += weight
    this.#makeRoom(id)
  }

  /** What is on record of an execution that is remembered weighs so much, beside what it weighs already. */
  weigh(id: string, bytes: number): void {
    const past = this.#executions.get(id)
    if (past === undefined) return
    past.weight += bytes
    this.#weight += bytes
    this.#makeRoom(id)
  }

  /** Forgets the oldest beyond the bounds, up to the one with this id. */
  #makeRoom(id: string): void {
    const { count, bytes } = this.#bounds
    while (this.#executions.size > count || this.#weight > bytes) {
      const oldest = this.#findOldest()
      if (oldest === undefined || oldest === id) return
      this.#since = Math.max(this.#since, (this.#executions.get(oldest)?.ended ?? 0) + 1000)
      this.forget([oldest])
    }
  }

  #findOldest(): string | undefined {
    // One that has come to its end gives nothing any more, whatever is added.
    this.#oldest ??= this.#ids.next().value ?? (this.#ids = this.#executions.keys()).next().value
    return this.#oldest
  }

  #letGoOfRecords(id: string, weight: number): void {
    this.#forgotten.push(id)
    this.#forgottenWeight += weight
    if (this.#forgotten.length < FORGOTTEN_TOGETHER && this.#forgottenWeight < FORGOTTEN_BYTES) return
    // One may be held for another, or there again.
    const ids = this.#forgotten.filter((forgotten) => this.get(forgotten) === undefined)
    this.#forgotten = []
    this.#forgottenWeight = 0
    this.#forgets(ids)
  }

  /** Every execution that ended at this instant or later, in microseconds, is remembered, but for those that were deleted. */
  get since(): number {
    return this.#since
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
    const ids = this.#holders.get(top)
    if (ids === undefined) return
    this.#holders.delete(top)
    for (const id of ids) {
      this.#held.delete(id)
      if (!this.#executions.has(id)) this.#letGoOfRecords(id, 0)
    }
  }

  get(id: string): Past | undefined {
    return this.#executions.get(id) ?? this.#held.get(id)
  }

  /** An execution with those that go with it. */
  tree(id: string, now: number): Tree | undefined {
    const past = this.#executions.get(id)
    return past && this.#treeOf(past, this.#childrenById(), now)
  }

  /** Those that are asked for, each with those that go with it, oldest first. */
  expendable({ now, status, workflowId, before = -Infinity, keep = Infinity }: Omit<ExpendableQuestion, 'limit'>): Tree[] {
    const children = this.#childrenById()
    const isTop = ({ options: { parent } }: Past): boolean => parent === undefined || !this.#executions.has(parent.execution)
    const fits = ({ execution }: Past): boolean =>
      (status === undefined || execution.status === status) && (workflowId === undefined || execution.workflowId === workflowId)
    const all = [...this.#executions.values()].filter((past) => isTop(past) && fits(past))
    const isAll = keep === Infinity && before === -Infinity
    const isDue = ({ execution }: Past, place: number): boolean =>
      isAll || place < all.length - keep || (execution.endTime?.getTime() ?? Infinity) * 1000 < before
    return all.filter(isDue).map((past) => this.#treeOf(past, children, now))
  }

  /** They are remembered no more. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      const weight = this.#executions.get(id)?.weight ?? 0
      this.#weight -= weight
      this.#executions.delete(id)
      if (id === this.#oldest) this.#oldest = undefined
      this.#letGoOfRecords(id, weight)
    }
  }

  #treeOf(
    { execution: { id, endTime }, options: { parent, idempotencyKey } }: Past,
    children: ReadonlyMap<string, readonly string[]>,
    now: number,
  ): Tree {
    const ids = [id]
    for (const above of ids) ids.push(...(children.get(above) ?? []))
    const until = ((endTime?.getTime() ?? 0) + KEY_KEPT_MS) * 1000
    const need = idempotencyKey !== undefined && until > now ? ({ by: 'key', until } as const) : null
    return { ids, keys: [], bytes: 0, need, ...(parent !== undefined && { parent: parent.execution }) }
  }

  #childrenById(): Map<string, string[]> {
    const children = new Map<string, string[]>()
    for (const [id, { options }] of this.#executions) {
      const parent = options.parent?.execution
      if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), id])
    }
    return children
  }

  values(): Iterable<Past> {
    return this.#executions.values()
  }
}
