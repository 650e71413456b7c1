// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agent that calls one tool, without a model.

import { ValidationError } from '../api/errors.js'
import { allows, notAllowed } from '../definition/allow.js'
import type { Json } from '../json/json.js'
import { allowanceOf } from './granted.js'
import type { ToolRegistry } from '../tools/registry.js'
import type { Agent, AttemptContext, TaskInput } from '../api/agent.js'
import type { ResolvedTool } from './configuration.js'

export class ToolAgent implements Agent {
  readonly #configuration: ResolvedTool
  readonly #tools: ToolRegistry

  constructor(configuration: ResolvedTool, tools: ToolRegistry) {
    this.#configuration = configuration
    this.#tools = tools
  }

  /** What the tool answers. */
  async execute(task: TaskInput, context: AttemptContext): Promise<Json> {
    const { signal, idempotencyKey, traceparent } = context
    const { tool: name } = this.#configuration
    const allow = allowanceOf(context)
    if (!allows(allow, 'tools', name)) throw notAllowed(allow, 'tools', name)
    const tool = this.#tools.get(name)
    if (tool === undefined) throw this.#tools.unknown(name)
    const answer = await tool.call(this.#arguments(task), { signal, idempotencyKey, traceparent })
    if (answer.isError) throw answer.error
    return answer.result
  }

  #arguments({ id, input: { data } }: TaskInput): object {
    const { arguments: always } = this.#configuration
    if (data === undefined) return { ...always }
    if (typeof data === 'object' && data !== null && !Array.isArray(data)) return { ...always, ...(data as object) }
    const issue = { path: 'input.data', message: 'must be an object, with an argument in each field' }
    throw new ValidationError('ERR_INVALID_ARGUMENT', `the data of task \`${id}\` cannot be the arguments of a tool`, [issue])
  }
}
