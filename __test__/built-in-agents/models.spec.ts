// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The built-in agents against a real server of every wire: text, tools, structured output, pieces as they come, and what all of it cost.

import { LLMock } from '@copilotkit/aimock'
import type { AgentTask, McpServer, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { remote, stdio } from '../support/tools.ts'

const mock = new LLMock({ port: 0, host: '127.0.0.1', chunkSize: 4 })
beforeAll(async () => void (await mock.start()))
afterAll(() => mock.stop())
beforeEach(() => void mock.reset())

const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 }
const TOKENS = { inputTokens: 10, outputTokens: 2, totalTokens: 12 }
/** 10 tokens at 0.15 and 2 at 0.6 dollars per million, as the catalogue has it. */
const registered = { provider: 'openai', id: 'gpt-4o-mini', prices: { input: 0.15, output: 0.6 } }
const COST = 2.7e-6

const openai = (): OrchestratorConfig => ({
  models: { providers: { openai: { apiKey: 'k', endpoint: `${mock.url}/v1`, allowPrivate: true, model: 'gpt-4o-mini' } } },
})

function asking(config: OrchestratorConfig = openai()): MultiAgentOrchestrator {
  const orchestrator = orchestratorWith({}, config)
  if (config.models?.providers?.['openai'] !== undefined) orchestrator.modelIntegration.registerModel(registered)
  return orchestrator
}

/** The bodies of the requests that came, in order. */
const bodies = (): Record<string, unknown>[] => mock.getRequests().map(({ body }) => body as Record<string, unknown>)
/** The turns of the request of that number. */
const turns = (place: number): { role: string; content: unknown }[] => (bodies()[place]?.['messages'] ?? []) as never
const asks = (prompt: string, rest: Partial<AgentTask> = {}): AgentTask => task('a', { agentId: 'llm', input: { prompt }, ...rest })

describe('an llm agent', () => {
  it('answers a task by name of its type, of a registered agent, and of nobody known', async () => {
    mock.on({ userMessage: 'Greet' }, { content: 'Good morning', usage })
    const orchestrator = asking()
    orchestrator.agentPool.registerAgent({ id: 'poet', type: 'llm', configuration: { system: 'Rhyme.', temperature: 0.5, maxTokens: 50 } })
    const tasks = ['llm', 'poet', 'whoever'].map((agentId) => task(agentId, { agentId, input: { prompt: 'Greet' }, dependencies: [] }))
    const { results, tasks: ended, metrics } = await orchestrator.executeWorkflow(workflow(tasks))
    expect(results).toEqual({ llm: 'Good morning', poet: 'Good morning', whoever: 'Good morning' })
    for (const { usage: used, cost } of ended) {
      expect(used).toMatchObject(TOKENS)
      expect(cost).toBeCloseTo(COST, 12)
    }
    expect(metrics.resourceUsage).toMatchObject({
      tokenUsage: { inputTokens: 30, outputTokens: 6, totalTokens: 36 },
      modelCalls: 3,
      costComplete: true,
    })
    expect(metrics.resourceUsage.cost).toBeCloseTo(3 * COST, 12)
    const poet = bodies().find(({ temperature }) => temperature !== undefined)
    expect(poet).toMatchObject({ model: 'gpt-4o-mini', temperature: 0.5, stream: true, messages: [{ role: 'system' }, { role: 'user' }] })
  })

  it('is told of the results before it, and its text is heard as it comes', async () => {
    mock.on({ userMessage: 'First' }, { content: 'one' })
    mock.on({ userMessage: 'Second' }, { content: 'two and three and four' })
    const orchestrator = asking()
    const heard: { taskId: string; data: unknown }[] = []
    orchestrator.on('task:progress', ({ taskId }, data) => heard.push({ taskId, data }))
    const tasks = [asks('First'), { ...asks('Second'), id: 'b' }]
    expect((await orchestrator.executeWorkflow(workflow(tasks))).results).toEqual({ a: 'one', b: 'two and three and four' })
    const pieces = heard.filter(({ taskId }) => taskId === 'b').map(({ data }) => data as { type: string; text: string })
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.every(({ type }) => type === 'text')).toBe(true)
    expect(pieces.map(({ text }) => text).join('')).toBe('two and three and four')
    expect(JSON.stringify(turns(1))).toContain('one')
  })

  it.each([
    ['anthropic', 'claude-haiku-4-5', '', { input_tokens: 10, output_tokens: 2 }],
    ['gemini', 'gemini-2.5-flash', '', { promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 12 }],
    ['openai-responses', 'gpt-5-mini', '/v1', { input_tokens: 10, output_tokens: 2 }],
    ['cohere', 'command-r', '', usage],
    // This server never counts for Ollama: what was used is estimated.
    ['ollama', 'llama3', '', undefined],
  ])('speaks to %s as well', async (kind, model, path, counted) => {
    mock.on({ userMessage: 'Greet' }, { content: 'Good morning', ...(counted && { usage: counted }) })
    const orchestrator = asking({
      models: { providers: { [kind]: { apiKey: 'k', endpoint: `${mock.url}${path}`, allowPrivate: true, model } } },
    })
    const { results, tasks } = await orchestrator.executeWorkflow(workflow([asks('Greet')]))
    expect(results).toEqual({ a: 'Good morning' })
    if (counted === undefined) expect(tasks[0]?.usage?.totalTokens).toBeGreaterThan(0)
    else expect(tasks[0]?.usage).toMatchObject(TOKENS)
  })
})

