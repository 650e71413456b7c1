// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The types of agent that are there without being registered.

import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { Agent, InlineAgentType } from '../api/agent.js'
import { readHybrid, readLlm, readTool } from './configuration.js'
import { HybridAgent } from './hybrid.js'
import { LlmAgent } from './llm.js'
import { ToolAgent } from './tool.js'
import type { BuiltInHost } from './host.js'

/** One such type. */
export interface BuiltInType {
  readonly type: InlineAgentType
  /** Judges the configuration of an agent that is registered. */
  readonly judge: (configuration: object, path: string, issues: Issue[]) => void
  /** What a task must not name it without, if it says too little by itself. */
  readonly needs?: string
}

/** The type that does the tasks of agents nobody has registered. */
export const DEFAULT_TYPE = 'llm'

/** They wait for others, and an instance is an object: a limit on calls belongs to the agent or to the provider, not to these. */
const limits = { minAgents: 0, maxAgents: 10_000, maxConcurrency: 100 }

/** The types by name; a user's own type of one of these names takes its place. */
export function builtInTypes({ tools, log, accept = [] }: BuiltInHost): ReadonlyMap<string, BuiltInType> {
  return new Map([
    [DEFAULT_TYPE, builtIn(readLlm, (configuration) => new LlmAgent(configuration, accept))],
    ['hybrid', builtIn(readHybrid, (configuration) => new HybridAgent(configuration, { tools, log, accept }))],
    [
      'tool',
      {
        ...builtIn(readTool, (configuration) => new ToolAgent(configuration, tools)),
        needs: "registerAgent({ id: '…', type: 'tool', configuration: { tool: '…' } })",
      },
    ],
  ])
}

function builtIn<C>(read: (configuration: unknown, path: string, issues: Issue[]) => C, make: (configuration: C) => Agent): BuiltInType {
  const create = (configuration: unknown): Agent => {
    const issues: Issue[] = []
    const resolved = read(configuration, 'configuration', issues)
    if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the configuration of the agent cannot be used', issues)
    return make(resolved)
  }
  return { type: { create, ...limits }, judge: (configuration, path, issues) => void read(configuration, path, issues) }
}
