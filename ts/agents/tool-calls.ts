// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The tools that the model of one attempt may call, and its calls of them.

import { errorOf, type OrchestratorError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { Json } from '../json/json.js'
import type { Log } from '../log/log.js'
import type { ModelPart, ModelTool, ModelToolCall } from '../api/models.js'
import { allows, notAllowed } from '../definition/allow.js'
import { readSchema } from '../schema/schema.js'
import { allowanceOf } from './granted.js'
import { failed } from '../tools/call.js'
import type { ToolResult } from '../tools/tool.js'
import type { Take } from './progress.js'
import { ToolRegistry } from '../tools/registry.js'
import type { AttemptContext } from '../api/agent.js'
import { canonical, hashOf } from '../json/canonical.js'

/** Tools that one turn calls at the same moment; the others wait for them. */
const CALLS_AT_ONCE_MAX = 16

export class ToolCalls {
  readonly #offered = new ToolRegistry()
  readonly #context: AttemptContext
  readonly #log: Log
  readonly #take: Take
  readonly #announce: (data: object) => void
  readonly #repeats = new Map<string, number>()

  /**
   * `names`: those it may call; `undefined`: every one there is. What its execution is not allowed is not offered. `take` puts results on record; `announce` is told of
   * each call that is made.
   *
   * @throws {ToolError} `ERR_TOOL_NOT_FOUND`, which lists those there are.
   */
  constructor(
    tools: ToolRegistry,
    names: readonly string[] | undefined,
    context: AttemptContext,
    log: Log,
    take: Take,
    announce: (data: object) => void,
  ) {
    this.#context = context
    this.#log = log
    this.#take = take
    this.#announce = announce
    for (const name of new Set(names ?? tools.list().map((tool) => tool.name))) {
      const tool = tools.get(name)
      if (tool === undefined) throw tools.unknown(name)
      if (allows(allowanceOf(context), 'tools', name)) this.#offered.add(tool)
    }
  }

  /** As the model is told of them. One whose schema cannot be read harms no other: it is left out, and logged. */
  shown(): ModelTool[] {
    return this.#offered.list().flatMap(({ name, description, parameters: given }) => {
      const issues: Issue[] = []
      // Servers of tools name drafts that nobody knows, and nothing depends on it.
      const parameters: Record<string, unknown> = { ...given }
      delete parameters['$schema']
      if (readSchema(parameters, 'parameters', issues) !== undefined) return [{ name, description, parameters }]
      this.#log.warnOnce(
        { event: 'model:tool' },
        `tool \`${name}\` is not shown to models: ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`,
      )
      return []
    })
  }

  /** What the tools of one turn give, in the order of their calls. What goes wrong with one is for the model to read. */
  async callAll(calls: readonly ModelToolCall[], step: number): Promise<ModelPart[]> {
    const keys = calls.map((call) => this.#keyOf(call))
    const results: ModelPart[] = []
    let next = 0
    const work = async (): Promise<void> => {
      for (let place = next++; place < calls.length; place = next++) {
        this.#context.signal.throwIfAborted()
        const call = calls[place] as ModelToolCall
        const isOnce = this.#offered.get(call.name)?.repeatable === false
        const unknown = (): ModelPart => this.#told(call, step, failed(unknownOutcome(call)))
        const done = async (): Promise<ModelPart> => this.#call(call, step, keys[place] ?? '')
        results[place] = await this.#take(`result ${step}.${place + 1} of ${call.name}`, done, isOnce ? unknown : undefined)
      }
    }
    await Promise.all(Array.from({ length: Math.min(CALLS_AT_ONCE_MAX, calls.length) }, work))
    return results
  }

  async #call(call: ModelToolCall, step: number, idempotencyKey: string): Promise<ModelPart> {
    const { id, name, arguments: args } = call
    const { signal, traceparent } = this.#context
    this.#announce({ type: 'tool-call', step, id, name, arguments: args })
    const allow = allowanceOf(this.#context)
    const result = allows(allow, 'tools', name)
      ? await this.#offered.call(name, args, { signal, id, idempotencyKey, traceparent })
      : failed(notAllowed(allow, 'tools', name))
    return this.#told(call, step, result)
  }

  /** What the model reads of a call. */
  #told({ id, name }: ModelToolCall, step: number, { result, isError }: ToolResult): ModelPart {
    this.#announce({ type: 'tool-result', step, id, name, result, isError })
    return { type: 'tool-result', id, result, isError }
  }

  /** The same when another attempt makes the same call again, as models give their calls new ids; a call that is meant twice is two. */
  #keyOf({ name, arguments: args }: ModelToolCall): string {
    const call = hashOf([name, canonical((args ?? null) as Json)])
    const repeat = (this.#repeats.get(call) ?? 0) + 1
    this.#repeats.set(call, repeat)
    return `${this.#context.idempotencyKey}:${call}-${repeat}`
  }
}

/** A tool that must not be called twice had been called by an attempt that ended before it answered. */
function unknownOutcome({ name }: ModelToolCall): OrchestratorError {
  const message = `this call of tool \`${name}\` had begun when an attempt before this one ended, and it may not be repeated: whether it was done is unknown; find out with another tool, or say so in the answer`
  return errorOf('ERR_OUTCOME_UNKNOWN', message, { details: { tool: name } })
}
