// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Recommendations: planted faults are found over the public API, applied as they are, and what they promised is measured by the monitor itself.

import type { AgentWorkflow, Recommendation, WorkflowAnalytics } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { describe, expect, it } from 'vitest'
import { accountOf } from '../support/accounts.ts'
import { kitWith } from '../support/kits.ts'
import { rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const ALL = [new Date(0), new Date(Date.UTC(2200, 0, 1))] as const
const RUNS = 30

type Advised = WorkflowAnalytics['insights'][number]
const isAdvice = (insight: Advised): insight is Recommendation => 'change' in insight

async function advised(kit: TestKit, id = 'flow'): Promise<Recommendation[]> {
  const { insights } = await kit.orchestrator.executionMonitor.getWorkflowAnalytics(id, ...ALL)
  return insights.filter(isAdvice)
}

/** The average of so many runs: what they took in milliseconds, and what they cost. */
async function runs(
  kit: TestKit,
  flow: AgentWorkflow,
  context: (run: number) => object = (run) => ({ run }),
): Promise<{ time: number; cost: number }> {
  let [time, cost] = [0, 0]
  for (let run = 0; run < RUNS; run += 1) {
    const { metrics } = await kit.run(flow, context(run))
    time += metrics.duration / RUNS
    cost += metrics.resourceUsage.cost / RUNS
  }
  return { time, cost }
}

/** About so long, as the run draws it. */
const drawn = (run: unknown, millis: number): number => Math.round(millis * (0.8 + 0.4 * ((Number(run ?? 0) * 0.618_034) % 1)))

function kitOf(agents: Record<string, Execute>, monitoring: object = {}): Promise<TestKit> {
  return kitWith(agents, { storage: 'file', monitoring: { enableProfiling: true, ...monitoring } } as never)
}

const within = (promised: number, kept: number): boolean => Math.abs(promised - kept) <= 0.2 * kept

describe('a planted fault is found, and its promise comes true', () => {
  it('a call that is made again and again with the same input', async () => {
    const kit: TestKit = await kitOf({
      work: async ({ id, input: { data } }) => {
        await kit.clock.sleep(id === 'look-up' ? 4000 : drawn(data?.run, 2000))
        return id === 'look-up' ? { city: data.city } : 1
      },
    })
    const flow = workflow([
      task('look-up', { input: { data: { city: '{{ context.city }}' } } }),
      task('write', { input: { data: { run: '{{ context.run }}' } } }),
    ])
    const context = (run: number): object => ({ city: `city ${run % 3}`, run })
    await runs(kit, flow, context)
    // The context is part of the print, so that equal ones mean the same for sure.
    expect(await advised(kit)).toEqual([])
    const same = (run: number): object => ({ city: `city ${run % 3}`, run: run % 3 })
    const old = await runs(kit, { ...flow, version: '2' }, same)
    const [insight] = await advised(kit)
    expect(insight).toMatchObject({ kind: 'repeated-call', saves: 'time', about: ['look-up'] })
    const { workflow: changed } = await kit.orchestrator.executionMonitor.applyInsight(insight?.id ?? '')
    expect(changed).toMatchObject({ version: '2+repeated-call', tasks: [{ id: 'look-up', cache: true }, { id: 'write' }] })
    const now = await runs(kit, changed, same)
    expect(within(insight?.prediction.saving ?? 0, 1 - now.time / old.time)).toBe(true)
  })

  it('a model that is dearer than the task needs', async () => {
    const called = async (
      kit: TestKit,
      context: Parameters<Execute>[1],
      model: string,
      costNanos: number,
      millis: number,
    ): Promise<string> => {
      const account = accountOf(context)
      await account.choose({ model })
      await kit.clock.sleep(millis)
      account.called({
        provider: 'p',
        model,
        usage: { inputTokens: 10, outputTokens: 10, reasoningTokens: 0 },
        costNanos,
        requests: 1,
      } as never)
      return 'text'
    }
    const kit: TestKit = await kitOf({
      large: async (_, context) => called(kit, context, 'large', 9_000_000, 5000),
      small: async (_, context) => called(kit, context, 'small', 1_000_000, 2000),
    })
    const write = (agentId: string, version: string): AgentWorkflow => workflow([task('write', { agentId })], { version })
    await runs(kit, write('small', '1'))
    const old = await runs(kit, write('large', '2'))
    const insight = (await advised(kit)).find(({ kind }) => kind === 'dear-model')
    expect(insight).toMatchObject({ saves: 'cost', about: ['write', 'small'] })
    expect(insight?.prediction.unknown).toContain('whether what `small` gives for `write` is as good as what `large` gave')
    const { workflow: changed } = await kit.orchestrator.executionMonitor.applyInsight(insight?.id ?? '')
    const now = await runs(kit, changed)
    const { cost, saving } = insight?.prediction ?? { saving: 0 }
    expect(within(1 - (cost?.predicted ?? 0) / (cost?.before ?? 1), 1 - now.cost / old.cost)).toBe(true)
    expect(within(saving, 1 - now.time / old.time)).toBe(true)
  })

  it('a dependency that is never read; its outcome is measured, announced, and there after a restart', async () => {
    const kit: TestKit = await kitOf({
      work: async ({ id, input: { data }, context }) => {
        await kit.clock.sleep(drawn(data?.run, 2000))
        return id === 'report' ? Object.values(context.dependencies).map(String) : 1
      },
    })
    const input = { data: { run: '{{ context.run }}' } }
    const flow = workflow([
      task('fetch', { dependencies: [], input }),
      task('think', { dependencies: ['fetch'], input }),
      task('report', { dependencies: ['think', 'fetch'], input }),
    ])
    const { executionMonitor } = kit.orchestrator
    const heard: Recommendation[] = []
    executionMonitor.on('insight', (insight) => void heard.push(insight))
    const measured = new Promise<Recommendation>((resolve) => kit.orchestrator.once('insight:outcome', resolve))
    const old = await runs(kit, flow)
    const [insight] = await advised(kit)
    expect(insight).toMatchObject({ kind: 'false-dependency', about: ['think', 'fetch'] })
    expect(heard.map(({ id }) => id)).toEqual([insight?.id])
    expect(insight?.description).toContain('without that dependency a run would have taken')
    // What a text cannot hold comes along.
    const schema = { '~standard': { version: 1 as const, vendor: 'mine', validate: (value: unknown) => ({ value }) } }
    const own = {
      ...flow,
      tasks: flow.tasks.map((one) => (one.id === 'think' ? { ...one, conditions: [() => true], outputSchema: schema } : one)),
    }
    const { workflow: ours } = await executionMonitor.applyInsight(insight?.id ?? '', own)
    expect(ours.tasks[1]?.conditions?.[0]).toBe(own.tasks[1]?.conditions?.[0])
    expect(ours.tasks[1]).toMatchObject({ dependencies: [] })

    const { workflow: changed, agents } = await executionMonitor.applyInsight(insight?.id ?? '')
    expect(agents).toEqual([])
    const now = await runs(kit, changed)
    const kept = 1 - now.time / old.time
    expect(within(insight?.prediction.saving ?? 0, kept)).toBe(true)
    const { id, outcome } = await kit.until(measured)
    expect(id).toBe(insight?.id)
    expect(outcome).toMatchObject({ predicted: insight?.prediction.saving })
    expect(within(outcome?.measured ?? 0, kept)).toBe(true)
    await kit.crash()
    await kit.reopen()
    const again = await advised(kit)
    expect(again.find((one) => one.id === id)).toMatchObject({ outcome })
  })

  it('a pool that is too small', async () => {
    const kit = await kitOf({})
    const pools = (name: string, maxAgents: number): void =>
      kit.orchestrator.agentPool.registerAgentType(name, {
        create: () => ({ execute: async () => kit.clock.sleep(3000) }),
        maxAgents,
        maxConcurrency: 2,
      })
    pools('narrow', 1)
    const fan = (agentId: string): AgentWorkflow =>
      workflow(
        Array.from({ length: 8 }, (_, place) => task(`t${place}`, { agentId, dependencies: [] })),
        { id: agentId },
      )
    const old = await runs(kit, fan('narrow'))
    const [insight] = await advised(kit, 'narrow')
    expect(insight).toMatchObject({ kind: 'small-pool', about: ['narrow'], change: [{ agent: 'narrow', maxAgents: 4 }] })
    const { agents } = await kit.orchestrator.executionMonitor.applyInsight(insight?.id ?? '')
    pools('wide', agents[0]?.maxAgents ?? 1)
    const now = await runs(kit, fan('wide'))
    expect(within(insight?.prediction.saving ?? 0, 1 - now.time / old.time)).toBe(true)
  })
})

describe('without a store', () => {
  it('what is remembered recommends, and is measured', async () => {
    const kit = await kitWith({})
    const retried = (maxAttempts: number): AgentWorkflow =>
      workflow([
        task('flaky', { retryPolicy: { maxAttempts, backoffType: 'fixed', initialDelay: '2s' }, onError: 'continue' }),
        task('after'),
      ])
    kit.orchestrator.agentPool.registerAgentType('work', {
      create: () => ({
        execute: async ({ id }) => {
          await kit.clock.sleep(1000)
          if (id === 'flaky') throw new Error('never')
        },
      }),
    })
    const old = await runs(kit, retried(4))
    const [insight] = await advised(kit)
    expect(insight).toMatchObject({ kind: 'wasteful-retries', about: ['flaky'] })
    // The same again is not read again.
    expect((await advised(kit))[0]).toEqual(insight)
    const { workflow: changed } = await kit.orchestrator.executionMonitor.applyInsight(insight?.id ?? '', retried(4))
    const now = await runs(kit, changed)
    expect(within(insight?.prediction.saving ?? 0, 1 - now.time / old.time)).toBe(true)
    // What ended since is looked at.
    expect((await advised(kit)).map(({ kind, version }) => `${kind} ${version}`)).not.toContain(`wasteful-retries ${changed.version}`)
  })
})

it('says which insight there is not', async () => {
  const kit = await kitOf({ work: () => 1 })
  const error = await rejection(kit.orchestrator.executionMonitor.applyInsight('flow/1/false-dependency/a/b'))
  expect(error).toMatchObject({ code: 'ERR_INSIGHT_NOT_FOUND' })
  expect(error.message).toContain('ask `getWorkflowAnalytics`')
})

describe('with a model', () => {
  const flow = workflow([
    task('fetch', { dependencies: [] }),
    task('think', { dependencies: ['fetch'] }),
    task('report', { dependencies: ['think', 'fetch'] }),
  ])

  async function told(answer: (ids: readonly string[]) => object): Promise<{ found: Recommendation[]; asked: number }> {
    let asked = 0
    const kit: TestKit = await kitOf(
      {
        work: async ({ id, context }) => {
          await kit.clock.sleep(2000)
          return id === 'report' ? Object.values(context.dependencies).map(String) : 1
        },
      },
      { insights: { model: 'scripted/m' } },
    )
    kit.orchestrator.modelIntegration.registerProvider('scripted', {
      generate: ({ messages }) => {
        asked += 1
        const ids = [...JSON.stringify(messages).matchAll(/\\"id\\":\\"(flow[^"\\]*)\\"/g)]
          .map(([, id]) => id ?? '')
          .filter((id) => id.includes('/'))
        return { text: JSON.stringify(answer(ids)), usage: { inputTokens: 1, outputTokens: 1 } }
      },
    })
    await runs(kit, flow)
    await advised(kit)
    return { found: await advised(kit), asked }
  }

  const replace = (path: readonly unknown[], content: unknown): object => ({ path, operation: { type: 'replace', content } })
  const proposal = (title: string, change: object, description = 'It may help.'): object => ({ title, description, change: [change] })

  it('an invented figure, task and field reach nothing; the one proposal that can be made does, with what it really saves', async () => {
    const { found, asked } = await told(() => ({
      insights: [],
      proposals: [
        proposal('A figure', replace(['tasks', { id: 'think' }, 'dependencies'], []), 'It saves 87 % of the time.'),
        proposal('A task', replace(['tasks', { id: 'summarise' }, 'timeout'], 1000)),
        proposal('A field', replace(['tasks', { id: 'think' }, 'turbo'], true)),
        proposal('Read less', replace(['tasks', { id: 'report' }, 'dependencies'], ['fetch'])),
      ],
    }))
    expect(found.map(({ kind, title }) => [kind, title])).toEqual([
      ['false-dependency', 'A dependency that is never read'],
      ['proposal', 'Read less'],
    ])
    expect(found[1]).toMatchObject({ change: [replace(['tasks', { id: 'report' }, 'dependencies'], ['fetch'])], saves: 'time' })
    expect(found[1]?.prediction.saving).toBeCloseTo(1 / 3, 1)
    expect(asked, 'once about the same').toBe(1)
  })

  it('its words stand if their numbers are in the evidence, and not otherwise', async () => {
    const { found } = await told(([id]) => ({
      insights: [{ id, title: 'Do not wait', description: 'In 30 runs `think` never looked at `fetch`.' }],
    }))
    expect(found).toMatchObject([{ title: 'Do not wait', description: 'In 30 runs `think` never looked at `fetch`.' }])
    for (const description of ['It was so in 31 runs.', 'It makes this twice as fast.']) {
      const { found: ours } = await told(([id]) => ({ insights: [{ id, title: 'Do not wait', description }] }))
      expect(ours).toMatchObject([{ title: 'A dependency that is never read' }])
    }
  })

  it('that answers nonsense changes nothing', async () => {
    const { found } = await told(() => ({ insights: 5 }))
    expect(found.map(({ title }) => title)).toEqual(['A dependency that is never read'])
  })
})
