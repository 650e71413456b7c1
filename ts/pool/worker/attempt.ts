// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an isolated agent may use during one attempt: the same as an inline one, each call a message to the main thread.

import { readData } from '../../json/entry.js'
import { CancelledError, ModelError } from '../../api/errors.js'
import type { ModelCalls } from '../../api/models.js'
import type { AttemptContext } from '../../api/agent.js'
import { readSpawned } from '../../definition/spawned-task.js'
import { packFailure, unpackFailure, type Answered, type Outcome, type Told } from './messages.js'
import { Steps, takeStep } from '../../steps/steps.js'
import type { AgentTask } from '../../api/task.js'

type Execute = Extract<Told, { kind: 'execute' }>

/** Where its calls go, and who waits for the tasks that were spawned, by number. */
export interface AttemptHost {
  say(answered: Answered): void
  readonly waiting: Map<number, RemoteTask>
  /** Who waits for a step to be on record, by number. */
  readonly recording: Map<number, (outcome: Outcome) => void>
}

/** Numbers of spawned tasks and steps are the worker's own: somebody may wait for one longer than its attempt lasts. */
let numbers = 0

export class WorkerAttempt implements AttemptContext {
  readonly attempt: number
  readonly idempotencyKey: string
  readonly traceparent: string | undefined
  readonly outputSchema: unknown
  // Functions of their own, so that `{ spawn }` taken out of the context still knows its attempt.
  readonly heartbeat: (progress?: unknown) => void
  readonly emit: (data: unknown) => void
  readonly spawn: AttemptContext['spawn']
  readonly step: AttemptContext['step']
  readonly #controller = new AbortController()
  readonly #taskId: string
  #ended = false

  constructor(
    { call, attempt, idempotencyKey, traceparent, outputSchema, steps: before, maxValueBytes }: Execute,
    taskId: string,
    host: AttemptHost,
  ) {
    this.#taskId = taskId
    this.attempt = attempt
    this.idempotencyKey = idempotencyKey
    this.traceparent = traceparent
    this.outputSchema = outputSchema === null ? undefined : (JSON.parse(outputSchema) as unknown)
    this.heartbeat = (progress) => {
      if (!this.#ended) host.say({ kind: 'heartbeat', call })
      if (progress !== undefined) this.emit(progress)
    }
    this.emit = (data) => {
      if (!this.#ended) host.say({ kind: 'progress', call, data: JSON.stringify(readData(data, 'data', 'what the attempt announces')) })
    }
    const spawn = (task: AgentTask): PromiseLike<unknown> => {
      const refuse = (spawned: RemoteTask): void => spawned.settle({ failure: packFailure(this.#over()) })
      if (this.#ended) return new RemoteTask(refuse)
      const text = JSON.stringify(readSpawned(task, Infinity))
      const number = (numbers += 1)
      host.say({ kind: 'spawn', call, spawn: number, task: text })
      return new RemoteTask((spawned) => {
        // The main thread has forgotten the attempt by then, and would never answer.
        if (this.#ended) return refuse(spawned)
        host.waiting.set(number, spawned)
        host.say({ kind: 'awaited', call, spawn: number })
      })
    }
    this.spawn = spawn as AttemptContext['spawn']
    const steps = new Steps({
      taskId,
      maxValueBytes,
      before: before ?? undefined,
      assertMayBegin: () => {
        if (this.#ended) throw this.#over()
        this.signal.throwIfAborted()
      },
      record: async (name, print, value) => {
        if (this.#ended) throw this.#over()
        const number = (numbers += 1)
        host.say({ kind: 'step', call, step: number, name, print, value })
        const outcome = await new Promise<Outcome>((resolve) => host.recording.set(number, resolve))
        if ('failure' in outcome) throw unpackFailure(outcome.failure)
      },
      goesOn: () => host.say({ kind: 'goesOn', call }),
    })
    this.step = ((name: unknown, fn: unknown, options: unknown) => takeStep(steps, name, fn, options)) as AttemptContext['step']
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get models(): ModelCalls {
    const wayOut = "spawn a task of an agent of type 'llm' with context.spawn(…), or make this agent without isolation: 'worker'"
    throw new ModelError('ERR_MODEL', `models cannot be asked from a worker thread; ${wayOut}`)
  }

  abort(reason: Error): void {
    this.#controller.abort(reason)
  }

  /** Its agent has returned: nothing more is said of it. */
  end(): void {
    this.#ended = true
  }

  #over(): CancelledError {
    const message = `attempt ${this.attempt} of task \`${this.#taskId}\` is over: it has answered; what an agent begins it must begin before it returns`
    return new CancelledError('ERR_CANCELLED', message, { taskId: this.#taskId })
  }
}

/** The output of a spawned task, to come. It tells when somebody first waits for it: a failure nobody waits for is the attempt's own. */
export class RemoteTask implements PromiseLike<unknown> {
  readonly #promise: Promise<unknown>
  #await: ((task: RemoteTask) => void) | undefined
  #settle: { resolve: (value: unknown) => void; reject: (error: unknown) => void } | undefined

  constructor(awaited: (task: RemoteTask) => void) {
    this.#await = awaited
    this.#promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
  }

  settle(outcome: Outcome): void {
    if ('value' in outcome) this.#settle?.resolve(JSON.parse(outcome.value))
    else this.#settle?.reject(unpackFailure(outcome.failure))
  }

  // oxlint-disable-next-line unicorn/no-thenable -- being one is its purpose: it must know whether it is awaited
  then<A = unknown, B = never>(
    onfulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#await?.(this)
    this.#await = undefined
    return this.#promise.then(onfulfilled, onrejected)
  }
}
