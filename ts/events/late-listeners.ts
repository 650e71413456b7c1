// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long the events of an `executeWorkflow` call are held for listeners that come late.
//
// Until one macrotask after its promise and every other that was pending then have settled; sooner if there are too many.

import type { Run } from '../run/run.js'
import { real } from '../base/real-time.js'

/** Events that are held in all; beyond it the oldest ended executions are let go. */
const EVENTS_MAX = 10_000

/** At least this many ended executions keep their `workflow:*` events, however many tasks they had. */
const WORKFLOWS_MIN = 16

export class HeldRuns {
  readonly #release: (run: Run) => void
  /** The calls whose promises are pending, by number. */
  readonly #pending = new Map<number, Run | undefined>()
  /** Ended runs in the order they ended, each with the last call that was pending then. */
  #ended: { run: Run; barrier: number }[] = []
  #events = 0
  #calls = 0
  #checking = false

  constructor(release: (run: Run) => void) {
    this.#release = release
  }

  /** An `executeWorkflow` call begins; its number. */
  begin(): number {
    this.#calls += 1
    this.#pending.set(this.#calls, undefined)
    return this.#calls
  }

  /** The call has its run. */
  holds(run: Run): void {
    this.#pending.set(run.call, run)
  }

  /** The call's promise has settled, with or without a run. */
  settled(call: number): void {
    const run = this.#pending.get(call)
    this.#pending.delete(call)
    if (run !== undefined) {
      this.#ended.push({ run, barrier: this.#calls })
      this.#events += eventsOf(run)
      this.#makeRoom()
    }
    if (this.#checking) return
    this.#checking = true
    real.setImmediate(() => this.#check())
  }

  /** Every run whose events are held. */
  *[Symbol.iterator](): Iterator<Run> {
    for (const { run } of this.#ended) yield run
    for (const run of this.#pending.values()) if (run !== undefined) yield run
  }

  #check(): void {
    this.#checking = false
    const [oldest = Infinity] = this.#pending.keys()
    let done = 0
    for (const { barrier } of this.#ended) {
      if (barrier >= oldest) break
      done += 1
    }
    for (const { run } of this.#ended.splice(0, done)) this.#letGo(run)
  }

  #makeRoom(): void {
    while (this.#events > EVENTS_MAX && this.#ended.length > WORKFLOWS_MIN) {
      const first = this.#ended.shift()
      if (first !== undefined) this.#letGo(first.run)
    }
  }

  #letGo(run: Run): void {
    this.#events -= eventsOf(run)
    this.#release(run)
  }
}

/** A task is started and ends, and so does its workflow. */
function eventsOf(run: Run): number {
  return 2 * run.definition.tasks.length + 2
}
