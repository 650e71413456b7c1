// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the pool is told of agents, as the binding takes it: what was not said is absent.

import type { ResolvedAgents } from '../config/config.js'
import type { AgentLimits, TypeLimits } from './shapes.js'

interface Policy {
  scaleUp: number
  scaleDown: number
  checkEvery: number
}

interface Type {
  min: number
  max: number
  concurrency: number
  reserveSlots?: number
  reservePriority?: number
}

interface Agent {
  id: string
  of: number
  capabilities: string[]
  concurrency?: number
  rateCount?: number
  ratePer?: number
  configuration?: string
}

export function policyOf({ scaleUpThreshold, scaleDownThreshold, healthCheckInterval }: ResolvedAgents): Policy {
  return {
    scaleUp: Math.max(Math.round(scaleUpThreshold), 1),
    scaleDown: Math.round(scaleDownThreshold),
    checkEvery: healthCheckInterval,
  }
}

export function typeOf({ minAgents, maxAgents, maxConcurrency, reserve }: TypeLimits): Type {
  const kept = reserve && { reserveSlots: reserve.slots, reservePriority: reserve.priority }
  return { min: minAgents, max: maxAgents, concurrency: maxConcurrency, ...kept }
}

export function agentOf(
  id: string,
  of: number,
  capabilities: readonly string[],
  { maxConcurrency, rateLimit }: AgentLimits,
  print: string | undefined,
): Agent {
  return {
    id,
    of,
    capabilities: [...capabilities],
    ...(maxConcurrency !== undefined && { concurrency: maxConcurrency }),
    ...(rateLimit && { rateCount: rateLimit.limit, ratePer: rateLimit.interval }),
    ...(print !== undefined && { configuration: print }),
  }
}
