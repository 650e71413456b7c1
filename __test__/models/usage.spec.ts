// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What calls of models leave: usage and cost in what a caller reads, choices that no crash makes anew, and budgets as those who pay see them.

import type { AgentTask, AttemptContext } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import type { AccountBudget, ModelCall } from '../../ts/models/account.ts'
import { accountOf } from '../support/accounts.ts'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { kitWith, wait } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, until, untilAborted, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const NOTHING = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, totalTokens: 0 }
const CALL = { model: 'm', usage: { inputTokens: 10, outputTokens: 4, reasoningTokens: 1 }, costNanos: 1_500_000, requests: 2 }
const USED = { ...NOTHING, inputTokens: 10, outputTokens: 4, reasoningTokens: 1, totalTokens: 14 }

/** As the model layer does it: a choice on record, then the call. */
async function ask(context: AttemptContext, call: ModelCall = CALL): Promise<void> {
  const account = accountOf(context)
  await account.choose({ model: String(call['model']) })
  account.called(call)
}

const child = (id: string, tasks: readonly AgentTask[]): AgentTask => ({ id, name: id, workflow: workflow(tasks, { id: `below-${id}` }) })
const twice = (usage: typeof USED): typeof USED =>
  Object.fromEntries(Object.entries(usage).map(([name, count]) => [name, 2 * count])) as unknown as typeof USED

describe.each(['in memory', 'in a file'])('usage and cost, %s', (where) => {
  const config = where === 'in memory' ? {} : { storage: { path: storePath(folder) } }

  it('are on each task that used a model, and in all of the execution', async () => {
    const orchestrator = orchestratorWith({ work: (_, context) => ask(context), plain: () => 1 }, config)
    const flow = workflow([task('a'), task('b', { agentId: 'plain' }), task('c')])
    const { id } = await orchestrator.executeWorkflow(flow)
    const execution = await orchestrator.getExecution(id)
    expect(execution?.tasks.map(({ usage, cost }) => [usage, cost])).toEqual([
      [USED, 0.0015],
      [undefined, undefined],
      [USED, 0.0015],
    ])
    expect(execution?.tasks[1]).not.toHaveProperty('usage')
    expect(execution?.metrics.resourceUsage).toEqual({ tokenUsage: twice(USED), cost: 0.003, costComplete: true, modelCalls: 2 })
  })

  it('are nothing where no model is used', async () => {
    const orchestrator = orchestratorWith(
      { work: () => 1 },
      { ...config, ...(where === 'in a file' && { storage: { path: storePath(folder) } }) },
    )
    const { metrics } = await orchestrator.executeWorkflow(workflow([task('a')]))
    expect(metrics.resourceUsage).toEqual({ tokenUsage: NOTHING, cost: 0, costComplete: true, modelCalls: 0 })
  })
})

