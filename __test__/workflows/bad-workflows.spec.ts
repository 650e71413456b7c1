// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Definitions, configurations and arguments that cannot be used: each refused by path, with the way out, and nothing else harmed.

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  MultiAgentOrchestrator,
  type AgentWorkflow,
  type ExecuteOptions,
  type OrchestratorConfig,
  type ValidationError,
} from '@codexos/multi-agent-orchestrator'
import { expectStillWorks, orchestratorWith, places, rejection, task, thrownBy, workflow } from '../support/orchestrators.ts'

const deep = (levels: number): unknown => {
  let value: unknown = 'bottom'
  for (let level = 0; level < levels; level += 1) value = [value]
  return value
}
const cyclic = (): object => {
  const value: { self?: object; list: unknown[] } = { list: [] }
  value.list.push(value)
  return value
}
const withInput = (input: object): unknown => workflow([task('a'), task('b', { input: input as never })])
const withField = (field: string, value: unknown): unknown => workflow([task('a', { [field]: value } as never)])

/** What is wrong, the workflow, where, and words of the message: the way out among them. */
const refused: [string, unknown, string, RegExp][] = [
  [
    'a cycle',
    workflow([task('a', { dependencies: ['c'] }), task('b', { dependencies: ['a'] }), task('c', { dependencies: ['b'] })]),
    'tasks[0].dependencies',
    /cycle: .*a.*b.*c.*; remove one of the edges/,
  ],
  ['a task that waits for itself', workflow([task('a', { dependencies: ['a'] })]), 'tasks[0].dependencies', /cycle/],
  [
    'a cycle through an implied edge',
    workflow([task('a', { dependencies: ['b'] }), task('b')]),
    'tasks[0].dependencies',
    /cycle.*(implied|order)/,
  ],
  ['an id given twice', workflow([task('a'), task('b'), task('a')]), 'tasks[2].id', /already the id of tasks\[0\]; rename one of them/],
  [
    'an unknown dependency',
    workflow([task('fetch'), task('b', { dependencies: ['fetsh'] })]),
    'tasks[1].dependencies[0]',
    /depends on `fetsh`.*did you mean `fetch`\?/,
  ],
  ['`__proto__` as an id', workflow([task('__proto__')]), 'tasks[0].id', /`__proto__` cannot be an id.*choose another/],
  ['`constructor` as an id', workflow([task('constructor')]), 'tasks[0].id', /choose another/],
  ['an empty id', workflow([task('', { name: 'a' })]), 'tasks[0].id', /must not be empty/],
  ['an id with a line break', workflow([task('a\nb')]), 'tasks[0].id', /control characters/],
  ['an id of 257 bytes', workflow([task('é'.repeat(129))]), 'tasks[0].id', /at most 256 bytes, this one has 258/],
  [
    'half a surrogate pair in an id',
    workflow([task('a\ud800', { name: 'a' })]),
    'ERR_NOT_JSON tasks[0].id',
    /half of a surrogate pair.*remove it/,
  ],
  ['half a surrogate pair in a prompt', withInput({ prompt: '\udc00!' }), 'ERR_NOT_JSON tasks[1].input.prompt', /half of a surrogate pair/],
  [
    'half a surrogate pair in a key of the data',
    withInput({ data: { list: [{ '\ud83d': 1 }] } }),
    'ERR_NOT_JSON tasks[1].input.data.list[0]',
    /half of a surrogate pair/,
  ],
  ['data that holds itself', withInput({ data: cyclic() }), 'ERR_NOT_JSON tasks[1].input.data.list[0]', /cycle.*refer to it by an id/],
  ['data 10^5 levels deep', withInput({ data: deep(1e5) }), 'ERR_NOT_JSON *', /nested deeper than 100 levels: flatten it/],
  ['a BigInt', withInput({ data: { n: 10n } }), 'ERR_NOT_JSON tasks[1].input.data.n', /BigInt is not a JSON value: use String\(value\)/],
  ['NaN', withInput({ data: [1, Number.NaN] }), 'ERR_NOT_JSON tasks[1].input.data[1]', /NaN is not a JSON number: use null/],
  ['Infinity', withInput({ data: Infinity }), 'ERR_NOT_JSON tasks[1].input.data', /Infinity is not a JSON number/],
  ['a Map', withInput({ data: new Map([[1, 2]]) }), 'ERR_NOT_JSON tasks[1].input.data', /use Object\.fromEntries\(map\)/],
  ['a function', withInput({ data: { callback: () => 1 } }), 'ERR_NOT_JSON tasks[1].input.data.callback', /a function is not a JSON value/],
  ['a promise', withInput({ data: Promise.resolve(1) }), 'ERR_NOT_JSON tasks[1].input.data', /did you forget await\?/],
  ['no tasks', workflow([]), 'tasks', /must not be empty/],
  ['tasks that are no list', { ...workflow([]), tasks: { a: task('a') } }, 'tasks', /expected an array of tasks .*, found an object/],
  ['a task that is no object', { ...workflow([]), tasks: [null, 'a'] }, 'tasks[0],tasks[1]', /expected an object/],
  ['no agent', workflow([{ id: 'a', name: 'a' } as never]), 'tasks[0].agentId', /add the id of a registered agent/],
  [
    'an agent that is not registered',
    workflow([task('a', { agentId: 'nobody' })]),
    'ERR_AGENT_NOT_FOUND tasks[0].agentId',
    /registerAgent\('nobody', async .*registerAgents\(\{ … \}\), or name a registered one/,
  ],
  ['a misspelt field', withField('dependancies', []), 'tasks[0].dependancies', /did you mean `dependencies`\?/],
  ['an unknown type', withField('type', 'paralel'), 'tasks[0].type', /'sequential', 'parallel', 'conditional' or 'loop'/],
  ['a timeout that is none', withField('timeout', '30'), 'tasks[0].timeout', /milliseconds or a string such as/],
  ['no time at all', withField('timeout', 0), 'tasks[0].timeout', /longer than 0 ms/],
  ['no attempts', withField('retryPolicy', { maxAttempts: 0 }), 'tasks[0].retryPolicy.maxAttempts', /a whole number from 1 to 10000/],
  [
    'a backoff nobody knows',
    withField('retryPolicy', { maxAttempts: 1, backoffType: 'exponentail' }),
    'tasks[0].retryPolicy.backoffType',
    /'exponential'/,
  ],
  ['a jitter of 2', withField('retryPolicy', { maxAttempts: 1, jitter: 2 }), 'tasks[0].retryPolicy.jitter', /a share from 0 to 1/],
  ['money that is none', workflow([task('a')], { budget: { usd: -1 } }), 'budget.usd', /an amount of US dollars from 0 to 1000000/],
  ['null', null, '', /expected an object/],
  ['a number', 7, '', /expected an object/],
  ['an empty object', {}, 'id,tasks', /is missing: add/],
]

describe('a workflow is refused', () => {
  it.each(refused)('%s', async (_, flow, path, message) => {
    const orchestrator = orchestratorWith({ work: () => expect.fail('must not run') })
    const error = await rejection(orchestrator.executeWorkflow(flow as AgentWorkflow))
    expect(error).toMatchObject({ name: 'ValidationError', code: 'ERR_VALIDATION', message: expect.stringMatching(message) })
    const found = places(error).join(',')
    if (path.endsWith('*')) expect(found).toMatch(/^ERR_NOT_JSON tasks\[1\]\.input\.data\[0\]/)
    else expect(found).toBe(path)
    const { valid, problems } = orchestrator.workflowEngine.validateWorkflow(flow)
    expect({ valid, problems }).toEqual({
      valid: false,
      problems: problems.map((problem) => expect.objectContaining({ path: problem.path })),
    })
    expect(problems.map((problem) => problem.path)).toEqual((error as ValidationError).issues.map((issue) => issue.path))
    await expectStillWorks(orchestrator)
  })

  it('with every problem at once', async () => {
    const flow = {
      id: 'x',
      name: 7,
      version: 1,
      tasks: [
        task('a', { type: 'seq', dependencies: ['b'] }),
        task('a', { timeout: -1 }),
        { id: 'c', name: 'c', agentId: 'work', requires: {} },
      ],
    }
    const error = await rejection(orchestratorWith({ work: () => 1 }).executeWorkflow(flow as never))
    expect(places(error).toSorted()).toEqual([
      'name',
      'tasks[0].dependencies[0]',
      'tasks[0].type',
      'tasks[1].id',
      'tasks[1].timeout',
      'tasks[2].requires',
      'version',
    ])
  })

  // What is no data hid everything else, and what is structurally wrong hid the agents that nobody has registered.
  it('with every problem at once, whoever finds it: what is no data, what is no workflow, what is not registered', async () => {
    const inner = { id: 'i', name: 'i', version: '1', tasks: [task('y', { agentId: 'stranger' })] }
    const flow = {
      id: 'x',
      name: 'x',
      version: '1',
      tasks: [
        task('a', { input: { data: { when: 10n }, schema: z.date() } }),
        task('b', { agentId: 'nobody', dependencies: ['c', 'zz'] }),
        task('c', { dependencies: ['b'], compensate: { agentId: 'no one' } }),
        { id: 'd', name: 'd', workflow: inner },
        { id: 'e', name: 'e', workflow: 'unheard of' },
        { id: 'f', name: 'f', requires: ['flying'], compensate: { agentId: 'work' } },
      ],
    }
    const orchestrator = orchestratorWith({ work: () => 1 })
    const expected = [
      'ERR_AGENT_NOT_FOUND tasks[1].agentId',
      'ERR_AGENT_NOT_FOUND tasks[2].compensate.agentId',
      'ERR_AGENT_NOT_FOUND tasks[3].workflow.tasks[0].agentId',
      'ERR_AGENT_NOT_FOUND tasks[5].requires',
      'ERR_NOT_JSON tasks[0].input.data.when',
      'ERR_SCHEMA_UNREPRESENTABLE tasks[0].input.schema',
      'ERR_WORKFLOW_NOT_FOUND tasks[4].workflow',
      'tasks[1].dependencies',
      'tasks[1].dependencies[1]',
    ]
    const { valid, problems } = orchestrator.workflowEngine.validateWorkflow(flow)
    const found = problems.map(({ code, path }) => (code === undefined ? path : `${code} ${path}`))
    expect([valid, found.toSorted()]).toEqual([false, expected])
    expect(places(await rejection(orchestrator.executeWorkflow(flow as never))).toSorted()).toEqual(expected)
    const lax = orchestratorWith({}, { workflow: { enableValidation: false } })
    const structural = expected.filter((place) => !place.includes('NOT_FOUND'))
    expect(places(await rejection(lax.executeWorkflow(flow as never))).toSorted()).toEqual(structural)
  })
})

describe('10^5 tasks', () => {
  const many = workflow(Array.from({ length: 1e5 }, (_, n) => task(`task-${n}`, { dependencies: n < 10 ? [] : [`task-${n - 10}`] })))

  it('are too many, unless maxTasks says otherwise', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    const error = await rejection(orchestrator.executeWorkflow(many))
    expect(error.message).toBe(
      'the workflow cannot run: tasks: 100000 tasks exceed `workflow.maxTasks` (100); split the workflow, or raise the limit of the orchestrator: `workflow: { maxTasks: 100000 }`',
    )
    await expectStillWorks(orchestrator)
  })

  it('run where it does', async () => {
    const orchestrator = orchestratorWith(
      { work: ({ context }) => Object.keys(context.dependencies).length },
      { workflow: { maxTasks: 100_000 } },
    )
    const { metrics, results } = await orchestrator.executeWorkflow(many)
    expect(metrics.tasks).toEqual({ total: 1e5, completed: 1e5, failed: 0, skipped: 0, cancelled: 0 })
    expect([results['task-9'], results['task-99999']]).toEqual([0, 1])
  })

  it('in a cycle are reported as one, shortly', async () => {
    const ring = workflow(many.tasks.map((one, n) => ({ ...one, dependencies: [`task-${(n + 1) % 1e5}`] })))
    const error = await rejection(orchestratorWith({ work: () => 1 }, { workflow: { maxTasks: 100_000 } }).executeWorkflow(ring))
    expect(error.message).toMatch(/cycle/)
    expect(error.message.length).toBeLessThan(5000)
  })
})

