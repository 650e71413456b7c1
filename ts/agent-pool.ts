// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Who does the work: agent types, agents registered with them, and their instances. Each has one instance, made before its first task.

import { setMaxListeners } from 'node:events'
import { AgentError, ClosedError, ConflictError, NotFoundError, ValidationError } from './errors.js'
import { messageOf } from './failure.js'
import type { Issue } from './issue.js'
import { makeWorkerAgent, type PooledAgent } from './worker-agent.js'
import { configurationText, issuesOfWorkerType } from './worker-type.js'
import type { Agent, AgentRegistration, AgentType, InlineAgentType, WorkerAgentType } from './workflow.js'

const TYPE_LATER = ['maxConcurrency', 'minAgents', 'maxAgents']

/** Registers what tasks name by `agentId`. */
export interface AgentPool {
  /**
   * Registers a type of agent. Tasks may name it directly; its one instance serves any number of calls at once.
   *
   * @throws {ConflictError} `ERR_AGENT_EXISTS` if the name is taken.
   */
  registerAgentType(name: string, type: AgentType): void
  /**
   * Registers an agent of a registered type with an instance of its own, made with `configuration`.
   *
   * @throws {NotFoundError} `ERR_AGENT_TYPE_NOT_FOUND` if the type is not registered.
   * @throws {ConflictError} `ERR_AGENT_EXISTS` if the id is taken.
   * @throws {ValidationError} `ERR_NOT_JSON` if the type is isolated and the configuration cannot cross to its worker.
   */
  registerAgent(agent: AgentRegistration): void
}

/** The pool, as the orchestrator uses it. */
export class AgentRegistry implements AgentPool {
  readonly #types = new Map<string, AgentType>()
  /** The instance that serves tasks naming a type. */
  readonly #typeSlots = new Map<string, AgentSlot>()
  readonly #agents = new Map<string, AgentSlot>()
  readonly #registered: () => void
  /** Agents that are still being made in workers are not waited for. */
  readonly #closing = new AbortController()

