// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an execution waits for: each kind once, where it is the first cause, with the call that it names; and executions that are not at hand.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  MultiAgentOrchestrator,
  openArchive,
  type AgentTask,
  type AttemptContext,
  type Explanation,
  type Agent,
  type MultiAgentOrchestrator as Orchestrator,
  type TaskExplanation,
} from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { describe, expect, it } from 'vitest'
import { root, userFolder } from '../support/folder.ts'
import { hours, kitWith, since, wait } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, until, untilAborted, workflow } from '../support/orchestrators.ts'
import { asPrinted } from '../support/as-printed.js'

const hang = (): Promise<never> => new Promise(() => {})

/** Begins an execution `x`, and explains it when nothing moves any more. */
async function begun(kit: TestKit, tasks: AgentTask[], rest: Parameters<typeof workflow>[1] = {}): Promise<Explanation> {
  await kit.orchestrator.startWorkflow(workflow(tasks, rest), {}, { executionId: 'x' })
  return explained(kit)
}

async function explained(kit: TestKit, id = 'x'): Promise<Explanation> {
  await kit.clock.advance(0)
  return kit.orchestrator.executionMonitor.explain(id)
}

function of({ tasks }: Explanation, path: string): TaskExplanation {
  const found = tasks.find(({ taskId }) => taskId === path)
  return found ?? expect.fail(`${path} is not among ${tasks.map(({ taskId }) => taskId).join(', ')}`)
}

const signal = (id: string, rest: object = {}): AgentTask => ({ id, name: id, waitFor: { signal: 'go', ...rest } })

