// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Agents that do what agents must not do: each harms its own task alone.

import { describe, expect, it } from 'vitest'
import type { AgentPool, AgentRegistration, AgentType, ValidationError } from '@codexos/multi-agent-orchestrator'
import { run } from '../support/child.ts'
import { storePath, temporaryFolder, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import {
  expectStillWorks,
  orchestratorWith,
  places,
  rejection,
  task,
  thrownBy,
  until,
  workflow,
  type Execute,
} from '../support/orchestrators.ts'

const only = workflow([task('a')])

const hostile = (): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw new Error('do not touch')
      },
      has: () => {
        throw new Error('do not touch')
      },
      getPrototypeOf: () => {
        throw new Error('do not touch')
      },
    },
  )

const deep = (levels: number): unknown => {
  let value: unknown = 'bottom'
  for (let level = 0; level < levels; level += 1) value = { inner: value }
  return value
}

const throws =
  (thrown: unknown): Execute =>
  () => {
    throw thrown
  }

describe('an agent that throws', () => {
  const broken = hostile()
  it.each<[string, unknown, { code: string; message: string | RegExp }]>([
    ['an error', new Error('broken'), { code: 'ERR_AGENT', message: 'broken' }],
    [
      'an error with a code',
      Object.assign(new Error('no connection'), { code: 'ECONNREFUSED' }),
      { code: 'ECONNREFUSED', message: 'no connection' },
    ],
    ['undefined', undefined, { code: 'ERR_AGENT', message: 'threw undefined' }],
    ['null', null, { code: 'ERR_AGENT', message: 'threw null' }],
    ['a text', 'just words', { code: 'ERR_AGENT', message: 'just words' }],
    ['a symbol', Symbol('s'), { code: 'ERR_AGENT', message: 'threw Symbol(s)' }],
    ['an object without a prototype', Object.create(null), { code: 'ERR_AGENT', message: 'threw a value that cannot be shown' }],
    ['an error whose message is half a surrogate pair', new Error('\ud800'), { code: 'ERR_AGENT', message: '\ufffd' }],
    ['an error of a megabyte', new Error('x'.repeat(1e6)), { code: 'ERR_AGENT', message: /^x{10000}$/ }],
    ['something hostile', broken, { code: 'ERR_AGENT', message: 'threw a value that cannot be shown' }],
  ])('%s fails its task, and the cause is what it threw', async (_, thrown, { code, message }) => {
    for (const execute of [throws(thrown), async () => throws(thrown)({} as never, {} as never)]) {
      const orchestrator = orchestratorWith({ work: execute })
      const error = await rejection(orchestrator.executeWorkflow(only))
      expect([error.name, error.code, error.taskId]).toEqual(['TaskFailedError', 'ERR_TASK_FAILED', 'a'])
      // `undefined` is not much of a cause, so what was recorded stands in for it.
      if (thrown !== undefined) expect(error.cause === thrown).toBe(true)
      const recorded = error.execution?.tasks[0]?.error
      expect(recorded?.code).toBe(code)
      expect(recorded?.message).toMatch(message instanceof RegExp ? message : new RegExp(`^${message.replaceAll(/[()]/g, '\\$&')}$`))
      await expectStillWorks(orchestrator)
    }
  })
})

describe('an agent whose promise', () => {
  it('never settles is stopped by its timeout', async () => {
    const orchestrator = orchestratorWith({ work: (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)) })
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { timeout: 10 })])))
    expect(error.cause).toMatchObject({ code: 'ERR_TIMEOUT' })
    await expectStillWorks(orchestrator)
  })

  it.each<[string, (then: { resolve: (value: unknown) => void; reject: (error: unknown) => void }) => void, unknown]>([
    [
      'resolves twice and then rejects',
      ({ resolve, reject }) => (resolve('first'), resolve('second'), reject(new Error('third'))),
      'first',
    ],
    [
      'resolves and then throws',
      ({ resolve }) => {
        resolve('first')
        throw new Error('second')
      },
      'first',
    ],
  ])('settles more than once counts once: it %s', async (_, settle, result) => {
    // oxlint-disable-next-line unicorn/no-thenable -- a promise that is none is the point
    const thenable = { then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => settle({ resolve, reject }) }
    const orchestrator = orchestratorWith({ work: () => thenable })
    const completed: unknown[] = []
    orchestrator.on('task:completed', ({ result: one }) => completed.push(one))
    expect((await orchestrator.executeWorkflow(only)).results).toEqual({ a: result })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(completed).toEqual([result])
    await expectStillWorks(orchestrator)
  })

  it('has a `then` that throws when it is read', async () => {
    const orchestrator = orchestratorWith({
      // oxlint-disable-next-line unicorn/no-thenable -- as above
      work: () => Object.defineProperty({}, 'then', { get: () => expect.fail('no'), enumerable: true }),
    })
    expect((await rejection(orchestrator.executeWorkflow(only))).cause).toBeInstanceOf(Error)
    await expectStillWorks(orchestrator)
  })
})

