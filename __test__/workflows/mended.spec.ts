// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow is mended, and what an execution of it has done is kept where it holds: forks under another definition.

import { describe, expect, it } from 'vitest'
import type { AgentTask, AgentWorkflow, ForkPlan, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, places, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

interface Recording {
  readonly orchestrator: MultiAgentOrchestrator
  /** What was called, by path, since the last look. */
  calls(): string[]
  /** Runs a workflow to its end, whatever that is, and forgets what was called. */
  ran(flow: AgentWorkflow, context?: { [key: string]: unknown }): Promise<string>
  /** What a mended workflow gives, and what it called. */
  goesOn(id: string, mended: AgentWorkflow): Promise<[unknown, string[]]>
}

function recording(config: OrchestratorConfig, broken = new Set<string>()): Recording {
  const seen: string[] = []
  const work: Execute = ({ id, input: { data } }, { idempotencyKey }) => {
    const path = decodeURIComponent(idempotencyKey.slice(idempotencyKey.lastIndexOf(':') + 1))
    seen.push(path)
    if (broken.has(path)) throw new Error(`${path} is broken`)
    return data === undefined ? id : { id, data }
  }
  const orchestrator = orchestratorWith({ work, other: work }, { ...config, workflow: { allowRedefinition: true } })
  const calls = (): string[] => seen.splice(0)
  return {
    orchestrator,
    calls,
    async ran(flow, context) {
      const handle = await orchestrator.startWorkflow(flow, context)
      await handle.settled()
      calls()
      return handle.id
    },
    async goesOn(id, mended) {
      const handle = await orchestrator.forkExecution(id, { workflow: mended })
      const { results, forkedFrom } = await handle.result()
      expect(forkedFrom).toBe(id)
      return [results, calls()]
    },
  }
}

const data = (value: unknown): Partial<AgentTask> => ({ input: { data: value } })
const loop = (tasks: AgentTask[], rest: Partial<AgentTask> = {}): AgentTask => ({
  id: 'l',
  type: 'loop',
  loop: { forEach: [1, 2] },
  tasks,
  ...rest,
})

describe.each(storages)('%s', (_name, config) => {
  it('a mistake in the last task is mended for the cost of one call', async () => {
    const broken = new Set(['c'])
    const { orchestrator, ran, goesOn } = recording(config(), broken)
    const id = await ran(workflow([task('a'), task('b'), task('c', data('wrong'))]))
    const mended = workflow([task('a'), task('b'), task('c', data('right'))])
    const plan = await orchestrator.forkExecution(id, { workflow: mended, dryRun: true })
    expect(plan).toEqual({ kept: ['a', 'b'], runs: ['c'], gone: [], cost: 0 } satisfies ForkPlan)
    broken.clear()
    expect(await goesOn(id, mended)).toEqual([{ a: 'a', b: 'b', c: { id: 'c', data: 'right' } }, ['c']])
    expect((await orchestrator.getExecution(id))?.status).toBe('failed')
  })

  it('what the kept ones had cost is said before, that of child workflows too, and a mend pays for one call', async () => {
    const orchestrator = orchestratorWith({ broken: () => Promise.reject(new Error('it is broken')) }, config())
    let asked = 0
    orchestrator.modelIntegration.registerProvider('mine', {
      generate: async () => {
        asked += 1
        return { text: `answer ${asked}`, usage: { inputTokens: 1_000_000, outputTokens: 0 } }
      },
      models: [{ provider: 'mine', id: 'm', prices: { input: 2, output: 2 } }],
    })
    orchestrator.agentPool.registerAgent({ id: 'asks', type: 'llm', configuration: { model: 'mine/m' } })
    const asks = (id: string, prompt: string): AgentTask => ({ id, agentId: 'asks', input: { prompt } })
    const child: AgentTask = { id: 'child', workflow: { id: 'inner', tasks: [asks('x', 'one'), asks('y', 'two')] } }
    const flow = (last: AgentTask, version: string): AgentWorkflow => ({
      id: 'study',
      version,
      tasks: [asks('note', 'note'), child, { ...last, id: 'conclude' }],
    })
    const handle = await orchestrator.startWorkflow(flow({ id: '', agentId: 'broken' }, '1'))
    expect((await handle.settled()).status).toBe('failed')
    expect(asked).toBe(3)
    const mended = flow(asks('', 'conclude'), '2')
    const plan = await orchestrator.forkExecution(handle.id, { workflow: mended, dryRun: true })
    expect(plan).toEqual({ kept: ['note', 'child'], runs: ['conclude'], gone: [], cost: 6 })
    const { status, metrics } = await (await orchestrator.forkExecution(handle.id, { workflow: mended })).result()
    expect([status, asked, metrics.resourceUsage.cost]).toEqual(['completed', 4, 2])
  })

  it('what comes after a changed task runs again, implied order included, and what is beside it does not', async () => {
    const { ran, goesOn } = recording(config())
    const flow = (said: string): AgentWorkflow =>
      workflow([task('a', data(said)), task('b'), task('beside', { dependencies: [] }), task('last', { dependencies: ['b', 'beside'] })])
    const id = await ran(flow('one'))
    expect((await goesOn(id, flow('two')))[1].toSorted()).toEqual(['a', 'b', 'last'])
  })

  it('a task that came between two others runs, and what comes after it; one that went is gone', async () => {
    const { orchestrator, ran, goesOn } = recording(config())
    const id = await ran(workflow([task('a'), task('b'), task('c')]))
    expect(await goesOn(id, workflow([task('a'), task('new'), task('b'), task('c')]))).toEqual([
      { a: 'a', new: 'new', b: 'b', c: 'c' },
      ['new', 'b', 'c'],
    ])
    const shorter = workflow([task('a'), task('c')])
    expect(await orchestrator.forkExecution(id, { workflow: shorter, dryRun: true })).toEqual({
      kept: ['a'],
      runs: ['c'],
      gone: ['b'],
      cost: 0,
    })
    expect(await goesOn(id, shorter)).toEqual([{ a: 'a', c: 'c' }, ['c']])
  })

  it('a group is compared by its own fields, and what is inside of it by itself', async () => {
    const { ran, goesOn } = recording(config())
    const group = (inside: AgentTask[], rest: Partial<AgentTask> = {}): AgentWorkflow =>
      workflow([task('a'), { id: 'g', type: 'parallel', tasks: inside, ...rest }, task('z')])
    const id = await ran(group([task('x'), task('y')]))
    expect((await goesOn(id, group([task('x'), task('y', data(1))])))[1]).toEqual(['y', 'z'])
    expect((await goesOn(id, group([task('x'), task('y'), task('w')])))[1]).toEqual(['w', 'z'])
    expect((await goesOn(id, group([task('x')])))[1]).toEqual(['z'])
    expect((await goesOn(id, group([task('x'), task('y')], { timeout: '1m' })))[1].toSorted()).toEqual(['x', 'y', 'z'])
  })

  it('a changed task of a loop runs again in every pass; where passes may build on earlier ones, all of the later ones', async () => {
    const { ran, goesOn } = recording(config())
    const flow = (said: string, rest: Partial<AgentTask> = {}): AgentWorkflow =>
      workflow([loop([task('x', data('{{ item }}')), task('y', { ...data(said), dependencies: [] })], rest), task('z')])
    const id = await ran(flow('one'))
    expect((await goesOn(id, flow('two')))[1].toSorted()).toEqual(['l[0].y', 'l[1].y', 'z'])
    expect((await goesOn(id, flow('one', { loop: { forEach: [1, 2, 3] } })))[1]).toHaveLength(7)
    const builds = (said: string): AgentWorkflow =>
      workflow([loop([task('x', data('{{ last }}')), task('y', { ...data(said), dependencies: [] })]), task('z')])
    const other = await ran(builds('one'))
    expect((await goesOn(other, builds('two')))[1].toSorted()).toEqual(['l[0].y', 'l[1].x', 'l[1].y', 'z'])
  })

  it('what is mended twice is kept twice, though a fork does not show what is inside of a group it took over', async () => {
    const { orchestrator, ran, calls } = recording(config())
    const flow = (inner: string, last: string): AgentWorkflow =>
      workflow([{ id: 'g', tasks: [task('x'), task('y', data(inner))] }, task('z', data(last))])
    const id = await ran(flow('one', 'one'))
    const second = await orchestrator.forkExecution(id, { workflow: flow('one', 'two') })
    await second.result()
    expect(calls()).toEqual(['z'])
    const third = await orchestrator.forkExecution(second.id, { workflow: flow('two', 'two') })
    expect((await third.result()).results).toEqual({
      g: { x: 'x', y: { id: 'y', data: 'two' } },
      z: { id: 'z', data: 'two' },
    })
    expect(calls()).toEqual(['x', 'y', 'z'])
  })

  it('a failure that a group contained is kept, one that nothing contained runs again', async () => {
    const broken = new Set(['x', 'last'])
    const { ran, goesOn } = recording(config(), broken)
    const flow = (said: string): AgentWorkflow =>
      workflow([
        { id: 'g', onError: 'continue', tasks: [task('w'), task('x'), task('y')] },
        task('b'),
        task('last', { ...data(said), agentId: 'other' }),
      ])
    const id = await ran(flow('wrong'))
    broken.clear()
    expect((await goesOn(id, flow('right')))[1]).toEqual(['last'])
    expect((await goesOn(id, flow('wrong')))[1]).toEqual(['last'])
  })

  it('an execution that is paused is forked as far as it came', async () => {
    const { orchestrator, calls } = recording(config())
    const flow = (said: string): AgentWorkflow => workflow([task('a'), task('b'), task('c', data(said))])
    const handle = await orchestrator.startWorkflow(flow('one'), {}, { step: true })
    while ((await handle.status()) !== 'paused') await new Promise((resolve) => setTimeout(resolve, 2))
    expect(calls()).toEqual(['a'])
    const plan = await orchestrator.forkExecution(handle.id, { workflow: flow('two'), dryRun: true })
    expect(plan).toEqual({ kept: ['a'], runs: ['b', 'c'], gone: [], cost: 0 })
    const forked = await orchestrator.forkExecution(handle.id, 'a', { workflow: flow('two') })
    await forked.result()
    expect(calls()).toEqual(['a', 'b', 'c'])
  })

  it('the context is judged by the new schema; where that makes another of it, nothing is kept', async () => {
    const { orchestrator, ran, goesOn } = recording(config())
    const flow = (context: object | undefined, last = 'one'): AgentWorkflow => workflow([task('a'), task('b', data(last))], { context })
    const id = await ran(flow(undefined), { n: 1 })
    const takes = (type: string): object => ({ type: 'object', properties: { n: { type } }, required: ['n'] })
    expect((await goesOn(id, flow(takes('number'), 'two')))[1]).toEqual(['b'])
    const refused = await rejection(orchestrator.forkExecution(id, { workflow: flow(takes('string')) }))
    expect([refused.code, places(refused)]).toEqual(['ERR_INPUT_SCHEMA', ['context.n']])
  })

  it('a registered workflow that was mended runs as it is now, and as a child of a task that did not change too', async () => {
    const { orchestrator, ran, goesOn } = recording(config())
    const child = (said: string): AgentWorkflow => workflow([task('inner', data(said))], { id: 'child' })
    orchestrator.workflowEngine.registerWorkflow(child('one'))
    const flow = workflow([task('a'), { id: 'c', workflow: 'child' }, task('z')])
    const id = await ran(flow)
    expect((await goesOn(id, flow))[1]).toEqual([])
    orchestrator.workflowEngine.registerWorkflow(child('two'))
    const [results, calls] = await goesOn(id, flow)
    expect(results).toMatchObject({ c: { inner: { data: 'two' } } })
    expect(calls).toEqual(['inner', 'z'])
  })

  it('bad input is refused with its place and the way out', async () => {
    const { orchestrator, ran } = recording(config())
    const id = await ran(workflow([task('a')]))
    const refusal = async (asked: Promise<unknown>): Promise<unknown[]> => {
      const error = await rejection(asked)
      return [error.code, ...places(error)]
    }
    const fork = (...args: unknown[]): Promise<unknown> => orchestrator.forkExecution(...(args as [string, string]))
    expect(await refusal(fork(id, { workflow: workflow([]) }))).toEqual(['ERR_VALIDATION', 'tasks'])
    expect(await refusal(fork(id, { workflow: 7 }))).toEqual(['ERR_VALIDATION', ''])
    expect(await refusal(fork(id, { workflow: workflow([task('a')], { id: 'another' }) }))).toEqual(['ERR_INVALID_ARGUMENT', 'workflow.id'])
    expect(await refusal(fork(id, 'nothing', { workflow: workflow([task('a')]) }))).toEqual(['ERR_INVALID_ARGUMENT', 'fromTask'])
    expect(await refusal(fork(id, 'a', { dryRun: 'yes' }))).toEqual(['ERR_INVALID_ARGUMENT', 'options.dryRun'])
    expect(await refusal(fork(id, { dryRun: true }))).toEqual(['ERR_INVALID_ARGUMENT', 'fromTask'])
    expect(await refusal(fork(id, { id: 'a' }))).toEqual(['ERR_INVALID_ARGUMENT', 'fromTask'])
    expect(await refusal(orchestrator.retryExecution(id, { workflow: workflow([]) } as never))).toEqual([
      'ERR_INVALID_ARGUMENT',
      'options.workflow',
    ])
  })
})
