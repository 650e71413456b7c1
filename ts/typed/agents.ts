// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agents of a program by name, for the compiler: what each gives back is what its tasks give back.

import type { Recorded } from '../api/schema.js'
import type { Agents } from '../api/agent.js'

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
