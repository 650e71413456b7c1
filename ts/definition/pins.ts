// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task may name a workflow that is registered. What that was when the execution began is kept with it, so that whatever is registered later, and
// in whichever process, it runs the same; and what those workflows name in turn.

import type { Definition } from './definition.js'
import type { Json } from '../json/json.js'
import { workflowsNamedIn } from './named.js'

/** The registered workflows that the tasks of an execution name, by id, as they were when it began; absent: none. */
interface Pins {
  readonly workflows?: Readonly<Record<string, Json>>
}

/** The workflows that a definition names, by id, and those that they name; what `find` does not know is left out. */
export function pinsFor(definition: Definition, find: (id: string) => Json | undefined): Pins {
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
