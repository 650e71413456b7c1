// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tools, as the built-in agents use them.

import { ToolError } from '../errors.js'
import type { Json } from '../json.js'

/** Something that can be called by its name. */
export interface CallableTool {
  readonly name: string
  readonly description: string
  /** A JSON Schema of the object that it takes. */
  readonly parameters: object
  /** `isError`: it has failed, and `result` says how. `id`: of the call, if a model made it. */
  call(args: unknown, context: { readonly signal: AbortSignal; readonly id?: string }): Promise<{ result: Json; isError: boolean }>
}

/** The tools there are. */
export interface ToolSource {
  get(name: string): CallableTool | undefined
  list(): readonly CallableTool[]
}

/**
 * The tool of a name.
 *
 * @throws {ToolError} `ERR_TOOL_NOT_FOUND`, which lists those there are.
 */
export function toolNamed(tools: ToolSource, name: string): CallableTool {
  const tool = tools.get(name)
  if (tool !== undefined) return tool
  throw new ToolError('ERR_TOOL_NOT_FOUND', noTool(tools.list(), name), { details: { tool: name } })
}

/** Says that there is no such tool, and which there are. */
export function noTool(tools: readonly CallableTool[], name: string): string {
  const names = tools.map((tool) => `\`${tool.name}\``)
  return `tool \`${name}\` is not registered; ${names.length === 0 ? 'none is' : `there are ${listed(names)}`}`
}

const LISTED_MAX = 20

function listed(names: readonly string[]): string {
  if (names.length <= LISTED_MAX) return names.join(', ')
  return `${names.slice(0, LISTED_MAX).join(', ')} and ${names.length - LISTED_MAX} more`
}
