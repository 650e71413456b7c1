// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agents of a program by name, for the compiler: what each gives back is what its tasks give back.

import type { AgentRegistration, AgentType, AttemptContext, TaskInput } from '../api/agent.js'
import type { Recorded } from '../api/schema.js'

/** A function that does the work of a task: the agent of a type that keeps nothing between tasks. */
// Written as a method, so that one whose `task` is narrower than any task is one as well.
export type AgentFunction = { execute(task: TaskInput, context: AttemptContext): unknown }['execute']

/** What may stand for an agent: a function, a type of agents, or an agent of another type, such as `{ type: 'llm', configuration: { … } }`. */
export type AgentForm = AgentFunction | CallableFunction | AgentType | Omit<AgentRegistration, 'id'>

/** Agents by the name that tasks call each by. */
export type Agents = Readonly<Record<string, AgentForm>>

/** What an agent gives back, as it is recorded; of one in a worker, and of a built-in type, nothing is known but its task's `outputSchema`. */
export type AgentResult<F> = F extends (...given: never[]) => infer R
  ? Recorded<Settled<R>>
  : F extends { create(...given: never[]): infer G }
    ? Settled<G> extends { execute(...given: never[]): infer R }
      ? Recorded<Settled<R>>
      : unknown
    : unknown

/** `Awaited`, with the short way first: that costs the compiler a fiftieth. */
export type Settled<R> = R extends Promise<infer V> ? V : Awaited<R>

/**
 * The agents of a program, by the names that tasks call them by. It gives them back as they are: `agentPool.registerAgents(agents)` registers them, and
 * `agents` of a `defineWorkflow` tells the compiler of them.
 */
export function defineAgents<const A extends Agents>(agents: A): A {
  return agents
}
