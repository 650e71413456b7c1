// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution as the interpreter tells it.

import type { AgentTask, AgentWorkflow } from '@codexos/multi-agent-orchestrator'

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
}

/** One execution. */
export interface Told {
  readonly id: string
  readonly flow: AgentWorkflow
  readonly context: Record<string, unknown>
  readonly tenant: string | undefined
  status: 'completed' | 'failed' | 'cancelled'
  code?: string
  tasks: Map<string, End>
  results: Record<string, unknown>
  /** What can be undone, latest completion last. */
  readonly done: Done[]
  /** Paths whose work was undone. */
  readonly undone: Set<string>
  /** Those that were undone as a whole, children. */
  readonly undoneWhole: Set<string>
  /** Whether its failure may be tried again by whoever called it. */
  final: boolean
  /** The names of keys by path, where they are those of another execution. */
  readonly keys: (path: string) => string
  readonly cancelled: { by: string | undefined }
  /** The run before of the same child workflow. */
  readonly previous: Told | undefined
  /** The execution that it was forked from. */
  readonly origin: Told | undefined
  /** The ends it has from there. */
  readonly reuse: ReadonlyMap<string, End> | undefined
}

export type Done = { path: string; task: AgentTask; child?: Told }
