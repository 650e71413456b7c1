// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tells a `parallel` group that does not need all of its children: they are calls that take their time, so that it is certain who comes first.

import type { AgentTask } from '@codexos/multi-agent-orchestrator'
import type { Deed } from './case.ts'
import { cancelled, completed, keyOf, takenOver, tolerated, type ListEnd } from './ends.ts'
import { Stepping } from './stepping.ts'
import { rendered, type Scope } from './texts.ts'
import type { Call, End, Told, World } from './told.ts'

/** How long after a failure the next attempt begins, in milliseconds. */
const DELAY_MS = 1000

/** Something that happens to a child. */
interface Moment {
  readonly at: number
  readonly place: number
  readonly attempt: number
  /** How it ends then; else the attempt begins. */
  readonly end?: End
}

export class Joined {
  readonly #world: World
  readonly #told: Told
  readonly #tasks: readonly AgentTask[]
  readonly #prefix: string
  readonly #scope: Scope
  readonly #join: unknown
  readonly #ends: (End | undefined)[]
  readonly #attempts: number[]
  /** Why nothing goes on, once that is certain. */
  #decided: string | undefined
  /** What came first. */
  #first: End | undefined

  constructor(world: World, told: Told, group: AgentTask, prefix: string, scope: Scope) {
    this.#world = world
    this.#told = told
    this.#tasks = group.tasks as AgentTask[]
    this.#prefix = prefix
    this.#scope = scope
    this.#join = group.join
    this.#ends = this.#tasks.map(() => undefined)
    this.#attempts = this.#tasks.map(() => 0)
  }

  tell(reuse: ReadonlyMap<string, End> | undefined): ListEnd {
    // What was taken over is known before anything begins, and stays what it was though a join needs no more.
    for (const [place, { id }] of this.#tasks.entries()) {
      const kept = reuse?.get(this.#prefix + id)
      const stayed = this.#told.stay.get(this.#prefix + id)
      if (stayed !== undefined) this.#end(place, stayed)
      else if (kept !== undefined) this.#end(place, takenOver(kept))
    }
    const moments: Moment[] = []
    for (const place of this.#tasks.keys()) {
      if (this.#decided !== undefined || this.#ends[place] !== undefined) continue
      this.#call(place, 1)
      moments.push(...this.#momentsOf(place))
    }
    for (const { place, attempt, end } of moments.toSorted((one, other) => one.at - other.at)) {
      if (this.#decided !== undefined) break
      if (end === undefined) this.#call(place, attempt)
      else this.#end(place, end)
    }
    return this.#outcome()
  }

  #momentsOf(place: number): Moment[] {
    const task = this.#tasks[place] as AgentTask
    const { said, deed } = rendered(task.input?.data, this.#scope) as { said: unknown; deed: Deed }
    const { slow = 0, fails = 0, code = 'ERR_AGENT' } = deed
    const most = task.retryPolicy?.maxAttempts ?? 1
    const moments: Moment[] = []
    for (let attempt = 1, at = 0; ; attempt += 1, at += DELAY_MS) {
      if (attempt > 1) moments.push({ at, place, attempt })
      at += slow
      if (attempt <= fails && attempt < most) continue
      const end: End =
        attempt <= fails ? { status: 'failed', code, attempts: attempt } : { ...completed({ id: task.id, said }), attempts: attempt }
      return [...moments, { at, place, attempt, end: tolerated(task, end) }]
    }
  }

  #call(place: number, attempt: number): void {
    const { id, input } = this.#tasks[place] as AgentTask
    const { said, deed } = rendered(input?.data, this.#scope) as { said: unknown; deed: Deed }
    this.#attempts[place] = attempt
    const [told, path] = [this.#told, this.#prefix + id]
    const call: Call = { agent: 'work', execution: told.id, task: id, attempt, key: keyOf(told, path), said, steps: {} }
    this.#world.calls.push(call)
    new Stepping(told, path, call).takeFirst(deed, attempt <= (deed.fails ?? 0))
  }

  #end(place: number, end: End): void {
    this.#ends[place] = end
    if (end.status === 'completed') this.#told.steps.delete(this.#prefix + (this.#tasks[place] as AgentTask).id)
    if (end.status === 'completed' || end.status === 'failed') this.#first ??= end
    const open = this.#ends.filter((one) => one === undefined).length
    if (this.#join === 'race') this.#decided = this.#first && 'join_satisfied'
    else if (this.#completed >= this.#wanted) this.#decided = 'join_satisfied'
    else if (this.#completed + open < this.#wanted) this.#decided = 'sibling_failed'
  }

  get #completed(): number {
    return this.#ends.filter((end) => end?.status === 'completed').length
  }

  get #wanted(): number {
    return typeof this.#join === 'object' ? (this.#join as { quorum: number }).quorum : 1
  }

  #outcome(): ListEnd {
    const output: Record<string, unknown> = {}
    for (const [place, { id }] of this.#tasks.entries()) {
      const end = this.#ends[place] ?? { ...cancelled(this.#decided as string), attempts: this.#attempts[place] as number }
      this.#told.tasks.set(this.#prefix + id, end)
      if (end.status === 'completed') output[id] = end.result ?? null
      else if (end.tolerated === true) output[id] = null
    }
    if (this.#join !== 'race')
      return this.#completed >= this.#wanted ? { output } : { output, failure: { code: 'ERR_JOIN_UNREACHABLE', final: false } }
    const { status, tolerated: isTolerated, code, final } = this.#first as End
    return status === 'failed' && isTolerated !== true ? { output, failure: { code: code as string, final: final === true } } : { output }
  }
}
