// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What models may cost executions, and who retries, cancels and times out: told by the requests that a server sees.

import type {
  AgentTask,
  ModelBudget,
  ModelError,
  OrchestratorConfig,
  TaskFailedError,
  WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import { beforeEach, describe, expect, it } from 'vitest'
import { modelServer, type ModelServer, type Said } from '../support/scripted-model-server.ts'
import { orchestratorWith, register, rejection, task, until, workflow } from '../support/orchestrators.ts'

let say: (prompt: string) => Said | Promise<Said>
let server: ModelServer

beforeEach(async () => {
  say = (prompt) => `answer to ${prompt}`
  server = await modelServer(({ prompt }) => say(prompt))
})

/** A task that asks the model for its own id. */
const asks = (id: string, rest: Partial<AgentTask> = {}): AgentTask => task(id, { agentId: 'llm', input: { prompt: id }, ...rest })
const PRICES = {
  provider: 'local',
  id: 'm',
  contextWindow: 4000,
  maxOutput: 100,
  capabilities: ['text-generation'],
  prices: { input: 100, output: 1000 },
} as const
/** 10 tokens at 0.0001 and 2 at 0.001. */
const COST = 0.003

function priced(config?: OrchestratorConfig): ReturnType<typeof orchestratorWith> {
  const orchestrator = orchestratorWith({}, server.config(config))
  orchestrator.modelIntegration.registerModel(PRICES)
  return orchestrator
}

const failed = async (run: Promise<unknown>): Promise<{ cause: ModelError; execution: WorkflowExecution }> =>
  (await rejection(run)) as TaskFailedError & { cause: ModelError; execution: WorkflowExecution }

describe('a budget that is used up', () => {
  const chain = ['a', 'b', 'c', 'd'].map((id, place, all) =>
    asks(id, { dependencies: all.slice(place - 1, place).filter(() => place > 0) }),
  )
  const kinds: [string, ModelBudget][] = [
    ['calls', { calls: 2 }],
    ['tokens', { tokens: 24 + 100 + 20 }],
    ['usd', { usd: COST * 2 + 0.1 }],
  ]

  it.each(kinds)('of %s in a workflow ends it, and what there is stays', async (what, budget) => {
    const orchestrator = priced()
    // Each call is taken to use as much as it may.
    orchestrator.agentPool.registerAgent({ id: 'short', type: 'llm', configuration: { maxTokens: 100, include: 'none' } })
    const tasks = chain.map((one) => ({ ...one, agentId: 'short' }))
    const { cause, execution } = await failed(orchestrator.executeWorkflow(workflow(tasks, { budget })))
    expect(cause).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', retryable: false, details: { scope: `execution:${execution.id}` } })
    expect(cause.message, what).toMatch(/budget/)
    expect(execution.results).toEqual({ a: 'answer to a', b: 'answer to b' })
    expect(execution.tasks.map(({ status }) => status)).toEqual(['completed', 'completed', 'failed', 'skipped'])
    expect(execution.metrics.resourceUsage).toMatchObject({ tokenUsage: { totalTokens: 24 }, cost: COST * 2, modelCalls: 2 })
    expect(server.received).toHaveLength(2)
  })

  it.each([
    [{ calls: 3 }, { calls: 1 }, 1],
    [{ calls: 1 }, { calls: 3 }, 1],
    [{}, { calls: 0 }, 0],
  ])('in a workflow %j and its options %j is the least of both', async (budget, ofOptions, calls) => {
    const run = priced().executeWorkflow(workflow(chain, { budget }), {}, { budget: ofOptions })
    expect((await failed(run)).cause.code).toBe('ERR_BUDGET_EXCEEDED')
    expect(server.received).toHaveLength(calls)
  })

  it('is one for an execution and those below it', async () => {
    const below = (id: string): AgentTask => ({ id, name: id, workflow: workflow([asks(`${id}1`), asks(`${id}2`)], { id: `below-${id}` }) })
    const orchestrator = priced()
    const { execution } = await failed(orchestrator.executeWorkflow(workflow([below('x'), below('y')]), {}, { budget: { calls: 3 } }))
    expect(server.received).toHaveLength(3)
    expect(execution.metrics.resourceUsage.modelCalls).toBe(3)
  })

  it('of a tenant holds across its executions, and is nobody else’s', async () => {
    const orchestrator = priced({ models: { tenantBudgets: { them: { calls: 2 } } } })
    const run = (tenant: string): Promise<WorkflowExecution> => orchestrator.executeWorkflow(workflow([asks('a')]), {}, { tenant })
    await Promise.all([run('them'), run('them')])
    expect((await failed(run('them'))).cause).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', details: { scope: 'tenant:them' } })
    expect((await run('others')).results).toEqual({ a: 'answer to a' })
    expect(server.received).toHaveLength(3)
  })

  it('of the orchestrator holds for what is asked outside executions too', async () => {
    const orchestrator = priced({ models: { budget: { calls: 2 } } })
    await orchestrator.executeWorkflow(workflow([asks('a')]))
    await orchestrator.modelIntegration.generate({ prompt: 'b' })
    expect((await rejection(orchestrator.modelIntegration.generate({ prompt: 'c' }))).code).toBe('ERR_BUDGET_EXCEEDED')
    expect(server.received).toHaveLength(2)
  })
})

it.each(['in the options', 'of a tenant'])('50 tasks at once send no more than a budget of 10 calls has, %s', async (where) => {
  say = async (prompt) => {
    await new Promise((resolve) => setTimeout(resolve, 20))
    return prompt
  }
  const budget = { calls: 10 }
  const orchestrator = priced(where === 'of a tenant' ? { models: { tenantBudgets: { them: budget } } } : {})
  const tasks = Array.from({ length: 50 }, (_, n) => asks(`t${n}`, { type: 'parallel', onError: 'continue' }))
  const flow = workflow(tasks)
  const options = where === 'of a tenant' ? { tenant: 'them' } : { budget }
  const execution = await orchestrator.executeWorkflow(flow, {}, options)
  const codes = execution.tasks.map(({ error }) => error?.code)
  expect(codes.filter((code) => code === undefined)).toHaveLength(10)
  expect(codes.filter((code) => code === 'ERR_BUDGET_EXCEEDED')).toHaveLength(40)
  expect(server.received).toHaveLength(10)
  expect(server.most).toBeGreaterThan(1)
  expect(execution.metrics.resourceUsage).toMatchObject({ modelCalls: 10, tokenUsage: { totalTokens: 120 } })
})

describe('retries have one owner', () => {
  // Once delays in words were not read, and the usual ones were waited.
  it('a task with maxAttempts: 3 sends three requests to a server that always fails, at its own delays, and is not tried again', async () => {
    say = () => ({ status: 500, message: 'out of order' })
    const orchestrator = priced()
    const retryPolicy = { maxAttempts: 3, initialDelay: '1ms', maxDelay: '1ms' }
    const { cause, execution } = await failed(orchestrator.executeWorkflow(workflow([asks('a', { retryPolicy })])))
    expect(server.received).toHaveLength(3)
    const { attempts } = cause.details as { attempts: { failure: string; next: string; waited: number }[] }
    expect(attempts.map(({ failure, next }) => `${failure} ${next}`)).toEqual(['overload retry', 'overload retry', 'overload give-up'])
    expect(Math.max(...attempts.map(({ waited }) => waited))).toBeLessThan(100)
    expect(execution.tasks[0]).toMatchObject({ status: 'failed', attempts: 1 })
    expect(execution.metrics.resourceUsage.modelCalls).toBe(1)
  })

  it('an attempt that a time-out ended is tried again by the engine, and each asks for itself', async () => {
    let held = 0
    say = (prompt) => ((held += 1) === 1 ? new Promise(() => {}) : prompt)
    const patient = asks('a', { timeout: 500, retryPolicy: { maxAttempts: 2, initialDelay: 1 } })
    const { tasks, results } = await priced().executeWorkflow(workflow([patient]))
    expect(tasks[0]).toMatchObject({ status: 'completed', attempts: 2 })
    expect(results).toEqual({ a: 'a' })
    await server.received[0]?.hungUp
    expect(server.received).toHaveLength(2)
  })
})

describe('the connection is closed', () => {
  beforeEach(() => {
    say = () => new Promise(() => {})
  })

  it('when its execution is cancelled', async () => {
    const handle = await priced().startWorkflow(workflow([asks('a')]))
    await until(() => server.received.length === 1)
    await handle.cancel('enough')
    await server.received[0]?.hungUp
    expect(await handle.settled()).toMatchObject({ status: 'cancelled', reason: 'enough' })
    expect(server.received).toHaveLength(1)
  })

  it('when the time of its task is over', async () => {
    const { cause } = await failed(priced().executeWorkflow(workflow([asks('a', { timeout: 500 })])))
    expect(cause.code).toBe('ERR_TIMEOUT')
    await server.received[0]?.hungUp
    expect(server.received).toHaveLength(1)
  })

  it('when another task fails, and with the orchestrator', async () => {
    const orchestrator = priced()
    const fails = async (): Promise<never> => {
      await until(() => server.received.length === 1)
      throw new Error('no')
    }
    register(orchestrator, { fails })
    const both = [asks('a', { type: 'parallel' }), task('b', { agentId: 'fails', type: 'parallel' })]
    await rejection(orchestrator.executeWorkflow(workflow(both)))
    await server.received[0]?.hungUp
    const outside = rejection(orchestrator.modelIntegration.generate({ prompt: 'b' }))
    await until(() => server.received.length === 2)
    await orchestrator.shutdown({ drainMs: 0 })
    await server.received[1]?.hungUp
    expect((await outside).code).toBe('ERR_CANCELLED')
  })

  // Once a signal that was aborted while the choice was put on record was not heard, and the request went out.
  it.each([0, 1, 2, 3])('or never opened, when its signal is aborted on the way (%i turns)', async (turns) => {
    const controller = new AbortController()
    const orchestrator = orchestratorWith(
      {
        work: async (_, { models }) => {
          const asked = models.generate({ prompt: 'a', signal: controller.signal })
          for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
          controller.abort(new Error('changed my mind'))
          return asked.catch((error: Error) => error.message)
        },
      },
      server.config(),
    )
    const { results } = await orchestrator.executeWorkflow(workflow([task('a')]))
    expect(results['a']).toMatch(/changed my mind|cancelled/)
    await Promise.all(server.received.map(({ hungUp }) => hungUp))
  })
})
