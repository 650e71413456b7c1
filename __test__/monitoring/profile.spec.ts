// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the time of one execution went into.

import { openArchive, type PerformanceProfile, type TimeBucket } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith, wait } from '../support/kits.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const folder = userFolder()

/** Whole microseconds. */
const micros = (millis: number): number => Math.round(millis * 1000)

/** The parts follow each other from start to end, and both ways of summing give the duration, to the microsecond. */
function whole(profile: PerformanceProfile): PerformanceProfile {
  let at = 0
  for (const { from, duration } of profile.criticalPath) {
    expect(micros(from)).toBe(at)
    at += micros(duration)
  }
  expect(at).toBe(micros(profile.duration))
  expect(Object.values(profile.buckets).reduce((sum, part) => sum + micros(part), 0)).toBe(at)
  return profile
}

/** Parts of the path of 10 ms and more, in whole tens. */
const long = ({ criticalPath }: PerformanceProfile): [string, TimeBucket, number][] =>
  criticalPath.filter(({ duration }) => duration >= 10).map((part) => [part.taskId ?? '', part.bucket, Math.round(part.duration / 10) * 10])

describe('getPerformanceProfile', () => {
  it('takes a run apart: delays, work, failed attempts, backoffs, people, and names what each task is to the path', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    let tries = 0
    kit.orchestrator.agentPool.registerAgentType('work', {
      create: () => ({
        execute: async ({ id }) => {
          await kit.clock.sleep(id === 'quick' ? '1s' : '4s')
          tries += 1
          if (id === 'flaky' && tries === 3) throw new Error('no')
        },
      }),
      maxConcurrency: 10,
    })
    const retryPolicy = { maxAttempts: 2, backoffType: 'fixed', initialDelay: '2s' } as const
    const handle = await kit.orchestrator.startWorkflow(
      workflow([
        task('slow', { dependencies: [] }),
        task('quick', { dependencies: [] }),
        wait('pause', '3s', { dependencies: ['slow', 'quick'] }),
        task('flaky', { dependencies: ['pause'], retryPolicy }),
        { id: 'ask', name: 'ask', waitFor: { signal: 'yes' }, dependencies: ['flaky'] },
      ]),
    )
    await kit.clock.advance('20s')
    await handle.signal('yes', 1)
    await kit.until(handle.result())
    const profile = whole(await kit.orchestrator.executionMonitor.getPerformanceProfile(handle.id))
    expect(long(profile)).toEqual([
      ['slow', 'code', 4000],
      ['pause', 'timer', 3000],
      ['flaky', 'failed', 4000],
      ['flaky', 'backoff', 2000],
      ['flaky', 'code', 4000],
      ['ask', 'signal', 3000],
    ])
    expect(profile).toMatchObject({ executionId: handle.id, workflowId: 'flow', version: '1.0.0' })
    const seconds = (millis: number | undefined): number => Math.round((millis ?? Number.NaN) / 1000)
    const tasks = profile.tasks.map(({ taskId, share, slack, drag = 0 }) => [taskId, seconds(share), seconds(slack), seconds(drag)])
    expect(tasks).toEqual([
      ['flaky', 10, 0, 10],
      ['slow', 4, 0, 3],
      ['ask', 3, 0, 3],
      ['pause', 3, 0, 3],
      ['quick', 0, 3, 0],
    ])
  })

  it('shows the wait for a place of an agent as queue', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    kit.orchestrator.agentPool.registerAgentType('work', {
      create: () => ({ execute: async () => kit.clock.sleep('5s') }),
      maxAgents: 1,
    })
    const { id } = await kit.run(workflow(['a', 'b'].map((id) => task(id, { dependencies: [] }))))
    const profile = whole(await kit.orchestrator.executionMonitor.getPerformanceProfile(id))
    expect(long(profile)).toEqual([
      ['b', 'queue', 5000],
      ['b', 'code', 5000],
    ])
  })

  it('goes into the execution that undoes a child workflow', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    kit.orchestrator.agentPool.registerAgentType('work', {
      create: () => ({
        execute: async ({ id }) => {
          await kit.clock.sleep(id === 'in' ? '1s' : '3s')
          if (id === 'fails') throw new Error('no')
        },
      }),
    })
    const inner = workflow([task('in', { compensate: { agentId: 'work' } })], { id: 'inner', name: 'inner' })
    const flow = workflow([{ id: 'child', name: 'child', workflow: inner }, task('fails', { retryPolicy: { maxAttempts: 1 } })])
    const { executionId = '' } = await rejection(kit.until(kit.orchestrator.executeWorkflow(flow)))
    const profile = whole(await kit.orchestrator.executionMonitor.getPerformanceProfile(executionId))
    // Until that has ended the execution has not.
    expect(profile.criticalPath.map(({ executionId: of }) => of)).toContain(`${executionId}/child/1!compensate`)
    expect(profile.buckets).toMatchObject({ code: 4000, failed: 3000 })
    const undoing = { executionId: `${executionId}/child/1!compensate`, taskId: 'in!compensate', agentId: 'work' }
    expect(profile.tasks).toContainEqual(expect.objectContaining(undoing))
  })

  it('goes into child workflows, whose parts say whose they are', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    kit.orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: async () => kit.clock.sleep('5s') }) })
    const inner = workflow([task('in')], { id: 'inner' })
    const { id } = await kit.run(workflow([{ id: 'child', name: 'child', workflow: inner }, task('after')]))
    const profile = whole(await kit.orchestrator.executionMonitor.getPerformanceProfile(id))
    const parts = profile.criticalPath.filter(({ duration }) => duration >= 10)
    expect(parts.map(({ executionId, taskId, bucket }) => [executionId, taskId, bucket])).toEqual([
      [`${id}/child/1`, 'in', 'code'],
      [id, 'after', 'code'],
    ])
  })

  it('is of the time so far while an execution runs', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    kit.orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: async () => kit.clock.sleep('5s') }) })
    const handle = await kit.orchestrator.startWorkflow(workflow([task('a'), task('b'), task('c')]))
    await kit.clock.advance('7s')
    const profile = whole(await kit.orchestrator.executionMonitor.getPerformanceProfile(handle.id))
    expect(profile.endTime).toBeUndefined()
    expect(long(profile)).toEqual([['a', 'code', 5000]])
    await kit.until(handle.result())
  })

  it('is there without a store while an execution runs, and as long as it is remembered, with those below it', async () => {
    const kit = await kitWith({}, { memory: { remember: { count: 2 } } })
    kit.orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: async () => kit.clock.sleep('5s') }) })
    const { executionMonitor } = kit.orchestrator
    const inner = workflow([task('in')], { id: 'inner' })
    const handle = await kit.orchestrator.startWorkflow(workflow([task('a'), { id: 'child', name: 'child', workflow: inner }]))
    await kit.clock.advance('6s')
    expect(long(whole(await executionMonitor.getPerformanceProfile(handle.id)))).toEqual([['a', 'code', 5000]])
    await kit.until(handle.result())
    await kit.clock.advance('1s')
    expect(long(whole(await executionMonitor.getPerformanceProfile(handle.id)))).toEqual([
      ['a', 'code', 5000],
      ['in', 'code', 5000],
    ])
    for (const id of ['b', 'c']) await kit.run(workflow([task(id)]))
    await kit.clock.advance('1s')
    expect(await kit.orchestrator.getExecution(handle.id)).toBeUndefined()
    expect(await rejection(executionMonitor.getPerformanceProfile(handle.id))).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND' })
  })

  it('sums to the microsecond on a real clock and a real file, and says what is no execution', async () => {
    const path = storePath(folder)
    const orchestrator = orchestratorWith(
      { work: async () => new Promise((done) => setTimeout(done, Math.random() * 5)) },
      { storage: { path } },
    )
    const tasks = Array.from({ length: 40 }, (_, place) =>
      task(`t${place}`, { dependencies: [place - 1, place - 3, place - 7].filter((other) => other >= 0).map((other) => `t${other}`) }),
    )
    const { id, metrics } = await orchestrator.executeWorkflow(workflow(tasks))
    const profile = whole(await orchestrator.executionMonitor.getPerformanceProfile(id))
    expect(micros(profile.duration)).toBe(micros(metrics.duration))
    expect(await rejection(orchestrator.executionMonitor.getPerformanceProfile('nothing'))).toMatchObject({
      code: 'ERR_EXECUTION_NOT_FOUND',
    })
    expect(await rejection(orchestrator.executionMonitor.getPerformanceProfile(1 as never))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    // Whoever only looks at a store is not asked.
    await using archive = await openArchive(path)
    expect(await archive.getExecution(id)).toMatchObject({ id })
  })
})

