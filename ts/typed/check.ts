// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a list of tasks must be beside what any list is: each rule is an error at its own place.
//
// Whether anything is wrong is asked first, with one look at each task, since nearly always nothing is; only then are the places found. So the compiler
// does little for a workflow that is right (`node bench/types.mjs`).

import type { AttemptContext, TaskFields } from '../api/agent.js'
import type { ResultsOf } from './results.js'
import type { AgentTask } from '../api/task.js'

/** A list of tasks. */
export type Listed = readonly { readonly id: string }[]

/** `unknown` if every field exists, dependencies are siblings and agents get what they read; else the problem at its place. */
export type CheckedTasks<T extends Listed, A, C> = [Wrong<T, A, C>] extends [never] ? unknown : Places<T, A, C>

/** The tasks of a list that have a problem. */
export type Wrong<T extends Listed, A, C> = WrongTask<T[number], T[number]['id'], ResultsOf<T, A>, A, C>

/** The task if it has a problem, else `never`. `I`: the ids of its siblings, `R`: their results. */
export type WrongTask<K, I, R extends Results, A, C> =
  K extends Leaf<I>
    ? keyof K extends keyof AgentTask
      ? K extends { readonly agentId: infer N extends keyof A }
        ? A[N] extends Undemanding
          ? never
          : A[N] extends AgentGiven<C, Given<K, R>>
            ? never
            : K
        : never
      : K
    : K extends Leaf<I, unknown>
      ? keyof K extends keyof AgentTask
        ? | WrongIn<K, 'tasks', A, C>
          | WrongIn<K, 'default', A, C>
          | WrongIn<K extends { readonly branches: readonly (infer B)[] } ? B : never, 'tasks', A, C>
        : K
      : K

export type WrongIn<K, F extends string, A, C> = K extends { readonly [Field in F]: infer L extends Listed } ? Wrong<L, A, C> : never

/** A task without inner tasks, or with lists of this kind. */
export interface Leaf<I, Lists = undefined> {
  readonly id: string
  readonly dependencies?: readonly I[] | undefined
  readonly tasks?: Lists
  readonly branches?: Lists
  readonly default?: Lists
}

/** An agent that declares nothing of what it reads. */
export type Undemanding =
  | ((task: TaskFields & { readonly context: { dependencies: Record<never, never> } }, context: AttemptContext) => unknown)
  | OtherForm

/** An agent that can do a task: a function that reads only fields it is given. The compiler does not know what other forms read. */
export type AgentGiven<C, D> =
  | ((task: TaskFields & { readonly context: C & { dependencies: D } }, context: AttemptContext) => unknown)
  | OtherForm
export type OtherForm = { readonly create: unknown } | { readonly type: string } | { readonly isolation: 'worker' }

/** The results of the dependencies of a task: those it names, else any of its siblings. */
// Not `Pick`: to ask for the keys of all results costs the compiler one look at each task.
export type Given<K, R extends Results> = K extends { readonly dependencies: readonly (infer D extends string)[] }
  ? { readonly [F in D]: R[F] }
  : R

/** Results of tasks, by id. */
export type Results = Readonly<Record<string, unknown>>

/** The same lists, with each problem at its place. */
export type Places<T extends Listed, A, C> = {
  readonly [Index in keyof T]: PlacesIn<T[Index], T[number]['id'], ResultsOf<T, A>, A, C>
}

export type PlacesIn<K, I, R extends Results, A, C> = {
  readonly [F in keyof K]: F extends 'dependencies'
    ? readonly I[]
    : F extends 'agentId'
      ? // With a dependency that is none, that is the problem.
        K extends Leaf<I, unknown>
        ? AgentProblem<K, R, A, C>
        : unknown
      : F extends 'tasks' | 'default'
        ? K[F] extends Listed
          ? Places<K[F], A, C>
          : unknown
        : F extends 'branches'
          ? {
              readonly [B in keyof K[F]]: { readonly [G in keyof K[F][B]]: K[F][B][G] extends Listed ? Places<K[F][B][G], A, C> : unknown }
            }
          : F extends keyof AgentTask
            ? unknown
            : Problem<`\`${F & string}\` is not a field of a task`>
}

/** A type without values, which makes the compiler show a message at its place. */
export interface Problem<Message extends string> {
  readonly problem: Message
}

export type AgentProblem<K, R extends Results, A, C> = K extends { readonly agentId: infer N extends keyof A }
  ? A[N] extends OtherForm
    ? unknown
    : A[N] extends (task: infer G, ...more: never[]) => unknown
      ? G extends { readonly context: infer X }
        ? ContextProblem<X, N, C, Given<K, R>>
        : unknown
      : unknown
  : unknown

export type ContextProblem<X, N, C, D> =
  Differing<C, Omit<X, 'dependencies'>> extends infer F extends string
    ? [F] extends [never]
      ? X extends { readonly dependencies: infer W }
        ? Differing<D, W> extends infer G extends string
          ? [G] extends [never]
            ? unknown
            : Problem<`agent \`${N & string}\` reads \`dependencies.${G}\`, which this task is not given`>
          : unknown
        : unknown
      : Problem<`agent \`${N & string}\` reads \`context.${F}\`, which the context of this workflow is not known to have`>
    : unknown

/** The members that are missing or have another type. */
export type Differing<Given, Wanted> = string extends keyof Wanted
  ? never
  : { [F in keyof Wanted]: F extends keyof Given ? (Given[F] extends Wanted[F] ? never : F) : F }[keyof Wanted] & string
