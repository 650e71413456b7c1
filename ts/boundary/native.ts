// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The one importer of the generated binding. What crosses is numbers in typed arrays and JSON text; errors get their classes back here.

import { addon } from '../addon.js'
import type { ResolvedAgents } from '../config/config.js'
import type { ResolvedRedis } from '../config/redis.js'
import type { ResolvedStorage } from '../config/storage.js'
import type { OrchestratorError } from '../api/errors.js'
import { agentOf, policyOf, typeOf } from './agents.js'
import { attempt, converted, rebuilt, whole } from './failures.js'
import type { Json } from '../json/json.js'
import type { ExecutionKind } from '../native/alphabet.js'
import type * as Binding from '../native/binding.cjs'
import type {
  Answer,
  InterruptedGroup,
  NativeFit as SignalFit,
  NativePlan,
  NativeQuestion as Question,
  PlanReading,
  ReadingLimits as NativeReadingLimits,
  UnreadableRow as Unreadable,
} from '../native/binding.cjs'
import type { AgentLimits, Claimed, Failures, Handover, History, SpansText, StoredQuestion, Tree, TypeLimits } from './shapes.js'
import { fileOpening, redisOpening } from './opening.js'
import { spanParts } from './span-parts.js'
import { Post } from './post.js'
import { Watching } from './watching.js'

export * from '../native/alphabet.js'
/** The addon; for the files of this room. */
export const native: typeof Binding = addon as typeof Binding

export type NativeModels = Binding.NativeModels
export const NativeMcp: typeof Binding.NativeMcp = native.NativeMcp
export type NativeMcp = Binding.NativeMcp
export const NativeSchema: typeof Binding.NativeSchema = native.NativeSchema
export type NativeSchema = Binding.NativeSchema
export const NativeClock: typeof Binding.NativeClock = native.NativeClock
export type NativeClock = Binding.NativeClock
export const NativeArchive: typeof Binding.NativeArchive = native.NativeArchive
export type NativeArchive = Binding.NativeArchive
export const NativeStage: typeof Binding.NativeStage = native.NativeStage
export type NativeStage = Binding.NativeStage
export const readAcceptedWorkflow: typeof Binding.readAcceptedWorkflow = native.readAcceptedWorkflow
export const readWorkflow: typeof Binding.readWorkflow = native.readWorkflow
export type { Answer, InterruptedGroup, NativePlan, NativeReadingLimits, PlanReading, Question, SignalFit, Unreadable }

/** Everything that is wrong with a timing; see `runtime::timing`. */
export function timingProblems(timing: string, now: number): { path: string; message: string }[] {
  return JSON.parse(attempt(() => native.timingProblems(timing, now))) as { path: string; message: string }[]
}

/** The time of one orchestrator in Rust, which its engine and its models share, and the stage it is on, if it is on one. */
export type NativeTime = { readonly clock: NativeClock; readonly stage: NativeStage | undefined }

export type OpenedStore = Omit<Binding.Opened, 'failure'>

/** One orchestrator's driver. Every method throws an `OrchestratorError` or nothing. */
export class Engine {
  readonly #native: Binding.Engine
  readonly #time: NativeTime
  /** Why it does not answer any more, where that is not that it was closed in order. */
  readonly #ended: () => OrchestratorError | undefined
  readonly watching: Watching
  readonly post: Post
  /** While the store has not answered all that it was asked: settled when it has. */
  asked: Promise<unknown> | undefined

