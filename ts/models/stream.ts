// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An answer as it comes: what has come and was not read yet waits; whoever reads late misses nothing.

import type { GenerateResult, ModelStream, StreamPart } from './types.js'

export class AnswerStream implements ModelStream {
  readonly #parts: StreamPart[] = []
  readonly #whole: Promise<GenerateResult>
  #error: { readonly thrown: unknown } | undefined
  #ended = false
  /** Readers that wait for more. */
  #waiting: (() => void)[] = []

  /** `begin` begins the call: it is given whom to tell of each part. */
  constructor(begin: (tell: (part: StreamPart) => void) => Promise<GenerateResult>) {
    this.#whole = begin((part) => this.#push(part))
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

  /** Each part goes to one reader. */
  async *[Symbol.asyncIterator](): AsyncIterator<StreamPart> {
    for (;;) {
      const part = this.#parts.shift()
      if (part !== undefined) yield part
      else if (this.#error !== undefined) throw this.#error.thrown
      else if (this.#ended) return
      else
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
