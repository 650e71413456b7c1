// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agents of a case: they do what a deed says, and what they see is held to what can be said at once of attempts and steps.

import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { AttemptContext, MultiAgentOrchestrator, TaskInput } from '@codexos/multi-agent-orchestrator'
import { VALUE_BYTES_MAX, type Case, type Deed } from './case.ts'
import { asksToMove, isTooLarge } from './moves.ts'
import { CHANGED, LEFT, STOP, stepsOf } from './stepping.ts'
import type { Call } from './told.ts'
import { withoutMessages } from './words.ts'

/** What a step gives: the attempt that did it, and which time that was. */
export interface Given {
  readonly execution: string
  readonly attempt: number
  readonly key: string
  readonly time: string
}

/** A call as it is seen: a step that is refused is its code. */
export type Seen = Omit<Call, 'steps'> & { readonly steps: Record<string, Given | string> }

/** An attempt whose execution is to be moved once it is over; it is paused. */
export interface MoveWanted {
  readonly id: string
  readonly path: string
  readonly attempt: number
}

/** What an agent in a thread of its own tells by `emit`. */
type Report = { readonly call: Omit<Seen, 'steps'> } | { readonly step: string; readonly given: Given | string }

export class Agents {
  readonly #case: Case
  readonly #problems: string[]
  readonly #sleep: (time: number) => Promise<void>
  /** Calls by what tells them apart: a crash repeats some. */
  readonly #calls = new Map<string, Seen>()
  /** Contexts of attempts that are over, or whose process is. */
  #over: AttemptContext[] = []
  /** Those of this process that are not. */
  readonly #begun = new Set<AttemptContext>()
  /** Which time each step was done whose value was given, by the attempt that did it. */
  readonly #times = new Map<string, string>()
  /** Steps that were done, by attempt, until what they gave was given. */
  readonly #done = new Set<string>()
  /** What lets steps end that were left behind. */
  #left: (() => void)[] = []
  /** Resolves once whoever resumes what a crash left paused has done so: a pause before that would be undone by it. */
  #mayPause: Promise<void> = Promise.resolve()
  #letPause = (): void => {}
  /** Whether an execution may be moved, and who says so. */
  mayMove = true
  moveWanted: MoveWanted | undefined
  #sayWanted = (): void => {}
  #orchestrators = 0
  #isHealed = false

  constructor(given: Case, problems: string[], sleep: (time: number) => Promise<void>) {
    this.#case = given
    this.#problems = problems
    this.#sleep = sleep
  }

