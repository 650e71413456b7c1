// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Budgets of a day or month: who pays, when they begin anew, what a restart remembers, and what people are told. Time is the kit's.

import type { Alert, CustomProvider, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { describe, expect, it } from 'vitest'
import { hearing } from '../support/alerts.ts'
import { hours, kitWith, START } from '../support/kits.ts'
import { rejection, task, workflow } from '../support/orchestrators.ts'

/** One call of a model costs this: 100 tokens at 0.001. */
const COST = 0.1
const MODEL = {
  provider: 'mine',
  id: 'm',
  contextWindow: 4000,
  maxOutput: 10,
  capabilities: ['text-generation'],
  prices: { input: 1000, output: 0 },
} as const

/** A kit over a file whose agents ask a model once in each attempt, for as much as their input says. */
async function paying(models: OrchestratorConfig['models']): Promise<{ kit: TestKit; heard: Alert[] }> {
  const heard: Alert[] = []
  const answer = { text: 'yes', usage: { inputTokens: 100, outputTokens: 0 }, finishReason: 'stop' } as const
  const provider = { generate: () => Promise.resolve(answer), models: [MODEL] } as unknown as CustomProvider
  const setup = (orchestrator: MultiAgentOrchestrator): void => {
    hearing(heard, 'budget:spent')(orchestrator)
    orchestrator.modelIntegration.registerProvider('mine', provider)
  }
  const asks = async (
    _: unknown,
    { models: own }: { models: { generate: (asked: object) => Promise<{ text: string }> } },
  ): Promise<string> => (await own.generate({ prompt: 'x'.repeat(396), maxTokens: 1 })).text
  const agents = { asks, other: asks }
  const kit = await kitWith(agents as never, { storage: 'file', models, setup })
  return { kit, heard }
}

const one = (id: string, agentId = 'asks'): ReturnType<typeof workflow> =>
  workflow([task('a', { agentId, retryPolicy: { maxAttempts: 1 } })], { id })
const refused = async (run: Promise<unknown>): Promise<unknown> => ((await rejection(run)) as { cause?: { code?: string } }).cause?.code

describe('a budget per day', () => {
  it.each([
    ['workflowBudgets', 'w', ['w', 'asks'], ['other', 'asks']],
    ['agentBudgets', 'asks', ['w', 'asks'], ['w2', 'other']],
  ] as const)('of %s holds for its own across executions, and begins anew at midnight', async (kind, name, own, others) => {
    const { kit } = await paying({ [kind]: { [name]: { calls: 2, per: 'day' } } })
    const run = ([id, agent]: readonly [string, string]): Promise<unknown> => kit.run(one(id, agent))
    await run(own)
    await run(own)
    expect(await refused(run(own))).toBe('ERR_BUDGET_EXCEEDED')
    await run(others)
    await kit.clock.advance(hours(24))
    await run(own)
    const [standing] = await kit.orchestrator.executionMonitor.getBudgets()
    expect(standing).toMatchObject({ budget: { calls: 2, per: 'day' }, spent: { calls: 1 }, spentPercent: 50 })
    expect(standing?.start).toEqual(new Date(START + hours(24)))
    expect(standing?.end).toEqual(new Date(START + hours(48)))
  })

  it('remembers over a crash what was spent, and what was said of it', async () => {
    const { kit, heard } = await paying({ tenantBudgets: { them: { calls: 5, per: 'month' } } })
    const run = (): Promise<unknown> => kit.run(one('w'), {}, { tenant: 'them' })
    for (let call = 0; call < 4; call += 1) await run()
    expect(heard).toMatchObject([{ rule: 'budget:spent', state: 'firing', severity: 'medium', metrics: { spentPercent: 80 } }])
    await kit.crash()
    await kit.reopen()
    expect(await kit.orchestrator.executionMonitor.getBudgets()).toMatchObject([{ scope: 'tenant:them', spent: { calls: 4 } }])
    await run()
    expect(await refused(run())).toBe('ERR_BUDGET_EXCEEDED')
    expect(heard.slice(1)).toMatchObject([{ state: 'firing', severity: 'high', metrics: { spentPercent: 100 } }])
    await kit.clock.advance(hours(24 * 31))
    expect(heard.slice(2)).toMatchObject([{ state: 'resolved' }])
    expect(new Set(heard.map(({ id }) => id)).size).toBe(1)
  })
})

describe('a loop that asks on and on', () => {
  it('is stopped before 101 % of its budget, at a time that is foretold ten minutes before within a tenth', async () => {
    const usd = 36
    const { kit } = await paying({ workflowBudgets: { runaway: { usd, per: 'day' } } })
    const monitor = kit.orchestrator.executionMonitor
    // One call each ten seconds: it takes an hour.
    const foretold: { at: number; left: number }[] = []
    let stopped = 0
    while (stopped === 0) {
      const code = await kit.run(one('runaway')).then(
        () => undefined,
        (error: { cause?: { code?: string } }) => error.cause?.code,
      )
      if (code !== undefined) {
        expect(code).toBe('ERR_BUDGET_EXCEEDED')
        stopped = kit.clock.now().getTime()
        break
      }
      const [standing] = await monitor.getBudgets()
      if (standing?.exhaustedAt)
        foretold.push({ at: kit.clock.now().getTime(), left: standing.exhaustedAt.getTime() - kit.clock.now().getTime() })
      await kit.clock.advance(10_000)
    }
    const [standing] = await monitor.getBudgets()
    expect(standing?.spent.usd).toBeLessThan(1.01 * usd)
    expect(standing?.spent.usd).toBeGreaterThan(usd - 2 * COST)
    const before = foretold.findLast(({ at }) => at <= stopped - 600_000)
    const truth = stopped - (before?.at ?? 0)
    console.log(
      `stopped at ${standing?.spent.usd} of ${usd} dollars; ten minutes before, ${(before?.left ?? 0) / 1000} s were foretold, and it took ${truth / 1000} s`,
    )
    expect(Math.abs((before?.left ?? 0) / truth - 1)).toBeLessThan(0.1)
  })
})
