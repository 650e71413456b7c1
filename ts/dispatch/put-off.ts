// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Calls of agents that wait for the next turn of the event loop, since those before have blocked it for long. Runs take turns, call by call, so that one
// with few does not wait behind one with many; the calls of one run keep their order.

import type { Run } from '../run/run.js'

interface Waiting {
  readonly calls: (() => void)[]
  next: number
}

export class PutOff {
  /** In the order of whose turn it is: a map keeps the order in which was added. */
  readonly #waiting = new Map<Run, Waiting>()
  /** How many wait. */
  size = 0

  add(run: Run, call: () => void): void {
    const waiting = this.#waiting.get(run)
    if (waiting === undefined) this.#waiting.set(run, { calls: [call], next: 0 })
    else waiting.calls.push(call)
    this.size += 1
  }

  /** Makes the next call, if there is one. */
  call(): void {
    const [first] = this.#waiting
    if (first === undefined) return
    const [run, waiting] = first
    const call = waiting.calls[waiting.next++]
    this.#waiting.delete(run)
    if (waiting.next < waiting.calls.length) this.#waiting.set(run, waiting)
    this.size -= 1
    call?.()
  }

  clear(): void {
    this.#waiting.clear()
    this.size = 0
  }
}
