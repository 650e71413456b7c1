// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tells one execution from its first task to its last, and then what is undone.

import type { AgentTask, AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import { LATE, minutesOf, type Deed, type Signal } from './case.ts'
import { cancelled, completed, failedAs, groupEnd, holds, keyOf, letterOf, stopOf, takenOver, tolerated, type ListEnd } from './ends.ts'
import { affectedBy, cutOff, unwell } from './forking.ts'
import { Joined } from './joins.ts'
import { Leaf } from './leaf.ts'
import { canBeUndone, childName, Halt } from './moves.ts'
import { stepsLeft, stepsOf } from './stepping.ts'
import { rendered, type Scope } from './texts.ts'
import type { End, Given, Told, World } from './told.ts'

/** A list of tasks that come up one after the other, and where it stands. */
interface List {
  readonly tasks: readonly AgentTask[]
  readonly prefix: string
  /** Whether its tasks start together. */
  readonly beside: boolean
  readonly scope: Scope
}

/** Tells one execution. */
export class Teller {
  readonly #world: World
  readonly #told: Told
  readonly #given: Given
  readonly #signals: Signal[]
  readonly #failFast: boolean
  readonly #leaf: Leaf

  constructor(world: World, told: Told, given: Given, signals: Signal[]) {
    this.#world = world
    this.#told = told
    this.#given = given
    this.#signals = signals
    this.#leaf = new Leaf(world, told)
    this.#failFast = told.flow.failurePolicy !== 'continue'
  }

  tell(): void {
    const told = this.#told
    const scope: Scope = { context: told.context, tasks: {}, vars: {} }
    const end = this.#list({ tasks: told.flow.tasks, prefix: '', beside: false, scope })
    told.results = end.output
    const stop = stopOf(told, this.#world)
    if (stop === 'cancelled') told.status = 'cancelled'
    else if (stop === 'deadline') Object.assign(told, { status: 'failed', code: 'ERR_DEADLINE', final: true })
    else if (end.failure !== undefined) {
      told.status = 'failed'
      told.code = end.failure.code
      told.final = end.failure.final
    }
    if (told.status !== 'completed' && this.#given.undoneAbove !== true) this.#undo(told)
  }

  /** What was done is undone, the latest first. */
  #undo(told: Told): void {
    for (const done of told.done.toReversed()) {
      const undoing = `${done.path}!compensate`
      if (done.child !== undefined && done.task.compensate === undefined) {
        if (!canBeUndone(done.child)) continue
        told.tasks.set(undoing, { status: 'completed', result: this.#undoChild(done.child), attempts: 1 })
        told.undone.add(done.path)
        continue
      }
      const id = done.task.id
      this.#callUndo(told.id, id, keyOf(told, undoing), done.task)
      told.tasks.set(undoing, { status: 'completed', result: { id, said: null }, attempts: 1 })
      told.undone.add(done.path)
      if (done.child !== undefined) told.undoneWhole.add(done.path)
    }
  }

  /** A child that ended well stays as it is; its undoing is an execution of its own. Answers with the results of that. */
  #undoChild(child: Told): Record<string, unknown> {
    const execution = `${child.id}!compensate`
    const results: Record<string, unknown> = {}
    for (const { path, task, child: inner } of child.done.toReversed()) {
      const undoing = `${path}!compensate`
      const asWhole = inner === undefined || task.compensate !== undefined
      if (inner !== undefined && !asWhole && !canBeUndone(inner)) continue
      child.undone.add(path)
      if (inner !== undefined && asWhole) child.undoneWhole.add(path)
      if (inner !== undefined && !asWhole) results[undoing] = this.#undoChild(inner)
      else {
        this.#callUndo(execution, undoing, keyOf(child, undoing), task)
        results[undoing] = { id: undoing, said: null }
      }
    }
    return results
  }

  #callUndo(execution: string, task: string, key: string, { compensate }: AgentTask): void {
    const { deed = {} } = (compensate?.input?.data ?? {}) as { deed?: Deed }
    const steps = Object.fromEntries(stepsOf(deed, 1, false).map((name) => [name, `${execution} 1`]))
    this.#world.calls.push({ agent: 'undo', execution, task, attempt: 1, key, said: undefined, steps })
  }

  #list({ tasks, prefix, beside, scope }: List): ListEnd {
    const ends = new Map<string, End>()
    const seen = { ...scope.tasks }
    const cleanups = new Set<string>()
    let stopped: string | undefined
    for (const [place, task] of tasks.entries()) {
      const before = beside ? [] : (task.dependencies ?? (place > 0 ? [(tasks[place - 1] as AgentTask).id] : []))
      const letters = before.map((id) => letterOf(ends.get(id) as End))
      const runsAnyway = task.triggerRule === 'all_done'
      // What comes after clean-up alone is clean-up too, and goes by its own rule.
      const cleanup = runsAnyway || (before.length > 0 && before.every((id) => cleanups.has(id)))
      if (cleanup) cleanups.add(task.id)
      const path = prefix + task.id
      const stopping = stopOf(this.#told, this.#world) ?? stopped
      let end: End
      if (!runsAnyway && letters.includes('F')) end = { status: 'skipped', reason: 'upstream_failed', attempts: 0 }
      else if (!runsAnyway && task.dependencies !== undefined && letters.length > 0 && !letters.includes('S'))
        end = { status: 'skipped', reason: 'upstream_skipped', attempts: 0 }
      else if (!cleanup && stopping !== undefined) end = { status: 'cancelled', reason: stopping, attempts: 0 }
      else end = this.#task(task, path, prefix, { ...scope, tasks: seen })
      ends.set(task.id, end)
      this.#told.tasks.set(path, end)
      seen[task.id] = { status: end.status, output: end.status === 'completed' ? (end.result ?? null) : null }
      if (this.#failFast && end.status === 'failed' && end.tolerated !== true) stopped = 'sibling_failed'
    }
    const output: Record<string, unknown> = {}
    for (const [id, end] of ends) {
      if (end.status === 'completed') output[id] = end.result ?? null
      else if (end.tolerated === true) output[id] = null
    }
    const failed = [...ends.values()].find(({ status, tolerated }) => status === 'failed' && tolerated !== true)
    // An end that was taken over stopped nothing here.
    const cut = [...ends].find(([id, { status }]) => status === 'cancelled' && this.#given.reuse?.has(prefix + id) !== true)?.[1]
    return {
      output,
      ...(failed !== undefined && { failure: { code: failed.code as string, final: failed.final === true } }),
      ...(cut !== undefined && { cut: cut.reason as string }),
    }
  }

  #task(task: AgentTask, path: string, prefix: string, scope: Scope): End {
    const stayed = this.#told.stay.get(path)
    if (stayed !== undefined) return stayed
    // What is paused decides nothing of what comes next.
    if (this.#told.move === 'wanted') throw new Halt()
    for (const condition of task.conditions ?? []) {
      if (!holds(condition as string, scope)) return { status: 'skipped', reason: 'condition_false', attempts: 0 }
    }
    const kept = this.#given.reuse?.get(path)
    const end = kept ?? this.#begin(task, path, prefix, scope)
    return kept === undefined ? tolerated(task, end) : takenOver(end)
  }

  #begin(task: AgentTask, path: string, prefix: string, scope: Scope): End {
    if (task.waitFor !== undefined) return this.#wait(task)
    if ((task.loop ?? task.branches ?? task.tasks) !== undefined) this.#told.opened.add(path)
    if (task.loop !== undefined) return this.#loop(task, path, scope)
    if (task.branches !== undefined) return this.#choice(task, prefix, scope)
    if (task.tasks !== undefined) {
      const beside = task.type === 'parallel'
      if (task.join !== undefined && task.join !== 'settled') {
        const joined = new Joined(this.#world, this.#told, task, prefix, scope).tell(this.#given.reuse)
        return groupEnd(joined, joined.output)
      }
      const end = this.#list({ tasks: task.tasks, prefix, beside, scope })
      if (beside && task.join === 'settled') return end.cut === undefined ? completed(end.output) : cancelled(end.cut)
      return groupEnd(end, end.output)
    }
    if (task.workflow !== undefined) return this.#child(task, path, scope)
    return this.#leaf.tell(task, path, scope)
  }

  #wait({ waitFor }: AgentTask): End {
    const { delay, timeout } = waitFor as { delay?: string; timeout?: string }
    const [signal] = this.#signals
    // A late one comes at its time, whatever waits then.
    const until = signal?.late === true ? Math.max(this.#world.minutes, this.#told.since + minutesOf(LATE)) : this.#world.minutes
    const taken = delay === undefined && signal !== undefined
    const end = taken ? until : this.#world.minutes + minutesOf(delay ?? timeout)
    this.#world.minutes = Math.min(end, this.#told.deadline)
    if (end >= this.#told.deadline) return cancelled('deadline')
    if (taken) return completed(this.#signals.shift()?.payload)
    return delay === undefined ? { status: 'failed', code: 'ERR_WAIT_TIMEOUT', attempts: 0 } : completed(null)
  }

  #choice(task: AgentTask, prefix: string, scope: Scope): End {
    const branches = task.branches as NonNullable<AgentTask['branches']>
    const place = branches.findIndex(({ when }) => holds(when as string, scope))
    const tasks = place >= 0 ? branches[place]?.tasks : task.default
    if (tasks === undefined) {
      if (task.onNoMatch === 'fail') return { status: 'failed', code: 'ERR_NO_BRANCH', attempts: 0 }
      return { status: 'skipped', reason: 'branch_not_taken', attempts: 0 }
    }
    const end = this.#list({ tasks, prefix, beside: false, scope })
    return groupEnd(end, { branch: place >= 0 ? String(place) : 'default', output: end.output })
  }

  #loop(task: AgentTask, path: string, scope: Scope): End {
    const loop = task.loop as NonNullable<AgentTask['loop']>
    const items = loop.forEach as unknown[] | undefined
    const outputs: unknown[] = []
    const failures: string[] = []
    let last: unknown = null
    for (let pass = 0; ; pass += 1) {
      if (items !== undefined && pass === items.length) break
      // A loop that does not know how many passes it has is cut short wherever it is stopped.
      const stop = pass > 0 ? stopOf(this.#told, this.#world) : undefined
      if (items === undefined && stop !== undefined) return cancelled(stop)
      // `until` is asked after each pass.
      if (items === undefined && pass > 0 && pass - 1 >= Number(/\d+/.exec(loop.until as string)?.[0])) break
      if (items === undefined && pass === loop.maxIterations) {
        if (loop.onLimit === 'stop') break
        return { status: 'failed', code: 'ERR_LOOP_LIMIT', attempts: 0 }
      }
      if (stop !== undefined) return cancelled(stop)
      const vars = { ...scope.vars, index: pass, iteration: pass, item: items?.[pass], last }
      const inner: Scope = { ...scope, vars }
      const end =
        task.tasks === undefined
          ? this.#call(task, path, pass, inner)
          : this.#list({ tasks: task.tasks, prefix: `${path}[${pass}].`, beside: false, scope: inner })
      if (end.failure !== undefined) {
        const mode = items === undefined ? 'fail' : (loop.onItemError ?? 'fail')
        if (mode === 'fail') return failedAs(end.failure)
        failures.push(end.failure.code)
        if (mode === 'collect') outputs.push({ error: { code: end.failure.code } })
        continue
      }
      if (end.cut !== undefined) return cancelled(end.cut)
      last = task.tasks === undefined ? end.output['call'] : end.output
      outputs.push(last)
    }
    if (loop.onItemError === 'failAfter' && failures.length > 0) return { status: 'failed', code: 'ERR_LOOP_ITEMS', attempts: 0 }
    return completed(items === undefined ? last : outputs)
  }

  /** A pass of a loop of one call. */
  #call(task: AgentTask, path: string, pass: number, scope: Scope): ListEnd {
    const own = `${path}[${pass}]`
    const kept = this.#given.reuse?.get(own)
    const end = this.#told.stay.get(own) ?? (kept === undefined ? this.#leaf.tell(task, own, scope) : takenOver(kept))
    this.#told.tasks.set(own, end)
    if (end.status === 'failed') return { failure: { code: end.code as string, final: end.final === true }, output: {} }
    if (end.status === 'cancelled') return { cut: end.reason as string, output: {} }
    return { output: { call: end.result ?? null } }
  }

  /** A child workflow runs anew in each attempt, and what it calls knows the keys of the first, unless that was undone. */
  #child(task: AgentTask, path: string, scope: Scope): End {
    const told = this.#told
    const flow = typeof task.workflow === 'string' ? this.#world.find(task.workflow) : (task.workflow as AgentWorkflow)
    const context = rendered(task.input?.data, scope) as Record<string, unknown>
    const attempts = task.retryPolicy?.maxAttempts ?? 1
    const owner = told.owner(path)
    const whatever = task.compensate?.on === 'started'
    const isAnew = told.anew.has(path)
    // Under another definition it is other work.
    const tried = isAnew ? undefined : this.#triedBefore(path)
    // One that ended well, and runs anew because of something before it, is other work.
    const isOther = tried !== undefined && tried.status === 'completed' && tried.undone.size === 0
    const old = isOther ? undefined : tried
    // Where it did not begin it has the keys it would have had.
    const keysOf = owner === told.id || isOther || isAnew ? undefined : `${owner}/${path}/1`
    // The run before this one, whose keys it knows: of the execution that is retried, or of the attempt before of whatever it is a part of.
    let previous = old ?? (this.#given.continues === undefined && !isAnew ? this.#before(path) : undefined)
    for (let attempt = 1; ; attempt += 1) {
      const id = childName(told, path, attempt)
      const given: Given = {
        tenant: told.tenant,
        allow: told.allow,
        undoneAbove: whatever,
        previous,
        keysOf,
        cancelled: told.cancelled,
        deadline: told.deadline,
        ...(attempt === 1 && old !== undefined && continuing(old)),
      }
      const ran = this.#world.run(flow, id, context, given)
      const stop = stopOf(told, this.#world)
      const isLast = stop !== undefined || ran.final || attempt >= attempts
      if (ran.status === 'completed' || (whatever && isLast)) told.done.push({ path, task, child: ran })
      if (ran.status === 'completed') return { ...completed(ran.results), attempts: attempt }
      if (stop !== undefined) return { ...cancelled(stop), attempts: attempt }
      previous = ran
      if (isLast) return { ...failedAs({ code: 'ERR_TASK_FAILED', final: ran.final }), attempts: attempt }
    }
  }

  /** The last run of a child in the attempt before of this execution. */
  #before(path: string): Told | undefined {
    for (let { previous } = this.#given; previous !== undefined; previous = previous.previous) {
      const attempts = previous.tasks.get(path)?.attempts ?? 0
      if (previous.undoneWhole.has(path)) return undefined
      // An attempt that did not get there says nothing.
      if (attempts > 0) return this.#world.told(childName(previous, path, attempts))
    }
    return undefined
  }

  /** The last run of a child in the execution that this one retries, unless that was undone as a whole. */
  #triedBefore(path: string): Told | undefined {
    let old = this.#given.continues
    // Its end may have been taken over from one before, by itself or within a group.
    while (old?.reuse?.has(path) === true && (old.tasks.get(path)?.attempts ?? 0) === 0) old = old.origin
    const end = old?.tasks.get(path)
    if (old === undefined || end === undefined || end.attempts === 0 || old.undoneWhole.has(path)) return undefined
    return this.#world.told(childName(old, path, end.attempts))
  }
}

/** The ends that a fork keeps. */
export function kept(old: Told, starts: readonly string[], isRetry: boolean): Map<string, End> {
  const own = [...old.tasks].filter(([path]) => !path.includes('/') && !path.includes('!'))
  // A retry begins from all that was cut off.
  const cut = isRetry ? [] : cutOff(old, starts)
  return new Map(own.filter(([path]) => !affectedBy(old.flow, starts, path, isRetry) && !affectedBy(old.flow, cut, path, true)))
}

/** What goes on from where another execution failed. */
function continuing(old: Told): Pick<Given, 'reuse' | 'continues' | 'origin' | 'steps'> {
  const reuse = kept(old, [...unwell(old), ...old.undone], true)
  return { reuse, continues: old, origin: old, steps: stepsLeft(old, reuse) }
}
