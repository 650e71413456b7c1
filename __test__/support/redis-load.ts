// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions under way on a server to which something is about to happen: what is to be true of them afterwards.

import type { AttemptContext, MultiAgentOrchestrator, OrchestratorConfig, TaskInput } from '@codexos/multi-agent-orchestrator'
import { expect } from 'vitest'
import { orchestratorWith, task, workflow } from './orchestrators.ts'

/** Four tasks, one after the other. */
export const CHAIN = workflow(
  ['a', 'b', 'c', 'd'].map((id, place, ids) => task(id, place === 0 ? {} : { dependencies: [ids[place - 1] ?? ''] })),
)
export const EXECUTIONS = 60

export interface Load {
  readonly orchestrator: MultiAgentOrchestrator
  /** Attempts so far, by the keys that are equal where a task runs again. */
  readonly attempts: string[]
  /** Resolves when all have ended, each with the end of each task, and so many more. */
  done(more?: number): Promise<void>
  /** Resolves when so many attempts have begun. */
  reaches(attempts: number): Promise<void>
}

/** Executions under way at once, whose agents take a moment. */
export function loadOn(port: number, redis: OrchestratorConfig['redis'] = {}): Load {
  const attempts: string[] = []
  const waiting: (() => void)[] = []
  const work = async ({ id, input }: TaskInput, { idempotencyKey }: AttemptContext): Promise<unknown> => {
    attempts.push(idempotencyKey)
    for (const look of waiting.splice(0)) look()
    await new Promise((resolve) => setTimeout(resolve, 10))
    return { of: id, input }
  }
  const orchestrator = orchestratorWith({ work }, { redis: { host: '127.0.0.1', port, ...redis }, logger: false })
  const ended = Promise.all(Array.from({ length: EXECUTIONS }, () => orchestrator.executeWorkflow(CHAIN)))
  ended.catch(() => {})
  return {
    orchestrator,
    attempts,
    done: async (more = 0) => {
      const executions = await ended
      expect(new Set(executions.map(({ id }) => id)).size).toBe(EXECUTIONS)
      const { executions: onRecord, cursor } = await orchestrator.listExecutions({ limit: 1000 })
      expect([onRecord.length, cursor]).toEqual([EXECUTIONS + more, undefined])
      for (const { status, results, tasks } of onRecord) {
        expect([status, Object.keys(results)]).toEqual(['completed', ['a', 'b', 'c', 'd']])
        expect(tasks.map(({ attempts: count }) => count)).toEqual([1, 1, 1, 1])
      }
      // Each agent was called once for each task: no fault of the server repeats what a living process does.
      expect(attempts.length).toBe(new Set(attempts).size)
    },
    reaches: async (count) => {
      while (attempts.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
    },
  }
}
