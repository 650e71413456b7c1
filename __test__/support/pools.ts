// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a pool tells, written down and counted after.

import type { MultiAgentOrchestrator, PoolFigures, PoolStatistics } from '@codexos/multi-agent-orchestrator'
import { expect } from 'vitest'
import { until } from './orchestrators.ts'

/** All that a pool announced, in words; instances have the numbers in which they came. */
export interface PoolLog {
  readonly lines: string[]
  /** Those that begin with one of the words, without the others. */
  of(...words: string[]): string[]
}

/** Writes down what a pool announces, and finds its figures right at each of its events. */
export function logOf({ agentPool }: MultiAgentOrchestrator): PoolLog {
  const lines: string[] = []
  const log = (line: string): void => {
    lines.push(line)
    expectSums(agentPool.getStatistics())
  }
  for (const name of ['created', 'unhealthy', 'recovered', 'disposed'] as const)
    agentPool.on(`agent:${name}`, ({ agentId, instance }) => log(`${name} ${agentId} ${instance}`))
  for (const name of ['allocated', 'released'] as const)
    agentPool.on(`agent:${name}`, ({ instance, taskId, attempt }) => log(`${name} ${instance} to ${taskId} ${attempt}`))
  for (const name of ['up', 'down'] as const)
    agentPool.on(`pool:scaled-${name}`, ({ type, from, to }) => log(`${name} ${type} ${from} to ${to}`))
  return { lines, of: (...words) => lines.filter((line) => words.includes(line.split(' ')[0] ?? '')) }
}

const ADDED = ['total', 'available', 'busy', 'offline', 'running', 'lent', 'queued', 'leaked'] as const

/** That the figures of a pool agree with each other. */
export function expectSums(statistics: PoolStatistics): void {
  const types = Object.values(statistics.types)
  for (const { total, available, busy, offline, utilisation, wait } of [statistics, ...types]) {
    expect(available + busy + offline).toBe(total)
    expect(utilisation >= 0 && wait.p50 >= 0 && wait.p95 >= wait.p50).toBe(true)
  }
  for (const figure of ADDED) expect([figure, types.reduce((sum, type) => sum + type[figure], 0)]).toEqual([figure, statistics[figure]])
}

/** That nobody has, lends or wants a place any more. */
export async function expectAtRest({ agentPool }: MultiAgentOrchestrator): Promise<void> {
  const atRest = ({ running, lent, queued, busy }: PoolFigures): boolean => running + lent + queued + busy === 0
  // An answer is heard in a microtask; whoever awaited its execution may have been quicker.
  await until(() => atRest(agentPool.getStatistics()))
  expectSums(agentPool.getStatistics())
}
