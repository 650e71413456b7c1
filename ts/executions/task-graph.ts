// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What comes after what in a definition, and what is inside of what, as the paths of an execution name it.

import type { Definition } from '../definition/definition.js'

/** A pass of a loop. */
export interface Pass {
  readonly loop: string
  readonly pass: number
}

/** A path in parts: `outer[2].inner[0].child` is `child` in pass 2 of `outer` and 0 of `inner`. A pass of a loop of one call has no task after it. */
function partsOf(path: string): { passes: readonly Pass[]; task: string } {
  const passes: Pass[] = []
  let rest = path
  for (;;) {
    const part = /^(.*?)\[(\d+)\](?:\.|$)/.exec(rest)
    if (part === null) return { passes, task: rest }
    passes.push({ loop: part[1] ?? '', pass: Number(part[2]) })
    rest = rest.slice(part[0].length)
  }
}

export class TaskGraph {
  readonly #definition: Definition
  readonly #numbers = new Map<string, number>()
  readonly #dependents = new Map<number, number[]>()
  readonly #inside = new Map<number, number[]>()

  constructor(definition: Definition) {
    this.#definition = definition
    definition.tasks.forEach(({ id, dependencies, owner }, number) => {
      if (!this.#numbers.has(id)) this.#numbers.set(id, number)
      for (const earlier of dependencies) note(this.#dependents, earlier, number)
      if (owner !== undefined) note(this.#inside, owner, number)
    })
  }

  /** The number of the task a path is about; `undefined` for what was spawned. */
  find(path: string): number | undefined {
    const whole = this.#numbers.get(path)
    if (whole !== undefined || path.includes('/')) return whole
    const { passes, task } = partsOf(path)
    if (task !== '') return this.#numbers.get(task)
    // A pass of a loop of one call: the call itself.
    const loop = this.#numbers.get(passes.at(-1)?.loop ?? '')
    const body = this.#definition.tasks.findIndex(({ owner }) => owner !== undefined && owner === loop)
    return body === -1 ? undefined : body
  }

  /** The task that spawned the one of a path, and what spawned that; the path itself if nothing did. */
  spawner(path: string): string {
    const end = path.lastIndexOf('/')
    return this.find(path) !== undefined || end === -1 ? path : this.spawner(path.slice(0, end))
  }

  /** The passes that the task of a path is in, the outermost first. */
  passes(path: string): readonly Pass[] {
    return this.#numbers.has(path) ? [] : partsOf(path).passes
  }

  /** The task, all that comes after it, and the groups around it with all that comes after those; with `inside` all that is inside the task. */
  affected(path: string, inside: boolean): Set<number> {
    const affected = this.around(path)
    const start = this.find(path)
    if (start !== undefined) this.#follow(start, affected, inside)
    return affected
  }

  /** The groups around a task, with all that comes after those. */
  around(path: string): Set<number> {
    const affected = new Set<number>()
    for (let at = this.ownerOf(this.find(path)); at !== undefined; at = this.ownerOf(at)) this.#follow(at, affected, false)
    return affected
  }

  /** The group, loop or undone task that one belongs to. */
  ownerOf(number: number | undefined): number | undefined {
    return number === undefined ? undefined : this.#definition.tasks[number]?.owner
  }

  /** The path of the group or loop that the task of a path belongs to. */
  ownerPath(path: string): string | undefined {
    const passes = [...this.passes(path)]
    const around = this.#definition.tasks[this.ownerOf(this.find(path)) ?? -1]
    if (around === undefined) return undefined
    if (around.id === passes.at(-1)?.loop) passes.pop()
    return passes.map(({ loop, pass }) => `${loop}[${pass}].`).join('') + around.id
  }

  /**
   * The lists in which a failure may have stopped the task of a path: its own, and those that groups around it stand in as long as those are `cut` too. All
   * passes of a loop that fails with its first item are one list.
   */
  lists(path: string, cut: ReadonlySet<string>): string[] {
    const passes = [...this.passes(path)]
    const lists: string[] = []
    for (let at = this.find(path); at !== undefined;) {
      const owner: number | undefined = this.#definition.tasks[at]?.owner
      const around = owner === undefined ? undefined : this.#definition.tasks[owner]
      const isPass = around !== undefined && around.id === passes.at(-1)?.loop
      const { onItemError = 'fail' } = isPass ? ((around.source['loop'] ?? {}) as { onItemError?: string }) : {}
      if (isPass && onItemError === 'fail') passes.pop()
      lists.push(JSON.stringify([owner, passes]))
      if (isPass && onItemError !== 'fail') passes.pop()
      const place = passes.map(({ loop, pass }) => `${loop}[${pass}].`).join('')
      at = around !== undefined && cut.has(place + around.id) ? owner : undefined
    }
    return lists
  }

  /** Whether a task is in a pass that may build on one that a start is in: a later one of the same loop, whatever it is about. */
  buildsOn(start: readonly Pass[], other: readonly Pass[]): boolean {
    for (const [level, { loop, pass }] of start.entries()) {
      const own = other[level]
      if (own === undefined || own.loop !== loop || own.pass < pass) return false
      if (own.pass > pass) return this.#definition.tasks[this.#numbers.get(loop) ?? -1]?.building === true
    }
    return false
  }

  #follow(number: number, into: Set<number>, inside: boolean): void {
    // What is inside a group that runs anew because of something before it does too; a group around the start keeps what it can.
    const todo = inside ? [number, ...(this.#inside.get(number) ?? [])] : [number]
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      if (into.has(next)) continue
      into.add(next)
      todo.push(...(this.#dependents.get(next) ?? []), ...(next === number ? [] : (this.#inside.get(next) ?? [])))
    }
  }
}

function note(lists: Map<number, number[]>, of: number, number: number): void {
  const list = lists.get(of)
  if (list === undefined) lists.set(of, [number])
  else list.push(number)
}
