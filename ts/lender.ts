// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { Instance } from './agent-instances.js'

/** The place of an attempt with its agent, which is another's while the attempt waits for what it spawned. */
export class Lender {
  readonly #instance: Instance | undefined
  /** What it waits for. */
  #waits = 0
  #ticket: number | undefined
  #ended = false

  constructor(instance: Instance | undefined) {
    this.#instance = instance
  }

  /** The attempt waits until `promise` is settled, and then for its place. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    if (this.#instance === undefined || this.#ended) return promise
    this.#waits += 1
    if (this.#waits === 1) this.#instance.lend()
    try {
      return await promise
    } finally {
      await this.#goOn(this.#instance)
    }
  }

  /** The attempt does not wait any more, whatever it waited for. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    if (this.#waits > 0 || this.#ticket !== undefined) this.#instance?.retake(this.#ticket)
  }

  async #goOn(instance: Instance): Promise<void> {
    if (this.#ended) return
    this.#waits -= 1
    if (this.#waits > 0) return
    await instance.reclaim((ticket) => {
      this.#ticket = ticket
    })
    this.#ticket = undefined
  }
}
