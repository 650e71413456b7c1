// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agent that calls one tool, without a model.

import { ToolError, ValidationError } from '../errors.js'
import type { Json } from '../json.js'
import type { Agent, AttemptContext, TaskInput } from '../workflow.js'
import type { ResolvedTool } from './configuration.js'
import { toolNamed, type ToolSource } from './tools.js'

export class ToolAgent implements Agent {
  readonly #configuration: ResolvedTool
  readonly #tools: ToolSource

  constructor(configuration: ResolvedTool, tools: ToolSource) {
    this.#configuration = configuration
    this.#tools = tools
  }

  /** What the tool answers. */
  async execute(task: TaskInput, { signal }: AttemptContext): Promise<Json> {
    const { tool: name } = this.#configuration
    const tool = toolNamed(this.#tools, name)
    const { result, isError } = await tool.call(this.#arguments(task), { signal })
    if (!isError) return result
    signal.throwIfAborted()
    const said = typeof result === 'string' ? result : JSON.stringify(result)
    throw new ToolError('ERR_TOOL_FAILED', `tool \`${name}\` failed: ${said}`, { details: { tool: name, result }, retryable: true })
  }

  #arguments({ id, input: { data } }: TaskInput): object {
    const { arguments: always } = this.#configuration
    if (data === undefined) return { ...always }
    if (typeof data === 'object' && data !== null && !Array.isArray(data)) return { ...always, ...(data as object) }
    const issue = { path: 'input.data', message: 'must be an object, with an argument in each field' }
    throw new ValidationError('ERR_INVALID_ARGUMENT', `the data of task \`${id}\` cannot be the arguments of a tool`, [issue])
  }
}
