// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// LangChain: `ChatOpenAI`.

import { ChatOpenAI } from '@langchain/openai'
import { KEY, MODEL, PROMPT } from '../models/wire.mjs'
import { versionOf } from './version.mjs'

export function open(url) {
  const model = new ChatOpenAI({ model: MODEL, apiKey: KEY, configuration: { baseURL: url } })
  return {
    version: `@langchain/openai ${versionOf('@langchain/openai')}, @langchain/core ${versionOf('@langchain/core')}`,
    ask: async () => (await model.invoke(PROMPT)).content,
  }
}
