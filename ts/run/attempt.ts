// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What one attempt of a task is given. Made for every attempt, so what costs is made when it is asked for.

import { setMaxListeners } from 'node:events'
import { inspect } from 'node:util'
import { CancelledError, errorOf, type OrchestratorError } from '../api/errors.js'
import type { Json } from '../json/json.js'
import { copyJson } from '../json/copy.js'
import type { TaskDefinition } from '../definition/definition.js'
import type { Clock } from '../base/clock.js'
import type { AttemptTracing } from './attempt-tracing.js'
import type { Run } from './run.js'
import type { Instance } from '../pool/instances.js'
import { Lender } from './lender.js'
import { ACCEPT, ALLOWANCE, READS_OUTPUTS, STEPS } from '../agents/granted.js'
import type { ModelAccount } from '../models/account.js'
import type { ModelCalls } from '../api/models.js'
import { outputSchemaOf } from './output-schema.js'
import { AttemptSteps, type Recorder } from './attempt-steps.js'
import { Steps, takeStep } from '../steps/steps.js'
import { readsOf, unwatched, watched } from './watched.js'
import { READS_ALL, READS_UNKNOWN } from '../boundary/native.js'
import type { AttemptContext, TaskInput } from '../api/agent.js'
import type { Allowance } from '../api/execution.js'
import type { AgentTask, TaskType } from '../api/task.js'
import { keyOwner } from './options.js'

/** A copy of the output of an instance, null if it has none. */
type OutputOf = (run: Run, instance: number) => Json

const NO_INPUT: AttemptInput['input'] = Object.freeze({})

/** The task as its agent sees it. Everything in it belongs to this attempt: changing it changes nothing else. */
export class AttemptInput implements TaskInput {
  readonly id: string
  readonly name: string
  readonly agentId: string
  readonly type: TaskType
  readonly executionId: string
  readonly attempt: number
  readonly input: { prompt?: string; data?: unknown }
  readonly #task: TaskDefinition
  readonly #run: Run
  readonly #instance: number
  readonly #outputOf: OutputOf
  /** Whether it is looked which outputs of its dependencies are. */
  readonly #watches: boolean
  #context: TaskInput['context'] | undefined
  /** Whether all of it was written out, and so perhaps read by whoever wrote it. */
  #isShown = false

  static {
    // Written as a method, its computed name could not be declared in isolation.
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: AttemptInput): object {
        return this.#shown()
      },
    })
    Object.defineProperty(this.prototype, READS_OUTPUTS, {
      get(this: AttemptInput): boolean {
        const { templated, source } = this.#task
        if (!templated) return false
        const places = JSON.stringify(source.input ?? {}).match(/\{\{[^]*?\}\}|\{%[^]*?%\}/g) ?? []
        return places.some((place) => /\b(?:tasks|results)\b/.test(place))
      },
    })
  }

  constructor(
    run: Run,
    instance: number,
    attempt: number,
    task: TaskDefinition,
    input: { prompt: string | undefined; data: Json | undefined },
    outputOf: OutputOf,
    watches: boolean,
  ) {
    const { prompt, data } = input
    this.id = task.id
    this.name = task.name
    this.agentId = task.agentId
    this.type = task.type
    this.executionId = run.id
    this.attempt = attempt
    this.input = prompt === undefined && data === undefined ? NO_INPUT : inputOf(prompt, data)
    this.#run = run
    this.#task = task
    this.#instance = instance
    this.#outputOf = outputOf
    this.#watches = watches
  }

  get context(): TaskInput['context'] {
    return (this.#context ??= this.#makeContext())
  }

  #makeContext(): TaskInput['context'] {
    const context = copyJson(this.#run.context) as TaskInput['context']
    const outputs = this.#run.dependencies(this.#instance, this.#outputOf)
    context.dependencies = this.#watches ? watched(this.#run.task(this.#instance), this.#run.definition.tasks, outputs) : outputs
    return context
  }

  /** Which outputs of its dependencies were looked at, as the alphabet has it. */
  get reads(): number {
    const { length } = this.#run.task(this.#instance).dependencies
    if (length === 0) return READS_UNKNOWN
    const reads = this.#context === undefined ? 0 : readsOf(this.#context.dependencies, length)
    return this.#isShown && reads !== READS_ALL ? READS_UNKNOWN : reads
  }

  /** The context is made on demand and is still part of what is seen. */
  toJSON(): object {
    this.#isShown = true
    return this.#shown()
  }

  #shown(): object {
    const { context } = this
    return Object.assign({}, this, { context: { ...context, dependencies: unwatched(context.dependencies) } })
  }
}

