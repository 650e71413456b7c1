// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Every error a caller can meet. One class for each thing a caller would do differently; one code for each thing that can be wrong.

import type { Issue } from './issue.js'
import type { WorkflowExecution } from './execution.js'

/** The stable names of all errors. */
export type ErrorCode =
  | 'ERR_VALIDATION'
  | 'ERR_CONFIG'
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_NOT_JSON'
  | 'ERR_TOO_LARGE'
  | 'ERR_INPUT_SCHEMA'
  | 'ERR_BAD_CURSOR'
  | 'ERR_AGENT_NOT_FOUND'
  | 'ERR_AGENT_TYPE_NOT_FOUND'
  | 'ERR_EXECUTION_NOT_FOUND'
  | 'ERR_INSIGHT_NOT_FOUND'
  | 'ERR_AGENT_EXISTS'
  | 'ERR_DEFINITION_CHANGED'
  | 'ERR_SCHEDULE_CHANGED'
  | 'ERR_CANCELLED'
  | 'ERR_SIBLING_FAILED'
  | 'ERR_JOIN_SATISFIED'
  | 'ERR_JOIN_UNREACHABLE'
  | 'ERR_DEADLINE'
  | 'ERR_BUDGET'
  | 'ERR_JOURNAL_LIMIT'
  | 'ERR_TOTAL_TIMEOUT'
  | 'ERR_HEARTBEAT_TIMEOUT'
  | 'ERR_WAIT_TIMEOUT'
  | 'ERR_POISONED'
  | 'ERR_LOOP_ITEMS'
  | 'ERR_LOOP_LIMIT'
  | 'ERR_LOOP_NOT_ARRAY'
  | 'ERR_NO_BRANCH'
  | 'ERR_CONDITION'
  | 'ERR_CONDITION_NOT_BOOLEAN'
  | 'ERR_EXPRESSION'
  | 'ERR_TEMPLATE'
  | 'ERR_FUNCTION_NOT_FOUND'
  | 'ERR_OUTPUT_SCHEMA'
  | 'ERR_MAX_STEPS'
  | 'ERR_SPAWN_FAILED'
  | 'ERR_SPAWN_CHANGED'
  | 'ERR_STEP_CHANGED'
  | 'ERR_STEP_NESTED'
  | 'ERR_STEP_REPEATED'
  | 'ERR_AMBIGUOUS_SIGNAL'
  | 'ERR_UNKNOWN_SIGNAL'
  | 'ERR_SIGNAL_SCHEMA'
  | 'ERR_WORKFLOW_NOT_FOUND'
  | 'ERR_EXECUTION_EXISTS'
  | 'ERR_EXECUTION_ENDED'
  | 'ERR_NOT_MOVABLE'
  | 'ERR_EXECUTION_ACTIVE'
  | 'ERR_EXECUTION_NEEDED'
  | 'ERR_IDEMPOTENCY_MISMATCH'
  | 'ERR_TOO_DEEP'
  | 'ERR_SHUTDOWN'
  | 'ERR_TIMEOUT'
  | 'ERR_TASK_FAILED'
  | 'ERR_AGENT'
  | 'ERR_AGENT_INVALID'
  | 'ERR_AGENT_CREATE'
  | 'ERR_AGENT_LOST'
  | 'ERR_TOOL_EXISTS'
  | 'ERR_TOOL_NOT_FOUND'
  | 'ERR_TOOL_ARGUMENTS'
  | 'ERR_TOOL_RESULT'
  | 'ERR_TOOL_TIMEOUT'
  | 'ERR_TOOL_FAILED'
  | 'ERR_MCP_CONNECT'
  | 'ERR_MCP_LOST'
  | 'ERR_INTERRUPTED'
  | 'ERR_STORE_LOCKED'
  | 'ERR_STORE_BUSY'
  | 'ERR_STORE_OPEN'
  | 'ERR_STORE_CORRUPT'
  | 'ERR_STORE_FOREIGN'
  | 'ERR_STORE_NEWER'
  | 'ERR_STORE_OLDER'
  | 'ERR_STORE_READ'
  | 'ERR_STORE_FULL'
  | 'ERR_STORE_REPLACED'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_OUTCOME_UNKNOWN'
  | 'ERR_CLOSED'
  | 'ERR_CRASHED'
  | 'ERR_NOT_DURABLE'
  | 'ERR_SCRIPT_ENDED'
  | 'ERR_STUCK'
  | 'ERR_MODEL'
  | 'ERR_MODEL_CUT'
  | 'ERR_MODEL_EMPTY'
  | 'ERR_MODEL_OUTPUT'
  | 'ERR_NO_MODEL'
  | 'ERR_PROVIDER_NOT_FOUND'
  | 'ERR_PROVIDER_EXISTS'
  | 'ERR_BUDGET_EXCEEDED'
  | 'ERR_LISTENER'
  | 'ERR_ADDON'
  | 'ERR_NOT_SUPPORTED'
  | 'ERR_NOT_ALLOWED'
  | 'ERR_INTERNAL'

