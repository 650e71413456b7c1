// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of a task, as an author writes it.

import type { Duration } from './duration.js'
import type { AcceptedEnding } from './models.js'

/** A condition that is a function; it is given everything an expression could read there. */
// oxlint-disable-next-line typescript/no-explicit-any -- what it reads is the author's own data
export type ConditionFunction = (scope: any) => unknown

/**
 * What stands, for the compiler, beside the words that a field may have: any text in a definition that is plain data, since TypeScript takes a word in an
 * object of its own for no more than that; nothing in one that `defineWorkflow` is given.
 */
export type AnyWord = string & {}

/** The kinds of task. */
export type TaskType<Other extends string = AnyWord> = 'sequential' | 'parallel' | 'conditional' | 'loop' | Other

/**
 * One task: a call of an agent, a child workflow, a wait, or a group of tasks. `docs/workflows.md` says what each field means, and where.
 */
export interface AgentTask<Other extends string = AnyWord, AgentId extends string = string> {
  /** Unique in the workflow. At most 256 bytes. */
  id: string
  /** For people. Default: its id. */
  name?: string | undefined
  /** The id of a registered agent, or the name of a type, registered or built in. Where a provider of models is configured, `llm` does it if nobody is registered. */
  agentId?: AgentId | undefined
  /** Instead of an agent: the id of a registered workflow, or a workflow as plain data. `input.data` is its context, its results the output. */
  workflow?: string | object | undefined
  /** Waits before it runs: for a signal or for time. Alone: the payload is the output. */
  waitFor?: WaitFor<Other> | undefined
  /** Makes it a group. */
  tasks?: readonly AgentTask<Other, AgentId>[] | undefined
  /** Makes it a choice, with `type: 'conditional'`. */
  branches?: readonly Branch<Other, AgentId>[] | undefined
  /** What a choice runs if no branch holds. */
  default?: readonly AgentTask<Other, AgentId>[] | undefined
  /** Whether a choice takes the first branch that holds (default) or all of them. */
  mode?: 'first' | 'all' | Other | undefined
  /** What a choice without a branch does: it is skipped (default) or fails with `ERR_NO_BRANCH`. */
  onNoMatch?: 'skip' | 'fail' | Other | undefined
  /** How a loop goes on, with `type: 'loop'`. */
  loop?: Loop<Other> | undefined
  /** When a parallel group has ended. Default `'all'`. */
  join?: 'all' | 'settled' | 'any' | 'race' | Other | { quorum: number } | undefined
  /**
   * `'sequential'`: never runs at the same moment as another task written so. Without `dependencies` it follows its nearest earlier
   * sibling, or all of a run of parallel ones right before it. `'parallel'`: without `dependencies` it starts together with its parallel
   * neighbours, after the last sequential task. Default: sequential without `dependencies`, parallel with them.
   */
  type?: TaskType<Other> | undefined
  input?: TaskInputDefinition | undefined
  /** Ids of siblings that must end before. Given, even empty, it is the whole truth; absent, the order of declaration decides. */
  dependencies?: readonly string[] | undefined
  /** All must hold, or it is skipped; of a loop that nothing else drives: it goes on while they hold. Judged once. */
  conditions?: readonly Condition<Other>[] | undefined
  /** When it runs, given how its dependencies ended. Default `'none_failed_min_one_success'`, `'none_failed'` where order implies them. */
  triggerRule?: TriggerRule<Other> | undefined
  /**
   * `'continue'`: its failure stays its own, and its dependants see a completed task with output `null`; `{ continue: ['QUOTA'] }`: only one with such a
   * code or name, as in `retryPolicy.retryOn`. Default `'fail'`.
   */
  onError?: 'fail' | 'continue' | Other | { continue: readonly string[] } | undefined
  /**
   * Of a call or a wait: what stands in for it where it would have failed, its attempts being spent; a list is tried in order. The task then completes
   * with that output and is `degraded`. Not when it is cancelled or its execution's deadline passes.
   */
  fallback?: Fallback<AgentId> | readonly Fallback<AgentId>[] | undefined
  /** Default: one attempt. */
  retryPolicy?: RetryPolicy<Other> | undefined
  /** The longest one attempt may take, of a group all of it. Default `workflow.defaultTimeout` for calls of agents, else none. */
  timeout?: Duration<Other> | undefined
  /** The longest it may take from ready to end, waits left out. */
  totalTimeout?: Duration<Other> | undefined
  /** The longest an attempt may be without `ctx.heartbeat()`. */
  heartbeatTimeout?: Duration<Other> | undefined
  /**
   * Of a task of an `llm` or `hybrid` agent: which answers are taken as they are, though they were cut (`'length'`), withheld (`'content'`) or are `'empty'`.
   * Default: what its agent says, else `models.accept`, else none: they fail the task.
   */
  accept?: readonly AcceptedEnding[] | undefined
  /** Judges its output: as `input.schema` judges the input. `ERR_OUTPUT_SCHEMA`. */
  outputSchema?: unknown
  /** Keeps its output for other executions of its tenant and of what makes it; `true`: for ever, told apart by its rendered input. */
  cache?: boolean | { key?: string | undefined; ttl?: Duration<Other> | undefined } | undefined
  /** Capabilities that its agent must have; without an `agentId`, any registered agent that has them will do. */
  requires?: readonly string[] | undefined
  /** Who has an agent first: a whole number from -1000 to 1000, higher first; that of the execution is added. Default 0. */
  priority?: number | undefined
  /** Tasks with the same one, once `{{ … }}` in it is filled in, go to the same instance of their agent where it has room. */
  affinity?: string | undefined
  /** What undoes it if the execution fails or is cancelled after it completed (or, `on: 'started'`, was started). */
  compensate?: Compensation<Other, AgentId> | undefined
}