describe.each(['in memory', 'in a file'])('the models of a task, %s', (where) => {
  const config = () => (where === 'in memory' ? {} : { storage: { path: storePath(folder) } })

  it('are the calls of all its attempts: who answered, why that model, at what cost', async () => {
    const tried = [{ provider: 'first', model: 'm', failure: 'overload' }]
    const orchestrator = orchestratorWith(
      {
        work: async ({ attempt }, context) => {
          await ask(context, { provider: 'first', ...CALL, finishReason: 'stop' })
          if (attempt === 1) throw new Error('once')
          await ask(context, { ...CALL, provider: 'second', tried, failure: 'rate', costComplete: false })
        },
        plain: () => 1,
      },
      config(),
    )
    const again = { retryPolicy: { maxAttempts: 2, initialDelay: 1 } }
    const { id } = await orchestrator.executeWorkflow(workflow([task('a', again), task('b', { agentId: 'plain' })]))
    const { tasks = [] } = (await orchestrator.getExecution(id)) ?? {}
    const answered = { provider: 'first', model: 'm', finishReason: 'stop', usage: USED, cost: 0.0015, costComplete: true }
    expect(tasks[0]?.models).toEqual([
      { attempt: 1, ...answered },
      { attempt: 2, ...answered },
      { attempt: 2, provider: 'second', model: 'm', tried, failure: 'rate', usage: USED, cost: 0.0015, costComplete: false },
    ])
    expect(tasks[1]).not.toHaveProperty('models')
  })

  it('say which were tried before the one that answered', async () => {
    const orchestrator = orchestratorWith({}, config())
    const { modelIntegration: models, agentPool } = orchestrator
    models.registerProvider('first', {
      generate: () => {
        throw Object.assign(new Error('busy'), { class: 'quota' })
      },
    })
    models.registerProvider('second', { generate: () => ({ text: 'well', usage: { inputTokens: 3, outputTokens: 4 } }) })
    agentPool.registerAgentType('asks', {
      create: () => ({
        execute: async (_, ctx) => (await ctx.models.generate({ model: 'first/m', prompt: 'p', fallback: ['second/m'] })).text,
      }),
    })
    const { tasks, results } = await orchestrator.executeWorkflow(workflow([task('a', { agentId: 'asks' })]))
    expect(results).toEqual({ a: 'well' })
    expect(tasks[0]?.models).toMatchObject([
      {
        attempt: 1,
        provider: 'second',
        model: 'm',
        tried: [{ provider: 'first', model: 'm', failure: 'quota' }],
        usage: { totalTokens: 7 },
      },
    ])
  })
})

it('attempts that failed are paid for as well, and a price that is not known is told', async () => {
  const orchestrator = orchestratorWith({
    work: async ({ attempt }, context) => {
      await ask(context, attempt === 1 ? CALL : { usage: { outputTokens: 5 }, costComplete: false })
      if (attempt === 1) throw new Error('once')
    },
  })
  const { tasks, metrics } = await orchestrator.executeWorkflow(workflow([task('a', { retryPolicy: { maxAttempts: 2, initialDelay: 1 } })]))
  expect(tasks[0]?.usage).toEqual({ ...USED, outputTokens: 9, totalTokens: 19 })
  expect(metrics.resourceUsage).toMatchObject({ cost: 0.0015, costComplete: false, modelCalls: 2 })
})

it('a failed execution has them too', async () => {
  const orchestrator = orchestratorWith({
    work: async (_, context) => {
      await ask(context)
      throw new Error('for good')
    },
  })
  const { execution } = (await rejection(orchestrator.executeWorkflow(workflow([task('a')])))) as { execution?: { metrics: object } }
  expect(execution?.metrics).toMatchObject({ resourceUsage: { tokenUsage: USED, modelCalls: 1 } })
})

it('what a child workflow used is its parent’s as well, and no task’s of the parent', async () => {
  const orchestrator = orchestratorWith({ work: (_, context) => ask(context) })
  const { id, tasks, metrics } = await orchestrator.executeWorkflow(workflow([child('outer', [child('inner', [task('a')])]), task('b')]))
  expect(metrics.resourceUsage).toMatchObject({ tokenUsage: twice(USED), cost: 0.003, modelCalls: 2 })
  expect(tasks.map(({ cost }) => cost)).toEqual([undefined, 0.0015])
  const below = await orchestrator.getExecution(`${id}/outer/1`)
  expect(below?.metrics.resourceUsage).toMatchObject({ tokenUsage: USED, modelCalls: 1 })
})

it('a call that ends after its attempt was given up is paid for as long as the execution runs', async () => {
  const told: boolean[] = []
  const kit = await kitWith({
    work: async ({ attempt }, context) => {
      if (attempt > 1) return
      const account = accountOf(context)
      await account.choose('m')
      // The second attempt begins after 7 s.
      await kit.clock.sleep('10s')
      told.push(account.called(CALL))
    },
  })
  const once = task('a', { timeout: '1s', retryPolicy: { maxAttempts: 2, initialDelay: '1s' } })
  const { tasks } = await kit.run(workflow([once, wait('w', '1h')]))
  expect(told).toEqual([true])
  expect(tasks[0]).toMatchObject({ attempts: 2, usage: USED, cost: 0.0015 })
})

