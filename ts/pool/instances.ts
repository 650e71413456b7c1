// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Instances of agents: made, checked and let go of as the engine says. What becomes of that the engine is told.

import { AgentError, ClosedError, errorOf } from '../api/errors.js'
import { messageOf } from '../failure/failure.js'
import type { Log } from '../log/log.js'
import { PoolKind, type Engine, type PoolEffect } from '../boundary/native.js'
import { makeWorkerAgent, type PooledAgent } from './worker-agent.js'
import type { Agent } from '../api/agent.js'
import type { AgentEvent, PoolEvents } from '../api/pool.js'
import type { AgentKind } from './registration.js'

/** An instance that exists. */
export class Instance {
  readonly number: number
  readonly kind: AgentKind
  readonly agent: PooledAgent
  readonly #all: AgentInstances

  constructor(number: number, kind: AgentKind, agent: PooledAgent, all: AgentInstances) {
    this.number = number
    this.kind = kind
    this.agent = agent
    this.#all = all
  }

  /** An attempt waits for others: its place is theirs meanwhile. */
  lend(): void {
    this.#all.tell((engine) => engine.lendAgent(this.number))
  }

  /** The attempt wants its place back: it has it at once, or waits with the ticket that is the answer until `back` is called. */
  reclaim(back: () => void): number | undefined {
    return this.#all.reclaim(this.number, back)
  }

  /** The attempt ends while its place is lent, or while it waits for it with a ticket. */
  retake(ticket: number | undefined): void {
    this.#all.retake(this.number, ticket)
  }

  event(): AgentEvent {
    return { type: this.kind.typeName, agentId: this.kind.id, instance: this.number }
  }
}

type Announce = <K extends keyof PoolEvents>(name: K, event: PoolEvents[K][0]) => void

export class AgentInstances {
  engine: Engine | undefined
  readonly #kindOf: (number: number) => AgentKind
  readonly #schedule: () => void
  readonly #announce: Announce
  readonly #log: Log
  readonly #instances = new Map<number, Instance>()
  /** Those of them that were asked for last, by their numbers without what is beyond `NEAR`: one is asked for with each task, and numbers follow each other. */
  readonly #near: (Instance | undefined)[] = new Array<Instance | undefined>(NEAR).fill(undefined)
  /** Why an instance could not be made; the latest failures. */
  readonly #failures = new Map<number, AgentError>()
  /** Being made: who is let go of meanwhile is disposed of when it is there. */
  readonly #making = new Set<number>()
  /** Attempts that wait to have their place back, by ticket. */
  readonly #reclaims = new Map<number, () => void>()
  #tickets = 0
  #closed = false
  /** Agents that are still being made in workers are not waited for. */
  readonly #closing = new AbortController()

  readonly #lostAgent: (agentId: string) => void

  constructor(kindOf: (number: number) => AgentKind, schedule: () => void, announce: Announce, log: Log, lost: (agentId: string) => void) {
    this.#kindOf = kindOf
    this.#schedule = schedule
    this.#announce = announce
    this.#log = log
    this.#lostAgent = lost
  }

  get size(): number {
    return this.#instances.size
  }

  /** How many are being made. */
  get making(): number {
    return this.#making.size
  }

  /** How many attempts wait to have their place back. */
  get reclaiming(): number {
    return this.#reclaims.size
  }

  find(number: number): Instance | undefined {
    const near = this.#near[number % NEAR]
    return near?.number === number ? near : this.#findFar(number)
  }

