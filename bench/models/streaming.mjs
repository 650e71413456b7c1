// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Reads many streams at once and tells what that took:  streaming.mjs <fetch|ours> <url of the server> <streams>

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { quantile, settle } from '../compare/measure.mjs'
import { check, MODEL, PROMPT, providersAt, requestOf } from './wire.mjs'

const KIB = 1024
const [name, url, streams] = process.argv.slice(2)

const { read, end } = name === 'ours' ? ours() : byFetch()
await read()
await settle()
const idle = process.memoryUsage.rss()
const began = performance.now()
const firsts = await Promise.all(Array.from({ length: Number(streams) }, read))
const ms = performance.now() - began
// What the system counted, which misses no peak.
const peak = process.resourceUsage().maxRSS * KIB
await end()
process.send({ idle, peak, ms, first: { p50: quantile(firsts, 0.5), p95: quantile(firsts, 0.95) } })
process.disconnect()

/** Each `read` reads one stream to its end, and resolves with the milliseconds until its first part. */
function ours() {
  const orchestrator = new MultiAgentOrchestrator({ models: { providers: providersAt(url) } })
  const read = () =>
    collect(async function* () {
      for await (const part of orchestrator.modelIntegration.stream({ model: `openai/${MODEL}`, prompt: PROMPT })) {
        if (part.type === 'text') yield part.text
      }
    })
  return { read, end: () => orchestrator.shutdown() }
}

function byFetch() {
  const read = () =>
    collect(async function* () {
      const response = await fetch(`${url}/chat/completions`, requestOf(true))
      let rest = ''
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split('\n\n')
        rest = lines.pop()
        for (const line of lines) {
          if (line === 'data: [DONE]') continue
          const piece = JSON.parse(line.slice('data: '.length)).choices[0]?.delta.content
          if (piece !== undefined) yield piece
        }
      }
    })
  return { read, end: () => Promise.resolve() }
}

async function collect(texts) {
  const from = performance.now()
  let first
  let whole = ''
  for await (const text of texts()) {
    first ??= performance.now() - from
    whole += text
  }
  check(whole)
  return first
}
