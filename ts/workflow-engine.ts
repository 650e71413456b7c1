// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { AgentRegistry } from './agent-pool.js'
import type { DefinitionReader, WorkflowGraph } from './definition.js'
import type { Issue } from './issue.js'

/** What `validateWorkflow` found. */
export interface ValidationResult {
  /** Whether it can run: no problem is an error. */
  readonly valid: boolean
  /** Everything that is wrong, each with its path and the way out; warnings have `severity: 'warning'`. */
  readonly problems: readonly Issue[]
  /** Its edges, the implied ones included. Absent where its structure is broken. */
  readonly graph?: WorkflowGraph
}

/** Reads workflows without running them. */
export interface WorkflowEngine {
  /** Every problem of a workflow at once, and the graph it would run by. Never throws. */
  validateWorkflow(workflow: unknown): ValidationResult
}

export class WorkflowValidator implements WorkflowEngine {
  readonly #reader: DefinitionReader
  readonly #agents: AgentRegistry

  constructor(reader: DefinitionReader, agents: AgentRegistry) {
    this.#reader = reader
    this.#agents = agents
  }

  validateWorkflow(workflow: unknown): ValidationResult {
    const { problems, definition, graph } = this.#reader.examine(workflow)
    const all = [...problems]
    definition?.tasks.forEach(({ agentId }, place) => {
      if (this.#agents.find(agentId) === undefined) all.push(unknownAgent(agentId, place))
    })
    const valid = definition !== undefined && all.every(({ severity }) => severity === 'warning')
    return graph === undefined ? { valid, problems: all } : { valid, problems: all, graph }
  }
}

/** The problem of a task whose agent nobody has registered. */
export function unknownAgent(agentId: string, place: number): Issue {
  const message =
    `agent \`${agentId}\` is not registered; call agentPool.registerAgentType('${agentId}', …), ` +
    `agentPool.registerAgent({ id: '${agentId}', … }), or name one that is`
  return { path: `tasks[${place}].agentId`, code: 'ERR_AGENT_NOT_FOUND', message }
}
