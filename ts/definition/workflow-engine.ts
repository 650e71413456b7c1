// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `workflowEngine`: workflows that are validated, registered and loaded without being run.

import { forbiddenIn, readAllow } from './allow.js'
import type { Definition, DefinitionReader, WorkflowGraph } from './definition.js'
import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { Json } from '../json/json.js'
import { namedIn, type AgentNeed } from './named.js'
import { pinsFor } from './pins.js'
import { placeErrors } from '../base/placed.js'
import type { Allowance } from '../api/execution.js'
import type { AgentWorkflow } from '../api/workflow.js'
import { readSource, type WorkflowFile, type WorkflowText } from './workflow-source.js'

/** The result of `validateWorkflow`. */
export interface ValidationResult {
  /** Whether the workflow can run: no problem is an error. */
  readonly valid: boolean
  /** Every problem with its path and the way out; warnings have `severity: 'warning'`. */
  readonly problems: readonly Issue[]
  /** The edges of the workflow, implied ones included. Absent if its structure is broken. */
  readonly graph?: WorkflowGraph
}

/** Options of `loadWorkflow`. */
export interface LoadOptions {
  /** The names that the workflow may use; any other name is a problem with its path. Pass it to the call that runs the workflow too. Default: everything. */
  allow?: Allowance | undefined
}

/** Reads workflows without running them. */
export interface WorkflowEngine {
  /** Returns every problem of a workflow at once, and the graph it would run by. Never throws. */
  validateWorkflow(workflow: unknown): ValidationResult
  /**
   * Registers a workflow by its id: tasks may run it as a child, and stored executions of it find its condition functions. Another definition with the same
   * id replaces it.
   *
   * @returns its id.
   * @throws {ValidationError} with every problem.
   */
  registerWorkflow(workflow: AgentWorkflow): string
  /**
   * Reads a workflow from a string of JSON or YAML 1.2 (`{ text }`), from a file (`{ file }`: a path or a `file:` URL of a regular file of at most
   * 1 MiB), or from a plain object.
   *
   * A string alone is read as text if it begins with `{` or has a line break, and as a path if it ends in `.json`, `.yaml` or `.yml`. Put an untrusted string
   * into `{ text }`, which never opens a file. Errors quote the source only if it is a workflow.
   *
   * @throws {ValidationError} with every problem of the text or the workflow by path.
   */
  loadWorkflow(source: string | URL | WorkflowText | WorkflowFile | object, options?: LoadOptions): Promise<AgentWorkflow>
}

/** What is there though nobody has registered it: pinned workflows, and agents that models stand in for in any case. */
interface Known {
  readonly workflows?: Readonly<Record<string, Json>>
  readonly standIns?: readonly string[]
}

/** What judging a workflow needs of the agent pool. */
interface AgentsHost {
  /** Who does the tasks of agents nobody has registered. */
  readonly standIns: { warning(name: string): string }
  knows(need: AgentNeed, standIns?: readonly string[]): boolean
  isGuess(need: AgentNeed): boolean
  missingWithWayOut(agentId: string): string
}

export class WorkflowValidator implements WorkflowEngine {
  static {
    placeErrors(this.prototype, ['registerWorkflow', 'loadWorkflow'])
  }

  readonly #reader: DefinitionReader
  readonly #agents: AgentsHost
  readonly #registered = new Map<string, Definition>()
  readonly #defined: (definition: Definition) => void