  #findFar(number: number): Instance | undefined {
    const instance = this.#instances.get(number)
    if (instance !== undefined) this.#near[number % NEAR] = instance
    return instance
  }

  #forget(number: number): void {
    this.#instances.delete(number)
    this.#near[number % NEAR] = undefined
  }

  /** Why there is no instance of this number. */
  failure(number: number, agentId: string): AgentError {
    const known = this.#failures.get(number)
    if (known !== undefined) return known
    const what = this.#making.has(number) ? 'create has not come back' : 'its instance is gone'
    return new AgentError('ERR_AGENT_CREATE', `agent \`${agentId}\` could not be made: ${what}`, { retryable: true })
  }

  /** What the engine wants of instances. */
  hear(kind: Exclude<PoolKind, typeof PoolKind.scaledUp | typeof PoolKind.scaledDown>, effect: PoolEffect): void {
    switch (kind) {
      case PoolKind.createAgent:
        void this.#make(effect.instance, this.#kindOf(effect.agent))
        break
      case PoolKind.disposeAgent:
        void this.#dispose(effect.instance, effect.force === 1)
        break
      case PoolKind.checkAgent:
        void this.#check(effect.instance)
        break
      case PoolKind.reclaimed:
        this.#take(effect.ticket)
        break
      case PoolKind.agentUnhealthy:
        this.#tellHealth('agent:unhealthy', effect)
        break
      case PoolKind.agentRecovered:
        this.#tellHealth('agent:recovered', effect)
        break
    }
  }

  #tellHealth(name: 'agent:unhealthy' | 'agent:recovered', effect: PoolEffect): void {
    const instance = this.#instances.get(effect.instance)
    if (instance !== undefined) this.#announce(name, instance.event())
  }

  reclaim(number: number, back: () => void): number | undefined {
    const ticket = (this.#tickets += 1)
    let granted = true
    this.tell((engine) => {
      granted = engine.reclaimAgent(number, ticket)
    })
    if (granted) return undefined
    this.#reclaims.set(ticket, back)
    return ticket
  }

  retake(number: number, ticket: number | undefined): void {
    if (ticket !== undefined) this.#reclaims.delete(ticket)
    this.tell((engine) => engine.retakeAgent(number, ticket ?? null))
  }

  /** Lets go of every instance; one that throws does not keep the others. */
  async close(): Promise<void> {
    this.#closed = true
    this.#closing.abort(new ClosedError('ERR_CLOSED', 'the orchestrator was shut down before the agent was made'))
    for (const ticket of this.#reclaims.keys()) this.#take(ticket)
    await Promise.allSettled([...this.#instances.values()].map((instance) => this.#letGo(instance)))
    this.#instances.clear()
    this.#near.fill(undefined)
  }

  async #make(number: number, kind: AgentKind): Promise<void> {
    this.#making.add(number)
    try {
      const made = this.#create(number, kind)
      // What is there at once need not wait for a turn.
      this.#made(number, kind, isPromise(made) ? await made : made)
    } catch (cause) {
      this.#notMade(number, kind, cause)
    }
  }

  #create(number: number, { id, type, configuration }: AgentKind): unknown {
    if (type.worker === undefined) return type.create?.(configuration)
    return makeWorkerAgent({ id, type: type.worker, configuration, onLost: () => this.#lost(number), signal: this.#closing.signal })
  }

  #made(number: number, kind: AgentKind, agent: unknown): void {
    if (typeof (agent as Agent | null | undefined)?.execute !== 'function') {
      const isFunction = typeof agent === 'function'
      const what = agent === undefined ? 'nothing' : isFunction ? 'a function' : 'something without an `execute` method'
      const instead = isFunction ? `, or register that function itself: agentPool.registerAgent('${kind.id}', execute)` : ''
      const message = `create of agent \`${kind.id}\` returned ${what}; return { execute: async (task, context) => … }${instead}`
      throw new AgentError('ERR_AGENT_INVALID', message)
    }
    const instance = new Instance(number, kind, agent as PooledAgent, this)
    if (!this.#making.delete(number) || this.#closed) return void this.#letGo(instance)
    this.#instances.set(number, instance)
    this.#announce('agent:created', instance.event())
    this.tell((engine) => engine.agentCreated(number, typeof instance.agent.healthCheck === 'function', instance.agent.worker))
  }

  #notMade(number: number, kind: AgentKind, cause: unknown): void {
    if (!this.#making.delete(number)) return
    const isOurs = cause instanceof AgentError
    const message = `agent \`${kind.id}\` could not be made: ${messageOf(cause)}`
    const failure = isOurs ? cause : new AgentError('ERR_AGENT_CREATE', message, { cause, retryable: true })
    this.#failures.set(number, failure)
    if (this.#failures.size > FAILURES_MAX) this.#failures.delete(this.#failures.keys().next().value as number)
    this.tell((engine) => engine.agentFailed(number, failure.code === 'ERR_AGENT_INVALID'))
  }

  async #check(number: number): Promise<void> {
    const instance = this.#instances.get(number)
    let healthy = false
    try {
      // Anything but `false` is well: a check that returns nothing has found nothing.
      healthy = instance === undefined || (await instance.agent.healthCheck?.()) !== false
    } catch {
      // One that throws has found something.
    }
    this.tell((engine) => engine.agentChecked(number, healthy))
  }

  async #dispose(number: number, force: boolean): Promise<void> {
    const instance = this.#instances.get(number)
    this.#making.delete(number)
    this.#forget(number)
    if (instance !== undefined) {
      if (force) instance.agent.kill?.()
      await this.#letGo(instance)
    }
    this.tell((engine) => engine.agentDisposed(number))
  }

  async #letGo(instance: Instance): Promise<void> {
    try {
      await instance.agent.dispose?.()
    } catch (error) {
      // While it closes nobody can do anything about it.
      if (!this.#closed) {
        const message = `dispose of agent \`${instance.kind.id}\` failed: ${messageOf(error)}`
        const err = errorOf('ERR_AGENT', message, { cause: error })
        this.#log.warn({ event: 'agent:dispose', code: err.code, agentId: instance.kind.id, err }, message)
      }
    }
    this.#announce('agent:disposed', instance.event())
  }

  /** Its worker is gone. */
  #lost(number: number): void {
    const instance = this.#instances.get(number)
    if (instance === undefined) return
    this.#forget(number)
    this.#announce('agent:disposed', instance.event())
    this.#lostAgent(instance.event().agentId)
    this.tell((engine) => engine.agentLost(number))
  }

  #take(ticket: number): void {
    const back = this.#reclaims.get(ticket)
    this.#reclaims.delete(ticket)
    back?.()
  }

  /** Tells the engine, and has it heard soon. */
  tell(tell: (engine: Engine) => void): void {
    if (this.#closed || this.engine === undefined) return
    try {
      tell(this.engine)
    } catch {
      // The store has failed, and nothing is begun any more; whoever calls hears of it.
      return
    }
    this.#schedule()
  }
}

/** Instances that are found without a hash. */
const NEAR = 1024

/** Failures whose reasons are remembered, for the attempts that will ask for them. */
const FAILURES_MAX = 1000

function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || (typeof value === 'object' && value !== null && 'then' in value)
}
