// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One connection to a server of the Model Context Protocol, over the one in Rust.

import { onAbort } from '../base/abort.js'
import { Bell } from '../boundary/bell.js'
import { attempt } from '../boundary/failures.js'
import { answerOf } from '../boundary/failures.js'
import { NativeMcp, type Answer } from '../boundary/native.js'

/** Sessions that are not over: they end with the process, however that ends. Only what exits at once needs telling. */
const sessions = new Set<NativeMcp>()
const killAll = (): void => {
  for (const session of sessions) session.kill()
}

/** One connection to a server of the Model Context Protocol. Every method throws an `OrchestratorError` or nothing. */
export class McpSession {
  readonly #native: NativeMcp
  readonly #bell: Bell
  #calls = 0
  #underWay = 0
  #retired = false

  /** `changed` is called when the server says that it has other tools. */
  constructor(target: string, changed: () => void) {
    this.#bell = new Bell(changed)
    this.#native = attempt(() => new NativeMcp(target, this.#bell.ring))
  }

  async open(): Promise<{ name?: string; version?: string }> {
    if (sessions.size === 0) process.on('exit', killAll)
    sessions.add(this.#native)
    return JSON.parse(await answerOf(this.#native.open())) as { name?: string; version?: string }
  }

  isOpen(): boolean {
    return attempt(() => this.#native.isOpen())
  }

  /** What it has. Once `signal` is aborted nothing more is asked, and this rejects. */
  tools(signal: AbortSignal): Promise<unknown> {
    return this.#asked(signal, (number) => this.#native.tools(number))
  }

  /** A text that the server had a part in, without what only the server should know: its keys, and the path of its address. */
  clean(text: string): string {
    return attempt(() => this.#native.clean(text))
  }

  /** The answer of the server. Once `signal` is aborted the server is told, and this rejects. */
  call(tool: string, args: unknown, signal: AbortSignal, traceparent: string | undefined): Promise<unknown> {
    return this.#asked(signal, (number) => this.#native.call(number, tool, JSON.stringify(args), traceparent))
  }

  async #asked(signal: AbortSignal, ask: (number: number) => Promise<Answer>): Promise<unknown> {
    signal.throwIfAborted()
    const number = (this.#calls += 1)
    const forget = onAbort(signal, () => this.#native.cancel(number))
    this.#underWay += 1
    try {
      return JSON.parse(await answerOf(ask(number)))
    } finally {
      forget()
      this.#underWay -= 1
      if (this.#retired) this.retire()
    }
  }

  /** Closes it as soon as no call is under way. */
  retire(): void {
    this.#retired = true
    if (this.#underWay === 0) void this.close()
  }

  /** Resolves when the program of the server, if it has one, has ended. */
  async close(): Promise<void> {
    this.#bell.mute()
    await answerOf(this.#native.close())
    sessions.delete(this.#native)
    if (sessions.size === 0) process.off('exit', killAll)
  }
}