function inputOf(prompt: string | undefined, data: Json | undefined): AttemptInput['input'] {
  const input: AttemptInput['input'] = {}
  if (prompt !== undefined) input.prompt = prompt
  if (data !== undefined) input.data = copyJson(data)
  return input
}

/** The tasks that an attempt adds. */
export interface Spawns {
  spawn(task: AgentTask): PromiseLike<unknown>
  /** Waits for what nobody waited for; throws the first failure that nobody caught. */
  settle(): Promise<void>
}

/** Where an attempt's own calls go. */
export interface AttemptHost extends Recorder {
  readonly clock: Clock
  /** Whether an attempt has not answered, and was not given up: once it is over, nothing of what it does counts. */
  isUnderWay(run: Run, instance: number, attempt: LiveAttempt): boolean
  heartbeat(run: Run, instance: number, attempt: LiveAttempt): void
  progress(run: Run, instance: number, attempt: LiveAttempt, data: unknown): void
  spawner(run: Run, instance: number, attempt: LiveAttempt, lender: Lender): Spawns
  account(run: Run, instance: number, attempt: LiveAttempt): ModelAccount
  models(run: Run, instance: number, attempt: LiveAttempt): ModelCalls
  readonly tracing: AttemptTracing | undefined
}

/** What the models that it asks are put on, for who looks for it by this key: specs put choices and calls on an account as they like. */
const ACCOUNT: unique symbol = Symbol('account')

/** One attempt under way: the second argument of its agent, and the runner's own record of it. */
export class LiveAttempt implements AttemptContext {
  readonly attempt: number
  readonly #run: Run
  #instance: number
  /** How often its execution had been moved: one that was left behind by a move is none of its attempts any more. */
  #moves: number
  readonly #host: AttemptHost
  readonly #agent: Instance | undefined
  #lender: Lender | undefined
  #spawner: Spawns | undefined
  #controller: AbortController | undefined
  #reason: OrchestratorError | undefined
  #ended = false
  #steps: Steps | undefined
  /** Whether it was given what steps gave before. */
  goesOn = false
  /** What its agent is given, once that is called on this thread. */
  #given: AttemptInput | undefined
  /** When it first told of progress, 0 if it has not. */
  progressed = 0
  /** When it last did, or gave a sign of life; 0 if it has not. */
  signed = 0

  static {
    // As above, their computed names could not be declared in isolation.
    Object.defineProperty(this.prototype, ACCOUNT, {
      value(this: LiveAttempt): ModelAccount {
        return this.#host.account(this.#run, this.#instance, this)
      },
    })
    Object.defineProperty(this.prototype, STEPS, {
      get(this: LiveAttempt): Steps {
        return this.#stepsOf()
      },
    })
    Object.defineProperty(this.prototype, ALLOWANCE, {
      get(this: LiveAttempt): Allowance | undefined {
        return this.#run.options.allow
      },
    })
    Object.defineProperty(this.prototype, ACCEPT, {
      get(this: LiveAttempt): AgentTask['accept'] {
        return (this.#run.task(this.#instance).source as Pick<AgentTask, 'accept'>).accept
      },
    })
  }

  /** `agent`: the instance that does it. */
  constructor(run: Run, instance: number, attempt: number, host: AttemptHost, agent: Instance | undefined) {
    this.attempt = attempt
    this.#run = run
    this.#instance = instance
    this.#moves = run.moves.length
    this.#host = host
    this.#agent = agent
  }

  /** The number of its task. */
  get instance(): number {
    return this.#instance
  }

  moveTo(instance: number): void {
    this.#instance = instance
    this.#moves = this.#run.moves.length
  }

  /** Whether its execution was moved without it. */
  get isLeftBehind(): boolean {
    return this.#moves !== this.#run.moves.length
  }

  /** The instance that does it; none of a child workflow. */
  get agent(): Instance | undefined {
    return this.#agent
  }

  /** Its agent is called with this. */
  give(given: AttemptInput): void {
    this.#given = given
  }

  /** Which outputs of its dependencies its agent has looked at; unknown of one that runs elsewhere. */
  get reads(): number {
    return this.#given === undefined || this.#agent?.agent.worker !== undefined ? READS_UNKNOWN : this.#given.reads
  }

  /** What it has spawned so far. */
  get spawner(): Spawns | undefined {
    return this.#spawner
  }

  // Getters, so that `{ spawn }` taken out of the context still knows its attempt, and an attempt that uses none pays for none.
  get heartbeat(): (progress?: unknown) => void {
    return (progress) => {
      this.#progresses()
      this.#host.heartbeat(this.#run, this.#instance, this)
      if (progress !== undefined) this.emit(progress)
    }
  }

  get emit(): (data: unknown) => void {
    return (data) => {
      this.#progresses()
      this.#host.progress(this.#run, this.#instance, this, data)
    }
  }

  #progresses(): void {
    this.signed = this.#host.clock.now()
    if (this.progressed === 0) this.progressed = this.signed
  }

