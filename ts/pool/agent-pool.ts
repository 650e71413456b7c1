// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Who does the work. The engine decides who works where, and when there are more or fewer of them; here are the agents themselves.
//
//   registerAgentType, registerAgent ─▶ engine          engine ─▶ make, dispose, check an instance; an attempt runs on instance n
//
// The engine opens later than agents are registered: what was registered before then is told as it opens.

import { EventEmitter } from 'node:events'
import { AgentInstances, type Instance } from './instances.js'
import { builtInTypes, DEFAULT_TYPE, type BuiltInType } from '../agents/built-in.js'
import { placed, readForms, typeOf } from './forms.js'
import { CONCURRENCY_MAX, readAgent, readType, type ResolvedType, type AgentKind } from './registration.js'
import type { Clock } from '../base/clock.js'
import { looking } from '../json/entry.js'
import { emitSafely, warnOfEvent } from '../log/emit.js'
import { ConflictError, NotFoundError, ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { Json } from '../json/json.js'
import type { Log } from '../log/log.js'
import { PoolKind, type Engine, type PoolEffect } from '../boundary/native.js'
import type { ResolvedAgents } from '../config/config.js'
import { placeErrors } from '../base/placed.js'
import { poolStatisticsOf, type PoolStatistics } from './statistics.js'
import { StandIns, type KnownModels } from '../models/stand-ins.js'
import { readTool } from '../tools/definition.js'
import { McpConnections, type McpConnection } from '../tools/mcp.js'
import type { McpServer } from '../tools/mcp-server.js'
import { ToolRegistry } from '../tools/registry.js'
import type { ToolDefinition } from '../tools/tool.js'
import type { PooledAgent } from './worker-agent.js'
import { configurationText } from './worker-type.js'
import type { AgentRegistration, AgentType, AgentFunction, Agents } from '../api/agent.js'
import { real } from '../base/real-time.js'
import type { PoolEvents } from '../api/pool.js'
import type { AgentNeed } from '../definition/named.js'
import type { AgentLimits } from '../boundary/shapes.js'
import { canonical, hashOf } from '../json/canonical.js'
import { NO_CALLER } from '../base/no-caller.js'
import type { AgentWatcher } from './agent-watcher.js'

/**
 * Registers the agents that tasks name by `agentId`, and keeps instances of them: at least `minAgents` and at most `maxAgents` of each type once it has had
 * work, each with `maxConcurrency` attempts at once. docs/agents.md says how they are chosen, scaled and replaced.
 */
export interface AgentPool extends EventEmitter<PoolEvents> {
  /**
   * Registers a type of agent, or a function that stands for one: `{ create: () => ({ execute }) }`. Tasks may name it directly. The names of the built-in
   * types are free until those are used.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
   * @throws {ConflictError} `ERR_AGENT_EXISTS` if the name is taken.
   */
  registerAgentType(name: string, type: AgentType | AgentFunction): void
  /**
   * Registers an agent of a registered type or a built-in one (`llm`, `tool`, `hybrid`), whose instances are made with `configuration`.
   *
   * @throws {NotFoundError} `ERR_AGENT_TYPE_NOT_FOUND` if the type is not registered.
   * @throws {ConflictError} `ERR_AGENT_EXISTS` if the id is taken.
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path; `ERR_NOT_JSON` if the type is isolated and the configuration cannot cross to its worker.
   */
  registerAgent(agent: AgentRegistration): void
  /** Registers a function for the tasks that name it, as `registerAgentType(name, execute)` does. */
  registerAgent(name: string, execute: AgentFunction): void
  /**
   * Registers several agents by name, such as those of `defineAgents`: functions and types as `registerAgentType` does, `{ type, configuration }` as
   * `registerAgent` does. If one cannot be registered, none is.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
   * @throws {NotFoundError} `ERR_AGENT_TYPE_NOT_FOUND` if the type of one is not registered.
   * @throws {ConflictError} `ERR_AGENT_EXISTS` if a name is taken.
   */
  registerAgents(agents: Agents): void
  /**
   * Registers a function that agents and models may call. docs/tools.md says how.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
   * @throws {ConflictError} `ERR_TOOL_EXISTS` if the name is taken.
   */
  registerTool<S>(tool: ToolDefinition<S>): void
  /**
   * Connects to a server of the Model Context Protocol, whose tools are registered until the connection is closed. It keeps no process alive.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
   * @throws {ToolError} `ERR_MCP_CONNECT`
   * @throws {ConflictError} `ERR_TOOL_EXISTS` if the name of one of its tools is taken.
   */
  connectMcp(server: McpServer): Promise<McpConnection>
  /** Returns the current figures of the pool. Cheap enough to call every second. */
  getStatistics(): PoolStatistics
}

const POOL_EVENTS: readonly (keyof PoolEvents)[] = [
  'agent:created',
  'agent:allocated',
  'agent:released',
  'agent:unhealthy',
  'agent:recovered',
  'agent:disposed',
  'pool:scaled-up',
  'pool:scaled-down',
]

/** Names that an error lists. */
const LISTED_MAX = 20

/** How an agent stops when it is told to. */
const WAY_TO_STOP =
  'its `execute(task, ctx)` gets an AbortSignal, `ctx.signal`: pass it to what it awaits, as in `fetch(url, { signal: ctx.signal })`'

/** The pool, as the orchestrator uses it. */
export class AgentRegistry extends EventEmitter<PoolEvents> implements AgentPool {
  static {
    placeErrors(this.prototype, ['registerAgentType', 'registerAgent', 'registerAgents', 'registerTool', 'connectMcp'])
  }

  readonly #policy: ResolvedAgents
  readonly #types = new Map<string, { readonly type: ResolvedType; readonly number: number }>()
  /** By the number the engine knows each by. */
  readonly #typeNames: string[] = []
  /** By the number the engine knows each by. */
  readonly #kinds: AgentKind[] = []
  readonly #named = new Map<string, AgentKind>()
  /** In tests. */
  readonly #doubles = new Map<string, PooledAgent>()
  readonly #registered: () => void
  readonly #builtIn: ReadonlyMap<string, BuiltInType>
  /** Those of them that the engine knows. */
  readonly #adopted = new Set<string>()
  /** The names that the engine knows built-in types to stand in for. */
  readonly #stoodIn = new Set<string>()
  readonly standIns: StandIns
  readonly instances: AgentInstances
  readonly tools: ToolRegistry = new ToolRegistry()
  readonly servers: McpConnections
  readonly #clock: Clock
  readonly #log: Log
  #engine: Engine | undefined

  /** `registered` is told after each registration, `schedule` whenever the engine has been told something. */
  #watcher: AgentWatcher | undefined

  constructor(policy: ResolvedAgents, models: KnownModels, registered: () => void, schedule: () => void, clock: Clock, log: Log) {
    super()
    this.#clock = clock
    this.#log = log
    this.servers = new McpConnections(clock, log, this.tools)
    this.#listen()
    this.#policy = policy
    this.#registered = registered
    this.#builtIn = builtInTypes({ tools: this.tools, log, accept: models.accept })
    this.standIns = new StandIns(policy.standIn, models, this.#named, [...this.#builtIn.keys()])
    this.instances = new AgentInstances(
      (number) => this.#kinds[number] as AgentKind,
      schedule,
      (name, event) => this.announce(name, event),
      log,
      (agentId) => this.#watcher?.lost(agentId),
    )
  }

  registerAgentType(name: string, type: AgentType | AgentFunction): void {
    this.#addType(name, this.#readType(name, type))
  }

  #readType(name: string, given: AgentType | AgentFunction): ResolvedType {
    const type = typeof given === 'function' ? typeOf(given) : given
    const resolved = looking(type, 'type', 'the agent cannot be registered', () => readType(name, type, this.#policy))
    if (this.#types.has(name)) {
      const way = this.#adopted.has(name)
        ? 'is built in and has been used; register yours before, or choose'
        : 'is already registered; choose'
      throw new ConflictError('ERR_AGENT_EXISTS', `agent type \`${name}\` ${way} another name`)
    }
    return resolved
  }

  #addType(name: string, resolved: ResolvedType): void {
    const number = this.#typeNames.push(name) - 1
    this.#types.set(name, { type: resolved, number })
    this.#add({ id: name, typeName: name, typeNumber: number, type: resolved, configuration: {}, capabilities: [], limits: undefined })
  }

  registerAgent(agent: AgentRegistration | string, execute?: AgentFunction): void {
    if (typeof agent === 'string') return this.registerAgentType(agent, execute as AgentFunction)
    this.#addAgent(
      agent,
      this.#readAgent(agent, (name) => this.#types.get(name)?.type),
    )
  }

  /** The limits of an agent that can be registered, where `typeNamed` gives each type that will be there. */
  #readAgent(agent: AgentRegistration, typeNamed: (name: string) => ResolvedType | undefined): AgentLimits {
    const limits = looking(agent, 'agent', 'the agent cannot be registered', () => readAgent(agent))
    const { id, type: typeName, configuration = {} } = agent
    const type = typeNamed(typeName)
    if (type === undefined) this.#judge(typeName, configuration)
    if (type === undefined && !this.#builtIn.has(typeName)) {
      const message = `agent \`${id}\` is of type \`${typeName}\`, which is not registered; call registerAgentType('${typeName}', …) first`
      throw new NotFoundError('ERR_AGENT_TYPE_NOT_FOUND', message)
    }
    if (type?.worker !== undefined) configurationText(id, configuration)
    if (this.#named.get(id)?.limits !== undefined)
      throw new ConflictError('ERR_AGENT_EXISTS', `agent \`${id}\` is already registered; choose another id`)
    return limits
  }

  #addAgent({ id, type: typeName, configuration = {}, capabilities = [] }: AgentRegistration, limits: AgentLimits): void {
    this.#adopt(typeName)
    const { type, number: typeNumber } = this.#types.get(typeName) as { type: ResolvedType; number: number }
    this.#add({ id, typeName, typeNumber, type, configuration, capabilities, limits })
  }

  registerAgents(agents: Agents): void {
    const { types, agents: others } = readForms(agents)
    const resolved = new Map(types.map(([name, type]) => [name, placed(name, 'type', () => this.#readType(name, type))]))
    const limits = others.map((agent) =>
      placed(agent.id, 'agent', () => this.#readAgent(agent, (name) => resolved.get(name) ?? this.#types.get(name)?.type)),
    )
    // All of them can be registered: now they are.
    for (const [name, type] of resolved) this.#addType(name, type)
    others.forEach((agent, index) => this.#addAgent(agent, limits[index] as AgentLimits))
  }

  #judge(builtIn: string, configuration: object): void {
    const issues: Issue[] = []
    this.#builtIn.get(builtIn)?.judge(configuration, 'agent.configuration', issues)
    if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the agent cannot be registered', issues)
  }

  registerTool<S>(tool: ToolDefinition<S>): void {
    this.tools.add(looking(tool, 'tool', 'the tool cannot be registered', () => readTool(tool as ToolDefinition, this.#clock)))
  }

  connectMcp(server: McpServer): Promise<McpConnection> {
    return this.servers.connect(server)
  }

  getStatistics(): PoolStatistics {
    return poolStatisticsOf(this.#engine?.poolStatistics())
  }

  /** Makes another do the tasks of `agentId`, on whatever instance they are given: in tests. */
  standIn(agentId: string, agent: PooledAgent): void {
    const isKnown = this.#named.has(agentId)
    this.#doubles.set(agentId, agent)
    if (isKnown) return this.#registered()
    const type: ResolvedType = { minAgents: 0, maxAgents: 1, maxConcurrency: CONCURRENCY_MAX, reserve: undefined, create: () => agent }
    const typeName = `stand-in of ${agentId}`
    const kind = { typeName, typeNumber: this.#typeNames.push(typeName) - 1, type, configuration: {}, capabilities: [] }
    this.#add({ ...kind, id: kind.typeName, limits: undefined })
    this.#add({ ...kind, id: agentId, limits: { maxConcurrency: undefined, rateLimit: undefined } })
  }

  /** Who really does the tasks of `agentId` on an instance. */
  agentOf(instance: Instance, agentId: string): PooledAgent {
    return (this.#doubles.size > 0 ? this.#doubles.get(agentId) : undefined) ?? instance.agent
  }

  /** How many attempts one instance of an agent takes at once, if it is registered. */
  placesEach(agentId: string): number | undefined {
    return this.#named.get(agentId)?.type.maxConcurrency
  }

  /** Whether there is somebody for it, registered or built in; `had`: whom models stand in for whatever holds by now. */
  knows(need: AgentNeed, had: readonly string[] = []): boolean {
    return this.isRegistered(need) || this.#standsIn(need, had) !== undefined
  }

  /** Whether somebody could stand in for it, though that may not be wanted. */
  couldStandIn({ agentId, requires }: AgentNeed): boolean {
    const isNamed = agentId !== '' && requires.length === 0 && !this.saysTooLittle(agentId)
    return isNamed && (this.#builtIn.has(agentId) || this.standIns.areThere())
  }

  /** Has the engine know every built-in type that does what nobody is registered for; the ids that are so done. */
  adopt(needs: readonly AgentNeed[], had: readonly string[] = []): readonly string[] {
    const ids: string[] = []
    for (const need of needs) {
      const name = this.isRegistered(need) ? undefined : this.#standsIn(need, had)
      if (name === undefined) continue
      ids.push(need.agentId)
      this.#adopt(name)
      if (name === need.agentId || this.#stoodIn.has(need.agentId)) continue
      this.#stoodIn.add(need.agentId)
      this.#engine?.standIn(need.agentId, name)
    }
    return ids
  }

  /** The type that does what nobody is registered for. */
  #standsIn(need: AgentNeed, had: readonly string[]): string | undefined {
    const { agentId } = need
    if (!this.couldStandIn(need)) return undefined
    if (this.#builtIn.has(agentId)) return agentId
    return had.includes(agentId) || this.standIns.takes(agentId) ? DEFAULT_TYPE : undefined
  }

  /** Whether a model does it for which nobody has asked. */
  isGuess(need: AgentNeed): boolean {
    return !this.isRegistered(need) && this.couldStandIn(need) && !this.#builtIn.has(need.agentId) && this.standIns.isGuess(need.agentId)
  }

  /** The engine knows a built-in type from its first use on, so that its name is free until then. */
  #adopt(name: string): void {
    const builtIn = this.#builtIn.get(name)
    if (builtIn === undefined || this.#types.has(name)) return
    this.#adopted.add(name)
    this.#addType(name, readType(name, builtIn.type, this.#policy))
  }

  /** Whether it is a built-in type that no task can name without a configuration. */
  saysTooLittle(agentId: string): boolean {
    return this.#builtIn.get(agentId)?.needs !== undefined
  }

  /** Who hears of agents that are lost, or do not stop. */
  watchBy(watcher: AgentWatcher): void {
    this.#watcher = watcher
  }

  /** An agent that was told to stop a second ago goes on. `reason`: why it was told to. */
  goesOn(agentId: string, executionId: string, taskId: string, reason: Error): void {
    const message = `agent \`${agentId}\` still runs task \`${taskId}\` 1 s after it was told to stop (${reason.message}), and is given up after 5 s; ${WAY_TO_STOP}`
    this.#watcher?.goesOn(agentId, executionId, taskId)
    this.#log.warnOnce({ event: 'agent:unresponsive', agentId, executionId, taskId }, message, `agent:unresponsive ${agentId}`)
  }

  /** Says that nobody of this id is registered, and who was meant, or who is. */
  missing(agentId: string): string {
    const needs = this.#builtIn.get(agentId)?.needs
    if (needs !== undefined) return `agent \`${agentId}\` is a type that needs a configuration; call agentPool.${needs} and name that agent`
    if (this.standIns.meant(agentId) !== undefined) return `agent \`${agentId}\` is not registered; ${this.standIns.wayOut(agentId)}`
    const names = [...this.#named.keys()].map((name) => `\`${name}\``)
    const known =
      names.length > LISTED_MAX ? `${names.slice(0, LISTED_MAX).join(', ')} and ${names.length - LISTED_MAX} more` : names.join(', ')
    return `agent \`${agentId}\` is not registered${names.length === 0 ? '' : ` (there are ${known})`}`
  }

  /** The same, and what to do about it. */
  missingWithWayOut(agentId: string): string {
    const isTold = this.saysTooLittle(agentId) || this.standIns.meant(agentId) !== undefined
    return this.missing(agentId) + (isTold ? '' : `; ${this.standIns.wayOut(agentId)}`)
  }

  /** A provider of models was configured: there is somebody for what nobody is registered for. */
  providerAdded(): void {
    this.#registered()
  }

  /** Whether somebody is registered for it. */
  isRegistered({ agentId, requires }: AgentNeed): boolean {
    const can = (kind: AgentKind): boolean => requires.every((capability) => kind.capabilities.includes(capability))
    if (agentId === '') return this.#kinds.some(can)
    const named = this.#named.get(agentId)
    if (named !== undefined && (requires.length === 0 || can(named))) return true
    const isType = named === undefined ? this.#adopted.has(agentId) : named.typeName === agentId
    return requires.length > 0 && isType && this.#kinds.some((kind) => kind.typeName === agentId && can(kind))
  }

  /** The engine is there: it hears of all that was registered before. */
  open(engine: Engine): void {
    this.#engine = engine
    this.instances.engine = engine
    engine.openPool(this.#policy)
    for (const kind of this.#kinds) this.#tell(kind)
    for (const agentId of this.#stoodIn) engine.standIn(agentId, DEFAULT_TYPE)
  }

  /** The engine wants something of the pool. Whoever happens to be at work now has no part in it. */
  hear(effect: PoolEffect): void {
    NO_CALLER.runInAsyncScope(() => {
      const { kind } = effect
      if (kind !== PoolKind.scaledUp && kind !== PoolKind.scaledDown) return this.instances.hear(kind, effect)
      const event = { type: this.#typeNames[effect.of] ?? '', from: effect.from, to: effect.to }
      this.announce(kind === PoolKind.scaledUp ? 'pool:scaled-up' : 'pool:scaled-down', event)
    })
  }

  /** Whether anybody listens to what happens to each attempt: asking for each would cost more than finding it its agent. */
  isHeard = false

  override removeAllListeners(name?: string | symbol): this {
    super.removeAllListeners(name as keyof PoolEvents)
    this.#listen()
    return this
  }

  #listen(): void {
    // A listener is there, or gone, in the next microtask.
    const changed = (): void => real.queueMicrotask(() => this.#count())
    const emitter = this as EventEmitter
    const added = (name: string | symbol): void => {
      warnOfEvent(this.#log, name, POOL_EVENTS, added)
      changed()
    }
    if (emitter.listenerCount('newListener') === 0) emitter.on('newListener', added)
    if (emitter.listenerCount('removeListener') === 0) emitter.on('removeListener', changed)
    changed()
  }

  #count(): void {
    this.isHeard = this.listenerCount('agent:allocated') + this.listenerCount('agent:released') > 0
  }

  /** How many instances exist. */
  get size(): number {
    return this.instances.size
  }

  /** Tells listeners, if there are any. One that throws harms nobody. */
  announce<K extends keyof PoolEvents>(name: K, event: PoolEvents[K][0]): void {
    if (this.listenerCount(name) > 0) emitSafely(this.#log, this as EventEmitter, name, [event])
  }

  #add(kind: AgentKind): void {
    this.#kinds.push(kind)
    // An agent may be named like a type, and is then who is meant.
    const gives = kind.limits === undefined && (this.#named.has(kind.id) || this.#adopted.has(kind.id))
    if (!gives) this.#named.set(kind.id, kind)
    this.standIns.forget()
    this.#tell(kind)
    this.#registered()
  }

  #tell({ id, typeName, typeNumber, type, configuration, capabilities, limits }: AgentKind): void {
    if (limits === undefined) return this.#engine?.addAgentType(typeName, type)
    // The code of a user's agent is his own to version; what a built-in one does is all in its configuration.
    const print = this.#adopted.has(typeName) ? hashOf([typeName, canonical(configuration as Json)]) : undefined
    this.#engine?.addAgent(id, typeNumber, capabilities, limits, print)
  }
}
