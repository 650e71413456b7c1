// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of an agent: what it is given, what it may do, and how a type of agents is registered.

import type { Duration } from './duration.js'
import type { ModelCalls } from './models.js'
import type { Recorded, SchemaOutput } from './schema.js'
import type { AgentTask, TaskType } from './task.js'

/** An untyped context. */
// oxlint-disable-next-line typescript/no-explicit-any -- what an agent gets is the author's own data
export type AnyContext = { [key: string]: any }

/** The fields of a task that its agent receives. */
export interface TaskFields {
  readonly id: string
  readonly name: string
  readonly agentId: string
  readonly type: TaskType
  readonly executionId: string
  /** From 1. */
  readonly attempt: number
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly input: { prompt?: string; data?: any }
}

/**
 * The first argument of an agent: the task and its context. The agent may change it; it is a copy.
 *
 * An agent may declare what it reads: `Context` is the schema of its workflow's context (`typeof schema`) or the parsed type, `Dependencies` the results of
 * tasks by id. `defineWorkflow` checks that its tasks provide them.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export interface TaskInput<Context = AnyContext, Dependencies = Record<string, any>> extends TaskFields {
  /** The execution's context, and the results of the task's dependencies by id. */
  readonly context: (Context extends { readonly '~standard': unknown } ? Recorded<SchemaOutput<Context>> : Context) & {
    dependencies: Dependencies
  }
}

/** The second argument of an agent: what it may use during one attempt. */
export interface AttemptContext {
  /** Aborts when the attempt must stop; `signal.reason.code` says why. An agent that goes on is logged after 1 s, and its attempt is given up after 5 s. */
  readonly signal: AbortSignal
  /** From 1. */
  readonly attempt: number
  /** The same across attempts, restarts and machines: pass it to other systems, so that an effect happens once. */
  readonly idempotencyKey: string
  /**
   * The W3C `traceparent` of this attempt, to pass to other systems; models are told it. `undefined` if executions are not traced. With a provider of
   * `@opentelemetry/api` what it instruments joins by itself, but in a worker thread.
   */
  readonly traceparent?: string | undefined
  /** The `outputSchema` of the task, as a Standard Schema to pass to a model as `schema`; in a worker thread a JSON Schema. */
  readonly outputSchema: unknown
  /**
   * Calls models on the account of this task: choices and usage are recorded, its budgets and `retryPolicy` apply, and calls end with the attempt.
   * Not available in a worker thread.
   */
  readonly models: ModelCalls
  /** Resets `heartbeatTimeout`; announces `progress`, if given, as `emit` does. */
  heartbeat(progress?: unknown): void
  /** Announces `task:progress` with `data`. It is not recorded. */
  emit(data: unknown): void
  /**
   * Takes a step: calls `fn`, commits its JSON value, then resolves with it. Whatever ends the attempt (a crash, a shutdown, a failure), a later attempt of
   * the task, `retryExecution` included, gets the recorded value and `fn` is not called. A name stands once in an attempt (`ERR_STEP_REPEATED`: number it).
   * `input`, if given, must be the same again (`ERR_STEP_CHANGED`). Steps do not nest (`ERR_STEP_NESTED`). A `fn` that fails leaves nothing on record.
   */
  step<T>(name: string, fn: () => T, options?: { input?: unknown }): Promise<Awaited<T>>
  /**
   * Adds a task to the execution: a call of an agent, or a child workflow. Resolves with its output, typed by its `outputSchema` or by a workflow of
   * `defineWorkflow`. A failure that the agent does not catch fails the attempt (`ERR_SPAWN_FAILED`). A later attempt that spawns the same task gets the
   * same one. If the attempt must stop
   * meanwhile, awaiting it rejects with `signal.reason`. Once the attempt is over nothing is added, and awaiting it rejects.
   */
  spawn<S = undefined, W = undefined>(task: AgentTask & { outputSchema?: S; workflow?: W }): PromiseLike<SpawnedResult<S, W>>
}

