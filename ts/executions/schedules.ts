// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The schedules of an orchestrator: the engine knows when, here is what runs. An execution that a schedule has begun is heard of by `fired`,
// before anything else of it.

import { dateOf } from '../base/clock.js'
import { acceptedDefinition, type Definition } from '../definition/definition.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { errorOf, ValidationError, type OrchestratorError } from '../api/errors.js'
import { fingerprintOf } from './idempotency.js'
import type { Json } from '../json/json.js'
import type { LiveRuns } from './live-runs.js'
import { refusalOfScheduleId } from '../base/names.js'
import { ScheduleKind, type ScheduleEffect, type Unreadable } from '../boundary/native.js'
import type { InterruptedRuns } from './recovery.js'
import { Run } from '../run/run.js'
import type { ReadSchedule, Schedule } from './schedule.js'
import type { RunOptions } from '../run/options.js'

/** A planned instant that is older was missed, as `engine::schedule` has it. */
const LATE_MICROS = 60_000_000

type Context = { [key: string]: Json }

/** A schedule as `runtime::report::schedule` writes it. */
interface ScheduleText {
  id: string
  definition: object
  context: Context
  options: RunOptions | null
  /** In milliseconds. */
  defaultTimeout: number
  next: number | null
}

/** A schedule that lives in this process. */
class Entry {
  readonly number: number
  readonly id: string
  definition: Definition
  readonly context: Context
  readonly options: RunOptions
  /** In microseconds; 0 if there is none. */
  next = 0
  /** Whether another process made it. */
  recovered = false
  /** Whether the process stays alive for it. */
  active = false
  readonly recorded = new Deferred()
  readonly removed = new Deferred()

  constructor(number: number, id: string, definition: Definition, context: Context, options: RunOptions) {
    this.number = number
    this.id = id
    this.definition = definition
    this.context = context
    this.options = options
  }
}

/** A promise that is settled from outside. Nobody need wait for it. */
class Deferred {
  readonly promise: Promise<void>
  resolve: () => void = () => {}
  reject: (error: OrchestratorError) => void = () => {}