describe('an agent that returns', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['a BigInt', { n: 1n }, 'result.n', /use String\(value\)/],
    ['NaN', [Number.NaN], 'result[0]', /use null/],
    ['a function', () => 1, 'result', /a function is not a JSON value/],
    ['a Map', { map: new Map() }, 'result.map', /Object\.fromEntries\(map\)/],
    ['an error', new Error('returned'), 'result', /use \{ message: error\.message \}/],
    ['something 10^5 levels deep', deep(1e5), 'result.inner', /flatten it/],
    ['something hostile', hostile(), 'result', /do not touch/],
  ])('%s fails its task with ERR_NOT_JSON', async (_, value, path, message) => {
    const orchestrator = orchestratorWith({ work: async () => [value][0] })
    const error = await rejection(orchestrator.executeWorkflow(only))
    const cause = error.cause as ValidationError
    if (cause.message === 'do not touch') return expectStillWorks(orchestrator)
    expect(cause).toMatchObject({ code: 'ERR_NOT_JSON', message: expect.stringMatching(message) })
    expect(cause.issues[0]?.path.startsWith(path)).toBe(true)
    return expectStillWorks(orchestrator)
  })
})

describe('a type whose create', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['returns nothing', () => {}, 'ERR_AGENT_INVALID', /create of agent `bad` returned nothing; return \{ execute: /],
    ['returns something else', () => ({ run: () => 1 }), 'ERR_AGENT_INVALID', /something without an `execute` method/],
    ['throws', throws(new Error('no key')), 'ERR_AGENT_CREATE', /agent `bad` could not be made: no key/],
    ['rejects', () => Promise.reject(new Error('no key')), 'ERR_AGENT_CREATE', /agent `bad` could not be made: no key/],
    ['hangs', () => new Promise(() => {}), 'ERR_AGENT_CREATE', /agent `bad` could not be made: create has not come back/],
  ])('%s fails its task', async (_, create, code, message) => {
    const kit = await kitWith()
    kit.orchestrator.agentPool.registerAgentType('bad', { create } as AgentType)
    const handle = await kit.orchestrator.startWorkflow(workflow([task('a', { agentId: 'bad', timeout: 20 })]))
    const failed = rejection(handle.result())
    // Three have 30 s each. The task's own time-out begins when there is an agent.
    await kit.clock.advance('2m')
    expect((await failed).cause).toMatchObject({ code, message: expect.stringMatching(message) })
    await expectStillWorks(kit.orchestrator)
  })

  it('fails at first is asked again, and its task knows nothing of that', async () => {
    let calls = 0
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerAgentType('late', {
      maxAgents: 1,
      create: async () => {
        calls += 1
        if (calls === 1) throw new Error('not yet')
        return { execute: () => calls }
      },
    })
    const flow = workflow([task('a', { agentId: 'late' }), task('b', { agentId: 'late' })])
    const { results, tasks } = await orchestrator.executeWorkflow(flow)
    expect([results, tasks.map(({ attempts }) => attempts)]).toEqual([{ a: 2, b: 2 }, [1, 1]])
  })
})

