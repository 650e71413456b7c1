// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a fork does anew: the inside of what it begins from, and passes that may build on one it changes.

import { describe, expect, it } from 'vitest'
import type { AgentTask, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

/** What was called, by path, since the last look; `broken` throws. */
function recording(config: OrchestratorConfig, broken = new Set<string>()): { orchestrator: MultiAgentOrchestrator; calls(): string[] } {
  const seen: string[] = []
  const orchestrator = orchestratorWith(
    {
      work: ({ id }, { idempotencyKey }) => {
        const path = decodeURIComponent(idempotencyKey.slice(idempotencyKey.lastIndexOf(':') + 1))
        seen.push(path)
        if (broken.has(path)) throw new Error(`${path} is broken`)
        return id
      },
      spawns: async ({ id }, { spawn }) => {
        seen.push(id)
        return spawn(task('kid'))
      },
    },
    config,
  )
  return { orchestrator, calls: () => seen.splice(0) }
}

const loop = (rest: object, tasks: readonly AgentTask[], id = 'l'): AgentTask =>
  ({ id, name: id, type: 'loop', tasks, ...rest }) as AgentTask

describe.each(storages)('%s', (_name, config) => {
  // Found by the crossed suite: passes were compared by their depth alone, so that a loop that comes after one in whose pass a fork begins kept its old passes.
  it('a fork from a pass does loops that come after that one again, in every pass', async () => {
    const { orchestrator, calls } = recording(config())
    const one = loop({ loop: { forEach: [1, 2] } }, [task('a')])
    const flow = workflow([one, loop({ loop: { forEach: [1, 2] } }, [task('b')], 'm'), task('n', { type: 'loop', loop: { forEach: [1] } })])
    const { id } = await orchestrator.executeWorkflow(flow)
    calls()
    await (await orchestrator.forkExecution(id, 'l[1].a')).result()
    expect(calls()).toEqual(['l[1].a', 'm[0].b', 'm[1].b', 'n[0]'])
  })

  // `forkExecution(id, 'group')` kept what was inside of the group: a fork from a group, a loop or a choice ran nothing of it, and gave the old output.
  it.each<[string, AgentTask, string[]]>([
    ['a group', { id: 'x', name: 'x', tasks: [task('a'), task('b')] }, ['a', 'b']],
    ['a parallel group', { id: 'x', name: 'x', type: 'parallel', tasks: [task('a'), task('b')] }, ['a', 'b']],
    ['a group in a group', { id: 'x', name: 'x', tasks: [{ id: 'y', name: 'y', tasks: [task('a')] }, task('b')] }, ['a', 'b']],
    ['a choice', { id: 'x', name: 'x', type: 'conditional', branches: [{ when: 'true', tasks: [task('a')] }] }, ['a']],
    ['a choice of many', { id: 'x', name: 'x', type: 'conditional', mode: 'all', branches: [{ when: 'true', tasks: [task('a')] }] }, ['a']],
    ['a loop', loop({ loop: { forEach: [1, 2] } }, [task('a'), task('b')], 'x'), ['x[0].a', 'x[0].b', 'x[1].a', 'x[1].b']],
    ['a loop until', loop({ loop: { until: 'iteration >= 1' } }, [task('a')], 'x'), ['x[0].a', 'x[1].a']],
    ['a loop of one call', task('x', { type: 'loop', loop: { forEach: [1, 2] } }), ['x[0]', 'x[1]']],
    [
      'a loop in a loop',
      loop({ loop: { forEach: [1] } }, [loop({ loop: { forEach: [1, 2] } }, [task('a')], 'y')], 'x'),
      ['x[0].y[0].a', 'x[0].y[1].a'],
    ],
    ['a task', task('x'), ['x']],
    ['a task that spawns', task('x', { agentId: 'spawns' }), ['x', 'x/kid']],
    ['a child', { id: 'x', name: 'x', workflow: workflow([task('a')], { id: 'inner' }) }, ['a']],
  ])('a fork from %s does its inside again, and what comes after, and nothing else', async (_what, x, inside) => {
    const { orchestrator, calls } = recording(config())
    const { id, results } = await orchestrator.executeWorkflow(workflow([task('pre'), x, task('post')]))
    expect(calls()).toEqual(['pre', ...inside, 'post'])
    const forked = await (await orchestrator.forkExecution(id, 'x')).result()
    expect([forked.results, calls()]).toEqual([results, [...inside, 'post']])
    await (await orchestrator.forkExecution(id, 'post')).result()
    expect(calls()).toEqual(['post'])
  })

  it('a fork from inside a group keeps what is beside it', async () => {
    const { orchestrator, calls } = recording(config())
    const group: AgentTask = { id: 'g', name: 'g', type: 'parallel', tasks: [task('a'), task('b')] }
    const { id } = await orchestrator.executeWorkflow(workflow([group, task('post')]))
    calls()
    await (await orchestrator.forkExecution(id, 'b')).result()
    expect(calls()).toEqual(['b', 'post'])
  })

  // A fork from pass 1 of an `until` kept pass 2 and its output, though pass 2 had been made of what pass 1 gave before.
  it.each<[string, AgentTask, string, string[]]>([
    ['until', loop({ loop: { until: 'iteration >= 2' } }, [task('a'), task('b')]), 'l[1].b', ['l[1].b', 'l[2].a', 'l[2].b']],
    ['while', loop({ loop: { while: 'iteration < 3' } }, [task('a'), task('b')]), 'l[1].a', ['l[1].a', 'l[1].b', 'l[2].a', 'l[2].b']],
    ['conditions', loop({ conditions: 'iteration < 2' }, [task('a')]), 'l[0].a', ['l[0].a', 'l[1].a', 'l[2].a']],
    ['one call', task('l', { type: 'loop', loop: { until: 'iteration >= 2' } }), 'l[1]', ['l[1]', 'l[2]']],
    [
      'items that are read alone',
      loop({ loop: { forEach: [1, 2, 3] } }, [task('a', { input: { prompt: 'the last: {{ item }}' } })]),
      'l[0].a',
      ['l[0].a'],
    ],
    [
      'items and a prompt with last',
      loop({ loop: { forEach: [1, 2, 3] } }, [task('a', { input: { prompt: '{{ last }}' } })]),
      'l[1].a',
      ['l[1].a', 'l[2].a'],
    ],
    [
      'items and a condition with last',
      loop({ loop: { forEach: [1, 2, 3] } }, [task('a', { conditions: ['last != 7'] })]),
      'l[0].a',
      ['l[0].a', 'l[1].a', 'l[2].a'],
    ],
    [
      'items and a function',
      loop({ loop: { forEach: [1, 2, 3] } }, [task('a', { conditions: [() => true] })]),
      'l[1].a',
      ['l[1].a', 'l[2].a'],
    ],
  ])('a fork in a pass does those again that may build on it: %s', async (_what, l, from, again) => {
    const { orchestrator, calls } = recording(config())
    const { id } = await orchestrator.executeWorkflow(workflow([task('pre'), l, task('post')]))
    calls()
    await (await orchestrator.forkExecution(id, from)).result()
    expect(calls()).toEqual([...again, 'post'])
  })

  it('of loops in loops each keeps by its own rule', async () => {
    const { orchestrator, calls } = recording(config())
    const inner = loop({ loop: { until: 'iteration >= 1' } }, [task('a')], 'inner')
    const { id } = await orchestrator.executeWorkflow(workflow([loop({ loop: { forEach: [1, 2] } }, [inner, task('b')], 'outer')]))
    calls()
    const fork = async (from: string): Promise<string[]> => {
      await (await orchestrator.forkExecution(id, from)).result()
      return calls()
    }
    expect(await fork('outer[0].inner[0].a')).toEqual(['outer[0].inner[0].a', 'outer[0].inner[1].a', 'outer[0].b'])
    expect(await fork('outer[0].inner')).toEqual(['outer[0].inner[0].a', 'outer[0].inner[1].a', 'outer[0].b'])
    expect(await fork('outer[1].inner[1].a')).toEqual(['outer[1].inner[1].a', 'outer[1].b'])
  })

  // Where nothing looks at values they stay in JavaScript, and a fork did not have those it kept: what depends on a kept task was given null, and the
  // results lacked it.
  it('what a fork keeps has its output, for those that depend on it and in the results', async () => {
    const given: unknown[] = []
    const orchestrator = orchestratorWith({ work: ({ id, context }) => (given.push(context.dependencies), `${id}!`) }, config())
    const { id } = await orchestrator.executeWorkflow(workflow([task('a'), task('b'), task('c')]))
    given.length = 0
    const forked = await (await orchestrator.forkExecution(id, 'b')).result()
    expect([forked.results, given]).toEqual([{ a: 'a!', b: 'b!', c: 'c!' }, [{ a: 'a!' }, { b: 'b!' }]])
    expect((await orchestrator.getExecution(forked.id))?.results).toEqual(forked.results)
    const again = await (await orchestrator.forkExecution(forked.id, 'c')).result()
    expect([again.results, given.at(-1)]).toEqual([forked.results, { b: 'b!' }])
  })

  // Found by the crossed suite: an execution was cancelled while `b` ran, and forked from `d`. The fork took over that `b` was cancelled, though nothing had
  // cancelled the fork: what comes after `b` was skipped as after a failure, `d` with it, and the fork ended completed without having done anything.
  it('a fork does what a cancel cut off, and what comes after that, beside what it begins from', async () => {
    const calls: string[] = []
    const cancelling = new Set(['b'])
    const orchestrator = orchestratorWith(
      {
        work: ({ id, executionId }, { signal }) => {
          calls.push(id)
          if (!cancelling.delete(id)) return id
          void orchestrator.cancelExecution(executionId)
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        },
      },
      config(),
    )
    const group: AgentTask = { id: 'g', name: 'g', tasks: [task('kept'), task('b'), task('c')] }
    const flow = workflow([task('a'), group, task('no', { conditions: ['false'] }), task('d')])
    const cancelled = await rejection(orchestrator.executeWorkflow(flow, {}, { executionId: 'one' }))
    expect([cancelled.code, calls.splice(0)]).toEqual(['ERR_CANCELLED', ['a', 'kept', 'b']])
    const forked = await (await orchestrator.forkExecution('one', 'd')).result()
    expect([calls, forked.results]).toEqual([['b', 'c', 'd'], { a: 'a', g: { kept: 'kept', b: 'b', c: 'c' }, d: 'd' }])
    expect(forked.tasks.find(({ taskId }) => taskId === 'no')).toMatchObject({ status: 'skipped', reason: 'condition_false' })
  })

  // Beside the task that a fork began from stood one that had been told to stop when that failed. It stayed told to stop, and what depends on it skipped.
  it('a fork does what a failure cut off if it does again what failed, and lets it be if it does not', async () => {
    const calls: string[] = []
    const broken = new Set(['fails'])
    const orchestrator = orchestratorWith(
      {
        work: ({ id }, { signal }) => {
          calls.push(id)
          if (broken.has(id)) throw new Error('no')
          if (broken.size === 0 || id !== 'cut') return id
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        },
      },
      config(),
    )
    const beside: AgentTask = { id: 'p', name: 'p', type: 'parallel', tasks: [task('done'), task('cut'), task('fails')] }
    const flow = workflow([beside, task('after', { triggerRule: 'all_done', dependencies: ['p'] })])
    await rejection(orchestrator.executeWorkflow(flow, {}, { executionId: 'one' }))
    const fork = async (from: string): Promise<[string[], string]> => {
      calls.length = 0
      const { status } = await (await orchestrator.forkExecution('one', from)).settled()
      return [calls, status]
    }
    expect(await fork('after')).toEqual([['after'], 'failed'])
    broken.clear()
    expect(await fork('fails')).toEqual([['cut', 'fails', 'after'], 'completed'])
  })

  // Found by the crossed suite: passes of a loop that collects what fails were taken for one list, as if a failure in one had cut off what was cut off in another.
  it('a fork from one pass lets be what a failure cut off in another, where passes fail by themselves', async () => {
    const calls: string[] = []
    const orchestrator = orchestratorWith(
      {
        work: ({ id }, { signal }) => {
          calls.push(id)
          if (id === 'fails') throw new Error('no')
          if (id === 'clean') return id
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        },
      },
      config(),
    )
    const first = (id: string): AgentTask => task(id, { dependencies: [] })
    const clean = task('clean', { dependencies: ['cut'], triggerRule: 'all_done' })
    const group: AgentTask = { id: 'g', name: 'g', tasks: [first('cut'), first('fails'), clean] }
    const flow = workflow([loop({ loop: { forEach: [1, 2], onItemError: 'collect' } }, [group])])
    const { id } = await orchestrator.executeWorkflow(flow)
    expect(calls.splice(0)).toEqual(['cut', 'fails', 'clean', 'cut', 'fails', 'clean'])
    await (await orchestrator.forkExecution(id, 'l[1].g')).settled()
    expect(calls).toEqual(['cut', 'fails', 'clean'])
  })

  // Found by the crossed suite: what a failure in a group had cut off ran again in a fork, since another task had failed beside the group later.
  it('a fork does not do what a failure cut off inside of a group that had failed by itself', async () => {
    const calls: string[] = []
    const broken = new Set(['fails', 'later'])
    const orchestrator = orchestratorWith(
      {
        work: ({ id }, { signal }) => {
          calls.push(id)
          if (broken.has(id)) throw new Error('no')
          if (id !== 'cut') return id
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        },
      },
      config(),
    )
    const first = (id: string): AgentTask => task(id, { dependencies: [] })
    const clean = task('clean', { dependencies: ['cut'], triggerRule: 'all_done' })
    const group: AgentTask = { id: 'g', name: 'g', onError: 'continue', tasks: [first('cut'), first('fails'), clean] }
    await rejection(orchestrator.executeWorkflow(workflow([group, task('later')]), {}, { executionId: 'one' }))
    expect(calls.splice(0)).toEqual(['cut', 'fails', 'clean', 'later'])
    broken.clear()
    await (await orchestrator.forkExecution('one', 'later')).result()
    expect(calls).toEqual(['later'])
  })

  it('a retry of a group or loop that failed still keeps what ended well inside', async () => {
    const broken = new Set(['l[1].b'])
    const { orchestrator, calls } = recording(config(), broken)
    const flow = workflow([
      { id: 'g', name: 'g', tasks: [task('a1'), loop({ loop: { until: 'iteration >= 2' } }, [task('a'), task('b')])] },
    ])
    const failed = await rejection(orchestrator.executeWorkflow(flow))
    calls()
    broken.clear()
    await (await orchestrator.retryExecution(failed.executionId as string)).result()
    expect(calls()).toEqual(['l[1].b', 'l[2].a', 'l[2].b'])
  })
})

it('what a fork keeps has its output after a crash at any commit', async () => {
  const given = new Set<string>()
  const work: Execute = ({ id, context }) => {
    given.add(JSON.stringify([id, context.dependencies]))
    return `${id}!`
  }
  const origin = workflow([task('a'), task('b'), task('c')])
  for (let commit = 1; ; commit += 1) {
    const kit = await kitWith({ work }, { storage: 'file' })
    const { id } = await kit.run(origin)
    given.clear()
    const crashed = kit.crash({ beforeCommit: commit }).then(() => true)
    const handle = await kit.orchestrator.forkExecution(id, 'b', { executionId: 'fork' }).catch(() => undefined)
    const ended = handle === undefined ? undefined : await kit.until(handle.settled()).catch(() => undefined)
    if (ended === undefined) {
      expect(await crashed).toBe(true)
      await kit.reopen()
    }
    const fork = await kit.until(kit.orchestrator.getHandle('fork').settled()).catch(() => undefined)
    if (fork !== undefined) {
      expect([fork.results, [...given]]).toEqual([{ a: 'a!', b: 'b!', c: 'c!' }, ['["b",{"a":"a!"}]', '["c",{"b":"b!"}]']])
    }
    await kit.close()
    if (ended !== undefined) return expect(commit).toBeGreaterThan(3)
  }
})
