// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the tasks of a workflow give, by id, as docs/workflows.md says it of each kind.

import type { AgentResult } from './agents.js'
import type { Recorded, SchemaOutput } from '../api/schema.js'

/** The results of a list of tasks. A task that may be skipped may have none. */
export type ResultsOf<T extends readonly { readonly id: string }[], A> = {
  readonly [K in T[number] as K['id']]: K extends CallAlone<A> ? AgentResult<A[K['agentId']]> : ResultOf<K, A>
}

/** A task that always makes one call of a known agent, as most tasks do. */
export interface CallAlone<A> {
  readonly agentId: keyof A
  readonly type?: 'sequential' | 'parallel'
  readonly tasks?: undefined
  readonly branches?: undefined
  readonly outputSchema?: undefined
  readonly conditions?: undefined
  readonly triggerRule?: undefined
  readonly onError?: undefined | 'fail'
  readonly fallback?: undefined
}

/** The same type, spelled out in messages of the compiler. */
export type Shown<R> = R extends infer I ? { readonly [K in keyof I]: I[K] } : never

export type IdOf<K> = K extends { readonly id: infer I extends string } ? I : never

/** The result of one task. */
export type ResultOf<K, A> =
  | Whole<K, A>
  | (K extends { readonly conditions: unknown } | { readonly triggerRule: unknown } ? undefined : never)
  | (K extends { readonly onError: 'continue' | object } ? null : never)
  | Replaced<K, A>

/** The result of a whole task, all passes or branches included. */
export type Whole<K, A> = K extends { readonly type: 'loop' }
  ? K extends { readonly loop: { readonly forEach: unknown } }
    ? readonly Pass<K, A>[]
    : Pass<K, A> | null
  : K extends { readonly branches: infer B extends readonly unknown[] }
    ? K extends { readonly mode: 'all' }
      ? readonly Branched<B[number], K, A>[]
      : Branched<B[number], K, A>
    : Pass<K, A>

/** The result of a group or of one call. */
export type Pass<K, A> = K extends { readonly tasks: infer T extends readonly { readonly id: string }[] } ? ResultsOf<T, A> : Called<K, A>

export type Called<K, A> = K extends { readonly outputSchema: infer S }
  ? Recorded<SchemaOutput<S>>
  : K extends { readonly agentId: infer N extends keyof A }
    ? AgentResult<A[N]>
    : K extends { readonly workflow: { readonly '~types'?: infer W } }
      ? NonNullable<W> extends { readonly results: infer R }
        ? R
        : unknown
      : K extends { readonly agentId: string } | { readonly workflow: unknown } | { readonly requires: unknown }
        ? unknown
        : K extends { readonly waitFor: { readonly schema: infer S } }
          ? Recorded<SchemaOutput<S>>
          : unknown

export type Branched<B, K, A> =
  | {
      readonly branch: string
      readonly output: B extends { readonly tasks: infer T extends readonly { readonly id: string }[] } ? ResultsOf<T, A> : unknown
    }
  | (K extends { readonly default: infer T extends readonly { readonly id: string }[] }
      ? { readonly branch: string; readonly output: ResultsOf<T, A> }
      : never)

/** The result of a fallback. */
export type Replaced<K, A> = K extends { readonly fallback: infer F } ? Standing<F extends readonly unknown[] ? F[number] : F, K, A> : never
export type Standing<F, K, A> = F extends { readonly value: infer V }
  ? V
  : K extends { readonly outputSchema: unknown }
    ? never
    : F extends { readonly agentId: infer N extends keyof A }
      ? AgentResult<A[N]>
      : unknown