  /** `defined` is told of each workflow that is registered: interrupted executions may be waiting for its functions. */
  constructor(reader: DefinitionReader, agents: AgentsHost, defined: (definition: Definition) => void) {
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

  /** Gives a definition out of a store what text cannot hold, functions and judges of schemas, if the same workflow is registered. */
  equip({ workflowId, plan, functions, judges }: Definition): void {
    const registered = this.#registered.get(workflowId)
    if (registered === undefined || registered.plan.hash() !== plan.hash()) return
    for (const [name, given] of registered.functions) functions.set(name, given)
    judges.adopt(registered.judges)
  }

  /** A registered workflow. */
  find(id: string): Definition | undefined {
    return this.#registered.get(id)
  }

  async loadWorkflow(source: string | URL | WorkflowText | WorkflowFile | object, options?: LoadOptions): Promise<AgentWorkflow> {
    const allow = readLoadOptions(options)
    const workflow = await readSource(source)
    const { problems, definition, snapshot } = this.#reader.examine(workflow)
    const pins = definition === undefined ? {} : pinsFor(definition, (id) => this.find(id)?.source)
    const forbidden = allow === undefined ? [] : forbiddenIn(snapshot ?? null, allow, pins.workflows)
    if (definition === undefined || forbidden.length > 0) {
      throw new ValidationError('ERR_VALIDATION', 'the workflow cannot run', [
        ...problems.filter(({ severity }) => severity !== 'warning'),
        ...forbidden,
      ])
    }
    return workflow as AgentWorkflow
  }

  /** Whether everything a definition names is there; a glance, before every problem is looked for. */
  knows({ agents, workflowIds }: Definition, { workflows = {}, standIns }: Known = {}): boolean {
    const isKnown = (id: string): boolean => this.#registered.has(id) || Object.hasOwn(workflows, id)
    return agents.every((need) => this.#agents.knows(need, standIns)) && workflowIds.every(isKnown)
  }

  /** The tasks of a workflow, and of those written inside it, that name an agent or a workflow nobody has registered. */
  unknownIn(workflow: Json, { workflows = {}, standIns }: Known = {}): Issue[] {
    const issues: Issue[] = []
    for (const named of namedIn(workflow)) {
      if (named.kind === 'agent') {
        if (!this.#agents.knows(named.need, standIns)) issues.push(unknownAgent(named.need, named.path, this.#agents))
      } else if (named.id !== '' && !this.#registered.has(named.id) && !Object.hasOwn(workflows, named.id)) {
        issues.push(unknownWorkflow(named.id, named.path))
      }
    }
    return issues
  }

  /** A warning for each task that a model would do for which nobody has asked. */
  #guessesIn(workflow: Json): Issue[] {
    const guessed = [...namedIn(workflow)].filter((named) => named.kind === 'agent' && this.#agents.isGuess(named.need))
    return guessed.flatMap((named) =>
      named.kind === 'agent'
        ? [
            {
              path: `${named.path}.agentId`,
              code: 'ERR_AGENT_NOT_FOUND',
              severity: 'warning' as const,
              message: this.#agents.standIns.warning(named.need.agentId),
            },
          ]
        : [],
    )
  }

  validateWorkflow(workflow: unknown): ValidationResult {
    const { problems, definition, graph, snapshot } = this.#reader.examine(workflow)
    const source = snapshot ?? null
    const all = [...problems, ...this.unknownIn(source), ...this.#guessesIn(source)]
    const valid = definition !== undefined && all.every(({ severity }) => severity === 'warning')
    return graph === undefined ? { valid, problems: all } : { valid, problems: all, graph: graph() }
  }
}

function unknownAgent({ agentId, requires }: AgentNeed, path: string, agents: AgentsHost): Issue {
  if (requires.length > 0) {
    const who = agentId === '' ? 'no registered agent' : `neither an agent \`${agentId}\` nor one of a type of that name`
    const message = `${who} has ${requires.map((one) => `\`${one}\``).join(', ')}; call agentPool.registerAgent({ capabilities: […], … }) for one that has`
    return { path: `${path}.requires`, code: 'ERR_AGENT_NOT_FOUND', message }
  }
  return { path: `${path}.agentId`, code: 'ERR_AGENT_NOT_FOUND', message: agents.missingWithWayOut(agentId) }
}

function readLoadOptions(options: LoadOptions | undefined): Allowance | undefined {
  if (options === undefined) return undefined
  const issues: Issue[] = []
  const isObject = typeof options === 'object' && options !== null
  if (!isObject) issues.push({ path: 'options', message: 'must be an object' })
  for (const field of isObject ? Object.keys(options) : [])
    if (field !== 'allow') issues.push({ path: `options.${field}`, message: 'is not an option; these are: allow' })
  const allow = isObject && options.allow !== undefined ? readAllow(options.allow, issues) : undefined
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the options cannot be used', issues)
  return allow
}

function unknownWorkflow(id: string, path: string): Issue {
  const message = `workflow \`${id}\` is not registered; call workflowEngine.registerWorkflow(…) first, or write the workflow into the task`
  return { path: `${path}.workflow`, code: 'ERR_WORKFLOW_NOT_FOUND', message }
}
