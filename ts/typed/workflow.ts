// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the compiler knows of a workflow: who its agents are, what starts it, what its tasks give. At run time there is nothing of it: a definition is data.

import type { ExecuteOptions } from '../api/execution.js'
import type { AgentWorkflow } from '../api/workflow.js'
import type { CheckedTasks } from './check.js'
import type { ResultsOf, Shown } from './results.js'
import type { Recorded, SchemaInput, SchemaOutput } from '../api/schema.js'
import type { AgentTask } from '../api/task.js'
import type { Agents } from '../api/agent.js'

/** The types of a workflow: its context, and the results of its tasks by id. */
export interface WorkflowTypes {
  readonly context: object
  // Not a record: whether it is one the compiler would ask of each result.
  readonly results: object
}

/** The types of a workflow that is plain data. */
export interface PlainTypes {
  readonly context: object
  readonly results: Readonly<Record<string, unknown>>
}

/** A workflow with the types of its context and results. */
export interface TypedWorkflow<Context extends object, Results extends object> extends AgentWorkflow {
  /** For the compiler only; never present at run time. */
  readonly '~types'?: { readonly context: Context; readonly results: Results } | undefined
}

/** A workflow, with its types if it comes from `defineWorkflow`. */
export type Typed<T extends WorkflowTypes> = AgentWorkflow & { readonly '~types'?: T | undefined }

/** The arguments after the workflow: its context, optional if it has no required field, and options. */
export type StartArguments<Context, Options = ExecuteOptions> =
  Record<never, never> extends Context
    ? [context?: Context | undefined, options?: Options | undefined]
    : [context: Context, options?: Options | undefined]

/** The names of agents; any string, if the workflow lists no agents. `llm` is built in. */
export type AgentNames<A> = string extends keyof A ? string : (keyof A & string) | 'llm'

export type ContextGiven<S> = SchemaInput<S> extends infer C extends object ? C : object
/** The type of `task.context`; anything without a schema, or with raw JSON Schema. */
// oxlint-disable-next-line typescript/no-explicit-any -- nothing is known of it
export type ContextRead<S> = SchemaOutput<S> extends infer C extends object ? Recorded<C> : any

/** The argument of `defineWorkflow`: words and durations are exact, `agentId` and `dependencies` must exist. */
export interface WorkflowDefinition<A, S, T> extends Omit<AgentWorkflow<never>, 'agents' | 'context' | 'tasks' | '~types'> {
  /** The agents that its tasks name. */
  agents?: A
  /** Judges the context of each execution. */
  context?: S
  tasks: T
}

/**
 * Lets the compiler check the agents, dependencies, words, context and results of a workflow, and returns it unchanged: a definition is data, and runs
 * the same without this function.
 */
export function defineWorkflow<const T extends readonly AgentTask<never, AgentNames<A>>[], A extends Agents, S = undefined>(
  workflow: WorkflowDefinition<A, S, T & CheckedTasks<T, A, ContextRead<S>>>,
): TypedWorkflow<ContextGiven<S>, Shown<ResultsOf<T, A>>> {
  return workflow as never
}
