// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Answers on their way to the engine: numbers in one array, which is used again, and texts in few strings.

import { ANSWER_WORDS, READS_UNKNOWN } from './native.js'
import type { Handover } from './shapes.js'

/** What an attempt looked at: a bit for each output of its dependencies, or a word of the alphabet; and when it first told of progress, 0 if it has not. */
interface Looks {
  readonly reads: number
  readonly progressed: number
}

const ANSWERS_FIRST = 256
/**
 * Characters after which texts are joined. For a longer string, from 128 KiB on, V8 asks the system for memory, and the thread waits until no other
 * thread of the process does: at `'disk'` that was a third of all its waiting.
 */
const TEXT_MAX = 1 << 15

export class Answers {
  #words = new Float64Array(ANSWERS_FIRST * ANSWER_WORDS)
  #lines: string[] = []
  #length = 0
  #texts: string[] = []
  #count = 0

  get count(): number {
    return this.#count
  }

  /** `text` is one line of JSON; `instance`: who gave it, 0 for nobody; `looks`: what is told of the attempt beside. */
  add(
    slot: number,
    place: number,
    attempt: number,
    form: number,
    start: number,
    end: number,
    instance: number,
    looks: Looks | undefined,
    text: string | undefined,
  ): void {
    let at = this.#count * ANSWER_WORDS
    if (at === this.#words.length) this.#grow()
    const words = this.#words
    words[at++] = slot
    words[at++] = place
    words[at++] = attempt
    words[at++] = form
    words[at++] = start
    words[at++] = end
    words[at++] = instance
    words[at++] = looks === undefined ? READS_UNKNOWN : looks.reads
    words[at] = looks === undefined ? 0 : looks.progressed
    this.#count += 1
    if (text === undefined) return
    this.#lines.push(text)
    this.#length += text.length
    if (this.#length > TEXT_MAX) this.#join()
  }

  /** All there are, and none are left. The numbers are good until the next is added. */
  take(): Handover {
    if (this.#lines.length > 0) this.#join()
    const handover = { words: this.#words, count: this.#count, texts: this.#texts }
    this.#count = 0
    if (this.#texts.length > 0) this.#texts = []
    return handover
  }

  #join(): void {
    this.#texts.push(this.#lines.join('\n'))
    this.#lines = []
    this.#length = 0
  }

  #grow(): void {
    const larger = new Float64Array(this.#words.length * 2)
    larger.set(this.#words)
    this.#words = larger
  }
}
