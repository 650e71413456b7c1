// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Orchestrators that are shut down after the test, and the small words that tests are written in.

import {
  MultiAgentOrchestrator,
  OrchestratorError,
  ValidationError,
  type AgentTask,
  type AgentWorkflow,
  type AttemptContext,
  type OrchestratorConfig,
  type TaskInput,
} from '@codexos/multi-agent-orchestrator'
import { afterEach, expect, vi } from 'vitest'

const open: MultiAgentOrchestrator[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((orchestrator) => orchestrator.shutdown({ drainMs: 0 })))
})

export type Execute = (task: TaskInput, context: AttemptContext) => unknown

/** An orchestrator with one agent for each function. */
export function orchestratorWith(agents: Record<string, Execute> = {}, config?: OrchestratorConfig): MultiAgentOrchestrator {
  const orchestrator = new MultiAgentOrchestrator(config)
  open.push(orchestrator)
  register(orchestrator, agents)
  return orchestrator
}

/** Each with one instance that takes all there is: who is not about the pool need not wait for it. */
export function register(orchestrator: MultiAgentOrchestrator, agents: Record<string, Execute>): void {
  for (const [name, execute] of Object.entries(agents))
    orchestrator.agentPool.registerAgentType(name, { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 10_000 })
}

/** A task of agent `work`, unless said otherwise. */
export function task(id: string, rest: Partial<AgentTask> = {}): AgentTask {
  return { id, name: id, agentId: 'work', ...rest }
}

export function workflow(tasks: readonly AgentTask[], rest: Partial<AgentWorkflow> = {}): AgentWorkflow {
  return { id: 'flow', name: 'Flow', version: '1.0.0', tasks, ...rest }
}

/** What the promise rejects with; that it does is part of the test. */
export async function rejection(promise: Promise<unknown>): Promise<OrchestratorError> {
  const error: unknown = await promise.then(
    () => expect.fail('it did not reject'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(OrchestratorError)
  return error as OrchestratorError
}

/** What the call throws; that it does is part of the test. */
export function thrownBy(call: () => unknown): OrchestratorError {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(OrchestratorError)
    return error as OrchestratorError
  }
  return expect.fail('it did not throw')
}

/** The problems of an error as `code path`, sorted as they came. */
export function places(error: OrchestratorError): string[] {
  expect(error).toBeInstanceOf(ValidationError)
  return (error as ValidationError).issues.map(({ code, path }) => (code === undefined ? path : `${code} ${path}`))
}

/** A promise and what settles it. */
export interface Gate<T = void> {
  readonly promise: Promise<T>
  open(value: T): void
}

export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => {}
  const promise = new Promise<T>((resolve) => {
    open = resolve
  })
  return { promise, open: (value) => open(value) }
}

/** Rejects with the signal's reason as soon as it aborts: an agent that listens. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}

/** Resolves as soon as `reached` says so. */
export async function until(reached: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await reached())) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Resolves as soon as `check` throws nothing; only the time of the test bounds that, on whatever machine. What it threw last is why it failed. */
export async function eventually(check: () => unknown): Promise<void> {
  await vi.waitFor(check, { timeout: 25_000, interval: 5 })
}

/** That it still works after what it went through. */
export async function expectStillWorks(orchestrator: MultiAgentOrchestrator): Promise<void> {
  const name = `probe-${probes++}`
  register(orchestrator, { [name]: () => 'well' })
  const { results } = await orchestrator.executeWorkflow(workflow([task('probe', { agentId: name })], { id: name }))
  expect(results).toEqual({ probe: 'well' })
}

let probes = 0
