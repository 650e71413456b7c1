// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of an agent: what it is given, what it may do, and how a type of agents is registered.

import type { Duration } from './duration.js'
import type { ModelCalls } from './models.js'
import type { Recorded, SchemaOutput } from './schema.js'
import type { AgentTask, TaskType } from './task.js'

/** A context of which nothing is known. */
// oxlint-disable-next-line typescript/no-explicit-any -- what an agent gets is the author's own data
export type AnyContext = { [key: string]: any }

/** What an agent is given of its task itself. */
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
 * What an agent is given: the task's own fields, and what led to it. Everything in it is the agent's to change.
 *
 * An agent may say what it reads: `Context` is the schema of its workflow's context (`typeof schema`) or what that gives, `Dependencies` what tasks give by
 * id. `defineWorkflow` checks that its tasks are given that.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- as above
export interface TaskInput<Context = AnyContext, Dependencies = Record<string, any>> extends TaskFields {
  /** The execution's context, and the results of the task's dependencies by id. */
  readonly context: (Context extends { readonly '~standard': unknown } ? Recorded<SchemaOutput<Context>> : Context) & {
    dependencies: Dependencies
  }
}

/** What else an agent may use during one attempt. */
export interface AttemptContext {
  /** Aborts when the attempt should stop; `signal.reason.code` says why. Ignoring it is allowed for 5 s, then the attempt is given up. */
  readonly signal: AbortSignal
  /** From 1. */
  readonly attempt: number
  /** Equal across attempts, restarts and machines: makes an effect in another system happen once. */
  readonly idempotencyKey: string
  /** What the result must be, if the task has an `outputSchema`: a Standard Schema to give to a model as `schema`; in a worker thread a JSON Schema. */
  readonly outputSchema: unknown
  /**
   * Asks models on the account of this task: what is chosen and used is recorded, its budgets pay, its `retryPolicy` counts, and calls end with the
   * attempt. Not in a worker thread.
   */
  readonly models: ModelCalls
  /** A sign of life, for `heartbeatTimeout`; what it is given is announced as by `emit`. */
  heartbeat(progress?: unknown): void
  /** Announces `task:progress` with `data`. It is not recorded. */
  emit(data: unknown): void
  /**
   * Adds a task to the execution: a call of an agent, or a child workflow. Resolves with its output, which is what its `outputSchema` makes of it, or what a
   * workflow gives that `defineWorkflow` was given. A failure that nobody catches is the
   * attempt's own (`ERR_SPAWN_FAILED`). A later attempt that spawns the same task gets the same one. If the attempt is told to stop
   * meanwhile, awaiting it rejects with `signal.reason`. Once the attempt is over nothing is added, and awaiting it rejects.
   */
  spawn<S = undefined, W = undefined>(task: AgentTask & { outputSchema?: S; workflow?: W }): PromiseLike<SpawnedResult<S, W>>
}

/** What a task gives that an attempt has added: what its schema makes of it, or what its workflow is known to give. */
export type SpawnedResult<S, W> = W extends { readonly '~types'?: infer T }
  ? NonNullable<T> extends { readonly results: infer R }
    ? R
    : Recorded<SchemaOutput<S>>
  : Recorded<SchemaOutput<S>>

/** Whoever does the work of a task. */
export interface Agent {
  /** Does it. The result is recorded as JSON data. Throw to fail; an error with `retryable: false` is not tried again. */
  execute(task: TaskInput, context: AttemptContext): unknown
  /** Asked every `agents.healthCheckInterval`. `false`, a throw, or no answer in time: it is given no new work, and replaced. */
  healthCheck?(): boolean | Promise<boolean>
  /** Called once when it is not needed any more. */
  dispose?(): unknown
}

/** How agents of a type are made: here, or each in a worker thread of its own. */
export type AgentType = InlineAgentType | WorkerAgentType

/** How many instances of a type there are, and what each may do. */
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
  /** Makes an instance, with the configuration of the agent it is of. One that throws is tried again after a while. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the registrant's own configuration
  create(config: any): Agent | Promise<Agent>
}

/** Agents that run in worker threads, so that none can block, crash or outlive what others do. `docs/agents.md` says what crosses. */
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
  /** What tasks name it by. */
  id: string
  /** A registered type. */
  type: string
  /** What it can do: tasks find it by what they require. */
  capabilities?: readonly string[] | undefined
  /** Given to `create`; to that of an isolated type as JSON data. */
  configuration?: object | undefined
  /** Attempts of all its instances at once, at least 1. Default: as many as its type has places. */
  maxConcurrency?: number | undefined
  /** Attempts that may begin within a time. */
  rateLimit?: RateLimit | undefined
}

/** A function that does the work of a task: the agent of a type that keeps nothing between tasks. */
// Written as a method, so that one whose `task` is narrower than any task is one as well.
export type AgentFunction = { execute(task: TaskInput, context: AttemptContext): unknown }['execute']

/** What may stand for an agent: a function, a type of agents, or an agent of another type, such as `{ type: 'llm', configuration: { … } }`. */
export type AgentForm = AgentFunction | CallableFunction | AgentType | Omit<AgentRegistration, 'id'>

/** Agents by the name that tasks call each by. */
export type Agents = Readonly<Record<string, AgentForm>>
