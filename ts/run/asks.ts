// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an execution was asked for, of one kind, and how much of that is on record.

export class Asks {
  #asked = 0
  #recorded = 0

  /** It is asked for something that will be on record. */
  ask(): void {
    this.#asked = Math.max(this.#asked, this.#recorded) + 1
  }

  /** It is on record; so may be what nobody asked for. */
  record(): void {
    this.#recorded += 1
  }

  /** What says whether all is on record that was asked until now. */
  all(): () => boolean {
    const asked = this.#asked
    return () => this.#recorded >= asked
  }
}
