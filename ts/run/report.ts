// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the engine reports, as the objects a caller reads. They are made when they are looked at: most executions never are.

import { inspect } from 'node:util'
import { dateOf, type Clock } from '../base/clock.js'
import type { Definition, StoredTask } from '../definition/definition.js'
import type { Json } from '../json/json.js'
import { copyJson } from '../json/copy.js'
import { modelCallOf, resourceUsageOf, spentBy, type ModelBrief, type ModelSums } from '../models/account.js'
import type { ExecutionMetrics, ExecutionStatus, TaskErrorInfo, TaskExecution, TaskStatus, WorkflowExecution } from '../api/execution.js'
import type { RunOptions } from './options.js'
import type { TakenSteps } from '../steps/steps.js'

/** An execution as `runtime::report` writes it. */
export interface Report {
  readonly status: ExecutionStatus
  readonly startedAt: number
  readonly endedAt: number
  /** The instance whose failure reached it, and the failure. */
  readonly failed?: number
  readonly error?: TaskErrorInfo
  /** Whether it may go otherwise when it runs anew, though it failed; whether something in it can be undone, since it completed. */
  readonly mayPassAnew?: boolean
  readonly undoable?: boolean
  readonly reason?: string
  /** State, attempts, start and end in microseconds since `startedAt`. */
  readonly tasks: readonly (readonly [number, number, number | null, number | null])[]
  readonly notes: Readonly<
    Record<string, { reason?: string; tolerated?: boolean; cached?: boolean; degraded?: boolean } & Partial<TaskErrorInfo>>
  >
  /** What models have cost, in all and by instance; absent where none was used. */
  readonly spent?: ModelSums
  readonly usage?: Readonly<Record<string, ModelSums>>
  /** The calls of models by instance, each with the attempt that made it. */
  readonly models?: Readonly<Record<string, readonly (readonly [number, ModelBrief])[]>>
  /** The steps of tasks that did not complete, by path; absent where there are none. */
  readonly steps?: Readonly<Record<string, TakenSteps>>
  /** Place in the plan, path, pass, owner, and the definition of a spawned task, or 0 if the instance is forgotten. */
  readonly instances?: readonly (readonly [number, string, number | null, number | null, (StoredTask | 0)?])[]
  readonly results?: Readonly<Record<string, Json>>
  readonly outputs?: Readonly<Record<string, Json>>
}

/** What the end of an execution means for the one whose task it is. */
export interface Ending {
  readonly mayPassAnew: boolean
  readonly undoable: boolean
}

export function endingOf(report: Report | undefined): Ending {
  return { mayPassAnew: report?.mayPassAnew === true, undoable: report?.undoable === true }
}

/** What an execution is, beside what its report tells. */
interface Subject {
  readonly id: string
  readonly definition: Definition
  readonly context: { readonly [key: string]: Json }
  /** Results by instance, as far as they are at hand. */
  readonly outputs: readonly (Json | undefined)[]
  readonly options: RunOptions
  /** By which it still runs if it has not ended. */
  readonly clock: Clock
}

const STATUSES: readonly TaskStatus[] = ['pending', 'waiting', 'running', 'completed', 'failed', 'skipped', 'cancelled']

/** A key that is no field of an execution: neither shown nor copied. */
const SEEN: unique symbol = Symbol('seen')

class Execution {
  declare readonly [SEEN]: Seen
  declare readonly id: string
  declare readonly workflowId: string

  constructor(seen: Seen) {
    Object.defineProperty(this, SEEN, { value: seen })
    this.id = seen.subject.id
    this.workflowId = seen.subject.definition.workflowId
  }

  /** Getters show what they would give. */
  [inspect.custom](): object {
    return Object.assign({}, this)
  }
}

/** What an execution is made from, and what of it was made: most are never looked at. */
class Seen {
  readonly subject: Subject
  /** Its status, where no report need be read for that. */
  readonly known: 'running' | 'completed' | undefined
  readonly #read: () => Report
  #report: Report | undefined
  #made: Partial<Record<string, unknown>> | undefined

