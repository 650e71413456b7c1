// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is heard of a task. Where there are listeners there are two for each task, so that one is written field by field (spreads of parts took thirty times
// as long), and the copy of a result is put off until it is looked at, unless copying it costs less than that.

import { inspect } from 'node:util'
import { dateOf } from '../base/clock.js'
import { errorInfo } from '../run/report.js'
import type { Json } from '../json/json.js'
import { copyJson } from '../json/copy.js'
import { spentBy, type ModelSums } from '../models/account.js'
import { ExecutionKind, type Engine, type ExecutionEffect } from '../boundary/native.js'
import type { Run } from '../run/run.js'
import type { TaskErrorInfo, TaskExecution, TaskStatus } from '../api/execution.js'
import type { ExecutionEventName } from '../api/events.js'

/** What has been recorded of tasks. */
export type RecordedValues = Pick<Engine, 'output' | 'degraded' | 'spent'>

/** What the engine has recorded of a run. */
export interface Notice {
  readonly run: Run
  readonly effect: ExecutionEffect
}

const SKIP_REASONS = ['', 'upstream_failed', 'upstream_skipped', 'condition_false', 'branch_not_taken', 'rule_not_met']
const CANCEL_REASONS = ['', 'sibling_failed', 'cancelled', 'join_satisfied', 'deadline', 'budget', 'timeout']
const PASS_ENDS = ['running', 'completed', 'failed', 'cancelled'] as const

/** Written in the order in which it is shown. */
class TaskEvent implements TaskExecution {
  declare readonly taskId: string
  declare readonly executionId: string
  declare readonly agentId: string
  declare readonly attempts: number
  declare iteration?: number
  declare readonly status: TaskStatus
  declare reason?: string
  declare cached?: boolean
  declare startTime?: Date
  declare endTime?: Date
  declare duration?: number
  declare result?: unknown
  declare degraded?: boolean
  declare error?: TaskErrorInfo
  #output: Json | undefined

  static {
    // Written as a method, its computed name could not be declared in isolation. Getters show what they would give.
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: TaskEvent): object {
        return Object.assign({}, this)
      },
    })
  }

  constructor({ run, effect }: Notice, status: TaskStatus, iteration: number | undefined = run.iteration(effect.task)) {
    const { task: place } = effect
    this.taskId = run.path(place)
    this.executionId = run.id
    this.agentId = run.task(place).agentId
    this.attempts = effect.attempt
    if (iteration !== undefined) this.iteration = iteration
    this.status = status
  }

  /** Has a result: a copy of this. */
  has(output: Json): void {
    if (isFlat(output)) {
      this.result = copyJson(output)
      return
    }
    this.#output = output
    Object.defineProperty(this, 'result', TaskEvent.#lazy)
  }

  /** The same two functions for every event, so that all of them are of one shape to V8. */
  static readonly #lazy: PropertyDescriptor = {
    get(this: TaskEvent): unknown {
      const copy = copyJson(this.#output ?? null)
      this.#settle(copy)
      return copy
    },
    set(this: TaskEvent, value: unknown): void {
      this.#settle(value)
    },
    enumerable: true,
    configurable: true,
  }

  /** From now on it is a field like the others. */
  #settle(value: unknown): void {
    this.#output = undefined
    Object.defineProperty(this, 'result', { value, writable: true, enumerable: true, configurable: true })
  }
}

const FLAT_MEMBERS_MAX = 16

/** Whether a copy takes a few words, however long its texts are. */
function isFlat(output: Json): boolean {
  if (typeof output !== 'object' || output === null) return true
  if (Array.isArray(output)) return false
  let members = 0
  for (const key in output) {
    members += 1
    const member = output[key]
    if (members > FLAT_MEMBERS_MAX || (typeof member === 'object' && member !== null)) return false
  }
  return true
}

