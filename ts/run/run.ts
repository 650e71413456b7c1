// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that lives in this process: the values that stay in JavaScript, beside the facts that the engine keeps.

import { AsyncResource } from 'node:async_hooks'
import { weightOf } from '../json/bytes.js'
import type { Clock } from '../base/clock.js'
import { spawnedTask, type Definition, type StoredTask, type TaskDefinition } from '../definition/definition.js'
import type { OrchestratorError } from '../api/errors.js'
import { endingOf, executionOf, once, type Ending, type Report } from './report.js'
import type { Json } from '../json/json.js'
import type { History } from '../boundary/shapes.js'
import type { TaskExecution, WorkflowExecution } from '../api/execution.js'
import { NO_CALLER } from '../base/no-caller.js'
import { withInputs } from './inputs.js'
import type { ReusedEnd, RunOptions } from './options.js'
import type { Moved } from './moves.js'

/** An instance of a task, beyond those of the root list. */
interface Instance {
  readonly task: TaskDefinition
  readonly path: string
  readonly iteration: number | undefined
  readonly owner: number | undefined
}

/** Bytes that each task takes beside its values and records: its row, and what is made of that when it is looked at. */
const TASK_BYTES = 512

/** An attempt under way, as far as its run keeps it. */
interface UnderWay {
  abort(reason: OrchestratorError): void
  /** Its task has another number from now on. */
  moveTo(instance: number): void
}

/** A move to another definition, and what the run was before it. */
export interface RunMoved extends Moved {
  /** The number of the effect that tells of it. */
  readonly number: number
  readonly was: Run
}

/** What may be asked of it, and is on record some time later: to stop, to pause or go on, to take a signal, to go on under another definition. */
type Asked = 'cancel' | 'turn' | 'signal' | 'move'

interface Ask {
  readonly what: Asked
  recorded: boolean
}

/** How a task ended that an attempt had spawned. */
export type SpawnedEnd = { value: Json } | { error: unknown }

/** A task that an attempt has spawned and waits for. */
export interface Spawned extends PromiseLike<unknown> {
  /** Whether anybody has asked how it ended. */
  readonly observed: boolean
  isOf(lender: object): boolean
  settle(end: SpawnedEnd): void
}

/** Who drives a run. */
interface RunHost {
  readonly clock: Clock
  /** What an instance is, as `Engine.instance` tells. */
  readonly describe: (run: Run, instance: number) => string | null
}

/** Keys that V8 adds to an object one by one until it makes a dictionary of it, which is slow to make and to go through. */
const ADDED_KEYS_MAX = 12
const shapes = new WeakMap<TaskDefinition, Readonly<Record<string, unknown>>>()

/** Where the outputs of the dependencies of `task`, of `tasks`, go: for many with all keys there already, so that none is added. */
function emptyOutputs(task: TaskDefinition, tasks: readonly TaskDefinition[]): Record<string, unknown> {
  if (task.dependencies.length <= ADDED_KEYS_MAX) return {}
  let shape = shapes.get(task)
  if (shape === undefined) {
    // What is parsed is no dictionary, and its copies are none.
    const ids = task.dependencies.map((number) => [(tasks[number] as TaskDefinition).id, null])
    shape = JSON.parse(JSON.stringify(Object.fromEntries(ids))) as Record<string, unknown>
    shapes.set(task, shape)
  }
  return { ...shape }
}

/** A slot that no execution ever has. */
const NO_SLOT = 0xffff_ffff