describe('what a task waits for', () => {
  it('tasks before it and inside of it, by those that they really wait for', async () => {
    const kit = await kitWith({ work: hang })
    const group: AgentTask = { id: 'g', name: 'g', type: 'parallel', tasks: [signal('w'), task('a')] }
    const told = await begun(kit, [group, task('b'), task('c')])
    expect(told.tasks.map(({ taskId }) => taskId)).toEqual(['g', 'b', 'c', 'w', 'a'])
    expect(of(told, 'g').waitsFor).toEqual({ kind: 'tasks', count: 2, roots: ['w', 'a'] })
    expect(of(told, 'c').waitsFor).toEqual({ kind: 'dependency', on: ['b'], count: 1, rule: 'none_failed', roots: ['w', 'a'] })
    expect(of(told, 'c')).not.toHaveProperty('call')
    expect(told.summary).toBe('execution `x` task `w` waits for the signal `go`; 1 more task waits for something of their own')
  })

  it('a signal, with its schema, its end, and the call; its path where several wait', async () => {
    const kit = await kitWith()
    const schema = { type: 'object', properties: { yes: { type: 'boolean' } } }
    const told = await begun(kit, [signal('w', { schema, timeout: '1h' })])
    const [held] = told.tasks
    expect(held).toMatchObject({ taskId: 'w', waitsFor: { kind: 'signal', signal: 'go', schema } })
    expect([since(held?.since), since(held?.until)]).toEqual([0, hours(1)])
    expect(held?.call).toBe("await orchestrator.signalExecution('x', 'go', payload)")
    const both: AgentTask = { id: 'g', name: 'g', type: 'parallel', tasks: [signal('it\'s "one"'), signal('two')] }
    await kit.orchestrator.startWorkflow(workflow([both], { id: 'both' }), {}, { executionId: 'y' })
    const { waitsFor, call } = of(await explained(kit, 'y'), 'it\'s "one"')
    expect(waitsFor).toEqual({ kind: 'signal', signal: 'go', path: 'it\'s "one"' })
    await asPrinted(call ?? '', { orchestrator: kit.orchestrator, payload: 1 })
    expect((await explained(kit, 'y')).tasks.map(({ taskId }) => taskId)).toEqual(['g', 'two'])
  })

  it('a delay; with a pause before it, which holds it back', async () => {
    const kit = await kitWith()
    const { tasks } = await begun(kit, [wait('w', '2h')])
    expect(tasks).toMatchObject([{ taskId: 'w', waitsFor: { kind: 'timer' } }])
    expect(since(tasks[0]?.until)).toBe(hours(2))
    await kit.clock.advance('1h')
    await kit.orchestrator.pauseExecution('x')
    const paused = await explained(kit)
    expect(paused).toMatchObject({ status: 'paused', summary: 'execution `x` is paused: waits for `resumeExecution`' })
    expect(paused.tasks).toMatchObject([
      {
        taskId: 'w',
        waitsFor: { kind: 'pause' },
        call: "await orchestrator.resumeExecution('x')",
        afterwards: [{ waitsFor: { kind: 'timer' } }],
      },
    ])
    expect(since(paused.tasks[0]?.since)).toBe(hours(1))
  })

  it('this process, for a moment: what is due and has not had its turn', async () => {
    const orchestrator = orchestratorWith({})
    await orchestrator.startWorkflow(workflow([wait('w', '30ms')]), {}, { executionId: 'x' })
    const { until: due } = (await orchestrator.executionMonitor.explain('x')).tasks[0] ?? {}
    expect(due).toBeInstanceOf(Date)
    // Nothing has its turn while this goes on.
    while (Date.now() <= Number(due) + 1);
    const { tasks } = await orchestrator.executionMonitor.explain('x')
    expect(tasks).toMatchObject([{ taskId: 'w', waitsFor: { kind: 'turn' } }])
    expect(tasks[0]).not.toHaveProperty('call')
  })

  it('the time before another attempt, and why', async () => {
    const fails = (): never => {
      throw Object.assign(new Error('too many'), { code: 'QUOTA' })
    }
    const kit = await kitWith({ work: fails })
    const retryPolicy = { maxAttempts: 3, backoffType: 'fixed', initialDelay: '1h' } as const
    const { tasks } = await begun(kit, [task('a', { retryPolicy })])
    expect(tasks).toMatchObject([{ waitsFor: { kind: 'backoff', attempt: 2, error: { code: 'QUOTA', message: 'too many' } } }])
    expect([since(tasks[0]?.since), since(tasks[0]?.until)]).toEqual([0, hours(1)])
  })

  it('an agent at work, with its last sign of life; and one that was told to stop', async () => {
    const kit = await kitWith({
      work: async (_, context: AttemptContext) => {
        await kit.clock.sleep('5s')
        context.heartbeat()
        return hang()
      },
    })
    await begun(kit, [task('a', { timeout: '1m' })])
    await kit.clock.advance('10s')
    const [held] = (await explained(kit)).tasks
    expect(held?.waitsFor).toMatchObject({ kind: 'attempt', attempt: 1, agent: 'work' })
    expect(since(held?.waitsFor.kind === 'attempt' ? held.waitsFor.lastSign : undefined)).toBe(5000)
    expect(since(held?.until)).toBe(60_000)
    await kit.clock.advance('51s')
    const [stopped] = (await explained(kit)).tasks
    expect(stopped?.waitsFor).toEqual({ kind: 'stop', attempt: 1, agent: 'work' })
    expect(since(stopped?.until)).toBe(65_000)
  })

  it('places and rates of agents', async () => {
    const type = { create: () => ({ execute: hang }), maxAgents: 1, maxConcurrency: 1 }
    const setup = ({ agentPool }: Orchestrator): void => {
      agentPool.registerAgentType('one', type)
      agentPool.registerAgentType('many', { ...type, maxConcurrency: 100 })
      agentPool.registerAgent({ id: 'rated', type: 'many', rateLimit: { limit: 1, interval: '1h' } })
    }
    const kit = await kitWith({}, { setup })
    const lists = ['one', 'rated'].flatMap((agentId) => [task(`${agentId}-a`, { agentId }), task(`${agentId}-b`, { agentId })])
    const told = await begun(kit, [{ id: 'g', name: 'g', type: 'parallel', tasks: lists }])
    expect(of(told, 'one-b').waitsFor).toEqual({ kind: 'place', agent: 'one', type: 'one', running: 1, limit: 1 })
    expect(of(told, 'rated-b').waitsFor).toEqual({ kind: 'rateLimit', agent: 'rated', type: 'many' })
    expect(since(of(told, 'rated-b').until)).toBe(hours(1))
  })

  it('a further instance that is being made, and not a place of those that there may be some day', async () => {
    let made = 0
    const create = (): Agent | Promise<Agent> => ((made += 1) === 1 ? { execute: hang } : new Promise<Agent>(() => {}))
    const setup = ({ agentPool }: Orchestrator): void => agentPool.registerAgentType('many', { create, maxAgents: 100, maxConcurrency: 1 })
    const kit = await kitWith({}, { setup })
    const told = await begun(kit, [task('a', { agentId: 'many', dependencies: [] }), task('b', { agentId: 'many', dependencies: [] })])
    expect(of(told, 'b').waitsFor).toEqual({ kind: 'instance', agent: 'many', type: 'many' })
  })

  it('the lane of tasks that are written `sequential`, and who has it', async () => {
    const kit = await kitWith({ work: hang })
    const lane = ['s', 't'].map((id) => task(id, { type: 'sequential', dependencies: [] }))
    expect(of(await begun(kit, lane), 't').waitsFor).toEqual({ kind: 'lane', holder: 's' })
  })

  it('an instance that is being made', async () => {
    const setup = ({ agentPool }: Orchestrator): void => agentPool.registerAgentType('slow', { create: () => hang() })
    const kit = await kitWith({}, { setup })
    const { tasks } = await begun(kit, [task('a', { agentId: 'slow' })])
    expect(tasks).toMatchObject([{ waitsFor: { kind: 'instance', agent: 'slow', type: 'slow' } }])
  })

  it('a condition that is a function', async () => {
    const kit = await kitWith({ work: () => 1 })
    const asks = workflow([task('a', { conditions: [hang as never] })])
    await kit.orchestrator.startWorkflow(asks, {}, { executionId: 'x' })
    const [held] = (await explained(kit)).tasks
    expect(held?.waitsFor).toMatchObject({ kind: 'condition', of: 'task' })
  })

  it('a child workflow, which is explained by its id, and tasks that were spawned', async () => {
    const spawns = async (_: unknown, { spawn }: AttemptContext): Promise<unknown> => spawn({ ...signal('s'), agentId: undefined } as never)
    const kit = await kitWith({ work: hang, spawns })
    const told = await begun(kit, [{ id: 'c', name: 'c', workflow: workflow([task('a')], { id: 'child' }) }])
    expect(told.tasks).toMatchObject([{ taskId: 'c', waitsFor: { kind: 'child', executionId: 'x/c/1', attempt: 1 } }])
    expect((await explained(kit, 'x/c/1')).tasks).toMatchObject([{ taskId: 'a', waitsFor: { kind: 'attempt' } }])
  })

  it('a cache, also while a schema of yours judges what is in it', async () => {
    const kit = await kitWith({ work: () => 1 })
    let judged = 0
    const again = gate()
    const validate = (value: unknown): unknown => {
      judged += 1
      if (judged === 1) return { value }
      again.open()
      return new Promise<never>(() => {})
    }
    const outputSchema = { '~standard': { version: 1, vendor: 'slow', validate } } as never
    const cached = [task('a', { cache: true, outputSchema })]
    await kit.run(workflow(cached))
    await begun(kit, cached)
    await again.promise
    const { tasks } = await explained(kit)
    expect(tasks).toMatchObject([{ taskId: 'a', waitsFor: { kind: 'cache' } }])
    expect(tasks[0]).not.toHaveProperty('call')
  })

  it('a schema of yours that judges the value that stands in for a task', async () => {
    const kit = await kitWith({ work: () => Promise.reject(new Error('no')) })
    const judges = gate()
    const validate = (): unknown => (judges.open(), new Promise<never>(() => {}))
    const outputSchema = { '~standard': { version: 1, vendor: 'slow', validate } } as never
    await begun(kit, [task('a', { outputSchema, retryPolicy: { maxAttempts: 1 }, fallback: [{ value: 1 }] })])
    await judges.promise
    const { tasks } = await explained(kit)
    expect(tasks).toMatchObject([{ taskId: 'a', waitsFor: { kind: 'schema' } }])
    expect(tasks[0]).not.toHaveProperty('call')
  })

  it('a model: the wait before the next request, and a limit of it', async () => {
    const asks = async (_: unknown, { models }: AttemptContext): Promise<unknown> => models.generate({ model: 'busy/m', prompt: 'x' })
    const setup = ({ modelIntegration }: Orchestrator): void => {
      const generate = (): never => {
        throw Object.assign(new Error('too fast'), { class: 'rate', retryAfterMs: 20_000 })
      }
      modelIntegration.registerProvider('busy', { generate, models: [{ id: 'm' }] })
      modelIntegration.registerProvider('limited', {
        generate: () => ({ text: 'x' }),
        models: [{ id: 'm' }],
        rateLimit: { requestsPerMinute: 1 },
      })
    }
    const twice = async (_: unknown, { models }: AttemptContext): Promise<void> => {
      for (let count = 0; count < 2; count += 1) await models.generate({ model: 'limited/m', prompt: 'x' })
    }
    const kit = await kitWith({ asks, twice }, { setup, workflow: { defaultTimeout: '10m' } })
    await kit.orchestrator.startWorkflow(
      workflow([task('a', { agentId: 'asks', dependencies: [] }), task('b', { agentId: 'twice', dependencies: [] })]),
      {},
      { executionId: 'x' },
    )
    const kinds = async (): Promise<string[]> => (await explained(kit)).tasks.map(({ waitsFor }) => waitsFor.kind)
    await until(async () => !(await kinds()).includes('attempt'))
    const told = await explained(kit)
    expect(of(told, 'a').waitsFor).toMatchObject({ kind: 'modelRetry', model: 'busy/m' })
    expect(since(of(told, 'a').until)).toBeGreaterThan(0)
    expect(of(told, 'b').waitsFor).toMatchObject({ kind: 'rateLimit', model: 'limited/m' })
    expect(since(of(told, 'b').until)).toBeGreaterThan(0)
  })

  it('a task that an attempt spawned, and that waits for something of its own', async () => {
    const spawns = async (_: unknown, { spawn }: AttemptContext): Promise<unknown> => spawn(task('inner', { agentId: 'hangs' }))
    const kit = await kitWith({ spawns, hangs: hang })
    const told = await begun(kit, [task('outer', { agentId: 'spawns' }), task('after', { agentId: 'hangs' })])
    const [path = ''] = told.tasks.map(({ taskId }) => taskId).filter((taskId) => taskId.includes('inner'))
    expect(of(told, path).waitsFor).toMatchObject({ kind: 'attempt', agent: 'hangs' })
    expect(of(told, 'outer').waitsFor).toMatchObject({ kind: 'tasks', roots: [path] })
    expect(of(told, 'after').waitsFor).toMatchObject({ kind: 'dependency', roots: [path] })
  })

  it('a place among the executions that run', async () => {
    const kit = await kitWith({}, { workflow: { maxConcurrentWorkflows: 1 } })
    await kit.orchestrator.startWorkflow(workflow([signal('w')], { id: 'other' }), {}, { executionId: 'first' })
    const told = await begun(kit, [signal('w')])
    expect(told).toMatchObject({
      status: 'pending',
      tasks: [
        {
          taskId: 'w',
          waitsFor: { kind: 'admission', limit: 1, running: 1, by: ['first'] },
          call: "await orchestrator.cancelExecution('first')",
        },
      ],
    })
  })

  it('says until when the whole may run', async () => {
    const kit = await kitWith({ work: hang })
    const { deadline } = await begun(kit, [task('a', { timeout: null as never })], { deadline: '3h' })
    expect([deadline?.by, since(deadline?.at)]).toEqual(['deadline', hours(3)])
  })
})

