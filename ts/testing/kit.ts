// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A real orchestrator on a stage: time is moved, agents follow scripts, and its process ends where the test wants it to.
//
// The stage has a clock that both sides read and the kit alone moves (`runtime::SetClock`; each batch moves it by a
// microsecond, so that instants never repeat), and a point at which the process ends (`store::CrashingStore`: the
// commit before or after which the driver is told that its store failed, so that nothing leaves). To abandon an
// orchestrator is to drop its driver without a flush, to forget its runs so that late answers find none, and to let go
// of the file. By a set clock the driver names exact deadlines, since skipping to a void one would be seen.
//
// Both entries of the package are thin files over one that they share, so that a class is one class.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClosedError, OrchestratorError, StoreError, ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import { MultiAgentOrchestrator } from '../orchestrator.js'
import { onStage, processEnded, type Actor, type Stage } from '../executions/stage.js'
import type { ExecuteOptions, WorkflowExecution } from '../api/execution.js'
import type { AgentWorkflow } from '../api/workflow.js'
import type { PlainTypes, StartArguments, Typed, WorkflowTypes } from '../typed/workflow.js'
import { FakeClock } from './fake-clock.js'
import { readKitOptions, type ReadKitOptions, type TestKitOptions } from './options.js'
import { Script, type ScriptedAgent, type ScriptFunction, type TestAgents } from './script.js'
import { stuck } from './stuck.js'
import { KitClock, type TestClock } from './test-clock.js'
import { nextTurn, pause, real } from '../base/real-time.js'

/** Turns of the event loop in which nothing is left to do before it is believed: an agent may take one or two of them to go on. */
const STILL_TURNS = 3

/** The commit, counted from now, at which the process ends: before it, so that nothing of it is on record; or after it, before any answer. */
export type CrashMoment = { readonly beforeCommit: number } | { readonly afterCommit: number }

/** One simulated crash, and the end of the execution after it. */
export interface CrashPoint {
  /** The commit, from 1. */
  readonly commit: number
  /** Whether the process ended before or after the commit. */
  readonly side: 'before' | 'after'
  /** The execution, continued after the crash to its end: completed, failed or cancelled. */
  readonly execution: WorkflowExecution
}

/** A real orchestrator whose time, agents and crashes a test controls. */
export interface TestKit extends AsyncDisposable {
  /** The open orchestrator; another one after `reopen`. Only its time is replaced. */
  readonly orchestrator: MultiAgentOrchestrator
  /** Controls its time. */
  readonly clock: TestClock
  /** Scripts its agents; those that `setup` registers need no script. */
  readonly agents: TestAgents
  /** Runs a workflow as `executeWorkflow` does, and skips every wait. Settles as that does, and as `until` does. */
  run<T extends WorkflowTypes = PlainTypes>(
    workflow: Typed<T>,
    context?: T['context'],
    options?: ExecuteOptions,
  ): Promise<WorkflowExecution<T['results']>>
  /**
   * Skips every wait until the promise has settled, and settles as it does. Time stands still while an agent is at work: while it does not wait by a script
   * or by `clock.sleep`.
   *
   * @throws {TimeoutError} `ERR_STUCK` if nothing happens for `patience` of real time; the message lists what the executions wait for.
   */
  until<T>(promise: PromiseLike<T>): Promise<T>
  /**
   * Simulates SIGKILL, at once or at a later commit: data that is not on record is lost, agents hear nothing and their late answers are dropped, and pending
   * calls reject with `ERR_CRASHED`. Resolves when it has happened, or can no longer happen because the kit was reopened or closed.
   *
   * @throws {ClosedError} `ERR_CRASHED` if it has crashed already.
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the moment is invalid.
   */
  crash(moment?: CrashMoment): Promise<void>
  /**
   * Opens the same store again, as the next process would, with `setup` and the same scripts. Without a crash it shuts down first.
   *
   * @throws {StoreError} `ERR_NOT_DURABLE` if the kit is in memory.
   */
  reopen(): Promise<MultiAgentOrchestrator>
  /**
   * Runs a workflow once per commit and side: each time with an empty store, the scripts from their beginning and the clock at `startAt`. It crashes before
   * or after that commit, opens the store again and skips every wait to the end.
   *
   * @throws {StoreError} `ERR_NOT_DURABLE` if the kit is in memory.
   */
  crashPoints(workflow: AgentWorkflow, context?: object, options?: ExecuteOptions): AsyncIterable<CrashPoint>
  /** Shuts the orchestrator down and removes the file. May be called twice. */
  close(): Promise<void>
}

