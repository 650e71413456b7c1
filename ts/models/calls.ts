// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The calls of models that are under way, and the providers that JavaScript speaks to.
//
//   begin ─▶ addon ─▶ socket            addon ─▶ pull ─▶ a piece, the answer, a failure ─▶ whoever asked
//                 └▶ ask ─▶ a provider of the user ─▶ answered, failed ─▶ addon

import { randomInt } from 'node:crypto'
import { onAbort } from '../base/abort.js'
import { TIMER_MS_MAX, type Alarm, type Clock } from '../base/clock.js'
import { failureText } from '../failure/failure.js'
import type { Issue } from '../api/issue.js'
import { plainJson, type Json } from '../json/json.js'
import type { Log } from '../log/log.js'
import { Bell } from '../boundary/bell.js'
import { Models } from '../boundary/models.js'
import type { NativeTime } from '../boundary/native.js'
import { Pieces } from './pieces.js'
import { AttemptWatch } from './attempt-watch.js'
import { OwnAttempt } from './own-attempt.js'
import type { CustomProvider, CustomReply, CustomRequest, FinishReason, ModelFailureClass, SkippedModel } from '../api/models.js'
import { real } from '../base/real-time.js'
import type { AttemptTimes } from '../config/times.js'
import { ModelCounts } from './counts.js'

/** Tokens as the addon counts them. */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  readonly cacheWriteHourTokens: number
  readonly reasoningTokens: number
}

/** An answer as the addon tells of it. */
export interface Reply {
  readonly text: string
  readonly reasoning?: string
  readonly toolCalls?: readonly { id: string; name: string; arguments: Json; invalidArguments?: string }[]
  readonly usage: Usage
  readonly finishReason: FinishReason
  readonly finishDetail?: string
  readonly model: string
  readonly requestId?: string
  readonly continuation?: Json
  /** What of the request was not sent to the model that answered. */
  readonly warnings?: readonly string[]
}

/** One request that was sent. */
export interface Sent {
  readonly provider: string
  readonly model: string
  readonly waited: number
  readonly duration: number
  readonly failure?: ModelFailureClass | 'aborted'
  readonly message?: string
  readonly retryAfter?: number
  readonly omitted?: readonly string[]
  readonly next: 'done' | 'retry' | 'fallback' | 'give-up'
}

