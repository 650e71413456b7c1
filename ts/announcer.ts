// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What listeners hear, and when. Notices of the engine become events; events of an `executeWorkflow` call that nobody listened for are
// not kept but read back from the journal, if a listener comes while the call is still fresh.

import type { EventEmitter } from 'node:events'
import { messageOf } from './agent-pool.js'
import { dateOf } from './clock.js'
import type { Dispatcher } from './dispatcher.js'
import { errorOf, OrchestratorError, TaskFailedError, ValidationError } from './errors.js'
import type { EventName, OrchestratorEvents } from './events.js'
import { errorInfo } from './execution.js'
import type { Issue } from './issue.js'
import { EFFECT_WORDS, Kind } from './native.js'
import type { Run } from './run.js'
import { copyJson } from './task-input.js'
import type { TaskErrorInfo, TaskExecution, WorkflowExecution } from './workflow.js'

/** The kinds of notice that each event is made from. */
const KINDS: Record<EventName, number> = {
  'workflow:started': Kind.accepted,
  'workflow:completed': Kind.ended,
  'workflow:failed': Kind.ended,
  'workflow:cancelled': Kind.ended,
  'task:started': Kind.run,
  'task:retrying': Kind.retrying,
  'task:completed': Kind.completed,
  'task:failed': Kind.failed,
  'task:skipped': Kind.skipped,
  'task:cancelled': Kind.cancelled,
}

const EVENT_NAMES = Object.keys(KINDS) as EventName[]

const SKIP_REASONS = ['', 'upstream_failed', 'upstream_skipped']
const CANCEL_REASONS = ['', 'sibling_failed', 'cancelled']
const END_EVENTS = ['', 'workflow:completed', 'workflow:failed', 'workflow:cancelled'] as const

interface Notice {
  readonly kind: number
  readonly run: Run
  readonly place: number
  readonly attempt: number
  readonly first: number
  readonly second: number
  readonly at: number
}

/** A notice on its way to the listeners of one event. */
interface Delivery {
  readonly name: EventName
  readonly notice: Notice
}

export class Announcer {
  readonly #emitter: EventEmitter<OrchestratorEvents>
  readonly #dispatcher: () => Dispatcher
  /** The runs whose events are still held, and so may be read back. */
  readonly #held: () => Iterable<Run>
  readonly #listened = new Set<EventName>()
  /** The latest instant of the journal that has been announced. Our own clock is not the journal's, so it cannot stand in. */
  #heardUntil = 0
  /** Since when nobody listens to an event, as an instant of the journal. */
  readonly #deafSince = new Map<EventName, number>()
  /** The events that have found a listener in this tick, each with the instant after which nobody has heard it. */
  readonly #wanted = new Map<EventName, number>()
  /** What late listeners are owed out of the journal. Delivered in the next microtask, and then what came meanwhile. */
  #recalled: Delivery[] = []
  #meanwhile: Delivery[] = []

  constructor(emitter: EventEmitter<OrchestratorEvents>, dispatcher: () => Dispatcher, held: () => Iterable<Run>) {
    this.#emitter = emitter
    this.#dispatcher = dispatcher
    this.#held = held
  }

