// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What answers questions about a store: the engine that has it, or a reader that only looks at it.

import { rebuilt } from './failures.js'
import { native, NativeArchive, type Answer, type Engine } from './native.js'
import type { Failures, History } from './shapes.js'

/** What is damaged in the store at a path, as JSON text. */
export async function storeReport(path: string): Promise<string> {
  const { failure, text } = await native.verifyStore(path)
  if (failure) throw rebuilt(failure)
  return text ?? '{}'
}

/** Answers what is on record. */
export type StoreReader = Pick<Engine, 'stored' | 'storedHistory'>

/** A store that is only looked at. */
export class ArchiveReader implements StoreReader {
  readonly #native: NativeArchive

  constructor(path: string) {
    this.#native = new NativeArchive(path)
  }

  async open(): Promise<void> {
    await this.#answer(this.#native.open())
  }

  async stored(what: Parameters<StoreReader['stored']>[0], of: string): Promise<string | undefined> {
    // Nobody who only looks undoes or deletes anything, and figures are the monitor's.
    if (what === 'storedUndoing' || what === 'storedTree' || what === 'expendable' || what === 'analytics' || what === 'traces')
      return undefined
    return this.#answer(this.#native[what](of))
  }

  async storedHistory(id: string): Promise<History> {
    const text = (await this.#answer(this.#native.storedHistory(id))) ?? '{"words":[],"failures":{}}'
    const { words, failures } = JSON.parse(text) as { words: number[]; failures: Failures }
    return { words: new Float64Array(words), failures }
  }

  async close(): Promise<void> {
    await this.#answer(this.#native.close())
  }

  async #answer(asked: Promise<Answer>): Promise<string | undefined> {
    const { failure, text } = await asked
    if (failure) throw rebuilt(failure)
    return text ?? undefined
  }
}