describe('structured output', () => {
  const outputSchema = z.object({ city: z.string(), population: z.number().int().positive() })
  const good = { city: 'Paris', population: 2_100_000 }

  it('is what the schema makes of the answer', async () => {
    mock.on({ userMessage: 'Which' }, { content: JSON.stringify(good), usage })
    const { results } = await asking().executeWorkflow(
      workflow([asks('Which city?', { outputSchema: outputSchema.transform(({ city }) => city.toUpperCase()) })]),
    )
    expect(results).toEqual({ a: 'PARIS' })
    expect(bodies()).toMatchObject([
      { response_format: { type: 'json_schema', json_schema: { schema: { required: ['city', 'population'] } } } },
    ])
  })

  it('that does not fit is asked for once more, and told what is wrong', async () => {
    mock.on({ userMessage: 'Which city', sequenceIndex: 0 }, { content: '{"city":"Paris","population":-1}', usage })
    mock.on({ userMessage: 'does not fit' }, { content: JSON.stringify(good), usage })
    const { results, tasks } = await asking().executeWorkflow(workflow([asks('Which city?', { outputSchema })]))
    expect(results).toEqual({ a: good })
    expect(bodies()).toHaveLength(2)
    const [user, first, repair] = turns(1)
    expect([user?.role, first?.role, repair?.role]).toEqual(['user', 'assistant', 'user'])
    expect(JSON.stringify(repair?.content)).toContain('output.population')
    expect(tasks[0]?.usage).toMatchObject({ totalTokens: 24 })
    expect(tasks[0]?.cost).toBeCloseTo(2 * COST, 12)
  })

  it.each([
    ['another wrong value', '{"city":1}', /output\.city/],
    ['no JSON', 'Paris, of course', /is not JSON/],
  ])('that does not fit a second time fails the task: %s', async (_, content, message) => {
    mock.on({ userMessage: /./ }, { content, usage })
    const retryPolicy = { maxAttempts: 3, initialDelay: 1 }
    const error = await rejection(asking().executeWorkflow(workflow([asks('Which city?', { outputSchema, retryPolicy })])))
    expect(error.cause).toMatchObject({
      code: 'ERR_MODEL_OUTPUT',
      message: expect.stringMatching(message),
      details: { partialText: content },
    })
    expect(bodies(), 'what was repaired in vain is not begun anew').toHaveLength(2)
  })
})

