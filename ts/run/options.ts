// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an execution was given beside its workflow and context, and what is recorded of it.

import type { Json } from '../json/json.js'
import type { Allowance } from '../api/execution.js'
import type { UndoInput } from './inputs.js'
import type { TakenSteps } from '../steps/steps.js'
import { generationOf, type Moved } from './moves.js'

/** Whose keys the tasks of an execution have. */
export interface Keys {
  /** An execution, */
  readonly of: string
  /** and for these paths, with all that belongs to them, others. */
  readonly but?: Readonly<Record<string, string>>
}

/** An execution as far as its keys are asked for. */
interface Keyed {
  readonly id: string
  readonly options: Pick<RunOptions, 'keys'>
  readonly moves?: readonly Moved[]
}

/** The execution whose keys a task has. */
export function keyOwner({ id, options: { keys }, moves = [] }: Keyed, path: string): string {
  const moved = generationOf(moves, path)
  // No execution can be given an id of this form.
  if (moved > 0) return `${id}!moved/${moved}`
  if (keys === undefined) return id
  // What undoes a task, and what it spawned, go with it.
  for (const [of, owner] of Object.entries(keys.but ?? {})) {
    if (path === of || (path.startsWith(of) && '!/'.includes(path[of.length] ?? ' '))) return owner
  }
  return keys.of
}

/** An end that a fork takes over, as `runtime::options` reads it. */
export interface ReusedEnd {
  readonly status: string
  readonly output?: Json
  readonly reason?: string
  readonly code?: string
  readonly message?: string
  readonly details?: { readonly [field: string]: Json }
}

/** What an execution was given beside its workflow and context; what is recorded of it. */
export interface RunOptions {
  readonly forkedFrom?: string
  readonly parent?: { readonly execution: string; readonly path: string }
  /** The execution that tried the same before, and whose keys its tasks have; see `lineage.ts`. */
  readonly previous?: string
  readonly keys?: Keys
  /** Whether its parent undoes it as a whole, however it ends. */
  readonly undoneAbove?: boolean
  /** The execution that it undoes, and what its tasks are given; see `undoing.ts`. */
  readonly undoes?: string
  readonly inputs?: Readonly<Record<string, UndoInput>>
  /** The schedule that began it, and the planned instant in milliseconds. */
  readonly schedule?: { readonly id: string; readonly at: number }
  readonly depth?: number
  /** The bound of its loops as it began; absent where it has none, or began before there was one. */
  readonly maxIdlePasses?: number
  readonly tenant?: string
  readonly traceparent?: string
  readonly priority?: number
  readonly idempotencyKey?: string
  /** What it may use; absent: everything. */
  readonly allow?: Allowance
  /** The ends that a fork takes over, by path. */
  readonly reuse?: Readonly<Record<string, ReusedEnd>>
  /** The steps that its tasks go on from, by path: those of the execution that it retries. */
  readonly steps?: Readonly<Record<string, TakenSteps>>
  /** The registered workflows that its tasks name, as they were when it began. */
  readonly workflows?: Readonly<Record<string, Json>>
  /** The agents nobody had registered when it began, which built-in types stand in for. */
  readonly builtIn?: readonly string[]
  /** The agents that models stand in for in its child workflows, as was settled when the first execution above them began. */
  readonly standIns?: readonly string[]
  /** How paths are made: 2; absent, as by versions before, or it makes no difference. */
  readonly paths?: 2
  readonly [field: string]: unknown
}
