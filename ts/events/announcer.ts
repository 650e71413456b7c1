// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What listeners hear, and when. Notices of the engine become events; events of an `executeWorkflow` call that nobody listened for are
// not kept but read back from the journal, if a listener comes while the call is still fresh.

import type { EventEmitter } from 'node:events'
import { dateOf } from '../base/clock.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { emitSafely, warnOfEvent } from '../log/emit.js'
import { TaskFailedError } from '../api/errors.js'
import { errorInfo } from '../run/report.js'
import type { EventSource, ExecutionEvent } from './execution-events.js'
import { restored } from '../failure/restored.js'
import { plainJson } from '../json/json.js'
import { EFFECT_WORDS, ExecutionEffect, ExecutionKind, type Engine, type Failures } from '../boundary/native.js'
import type { Log } from '../log/log.js'
import type { Run } from '../run/run.js'
import { taskEvent, type Notice } from './task-event.js'
import type { TaskErrorInfo, TaskExecution, WorkflowExecution } from '../api/execution.js'
import { real } from '../base/real-time.js'
import type { EventName, OrchestratorEvents } from '../api/events.js'

/** The kinds of effect that each event is made from. */
const KINDS: Record<EventName, readonly ExecutionKind[]> = {
  'workflow:started': [ExecutionKind.started],
  'workflow:paused': [ExecutionKind.paused],
  'workflow:resumed': [ExecutionKind.resumed],
  'workflow:completed': [ExecutionKind.ended],
  'workflow:failed': [ExecutionKind.ended],
  'workflow:cancelled': [ExecutionKind.ended],
  // Groups and waits are started without an attempt, and what is taken over is started and completed at once.
  'task:started': [ExecutionKind.run, ExecutionKind.opened, ExecutionKind.waiting, ExecutionKind.reused],
  'task:retrying': [ExecutionKind.retrying],
  'task:completed': [ExecutionKind.completed, ExecutionKind.reused],
  'task:failed': [ExecutionKind.failed],
  'task:skipped': [ExecutionKind.skipped],
  'task:cancelled': [ExecutionKind.cancelled],
  'task:waiting': [ExecutionKind.waiting],
  'task:iteration': [ExecutionKind.iterated],
  // Never recorded.
  'task:progress': [],
}

const EVENT_NAMES = Object.keys(KINDS) as EventName[]

const ALL_KINDS = Object.values(ExecutionKind)

const END_EVENTS: readonly (readonly EventName[])[] = [[], ['workflow:completed'], ['workflow:failed'], ['workflow:cancelled']]

/** Up to where the announcements of all runs had come: to an instant of the journal, and within that instant so far in each of these runs. */
interface Position {
  readonly at: number
  readonly numbers: ReadonlyMap<Run, number>
}

const NOWHERE: Position = { at: 0, numbers: new Map() }

/** A notice on its way to the listeners of one event. */
interface Delivery {
  readonly name: EventName
  readonly notice: Notice
}

export class Announcer implements EventSource {
  readonly #emitter: EventEmitter<OrchestratorEvents>
  readonly log: Log
  readonly #dispatcher: () => Dispatcher
  /** The runs whose events are still held, and so may be read back. */
  readonly #held: () => Iterable<Run>
  readonly #listened = new Set<EventName>()
  /**
   * The latest instant of the journal that has been announced, and how far in each run: what happens at once has one instant. Our own clock is not
   * the journal's, so it cannot stand in.
   */
  #heardUntil = 0
  readonly #heardNow = new Map<Run, number>()
  /** Since when nobody listens to an event. */
  readonly #deafSince = new Map<EventName, Position>()
  /** The events that have found a listener in this tick, each with the position after which nobody has heard it. */
  readonly #wanted = new Map<EventName, Position>()
  /** What late listeners are owed out of the journal. Delivered in the next microtask, and then what came meanwhile. */
  #recalled: Delivery[] = []
  #meanwhile: Delivery[] = []

  constructor(emitter: EventEmitter<OrchestratorEvents>, log: Log, dispatcher: () => Dispatcher, held: () => Iterable<Run>) {
    this.#emitter = emitter
    this.log = log
    this.#dispatcher = dispatcher
    this.#held = held
  }

