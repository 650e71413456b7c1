// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Answers that are no whole ones: cut, withheld, empty, paused. Over HTTP, on several wires, whole and streamed.

import type { AgentTask, GenerateResult, MultiAgentOrchestrator, OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { orchestratorWith, places, rejection, task, thrownBy, workflow } from '../support/orchestrators.ts'
import { askingAt, COST, paused, wires, type Said, type Wire } from '../support/wire-answers.ts'
import { modelServer, providerAt, says } from '../support/wire-server.ts'

const folder = temporaryFolder()
const cases = wires.flatMap((wire) => [
  { wire, stream: false, name: `${wire.kind}, whole` },
  { wire, stream: true, name: `${wire.kind}, streamed` },
])

/** How answers end that are none, and what a task makes of them. */
const LACKS = [
  { what: 'cut', said: { text: 'The three reasons are: 1.', end: 'length' }, code: 'ERR_MODEL_CUT', finish: 'length', accept: 'length' },
  { what: 'cut before a word was said', said: { end: 'length' }, code: 'ERR_MODEL_CUT', finish: 'length', accept: 'length' },
  {
    what: 'withheld half-way',
    said: { text: 'Take 200 g', end: 'filter' },
    code: 'ERR_MODEL',
    finish: 'content-filter',
    accept: 'content',
  },
  { what: 'withheld', said: { end: 'filter' }, code: 'ERR_MODEL', finish: 'content-filter', accept: 'content' },
  { what: 'empty', said: {}, code: 'ERR_MODEL_EMPTY', finish: 'empty', accept: 'empty' },
] as const satisfies readonly { what: string; said: Said; code: string; finish: string; accept: string }[]

function ask(orchestrator: MultiAgentOrchestrator, stream: boolean, rest: object = {}): Promise<GenerateResult> {
  const request = { model: 'p/m', prompt: 'How?', ...rest }
  return stream ? orchestrator.modelIntegration.stream(request).result() : orchestrator.modelIntegration.generate(request)
}

/** An orchestrator with an agent `l` that asks `said`, and what its listeners hear. */
async function withAgent(
  wire: Wire,
  said: Said | readonly Said[],
  { type = 'llm', configuration = {}, models = {} }: { type?: string; configuration?: object; models?: object } = {},
) {
  const list = Array.isArray(said) ? (said as readonly Said[]) : [said as Said]
  const server = await modelServer((request) => wire.answer(list[Math.min(request.index, list.length - 1)] ?? {}, request))
  const orchestrator = askingAt(server, wire, models)
  orchestrator.agentPool.registerAgent({ id: 'l', type, configuration: { model: 'p/m', ...configuration } })
  const heard: Record<string, unknown>[] = []
  orchestrator.on('task:progress', (_, data) => heard.push(data as Record<string, unknown>))
  const run = (rest: Partial<AgentTask> = {}) =>
    orchestrator.executeWorkflow(workflow([task('t', { agentId: 'l', input: { prompt: 'How?' }, ...rest })]))
  return { server, orchestrator, heard, run }
}

// A filter, a refusal, a model that spent all its tokens on thoughts: each was a task that had completed, with "" or with half of a sentence as its
// result, and the next task went on from that.
describe('an answer that is no whole one fails the task of an llm agent', () => {
  const all = cases.flatMap((one) => LACKS.map((lack) => ({ ...one, ...lack, name: `${lack.what}: ${one.name}` })))

  it.each(all)('$name', async ({ wire, stream, said, code, finish, accept }) => {
    const { server, run, heard } = await withAgent(wire, said, { configuration: { stream, maxTokens: 50 } })
    const error = await rejection(run({ retryPolicy: { maxAttempts: 3, initialDelay: 1 } }))
    const cause = error.cause as OrchestratorError
    const partial = 'text' in said ? said.text : ''
    expect(cause).toMatchObject({ name: 'ModelError', code, retryable: false, details: { partial, finishReason: finish } })
    expect(cause.details['usage']).toMatchObject({ inputTokens: 10, outputTokens: 2 })
    expect(cause.details['cost']).toBeCloseTo(COST, 12)
    expect(cause.details['class']).toBe(accept === 'content' ? 'content' : undefined)
    expect(cause.details['limit']).toBe(accept === 'length' ? 50 : undefined)
    expect(cause.message).toContain(`accept: ['${accept}']`)
    if (accept === 'length') expect(cause.message).toContain('limit of 50 tokens (`maxTokens`)')
    expect(server.requests, 'it would be the same again').toHaveLength(1)
    expect(heard.at(-1)).toEqual({ type: 'finish', finishReason: finish, attempt: 1, request: 1 })
    const [ended] = error.execution?.tasks ?? []
    expect(ended).toMatchObject({ status: 'failed', finishReason: finish, error: { code }, usage: { totalTokens: 12 } })
  })

  it.each(all)('and is what it is to `generate` and `stream`: $name', async ({ wire, stream, said, finish }) => {
    const server = await modelServer((request) => wire.answer(said, request))
    const answer = await ask(askingAt(server, wire), stream)
    expect(answer).toMatchObject({ finishReason: finish, text: 'text' in said ? said.text : '' })
  })

  it.each(all)('unless it is accepted: $name', async ({ wire, stream, said, finish, accept }) => {
    const { run } = await withAgent(wire, said, { configuration: { stream } })
    const { results, tasks } = await run({ accept: [accept] })
    expect(results).toEqual({ t: 'text' in said ? said.text : '' })
    expect(tasks[0]).toMatchObject({ status: 'completed', finishReason: finish })
  })

  it.each(wires)('of which a hybrid makes the same, before it calls a tool: $kind', async (wire) => {
    const cut: Said = { text: 'I will look', end: 'length', calls: [{ name: 'look', args: {} }] }
    for (const [said, code] of [
      [cut, 'ERR_MODEL_CUT'],
      [{ text: 'I will', end: 'filter' }, 'ERR_MODEL'],
      [{}, 'ERR_MODEL_EMPTY'],
    ] as const) {
      const { orchestrator, run } = await withAgent(wire, said, { type: 'hybrid' })
      let called = 0
      orchestrator.agentPool.registerTool({
        name: 'look',
        description: 'looks',
        parameters: { type: 'object' },
        execute: () => (called += 1),
      })
      expect((await rejection(run())).cause).toMatchObject({
        code,
        details: { partial: said === cut ? 'I will look' : expect.any(String) },
      })
      expect(called, 'a call that may lack its end is not made').toBe(0)
    }
  })

  it('and what another model of ours calls an ending is one: a provider of your own', async () => {
    const orchestrator = orchestratorWith()
    orchestrator.modelIntegration.registerProvider('own', {
      generate: ({ model }) => (model === 'm' ? { text: '' } : { text: 'half', finishReason: 'length' }),
    })
    const flow = (model: string) => {
      const id = `asks-${model}`
      orchestrator.agentPool.registerAgent({ id, type: 'llm', configuration: { model: `own/${model}` } })
      return orchestrator.executeWorkflow(workflow([task('t', { agentId: id, input: { prompt: 'How?' } })], { id }))
    }
    expect((await rejection(flow('m'))).cause).toMatchObject({ code: 'ERR_MODEL_EMPTY' })
    expect((await rejection(flow('n'))).cause).toMatchObject({ code: 'ERR_MODEL_CUT', details: { partial: 'half', limit: null } })
  })

  // Of an error a record keeps 8 KiB of fields: once a text that was longer took all of `details` with it.
  it.each(wires)('and a long one leaves on record what else is known of it: $kind', async (wire) => {
    const server = await modelServer((request) => wire.answer({ text: 'word '.repeat(4000), end: 'length' }, request))
    const storage = { path: storePath(folder), durability: 'os' as const }
    const provider = providerAt({ url: `${server.url}${wire.path}` }, { kind: wire.kind, model: 'm' })
    const first = orchestratorWith({}, { storage, models: { providers: { p: provider } } })
    first.agentPool.registerAgent({ id: 'l', type: 'llm', configuration: { model: 'p/m', maxTokens: 4000 } })
    const { execution } = await rejection(first.executeWorkflow(workflow([task('t', { agentId: 'l', input: { prompt: 'How?' } })])))
    await first.shutdown()
    const [ended] = (await orchestratorWith({}, { storage }).getExecution(execution?.id ?? ''))?.tasks ?? []
    const known = { finishReason: 'length', limit: 4000, usage: { totalTokens: 12 }, attempts: [{ provider: 'p' }] }
    expect(ended).toMatchObject({ finishReason: 'length', error: { details: { fields: { details: known } } } })
  })

  it('and so does a refusal, which ends as an answer does', async () => {
    const refusal = 'I cannot help with that.'
    const message = { role: 'assistant', content: null, refusal }
    const server = await modelServer(() => ({
      body: { id: 'c', object: 'chat.completion', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] },
    }))
    const orchestrator = askingAt(server, wires[0] as Wire)
    orchestrator.agentPool.registerAgent({ id: 'l', type: 'llm', configuration: { stream: false } })
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('t', { agentId: 'l', input: { prompt: 'How?' } })])))
    expect(error.cause).toMatchObject({
      code: 'ERR_MODEL',
      details: { class: 'content', finishReason: 'content-filter', finishDetail: refusal },
    })
    expect((error.cause as Error).message).toContain(`p/m withheld its answer (${refusal})`)
  })

  it('is told as what it is where an llm agent is answered with a call of a tool that it never offered', async () => {
    const { run } = await withAgent(wires[0] as Wire, { calls: [{ name: 'invented', args: {} }] })
    expect((await rejection(run())).cause).toMatchObject({ code: 'ERR_MODEL_EMPTY' })
  })
})