/** The fields of an error beside its message. */
export interface ErrorOptions {
  /** The error that caused this one. */
  cause?: unknown
  /** Further data, such as figures and names. */
  details?: Readonly<Record<string, unknown>> | undefined
  /** Whether the same call may succeed later. Default false. */
  retryable?: boolean | undefined
  /** The execution it is about. */
  executionId?: string | undefined
  /** The task it is about. */
  taskId?: string | undefined
  /** The execution as it ended, on errors of `executeWorkflow` and `handle.result()`. */
  execution?: WorkflowExecution | undefined
}

const BRAND = Symbol.for('@codexos/multi-agent-orchestrator/error')

/** The base of every error this package makes. */
export class OrchestratorError extends Error {
  /** The stable name of the error. Messages may change, codes do not. */
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>
  readonly retryable: boolean
  declare readonly executionId?: string
  declare readonly taskId?: string
  declare readonly execution?: WorkflowExecution

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options && options.cause !== undefined ? { cause: options.cause } : undefined)
    this.code = code
    this.details = options.details ?? {}
    this.retryable = options.retryable ?? false
    if (options.executionId !== undefined) this.executionId = options.executionId
    if (options.taskId !== undefined) this.taskId = options.taskId
    // Not enumerable: a logged error should not print a whole execution.
    if (options.execution !== undefined) Object.defineProperty(this, 'execution', { value: options.execution })
    Object.defineProperty(this, 'name', { value: new.target.name, configurable: true })
    Object.defineProperty(this, BRAND, { value: new.target.name })
  }

  /** Returns whether `error` is an `OrchestratorError`, even of another copy of this package. */
  static isInstance(error: unknown): error is OrchestratorError {
    try {
      return typeof error === 'object' && error !== null && BRAND in error
    } catch {
      // A Proxy that throws is none.
      return false
    }
  }
}

/** An argument is invalid. `issues` has every problem with its path. */
export class ValidationError extends OrchestratorError {
  readonly issues: readonly Issue[]

  constructor(code: ErrorCode, what: string, issues: readonly Issue[], options: ErrorOptions = {}) {
    super(code, listed(what, issues), options)
    this.issues = issues
  }
}

/** The named thing does not exist. */
export class NotFoundError extends OrchestratorError {}

/** The call conflicts with something that exists. */
export class ConflictError extends OrchestratorError {}

/** The caller cancelled it, or another task made it pointless. */
export class CancelledError extends OrchestratorError {}

/** A time limit passed. */
export class TimeoutError extends OrchestratorError {}

/** A task failed for good. `cause` is the error that its agent threw in the last attempt. */
export class TaskFailedError extends OrchestratorError {}

/** An agent could not be created, or broke a rule for agents. */
export class AgentError extends OrchestratorError {}

/**
 * A model gave no usable answer. `details.attempts` has every request, `details.class` the kind of failure, `details.partialText` the text that had
 * arrived. For an answer that was cut (`ERR_MODEL_CUT`), empty (`ERR_MODEL_EMPTY`) or withheld (class `content`)
 * `details` has `finishReason`, the rest (`partial`), `usage`, `cost`, and the `limit` that cut it.
 */
