// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a call costs beyond the request itself: `fetch`, ours and, if wanted, peers, one request after the other, against one server.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { Cell, quantile } from '../compare/measure.mjs'
import { installPeers, Peer, startPeers } from '../compare/peer.mjs'
import { latencies } from './latency.mjs'
import { MODEL, PROMPT, providersAt, requestOf } from './wire.mjs'

const PEERS = { 'ai-sdk': 'Vercel AI SDK', langchain: 'LangChain' }
const WARM_REQUESTS = 300
/** Beyond `fetch`, at the median. */
const MOST_MICROS = 500

/** Measures, and gives lines and bounds. */
export async function measureOverhead(url, { rounds, requests, peers: withPeers }, { print, progress }) {
  const peers = withPeers ? await openPeers(url, print) : []
  const orchestrator = new MultiAgentOrchestrator({ models: { providers: providersAt(url) } })
  const contenders = [
    { name: 'fetch', label: 'fetch', run: (count) => latencies(() => askByFetch(url), count) },
    { name: 'ours', label: 'generate', run: (count) => latencies(() => askOurs(orchestrator), count) },
    ...peers.map((peer) => ({ name: peer.name, label: peer.label, run: async (count) => (await peer.ask({ requests: count })).micros })),
  ]
  const [middle, late] = [new Cell(), new Cell()]
  try {
    for (const { run } of contenders) await run(WARM_REQUESTS)
    for (let round = 1; round <= rounds; round += 1) {
      progress(`overhead, round ${round} of ${rounds}`)
      // There and back again, so that nobody always follows the same neighbour.
      for (const { name, run } of round % 2 === 0 ? contenders.toReversed() : contenders) {
        const micros = await run(requests)
        middle.add(name, quantile(micros, 0.5))
        late.add(name, quantile(micros, 0.95))
      }
    }
  } finally {
    progress('')
    for (const peer of peers) peer.end()
    await orchestrator.shutdown()
  }
  return {
    title: `One request after the other: microseconds each, medians of ${rounds} alternating rounds of ${requests} requests`,
    notes: peers.map(({ label, hello }) => `${label}: ${hello.version}`),
    columns: ['p50', 'p95', 'over fetch', '× fetch', '× ours'],
    rows: contenders.map(({ name, label }) => ({
      label,
      figures: [
        middle.micros(name),
        late.micros(name),
        name === 'fetch' ? undefined : middle.excess(name, 'fetch'),
        name === 'fetch' ? undefined : middle.ratio(name, 'fetch'),
        name === 'ours' ? undefined : middle.ratio(name, 'ours'),
      ],
    })),
    bounds: [
      { name: 'generate over fetch, p50, µs', value: middle.excess('ours', 'fetch'), most: MOST_MICROS },
      ...peers.map(({ name, label }) => ({
        name: `generate over ${label}, p50, µs`,
        value: middle.excess('ours', name),
        most: 0,
      })),
    ],
  }
}

async function askByFetch(url) {
  const response = await fetch(`${url}/chat/completions`, requestOf(false))
  const { choices } = await response.json()
  return choices[0].message.content
}

async function askOurs(orchestrator) {
  const { text } = await orchestrator.modelIntegration.generate({ model: `openai/${MODEL}`, prompt: PROMPT })
  return text
}

async function openPeers(url, print) {
  installPeers(print)
  return startPeers(
    Object.entries(PEERS).map(
      ([name, label]) =>
        () =>
          Peer.start('models.mjs', name, label, url),
    ),
  )
}
