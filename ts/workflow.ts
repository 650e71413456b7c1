// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes a caller writes and reads. Numbers are milliseconds where they measure time; instants are `Date`.

import type { ConditionFunction } from './definition/marks.js'
import type { Duration } from './duration.js'
import type { ResourceUsage } from './model-account.js'
import type { ModelBudget, ModelCalls, TokenUsage } from './models/types.js'

/** A workflow: tasks, and what each waits for. */
export interface AgentWorkflow {
  /** Names it. At most 256 bytes. */
  id: string
  /** For people. */
  name: string
  /** A changed definition needs another version while executions of the old one run. */
  version: string
  description?: string | undefined
  /** At least one; `workflow.maxTasks` counts those of every level. */
  tasks: readonly AgentTask[]
  /** For people and tools; it changes nothing. */
  metadata?:
    | { author?: string | undefined; created?: Date | string | undefined; tags?: readonly string[] | undefined; [key: string]: unknown }
    | undefined
  /** What a failure does to its neighbours: stops them (`'fail_fast'`, default), or lets independent tasks go on. */
  failurePolicy?: 'fail_fast' | 'continue' | (string & {}) | undefined
  /** When an execution must have ended: so long after its start, or an ISO instant with a zone. `ERR_DEADLINE`. */
  deadline?: Duration | undefined
  /** What one execution may use. `ERR_BUDGET`; of models `ERR_BUDGET_EXCEEDED`. */
  budget?: Budget | undefined
}

/** What one execution may use, its child workflows included. */
export interface Budget extends ModelBudget {
  /** Attempts of agents that may start. */
  tasks?: number | undefined
  /** Time from start to end. */
  time?: Duration | undefined
}

/** The kinds of task; any text for the compiler, which takes a word in an object of its own for no more than that. */
export type TaskType = 'sequential' | 'parallel' | 'conditional' | 'loop' | (string & {})

/**
 * One task: a call of an agent, a child workflow, a wait, or a group of tasks. `docs/workflows.md` says what each field means, and where.
 */
export interface AgentTask {
  /** Unique in the workflow. At most 256 bytes. */
  id: string
  /** For people. */
  name: string
  /** The id of a registered agent, or the name of a type, registered or built in. Where a provider of models is configured, `llm` does it if nobody is registered. */
  agentId?: string | undefined
  /** Instead of an agent: the id of a registered workflow, or a workflow as plain data. `input.data` is its context, its results the output. */
  workflow?: string | object | undefined
  /** Waits before it runs: for a signal or for time. Alone: the payload is the output. */
  waitFor?: WaitFor | undefined
  /** Makes it a group. */
  tasks?: readonly AgentTask[] | undefined
  /** Makes it a choice, with `type: 'conditional'`. */
  branches?: readonly Branch[] | undefined
  /** What a choice runs if no branch holds. */
  default?: readonly AgentTask[] | undefined
  /** Whether a choice takes the first branch that holds (default) or all of them. */
  mode?: 'first' | 'all' | (string & {}) | undefined
  /** What a choice without a branch does: it is skipped (default) or fails with `ERR_NO_BRANCH`. */
  onNoMatch?: 'skip' | 'fail' | (string & {}) | undefined
  /** How a loop goes on, with `type: 'loop'`. */
  loop?: Loop | undefined
  /** When a parallel group has ended. Default `'all'`. */
  join?: 'all' | 'settled' | 'any' | 'race' | (string & {}) | { quorum: number } | undefined
  /**
   * `'sequential'`: never runs at the same moment as another task written so. Without `dependencies` it follows its nearest earlier
   * sibling, or all of a run of parallel ones right before it. `'parallel'`: without `dependencies` it starts together with its parallel
   * neighbours, after the last sequential task. Default: sequential without `dependencies`, parallel with them.
   */
  type?: TaskType | undefined
  input?: TaskInputDefinition | undefined
  /** Ids of siblings that must end before. Given, even empty, it is the whole truth; absent, the order of declaration decides. */
  dependencies?: readonly string[] | undefined
  /** All must hold, or it is skipped; of a loop that nothing else drives: it goes on while they hold. Judged once. */
  conditions?: readonly Condition[] | undefined
  /** When it runs, given how its dependencies ended. Default `'none_failed_min_one_success'`, `'none_failed'` where order implies them. */
  triggerRule?: TriggerRule | undefined
  /** `'continue'`: its failure stays its own, and its dependants see a completed task with output `null`. Default `'fail'`. */
  onError?: 'fail' | 'continue' | (string & {}) | undefined
  /** Default: one attempt. */
  retryPolicy?: RetryPolicy | undefined
  /** The longest one attempt may take, of a group all of it. Default `workflow.defaultTimeout` for calls of agents, else none. */
  timeout?: Duration | undefined
  /** The longest it may take from ready to end, waits left out. */
  totalTimeout?: Duration | undefined
  /** The longest an attempt may be without `ctx.heartbeat()`. */
  heartbeatTimeout?: Duration | undefined
  /** Judges its output: as `input.schema` judges the input. `ERR_OUTPUT_SCHEMA`. */
  outputSchema?: unknown
  /** Keeps its output for other executions; `true`: for ever, told apart by its rendered input. */
  cache?: boolean | { key?: string | undefined; ttl?: Duration | undefined } | undefined
  /** Capabilities that its agent must have; without an `agentId`, any registered agent that has them will do. */
  requires?: readonly string[] | undefined
  /** Who has an agent first: a whole number from -1000 to 1000, higher first; that of the execution is added. Default 0. */
  priority?: number | undefined
  /** Tasks with the same one, once `{{ … }}` in it is filled in, go to the same instance of their agent where it has room. */
  affinity?: string | undefined
  /** What undoes it if the execution fails or is cancelled after it completed (or, `on: 'started'`, was started). */
  compensate?: Compensation | undefined
}

