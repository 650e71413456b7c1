// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The loop on JavaScript's side: answers of agents go to the engine in batches, what the engine owes comes back and is done.
//
//   agent answers ─▶ answers[] ─▶ engine.advance(…) ─▶ effects ─▶ run an agent, abort one, announce, end
//                     (one call per microtask drain)
//
// Everything that changes an execution happens here, on this thread. Only `#do` reads effects, and never while effects are being done,
// so an agent or a listener may call anything.

import { abortReason } from '../run/abort-reason.js'
import type { AgentRegistry } from '../pool/agent-pool.js'
import type { Answers } from '../boundary/answers.js'
import { Bell } from '../boundary/bell.js'
import { Questions } from './questions.js'
import { AttemptRunner, type Attempt, type ChildEnd } from './attempt-runner.js'
import { dueAt, TIMER_MS_MAX, type Alarm, type Clock } from '../base/clock.js'
import { codedError, errorOf, pendingError, type OrchestratorError } from '../api/errors.js'
import { EventLoopDelay, LOOK_EVERY_MS } from './event-loop-delay.js'
import type { Json } from '../json/json.js'
import type { Lender } from '../run/lender.js'
import type { ModelAccount } from '../models/account.js'
import type { ModelCalls } from '../api/models.js'
import {
  ALERTS,
  EFFECT_WORDS,
  EffectClass,
  Engine,
  ExecutionEffect,
  ExecutionKind,
  Form,
  HEADER_WORDS,
  PoolEffect,
  ScheduleEffect,
  StoreEffect,
  type NativeTime,
} from '../boundary/native.js'
import type { AttemptTracing } from '../run/attempt-tracing.js'
import type { DispatcherHost } from './host.js'
import { letGo, mayBeginAgain } from './let-go.js'
import type { Run, Spawned } from '../run/run.js'
import { spawnedEnd, SpawnedTask, Spawner } from '../run/spawn.js'
import type { Spawning } from '../definition/spawning.js'
import { Stalls } from '../profiling/stalls.js'
import type { AttemptHost, LiveAttempt } from '../run/attempt.js'
import { Handover } from './handover.js'
import type { WorkflowExecution } from '../api/execution.js'
import { nextTurn, pause, real } from '../base/real-time.js'
import type { AgentTask } from '../api/task.js'
import { openAccount, type AccountHost } from '../run/account.js'

const EFFECTS_MAX = 1024
/** Effects that are read for runs with little to do: theirs come first. */
const FEW_EFFECTS_MAX = 32

/** The ends of a task, which whoever spawned it waits for. */
const ENDS = [ExecutionKind.completed, ExecutionKind.failed, ExecutionKind.skipped, ExecutionKind.cancelled]

type Answering = Pick<Attempt, 'run' | 'place' | 'attempt' | 'start' | 'instance'> & { live: LiveAttempt | undefined }
export class Dispatcher implements AttemptHost, AccountHost {
  readonly engine: Engine
  readonly clock: Clock
  readonly lasts: boolean
  /** Bytes that one value may have as JSON. */
  readonly maxValueBytes: number
  /** What an instance is, for its run. */
  readonly describe = (run: Run, instance: number): string | null => this.engine.instance(run.slot, instance)
  /** Whether nothing is done any more. */
  readonly isOver = (): boolean => this.#stopped || this.failure !== undefined
  #listened: readonly ExecutionKind[] = []
  #spawned = 0
  readonly #listener: DispatcherHost
  readonly #runs: (Run | undefined)[] = []
  readonly #runner: AttemptRunner
  readonly #out = new Float64Array(HEADER_WORDS + EFFECTS_MAX * EFFECT_WORDS)
  /** Looks at the effect in `#out` that is being done. */
  readonly #execution = new ExecutionEffect(this.#out)
  /** The part of `#out` that is read for runs with little to do. */
  readonly #short = this.#out.subarray(0, HEADER_WORDS + FEW_EFFECTS_MAX * EFFECT_WORDS)
  readonly #handover = new Handover((answers, few) => this.#advance(answers, few ? this.#short : this.#out))
  readonly #agents: AgentRegistry
  #advancing = false
  readonly #alarm: Alarm
  readonly #bell: Bell = new Bell(() => this.#pull())
  /** Keeps the process alive while it is referenced, which is while an execution is active. */
  readonly #alive = real.setInterval(() => {}, TIMER_MS_MAX).unref()
  #active = 0
  #stopped = false
  /** Whether agents have had their time, and it ends. */
  #drained = false
  /** Attempts under way. */
  inFlight = 0
  /** Those among them that are child workflows. */
  #children = 0
  readonly #questions: Questions
  readonly delay: EventLoopDelay
  /** Answers that came when their execution was forgotten already. */
  lateAnswers = 0
  failure: OrchestratorError | undefined