describe('predict and compareExecutions', () => {
  it.each(['file', undefined] as const)(
    'predicts what a changed workflow then takes, and shows where two executions differ; storage: %s',
    async (storage) => {
      const kit = await kitWith({}, storage && { storage })
      const slept: Record<string, string> = { slow: '8s', other: '5s', last: '2s' }
      kit.orchestrator.agentPool.registerAgentType('work', {
        create: () => ({ execute: async ({ id }) => kit.clock.sleep(slept[id] ?? '1s') }),
        maxAgents: 1,
        maxConcurrency: 2,
      })
      const tasks = (needs: string[]): ReturnType<typeof task>[] => [
        task('slow', { dependencies: [] }),
        task('other', { dependencies: [] }),
        task('third', { dependencies: [] }),
        task('last', { dependencies: needs }),
      ]
      const { executionMonitor } = kit.orchestrator
      const before = await kit.run(workflow(tasks(['slow', 'other'])))
      const seconds = (millis: number): number => Math.round(millis / 100) / 10
      const twice = await executionMonitor.predict(before.id, [], { assuming: [{ task: 'slow', factor: 0.5 }] })
      expect([seconds(twice.duration), seconds(twice.predicted), twice.executions]).toEqual([10, 7, 1])
      expect(twice.unknown).toEqual([])
      expect(twice.interval).toBeUndefined()
      const last = ['tasks', { id: 'last' }, 'dependencies'] as const
      const without = await executionMonitor.predict(before.id, { path: last, operation: { type: 'delete', position: { id: 'slow' } } })
      const two = await executionMonitor.predict(before.id, { agent: 'work', maxAgents: 2 })
      expect([seconds(without.predicted), seconds(two.predicted)]).toEqual([8, 10])
      expect(without.unknown).toEqual(['whether `last` needs what `slow` does besides its output'])

      slept['slow'] = '4s'
      const faster = await kit.run(workflow(tasks(['slow', 'other'])))
      slept['slow'] = '8s'
      const freed = await kit.run(workflow(tasks(['other'])))
      expect([seconds(faster.metrics.duration), seconds(freed.metrics.duration)]).toEqual([7, 8])

      const { difference, buckets, tasks: changed, a, b } = await executionMonitor.compareExecutions(before.id, faster.id)
      expect([a.executionId, b.executionId, seconds(difference)]).toEqual([before.id, faster.id, -3])
      expect(Object.values(buckets).reduce((sum, part) => sum + micros(part), 0)).toBe(micros(difference))
      expect(changed.slice(0, 2).map((one) => [one.task, seconds(one.difference)])).toEqual([
        ['slow', -8],
        ['other', 5],
      ])
      const again = await executionMonitor.predict(before.id, [], { assuming: [{ task: 'slow', factor: 1 }] })
      expect(again).toMatchObject({ executions: 3, interval: { low: 0, high: 0 } })
    },
  )

  it('refuses by name what is no change and no execution', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, { storage: { path: storePath(folder) } })
    const { id } = await orchestrator.executeWorkflow(workflow([task('fetch'), task('report')]))
    const refused = async (change: unknown, options?: object): Promise<string[]> => {
      const error = await rejection(orchestrator.executionMonitor.predict(id, change as never, options))
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
      return (error as unknown as { issues: { path: string; message: string }[] }).issues.map(({ path, message }) => `${path}: ${message}`)
    }
    const replace = (path: unknown, content: unknown = 1): object => ({ path, operation: { type: 'replace', content } })
    expect(await refused([replace(['tasks', { id: 'reprot' }, 'timeout'])])).toEqual([
      'change[0]: tasks[id=reprot]: there is no element `reprot` here; did you mean `report`?',
    ])
    expect(await refused(replace(['tasks', 0, 'timeuot']))).toEqual([
      expect.stringContaining('makes a definition that cannot run: tasks[0].timeuot: unknown field `timeuot`'),
    ])
    expect(
      await refused([
        { task: 'fetch', factor: 0.5 },
        { agent: 'work', maxAgents: 0 },
      ]),
    ).toEqual([
      'change[0].task: is no field of a change; a change is { path, operation }, or { agent, maxAgents } for a pool',
      'change[1]: must be { agent, maxAgents } with a name and a whole number of 1 or more',
    ])
    expect(await refused([])).toEqual([expect.stringContaining('an empty one changes nothing')])
    expect(await refused([], { assuming: [{ task: 'fetch', factor: -1 }] })).toEqual([
      expect.stringContaining('options.assuming[0].factor: must be a number'),
    ])
    const changed = replace(['name'], 'x') as never
    const { executionMonitor } = orchestrator
    expect(await rejection(executionMonitor.predict('x', changed))).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND' })
    expect(await rejection(executionMonitor.compareExecutions('x', 'y'))).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND' })
    const memory = orchestratorWith().executionMonitor
    expect(await rejection(memory.predict('x', changed))).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND' })
    expect(await rejection(memory.compareExecutions('x', 'y'))).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND' })
  })
})