/** When a task runs, given how its dependencies ended. */
export type TriggerRule =
  | 'none_failed_min_one_success'
  | 'none_failed'
  | 'all_success'
  | 'all_failed'
  | 'all_done'
  | 'one_success'
  | 'one_failed'
  | (string & {})

/** A CEL expression, alone or in an object, or a function. Functions are known by name after a restart: see `registerWorkflow`. */
export type Condition = string | TaskCondition | ConditionFunction

/** A condition with what it is about. `evaluate` wins over `expression`. */
export interface TaskCondition {
  type?: 'dependency' | 'state' | 'custom' | (string & {}) | undefined
  expression?: string | undefined
  evaluate?: ConditionFunction | undefined
}

/** Waits for a signal (`ERR_WAIT_TIMEOUT` after `timeout`; `schema` judges its payload), or for time. */
export type WaitFor = { signal: string; timeout?: Duration | undefined; schema?: unknown } | { delay: Duration }

/** A branch of a choice. */
export interface Branch {
  /** Default: its place. */
  name?: string | undefined
  when: Condition
  tasks: readonly AgentTask[]
}

/** How a loop goes on: exactly one of `forEach`, `while`, `until`, or the task's `conditions`. */
export interface Loop {
  /** A list, or an expression that gives one. One pass for each item. */
  forEach?: readonly unknown[] | string | undefined
  /** Judged before each pass. */
  while?: Condition | readonly Condition[] | undefined
  /** Judged after each pass. */
  until?: Condition | readonly Condition[] | undefined
  /** Passes of a loop without `forEach`. Default 100. */
  maxIterations?: number | undefined
  /** Passes of a `forEach` at the same time. Default 1. */
  concurrency?: number | undefined
  /** What a failed pass does to a `forEach`. Default `'fail'`. */
  onItemError?: 'fail' | 'collect' | 'skip' | (string & {}) | undefined
  /** What wanting more passes than `maxIterations` does: `'fail'` with `ERR_LOOP_LIMIT` (default), or `'stop'` the loop, which completes. */
  onLimit?: 'fail' | 'stop' | (string & {}) | undefined
  /** How many ended passes stay in view. Default: all. */
  keepLast?: number | undefined
}

/** What undoes a task. */
export interface Compensation {
  agentId: string
  /** It may read the output of its own task. */
  input?: TaskInputDefinition | undefined
  on?: 'completed' | 'started' | (string & {}) | undefined
  retryPolicy?: RetryPolicy | undefined
  timeout?: Duration | undefined
}

/** What a task's agent is given. */
export interface TaskInputDefinition {
  /** A text for the agent; `{{ … }}` in it is filled in. */
  prompt?: string | undefined
  /** Any JSON data for the agent; `{{ … }}` in its texts is filled in, and a text that is nothing but one becomes the value itself. */
  data?: unknown
  /**
   * Judges `data` if there is any, else the execution's context, before the first attempt; what does not fit fails the task with
   * `ERR_INPUT_SCHEMA`. A zod schema, any Standard Schema, or a JSON Schema. Its parsed value replaces `data`.
   */
  schema?: unknown
}

