// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A process is killed while a model is asked: the next one asks the same model, pays for no answer twice, and counts what was spent. Whom it chooses
// shows in what the server is asked.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { AgentTask, AgentWorkflow, ExecuteOptions, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { start } from '../support/child.ts'
import { storePath, userFolder, writeInto } from '../support/folder.ts'
import { modelServer, type ModelServer } from '../support/scripted-model-server.ts'
import { orchestratorWith, rejection, task, until, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const CHEAP = {
  provider: 'local',
  contextWindow: 4000,
  maxOutput: 100,
  capabilities: ['text-generation', 'tool-use'],
  prices: { input: 1, output: 1 },
} as const
const DEAR = { ...CHEAP, prices: { input: 500, output: 500 } } as const

/** Chooses the cheapest: first `one`, and `two` once the prices have changed. */
const before = [
  { ...CHEAP, id: 'one' },
  { ...DEAR, id: 'two' },
]
const after = [
  { ...DEAR, id: 'one' },
  { ...CHEAP, id: 'two' },
]
const cheapest = { requirements: { mode: 'cost', providers: { allow: ['local'] } }, maxTokens: 100 }

/** The agents of both processes: `own` asks twice, one after the other; `same` the same twice; `both` at once; `picky` first for what nobody has. */
const agents = writeInto(
  folder,
  'agents.mjs',
  `export const agentsOf = (ask, had = () => {}) => ({
  own: async (_, { models }) => [(await models.generate(ask('first'))).text, (await models.generate(ask('second'))).text],
  both: async (_, { models }) => {
    const one = async (prompt) => {
      const { text } = await models.generate(ask(prompt))
      had(prompt)
      return text
    }
    return Promise.all(['slow', 'quick'].map(one))
  },
  same: async (_, { models }) => [(await models.generate(ask('same'))).text, (await models.generate(ask('same'))).text],
  picky: async (_, { models }) => {
    const nobody = await models.generate({ ...ask('picture'), requirements: { capabilities: [{ type: 'vision' }] } }).catch(({ code }) => code)
    return [nobody, (await models.generate(ask('first'))).text]
  },
  streamed: async (_, { models }) => {
    const texts = []
    for (const prompt of ['first', 'second']) for await (const part of models.stream(ask(prompt))) if (part.type === 'text') texts.push(part.text)
    return texts
  },
})
`,
)
type Agents = Parameters<typeof orchestratorWith>[0] & object
const { agentsOf } = (await import(agents)) as { agentsOf: (ask: (prompt: string) => object) => Agents }

const program = `
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { agentsOf } from './agents.mjs'
const [config, models, cheapest, flow, options] = process.argv.slice(2).map((text) => JSON.parse(text))
const orchestrator = new MultiAgentOrchestrator(config)
for (const model of models) orchestrator.modelIntegration.registerModel(model)
for (const [name, execute] of Object.entries(agentsOf((prompt) => ({ ...cheapest, prompt }), (prompt) => console.log('had ' + prompt)))) {
  orchestrator.agentPool.registerAgentType(name, { create: () => ({ execute }) })
}
orchestrator.agentPool.registerAgent({ id: 'llm-cheapest', type: 'llm', configuration: { ...cheapest, include: 'none' } })
const handle = await orchestrator.startWorkflow(flow, {}, options)
console.log('accepted ' + handle.id + '.')
process.on('SIGTERM', async () => {
  await orchestrator.shutdown({ drainMs: 0 })
  process.exit(0)
})
`

interface Interrupted {
  readonly id: string
  readonly config: OrchestratorConfig
  readonly path: string
}

/** Runs `flow` in a process of its own until the server has had so many requests, and ends it then. */
async function interrupted(
  server: ModelServer,
  flow: AgentWorkflow,
  requests: number,
  options: ExecuteOptions = {},
  kill = true,
): Promise<Interrupted> {
  const path = storePath(folder)
  const config = server.config({ storage: { path, durability: 'os' } })
  const child = start(
    folder,
    program,
    [config, before, cheapest, flow, options].map((value) => JSON.stringify(value)),
  )
  await child.says('.')
  await until(() => server.received.length === requests)
  const [, id = ''] = /accepted (\S+)\./.exec(child.stdout) ?? []
  if (kill) expect((await child.kill()).signal).toBe('SIGKILL')
  else {
    process.kill(child.pid as number, 'SIGTERM')
    expect(await child.ended()).toMatchObject({ code: 0, stderr: '' })
  }
  return { id, config, path }
}

/** Opens the store again; the prices have changed, and what was first is not the cheapest any more. */
function reopened({ config }: Interrupted, models: readonly object[] = after): ReturnType<typeof orchestratorWith> {
  const orchestrator = orchestratorWith({}, config)
  for (const model of models) orchestrator.modelIntegration.registerModel(model as never)
  orchestrator.agentPool.registerAgent({ id: 'llm-cheapest', type: 'llm', configuration: { ...cheapest, include: 'none' } })
  for (const [name, execute] of Object.entries(agentsOf((prompt) => ({ ...cheapest, prompt })))) {
    orchestrator.agentPool.registerAgentType(name, { create: () => ({ execute }), maxConcurrency: 10 })
  }
  return orchestrator
}

/** A server whose request of that number is never answered; the others are, with their number. */
const holding = (...held: number[]): Promise<ModelServer> =>
  modelServer(({ prompt }, number) => (held.includes(number) ? new Promise(() => {}) : `${prompt} ${number}`))

const asks = (id: string, rest: Partial<AgentTask> = {}): AgentTask => task(id, { agentId: 'llm-cheapest', input: { prompt: id }, ...rest })
const [flow, own] = [workflow([asks('a')]), workflow([task('a', { agentId: 'own' })])]

describe('an attempt that is killed between its choice and the answer', () => {
  it.each([
    ['is killed', true],
    ['is shut down', false],
  ])('asks the same model again, though another would be chosen now; its process %s', async (_, kill) => {
    const server = await holding(1)
    const left = await interrupted(server, flow, 1, {}, kill)
    const orchestrator = reopened(left)
    const { tasks, results, metrics } = await orchestrator.getHandle(left.id).result()
    expect(server.asked()).toEqual(['one: a', 'one: a'])
    expect(results).toEqual({ a: 'a 2' })
    expect(tasks[0]).toMatchObject({ attempts: 1, usage: { totalTokens: 12 } })
    expect(metrics.resourceUsage.costComplete, 'nobody knows what the one that was cut off cost').toBe(false)
    expect(readFileSync(`${left.path}-wal`, 'latin1') + readFileSync(left.path, 'latin1'), 'and it is marked').toMatch(/interrupted\W+true/)
    await orchestrator.executeWorkflow(flow)
    expect(server.asked().at(-1), 'another execution chooses anew').toBe('two: a')
  })

  it('asks it also if it is not known any more', async () => {
    const server = await holding(1)
    const left = await interrupted(server, flow, 1)
    const orchestrator = reopened(left, after.slice(1))
    expect((await orchestrator.getHandle(left.id).result()).results).toEqual({ a: 'a 2' })
    expect(server.asked()).toEqual(['one: a', 'one: a'])
  })

  it('is tried again by the engine, which chooses anew', async () => {
    const server = await holding(1, 2)
    const patient = workflow([asks('a', { timeout: '1s', retryPolicy: { maxAttempts: 2, initialDelay: 1 } })])
    const left = await interrupted(server, patient, 1)
    const { tasks, results } = await reopened(left).getHandle(left.id).result()
    expect(server.asked()).toEqual(['one: a', 'one: a', 'two: a'])
    expect(results).toEqual({ a: 'a 3' })
    expect(tasks[0]?.attempts).toBe(2)
  })
})

// Once a request for which there was no model was given the choice of the one after it.
it('a request that nobody could answer is not sent to whom the next one went', async () => {
  const server = await holding(1)
  const left = await interrupted(server, workflow([task('a', { agentId: 'picky' })]), 1)
  expect((await reopened(left).getHandle(left.id).result()).results).toEqual({ a: ['ERR_NO_MODEL', 'first 2'] })
  expect(server.asked()).toEqual(['one: first', 'one: first'])
})

describe('an answer that is on record', () => {
  // Once everything an attempt had asked was asked and paid for again.
  it.each(['own', 'streamed'])('is neither asked for nor paid again: %s', async (agentId) => {
    const server = await holding(2)
    const left = await interrupted(server, { ...own, tasks: [task('a', { agentId })] }, 2)
    const { results, tasks, metrics } = await reopened(left).getHandle(left.id).result()
    expect(server.asked()).toEqual(['one: first', 'one: second', 'one: second'])
    expect(results).toEqual({ a: ['first 1', 'second 3'] })
    expect(tasks[0]?.usage?.totalTokens).toBe(24)
    expect(metrics.resourceUsage).toMatchObject({ modelCalls: 2, costComplete: false })
  })

  it('is told from that to the same question asked again', async () => {
    const server = await holding(2)
    const left = await interrupted(server, workflow([task('a', { agentId: 'same' })]), 2)
    expect((await reopened(left).getHandle(left.id).result()).results).toEqual({ a: ['same 1', 'same 3'] })
  })

  it('is found whichever of several calls it belongs to', async () => {
    const server = await modelServer(({ prompt }, number) =>
      prompt === 'slow' && number <= 2 ? new Promise(() => {}) : `${prompt} ${number <= 2 ? 'before' : 'after'}`,
    )
    const both = workflow([task('a', { agentId: 'both' })])
    const path = storePath(folder)
    const config = server.config({ storage: { path, durability: 'os' } })
    const child = start(
      folder,
      program,
      [config, before, cheapest, both, {}].map((value) => JSON.stringify(value)),
    )
    await child.says('.')
    await child.says('had quick')
    await until(() => server.received.length === 2)
    const [, id = ''] = /accepted (\S+)\./.exec(child.stdout) ?? []
    await child.kill()
    expect((await reopened({ id, config, path }).getHandle(id).result()).results).toEqual({ a: ['slow after', 'quick before'] })
    expect(server.asked().toSorted()).toEqual(['one: quick', 'one: slow', 'one: slow'])
  })

  it('is not given to an attempt that asks something else', async () => {
    const server = await holding(2)
    const left = await interrupted(server, own, 2)
    const orchestrator = orchestratorWith(
      { own: async (_, { models }) => (await models.generate({ ...cheapest, prompt: 'other' })).text },
      left.config,
    )
    expect((await orchestrator.getHandle(left.id).result()).results).toEqual({ a: 'other 3' })
  })
})

describe('what was spent before', () => {
  it.each([
    [{ calls: 2 }, true],
    [{ calls: 3 }, false],
    // 12 are spent, and more than 100 taken to be needed for each.
    [{ tokens: 24 + 100 + 20 }, true],
    [{ tokens: 1000 }, false],
  ])('counts in a budget of %j: used up %j', async (budget, usedUp) => {
    const server = await holding(2)
    const chain = workflow(['a', 'b', 'c'].map((id) => asks(id)))
    const left = await interrupted(server, { ...chain, budget }, 2)
    const result = reopened(left).getHandle(left.id).result()
    if (!usedUp) expect((await result).metrics.resourceUsage.modelCalls).toBe(3)
    else expect((await rejection(result)).cause).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED' })
    expect(server.received.length).toBe(usedUp ? 3 : 4)
  })
})

it('nothing is chosen or asked when a store with an execution that has ended is opened, or its events are read', async () => {
  const server = await holding()
  const left = await interrupted(server, workflow([asks('a'), task('w', { waitFor: { signal: 'go' }, agentId: undefined })]), 1)
  const orchestrator = reopened(left)
  await orchestrator.ready()
  const handle = orchestrator.getHandle(left.id)
  await until(async () => (await orchestrator.getExecution(left.id))?.tasks[0]?.status === 'completed')
  await handle.signal('go', null)
  await handle.result()
  const again = server.received.length
  await orchestrator.shutdown()
  const third = reopened(left)
  expect((await third.getExecution(left.id))?.results).toMatchObject({ a: expect.stringMatching(/^a [12]$/) })
  for await (const event of third.getHandle(left.id).events()) expect(event).toBeDefined()
  expect(server.received).toHaveLength(again)
})
