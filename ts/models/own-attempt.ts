// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An attempt that a provider of the user makes.

/** It can be aborted. Signals are dear and few providers look at theirs, so that there is one from the first look on. */
export class OwnAttempt {
  #controller: AbortController | undefined
  #reason: Error | undefined
  #left: ((reason: Error) => void) | undefined

  get isAborted(): boolean {
    return this.#reason !== undefined
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Nobody wants its answer any more. */
  abort(reason: Error = new DOMException('This operation was aborted', 'AbortError')): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#controller?.abort(reason)
    this.#left?.(reason)
  }

  /** What `answer` gives, unless it is aborted before. */
  orAborted<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#left = reject
      answer.then(resolve, reject)
      if (this.#reason !== undefined) reject(this.#reason)
    })
  }
}
