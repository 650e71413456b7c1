// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Structured output: first answers that are empty, cut or withheld, and JSON with something around it. Over HTTP, on several wires.

import type { GenerateRequest, GenerateResult, OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { valuesIn } from '../../ts/models/found.ts'
import { rejection, task, workflow } from '../support/orchestrators.ts'
import { askingAt, COST, wires, type Said, type Wire } from '../support/wire-answers.ts'
import { modelServer, type ModelServer } from '../support/wire-server.ts'

const schema = z.object({ list: z.array(z.string()) })
const good = '{"list":["a"]}'
const value = { list: ['a'] }

/** What `generate` makes of these answers, one after the other. */
async function asked(
  wire: Wire,
  said: readonly Said[],
  rest: Partial<GenerateRequest> = {},
): Promise<{ server: ModelServer; answer: GenerateResult | OrchestratorError }> {
  const server = await modelServer((request) => wire.answer(said[Math.min(request.index, said.length - 1)] ?? {}, request))
  const { modelIntegration } = askingAt(server, wire)
  const request = { model: 'p/m', prompt: 'Which?', schema, maxTokens: 50, ...rest }
  const answer = await modelIntegration.generate(request).catch((error: unknown) => error as OrchestratorError)
  return { server, answer }
}

// An empty first answer was sent back as a turn with nothing in it. That no provider takes, so that the caller was told that its request was invalid, and
// what the first had cost was said nowhere.
describe('a first answer that is empty', () => {
  it.each(wires)('is asked for once more, and both are paid: $kind', async (wire) => {
    const { server, answer } = await asked(wire, [{}, { text: good }])
    expect(answer).toMatchObject({ output: value, usage: { totalTokens: 24 }, attempts: [{}, {}] })
    expect((answer as GenerateResult).cost).toBeCloseTo(2 * COST, 12)
    expect(JSON.stringify(server.requests[1]?.body)).toContain('Your answer was empty.')
  })

  it('is followed by no second turn of the user in a row, which some models refuse', async () => {
    const { server } = await asked(wires[0] as Wire, [{}, { text: good }])
    expect(server.requests.map(({ body }) => body.messages)).toMatchObject([[{ role: 'user' }], [{ role: 'user' }]])
  })

  it.each(wires)('and stays so is `ERR_MODEL_OUTPUT`, told as what it is: $kind', async (wire) => {
    const { server, answer } = await asked(wire, [{}])
    expect(answer).toMatchObject({
      code: 'ERR_MODEL_OUTPUT',
      message: 'p/m answered nothing, and there is no value that fits the schema',
      details: {
        finishReason: 'empty',
        partial: '',
        usage: { totalTokens: 24 },
        costComplete: true,
        issues: [{ path: 'output', message: 'is empty' }],
      },
    })
    expect((answer as OrchestratorError).details['cost']).toBeCloseTo(2 * COST, 12)
    expect(server.requests).toHaveLength(2)
  })

  it.each(wires)('is paid for where the second request fails: $kind', async (wire) => {
    const server = await modelServer((request) =>
      request.index === 0 ? wire.answer({}, request) : { status: 401, body: { error: { message: 'no such key' } } },
    )
    const error = await rejection(askingAt(server, wire).modelIntegration.generate({ model: 'p/m', prompt: 'Which?', schema }))
    expect(error).toMatchObject({
      code: 'ERR_MODEL',
      details: { class: 'auth', usage: { totalTokens: 12 }, attempts: [{ next: 'done' }, { failure: 'auth' }] },
    })
    expect(error.details['cost']).toBeCloseTo(COST, 12)
  })
})

// What `maxTokens` had cut was asked for again under the same limit, and cut again; the error said "Unterminated string in JSON".
describe('an answer that was cut', () => {
  it.each(
    wires.flatMap((wire) => [
      { wire, text: '{"list":["a","b' },
      { wire, text: '' },
    ]),
  )('is told with its limit, and not asked for again: $wire.kind, "$text"', async ({ wire, text }) => {
    const { server, answer } = await asked(wire, [{ text, end: 'length' }])
    expect(answer).toMatchObject({
      code: 'ERR_MODEL_OUTPUT',
      details: { finishReason: 'length', limit: 50, partial: text, usage: { totalTokens: 12 } },
    })
    expect((answer as OrchestratorError).message).toContain('cut by its limit of 50 tokens (`maxTokens`)')
    expect(server.requests).toHaveLength(1)
  })

  it.each(wires)('is an answer where the value is whole: $kind', async (wire) => {
    const { answer } = await asked(wire, [{ text: `${good}\nThat is because`, end: 'length' }])
    expect(answer).toMatchObject({ output: value, finishReason: 'length' })
  })

  it('is no number: digits may be missing', async () => {
    const { answer } = await asked(wires[0] as Wire, [{ text: '12', end: 'length' }], { schema: z.number() })
    expect(answer).toMatchObject({ code: 'ERR_MODEL_OUTPUT', details: { partial: '12' } })
  })

  it('the second time is told too, with both costs', async () => {
    const { answer } = await asked(wires[0] as Wire, [{ text: '{"list":1}' }, { text: '{"list":["a', end: 'length' }])
    expect(answer).toMatchObject({ code: 'ERR_MODEL_OUTPUT', details: { finishReason: 'length', limit: 50, usage: { totalTokens: 24 } } })
  })
})

describe('an answer that was withheld', () => {
  it.each(wires)('has class `content`, and is not asked for again: $kind', async (wire) => {
    const { server, answer } = await asked(wire, [{ end: 'filter' }, { text: good }])
    expect(answer).toMatchObject({
      code: 'ERR_MODEL_OUTPUT',
      details: { class: 'content', finishReason: 'content-filter', usage: { totalTokens: 12 } },
    })
    expect(server.requests).toHaveLength(1)
  })

  it.each(wires)('fails a task, also where what came of it fits: $kind', async (wire) => {
    const server = await modelServer((request) => wire.answer({ text: good, end: 'filter' }, request))
    const orchestrator = askingAt(server, wire)
    const asks = (rest: object) => workflow([task('t', { agentId: 'llm', input: { prompt: 'Which?' }, outputSchema: schema, ...rest })])
    expect((await rejection(orchestrator.executeWorkflow(asks({})))).cause).toMatchObject({
      code: 'ERR_MODEL',
      details: { class: 'content', partial: good },
    })
    expect((await orchestrator.executeWorkflow({ ...asks({ accept: ['content'] }), id: 'takes' })).results).toEqual({ t: value })
  })
})

it.each(wires)('listeners hear how an answer ended that no schema could use: $kind', async (wire) => {
  const server = await modelServer((request) => wire.answer({ text: '{"list":["a', end: 'length' }, request))
  const orchestrator = askingAt(server, wire)
  const heard: unknown[] = []
  orchestrator.on('task:progress', (_, data) => heard.push(data))
  const flow = workflow([task('t', { agentId: 'llm', input: { prompt: 'Which?' }, outputSchema: schema })])
  const error = await rejection(orchestrator.executeWorkflow(flow))
  expect(error.cause).toMatchObject({ code: 'ERR_MODEL_OUTPUT', details: { finishReason: 'length' } })
  expect(heard).toEqual([{ type: 'finish', finishReason: 'length', attempt: 1, request: 1 }])
  expect(error.execution?.tasks[0]).toMatchObject({ finishReason: 'length' })
})

const THINK = '<think>The user wants {"list":["x"]}, maybe.</think>'
const AROUND: readonly (readonly [string, string])[] = [
  ['a fence', `\`\`\`json\n${good}\n\`\`\``],
  ['a fence with words before and after', `Here it is:\n\`\`\`\n${good}\n\`\`\`\nI hope that helps!`],
  ['a fence of tildes', `~~~json\n${good}\n~~~`],
  ['a fence that is never closed', `\`\`\`json\n${good}`],
  ['lines that end as on Windows', `\`\`\`json\r\n${good}\r\n\`\`\`\r\n`],
  ['a byte order mark', `\uFEFF${good}`],
  ['words', `The answer is ${good}. Anything else?`],
  ['brackets in words', `As [1] says (see {here}): ${good}`],
  ['thoughts', `${THINK}\n\n${good}`],
  ['thoughts and a fence', `${THINK}\nSure!\n\`\`\`json\n${good}\n\`\`\``],
  ['thoughts whose beginning the server swallowed', `They want {"list":["x"]}.\n</think>\n${good}`],
  ['a second pair of quotes', JSON.stringify(good)],
  ['the same value again', `${good}\n\nThat is: ${good}`],
]

// A fence alone was read; with a word before it, a byte order mark or thoughts a second request was paid, and often brought the same.
describe('JSON with something around it is read before a second request is paid', () => {
  it.each(wires.flatMap((wire) => AROUND.map(([what, text]) => ({ wire, what, text }))))('$what: $wire.kind', async ({ wire, text }) => {
    const { server, answer } = await asked(wire, [{ text }])
    expect(answer).toMatchObject({ output: value })
    expect(server.requests).toHaveLength(1)
  })

  it.each(wires)('also by a hybrid, whose model is told of the form in words: $kind', async (wire) => {
    const server = await modelServer((request) => wire.answer({ text: `Here: ${good}` }, request))
    const orchestrator = askingAt(server, wire)
    const flow = workflow([task('t', { agentId: 'hybrid', input: { prompt: 'Which?' }, outputSchema: schema })])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ t: value })
    expect(server.requests).toHaveLength(1)
  })

  it.each([
    ['two values that fit', `${good} or {"list":["b"]}`],
    ['two fences that fit', `\`\`\`\n${good}\n\`\`\`\n\`\`\`\n{"list":[]}\n\`\`\``],
  ])('but not where there are %s', async (_, text) => {
    const { server, answer } = await asked(wires[0] as Wire, [{ text }, { text: good }])
    expect(answer).toMatchObject({ output: value })
    expect(server.requests).toHaveLength(2)
    expect(JSON.stringify(server.requests[1]?.body)).toContain('is not one value')
  })

  it('a text that is wanted is taken as it is', async () => {
    expect((await asked(wires[0] as Wire, [{ text: '"[1]"' }], { schema: z.string() })).answer).toMatchObject({ output: '[1]' })
    expect((await asked(wires[0] as Wire, [{ text: '"[1]"' }], { schema: z.array(z.number()) })).answer).toMatchObject({ output: [1] })
  })

  // One of these took a minute for 200 kB when a pattern looked for both ends of a fence at once: far more than the bound, on any machine.
  it.each([
    ['braces', '{'],
    ['objects that never end', '{"a":'],
    ['quotes', '{"'],
    ['thoughts', '<think>'],
    ['fences', '```\n'],
    ['blanks in a fence', '```x\n', ' '],
    ['objects', '{}'],
  ])('and a text of many %s is read in a moment', (_, first, rest = first) => {
    const begun = performance.now()
    expect(valuesIn(`${first}${rest.repeat(200_000 / rest.length)}x`, false).length).toBeLessThan(2)
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})