describe('a hybrid agent', () => {
  const toolTurn = (name: string, args: object): object => ({ toolCalls: [{ id: 'call_1', name, arguments: JSON.stringify(args) }], usage })

  it('has its model call a registered tool, and answers with what that gave', async () => {
    mock.on({ userMessage: 'weather', hasToolResult: false }, toolTurn('get_weather', { city: 'Paris' }))
    mock.on({ userMessage: 'weather', toolResultContains: '21' }, { content: 'It is 21 degrees.', usage })
    const orchestrator = asking()
    const called: unknown[] = []
    orchestrator.agentPool.registerTool({
      name: 'get_weather',
      description: 'The weather of a city',
      parameters: z.object({ city: z.string() }),
      execute: (args: unknown) => {
        called.push(args)
        return { degrees: 21 }
      },
    })
    const heard: string[] = []
    orchestrator.on('task:progress', (_, data) => heard.push((data as { type: string }).type))
    const { results, tasks, metrics } = await orchestrator.executeWorkflow(
      workflow([asks('What is the weather in Paris?', { agentId: 'hybrid' })]),
    )
    expect(results).toEqual({ a: 'It is 21 degrees.' })
    expect(called).toEqual([{ city: 'Paris' }])
    expect([...new Set(heard)]).toEqual(['tool-call', 'tool-result', 'text'])
    expect(bodies()[0]?.['tools']).toMatchObject([
      { type: 'function', function: { name: 'get_weather', parameters: { required: ['city'] } } },
    ])
    const roles = turns(1).map(({ role }) => role)
    expect(roles).toEqual(['user', 'assistant', 'tool'])
    expect(tasks[0]?.usage).toMatchObject({ totalTokens: 24 })
    expect(metrics.resourceUsage.modelCalls).toBe(2)
  })

  it('tells its model what went wrong with a tool, which goes on from there', async () => {
    mock.on({ userMessage: 'weather', hasToolResult: false }, toolTurn('get_weather', { city: 'Atlantis' }))
    mock.on({ userMessage: 'weather', toolResultContains: 'no such city' }, { content: 'I do not know it.' })
    const orchestrator = asking()
    const execute = (): never => {
      throw new Error('no such city')
    }
    orchestrator.agentPool.registerTool({
      name: 'get_weather',
      description: 'The weather',
      parameters: z.object({ city: z.string() }),
      execute,
    })
    expect((await orchestrator.executeWorkflow(workflow([asks('weather?', { agentId: 'hybrid' })]))).results).toEqual({
      a: 'I do not know it.',
    })
  })

  const servers: [string, () => Promise<{ server: McpServer; end: () => unknown }>][] = [
    ['standard input and output', async () => ({ server: stdio, end: () => {} })],
    [
      'HTTP',
      async () => {
        const { child, url } = await remote()
        return { server: { name: 'test', url, allowPrivate: true }, end: () => child.kill() }
      },
    ],
  ]

  it.each(servers)('uses the tools of an MCP server over %s', async (_, serverOf) => {
    mock.on({ userMessage: 'sum', hasToolResult: false }, toolTurn('test_add', { a: 2, b: 3 }))
    mock.on({ userMessage: 'sum', toolResultContains: '5' }, { content: 'five' })
    const { server, end } = await serverOf()
    const orchestrator = asking()
    await orchestrator.agentPool.connectMcp(server)
    orchestrator.agentPool.registerAgent({ id: 'adder', type: 'hybrid', configuration: { tools: ['test_add'] } })
    const { results } = await orchestrator.executeWorkflow(workflow([asks('What is the sum?', { agentId: 'adder' })]))
    await end()
    expect(results).toEqual({ a: 'five' })
    const tools = bodies()[0]?.['tools'] as { function: { name: string } }[]
    expect(tools.map((tool) => tool.function.name)).toEqual(['test_add'])
    const answer = turns(1).find(({ role }) => role === 'tool')
    expect(JSON.stringify(answer?.content)).toContain('sum')
  })

  it('puts an answer after tools into the form that is wanted', async () => {
    mock.on({ userMessage: 'weather', hasToolResult: false }, toolTurn('get_weather', { city: 'Paris' }))
    mock.on({ userMessage: 'weather', hasToolResult: true }, { content: 'It is 21 degrees.' })
    mock.on({ userMessage: 'Put this answer' }, { content: '{"degrees":21}' })
    // The first that matches answers, and the last question has the first in it.
    mock.prependFixture({ match: { userMessage: 'Put this answer' }, response: { content: '{"degrees":21}' } })
    const orchestrator = asking()
    orchestrator.agentPool.registerTool({
      name: 'get_weather',
      description: 'The weather',
      parameters: z.object({ city: z.string() }),
      execute: () => 21,
    })
    const outputSchema = z.object({ degrees: z.number() })
    const { results } = await orchestrator.executeWorkflow(workflow([asks('weather?', { agentId: 'hybrid', outputSchema })]))
    expect(results).toEqual({ a: { degrees: 21 } })
    expect(bodies().map(({ response_format: form }) => (form as { type: string } | undefined)?.type)).toEqual([
      undefined,
      undefined,
      'json_schema',
    ])
  })
})

