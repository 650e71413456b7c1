// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `docs/workflows.md` once more, slow and obvious: a case is read as a story, task by task, in the order in which its tasks come up. Nothing is recorded, nothing is
// concurrent, and nothing is clever.

import type { AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import { minutesOf, type Action, type Case } from './case.ts'
import { changed } from './changed.ts'
import { judgedPayload } from './coded.ts'
import { unwell } from './forking.ts'
import { keptBy } from '../mended/oracle.ts'
import { Halt, move, recordsOf } from './moves.ts'
import { isForbidden, namesIn } from './named.ts'
import { kept, Teller } from './teller.ts'
import { stepsLeft } from './stepping.ts'
import { mended } from './texts.ts'
import type { Call, Given, Told, World } from './told.ts'

/** What happened to an action: the execution it led to, or the code it was refused with. */
export type Outcome = { told: Told; joined?: boolean } | { refused: string }

export class Interpreter {
  readonly calls: Call[] = []
  readonly executions = new Map<string, Told>()
  readonly #case: Case
  readonly #world: World
  readonly #latest = new Map<string, Told>()
  readonly #begun: Told[] = []
  readonly #mendOf: (flow: AgentWorkflow) => AgentWorkflow | undefined
  #healed = false
  #forks = 0

  /** `mendOf`: the definition as its author has mended it, if that makes one. */
  constructor(given: Case, mendOf: (flow: AgentWorkflow) => AgentWorkflow | undefined) {
    this.#case = given
    this.#mendOf = mendOf
    this.#world = {
      minutes: 0,
      mayMove: true,
      calls: this.calls,
      cache: new Map(),
      isHealed: () => this.#healed,
      find: (id) => given.registered.find((flow) => flow.id === id) as AgentWorkflow,
      run: (...run) => this.#run(...run),
      told: (id) => this.executions.get(id),
    }
  }

  act(action: Action): Outcome | undefined {
    const { main, context } = this.#case
    switch (action.do) {
      case 'heal':
        this.#healed = true
        return undefined
      case 'squat':
        return { refused: 'ERR_INVALID_ARGUMENT' }
      case 'run': {
        const flow = action.changed === true ? changed(main) : main
        const { tenant, allow } = action
        if (allow !== undefined && isForbidden(namesIn(flow, this.#case.registered), allow)) return { refused: 'ERR_VALIDATION' }
        return this.#keep(this.#run(flow, action.id, mended(context) as Record<string, unknown>, { tenant, allow, signals: true }))
      }
      case 'schedule': {
        const { id, tenant, allow } = action
        return this.#keep(this.#run(main, id, mended(context) as Record<string, unknown>, { tenant, allow }))
      }
      case 'key': {
        const key = `${action.tenant ?? ''} ${action.key}`
        const latest = this.#latest.get(key)
        if (latest !== undefined && (latest.status === 'completed' || !action.rerun)) return { told: latest, joined: true }
        const told = this.#run(main, `key ${this.#forks++}`, mended(context) as Record<string, unknown>, { tenant: action.tenant })
        this.#latest.set(key, told)
        return this.#keep(told)
      }
      case 'fork': {
        const old = this.#oldOf(action)
        const paths = forkable(old)
        if (paths.length === 0) return { refused: 'nothing' }
        return this.#keep(this.#fork(old, [paths[action.place % paths.length] as string], false))
      }
      case 'move': {
        const old = this.#oldOf(action)
        const mended = this.mended(action)
        if (mended === undefined) return { refused: 'nothing' }
        if (old.status !== 'failed') return { refused: 'ERR_EXECUTION_ENDED' }
        const ends = new Set(keptBy(old.flow, mended, recordsOf(old), []))
        const reuse = new Map([...old.tasks].filter(([path]) => ends.has(path)))
        const { tenant, allow } = old
        return this.#keep(this.#run(mended, `fork ${this.#forks++}`, old.context, { tenant, allow, origin: old, reuse }))
      }
      case 'retry': {
        const old = this.#oldOf(action)
        return this.#keep(this.#fork(old, unwell(old), true))
      }
    }
  }

  /** The path a fork begins from, for the one who does it. */
  forkedFrom(action: { back: number; place: number }): { id: string; path: string } | undefined {
    const old = this.#oldOf(action)
    const paths = forkable(old)
    return paths.length === 0 ? undefined : { id: old.id, path: paths[action.place % paths.length] as string }
  }

  /** The definition that an execution is moved to; of a fork it cannot be said what was inside of what it took over. */
  mended(action: { back: number }): AgentWorkflow | undefined {
    const old = this.#oldOf(action)
    return old.origin === undefined ? this.#mendOf(old.flow) : undefined
  }

  /** The definition that the execution of an action begins with, but for what it is mended to. */
  flowOf(action: Action): AgentWorkflow {
    if (action.do === 'fork' || action.do === 'retry') return this.#oldOf(action).flow
    return action.do === 'run' && action.changed === true ? changed(this.#case.main) : this.#case.main
  }

  /** The execution that an action is about. */
  retried(action: { back: number }): string {
    return this.#oldOf(action).id
  }

  #oldOf({ back }: { back: number }): Told {
    return this.#begun.at(-1 - back) ?? (this.#begun[0] as Told)
  }

  #keep(told: Told): Outcome {
    this.#begun.push(told)
    return { told }
  }

  #fork(old: Told, from: readonly string[], continues: boolean): Told {
    const starts = [...from, ...old.undone]
    const reuse = kept(old, starts, continues)
    const begin = {
      tenant: old.tenant,
      allow: old.allow,
      origin: old,
      reuse,
      ...(continues && { continues: old, steps: stepsLeft(old, reuse) }),
    }
    return this.#run(old.flow, `fork ${this.#forks++}`, old.context, begin)
  }

  #run(flow: AgentWorkflow, id: string, context: Record<string, unknown>, given: Given): Told {
    const told: Told = {
      id,
      flow,
      context,
      tenant: given.tenant,
      allow: given.allow,
      status: 'completed',
      tasks: new Map(),
      results: {},
      steps: new Map([...(given.steps ?? [])].map(([path, taken]) => [path, new Map(taken)])),
      done: [],
      undone: new Set(),
      undoneWhole: new Set(),
      final: false,
      stay: new Map(),
      begun: new Map(),
      between: new Set(),
      anew: new Set(),
      opened: new Set(),
      owner: (path) => ownerOf(id, path, given),
      cancelled: given.cancelled ?? { by: undefined },
      since: this.#world.minutes,
      deadline: Math.min(given.deadline ?? Infinity, this.#world.minutes + minutesOf(flow.deadline as string | undefined)),
      previous: given.previous,
      origin: given.origin,
      reuse: given.reuse,
    }
    this.executions.set(id, told)
    const signals =
      given.signals === true
        ? this.#case.signals
            .filter(({ refused }) => refused === undefined)
            .map((signal) => ({ ...signal, payload: judgedPayload(mended(signal.payload) as object) }))
        : []
    for (let begun = given; ;) {
      try {
        new Teller(this.#world, told, begun, signals).tell()
        if (told.move === 'wanted') told.move = 'ended'
        return told
      } catch (error) {
        if (!(error instanceof Halt) || told.move !== 'wanted') throw error
        // What it has from another execution holds for what stays.
        begun = { ...given, reuse: move(told, this.#mendOf(told.flow)) }
      }
    }
  }
}

/** Paths that a fork can begin from. */
function forkable(told: Told): string[] {
  return [...told.tasks.keys()].filter((path) => !path.includes('/') && !path.includes('!')).sort()
}

/** The execution whose keys a task has: a run after another of the same child knows the keys of that, but of what was undone. */
function ownerOf(id: string, path: string, { previous, keysOf = id }: Given): string {
  if (previous === undefined) return keysOf
  return previous.undone.has(path.replace(/!compensate$/, '').replace(/\/.*$/, '')) ? id : previous.owner(path)
}
