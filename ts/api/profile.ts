// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of profiles: what the time of one execution went into. Times are milliseconds, exact to the microsecond.

/**
 * What time went into. The kinds exclude each other:
 *
 * - `model`: a model was asked and had not answered; `tool`: tools ran that a model had called; `code`: the agent's own code and all it does that is not on
 *   record; `child`: a child workflow whose records are not at hand;
 * - `failed`: attempts that failed, were interrupted or were stopped; `backoff`: the wait before the next attempt, or before the next request to a model;
 * - `queue`: all places of the agent were taken, or it was being made; `rateLimit`: a limit of requests in a time, of an agent or a model;
 * - `signal`: people or other programs; `timer`: a delay of the definition; `pause`: it was paused, or no process had it;
 * - `persist`: writing the record that an attempt begins; `scheduler`: the rest, such as the way to the agent and back.
 */
export type TimeBucket =
  | 'model'
  | 'tool'
  | 'code'
  | 'child'
  | 'failed'
  | 'backoff'
  | 'rateLimit'
  | 'queue'
  | 'signal'
  | 'timer'
  | 'pause'
  | 'persist'
  | 'scheduler'

/** Times by what they went into; what is 0 is absent. */
export type TimeBuckets = { readonly [bucket in TimeBucket]?: number }

/** What the time of one execution went into. */
export interface PerformanceProfile {
  readonly executionId: string
  readonly workflowId: string
  readonly version: string
  readonly startTime: Date
  /** Absent while it runs: the profile is then of the time until its latest record. */
  readonly endTime?: Date
  /**
   * When it will have ended, as it is now; absent once it has. `null` where fewer than three executions of its version have completed that went the way
   * that it goes.
   */
  readonly estimate?: CompletionEstimate | null
  /** From start to end. */
  readonly duration: number
  /** What it went into: the sum is `duration`. */
  readonly buckets: TimeBuckets
  /** What it went into, part by part from start to end, without a gap. */
  readonly criticalPath: readonly PathPart[]
  /** Its tasks and those of its child workflows that could run, the largest share of the critical path first. */
  readonly tasks: readonly TaskProfile[]
}

/** When an execution that runs will have ended. */
export interface CompletionEstimate {
  /** As likely before as after. */
  readonly endTime: Date
  /** It ends between these with a probability of about 90 %, */
  readonly earliest: Date
  readonly latest: Date
  /** as so many executions tell that went the same way so far: the latest that completed of the same version, at most 30. */
  readonly executions: number
}

/** A part of the critical path. */
export interface PathPart {
  /** Its own, or that of a child workflow. */
  readonly executionId: string
  /** The path of the task; absent where no task was under way. */
  readonly taskId?: string
  /** Milliseconds since the start of the execution that was asked for. */
  readonly from: number
  readonly duration: number
  readonly bucket: TimeBucket
  /** From 1; absent outside of attempts. */
  readonly attempt?: number
}

/** A task and the critical path. */
export interface TaskProfile {
  readonly executionId: string
  /** Its path in the execution. */
  readonly taskId: string
  readonly kind: 'agent' | 'workflow' | 'wait' | 'group'
  /** The agent it calls. */
  readonly agentId?: string
  /** From when it could run to its end. */
  readonly duration: number
  /** How much of the critical path it is, */
  readonly share: number
  /** and what that went into. */
  readonly buckets: TimeBuckets
  /** How much later it could have ended without the execution ending later, as far as dependencies decide that. 0 on the critical path. */
  readonly slack: number
  /** How much sooner the execution would have ended if this had taken no time. Absent off the critical path, and beyond its 50 largest tasks. */
  readonly drag?: number
}
