// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agents of a program by name, for the compiler: what each gives back is what its tasks give back.

import type { Recorded } from '../api/schema.js'
import type { Agents } from '../api/agent.js'

/** The recorded result of an agent. For agents in workers and of built-in types, only the `outputSchema` of the task types it. */
export type AgentResult<F> = F extends (...given: never[]) => infer R
  ? Recorded<Settled<R>>
  : F extends { create(...given: never[]): infer G }
    ? Settled<G> extends { execute(...given: never[]): infer R }
      ? Recorded<Settled<R>>
      : unknown
    : unknown

/** `Awaited`, with the common case first: that costs the compiler a fiftieth. */
export type Settled<R> = R extends Promise<infer V> ? V : Awaited<R>

/**
 * Types the agents of a program by name, and returns them unchanged: `agentPool.registerAgents(agents)` registers them, and `agents` of
 * `defineWorkflow` tells the compiler about them.
 */
export function defineAgents<const A extends Agents>(agents: A): A {
  return agents
}