describe('executions that are not at hand', () => {
  it('say which agents are missing after a restart, and go on when these are registered as is said', async () => {
    const registered = { yes: true }
    const type = { create: () => ({ execute: hang }) }
    const setup = ({ agentPool }: Orchestrator): void => void (registered.yes && agentPool.registerAgentType('late', type))
    const kit = await kitWith({}, { storage: 'file', setup })
    await begun(kit, [task('a', { agentId: 'late' })])
    await kit.crash()
    registered.yes = false
    await kit.reopen()
    const told = await explained(kit)
    expect(told.tasks).toMatchObject([{ taskId: 'a', waitsFor: { kind: 'agent', names: ['late'] } }])
    expect(told.summary).toContain('waits for `late`, which this process has not registered')
    await asPrinted(of(told, 'a').call ?? '', { orchestrator: kit.orchestrator, type })
    await until(async () => (await explained(kit)).tasks[0]?.waitsFor.kind === 'attempt')
  })

  it('wait for this process, for a moment, once what they lacked is registered', async () => {
    const registered = { yes: true }
    const type = { create: () => ({ execute: hang }) }
    const setup = ({ agentPool }: Orchestrator): void => void (registered.yes && agentPool.registerAgentType('late', type))
    const kit = await kitWith({}, { storage: 'file', setup })
    await begun(kit, [task('a', { agentId: 'late' })])
    await kit.crash()
    registered.yes = false
    await kit.reopen()
    expect((await explained(kit)).tasks).toMatchObject([{ waitsFor: { kind: 'agent' } }])
    // They are taken up in a turn to come.
    kit.orchestrator.agentPool.registerAgentType('late', type)
    const { summary, tasks } = await kit.orchestrator.executionMonitor.explain('x')
    expect(tasks).toMatchObject([{ taskId: 'a', waitsFor: { kind: 'recovery' } }])
    expect(summary).toBe('execution `x` waits for this process, which is about to take it up')
  })

  it('are explained where they are parked, without being had at hand', async () => {
    const folder = userFolder()
    const orchestrator = orchestratorWith(
      {},
      { storage: { path: join(folder, 'parked.db'), parkAfter: 1 }, monitoring: { enableMetrics: false } },
    )
    await orchestrator.startWorkflow(workflow([signal('w')]), {}, { executionId: 'x' })
    await until(async () => (await orchestrator.getStatistics()).parkedWorkflows === 1)
    expect((await orchestrator.executionMonitor.explain('x')).tasks).toMatchObject([{ taskId: 'w', waitsFor: { kind: 'signal' } }])
    expect((await orchestrator.getStatistics()).parkedWorkflows).toBe(1)
  })

  it('are explained out of an archive: whether a process has them, and what is to be done if none does', async () => {
    const path = join(userFolder(), 'archive.db')
    const orchestrator = new MultiAgentOrchestrator({ storage: { path } })
    orchestrator.agentPool.registerAgentType('work', {
      create: () => ({ execute: (_task, { signal: told }: AttemptContext) => untilAborted(told) }),
    })
    await orchestrator.startWorkflow(workflow([signal('w')]), {}, { executionId: 'x' })
    await using archive = await openArchive(path)
    expect((await archive.explain('x')).tasks).toMatchObject([{ taskId: 'w', waitsFor: { kind: 'signal' } }])
    await orchestrator.shutdown({ drainMs: 0 })
    const told = await archive.explain('x')
    expect(told.tasks).toMatchObject([{ taskId: 'w', waitsFor: { kind: 'process' }, afterwards: [{ waitsFor: { kind: 'signal' } }] }])
    expect(told.tasks[0]?.call).toBe(`const orchestrator = new MultiAgentOrchestrator({ storage: { path: '${path}' } })`)
    expect(told.summary).toContain('none has this execution, so open an orchestrator on the store')
    expect((await rejection(archive.explain('y'))).code).toBe('ERR_EXECUTION_NOT_FOUND')
  })

  it.each(['file', 'memory'] as const)('say how and why they ended (%s), and that there are none', async (storage) => {
    const opened = gate()
    const kit = await kitWith(
      { work: () => 1, fails: () => Promise.reject(new Error('no luck')), waits: () => opened.promise },
      { storage },
    )
    await kit.run(workflow([task('a')]), {}, { executionId: 'good' })
    await kit.run(workflow([task('a', { agentId: 'fails' })], { id: 'bad' }), {}, { executionId: 'bad' }).catch(() => {})
    await kit.orchestrator.startWorkflow(workflow([signal('w')], { id: 'stopped' }), {}, { executionId: 'stopped' })
    await kit.orchestrator.cancelExecution('stopped', 'enough')
    const told = await Promise.all(['good', 'bad', 'stopped'].map((id) => explained(kit, id)))
    expect(told.map(({ status, tasks }) => `${status} ${tasks.length}`)).toEqual(['completed 0', 'failed 0', 'cancelled 0'])
    expect(told[1]?.summary).toMatch(/^execution `bad` failed at .* at task `a` with ERR_AGENT: no luck$/)
    expect(told[2]?.summary).toMatch(/^execution `stopped` was cancelled at .*: enough$/)
    expect((await rejection(kit.orchestrator.executionMonitor.explain('none'))).code).toBe('ERR_EXECUTION_NOT_FOUND')
  })
})

it('docs/monitoring.md: its block runs, and its table has every kind', async () => {
  const text = readFileSync(join(root, 'docs/monitoring.md'), 'utf8')
  const [, block = ''] = /```ts\n(const \{ summary, tasks \}[\s\S]*?)```/.exec(text) ?? []
  const kit = await kitWith()
  await begun(kit, [signal('w')])
  const lines: unknown[][] = []
  const log = (...line: unknown[]): void => void lines.push(line)
  await asPrinted(block, { orchestrator: kit.orchestrator, executionId: 'x', console: { log } })
  expect(lines).toEqual([['w', 'signal', undefined, "await orchestrator.signalExecution('x', 'go', payload)"]])
  const kinds = new Set(
    [...readFileSync(join(root, 'ts/api/explanation.ts'), 'utf8').matchAll(/readonly kind: '(\w+)'/g)].map(([, kind]) => kind),
  )
  const [, table = ''] = /\| `kind` \|[^\n]*\n([\s\S]*?)\n\n/.exec(text) ?? []
  const told = new Set(table.split('\n').flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, kind]) => kind)))
  expect([...told].toSorted()).toEqual([...kinds].toSorted())
})