export type Delta =
  | { readonly type: 'text' | 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call'; readonly call: { id: string; name: string; arguments: Json } }

/** The end of a call. */
export type Ended =
  | {
      readonly type: 'done'
      readonly provider: string
      readonly model: string
      readonly reply: Reply
      /** Nano-dollars. */
      readonly cost: { readonly nanos: number; readonly complete: boolean }
      readonly attempts: readonly Sent[]
    }
  | {
      readonly type: 'failed'
      readonly reason: 'failed' | 'obstacle' | 'budget' | 'deadline' | 'cancelled'
      readonly class: ModelFailureClass | null
      readonly message: string
      readonly exceeded: { scope: string; what: string; limit: number; spent: number; reserved: number; asked: number } | null
      readonly attempts: readonly Sent[]
      readonly partial: { text: string } | null
      /** What its attempts are known to have cost. */
      readonly usage: Usage
      readonly cost: { readonly nanos: number; readonly complete: boolean }
    }

type Message =
  | (Ended & { readonly call: number })
  | { readonly type: 'delta'; readonly call: number; readonly attempt: number; readonly delta: Delta }
  | { readonly type: 'stop'; readonly call: number; readonly attempt: number }
  | ({ readonly type: 'ask'; readonly call: number; readonly attempt: number } & Asked)

interface Asked {
  readonly provider: string
  readonly stream: boolean
  readonly timeouts: AttemptTimes
  readonly request: Omit<CustomRequest, 'signal' | 'tools' | 'schema'> &
    Partial<Pick<CustomRequest, 'tools'>> & { schema?: { schema: object } }
}

/** What calls take their time from, and whom they tell what people must know. */
export interface CallsHost {
  readonly clock: Clock
  readonly log: Log
  readonly native: NativeTime
}

/** What a call waits for, as `ModelDriver::wait_of` writes it. */
export interface CallWait {
  readonly provider: string
  readonly model: string
  readonly kind: 'answer' | 'retry' | 'limit'
  readonly what: string
  readonly since: number
  readonly until: number | null
}

interface Pending {
  /** On whose account it is. */
  readonly account: object | undefined
  readonly ended: (end: Ended) => void
  /** `attempt`: which of its requests brought it, from 1. */
  readonly delta: ((delta: Delta, attempt: number) => void) | undefined
}

/** As many seeds as there are. */
const SEEDS = 2 ** 32

export class ModelCallsUnderWay {
  readonly native: Models
  readonly counts: ModelCounts = new ModelCounts()
  readonly #calls = new Map<number, Pending>()
  readonly #providers: ReadonlyMap<string, CustomProvider>
  /** Attempts that providers of the user make. */
  readonly #asked = new Map<string, OwnAttempt>()
  /** Keeps the process alive while an answer is waited for. */
  readonly #alive = real.setInterval(() => {}, TIMER_MS_MAX).unref()
  readonly #clock: Clock
  /** On a stage nothing passes by itself: what calls wait for is an alarm of its clock. */
  readonly #alarm: Alarm | undefined
  readonly #bell: Bell = new Bell(() => this.#pull())
  readonly #log: Log
  #last = 0

  constructor(fallback: readonly string[], providers: ReadonlyMap<string, CustomProvider>, { clock, log, native }: CallsHost) {
    // Waits of a test are the same each time; those of processes must not be, or all come back at the same moment.
    const seed = native.stage === undefined ? randomInt(SEEDS) : 0
    this.native = new Models(fallback, seed, native.clock, this.#bell.ring)
    this.#providers = providers
    this.#clock = clock
    this.#log = log
    this.#alarm = native.stage && clock.alarm(() => this.#tick())
  }

  /** Accounts all of whose calls wait for time to pass, for a limit, a backoff or a breaker. */
  waiting(): number {
    const waiting = new Set(this.native.waiting())
    const accounts = new Map<object, boolean>()
    for (const [call, { account }] of this.#calls)
      if (account !== undefined) accounts.set(account, waiting.has(call) && accounts.get(account) !== false)
    return [...accounts.values()].filter(Boolean).length
  }

  /** What the calls on an account wait for. */
  waitsOf(account: object): CallWait[] {
    const own = [...this.#calls].filter(([, pending]) => pending.account === account)
    const told = own.map(([call]) => this.native.waitOf(call)).filter((text) => text !== null)
    return told.map((text) => JSON.parse(text) as CallWait)
  }

  /** A number for a call. */
  number(): number {
    this.#last += 1
    return this.#last
  }

  /**
   * Begins a call, given as JSON text, which is cancelled when one of the signals aborts. `ended` resolves with its end, which may be a failure; `skipped`
   * are the fallbacks that are not asked. Nothing here holds the text.
   */
  begin(
    call: number,
    request: string,
    { account, signals, delta }: Omit<Pending, 'ended'> & { readonly signals: readonly AbortSignal[] },
  ): { readonly ended: Promise<Ended>; readonly skipped: readonly SkippedModel[] } {
    const skipped = this.native.begin(call, request)
    let leave: readonly (() => void)[] = []
    const ended = new Promise<Ended>((resolve) => {
      const end = (told: Ended): void => {
        for (const one of leave) one()
        resolve(told)
      }
      this.#calls.set(call, { account, ended: end, delta })
    })
    if (this.#calls.size === 1) this.#alive.ref()
    this.#arm()
    // One may have been aborted while the choice was put on record.
    leave = signals.map((signal) => onAbort(signal, () => this.native.cancel(call)))
    return { ended, skipped: skipped === '' ? [] : (JSON.parse(skipped) as SkippedModel[]) }
  }

  /** Every call is cancelled. */
  close(): void {
    for (const call of this.#calls.keys()) this.native.cancel(call)
    this.#pull()
    this.#bell.mute()
    this.#alarm?.stop()
    real.clearInterval(this.#alive)
  }

  #forget(call: number): void {
    this.#calls.delete(call)
    if (this.#calls.size === 0) this.#alive.unref()
  }

  #arm(): void {
    this.#alarm?.set(this.native.nextDeadline())
  }

  #tick(): void {
    this.native.tick()
    this.#pull()
  }

  #pull(): void {
    const text = this.native.pull()
    this.#arm()
    if (text === '') return
    const messages = text.split('\n').map((line) => JSON.parse(line) as Message)
    const stopped = new Set(messages.filter(({ type }) => type === 'stop').map(keyOf))
    // Nobody is asked for what is not wanted any more.
    for (const message of messages) if (message.type !== 'ask' || !stopped.has(keyOf(message))) this.#hear(message)
  }

  #hear(message: Message): void {
    const { call } = message
    if (message.type === 'ask') return void this.#ask(call, message.attempt, message)
    if (message.type === 'stop') return this.#asked.get(keyOf(message))?.abort()
    const pending = this.#calls.get(call)
    if (message.type === 'delta') return pending?.delta?.(message.delta, message.attempt)
    this.#forget(call)
    if (message.type === 'done') for (const warning of message.reply.warnings ?? []) this.#log.warnOnce({ event: 'model:tool' }, warning)
    this.counts.ended(message)
    pending?.ended(message)
  }

  /** Has a provider of the user answer. */
  async #ask(call: number, number: number, asked: Asked): Promise<void> {
    const key = keyOf({ call, attempt: number })
    const attempt = new OwnAttempt()
    this.#asked.set(key, attempt)
    let timedOut = false
    const watch = new AttemptWatch(this.#clock, asked.timeouts, asked.stream, (error) => {
      timedOut = true
      attempt.abort(error)
    })
    try {
      const provider = this.#providers.get(asked.provider)
      if (provider === undefined) throw new Error('the provider is gone')
      const { schema, tools = [], ...rest } = asked.request
      const more = { tools, ...(schema !== undefined && { schema: schema.schema }) }
      const request: CustomRequest = {
        ...rest,
        ...more,
        get signal() {
          return attempt.signal
        },
      }
      const deliver = (text: string): void => this.#deliver(call, number, text, watch)
      const reply = await attempt.orAborted(this.#answer(provider, request, asked.stream, attempt, deliver))
      const text = JSON.stringify(replyOf(reply))
      readable(() => this.native.answered(call, number, text))
    } catch (error) {
      this.native.failed(call, number, JSON.stringify(failureOf(error, attempt.isAborted, timedOut)))
    } finally {
      watch.stop()
      this.#asked.delete(key)
      this.#arm()
    }
  }

  async #answer(
    provider: CustomProvider,
    request: CustomRequest,
    stream: boolean,
    attempt: OwnAttempt,
    deliver: (text: string) => void,
  ): Promise<CustomReply> {
    if (!stream || provider.stream === undefined) {
      const reply = await provider.generate(request)
      if (stream && reply?.text !== undefined) deliver(typeof reply.text === 'string' ? reply.text.toWellFormed() : reply.text)
      return reply
    }
    let whole: CustomReply = {}
    let text = ''
    const pieces = new Pieces()
    for await (const part of provider.stream(request)) {
      // Nobody wants the rest, and whatever gives it hears that too.
      if (attempt.isAborted) break
      if ('usage' in part || 'toolCalls' in part || 'finishReason' in part) whole = { ...whole, ...part }
      if (part.text === undefined || part.text === '' || ('usage' in part && part.text === text)) continue
      text += part.text
      deliver(typeof part.text === 'string' ? pieces.push(part.text) : part.text)
    }
    deliver(pieces.end())
    return { ...whole, text }
  }

  #deliver(call: number, attempt: number, text: string, watch: AttemptWatch): void {
    watch.heard()
    if (text === '') return
    readable(() => this.native.delivered(call, attempt, JSON.stringify({ type: 'text', text })))
  }
}