export class ModelError extends OrchestratorError {}

/** A tool could not be called, or failed; or a server of tools could not be reached. `details` names them. */
export class ToolError extends OrchestratorError {}

/** The store could not be opened, read or written. */
export class StoreError extends OrchestratorError {}

/** The orchestrator has been shut down. */
export class ClosedError extends OrchestratorError {}

/** A bug in this package. */
export class InternalError extends OrchestratorError {}

type PlainErrorClass = new (code: ErrorCode, message: string, options?: ErrorOptions) => OrchestratorError

/** The class of each code, so that an error that crossed from Rust or came out of a journal gets its own again. */
const CLASSES: Record<ErrorCode, PlainErrorClass> = {
  ERR_VALIDATION: OrchestratorError,
  ERR_CONFIG: OrchestratorError,
  ERR_INVALID_ARGUMENT: OrchestratorError,
  ERR_NOT_JSON: OrchestratorError,
  ERR_TOO_LARGE: OrchestratorError,
  ERR_INPUT_SCHEMA: OrchestratorError,
  ERR_BAD_CURSOR: OrchestratorError,
  ERR_AGENT_NOT_FOUND: NotFoundError,
  ERR_AGENT_TYPE_NOT_FOUND: NotFoundError,
  ERR_EXECUTION_NOT_FOUND: NotFoundError,
  ERR_INSIGHT_NOT_FOUND: NotFoundError,
  ERR_AGENT_EXISTS: ConflictError,
  ERR_DEFINITION_CHANGED: ConflictError,
  ERR_SCHEDULE_CHANGED: ConflictError,
  ERR_CANCELLED: CancelledError,
  ERR_SIBLING_FAILED: CancelledError,
  ERR_JOIN_SATISFIED: CancelledError,
  ERR_JOIN_UNREACHABLE: TaskFailedError,
  ERR_DEADLINE: TimeoutError,
  ERR_BUDGET: TaskFailedError,
  ERR_JOURNAL_LIMIT: TaskFailedError,
  ERR_TOTAL_TIMEOUT: TimeoutError,
  ERR_HEARTBEAT_TIMEOUT: TimeoutError,
  ERR_WAIT_TIMEOUT: TimeoutError,
  ERR_POISONED: TaskFailedError,
  ERR_LOOP_ITEMS: TaskFailedError,
  ERR_LOOP_LIMIT: TaskFailedError,
  ERR_LOOP_NOT_ARRAY: TaskFailedError,
  ERR_NO_BRANCH: TaskFailedError,
  ERR_CONDITION: TaskFailedError,
  ERR_CONDITION_NOT_BOOLEAN: TaskFailedError,
  ERR_EXPRESSION: TaskFailedError,
  ERR_TEMPLATE: TaskFailedError,
  ERR_FUNCTION_NOT_FOUND: NotFoundError,
  ERR_OUTPUT_SCHEMA: OrchestratorError,
  ERR_MAX_STEPS: TaskFailedError,
  ERR_SPAWN_FAILED: TaskFailedError,
  ERR_SPAWN_CHANGED: ConflictError,
  ERR_STEP_CHANGED: ConflictError,
  ERR_STEP_NESTED: AgentError,
  ERR_STEP_REPEATED: AgentError,
  ERR_AMBIGUOUS_SIGNAL: ConflictError,
  ERR_UNKNOWN_SIGNAL: NotFoundError,
  ERR_SIGNAL_SCHEMA: OrchestratorError,
  ERR_WORKFLOW_NOT_FOUND: NotFoundError,
  ERR_EXECUTION_EXISTS: ConflictError,
  ERR_EXECUTION_ENDED: ConflictError,
  ERR_NOT_MOVABLE: ConflictError,
  ERR_EXECUTION_ACTIVE: ConflictError,
  ERR_EXECUTION_NEEDED: ConflictError,
  ERR_IDEMPOTENCY_MISMATCH: ConflictError,
  ERR_TOO_DEEP: TaskFailedError,
  ERR_SHUTDOWN: CancelledError,
  ERR_TIMEOUT: TimeoutError,
  ERR_TASK_FAILED: TaskFailedError,
  ERR_AGENT: AgentError,
  ERR_AGENT_INVALID: AgentError,
  ERR_AGENT_CREATE: AgentError,
  ERR_AGENT_LOST: AgentError,
  ERR_TOOL_EXISTS: ConflictError,
  ERR_TOOL_NOT_FOUND: ToolError,
  ERR_TOOL_ARGUMENTS: ToolError,
  ERR_TOOL_RESULT: ToolError,
  ERR_TOOL_TIMEOUT: ToolError,
  ERR_TOOL_FAILED: ToolError,
  ERR_MCP_CONNECT: ToolError,
  ERR_MCP_LOST: ToolError,
  ERR_INTERRUPTED: CancelledError,
  ERR_STORE_LOCKED: StoreError,
  ERR_STORE_BUSY: StoreError,
  ERR_STORE_OPEN: StoreError,
  ERR_STORE_CORRUPT: StoreError,
  ERR_STORE_FOREIGN: StoreError,
  ERR_STORE_NEWER: StoreError,
  ERR_STORE_OLDER: StoreError,
  ERR_STORE_READ: StoreError,
  ERR_STORE_FULL: StoreError,
  ERR_STORE_REPLACED: StoreError,
  ERR_STORE_UNAVAILABLE: StoreError,
  ERR_OUTCOME_UNKNOWN: StoreError,
  ERR_CLOSED: ClosedError,
  ERR_CRASHED: ClosedError,
  ERR_NOT_DURABLE: StoreError,
  ERR_SCRIPT_ENDED: AgentError,
  ERR_STUCK: TimeoutError,
  ERR_MODEL: ModelError,
  ERR_MODEL_CUT: ModelError,
  ERR_MODEL_EMPTY: ModelError,
  ERR_MODEL_OUTPUT: ModelError,
  ERR_NO_MODEL: ModelError,
  ERR_PROVIDER_NOT_FOUND: NotFoundError,
  ERR_PROVIDER_EXISTS: ConflictError,
  ERR_BUDGET_EXCEEDED: ModelError,
  ERR_LISTENER: OrchestratorError,
  ERR_ADDON: OrchestratorError,
  ERR_NOT_SUPPORTED: OrchestratorError,
  ERR_NOT_ALLOWED: AgentError,
  ERR_INTERNAL: InternalError,
}

