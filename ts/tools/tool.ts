// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a tool is: to whoever writes one, and to whoever calls it.

import type { Duration } from '../api/duration.js'
import type { OrchestratorError } from '../api/errors.js'
import type { Json } from '../json/json.js'
import type { SchemaOutput } from '../api/schema.js'

/** A function that agents and models may call by name. */
export interface ToolDefinition<S = unknown> {
  /** Up to 64 letters, digits, `_` and `-`: what every provider of models takes. */
  name: string
  /** What it does, and when to use it: models choose by this. */
  description: string
  /** The arguments, which have names: a zod schema of an object, another Standard Schema that can be a JSON Schema, or raw JSON Schema. */
  parameters: S
  /**
   * Does it. Called only with arguments that `parameters` accepts, as it parsed them; what it returns, now or later, is JSON data. What it throws is told to
   * the model, which may try something else.
   */
  execute(args: ToolArguments<S>, ctx: ToolContext): unknown
  /** The longest one call may take; its signal is aborted then. Default: as long as the task has. */
  timeout?: Duration | undefined
}

/** What the schema makes of the arguments; of raw JSON Schema nothing is known. */
export type ToolArguments<S> = SchemaOutput<S, Record<string, unknown>>

/** What a tool is called with beside its arguments. */
export interface ToolContext {
  /** Aborted when the result is not wanted any more, or the time is up. */
  readonly signal: AbortSignal
  /** What the model calls this call by. */
  readonly toolCallId?: string | undefined
  /** The same whenever the same call is made again, for tools that do something only once. */
  readonly idempotencyKey?: string | undefined
}

/** A tool that can be called. */
export interface Tool {
  readonly name: string
  readonly description: string
  /** JSON Schema of an object. */
  readonly parameters: object
  /** Never rejects, except with the reason of the signal once that is aborted. */
  call(args: unknown, ctx: CallContext): Promise<ToolResult>
}

/** Who calls, as far as a tool may know. */
export interface CallContext {
  readonly signal: AbortSignal
  /** What the model calls this call by. */
  readonly id?: string | undefined
  readonly idempotencyKey?: string | undefined
}

/** What came of a call. If it `isError`, `result` tells the model why, and `error` is the same for programs. */
export type ToolResult =
  | { readonly result: Json; readonly isError: false }
  | { readonly result: Json; readonly isError: true; readonly error: OrchestratorError }
