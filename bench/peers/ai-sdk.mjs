// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Vercel AI SDK: `generateText` with its provider for whatever speaks Chat Completions.

import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText } from 'ai'
import { KEY, MODEL, PROMPT } from '../models/wire.mjs'
import { versionOf } from './version.mjs'

export function open(url) {
  const model = createOpenAICompatible({ name: 'bench', baseURL: url, apiKey: KEY })(MODEL)
  return {
    version: `ai ${versionOf('ai')}, @ai-sdk/openai-compatible ${versionOf('@ai-sdk/openai-compatible')}`,
    ask: async () => (await generateText({ model, prompt: PROMPT })).text,
  }
}