  /** `registered` is told after each registration: interrupted executions may be waiting for it. */
  constructor(registered: () => void) {
    this.#registered = registered
    // Each agent that is being made listens.
    setMaxListeners(0, this.#closing.signal)
  }

  registerAgentType(name: string, type: AgentType): void {
    check(issuesOfType(name, type))
    if (this.#types.has(name))
      throw new ConflictError('ERR_AGENT_EXISTS', `agent type \`${name}\` is already registered; choose another name`)
    this.#types.set(name, type)
    this.#typeSlots.set(name, new AgentSlot(name, type, {}, this.#closing.signal))
    this.#registered()
  }

  registerAgent(agent: AgentRegistration): void {
    check(issuesOfAgent(agent))
    const { id, type: typeName, configuration = {} } = agent
    const type = this.#types.get(typeName)
    if (type === undefined) {
      const message = `agent \`${id}\` is of type \`${typeName}\`, which is not registered; call registerAgentType('${typeName}', …) first`
      throw new NotFoundError('ERR_AGENT_TYPE_NOT_FOUND', message)
    }
    if (type.isolation === 'worker') configurationText(id, configuration)
    if (this.#agents.has(id)) throw new ConflictError('ERR_AGENT_EXISTS', `agent \`${id}\` is already registered; choose another id`)
    this.#agents.set(id, new AgentSlot(id, type, configuration, this.#closing.signal))
    this.#registered()
  }

  /** Whoever serves tasks with this `agentId`: the agent of that id, else the type of that name. */
  find(agentId: string): AgentSlot | undefined {
    return this.#agents.get(agentId) ?? this.#typeSlots.get(agentId)
  }

  /** How many instances exist. */
  get size(): number {
    let size = 0
    for (const slot of this.#slots()) if (slot.agent !== undefined) size += 1
    return size
  }

  *#slots(): Iterable<AgentSlot> {
    yield* this.#typeSlots.values()
    yield* this.#agents.values()
  }

  /** Calls `dispose` of every instance; one that throws does not keep the others. */
  async dispose(): Promise<void> {
    this.#closing.abort(new ClosedError('ERR_CLOSED', 'the orchestrator was shut down before the agent was made'))
    const dispose = async (slot: AgentSlot): Promise<void> => {
      await slot.agent?.dispose?.()
    }
    await Promise.allSettled([...this.#slots()].map(dispose))
  }
}

/** One agent and its instance. */
export class AgentSlot {
  readonly id: string
  readonly #type: AgentType
  readonly #configuration: object
  readonly #closing: AbortSignal
  /** The instance, once it is made. */
  agent: Agent | PooledAgent | undefined
  #making: Promise<Agent | PooledAgent> | undefined

  constructor(id: string, type: AgentType, configuration: object, closing: AbortSignal) {
    this.id = id
    this.#type = type
    this.#configuration = configuration
    this.#closing = closing
  }

  /** Makes the instance. Tasks that come meanwhile wait for the same one; after a failure the next task tries again. */
  make(): Promise<Agent | PooledAgent> {
    this.#making ??= this.#create().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #create(): Promise<Agent | PooledAgent> {
    const type = this.#type
    return (this.agent = type.isolation === 'worker' ? await this.#createInWorker(type) : await this.#createInline(type))
  }

  #createInWorker(type: WorkerAgentType): Promise<PooledAgent> {
    const onLost = (): void => {
      this.agent = undefined
    }
    return makeWorkerAgent({ id: this.id, type, configuration: this.#configuration, onLost, signal: this.#closing })
  }

  async #createInline(type: InlineAgentType): Promise<Agent> {
    let agent: unknown
    try {
      agent = await type.create(this.#configuration)
    } catch (cause) {
      throw new AgentError('ERR_AGENT_CREATE', `agent \`${this.id}\` could not be made: ${messageOf(cause)}`, { cause, retryable: true })
    }
    if (typeof (agent as Agent | null | undefined)?.execute !== 'function') {
      const what = agent === undefined ? 'nothing' : 'something without an `execute` method'
      throw new AgentError(
        'ERR_AGENT_INVALID',
        `create of agent \`${this.id}\` returned ${what}; return { execute: async (task, context) => … }`,
      )
    }
    return agent as Agent
  }
}

function issuesOfType(name: unknown, type: unknown): Issue[] {
  const issues = issuesOfName(name, 'name')
  const { isolation } = (type ?? {}) as { isolation?: unknown }
  if (isolation === 'worker') issues.push(...issuesOfWorkerType(type as object))
  else issues.push(...issuesOfInlineType(type, isolation))
  for (const field of Object.keys((type ?? {}) as object)) {
    if (TYPE_LATER.includes(field)) {
      const message = 'is not supported yet: a type has one instance and any number of calls at once; leave it out'
      issues.push({ path: `type.${field}`, code: 'ERR_NOT_SUPPORTED', message })
    }
  }
  return issues
}

function issuesOfInlineType(type: unknown, isolation: unknown): Issue[] {
  if (isolation !== undefined && isolation !== 'inline') return [{ path: 'type.isolation', message: "must be 'inline' or 'worker'" }]
  if (typeof (type as InlineAgentType | null | undefined)?.create !== 'function')
    return [{ path: 'type.create', message: 'must be a function that makes an agent: { create: async (config) => ({ execute: … }) }' }]
  return ['module', 'memoryLimit']
    .filter((field) => (type as unknown as Record<string, unknown>)[field] !== undefined)
    .map((field) => ({ path: `type.${field}`, message: "needs isolation: 'worker'; add it, or leave this out" }))
}

function issuesOfAgent(agent: unknown): Issue[] {
  if (typeof agent !== 'object' || agent === null)
    return [{ path: 'agent', message: 'must be an object such as { id, type, configuration }' }]
  const { id, type, capabilities, configuration } = agent as AgentRegistration
  const issues = [...issuesOfName(id, 'agent.id'), ...issuesOfName(type, 'agent.type')]
  if (capabilities !== undefined && !(Array.isArray(capabilities) && capabilities.every((one) => typeof one === 'string'))) {
    issues.push({ path: 'agent.capabilities', message: 'must be a list of texts' })
  }
  if (configuration !== undefined && (typeof configuration !== 'object' || configuration === null)) {
    issues.push({ path: 'agent.configuration', message: 'must be an object' })
  }
  return issues
}

function issuesOfName(name: unknown, path: string): Issue[] {
  return typeof name === 'string' && name !== '' ? [] : [{ path, message: 'must be a text that is not empty' }]
}

function check(issues: Issue[]): void {
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the agent cannot be registered', issues)
}
