// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of a definition, as an author writes it. Numbers are milliseconds where they measure time; instants are `Date`.

import type { ConditionFunction } from '../definition/marks.js'
import type { Duration } from '../duration.js'
import type { AcceptedEnding, ModelBudget } from '../models/types.js'

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
  /**
   * `'continue'`: its failure stays its own, and its dependants see a completed task with output `null`; `{ continue: ['QUOTA'] }`: only one with such a
   * code or name, as in `retryPolicy.retryOn`. Default `'fail'`.
   */
  onError?: 'fail' | 'continue' | (string & {}) | { continue: readonly string[] } | undefined
  /**
   * Of a call or a wait: what stands in for it where it would have failed, its attempts being spent; a list is tried in order. The task then completes
   * with that output and is `degraded`. Not when it is cancelled or its execution's deadline passes.
   */
  fallback?: Fallback | readonly Fallback[] | undefined
  /** Default: one attempt. */
  retryPolicy?: RetryPolicy | undefined
  /** The longest one attempt may take, of a group all of it. Default `workflow.defaultTimeout` for calls of agents, else none. */
  timeout?: Duration | undefined
  /** The longest it may take from ready to end, waits left out. */
  totalTimeout?: Duration | undefined
  /** The longest an attempt may be without `ctx.heartbeat()`. */
  heartbeatTimeout?: Duration | undefined
  /**
   * Of a task of an `llm` or `hybrid` agent: which answers are taken as they are, though they were cut (`'length'`), withheld (`'content'`) or are `'empty'`.
   * Default: what its agent says, else `models.accept`, else none: they fail the task.
   */
  accept?: readonly AcceptedEnding[] | undefined
  /** Judges its output: as `input.schema` judges the input. `ERR_OUTPUT_SCHEMA`. */
  outputSchema?: unknown
  /** Keeps its output for other executions of its tenant and of what makes it; `true`: for ever, told apart by its rendered input. */
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
  /** What a failed pass does to a `forEach`; `'failAfter'`: the others go on, and then it fails with `ERR_LOOP_ITEMS`. Default `'fail'`. */
  onItemError?: 'fail' | 'failAfter' | 'collect' | 'skip' | (string & {}) | undefined
  /** What wanting more passes than `maxIterations` does: `'fail'` with `ERR_LOOP_LIMIT` (default), or `'stop'` the loop, which completes. */
  onLimit?: 'fail' | 'stop' | (string & {}) | undefined
  /** How many ended passes stay in view. Default: all. */
  keepLast?: number | undefined
}

/** What stands in for a task: an agent, called once with the task's own input or another, or a value as it is. */
export type Fallback = { agentId: string; input?: TaskInputDefinition | undefined } | { value: unknown }

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
