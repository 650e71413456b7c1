// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The executions that live in this process, by their ids, and which of them are tasks of others.

import type { Run } from '../run/run.js'

export class LiveRuns {
  readonly #runs = new Map<string, Run>()
  readonly #children = new Map<string, Set<Run>>()
  /** Those that continue an execution or do it again, by its id. */
  readonly #continuing = new Map<string, Set<Run>>()

  readonly #added: () => void

  /** `added` is told that there is one more. */
  constructor(added: () => void) {
    this.#added = added
  }

  add(run: Run): void {
    this.#added()
    this.#runs.set(run.id, run)
    for (const before of continued(run)) join(this.#continuing, before, run)
    const parent = run.options.parent?.execution
    if (parent !== undefined) join(this.#children, parent, run)
  }

  delete(run: Run): void {
    this.#runs.delete(run.id)
    for (const before of continued(run)) leave(this.#continuing, before, run)
    leave(this.#children, run.options.parent?.execution ?? '', run)
  }

  has(id: string): boolean {
    return this.#runs.has(id)
  }

  get(id: string): Run | undefined {
    return this.#runs.get(id)
  }

  get isEmpty(): boolean {
    return this.#runs.size === 0
  }

  values(): Iterable<Run> {
    return this.#runs.values()
  }

  /** Whether there are tasks of an execution that live here. */
  hasChildren(executionId: string): boolean {
    return this.#children.has(executionId)
  }

  /** The id of the topmost execution above one; its own if there is none. */
  topOf({ id, options: { parent } }: Run): string {
    const above = parent === undefined ? undefined : this.#runs.get(parent.execution)
    return above === undefined ? id : this.topOf(above)
  }

  /** Those that are tasks of an execution and have not ended. */
  childrenOf(executionId: string): Run[] {
    return [...(this.#children.get(executionId) ?? [])].filter(({ execution }) => execution === undefined)
  }

  /** One that has not ended and continues an execution, or does it again. */
  continuing(executionId: string): Run | undefined {
    return [...(this.#continuing.get(executionId) ?? [])].find(({ execution }) => execution === undefined)
  }
}

function continued({ options: { forkedFrom, previous } }: Run): readonly string[] {
  return [forkedFrom, previous].filter((id) => id !== undefined)
}

function join(sets: Map<string, Set<Run>>, id: string, run: Run): void {
  const runs = sets.get(id)
  if (runs === undefined) sets.set(id, new Set([run]))
  else runs.add(run)
}

function leave(sets: Map<string, Set<Run>>, id: string, run: Run): void {
  const runs = sets.get(id)
  if (runs?.delete(run) === true && runs.size === 0) sets.delete(id)
}
