// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an agent pool announces.

/** Which instance of which agent an event of the pool is about. */
export interface AgentEvent {
  /** The type of the agent. */
  readonly type: string
  /** The id it was registered with; the name of its type for agents that tasks name by that. */
  readonly agentId: string
  /** The number of the instance, never used twice. */
  readonly instance: number
}

/** An instance and the attempt that has it. */
export interface AllocationEvent extends AgentEvent {
  readonly executionId: string
  readonly taskId: string
  readonly attempt: number
}

/** A type of agent that has more or fewer instances than before. */
export interface ScalingEvent {
  readonly type: string
  readonly from: number
  readonly to: number
}

/** What an agent pool announces. None of it is recorded. */
export interface PoolEvents {
  'agent:created': [agent: AgentEvent]
  /** An attempt has been given an instance. */
  'agent:allocated': [allocation: AllocationEvent]
  /** The attempt has really returned. */
  'agent:released': [allocation: AllocationEvent]
  /** Its health check failed: it is given no new work. */
  'agent:unhealthy': [agent: AgentEvent]
  'agent:recovered': [agent: AgentEvent]
  'agent:disposed': [agent: AgentEvent]
  'pool:scaled-up': [scaling: ScalingEvent]
  'pool:scaled-down': [scaling: ScalingEvent]
}
