// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions that are not at hand: the engine keeps what one that only waits is found by, and rebuilds the rest from its journal when something comes.
//
//   parked ──a call by its id──▶ find ──▶ wake ─┐
//     ▲    ──its time has come─────────────────▶ `woken` ──▶ a Run, before anything else is heard of it
//     └──── sweep ◀── a Run of which nothing was heard between two looks, and which nobody waits for

import type { DamagedText } from './damaged.js'
import type { AsyncResource } from 'node:async_hooks'
import { real, nextTurn } from '../base/real-time.js'
import { ExecutionKind, type ExecutionEffect } from '../boundary/native.js'
import type { Definition } from '../definition/definition.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Json } from '../json/json.js'
import type { LiveRuns } from './live-runs.js'
import type { InterruptedRuns } from './recovery.js'
import type { Report } from '../run/report.js'
import { Run } from '../run/run.js'
import type { RunOptions } from '../run/options.js'
import { optionsAfter, rememberMoves, type MoveText } from '../run/past-run.js'
import { codedError, type OrchestratorError } from '../api/errors.js'

/** An execution as `runtime::report::handover` writes it. */
interface Handover {
  readonly id: string
  /** The group it was found with when the store was opened. */
  readonly group: number | null
  /** Whether it waits there to be resumed. */
  readonly asleep: boolean
  readonly context: { [key: string]: Json } | null
  readonly options: RunOptions | null
  readonly report: Report
  readonly outputs: Readonly<Record<string, Json>>
  readonly moves?: readonly MoveText[]
}

/** What is no fact of a journal, and kept for a run of this process: what text cannot hold of its definition, and where it was called from. */
interface Kept {
  readonly definition: Definition
  readonly scope: AsyncResource
  readonly recovered: boolean
}

/** Somebody wants it at hand. */
interface Wanted {
  readonly promise: Promise<Run>
  resolve(run: Run): void
  reject(error: unknown): void
}

interface ParkingHost {
  readonly dispatcher: Dispatcher
  readonly live: LiveRuns
  /** Milliseconds after which an execution that only waits is let go of; `undefined`: never, since nothing is on record. */
  readonly after: number | undefined
  /** Whoever waits for agents. */
  readonly interrupted: InterruptedRuns
  /** One cannot be read. */
  readonly damaged: (found: DamagedText) => void
}

/** Runs that are looked at in one turn of the event loop. */
const LOOKS_MAX = 500

export class Parking {
  readonly #host: ParkingHost
  readonly #kept = new Map<number, Kept>()
  readonly #wanted = new Map<number, Wanted>()
  #sweeps = false
  #opened = false
  #next: ReturnType<typeof real.setTimeout> | undefined

  constructor(host: ParkingHost) {
    this.#host = host
  }

  /** The execution with this id if it has not ended, woken if it is not at hand. */
  async find(id: string): Promise<Run | undefined> {
    const { live, dispatcher } = this.#host
    const run = live.get(id)
    if (run !== undefined) {
      run.touched = true
      return run
    }
    const slot = dispatcher.isOver() ? null : dispatcher.engine.parked(id)
    return slot === null ? undefined : this.wake(slot)
  }

  /** Whether an execution is parked. */
  has(id: string): boolean {
    const { dispatcher } = this.#host
    return !dispatcher.isOver() && dispatcher.engine.parked(id) !== null
  }

  /** Rejects with `ERR_STORE_CORRUPT` if it cannot be read. */
  wake(slot: number): Promise<Run> {
    const { dispatcher } = this.#host
    let wanted = this.#wanted.get(slot)
    if (wanted === undefined) {
      wanted = wantedAnew()
      this.#wanted.set(slot, wanted)
      // The process lives until it is here: the store is read by another thread.
      dispatcher.activate()
    }
    dispatcher.engine.wake(slot)
    dispatcher.schedule()
    return wanted.promise
  }

  /** What the engine tells of one. */
  heard({ kind, slot }: ExecutionEffect): void {
    if (kind === ExecutionKind.woken) this.#woken(slot)
    // Another process has it, or it was deleted.
    else if (kind === ExecutionKind.letGo) {
      this.#kept.delete(slot)
      this.#host.dispatcher.deactivate()
    }
  }

  /** It is at hand again, or cannot be read. */
  #woken(slot: number): void {
    const { dispatcher, damaged } = this.#host
    const wanted = this.#wanted.get(slot)
    if (this.#wanted.delete(slot)) dispatcher.deactivate()
    try {
      const run = this.#runOf(slot, JSON.parse(dispatcher.engine.handover(slot)) as Handover)
      wanted?.resolve(run)
    } catch (error) {
      damaged({ id: dispatcher.engine.executionId(slot), damaged: codedError(error).message, workflowId: null, startedAt: null })
      wanted?.reject(error)
    }
  }

  /** It is over: a call that waits for one never gets it, and nothing is looked at any more. */
  lose(error: OrchestratorError): void {
    this.#opened = false
    real.clearTimeout(this.#next)
    for (const wanted of this.#wanted.values()) {
      this.#host.dispatcher.deactivate()
      wanted.reject(error)
    }
    this.#wanted.clear()
    this.#kept.clear()
  }

  /** All is taken up that the store had. */
  opened(): void {
    this.#opened = true
    if (!this.#host.live.isEmpty) this.watch()
  }

  /** There is a run that may be parked one day. */
  watch(): void {
    const { after } = this.#host
    if (after === undefined || this.#sweeps || !this.#opened) return
    this.#sweeps = true
    this.#next = real.setTimeout(() => void this.#sweep(), after).unref()
  }

  async #sweep(): Promise<void> {
    const { dispatcher, live } = this.#host
    let looks = 0
    for (const run of live.values()) {
      if (dispatcher.isOver()) return
      if (run.touched) run.touched = false
      else this.#park(run)
      if ((looks += 1) % LOOKS_MAX === 0) await nextTurn()
    }
    this.#sweeps = false
    if (!live.isEmpty) this.watch()
  }

  #park(run: Run): void {
    const { dispatcher, live } = this.#host
    if (!run.mayPark || live.hasChildren(run.id) || !dispatcher.engine.park(run.slot)) return
    const { slot, base: definition, scope, recovered } = run
    this.#kept.set(slot, { definition, scope, recovered })
    live.delete(run)
    dispatcher.release(run)
    this.#host.interrupted.forget(run)
  }

  #runOf(slot: number, { id, group, asleep, context, options, report, outputs, moves = [] }: Handover): Run {
    const { dispatcher, live, interrupted } = this.#host
    const kept = this.#kept.get(slot)
    this.#kept.delete(slot)
    const definition = kept?.definition ?? interrupted.definitionOf(group as number)
    const run = new Run(slot, id, definition, context ?? {}, 0, optionsAfter(options ?? {}, moves), dispatcher)
    rememberMoves(run, moves, { options: options ?? {}, clock: dispatcher.clock })
    run.asksModels = true
    run.recovered = kept?.recovered ?? true
    if (kept !== undefined) run.scope = kept.scope
    run.stopping = report.reason !== undefined
    run.reason = report.reason
    for (const [place, output] of Object.entries(outputs)) run.outputs[Number(place)] = output
    run.accepted = true
    dispatcher.add(run)
    live.add(run)
    if (asleep) interrupted.asleep(run, report)
    return run
  }
}

function wantedAnew(): Wanted {
  let [resolve, reject]: [(run: Run) => void, (error: unknown) => void] = [() => {}, () => {}]
  const promise = new Promise<Run>((...settle) => ([resolve, reject] = settle))
  // Whoever wants it may have gone.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
