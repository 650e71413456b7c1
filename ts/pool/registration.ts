// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What may be registered as a type of agent, and as an agent: every field judged, every problem at once.

import type { ResolvedAgents } from '../config/config.js'
import { duration, integer, readGroup, type Fields } from '../base/reader.js'
import { ValidationError } from '../api/errors.js'
import { describe, memberPath, type Issue } from '../api/issue.js'
import { judgeName } from '../base/names.js'
import { issuesOfWorkerType } from './worker-type.js'
import type { AgentRegistration, AgentType, InlineAgentType, RateLimit, WorkerAgentType } from '../api/agent.js'
import type { AgentLimits, TypeLimits, TypeNumbers } from '../boundary/shapes.js'

/** A type of agent with nothing left open. */
export interface ResolvedType extends TypeLimits {
  /** Makes an instance here. */
  readonly create?: (configuration: object) => unknown
  /** Instances are made in workers. */
  readonly worker?: WorkerAgentType
}

/** More attempts at once than this no instance has a use for. */
export const CONCURRENCY_MAX = 1_000_000
/** Instances of one type. */
const AGENTS_MAX = 100_000

const reserveFields: Fields<{ slots: number; priority: number }> = {
  read: { slots: integer(1, CONCURRENCY_MAX), priority: integer(-1000, 1000) },
}

const rateFields: Fields<{ limit: number; interval: number }> = {
  read: { limit: integer(1, CONCURRENCY_MAX), interval: duration },
}

/** The type, or a `ValidationError` with everything that is wrong with it. What it leaves open is as `policy` says. */
export function readType(name: unknown, type: AgentType, policy: ResolvedAgents): ResolvedType {
  const issues = issuesOfName(name, 'name')
  if (!isObject(type)) {
    issues.push({
      path: 'type',
      message: `must be an object such as { create: async (config) => ({ execute: … }) }, not ${describe(type)}`,
    })
  }
  check(issues)
  const { reserve: kept, ...others } = type
  const numbers = Object.fromEntries(Object.entries(others).filter(([field]) => !FORM_FIELDS.includes(field)))
  if (type.isolation === 'worker') issues.push(...issuesOfWorkerType(type))
  else issues.push(...issuesOfInlineType(type))
  const defaults = { minAgents: policy.minAgents, maxAgents: policy.maxAgents, maxConcurrency: 1 }
  const own = readGroup<TypeNumbers>(numbers, 'type', issues, typeFields, defaults)
  const reserve = kept === undefined ? undefined : readGroup(kept, 'type.reserve', issues, reserveFields, { slots: 0, priority: 0 })
  if (reserve?.slots === 0 && issues.length === 0)
    issues.push({ path: 'type.reserve.slots', message: 'is required: the number of places to keep' })
  // Only what is written here can contradict itself: the least and the most of the configuration agree, and give way to what a type says.
  if (own.minAgents > own.maxAgents && type.minAgents !== undefined) {
    issues.push({ path: 'type.minAgents', message: `must be at most \`maxAgents\` (${own.maxAgents}), not ${own.minAgents}` })
  }
  check(issues)
  const minAgents = Math.min(own.minAgents, own.maxAgents)
  return type.isolation === 'worker'
    ? { ...own, minAgents, reserve, worker: type }
    : { ...own, minAgents, reserve, create: (config) => type.create(config) }
}

/** The fields that say how instances are made. */
const FORM_FIELDS = ['create', 'isolation', 'module', 'memoryLimit', 'execute']

function issuesOfInlineType(type: InlineAgentType): Issue[] {
  const { isolation } = type
  if (isolation !== undefined && isolation !== 'inline') return [{ path: 'type.isolation', message: "must be 'inline' or 'worker'" }]
  if (typeof type.create !== 'function') return [{ path: 'type.create', message: noCreate(type) }]
  const agents = 'execute' in type ? [{ path: 'type.execute', message: 'belongs to the agent that `create` returns; remove it here' }] : []
  const workers = ['module', 'memoryLimit']
    .filter((field) => (type as unknown as Record<string, unknown>)[field] !== undefined)
    .map((field) => ({ path: `type.${field}`, message: "needs isolation: 'worker'; add it, or leave this out" }))
  return [...agents, ...workers]
}

function noCreate(type: InlineAgentType): string {
  if ('execute' in type && type.create === undefined)
    return 'is missing: `execute` belongs to the agent that it returns; write { create: () => ({ execute }) }, or registerAgent(name, execute)'
  return `must be a function that returns an agent: { create: async (config) => ({ execute: … }) }; not ${describe((type as { create?: unknown }).create)}`
}

const typeFields: Fields<TypeNumbers> = {
  read: { minAgents: integer(0, AGENTS_MAX), maxAgents: integer(1, AGENTS_MAX), maxConcurrency: integer(1, CONCURRENCY_MAX) },
}

/** The limits of an agent, or a `ValidationError` with everything that is wrong with it. */
export function readAgent(agent: AgentRegistration): AgentLimits {
  if (!isObject(agent)) check([{ path: 'agent', message: 'must be an object such as { id, type, configuration }' }])
  const { id, type, capabilities, configuration, maxConcurrency, rateLimit, ...others } = agent
  const issues = [...issuesOfName(id, 'agent.id'), ...issuesOfName(type, 'agent.type')]
  const known = ['id', 'type', 'capabilities', 'configuration', 'maxConcurrency', 'rateLimit']
  for (const [field, value] of Object.entries(others)) {
    if (value !== undefined)
      issues.push({ path: memberPath('agent', field), code: 'ERR_UNKNOWN_FIELD', message: `is not a field; there are ${known.join(', ')}` })
  }
  if (capabilities !== undefined && !(Array.isArray(capabilities) && capabilities.every((one) => typeof one === 'string' && one !== ''))) {
    issues.push({ path: 'agent.capabilities', message: 'must be an array of non-empty strings' })
  }
  if (configuration !== undefined && (typeof configuration !== 'object' || configuration === null)) {
    issues.push({ path: 'agent.configuration', message: 'must be an object' })
  }
  if (maxConcurrency !== undefined) integer(1, CONCURRENCY_MAX)(maxConcurrency, 'agent.maxConcurrency', issues)
  const rate = rateLimit === undefined ? undefined : readRate(rateLimit, issues)
  check(issues)
  return { maxConcurrency, rateLimit: rate }
}

function readRate(rateLimit: RateLimit, issues: Issue[]): { limit: number; interval: number } {
  const rate = readGroup(rateLimit as object, 'agent.rateLimit', issues, rateFields, { limit: 0, interval: 0 })
  if (issues.length === 0 && (rate.limit === 0 || rate.interval === 0)) {
    issues.push({ path: 'agent.rateLimit', message: "needs both, such as { limit: 60, interval: '1m' }" })
  }
  return rate
}

function issuesOfName(name: unknown, path: string): Issue[] {
  const issues: Issue[] = []
  judgeName(name, path, issues, { most: Infinity })
  return issues
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function check(issues: Issue[]): void {
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the agent cannot be registered', issues)
}

/** One agent that instances can be made of: a registered one, or the one that goes by the name of its type. */
export interface AgentKind {
  readonly id: string
  readonly typeName: string
  /** What the engine knows its type by. */
  readonly typeNumber: number
  readonly type: ResolvedType
  readonly configuration: object
  readonly capabilities: readonly string[]
  /** Its own limits; the one that goes by the name of its type has none. */
  readonly limits: AgentLimits | undefined
}
