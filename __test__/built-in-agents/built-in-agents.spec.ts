// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The built-in types of agent beside those of users: their configurations, their names, and what an agent knows of the result that is wanted.

import type { AgentTask, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { storePath, temporaryFolder, writeInto } from '../support/folder.ts'
import { orchestratorWith, places, rejection, task, thrownBy, workflow } from '../support/orchestrators.ts'

describe('the configuration of an agent of type', () => {
  it.each([
    ['llm', { model: '', temperatur: 1, maxTokens: 0 }, ['model', 'temperatur', 'maxTokens']],
    [
      'llm',
      { temperature: 3, topP: -1, stop: ['.', ''], fallback: 'gpt', stream: 'yes', include: 'all' },
      ['temperature', 'topP', 'stop[1]', 'fallback', 'stream', 'include'],
    ],
    [
      'llm',
      { extra: { seed: Number.NaN }, requirements: { maxCost: -1, mode: 'cheap', providers: { allow: 'openai' } } },
      ['extra.seed', 'requirements.maxCost', 'requirements.mode', 'requirements.providers.allow'],
    ],
    [
      'llm',
      { requirements: { capabilities: [{ type: 'reasoning', quality: 'best' }, {}, 'vision'] } },
      ['requirements.capabilities[0].quality', 'requirements.capabilities[1].type', 'requirements.capabilities[2]'],
    ],
    ['llm', { tools: [], maxSteps: 1 }, ['tools', 'maxSteps']],
    ['hybrid', { model: 1, tools: 'all', maxSteps: 0 }, ['model', 'tools', 'maxSteps']],
    ['hybrid', { maxSteps: 1001, tools: [''] }, ['maxSteps', 'tools[0]']],
    ['tool', {}, ['tool']],
    ['tool', { tool: 1, arguments: [] }, ['tool', 'arguments']],
    ['tool', { tool: 'x', arguments: { at: Number.NaN }, model: 'm' }, ['arguments.at', 'model']],
  ])('%s is judged as it is registered: %j', (type, configuration, fields) => {
    const { agentPool } = orchestratorWith()
    const error = thrownBy(() => agentPool.registerAgent({ id: 'one', type, configuration }))
    expect(error.code).toBe('ERR_INVALID_ARGUMENT')
    expect(places(error).map((place) => place.replace(/^ERR_\w+ /, ''))).toEqual(fields.map((field) => `agent.configuration.${field}`))
    // What was refused is not there, and its name is free.
    agentPool.registerAgent({ id: 'one', type: 'tool', configuration: { tool: 'x' } })
  })

  it('llm, hybrid and tool may leave everything open that it can', () => {
    const { agentPool } = orchestratorWith()
    agentPool.registerAgent({ id: 'writer', type: 'llm' })
    agentPool.registerAgent({ id: 'researcher', type: 'hybrid', configuration: { requirements: { capabilities: [{ type: 'tool-use' }] } } })
    agentPool.registerAgent({ id: 'caller', type: 'tool', configuration: { tool: 'x' } })
    expect(agentPool.getStatistics().total).toBe(0)
  })
})

describe('the name of a built-in type', () => {
  const own = (orchestrator: MultiAgentOrchestrator, name: string): void =>
    orchestrator.agentPool.registerAgentType(name, { create: ({ greeting = 'own' }) => ({ execute: () => greeting as string }) })

  it.each(['llm', 'hybrid', 'tool'])('%s is free for a type of a user, which is then who is meant', async (name) => {
    const orchestrator = orchestratorWith()
    own(orchestrator, name)
    orchestrator.agentPool.registerAgent({ id: 'one', type: name, configuration: { greeting: 'hello' } })
    const { results } = await orchestrator.executeWorkflow(workflow([task('a', { agentId: name }), task('b', { agentId: 'one' })]))
    expect(results).toEqual({ a: 'own', b: 'hello' })
  })

  it('is taken once an agent of it is registered', () => {
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerAgent({ id: 'one', type: 'tool', configuration: { tool: 'x' } })
    expect(thrownBy(() => own(orchestrator, 'tool'))).toMatchObject({
      code: 'ERR_AGENT_EXISTS',
      message: 'agent type `tool` is built in and has been used; register yours before, or choose another name',
    })
    own(orchestrator, 'llm')
  })

  it.each([true, false])('may be an agent that a user has registered (of that very type: %j)', async (same) => {
    const orchestrator = orchestratorWith()
    own(orchestrator, 'own')
    const registration = same ? { type: 'tool', configuration: { tool: 'hammer' } } : { type: 'own' }
    orchestrator.agentPool.registerAgent({ id: 'tool', ...registration })
    const run = orchestrator.executeWorkflow(workflow([task('a', { agentId: 'tool' })]))
    if (same) expect((await rejection(run)).cause).toMatchObject({ code: 'ERR_TOOL_NOT_FOUND' })
    else expect((await run).results).toEqual({ a: 'own' })
  })

  it('`tool` alone says too little for a task', () => {
    const { workflowEngine, agentPool } = orchestratorWith()
    const problems = (): string[] =>
      workflowEngine.validateWorkflow(workflow([task('a', { agentId: 'tool' })])).problems.map(({ message }) => message)
    const said =
      "agent `tool` is a type that needs a configuration; call agentPool.registerAgent({ id: '…', type: 'tool', configuration: { tool: '…' } }) and name that agent"
    expect(problems()).toEqual([said])
    agentPool.registerAgent({ id: 'one', type: 'tool', configuration: { tool: 'x' } })
    expect(problems()).toEqual([said])
  })

  it('`llm` and `hybrid` say enough, also where nobody is registered', () => {
    const { workflowEngine } = orchestratorWith()
    const both = workflow([task('a', { agentId: 'llm' }), task('b', { agentId: 'hybrid' })])
    expect(workflowEngine.validateWorkflow(both)).toMatchObject({ valid: true, problems: [] })
  })

  it('of an interrupted execution whose type was a user’s own waits for that, and not for the one that is built in', async () => {
    const path = storePath(temporaryFolder())
    const first = orchestratorWith({ llm: () => new Promise(() => {}) }, { storage: { path } })
    const { id } = await first.startWorkflow(workflow([task('a', { agentId: 'llm' })]))
    await first.shutdown({ drainMs: 0 })
    const second = orchestratorWith({}, { storage: { path } })
    await second.ready()
    expect((await second.getStatistics()).waitingForAgents).toEqual({ [id]: ['llm'] })
    own(second, 'llm')
    expect((await second.getHandle(id).result()).results).toEqual({ a: 'own' })
  })
})

describe('where nobody does it and no provider is configured, a task', () => {
  const nobody = workflow([task('a', { agentId: 'nobody' })])

  it('is a problem of its workflow, which says who there is', () => {
    const { agentPool, workflowEngine } = orchestratorWith({ work: () => 1 })
    agentPool.registerAgent({ id: 'one', type: 'tool', configuration: { tool: 'x' } })
    expect(workflowEngine.validateWorkflow(nobody).problems).toMatchObject([
      {
        path: 'tasks[0].agentId',
        code: 'ERR_AGENT_NOT_FOUND',
        message: expect.stringMatching(/^agent `nobody` is not registered \(there are `work`, `one`\); call /),
      },
    ])
  })

  it('that is not looked at before fails, and says as much, in short', async () => {
    const many = Object.fromEntries(Array.from({ length: 22 }, (_, n) => [`agent-${n}`, () => 1]))
    const orchestrator = orchestratorWith(many, { workflow: { enableValidation: false } })
    const error = await rejection(orchestrator.executeWorkflow(nobody))
    expect(error.cause).toMatchObject({
      code: 'ERR_AGENT_NOT_FOUND',
      message: expect.stringMatching(/\(there are `agent-0`, .*`agent-19` and 2 more\)$/),
    })
  })
})

describe('an agent knows the result that is wanted', () => {
  const asks = (outputSchema?: unknown): AgentTask => task('a', { outputSchema })

  it('as a schema that judges as the task’s own does, and leaves what it is given as it is', async () => {
    const seen: unknown[] = []
    const work = async (_: unknown, { outputSchema }: { outputSchema: unknown }): Promise<unknown> => {
      const { jsonSchema, validate } = (outputSchema as z.ZodType)['~standard'] as never as {
        jsonSchema: { input(): unknown }
        validate(value: unknown): Promise<unknown>
      }
      seen.push(jsonSchema.input(), await validate({ list: ['x'] }), await validate({ list: ['1'] }))
      return { list: ['1'] }
    }
    const outputSchema = z.object({ list: z.array(z.string().regex(/^\d$/, 'must be a digit').transform(Number)) })
    const { results } = await orchestratorWith({ work }).executeWorkflow(workflow([asks(outputSchema)]))
    expect(results).toEqual({ a: { list: [1] } })
    expect(seen).toMatchObject([
      { type: 'object', properties: { list: { type: 'array' } } },
      { issues: [{ message: 'must be a digit', path: ['list', 0] }] },
      { value: { list: ['1'] } },
    ])
  })

  it('also if that is a JSON Schema; and nothing if there is none', async () => {
    const work = async (_: unknown, { outputSchema }: { outputSchema: unknown }): Promise<unknown> => {
      if (outputSchema === undefined) return 'none'
      const { validate } = (outputSchema as { '~standard': { validate(value: unknown): Promise<object> } })['~standard']
      return Object.keys(await validate(1))
    }
    const orchestrator = orchestratorWith({ work })
    const { results } = await orchestrator.executeWorkflow(workflow([asks({ type: 'array' }), { ...asks(), id: 'b' }]))
    expect(results).toEqual({ a: ['issues'], b: 'none' })
  })

  it('in a worker thread as a JSON Schema', async () => {
    const module = writeInto(
      temporaryFolder(),
      'agent.mjs',
      'export const create = () => ({ execute: (task, { outputSchema }) => [outputSchema ?? null] })',
    )
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module })
    const { results } = await orchestrator.executeWorkflow(workflow([asks(z.array(z.unknown())), { ...asks(), id: 'b' }]))
    expect(results).toMatchObject({ a: [{ type: 'array' }], b: [null] })
  })
})
