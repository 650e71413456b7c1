// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An answer as it comes: what has come and was not read yet waits; whoever reads late misses nothing. Whoever leaves early ends the request.

import type { GenerateResult, ModelStream, StreamPart } from '../api/models.js'

type Next = IteratorResult<StreamPart, undefined>
const DONE: Next = { done: true, value: undefined }

export class AnswerStream implements ModelStream {
  readonly #parts: StreamPart[] = []
  readonly #whole: Promise<GenerateResult>
  readonly #left = new AbortController()
  #error: { readonly thrown: unknown } | undefined
  #ended = false
  /** Readers that wait for more. */
  #waiting: (() => void)[] = []

  /** `begin` begins the call: it is given whom to tell of each part, and a signal that aborts when nobody reads on. */
  constructor(begin: (tell: (part: StreamPart) => void, left: AbortSignal) => Promise<GenerateResult>) {
    this.#whole = begin((part) => this.#push(part), this.#left.signal)
    this.#whole.then(
      (result) => {
        this.#push({ type: 'usage', usage: result.usage, cost: result.cost })
        this.#push({ type: 'done', result })
        this.#end()
      },
      (thrown: unknown) => {
        this.#error = { thrown }
        this.#end()
      },
    )
  }

  result(): Promise<GenerateResult> {
    return this.#whole
  }

  /**
   * Each part goes to one reader. Written out, since a generator that waits for a part hears of `return` only after that part: whoever leaves while nothing
   * comes would wait for what is not wanted any more.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<StreamPart, undefined> {
    let over = false
    // Whoever leaves goes on once the call has ended: what it cost is on record then, also if the attempt that made it returns at once.
    const leave = async (): Promise<void> => {
      over = true
      this.#left.abort(new Error('the stream was left before its end'))
      this.#notify()
      await this.#whole.catch(() => {})
    }
    return {
      next: async () => {
        const next = await this.#next(() => over)
        over ||= next.done === true
        return next
      },
      return: async () => {
        await leave()
        return DONE
      },
      throw: async (thrown: unknown) => {
        await leave()
        throw thrown
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  async #next(isOver: () => boolean): Promise<Next> {
    for (;;) {
      if (isOver()) return DONE
      const part = this.#parts.shift()
      if (part !== undefined) return { done: false, value: part }
      if (this.#error !== undefined) throw this.#error.thrown
      if (this.#ended) return DONE
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
  }

  #push(part: StreamPart): void {
    this.#parts.push(part)
    this.#notify()
  }

  #end(): void {
    this.#ended = true
    this.#notify()
  }

  #notify(): void {
    for (const arrived of this.#waiting.splice(0)) arrived()
  }
}
