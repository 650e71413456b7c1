// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whoever wants to hear of an abort. Of ours one listener hears for all: Node warns of a leak when a signal has more than ten, and one signal for
// every call of a server is no leak. When the last of them has let go, nothing of ours is left on the signal.

const crowds = new WeakMap<AbortSignal, Crowd>()

/** Calls `heard` once when the signal aborts, at once if it has; the answer lets go of it. */
export function onAbort(signal: AbortSignal, heard: () => void): () => void {
  if (signal.aborted) {
    heard()
    return () => {}
  }
  let crowd = crowds.get(signal)
  if (crowd === undefined) {
    crowd = new Crowd(signal)
    crowds.set(signal, crowd)
  }
  return crowd.join(heard)
}

/** The one of several signals that has aborted. */
export function abortedOf(signals: readonly AbortSignal[]): AbortSignal | undefined {
  return signals.find(({ aborted }) => aborted)
}

/** Those who wait for one signal. */
class Crowd {
  readonly #signal: AbortSignal
  /** Each with a key of its own: the same function may be there twice. */
  readonly #heard = new Map<object, () => void>()
  readonly #tell = (): void => {
    crowds.delete(this.#signal)
    const all = [...this.#heard.values()]
    this.#heard.clear()
    for (const heard of all) heard()
  }

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#tell, { once: true })
  }

  join(heard: () => void): () => void {
    const key = {}
    this.#heard.set(key, heard)
    return () => {
      if (!this.#heard.delete(key) || this.#heard.size > 0) return
      crowds.delete(this.#signal)
      this.#signal.removeEventListener('abort', this.#tell)
    }
  }
}