/** When a task runs, given how its dependencies ended. */
export type TriggerRule<Other extends string = AnyWord> =
  | 'none_failed_min_one_success'
  | 'none_failed'
  | 'all_success'
  | 'all_failed'
  | 'all_done'
  | 'one_success'
  | 'one_failed'
  | Other

/** An expression (a bounded subset of CEL: docs/workflows.md), alone or in an object, or a function. Functions are known by name after a restart: see `registerWorkflow`. */
export type Condition<Other extends string = AnyWord> = string | TaskCondition<Other> | ConditionFunction

/** A condition with what it is about. `evaluate` wins over `expression`. */
export interface TaskCondition<Other extends string = AnyWord> {
  type?: 'dependency' | 'state' | 'custom' | Other | undefined
  expression?: string | undefined
  evaluate?: ConditionFunction | undefined
}

/** Waits for a signal (`ERR_WAIT_TIMEOUT` after `timeout`; `schema` judges its payload), or for time. */
export type WaitFor<Other extends string = AnyWord> =
  | { signal: string; timeout?: Duration<Other> | undefined; schema?: unknown }
  | { delay: Duration<Other> }

/** A branch of a choice. */
export interface Branch<Other extends string = AnyWord, AgentId extends string = string> {
  /** Default: its place. */
  name?: string | undefined
  when: Condition<Other>
  tasks: readonly AgentTask<Other, AgentId>[]
}

/** How a loop goes on: exactly one of `forEach`, `while`, `until`, or the task's `conditions`. */
export interface Loop<Other extends string = AnyWord> {
  /** A list, or an expression that gives one. One pass for each item. */
  forEach?: readonly unknown[] | string | undefined
  /** Judged before each pass. */
  while?: Condition<Other> | readonly Condition<Other>[] | undefined
  /** Judged after each pass. */
  until?: Condition<Other> | readonly Condition<Other>[] | undefined
  /** Passes of a loop without `forEach`. Default 100. */
  maxIterations?: number | undefined
  /** Passes of a `forEach` at the same time. Default 1. */
  concurrency?: number | undefined
  /** What a failed pass does to a `forEach`; `'failAfter'`: the others go on, and then it fails with `ERR_LOOP_ITEMS`. Default `'fail'`. */
  onItemError?: 'fail' | 'failAfter' | 'collect' | 'skip' | Other | undefined
  /** What wanting more passes than `maxIterations` does: `'fail'` with `ERR_LOOP_LIMIT` (default), or `'stop'` the loop, which completes. */
  onLimit?: 'fail' | 'stop' | Other | undefined
  /** How many ended passes stay in view. Default: all. */
  keepLast?: number | undefined
}

/** What stands in for a task: an agent, called once with the task's own input or another, or a value as it is. */
export type Fallback<AgentId extends string = string> = { agentId: AgentId; input?: TaskInputDefinition | undefined } | { value: unknown }

/** What undoes a task. */
export interface Compensation<Other extends string = AnyWord, AgentId extends string = string> {
  agentId: AgentId
  /** It may read the output of its own task. */
  input?: TaskInputDefinition | undefined
  on?: 'completed' | 'started' | Other | undefined
  retryPolicy?: RetryPolicy<Other> | undefined
  timeout?: Duration<Other> | undefined
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
export interface RetryPolicy<Other extends string = AnyWord> {
  /** Attempts in all, the first included: 1 to 10,000. */
  maxAttempts: number
  /** How the wait grows: always `initialDelay`, × the attempt's number, or doubled each time. Default `'fixed'`. */
  backoffType?: 'fixed' | 'linear' | 'exponential' | Other | undefined
  /** The wait after the first failed attempt. Default 1 s. */
  initialDelay?: Duration<Other> | undefined
  /** The longest wait. Default: no limit. */
  maxDelay?: Duration<Other> | undefined
  /** The share of the wait that is left to chance, 0 to 1; `true` is 1. Default 0. */
  jitter?: number | boolean | undefined
  /** The codes and names of errors that are tried again. Default: every one but those with `retryable: false`. */
  retryOn?: readonly string[] | undefined
  /** No attempt starts later than this after the first. */
  maxElapsed?: Duration<Other> | undefined
}