export class Run {
  /** Its slot, by which the engine knows it. It has none once the engine has let go of it: the number is another execution's then. */
  slot: number
  /** That number, which says of the places of agents whose attempt holds them, however late that returns. */
  seat: number
  readonly id: string
  definition: Definition
  /** The same without the inputs that it was given as an undoing. */
  base: Definition
  readonly context: { [key: string]: Json }
  /** Results by place; what is undefined has none. Only those of completed tasks count. */
  readonly outputs: (Json | undefined)[]
  /** The current attempt of each task, while it is under way. */
  readonly attempts: (UnderWay | undefined)[]
  // Most runs have use for none of these maps, and to make four for each took longer than all else of a run.
  #parsed: Map<number, Json | undefined> | undefined
  #thrown: Map<string, unknown> | undefined
  #spawned: Map<number, Spawned> | undefined
  #instances: Map<number, Instance> | undefined
  /** Its executeWorkflow call, which holds events for late listeners; 0 if there was none. */
  readonly call: number
  options: RunOptions
  /** Its moves to other definitions, in order. */
  readonly moves: RunMoved[] = []
  /** Where it was called from: what the caller keeps in `AsyncLocalStorage` reaches agents and listeners. Nobody has called what was recovered. */
  scope: AsyncResource = NO_CALLER
  /** While payloads of signals are judged: when all that were sent are. */
  judging: Promise<void> | undefined
  /** How much was done for it in which turn of the event loop. */
  readonly steps = { turn: 0, count: 0 }
  /** The last handover to the engine with an answer of it that waited for the next turn. */
  handover = 0
  /** How many follow its events, and its history as it was when the engine let go of it, if somebody may still ask. */
  followers = 0
  history: History | undefined
  /** The number of the last notice of it that listeners to any event have been told of. */
  noticed = -1
  readonly #clock: Clock
  #describe: (instance: number) => string | null
  /** How it ended. */
  execution: WorkflowExecution | undefined
  /** When it ended, in microseconds since the epoch; 0 before. */
  endedAt = 0
  /** Why nobody will ever know, if the store failed or the orchestrator was shut down. */
  lost: OrchestratorError | undefined
  /** Whether that is since another process drives it. */
  isElsewhere = false
  /** Whether it was begun once more, since it was not known to be on record. */
  begunAgain = false
  /** Whether its id was drawn for it. */
  isDrawn = false
  /** Whether it is on record. */
  accepted = false
  /** Whether another process began it. */
  recovered = false
  /** Whether something was heard of it, or asked, since the last look at what may be parked. */
  touched = true
  /** Questions to the user's functions that are not answered. */
  questions = 0
  /** Whether an attempt of it has asked models, or one before it may have. */
  asksModels = false
  /** Whether somebody hears how it ends, or has heard. */
  heard = false
  /** Whether a request to cancel it is on record. */
  cancelling = false
  /** Whether it was asked to stop, and why, if that was said. */
  stopping = false
  reason: string | undefined
  /** What the engine was asked of it in this process and will record, and has not yet, the first first. */
  #asks: Ask[] = []
  /** Attempts that wait until what they told is on record, in the order in which it will be. */
  #noting: { resolve: () => void; reject: (error: OrchestratorError) => void }[] = []
  #ended: Map<string, TaskExecution> | undefined
  #reported = 0
  #report: () => Report | undefined = () => undefined
  #waiting: (() => void)[] = []
  #following: (() => void)[] = []

  constructor(
    slot: number,
    id: string,
    definition: Definition,
    context: { [key: string]: Json },
    call: number,
    options: RunOptions,
    host: RunHost,
  ) {
    this.slot = slot
    this.seat = slot
    this.id = id
    this.base = definition
    this.definition = options.inputs === undefined ? definition : withInputs(definition, options.inputs)
    this.context = context
    this.call = call
    this.options = options
    this.#clock = host.clock
    this.#describe = (instance) => host.describe(this, instance)
    this.outputs = new Array<Json | undefined>(definition.rootCount).fill(undefined)
    this.attempts = new Array<UnderWay | undefined>(definition.rootCount).fill(undefined)
    if (definition.opaque && options.reuse !== undefined) this.#takeOver(options.reuse)
  }