describe('a choice', () => {
  it.each(['memory', 'os', 'disk'] as const)('is on record when it is made, and each waits for its own: %s', async (durability) => {
    const order: string[] = []
    const config = durability === 'memory' ? {} : { storage: { path: storePath(folder), durability } }
    const orchestrator = orchestratorWith(
      {
        work: async ({ id }, context) => {
          const choose = async (name: string): Promise<void> => {
            await accountOf(context).choose({ name })
            order.push(`${id} ${name}`)
          }
          await Promise.all([choose('one'), choose('two')])
          return accountOf(context).choices
        },
      },
      config,
    )
    const tasks = ['a', 'b'].map((id) => task(id, { dependencies: [] }))
    const { results } = await orchestrator.executeWorkflow(workflow(tasks))
    expect(order).toEqual(['a one', 'a two', 'b one', 'b two'])
    expect(results, 'none was there before').toEqual({ a: [], b: [] })
  })

  it('is not made by an attempt that is over, or told to stop', async () => {
    let done: AttemptContext | undefined
    const stopped = gate<unknown>()
    const orchestrator = orchestratorWith({
      work: (_, context) => {
        done = context
      },
      slow: async (_, context) => {
        await untilAborted(context.signal).catch(() => {})
        stopped.open(
          await accountOf(context)
            .choose('m')
            .catch((error: unknown) => error),
        )
      },
    })
    const handle = await orchestrator.startWorkflow(workflow([task('a'), task('b', { agentId: 'slow' })]))
    await until(async () => done !== undefined && (await orchestrator.getExecution(handle.id))?.tasks[1]?.status === 'running')
    const error = await rejection(accountOf(done as AttemptContext).choose('m'))
    expect(error).toMatchObject({
      code: 'ERR_CANCELLED',
      taskId: 'a',
      message: expect.stringMatching(/attempt 1 of task `a` is over: .* before it returns/),
    })
    await handle.cancel('enough')
    expect(await stopped.promise).toMatchObject({ code: 'ERR_CANCELLED', taskId: 'b' })
    await rejection(handle.result())
    expect(accountOf(done as AttemptContext).called(CALL), 'nobody is charged any more').toBe(false)
  })

  it('waits for nothing that will never be known', async () => {
    const rejected = gate<unknown>()
    const kit = await kitWith({
      work: async (_, context) => {
        void kit.crash({ beforeCommit: 1 })
        rejected.open(
          await accountOf(context)
            .choose('m')
            .catch((error: unknown) => error),
        )
      },
    })
    await kit.orchestrator.startWorkflow(workflow([task('a')]))
    expect(await rejected.promise).toMatchObject({ code: 'ERR_CRASHED' })
  })
})