  get calls(): readonly Seen[] {
    return [...this.#calls.values()]
  }

  /** Resolves when an execution is to be moved. */
  whenMoveWanted(): Promise<void> {
    return new Promise((resolve) => (this.#sayWanted = resolve))
  }

  /** Nothing is paused for a move until `letPause`. */
  holdPauses(): void {
    this.#mayPause = new Promise((resolve) => (this.#letPause = resolve))
  }

  letPause(): void {
    this.#letPause()
  }

  heal(): void {
    this.#isHealed = true
  }

  register(orchestrator: MultiAgentOrchestrator): void {
    this.#orchestrators += 1
    this.#over = [...this.#over, ...this.#begun]
    this.#begun.clear()
    for (const agent of ['work', 'undo', 'stand-in']) {
      const execute = (task: TaskInput, context: AttemptContext): unknown =>
        this.#work(orchestrator, agent, task, context).finally(() => setImmediate(() => this.#end(context)))
      orchestrator.agentPool.registerAgentType(agent, { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 10_000 })
    }
    if (!this.#case.isolates) return
    // From where the suite is run, since it may be bundled.
    const module = resolve('__test__/crossed/apart.mjs')
    orchestrator.agentPool.registerAgentType('apart', { isolation: 'worker', module, maxAgents: 1, maxConcurrency: 10_000 })
    orchestrator.on('task:progress', ({ executionId }, data) => this.#hear(executionId, data as Report & { key: string; attempt: number }))
  }

  /** What an agent in a thread of its own has seen. */
  #hear(execution: string, report: Report & { key: string; attempt: number }): void {
    const at = placeOf({ agent: 'apart', execution, key: report.key, attempt: report.attempt })
    if ('call' in report) this.#calls.set(at, { ...report.call, said: saidOf(report.call.said), steps: {} })
    else this.#see(this.#calls.get(at) as Seen, report.step, report.given)
  }

  async #work(orchestrator: MultiAgentOrchestrator, agent: string, task: TaskInput, context: AttemptContext): Promise<unknown> {
    for (const end of this.#left.splice(0)) end()
    const { executionId: execution } = task
    const { said, deed = {} } = (task.input?.data ?? {}) as { said?: unknown; deed?: Deed }
    const { idempotencyKey: key, attempt } = context
    const call: Seen = { agent, execution, task: task.id, attempt, key, said: saidOf(said), steps: {} }
    this.#calls.set(placeOf(call), call)
    this.#begun.add(context)
    const run = Number(/\/(\d+)(?:~\d+)?$/.exec(execution)?.[1] ?? Infinity)
    const fails = attempt <= (deed.fails ?? 0) || run <= (deed.failsRuns ?? 0) || (deed.breaks === true && !this.#isHealed)
    const failure = Object.assign(
      new Error('no'),
      deed.code !== undefined && { code: deed.code },
      deed.final === true && { retryable: false },
    )
    await this.#takeSteps(call, context, deed, fails ? failure : undefined)
    if (deed.slow !== undefined) await orAborted(this.#sleep(deed.slow), context)
    if (agent !== 'work') return { id: task.id, said: null }
    if (deed.strays === true) await this.#stray()
    for (const spawned of deed.spawns ?? []) {
      try {
        await context.spawn(spawned)
      } catch (error) {
        if (deed.catches !== true) throw error
      }
    }
    const [root = ''] = execution.split('/')
    if (deed.pauses === true) {
      void orchestrator
        .pauseExecution(root)
        .then(() => orchestrator.resumeExecution(root))
        .catch(() => {})
    }
    if (deed.cancels !== undefined) {
      const stop = (): Promise<void> => cancel(orchestrator, root, deed.cancels, context)
      if (deed.inStep === true) await this.#take(call, context, STOP, stop)
      else await stop()
      if (context.signal.aborted) await this.#beginTooLate(context)
    }
    if (deed.lingers === true) await this.#leave(call, context)
    const isLarge = isTooLarge(deed, task.id, said)
    if (this.mayMove && !execution.includes('/') && asksToMove(deed, { fails, attempt, isLarge })) {
      await this.#mayPause
      await orchestrator.pauseExecution(execution)
      this.moveWanted = { id: execution, path: decodeURIComponent(this.#pathOf(call)), attempt }
      this.#sayWanted()
    }
    if (fails) throw failure
    return { id: task.id, said: deed.bulk === true ? 'x'.repeat(VALUE_BYTES_MAX) : said }
  }

  /** The steps before anything else, of which the last may be where it fails. */
  async #takeSteps(call: Seen, context: AttemptContext, deed: Deed, failure: Error | undefined): Promise<void> {
    const names = stepsOf(deed, call.attempt, failure !== undefined)
    const take = async (name: string): Promise<void> => {
      const fails = deed.inStep === true && failure !== undefined && name === names.at(-1)
      const taken = this.#take(call, context, name, () => {
        if (fails) throw failure
      })
      // It fails with that at its end.
      await taken.catch((error: unknown) => {
        if (error !== failure || failure === undefined) throw error
      })
    }
    await Promise.all(names.slice(0, 2).map(take))
    for (const name of names.slice(2)) await take(name)
    if (deed.changes === true) await this.#take(call, context, CHANGED, undefined, call.attempt)
  }

  async #take(call: Seen, context: AttemptContext, name: string, fn?: () => unknown, input?: number): Promise<void> {
    const { execution, attempt, key } = call
    const at = placeOf(call)
    const given = await context
      .step(
        name,
        async () => {
          await fn?.()
          const step = `${at} ${name}`
          // Once without a crash, and after one where nothing was given.
          if (this.#done.has(step) && this.#orchestrators === 1) this.#problems.push(`step ${step} was done twice`)
          this.#done.add(step)
          return { execution, attempt, key, time: randomUUID() }
        },
        input === undefined ? {} : { input },
      )
      .catch((error: Error & { code?: string }) => {
        if (error.code !== 'ERR_STEP_CHANGED') throw error
        return error.code
      })
    this.#see(call, name, given)
  }

  /** What a step gave: what was given once is given for ever. */
  #see(call: Seen, name: string, given: Given | string): void {
    call.steps[name] = given
    if (typeof given === 'string') return
    const { execution, attempt, key, time } = given
    const step = JSON.stringify([execution, key, attempt, name])
    const known = this.#times.get(step) ?? time
    this.#times.set(step, known)
    if (known !== time) this.#problems.push(`step ${step} was recorded twice`)
  }

  #pathOf({ key }: Seen): string {
    return key.slice(key.lastIndexOf(':') + 1)
  }

  /** The first attempt answers before its step has ended, which is refused then. */
  async #leave(call: Seen, context: AttemptContext): Promise<void> {
    if (call.attempt > 1) return this.#take(call, context, LEFT)
    let isDone = false
    const taken = this.#take(call, context, LEFT, () => new Promise<void>((done) => this.#left.push(done)).then(() => void (isDone = true)))
    void taken.then(
      () => isDone && this.#problems.push(`a step that was left behind is on record: ${JSON.stringify(call)}`),
      (error: Error) => this.#assertRefused(error, 'a step that was left behind'),
    )
  }

  /** Nothing begins in an attempt that is told to stop. */
  async #beginTooLate({ step }: AttemptContext): Promise<void> {
    const told = await step('too late', () => void this.#problems.push('a step began though its attempt was told to stop')).catch(
      (error: Error) => error,
    )
    this.#assertRefused(told, 'a step that came too late')
  }

  #end(context: AttemptContext): void {
    if (this.#begun.delete(context)) this.#over.push(context)
  }

  /** An attempt that is over spawns a task, and takes a step. */
  async #stray(): Promise<void> {
    for (const past of new Set([this.#over.at(0), this.#over.at(-1)])) {
      if (past === undefined) continue
      const task = { id: 'stray', name: 'stray', agentId: 'work', input: { data: { said: 'stray', deed: {} } } }
      const refused = await Promise.resolve()
        .then(() => past.spawn(task))
        .catch((error: Error) => error)
      this.#assertRefused(refused, 'a stray spawn')
      const stepped = await Promise.resolve()
        .then(() => past.step('stray', () => void this.#problems.push('a stray step began')))
        .catch((error: Error) => error)
      this.#assertRefused(stepped, 'a stray step')
    }
  }

  #assertRefused(told: unknown, what: string): void {
    if (told instanceof Error && /is over|told to stop|cancelled/.test(told.message)) return
    const words = told instanceof Error ? told.message : JSON.stringify(told)
    // Of a process that has ended nothing can be said.
    if (this.#orchestrators === 1) this.#problems.push(`${what} was told: ${words}`)
  }
}

function placeOf({ agent, execution, key, attempt }: Pick<Seen, 'agent' | 'execution' | 'key' | 'attempt'>): string {
  return JSON.stringify([agent, execution, key, attempt])
}

function saidOf(said: unknown): unknown {
  return said === undefined ? said : withoutMessages(said)
}

async function orAborted(done: Promise<void>, { signal }: AttemptContext): Promise<void> {
  const stopped = new Promise<never>((_, reject) => {
    // It may have been told while its steps were recorded.
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  await Promise.race([done, stopped])
}

async function cancel(orchestrator: MultiAgentOrchestrator, root: string, how: Deed['cancels'], { signal }: AttemptContext): Promise<void> {
  void orchestrator.cancelExecution(root, 'enough').catch(() => {})
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  if (how === 'stops') throw signal.reason
}
