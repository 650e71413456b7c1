// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Half of a surrogate pair, as `text.slice(0, n)` leaves it: a value is mended on its way out and in, a name is refused by path, and no call breaks.

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { modelServer, providerAt, says, type Answer } from '../support/wire-server.ts'

const HALF = '🎉'.slice(0, 1)
const calls = (name: string, args: string): Answer => ({
  body: {
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name, arguments: args } }] },
        finish_reason: 'tool_calls',
      },
    ],
  },
})
const kinds = [['openai'], ['anthropic'], ['gemini']] as const
const answers: Readonly<Record<string, object>> = {
  openai: says('done').body as object,
  anthropic: { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'done' }], stop_reason: 'end_turn' },
  gemini: { candidates: [{ content: { role: 'model', parts: [{ text: 'done' }] }, finishReason: 'STOP' }] },
}

describe('half of a surrogate pair in a request', () => {
  it.each(kinds)('is U+FFFD in all that is said to %s', async (kind) => {
    const server = await modelServer(() => ({ body: answers[kind] }))
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: providerAt(server, { kind, model: 'gpt-4o' }) } } })
    const parameters = z.object({ q: z.string().describe(`what ${HALF}`) })
    const { text } = await modelIntegration.generate({
      system: `be ${HALF}`,
      messages: [
        { role: 'user', content: `go ${HALF}` },
        { role: 'assistant', content: [{ type: 'tool-call', id: 'a', name: 'look', arguments: { q: HALF } }] },
        { role: 'tool', content: [{ type: 'tool-result', id: 'a', result: { [`k${HALF}`]: HALF } }] },
      ],
      tools: [{ name: 'look', description: `looks ${HALF}`, parameters }],
      stop: [HALF],
    })
    expect(text).toBe('done')
    const sent = JSON.stringify(server.requests[0]?.body)
    for (const said of ['be \u{fffd}', 'go \u{fffd}', 'looks \u{fffd}', 'what \u{fffd}', 'k\u{fffd}']) expect(sent).toContain(said)
    expect(sent).not.toMatch(/\\ud83c/i)
  })

  it('is refused by path where it is part of a name', async () => {
    const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: providerAt({ url: 'http://127.0.0.1:9' }) } } })
    const error = await rejection(
      modelIntegration.generate({
        model: `m${HALF}`,
        fallback: [`n${HALF}`],
        messages: [{ role: 'assistant', content: [{ type: 'tool-call', id: 'a', name: `look${HALF}`, arguments: {} }] }],
        tools: [{ name: `see${HALF}`, description: 'd', parameters: { type: 'object', properties: { [`q${HALF}`]: {} } } }],
        schema: z.object({ [`a${HALF}`]: z.string() }),
      }),
    )
    const issues =
      (error.details as { issues?: readonly { path: string }[] }).issues ??
      (error as unknown as { issues: readonly { path: string }[] }).issues
    const paths = issues.map(({ path }) => path)
    const written = (key: string): string => JSON.stringify(`${key}${HALF}`)
    expect(paths).toEqual(
      expect.arrayContaining([
        'request.fallback[0]',
        'request.messages[0].content[0].name',
        'request.tools[0].name',
        `request.tools[0].parameters.properties[${written('q')}]`,
        `request.schema.properties[${written('a')}]`,
      ]),
    )
    const provider = { generate: () => ({ text: 'x' }) }
    expect(() => modelIntegration.registerProvider(`p${HALF}`, provider)).toThrow(/half of a surrogate pair/)
    for (const models of [
      { providers: { [`p${HALF}`]: { kind: 'compatible', endpoint: 'https://example.com' } } },
      { providers: { p: { kind: 'compatible', endpoint: 'https://example.com', model: `m${HALF}` } } },
      { providers: { p: { kind: 'compatible', endpoint: 'https://example.com' } }, fallback: [`m${HALF}`] },
    ])
      expect(() => orchestratorWith({}, { models })).toThrow(/half of a surrogate pair/)
  })
})

describe('half of a surrogate pair in an answer', () => {
  it('is U+FFFD for a tool and in its result, and the model goes on', async () => {
    const server = await modelServer(({ index }) => (index === 0 ? calls('look', `{"q":"${'\\ud83c'}"}`) : says(`seen ${HALF}`)))
    const orchestrator = orchestratorWith({}, { models: { providers: { p: providerAt(server) } } })
    const asked: unknown[] = []
    const execute = (args: unknown): unknown => {
      asked.push(args)
      return { text: `first letters: ${'Party 🎉'.slice(0, 7)}` }
    }
    orchestrator.agentPool.registerTool({ name: 'look', description: 'd', parameters: z.object({ q: z.string() }), execute })
    orchestrator.agentPool.registerAgent({ id: 'h', type: 'hybrid', configuration: { stream: false } })
    const { results } = await orchestrator.executeWorkflow(workflow([task('t', { agentId: 'h', input: { prompt: 'go' } })]), {})
    expect(results['t']).toBe('seen \u{fffd}')
    expect(asked).toEqual([{ q: '\u{fffd}' }])
    expect(server.requests[1]?.body.messages?.at(-1)?.content).toBe('{"text":"first letters: Party \u{fffd}"}')
  })

  it('is joined with the other half of a provider of the user, or U+FFFD', async () => {
    const { modelIntegration } = orchestratorWith({}, { models: { providers: {} } })
    const pieces = ['a ', HALF, '🎉'.slice(1), ' b', HALF, 'c', HALF]
    modelIntegration.registerProvider('mine', {
      generate: () => ({ text: pieces.join('') }),
      async *stream() {
        for (const text of pieces) yield { text }
      },
    })
    const said: string[] = []
    const stream = modelIntegration.stream({ model: 'mine/m', prompt: 'go' })
    for await (const part of stream) if (part.type === 'text') said.push(part.text)
    expect(said.join('')).toBe('a 🎉 b\u{fffd}c\u{fffd}')
    expect((await stream.result()).text).toBe('a 🎉 b\u{fffd}c\u{fffd}')
    expect((await modelIntegration.generate({ model: 'mine/m', prompt: 'go' })).text).toBe('a 🎉 b\u{fffd}c\u{fffd}')
  })
})
