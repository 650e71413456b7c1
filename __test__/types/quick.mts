// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An ES module of a strict user. It is checked, never run: each `@ts-expect-error` must be one.

import {
  CancelledError,
  MultiAgentOrchestrator,
  OrchestratorError,
  ValidationError,
  type Agent,
  type AgentTask,
  type AgentType,
  type AgentWorkflow,
  type AttemptContext,
  type Duration,
  type ErrorCode,
  type ExecutionHandle,
  type ExecutionList,
  type Issue,
  type McpServer,
  type OrchestratorConfig,
  type OrchestratorEvents,
  type OrchestratorStatistics,
  type TaskExecution,
  type TaskFailedError,
  type TaskInput,
  type ValidationResult,
  type WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import { z } from 'zod'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const check = <T extends true>(): T => true as T

// Every part of a configuration may be absent, or undefined.
const configs: OrchestratorConfig[] = [
  {},
  { storage: { path: 'x' } },
  { workflow: { defaultTimeout: '30s' } },
  { agents: undefined, storage: undefined },
]
export const orchestrator = new MultiAgentOrchestrator(configs[0])
export const redis = new MultiAgentOrchestrator({ redis: { host: 'localhost', port: 6379 } })
// @ts-expect-error -- a durability that does not exist
export const durability = new MultiAgentOrchestrator({ storage: { path: 'x', durability: 'maybe' } })

// A workflow in a variable of its own, with words wider than literals.
const loose = {
  id: 'w',
  name: 'W',
  version: '1',
  tasks: [
    { id: 'a', name: 'A', agentId: 'x', type: 'sequential', input: { prompt: 'p', schema: { type: 'object' } } },
    {
      id: 'b',
      name: 'B',
      agentId: 'x',
      type: 'parallel',
      dependencies: ['a'],
      retryPolicy: { maxAttempts: 3, backoffType: 'exponential', initialDelay: '10ms' },
      timeout: '30s',
    },
  ],
  metadata: { author: 'me', created: new Date(), tags: ['x'], anything: 1 },
}
const frozen = { id: 'w', name: 'W', version: '1', tasks: [{ id: 'a', name: 'A', agentId: 'x', dependencies: [] }] } as const
export const strict: AgentWorkflow = loose
export const readonlyToo: AgentWorkflow = frozen
// @ts-expect-error -- a task without an id
export const nameless: AgentTask = { name: 'A', agentId: 'x' }
// @ts-expect-error -- a misspelt field
export const misspelt: AgentTask = { id: 'a', name: 'A', agentId: 'x', dependancies: [] }

export async function use(): Promise<void> {
  const execution = await orchestrator.executeWorkflow(loose, { userId: 'u' }, { signal: new AbortController().signal })
  check<Equal<typeof execution, WorkflowExecution>>()
  check<Equal<typeof execution.results, Readonly<Record<string, unknown>>>>()
  check<Equal<typeof execution.status, 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled' | 'damaged'>>()
  // @ts-expect-error -- an execution is read, not written
  execution.status = 'completed'
  // @ts-expect-error -- a context is an object
  await orchestrator.executeWorkflow(loose, 'context')
  // @ts-expect-error -- a priority is a number
  await orchestrator.executeWorkflow(loose, {}, { priority: 'high' })

  // What may be left out may be undefined, and a program that passes workflows on may have them wide.
  await orchestrator.executeWorkflow(loose, undefined, undefined)
  const passOn = (flow: AgentWorkflow, context?: object): Promise<WorkflowExecution> => orchestrator.executeWorkflow(flow, context, {})
  await passOn(frozen)

  const handle: ExecutionHandle = await orchestrator.startWorkflow(frozen)
  const settled: WorkflowExecution = await handle.settled()
  const seen: WorkflowExecution | undefined = await orchestrator.getExecution(settled.id)
  const page: ExecutionList = await orchestrator.listExecutions({ since: new Date(), status: 'running', cursor: undefined })
  const statistics: OrchestratorStatistics = await orchestrator.getStatistics()
  const result: ValidationResult = orchestrator.workflowEngine.validateWorkflow(loose)
  const problems: readonly Issue[] = result.problems
  await orchestrator.cancelExecution(handle.id, 'why')
  await orchestrator.shutdown({ drainMs: 10 })
  await orchestrator[Symbol.asyncDispose]()
  console.log(seen, page.cursor?.length, statistics.activeWorkflows, problems.length)
}

// Agents: what they are given is the author's own data, what they return may be anything.
const agent: Agent = {
  execute: async (task: TaskInput, { signal, attempt, idempotencyKey }: AttemptContext) => [
    task.context['x'],
    signal.aborted,
    attempt,
    idempotencyKey.length,
  ],
}
const type: AgentType = { create: () => agent }
orchestrator.agentPool.registerAgentType('x', type)
orchestrator.agentPool.registerAgentType('y', {
  create: (config) => ({ execute: (task) => task.input.data.anything + config.key, dispose: () => {} }),
})
orchestrator.agentPool.registerAgent({ id: 'z', type: 'y', configuration: { key: 1 } })
orchestrator.agentPool.registerAgentType('w', {
  isolation: 'worker',
  module: new URL('./agent.mjs', import.meta.url),
  memoryLimit: 2 ** 28,
})
// @ts-expect-error -- an isolated type has a module
orchestrator.agentPool.registerAgentType('w', { isolation: 'worker', create: () => agent })
// @ts-expect-error -- an agent has `execute`
orchestrator.agentPool.registerAgentType('bad', { create: () => ({ run: () => 1 }) })

// Events: the name decides what a listener gets.
orchestrator.on('workflow:completed', (execution) => check<Equal<typeof execution, WorkflowExecution>>())
orchestrator.once('task:failed', (task, error) => {
  check<Equal<typeof task, TaskExecution>>()
  check<Equal<typeof error, TaskFailedError>>()
})
orchestrator.on('task:retrying', (_task, error) => check<Equal<typeof error, TaskFailedError>>())
check<Equal<OrchestratorEvents['task:completed'], [task: TaskExecution]>>()
check<
  Equal<
    keyof OrchestratorEvents,
    | 'alert'
    | `insight${'' | ':outcome'}`
    | `workflow:${'started' | 'completed' | 'failed' | 'cancelled' | 'paused' | 'resumed'}`
    | `task:${'started' | 'completed' | 'failed' | 'retrying' | 'skipped' | 'cancelled' | 'waiting' | 'iteration' | 'progress'}`
  >
>()
// @ts-expect-error -- task:completed has one argument
orchestrator.on('task:completed', (_task, _error) => {})

// A tool gets what its schema makes of the arguments.
orchestrator.agentPool.registerTool({
  name: 'weather',
  description: 'The weather of a city',
  parameters: z.object({ city: z.string(), days: z.coerce.number().default(1) }),
  execute: async ({ city, days }, { signal }) => {
    check<Equal<typeof city, string>>()
    check<Equal<typeof days, number>>()
    return signal.aborted ? null : { city, days }
  },
})
orchestrator.agentPool.registerTool({
  name: 'raw',
  description: 'Of JSON Schema nothing is known',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
  execute: (args) => check<Equal<typeof args, Record<string, unknown>>>(),
})
export const servers: McpServer[] = [
  { command: 'npx', args: ['-y', 'some-server'], env: { TOKEN: 'x' }, tools: { include: ['a'] } },
  { url: new URL('https://mcp.example.com'), headers: {}, prefix: '', timeout: '30s' },
]
// @ts-expect-error -- neither a program nor an address
export const nowhere: McpServer = { name: 'x' }

// Errors narrow by class, and by isInstance for those of another copy.
export function told(error: unknown): string {
  if (error instanceof ValidationError) return error.issues.map(({ path }) => path).join()
  if (error instanceof CancelledError) return error.execution?.reason ?? ''
  if (OrchestratorError.isInstance(error)) {
    const code: ErrorCode = error.code
    return code
  }
  return ''
}
export const durations: Duration[] = [1, '250ms', '1.5s', '5m', '2h', '1d']
// @ts-expect-error -- no instant
export const wrong: Duration = new Date()
