// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Letters between the processes of a namespace, as the engine sends, carries out and answers them.

import { attempt } from './failures.js'

/** A letter, or the reply to one; without a text nobody has replied. */
interface Mailed {
  readonly number: number
  readonly text?: string
}

/** What has come since the last look. */
interface Come {
  readonly letters: readonly Mailed[]
  readonly replies: readonly Mailed[]
  /** Executions that are followed of which more is on record. */
  readonly moved: readonly { readonly id: string; readonly isOver: boolean }[]
}

/** That part of the engine in Rust. */
interface NativePost {
  isHere(id: string): boolean
  send(id: string, text: string): number
  follow(id: string, follows: boolean): void
  post(): Come
  hasLetter(letter: number): boolean
  reply(letter: number, slot: number | undefined | null, text: string): void
}

export class Post {
  readonly #native: NativePost

  constructor(native: NativePost) {
    this.#native = native
  }

  /** Whether this process drives what has this id, or would. */
  isHere(id: string): boolean {
    return attempt(() => this.#native.isHere(id))
  }

  /** Sends a letter to the process that drives an execution; the number of the reply. */
  send(id: string, text: string): number {
    return attempt(() => this.#native.send(id, text))
  }

  /** Begins to hear of an execution that another process drives, or hears no more of it. */
  follow(id: string, follows: boolean): void {
    attempt(() => this.#native.follow(id, follows))
  }

  /** Letters, replies and news of executions elsewhere that have come. */
  take(): Come {
    return attempt(() => this.#native.post())
  }

  /** Whether a letter is still to be carried out here. */
  hasLetter(letter: number): boolean {
    return attempt(() => this.#native.hasLetter(letter))
  }

  /** Replies to a letter, on record with what was told of the execution in `slot` since the last call of `advance` or `pull`. */
  reply(letter: number, slot: number | null, text: string): void {
    attempt(() => this.#native.reply(letter, slot, text))
  }
}
