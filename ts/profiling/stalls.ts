// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Who holds the event loop. While agents are at work it beats; where a beat does not come, a thread of its own has the event loop say, in the middle of what
// it is at, which attempt that belongs to and in which function it is.
//
//   begin ─▶ beat, beat, beat ─▶ (nothing for 70 ms) ─▶ watchdog.ts ─▶ `#look`, inside of what blocks ─▶ the next beat ─▶ `ended`
//
// Which attempt asynchronous code belongs to is known from `AsyncLocalStorage` alone.

import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker } from 'node:worker_threads'
import { pathOf } from './hottest.js'
import type { Watched } from './watched.js'

/** From here on it stood still. */
const STALL_MS = 50

/** Frames that are looked at for one of the program. */
const FRAMES_MAX = 50
/** Callers that are told. */
const CALLERS_MAX = 3

/** What is called when the event loop stands still, one for each orchestrator of the process. */
const LOOKS = Symbol.for('@codexos/multi-agent-orchestrator/stalls')

/** An attempt, as far as it is told who held the event loop. */
interface Running {
  readonly run: { readonly id: string; path(instance: number): string }
  readonly place: number
  readonly instance: { event(): { readonly agentId: string } } | undefined
}

/** A time in which nothing else could go on. */
export interface Stall {
  readonly ms: number
  readonly agentId: string
  readonly executionId: string
  /** The path of the task. */
  readonly taskId: string
  /** The function of the program that was at work, where, and what had called it: as text. */
  readonly place: string
}

export class Stalls {
  readonly #running = new AsyncLocalStorage<Running>()
  readonly #record: (ms: number) => unknown
  readonly #every: number
  readonly #beats = new Int32Array(new SharedArrayBuffer(4))
  #watchdog: Worker | undefined
  #seen: { readonly running: Running; readonly in: string } | undefined
  /** Who hears of those whose attempt is known. */
  heard: ((stall: Stall) => void) | undefined
  /** Hears why nobody can be named, once. */
  blind: ((why: string) => void) | undefined

  /** `record` is told of each, also of those that nobody is known to have caused. A beat comes each `every` milliseconds. */
  constructor(record: (ms: number) => unknown, every: number) {
    this.#record = record
    this.#every = every
  }

  /** `call`, known as part of an attempt wherever it goes on. */
  of<Args extends unknown[], T>(attempt: Running, call: (...args: Args) => T): (...args: Args) => T {
    return (...args) => this.#running.run(attempt, call, ...args)
  }

  /** Agents are at work: it beats from now on. */
  begin(): void {
    this.#beat(1)
  }

  /** The event loop goes on, after it was so many milliseconds late. */
  beat(late: number): void {
    const seen = this.#seen
    this.#seen = undefined
    this.#beat(2)
    if (late < STALL_MS) return
    try {
      this.#record(late)
    } catch {
      // The store is not open yet, or not any more.
    }
    if (seen === undefined) return
    const { run, place, instance } = seen.running
    const agentId = instance?.event().agentId
    if (agentId !== undefined) this.heard?.({ ms: late, agentId, executionId: run.id, taskId: run.path(place), place: seen.in })
  }

  /** Nobody is at work any more. */
  end(): void {
    this.#beat(1)
  }

  /** For good. */
  close(): void {
    looks().delete(this.#look)
    void this.#watchdog?.terminate()
    this.#watchdog = undefined
  }

  #beat(by: 1 | 2): void {
    Atomics.add(this.#beats, 0, by)
    Atomics.notify(this.#beats, 0)
  }

  /** Resolves when each stall is seen from then on, or it is known that none will be. */
  async watch(): Promise<void> {
    if (!isMainThread) return this.blind?.('the orchestrator runs in a worker thread, which the inspector does not reach')
    looks().add(this.#look)
    const expression = `for (const look of globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(LOOKS))})] ?? []) look()`
    const workerData: Watched = { beats: this.#beats, still: this.#every + STALL_MS, expression }
    try {
      const watchdog = new Worker(new URL('./watchdog.mjs', import.meta.url), { name: 'watchdog', workerData, execArgv: [], env: {} })
      this.#watchdog = watchdog
      await once(watchdog, 'message')
      watchdog.on('error', ({ message }) => this.blind?.(message)).unref()
    } catch (error) {
      this.blind?.((error as Error).message)
    }
  }

  /** Called by the watchdog, in the middle of whatever blocks. */
  readonly #look = (): void => {
    const running = this.#running.getStore()
    if (running !== undefined) this.#seen = { running, in: placeOf(framesHere()) }
  }
}

function looks(): Set<() => void> {
  const known = globalThis as { [LOOKS]?: Set<() => void> }
  return (known[LOOKS] ??= new Set())
}

/** Who is at work, the innermost first. */
function framesHere(): readonly NodeJS.CallSite[] {
  const { stackTraceLimit } = Error
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  try {
    Error.stackTraceLimit = FRAMES_MAX
    Error.prepareStackTrace = (_, sites) => sites
    const { stack } = new Error('a look') as { stack?: unknown }
    return Array.isArray(stack) ? (stack as NodeJS.CallSite[]) : []
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
    else Object.defineProperty(Error, 'prepareStackTrace', before)
  }
}

const OURS = fileURLToPath(import.meta.url)

/** The innermost function of the program, and those that called it: what it calls of Node is its doing. */
function placeOf(frames: readonly NodeJS.CallSite[]): string {
  const isProgram = (file: string): boolean => file !== '' && file !== OURS && !file.startsWith('node:')
  const [at, ...callers] = frames.filter((frame) => !frame.isAsync() && isProgram(pathOf(frame.getFileName() ?? '')))
  if (at === undefined) return 'a function of Node'
  const by = callers.slice(0, CALLERS_MAX).map((caller) => `\`${nameOf(caller)}\``)
  return `\`${nameOf(at)}\` (${pathOf(at.getFileName() ?? '')}:${at.getLineNumber() ?? 0})${by.length === 0 ? '' : `, called by ${by.join(', ')}`}`
}

function nameOf(frame: NodeJS.CallSite): string {
  return frame.getFunctionName() ?? '(anonymous)'
}
