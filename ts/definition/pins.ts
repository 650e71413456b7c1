// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task may name a workflow that is registered. What that was when the execution began is kept with it, so that whatever is registered later, and
// in whichever process, it runs the same; and what those workflows name in turn.

import type { Definition } from './definition.js'
import type { Json } from '../json/json.js'
import { namedIn } from './named.js'
import type { RunOptions } from '../run/run.js'

/** The workflows that a definition names, by id, and those that they name; what `find` does not know is left out. */
export function pinsFor(definition: Definition, find: (id: string) => Json | undefined): Pick<RunOptions, 'workflows'> {
  const workflows: Record<string, Json> = {}
  const todo = [...definition.workflowIds]
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    const named = Object.hasOwn(workflows, id) ? undefined : find(id)
    if (named === undefined) continue
    workflows[id] = named
    todo.push(...workflowsNamedIn(named))
  }
  return Object.keys(workflows).length === 0 ? {} : { workflows }
}

/** The ids of the workflows that the tasks of a definition name. */
export function workflowsNamedIn(workflow: Json): string[] {
  return [...namedIn(workflow)].flatMap((named) => (named.kind === 'workflow' ? [named.id] : []))
}
