// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What crosses between the main thread and the worker of an agent. Values cross as JSON text, so that both sides see what JSON can say and
// nothing else; each side owns what it reads.

import type { MessagePort } from 'node:worker_threads'
import { OrchestratorError } from '../../api/errors.js'
import { failureOf, type Failure } from '../../failure/failure.js'
import { restored } from '../../failure/restored.js'
import type { Json } from '../../json/json.js'

/** The first message, and the only one that comes by the worker's own port: code of the agent can reach that one, but not `port`. */
export interface Make {
  readonly port: MessagePort
  /** The URL of the agent's module. */
  readonly module: string
  readonly configuration: string
}

/** What the worker is told about a call, by the main thread's number of it, or about a spawned task, by the worker's number. */
export type Told =
  | {
      readonly kind: 'execute'
      readonly call: number
      readonly task: string
      readonly attempt: number
      readonly idempotencyKey: string
      readonly traceparent: string | undefined
      readonly outputSchema: string | null
      /** The steps on record. */
      readonly steps: string | null
      readonly maxValueBytes: number
    }
  | { readonly kind: 'abort'; readonly call: number; readonly reason: string }
  /** How a spawned task ended, for whoever waits for it. */
  | ({ readonly kind: 'spawned'; readonly call: number } & Outcome)
  /** That a step is on record, or why it cannot be. */
  | ({ readonly kind: 'recorded'; readonly call: number } & Outcome)
  | { readonly kind: 'check' | 'dispose'; readonly call: number }

/** What the worker answers. */
export type Answered =
  /** The agent is there; `checked` if it has a health check. */
  | { readonly kind: 'made'; readonly checked: boolean }
  /** It is not: its module could not be loaded, has no `create`, `create` failed, or what it returned is no agent. */
  | { readonly kind: 'unmade'; readonly at: 'module' | 'export' | 'create' | 'agent'; readonly failure: string }
  | ({ readonly kind: 'answered'; readonly call: number } & Outcome)
  /** The result is not JSON data; the issues say where. */
  | { readonly kind: 'refused'; readonly call: number; readonly issues: string }
  /** The abort has reached the agent: its event loop is not blocked. */
  | { readonly kind: 'heard' | 'heartbeat'; readonly call: number }
  | { readonly kind: 'progress'; readonly call: number; readonly data: string }
  /** A step gave its value; `step` is the worker's number of it. */
  | {
      readonly kind: 'step'
      readonly call: number
      readonly step: number
      readonly name: string
      readonly print: string | undefined
      readonly value: string | undefined
    }
  /** What steps on record gave is taken up. */
  | { readonly kind: 'goesOn'; readonly call: number }
  | { readonly kind: 'spawn'; readonly call: number; readonly spawn: number; readonly task: string }
  /** Somebody waits for a spawned task, so its failure is no longer the attempt's own. */
  | { readonly kind: 'awaited'; readonly call: number; readonly spawn: number }

/** How something ended: a value or a failure, as JSON text. */
export type Outcome = { readonly value: string } | { readonly failure: string }

/** A failure on its way, with what makes it one of our errors again. */
interface PackedFailure extends Failure {
  /** It is one of ours, whatever class it had there. */
  readonly ours: boolean
  readonly executionId?: string
  readonly taskId?: string
}

/** A thrown value as text. */
export function packFailure(thrown: unknown): string {
  const packed: PackedFailure = { ...failureOf(thrown), ...ownFields(thrown) }
  return JSON.stringify(packed)
}

function ownFields(thrown: unknown): Pick<PackedFailure, 'ours' | 'executionId' | 'taskId'> {
  try {
    if (!OrchestratorError.isInstance(thrown)) return { ours: false }
    const { executionId, taskId } = thrown
    return { ours: true, ...(executionId !== undefined && { executionId }), ...(taskId !== undefined && { taskId }) }
  } catch {
    // Even to ask a hostile value what it is may throw.
    return { ours: false }
  }
}

/** The error that says what a thrown value said: message, code, name, stack, causes, fields, `retryable`, `retryAfterMs` and issues. */
export function unpackFailure(text: string): Error {
  const { ours, code, message, retryable, retryAfterMs, executionId, taskId, details } = JSON.parse(text) as PackedFailure
  const error = restored({ code, message, details, retryable }, { executionId, taskId }, ours)
  const define = (field: string, value: Json | undefined, enumerable: boolean): void => {
    if (value !== undefined) Object.defineProperty(error, field, { value, enumerable, configurable: true, writable: true })
  }
  // What was thrown without a name or a stack gets none here.
  define('name', details.name ?? '', false)
  define('stack', details.stack ?? '', false)
  define('issues', details.issues, true)
  define('retryAfterMs', retryAfterMs, true)
  if (!ours) {
    define('code', details.code, true)
    if (!retryable) define('retryable', false, true)
  }
  return error
}