describe('`accept`', () => {
  const [wire] = wires as [Wire]
  const cut: Said = { text: 'half', end: 'length' }

  it.each([
    ['the models', { models: { accept: ['length'] } }, {}, 'half'],
    ['the agent', { configuration: { accept: ['length'] } }, {}, 'half'],
    ['the task', {}, { accept: ['length', 'empty'] }, 'half'],
    ['the agent before the models', { models: { accept: ['length'] }, configuration: { accept: [] } }, {}, 'ERR_MODEL_CUT'],
    ['the task before the agent', { configuration: { accept: ['length'] } }, { accept: ['content'] }, 'ERR_MODEL_CUT'],
  ] as const)('is what %s says', async (_, config, rest, expected) => {
    const { run } = await withAgent(wire, cut, config)
    const ended = await run(rest).then(
      ({ results }) => results['t'],
      (error: OrchestratorError) => (error.cause as OrchestratorError).code,
    )
    expect(ended).toBe(expected)
  })

  it('is judged wherever it stands', () => {
    const orchestrator = orchestratorWith()
    const wrong = { accept: ['cut'] }
    expect(places(thrownBy(() => orchestratorWith({}, { models: wrong as never })))).toEqual(['ERR_INVALID_VALUE models.accept[0]'])
    const register = (): void => orchestrator.agentPool.registerAgent({ id: 'l', type: 'llm', configuration: wrong })
    expect(thrownBy(register)).toMatchObject({ issues: [{ path: 'agent.configuration.accept[0]' }] })
    const { problems } = orchestrator.workflowEngine.validateWorkflow(workflow([task('t', { agentId: 'work', accept: ['cut'] as never })]))
    expect(problems).toContainEqual(expect.objectContaining({ path: 'tasks[0].accept[0]', severity: 'error' }))
  })

  it('is part of what a kept output was made by, and of a definition that stands in a store', async () => {
    const path = storePath(folder)
    const server = await modelServer((request) => wire.answer(cut, request))
    const config = {
      storage: { path, durability: 'os' as const },
      models: { providers: { p: providerAt({ url: `${server.url}/v1` }, { model: 'm' }) } },
    }
    const flow = (accept: AgentTask['accept']) =>
      workflow([task('t', { agentId: 'llm', input: { prompt: 'How?' }, cache: true, ...(accept && { accept }) })], {
        id: accept ? 'takes' : 'does-not',
      })
    const first = orchestratorWith({}, config)
    const { id } = await first.executeWorkflow(flow(['length']))
    expect((await rejection(first.executeWorkflow(flow(undefined)))).cause).toMatchObject({ code: 'ERR_MODEL_CUT' })
    await first.shutdown()
    const second = orchestratorWith({}, config)
    const ended = await second.getExecution(id)
    expect(ended).toMatchObject({ results: { t: 'half' }, tasks: [{ finishReason: 'length', usage: { totalTokens: 12 } }] })
  })
})

