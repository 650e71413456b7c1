// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the engine reports, as the objects a caller reads. They are made when they are looked at: most executions never are.

import { inspect } from 'node:util'
import { dateOf, now } from './clock.js'
import type { Definition } from './definition.js'
import type { Json } from './json.js'
import { copyJson } from './task-input.js'
import type { ExecutionMetrics, ExecutionStatus, TaskErrorInfo, TaskExecution, TaskStatus, WorkflowExecution } from './workflow.js'

/** An execution as `runtime::report` writes it. */
export interface Report {
  readonly status: ExecutionStatus
  readonly startedAt: number
  readonly endedAt: number
  readonly failed?: number
  readonly reason?: string
  /** State, attempts, start, end. */
  readonly tasks: readonly (readonly [number, number, number, number])[]
  readonly notes: Readonly<Record<string, { reason?: string } & Partial<TaskErrorInfo>>>
}

const STATUSES: readonly TaskStatus[] = ['pending', 'waiting', 'running', 'completed', 'failed', 'skipped', 'cancelled']

class Execution {
  declare readonly id: string
  declare readonly workflowId: string;

  /** Getters show what they would give. */
  [inspect.custom](): object {
    return Object.assign({}, this)
  }
}

/** The execution whose report `read` gives, once, when it is first needed: at once, unless it is known to have completed. */
export function executionOf(
  id: string,
  definition: Definition,
  context: { readonly [key: string]: Json },
  outputs: readonly (Json | undefined)[],
  read: () => Report,
  completed: boolean,
): WorkflowExecution {
  const report = once(read)
  const tasks = once(() => definition.tasks.map((_, place) => taskOf(id, definition, outputs, report(), place)))
  const getters: Record<string, () => unknown> = {
    status: () => (completed ? 'completed' : report().status),
    startTime: once(() => dateOf(report().startedAt)),
    context: once(() => copyJson(context as Json)),
    tasks,
    results: once(() => resultsOf(definition, outputs, report())),
    metrics: once(() => metricsOf(report())),
  }
  const execution = new Execution()
  Object.assign(execution, { id, workflowId: definition.workflowId })
  for (const [name, get] of Object.entries(getters)) Object.defineProperty(execution, name, { get, enumerable: true })
  if (completed) {
    Object.defineProperty(execution, 'endTime', { get: once(() => dateOf(report().endedAt)), enumerable: true })
    return execution as unknown as WorkflowExecution
  }
  // These are there only where there is something to say.
  const { endedAt, failed, reason } = report()
  if (endedAt > 0) Object.defineProperty(execution, 'endTime', { value: dateOf(endedAt), enumerable: true })
  if (failed !== undefined)
    Object.defineProperty(execution, 'error', { value: executionError(definition, report(), failed), enumerable: true })
  if (reason !== undefined) Object.defineProperty(execution, 'reason', { value: reason, enumerable: true })
  return execution as unknown as WorkflowExecution
}

/** The failure in a note of a report. */
export function errorInfo(note: Partial<TaskErrorInfo> | undefined): TaskErrorInfo | undefined {
  if (note?.code === undefined) return undefined
  const { code, message = '', details } = note
  return details === undefined ? { code, message } : { code, message, details }
}

function taskOf(id: string, definition: Definition, outputs: readonly (Json | undefined)[], report: Report, place: number): TaskExecution {
  const [state = 0, attempts = 0, start = 0, end = 0] = report.tasks[place] ?? []
  const { id: taskId, agentId } = definition.tasks[place] ?? { id: '', agentId: '' }
  const status = STATUSES[state] ?? 'pending'
  const note = report.notes[place]
  const error = errorInfo(note)
  const output = outputs[place]
  return {
    taskId,
    executionId: id,
    agentId,
    status,
    ...(note?.reason !== undefined && { reason: note.reason }),
    ...(start > 0 && { startTime: dateOf(start) }),
    ...(end > 0 && { endTime: dateOf(end) }),
    ...(start > 0 && end > 0 && { duration: (end - start) / 1000 }),
    ...(status === 'completed' && output !== undefined && { result: copyJson(output) }),
    ...(error !== undefined && { error }),
    attempts,
  }
}

function resultsOf(definition: Definition, outputs: readonly (Json | undefined)[], report: Report): Record<string, unknown> {
  const results: Record<string, unknown> = {}
  definition.tasks.forEach((task, place) => {
    const output = outputs[place]
    if (report.tasks[place]?.[0] === 3 && output !== undefined) results[task.id] = copyJson(output)
  })
  return results
}

function metricsOf(report: Report): ExecutionMetrics {
  const count = (state: TaskStatus): number => report.tasks.filter(([code]) => STATUSES[code] === state).length
  return {
    duration: ((report.endedAt > 0 ? report.endedAt : now()) - report.startedAt) / 1000,
    tasks: {
      total: report.tasks.length,
      completed: count('completed'),
      failed: count('failed'),
      skipped: count('skipped'),
      cancelled: count('cancelled'),
    },
    attempts: report.tasks.reduce((sum, [, attempts]) => sum + attempts, 0),
  }
}

function executionError(definition: Definition, report: Report, failed: number): WorkflowExecution['error'] {
  const error = errorInfo(report.notes[failed]) ?? { code: 'ERR_INTERNAL', message: 'the failure was not recorded' }
  return { ...error, taskId: definition.tasks[failed]?.id ?? '' }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}
