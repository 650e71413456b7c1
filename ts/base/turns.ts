// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One after the other: what is asked for under one name begins when everything that was asked for under it before is done.

export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Does `work` when everything that was asked for under this name before is done, well or not. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(work)
    const done = turn.then(nothing, nothing)
    this.#last.set(name, done)
    try {
      return await turn
    } finally {
      if (this.#last.get(name) === done) this.#last.delete(name)
    }
  }
}

function nothing(): void {}
