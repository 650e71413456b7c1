// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the agents that ask models have in common: one request of an attempt, announced as it is answered.

import type { GenerateRequest, GenerateResult } from '../models/types.js'
import type { AttemptContext } from '../api/agent.js'
import type { RequestPart, ResolvedLlm } from './configuration.js'

/** The fields of a configuration that are part of every request. */
export function requestPart({ stream: _stream, include: _include, ...rest }: ResolvedLlm): RequestPart {
  return rest
}

/** One answer; `streamed`: its text is announced as it comes. Each piece is a sign of life. */
export async function ask(context: AttemptContext, request: GenerateRequest, streamed: boolean): Promise<GenerateResult> {
  const { models, signal } = context
  const asked = { ...request, signal }
  if (!streamed) return models.generate(asked)
  const stream = models.stream(asked)
  for await (const part of stream) {
    if (part.type === 'text' || part.type === 'reasoning') context.heartbeat({ type: part.type, text: part.text })
  }
  return stream.result()
}