  get spawn(): AttemptContext['spawn'] {
    return ((task: AgentTask) => this.#spawnerOf().spawn(task)) as AttemptContext['spawn']
  }

  get step(): AttemptContext['step'] {
    return ((name: unknown, fn: unknown, options: unknown) => takeStep(this.#stepsOf(), name, fn, options)) as AttemptContext['step']
  }

  #stepsOf(): Steps {
    const isUnderWay = (): boolean => this.#host.isUnderWay(this.#run, this.#instance, this)
    return (this.#steps ??= new Steps(new AttemptSteps(this.#host, this.#run, this.#instance, this, isUnderWay)))
  }

  #spawnerOf(): Spawns {
    if (this.#lender === undefined) {
      this.#lender = new Lender(this.#agent)
      if (this.#ended) this.#lender.end(this.#reason)
    }
    return (this.#spawner ??= this.#host.spawner(this.#run, this.#instance, this, this.#lender))
  }

  /** It has answered, or is told to for this reason: whatever place it has lent is its own again, and it lends none any more. */
  end(reason?: OrchestratorError): void {
    this.#ended = true
    this.#lender?.end(reason)
  }

  /** What whoever acts for it after its end is told. */
  get whyOver(): OrchestratorError {
    const taskId = this.#run.path(this.#instance)
    const options = { executionId: this.#run.id, taskId }
    const over = `attempt ${this.attempt} of task \`${taskId}\` is over`
    const why = this.#reason ?? this.#run.lost
    if (why !== undefined) return errorOf(why.code, `${over}: ${why.message}`, { ...options, cause: why })
    const message = `${over}: it has answered, or was given up; an agent must begin everything before it returns`
    return new CancelledError('ERR_CANCELLED', message, options)
  }

  /** Why it is told to stop, if it is. */
  get reason(): OrchestratorError | undefined {
    return this.#reason
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      // An agent may hand it to as many calls of its own as it likes.
      setMaxListeners(0, this.#controller.signal)
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  get idempotencyKey(): string {
    const path = this.#run.path(this.#instance)
    return `${keyOwner(this.#run, path)}:${encodeURIComponent(path)}`
  }

  get outputSchema(): unknown {
    const task = this.#run.task(this.#instance)
    return task.outputSchema === undefined ? undefined : outputSchemaOf(task)
  }

  get traceparent(): string | undefined {
    return this.#host.tracing?.traceparent(this.#run, this.#run.path(this.#instance), this.attempt)
  }

  get models(): ModelCalls {
    return this.#host.models(this.#run, this.#instance, this)
  }

  /** Tells the agent to stop; a signal that is first asked for later is aborted from the start. */
  abort(reason: OrchestratorError): void {
    this.#reason ??= reason
    this.end(this.#reason)
    this.#controller?.abort(this.#reason)
  }
}
