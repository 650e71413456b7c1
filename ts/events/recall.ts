// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What listeners that came late are owed out of the journal. A listener that comes in time claims the runs whose events are held: what is on record of
// them by then is read, however long that takes, and delivered before anything that happens to them later.
//
//   attached ─▶ claims ──next microtask──▶ reads ──read──▶ delivers, in the order of the journal
//                  └───── what happens to the claimed runs meanwhile waits ─────┘

import type { ExecutionEventName } from '../api/events.js'
import type { Run } from '../run/run.js'
import type { Notice } from './task-event.js'
import type { TaskErrorInfo } from '../api/execution.js'

/** Up to where the listeners of an event have heard each run; -1, or nothing: nothing of it. */
export type Position = WeakMap<Run, number>

/** A notice on its way to the listeners of one event. */
export interface Delivery {
  readonly name: ExecutionEventName
  readonly notice: Notice
  /** Why what it tells of failed: the engine knows that only while it tells. */
  readonly error: TaskErrorInfo | undefined
}

export class Recall {
  /** The events that have found a listener, each with the position after which nobody has heard it. */
  readonly wanted: Map<ExecutionEventName, Position> = new Map()
  /** What is claimed: the runs, each with the number of the last notice that listeners have been told of it. */
  readonly told: Map<Run, number> = new Map()
  /** What has happened meanwhile, and then all that is owed, latest first. */
  #owed: Delivery[] = []
  readonly #then: (() => void)[] = []

  /** What is on record of the run by now is read, and what comes waits for that. */
  claim(run: Run): void {
    if (!this.told.has(run)) this.told.set(run, run.noticed)
  }

  /** Something that has happened to a claimed run meanwhile. */
  hold(delivery: Delivery): void {
    this.#owed.push(delivery)
  }

  /** The number after which something of the run is wanted. */
  after(run: Run): number {
    return Math.min(...[...this.wanted.values()].map((position) => position.get(run) ?? -1))
  }

  /** Whether somebody who wanted the event has not heard what is on record of it. */
  isOwed({ name, notice: { run, effect } }: Delivery): boolean {
    const since = this.wanted.get(name)
    return since !== undefined && effect.number > (since.get(run) ?? -1)
  }

  /** All was read: what is owed now, in the order it happened, what was on record and on its way as well once. */
  owe(recalled: readonly Delivery[]): void {
    const read = new Set(recalled.map(keyOf))
    const owed = [...recalled, ...this.#owed.filter((delivery) => !read.has(keyOf(delivery)))]
    this.#owed = owed
      .toSorted(({ notice: { effect: one } }, { notice: { effect: other } }) => one.at - other.at || one.number - other.number)
      .toReversed()
    this.wanted.clear()
  }

  /** Nobody listens to an event any more. Who comes again reads it again. */
  forget(name: ExecutionEventName): void {
    this.wanted.delete(name)
    this.#owed = this.#owed.filter((delivery) => delivery.name !== name)
  }

  /** Delivers what is owed. A listener that leaves meanwhile leaves the rest. */
  deliver(deliver: (delivery: Delivery) => void): void {
    for (let delivery = this.#owed.pop(); delivery !== undefined; delivery = this.#owed.pop()) {
      const {
        run,
        effect: { number },
      } = delivery.notice
      this.told.set(run, Math.max(this.told.get(run) ?? -1, number))
      run.noticed = Math.max(run.noticed, number)
      deliver(delivery)
    }
  }

  /** Does this once the run is claimed no more. */
  afterwards(proceed: () => void): void {
    this.#then.push(proceed)
  }

  /** Nothing is claimed any more. */
  end(): void {
    for (const proceed of this.#then) proceed()
  }
}

/** Tells an event from every other. */
function keyOf({ name, notice: { run, effect } }: Delivery): string {
  return `${run.id} ${effect.number} ${name}`
}
