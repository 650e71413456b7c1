// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a tool is: to whoever writes one, and to whoever calls it.

import type { Duration } from '../api/duration.js'
import type { OrchestratorError } from '../api/errors.js'
import type { Json } from '../json/json.js'
import type { SchemaOutput } from '../api/schema.js'

/** A function that agents and models may call by name. */
export interface ToolDefinition<S = unknown> {
  /** Up to 64 letters, digits, `_` and `-`, which every provider of models accepts. */
  name: string
  /** Its purpose and when to use it: models choose by this. */
  description: string
  /** The schema of the arguments, an object: a zod schema, another Standard Schema with a JSON Schema form, or raw JSON Schema. */
  parameters: S
  /**
   * Runs the tool. Called only with arguments that `parameters` accepts, as it parsed them. Returns JSON data, or a promise of it. An error is sent to the
   * model, which may try something else.
   */
  execute(args: ToolArguments<S>, ctx: ToolContext): unknown
  /** The longest one call may take; then its signal aborts. Default: the time of the task. */
  timeout?: Duration | undefined
  /**
   * Whether a call that had begun, and whose result is not on record, may be made again, under the same `idempotencyKey`. `false`: a `hybrid` tells its model that
   * the outcome is unknown. Default true.
   */
  repeatable?: boolean | undefined
}

/** The arguments as the schema parses them; unknown for raw JSON Schema. */
export type ToolArguments<S> = SchemaOutput<S, Record<string, unknown>>

/** The second argument of a tool. */
export interface ToolContext {
  /** Aborts when the result is no longer wanted, or the time is up. */
  readonly signal: AbortSignal
  /** The model's id of this call. */
  readonly toolCallId?: string | undefined
  /** The same whenever the same call is repeated, for tools whose effect must happen once. */
  readonly idempotencyKey?: string | undefined
}

/** A tool that can be called. */
export interface Tool {
  readonly name: string
  readonly description: string
  /** JSON Schema of an object. */
  readonly parameters: object
  /** Whether a call whose outcome is unknown may be made again; absent: yes. */
  readonly repeatable?: boolean
  /** Never rejects, except with the reason of the signal once that is aborted. */
  call(args: unknown, ctx: CallContext): Promise<ToolResult>
}

/** Who calls, as far as a tool may know. */
export interface CallContext {
  readonly signal: AbortSignal
  /** The model's id of this call. */
  readonly id?: string | undefined
  readonly idempotencyKey?: string | undefined
  /** The span that the call is part of; servers are told it. */
  readonly traceparent?: string | undefined
}

/** What came of a call. If it `isError`, `result` tells the model why, and `error` is the same for programs. */
export type ToolResult =
  | { readonly result: Json; readonly isError: false }
  | { readonly result: Json; readonly isError: true; readonly error: OrchestratorError }