  /** Who holds the event loop, if more is recorded than what costs next to nothing. */
  readonly stalls: Stalls | undefined

  get tracing(): AttemptTracing | undefined {
    return this.#listener.tracing
  }

  /** `held` says whether the values of results stay in JavaScript alone: nothing is written to a store. */
  constructor(
    listener: DispatcherHost,
    agents: AgentRegistry,
    { held, maxValueBytes, profiles }: { held: boolean; maxValueBytes: number; profiles: boolean },
    clock: Clock,
    native: NativeTime,
  ) {
    if (profiles) this.stalls = new Stalls((ms) => !this.isOver() && this.engine.stalled(clock.now(), ms), LOOK_EVERY_MS)
    this.delay = new EventLoopDelay(this.stalls)
    this.#listener = listener
    this.maxValueBytes = maxValueBytes
    this.#agents = agents
    this.clock = clock
    this.lasts = !held
    this.engine = new Engine(this.#bell.ring, native, () => this.failure)
    this.#alarm = clock.alarm(() => this.#pull())
    this.#questions = new Questions(this)
    this.#runner = new AttemptRunner(this, agents, (...child) => this.#child(...child), held)
  }

  /** Whether all it was told is done and on record, and nothing is asked of the store. */
  isStill(): boolean {
    if (this.failure !== undefined || this.#stopped) return true
    return !this.#drained && !this.#handover.isDue && !this.#advancing && this.engine.asked === undefined && this.engine.isSettled()
  }

  /** Attempts and functions of the user that are at work: those under way but for those that wait for tasks of their own, or then for their place. */
  atWork(): number {
    let waiting = this.#children + this.#agents.instances.reclaiming
    for (const run of this.runs()) waiting += new Set([...run.spawned.keys()].map((instance) => run.owner(instance))).size
    return this.inFlight + this.#questions.asked + this.#agents.instances.making - waiting
  }

  *runs(): Iterable<Run> {
    for (const run of this.#runs) if (run !== undefined) yield run
  }

  /** A run as it is now. */
  seen(run: Run): WorkflowExecution {
    return run.execution ?? run.seenAs(this.engine.report(run.slot))
  }

  /** A run begins to be dispatched. */
  add(run: Run): void {
    this.#runs[run.slot] = run
    this.tracing?.begun(run)
  }

  /** The process stays alive for each run until it has ended, and for a schedule that is planned. */
  activate(count = 1): void {
    this.#active += count
    if (this.#active > 0) this.#alive.ref()
  }

  /** And need not any more. */
  deactivate(): void {
    if (this.failure !== undefined) return
    this.#active -= 1
    if (this.#active === 0) this.#alive.unref()
  }

  /** Nobody needs a run any more that has ended or is parked. If it is remembered its records stay, until `forget`: about so many bytes. */
  release(run: Run, isRemembered = false): number {
    this.#runs[run.slot] = undefined
    const bytes = this.isOver() ? 0 : this.engine.release(run.slot, isRemembered)
    run.release()
    return bytes
  }

  /** Ended executions are not remembered any more. */
  forget(ids: readonly string[]): void {
    if (!this.isOver()) this.engine.forget(ids)
  }

  /** Hands what the engine was told to the store, soon; `run`: of which that was, if of one. */
  schedule(run?: Run): void {
    if (!this.#stopped) this.#handover.schedule(run)
  }

  /** An attempt answered: `text` is JSON for the journal, or for a failure. */
  answer({ run, place, attempt, start, instance, live }: Answering, form: number, end: number, text: string | undefined): void {
    // An execution that has ended and is forgotten has no use for it, and its slot may be another's.
    if (this.#stopped || this.#runs[run.slot] !== run || live?.isLeftBehind === true)
      return this.#answerLate(instance?.number ?? 0, run.seat, place)
    // One that could not be made has no place to give back.
    this.#handover.answersOf(run).add(run.slot, place, attempt, form, start, end, instance?.number ?? 0, live, text)
  }

  /** Nobody waits for the answer any more; the agent's place is free all the same. */
  #answerLate(instance: number, seat: number, place: number): void {
    this.lateAnswers += 1
    if (instance === 0 || this.#stopped || this.failure !== undefined) return
    this.engine.releaseAgent(instance, seat, place)
    this.schedule()
  }

  /** The kinds of effect that listeners want. */
  listen(kinds: readonly ExecutionKind[]): void {
    this.#listened = kinds
    this.engine.listen(this.#spawned > 0 ? [...kinds, ...ENDS] : kinds)
  }

  isUnderWay(run: Run, instance: number, attempt: LiveAttempt): boolean {
    if (!this.keeps(run) || run.attempts[instance] !== attempt) return false
    return this.engine.isUnderWay(run.slot, instance, attempt.attempt)
  }

  heartbeat(run: Run, instance: number, attempt: LiveAttempt): void {
    if (!this.isUnderWay(run, instance, attempt)) return
    this.engine.heartbeat(run.slot, instance, attempt.attempt)
    this.schedule()
  }

  progress(run: Run, instance: number, attempt: LiveAttempt, data: unknown): void {
    if (this.isUnderWay(run, instance, attempt)) this.#listener.progress(run, instance, attempt.attempt, data)
  }

  account(run: Run, instance: number, attempt: LiveAttempt): ModelAccount {
    run.asksModels = true
    return openAccount(this, run, instance, attempt)
  }

  models(run: Run, instance: number, attempt: LiveAttempt): ModelCalls {
    const { priority = 0, retryPolicy } = run.task(instance).source as Pick<AgentTask, 'priority' | 'retryPolicy'>
    const { signal } = attempt
    const { allow } = run.options
    return this.#listener.models({
      account: this.account(run, instance, attempt),
      signal,
      priority: priority + (run.options.priority ?? 0),
      allow: allow?.models,
      retryPolicy,
      traceparent: attempt.traceparent,
    })
  }

  keeps(run: Run): boolean {
    return this.#runs[run.slot] === run && !this.#stopped && this.failure === undefined
  }

  above({ options: { parent } }: Run): Run | undefined {
    return parent === undefined ? undefined : this.#listener.find(parent.execution)
  }

  spawner(run: Run, instance: number, attempt: LiveAttempt, lender: Lender): Spawner {
    return new Spawner(this, run, instance, attempt, lender)
  }

  /** Adds a task to an attempt of `instance`; `undefined` if that was told to stop. */
  spawn(run: Run, instance: number, attempt: number, { task, text, judges }: Spawning, lender: Lender): Spawned | undefined {
    this.#adoptFor(task)
    const child = this.engine.spawn(run.slot, instance, attempt, text)
    if (child === null) return undefined
    if (judges !== undefined) run.task(child).judges.adopt(judges)
    const known = run.spawned.get(child)
    if (known?.isOf(lender) === true) return known
    const spawned = new SpawnedTask(lender)
    // An attempt before this one may have waited for it, and does not any more.
    if (known === undefined) this.#spawned += 1
    run.spawned.set(child, spawned)
    if (known === undefined && this.#spawned === 1) this.listen(this.#listened)
    this.schedule()
    this.#settleSpawned(run, child)
    return spawned
  }

  /** A spawned task may be of an agent that a built-in type stands in for. */
  #adoptFor(task: Json): void {
    if (typeof task !== 'object' || task === null || Array.isArray(task)) return
    const { agentId } = task
    if (typeof agentId === 'string' && task['requires'] === undefined) this.#agents.adopt([{ agentId, requires: [] }])
  }

  /** Tells whoever waits for a spawned task how it ended, if it has. */
  #settleSpawned(run: Run, instance: number): void {
    const spawned = run.spawned.get(instance)
    if (spawned === undefined) return
    const text = this.engine.end(run.slot, instance)
    if (text === null) return
    run.spawned.delete(instance)
    this.#spawned -= 1
    if (this.#spawned === 0) this.listen(this.#listened)
    spawned.settle(spawnedEnd(run, instance, text, () => this.engine.output(run.slot, instance)))
  }

  /** Answers for an attempt nobody runs, so that its end need not wait for the grace. */
  answerInterrupted(run: Run, place: number, attempt: number): void {
    const failure = { code: 'ERR_INTERRUPTED', message: 'the process that ran the attempt is gone', retryable: true }
    const at = this.clock.now()
    this.answer({ run, place, attempt, start: at, instance: undefined, live: undefined }, Form.failed, at, JSON.stringify(failure))
  }

  /** Every attempt under way is told to stop. */
  abortAll(reason: OrchestratorError): void {
    for (const run of this.runs()) for (const attempt of run.attempts) attempt?.abort(reason)
  }

  /** What runs is put on record as interrupted in order: the next process takes it up, and no crash is counted. */
  interrupt(): void {
    if (this.failure !== undefined || this.#stopped) return
    try {
      this.engine.interrupt()
    } catch {
      // The store has failed; opening it again shows what is true.
    }
  }

  /** Nothing is dispatched any more, whatever comes. */
  stop(): void {
    this.#stopped = true
    this.#alarm.stop()
    this.#bell.mute()
    this.delay.stop()
    this.stalls?.close()
    real.clearInterval(this.#alive)
  }

  /** The process ends, as far as anybody can tell: nothing more is heard of what runs, and what is not on record is lost. */
  abandon(error: OrchestratorError): void {
    this.failure = error
    this.stop()
    for (const run of this.runs()) run.lose(errorOf(error.code, error.message, { executionId: run.id }))
    // Late answers find no run, and an effect that is still to be done has nobody to be done to.
    this.#runs.length = 0
    this.engine.abandon()
  }

  /**
   * Resolves when no agent is at work, or after `ms`, and all that happened until then is on record. The clock of a test counts, and may be moved
   * meanwhile; real time counts as well, since an agent may be at work in that while the clock stands still.
   */
  async idle(ms: number): Promise<void> {
    const [until, begun] = [this.clock.now() + ms * 1000, real.elapsed()]
    // Whoever skips from alarm to alarm must not skip this one.
    const due = dueAt(this.clock, until)
    while (this.inFlight > 0 && this.clock.now() < until && real.elapsed() - begun < ms) await Promise.race([pause(5), due.come])
    due.stop()
    this.#drained = true
    this.schedule()
    // Where nothing waits for the disk all is on record when this turn ends.
    await nextTurn()
    while (this.failure === undefined && (this.#handover.isDue || !this.engine.isSettled())) await pause(1)
  }

  /** New attempts are no longer started; answers are still recorded. */
  drain(): void {
    this.#runner.drain()
  }

  #advance(all: Answers, out: Float64Array): void {
    if (this.#advancing || this.#stopped || this.failure !== undefined) return
    const answers = all.take()
    this.#do(() => this.engine.advance(answers, out))
  }

  /** Time has passed, or another thread has something for us. */
  #pull(): void {
    // Somebody is at it, and reads to the end.
    if (this.#advancing) return this.schedule()
    if (this.#stopped || this.failure !== undefined) return
    this.#do(() => this.engine.pull(this.clock.now(), this.#out))
  }

  #do(ask: () => void): void {
    this.#advancing = true
    let more = false
    try {
      ask()
      more = this.#doEffects()
      this.#alarm.set(this.#out[2] ?? 0)
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#advancing = false
    }
    if (!this.#stopped) this.#handover.goOn(more)
  }

  /** Does the effects in `#out`; whether there are more to read. */
  #doEffects(): boolean {
    const out = this.#out
    const end = HEADER_WORDS + (out[0] ?? 0) * EFFECT_WORDS
    for (let at = HEADER_WORDS; at < end; at += EFFECT_WORDS) {
      const of = ((out[at] as number) >> 8) as EffectClass
      switch (of) {
        case EffectClass.execution:
          this.#execution.place = at
          this.#doOfExecution(this.#execution)
          break
        case EffectClass.schedule:
          this.#listener.schedule(new ScheduleEffect(out, at))
          break
        case EffectClass.store:
          this.#listener.store(new StoreEffect(out, at))
          break
        case EffectClass.pool:
          this.#agents.hear(new PoolEffect(out, at))
          break
      }
    }
    if ((out[1] as number) >= ALERTS) this.#listener.alerted()
    return (out[1] as number) % ALERTS === 1
  }

  #doOfExecution(effect: ExecutionEffect): void {
    const run = this.#runs[effect.slot]
    if (run === undefined || effect.kind === ExecutionKind.woken) return this.#listener.parked(effect)
    run.touched = true
    switch (effect.kind) {
      case ExecutionKind.run:
        this.#tell(effect, run)
        return this.#runner.start(run, effect.task, effect.attempt, effect.instance)
      case ExecutionKind.abort:
        return this.#runner.abort(run, effect.task, abortReason(run, effect.task, effect.cause))
      case ExecutionKind.noted:
        return run.noted()
      case ExecutionKind.askGate:
      case ExecutionKind.askBranch:
      case ExecutionKind.askTurn:
      case ExecutionKind.askSchema:
        this.#tell(effect, run)
        return this.#questions.ask(effect, run)
      case ExecutionKind.ended:
        run.end(this.engine.report(run.slot), effect.status === 1, effect.at)
        this.deactivate()
        this.#tell(effect, run)
        return this.#listener.ended(run)
      case ExecutionKind.letGo:
        if (mayBeginAgain(run, effect.why) && this.#listener.again(run)) return
        letGo(run, effect.why)
        this.deactivate()
        return this.#listener.letGo(run)
      case ExecutionKind.accepted:
        run.accept()
        break
      case ExecutionKind.cancelling:
        run.cancel()
        break
      case ExecutionKind.paused:
      case ExecutionKind.resumed:
        run.record('turn')
        break
      case ExecutionKind.signalled:
        run.record('signal')
        break
      case ExecutionKind.moved:
        return run.record('move')
      case ExecutionKind.completed:
      case ExecutionKind.failed:
      case ExecutionKind.skipped:
      case ExecutionKind.cancelled:
        if (run.hasSpawned) this.#settleSpawned(run, effect.task)
        break
      case ExecutionKind.started:
      case ExecutionKind.retrying:
      case ExecutionKind.iterated:
      case ExecutionKind.waiting:
      case ExecutionKind.opened:
      case ExecutionKind.reused:
        break
    }
    this.#tell(effect, run)
  }

  #tell(effect: ExecutionEffect, run: Run): void {
    if (run.isFollowed) run.stir()
    this.#listener.notice(effect, run)
  }

  /** Runs the workflow of a task. */
  #child(...child: Parameters<DispatcherHost['child']>): Promise<ChildEnd> {
    this.#children += 1
    return this.#listener.child(...child).finally(() => (this.#children -= 1))
  }

  #fail(thrown: unknown): void {
    // Abandoned by a listener or an agent that it called.
    if (this.#stopped) return
    const error = codedError(thrown)
    if (error.code === 'ERR_CRASHED') return this.#listener.failed(error)
    this.failure = error
    this.abortAll(error)
    const pending = pendingError(error)
    for (const run of this.runs()) run.lose(pending)
    this.#active = 0
    this.#alive.unref()
    this.#listener.failed(error)
  }
}
