// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions that another process of the namespace drives, or none for now. An execution is here, elsewhere or over.
//
//   here       control.ts tells the engine
//   elsewhere  ─ send ─▶ a letter, kept until whoever drives the execution has carried it out: there control.ts does, and the reply is on record with what it led to
//              ─ ended, moved ─▶ followed on record, told when there is more
//   over       it is on record how
//
// A run that this process has lost is elsewhere from then on: what waits for it goes on waiting, for what is on record.

import { errorOf, StoreError, ValidationError, type ErrorCode, type OrchestratorError } from '../api/errors.js'
import type { ExecutionStatus, WorkflowExecution } from '../api/execution.js'
import type { Issue } from '../api/issue.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Json } from '../json/json.js'
import type { Run } from '../run/run.js'
import type { Past } from './ended-executions.js'
import { notFound } from './outcome.js'

/** What a letter wants done with an execution. */
export type Errand =
  | { readonly does: 'cancel'; readonly reason: string | undefined; readonly force: boolean }
  | { readonly does: 'pause' }
  | { readonly does: 'resume'; readonly step: boolean }
  | { readonly does: 'signal'; readonly name: string; readonly payload: Json; readonly path: string | null }
  | { readonly does: 'delete' }

/** A letter that is carried out here. */
export interface Letter {
  /** Whether it still is; another process may have it now. Asked last before the engine is told. */
  isOurs(): boolean
  /** Replies, with what the engine was told of the run just now. */
  reply(run: Run | undefined): void
}

/** Whether an execution with this status has ended. */
export function isOver(status: ExecutionStatus): boolean {
  return status !== 'pending' && status !== 'running' && status !== 'paused'
}

/** What reads executions on record, and what carries letters out. */
interface ElsewhereHost {
  readonly lookUp: { past(id: string): Promise<Past | undefined> }
  readonly control: { carryOut(id: string, errand: Exclude<Errand, { does: 'delete' }>, letter: Letter): Promise<void> }
  readonly deletions: { delete(id: string, letter: Letter): Promise<void> }
}

/** A reply as it crosses. */
type Reply = { readonly failure?: Failure }

interface Failure {
  readonly code: ErrorCode
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
  readonly retryable: boolean
  readonly taskId?: string
  readonly issues?: readonly Issue[]
}

interface Waiting {
  readonly id: string
  resolve(): void
  reject(error: OrchestratorError): void
}

/** How far one is who follows an execution. */
interface Following {
  /** Resolves when more is on record than at the call before, at the first at once; with `over` when it has ended. */
  moved(over?: boolean): Promise<void>
  end(): void
}

interface Followed {
  followers: number
  /** How often more was on record, and whether it is over. */
  count: number
  isOver: boolean
  waiting: (() => void)[]
}

export class Elsewhere {
  readonly #dispatcher: Dispatcher
  readonly #host: () => ElsewhereHost
  readonly #sent = new Map<number, Waiting>()
  readonly #followed = new Map<string, Followed>()
  #lost: OrchestratorError | undefined

  /** `host` is asked for once all parts are there. */
  constructor(dispatcher: Dispatcher, host: () => ElsewhereHost) {
    this.#dispatcher = dispatcher
    this.#host = host
  }

