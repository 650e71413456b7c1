// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An agent in a worker thread, as the main thread sees it.
//
//   Made ──▶ calls come and go ──▶ disposed in order
//     │              └──▶ Lost: an exception nobody caught, process.exit, out of memory, or killed
//     └──▶ not made: the worker is gone, and whoever asked for it is told why
//
// An abort goes to the agent, which has time to answer. One that does not is killed, since that harms nobody else: at once if its event loop is
// blocked, so that it cannot even hear, and shortly before the engine would give the attempt up if it hears and goes on.

import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads'
import { onAbort } from '../base/abort.js'
import { noData, readData } from '../json/entry.js'
import { stepsOf } from '../agents/granted.js'
import { AgentError } from '../api/errors.js'
import { messageOf } from '../failure/failure.js'
import type { Issue } from '../api/issue.js'
import { configurationText, limitsOf, moduleUrl } from './worker-type.js'
import { packFailure, unpackFailure, type Answered, type Make, type Outcome, type Told } from './worker/messages.js'
import type { AttemptContext, TaskInput, WorkerAgentType } from '../api/agent.js'
import { real } from '../base/real-time.js'
import type { AgentTask } from '../api/task.js'
import { isOutputSchema } from '../schema/output-schema.js'

/** How long an agent whose event loop is blocked may be, from an abort. */
const DEAF_GRACE_MS = 500
/** How long one that has heard may go on: a little less than the 5 s the engine waits, so that a retry meets another worker. */
const GRACE_MS = 4_500
/** How long `dispose` of an agent may take. */
const DISPOSE_GRACE_MS = 5_000

/** An instance of an agent, wherever it runs. */
export interface PooledAgent {
  /** The thread that it has, if it is isolated. */
  readonly worker?: number
  execute(task: TaskInput, context: AttemptContext): unknown
  healthCheck?(): Promise<boolean> | boolean
  dispose?(): unknown
  /** Ends it, whatever it is doing. */
  kill?(): void
}

/** What an agent in a worker is made of. */
export interface WorkerAgentOptions {
  readonly id: string
  readonly type: WorkerAgentType
  readonly configuration: object
  /** Told once if the worker ends after it was made and without `dispose`; each of its attempts has been answered then. */
  onLost(error: AgentError): void
  /** Nobody wants it any more if it is not made yet. */
  readonly signal: AbortSignal
}

/**
 * Starts a worker and makes the agent in it.
 *
 * @throws {AgentError} `ERR_AGENT_CREATE`, `ERR_AGENT_INVALID`.
 * @throws {ValidationError} `ERR_NOT_JSON` if the configuration cannot cross.
 */
export function makeWorkerAgent(options: WorkerAgentOptions): Promise<PooledAgent> {
  return new Promise((resolve, reject) => {
    const agent: WorkerAgent = new WorkerAgent(options, () => resolve(agent), reject)
  })
}

/** What the worker was asked and has not answered. */
interface Call {
  resolve(value: unknown): void
  reject(error: unknown): void
  /** Of an attempt. */
  readonly attempt?: Attempt
}

interface Attempt {
  readonly taskId: string
  readonly context: AttemptContext
  /** Tasks it spawned that it does not wait for yet, and those that could not be spawned. */
  readonly spawned: Map<number, PromiseLike<unknown> | { refused: unknown }>
  /** From its abort on. */
  stopping?: Stopping
}

interface Stopping {
  readonly reason: unknown
  readonly timers: NodeJS.Timeout[]
  /** It knows. */
  heard: boolean
  /** It has had the time to hear, or to answer. */
  late: boolean
  overdue: boolean
}

class WorkerAgent implements PooledAgent {
  healthCheck?: () => Promise<boolean>
  readonly #options: WorkerAgentOptions
  readonly worker: number
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #calls = new Map<number, Call>()
  #lastCall = 0
  readonly #made: () => void
  readonly #unmade: (error: unknown) => void
  /** Why it ends, as soon as that is known. */
  #end: { readonly reason: string; readonly cause?: unknown } | undefined
  #lost: AgentError | undefined
  #state: 'making' | 'made' | 'disposing' = 'making'
  #disposed: Promise<void> | undefined
  /** Lets go of the signal that says whether it is still wanted while it is made. */
  readonly #wanted: () => void