/** When a failed attempt is tried again. */
export interface RetryPolicy {
  /** Attempts in all, the first included: 1 to 10,000. */
  maxAttempts: number
  /** How the wait grows: always `initialDelay`, × the attempt's number, or doubled each time. Default `'fixed'`. */
  backoffType?: 'fixed' | 'linear' | 'exponential' | (string & {}) | undefined
  /** The wait after the first failed attempt. Default 1 s. */
  initialDelay?: Duration | undefined
  /** The longest wait. Default: no limit. */
  maxDelay?: Duration | undefined
  /** The share of the wait that is left to chance, 0 to 1; `true` is 1. Default 0. */
  jitter?: number | boolean | undefined
  /** The codes and names of errors that are tried again. Default: every one but those with `retryable: false`. */
  retryOn?: readonly string[] | undefined
  /** No attempt starts later than this after the first. */
  maxElapsed?: Duration | undefined
}

export type ExecutionStatus = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'

export type TaskStatus = 'pending' | 'waiting' | 'running' | 'completed' | 'failed' | 'skipped' | 'cancelled'

/** One run of a workflow, as it is at one moment. */
export interface WorkflowExecution {
  readonly id: string
  readonly workflowId: string
  readonly status: ExecutionStatus
  readonly startTime: Date
  /** Once it has ended. */
  readonly endTime?: Date
  /** What it was given. */
  readonly context: Readonly<Record<string, unknown>>
  /** In the order of declaration. */
  readonly tasks: readonly TaskExecution[]
  /** The results of completed tasks by id. */
  readonly results: Readonly<Record<string, unknown>>
  readonly metrics: ExecutionMetrics
  /** Why it failed; `taskId` is empty for a deadline or a budget. `compensation`: what could not be undone. */
  readonly error?: TaskErrorInfo & {
    readonly taskId: string
    readonly compensation?: readonly (TaskErrorInfo & { readonly taskId: string })[]
  }
  /** Why it was cancelled, in the words of whoever did. */
  readonly reason?: string
  /** The execution it was forked from. */
  readonly forkedFrom?: string
  /** The execution and the task it is a child of. */
  readonly parent?: { readonly execution: string; readonly path: string }
  /** The schedule that began it, and the planned instant it stands for. */
  readonly schedule?: { readonly id: string; readonly at: Date }
  readonly tenant?: string
}

/** Figures of one execution. */
export interface ExecutionMetrics {
  /** Milliseconds from start to end, or so far. */
  readonly duration: number
  readonly tasks: {
    readonly total: number
    readonly completed: number
    readonly failed: number
    readonly skipped: number
    readonly cancelled: number
  }
  /** Attempts of all tasks. */
  readonly attempts: number
  readonly resourceUsage: ResourceUsage
}

/** One task of an execution, as it is at one moment. */
export interface TaskExecution {
  /** Its id, after the pass it belongs to: `outer[2].child`; `parent/id` if it was spawned. */
  readonly taskId: string
  readonly executionId: string
  readonly agentId: string
  readonly status: TaskStatus
  /**
   * Why it was skipped (`condition_false`, `branch_not_taken`, `upstream_skipped`, `upstream_failed`, `rule_not_met`) or cancelled
   * (`sibling_failed`, `join_satisfied`, `cancelled`, `deadline`, `budget`, `timeout`).
   */
  readonly reason?: string
  /** When its agent was first called. */
  readonly startTime?: Date
  readonly endTime?: Date
  /** Milliseconds from `startTime` to `endTime`, with a fraction. */
  readonly duration?: number
  /** What its agent returned, as JSON data. */
  readonly result?: unknown
  readonly error?: TaskErrorInfo
  /** Attempts that have begun. An attempt cut short by a crash runs again under the same number. */
  readonly attempts: number
  /** The pass of the nearest loop around it, from 0. */
  readonly iteration?: number
  /** Whether it failed without consequence. */
  readonly tolerated?: boolean
  /** Whether its output was taken over from another execution. */
  readonly cached?: boolean
  /** The tokens that its calls of models used, in all of its attempts. A child workflow has its own. */
  readonly usage?: TokenUsage
  /** What they cost, in US dollars. */
  readonly cost?: number
}