  constructor(subject: Subject, read: () => Report, known: 'running' | 'completed' | undefined) {
    this.subject = subject
    this.known = known
    this.#read = read
  }

  get report(): Report {
    return (this.#report ??= this.#read())
  }

  /** The same each time. */
  once(name: string, make: (seen: Seen) => unknown): unknown {
    const made = (this.#made ??= {})
    return (made[name] ??= make(this))
  }
}

/** A field that is made when it is looked at. Each is one function for all executions, so that they are of one shape to V8. */
function lazy(name: string, make: (seen: Seen) => unknown): [string, PropertyDescriptor] {
  const get = function (this: Execution): unknown {
    return this[SEEN].once(name, make)
  }
  return [name, { get, enumerable: true }]
}

const STATUS: [string, PropertyDescriptor] = [
  'status',
  {
    get(this: Execution): ExecutionStatus {
      return this[SEEN].known ?? this[SEEN].report.status
    },
    enumerable: true,
  },
]
const FIELDS = [
  STATUS,
  lazy('startTime', ({ report }) => dateOf(report.startedAt)),
  lazy('context', ({ subject }) => copyJson(subject.context as Json)),
  lazy('tasks', ({ subject, report }) => tasksOf(subject, report)),
  lazy('results', ({ subject, report }) => resultsOf(subject, report)),
  lazy('metrics', ({ subject, report }) => metricsOf(report, subject.clock)),
] as const
const END_TIME = lazy('endTime', ({ report }) => dateOf(report.endedAt))

/** The execution whose report `read` gives, once, when it is first needed: at once, unless its status is `known`. */
export function executionOf(subject: Subject, read: () => Report, known?: 'running' | 'completed'): WorkflowExecution {
  const seen = new Seen(subject, read, known)
  const execution = new Execution(seen)
  for (const [name, field] of FIELDS) Object.defineProperty(execution, name, field)
  const { options } = subject
  for (const field of OF_OPTIONS)
    if (options[field] !== undefined) Object.defineProperty(execution, field, { value: options[field], enumerable: true })
  const { schedule } = options
  if (schedule !== undefined)
    Object.defineProperty(execution, 'schedule', { get: () => ({ id: schedule.id, at: new Date(schedule.at) }), enumerable: true })
  if (known === 'completed') Object.defineProperty(execution, ...END_TIME)
  if (known !== undefined) return execution as unknown as WorkflowExecution
  // These are there only where there is something to say.
  const { endedAt, error, reason } = seen.report
  if (endedAt > 0) Object.defineProperty(execution, 'endTime', { value: dateOf(endedAt), enumerable: true })
  if (error !== undefined)
    Object.defineProperty(execution, 'error', { value: executionError(subject, seen.report, error), enumerable: true })
  if (reason !== undefined) Object.defineProperty(execution, 'reason', { value: reason, enumerable: true })
  return execution as unknown as WorkflowExecution
}

/** The steps that a retry of an execution goes on from, by path. */
export function stepsLeft(execution: WorkflowExecution): Readonly<Record<string, TakenSteps>> {
  return (execution as unknown as Execution)[SEEN].report.steps ?? {}
}

const OF_OPTIONS = ['forkedFrom', 'tenant', 'parent', 'traceparent'] as const

/** The failure in a note of a report. */
export function errorInfo(note: Partial<TaskErrorInfo> | undefined): TaskErrorInfo | undefined {
  if (note?.code === undefined) return undefined
  const { code, message = '', details } = note
  return details === undefined ? { code, message } : { code, message, details }
}

/** Each instance with its address, but for those whose loop has forgotten them. */
function* instancesOf(
  { definition }: Subject,
  report: Report,
): Iterable<{ instance: number; path: string; agentId: string; iteration?: number }> {
  for (const instance of report.tasks.keys()) {
    const row = report.instances?.[instance]
    const added = row?.[4]
    if (added === 0) continue
    const task = definition.tasks[row?.[0] ?? instance]
    const spawned = added?.['agentId']
    const agentId = typeof spawned === 'string' ? spawned : (task?.agentId ?? '')
    const iteration = row?.[2] ?? undefined
    yield { instance, path: row?.[1] ?? task?.id ?? '', agentId, ...(iteration !== undefined && { iteration }) }
  }
}

function tasksOf(subject: Subject, report: Report): TaskExecution[] {
  return [...instancesOf(subject, report)].map(({ instance, path, agentId, iteration }) => {
    const [state = 0, attempts = 0, start = null, end = null] = report.tasks[instance] ?? []
    const status = STATUSES[state] ?? 'pending'
    const note = report.notes[instance]
    const error = errorInfo(note)
    const output = outputOf(subject, report, instance)
    const sums = report.usage?.[instance]
    const calls = report.models?.[instance]
    return {
      taskId: path,
      executionId: subject.id,
      agentId,
      status,
      ...(iteration !== undefined && { iteration }),
      ...(note?.reason !== undefined && { reason: note.reason }),
      ...(start !== null && { startTime: dateOf(report.startedAt + start) }),
      ...(end !== null && { endTime: dateOf(report.startedAt + end) }),
      ...(start !== null && end !== null && { duration: (end - start) / 1000 }),
      ...(status === 'completed' && output !== undefined && { result: copyJson(output) }),
      ...(error !== undefined && { error }),
      ...(note?.tolerated === true && { tolerated: true }),
      ...(note?.cached === true && { cached: true }),
      ...(note?.degraded === true && { degraded: true }),
      attempts,
      ...(sums !== undefined && spentBy(sums)),
      ...(calls !== undefined && { models: calls.map(([by, call]) => modelCallOf(by, call)) }),
    }
  })
}

/** The results of a run that has not ended, by instance, as far as they are at hand. */
export function outputsOf({ outputs }: Pick<Subject, 'outputs'>, report: Report): Record<string, Json> {
  if (report.outputs !== undefined) return report.outputs
  const completed = [...report.tasks.entries()].filter(([, [state]]) => STATUSES[state] === 'completed')
  return Object.fromEntries(completed.flatMap(([place]) => (outputs[place] === undefined ? [] : [[place, outputs[place]]])))
}

function outputOf({ outputs }: Subject, report: Report, instance: number): Json | undefined {
  return report.outputs === undefined ? outputs[instance] : report.outputs[instance]
}

function resultsOf(subject: Subject, report: Report): Record<string, unknown> {
  if (report.results !== undefined) return copyJson(report.results) as Record<string, unknown>
  const results: Record<string, unknown> = {}
  subject.definition.tasks.slice(0, subject.definition.rootCount).forEach((task, place) => {
    const output = subject.outputs[place]
    if (report.tasks[place]?.[0] === 3 && output !== undefined) results[task.id] = copyJson(output)
    else if (report.notes[place]?.tolerated === true) results[task.id] = null
  })
  return results
}

function metricsOf(report: Report, clock: Clock): ExecutionMetrics {
  const count = (state: TaskStatus): number => report.tasks.filter(([code]) => STATUSES[code] === state).length
  return {
    duration: ((report.endedAt > 0 ? report.endedAt : clock.now()) - report.startedAt) / 1000,
    tasks: {
      total: report.tasks.length,
      completed: count('completed'),
      failed: count('failed'),
      skipped: count('skipped'),
      cancelled: count('cancelled'),
    },
    attempts: report.tasks.reduce((sum, [, attempts]) => sum + attempts, 0),
    resourceUsage: resourceUsageOf(report.spent ?? {}),
  }
}

function executionError(subject: Subject, report: Report, recorded: TaskErrorInfo): WorkflowExecution['error'] {
  const error = errorInfo(recorded) ?? { code: 'ERR_INTERNAL', message: 'the failure was not recorded' }
  const instances = [...instancesOf(subject, report)]
  const failed = instances.find(({ instance }) => instance === report.failed)
  const compensation = instances
    .filter(({ instance, path }) => path.endsWith('!compensate') && report.tasks[instance]?.[0] === 4)
    .map(({ instance, path }) => ({ taskId: path, ...(errorInfo(report.notes[instance]) ?? error) }))
  return { ...error, taskId: failed?.path ?? '', ...(compensation.length > 0 && { compensation }) }
}

/** Makes it when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}