/** What an attempt of a provider of the user goes by. */
function keyOf({ call, attempt = 0 }: { readonly call: number; readonly attempt?: number }): string {
  return `${call}:${attempt}`
}

/** What a provider of the user gave, if it is a reply; whose it is, the error of its call says. */
function replyOf(reply: unknown): Json {
  const issues: Issue[] = []
  const plain = plainJson(reply, 'reply', issues)
  if (issues.length === 0 && typeof plain === 'object' && plain !== null && !Array.isArray(plain)) return plain
  const said = issues.map(({ path, message }) => `${path} ${message}`).join('; ') || 'it must be an object such as { text, usage }'
  throw Object.assign(new Error(`the provider gave no reply: ${said}`), { class: 'invalid' })
}

/** What the addon cannot read a provider would give again, so that it is not asked again. */
function readable(tell: () => void): void {
  try {
    tell()
  } catch (error) {
    throw Object.assign(error as Error, { class: 'invalid' })
  }
}

const CLASSES = ['rate', 'quota', 'auth', 'overload', 'context', 'content', 'network', 'invalid']

function failureOf(error: unknown, wasAborted: boolean, timedOut: boolean): Json {
  const { message } = JSON.parse(failureText(error)) as { message: string }
  const { class: given, retryAfterMs } = (typeof error === 'object' && error !== null ? error : {}) as {
    class?: unknown
    retryAfterMs?: unknown
  }
  const known = CLASSES.find((one) => one === given) ?? (wasAborted ? 'network' : 'overload')
  const wait = typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? Math.round(retryAfterMs) : null
  return { class: known, message, retryAfterMs: wait, timedOut }
}