/** A failure as it is recorded. */
export interface TaskErrorInfo {
  readonly code: string
  readonly message: string
  /** The name of the error's class, its stack, the issues of a schema: what there was. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** What an agent is given: the task's own fields, and what led to it. Everything in it is the agent's to change. */
export interface TaskInput {
  readonly id: string
  readonly name: string
  readonly agentId: string
  readonly type: TaskType
  readonly executionId: string
  /** From 1. */
  readonly attempt: number
  // oxlint-disable-next-line typescript/no-explicit-any -- what an agent gets is the author's own data
  readonly input: { prompt?: string; data?: any }
  /** The execution's context, and the results of the task's dependencies by id. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
  readonly context: { [key: string]: any; dependencies: Record<string, any> }
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
   * Adds a task to the execution: a call of an agent, or a child workflow. Resolves with its output. A failure that nobody catches is the
   * attempt's own (`ERR_SPAWN_FAILED`). A later attempt that spawns the same task gets the same one. If the attempt is told to stop
   * meanwhile, awaiting it rejects with `signal.reason`.
   */
  spawn(task: AgentTask): PromiseLike<unknown>
}

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

/** Options of `executeWorkflow` and `startWorkflow`. */
export interface ExecuteOptions {
  /** Cancels the execution when it aborts; a call that joined another's execution is only detached. */
  signal?: AbortSignal | undefined
  /** When it must have ended: an instant, or so long from now. The workflow's own deadline may be earlier. */
  deadline?: Date | Duration | undefined
  /** What it may use; the workflow's own budget may be less. */
  budget?: Budget | undefined
  /** Pauses after each task, from the beginning. */
  step?: boolean | undefined
  /** Its id, instead of one that is made. `ERR_EXECUTION_EXISTS` if there is one. */
  executionId?: string | undefined
  /** Calls with the same key, for the same workflow and tenant, are one execution, until 24 h after its end. */
  idempotencyKey?: string | undefined
  /** What a call with the key of an execution that ended badly does: rejects like that one (`'join'`, default), or runs anew. */
  onFailed?: 'join' | 'rerun' | undefined
  /** On whose behalf it runs. Tenants share the places of `maxConcurrentWorkflows` according to their weights. */
  tenant?: string | undefined
  /** Who of a tenant has a place first: a whole number from -1000 to 1000, higher first, then who came first. Default 0. */
  priority?: number | undefined
  /** At most so many executions of one key and tenant run at once; the others wait. */
  concurrency?: ConcurrencyLimit | undefined
}

/** Executions that are counted together. */
export interface ConcurrencyLimit {
  /** 1 to 256 letters, such as the id of a customer. */
  key: string
  /** At least 1. The limit given last counts for all of the key. */
  limit: number
}

export interface CancelOptions {
  /** Stops clean-up tasks and compensation too. Default false. */
  force?: boolean | undefined
}

export interface ResumeOptions {
  /** Pauses again after the next task. Default false. */
  step?: boolean | undefined
}

export interface SignalOptions {
  /** The wait it is meant for, where several wait for signals of this name. */
  path?: string | undefined
}

/** Which executions `listExecutions` gives; what is absent does not matter. */
export interface ExecutionListFilter {
  workflowId?: string | undefined
  status?: ExecutionStatus | undefined
  /** Started at this instant or later. */
  since?: Date | undefined
  /** Started before this instant. */
  until?: Date | undefined
  /** 1 to 1,000. Default 50. */
  limit?: number | undefined
  /** From the page before. */
  cursor?: string | undefined
}

/** A page of executions, newest first. */
export interface ExecutionList {
  readonly executions: WorkflowExecution[]
  /** There if there are more. */
  readonly cursor?: string
}

/** What the orchestrator is doing now, and has done since it was opened. */
export interface OrchestratorStatistics {
  /** Executions that have not ended. */
  readonly activeWorkflows: number
  /** Those among them that wait for a place: for `maxConcurrentWorkflows`, or for others of their `concurrency.key`. */
  readonly queuedWorkflows: number
  /** Interrupted executions, and schedules, that wait for agents nobody has registered yet, by id with those agents. */
  readonly waitingForAgents: Readonly<Record<string, readonly string[]>>
  /** Their tasks that have neither ended nor begun an attempt. */
  readonly queuedTasks: number
  /** Their tasks with an attempt under way. */
  readonly runningTasks: number
  /** Agent instances that exist. */
  readonly agentPoolSize: number
  readonly completedTotal: number
  readonly failedTotal: number
  readonly cancelledTotal: number
  /** Answers that came after their attempt had been settled, and were dropped. */
  readonly lateResults: number
  /** How late the event loop is, or was when agents were at work last. */
  readonly eventLoopDelay: EventLoopDelayFigures
}

/**
 * How much later than asked for timers fire, in milliseconds, since agents began to be at work after a rest of at least a second. It is
 * looked at every 20 ms while they are.
 */
export interface EventLoopDelayFigures {
  readonly p50: number
  readonly p99: number
  readonly max: number
}
