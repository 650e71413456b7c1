// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tells a call of an agent: what is kept of it, its attempts, and what stands in for it.

import type { AgentTask } from '@codexos/multi-agent-orchestrator'
import type { Deed } from './case.ts'
import { judgedOutput } from './coded.ts'
import { cancelled, completed, keyOf, stopOf, textOf } from './ends.ts'
import { asksToMove, Halt, isTooLarge } from './moves.ts'
import { Stepping, STOP } from './stepping.ts'
import { mended, rendered, type Scope } from './texts.ts'
import type { Call, End, Told, World } from './told.ts'

export class Leaf {
  readonly #world: World
  readonly #told: Told

  constructor(world: World, told: Told) {
    this.#world = world
    this.#told = told
  }

  tell(task: AgentTask, path: string, scope: Scope): End {
    const told = this.#told
    if (told.move === 'wanted') throw new Halt()
    const data = rendered(task.input?.data, scope) as { said: unknown; deed: Deed }
    const slot = this.#cacheSlot(task, data, scope)
    if (slot !== undefined && this.#world.cache.has(slot)) {
      told.steps.delete(path)
      return { ...completed(judged(task, this.#world.cache.get(slot) as object)), cached: true }
    }
    const own = this.#attempts(task, path, data)
    // Nothing stands in for it with steps that it took, and what has completed leaves none.
    if (own.status === 'completed' || (own.status === 'failed' && task.fallback !== undefined)) told.steps.delete(path)
    const end = own.status === 'failed' && task.fallback !== undefined ? this.#fallBack(task, path, own) : own
    // What it gave, whatever its schema has made of that.
    if (slot !== undefined && own.status === 'completed') this.#world.cache.set(slot, { id: task.id, said: data.said })
    // A value that stood in has done nothing.
    const isDone = own.status === 'completed' || end.attempts > own.attempts
    if (task.compensate !== undefined && (isDone || task.compensate.on === 'started')) told.done.push({ path, task })
    return end
  }

  #fallBack(task: AgentTask, path: string, end: End): End {
    const told = this.#told
    const fallback = task.fallback as { value?: unknown; agentId?: string; input?: { data: { deed?: Deed } } }
    if (fallback.agentId === undefined) return { ...completed(mended(fallback.value)), attempts: end.attempts, degraded: true }
    const call = this.#call(fallback.agentId, task, path, end.attempts + 1, undefined)
    new Stepping(told, path, call).takeFirst(fallback.input?.data.deed ?? {}, false)
    told.steps.delete(path)
    return { ...completed({ id: task.id, said: null }), attempts: end.attempts + 1, degraded: true }
  }

  #cacheSlot(task: AgentTask, data: unknown, { context }: Scope): string | undefined {
    if (task.cache === undefined) return undefined
    const { tenant, flow } = this.#told
    const made = typeof task.cache === 'object' && task.cache.key !== undefined ? `key ${textOf(context['n'])}` : data
    return JSON.stringify([tenant ?? null, flow.id, task.id, task.input, task.outputSchema, made])
  }

  #attempts(task: AgentTask, path: string, data: { said: unknown; deed: Deed }): End {
    const told = this.#told
    const most = task.retryPolicy?.maxAttempts ?? 1
    const before = told.begun.get(path) ?? 0
    told.begun.delete(path)
    for (let attempt = before + 1; ; attempt += 1) {
      const call = this.#call(task.agentId as string, task, path, attempt, data.said)
      const answer = this.#answer(task, path, data, call)
      if (answer.status !== 'failed' || answer.final === true || attempt >= most) return { ...answer, attempts: attempt }
      if (told.move === 'wanted') {
        told.begun.set(path, attempt)
        throw new Halt()
      }
    }
  }

  #call(agent: string, { id }: AgentTask, path: string, attempt: number, said: unknown): Call {
    const told = this.#told
    const call: Call = { agent, execution: told.id, task: id, attempt, key: keyOf(told, path), said, steps: {} }
    this.#world.calls.push(call)
    return call
  }

  /** What the agent of `drive.ts` does. */
  #answer(task: AgentTask, path: string, { said, deed }: { said: unknown; deed: Deed }, call: Call): End {
    const { attempt } = call
    const told = this.#told
    const run = Number(/\/(\d+)(?:~\d+)?$/.exec(told.id)?.[1] ?? Infinity)
    const fails = attempt <= (deed.fails ?? 0) || run <= (deed.failsRuns ?? 0) || (deed.breaks === true && !this.#world.isHealed())
    const stepping = new Stepping(told, path, call)
    stepping.takeFirst(deed, fails)
    if (!WORKERS.has(task.agentId as string)) return completed({ id: task.id, said: null })
    for (const spawned of deed.spawns ?? []) {
      const own = `${path}/${spawned.id}`
      // It is nothing that may be used.
      if (told.allow?.agents?.includes(spawned.agentId as string) === false) {
        if (deed.catches === true) continue
        return { status: 'failed', code: 'ERR_VALIDATION', attempts: attempt, final: true }
      }
      const end = told.tasks.get(own) ?? this.#attempts(spawned, own, spawned.input?.data as { said: unknown; deed: Deed })
      told.tasks.set(own, end)
      if (end.status === 'completed') told.steps.delete(own)
      if (end.status === 'failed' && deed.catches !== true)
        return { status: 'failed', code: 'ERR_TASK_FAILED', attempts: attempt, final: true }
    }
    if (deed.lingers === true) stepping.leave()
    const isStop = deed.cancels !== undefined && stopOf(told, this.#world) === undefined
    // A step in which it stops as it is told leaves nothing on record; one that has cancelled once does not do so again.
    if (isStop && (deed.inStep !== true || deed.cancels === 'stops' || stepping.take(STOP))) {
      told.cancelled.by = path
      if (deed.cancels === 'stops') return cancelled('cancelled')
    }
    const isLarge = isTooLarge(deed, task.id, said)
    if (this.#world.mayMove && !told.id.includes('/') && asksToMove(deed, { fails, attempt, isLarge })) {
      told.move = 'wanted'
      this.#world.mayMove = false
    }
    // Told to stop, it did not answer well.
    if ((fails || isLarge) && told.cancelled.by === path) return cancelled('cancelled')
    if (fails) return { status: 'failed', code: deed.code ?? 'ERR_AGENT', attempts: attempt, ...(deed.final === true && { final: true }) }
    if (isLarge) return { status: 'failed', code: 'ERR_TOO_LARGE', attempts: attempt, final: true }
    const output = judged(task, { id: task.id, said })
    return output === undefined ? { status: 'failed', code: 'ERR_OUTPUT_SCHEMA', attempts: attempt, final: true } : completed(output)
  }
}

/** Agents that do what a deed says. */
const WORKERS: ReadonlySet<string> = new Set(['work', 'apart'])

/** What the schema of a task makes of an output; undefined if it does not fit. */
function judged({ outputSchema }: AgentTask, output: object): object | undefined {
  return outputSchema === undefined ? output : judgedOutput(output)
}