describe('after a crash', () => {
  it('an attempt makes the same choices, pays for no call again, and whatever it cost is told once', async () => {
    const chosen = new Set<string>()
    let made = 0
    const kit = await kitWith(
      {
        work: async (_, context) => {
          const account = accountOf(context)
          for (const place of [0, 1]) {
            // Another name each time, as whoever chooses anew might choose.
            if (account.choices[place] === undefined) await account.choose({ model: `m${(made += 1)}` })
            if (account.calls[place] === undefined) account.called({ ...CALL, place })
          }
          chosen.add(JSON.stringify(account.choices))
          return 1
        },
      },
      { storage: 'file' },
    )
    let points = 0
    for await (const { execution } of kit.crashPoints(workflow([task('a'), task('b')]))) {
      points += 1
      expect(execution.status).toBe('completed')
      expect(execution.metrics.resourceUsage).toEqual({
        tokenUsage: { ...twice(twice(USED)) },
        cost: 0.006,
        costComplete: true,
        modelCalls: 4,
      })
      expect(execution.tasks.map(({ usage }) => usage)).toEqual([twice(USED), twice(USED)])
    }
    expect(points).toBeGreaterThan(8)
    expect(
      [...chosen].filter((choices) => choices.includes(',')),
      'some were taken over',
    ).not.toEqual([])
  })

  it('a call that was interrupted is a choice without its call', async () => {
    const found: unknown[] = []
    const chosen = gate()
    const kit = await kitWith(
      {
        work: async (_, context) => {
          const { choices, calls } = accountOf(context)
          found.push({ choices, calls })
          if (choices.length > 0) return
          await ask(context)
          await accountOf(context).choose({ model: 'slow' })
          chosen.open()
          await untilAborted(context.signal)
        },
      },
      { storage: 'file' },
    )
    const { id } = await kit.orchestrator.startWorkflow(workflow([task('a')]))
    await chosen.promise
    await kit.crash()
    const orchestrator = await kit.reopen()
    await kit.until(orchestrator.getHandle(id).result())
    expect(found).toEqual([
      { choices: [], calls: [] },
      { choices: [{ model: 'm' }, { model: 'slow' }], calls: [CALL] },
    ])
  })
})

describe('budgets', () => {
  const seen = (budgets: readonly AccountBudget[]): unknown[] => budgets.map(({ scope, budget, spent }) => [scope, budget, spent()])

  it('are those of its execution and of all above it, of each the least that is said', async () => {
    const found: Record<string, unknown> = {}
    const orchestrator = orchestratorWith({
      work: async ({ id }, context) => {
        const { budgets, tenant, path, workflowId, executionId } = accountOf(context)
        await ask(context)
        found[id] = { budgets: seen(budgets), tenant, path, workflowId, executionId }
      },
    })
    const bounded = { ...child('inner', []), workflow: workflow([task('c')], { id: 'below', budget: { calls: 1 } }) }
    const flow = workflow([task('a'), child('outer', [bounded])], { budget: { usd: 1, tokens: 100, tasks: 9 } })
    const options = { executionId: 'top', tenant: 'them', budget: { usd: 2, tokens: 50, calls: 0, time: '1h' } }
    await orchestrator.executeWorkflow(flow, {}, options)
    const own = { usd: 1, tokens: 50, calls: 0 }
    const once = { inputTokens: 10, outputTokens: 4, reasoningTokens: 1, costNanos: 1_500_000, calls: 1, requests: 2 }
    const both = { inputTokens: 20, outputTokens: 8, reasoningTokens: 2, costNanos: 3_000_000, calls: 2, requests: 4 }
    const a = { budgets: [['execution:top', own, once]], tenant: 'them', path: 'a', workflowId: 'flow', executionId: 'top' }
    const inner = 'top/outer/1/inner/1'
    const budgets = [
      [`execution:${inner}`, { calls: 1 }, once],
      ['execution:top', own, both],
    ]
    expect(found).toEqual({ a, c: { budgets, tenant: 'them', path: 'c', workflowId: 'below', executionId: inner } })
  })

  it('find after a crash what was spent before', async () => {
    const spent: unknown[] = []
    const asked = gate()
    const kit = await kitWith(
      {
        work: async (_, context) => {
          const [budget] = accountOf(context).budgets
          spent.push(budget?.spent())
          if (spent.length > 1) return
          await ask(context)
          await accountOf(context).choose('more')
          asked.open()
          await untilAborted(context.signal)
        },
      },
      { storage: 'file' },
    )
    const { id } = await kit.orchestrator.startWorkflow(workflow([task('a')]), {}, { budget: { usd: 0.01 } })
    await asked.promise
    await kit.crash()
    await kit.until((await kit.reopen()).getHandle(id).result())
    expect(spent).toEqual([{}, expect.objectContaining({ costNanos: 1_500_000, calls: 1 })])
  })
})