  constructor(wake: () => void, time: NativeTime, ended: () => OrchestratorError | undefined) {
    this.#native = new native.Engine(wake)
    this.watching = new Watching(this.#native)
    this.post = new Post(this.#native)
    this.#time = time
    this.#ended = ended
  }

  openMemory(): void {
    this.#try(() => this.#native.openMemory(this.#time.clock, this.#time.stage))
  }

  /** What is to be continued, what is left alone, and what the clock of the journals shows. */
  async openFile(storage: ResolvedStorage, hasFigures: boolean): Promise<OpenedStore> {
    return whole(await this.#native.openFile(fileOpening(storage, hasFigures), this.#time.clock, this.#time.stage))
  }

  /** The same of what this process drives on a server. */
  async openRedis(redis: ResolvedRedis): Promise<OpenedStore> {
    return whole(await this.#native.openRedis(redisOpening(redis), this.#time.clock))
  }

  start(plan: NativePlan, context: string | null, options: string | null, id: string | null): { slot: number; id: string } {
    return this.#try(() => this.#native.start(plan, context, options, id))
  }

  moveTo(...move: Parameters<Binding.Engine['moveTo']>): number | null {
    return this.#try(() => this.#native.moveTo(...move))
  }

  advance({ words, count, texts }: Handover, out: Float64Array): void {
    try {
      this.#native.advance(words, count, texts, out)
    } catch (error) {
      throw converted(error)
    }
  }

  pull(now: number, out: Float64Array): void {
    this.#try(() => this.#native.pull(now, out))
  }

  /** What people must know that has begun, or is over, in order: once. */
  alerts(): Binding.NativeAlert[] {
    return this.#try(() => this.#native.alerts())
  }

  limit(limits: Binding.NativeLimits): void {
    this.#try(() => this.#native.limit(limits))
  }

  taken(known: number): OpenedStore {
    return this.#try(() => this.#native.taken(known))
  }

  /** The plan of a group of what another process left unended. */
  groupPlan(group: number): NativePlan | null {
    return this.#try(() => this.#native.groupPlan(group))
  }

  parkedIn(group: number): string[] {
    return this.#try(() => this.#native.parkedIn(group))
  }

  /** Lets the next of a group go on, at most so many. Those that have something to do are to be woken, and resumed. */
  proceed(group: number, most: number): Binding.NativeProceeded {
    return this.#try(() => this.#native.proceed(group, most))
  }

  /** The slot of the execution with this id, if it is parked. */
  parked(id: string): number | null {
    return this.#try(() => this.#native.parked(id))
  }
  sleepsIn(slot: number): number | null {
    return this.#try(() => this.#native.sleepsIn(slot))
  }

  /** Wants a parked execution at hand; its `woken` effect follows. */
  wake(slot: number): void {
    this.#try(() => this.#native.wake(slot))
  }

  /** What an execution is that was woken, as JSON text, once. */
  handover(slot: number): string {
    return this.#try(() => this.#native.handover(slot))
  }

  /** Lets go of an execution that only waits; false: it stays. */
  park(slot: number): boolean {
    return this.#try(() => this.#native.park(slot))
  }

  resume(slot: number): void {
    this.#try(() => this.#native.resume(slot))
  }

  cancel(slot: number, reason: string | null, force: boolean): void {
    this.#try(() => this.#native.cancel(slot, reason, force))
  }

  /** Whether a request to cancel it records nothing: it is being stopped already, with `force` its clean-up too. */
  ignoresCancel(slot: number, force: boolean): boolean {
    return this.#try(() => this.#native.ignoresCancel(slot, force))
  }

  pause(slot: number): void {
    this.#try(() => this.#native.pause(slot))
  }

  unpause(slot: number, step: boolean): void {
    this.#try(() => this.#native.unpause(slot, step))
  }

  /** The number of the wait, in the plan, that wants another payload, null if it is on its way. `fits`: those that it fits, of all that have a schema. */
  signal(slot: number, name: string, payload: string, path: string | null, fits: SignalFit[] | null): number | null {
    return this.#try(() => this.#native.signal(slot, name, payload, path, fits))
  }

  /** The number of the instance of the task that was added; null if the attempt is over, or was told to stop. */
  spawn(slot: number, task: number, attempt: number, definition: string): number | null {
    return this.#try(() => this.#native.spawn(slot, task, attempt, definition))
  }

  /** The event loop stood still for `ms` until `at`. */
  stalled(at: number, ms: number): void {
    this.#try(() => this.#native.stalled(at, ms))
  }

  /** Whether an attempt has not answered, and was not given up. */
  isUnderWay(slot: number, task: number, attempt: number): boolean {
    return this.#try(() => this.#native.isUnderWay(slot, task, attempt))
  }

  /** Whether nothing new may start in an execution, as was asked last: that may not be on record yet. */
  isPaused(slot: number): boolean {
    return this.#try(() => this.#native.isPaused(slot))
  }

  heartbeat(slot: number, task: number, attempt: number): void {
    this.#try(() => this.#native.heartbeat(slot, task, attempt))
  }

  /** What an attempt tells of its models: a call that has ended, or a choice. False if that is recorded no more. */
  note(slot: number, task: number, attempt: number, called: boolean, text: string): boolean {
    return this.#try(() => this.#native.note(slot, task, attempt, called, text))
  }

  /** What the current attempt of an instance has noted, as JSON text of `{ choices, calls }`; null: nothing. */
  notes(slot: number, task: number): string | null {
    return this.#try(() => this.#native.notes(slot, task))
  }

  /** What an attempt tells of a step: that it begins, or the JSON text that it gave. False if that is recorded no more. `steps`: those on record as JSON text. */
  step(slot: number, task: number, attempt: number, name: string, print: string | undefined, value: string | undefined): boolean {
    return this.#try(() => this.#native.step(slot, task, attempt, name, print, value))
  }
  steps(slot: number, task: number): string | null {
    return this.#try(() => this.#native.steps(slot, task))
  }

  /** What models have cost an execution so far, as JSON text. */
  spent(slot: number, task: number | null): string {
    return this.#try(() => this.#native.spent(slot, task))
  }

  judged(slot: number, task: number, question: Question, holds: boolean, failure: string | null): void {
    this.#try(() => this.#native.judged(slot, task, question, holds, failure))
  }

  /** `[task in the plan, path, pass, owner, definition if it was spawned]` as JSON text. */
  instance(slot: number, task: number): string | null {
    return this.#try(() => this.#native.instance(slot, task))
  }

  rendered(slot: number, task: number): string | null {
    return this.#try(() => this.#native.rendered(slot, task))
  }

  output(slot: number, task: number): string {
    return this.#try(() => this.#native.output(slot, task))
  }

  /** How an instance has ended, as JSON text; null while it has not. */
  end(slot: number, task: number): string | null {
    return this.#try(() => this.#native.end(slot, task))
  }

  bounds(slot: number): Binding.NativeBounds {
    return this.#try(() => this.#native.bounds(slot))
  }

  scope(slot: number, task: number, betweenPasses: boolean): string {
    return this.#try(() => this.#native.scope(slot, task, betweenPasses))
  }

  schedule(plan: NativePlan, texts: Binding.ScheduleTexts): Binding.KeptSchedule {
    return this.#try(() => this.#native.schedule(plan, texts))
  }

  wakeSchedule(number: number): void {
    this.#try(() => this.#native.wakeSchedule(number))
  }

  cancelSchedule(number: number): void {
    this.#try(() => this.#native.cancelSchedule(number))
  }

  /** `[[number, schedule]]` as JSON text. */
  schedules(): string {
    return this.#try(() => this.#native.schedules())
  }

  executionId(slot: number): string {
    return this.#try(() => this.#native.executionId(slot))
  }

  interrupt(): void {
    this.#try(() => this.#native.interrupt())
  }

  report(slot: number): string {
    return this.#try(() => this.#native.report(slot))
  }

  listen(kinds: readonly ExecutionKind[]): void {
    this.#native.listen([...kinds])
  }

  /** The effects of these kinds after the one with the number `after`, -1: all: at once where they are in memory, else when they are read. */
  history(slot: number, kinds: readonly ExecutionKind[], after: number): History | Promise<History> {
    const known = this.#try(() => this.#native.history(slot, [...kinds], after))
    return known === null ? this.#read(this.#try(() => this.#native.readHistory(slot, [...kinds], after))) : told(known)
  }

  /** Why what an effect tells of has failed, as JSON text, while it is done. */
  failure(slot: number, number: number): string | null {
    return this.#try(() => this.#native.failure(slot, number))
  }

  /** The output that the schema of a task is asked about. */
  candidate(slot: number, task: number): Json {
    return JSON.parse(this.#try(() => this.#native.candidate(slot, task)) ?? 'null') as Json
  }

  /** What the schema made of it, as JSON text, or why it does not fit. */
  reviewed(slot: number, task: number, output: string | null, failure: string | null): void {
    this.#try(() => this.#native.reviewed(slot, task, output, failure))
  }

  /** The number of the task of the plan that an instance calls now: its own, or that of an agent that stands in for it. */
  calling(slot: number, task: number): number {
    return this.#try(() => this.#native.calling(slot, task))
  }

  /** Why something else completed an instance, as JSON text; null if that is not so. */
  degraded(slot: number, task: number): string | null {
    return this.#try(() => this.#native.degraded(slot, task))
  }

  /** What a call with an idempotency key, by its hash, does that would do what `fingerprint` says; `undefined` if the store must be asked. */
  claim(hash: string, fingerprint: string, rerunFailed: boolean): Claimed | undefined {
    return (this.#try(() => this.#native.claim(hash, fingerprint, rerunFailed)) as Claimed | null) ?? undefined
  }

  /** Asks the store. Nobody else may begin an execution of the key meanwhile. */
  async lookUpClaim(hash: string, fingerprint: string, rerunFailed: boolean): Promise<Claimed> {
    const { claim } = await this.#settled(this.#try(() => this.#native.lookUpClaim(hash, fingerprint, rerunFailed)))
    return claim as Claimed
  }

  /** If it `remembers` the execution, what is on record of that stays in memory until `forget`: about so many bytes. */
  release(slot: number, remembers: boolean): number {
    return this.#try(() => this.#native.release(slot, remembers))
  }

  forget(ids: readonly string[]): void {
    this.#try(() => this.#native.forget([...ids]))
  }

  openPool(agents: ResolvedAgents): void {
    this.#try(() => this.#native.openPool(policyOf(agents)))
  }

  addAgentType(name: string, limits: TypeLimits): void {
    this.#try(() => this.#native.addAgentType(name, typeOf(limits)))
  }

  /** `of`: the place of its type; `print`: what it was registered with, in short, if that says what it gives. */
  addAgent(id: string, of: number, capabilities: readonly string[], limits: AgentLimits, print?: string): void {
    this.#try(() => this.#native.addAgent(agentOf(id, of, capabilities, limits, print)))
  }

  /** The agent of this type's name runs tasks whose own agent nobody has registered. */
  standIn(agentId: string, typeName: string): void {
    this.#try(() => this.#native.standIn(agentId, typeName))
  }

  /** `checked`: whether it can be asked how it is; `worker`: the thread that it has. */
  agentCreated(instance: number, checked: boolean, worker: number | undefined): void {
    this.#try(() => this.#native.agentCreated(instance, checked, worker))
  }

  /** `fatal`: it is of no use to try again. */
  agentFailed(instance: number, fatal: boolean): void {
    this.#try(() => this.#native.agentFailed(instance, fatal))
  }

  agentChecked(instance: number, healthy: boolean): void {
    this.#try(() => this.#native.agentChecked(instance, healthy))
  }

  agentLost(instance: number): void {
    this.#try(() => this.#native.agentLost(instance))
  }

  agentDisposed(instance: number): void {
    this.#try(() => this.#native.agentDisposed(instance))
  }

  /** An attempt, of a task in a slot, has returned, whose answer nobody waits for. */
  releaseAgent(instance: number, slot: number, task: number): void {
    this.#try(() => this.#native.releaseAgent(instance, slot, task))
  }

  lendAgent(instance: number): void {
    this.#try(() => this.#native.lendAgent(instance))
  }

  /** Whether it has its place back at once; else an effect with `ticket` follows. */
  reclaimAgent(instance: number, ticket: number): boolean {
    return this.#try(() => this.#native.reclaimAgent(instance, ticket))
  }

  retakeAgent(instance: number, ticket: number | null): void {
    this.#try(() => this.#native.retakeAgent(instance, ticket))
  }

  poolStatistics = (): string => this.#try(() => this.#native.poolStatistics())

  /** The slots of executions that have ended and whose end may not have been heard of yet. */
  ending(): number[] {
    return this.#try(() => this.#native.ending())
  }
  isSettled = (): boolean => this.#try(() => this.#native.isSettled())
  statistics(): Binding.NativeStatistics {
    return this.#try(() => this.#native.statistics())
  }

  /** What the store says as JSON text. */
  stored(what: StoredQuestion, of: string): Promise<string | undefined> {
    return this.#answer(this.#native[what](of))
  }

  /** The spans of a stored execution, part by part; none if it is not there. */
  spans(id: string): AsyncGenerator<SpansText> {
    const rest = this.#try(() => this.#native.spans(id))
    return spanParts((about) => this.#answer(rest.next(about)))
  }

  /** Copies the store to a path: `done` when the copy is there, unless `stop` is called before. */
  backup(path: string): { done: Promise<void>; stop: () => void } {
    const stopping = new native.NativeStop()
    const copied = this.#native.backup(path, stopping).then((failure) => {
      if (failure) throw rebuilt(failure)
    })
    return { done: copied, stop: () => stopping.stop() }
  }

  /** Of a live execution, as JSON text. */
  told(what: 'undoing' | 'waits' | 'explain' | 'obstacle', slot: number): string {
    return this.#try(() => this.#native[what](slot))
  }

  /** Deletes an execution and what goes with it; the ticket of the effect that follows. */
  delete({ ids, keys, damaged = [] }: Tree): number {
    return this.#try(() => this.#native.deleteExecutions([...ids], [...keys], [...damaged]))
  }

  /** The effects that a stored execution has had, all of them, and why what failed did, by their numbers. */
  async storedHistory(id: string): Promise<History> {
    const text = (await this.#answer(this.#native.storedHistory(id))) ?? '{"words":[],"failures":{}}'
    const { words, failures } = JSON.parse(text) as { words: number[]; failures: Failures }
    return { words: new Float64Array(words), failures }
  }

  abandon(): void {
    this.#native.abandon()
  }

  async close(): Promise<void> {
    const failure = await this.#native.close()
    if (failure) throw rebuilt(failure)
  }

  async #answer(asked: Promise<Answer>): Promise<string | undefined> {
    return (await this.#settled(asked)).text ?? undefined
  }

  async #read(asked: Promise<Binding.History>): Promise<History> {
    return told(await this.#settled(asked))
  }

  async #settled<T extends { failure?: Binding.NativeFailure }>(asked: Promise<T>): Promise<T> {
    const all = Promise.allSettled([this.asked, asked])
    this.asked = all
    void all.then(() => {
      if (this.asked === all) this.asked = undefined
    })
    const answer = await asked
    if (answer.failure) throw this.#told(rebuilt(answer.failure))
    return answer
  }

  #try<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.#told(converted(error))
    }
  }

  /** What was asked when it ended is answered by why it did. */
  #told(error: OrchestratorError): OrchestratorError {
    return error.code === 'ERR_CLOSED' ? (this.#ended() ?? error) : error
  }
}

function told({ words, failures }: Binding.History): History {
  return { words, failures: JSON.parse(failures) as Failures }
}