describe('arguments', () => {
  it.each<[string, unknown, unknown, string, string]>([
    ['a context that is a list', [], undefined, 'ERR_INVALID_ARGUMENT', 'context'],
    ['a context that is null', null, undefined, 'ERR_INVALID_ARGUMENT', 'context'],
    ['a context with a BigInt', { n: 1n }, undefined, 'ERR_NOT_JSON', 'ERR_NOT_JSON context.n'],
    ['a context that holds itself', cyclic(), undefined, 'ERR_NOT_JSON', 'ERR_NOT_JSON context.list[0]'],
    ['an unknown option', {}, { timeout: 5 }, 'ERR_INVALID_ARGUMENT', 'options.timeout'],
    ['a priority that is none', {}, { priority: 1.5 }, 'ERR_INVALID_ARGUMENT', 'options.priority'],
    ['a priority too high', {}, { priority: 1001 }, 'ERR_INVALID_ARGUMENT', 'options.priority'],
    ['a key without its limit', {}, { concurrency: 'k' }, 'ERR_INVALID_ARGUMENT', 'options.concurrency'],
    [
      'a limit that lets nobody in',
      {},
      { concurrency: { key: '', limit: 0, most: 1 } },
      'ERR_INVALID_ARGUMENT',
      'options.concurrency.most,options.concurrency.key,options.concurrency.limit',
    ],
    ['a deadline that is none', {}, { deadline: 'soon' }, 'ERR_INVALID_ARGUMENT', 'ERR_INVALID_VALUE options.deadline'],
    ['a budget that is none', {}, { budget: 5 }, 'ERR_INVALID_ARGUMENT', 'options.budget'],
    ['half an attempt', {}, { budget: { tasks: 0.5, day: 1 } }, 'ERR_INVALID_ARGUMENT', 'options.budget.day,options.budget.tasks'],
    ['money that is none', {}, { budget: { usd: -1 } }, 'ERR_INVALID_ARGUMENT', 'options.budget.usd'],
    [
      'parts of tokens and calls',
      {},
      { budget: { usd: Number.NaN, tokens: 0.5, calls: '3' } },
      'ERR_INVALID_ARGUMENT',
      'options.budget.tokens,options.budget.calls,options.budget.usd',
    ],
    ['an empty key', {}, { idempotencyKey: '' }, 'ERR_INVALID_ARGUMENT', 'options.idempotencyKey'],
    ['an id that is none', {}, { executionId: 7 }, 'ERR_INVALID_ARGUMENT', 'options.executionId'],
    ['two ids', {}, { executionId: 'a', idempotencyKey: 'b' }, 'ERR_INVALID_ARGUMENT', 'options.executionId'],
    ['a rerun that is none', {}, { onFailed: 'again' }, 'ERR_INVALID_ARGUMENT', 'options.onFailed'],
    ['a step that is none', {}, { step: 1 }, 'ERR_INVALID_ARGUMENT', 'options.step'],
    ['a tenant that is none', {}, { tenant: {} }, 'ERR_INVALID_ARGUMENT', 'options.tenant'],
    ['a signal that is none', {}, { signal: {} }, 'ERR_INVALID_ARGUMENT', 'options.signal'],
    ['options that are none', {}, 'fast', 'ERR_INVALID_ARGUMENT', 'options'],
  ])('%s', async (_, context, options, code, path) => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    for (const method of ['executeWorkflow', 'startWorkflow'] as const) {
      const error = await rejection(orchestrator[method](workflow([task('a')]), context as object, options as ExecuteOptions))
      expect([error.name, error.code, places(error).join(',')]).toEqual(['ValidationError', code, path])
    }
    await expectStillWorks(orchestrator)
  })

  it.each<[string, unknown, string, RegExp]>([
    ['redis', { redis: { host: 'localhost', port: '6379' } }, 'ERR_INVALID_VALUE redis.port', /a whole number from 1 to 65535, not '6379'/],
    ['an unknown group', { workflows: {} }, 'ERR_UNKNOWN_FIELD workflows', /did you mean `workflow`\?/],
    [
      'several at once',
      { workflow: { maxTasks: 0 }, agents: { minAgents: 11 }, monitoring: { rules: [] } },
      'ERR_INVALID_VALUE workflow.maxTasks,ERR_INVALID_VALUE agents.minAgents,ERR_INVALID_VALUE monitoring.rules',
      /from 1 to 1000000, not 0/,
    ],
  ])('a configuration with %s', (_, config, path, message) => {
    const error = thrownBy(() => new MultiAgentOrchestrator(config as OrchestratorConfig))
    expect(error).toMatchObject({ name: 'ValidationError', code: 'ERR_CONFIG', message: expect.stringMatching(message) })
    expect(places(error).join(',')).toBe(path)
  })
})