/** The error of a code, in its own class. An unknown code is a mistake of this package. */
export function errorOf(code: string, message: string, options: ErrorOptions = {}): OrchestratorError {
  const Class = Object.hasOwn(CLASSES, code) ? CLASSES[code as ErrorCode] : InternalError
  return new Class(Object.hasOwn(CLASSES, code) ? (code as ErrorCode) : 'ERR_INTERNAL', message, options)
}

const LISTED_MAX = 10

function listed(what: string, issues: readonly Issue[]): string {
  const lines = issues.slice(0, LISTED_MAX).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
  const more = issues.length > LISTED_MAX ? [`and ${issues.length - LISTED_MAX} more`] : []
  const [first, ...others] = [...lines, ...more]
  return others.length === 0 ? `${what}: ${first ?? 'unknown problem'}` : `${what}:\n  ${[first, ...others].join('\n  ')}`
}

/** What was thrown, as an error with a code. */
export function codedError(thrown: unknown): OrchestratorError {
  if (thrown instanceof Error && 'code' in thrown) return thrown as OrchestratorError
  return errorOf('ERR_INTERNAL', String(thrown), { cause: thrown })
}

/** What calls hear that are under way when the store fails with `error`: of a file that is not the store's any more, only that is known. */
export function pendingError(error: OrchestratorError): OrchestratorError {
  if (error.code !== 'ERR_STORE_REPLACED') return error
  return errorOf('ERR_OUTCOME_UNKNOWN', `what was asked for may be on record or not: ${error.message}`, { cause: error })
}
