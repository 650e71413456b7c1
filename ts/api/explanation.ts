// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of explanations: what each task of an execution that has not ended waits for, and what would move it.

import type { ExecutionStatus } from './execution.js'

/** What an execution waits for, task by task. */
export interface Explanation {
  readonly executionId: string
  readonly status: ExecutionStatus
  /** One sentence: how and why it ended, or what it waits for. */
  readonly summary: string
  /** When it is stopped, and by what: its deadline, or the time of its budget. Nothing waits for a budget otherwise: who finds one used up fails. */
  readonly deadline?: { readonly at: Date; readonly by: 'deadline' | 'budget' }
  /** Every task that has not ended, those of groups and loops included; empty of an execution that has. */
  readonly tasks: readonly TaskExplanation[]
}

/** What a task waits for: first what would move it, and then what holds it after that. */
export interface TaskExplanation extends TaskHold {
  /** Its path. What is to be undone next and has not begun has the path of what undoes it. */
  readonly taskId: string
  /** What holds it once that is over, in this order. */
  readonly afterwards?: readonly TaskHold[]
}

/** Something that holds a task. */
export interface TaskHold {
  readonly waitsFor: WaitsFor
  /** Since when, where that is known. */
  readonly since?: Date
  /** When time alone moves it: the end of a wait, or the instant at which it is given up. */
  readonly until?: Date
  /**
   * The call that would move it, as code. What only its reader has is named: `payload`, `type` (what `registerAgentType` takes), `workflow`, `OTHER`. Absent
   * where time, an agent or another task is waited for.
   */
  readonly call?: string
}

/** What a task waits for. `roots` are the tasks that others really wait for, at most ten of them: look for these in the list. */
export type WaitsFor =
  /** Tasks before it: `on` are the first ten of `count`. */
  | {
      readonly kind: 'dependency'
      readonly on: readonly string[]
      readonly count: number
      readonly rule: string
      readonly roots: readonly string[]
    }
  /** Tasks inside of a group or a loop, or that its attempt has spawned. */
  | { readonly kind: 'tasks'; readonly count: number; readonly roots: readonly string[] }
  /** A condition that is a function: of the task, of a branch, or of whether a loop goes on. */
  | { readonly kind: 'condition'; readonly function: string; readonly of: 'task' | 'branch' | 'loop' }
  /** Its output is looked up in the cache. */
  | { readonly kind: 'cache' }
  /** A fallback value is judged by its `outputSchema`. */
  | { readonly kind: 'schema' }
  /** The next turn of the orchestrator: it goes on by itself. */
  | { readonly kind: 'turn' }
  /** A signal. `path` is there if several tasks wait for it; `schema` is what its payload must be. */
  | { readonly kind: 'signal'; readonly signal: string; readonly path?: string; readonly schema?: unknown }
  /** A delay. */
  | { readonly kind: 'timer' }
  /** The time before its next attempt, after one that failed so. */
  | { readonly kind: 'backoff'; readonly attempt: number; readonly error?: { readonly code: string; readonly message: string } }
  /** Another `sequential` task of its list. */
  | { readonly kind: 'lane'; readonly holder: string }
  /** Agents, or functions of its workflow, that this process has not registered. */
  | { readonly kind: 'agent'; readonly names: readonly string[] }
  /** A place of an agent: so many attempts of it, or of its type, run, and no more may. */
  | { readonly kind: 'place'; readonly agent: string; readonly type?: string; readonly running?: number; readonly limit?: number }
  /** An instance of an agent that is being made, or made again after that failed. */
  | { readonly kind: 'instance'; readonly agent: string; readonly type: string }
  /** A limit of an agent, or of a model (`provider/model`), and what of it. */
  | { readonly kind: 'rateLimit'; readonly agent?: string; readonly model?: string; readonly limit?: string }
  /** The next request to a model, after one that failed. */
  | { readonly kind: 'modelRetry'; readonly model: string }
  /** Its agent, which is at work. `lastSign`: when it last called `ctx.heartbeat` or `ctx.emit`. */
  | {
      readonly kind: 'attempt'
      readonly attempt: number
      readonly agent: string
      readonly lastSign?: Date
      readonly models?: readonly string[]
    }
  /** Its agent, which was told to stop. */
  | { readonly kind: 'stop'; readonly attempt: number; readonly agent?: string }
  /** A child workflow, which `explain` explains by this id. */
  | { readonly kind: 'child'; readonly executionId: string; readonly attempt: number }
  /** The execution is paused. */
  | { readonly kind: 'pause' }
  /** A place among the executions that run: of `limit` in all, or of those with the `key`. `by` are the first that have them. */
  | {
      readonly kind: 'admission'
      readonly limit?: number
      readonly running?: number
      readonly key?: string
      readonly by: readonly string[]
    }
  /** This process, which is about to take it up. */
  | { readonly kind: 'recovery' }
  /** A process: none has it. */
  | { readonly kind: 'process' }
  /** The store, which takes nothing. */
  | { readonly kind: 'store'; readonly alert: string; readonly message: string }
