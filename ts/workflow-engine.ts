// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { AgentNeed, AgentRegistry } from './agent-pool.js'
import type { Definition, DefinitionReader, WorkflowGraph } from './definition.js'
import { ValidationError } from './errors.js'
import type { Issue } from './issue.js'
import type { Json } from './json.js'
import { tasksIn } from './pins.js'
import type { RunOptions } from './run.js'
import type { AgentWorkflow } from './api/workflow.js'
import { readSource, type WorkflowFile, type WorkflowText } from './workflow-source.js'

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
  /**
   * Makes a workflow known by its id: tasks may run it as a child, and stored executions of it find the functions it has as conditions.
   * Another definition under the same id takes its place.
   *
   * @returns its id.
   * @throws {ValidationError} with every problem.
   */
  registerWorkflow(workflow: AgentWorkflow): string
  /**
   * Reads a workflow from a text of JSON or YAML 1.2 (`{ text }`), from a file of it (`{ file }`: a path or a `file:` URL of a regular file of at
   * most 1 MiB), or from a plain object.
   *
   * A string alone is the text if it begins with `{` or has a line break, and a path if it ends in `.json`, `.yaml` or `.yml`. A text that comes from
   * others belongs into `{ text }`, which never opens a file. Nothing of what was read is quoted unless it is a workflow.
   *
   * @throws {ValidationError} with every problem of the text or the workflow by path.
   */
  loadWorkflow(source: string | URL | WorkflowText | WorkflowFile | object): Promise<AgentWorkflow>
}

export class WorkflowValidator implements WorkflowEngine {
  readonly #reader: DefinitionReader
  readonly #agents: AgentRegistry
  readonly #registered = new Map<string, Definition>()
  readonly #defined: (definition: Definition) => void

  /** `defined` is told of each workflow that is registered: interrupted executions may be waiting for its functions. */
  constructor(reader: DefinitionReader, agents: AgentRegistry, defined: (definition: Definition) => void) {
    this.#reader = reader
    this.#agents = agents
    this.#defined = defined
  }

  registerWorkflow(workflow: AgentWorkflow): string {
    const definition = this.#reader.read(workflow)
    this.#registered.set(definition.workflowId, definition)
    this.#defined(definition)
    return definition.workflowId
  }

  /** A registered workflow. */
  find(id: string): Definition | undefined {
    return this.#registered.get(id)
  }

  async loadWorkflow(source: string | URL | WorkflowText | WorkflowFile | object): Promise<AgentWorkflow> {
    const workflow = await readSource(source)
    const { problems, definition } = this.#reader.examine(workflow)
    if (definition === undefined) {
      throw new ValidationError(
        'ERR_VALIDATION',
        'the workflow cannot run',
        problems.filter(({ severity }) => severity !== 'warning'),
      )
    }
    return workflow as AgentWorkflow
  }

  /** Whether everything a definition names is registered; a glance, before every problem is looked for. */
  knows({ agents, workflowIds }: Definition, pinned: RunOptions['workflows'] = {}): boolean {
    const isKnown = (id: string): boolean => this.#registered.has(id) || Object.hasOwn(pinned, id)
    return agents.every((need) => this.#agents.knows(need)) && workflowIds.every(isKnown)
  }

  /**
   * The tasks of a workflow, and of those written inside it, that name an agent or a workflow nobody has registered; `pinned`: the workflows that are
   * known all the same.
   */
  unknownIn(workflow: Json, pinned: RunOptions['workflows'] = {}, place = ''): Issue[] {
    const issues: Issue[] = []
    for (const { task, path } of tasksIn(workflow, place)) {
      const { agentId, requires, compensate, workflow: inner } = task
      const undoing =
        typeof compensate === 'object' && compensate !== null && !Array.isArray(compensate) ? compensate['agentId'] : undefined
      for (const [need, where] of [
        [needOf(agentId, requires), path],
        [needOf(undoing), `${path}.compensate`],
      ] as const) {
        if (need !== undefined && !this.#agents.knows(need)) issues.push(unknownAgent(need, where, this.#agents))
      }
      if (typeof inner === 'object') issues.push(...this.unknownIn(inner, pinned, `${path}.workflow`))
      else if (typeof inner === 'string' && inner !== '' && !this.#registered.has(inner) && !Object.hasOwn(pinned, inner))
        issues.push(unknownWorkflow(inner, path))
    }
    return issues
  }

  validateWorkflow(workflow: unknown): ValidationResult {
    const { problems, definition, graph, snapshot } = this.#reader.examine(workflow)
    const all = [...problems, ...this.unknownIn(snapshot ?? null)]
    const valid = definition !== undefined && all.every(({ severity }) => severity === 'warning')
    return graph === undefined ? { valid, problems: all } : { valid, problems: all, graph }
  }
}

function unknownAgent({ agentId, requires }: AgentNeed, path: string, agents: AgentRegistry): Issue {
  if (requires.length > 0) {
    const who = agentId === '' ? 'no registered agent' : `neither an agent \`${agentId}\` nor one of a type of that name`
    const message = `${who} has ${requires.map((one) => `\`${one}\``).join(', ')}; call agentPool.registerAgent({ capabilities: […], … }) for one that has`
    return { path: `${path}.requires`, code: 'ERR_AGENT_NOT_FOUND', message }
  }
  const ways =
    `; call agentPool.registerAgentType('${agentId}', …), agentPool.registerAgent({ id: '${agentId}', … }), or name one that is; ` +
    'where a provider of models is configured, the built-in type `llm` does what nobody is registered for'
  const message = agents.missing(agentId) + (agents.saysTooLittle(agentId) ? '' : ways)
  return { path: `${path}.agentId`, code: 'ERR_AGENT_NOT_FOUND', message }
}

/** What a task, or what undoes one, asks of whoever runs it; what is no call of an agent asks nothing. */
function needOf(agentId: Json | undefined, requires?: Json): AgentNeed | undefined {
  const id = typeof agentId === 'string' ? agentId : ''
  const capabilities = Array.isArray(requires) ? requires.filter((capability) => typeof capability === 'string') : []
  return id === '' && capabilities.length === 0 ? undefined : { agentId: id, requires: capabilities }
}

function unknownWorkflow(id: string, path: string): Issue {
  const message = `workflow \`${id}\` is not registered; call workflowEngine.registerWorkflow(…) first, or write the workflow into the task`
  return { path: `${path}.workflow`, code: 'ERR_WORKFLOW_NOT_FOUND', message }
}