/**
 * Creates a test kit and opens its orchestrator.
 *
 * @throws {ValidationError} `ERR_CONFIG` with every problem of the options by path.
 */
export async function createTestKit(options: TestKitOptions = {}): Promise<TestKit> {
  const kit = new Kit(readKitOptions(options))
  try {
    await kit.open()
  } catch (error) {
    await kit.close()
    throw error
  }
  return kit
}

class Kit implements TestKit {
  readonly clock: TestClock
  readonly agents: TestAgents
  readonly #options: ReadKitOptions
  readonly #fake: FakeClock
  readonly #stage: Stage
  readonly #scripts = new Map<string, Script>()
  readonly #folder: string | undefined
  /** How many stores there have been. */
  #stores = 1
  #orchestrator: MultiAgentOrchestrator | undefined
  /** The orchestrator as its stage treats it; undefined while there is none, before it is opened and after a crash. */
  #actor: Actor | undefined
  #crashes: (() => void)[] = []
  #closing: Promise<void> | undefined

  constructor(options: ReadKitOptions) {
    this.#options = options
    const fake = new FakeClock(options.start)
    this.#fake = fake
    this.#folder = options.file !== undefined ? mkdtempSync(join(tmpdir(), 'test-kit-')) : undefined
    this.clock = new KitClock(fake, () => this.#still())
    this.agents = { script: (agentId, steps) => this.#script(agentId, steps) }
    this.#stage = {
      clock: fake,
      get native() {
        return fake.native
      },
      entered: (actor) => {
        this.#actor = actor
      },
      crashed: () => this.#crashed(),
    }
  }

  get orchestrator(): MultiAgentOrchestrator {
    return this.#orchestrator as MultiAgentOrchestrator
  }

  /** Opens the store as a process does that starts. */
  async open(): Promise<void> {
    const { config, setup, file } = this.#options
    const path = this.#folder === undefined ? undefined : join(this.#folder, `store-${this.#stores}.db`)
    // Nothing in a test survives less than the process does, so nothing waits for the disk.
    const storage = path === undefined ? undefined : { ...file, path, durability: 'os' as const }
    const orchestrator = new MultiAgentOrchestrator(onStage({ ...config, storage }, this.#stage))
    this.#orchestrator = orchestrator
    await setup(orchestrator)
    for (const [agentId, script] of this.#scripts) this.#standIn(agentId, script)
    await orchestrator.ready()
  }

  async run<T extends WorkflowTypes = PlainTypes>(
    workflow: Typed<T>,
    context?: T['context'],
    options?: ExecuteOptions,
  ): Promise<WorkflowExecution<T['results']>> {
    this.#assertOpen()
    const given = [context, options] as unknown as StartArguments<T['context']>
    return this.until(this.orchestrator.executeWorkflow(workflow, ...given))
  }

  async until<T>(promise: PromiseLike<T>): Promise<T> {
    if (typeof (promise as PromiseLike<T> | null | undefined)?.then !== 'function')
      refuse('there is nothing to wait for', [{ path: 'promise', message: 'must be a promise, such as handle.result()' }])
    let settled = false
    const settle = (): void => void (settled = true)
    promise.then(settle, settle)
    let [since, seen] = [real.elapsed(), 0]
    for (;;) {
      await this.#still()
      if (settled) return promise
      // The clock moves with whatever is recorded.
      if (this.#fake.now() !== seen) [since, seen] = [real.elapsed(), this.#fake.now()]
      if (!this.#isAtWork() && this.#fake.next() !== undefined) {
        this.#fake.ring()
        continue
      }
      if (real.elapsed() - since > this.#options.patienceMs) throw await stuck(this.orchestrator, this.#options.patienceMs)
      await pause(1)
    }
  }

  async crash(moment?: CrashMoment): Promise<void> {
    this.#assertOpen()
    if (this.#actor === undefined) throw processEnded()
    if (moment === undefined) return this.#actor.abandon()
    const { commit, kept } = readMoment(moment)
    this.#fake.native.crashAt(commit, kept)
    return new Promise((resolve) => this.#crashes.push(resolve))
  }

  async reopen(): Promise<MultiAgentOrchestrator> {
    this.#assertOpen()
    this.#assertDurable()
    await this.#shutDown()
    await this.open()
    return this.orchestrator
  }

  async *crashPoints(workflow: AgentWorkflow, context?: object, options?: ExecuteOptions): AsyncGenerator<CrashPoint, void, undefined> {
    this.#assertOpen()
    this.#assertDurable()
    for (let commit = 1; ; commit += 1) {
      for (const side of ['before', 'after'] as const) {
        // Before the first one there is nothing to continue.
        if (commit === 1 && side === 'before') continue
        await this.#beginAnew()
        void this.crash(side === 'before' ? { beforeCommit: commit } : { afterCommit: commit })
        const id = await this.#crashedRun(workflow, context, options)
        if (id === undefined) return this.#disarm()
        await this.reopen()
        yield { commit, side, execution: await this.until(this.orchestrator.getHandle(id).settled()) }
      }
    }
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The execution that did not end because of the crash; `undefined` if it ended before. */
  async #crashedRun(...call: Parameters<TestKit['run']>): Promise<string | undefined> {
    const error: unknown = await this.run(...call).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (error === undefined) return undefined
    if (!OrchestratorError.isInstance(error)) throw error
    if (error.code === 'ERR_CRASHED') return error.executionId
    // A workflow that ends badly has ended.
    if (error.execution === undefined) throw error
    return undefined
  }

  async #beginAnew(): Promise<void> {
    this.#actor?.abandon()
    this.#stores += 1
    this.#fake.restart(this.#options.start)
    for (const script of this.#scripts.values()) script.restart()
    await this.open()
  }

  #script(agentId: string, steps: readonly unknown[] | ScriptFunction): ScriptedAgent {
    this.#assertOpen()
    const script = new Script(agentId, steps, this.#fake)
    this.#scripts.set(agentId, script)
    this.#standIn(agentId, script)
    return script
  }

  #standIn(agentId: string, script: Script): void {
    this.#actor?.agents.standIn(agentId, script)
  }

  /** Resolves when nothing is left to do at this instant. */
  async #still(): Promise<void> {
    for (let turns = 0; turns < STILL_TURNS;) {
      this.#assertOpen()
      await nextTurn()
      const dispatcher = this.#actor?.dispatcher
      turns = dispatcher?.isStill() === false ? 0 : turns + 1
      // Another thread reads the store meanwhile: to look again and again would take its time.
      if (turns === 0) await dispatcher?.engine.asked
    }
  }

  /** Whether somebody is at work in real time: who waits for that of the kit, by its clock or for a model that may be asked later, is not. */
  #isAtWork(): boolean {
    if (this.#actor === undefined) return false
    const { dispatcher, models } = this.#actor
    return dispatcher.atWork() > this.#fake.waiting + models.waiting()
  }

  #crashed(): void {
    this.#actor = undefined
    this.#fake.silence()
    this.#disarm()
  }

  /** No crash is to come, and whoever waits for one need not any more. */
  #disarm(): void {
    this.#fake.native.crashAt(0, false)
    for (const resolve of this.#crashes.splice(0)) resolve()
  }

  async #close(): Promise<void> {
    await this.#shutDown()
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
  }

  /** It ends in order, also where a crash was to come: shutting down commits what it interrupts. */
  async #shutDown(): Promise<void> {
    this.#disarm()
    if (this.#actor !== undefined) await this.#orchestrator?.shutdown({ drainMs: 0 })
    this.#fake.silence()
  }

  #assertOpen(): void {
    if (this.#closing !== undefined)
      throw new ClosedError('ERR_CLOSED', 'the test kit has been closed; create another with createTestKit()')
  }

  #assertDurable(): void {
    if (this.#folder !== undefined) return
    const message = "an orchestrator in memory does not survive its process; create the kit with createTestKit({ storage: 'file' })"
    throw new StoreError('ERR_NOT_DURABLE', message)
  }
}

function readMoment(moment: unknown): { commit: number; kept: boolean } {
  const given = typeof moment === 'object' && moment !== null ? (moment as Record<string, unknown>) : {}
  const fields = Object.keys(given)
  const [field = ''] = fields
  const commit = given[field]
  if (fields.length !== 1 || (field !== 'beforeCommit' && field !== 'afterCommit'))
    refuse('the crash cannot be planned', [
      { path: 'moment', message: 'must be { beforeCommit: n } or { afterCommit: n }, or left out for now' },
    ])
  if (!Number.isInteger(commit) || (commit as number) < 1 || (commit as number) > 0xffff_ffff)
    refuse('the crash cannot be planned', [{ path: `moment.${field}`, message: 'must be a whole number of commits from now, at least 1' }])
  return { commit: commit as number, kept: field === 'afterCommit' }
}

function refuse(what: string, issues: Issue[]): never {
  throw new ValidationError('ERR_INVALID_ARGUMENT', what, issues)
}