  /** A listener for `name` is about to be added. */
  attaching(name: string | symbol): void {
    if (!isEventName(name) || this.#emitter.listenerCount(name) > 0) return
    if (this.#wanted.size === 0) queueMicrotask(() => this.#deliverOwed())
    if (!this.#wanted.has(name)) this.#wanted.set(name, this.#deafSince.get(name) ?? 0)
    this.#recall()
    this.#listened.add(name)
    this.#dispatcher().engine.listen(this.#listenedKinds() | (1 << KINDS[name]))
  }

  /** Listeners may have been removed. */
  detached(): void {
    for (const name of EVENT_NAMES) {
      const listened = this.#emitter.listenerCount(name) > 0
      if (listened || !this.#listened.delete(name)) continue
      // Whoever left had heard everything until now, but for what it was still owed.
      this.#deafSince.set(name, this.#wanted.get(name) ?? this.#heardUntil)
      this.#wanted.delete(name)
    }
    this.#dispatcher().engine.listen(this.#listenedKinds())
  }

  /** The engine recorded something. */
  notice(kind: number, run: Run, place: number, attempt: number, first: number, second: number, at: number): void {
    this.#heardUntil = Math.max(this.#heardUntil, at)
    const name = eventOf(kind, attempt, first)
    if (name === undefined || this.#emitter.listenerCount(name) === 0) return
    const notice = { kind, run, place, attempt, first, second, at }
    if (this.#wanted.size > 0) this.#meanwhile.push({ name, notice })
    else this.#deliver(name, notice)
  }

  /** Several listeners may be added in one go: together they hear things in the order they happened, so all are read back together. */
  #recall(): void {
    if (this.#dispatcher().failure !== undefined) return
    let kinds = 0
    for (const name of this.#wanted.keys()) kinds |= 1 << KINDS[name]
    const since = Math.min(...this.#wanted.values())
    this.#recalled = []
    for (const run of this.#held()) this.#recallRun(run, this.#dispatcher().engine.history(run.slot, kinds, since))
  }

  #recallRun(run: Run, words: Float64Array): void {
    for (let at = 0; at < words.length; at += EFFECT_WORDS) {
      const [kind = 0, , place = 0, attempt = 0, first = 0, second = 0, instant = 0] = words.subarray(at, at + EFFECT_WORDS)
      // An execution whose end is not here yet will announce it itself.
      if (kind === Kind.ended && run.execution === undefined) continue
      const name = eventOf(kind, attempt, first)
      const since = name === undefined ? undefined : this.#wanted.get(name)
      if (name === undefined || since === undefined || instant <= since) continue
      this.#recalled.push({ name, notice: { kind, run, place, attempt, first, second, at: instant } })
    }
  }

  #deliverOwed(): void {
    const recalled = this.#recalled.toSorted((one, other) => one.notice.at - other.notice.at)
    // What was on record when the listener came may have been on its way as well.
    const told = new Set(recalled.map(keyOf))
    const owed = [...recalled, ...this.#meanwhile.filter((delivery) => !told.has(keyOf(delivery)))]
    this.#wanted.clear()
    this.#recalled = []
    this.#meanwhile = []
    for (const { name, notice } of owed) {
      this.#heardUntil = Math.max(this.#heardUntil, notice.at)
      this.#deliver(name, notice)
    }
  }

  #deliver(name: EventName, notice: Notice): void {
    const payload = this.#payload(name, notice)
    for (const listener of this.#emitter.rawListeners(name)) {
      try {
        const answer: unknown = Reflect.apply(listener, this.#emitter, payload)
        if (answer instanceof Promise) answer.catch((error: unknown) => warn(name, error))
      } catch (error) {
        warn(name, error)
      }
    }
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
        const { run, place, attempt } = notice
        const taskId = run.definition.tasks[place]?.id ?? ''
        return [taskOf(notice, error), taskFailed({ id: run.id, taskId, thrown: run.thrown }, place, attempt, error)]
      }
      case 'task:started':
      case 'task:completed':
      case 'task:skipped':
      case 'task:cancelled':
        return [taskOf(notice)]
    }
  }

  /** The execution as it was when it began, whenever that is heard. */
  #started({ run, at }: Notice): WorkflowExecution {
    const tasks = run.definition.tasks.map(() => [0, 0, 0, 0])
    return run.seenAs(JSON.stringify({ status: 'running', startedAt: at, endedAt: 0, tasks, notes: {} }))
  }

  #errorInfo({ run, place, attempt }: Notice): TaskErrorInfo {
    const text = this.#dispatcher().engine.failure(run.slot, place, attempt)
    return (
      errorInfo(text === null ? undefined : (JSON.parse(text) as TaskErrorInfo)) ?? {
        code: 'ERR_INTERNAL',
        message: 'the failure was not recorded',
      }
    )
  }

  #listenedKinds(): number {
    let kinds = 0
    for (const name of EVENT_NAMES) if (this.#emitter.listenerCount(name) > 0) kinds |= 1 << KINDS[name]
    return kinds
  }
}

/** Tells an event from every other. */
function keyOf({ name, notice: { run, place, attempt } }: Delivery): string {
  return `${run.id} ${place} ${attempt} ${name}`
}

export function isEventName(name: string | symbol): name is EventName {
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
  const cause = of.thrown?.has(key) === true && info.code !== 'ERR_TIMEOUT' ? of.thrown.get(key) : rebuilt(info, options)
  const attempts = attempt === 1 ? '' : ` in attempt ${attempt}`
  const message = `task \`${taskId}\` failed${attempts}: ${info.message}`
  return new TaskFailedError('ERR_TASK_FAILED', message, {
    ...options,
    cause,
    details: { attempts: attempt, code: info.code },
    ...(execution && { execution }),
  })
}

/** An error that was only recorded, as an error again. */
function rebuilt({ code, message, details }: TaskErrorInfo, options: { executionId: string; taskId: string }): Error {
  if (code.startsWith('ERR_') && code !== 'ERR_AGENT') {
    const known = errorOf(code, message, { ...options, ...(details && { details }) })
    const issues = details?.['issues']
    // Its message lists the issues already.
    if (known.code === code && Array.isArray(issues))
      return Object.assign(new ValidationError(known.code, '', issues as Issue[], { ...options, details }), { message })
    if (known.code === code) return known
  }
  const error = Object.assign(new Error(message), { code })
  if (typeof details?.['name'] === 'string') error.name = details['name']
  if (typeof details?.['stack'] === 'string') error.stack = details['stack']
  return error
}

function eventOf(kind: number, attempt: number, first: number): EventName | undefined {
  switch (kind) {
    case Kind.accepted:
      return 'workflow:started'
    case Kind.run:
      // Later attempts, and the first one again after an interruption, belong to a task that has been announced.
      return attempt === 1 && first === 0 ? 'task:started' : undefined
    case Kind.ended:
      return END_EVENTS[first] || undefined
    case Kind.retrying:
      return 'task:retrying'
    case Kind.completed:
      return 'task:completed'
    case Kind.failed:
      return 'task:failed'
    case Kind.skipped:
      return 'task:skipped'
    case Kind.cancelled:
      return 'task:cancelled'
    default:
      return undefined
  }
}

function taskOf({ kind, run, place, attempt, first, second, at }: Notice, error?: TaskErrorInfo): TaskExecution {
  const { id: taskId, agentId } = run.definition.tasks[place] ?? { id: '', agentId: '' }
  const base = { taskId, executionId: run.id, agentId, attempts: attempt }
  const output = run.outputs[place]
  if (kind === Kind.run) return { ...base, status: 'running', startTime: dateOf(at) }
  if (kind === Kind.skipped) return { ...base, status: 'skipped', reason: SKIP_REASONS[first] ?? '', endTime: dateOf(at) }
  if (kind === Kind.cancelled) return { ...base, status: 'cancelled', reason: CANCEL_REASONS[first] ?? '', endTime: dateOf(at) }
  const measured = { startTime: dateOf(first), endTime: dateOf(second), duration: (second - first) / 1000 }
  if (kind === Kind.completed)
    return { ...base, status: 'completed', ...measured, ...(output !== undefined && { result: copyJson(output) }) }
  return { ...base, status: kind === Kind.failed ? 'failed' : 'waiting', ...measured, ...(error && { error }) }
}

function warn(name: string, cause: unknown): void {
  const message = `a listener of '${name}' failed: ${messageOf(cause)}`
  process.emitWarning(new OrchestratorError('ERR_LISTENER', message, { cause }))
}
