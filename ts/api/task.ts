// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of a task, as an author writes it.

import type { Duration } from './duration.js'
import type { AcceptedEnding } from './models.js'

/** A condition that is a function. Its argument has everything that an expression could read there. Returns a boolean, or a promise of one. */
// oxlint-disable-next-line typescript/no-explicit-any -- what it reads is the author's own data
export type ConditionFunction = (scope: any) => unknown

/**
 * Widens the words of a field to `string` in definitions that are plain data, because TypeScript widens literals in object literals. `defineWorkflow`
 * allows only the words themselves.
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
  /** A name for people. Default: the id. */
  name?: string | undefined
  /** The id of a registered agent, or the name of a type, registered or built in. Where a provider of models is configured, `llm` stands in for one that is not registered. */
  agentId?: AgentId | undefined
  /** Instead of an agent: the id of a registered workflow, or a workflow as plain data. `input.data` is its context, its results the output. */
  workflow?: string | object | undefined
  /** Waits before it runs: for a signal or for time. Alone: the payload is the output. */
  waitFor?: WaitFor<Other> | undefined
  /** Makes the task a group of these tasks. */
  tasks?: readonly AgentTask<Other, AgentId>[] | undefined
  /** Makes the task a choice, with `type: 'conditional'`. */
  branches?: readonly Branch<Other, AgentId>[] | undefined
  /** The tasks that a choice runs if no branch holds. */
  default?: readonly AgentTask<Other, AgentId>[] | undefined
  /** Whether a choice takes the first branch that holds (default) or all of them. */
  mode?: 'first' | 'all' | Other | undefined
  /** If no branch of a choice holds and it has no `default`: it is skipped (default) or fails with `ERR_NO_BRANCH`. */
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
  /** Ids of siblings that must end first. If present, even empty, it replaces the implicit order of declaration. */
  dependencies?: readonly string[] | undefined
  /** Conditions that must all hold, or the task is skipped. Judged once. A loop without `loop` repeats while they hold. */
  conditions?: readonly Condition<Other>[] | undefined
  /** Whether it runs, given how its dependencies ended. Default `'none_failed_min_one_success'`, `'none_failed'` where order implies them. */
  triggerRule?: TriggerRule<Other> | undefined
  /**
   * `'continue'`: its failure does not fail the workflow, and its dependants see a completed task with output `null`; `{ continue: ['QUOTA'] }`: only one with such a
   * code or name, as in `retryPolicy.retryOn`. Default `'fail'`.
   */
  onError?: 'fail' | 'continue' | Other | { continue: readonly string[] } | undefined
  /**
   * What stands in for a call or a wait that has failed all its attempts; an array is tried in order. The task then completes with that output
   * and is `degraded`. Not used when the task is cancelled or the execution's deadline passes.
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
   * For `llm` and `hybrid` agents: accepts answers that were cut (`'length'`), withheld (`'content'`) or are `'empty'`; others of these fail the task.
   * Default: that of the agent, else `models.accept`, else none.
   */
  accept?: readonly AcceptedEnding[] | undefined
  /** Validates its output, in the forms of `input.schema`. `ERR_OUTPUT_SCHEMA`. */
  outputSchema?: unknown
  /** Reuses its output in other executions of the same tenant and definition. `true`: for ever, by its rendered input. */
  cache?: boolean | { key?: string | undefined; ttl?: Duration<Other> | undefined } | undefined
  /** Capabilities that its agent must have; without an `agentId`, any registered agent that has them will do. */
  requires?: readonly string[] | undefined
  /** Order in which tasks get an agent: a whole number from -1000 to 1000, higher first, added to that of the execution. Default 0. */
  priority?: number | undefined
  /** Tasks with the same value go to the same agent instance while it has room. May hold `{{ … }}`. */
  affinity?: string | undefined
  /** Undoes the task if the execution fails or is cancelled after the task completed (or, with `on: 'started'`, was started). */
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

/** A condition as an object. `evaluate` wins over `expression`. */
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

/** What repeats a loop: exactly one of `forEach`, `while`, `until`, or the task's `conditions`. */
export interface Loop<Other extends string = AnyWord> {
  /** An array, or an expression that gives one. One pass for each item. */
  forEach?: readonly unknown[] | string | undefined
  /** Judged before each pass. */
  while?: Condition<Other> | readonly Condition<Other>[] | undefined
  /** Judged after each pass. */
  until?: Condition<Other> | readonly Condition<Other>[] | undefined
  /** Passes of a loop without `forEach`. Default 100. */
  maxIterations?: number | undefined
  /** Passes of a `forEach` at the same time. Default 1. */
  concurrency?: number | undefined
  /** After a failed pass of `forEach`: `'failAfter'` runs the others first, then fails with `ERR_LOOP_ITEMS`. Default `'fail'`. */
  onItemError?: 'fail' | 'failAfter' | 'collect' | 'skip' | Other | undefined
  /** At `maxIterations`: `'fail'` fails with `ERR_LOOP_LIMIT` (default), `'stop'` completes the loop. */
  onLimit?: 'fail' | 'stop' | Other | undefined
  /** How many ended passes stay in view. Default: all. */
  keepLast?: number | undefined
}

/** A stand-in for a failed task: an agent, called once with the task's own input or another, or a value. */
export type Fallback<AgentId extends string = string> = { agentId: AgentId; input?: TaskInputDefinition | undefined } | { value: unknown }

/** The call of an agent that undoes a task. */
export interface Compensation<Other extends string = AnyWord, AgentId extends string = string> {
  agentId: AgentId
  /** It may read the output of its own task. */
  input?: TaskInputDefinition | undefined
  on?: 'completed' | 'started' | Other | undefined
  retryPolicy?: RetryPolicy<Other> | undefined
  timeout?: Duration<Other> | undefined
}

/** The input of a task. */
export interface TaskInputDefinition {
  /** A string for the agent. `{{ … }}` in it is filled in. */
  prompt?: string | undefined
  /** JSON data for the agent. `{{ … }}` in its strings is filled in; a string that is only one `{{ … }}` becomes the value itself. */
  data?: unknown
  /**
   * Validates `data` before the first attempt, or the execution's context if there is no `data`; a mismatch fails the task with `ERR_INPUT_SCHEMA`. A zod
   * schema, any Standard Schema, or a JSON Schema. Its parsed value replaces `data`.
   */
  schema?: unknown
}

/** How failed attempts are retried. */
export interface RetryPolicy<Other extends string = AnyWord> {
  /** All attempts, including the first: 1 to 10,000. */
  maxAttempts: number
  /** How the wait grows: always `initialDelay`, × the attempt's number, or doubled each time. Default `'fixed'`. */
  backoffType?: 'fixed' | 'linear' | 'exponential' | Other | undefined
  /** The wait after the first failed attempt. Default 1 s. */
  initialDelay?: Duration<Other> | undefined
  /** The longest wait. Default: no limit. */
  maxDelay?: Duration<Other> | undefined
  /** The random share of the wait, 0 to 1; `true` is 1. Default 0. */
  jitter?: number | boolean | undefined
  /** Codes and names of the errors to retry. Default: all except those with `retryable: false`. */
  retryOn?: readonly string[] | undefined
  /** No attempt starts later than this after the first. */
  maxElapsed?: Duration<Other> | undefined
}
