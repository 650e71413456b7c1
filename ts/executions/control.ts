// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller may tell an execution that is under way: stop, pause, go on, here is a signal. And what it may make of any: a fork.

import type { CancelOptions, ForkOptions, ForkPlan, ResumeOptions, SignalOptions, WorkflowExecution } from '../api/execution.js'
import { readExecutionId, readForkOptions, readPayload, readReason, readSignal } from './arguments.js'
import type { Beginnings } from './starting.js'
import { boolean } from '../base/reader.js'
import { readCallOptions } from '../json/entry.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { between, isOver, type Elsewhere, type Errand, type Letter } from './elsewhere.js'
import type { Past } from './ended-executions.js'
import { ConflictError } from '../api/errors.js'
import type { Json } from '../json/json.js'
import type { LiveRuns } from './live-runs.js'
import { unwell, type ForkPoint } from './fork.js'
import { notFound } from './outcome.js'
import type { InterruptedRuns } from './recovery.js'
import { childId } from '../run/moves.js'
import type { Run } from '../run/run.js'
import { isJudged, judgeSignal, unfit, type JudgedSignal } from '../run/signal-judge.js'

/** What it needs of the orchestrator. */
interface ControlHost {
  readonly dispatcher: Dispatcher
  readonly live: LiveRuns
  /** An execution that has not ended, at hand whether it was or not. */
  find(executionId: string): Promise<Run | undefined>
  readonly interrupted: InterruptedRuns
  readonly beginnings: Beginnings
  ready(): Promise<void>
  assertOpen(): void
  /** An execution that has ended, or that lives elsewhere. */
  past(executionId: string): Promise<Past | undefined>
  /** Where several processes may drive. */
  readonly elsewhere: Elsewhere | undefined
}

/** Another process drives it. */
const ELSEWHERE = 'elsewhere'

export class ExecutionControl {
  readonly #host: ControlHost

  constructor(host: ControlHost) {
    this.#host = host
  }

  /** Carries out what another process wants. */
  async carryOut(id: string, errand: Exclude<Errand, { does: 'delete' }>, letter: Letter): Promise<void> {
    switch (errand.does) {
      case 'cancel':
        return this.cancel(id, errand.reason, { force: errand.force }, letter)
      case 'pause':
        return this.pause(id, letter)
      case 'resume':
        return this.resume(id, { step: errand.step }, letter)
      case 'signal':
        return this.signal(id, errand.name, errand.payload, errand.path === null ? {} : { path: errand.path }, letter)
    }
  }