describe('an agent of one’s own', () => {
  it('asks models on the account of its task, whole and as it comes', async () => {
    mock.on({ userMessage: 'Greet' }, { content: 'Good morning', usage })
    const orchestrator = orchestratorWith(
      {
        work: async (_, { models }) => {
          const { text, cost } = await models.generate({ prompt: 'Greet' })
          const stream = models.stream({ prompt: 'Greet' })
          const types: string[] = []
          for await (const { type } of stream) types.push(type)
          return { text, cost, types: [...new Set(types)], streamed: (await stream.result()).text }
        },
      },
      openai(),
    )
    orchestrator.modelIntegration.registerModel(registered)
    const { results, tasks } = await orchestrator.executeWorkflow(workflow([task('a')]))
    expect(results).toEqual({
      a: { text: 'Good morning', cost: expect.closeTo(COST, 12), types: ['text', 'usage', 'done'], streamed: 'Good morning' },
    })
    expect(tasks[0]?.usage).toMatchObject({ totalTokens: 24 })
  })

  it('judges a request before it is sent, and says what is wrong with it', async () => {
    const orchestrator = orchestratorWith({ work: (_, { models }) => models.generate({ temperature: 9 } as never) }, openai())
    const { cause } = await rejection(orchestrator.executeWorkflow(workflow([task('a')])))
    expect(cause).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path: 'request.temperature' }, { path: 'request' }] })
    expect(bodies()).toEqual([])
  })

  // A stream begins when it is made; one that nobody reads and that fails must not end the process.
  it('may leave a stream that fails unread', async () => {
    mock.on({ userMessage: 'fail' }, { error: { message: 'no', type: 'invalid_request_error' }, status: 400 })
    const orchestrator = orchestratorWith({ work: (_, { models }) => void models.stream({ prompt: 'fail' }) }, openai())
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    await orchestrator.executeWorkflow(workflow([task('a')]))
    await rejection(orchestrator.modelIntegration.generate({ prompt: 'fail' }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  })

  // Once the reader that had waited first was forgotten when a second came.
  it('may share a stream between readers, and each part goes to one of them', async () => {
    mock.on({ userMessage: 'Greet' }, { content: 'Good morning to everybody' })
    const stream = asking().modelIntegration.stream({ prompt: 'Greet' })
    const texts: string[] = []
    const read = async (): Promise<void> => {
      for await (const part of stream) if (part.type === 'text') texts.push(part.text)
    }
    await Promise.all([read(), read(), read()])
    expect(texts.join('')).toBe('Good morning to everybody')
  })
})