  constructor() {
    this.promise = new Promise<void>((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.promise.catch(() => {})
  }
}

export class Schedules {
  readonly #dispatcher: Dispatcher
  readonly #interrupted: InterruptedRuns
  readonly #live: LiveRuns
  readonly #assertOpen: () => void
  readonly #watcher: { missed(scheduleId: string, planned: number): void }
  readonly #entries = new Map<number, Entry>()
  readonly #named = new Map<string, Entry>()
  /** Why those that cannot be read cannot, by id. */
  readonly #unreadable = new Map<string, string>()

  /** Each execution that a schedule has begun joins those that are `live`. */
  constructor(
    dispatcher: Dispatcher,
    interrupted: InterruptedRuns,
    live: LiveRuns,
    assertOpen: () => void,
    watcher: { missed(scheduleId: string, planned: number): void },
  ) {
    this.#dispatcher = dispatcher
    this.#interrupted = interrupted
    this.#live = live
    this.#assertOpen = assertOpen
    this.#watcher = watcher
  }

  /** Takes up what the store had; each goes on as soon as its agents are there. `unreadable`: those that cannot be. */
  takeUp(unreadable: readonly Unreadable[]): void {
    for (const { id, isSchedule, message } of unreadable) if (isSchedule) this.#unreadable.set(id, message)
    const found = JSON.parse(this.#dispatcher.engine.schedules()) as [number, ScheduleText][]
    for (const [number, { id, definition, context, options, defaultTimeout, next }] of found) {
      if (this.#entries.has(number)) continue
      const entry = this.#add(new Entry(number, id, acceptedDefinition(definition, defaultTimeout), context, options ?? {}))
      entry.next = next ?? 0
      entry.recovered = true
      entry.recorded.resolve()
      this.#interrupted.wait(entry, () => this.#wake(entry))
    }
  }

  /**
   * Keeps a schedule, or finds the one that does the same with what was `given`, whatever a schema makes of that. Resolves when it is on record.
   */
  async keep(
    definition: Definition,
    context: Context,
    { id = definition.workflowId, timing, recorded }: ReadSchedule,
    given: Context,
  ): Promise<Schedule> {
    // That of a schedule that is there was accepted when it was made.
    const refusal = this.#named.has(id) || this.#unreadable.has(id) ? undefined : refusalOfScheduleId(id)
    if (refusal !== undefined) {
      const message = `${refusal}${id === definition.workflowId ? ' (by default it is that of the workflow: give `options.id`)' : ''}`
      throw new ValidationError('ERR_INVALID_ARGUMENT', 'the schedule cannot be kept', [{ path: 'options.id', message }])
    }
    const { engine } = this.#dispatcher
    const texts = { id, context: JSON.stringify(context), options: JSON.stringify(recorded), timing }
    // They follow from the rest, and versions before this one did not record them.
    const { standIns: _standIns, maxIdlePasses: _maxIdlePasses, paths: _paths, ...asked } = recorded
    const fingerprint = fingerprintOf(definition, { context: given, recorded: asked as Context, timing })
    const { number, isNew } = engine.schedule(definition.plan, { ...texts, fingerprint })
    const known = this.#entries.get(number)
    const entry = known ?? this.#add(new Entry(number, id, definition, context, recorded))
    if (isNew) this.#activate(entry)
    // What a store cannot keep of a definition is here again.
    entry.definition = definition
    this.#interrupted.proceed(entry)
    this.#dispatcher.schedule()
    await entry.recorded.promise
    return this.#handleOf(entry)
  }

  async get(id: string): Promise<Schedule | undefined> {
    const message = this.#unreadable.get(id)
    if (message !== undefined) throw errorOf('ERR_STORE_CORRUPT', message)
    const entry = this.#named.get(id)
    await entry?.recorded.promise
    return entry && this.#handleOf(entry)
  }

  /** Returns every schedule, sorted by id. */
  async list(): Promise<Schedule[]> {
    const entries = [...this.#named.values()].toSorted((one, other) => (one.id < other.id ? -1 : 1))
    await Promise.all(entries.map(({ recorded }) => recorded.promise))
    return entries.map((entry) => this.#handleOf(entry))
  }

  /** What the engine tells of schedules. */
  heard(effect: ScheduleEffect): void {
    const entry = this.#entries.get(effect.schedule)
    if (entry === undefined) return
    switch (effect.kind) {
      case ScheduleKind.fired:
        return this.#fired(entry, effect.slot, effect.planned)
      case ScheduleKind.unscheduled:
        this.#entries.delete(effect.schedule)
        // Unless it was cancelled here another process has it now, and may have it on record or not.
        if (this.#drop(entry)) entry.recorded.reject(errorOf('ERR_OUTCOME_UNKNOWN', `another process has the schedule \`${entry.id}\` now`))
        return entry.removed.resolve()
      case ScheduleKind.scheduled: {
        const { next } = effect
        const late = this.#dispatcher.clock.now() - entry.next
        if (entry.next > 0 && late > LATE_MICROS) this.#watcher.missed(entry.id, entry.next)
        // A request to cancel it may be on its way.
        if (this.#named.get(entry.id) === entry) entry.next = next
        if (next === 0) this.#deactivate(entry)
        return entry.recorded.resolve()
      }
    }
  }

  /** What is not on record will never be known to be, and nothing more is heard of any. */
  lose(error: OrchestratorError): void {
    for (const entry of this.#entries.values()) {
      entry.recorded.reject(error)
      entry.removed.reject(error)
    }
    this.#entries.clear()
  }

  #add(entry: Entry): Entry {
    this.#entries.set(entry.number, entry)
    this.#named.set(entry.id, entry)
    return entry
  }

  #fired(entry: Entry, slot: number, planned: number): void {
    const { definition, context, options } = entry
    const given = { ...options, schedule: { id: entry.id, at: planned / 1000 } }
    const run = new Run(slot, this.#dispatcher.engine.executionId(slot), definition, context, 0, given, this.#dispatcher)
    run.recovered = entry.recovered
    this.#dispatcher.add(run)
    this.#dispatcher.activate()
    this.#live.add(run)
  }

  #wake(entry: Entry): void {
    this.#dispatcher.engine.wakeSchedule(entry.number)
    if (entry.next > 0) this.#activate(entry)
    this.#dispatcher.schedule()
  }

  #activate(entry: Entry): void {
    entry.active = true
    this.#dispatcher.activate()
  }

  #deactivate(entry: Entry): void {
    if (entry.active) this.#dispatcher.deactivate()
    entry.active = false
  }

  #handleOf(entry: Entry): Schedule {
    return {
      id: entry.id,
      workflowId: entry.definition.workflowId,
      get next() {
        return entry.next === 0 ? undefined : dateOf(entry.next)
      },
      cancel: () => this.#cancel(entry),
    }
  }

  async #cancel(entry: Entry): Promise<void> {
    if (this.#named.get(entry.id) === entry) {
      this.#assertOpen()
      this.#dispatcher.engine.cancelSchedule(entry.number)
      this.#drop(entry)
      this.#dispatcher.schedule()
    }
    await entry.removed.promise
  }

  /** It begins nothing here any more; whether it did. */
  #drop(entry: Entry): boolean {
    if (this.#named.get(entry.id) !== entry) return false
    this.#named.delete(entry.id)
    this.#interrupted.forget(entry)
    entry.next = 0
    this.#deactivate(entry)
    return true
  }
}