// A provider that does work of its own pauses after a while, and wants its turn back: what it had said until then was the answer.
describe('a pause is continued', () => {
  const turns: readonly Said[] = [{ text: 'One, ', end: 'pause' }, { text: 'two, ', end: 'pause' }, { text: 'three.' }]

  it.each([
    ['llm', true],
    ['llm', false],
    ['hybrid', true],
    ['hybrid', false],
  ])('by a task of %s, streamed: %s', async (type, stream) => {
    const { server, run, heard } = await withAgent(paused, turns, { type, configuration: { stream } })
    const { results, tasks, metrics } = await run()
    expect(results).toEqual({ t: 'One, two, three.' })
    expect(tasks[0]).toMatchObject({ finishReason: 'stop', usage: { totalTokens: 36 } })
    expect(metrics.resourceUsage.modelCalls).toBe(3)
    const [, , last] = server.requests
    expect(last?.body.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant' },
      ...(last?.body.messages?.length === 3 ? [{ role: 'assistant' }] : []),
    ])
    expect(JSON.stringify(last?.body.messages)).toContain('One, ')
    expect(JSON.stringify(last?.body.messages)).toContain('two, ')
    expect(heard.filter((part) => part['type'] === 'finish').map((part) => part['request'])).toEqual([1, 2])
  })

  it('where a value is wanted', async () => {
    const { run } = await withAgent(paused, [{ text: '{"n"', end: 'pause' }, { text: ':1}' }])
    expect((await run({ outputSchema: z.object({ n: z.number() }) })).results).toEqual({ t: { n: 1 } })
  })

  it('where what it comes to does not fit, which is told after all of its turns', async () => {
    const { server, run } = await withAgent(paused, [{ text: '{"n"', end: 'pause' }, { text: ':"x"}' }, { text: '{"n":1}' }])
    expect((await run({ outputSchema: z.object({ n: z.number() }) })).results).toEqual({ t: { n: 1 } })
    const told = JSON.stringify(server.requests[2]?.body.messages)
    expect([told.includes('{\\"n\\"'), told.includes(':\\"x\\"}'), told.includes('does not fit')]).toEqual([true, true, true])
  })

  it('but not for ever', async () => {
    const { server, run } = await withAgent(paused, { text: 'and ', end: 'pause' })
    expect((await rejection(run())).cause).toMatchObject({ code: 'ERR_MODEL_CUT', details: { finishReason: 'pause' } })
    expect(server.requests).toHaveLength(17)
  })

  it('and what it cost until a later request failed is counted', async () => {
    const server = await modelServer((request) =>
      request.index === 0 ? paused.answer({ text: 'One, ', end: 'pause' }, request) : { status: 401, body: { error: { message: 'no' } } },
    )
    const orchestrator = askingAt(server, paused)
    const error = await rejection(orchestrator.modelIntegration.generate({ model: 'p/m', prompt: 'x', schema: z.object({}) }))
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'auth', usage: { totalTokens: 12 } } })
    expect(error.details['cost']).toBeCloseTo(COST, 12)
  })

  it('by `generate` it is told, with the turn that goes on', async () => {
    const server = await modelServer((request) => paused.answer({ text: 'One, ', end: 'pause' }, request))
    const answer = await ask(askingAt(server, paused), false)
    expect(answer).toMatchObject({ finishReason: 'pause', message: { role: 'assistant' } })
  })
})

it('an ordinary ending is on record too, and listeners hear of nothing', async () => {
  const server = await modelServer(() => says('well'))
  const orchestrator = orchestratorWith({}, { models: { providers: { p: providerAt(server) } } })
  const heard: unknown[] = []
  orchestrator.on('task:progress', (_, data) => heard.push((data as { type: string }).type))
  const ended: unknown[] = []
  orchestrator.on('task:completed', ({ finishReason }) => ended.push(finishReason))
  orchestrator.agentPool.registerAgent({ id: 'l', type: 'llm', configuration: { stream: false } })
  const { tasks } = await orchestrator.executeWorkflow(workflow([task('t', { agentId: 'l', input: { prompt: 'How?' } })]))
  expect([tasks[0]?.finishReason, ended, heard]).toEqual(['stop', ['stop'], []])
})
