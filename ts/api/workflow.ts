// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of a definition, as an author writes it. Numbers are milliseconds where they measure time; instants are `Date`.

import type { Duration } from './duration.js'
import type { ModelBudget } from './models.js'
import type { AnyWord, AgentTask } from './task.js'
import type { Agents } from './agent.js'

/** A workflow: tasks and their dependencies. */
export interface AgentWorkflow<Other extends string = AnyWord> {
  /** The id of the workflow. At most 256 bytes. */
  id: string
  /** A name for people. Default: the id. */
  name?: string | undefined
  /** A changed definition needs another version while executions of the old one run. Default `'1'`. */
  version?: string | undefined
  description?: string | undefined
  /**
   * Validates the context of each execution before it begins: a zod schema, any Standard Schema, or a JSON Schema. `ERR_INPUT_SCHEMA`.
   * Its parsed value becomes the context.
   */
  context?: unknown
  /** The agents that its tasks name, for the compiler only: see `defineWorkflow`. It registers no agent and is not recorded. */
  agents?: Agents | undefined
  /** At least one; `workflow.maxTasks` counts those of every level. */
  tasks: readonly AgentTask<Other>[]
  /** For people and tools; it changes nothing. */
  metadata?:
    | { author?: string | undefined; created?: Date | string | undefined; tags?: readonly string[] | undefined; [key: string]: unknown }
    | undefined
  /** After a failure: `'fail_fast'` (default) stops the other tasks, `'continue'` lets independent tasks go on. */
  failurePolicy?: 'fail_fast' | 'continue' | Other | undefined
  /**
   * What its executions survive: `'disk'` (default) as much as `storage.durability` says; `'os'` only the death of the process, so that its tasks do not wait
   * for the disk: a power cut may take back the last of what was recorded, in order. Child workflows have their own.
   */
  durability?: 'os' | 'disk' | Other | undefined
  /** The time by which an execution must end: a duration after its start, or an ISO instant with a zone. `ERR_DEADLINE`. */
  deadline?: Duration<Other> | `${number}-${number}-${string}` | undefined
  /** Limits of one execution. `ERR_BUDGET`; for models `ERR_BUDGET_EXCEEDED`. */
  budget?: Budget | undefined
}

/** Limits of one execution, including its child workflows. */
export interface Budget extends ModelBudget {
  /** Attempts of agents that may start. */
  tasks?: number | undefined
  /** Time from start to end. */
  time?: Duration | undefined
}
