// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One answer in the words of several wires, whole or as a stream, as the request asks for it.

import type { MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { orchestratorWith } from './orchestrators.ts'
import { providerAt, type Answer, type ModelServer, type Seen } from './wire-server.ts'

/** What is answered. Each costs 10 tokens of input and 2 of output. */
export interface Said {
  readonly text?: string
  /** How it ends. Default `stop`, or `calls` where tools are called. */
  readonly end?: 'stop' | 'length' | 'filter' | 'calls' | 'pause'
  readonly calls?: readonly { readonly name: string; readonly args: object }[]
  /** The stream breaks off after the text. */
  readonly cut?: boolean
}

export interface Wire {
  readonly kind: string
  /** What its endpoint ends with. */
  readonly path: string
  /** The answer to a request of this wire. */
  answer(said: Said, request: Seen): Answer
}

const EVENTS = { 'content-type': 'text/event-stream' }
const USAGE = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 }

const endOf = ({ end, calls = [] }: Said): NonNullable<Said['end']> => end ?? (calls.length > 0 ? 'calls' : 'stop')

/** Events of a stream, which breaks off before the last `lost`. */
function events(list: readonly (object | string)[], { cut = false }: Said, lost: number): Answer {
  const sent = cut ? list.slice(0, list.length - lost) : list
  const written = sent.map((event) => {
    const name = typeof event === 'object' && 'type' in event ? `event: ${String(event.type)}\n` : ''
    return `${name}data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`
  })
  return { headers: EVENTS, body: written.join(''), ...(cut && { end: 'cut' as const }) }
}

const chat: Wire = {
  kind: 'compatible',
  path: '/v1',
  answer(said, { body }) {
    const { text = '', calls = [] } = said
    const finish = { stop: 'stop', length: 'length', filter: 'content_filter', calls: 'tool_calls', pause: 'stop' }[endOf(said)]
    const tools = calls.map(({ name, args }, index) => ({
      index,
      id: `call_${index}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    }))
    const message = { role: 'assistant', content: text === '' ? null : text, ...(tools.length > 0 && { tool_calls: tools }) }
    const head = { id: 'c', created: 1, model: 'm' }
    if (body['stream'] !== true)
      return { body: { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }], usage: USAGE } }
    const chunk = (rest: object): object => ({ ...head, object: 'chat.completion.chunk', ...rest })
    return events(
      [
        chunk({ choices: [{ index: 0, delta: message, finish_reason: null }] }),
        chunk({ choices: [{ index: 0, delta: {}, finish_reason: finish }] }),
        chunk({ choices: [], usage: USAGE }),
        '[DONE]',
      ],
      said,
      3,
    )
  },
}

const anthropic: Wire = {
  kind: 'anthropic',
  path: '',
  answer(said, { body }) {
    const { text = '', calls = [] } = said
    const reason = { stop: 'end_turn', length: 'max_tokens', filter: 'refusal', calls: 'tool_use', pause: 'pause_turn' }[endOf(said)]
    const content = [
      ...(text === '' ? [] : [{ type: 'text', text }]),
      ...calls.map(({ name, args }, index) => ({ type: 'tool_use', id: `call_${index}`, name, input: args })),
    ]
    const head = { id: 'm', type: 'message', role: 'assistant', model: 'm' }
    const usage = { input_tokens: 10, output_tokens: 2 }
    if (body['stream'] !== true) return { body: { ...head, content, stop_reason: reason, stop_sequence: null, usage } }
    const blocks = content.flatMap((block, index) => [
      { type: 'content_block_start', index, content_block: { ...block, ...('text' in block ? { text: '' } : { input: {} }) } },
      {
        type: 'content_block_delta',
        index,
        delta:
          'text' in block
            ? { type: 'text_delta', text: block.text }
            : { type: 'input_json_delta', partial_json: JSON.stringify((block as { input: object }).input) },
      },
      { type: 'content_block_stop', index },
    ])
    return events(
      [
        {
          type: 'message_start',
          message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } },
        },
        ...blocks,
        { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage: { output_tokens: 2 } },
        { type: 'message_stop' },
      ],
      said,
      3,
    )
  },
}

const gemini: Wire = {
  kind: 'gemini',
  path: '',
  answer(said, { path }) {
    const { text = '', calls = [] } = said
    const finishReason = { stop: 'STOP', length: 'MAX_TOKENS', filter: 'SAFETY', calls: 'STOP', pause: 'STOP' }[endOf(said)]
    const parts = [...(text === '' ? [] : [{ text }]), ...calls.map(({ name, args }) => ({ functionCall: { name, args } }))]
    const content = { role: 'model', parts }
    const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 12 }
    const whole = { candidates: [{ ...(parts.length > 0 && { content }), finishReason, index: 0 }], usageMetadata, modelVersion: 'm' }
    if (!path.includes('streamGenerateContent')) return { body: whole }
    return events([{ candidates: [{ content, index: 0 }] }, whole].slice(said.cut === true ? 0 : 1), said, 1)
  },
}

const responses: Wire = {
  kind: 'openai-responses',
  path: '/v1',
  answer(said, { body }) {
    const { text = '', calls = [] } = said
    const end = endOf(said)
    const reason = { length: 'max_output_tokens', filter: 'content_filter', stop: undefined, calls: undefined, pause: undefined }[end]
    const item = (content: object[]): object => ({ type: 'message', id: 'x', role: 'assistant', status: 'completed', content })
    const output = [
      ...(text === '' ? [] : [item([{ type: 'output_text', text, annotations: [] }])]),
      ...calls.map(({ name, args }, index) => ({
        type: 'function_call',
        id: `f${index}`,
        call_id: `call_${index}`,
        name,
        arguments: JSON.stringify(args),
        status: 'completed',
      })),
    ]
    const whole = {
      id: 'r',
      object: 'response',
      status: reason === undefined ? 'completed' : 'incomplete',
      ...(reason !== undefined && { incomplete_details: { reason } }),
      model: 'm',
      output,
      usage: { input_tokens: 10, output_tokens: 2, total_tokens: 12 },
    }
    if (body['stream'] !== true) return { body: whole }
    const at = { item_id: 'x', output_index: 0, content_index: 0 }
    const type = reason === undefined ? 'response.completed' : 'response.incomplete'
    const told =
      text === ''
        ? []
        : [
            { type: 'response.output_item.added', sequence_number: 0, output_index: 0, item: item([]) },
            { type: 'response.output_text.delta', sequence_number: 1, ...at, delta: text },
          ]
    return events([...told, { type, sequence_number: 2, response: whole }], said, 1)
  },
}

/** The wires that have a pause of their own are one. */
export const paused: Wire = anthropic
export const wires: readonly Wire[] = [chat, anthropic, gemini, responses]

/** An orchestrator that asks `p/m` at a server, whose tokens cost 1 and 10 dollars a million. */
export function askingAt(server: ModelServer, { kind, path }: Wire, rest: OrchestratorConfig['models'] = {}): MultiAgentOrchestrator {
  const provider = providerAt({ url: `${server.url}${path}` }, { kind, model: 'm' })
  const { providers, ...models } = rest
  const orchestrator = orchestratorWith({}, { models: { providers: { p: provider, ...providers }, ...models } })
  orchestrator.modelIntegration.registerModel({ provider: 'p', id: 'm', contextWindow: 100_000, prices: { input: 1, output: 10 } })
  return orchestrator
}
/** What one such answer costs. */
export const COST = 3e-5
