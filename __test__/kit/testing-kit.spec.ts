// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The test kit: its time, its agents, its crashes, and what it refuses. `docs/testing.md` has whole examples.

import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import * as mao from '@codexos/multi-agent-orchestrator'
import type { AgentWorkflow, TaskInput, WorkflowExecution } from '@codexos/multi-agent-orchestrator'
import * as testing from '@codexos/multi-agent-orchestrator/testing'
import { after, createTestKit, hang, untilAborted, type CrashMoment, type TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { root, temporaryFolder } from '../support/folder.ts'
import { hours, kitWith, since, START, wait } from '../support/kits.ts'
import { gate, places, rejection, task, thrownBy, untilAborted as listening, workflow } from '../support/orchestrators.ts'

const only = workflow([task('a')])
const realSleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Where the kits of this file have their folders. */
const temporary = temporaryFolder()
for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = temporary
const folders = (): string[] => readdirSync(temporary)

describe('time', () => {
  it('stands still, and real time changes nothing', async () => {
    const kit = await kitWith({ work: () => 1 })
    await realSleep(5)
    const { startTime, endTime } = await kit.run(only)
    expect([kit.clock.now(), startTime, endTime].map(since)).toEqual([0, 0, 0])
  })

  it('begins where the test says', async () => {
    const startAt = new Date('1999-12-31T23:59:59.500Z')
    const kit = await kitWith({ work: () => 1 }, { startAt })
    expect(kit.clock.now()).toEqual(startAt)
    expect((await kit.run(only)).startTime).toEqual(startAt)
  })

  it('waits, backoffs, time-outs and graces of months end at once, each at its instant', async () => {
    const kit = await kitWith()
    const began = performance.now()
    const work = kit.agents.script('work', [new Error('no'), hang, after('3h', 'well')])
    const retryPolicy = { maxAttempts: 3, backoffType: 'linear', initialDelay: '1d' }
    const execution = await kit.run(workflow([wait('month', '30d'), task('a', { timeout: '10h', retryPolicy })]))
    expect(performance.now() - began).toBeLessThan(1500)
    expect(execution.results).toEqual({ month: null, a: 'well' })
    const second = hours(31 * 24)
    // The time-out, and 5 s for an agent that does not listen, and twice the delay.
    const third = second + hours(10) + 5000 + hours(48)
    expect(work.calls.map(({ at }) => since(at))).toEqual([hours(30 * 24), second, third])
    expect([execution.endTime, kit.clock.now()].map(since)).toEqual([third + hours(3), third + hours(3)])
    // From the first call on, and a microsecond for some record.
    expect(execution.tasks[1]?.duration).toBeCloseTo(third + hours(3) - hours(30 * 24), 0)
  })

  it('what falls due happens in order, whoever waits, and all that follows before the next', async () => {
    const kit = await kitWith({ work: ({ id }) => void order.push(`${id} at ${since(kit.clock.now()) / 60_000}`) })
    const order: string[] = []
    const chain = (id: string, delay: string): AgentWorkflow =>
      workflow([wait(`${id}1`, delay), task(id), wait(`${id}2`, delay), task(`${id}-on`)], { id })
    const handles = await Promise.all([chain('slow', '30m'), chain('quick', '20m')].map((flow) => kit.orchestrator.startWorkflow(flow)))
    await kit.clock.advance('1h')
    expect(order).toEqual(['quick at 20', 'slow at 30', 'quick-on at 40', 'slow-on at 60'])
    expect(await Promise.all(handles.map((handle) => handle.status()))).toEqual(['completed', 'completed'])
    expect(since(kit.clock.now())).toBe(hours(1))
  })

  it('a millisecond too little is too little', async () => {
    const kit = await kitWith()
    const handle = await kit.orchestrator.startWorkflow(workflow([wait('a', '1h')]))
    await kit.clock.advance(hours(1) - 1)
    expect(await handle.status()).toBe('running')
    await kit.clock.advance(1)
    expect(await handle.status()).toBe('completed')
  })

  it('many records take their microseconds from nobody', async () => {
    const kit = await kitWith({ work: () => 1 })
    const loop = { forEach: Array.from({ length: 3000 }, (_, item) => item) }
    const body = [wait('pause', '1s'), task('b')]
    const handle = await kit.orchestrator.startWorkflow(workflow([{ id: 'each', name: 'each', type: 'loop', loop, tasks: body }]))
    await kit.clock.advance('3000s')
    expect(await handle.status()).toBe('completed')
  }, 60_000)

  it('advanceToNext stops where something happens and nowhere else', async () => {
    const kit = await kitWith({ work: () => 1 })
    expect(await kit.clock.advanceToNext()).toBe(false)
    // The time-outs of `a` and of the group are void once they have ended.
    const group = {
      id: 'g',
      name: 'g',
      type: 'parallel',
      timeout: '5m',
      tasks: [task('a', { timeout: '1m' }), task('b', { timeout: '2m' })],
    }
    const handle = await kit.orchestrator.startWorkflow(workflow([group, wait('c', '1h')], { deadline: '2h' }))
    expect(await kit.clock.advanceToNext()).toBe(true)
    expect([since(kit.clock.now()), await handle.status()]).toEqual([hours(1), 'completed'])
    expect(await kit.clock.advanceToNext()).toBe(false)
    expect(since(kit.clock.now())).toBe(hours(1))
  })

  it('advanceToNext lets happen together what is due together', async () => {
    const kit = await kitWith()
    const handles = await Promise.all(['x', 'y', 'z'].map((id) => kit.orchestrator.startWorkflow(workflow([wait('a', '1h')], { id }))))
    expect(await kit.clock.advanceToNext()).toBe(true)
    expect(await Promise.all(handles.map((handle) => handle.status()))).toEqual(['completed', 'completed', 'completed'])
  })

  it.each<[string, Partial<AgentWorkflow>, object, string]>([
    ['a deadline of the workflow', { deadline: '2h' }, {}, 'ERR_DEADLINE'],
    ['a deadline at an instant', {}, { deadline: new Date(START + hours(2)) }, 'ERR_DEADLINE'],
    ['a deadline of the call', {}, { deadline: '2h' }, 'ERR_DEADLINE'],
    ['a budget of time', { budget: { time: '2h' } }, {}, 'ERR_BUDGET'],
  ])('%s passes by it', async (_, rest, options, code) => {
    const kit = await kitWith()
    const error = await rejection(kit.run(workflow([wait('a', '1d')], rest), {}, options))
    expect([error.code, since(error.execution?.endTime)]).toEqual([code, hours(2)])
  })

  it('caches and idempotency keys grow old by it', async () => {
    const kit = await kitWith()
    const work = kit.agents.script('work', () => work.calls.length)
    const cached = workflow([task('a', { cache: { ttl: '1h' } })])
    const results = async (flow: AgentWorkflow, options = {}): Promise<unknown> => (await kit.run(flow, {}, options)).results['a']
    expect([await results(cached), await results(cached)]).toEqual([1, 1])
    await kit.clock.advance('61m')
    expect(await results(cached)).toBe(2)
    const keyed = workflow([task('a')], { id: 'keyed' })
    const options = { idempotencyKey: 'k' }
    expect([await results(keyed, options), await results(keyed, options)]).toEqual([3, 3])
    await kit.clock.advance('25h')
    expect(await results(keyed, options)).toBe(4)
  })

  it('several runs share it', async () => {
    const kit = await kitWith()
    const runs = await Promise.all(['3h', '1h', '2h'].map((delay) => kit.run(workflow([wait('a', delay)], { id: delay }))))
    expect(runs.map(({ endTime }) => since(endTime))).toEqual([hours(3), hours(1), hours(2)])
  })

  it('an agent that sleeps gives its signs of life by it', async () => {
    const kit: TestKit = await kitWith({
      work: async (_, { heartbeat }) => {
        for (let beat = 0; beat < 3; beat += 1) {
          await kit.clock.sleep('50s')
          heartbeat()
        }
        await kit.clock.sleep('61s')
      },
    })
    const error = await rejection(kit.run(workflow([task('a', { heartbeatTimeout: '1m', timeout: '1h' })])))
    expect(error.cause).toMatchObject({ code: 'ERR_HEARTBEAT_TIMEOUT' })
    // Too late by a second, and within the grace.
    expect(since(error.execution?.endTime)).toBe(150_000 + 61_000)
  })
})

describe('while an agent is at work in real time', () => {
  const slow = workflow([task('a', { timeout: 5 }), wait('b', '1h')])

  it('run lets time stand still, and goes on afterwards', async () => {
    const kit = await kitWith({ work: () => realSleep(30) })
    const { endTime, tasks } = await kit.run(slow)
    expect([since(endTime), tasks[0]?.duration]).toEqual([hours(1), 0])
  })

  it('advance lets time pass', async () => {
    const release = gate()
    const kit = await kitWith({ work: () => release.promise })
    const error = rejection((await kit.orchestrator.startWorkflow(slow)).result())
    await kit.clock.advance('1m')
    expect((await error).cause).toMatchObject({ code: 'ERR_TIMEOUT' })
    release.open()
    await kit.clock.advance(0)
    expect((await kit.orchestrator.getStatistics()).lateResults).toBe(1)
  })

  it('one that waits for tasks of its own is not', async () => {
    const kit = await kitWith({ work: async (_, { spawn }) => [await spawn(task('inner', { agentId: 'inner' }))] })
    kit.agents.script('inner', [after('10s', 'of its own')])
    const child = workflow([wait('c', '2h')], { id: 'child' })
    const { results } = await kit.run(workflow([task('a'), { id: 'b', name: 'b', workflow: child }]))
    expect(results).toEqual({ a: ['of its own'], b: { c: null } })
  })

  it('so are its making, functions that are conditions, and schemas', async () => {
    const kit = await kitWith(
      {},
      {
        setup: ({ agentPool }) =>
          agentPool.registerAgentType('work', { create: () => realSleep(10).then(() => ({ execute: () => 'made' })) }),
      },
    )
    const schema = { '~standard': { version: 1, vendor: 'slow', validate: (value: unknown) => realSleep(10).then(() => ({ value })) } }
    const condition = (): Promise<boolean> => realSleep(10).then(() => true)
    const flow = workflow([task('a', { timeout: 1, conditions: [condition as never], input: { data: 1, schema } })], { deadline: 5 })
    expect((await kit.run(flow)).results).toEqual({ a: 'made' })
  })
})

describe('a test that waits in vain hears why', () => {
  const patience = 20
  it.each<[string, (kit: TestKit) => Promise<unknown>, RegExp]>([
    [
      'a signal that nobody sends',
      (kit) => kit.run(workflow([{ id: 'ask', name: 'ask', waitFor: { signal: 'go' } }])),
      /for 20 ms of real time \(`patience`\), and there is no wait to skip: task `ask` waits: send it its signal$/,
    ],
    [
      'an agent that never answers',
      (kit) => kit.run(workflow([task('a', { agentId: 'deaf' })])),
      /task `a` is at work in agent `deaf`: let it answer, script it, or let it wait by `kit\.clock\.sleep`$/,
    ],
    [
      'an execution that is paused',
      async (kit) => {
        const handle = await kit.orchestrator.startWorkflow(workflow([wait('a', '1h'), wait('b', '1h')]))
        await handle.pause()
        return kit.until(handle.result())
      },
      /is paused: resume it$/,
    ],
    ['a promise of somebody else', (kit) => kit.until(new Promise(() => {})), /no execution is under way: what settles the promise\?$/],
    [
      'agents that this process has not registered',
      async (kit) => {
        kit.orchestrator.agentPool.registerAgentType('lost', { create: () => ({ execute: () => kit.crash() }) })
        const handle = await kit.orchestrator.startWorkflow(workflow([task('a', { agentId: 'lost' })], { id: 'lost' }))
        await kit.clock.advance(0)
        await kit.reopen()
        return kit.until(kit.orchestrator.getHandle(handle.id).result())
      },
      /execution `[^`]+` waits for `lost`, which this process has not registered: do so in `setup`$/,
    ],
    [
      'a schedule of agents that this process has not registered',
      async (kit) => {
        kit.orchestrator.agentPool.registerAgentType('lost', { create: () => ({ execute: () => 1 }) })
        await kit.orchestrator.scheduleWorkflow(workflow([task('a', { agentId: 'lost' })]), { every: '1h' }, {}, { id: 'hourly' })
        await kit.reopen()
        return kit.until(new Promise(() => {}))
      },
      /schedule `hourly` waits for `lost`, which this process has not registered: do so in `setup`$/,
    ],
  ])('%s', async (_, vain, message) => {
    const kit = await kitWith({ deaf: () => new Promise(() => {}) }, { patience, storage: 'file' })
    const error = await rejection(vain(kit))
    expect(error).toBeInstanceOf(mao.TimeoutError)
    expect(error).toMatchObject({ code: 'ERR_STUCK', message: expect.stringMatching(message) })
  })
})

describe('a scripted agent', () => {
  it('answers in order, in every form of a step', async () => {
    const kit = await kitWith()
    const broken = new RangeError('broken')
    const steps = [
      { n: 1 },
      null,
      broken,
      after(
        '1m',
        after('1m', () => 'later'),
      ),
      (_: unknown, { attempt }: { attempt: number }) => attempt,
    ]
    const work = kit.agents.script('work', steps)
    const errors: unknown[] = []
    kit.orchestrator.on('task:retrying', (_task, error) => errors.push(error.cause))
    const tasks = ['a', 'b', 'c', 'd'].map((id) => task(id, { timeout: '1h', retryPolicy: { maxAttempts: 2 } }))
    const { results, tasks: ran } = await kit.run(workflow(tasks))
    expect(results).toEqual({ a: { n: 1 }, b: null, c: 'later', d: 1 })
    expect(errors).toEqual([broken])
    expect(ran[2]?.duration).toBeCloseTo(121_000, 0)
    expect(work.calls.map((call) => [call.task.id, call.attempt])).toEqual([
      ['a', 1],
      ['b', 1],
      ['c', 1],
      ['c', 2],
      ['d', 1],
    ])
  })

  it('remembers what it was given, whatever the agent does to it', async () => {
    const kit = await kitWith()
    const work = kit.agents.script('work', [
      (given: TaskInput) => {
        given.input.data.list.push('changed')
        given.context['who'] = 'changed'
        return 1
      },
      2,
    ])
    const { id } = await kit.run(workflow([task('a', { input: { data: { list: [1] } } }), task('b')]), { who: 'me' })
    expect(work.calls).toMatchObject([
      {
        task: { id: 'a', agentId: 'work', executionId: id, input: { data: { list: [1] } }, context: { who: 'me', dependencies: {} } },
        attempt: 1,
        idempotencyKey: `${id}:a`,
        signal: expect.any(AbortSignal),
        at: new Date(START),
      },
      { task: { id: 'b', context: { who: 'me', dependencies: { a: 1 } } } },
    ])
  })

  it('whose script has ended fails its task, at once and by name', async () => {
    const kit = await kitWith()
    kit.agents.script('work', ['one'])
    const error = await rejection(kit.run(workflow([task('a'), task('b', { retryPolicy: { maxAttempts: 5 } })])))
    expect(error.cause).toBeInstanceOf(mao.AgentError)
    expect(error.cause).toMatchObject({
      code: 'ERR_SCRIPT_ENDED',
      message:
        'the script of agent `work` has 1 step, and this is call 2 (task `b`, attempt 1); add a step, or script a function, which answers every call',
    })
    expect(error.execution?.tasks[1]?.attempts).toBe(1)
  })

  it('takes the place of the agent and the type of its name, and of an earlier script', async () => {
    const kit = await kitWith({ work: () => 'real' }, { setup: ({ agentPool }) => agentPool.registerAgent({ id: 'one', type: 'work' }) })
    const both = workflow([task('a'), task('b', { agentId: 'one' })])
    expect((await kit.run(both)).results).toEqual({ a: 'real', b: 'real' })
    const first = kit.agents.script('one', ['scripted'])
    expect((await kit.run(both)).results).toEqual({ a: 'real', b: 'scripted' })
    kit.agents.script('work', ['scripted too'])
    kit.agents.script('one', ['scripted again'])
    expect((await kit.run(both)).results).toEqual({ a: 'scripted too', b: 'scripted again' })
    expect(first.calls).toHaveLength(1)
    expect(thrownBy(() => kit.orchestrator.agentPool.registerAgent({ id: 'one', type: 'work' })).code).toBe('ERR_AGENT_EXISTS')
  })

  it('that waits stops when it is told to, and one that hangs does not', async () => {
    const kit = await kitWith()
    kit.agents.script('polite', [untilAborted, after('1h', 'never')])
    kit.agents.script('deaf', [hang])
    const tasks = ['polite', 'polite', 'deaf'].map((agentId, place) => task(`${place}`, { agentId, dependencies: [] }))
    const handle = await kit.orchestrator.startWorkflow(workflow(tasks))
    await kit.clock.advance('1s')
    await handle.cancel()
    await kit.clock.advance(0)
    expect((await kit.orchestrator.getExecution(handle.id))?.tasks.map(({ status }) => status)).toEqual([
      'cancelled',
      'cancelled',
      'running',
    ])
    const { endTime } = await kit.until(handle.settled())
    expect(since(endTime)).toBe(6000)
  })
})

describe('a crash', () => {
  it('loses what is not on record and keeps what is; late answers go nowhere', async () => {
    const release = gate<string>()
    const heard: string[] = []
    const late: unknown[] = []
    const kit = await kitWith(
      {
        work: async ({ id }, { signal, heartbeat, emit, spawn }) => {
          if (id !== 'b' || heard.includes('reopened')) return id
          await release.promise
          heartbeat()
          emit('progress')
          late.push(signal.aborted, (await rejection((async () => spawn(task('c')))())).code)
          return 'too late'
        },
      },
      { storage: 'file' },
    )
    kit.orchestrator.on('task:completed', ({ taskId }) => heard.push(taskId))
    kit.orchestrator.on('task:progress', () => heard.push('progress'))
    const dead = kit.orchestrator
    const handle = await dead.startWorkflow(workflow([task('a'), task('b')]))
    await kit.clock.advance('10s')
    const pending = rejection(handle.result())
    await kit.crash()
    expect(await pending).toMatchObject({ name: 'ClosedError', code: 'ERR_CRASHED', executionId: handle.id })
    heard.push('reopened')
    expect(await kit.reopen()).toBe(kit.orchestrator)
    expect(kit.orchestrator).not.toBe(dead)
    release.open('')
    const { results, tasks } = await kit.until(kit.orchestrator.getHandle(handle.id).result())
    expect(results).toEqual({ a: 'a', b: 'b' })
    expect(tasks.map(({ attempts }) => attempts)).toEqual([1, 1])
    expect([heard, late]).toEqual([
      ['a', 'reopened'],
      [false, 'ERR_CRASHED'],
    ])
    expect((await kit.orchestrator.getStatistics()).lateResults).toBe(0)
  })

  it.each<[string, (orchestrator: mao.MultiAgentOrchestrator, id: string) => Promise<unknown>]>([
    ['executeWorkflow', (orchestrator) => orchestrator.executeWorkflow(only)],
    ['startWorkflow', (orchestrator) => orchestrator.startWorkflow(only)],
    ['getExecution', (orchestrator, id) => orchestrator.getExecution(id)],
    ['listExecutions', (orchestrator) => orchestrator.listExecutions()],
    ['getStatistics', (orchestrator) => orchestrator.getStatistics()],
    ['cancelExecution', (orchestrator, id) => orchestrator.cancelExecution(id)],
    ['signalExecution', (orchestrator, id) => orchestrator.signalExecution(id, 'go')],
    ['retryExecution', (orchestrator, id) => orchestrator.retryExecution(id)],
    ['handle.settled', (orchestrator, id) => orchestrator.getHandle(id).settled()],
    ['ready', (orchestrator) => orchestrator.ready()],
  ])('is final: %s of what crashed is refused, in memory and in a file', async (_, call) => {
    for (const storage of ['memory', 'file'] as const) {
      const kit = await kitWith({ work: () => 1 }, { storage })
      const { id } = await kit.run(only)
      await kit.crash()
      const error = await rejection(call(kit.orchestrator, id))
      expect(error).toBeInstanceOf(mao.ClosedError)
      expect(error).toMatchObject({
        code: 'ERR_CRASHED',
        message: 'the test kit has ended this orchestrator as a crash would; kit.reopen() opens its store again',
      })
      // Whoever cleans up meets nothing to clean.
      await kit.orchestrator.shutdown()
    }
  })

  it.each<[string, (crash: () => unknown) => { work: () => unknown; listen?: (orchestrator: mao.MultiAgentOrchestrator) => void }]>([
    ['an agent', (crash) => ({ work: () => crash() })],
    ['a listener', (crash) => ({ work: () => 1, listen: (orchestrator) => orchestrator.on('task:started', () => crash()) })],
  ])('may come in the middle of things, from %s', async (_, make) => {
    let crashes = 0
    const crash = (): unknown => (crashes++ === 0 ? kit.crash() : 'second time')
    const { work, listen } = make(crash)
    const kit: TestKit = await kitWith({ work }, { storage: 'file', setup: (orchestrator) => listen?.(orchestrator) })
    const flow = workflow(Array.from({ length: 20 }, (_unused, place) => task(`t${place}`, { dependencies: [] })))
    const error = await rejection(kit.run(flow))
    expect(error.code).toBe('ERR_CRASHED')
    await kit.reopen()
    expect((await kit.until(kit.orchestrator.getHandle(error.executionId ?? '').result())).status).toBe('completed')
  })

  it('time goes on without the process: what fell due meanwhile happens at once', async () => {
    const kit = await kitWith({ work: () => 'on Monday' }, { storage: 'file' })
    const handle = await kit.orchestrator.startWorkflow(workflow([wait('a', '1d'), task('b')]))
    await kit.crash()
    await kit.clock.advance('3d')
    await kit.reopen()
    await kit.clock.advance(0)
    const { results, endTime } = await kit.orchestrator.getHandle(handle.id).result()
    expect([results, since(endTime)]).toEqual([{ a: null, b: 'on Monday' }, hours(72)])
  })

  it('calls nobody who was still being made', async () => {
    const made = gate()
    const calls: string[] = []
    const setup = ({ agentPool }: mao.MultiAgentOrchestrator): void => {
      const process = calls.length === 0 ? 'dead' : 'next'
      calls.push(`${process} began`)
      agentPool.registerAgentType('work', { create: () => made.promise.then(() => ({ execute: () => calls.push(process) })) })
    }
    const kit = await kitWith({}, { storage: 'file', setup })
    const handle = await kit.orchestrator.startWorkflow(only)
    await kit.clock.advance(0)
    await kit.crash()
    made.open()
    await kit.reopen()
    await kit.until(kit.orchestrator.getHandle(handle.id).result())
    expect(calls).toEqual(['dead began', 'next began', 'next'])
  })

  it('waits of agents that were at work never end', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    const woken: number[] = []
    kit.agents.script('work', [() => kit.clock.sleep('1h').then(() => woken.push(1)), 2])
    await kit.orchestrator.startWorkflow(workflow([task('a', { timeout: '1d' })]))
    await kit.clock.advance('1m')
    await kit.crash()
    expect(await kit.clock.advanceToNext()).toBe(false)
    await kit.clock.advance('2h')
    expect(woken).toEqual([])
  })

  it('an attempt that it cut short gets its step again, and the next the next', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    const work = kit.agents.script('work', [after('1m', 'first'), 'second'])
    const handle = await kit.orchestrator.startWorkflow(workflow([task('a', { timeout: '1h' }), task('b')]))
    await kit.clock.advance('10s')
    await kit.crash()
    await kit.reopen()
    const { results, endTime } = await kit.until(kit.orchestrator.getHandle(handle.id).result())
    expect([results, since(endTime)]).toEqual([{ a: 'first', b: 'second' }, 70_000])
    expect(work.calls.map(({ task: { id }, attempt }) => `${id}${attempt}`)).toEqual(['a1', 'a1', 'b1'])
  })

  it.each<[CrashMoment, number, unknown]>([
    [{ afterCommit: 1 }, 0, 'a again'],
    // Before the first attempt its agent is made.
    [{ beforeCommit: 3 }, 1, 'a again'],
    [{ afterCommit: 3 }, 1, 'a'],
  ])('may be told its commit: %j', async (moment, calls, result) => {
    const kit = await kitWith({}, { storage: 'file' })
    let crashes = 0
    const work = kit.agents.script('work', ({ id }) => (crashes === 0 ? id : `${id} again`))
    const crashed = kit.crash(moment)
    const error = await rejection(kit.run(workflow([task('a'), task('b')])))
    await crashed
    expect([error.code, work.calls.length]).toEqual(['ERR_CRASHED', calls])
    crashes += 1
    await kit.reopen()
    const { results } = await kit.until(kit.orchestrator.getHandle(error.executionId ?? '').result())
    expect(results['a']).toBe(result)
    // The one that was asked for has been, and no other comes.
    expect((await kit.run(only)).status).toBe('completed')
  })

  it('that does not come any more is waited for by nobody', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    const [first, second] = [kit.crash({ afterCommit: 99 }), kit.reopen()]
    await Promise.all([first, second])
    const third = kit.crash({ afterCommit: 99 })
    await kit.close()
    await third
  })

  // A random case was to crash at the commit by which a shutdown interrupts what is under way: closing its kit failed.
  it('that is to come does not come while the kit is reopened or closed', async () => {
    const kit = await kitWith({ work: ({ attempt }, { signal }) => (attempt === 1 ? listening(signal) : attempt) }, { storage: 'file' })
    const { id } = await kit.orchestrator.startWorkflow(only)
    await kit.clock.advance(0)
    const first = kit.crash({ beforeCommit: 1 })
    await kit.reopen()
    await first
    await kit.clock.advance(0)
    expect((await kit.orchestrator.getExecution(id))?.status).toBe('running')
    const second = kit.crash({ afterCommit: 1 })
    await kit.close()
    await second
  })

  it('a reopening without one is a restart in order', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    kit.agents.script('work', [untilAborted])
    const reasons: unknown[] = []
    const handle = await kit.orchestrator.startWorkflow(only)
    await kit.clock.advance(0)
    handle.result().catch((error: { code: unknown }) => reasons.push(error.code))
    kit.agents.script('work', ['after the restart'])
    await kit.reopen()
    expect(reasons).toEqual(['ERR_CLOSED'])
    expect((await kit.until(kit.orchestrator.getHandle(handle.id).result())).results).toEqual({ a: 'after the restart' })
  })
})

describe('crash points', () => {
  const undo = { compensate: { agentId: 'undo' } }
  const flows: [string, AgentWorkflow, (execution: WorkflowExecution) => unknown, unknown][] = [
    [
      'tasks, waits and retries',
      workflow([task('a'), wait('b', '30d'), task('c', { agentId: 'flaky', retryPolicy: { maxAttempts: 3, initialDelay: '1h' } })]),
      ({ results }) => results,
      { a: 'a', b: null, c: 'c3' },
    ],
    [
      'groups, loops and children',
      workflow([
        { id: 'g', name: 'g', type: 'parallel', tasks: [task('x'), task('y')] },
        { id: 'l', name: 'l', type: 'loop', agentId: 'work', loop: { forEach: [1, 2] } },
        { id: 'w', name: 'w', workflow: workflow([wait('v', '1h'), task('u')], { id: 'inner' }) },
      ]),
      ({ results }) => results,
      { g: { x: 'x', y: 'y' }, l: ['l', 'l'], w: { v: null, u: 'u' } },
    ],
    [
      'a failure that is compensated',
      workflow([task('a', undo), task('b', undo), task('c', { agentId: 'broken' })]),
      ({ status, error, results }) => [status, error?.taskId, results],
      ['failed', 'c', { a: 'a', b: 'b' }],
    ],
  ]

  it.each(flows)('%s end the same wherever the process ends', async (_, flow, of, expected) => {
    const kit = await kitWith({ work: ({ id }) => id, undo: () => 'undone' }, { storage: 'file' })
    kit.agents.script('broken', () => Promise.reject(new Error('broken')))
    const flaky = kit.agents.script('flaky', [new Error('no'), new Error('no'), 'c3'])
    const whole = await kit.run(flow).catch((error: { execution: WorkflowExecution }) => error.execution)
    expect(of(whole)).toEqual(expected)
    const points: string[] = []
    for await (const { commit, side, execution } of kit.crashPoints(flow, {}, { executionId: 'mine' })) {
      points.push(`${side} ${commit}`)
      expect(of(execution), points.at(-1)).toEqual(expected)
      expect([execution.id, since(execution.startTime)], points.at(-1)).toEqual(['mine', 0])
      expect(flaky.calls.every(({ idempotencyKey }) => idempotencyKey === 'mine:c')).toBe(true)
    }
    expect(points.slice(0, 3)).toEqual(['after 1', 'before 2', 'after 2'])
    expect(points.length).toBeGreaterThan(8)
    expect(new Set(points).size).toBe(points.length)
  })

  it('may be left early, and leave a kit that works', async () => {
    const kit = await kitWith({ work: () => 1 }, { storage: 'file' })
    for await (const { commit } of kit.crashPoints(only)) if (commit === 2) break
    expect((await kit.run(only)).results).toEqual({ a: 1 })
    for await (const point of kit.crashPoints(only)) expect(point.execution.status).toBe('completed')
    expect((await kit.run(only)).results).toEqual({ a: 1 })
  })

  it('of a workflow that cannot start are none: it says why', async () => {
    const kit = await kitWith({}, { storage: 'file' })
    const points = kit.crashPoints(workflow([task('a', { agentId: 'nobody' })]))[Symbol.asyncIterator]()
    expect(await rejection(points.next())).toMatchObject({ code: 'ERR_VALIDATION' })
  })
})

describe('bad input', () => {
  it.each<[string, unknown, string[]]>([
    ['no object', 7, ['options']],
    ['null', null, ['options']],
    ['storage of its own', { storage: { path: 'x' } }, ['ERR_INVALID_VALUE storage']],
    ['a start that is no Date', { startAt: '2026-01-01' }, ['ERR_INVALID_VALUE startAt']],
    ['a start before 1970', { startAt: new Date(-1) }, ['ERR_INVALID_VALUE startAt']],
    ['a start that is no instant', { startAt: new Date(Number.NaN) }, ['ERR_INVALID_VALUE startAt']],
    ['a setup that is none', { setup: {}, patience: -1 }, ['ERR_INVALID_VALUE setup', 'ERR_INVALID_VALUE patience']],
    ['a misspelt field', { storge: 'file' }, ['ERR_UNKNOWN_FIELD storge']],
    ['what an orchestrator refuses', { workflow: { maxTasks: 0 } }, ['ERR_INVALID_VALUE workflow.maxTasks']],
  ])('%s makes no kit', async (_, options, expected) => {
    const before = folders()
    const error = await rejection(createTestKit(options as never))
    expect([error.code, ...places(error)]).toEqual(['ERR_CONFIG', ...expected])
    expect(folders()).toEqual(before)
  })

  it('a setup that fails is the failure, and leaves nothing behind', async () => {
    const failure = new Error('in setup')
    const setup = (): never => {
      throw failure
    }
    await expect(createTestKit({ storage: 'file', setup })).rejects.toBe(failure)
  })

  it.each<[unknown, RegExp]>([
    [-1, /must not be negative: time never goes back/],
    [Number.NaN, /must be a duration/],
    [Infinity, /must be a duration/],
    [0.5, /must be a duration/],
    ['soon', /must be a duration/],
    [undefined, /must be a duration/],
    ['36500d', undefined as never],
  ])('time does not move by %j', async (duration, message) => {
    const kit = await kitWith()
    if (message === undefined) {
      for (let centuries = 0; centuries < 2; centuries += 1) await kit.clock.advance(duration as never)
      message = /leads past the year 2253/
    }
    for (const call of ['advance', 'sleep'] as const) {
      const error = await rejection(kit.clock[call](duration as never))
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringMatching(message) })
      expect(places(error)[0]).toMatch(/duration$/)
    }
  })

  it.each<[string, unknown, unknown, string, string[]]>([
    ['nobody', '', [], 'ERR_INVALID_ARGUMENT', ['agentId']],
    ['steps that are none', 'work', 'one', 'ERR_INVALID_ARGUMENT', ['steps']],
    ['nothing', 'work', undefined, 'ERR_INVALID_ARGUMENT', ['steps']],
    ['what is no JSON', 'work', [1, { n: 1n }, after(1, new Map())], 'ERR_NOT_JSON', ['ERR_NOT_JSON steps[1].n', 'ERR_NOT_JSON steps[2]']],
  ])('%s is no script', async (_, agentId, steps, code, expected) => {
    const kit = await kitWith()
    const error = thrownBy(() => kit.agents.script(agentId as string, steps as []))
    expect([error.code, ...places(error)]).toEqual([code, ...expected])
  })

  it('a step after no time is none', () => {
    expect(places(thrownBy(() => after('soon', 1)))).toEqual(['ERR_INVALID_VALUE duration'])
  })

  it.each<[unknown, string]>([
    [{}, 'moment'],
    [7, 'moment'],
    [{ afterCommit: 1, beforeCommit: 1 }, 'moment'],
    [{ after: 1 }, 'moment'],
    [{ afterCommit: 0 }, 'moment.afterCommit'],
    [{ beforeCommit: 1.5 }, 'moment.beforeCommit'],
    [{ afterCommit: 2 ** 32 }, 'moment.afterCommit'],
  ])('%j is no moment to crash', async (moment, path) => {
    const kit = await kitWith()
    const error = await rejection(kit.crash(moment as never))
    expect([error.code, ...places(error)]).toEqual(['ERR_INVALID_ARGUMENT', path])
  })

  it('there is nothing to wait for in what is no promise', async () => {
    const kit = await kitWith()
    expect(places(await rejection(kit.until(undefined as never)))).toEqual(['promise'])
  })

  it('what has crashed does not crash again', async () => {
    const kit = await kitWith()
    await kit.crash()
    expect(await rejection(kit.crash())).toMatchObject({ code: 'ERR_CRASHED' })
    expect(await rejection(kit.run(only))).toMatchObject({ code: 'ERR_CRASHED' })
  })

  it('nothing in memory is opened again', async () => {
    const kit = await kitWith()
    const expected = { name: 'StoreError', code: 'ERR_NOT_DURABLE', message: expect.stringContaining("createTestKit({ storage: 'file' })") }
    expect(await rejection(kit.reopen())).toMatchObject(expected)
    await kit.crash()
    expect(await rejection(kit.reopen())).toMatchObject(expected)
    expect(await rejection(kit.crashPoints(only)[Symbol.asyncIterator]().next())).toMatchObject(expected)
  })

  it.each<[string, (kit: TestKit) => unknown]>([
    ['run', (kit) => kit.run(only)],
    ['until', (kit) => kit.until(Promise.resolve(1))],
    ['clock.advance', (kit) => kit.clock.advance(1)],
    ['clock.advanceToNext', (kit) => kit.clock.advanceToNext()],
    ['crash', (kit) => kit.crash()],
    ['reopen', (kit) => kit.reopen()],
    ['crashPoints', (kit) => kit.crashPoints(only)[Symbol.asyncIterator]().next()],
    ['agents.script', async (kit) => kit.agents.script('work', [])],
  ])('a closed kit refuses %s', async (_, call) => {
    const kit = await kitWith({ work: () => 1 }, { storage: 'file' })
    await Promise.all([kit.close(), kit.close(), kit[Symbol.asyncDispose]()])
    expect(await rejection(call(kit) as Promise<unknown>)).toMatchObject({
      code: 'ERR_CLOSED',
      message: 'the test kit has been closed; create another with createTestKit()',
    })
  })
})

it('the classes of both entries are the same, in both module systems', async () => {
  const require = createRequire(`${root}/package.json`)
  const common = require('@codexos/multi-agent-orchestrator/testing') as typeof testing
  expect(Object.keys(common).toSorted()).toEqual(Object.keys(testing).toSorted())
  expect(common.createTestKit).toBe(createTestKit)
  const kit = await kitWith({ work: () => 1 })
  expect(kit.orchestrator).toBeInstanceOf(mao.MultiAgentOrchestrator)
  expect(await rejection(common.createTestKit({ storage: 'disk' } as never))).toBeInstanceOf(mao.ValidationError)
  expect((await rejection(common.createTestKit({ redis: {} } as never))).message).toContain('redis: is not for a kit')
})

it('real orchestrators beside a kit keep their own time, and a kit its folder to itself until it is closed', async () => {
  const kit = await kitWith({ work: () => 1 }, { storage: 'file' })
  const real = new mao.MultiAgentOrchestrator()
  real.agentPool.registerAgentType('work', { create: () => ({ execute: (_, { signal }) => listening(signal) }) })
  const running = rejection(real.executeWorkflow(workflow([task('a', { timeout: 20 })])))
  await kit.clock.advance('1d')
  const error = await running
  expect(error.cause).toMatchObject({ code: 'ERR_TIMEOUT' })
  expect(Math.abs((error.execution?.endTime?.getTime() ?? 0) - Date.now())).toBeLessThan(hours(1))
  await real.shutdown()
  expect(folders()).toHaveLength(1)
  await kit.close()
  expect(folders()).toEqual([])
})