it('process.exit in an agent is the exit; the durable execution is continued later', async () => {
  const path = storePath(temporaryFolder())
  const { code, stdout } = await run(
    userFolder(),
    `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => process.exit(7) }) })
    const handle = await orchestrator.startWorkflow({ id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] })
    console.log(handle.id)
  `,
    [path],
  )
  expect(code).toBe(7)
  const orchestrator = orchestratorWith({ work: () => 'continued' }, { storage: { path } })
  await until(async () => (await orchestrator.listExecutions({ status: 'completed' })).executions.length === 1)
  const [execution] = (await orchestrator.listExecutions()).executions
  expect(execution?.results).toEqual({ a: 'continued' })
  expect(['', `${execution?.id}\n`]).toContain(stdout)
})

describe('a registration', () => {
  const make: AgentType = { create: () => ({ execute: () => 1 }) }

  it.each<[string, (pool: AgentPool) => void, string, string | RegExp | undefined, RegExp]>([
    [
      'of a type twice',
      (pool) => (pool.registerAgentType('x', make), pool.registerAgentType('x', make)),
      'ERR_AGENT_EXISTS',
      undefined,
      /choose another name/,
    ],
    [
      'of an agent twice',
      (pool) => {
        pool.registerAgentType('x', make)
        pool.registerAgent({ id: 'y', type: 'x' })
        pool.registerAgent({ id: 'y', type: 'x' })
      },
      'ERR_AGENT_EXISTS',
      undefined,
      /choose another id/,
    ],
    [
      'of an unknown type',
      (pool) => pool.registerAgent({ id: 'y', type: 'nothing' }),
      'ERR_AGENT_TYPE_NOT_FOUND',
      undefined,
      /call registerAgentType\('nothing', …\) first/,
    ],
    [
      'without create',
      (pool) => pool.registerAgentType('x', {} as AgentType),
      'ERR_INVALID_ARGUMENT',
      'type.create',
      /a function that returns an agent/,
    ],
    ['without a name', (pool) => pool.registerAgentType('', make), 'ERR_INVALID_ARGUMENT', 'name', /a non-empty string/],
    ...Object.entries({
      maxConcurrency: [0, 1.5, '2', Number.NaN, -1],
      minAgents: [-1, 11, 'one'],
      maxAgents: [0, Infinity, null],
      isolation: ['thread', true],
      reserve: [1, {}, { slots: 0 }, { slots: 1, priority: 1001 }, { slots: 1, what: 1 }],
      healthCheck: [() => true],
    }).flatMap(([field, values]) =>
      values.map((value): [string, (pool: AgentPool) => void, string, RegExp, RegExp] => [
        `with ${field} of ${JSON.stringify(value)}`,
        (pool) => pool.registerAgentType('x', { ...make, [field]: value } as AgentType),
        'ERR_INVALID_ARGUMENT',
        new RegExp(`(^| )type\\.${field}`),
        /must|is required|is not a field|unknown/,
      ]),
    ),
    ...Object.entries({
      maxConcurrency: [0, '1'],
      rateLimit: [60, { limit: 60 }, { limit: 0, interval: '1m' }, { limit: 1, interval: 'soon' }],
      capabilities: ['gpu', [''], [7]],
      priority: [3],
    }).flatMap(([field, values]) =>
      values.map((value): [string, (pool: AgentPool) => void, string, RegExp, RegExp] => [
        `of an agent with ${field} of ${JSON.stringify(value)}`,
        (pool) => pool.registerAgent({ id: 'y', type: 'work', [field]: value } as AgentRegistration),
        'ERR_INVALID_ARGUMENT',
        new RegExp(`(^| )agent\\.${field}`),
        /must|needs|is not a field/,
      ]),
    ),
    [
      'of null',
      (pool) => pool.registerAgent(null as unknown as AgentRegistration),
      'ERR_INVALID_ARGUMENT',
      'agent',
      /\{ id, type, configuration \}/,
    ],
  ])('%s is refused', async (_, register, code, path, message) => {
    const orchestrator = orchestratorWith()
    const error = thrownBy(() => register(orchestrator.agentPool))
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
    if (path instanceof RegExp) expect(places(error)[0]).toMatch(path)
    else if (path !== undefined) expect(places(error)).toEqual([path])
    await expectStillWorks(orchestrator)
  })
})