  get #engine(): Engine {
    return this.#dispatcher().engine
  }

  /** A listener for `name` is about to be added. */
  attaching(name: string | symbol): void {
    if (!isEventName(name) || this.#emitter.listenerCount(name) > 0) return
    if (this.#wanted.size === 0) real.queueMicrotask(() => this.#deliverOwed())
    if (!this.#wanted.has(name)) this.#wanted.set(name, this.#deafSince.get(name) ?? NOWHERE)
    this.#recall()
    this.#listened.add(name)
    this.#dispatcher().listen([...this.#listenedKinds(), ...KINDS[name]])
  }

  /** Listeners may have been removed. */
  detached(): void {
    for (const name of EVENT_NAMES) {
      const listened = this.#emitter.listenerCount(name) > 0
      if (listened || !this.#listened.delete(name)) continue
      // Whoever left had heard everything until now, but for what it was still owed.
      this.#deafSince.set(name, this.#wanted.get(name) ?? { at: this.#heardUntil, numbers: new Map(this.#heardNow) })
      this.#wanted.delete(name)
    }
    this.#dispatcher().listen(this.#listenedKinds())
  }

  /** Whether something was recorded that listeners have still to hear of. */
  get isOwing(): boolean {
    return this.#meanwhile.length > 0
  }

  /** The engine recorded something. */
  notice(effect: ExecutionEffect, run: Run): void {
    // Whoever comes when nobody listens hears of it from the journal.
    if (this.#listened.size === 0) return
    this.#heard(effect, run)
    for (const name of eventsOf(run, effect)) {
      if (this.#emitter.listenerCount(name) === 0) continue
      if (this.#wanted.size > 0) this.#meanwhile.push({ name, notice: { run, effect: effect.copy() } })
      else this.#deliver(name, { run, effect })
    }
  }

  #heard({ at, number }: ExecutionEffect, run: Run): void {
    if (at > this.#heardUntil) {
      this.#heardUntil = at
      this.#heardNow.clear()
    }
    // What was held back is heard after what came later; that has counted already.
    if (at === this.#heardUntil) this.#heardNow.set(run, Math.max(this.#heardNow.get(run) ?? -1, number))
  }

  /** All that a run has had announced, or would have had, after the effect with this number; -1: all. */
  history(run: Run, after: number): Float64Array {
    const { history } = run
    if (history === undefined) return this.#engine.history(run.slot, ALL_KINDS, 0, after)
    const effect = new ExecutionEffect(history)
    while (effect.place < history.length && effect.number <= after) effect.place += EFFECT_WORDS
    return history.subarray(effect.place)
  }

  /** Keeps what the engine is about to forget of a run, for those who read its events later. */
  keep(run: Run): void {
    run.history = this.history(run, -1)
    run.failures = JSON.parse(this.#engine.failures(run.slot)) as Failures
  }

  /** The events that an effect is announced as, for `handle.events`. */
  describe(run: Run, effect: ExecutionEffect): Omit<ExecutionEvent, 'seq'>[] {
    const notice = { run, effect }
    return eventsOf(run, effect).map((type) => {
      const base = { type, at: dateOf(effect.at), executionId: run.id }
      if (!type.startsWith('task:')) return base
      const failed = type === 'task:failed' || type === 'task:retrying'
      const error = failed ? this.#errorInfo(notice) : undefined
      return { ...base, task: taskEvent(notice, type, this.#engine, error), ...(error && { error }) }
    })
  }

  /** An attempt told how far it is; nobody who comes later hears of it. */
  progress(run: Run, instance: number, attempt: number, data: unknown): void {
    if (this.#emitter.listenerCount('task:progress') === 0) return
    const { agentId } = run.task(instance)
    const task: TaskExecution = { taskId: run.path(instance), executionId: run.id, agentId, status: 'running', attempts: attempt }
    // What is no data is nobody's but the listeners', as it is.
    this.#call('task:progress', [task, plainJson(data, 'data', []) ?? data])
  }

  /** Several listeners may be added in one go: together they hear things in the order they happened, so all are read back together. */
  #recall(): void {
    if (this.#dispatcher().failure !== undefined) return
    const kinds = [...this.#wanted.keys()].flatMap((name) => KINDS[name])
    const since = Math.min(...[...this.#wanted.values()].map(({ at }) => at))
    this.#recalled = []
    for (const run of this.#held()) this.#recallRun(run, this.#engine.history(run.slot, kinds, since, -1))
  }

  #recallRun(run: Run, words: Float64Array): void {
    for (let place = 0; place < words.length; place += EFFECT_WORDS) {
      const effect = new ExecutionEffect(words, place)
      const { at, number } = effect
      // An execution whose end is not here yet will announce it itself.
      if (effect.kind === ExecutionKind.ended && run.execution === undefined) continue
      for (const name of eventsOf(run, effect)) {
        const since = this.#wanted.get(name)
        if (since === undefined || at < since.at) continue
        if (at === since.at && number <= (since.numbers.get(run) ?? -1)) continue
        this.#recalled.push({ name, notice: { run, effect } })
      }
    }
  }

  #deliverOwed(): void {
    const recalled = this.#recalled.toSorted((one, other) => one.notice.effect.at - other.notice.effect.at)
    // What was on record when the listener came may have been on its way as well.
    const told = new Set(recalled.map(keyOf))
    const owed = [...recalled, ...this.#meanwhile.filter((delivery) => !told.has(keyOf(delivery)))]
    this.#wanted.clear()
    this.#recalled = []
    this.#meanwhile = []
    for (const { name, notice } of owed) {
      this.#heard(notice.effect, notice.run)
      this.#deliver(name, notice)
    }
  }

  #deliver(name: EventName, notice: Notice): void {
    const payload = this.#payload(name, notice)
    if (name === 'workflow:failed') notice.run.heard = true
    // oxlint-disable-next-line typescript/unbound-method -- it is called with `this`, and a closure would be one for each event
    notice.run.scope.runInAsyncScope(this.#call, this, name, payload)
  }

  #call(name: EventName, payload: unknown[]): void {
    emitSafely(this.log, this.#emitter as EventEmitter, name, payload)
  }

  #payload(name: EventName, notice: Notice): OrchestratorEvents[EventName] {
    switch (name) {
      case 'workflow:started':
        return [this.#started(notice)]
      case 'workflow:completed':
      case 'workflow:failed':
      case 'workflow:cancelled':
        return [notice.run.execution as WorkflowExecution]
      case 'task:failed':
      case 'task:retrying': {
        const error = this.#errorInfo(notice)
        const { run, effect } = notice
        const of = { id: run.id, taskId: run.path(effect.task), thrown: run.thrown }
        return [taskEvent(notice, name, this.#engine, error), taskFailed(of, effect.task, effect.attempt, error)]
      }
      case 'workflow:paused':
      case 'workflow:resumed':
        return [notice.run.execution ?? notice.run.seenAs(this.#engine.report(notice.run.slot))]
      case 'task:progress':
      case 'task:started':
      case 'task:completed':
      case 'task:skipped':
      case 'task:cancelled':
      case 'task:waiting':
      case 'task:iteration':
        return [taskEvent(notice, name, this.#engine)]
    }
  }

  /** The execution as it was when it began, whenever that is heard. */
  #started({ run, effect }: Notice): WorkflowExecution {
    return run.seenAsBegun(effect.at)
  }

  #errorInfo({ run, effect }: Notice): TaskErrorInfo {
    const kept = run.failures?.[effect.number]
    const text = run.failures === undefined ? this.#engine.failure(run.slot, effect.task, effect.attempt) : null
    const failure = kept ?? (text === null ? undefined : (JSON.parse(text) as TaskErrorInfo))
    return errorInfo(failure) ?? { code: 'ERR_INTERNAL', message: 'the failure was not recorded' }
  }

  #listenedKinds(): readonly ExecutionKind[] {
    return EVENT_NAMES.filter((name) => this.#emitter.listenerCount(name) > 0).flatMap((name) => KINDS[name])
  }
}

/** Makes listeners that come late hear what is held for them, however they are added. */
export function hearLate(prototype: EventEmitter<OrchestratorEvents>, announcerOf: (emitter: unknown) => Announcer): void {
  for (const method of ['on', 'addListener', 'prependListener', 'off', 'removeListener', 'removeAllListeners'] as const) {
    const original = prototype[method] as (this: unknown, ...rest: unknown[]) => unknown
    const adds = method === 'on' || method === 'addListener' || method === 'prependListener'
    const value = function (this: unknown, ...rest: unknown[]): unknown {
      const [name] = rest as [string | symbol | undefined]
      if (adds && name !== undefined) {
        const announcer = announcerOf(this)
        warnOfEvent(announcer.log, name, Object.keys(KINDS), value)
        announcer.attaching(name)
      }
      const answer = original.apply(this, rest)
      if (!adds) announcerOf(this).detached()
      return answer
    }
    Object.defineProperty(prototype, method, { value, writable: true, configurable: true })
  }
}

/** Tells an event from every other. */
function keyOf({ name, notice: { run, effect } }: Delivery): string {
  return `${run.id} ${effect.number} ${name}`
}

function isEventName(name: string | symbol): name is EventName {
  return typeof name === 'string' && Object.hasOwn(KINDS, name)
}

/** Which task of which execution failed, and what is known of it beyond the journal. */
interface FailedTask {
  readonly id: string
  readonly taskId: string
  readonly thrown: ReadonlyMap<string, unknown> | undefined
}

/** The error of a task's attempt, with what its agent threw as the cause where that is still known. */
export function taskFailed(
  of: FailedTask,
  place: number,
  attempt: number,
  info: TaskErrorInfo,
  execution?: WorkflowExecution,
): TaskFailedError {
  const { taskId } = of
  const options = { executionId: of.id, taskId }
  const key = `${place}:${attempt}`
  // A timeout is the engine's own finding; what the agent threw when it was told to stop is only its answer to that.
  const cause = of.thrown?.has(key) === true && info.code !== 'ERR_TIMEOUT' ? of.thrown.get(key) : restored(info, options)
  // What failed before its first attempt, or had none, has no number to tell.
  const attempts = attempt <= 1 ? '' : ` in attempt ${attempt}`
  const message = `task \`${taskId}\` failed${attempts}: ${info.message}`
  return new TaskFailedError('ERR_TASK_FAILED', message, {
    ...options,
    cause,
    details: { attempts: attempt, code: info.code },
    ...(execution && { execution }),
  })
}

/** The events that an effect is announced as. */
function eventsOf(run: Run, effect: ExecutionEffect): readonly EventName[] {
  switch (effect.kind) {
    case ExecutionKind.started:
      return ['workflow:started']
    case ExecutionKind.run:
      // Later attempts, and the first one again after an interruption, belong to a task that has been announced.
      return effect.attempt === 1 && effect.interruptions === 0 ? STARTED : NOTHING
    case ExecutionKind.opened:
      return STARTED
    case ExecutionKind.waiting:
      // A wait that is all there is to the task starts it.
      return run.task(effect.task).kind === 'wait' ? ['task:started', 'task:waiting'] : ['task:waiting']
    case ExecutionKind.reused:
      return ['task:started', 'task:completed']
    case ExecutionKind.ended:
      return END_EVENTS[effect.status] ?? NOTHING
    case ExecutionKind.retrying:
      return ['task:retrying']
    case ExecutionKind.completed:
      return COMPLETED
    case ExecutionKind.failed:
      return ['task:failed']
    case ExecutionKind.skipped:
      return ['task:skipped']
    case ExecutionKind.cancelled:
      return ['task:cancelled']
    case ExecutionKind.iterated:
      return ['task:iteration']
    case ExecutionKind.paused:
      return ['workflow:paused']
    case ExecutionKind.resumed:
      return ['workflow:resumed']
    case ExecutionKind.accepted:
    case ExecutionKind.abort:
    case ExecutionKind.cancelling:
    case ExecutionKind.askGate:
    case ExecutionKind.askBranch:
    case ExecutionKind.askTurn:
    case ExecutionKind.askSchema:
    case ExecutionKind.signalled:
    case ExecutionKind.chosen:
      return NOTHING
  }
}

const STARTED: readonly EventName[] = ['task:started']
const COMPLETED: readonly EventName[] = ['task:completed']
const NOTHING: readonly EventName[] = []
