// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Definitions come from others, and some held the event loop for seconds: a schema of a thousand bytes that stands for a million parts, a loop
// that calls nothing, a mapping of YAML with many keys, a list of many executions. What each may cost is bounded now, or done in slices.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AgentWorkflow, OrchestratorConfig, AgentTask } from '@codexos/multi-agent-orchestrator'
import { root, storePath, temporaryFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const stores: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['with a file', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

/** The longest that the event loop was held while `work` went on, in milliseconds of this machine. */
async function held(work: () => Promise<unknown>): Promise<number> {
  let [longest, latest] = [0, performance.now()]
  const look = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - latest)
    latest = now
  }, 5)
  await work()
  clearInterval(look)
  return Math.max(longest, performance.now() - latest)
}

describe('schemas', () => {
  /** `levels` definitions, each of which stands for the one below it twice. */
  function laughs(keyword: string, levels: number): object {
    const inner = (level: number): object => ({ $ref: `#/$defs/d${level}` })
    const definitions = Array.from({ length: levels }, (_, level) => [`d${level + 1}`, { [keyword]: [inner(level), inner(level)] }])
    return { $defs: { d0: { type: 'number' }, ...Object.fromEntries(definitions) }, ...inner(levels) }
  }
  const problems = (one: AgentTask): string[] =>
    orchestratorWith({ work: () => 1 })
      .workflowEngine.validateWorkflow(workflow([one]))
      .problems.map(({ path, message }) => `${path}: ${message}`)

  it.each(['allOf', 'anyOf', 'oneOf'])('that stand for more than they say are refused by path: %s', (keyword) => {
    const schema = laughs(keyword, 30)
    for (const [place, one] of [
      ['input.schema', task('a', { input: { schema, data: 1 } })],
      ['outputSchema', task('a', { outputSchema: schema })],
      ['waitFor.schema', { id: 'a', name: 'a', waitFor: { signal: 'go', schema } }],
    ] as const) {
      expect(problems(one as AgentTask)).toEqual([expect.stringMatching(new RegExp(`^tasks\\[0\\]\\.${place}: .*more than 10000 parts`))])
    }
  })

  it('are refused of tools and of spawned tasks too', async () => {
    const orchestrator = orchestratorWith({
      worker: async (_, { spawn }) => spawn(task('b', { agentId: 'worker', outputSchema: laughs('anyOf', 30) })),
    })
    const { $defs } = laughs('anyOf', 30) as { $defs: object }
    const tool = {
      name: 'one',
      description: 'one',
      parameters: { type: 'object', properties: { x: { $ref: '#/$defs/d30' } }, $defs },
      execute: () => null,
    }
    expect(() => orchestrator.agentPool.registerTool(tool as never)).toThrow(/more than 10000 parts/)
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { agentId: 'worker' })])))
    expect(String(error.cause)).toMatch(/more than 10000 parts/)
  })

  it('take every pattern that zod 3, zod 4, valibot and arktype write', () => {
    const { patterns } = JSON.parse(readFileSync(join(root, 'crates/schema/tests/data/patterns.json'), 'utf8')) as {
      patterns: { pattern: string }[]
    }
    expect(patterns.length).toBeGreaterThan(150)
    const properties = Object.fromEntries(patterns.map(({ pattern }, index) => [`p${index}`, { type: 'string', pattern }]))
    expect(problems(task('a', { input: { schema: { properties } } }))).toEqual([])
  })

  it('judge with looks around, and say so', async () => {
    const schema = { type: 'string', pattern: '^(?!\\.)(?!.*\\.\\.)[a-z.]+@[a-z]+$' }
    const orchestrator = orchestratorWith({ worker: () => 'done' })
    const run = (data: string): Promise<unknown> =>
      orchestrator.executeWorkflow(workflow([task('a', { agentId: 'worker', input: { schema, data } })]))
    await expect(run('anna.b@example')).resolves.toMatchObject({ status: 'completed' })
    expect(String((await rejection(run('an..na@example'))).cause)).toContain('does not match')
  })

  it.each([
    ['that would be compiled to megabytes', '(?:(?:a{100}){100}){100}'],
    ['with a look around that would be', '(?=a)(?:b{1000}){1000}'],
  ])('refuse a pattern %s', (_, pattern) => {
    expect(problems(task('a', { input: { schema: { pattern } } }))).toEqual([expect.stringContaining('256 KiB')])
  })
})

