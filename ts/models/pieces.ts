// SPDX-License-Identifier: LicenseRef-NIA-Proprietary

/** Text that comes in pieces, cut anywhere: half of a surrogate pair waits for the other half, and is U+FFFD if that does not come. */
export class Pieces {
  #half = ''

  /** What can be read now that `piece` has come. */
  push(piece: string): string {
    const text = this.#half + piece
    const last = text.charCodeAt(text.length - 1)
    this.#half = last >= 0xd800 && last <= 0xdbff ? text.slice(-1) : ''
    return text.slice(0, text.length - this.#half.length).toWellFormed()
  }

  /** What still waits: nothing more comes. */
  end(): string {
    const half = this.#half.toWellFormed()
    this.#half = ''
    return half
  }
}
