// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Reads many streams at once and tells how late their deltas came and what they took:  reader.mjs <fetch|ours> <url> <streams> <seconds>

import { setTimeout as sleep } from 'node:timers/promises'
import { getHeapStatistics } from 'node:v8'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { quantile, settle } from '../compare/measure.mjs'
import { MODEL, PROMPT, providersAt, requestOf } from '../models/wire.mjs'

/** After all have begun, until what begins has settled. */
const CALM_MS = 1000
const WARM_STREAMS = 50
const MS = 1e6

const [name, url, streams, seconds] = process.argv.slice(2)
const { read, end } = name === 'ours' ? ours() : byFetch()

const stop = new AbortController()
let measuring = false
const late = []

// Whoever is measured has run before: code that is compiled, threads and their like are not of one call.
const warm = new AbortController()
const warmed = Array.from({ length: WARM_STREAMS }, () => follow(warm.signal, () => {}))
await sleep(CALM_MS)
warm.abort()
await Promise.all(warmed)
const idle = await memory()

const readers = []
const begin = () => new Promise((resolve, reject) => readers.push(follow(stop.signal, resolve).catch(reject)))
await Promise.all(Array.from({ length: Number(streams) }, begin))
await sleep(CALM_MS)
measuring = true
const cpu = process.cpuUsage()
const began = performance.now()
await sleep(Number(seconds) * 1000)
measuring = false
const ms = performance.now() - began
const { user, system } = process.cpuUsage(cpu)
const flight = await memory()
stop.abort()
await Promise.all(readers)
await end()
process.send({
  p50: quantile(late, 0.5),
  p99: quantile(late, 0.99),
  most: late.reduce((most, one) => Math.max(most, one), 0),
  held: (flight.held - idle.held) / Number(streams),
  resident: (flight.resident - idle.resident) / Number(streams),
  cpu: (user + system) / 1000 / ms,
  perSecond: (late.length / ms) * 1000,
})
process.disconnect()

/**
 * Bytes. `held` is without the garbage of JavaScript, and the room that V8 makes for it: how much that is depends on how fast there is garbage, not
 * on how many calls there are. Outside its heap it is all that the system counts.
 */
async function memory() {
  const resident = process.memoryUsage.rss()
  const outside = resident - getHeapStatistics().total_physical_size
  await settle()
  return { resident, held: outside + getHeapStatistics().used_heap_size }
}

/** Reads one stream until it is stopped; calls `begun` at its first delta. */
async function follow(signal, begun) {
  try {
    for await (const text of read(signal)) {
      const now = process.hrtime.bigint()
      begun()
      // Several deltas may come as one.
      if (measuring) for (const sent of text.trim().split(' ')) late.push(Number(now - BigInt(sent)) / MS)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function ours() {
  const orchestrator = new MultiAgentOrchestrator({ models: { providers: providersAt(url) } })
  async function* texts(signal) {
    for await (const part of orchestrator.modelIntegration.stream({ model: `openai/${MODEL}`, prompt: PROMPT, signal })) {
      if (part.type === 'text') yield part.text
    }
  }
  return { read: texts, end: () => orchestrator.shutdown() }
}

function byFetch() {
  async function* texts(signal) {
    const response = await fetch(`${url}/chat/completions`, { ...requestOf(true), signal })
    let rest = ''
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n\n')
      rest = lines.pop()
      for (const line of lines) yield JSON.parse(line.slice('data: '.length)).choices[0].delta.content
    }
  }
  return { read: texts, end: () => Promise.resolve() }
}