  constructor(options: WorkerAgentOptions, made: () => void, unmade: (error: unknown) => void) {
    const { id, type, configuration, signal } = options
    signal.throwIfAborted()
    const text = configurationText(id, configuration)
    const { port1, port2 } = new MessageChannel()
    this.#options = options
    this.#made = made
    this.#unmade = unmade
    this.#port = port1
    this.#worker = new Worker(new URL('./worker.mjs', import.meta.url), {
      name: id,
      resourceLimits: limitsOf(type.memoryLimit),
      ...nodeOptions(),
    })
    const first: Make = { port: port2, module: moduleUrl(type.module) as string, configuration: text }
    this.worker = this.#worker.threadId
    this.#worker.postMessage(first, [port2])
    this.#worker.on('error', (error) => (this.#end ??= { reason: reasonOf(error, type.memoryLimit), cause: error }))
    this.#worker.once('exit', (code) => this.#ended(code))
    port1.on('message', (answered: Answered) => this.#hear(answered))
    // Only a call under way keeps the process alive, and that through the worker alone.
    port1.unref()
    this.#worker.unref()
    this.#wanted = onAbort(signal, () => this.#kill('is not needed any more'))
  }

  execute(task: TaskInput, context: AttemptContext): Promise<unknown> {
    const { signal, attempt: number, idempotencyKey, traceparent, outputSchema: schema } = context
    signal.throwIfAborted()
    const text = JSON.stringify(task)
    const attempt: Attempt = { taskId: task.id, context, spawned: new Map() }
    const call = this.#lastCall + 1
    const outputSchema = isOutputSchema(schema) ? JSON.stringify(schema['~standard'].jsonSchema.input()) : null
    const { before = null, maxValueBytes = Infinity } = stepsOf(context)?.host ?? {}
    const asked = this.#ask(
      { kind: 'execute', call, task: text, attempt: number, idempotencyKey, traceparent, outputSchema, steps: before, maxValueBytes },
      attempt,
    )
    return asked.finally(onAbort(signal, () => this.#abort(call, attempt, signal.reason)))
  }

  /** Resolves when the worker has ended. An agent that does not end is killed. */
  dispose(): Promise<void> {
    return (this.#disposed ??= this.#dispose())
  }

  kill(): void {
    this.#kill('was killed')
  }

  async #dispose(): Promise<void> {
    this.#state = 'disposing'
    // It is being killed already, and cannot answer any more.
    if (this.#end !== undefined) return void (await this.#worker.terminate())
    const timer = real.setTimeout(() => this.#kill(`did not end within ${DISPOSE_GRACE_MS} ms`), DISPOSE_GRACE_MS).unref()
    try {
      await this.#ask({ kind: 'dispose', call: this.#lastCall + 1 })
    } finally {
      real.clearTimeout(timer)
      this.#kill('was disposed')
      await this.#worker.terminate()
    }
  }

  #ask(told: Told, attempt?: Attempt): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    this.#lastCall = told.call
    return new Promise((resolve, reject) => {
      this.#calls.set(told.call, { resolve, reject, ...(attempt !== undefined && { attempt }) })
      // An idle agent is no reason to stay; nor is the question whether it is well.
      if (told.kind !== 'check') this.#worker.ref()
      this.#port.postMessage(told)
    })
  }

  #tell(told: Told): void {
    this.#port.postMessage(told)
  }

  #hear(answered: Answered): void {
    try {
      this.#understand(answered)
    } catch (cause) {
      // The agent has changed what its worker is made of, such as JSON.stringify.
      this.#kill(`said what is not understood: ${messageOf(cause)}`, cause)
    }
  }

  #understand(answered: Answered): void {
    if (answered.kind === 'made') return this.#begin(answered.checked)
    if (answered.kind === 'unmade') return this.#fail(answered)
    const call = this.#calls.get(answered.call)
    const attempt = call?.attempt
    // It has been answered already: what its agent still does is nobody's any more.
    if (call === undefined) return
    if (answered.kind === 'answered') return this.#settle(answered.call, answered)
    if (answered.kind === 'refused') {
      const what = attempt === undefined ? 'the answer of the agent' : `the result of task \`${attempt.taskId}\``
      const error = noData(what, JSON.parse(answered.issues) as Issue[])
      return this.#settle(answered.call, { error })
    }
    if (attempt === undefined) return
    if (answered.kind === 'heard' && attempt.stopping !== undefined) attempt.stopping.heard = true
    if (answered.kind === 'heartbeat') attempt.context.heartbeat()
    if (answered.kind === 'progress') attempt.context.emit(JSON.parse(answered.data))
    if (answered.kind === 'spawn') this.#spawn(attempt, answered.spawn, JSON.parse(answered.task) as AgentTask)
    if (answered.kind === 'step') this.#record(attempt, answered)
    if (answered.kind === 'goesOn') stepsOf(attempt.context)?.host.goesOn()
    if (answered.kind === 'awaited') this.#await(attempt, answered.spawn)
  }

  #begin(checked: boolean): void {
    if (checked) this.healthCheck = () => this.#ask({ kind: 'check', call: this.#lastCall + 1 }) as Promise<boolean>
    this.#state = 'made'
    this.#wanted()
    this.#made()
  }

  /** The agent could not be made. */
  #fail({ at, failure }: Extract<Answered, { kind: 'unmade' }>): void {
    const { id, type } = this.#options
    const cause = unpackFailure(failure)
    const { message } = cause
    const path = String(type.module)
    const errors = {
      module: () => createError(id, `its module \`${path}\` cannot be loaded: ${message}`, cause, false),
      export: () => invalidError(`the module \`${path}\` of agent \`${id}\` exports ${message}; export a function create(config) from it`),
      create: () => createError(id, message, cause, true),
      agent: () => invalidError(`create of agent \`${id}\` returned ${message}; return { execute: async (task, context) => … }`),
    }
    this.#unmade(errors[at]())
    this.#kill('is not needed')
  }

  #spawn(attempt: Attempt, spawn: number, task: AgentTask): void {
    try {
      attempt.spawned.set(spawn, attempt.context.spawn(task))
    } catch (refused) {
      attempt.spawned.set(spawn, { refused })
    }
  }

  /** A worker may say anything: what its step gave is judged as what an agent gives here. */
  #record({ context, taskId }: Attempt, { step, name, print, value }: Extract<Answered, { kind: 'step' }>): void {
    const { host } = stepsOf(context) ?? {}
    const told = async (): Promise<void> => {
      if (value !== undefined)
        readData(JSON.parse(value), 'value', `the value of step \`${name}\` of task \`${taskId}\``, host?.maxValueBytes)
      await host?.record(name, print, value)
    }
    told().then(
      () => this.#tell({ kind: 'recorded', call: step, value: 'null' }),
      (error: unknown) => this.#tell({ kind: 'recorded', call: step, failure: packFailure(error) }),
    )
  }

  /** Asking how a spawned task ends takes the responsibility for it, so it is asked only when the agent does. */
  #await(attempt: Attempt, spawn: number): void {
    const spawned = attempt.spawned.get(spawn)
    attempt.spawned.delete(spawn)
    if (spawned === undefined) return
    const refuse = (error: unknown): void => this.#tell({ kind: 'spawned', call: spawn, failure: packFailure(error) })
    if ('refused' in spawned) refuse(spawned.refused)
    else spawned.then((value) => this.#tell({ kind: 'spawned', call: spawn, value: JSON.stringify(value) }), refuse)
  }

  #settle(number: number, outcome: Outcome | { error: unknown }): void {
    const call = this.#calls.get(number)
    if (call === undefined) return
    const { spawned, stopping } = call.attempt ?? {}
    const refused = [...(spawned?.values() ?? [])].find((one) => 'refused' in one)
    if ('error' in outcome) call.reject(outcome.error)
    else if ('failure' in outcome) call.reject(unpackFailure(outcome.failure))
    else if (refused !== undefined) call.reject(refused.refused)
    else call.resolve(JSON.parse(outcome.value))
    for (const timer of stopping?.timers ?? []) real.clearTimeout(timer)
    this.#calls.delete(number)
    if (this.#calls.size === 0) this.#worker.unref()
    else this.#killIfHopeless()
  }

  #abort(number: number, attempt: Attempt, reason: unknown): void {
    if (this.#calls.get(number)?.attempt !== attempt) return
    const after = (ms: number, then: () => void): NodeJS.Timeout =>
      // One turn later, so that what has come meanwhile is read before it is judged: this event loop may have been the blocked one.
      real.setTimeout(() => real.setImmediate(then), ms).unref()
    const stopping: Stopping = { reason, heard: false, late: false, overdue: false, timers: [] }
    attempt.stopping = stopping
    stopping.timers.push(
      after(DEAF_GRACE_MS, () => {
        stopping.late = true
        this.#killIfHopeless()
      }),
      after(GRACE_MS, () => {
        stopping.overdue = true
        this.#killIfHopeless()
      }),
    )
    this.#tell({ kind: 'abort', call: number, reason: packFailure(reason) })
  }

  /** Attempts that could still end well are a reason to wait, unless the event loop is blocked so long that theirs is gone too. */
  #killIfHopeless(): void {
    const attempts = [...this.#calls.values()].flatMap(({ attempt }) => attempt ?? [])
    const stopping = attempts.flatMap((attempt) => attempt.stopping ?? [])
    const onlyThose = stopping.length > 0 && stopping.length === attempts.length
    const blocked = stopping.some(({ heard, late, overdue }) => !heard && (overdue || (late && onlyThose)))
    if (blocked || (onlyThose && stopping.every(({ overdue }) => overdue)))
      this.#kill('was killed, since an attempt did not stop when told to')
  }

  #kill(reason: string, cause?: unknown): void {
    this.#end ??= { reason, cause }
    void this.#worker.terminate()
  }

  #ended(exitCode: number): void {
    // What it said before its end counts.
    for (let last = receiveMessageOnPort(this.#port); last !== undefined; last = receiveMessageOnPort(this.#port))
      this.#hear((last as { message: Answered }).message)
    const { id, signal } = this.#options
    const { reason, cause } = this.#end ?? { reason: `ended with exit code ${exitCode}; an agent must not call process.exit` }
    const lost = new AgentError('ERR_AGENT_LOST', `agent \`${id}\` is lost: its worker ${reason}`, {
      retryable: true,
      details: { exitCode },
      cause,
    })
    this.#lost = lost
    this.#port.close()
    for (const call of this.#calls.values()) {
      const { timers = [], reason: aborted = lost } = call.attempt?.stopping ?? {}
      for (const timer of timers) real.clearTimeout(timer)
      call.reject(aborted)
    }
    this.#calls.clear()
    this.#wanted()
    if (this.#state === 'making') this.#unmade(signal.aborted ? signal.reason : createError(id, `its worker ${reason}`, cause, true))
    if (this.#state === 'made') this.#options.onLost(lost)
  }
}

function reasonOf(error: unknown, memoryLimit: number | undefined): string {
  if ((error as { code?: unknown } | null | undefined)?.code !== 'ERR_WORKER_OUT_OF_MEMORY')
    return `threw an uncaught exception: ${messageOf(error)}`
  const limit = memoryLimit === undefined ? "Node's own limit" : `its \`memoryLimit\` of ${memoryLimit} bytes`
  return `has used up ${limit}; raise \`memoryLimit\`, or let the agent hold less at once`
}

/** A worker has the options its process was started with. One of them is about a program given as text and refuses files, so it has none then. */
function nodeOptions(): { execArgv?: string[] } {
  return process.execArgv.some((option) => option.startsWith('--input-type')) ? { execArgv: [] } : {}
}

function createError(id: string, why: string, cause: unknown, retryable: boolean): AgentError {
  return new AgentError('ERR_AGENT_CREATE', `agent \`${id}\` could not be made: ${why}`, { cause, retryable })
}

const invalidError = (message: string): AgentError => new AgentError('ERR_AGENT_INVALID', message)
