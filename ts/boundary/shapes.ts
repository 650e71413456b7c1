// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the engine is told in objects, and what it answers in some.

/** How many instances a type of agent has, and what each may do. */
export interface TypeNumbers {
  readonly minAgents: number
  readonly maxAgents: number
  readonly maxConcurrency: number
}

/** The same with the places that are kept for what is more important. */
export interface TypeLimits extends TypeNumbers {
  readonly reserve: { readonly slots: number; readonly priority: number } | undefined
}

/** An agent's own limits. */
export interface AgentLimits {
  readonly maxConcurrency: number | undefined
  readonly rateLimit: { readonly limit: number; readonly interval: number } | undefined
}

/** What a call with an idempotency key does, and the execution it is about, as `runtime::Claimed` has it. */
export interface Claimed {
  readonly does: 'begin' | 'join' | 'mismatch'
  readonly id: string
  /** How that ended, if it has, and when, in microseconds. */
  readonly status?: string
  readonly endedAt?: number
}

/** What `Engine.advance` is given. */
export interface Handover {
  /** `ANSWER_WORDS` numbers for each of `count` answers. */
  readonly words: Float64Array
  readonly count: number
  /** A line for each answer that has a text. */
  readonly texts: string[]
}

/** Failures by the numbers of the effects that tell of them. */
export type Failures = Readonly<Record<string, { code: string; message: string; details?: Readonly<Record<string, unknown>> }>>

/** A part of what an execution has had announced. */
export interface History {
  /** The words of effects. */
  readonly words: Float64Array
  /** Why what failed in it did. */
  readonly failures: Failures
}