  /** Has the values of a fork that only JavaScript knows: the engine keeps none of a plan in which nothing looks at them. */
  #takeOver(reuse: Readonly<Record<string, ReusedEnd>>): void {
    this.definition.tasks.slice(0, this.definition.rootCount).forEach(({ id }, place) => {
      if (Object.hasOwn(reuse, id)) this.outputs[place] = reuse[id]?.output
    })
  }

  /**
   * Whether this side has nothing of it that is not on record: no attempt is under way, nobody waits for it or follows it, and nothing was thrown that its end
   * may be about.
   */
  get mayPark(): boolean {
    const isPlain = this.call === 0 && this.options.parent === undefined && !this.heard && !this.stopping && !this.cancelling
    return (
      isPlain &&
      this.accepted &&
      this.execution === undefined &&
      this.lost === undefined &&
      this.questions === 0 &&
      this.judging === undefined &&
      this.followers === 0 &&
      !this.hasSpawned &&
      (this.#thrown === undefined || this.#thrown.size === 0) &&
      this.#waiting.length === 0 &&
      this.#following.length === 0 &&
      this.#noting.length === 0 &&
      this.attempts.every((attempt) => attempt === undefined)
    )
  }

  /** Data of tasks whose schema has parsed it into something else, by place. */
  get parsed(): Map<number, Json | undefined> {
    return (this.#parsed ??= new Map())
  }

  /** What agents threw, by place and attempt: the journal has only what can be written. */
  get thrown(): Map<string, unknown> {
    return (this.#thrown ??= new Map())
  }

  /** Tasks that attempts have spawned and wait for, by instance. */
  get spawned(): Map<number, Spawned> {
    return (this.#spawned ??= new Map())
  }

  /** Whether attempts have spawned tasks and wait for them. */
  get hasSpawned(): boolean {
    return this.#spawned !== undefined && this.#spawned.size > 0
  }

  /** The workflow that it runs. */
  get workflowId(): string {
    return this.definition.workflowId
  }

  /** What an instance was defined to be. */
  task(instance: number): TaskDefinition {
    const { definition } = this
    if (instance < definition.rootCount) return definition.tasks[instance] as TaskDefinition
    return this.#instance(instance).task
  }

  /** The address of an instance: its id, after the pass it belongs to. */
  path(instance: number): string {
    const { definition } = this
    if (instance < definition.rootCount) return (definition.tasks[instance] as TaskDefinition).id
    return this.#instance(instance).path
  }

  /** The pass of the nearest loop around it. */
  iteration(instance: number): number | undefined {
    return instance < this.definition.rootCount ? undefined : this.#instance(instance).iteration
  }

  /** The group, or the task that spawned it. */
  owner(instance: number): number | undefined {
    return instance < this.definition.rootCount ? undefined : this.#instance(instance).owner
  }

  /** Whether the value of its result need not leave JavaScript. */
  keeps(instance: number): boolean {
    return this.definition.opaque && instance < this.definition.rootCount
  }

  /** What the siblings that an instance depends on gave, by id; null for one that did not complete. */
  dependencies(instance: number, outputOf: (run: Run, instance: number) => Json): Record<string, unknown> {
    const { tasks, rootCount } = this.definition
    const task = this.task(instance)
    const outputs = emptyOutputs(task, tasks)
    if (task.dependencies.length === 0) return outputs
    // Instances of siblings are as far apart as the siblings are in the plan; in the root list they have the same numbers.
    const apart = instance < rootCount ? 0 : instance - tasks.indexOf(task)
    for (const number of task.dependencies) outputs[(tasks[number] as TaskDefinition).id] = outputOf(this, number + apart)
    return outputs
  }

  #instance(instance: number): Instance {
    let known = this.#instances?.get(instance)
    if (known === undefined) {
      const text = this.#describe(instance)
      known = this.#read(text)
      this.#instances ??= new Map()
      // What an attempt from before a move asks about may be none yet, and become another task's.
      if (text !== null) this.#instances.set(instance, known)
    }
    return known
  }

  #read(text: string | null): Instance {
    const [number, path, iteration, owner, source] = (JSON.parse(text ?? 'null') ?? [0, '', null, null]) as [
      number,
      string,
      number | null,
      number | null,
      (StoredTask | 0)?,
    ]
    const task = source === undefined || source === 0 ? (this.definition.tasks[number] as TaskDefinition) : spawnedTask(source, path)
    return { task, path, iteration: iteration ?? undefined, owner: owner ?? undefined }
  }

  /** The engine lets go of it. Whatever still has it, an agent that never returned among them, reaches no other execution by it. */
  release(): void {
    this.slot = NO_SLOT
  }

  /** Whether the engine has let go of it. */
  get released(): boolean {
    return this.slot === NO_SLOT
  }

  /** Resolves once it is on record, rejects if that will never be known. */
  async whenAccepted(): Promise<void> {
    await this.#until(() => this.accepted || this.execution !== undefined)
  }

  /** It is asked to stop. The first reason is the one on record. */
  asked(reason: string | undefined): void {
    if (!this.stopping) this.reason = reason
    this.stopping = true
    this.ask('cancel')
  }

  /** The engine was asked for something that it will record. */
  ask(what: Asked): void {
    this.#asks.push({ what, recorded: false })
  }

  /** Something is on record, which was asked here or not: its parent stops it, and in step mode it pauses. */
  record(what: Asked): void {
    const place = this.#asks.findIndex((ask) => ask.what === what)
    if (place < 0) return
    for (const ask of this.#asks.splice(place, 1)) ask.recorded = true
    this.#notify()
  }

  /** Resolves once all is on record that was asked until now, or it has ended before. */
  async whenRecorded(what: Asked): Promise<void> {
    const last = this.#asks.findLast((ask) => ask.what === what)
    if (last !== undefined) await this.#until(() => last.recorded || this.execution !== undefined)
  }

  /** Resolves with how it ended, rejects if that will never be known. */
  async whenEnded(): Promise<WorkflowExecution> {
    await this.#until(() => this.execution !== undefined)
    return this.execution as WorkflowExecution
  }

  /** Whoever calls is where it was called from. */
  calledHere(): void {
    this.scope = new AsyncResource('WorkflowExecution', { requireManualDestroy: true })
  }

  accept(): void {
    this.accepted = true
    this.#notify()
  }

  /** Something was recorded that somebody who follows its events may wait for. */
  stir(): void {
    const following = this.#following
    this.#following = []
    for (const resolve of following) resolve()
  }

  /** Resolves when something more is recorded. */
  stirred(): Promise<void> {
    return new Promise((resolve) => this.#following.push(resolve))
  }

  /** Whether somebody waits for more to be recorded. */
  get isFollowed(): boolean {
    return this.#following.length > 0
  }

  /** An attempt has told what it chose or did; resolves once that is on record. */
  whenNoted(): Promise<void> {
    return new Promise((resolve, reject) => this.#noting.push({ resolve, reject }))
  }

  noted(): void {
    // None waits for what was told by the process before.
    this.#noting.shift()?.resolve()
  }

  /** The run as it was when the effect with this number left: tasks had other numbers before a move. */
  asOf(number: number): Run {
    return this.moves.length === 0 ? this : (this.moves.find((move) => number < move.number)?.was ?? this)
  }

  /** It runs another definition from now on. */
  redefine(definition: Definition, options: RunOptions, move: RunMoved): void {
    this.moves.push(move)
    this.ask('move')
    this.definition = this.base = definition
    this.options = options
    this.#instances?.clear()
  }

  cancel(): void {
    this.cancelling = true
    this.record('cancel')
  }

  /** `at`: when, as the report says too, which most often nobody reads. */
  end(report: string, completed: boolean, at: number): void {
    this.endedAt = at
    const read = once(() => JSON.parse(report) as Report)
    this.#report = read
    this.#reported = report.length
    this.execution = this.#seen(read, completed ? 'completed' : undefined)
    // The engine forgets it soon, and somebody may still read its events.
    this.#describe = (instance) => JSON.stringify(read().instances?.[instance] ?? null)
    this.attempts.length = 0
    this.#notify()
    this.stir()
  }

  /** About how many bytes it takes to remember it now that it has ended. */
  weight(): number {
    let weight = weightOf(this.context) + this.#reported + TASK_BYTES * Math.max(this.outputs.length, this.definition.rootCount)
    for (const output of this.outputs) weight += weightOf(output)
    return weight
  }

  /** What its end means for the execution whose task it is. */
  get ending(): Ending {
    return endingOf(this.#report())
  }

  /** The execution that a report of it tells of. */
  seenAs(report: string): WorkflowExecution {
    return this.#seen(() => JSON.parse(report) as Report)
  }

  /** The execution as it was when it began, at this instant. */
  seenAsBegun(startedAt: number): WorkflowExecution {
    const tasks = (): Report['tasks'] => new Array<Report['tasks'][number]>(this.definition.rootCount).fill([0, 0, null, null])
    return this.#seen(() => ({ status: 'running', startedAt, endedAt: 0, tasks: tasks(), notes: {} }), 'running')
  }

  /** A task of an execution that has ended, as it ended. */
  ended(instance: number): TaskExecution | undefined {
    if (this.execution === undefined) return undefined
    this.#ended ??= new Map(this.execution.tasks.map((task) => [task.taskId, task]))
    return this.#ended.get(this.path(instance))
  }

  #seen(report: () => Report, known?: 'running' | 'completed'): WorkflowExecution {
    const { id, definition, context, outputs, options } = this
    return executionOf({ id, definition, context, outputs, options, clock: this.#clock }, report, known)
  }

  lose(error: OrchestratorError): void {
    if (this.execution !== undefined) return
    this.lost = error
    for (const { reject } of this.#noting.splice(0)) reject(error)
    this.#notify()
    this.stir()
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      if (this.lost !== undefined) throw this.lost
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #notify(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