describe.each(stores)('a loop that calls nothing, %s', (_, config) => {
  const loop = (over: object): AgentWorkflow =>
    workflow([
      {
        id: 'l',
        name: 'l',
        type: 'loop',
        loop: { while: 'true', maxIterations: 1_000_000, onLimit: 'stop', keepLast: 1, ...over },
        tasks: [task('a', { agentId: 'worker', conditions: ['false'] })],
      } as AgentTask,
    ])

  it('ends at `workflow.maxIdlePasses`, with what to do', async () => {
    const orchestrator = orchestratorWith({ worker: () => 1 }, { ...config(), workflow: { maxIdlePasses: 50 } })
    const error = await rejection(orchestrator.executeWorkflow(loop({})))
    expect(error.cause).toMatchObject({
      code: 'ERR_LOOP_LIMIT',
      message: expect.stringContaining('all that `workflow.maxIdlePasses` allows'),
    })
    const items = Array.from({ length: 60 }, (__, index) => index)
    const each = loop({ while: undefined, maxIterations: undefined, onLimit: undefined, keepLast: undefined, forEach: items })
    expect((await rejection(orchestrator.executeWorkflow(each))).cause).toMatchObject({ code: 'ERR_LOOP_LIMIT' })
  })

  it('counts no pass in which something was called, however deep', async () => {
    const orchestrator = orchestratorWith({ worker: () => 1 }, { ...config(), workflow: { maxIdlePasses: 5 } })
    const group = { id: 'g', name: 'g', type: 'parallel', tasks: [task('a', { agentId: 'worker' })] } as AgentTask
    const each = {
      id: 'l',
      name: 'l',
      type: 'loop',
      loop: { forEach: Array.from({ length: 30 }, () => 0) },
      tasks: [group],
    } as AgentTask
    await expect(orchestrator.executeWorkflow(workflow([each]))).resolves.toMatchObject({ status: 'completed' })
  })

  it('lets a cancel and a deadline in', async () => {
    const orchestrator = orchestratorWith({ worker: () => 1 }, { ...config(), workflow: { maxIdlePasses: 100_000_000 } })
    const handle = await orchestrator.startWorkflow(loop({}))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await orchestrator.cancelExecution(handle.id, 'enough')
    await expect(handle.settled()).resolves.toMatchObject({ status: 'cancelled' })
    const late = await rejection(orchestrator.executeWorkflow({ ...loop({}), deadline: 100 } as AgentWorkflow))
    expect(late.code).toMatch(/DEADLINE/)
    await orchestrator.shutdown()
  })
})

describe('YAML', () => {
  const head = 'id: w\nname: w\nversion: "1"\ntasks:\n  - {id: a, name: a, agentId: worker}\n'
  const load = (text: string): Promise<AgentWorkflow> => orchestratorWith({ worker: () => 1 }).workflowEngine.loadWorkflow({ text })

  it('with very many keys is read while the event loop does other things', async () => {
    const text = `${head}metadata:\n${Array.from({ length: 8000 }, (_, index) => `  k${index}: 1`).join('\n')}`
    let loaded: AgentWorkflow | undefined
    const longest = await held(async () => (loaded = await load(text)))
    expect(Object.keys(loaded?.metadata ?? {}).length).toBe(8000)
    // It took seconds; a debug build on a busy machine still takes some time to judge what was read.
    expect(longest).toBeLessThan(700)
  })

  it.each([
    ['a second document', `${head}---\n${head}`, /line 6, column 1: A second document begins here/],
    ['a key that stands twice', `${head}name: x\n`, /line 6, column 1: Map keys must be unique/],
    ['an alias of nothing', `${head}metadata: {a: *b}\n`, /Unresolved alias/],
    ['more than a MiB', `${head}# ${'x'.repeat(1 << 20)}`, /more than 1 MiB/],
    [
      'aliases that stand for millions',
      `${head}metadata:\n  a0: &a0 [1,1,1,1,1,1,1,1,1]\n${Array.from({ length: 9 }, (_, i) => `  a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(',')}]`).join('\n')}`,
      /aliases stand for more than 100000 values/,
    ],
  ])('%s is an error with its place', async (_, text, message) => {
    const error = (await rejection(load(text))) as { issues?: readonly { message: string }[] }
    expect(error.issues?.[0]?.message).toMatch(message)
  })

  it('tells at most twenty problems', async () => {
    const error = (await rejection(load(`${head}${'? [a]\n: 1\n'.repeat(3000)}`))) as { issues?: readonly unknown[] }
    expect(error.issues?.length).toBe(20)
  })

  it('knows aliases, nulls, and keys that objects give a meaning to', async () => {
    const loaded = await load(`${head}metadata: {a: &x {b: [1, ~, no]}, c: *x, "__proto__x": 1}\n${'# long\n'.repeat(1000)}`)
    expect(loaded.metadata).toEqual({ a: { b: [1, null, 'no'] }, c: { b: [1, null, 'no'] }, __proto__x: 1 })
  })
})

describe.each(stores)('a list of very many executions, %s', (_, config) => {
  it('is made in slices, newest first, with every page and filter as before', async () => {
    const orchestrator = orchestratorWith({}, config())
    const wait = workflow([{ id: 's', name: 's', waitFor: { signal: 'go' } } as AgentTask])
    const ids: string[] = []
    for (let round = 0; round < 3; round += 1) {
      const handles = await Promise.all(Array.from({ length: 100 }, () => orchestrator.startWorkflow(wait)))
      ids.push(...handles.map(({ id }) => id))
    }
    await orchestrator.cancelExecution(ids[5] as string)
    const listed: string[] = []
    let cursor: string | undefined
    do {
      const page = await orchestrator.listExecutions({ limit: 77, ...(cursor !== undefined && { cursor }) })
      listed.push(...page.executions.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(listed).toEqual(ids.toReversed())
    const { executions } = await orchestrator.listExecutions({ status: 'cancelled', limit: 5 })
    expect(executions.map(({ id }) => id)).toEqual([ids[5]])
    expect((await orchestrator.listExecutions({ workflowId: 'no such' })).executions).toEqual([])
    await orchestrator.shutdown({ drainMs: 0 })
  })
})
