// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What undoes a child that completed, when its parent fails later: an execution of its own, `<id of the child>!compensate`, of a workflow that we write.
//
// The engine lists what there is to undo (`runtime::report::undoing`); each becomes a task here, under the path it would have as a task of the child, one
// after the other, whatever becomes of those before it, and as clean-up: nothing but force keeps it from running. A child of the child is undone by a task
// that names its execution, and which becomes one of these in turn. What templates gave is no template, so it is not in the workflow but in the options.

import { acceptedDefinition, at, type Definition, type StoredTask } from '../definition/definition.js'
import type { Past } from './ended-executions.js'
import { UNDOING } from './fork.js'
import type { UndoInput } from '../run/inputs.js'
import type { RunOptions } from '../run/options.js'

/** One thing to undo, as `runtime::report::undoing` writes it. */
interface Undo {
  readonly path: string
  /** The execution that is to be undone, if it is a child, */
  readonly child?: string
  /** else where the call that does so stands, the time it has, and what its templates gave. */
  readonly place?: string
  readonly timeout?: number
  readonly input?: UndoInput
  readonly error?: UndoInput['error']
}

/** Of calls that have none; all here have. */
const TIMEOUT_MS = 30_000

/** The workflow that undoes a child, and what its execution is given. `listed`: JSON text of what there is to undo. */
export function undoingOf({ execution, definition, options }: Past, listed: string): { definition: Definition; options: RunOptions } {
  const all = JSON.parse(listed) as Undo[]
  const inputs: Record<string, UndoInput> = {}
  const tasks = all.map((undo) => {
    const id = undo.path + UNDOING
    const common = { id, name: `Undoing ${undo.path}`, triggerRule: 'all_done' }
    if (undo.child !== undefined) return { ...common, workflow: undo.child }
    const { on: _, input, ...call } = at(definition.source, undo.place ?? '') as StoredTask
    const { schema, ...written } = input ?? {}
    const given = undo.error === undefined ? (undo.input ?? written) : { error: undo.error }
    if (Object.keys(given).length > 0) inputs[id] = given
    return { ...common, ...call, timeout: undo.timeout ?? null, ...(schema !== undefined && { input: { schema } }) }
  })
  const workflow = {
    id: definition.workflowId + UNDOING,
    name: `Undoing ${execution.id}`,
    // Each is another workflow.
    version: execution.id,
    failurePolicy: 'continue',
    tasks,
  }
  const standIns = [...(options.builtIn ?? []), ...(options.standIns ?? [])]
  return {
    definition: acceptedDefinition(workflow, TIMEOUT_MS),
    options: {
      undoes: execution.id,
      keys: options.keys ?? { of: execution.id },
      ...(options.workflows !== undefined && { workflows: options.workflows }),
      ...(standIns.length > 0 && { standIns }),
      ...(Object.keys(inputs).length > 0 && { inputs }),
    },
  }
}
