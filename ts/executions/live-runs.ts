// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The executions that live in this process, by their ids, and which of them are tasks of others.

import type { Run } from '../run/run.js'

export class LiveRuns {
  readonly #runs = new Map<string, Run>()
  readonly #children = new Map<string, Set<Run>>()

  add(run: Run): void {
    this.#runs.set(run.id, run)
    const parent = run.options.parent?.execution
    if (parent === undefined) return
    const children = this.#children.get(parent) ?? new Set()
    this.#children.set(parent, children.add(run))
  }

  delete(run: Run): void {
    this.#runs.delete(run.id)
    const parent = run.options.parent?.execution ?? ''
    const children = this.#children.get(parent)
    if (children?.delete(run) === true && children.size === 0) this.#children.delete(parent)
  }

  has(id: string): boolean {
    return this.#runs.has(id)
  }

  get(id: string): Run | undefined {
    return this.#runs.get(id)
  }

  values(): Iterable<Run> {
    return this.#runs.values()
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
}
