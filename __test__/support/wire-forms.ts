// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One answer in the form of each of three wires, for what must hold on all of them.

import type { Answer, Seen } from './wire-server.ts'

export interface WireForm {
  readonly kind: string
  /** The model that a request names. */
  model(request: Pick<Seen, 'path' | 'body'>): string
  says(text: string): Answer
  refuses(status: number, message: string, headers?: Record<string, string>): Answer
}

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
}

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
}

export const wireForms: readonly WireForm[] = [chat, anthropic, gemini]
