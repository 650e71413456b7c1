// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution as the interpreter tells it.

import type { AgentTask, AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import type { Names } from './named.ts'

/** How a task ended. */
export interface End {
  readonly status: 'completed' | 'failed' | 'skipped' | 'cancelled'
  readonly reason?: string
  readonly code?: string
  readonly result?: unknown
  readonly attempts: number
  readonly tolerated?: true
  readonly cached?: true
  readonly degraded?: true
  /** Whether its error says that trying again is of no use. */
  readonly final?: true
}

/** A call of an agent, told apart from a repetition by a crash. */
export interface Call {
  readonly agent: string
  readonly execution: string
  readonly task: string
  readonly attempt: number
  /** Equal exactly where idempotency keys must be. */
  readonly key: string
  readonly said: unknown
  /** What its steps gave, by name: the attempt that did it, or the code that it was told. */
  readonly steps: Record<string, string>
}

/** A step on record. */
export interface Taken {
  /** The attempt that did it. */
  readonly by: string
  /** What it was given. */
  readonly input: number | undefined
}

/** Steps on record, by path and name. */
export type Steps = ReadonlyMap<string, ReadonlyMap<string, Taken>>

/** One execution. */
export interface Told {
  readonly id: string
  /** The definition that it ended under. */
  flow: AgentWorkflow
  readonly context: Record<string, unknown>
  readonly tenant: string | undefined
  readonly allow: Partial<Names> | undefined
  status: 'completed' | 'failed' | 'cancelled'
  code?: string
  tasks: Map<string, End>
  results: Record<string, unknown>
  /** Those of tasks that have not completed. */
  readonly steps: Map<string, Map<string, Taken>>
  /** What can be undone, latest completion last. */
  done: Done[]
  /** Paths whose work was undone. */
  readonly undone: Set<string>
  /** Those that were undone as a whole, children. */
  readonly undoneWhole: Set<string>
  /** Whether its failure may be tried again by whoever called it. */
  final: boolean
  /** The execution whose keys a task has. */
  readonly owner: (path: string) => string
  readonly cancelled: { by: string | undefined }
  /** When it began, and when it must have ended, in minutes of the world. */
  readonly since: number
  readonly deadline: number
  /** The run before of the same child workflow. */
  readonly previous: Told | undefined
  /** Whether it was moved, or is to be before anything else begins: it may have ended before. */
  move?: 'wanted' | 'moved' | 'refused' | 'ended'
  /** What stayed as it was when it was moved: ends, by path, */
  stay: ReadonlyMap<string, End>
  /** attempts of a task between two of them, */
  readonly begun: Map<string, number>
  /** those of them that stayed, */
  between: ReadonlySet<string>
  /** and what did not. */
  readonly anew: Set<string>
  /** Groups, loops and choices that have begun: a move may have none of their kind. */
  readonly opened: Set<string>
  /** The execution that it was forked from. */
  readonly origin: Told | undefined
  /** The ends it has from there. */
  readonly reuse: ReadonlyMap<string, End> | undefined
}

export type Done = { path: string; task: AgentTask; child?: Told }

/** What an execution begins with. */
export interface Given {
  readonly tenant?: string | undefined
  readonly allow?: Partial<Names> | undefined
  /** Whether its parent undoes it as a whole, however it ends. */
  readonly undoneAbove?: boolean
  readonly reuse?: ReadonlyMap<string, End>
  readonly origin?: Told
  /** The execution whose half-done children it continues. */
  readonly continues?: Told
  /** The run before of the same child workflow: its keys are known, but of what was undone. */
  readonly previous?: Told | undefined
  /** The execution whose keys it has where there is none: what would have been that run. */
  readonly keysOf?: string | undefined
  readonly cancelled?: Told['cancelled']
  /** Those of the execution that it retries. */
  readonly steps?: Steps
  /** That of whatever it is a part of. */
  readonly deadline?: number
  readonly signals?: boolean
}

export interface World {
  /** Minutes that have passed by waiting. */
  minutes: number
  readonly calls: Call[]
  readonly cache: Map<string, object>
  isHealed(): boolean
  /** Whether an execution may be moved, which happens once. */
  mayMove: boolean
  find(id: string): AgentWorkflow
  run(flow: AgentWorkflow, id: string, context: Record<string, unknown>, given: Given): Told
  told(id: string): Told | undefined
}
