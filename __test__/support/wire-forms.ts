// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One answer in the form of each of three wires, for what must hold on all of them.

import type { Answer, Seen } from './wire-server.ts'

export interface WireForm {
  readonly kind: string
  /** The model that a request names. */
  model(request: Pick<Seen, 'path' | 'body'>): string
  says(text: string): Answer
  refuses(status: number, message: string, headers?: Record<string, string>): Answer
  /** What a stream is made of: what stands before the first token, something that is no token, a token of words, and the end. */
  readonly stream: { readonly opening?: string; readonly sign: string; readonly token: string; readonly end: string }
}

const data = (value: object | string): string => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`

const gemini: WireForm = {
  kind: 'gemini',
  model: ({ path }) => /models\/([^:]+):/.exec(path)?.[1] ?? '',
  says: (text) => ({
    body: {
      candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    },
  }),
  refuses: (status, message, headers = {}) => ({
    status,
    headers,
    body: { error: { code: status, message, status: 'INVALID_ARGUMENT' } },
  }),
  stream: {
    sign: ': still here\n\n',
    token: data({ candidates: [{ content: { role: 'model', parts: [{ text: 'a ' }] }, index: 0 }] }),
    end: data({
      candidates: [{ content: { role: 'model', parts: [{ text: 'end' }] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    }),
  },
}

/** What stands before the first token of Anthropic's. */
const opening =
  `event: message_start\n${data({
    type: 'message_start',
    message: {
      id: 'm',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      stop_reason: null,
      usage: { input_tokens: 10, output_tokens: 1 },
    },
  })}` + `event: content_block_start\n${data({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })}`

const anthropic: WireForm = {
  kind: 'anthropic',
  model: ({ body }) => body.model ?? '',
  says: (text) => ({
    body: {
      id: 'm',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [{ type: 'text', text }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 10, output_tokens: 5 },
    },
  }),
  refuses: (status, message, headers = {}) => ({
    status,
    headers,
    body: { type: 'error', error: { type: 'invalid_request_error', message } },
  }),
  stream: {
    opening,
    sign: `event: ping\n${data({ type: 'ping' })}`,
    token: `event: content_block_delta\n${data({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a ' } })}`,
    end:
      `event: content_block_stop\n${data({ type: 'content_block_stop', index: 0 })}` +
      `event: message_delta\n${data({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } })}` +
      `event: message_stop\n${data({ type: 'message_stop' })}`,
  },
}

const chat: WireForm = {
  kind: 'compatible',
  model: ({ body }) => body.model ?? '',
  says: (text) => ({
    body: {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    },
  }),
  refuses: (status, message, headers = {}) => ({
    status,
    headers,
    body: { error: { message, type: 'invalid_request_error', code: null } },
  }),
  stream: {
    sign: ': OPENROUTER PROCESSING\n\n',
    token: data({
      id: 'c',
      object: 'chat.completion.chunk',
      model: 'm',
      choices: [{ index: 0, delta: { content: 'a ' }, finish_reason: null }],
    }),
    end:
      data({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) +
      data({ id: 'c', model: 'm', choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }) +
      data('[DONE]'),
  },
}

export const wireForms: readonly WireForm[] = [chat, anthropic, gemini]
