// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A provider that takes no time: Chat Completions, whole at once, or as a stream of PIECES pieces, one each PIECE_MS. A process of its own, which
// tells its parent the port: whoever asks and answers in one process measures neither.

import { createServer } from 'node:http'
import { PIECE, PIECE_MS, PIECES, TEXT } from './wire.mjs'

const DAY_MS = 24 * 60 * 60 * 1000

const usage = { prompt_tokens: 20, completion_tokens: 100, total_tokens: 120 }
const head = { id: 'chatcmpl-1', created: 1_700_000_000, model: 'gpt-4o' }
const whole = Buffer.from(
  JSON.stringify({
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: TEXT, refusal: null }, logprobs: null, finish_reason: 'stop' }],
    usage,
  }),
)
const wholeHeaders = { 'content-type': 'application/json', 'content-length': whole.length }

const chunk = (choices, rest) => Buffer.from(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...rest })}\n\n`)
const piece = chunk([{ index: 0, delta: { content: PIECE }, finish_reason: null }])
const last = Buffer.concat([chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]), chunk([], { usage }), Buffer.from('data: [DONE]\n\n')])

/** The streams under way, and the pieces each has still to give. */
const streams = new Map()

const server = createServer((request, response) => {
  const parts = []
  request.on('data', (part) => parts.push(part))
  request.on('end', () => {
    const { stream } = JSON.parse(Buffer.concat(parts).toString())
    if (stream !== true) return response.writeHead(200, wholeHeaders).end(whole)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    streams.set(response, PIECES)
    response.on('close', () => streams.delete(response))
    give(response)
  })
})
// Whoever waits for its turn keeps its connections.
server.keepAliveTimeout = DAY_MS
// A thousand connect at once.
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send(server.address().port))
process.once('disconnect', () => process.exit())

// One timer for all streams: a thousand of them would be what is measured.
setInterval(() => {
  for (const response of streams.keys()) give(response)
}, PIECE_MS)

function give(response) {
  const left = streams.get(response) - 1
  streams.set(response, left)
  response.write(piece)
  if (left > 0) return
  streams.delete(response)
  response.end(last)
}