describe('an estimate of when an execution that runs will have ended', () => {
  it('is made of how those before it went on from there, and is absent once it has', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    let factor = 1
    kit.orchestrator.agentPool.registerAgentType('work', {
      create: () => ({ execute: async ({ id }) => kit.clock.sleep((id === 'first' ? 4000 : 10_000) * factor) }),
      maxConcurrency: 10,
    })
    const flow = workflow([task('first', { dependencies: [] }), task('second', { dependencies: ['first'] })])
    const { executionMonitor } = kit.orchestrator
    const inTheMiddle = async (): Promise<PerformanceProfile> => {
      const handle = await kit.orchestrator.startWorkflow(flow)
      await kit.clock.advance('6s')
      const profile = await executionMonitor.getPerformanceProfile(handle.id)
      await kit.clock.advance('1m')
      await kit.until(handle.result())
      return profile
    }
    // Nothing is known yet, and two are no past.
    expect((await inTheMiddle()).estimate).toBeNull()
    for (factor of [0.9, 1.1]) await kit.until(kit.orchestrator.executeWorkflow(flow))
    factor = 1
    const { estimate, endTime, startTime } = await inTheMiddle()
    expect(endTime).toBeUndefined()
    expect(estimate?.executions).toBe(3)
    const after = (date: Date | undefined): number => ((date?.getTime() ?? Number.NaN) - startTime.getTime()) / 1000
    // The first took 4 s, and the second takes 9, 10 or 11: all of them longer than the 2 s that it has taken.
    expect(after(estimate?.endTime)).toBeCloseTo(14, 0)
    expect(after(estimate?.earliest)).toBeGreaterThan(6)
    expect(after(estimate?.earliest)).toBeLessThan(14)
    expect(after(estimate?.latest)).toBeGreaterThan(14)
    const ended = await kit.until(kit.orchestrator.executeWorkflow(flow))
    expect(await executionMonitor.getPerformanceProfile(ended.id)).not.toHaveProperty('estimate')
  })

  it('is made of what is remembered where there is no store', async () => {
    const kit = await kitWith({ work: () => 1 })
    const flow = workflow([task('a'), wait('rest', '10s', { dependencies: ['a'] })])
    for (let count = 0; count < 3; count += 1) await kit.until(kit.orchestrator.executeWorkflow(flow))
    const handle = await kit.orchestrator.startWorkflow(flow)
    await kit.clock.advance('4s')
    const { estimate, startTime } = await kit.orchestrator.executionMonitor.getPerformanceProfile(handle.id)
    expect(Math.round(((estimate?.endTime.getTime() ?? 0) - startTime.getTime()) / 1000)).toBe(10)
    await kit.until(handle.result())
  })
})
