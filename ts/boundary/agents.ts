// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the pool is told of agents, as the binding takes it: what was not said is absent.

import type { ResolvedAgents } from '../config/config.js'
import type { NativeAgent, NativePoolPolicy, NativeTypeLimits } from '../native/binding.cjs'
import type { AgentLimits, TypeLimits } from './shapes.js'

export function policyOf({ scaleUpThreshold, scaleDownThreshold, healthCheckInterval }: ResolvedAgents): NativePoolPolicy {
  return {
    scaleUp: Math.max(Math.round(scaleUpThreshold), 1),
    scaleDown: Math.round(scaleDownThreshold),
    checkEvery: healthCheckInterval,
  }
}

export function typeOf({ minAgents, maxAgents, maxConcurrency, reserve }: TypeLimits): NativeTypeLimits {
  const kept = reserve && { reserveSlots: reserve.slots, reservePriority: reserve.priority }
  return { min: minAgents, max: maxAgents, concurrency: maxConcurrency, ...kept }
}

export function agentOf(
  id: string,
  of: number,
  capabilities: readonly string[],
  { maxConcurrency, rateLimit }: AgentLimits,
  print: string | undefined,
): NativeAgent {
  return {
    id,
    of,
    capabilities: [...capabilities],
    ...(maxConcurrency !== undefined && { concurrency: maxConcurrency }),
    ...(rateLimit && { rateCount: rateLimit.limit, ratePer: rateLimit.interval }),
    ...(print !== undefined && { configuration: print }),
  }
}
