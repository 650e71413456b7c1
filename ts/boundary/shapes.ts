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

/** Which ended executions are asked for, as `runtime::store::Expendable` has it; instants in microseconds. */
export interface ExpendableQuestion {
  readonly now: number
  readonly completed?: boolean
  readonly status?: string
  readonly workflowId?: string
  readonly except?: readonly string[]
  readonly before?: number
  readonly keep?: number
  readonly bytes?: number
  readonly after?: Cursor
  readonly limit: number
  readonly measured?: boolean
}

type Cursor = readonly [ended: number, key: number]

/** A part of them, oldest first. */
export interface ExpendablePage {
  readonly trees: readonly Tree[]
  readonly cursor: Cursor | null
  /** What was deleted before is not gone from the file yet. */
  readonly unswept: boolean
}

/** An execution, first, with those that go with it. */
export interface Tree {
  readonly ids: readonly string[]
  readonly keys: readonly number[]
  readonly bytes: number
  /** The keys of those that have not ended and go all the same, because they are damaged. */
  readonly damaged?: readonly number[]
  /** What needs it. */
  readonly need: Need | null
  /** Whose task the first is, where that is not on record. */
  readonly parent?: string
}

/** What needs an execution: one that has not ended, or until when its key stands for it, in microseconds. */
export type Need =
  | { readonly by: 'active' | 'parent' | 'fork' | 'schedule'; readonly of: string }
  | { readonly by: 'key'; readonly until: number }

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

/** Spans of one execution. */
export interface SpansText {
  /** JSON objects with commas between them. */
  readonly spans: string
  readonly count: number
}

/** What may be asked of a store, of an execution by its id or by a filter; `summaries` and `analytics` are of everything that is on record by now. */
export type StoredQuestion =
  | 'storedExecution'
  | 'storedSeen'
  | 'storedUndoing'
  | 'storedExecutions'
  | 'storedTree'
  | 'expendable'
  | 'summaries'
  | 'analytics'
  | 'traces'
  | 'storedExplanation'
