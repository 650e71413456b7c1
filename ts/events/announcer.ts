// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What listeners hear, and when. Notices of the engine become events; events of an `executeWorkflow` call that nobody listened for are
// not kept but read back from the journal, if a listener comes while the call is still fresh.

import type { EventEmitter } from 'node:events'
import { dateOf } from '../base/clock.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { emitSafely, warnOfEvent } from '../log/emit.js'
import { codedError, TaskFailedError } from '../api/errors.js'
import { errorInfo } from '../run/report.js'
import type { EventSource, ExecutionEvent } from './execution-events.js'
import { restored } from '../failure/restored.js'
import { plainJson } from '../json/json.js'
import { EFFECT_WORDS, ExecutionEffect, ExecutionKind, type Engine } from '../boundary/native.js'
import type { Failures, History } from '../boundary/shapes.js'
import type { Log } from '../log/log.js'
import type { Run } from '../run/run.js'
import { Recall, type Delivery, type Position } from './recall.js'
import { taskEvent, type Notice, type RecordedValues } from './task-event.js'
import type { TaskErrorInfo, TaskExecution, WorkflowExecution } from '../api/execution.js'
import { real } from '../base/real-time.js'
import type { ExecutionEventName, OrchestratorEvents } from '../api/events.js'

/** The kinds of effect that each event is made from. */
const KINDS: Record<ExecutionEventName, readonly ExecutionKind[]> = {
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

const EVENT_NAMES = Object.keys(KINDS) as ExecutionEventName[]

const ALL_KINDS = Object.values(ExecutionKind)

const END_EVENTS: readonly (readonly ExecutionEventName[])[] = [[], ['workflow:completed'], ['workflow:failed'], ['workflow:cancelled']]

const NOWHERE: Position = new WeakMap()

const UNRECORDED: TaskErrorInfo = { code: 'ERR_INTERNAL', message: 'the failure was not recorded' }

const UNHEARD = 'what a listener that came late was to hear could not be read, and it does not hear of it'

export class Announcer implements EventSource {
  readonly #emitter: EventEmitter<OrchestratorEvents>
  readonly log: Log
  readonly #dispatcher: () => Dispatcher
  /** The runs whose events are still held, and so may be read back. */
  readonly #held: () => Iterable<Run>
  readonly #listened = new Set<ExecutionEventName>()
  /** Up to where somebody listened to an event to which nobody listens. */
  readonly #deafSince = new Map<ExecutionEventName, Position>()
  /** What listeners are owed that came late, oldest first; the last is that of this tick if it has not begun to be read. */
  readonly #recalls: Recall[] = []
  #gathering: Recall | undefined
  /** How many follow the events of one execution each. */
  #followers = 0
  /** When the latest of those that are read is delivered. */
  #reading: Promise<void> | undefined

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
    const recall = this.#gather()
    if (!recall.wanted.has(name)) recall.wanted.set(name, this.#deafSince.get(name) ?? NOWHERE)
    for (const run of this.#held()) if (!run.released) recall.claim(run)
    this.#listened.add(name)
    this.#dispatcher().listen([...this.#listenedKinds(), ...KINDS[name]])
  }

  /** Several listeners may be added in one go: together they hear things in the order they happened, so all are read back together. */
  #gather(): Recall {
    if (this.#gathering !== undefined) return this.#gathering
    const recall = new Recall()
    this.#gathering = recall
    this.#recalls.push(recall)
    real.queueMicrotask(() => this.#recall(recall))
    return recall
  }

  /** Listeners may have been removed. */
  detached(): void {
    for (const name of EVENT_NAMES) {
      const listened = this.#emitter.listenerCount(name) > 0
      if (listened || !this.#listened.delete(name)) continue
      // Whoever left had heard everything until now, but for what it was still owed.
      const position: Position = new WeakMap()
      for (const run of this.#held()) position.set(run, this.#heardOf(run, name))
      this.#deafSince.set(name, position)
      for (const recall of this.#recalls) recall.forget(name)
    }
    this.#dispatcher().listen(this.#listenedKinds())
  }

  /** The number of the last notice of a run that the listeners of an event have heard, or that was none of theirs. */
  #heardOf(run: Run, name: ExecutionEventName): number {
    const claimed = this.#recalls.filter(({ told }) => told.has(run))
    const owed = claimed.find(({ wanted }) => wanted.has(name))
    if (owed !== undefined) return owed.wanted.get(name)?.get(run) ?? -1
    return claimed[0]?.told.get(run) ?? run.noticed
  }

  follow(change: 1 | -1): void {
    this.#followers += change
    this.#dispatcher().listen(this.#listenedKinds())
  }

  /** Does this once no listener is owed anything of the run; false: none is. */
  afterwards(run: Run, proceed: () => void): boolean {
    const recall = this.#recalls.findLast(({ told }) => told.has(run))
    recall?.afterwards(proceed)
    return recall !== undefined
  }

  /** Resolves when no listener is owed anything. */
  async settled(): Promise<void> {
    while (this.#recalls.length > 0) await (this.#reading ?? Promise.resolve())
  }

  /** The engine recorded something. */
  notice(effect: ExecutionEffect, run: Run): void {
    // Whoever comes when nobody listens hears of it from the journal.
    if (this.#listened.size === 0) return
    run.noticed = effect.number
    const recall = this.#recalls.length === 0 ? undefined : this.#recalls.findLast(({ told }) => told.has(run))
    for (const name of eventsOf(run, effect)) {
      if (this.#emitter.listenerCount(name) === 0) continue
      const error = tellsOfFailure(name) ? this.#errorOf(run, effect) : undefined
      if (recall === undefined) this.#deliver({ name, notice: { run, effect }, error })
      else recall.hold({ name, notice: { run, effect: effect.copy() }, error })
    }
  }

  /** All that a run has had announced, or would have had, after the effect with this number; -1: all. */
  history(run: Run, after: number): History | Promise<History> {
    if (run.history !== undefined) return historyAfter(run.history, after)
    return run.released ? this.#stored(run, after) : this.#engine.history(run.slot, ALL_KINDS, after)
  }

  /** The engine has let go of it: it has ended, and all of it is on record. */
  async #stored(run: Run, after: number): Promise<History> {
    return historyAfter(await this.#engine.storedHistory(run.id), after)
  }

  /** Keeps what is in memory, and what the engine is about to forget of a run, for those who read its events later. */
  keep(run: Run): void {
    const history = this.history(run, -1)
    if (!(history instanceof Promise)) run.history = history
  }

  /** The events that an effect is announced as, for `handle.events`. */
  describe(run: Run, effect: ExecutionEffect, failures: Failures): Omit<ExecutionEvent, 'seq'>[] {
    return describeEvents(run, effect, failures, this.#engine)
  }

  /** An attempt told how far it is; nobody who comes later hears of it. */
  progress(run: Run, instance: number, attempt: number, data: unknown): void {
    if (this.#emitter.listenerCount('task:progress') === 0) return
    const { agentId } = run.task(instance)
    const task: TaskExecution = { taskId: run.path(instance), executionId: run.id, agentId, status: 'running', attempts: attempt }
    // What is no data is nobody's but the listeners', as it is.
    this.#call('task:progress', [task, plainJson(data, 'data', []) ?? data])
  }

  /** Reads what is claimed, and delivers it when all of it and whatever was claimed before is there. */
  #recall(recall: Recall): void {
    this.#gathering = undefined
    const before = this.#reading
    const read = this.#read(recall)
    if (before === undefined && !(read instanceof Promise)) return this.#deliverOwed(recall, read)
    const delivered = Promise.all([read, before]).then(([deliveries]) => {
      if (this.#reading === delivered) this.#reading = undefined
      this.#deliverOwed(recall, deliveries)
    })
    this.#reading = delivered
  }

  /** What is on record of the claimed runs that is wanted. What cannot be read is said, and not heard. */
  #read(recall: Recall): readonly Delivery[] | Promise<readonly Delivery[]> {
    if (this.#dispatcher().failure !== undefined) return []
    const kinds = [...recall.wanted.keys()].flatMap((name) => KINDS[name])
    if (kinds.length === 0) return []
    const told = (error: unknown): readonly Delivery[] => {
      if (this.#dispatcher().failure !== undefined) return []
      const err = codedError(error)
      this.log.error({ event: 'store:unreadable', code: err.code, err }, UNHEARD)
      return []
    }
    const parts = [...recall.told.keys()].map((run) => {
      try {
        const history = this.#engine.history(run.slot, kinds, recall.after(run))
        if (!(history instanceof Promise)) return this.#owedIn(recall, run, history)
        return history.then((later) => this.#owedIn(recall, run, later)).catch(told)
      } catch (error) {
        return told(error)
      }
    })
    if (parts.some((part) => part instanceof Promise)) return Promise.all(parts.map(async (part) => part)).then((all) => all.flat())
    return (parts as (readonly Delivery[])[]).flat()
  }

  #owedIn(recall: Recall, run: Run, { words, failures }: History): Delivery[] {
    const owed: Delivery[] = []
    for (let place = 0; place < words.length; place += EFFECT_WORDS) {
      const effect = new ExecutionEffect(words, place)
      // An execution whose end is not here yet will announce it itself.
      if (effect.kind === ExecutionKind.ended && run.execution === undefined) continue
      for (const name of eventsOf(run, effect)) {
        const error = tellsOfFailure(name) ? errorIn(failures, effect.number) : undefined
        const delivery = { name, notice: { run, effect }, error }
        if (recall.isOwed(delivery)) owed.push(delivery)
      }
    }
    return owed
  }

  #deliverOwed(recall: Recall, read: readonly Delivery[]): void {
    recall.owe(read)
    recall.deliver((delivery) => this.#deliver(delivery))
    this.#recalls.splice(this.#recalls.indexOf(recall), 1)
    recall.end()
  }

  #deliver({ name, notice, error }: Delivery): void {
    const payload = this.#payload(name, notice, error)
    if (name === 'workflow:failed') notice.run.heard = true
    // oxlint-disable-next-line typescript/unbound-method -- it is called with `this`, and a closure would be one for each event
    notice.run.scope.runInAsyncScope(this.#call, this, name, payload)
  }

  #call(name: ExecutionEventName, payload: unknown[]): void {
    emitSafely(this.log, this.#emitter as EventEmitter, name, payload)
  }

  #payload(name: ExecutionEventName, notice: Notice, error: TaskErrorInfo = UNRECORDED): OrchestratorEvents[ExecutionEventName] {
    switch (name) {
      case 'workflow:started':
        return [this.#started(notice)]
      case 'workflow:completed':
      case 'workflow:failed':
      case 'workflow:cancelled':
        return [notice.run.execution as WorkflowExecution]
      case 'task:failed':
      case 'task:retrying': {
        const { effect } = notice
        const run = notice.run.asOf(effect.number)
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

  /** Why what an effect tells of failed, while it is told. */
  #errorOf(run: Run, { number }: ExecutionEffect): TaskErrorInfo {
    const text = this.#engine.failure(run.slot, number)
    return text === null ? UNRECORDED : (errorInfo(JSON.parse(text) as TaskErrorInfo) ?? UNRECORDED)
  }

  #listenedKinds(): readonly ExecutionKind[] {
    if (this.#followers > 0) return ALL_KINDS
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
        warnOfEvent(announcer.log, name, [...EVENT_NAMES, 'alert', 'insight', 'insight:outcome'], value)
        announcer.attaching(name)
      }
      const answer = original.apply(this, rest)
      if (!adds) announcerOf(this).detached()
      return answer
    }
    Object.defineProperty(prototype, method, { value, writable: true, configurable: true })
  }
}

/** The events that an effect is announced as; `values` has what the run does not. */
export function describeEvents(
  run: Run,
  effect: ExecutionEffect,
  failures: Failures,
  values: RecordedValues,
): Omit<ExecutionEvent, 'seq'>[] {
  return eventsOf(run, effect).map((type) => {
    const base = { type, at: dateOf(effect.at), executionId: run.id }
    if (!type.startsWith('task:')) return base
    const error = tellsOfFailure(type) ? errorIn(failures, effect.number) : undefined
    return { ...base, task: taskEvent({ run, effect }, type, values, error), ...(error && { error }) }
  })
}

function tellsOfFailure(name: ExecutionEventName): boolean {
  return name === 'task:failed' || name === 'task:retrying'
}

function errorIn(failures: Failures, number: number): TaskErrorInfo {
  return errorInfo(failures[number]) ?? UNRECORDED
}

/** The part of a history after the effect with this number. */
function historyAfter({ words, failures }: History, after: number): History {
  const effect = new ExecutionEffect(words)
  while (effect.place < words.length && effect.number <= after) effect.place += EFFECT_WORDS
  return { words: words.subarray(effect.place), failures }
}

function isEventName(name: string | symbol): name is ExecutionEventName {
  return typeof name === 'string' && Object.hasOwn(KINDS, name)
}

/** The message of a failure; what an agent threw is told from what this package says. */
function saying({ code, message, details }: TaskErrorInfo): string {
  if (code !== 'ERR_AGENT') return message
  const name = details?.['name']
  if (typeof name !== 'string') {
    const threw = message.startsWith('threw ') ? message : `threw '${message}'`
    return `its agent ${threw}, which is not an Error; throw new Error(…), which has a stack`
  }
  return `its agent threw${name === 'Error' ? '' : ` ${name}`}: ${message}`
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
  const message = `task \`${taskId}\` failed${attempts}: ${saying(info)}`
  return new TaskFailedError('ERR_TASK_FAILED', message, {
    ...options,
    cause,
    details: { attempts: attempt, code: info.code },
    ...(execution && { execution }),
  })
}

/** The events that an effect is announced as. */
function eventsOf(run: Run, effect: ExecutionEffect): readonly ExecutionEventName[] {
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
      return run.asOf(effect.number).task(effect.task).kind === 'wait' ? ['task:started', 'task:waiting'] : ['task:waiting']
    case ExecutionKind.moved:
      return NOTHING
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
    case ExecutionKind.noted:
    case ExecutionKind.letGo:
    case ExecutionKind.woken:
      return NOTHING
  }
}

const STARTED: readonly ExecutionEventName[] = ['task:started']
const COMPLETED: readonly ExecutionEventName[] = ['task:completed']
const NOTHING: readonly ExecutionEventName[] = []
