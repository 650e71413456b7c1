// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Every tool of an orchestrator by its name, wherever it comes from.

import { ConflictError, ToolError } from '../api/errors.js'
import { failed } from './call.js'
import type { CallContext, Tool, ToolResult } from './tool.js'

export class ToolRegistry {
  readonly #tools = new Map<string, Tool>()

  /** @throws {ConflictError} `ERR_TOOL_EXISTS` */
  add(tool: Tool): void {
    if (this.#tools.has(tool.name))
      throw new ConflictError('ERR_TOOL_EXISTS', `tool \`${tool.name}\` is already registered; choose another name`)
    this.#tools.set(tool.name, tool)
  }

  delete(name: string): void {
    this.#tools.delete(name)
  }

  get(name: string): Tool | undefined {
    return this.#tools.get(name)
  }

  /** In the order in which they were registered. */
  list(): Tool[] {
    return [...this.#tools.values()]
  }

  /** As a model calls it: a name that is not known is an answer too, which lists those that are. */
  async call(name: string, args: unknown, ctx: CallContext): Promise<ToolResult> {
    return this.get(name)?.call(args, ctx) ?? failed(this.unknown(name))
  }

  /** What to say of a name that is not known. */
  unknown(name: string): ToolError {
    const known = [...this.#tools.keys()]
    const others =
      known.length > 0 ? `there are ${known.join(', ')}` : 'there are none: call agentPool.registerTool(…) or connectMcp(…) first'
    return new ToolError('ERR_TOOL_NOT_FOUND', `there is no tool \`${name}\`; ${others}`, { details: { tool: name, known } })
  }
}