  async cancel(executionId: string, given?: string, options?: CancelOptions, letter?: Letter): Promise<void> {
    const { dispatcher, interrupted, live } = this.#host
    const reason = readReason(given)
    const what = 'the execution cannot be cancelled like that'
    const { force } = readCallOptions(options, 'options', what, { force: boolean }, { force: false })
    let done: Promise<void> | undefined
    const run = await this.#tell(executionId, letter, (told) => {
      // What has failed is being stopped without a request, and no other will be on record: its clean-up may take for days.
      if (!dispatcher.engine.ignoresCancel(told.slot, force)) told.asked(reason)
      interrupted.abandon(told, () => dispatcher.engine.cancel(told.slot, reason ?? null, force))
      done = told.whenRecorded('cancel')
      done.catch(() => {})
    })
    if (run === ELSEWHERE) return this.#host.elsewhere?.send(executionId, { does: 'cancel', reason, force })
    // Without force the clean-up of the parent may be a child, and goes on; any other is told by the signal of its attempt.
    const children = force ? live.childrenOf(executionId) : []
    await Promise.all([done, ...children.map(({ id }) => this.cancel(id, reason, options))])
  }

  async pause(executionId: string, letter?: Letter): Promise<void> {
    await this.#hold(executionId, true, { does: 'pause' }, letter)
  }

  async resume(executionId: string, options?: ResumeOptions, letter?: Letter): Promise<void> {
    const { step } = readCallOptions(options, 'options', 'the execution cannot be resumed like that', { step: boolean }, { step: false })
    await this.#hold(executionId, false, { does: 'resume', step }, letter)
  }

  async signal(executionId: string, signal: string, payload?: unknown, options?: SignalOptions, letter?: Letter): Promise<void> {
    const { dispatcher } = this.#host
    readExecutionId(executionId)
    const { name, path } = readSignal(signal, options)
    const text = readPayload(payload, dispatcher.maxValueBytes)
    await this.#host.ready()
    const judging = this.#judge(await this.#find(executionId), name, text, path)
    // Signals are kept in the order they came, however long one takes to be judged.
    const judged = judging && (await judging)
    const run = await this.#tell(executionId, letter, (told) => {
      const { fits } = judged ?? { fits: null }
      const refuses = dispatcher.engine.signal(told.slot, name, text, path, fits)
      if (refuses !== null) throw unfit(told, name, refuses, path, judged as JudgedSignal)
      told.ask('signal')
    })
    if (run === ELSEWHERE) return this.#host.elsewhere?.send(executionId, { does: 'signal', name, payload: JSON.parse(text) as Json, path })
    if (run === undefined) {
      const message = `execution \`${executionId}\` has ended and waits for nothing`
      throw new ConflictError('ERR_EXECUTION_ENDED', message, { executionId })
    }
    await run.whenRecorded('signal')
  }

  /** What the schemas of waits say of a payload, after those that came before it; nothing if none has a say. */
  #judge(run: Run | undefined, name: string, payload: string, path: string | null): Promise<JudgedSignal> | undefined {
    if (run === undefined || (run.judging === undefined && !isJudged(run, name, path))) return undefined
    const judging = (run.judging ?? Promise.resolve()).then(() =>
      judgeSignal(run, { name, payload, path, bytesMax: this.#host.dispatcher.maxValueBytes }),
    )
    const done = judging.then(
      () => {},
      () => {},
    )
    run.judging = done
    void done.then(() => {
      if (run.judging === done) run.judging = undefined
    })
    return judging
  }

  /**
   * A new execution that takes over every recorded end but those of what follows `start`, a retry if that is what did not end well, and of what another
   * definition changes; or what it would be.
   */
  async fork(executionId: string, start: readonly string[] | 'unwell', given?: ForkOptions): Promise<Run | ForkPlan> {
    const { dispatcher, beginnings } = this.#host
    readExecutionId(executionId)
    const { workflow, dryRun, ...read } = readForkOptions(given, dispatcher.clock, start !== 'unwell')
    await this.#host.ready()
    this.#host.assertOpen()
    const running = await this.#find(executionId)
    const past = running ?? (await this.#host.past(executionId))
    if (past === undefined) throw notFound(executionId)
    const { definition, context, options, moves = [] } = past
    const execution = running === undefined ? (past.execution as WorkflowExecution) : dispatcher.seen(running)
    const origin = { execution, definition, context, options }
    const from: ForkPoint = start === 'unwell' ? { from: unwell(execution), retry: true } : { from: start, retry: false }
    const fork = workflow === undefined ? beginnings.forkOf(origin, from) : await beginnings.mend(origin, from, workflow, read)
    if (dryRun) {
      const plan = beginnings.planOf(origin, fork)
      return { ...plan, cost: plan.cost + (await this.costBelow({ execution, moves }, plan.kept)) }
    }
    const run = await beginnings.fork(origin, fork, read)
    await run.whenAccepted()
    return run
  }

  /** What the models of child workflows had cost that tasks with these paths ran. */
  async costBelow({ execution: { id, tasks }, moves = [] }: Pick<Past, 'execution' | 'moves'>, paths: readonly string[]): Promise<number> {
    const kept = new Set(paths)
    let cost = 0
    for (const { taskId, agentId, attempts } of tasks) {
      // Groups have no attempts.
      if (agentId !== '' || !kept.has(taskId)) continue
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const child = childId({ id, moves }, taskId, attempt)
        const run = this.#host.live.get(child)
        const execution = run === undefined ? (await this.#host.past(child))?.execution : this.#host.dispatcher.seen(run)
        cost += execution?.metrics.resourceUsage.cost ?? 0
      }
    }
    return cost
  }

  /**
   * Tells the engine something about an execution that has not ended, and answers with it; `undefined` if it has. Where another process wants it, the reply to
   * that is on record with what it leads to.
   */
  async #tell(executionId: string, letter: Letter | undefined, tell: (run: Run) => void): Promise<Run | typeof ELSEWHERE | undefined> {
    const { dispatcher, live } = this.#host
    readExecutionId(executionId)
    await this.#host.ready()
    // It may have been begun while we looked.
    const found = await this.#find(executionId)
    const past = found === undefined ? await this.#host.past(executionId) : undefined
    if (found === undefined && past === undefined) throw notFound(executionId)
    const run = found ?? live.get(executionId)
    const isHere = run !== undefined && !run.isElsewhere
    if (!isHere && this.#host.elsewhere !== undefined && (past === undefined || !isOver(past.execution.status))) {
      if (letter !== undefined) throw between(executionId)
      return ELSEWHERE
    }
    if (!isHere || run.execution !== undefined) return undefined
    this.#host.assertOpen()
    // In one go with the look: an execution may end at any time, its slot be another's, and all of it another process's.
    if (letter?.isOurs() === false) throw between(executionId)
    tell(run)
    letter?.reply(run)
    dispatcher.schedule()
    return run
  }

  /** What is at hand is found in one go: nothing comes between. */
  #find(executionId: string): Promise<Run | undefined> | Run | undefined {
    const run = this.#host.live.get(executionId)
    if (run === undefined) return this.#host.find(executionId)
    run.touched = true
    return run
  }

  async #hold(executionId: string, paused: boolean, errand: Errand & { does: 'pause' | 'resume' }, letter?: Letter): Promise<void> {
    const { engine } = this.#host.dispatcher
    let done: Promise<void> | undefined
    const run = await this.#tell(executionId, letter, (told) => {
      const was = engine.isPaused(told.slot)
      if (errand.does === 'pause') engine.pause(told.slot)
      else engine.unpause(told.slot, errand.step)
      // What is paused already or is being stopped is not paused, and what goes on is not resumed: nothing more will be on record.
      if (paused ? !was && engine.isPaused(told.slot) : was) told.ask('turn')
      done = told.whenRecorded('turn')
      done.catch(() => {})
    })
    if (run === ELSEWHERE) return this.#host.elsewhere?.send(executionId, errand)
    if (run === undefined) return
    await Promise.all([done, ...this.#host.live.childrenOf(executionId).map((child) => this.#hold(child.id, paused, errand))])
  }
}
