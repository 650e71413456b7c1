// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What `docs/workflows.md` says, as a user meets it: in memory and in a store.

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type {
  AgentWorkflow,
  ExecutionEvent,
  MultiAgentOrchestrator,
  OrchestratorConfig,
  TaskExecution,
} from '@codexos/multi-agent-orchestrator'
import { untilAborted } from '@codexos/multi-agent-orchestrator/testing'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, until, untilAborted as listening, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]
const echo = (given: { input: { data?: unknown } }): unknown => given.input.data ?? null
const asleep = (_: unknown, { signal }: { signal: AbortSignal }): Promise<unknown> => listening(signal)

describe.each(storages)('%s', (_name, config) => {
  const withAgents = (agents: Record<string, unknown>): MultiAgentOrchestrator => orchestratorWith(agents as never, config())

  it('groups, branches and loops have outputs that templates and conditions read', async () => {
    const seen: unknown[] = []
    const orchestrator = withAgents({
      work: (given: { id: string; input: { data?: unknown }; context: { dependencies: unknown } }) => {
        seen.push([given.id, given.input.data, given.context.dependencies])
        return given.input.data ?? given.id
      },
    })
    const flow = workflow([
      { id: 'both', name: 'both', type: 'parallel', tasks: [task('a', { input: { data: 2 } }), task('b')] },
      {
        id: 'pick',
        name: 'pick',
        type: 'conditional',
        branches: [
          { name: 'big', when: 'tasks.both.output.a > 1', tasks: [task('c', { input: { data: { was: '{{ tasks.both.output.a }}' } } })] },
        ],
        default: [task('d')],
      },
      { id: 'each', name: 'each', type: 'loop', agentId: 'work', loop: { forEach: 'context.items' }, input: { data: '{{ item }}!' } },
    ])
    const execution = await orchestrator.executeWorkflow(flow, { items: ['x', 'y'] })
    expect(execution.results).toEqual({
      both: { a: 2, b: 'b' },
      pick: { branch: 'big', output: { c: { was: 2 } } },
      each: ['x!', 'y!'],
    })
    expect(execution.tasks.map(({ taskId, status, iteration }) => [taskId, status, iteration])).toEqual([
      ['both', 'completed', undefined],
      ['pick', 'completed', undefined],
      ['each', 'completed', undefined],
      ['a', 'completed', undefined],
      ['b', 'completed', undefined],
      ['c', 'completed', undefined],
      ['each[0]', 'completed', 0],
      ['each[1]', 'completed', 1],
    ])
    expect((await orchestrator.getExecution(execution.id))?.results).toEqual(execution.results)
  })

  it('conditions may be functions, which see what expressions see', async () => {
    const scopes: unknown[] = []
    const orchestrator = withAgents({ work: echo })
    const flow = workflow([
      task('a', { input: { data: 7 } }),
      task('b', {
        conditions: [
          (scope: { tasks: { a: { output: number } }; context: { n: number } }) => {
            scopes.push(scope)
            return scope.tasks.a.output === 7 && scope.context.n === 1
          },
        ],
      }),
      task('c', { conditions: [{ type: 'custom', evaluate: () => false }] }),
    ])
    const execution = await orchestrator.executeWorkflow(flow, { n: 1 })
    expect(execution.tasks.map(({ status, reason }) => [status, reason])).toEqual([
      ['completed', undefined],
      ['completed', undefined],
      ['skipped', 'condition_false'],
    ])
    expect(scopes).toMatchObject([{ tasks: { a: { status: 'completed', output: 7 } }, results: { a: 7 }, input: { n: 1 } }])
  })

  it('the documented loop runs once and repeats while its conditions hold', async () => {
    let calls = 0
    const orchestrator = withAgents({ work: () => ({ more: ++calls < 3 }) })
    const flow = workflow([task('poll', { type: 'loop', conditions: [{ type: 'state', expression: 'tasks.poll.output.more' }] })])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ poll: { more: false } })
    expect(calls).toBe(3)
  })

  it('a signal ends a wait, and its payload is checked', async () => {
    const orchestrator = withAgents({ work: echo })
    const flow = workflow([
      { id: 'approve', name: 'approve', waitFor: { signal: 'approve', schema: z.object({ by: z.string() }) } },
      task('b', { input: { data: '{{ tasks.approve.output.by }}' } }),
    ])
    const handle = await orchestrator.startWorkflow(flow)
    expect(await rejection(handle.signal('approve', { by: 7 }))).toMatchObject({ code: 'ERR_SIGNAL_SCHEMA' })
    await handle.signal('approve', { by: 'me' })
    expect((await handle.result()).results).toEqual({ approve: { by: 'me' }, b: 'me' })
    expect(await rejection(handle.signal('approve'))).toMatchObject({ code: 'ERR_EXECUTION_ENDED' })
  })

  it('two waits of one name are told apart by their paths', async () => {
    const orchestrator = withAgents({})
    const wait = (id: string): object => ({ id, name: id, waitFor: { signal: 'go' } })
    const flow = workflow([{ id: 'g', name: 'g', type: 'parallel', tasks: [wait('a'), wait('b')] }] as never)
    const handle = await orchestrator.startWorkflow(flow)
    expect(await rejection(handle.signal('go', 1))).toMatchObject({
      code: 'ERR_AMBIGUOUS_SIGNAL',
      message: expect.stringContaining('a, b'),
    })
    await handle.signal('go', 1, { path: 'b' })
    await handle.signal('go', 2)
    expect((await handle.result()).results).toEqual({ g: { a: 2, b: 1 } })
  })

  it('a pause lets what runs end and starts nothing, and step mode runs one task at a time', async () => {
    const first = gate<string>()
    const calls: string[] = []
    const orchestrator = withAgents({
      work: ({ id }: { id: string }) => {
        calls.push(id)
        return id === 'a' ? first.promise : id
      },
    })
    const handle = await orchestrator.startWorkflow(workflow([task('a'), task('b'), task('c')]))
    await until(() => calls.length === 1)
    await handle.pause()
    expect(await handle.status()).toBe('paused')
    first.open('a')
    await until(async () => (await orchestrator.getExecution(handle.id))?.tasks[0]?.status === 'completed')
    expect(calls).toEqual(['a'])
    const paused = new Promise((resolve) => orchestrator.once('workflow:paused', resolve))
    await handle.resume({ step: true })
    await paused
    expect(calls).toEqual(['a', 'b'])
    await handle.resume()
    expect((await handle.result()).results).toEqual({ a: 'a', b: 'b', c: 'c' })
  })

  it('an attempt may spawn tasks, and gets their outputs or their failures', async () => {
    const orchestrator = withAgents({
      parent: async (_: unknown, { spawn }: { spawn: (task: object) => PromiseLike<unknown> }) => {
        const caught = await Promise.resolve(spawn(task('bad', { agentId: 'bad' }))).catch((error: Error) => error.message)
        return [await spawn(task('good', { input: { data: 5 } })), caught]
      },
      careless: (_: unknown, { spawn }: { spawn: (task: object) => PromiseLike<unknown> }) => void spawn(task('bad', { agentId: 'bad' })),
      work: echo,
      bad: () => Promise.reject(new Error('broken')),
    })
    const bound = (agentId: string): AgentWorkflow => workflow([task('p', { agentId })])
    const execution = await orchestrator.executeWorkflow(bound('parent'))
    expect(execution.results).toEqual({ p: [5, 'task `p/bad` failed: broken'] })
    expect(execution.tasks.map(({ taskId, status }) => `${taskId} ${status}`)).toEqual(['p completed', 'p/bad failed', 'p/good completed'])
    const error = await rejection(orchestrator.executeWorkflow(bound('careless')))
    expect(error.cause).toMatchObject({ code: 'ERR_SPAWN_FAILED' })
  })

  it('what an attempt adds counts as a task of its execution', async () => {
    const refused: unknown[] = []
    const orchestrator = orchestratorWith(
      {
        work: echo,
        parent: async (_: unknown, { spawn }: { spawn: (task: object) => PromiseLike<unknown> }) => {
          for (const id of ['one', 'two', 'three']) {
            try {
              await spawn(task(id, { input: { data: id } }))
            } catch (error) {
              refused.push([id, (error as { code?: string }).code, (error as Error).message])
            }
          }
        },
      } as never,
      { ...config(), workflow: { maxTasks: 3 } },
    )
    await orchestrator.executeWorkflow(workflow([task('p', { agentId: 'parent' })]))
    const message = expect.stringContaining('4 tasks exceed `workflow.maxTasks` (3)')
    expect(refused).toEqual([['three', 'ERR_VALIDATION', message]])
  })

  it('a changed definition of a version runs beside the old one where that is allowed', async () => {
    const held = gate()
    const orchestrator = orchestratorWith({ work: echo, wait: () => held.promise } as never, {
      ...config(),
      workflow: { allowRedefinition: true },
    })
    const first = await orchestrator.startWorkflow(workflow([task('a', { agentId: 'wait' })]))
    expect((await orchestrator.executeWorkflow(workflow([task('a', { input: { data: 'new' } })]))).results).toEqual({ a: 'new' })
    held.open()
    expect((await first.result()).results).toEqual({ a: null })
  })

  it('a task may be a workflow, which is an execution of its own', async () => {
    const orchestrator = withAgents({ work: echo, sleep: asleep })
    orchestrator.workflowEngine.registerWorkflow({ ...workflow([task('x', { input: { data: '{{ context.n }}' } })]), id: 'inner' })
    const flow = workflow([
      { id: 'child', name: 'child', workflow: 'inner', input: { data: { n: 3 } } },
      task('b', { input: { data: '{{ tasks.child.output.x }}' } }),
    ])
    const execution = await orchestrator.executeWorkflow(flow)
    expect(execution.results).toEqual({ child: { x: 3 }, b: 3 })
    expect(await orchestrator.getExecution(`${execution.id}/child/1`)).toMatchObject({
      parent: { execution: execution.id, path: 'child' },
      results: { x: 3 },
    })

    const sleeping = { ...workflow([task('x', { agentId: 'sleep' })]), id: 'sleeping' }
    const asleepNow = new Promise((resolve) => orchestrator.on('task:started', ({ agentId }) => agentId === 'sleep' && resolve(agentId)))
    const handle = await orchestrator.startWorkflow({ ...workflow([{ id: 'child', name: 'child', workflow: sleeping }]), id: 'outer' })
    await asleepNow
    await orchestrator.cancelExecution(handle.id)
    expect((await handle.settled()).status).toBe('cancelled')
    expect((await orchestrator.getHandle(`${handle.id}/child/1`).settled()).status).toBe('cancelled')
  })

  it('a workflow that runs itself is stopped', async () => {
    const orchestrator = withAgents({})
    const endless = { ...workflow([{ id: 'again', name: 'again', workflow: 'endless' }]), id: 'endless' }
    orchestrator.workflowEngine.registerWorkflow(endless)
    const error = await rejection(orchestrator.executeWorkflow(endless))
    expect(error.message).toContain('nested deeper than `workflow.maxDepth`')
  })

  it('what completed is undone when the whole fails', async () => {
    const undone: unknown[] = []
    const orchestrator = withAgents({
      work: ({ id }: { id: string }) => id,
      fail: () => Promise.reject(new Error('broken')),
      undo: ({ input }: { input: { data?: unknown } }) => {
        undone.push(input.data)
        if (input.data === 'b') throw new Error('cannot')
      },
    })
    const undo = (id: string): object => ({ compensate: { agentId: 'undo', input: { data: `{{ tasks.${id}.output }}` } } })
    const flow = workflow([task('a', undo('a')), task('b', undo('b')), task('c', { agentId: 'fail' })])
    const error = await rejection(orchestrator.executeWorkflow(flow))
    expect(undone).toEqual(['b', 'a'])
    expect(error.execution?.error?.compensation).toMatchObject([{ taskId: 'b!compensate', message: 'cannot' }])
  })

  it('an output is kept for other executions as long as it says', async () => {
    let calls = 0
    const orchestrator = withAgents({ work: () => ++calls })
    const started: string[] = []
    orchestrator.on('task:completed', ({ taskId, cached }: TaskExecution) => started.push(`${taskId} ${cached === true}`))
    const flow = workflow([task('a', { cache: { key: '{{ context.k }}', ttl: '1h' } })])
    const run = async (k: string): Promise<unknown> => (await orchestrator.executeWorkflow(flow, { k })).results['a']
    expect([await run('x'), await run('x'), await run('y')]).toEqual([1, 1, 2])
    expect(started).toEqual(['a false', 'a true', 'a false'])
  })

  it('an idempotency key is one execution', async () => {
    let calls = 0
    const first = gate<number>()
    const orchestrator = withAgents({
      work: () => (++calls === 1 ? first.promise : calls),
      fail: () => Promise.reject(new Error(`broken ${++calls}`)),
    })
    const flow = workflow([task('a')])
    const both = [1, 2].map(() => orchestrator.executeWorkflow(flow, { n: 1 }, { idempotencyKey: 'k' }))
    setTimeout(() => first.open(7), 20)
    const [one, other] = await Promise.all(both)
    expect(one?.id).toBe(other?.id)
    expect((await orchestrator.executeWorkflow(flow, { n: 1 }, { idempotencyKey: 'k' })).results).toEqual({ a: 7 })
    expect(calls).toBe(1)
    expect(await rejection(orchestrator.executeWorkflow(flow, { n: 2 }, { idempotencyKey: 'k' }))).toMatchObject({
      code: 'ERR_IDEMPOTENCY_MISMATCH',
    })
    expect((await orchestrator.executeWorkflow(flow, { n: 1 }, { idempotencyKey: 'k', tenant: 'other' })).results).toEqual({ a: 2 })

    const failing = { ...workflow([task('a', { agentId: 'fail' })]), id: 'failing' }
    const fails = (onFailed?: 'rerun'): Promise<Error> =>
      rejection(orchestrator.executeWorkflow(failing, {}, { idempotencyKey: 'f', onFailed }))
    expect([(await fails()).message, (await fails()).message]).toEqual(Array(2).fill('task `a` failed: its agent threw: broken 3'))
    expect((await fails('rerun')).message).toBe('task `a` failed: its agent threw: broken 4')
  })

  it('an execution may be given its id', async () => {
    const orchestrator = withAgents({ work: () => 1 })
    const execution = await orchestrator.executeWorkflow(workflow([task('a')]), {}, { executionId: 'mine' })
    expect(execution.id).toBe('mine')
    const again = orchestrator.executeWorkflow(workflow([task('a')]), {}, { executionId: 'mine' })
    expect(await rejection(again)).toMatchObject({ code: 'ERR_EXECUTION_EXISTS' })
  })

  it('a fork keeps every end but those it begins from and what follows', async () => {
    const calls: string[] = []
    let broken = true
    const orchestrator = withAgents({
      work: ({ id }: { id: string }) => {
        calls.push(id)
        if (id === 'c' && broken) throw new Error('broken')
        return `${id}${calls.length}`
      },
    })
    const flow = workflow([task('a'), { id: 'g', name: 'g', type: 'parallel', tasks: [task('b'), task('c')] }, task('d')])
    const failed = await rejection(orchestrator.executeWorkflow(flow))
    broken = false
    const id = failed.executionId as string
    const retried = await (await orchestrator.retryExecution(id)).result()
    expect(retried.forkedFrom).toBe(id)
    expect(retried.results).toEqual({ a: 'a1', g: { b: 'b2', c: 'c4' }, d: 'd5' })
    const forked = await (await orchestrator.forkExecution(retried.id, 'd')).result()
    expect(forked.results).toEqual({ a: 'a1', g: { b: 'b2', c: 'c4' }, d: 'd6' })
    expect(calls).toEqual(['a', 'b', 'c', 'c', 'd', 'd'])
    expect(await rejection(orchestrator.forkExecution(id, 'nobody'))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })

  it('the events of an execution are complete and numbered, from any of them on', async () => {
    const open = gate<number>()
    const orchestrator = withAgents({ work: ({ id }: { id: string }) => (id === 'b' ? open.promise : 1) })
    const handle = await orchestrator.startWorkflow(workflow([task('a'), task('b')]))
    const events: ExecutionEvent[] = []
    const reading = (async () => {
      for await (const event of handle.events()) events.push(event)
    })()
    setTimeout(() => open.open(2), 20)
    await reading
    expect(events.map(({ seq, type, task: of }) => [seq, type, of?.taskId])).toEqual([
      [1, 'workflow:started', undefined],
      [2, 'task:started', 'a'],
      [3, 'task:completed', 'a'],
      [4, 'task:started', 'b'],
      [5, 'task:completed', 'b'],
      [6, 'workflow:completed', undefined],
    ])
  })

  it('progress is heard while it is made', async () => {
    const orchestrator = withAgents({
      work: (_: unknown, ctx: { emit(data: unknown): void; heartbeat(data?: unknown): void }) => {
        ctx.emit({ half: true })
        ctx.heartbeat('done')
      },
    })
    const heard: unknown[] = []
    orchestrator.on('task:progress', ({ taskId }, data) => heard.push([taskId, data]))
    await orchestrator.executeWorkflow(workflow([task('a', { heartbeatTimeout: '1s' })]))
    expect(heard).toEqual([
      ['a', { half: true }],
      ['a', 'done'],
    ])
  })

  it('silence, deadlines and budgets end what takes too long', async () => {
    const kit = await kitWith({ work: () => 1 }, { storage: config().storage === undefined ? 'memory' : 'file' })
    kit.agents.script('sleep', [untilAborted, untilAborted, untilAborted, untilAborted])
    const ends = async (rest: object, options = {}): Promise<unknown> => {
      const { code, cause, execution } = await rejection(kit.run(workflow([task('a', { agentId: 'sleep', ...rest })]), {}, options))
      return [code, (cause as { code?: unknown } | undefined)?.code, Math.round(execution?.metrics.duration ?? 0)]
    }
    expect(await ends({ heartbeatTimeout: '20s' })).toEqual(['ERR_TASK_FAILED', 'ERR_HEARTBEAT_TIMEOUT', 20_000])
    expect(await ends({ totalTimeout: '20s' })).toEqual(['ERR_TASK_FAILED', 'ERR_TOTAL_TIMEOUT', 20_000])
    expect(await ends({}, { deadline: '20s' })).toEqual(['ERR_DEADLINE', undefined, 20_000])
    expect(await ends({}, { budget: { time: '20s' } })).toEqual(['ERR_BUDGET', undefined, 20_000])
    const error = await rejection(kit.run(workflow([task('a'), task('b')]), {}, { budget: { tasks: 1 } }))
    expect(error).toMatchObject({ code: 'ERR_BUDGET', execution: { results: { a: 1 } } })
  })

  it('an output that does not fit its schema fails the attempt, and one that does is what the schema made of it', async () => {
    const orchestrator = withAgents({ work: () => ({ n: '5' }) })
    const flow = (outputSchema: unknown): AgentWorkflow => workflow([task('a', { outputSchema })])
    const parsed = await orchestrator.executeWorkflow(flow(z.object({ n: z.coerce.number() })))
    expect(parsed.results).toEqual({ a: { n: 5 } })
    const error = await rejection(
      orchestrator.executeWorkflow({ ...flow({ type: 'object', properties: { n: { type: 'number' } } }), version: '2' }),
    )
    expect(error.cause).toMatchObject({ code: 'ERR_OUTPUT_SCHEMA' })
  })
})
