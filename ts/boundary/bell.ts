// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What native code calls from any thread. It holds the function for as long as it lives itself, and that is as long as what the function holds: an
// orchestrator that was shut down would never be collected.

export class Bell {
  #hear: (() => void) | undefined

  constructor(hear: () => void) {
    this.#hear = hear
  }

  /** What is handed over. */
  readonly ring = (): void => this.#hear?.()

  /** It is heard no more. */
  mute(): void {
    this.#hear = undefined
  }
}
