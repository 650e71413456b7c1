// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of a definition, as an author writes it. Numbers are milliseconds where they measure time; instants are `Date`.

import type { Duration } from './duration.js'
import type { ModelBudget } from './models.js'
import type { AnyWord, AgentTask } from './task.js'
import type { Agents } from './agent.js'

/** A workflow: tasks, and what each waits for. */
export interface AgentWorkflow<Other extends string = AnyWord> {
  /** Names it. At most 256 bytes. */
  id: string
  /** For people. Default: its id. */
  name?: string | undefined
  /** A changed definition needs another version while executions of the old one run. Default `'1'`. */
  version?: string | undefined
  description?: string | undefined
  /**
   * Judges the context of each execution before it begins: a zod schema, any Standard Schema, or a JSON Schema. `ERR_INPUT_SCHEMA`. What
   * it makes of the context is the context.
   */
  context?: unknown
  /** The agents that its tasks name, for the compiler alone: see `defineWorkflow`. It registers no agent and is not recorded. */
  agents?: Agents | undefined
  /** At least one; `workflow.maxTasks` counts those of every level. */
  tasks: readonly AgentTask<Other>[]
  /** For people and tools; it changes nothing. */
  metadata?:
    | { author?: string | undefined; created?: Date | string | undefined; tags?: readonly string[] | undefined; [key: string]: unknown }
    | undefined
  /** What a failure does to its neighbours: stops them (`'fail_fast'`, default), or lets independent tasks go on. */
  failurePolicy?: 'fail_fast' | 'continue' | Other | undefined
  /** When an execution must have ended: so long after its start, or an ISO instant with a zone. `ERR_DEADLINE`. */
  deadline?: Duration<Other> | `${number}-${number}-${string}` | undefined
  /** What one execution may use. `ERR_BUDGET`; of models `ERR_BUDGET_EXCEEDED`. */
  budget?: Budget | undefined
}

/** What one execution may use, its child workflows included. */
export interface Budget extends ModelBudget {
  /** Attempts of agents that may start. */
  tasks?: number | undefined
  /** Time from start to end. */
  time?: Duration | undefined
}
