// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An attempt that waits for tasks of its own uses no place: others have it meanwhile. However the waiting ends, the place comes back once.
//
//   its own ──waits──▶ lent ──nothing is waited for any more──▶ asked back ──its turn──▶ its own
//                        │                                           │
//                        └────── the attempt ends, or is told to ────┴────────────────▶ its own, for good

import type { Instance } from '../pool/instances.js'

/** The place of an attempt with its agent, which is another's while the attempt waits for what it spawned. */
export class Lender {
  readonly #instance: Instance | undefined
  /** How many it waits for. */
  #waits = 0
  #lent = false
  /** Its turn is waited for: by whom, and the ticket. */
  #asked: { readonly back: Promise<void>; readonly goOn: () => void; readonly ticket: number } | undefined
  /** What it waits for ends with the reason why it is told to stop. */
  readonly #stops = new Set<(reason: unknown) => void>()
  #reason: unknown
  #ended = false

  constructor(instance: Instance | undefined) {
    this.#instance = instance
  }

  /** Why the attempt is told to stop, if it is. */
  get reason(): unknown {
    return this.#reason
  }

  /** The attempt waits until `promise` is settled, and then for its place; or until it is told to stop, and that is what it rejects with. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    if (this.#reason !== undefined) throw this.#reason
    if (this.#instance === undefined || this.#ended) return promise
    this.#waits += 1
    this.#lend(this.#instance)
    try {
      return await this.#untilStopped(promise)
    } finally {
      await this.#goOn(this.#instance)
    }
  }

  /** The attempt does not wait any more, whatever it waited for: it has answered, or is told to for this reason. */
  end(reason?: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#reason = reason
    if (this.#lent) this.#instance?.retake(this.#asked?.ticket)
    // It has its place, so that what it still does goes on.
    this.#asked?.goOn()
    if (reason !== undefined) for (const stop of this.#stops) stop(reason)
    this.#stops.clear()
  }

  #untilStopped<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#stops.add(reject)
      promise.then(resolve, reject).finally(() => this.#stops.delete(reject))
    })
  }

  #lend(instance: Instance): void {
    if (this.#lent) return
    this.#lent = true
    instance.lend()
  }

  async #goOn(instance: Instance): Promise<void> {
    this.#waits -= 1
    if (this.#ended || this.#waits > 0) return
    if (this.#asked === undefined) this.#askBack(instance)
    await this.#asked?.back
  }

  #askBack(instance: Instance): void {
    const ticket = instance.reclaim(() => this.#takeBack(instance))
    if (ticket === undefined) {
      this.#lent = false
      return
    }
    let goOn = (): void => {}
    const back = new Promise<void>((resolve) => {
      goOn = resolve
    })
    this.#asked = { back, goOn, ticket }
  }

  /** The turn of its ticket has come. */
  #takeBack(instance: Instance): void {
    const asked = this.#asked
    this.#asked = undefined
    this.#lent = false
    // Meanwhile something else of it may have begun to wait, and that must not keep others from the place that they wait for.
    if (this.#waits > 0) this.#lend(instance)
    asked?.goOn()
  }
}