  /** Has the process that drives an execution do something with it. Resolves when that is on record. */
  async send(id: string, errand: Errand): Promise<void> {
    const dispatcher = this.#dispatcher
    if (this.#lost !== undefined) throw this.#lost
    const number = dispatcher.engine.post.send(id, JSON.stringify({ id, ...errand }))
    // The process lives until the reply is there.
    dispatcher.activate()
    await new Promise<void>((resolve, reject) => this.#sent.set(number, { id, resolve, reject })).finally(() => dispatcher.deactivate())
  }

  /** Something has come. */
  heard(): void {
    const { letters, replies, moved } = this.#dispatcher.engine.post.take()
    for (const { number, text } of letters) void this.#carryOut(number, text ?? '')
    for (const { number, text } of replies) this.#replied(number, text)
    for (const { id, isOver: over } of moved) this.#moved(id, over)
  }

  /** Begins a run where another process drives: here it is not on record, and never will be. */
  again(run: Run): boolean {
    const { engine } = this.#dispatcher
    try {
      const options = Object.keys(run.options).length === 0 ? null : JSON.stringify(run.options)
      const { slot } = engine.start(run.base.plan, JSON.stringify(run.context), options, run.id)
      this.#dispatcher.release(run)
      run.slot = run.seat = slot
      run.begunAgain = true
      this.#dispatcher.add(run)
      this.#dispatcher.schedule(run)
      return true
    } catch {
      // There is no room now, or no store: what was lost is said.
      return false
    }
  }

  /** How an execution ended, wherever it does: `run` if it was begun here. Rejects if that will never be known. */
  async ended(id: string, run?: Run): Promise<WorkflowExecution> {
    if (run !== undefined) {
      try {
        return await run.whenEnded()
      } catch (error) {
        if (!run.isElsewhere) throw error
      }
    }
    const following = this.follow(id)
    try {
      for (;;) {
        const past = await this.#host().lookUp.past(id)
        if (past === undefined) throw notFound(id)
        if (isOver(past.execution.status)) return past.execution
        await following.moved(true)
      }
    } finally {
      following.end()
    }
  }

  /** Begins to hear of an execution. */
  follow(id: string): Following {
    const dispatcher = this.#dispatcher
    let followed = this.#followed.get(id)
    if (followed === undefined) {
      followed = { followers: 0, count: 0, isOver: false, waiting: [] }
      this.#followed.set(id, followed)
      dispatcher.engine.post.follow(id, true)
      dispatcher.activate()
    }
    followed.followers += 1
    const known = followed
    let seen = -1
    return {
      moved: async (over = false) => {
        while (known.count === seen || (over && !known.isOver)) {
          if (this.#lost !== undefined) throw this.#lost
          await new Promise<void>((resolve) => known.waiting.push(resolve))
        }
        seen = known.count
      },
      end: () => {
        known.followers -= 1
        if (known.followers > 0) return
        this.#followed.delete(id)
        if (!dispatcher.isOver()) dispatcher.engine.post.follow(id, false)
        dispatcher.deactivate()
      },
    }
  }

  /** Nothing is heard any more. */
  lose(error: OrchestratorError): void {
    this.#lost = error
    for (const waiting of this.#sent.values()) waiting.reject(error)
    this.#sent.clear()
    for (const followed of this.#followed.values()) notify(followed)
  }

  async #carryOut(number: number, text: string): Promise<void> {
    const dispatcher = this.#dispatcher
    const { engine } = dispatcher
    const isOurs = (): boolean => !dispatcher.isOver() && engine.post.hasLetter(number)
    const reply = (run: Run | undefined, { failure }: Reply): void => {
      engine.post.reply(number, run?.slot ?? null, JSON.stringify({ failure }))
      dispatcher.schedule()
    }
    try {
      const { id, ...errand } = JSON.parse(text) as { id: string } & Errand
      const letter: Letter = { isOurs, reply: (run) => reply(run, {}) }
      const { control, deletions } = this.#host()
      await (errand.does === 'delete' ? deletions.delete(id, letter) : control.carryOut(id, errand, letter))
      if (isOurs()) reply(undefined, {})
    } catch (error) {
      if (isOurs()) reply(undefined, { failure: failureOf(error as OrchestratorError) })
    }
  }

  #replied(number: number, text: string | undefined): void {
    const waiting = this.#sent.get(number)
    if (waiting === undefined) return
    this.#sent.delete(number)
    if (text === undefined) return waiting.reject(unanswered(waiting.id))
    const { failure } = JSON.parse(text) as Reply
    if (failure === undefined) waiting.resolve()
    else waiting.reject(errorBy(waiting.id, failure))
  }

  #moved(id: string, over: boolean): void {
    const followed = this.#followed.get(id)
    if (followed === undefined) return
    followed.count += 1
    followed.isOver = over
    notify(followed)
  }
}

function notify(followed: Followed): void {
  for (const resolve of followed.waiting.splice(0)) resolve()
}

function failureOf(error: OrchestratorError): Failure {
  const { code, message, details, retryable, taskId } = error
  const issues = error instanceof ValidationError ? error.issues : undefined
  return { code, message, details, retryable, ...(taskId !== undefined && { taskId }), ...(issues && { issues }) }
}

function errorBy(executionId: string, { code, message, issues, ...options }: Failure): OrchestratorError {
  if (issues === undefined) return errorOf(code, message, { executionId, ...options })
  const error = new ValidationError(code, '', issues, { executionId, ...options })
  Object.defineProperty(error, 'message', { value: message })
  return error
}

function unanswered(executionId: string): StoreError {
  const message =
    `no process that drives execution \`${executionId}\` has answered within \`redis.patience\`; what was asked is kept and is done when one does: look at ` +
    'the execution before you ask again'
  return new StoreError('ERR_STORE_UNAVAILABLE', message, { executionId })
}

/** It is on its way from one process to another, which carries it out. */
export function between(executionId: string): StoreError {
  const message = `execution \`${executionId}\` is on its way to another process; call again`
  return new StoreError('ERR_STORE_UNAVAILABLE', message, { executionId, retryable: true })
}
