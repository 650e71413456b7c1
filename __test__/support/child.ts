// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Programs of a user, run as processes of their own.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeInto } from './folder.ts'

/** How a process ended, and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const HANGS_AFTER_MS = 25_000

/** A process whose lines can be waited for. */
export class Child {
  readonly #process: ChildProcess
  readonly #ended: Promise<Ended>
  #stdout = ''
  #stderr = ''
  #changed: (() => void)[] = []

  constructor(
    path: string,
    args: readonly string[] = [],
    nodeOptions: readonly string[] = [],
    env = process.env,
    hangsAfter = HANGS_AFTER_MS,
  ) {
    this.#process = spawn(process.execPath, [...nodeOptions, path, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
    const notify = (): void => {
      for (const resolve of this.#changed.splice(0)) resolve()
    }
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      notify()
    })
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), hangsAfter)
    this.#ended = once(this.#process, 'close').then(([code, signal]) => {
      clearTimeout(timer)
      notify()
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout: this.#stdout, stderr: this.#stderr }
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** All that it has written so far. */
  get stdout(): string {
    return this.#stdout
  }

  /** Resolves when `text` has been written to stdout. */
  async says(text: string): Promise<void> {
    while (!this.#stdout.includes(text)) {
      const { exitCode, signalCode } = this.#process
      if (exitCode !== null || signalCode !== null)
        throw new Error(`the process ended without saying ${text}:\n${this.#stdout}${this.#stderr}`)
      await new Promise<void>((resolve) => this.#changed.push(resolve))
    }
  }

  /** Resolves when the process has ended. One that hangs is killed, which shows in `signal`. */
  ended(): Promise<Ended> {
    return this.#ended
  }

  /** Kills it with SIGKILL: it can do nothing about it. */
  async kill(): Promise<Ended> {
    this.#process.kill('SIGKILL')
    return this.#ended
  }
}

let programs = 0

/** Starts `source` as an ES module in `folder`. */
export function start(folder: string, source: string, args: readonly string[] = [], extension: 'mjs' | 'cjs' = 'mjs'): Child {
  programs += 1
  return new Child(writeInto(folder, `program-${programs}.${extension}`, source), args)
}

/** Runs `source` to its end. */
export function run(folder: string, source: string, args: readonly string[] = [], extension: 'mjs' | 'cjs' = 'mjs'): Promise<Ended> {
  return start(folder, source, args, extension).ended()
}
