// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the parts of the pool tell of an agent that does what it must not; its registry makes alerts of it.

/** Hears of agents that do what they must not. */
export interface AgentWatcher {
  /** The worker of an isolated agent has ended unasked. */
  lost(agentId: string): void
  /** An agent still runs a second after it was told to stop. */
  goesOn(agentId: string, executionId: string, taskId: string): void
}