/** The result of a spawned task: the output of its schema, or the results of its typed workflow. */
export type SpawnedResult<S, W> = W extends { readonly '~types'?: infer T }
  ? NonNullable<T> extends { readonly results: infer R }
    ? R
    : Recorded<SchemaOutput<S>>
  : Recorded<SchemaOutput<S>>

/** Does the work of a task. */
export interface Agent {
  /**
   * Does the task and returns its result, or a promise of it. The result is recorded as JSON data, as `JSON.stringify` writes it: `undefined` becomes
   * `null`, a `Date` an ISO string, an instance of a class its plain fields. A value that JSON would lose, such as a `Map`, fails with `ERR_NOT_JSON`.
   * Throw to fail; an error with `retryable: false` is not retried.
   */
  execute(task: TaskInput, context: AttemptContext): unknown
  /** Called every `agents.healthCheckInterval`. If it returns `false`, throws or is late, the pool gives the instance no new work and replaces it. */
  healthCheck?(): boolean | Promise<boolean>
  /** Called once, when the instance is no longer needed. */
  dispose?(): unknown
}

/** How agents of a type are made: here, or each in a worker thread of its own. */
export type AgentType = InlineAgentType | WorkerAgentType

/** The number of instances of a type, and the load of each. */
export interface AgentTypeLimits {
  /** Attempts that one instance runs at once, at least 1. Default 1. */
  maxConcurrency?: number | undefined
  /** Instances from the first task on. Default: `agents.minAgents`. */
  minAgents?: number | undefined
  /** Instances at most, over all agents of the type, at least 1. Default: `agents.maxAgents`. */
  maxAgents?: number | undefined
  /** The last `slots` of its `maxAgents × maxConcurrency` places go to tasks of at least this priority, and to clean-up. Default: none are kept. */
  reserve?: { slots: number; priority: number } | undefined
}

/** Agents that run on the thread that registers them. */
export interface InlineAgentType extends AgentTypeLimits {
  isolation?: 'inline' | undefined
  /** Returns a new instance for the configuration of an agent. If it throws, the pool tries again after a while. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the registrant's own configuration
  create(config: any): Agent | Promise<Agent>
}

/** Agents that each run in a worker thread, so that none can block or crash the process. `docs/agents.md` says which data can cross. */
export interface WorkerAgentType extends AgentTypeLimits {
  isolation: 'worker'
  /** A file: URL or an absolute path. The module exports `create(config)`, as an inline type has it. */
  module: string | URL
  /** The heap of one worker in bytes, from 16 MiB. A worker that needs more ends with `ERR_AGENT_LOST`. Default: Node's own. */
  memoryLimit?: number | undefined
}

/** At most `limit` within any time of length `interval`. */
export interface RateLimit {
  limit: number
  interval: Duration
}

/** An agent with a configuration of its own. */
export interface AgentRegistration {
  /** The name that tasks use as `agentId`. */
  id: string
  /** A registered type. */
  type: string
  /** Capabilities, by which the `requires` of tasks finds it. */
  capabilities?: readonly string[] | undefined
  /** Passed to `create`; for an isolated type it must be JSON data. */
  configuration?: object | undefined
  /** Attempts of all its instances at once, at least 1. Default: as many as its type has places. */
  maxConcurrency?: number | undefined
  /** Attempts that may begin within a time. */
  rateLimit?: RateLimit | undefined
}

/** A function that does the work of a task and keeps no state between tasks. */
// Written as a method, so that one whose `task` is narrower than any task is one as well.
export type AgentFunction = { execute(task: TaskInput, context: AttemptContext): unknown }['execute']

/** An agent to register: a function, a type of agents, or an agent of another type, such as `{ type: 'llm', configuration: { … } }`. */
export type AgentForm = AgentFunction | CallableFunction | AgentType | Omit<AgentRegistration, 'id'>

/** Agents by name. */
export type Agents = Readonly<Record<string, AgentForm>>
