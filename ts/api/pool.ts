// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an agent pool announces.

/** Names the instance and the agent that an event of the pool is about. */
export interface AgentEvent {
  /** The type of the agent. */
  readonly type: string
  /** The id it was registered with, or the name of its type where tasks name that. */
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

/** A change in the number of instances of a type. */
export interface ScalingEvent {
  readonly type: string
  readonly from: number
  readonly to: number
}

/** The events of an agent pool. They are not recorded. */
export interface PoolEvents {
  'agent:created': [agent: AgentEvent]
  /** An attempt has been given an instance. */
  'agent:allocated': [allocation: AllocationEvent]
  /** The agent has returned, even if its attempt was given up before. */
  'agent:released': [allocation: AllocationEvent]
  /** A health check failed: the instance gets no new work. */
  'agent:unhealthy': [agent: AgentEvent]
  'agent:recovered': [agent: AgentEvent]
  'agent:disposed': [agent: AgentEvent]
  'pool:scaled-up': [scaling: ScalingEvent]
  'pool:scaled-down': [scaling: ScalingEvent]
}
