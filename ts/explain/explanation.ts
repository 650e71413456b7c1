// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What Rust tells of an execution that has not ended becomes its explanation; see `runtime::explain`.

import type { ExecutionStatus, WorkflowExecution } from '../api/execution.js'
import type { Explanation, TaskExplanation, TaskHold, WaitsFor } from '../api/explanation.js'
import { dateOf } from '../base/clock.js'
import type { CallWait } from '../models/calls.js'
import { callFor } from './calls.js'
import { summaryOf, summaryOfEnd } from './summary.js'

/** As Rust writes it; instants are microseconds. */
export interface ExplanationText {
  readonly status: ExecutionStatus
  readonly deadline: readonly [at: number, by: 'deadline' | 'budget'] | null
  readonly tasks: readonly { readonly task: string; readonly holds: readonly HoldText[] }[]
}

interface HoldText {
  readonly kind: string
  readonly since: number | null
  readonly until: number | null
  readonly [more: string]: unknown
}

/** What this side knows beside it. */
export interface Beside {
  /** What an execution that is not taken up needs and does not have. */
  readonly missing: readonly string[]
  /** Why the store takes nothing. */
  readonly obstacle?: readonly [name: string, since: number, why: string] | undefined
  /** What an attempt waits for, by the number of its task, and when it last gave a sign. */
  attempt(instance: number): AttemptSigns | undefined
  /** The path of the store, where the way out is to open it. */
  readonly store?: string | undefined
}

/** What an attempt under way shows. */
export interface AttemptSigns {
  /** In microseconds; 0 if it has not. */
  readonly lastSign: number
  /** What its calls of models wait for; empty if it has none. */
  readonly calls: readonly CallWait[]
}

export function explanationOf(executionId: string, { status, deadline, tasks }: ExplanationText, beside: Beside): Explanation {
  const explained = tasks.map(({ task, holds }) => taskOf(executionId, task, holds, beside))
  return {
    executionId,
    status,
    summary: summaryOf(executionId, status, explained),
    ...(deadline !== null && { deadline: { at: dateOf(deadline[0]), by: deadline[1] } }),
    tasks: explained,
  }
}

/** Of one that has ended, or cannot be read. */
export function explanationOfEnd(execution: WorkflowExecution): Explanation {
  return { executionId: execution.id, status: execution.status, summary: summaryOfEnd(execution), tasks: [] }
}

function taskOf(executionId: string, taskId: string, holds: readonly HoldText[], beside: Beside): TaskExplanation {
  const { obstacle } = beside
  const all = holds.flatMap((hold) => holdsOf(hold, beside))
  if (obstacle !== undefined) {
    const [alert, since, message] = obstacle
    all.unshift({ kind: 'store', since, until: null, alert, message })
  }
  const [first, ...afterwards] = all.map((hold) => holdOf(executionId, taskId, hold, beside)) as [TaskHold, ...TaskHold[]]
  return { taskId, ...first, ...(afterwards.length > 0 && { afterwards }) }
}

/** An attempt all of whose calls of models wait is held by that first. */
function holdsOf(hold: HoldText, beside: Beside): HoldText[] {
  if (hold.kind !== 'attempt') return [hold]
  const signs = beside.attempt(hold['instance'] as number)
  if (signs === undefined) return [hold]
  const { calls, lastSign } = signs
  const at = { ...hold, lastSign, models: calls.filter(({ kind }) => kind === 'answer').map(nameOf) }
  if (calls.length === 0 || calls.some(({ kind }) => kind === 'answer')) return [at]
  // The one that goes on first leads on.
  const first = calls.toSorted((one, other) => (one.until ?? Infinity) - (other.until ?? Infinity))[0] as CallWait
  const kind = first.kind === 'retry' ? 'modelRetry' : 'modelLimit'
  const until = Math.min(first.until ?? Infinity, hold.until ?? Infinity)
  return [{ kind, since: first.since, until: until === Infinity ? null : until, model: nameOf(first), what: first.what }, at]
}

function nameOf({ provider, model }: CallWait): string {
  return `${provider}/${model}`
}

function holdOf(executionId: string, taskId: string, hold: HoldText, beside: Beside): TaskHold {
  const waitsFor = waitOf(taskId, hold, beside)
  const call = callFor(executionId, waitsFor, beside.store)
  return {
    waitsFor,
    ...(hold.since !== null && { since: dateOf(hold.since) }),
    ...(hold.until !== null && { until: dateOf(hold.until) }),
    ...(call !== undefined && { call }),
  }
}

/** The fields of each kind, as they are told; those that are not there are left out. */
function waitOf(taskId: string, { kind, since: _since, until: _until, ...told }: HoldText, { missing }: Beside): WaitsFor {
  const more = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null))
  switch (kind) {
    case 'signal': {
      const { name, path, schema } = more
      return { kind, signal: name as string, ...(path === true && { path: taskId }), ...(schema !== undefined && { schema }) }
    }
    case 'backoff': {
      const { attempt, error } = more as { attempt: number; error?: readonly [string, string] }
      return { kind, attempt, ...(error !== undefined && { error: { code: error[0], message: error[1] } }) }
    }
    case 'child':
      return { kind, executionId: more['id'] as string, attempt: more['attempt'] as number }
    case 'attempt': {
      const { attempt, agent, lastSign, models } = more as { attempt: number; agent: string; lastSign?: number; models?: string[] }
      const signed = lastSign !== undefined && lastSign > 0
      return {
        kind,
        attempt,
        agent,
        ...(signed && { lastSign: dateOf(lastSign) }),
        ...(models !== undefined && models.length > 0 && { models }),
      }
    }
    case 'place':
    case 'instance':
    case 'rateLimit': {
      const { of, ...rest } = more
      return { kind, ...rest, ...(of !== undefined && { type: of }) } as WaitsFor
    }
    case 'modelLimit':
      return { kind: 'rateLimit', model: more['model'] as string, limit: more['what'] as string }
    case 'modelRetry':
      return { kind, model: more['model'] as string }
    case 'admission':
      return { kind, by: [], ...more }
    case 'asleep':
      return missing.length > 0 ? { kind: 'agent', names: missing } : { kind: 'recovery' }
    default:
      return { kind, ...more } as WaitsFor
  }
}
