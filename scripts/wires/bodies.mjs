// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What we send on each wire, as it goes over the socket. aimock's own journal will not do: it keeps what it made of a body, in one form for all wires.

import { createServer, request as send } from 'node:http'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LLMock } from '@copilotkit/aimock'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { root } from '../steps.mjs'

const WIRES = ['openai', 'openai-responses', 'azure', 'openrouter', 'anthropic', 'gemini']
/** A model of each that refuses parameters which others take. */
const THINKING = {
  openai: 'openai/gpt-5-mini',
  'openai-responses': 'openai-responses/gpt-5-mini',
  azure: 'azure/gpt-5-mini',
  openrouter: 'openrouter/openai/gpt-5-mini',
  anthropic: 'anthropic/claude-opus-4-7',
  gemini: 'gemini/gemini-3-pro-preview',
}
const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const schema = {
  type: 'object',
  properties: { degrees: { type: 'number' }, note: { type: 'string' } },
  required: ['degrees'],
  additionalProperties: false,
}
const tool = {
  name: 'weather',
  description: 'The weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string', description: 'Its name.' } }, required: ['city'] },
}
/** As generators of schemas and servers of tools write them: more than any wire takes as it is. */
const hard = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: { degrees: { type: ['number', 'null'] }, near: { type: 'array', items: { $ref: '#/$defs/place' }, minItems: 0 } },
  required: ['degrees'],
  $defs: { place: { type: 'object', properties: { name: { type: 'string', format: 'hostname' }, inner: { $ref: '#/$defs/place' } } } },
}
const bare = { name: 'now', description: 'The time.', parameters: { type: 'object' } }
const plain = { system: 'Be short.', maxTokens: 100, temperature: 0.5 }
const [greeting, question] = ['greet me', 'What is the weather in Bern?']
const image = { type: 'image', data: DOT, mediaType: 'image/png' }

const pdf = { type: 'file', data: Buffer.from('%PDF-1.4').toString('base64'), mediaType: 'application/pdf' }

/** Requests by name; `round` is asked again with the result of its tool, `stream` comes in parts, `not` is the wire that has no word for it. */
const CASES = {
  text: { ...plain, prompt: greeting },
  // Newer models of Anthropic take one of temperature and topP.
  sampled: { system: plain.system, maxTokens: plain.maxTokens, prompt: greeting, topP: 0.9 },
  // Responses has no such field, and a request that has it is refused before it is sent.
  'to a stop': { ...plain, prompt: greeting, stop: ['END'], not: 'openai-responses' },
  conversation: {
    ...plain,
    messages: [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: greeting },
    ],
  },
  image: { ...plain, messages: [{ role: 'user', content: [{ type: 'text', text: greeting }, image] }] },
  'as data': { ...plain, prompt: 'degrees, as data', schema },
  'tool round trip': { ...plain, messages: [{ role: 'user', content: question }], tools: [tool], toolChoice: 'auto', round: true },
  'a tool by name': { ...plain, prompt: question, tools: [tool], toolChoice: { tool: 'weather' } },
  'any tool': { ...plain, prompt: question, tools: [tool], toolChoice: 'required' },
  'tools and data': { ...plain, prompt: 'degrees, as data', tools: [tool], schema },
  'tools with hard schemas': { ...plain, prompt: question, tools: [{ ...tool, parameters: hard }, bare] },
  'as hard data': { ...plain, prompt: 'degrees, as data', schema: hard },
  'a picture of a tool': {
    ...plain,
    messages: [{ role: 'user', content: question }],
    tools: [tool],
    round: true,
    result: [
      { type: 'text', text: 'seen' },
      { type: 'image', data: DOT, mimeType: 'image/png' },
    ],
  },
  document: { ...plain, messages: [{ role: 'user', content: [{ type: 'text', text: greeting }, pdf] }] },
  'half a pair': { ...plain, prompt: `${greeting} \ud83c` },
  'a model that thinks': { ...plain, prompt: greeting, thinks: true, topP: 0.9 },
  streamed: { ...plain, prompt: greeting, stream: true },
  'tool round trip, streamed': { ...plain, messages: [{ role: 'user', content: question }], tools: [tool], round: true, stream: true },
}

/** Every body that was sent, as `{ wire, name, path, body }`. */
export async function bodies() {
  const { wires, fixtures } = JSON.parse(readFileSync(join(root, '__test__/fixtures/wires.json'), 'utf8'))
  const aimock = new LLMock({ port: 0, logLevel: 'silent', strict: true })
  // aimock reads no words beside an image on some wires. What it answers there is nobody's concern here.
  await aimock.addFixturesFromJSON([...fixtures, { match: {}, response: { content: 'well' } }]).start()
  const kept = []
  const relay = createServer((request, response) => void pass(request, response, aimock.port, kept))
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${relay.address().port}`
  const all = []
  for (const wire of WIRES) {
    const { path, model, deployment } = wires[wire]
    const provider = { endpoint: base + path, allowPrivate: true, apiKey: 'not-a-key', model, ...(deployment && { deployment }) }
    const orchestrator = new MultiAgentOrchestrator({ models: { providers: { [wire]: provider } } })
    for (const [name, { not, thinks = false, ...asked }] of Object.entries(CASES)) {
      if (not === wire) continue
      await ask(orchestrator.modelIntegration, { ...asked, ...(thinks && { model: THINKING[wire] }) })
      all.push(...kept.splice(0).map((one, index) => ({ wire, name: index === 0 ? name : `${name}, part ${index + 1}`, ...one })))
    }
    await orchestrator.shutdown()
  }
  relay.closeAllConnections()
  relay.close()
  await aimock.stop()
  return all
}

async function ask(models, { round = false, stream = false, result = { degrees: 21 }, ...request }) {
  const answer = (one) => (stream ? models.stream(one).result() : models.generate(one))
  const first = await answer(request)
  if (!round) return
  const content = first.toolCalls.map(({ id }) => ({ type: 'tool-result', id, result }))
  await answer({ ...request, messages: [...request.messages, first.message, { role: 'tool', content }] })
}

/** Hands a request on, and its answer back. */
async function pass(request, response, port, kept) {
  const pieces = []
  for await (const piece of request) pieces.push(piece)
  const body = Buffer.concat(pieces)
  kept.push({ path: request.url, body: JSON.parse(body.toString()) })
  const onward = send({ host: '127.0.0.1', port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers)
    answer.pipe(response)
  })
  onward.end(body)
}
