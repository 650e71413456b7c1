// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The built-in agents against a server that answers as a provider does.

import type { AgentWorkflow, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { asking, calls, modelServer, says } from '../support/model-server.ts'
import { orchestratorWith, rejection, task, thrownBy, until, untilAborted, workflow } from '../support/orchestrators.ts'

/** What was announced as progress, from now on. */
function progressOf(orchestrator: MultiAgentOrchestrator): unknown[] {
  const heard: unknown[] = []
  orchestrator.on('task:progress', (_, data) => heard.push(data))
  return heard
}

const one = (rest: Parameters<typeof task>[1]): AgentWorkflow => workflow([task('a', rest)])

describe('a workflow whose agents nobody has registered', () => {
  const report: AgentWorkflow = workflow([
    task('fetch', { agentId: 'data-fetcher', input: { prompt: 'Fetch the user' } }),
    task('process', { agentId: 'data-processor', dependencies: ['fetch'], input: { prompt: 'Enrich it', data: { by: 'age' } } }),
  ])

  it('is done by the model of the provider that is configured, which is told what came before', async () => {
    const server = await modelServer(says('Fetch the user', 'Ada'), says('Enrich it', 'Ada, 36'))
    const orchestrator = asking(server)
    const { results, tasks } = await orchestrator.executeWorkflow(report)
    expect(results).toEqual({ fetch: 'Ada', process: 'Ada, 36' })
    expect(tasks.map(({ agentId }) => agentId)).toEqual(['data-fetcher', 'data-processor'])
    expect(server.sent().map(({ prompt }) => prompt)).toEqual([
      'Fetch the user',
      'Enrich it\n\nData:\n\n```json\n{\n  "by": "age"\n}\n```\n\nResults of earlier tasks, by their ids:\n\n```json\n{\n  "fetch": "Ada"\n}\n```',
    ])
    expect(Object.keys(orchestrator.agentPool.getStatistics().types)).toEqual(['llm'])
  })

  it('is done by whoever is registered later, from then on', async () => {
    const server = await modelServer(says('Fetch the user', 'Ada'), says('Enrich it', 'Ada, 36'))
    const orchestrator = asking(server)
    await orchestrator.executeWorkflow(report)
    orchestrator.agentPool.registerAgentType('data-processor', { create: () => ({ execute: () => 'by hand' }) })
    expect((await orchestrator.executeWorkflow(report)).results).toEqual({ fetch: 'Ada', process: 'by hand' })
  })

  it('cannot run where no provider is configured', async () => {
    const orchestrator = orchestratorWith({}, { models: { providers: {} } })
    expect(await rejection(orchestrator.executeWorkflow(report))).toMatchObject({ code: 'ERR_VALIDATION' })
  })

  it('may be spawned, and may name the built-in types as they are', async () => {
    const server = await modelServer(says('Say', 'said'))
    const orchestrator = asking(server, { work: (_, { spawn }) => spawn(task('s', { agentId: 'speaker', input: { prompt: 'Say' } })) })
    expect((await orchestrator.executeWorkflow(one({}))).results).toEqual({ a: 'said' })
    const named = workflow(
      ['llm', 'hybrid'].map((agentId) => task(agentId, { agentId, input: { prompt: 'Say' } })),
      { id: 'named' },
    )
    expect((await orchestrator.executeWorkflow(named)).results).toEqual({ llm: 'said', hybrid: 'said' })
    expect(thrownBy(() => orchestrator.agentPool.registerAgentType('llm', { create: () => ({ execute: () => 1 }) })).code).toBe(
      'ERR_AGENT_EXISTS',
    )
  })

  it('goes on by itself after a crash, and does no task of an agent that the execution began with', async () => {
    const path = storePath(temporaryFolder())
    const server = await modelServer(says('Go on', 'went on'))
    const first = asking(server, { own: (_, { signal }) => untilAborted(signal) }, { storage: { path } })
    const flow = (id: string): AgentWorkflow => workflow([task('own', { agentId: 'own' })], { id })
    const mixed = workflow([...flow('x').tasks, task('b', { agentId: 'stranger', input: { prompt: 'Go on' } })], { id: 'mixed' })
    const handles = [await first.startWorkflow(flow('alone')), await first.startWorkflow(mixed)]
    await first.shutdown({ drainMs: 0 })
    const second = asking(server, {}, { storage: { path } })
    await second.ready()
    const waiting = Object.fromEntries(handles.map(({ id }) => [id, ['own']]))
    expect((await second.getStatistics()).waitingForAgents).toEqual(waiting)
    second.agentPool.registerAgentType('own', { create: () => ({ execute: () => 'own' }) })
    const ended = await Promise.all(handles.map(({ id }) => second.getHandle(id).result()))
    expect(ended.map(({ results }) => results)).toEqual([{ own: 'own' }, { own: 'own', b: 'went on' }])
  })
})

describe('a workflow that the default agent has begun', () => {
  const flow = workflow([task('b', { agentId: 'stranger', input: { prompt: 'Go on' } })])
  const models = [{ id: 'm', capabilities: ['text-generation'], contextWindow: 100_000, maxOutput: 10_000 }]

  it('waits after a crash until there is a provider again', async () => {
    const config = { storage: { path: storePath(temporaryFolder()) }, models: { providers: {} } }
    const first = orchestratorWith({}, config)
    first.modelIntegration.registerProvider('own', { generate: () => new Promise(() => {}), models })
    const { id } = await first.startWorkflow(flow)
    await until(async () => (await first.getStatistics()).runningTasks === 1)
    await first.shutdown({ drainMs: 0 })
    const second = orchestratorWith({}, config)
    await second.ready()
    expect((await second.getStatistics()).waitingForAgents).toEqual({ [id]: ['stranger'] })
    second.modelIntegration.registerProvider('own', { generate: () => ({ text: 'went on' }), models })
    expect((await second.getHandle(id).result()).results).toEqual({ b: 'went on' })
  })

  it('is begun by a schedule as well, also by one out of a file', async () => {
    let text: string | undefined = 'went on'
    const provide = (orchestrator: MultiAgentOrchestrator): void => {
      const answer = text
      if (answer !== undefined) orchestrator.modelIntegration.registerProvider('own', { generate: () => ({ text: answer }), models })
    }
    const kit = await kitWith({}, { storage: 'file', models: { providers: {} }, setup: provide })
    const done = async (): Promise<unknown[]> =>
      (await kit.orchestrator.listExecutions({ status: 'completed' })).executions.map(({ results }) => results['b'])
    await kit.orchestrator.scheduleWorkflow(flow, { every: '1h' })
    await kit.clock.advance('1h')
    expect(await done()).toEqual(['went on'])
    await kit.crash()
    text = undefined
    await kit.reopen()
    expect((await kit.orchestrator.getStatistics()).waitingForAgents).toEqual({ flow: ['stranger'] })
    text = 'and on'
    provide(kit.orchestrator)
    await kit.clock.advance('1h')
    expect(await done()).toEqual(['and on', 'went on'])
  })
})

describe('an llm agent', () => {
  it('is asked as it is configured, and announces the answer as it comes', async () => {
    const server = await modelServer(says('Tell a tale', 'Once upon a time there was a model that told tales'))
    const orchestrator = asking(server)
    orchestrator.agentPool.registerAgent({ id: 'writer', type: 'llm', configuration: { model: 'local/small', system: 'For children.' } })
    const heard = progressOf(orchestrator) as { type: string; text: string }[]
    const { results } = await orchestrator.executeWorkflow(one({ agentId: 'writer', input: { prompt: 'Tell a tale' } }))
    expect(results).toEqual({ a: 'Once upon a time there was a model that told tales' })
    expect([heard.length > 1, heard.map(({ text }) => text).join('')]).toEqual([true, results['a']])
    expect(server.sent()).toMatchObject([{ system: 'For children.', prompt: 'Tell a tale', tools: [] }])
  })

  it('gives what outputSchema makes of the answer', async () => {
    const server = await modelServer(says('How old', '{"age":"36"}'))
    const outputSchema = z.object({ age: z.string().transform(Number) })
    const { results } = await asking(server).executeWorkflow(one({ agentId: 'anybody', input: { prompt: 'How old' }, outputSchema }))
    expect(results).toEqual({ a: { age: 36 } })
  })

  it('is not told again what its templates have read, and is where they read something else', async () => {
    const server = await modelServer(says('Sum', 'ok'))
    const prompts = { reads: 'Sum {{ results.first }}', other: 'Sum {{ context.n }} results' }
    const second = Object.entries(prompts).map(([id, prompt]) => task(id, { agentId: 'llm', dependencies: ['first'], input: { prompt } }))
    await asking(server, { work: () => 7 }).executeWorkflow(workflow([task('first'), ...second]), { n: 1 })
    expect(
      server
        .sent()
        .map(({ prompt }) => prompt)
        .toSorted(),
    ).toEqual(['Sum 1 results\n\nResults of earlier tasks, by their ids:\n\n```json\n{\n  "first": 7\n}\n```', 'Sum 7'])
  })

  it('stops when its attempt is told to', async () => {
    const server = await modelServer({ ...says('Think', 'thought'), chaos: { latencyMs: 20_000 } } as never)
    const began = Date.now()
    const error = await rejection(asking(server).executeWorkflow(one({ agentId: 'llm', timeout: 200, input: { prompt: 'Think' } })))
    expect([error.cause, Date.now() - began < 4000]).toMatchObject([{ code: 'ERR_TIMEOUT' }, true])
  })
})

describe('a hybrid agent', () => {
  const weather = (orchestrator: MultiAgentOrchestrator): void =>
    orchestrator.agentPool.registerTool({
      name: 'weather',
      description: 'The weather of a city',
      parameters: z.object({ city: z.string() }),
      execute: ({ city }: { city: string }) => `rain in ${city}`,
    })

  it('uses tools, and goes on from what they gave', async () => {
    const server = await modelServer(
      calls('Umbrella', 'weather', { city: 'Paris' }, { hasToolResult: false }),
      says('Umbrella', 'Take one', { toolResultContains: 'rain in Paris' }),
    )
    const orchestrator = asking(server)
    weather(orchestrator)
    orchestrator.agentPool.registerAgent({ id: 'adviser', type: 'hybrid' })
    const heard = progressOf(orchestrator) as { type: string }[]
    const { results } = await orchestrator.executeWorkflow(one({ agentId: 'adviser', input: { prompt: 'Umbrella in Paris?' } }))
    expect(results).toEqual({ a: 'Take one' })
    expect(server.sent().map(({ roles, tools }) => [roles, tools])).toEqual([
      [['user'], ['weather']],
      [['user', 'assistant', 'tool'], ['weather']],
    ])
    expect(heard.filter(({ type }) => type !== 'text')).toMatchObject([
      { type: 'tool-call', step: 1, name: 'weather', arguments: { city: 'Paris' } },
      { type: 'tool-result', step: 1, name: 'weather', result: 'rain in Paris', isError: false },
    ])
  })

  it('fails after maxSteps', async () => {
    const server = await modelServer(calls('Umbrella', 'weather', { city: 'Paris' }))
    const orchestrator = asking(server)
    weather(orchestrator)
    orchestrator.agentPool.registerAgent({ id: 'adviser', type: 'hybrid', configuration: { maxSteps: 3 } })
    const error = await rejection(orchestrator.executeWorkflow(one({ agentId: 'adviser', input: { prompt: 'Umbrella?' } })))
    expect([error.cause, server.sent().length]).toMatchObject([{ code: 'ERR_MAX_STEPS', details: { steps: 3 } }, 3])
  })

  it('puts an answer into the form that outputSchema wants', async () => {
    const server = await modelServer(
      says('Put this answer', '{"take":true}'),
      calls('Umbrella', 'weather', { city: 'Paris' }, { hasToolResult: false }),
      says('Umbrella', 'Take one', { hasToolResult: true }),
    )
    const orchestrator = asking(server)
    weather(orchestrator)
    const outputSchema = z.object({ take: z.boolean() })
    const { results } = await orchestrator.executeWorkflow(one({ agentId: 'hybrid', input: { prompt: 'Umbrella?' }, outputSchema }))
    expect(results).toEqual({ a: { take: true } })
    const sent = server.sent()
    expect(sent.map(({ tools }) => tools)).toEqual([['weather'], ['weather'], []])
    expect([sent[0]?.system, sent[2]?.prompt]).toEqual([
      expect.stringMatching(/answer with JSON that fits this JSON Schema[^]*"take"/),
      'Umbrella?\n\nPut this answer to it into the form that is wanted:\n\nTake one',
    ])
  })

  it('calls many tools of one turn at once without a word of warning', async () => {
    const warned: Error[] = []
    const hear = (warning: Error): number => warned.push(warning)
    process.on('warning', hear)
    const many = Array.from({ length: 30 }, (_, n) => ({ name: 'weather', arguments: JSON.stringify({ city: `city ${n}` }) }))
    const server = await modelServer(
      { match: { userMessage: 'Everywhere', hasToolResult: false }, response: { toolCalls: many } },
      says('Everywhere', 'rain', { hasToolResult: true }),
    )
    const orchestrator = asking(server)
    weather(orchestrator)
    const { results } = await orchestrator.executeWorkflow(one({ agentId: 'hybrid', input: { prompt: 'Everywhere?' } }))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', hear)
    expect([results, server.sent()[1]?.roles.length, warned]).toEqual([{ a: 'rain' }, 32, []])
  })
})

describe('a tool agent', () => {
  it('calls what is registered, with what its task gives over its own, and fails as that does', async () => {
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerTool({
      name: 'divide',
      description: 'a by b',
      parameters: z.object({ a: z.number(), b: z.number() }),
      execute: ({ a, b }: { a: number; b: number }) => {
        if (b === 0) throw new Error('by zero')
        return a / b
      },
    })
    orchestrator.agentPool.registerAgent({ id: 'divider', type: 'tool', configuration: { tool: 'divide', arguments: { b: 2 } } })
    expect((await orchestrator.executeWorkflow(one({ agentId: 'divider', input: { data: { a: 6 } } }))).results).toEqual({ a: 3 })
    const error = await rejection(orchestrator.executeWorkflow(one({ agentId: 'divider', input: { data: { a: 6, b: 0 } } })))
    expect(error.cause).toMatchObject({ code: 'ERR_TOOL_FAILED', message: expect.stringMatching(/by zero/) })
  })
})

it('an agent of a user asks models in the same way, and is told what its result must be', async () => {
  const server = await modelServer(says('Count', '{"n":1}'))
  const work: Parameters<typeof asking>[1] = {
    work: async ({ input }, { models, outputSchema }) =>
      (await models.generate({ prompt: input.prompt ?? '', schema: outputSchema })).output,
  }
  const outputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }
  const { results } = await asking(server, work).executeWorkflow(one({ input: { prompt: 'Count' }, outputSchema }))
  expect(results).toEqual({ a: { n: 1 } })
})