/** The task of a notice as it is announced by the event `name`. `error`: why it failed. */
export function taskEvent(told: Notice, name: ExecutionEventName, engine: RecordedValues, error?: TaskErrorInfo): TaskExecution {
  const { effect } = told
  const notice = { run: told.run.asOf(effect.number), effect }
  const { kind } = effect
  if (kind === ExecutionKind.run || name === 'task:started') return begun(notice, 'running')
  if (kind === ExecutionKind.waiting) return begun(notice, 'waiting')
  if (kind === ExecutionKind.completed) return completed(notice, engine)
  if (kind === ExecutionKind.failed || kind === ExecutionKind.retrying) return failed(notice, engine, error)
  const event =
    kind === ExecutionKind.iterated
      ? new TaskEvent(notice, PASS_ENDS[effect.outcome] ?? 'running', effect.pass)
      : new TaskEvent(notice, ENDS[kind] ?? 'completed')
  if (kind === ExecutionKind.skipped) event.reason = SKIP_REASONS[effect.reason] ?? ''
  if (kind === ExecutionKind.cancelled) event.reason = CANCEL_REASONS[effect.reason] ?? ''
  if (kind === ExecutionKind.reused) event.cached = true
  event.endTime = dateOf(effect.at)
  if (kind === ExecutionKind.reused) addResult(event, notice, engine)
  return event
}

const ENDS: Partial<Record<number, TaskStatus>> = {
  [ExecutionKind.skipped]: 'skipped',
  [ExecutionKind.cancelled]: 'cancelled',
  [ExecutionKind.reused]: 'completed',
}

function begun(notice: Notice, status: 'running' | 'waiting'): TaskEvent {
  const event = new TaskEvent(notice, status)
  event.startTime = dateOf(notice.effect.at)
  return event
}

function completed(notice: Notice, engine: RecordedValues): TaskEvent {
  const event = new TaskEvent(notice, 'completed')
  measure(event, notice)
  addResult(event, notice, engine)
  const { run, effect } = notice
  const { task: place } = effect
  if (run.task(place).hasFallback) Object.assign(event, degradedOf(run, place, engine))
  if (run.execution !== undefined || run.asksModels) Object.assign(event, usageOf(run, place, engine))
  return event
}

/** One that failed, or that another attempt follows. */
function failed(notice: Notice, engine: RecordedValues, error: TaskErrorInfo | undefined): TaskEvent {
  const event = new TaskEvent(notice, notice.effect.kind === ExecutionKind.failed ? 'failed' : 'waiting')
  measure(event, notice)
  if (error !== undefined) event.error = error
  return notice.effect.kind === ExecutionKind.failed ? Object.assign(event, usageOf(notice.run, notice.effect.task, engine)) : event
}

function measure(event: TaskEvent, { effect: { start, end } }: Notice): void {
  event.startTime = dateOf(start)
  event.endTime = dateOf(end)
  event.duration = (end - start) / 1000
}

function addResult(event: TaskEvent, { run, effect }: Notice, engine: RecordedValues): void {
  const { task: place } = effect
  const output = run.outputs[place]
  if (output !== undefined) return event.has(output)
  if (run.definition.opaque) return
  const seen = run.ended(place)
  // What the caller of the execution has is theirs to change, and the engine may have let go of its own by the time this is looked at.
  if (seen !== undefined) event.result = copyJson((seen.result ?? null) as Json)
  else event.result = JSON.parse(engine.output(run.slot, place)) as unknown
}

/** Whether something stood in for the task, and why. */
function degradedOf(run: Run, place: number, engine: RecordedValues): Pick<TaskExecution, 'degraded' | 'error'> {
  const seen = run.ended(place)
  if (seen !== undefined) return seen.degraded === true && seen.error !== undefined ? { degraded: true, error: seen.error } : {}
  const text = engine.degraded(run.slot, place)
  const error = text === null ? undefined : errorInfo(JSON.parse(text) as TaskErrorInfo)
  return error === undefined ? {} : { degraded: true, error }
}

/** What models have cost the task, if it has asked any. */
function usageOf(run: Run, place: number, engine: RecordedValues): Pick<TaskExecution, 'usage' | 'cost' | 'finishReason'> {
  const seen = run.ended(place)
  if (seen !== undefined) {
    const { usage, cost = 0, finishReason } = seen
    return usage === undefined ? {} : { usage, cost, ...(finishReason !== undefined && { finishReason }) }
  }
  if (!run.asksModels) return {}
  const sums = JSON.parse(engine.spent(run.slot, place)) as ModelSums
  return sums.calls === undefined ? {} : spentBy(sums)
}
