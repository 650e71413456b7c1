// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the compiler knows of a workflow: who its agents are, what starts it, what its tasks give. At run time there is nothing of it: a definition is data.

import type { ExecuteOptions } from '../api/execution.js'
import type { AgentWorkflow } from '../api/workflow.js'
import type { CheckedTasks } from './check.js'
import type { ResultsOf, Shown } from './results.js'
import type { Recorded, SchemaInput, SchemaOutput } from '../api/schema.js'
import type { AgentTask } from '../api/task.js'
import type { Agents } from '../api/agent.js'

/** What is known of a workflow: what an execution is given, and what its tasks give, by id. */
export interface WorkflowTypes {
  readonly context: object
  // Not a record: whether it is one the compiler would ask of each result.
  readonly results: object
}

/** What is known of one that is plain data. */
export interface PlainTypes {
  readonly context: object
  readonly results: Readonly<Record<string, unknown>>
}

/** A workflow of which the compiler knows what it is given and what it gives. */
export interface TypedWorkflow<Context extends object, Results extends object> extends AgentWorkflow {
  /** For the compiler; it is never there. */
  readonly '~types'?: { readonly context: Context; readonly results: Results } | undefined
}

/** A workflow, and what the compiler knows of it if `defineWorkflow` was given it. */
export type Typed<T extends WorkflowTypes> = AgentWorkflow & { readonly '~types'?: T | undefined }

/** What stands behind the workflow when it is started: its context, which may be left out if there is nothing it must have, and options. */
export type StartArguments<Context, Options = ExecuteOptions> =
  Record<never, never> extends Context
    ? [context?: Context | undefined, options?: Options | undefined]
    : [context: Context, options?: Options | undefined]

/** The names of agents; any, where none are told. `llm` is built in. */
export type AgentNames<A> = string extends keyof A ? string : (keyof A & string) | 'llm'

export type ContextGiven<S> = SchemaInput<S> extends infer C extends object ? C : object
/** What its agents find in `task.context`; without a schema, or by raw JSON Schema, anything. */
// oxlint-disable-next-line typescript/no-explicit-any -- nothing is known of it
export type ContextRead<S> = SchemaOutput<S> extends infer C extends object ? Recorded<C> : any

/** A workflow as `defineWorkflow` takes it: words and durations are those there are, `agentId` and `dependencies` those that exist. */
export interface WorkflowDefinition<A, S, T> extends Omit<AgentWorkflow<never>, 'agents' | 'context' | 'tasks' | '~types'> {
  /** The agents that its tasks name. */
  agents?: A
  /** Judges the context of each execution. */
  context?: S
  tasks: T
}

/**
 * A workflow whose `agentId`s, dependencies, words, context and results the compiler checks. It gives the workflow back as it is: a definition is data, and
 * runs as the same definition does that was written without this function.
 */
export function defineWorkflow<const T extends readonly AgentTask<never, AgentNames<A>>[], A extends Agents, S = undefined>(
  workflow: WorkflowDefinition<A, S, T & CheckedTasks<T, A, ContextRead<S>>>,
): TypedWorkflow<ContextGiven<S>, Shown<ResultsOf<T, A>>> {
  return workflow as never
}
