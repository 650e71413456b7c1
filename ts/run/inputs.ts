// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the tasks of an execution that undoes another are given.

import type { Definition, TaskDefinition } from '../definition/definition.js'
import { errorOf } from '../api/errors.js'
import type { Json } from '../json/json.js'

/** What a task that undoes something is given, or why that is not known. */
export interface UndoInput {
  readonly prompt?: string
  readonly data?: Json
  readonly error?: { readonly code: string; readonly message: string }
}

/** The definition with what its tasks are given. */
export function withInputs(definition: Definition, inputs: Readonly<Record<string, UndoInput>>): Definition {
  const given = (task: TaskDefinition): TaskDefinition => {
    if (!Object.hasOwn(inputs, task.id)) return task
    const { prompt, data, error } = inputs[task.id] as UndoInput
    if (error === undefined) return { ...task, prompt, data }
    return { ...task, inputSchema: { judge: () => Promise.reject(errorOf(error.code, error.message)) } }
  }
  return { ...definition, tasks: definition.tasks.map(given) }
}
