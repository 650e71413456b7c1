// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the agents that ask models have in common: the requests of an attempt, announced as they are answered, and answers that are no whole ones.

import { OrchestratorError } from '../api/errors.js'
import { lacking, lackOf } from '../models/ending.js'
import { whole, type Whole } from '../models/whole.js'
import { acceptOf } from './granted.js'
import type { AcceptedEnding, GenerateRequest, GenerateResult, ModelMessage, StreamPart } from '../api/models.js'
import type { AttemptContext } from '../api/agent.js'
import type { RequestPart, ResolvedLlm } from './configuration.js'

/** The fields of a configuration that are part of every request. */
export function requestPart({ stream: _stream, include: _include, accept: _accept, ...rest }: ResolvedLlm): RequestPart {
  return rest
}

/** The requests of one attempt. */
export class Asking {
  readonly #context: AttemptContext
  readonly #accept: readonly AcceptedEnding[]
  readonly #streamed: boolean
  /** Requests that were sent by calls that have ended. */
  #sent = 0
  /** Whether what was announced before is void: by an earlier attempt. */
  #void: boolean

  /** `accept`: which answers are taken as they are, where the task does not say. `streamed`: text is announced as it comes. */
  constructor(context: AttemptContext, accept: readonly AcceptedEnding[], streamed: boolean) {
    this.#context = context
    this.#accept = acceptOf(context) ?? accept
    this.#streamed = streamed
    this.#void = context.attempt > 1
  }

  /** The number of the last request. */
  get sent(): number {
    return this.#sent
  }

  /** What led up to request `sent` is on record, and not asked for again. */
  goOnFrom(sent: number): void {
    this.#sent = Math.max(this.#sent, sent)
  }

  /** Announces something that is part of what the request of that number led to. Each piece is a sign of life. */
  announce(data: object, request: number, restart = false): void {
    const isAnew = restart || this.#void
    this.#void = false
    this.#context.heartbeat({ ...data, attempt: this.#context.attempt, request, ...(isAnew && { restart: true }) })
  }

  /** One answer, however often its provider pauses. */
  async ask({ prompt, messages = [], ...request }: GenerateRequest): Promise<Whole> {
    const said: readonly ModelMessage[] = prompt === undefined ? messages : [...messages, { role: 'user', content: prompt }]
    return await whole(async (turns) =>
      turns.length === 0 && prompt !== undefined && messages.length === 0
        ? this.#once({ ...request, prompt })
        : this.#once({ ...request, messages: [...said, ...turns] }),
    )
  }

  /** What the schema of a request makes of an answer. Half an object is of no use to anybody, and one that does not fit is asked for again: nothing is announced. */
  async output(request: GenerateRequest & { readonly schema: unknown }): Promise<unknown> {
    const answer = await this.#whole(request)
    // A value that fits is whole, wherever the words around it were cut.
    if (lackOf(answer, false) === 'content') this.#refuse(answer, 'content', request)
    return answer.output
  }

  /**
   * That the answer to `request` is all of one, or is taken as it is. `mayCall`: whether calls of tools are heard, so that one says something.
   *
   * @throws {ModelError} `ERR_MODEL_CUT`, `ERR_MODEL_EMPTY`, or `ERR_MODEL` of class `content` for what was withheld.
   */
  assertWhole(answer: GenerateResult, request: GenerateRequest, mayCall: boolean): void {
    const lack = lackOf(answer, mayCall)
    if (lack !== undefined) this.#refuse(answer, lack, request)
  }

  #refuse(answer: GenerateResult, lack: AcceptedEnding, { maxTokens }: GenerateRequest): void {
    if (!this.#accept.includes(lack)) throw lacking(answer, lack, maxTokens)
  }

  async #once(request: GenerateRequest): Promise<GenerateResult> {
    return this.#streamed ? this.#stream(request) : this.#whole(request)
  }

  async #whole(request: GenerateRequest): Promise<GenerateResult> {
    const { models, signal } = this.#context
    try {
      return this.#ended(await models.generate({ ...request, signal }))
    } catch (error) {
      this.#failed(error)
      throw error
    }
  }

  async #stream(request: GenerateRequest): Promise<GenerateResult> {
    const { models, signal } = this.#context
    // What listeners hear is progress, and no delivery: it can be taken back.
    const stream = models.stream({ ...request, signal, restart: true })
    for await (const part of stream) this.#hear(part)
    return this.#ended(await stream.result())
  }

  #hear(part: StreamPart): void {
    if (part.type !== 'text' && part.type !== 'reasoning') return
    const { type, text, request, restart } = part
    this.announce({ type, text }, this.#sent + request, restart === true)
  }

  #ended(answer: GenerateResult): GenerateResult {
    this.#sent += Math.max(1, answer.attempts.length)
    this.#tellEnding(answer.finishReason)
    return answer
  }

  /** An answer that no schema could use has ended all the same. */
  #failed(error: unknown): void {
    if (!OrchestratorError.isInstance(error)) return
    const { attempts, finishReason } = error.details as { attempts?: readonly unknown[]; finishReason?: unknown }
    this.#sent += attempts?.length ?? 0
    if (typeof finishReason === 'string') this.#tellEnding(finishReason as GenerateResult['finishReason'])
  }

  /** That an answer has ended otherwise than it should. */
  #tellEnding(finishReason: GenerateResult['finishReason']): void {
    if (finishReason !== 'stop' && finishReason !== 'tool-calls') this.announce({ type: 'finish', finishReason }, this.#sent)
  }
}
