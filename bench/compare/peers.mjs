// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The peers, each in a process of its own: LangGraph.js watches every promise of its process (AsyncLocalStorage), which would slow
// down whoever is measured beside it.

import { installPeers, Peer, startPeers } from './peer.mjs'
import { findRedis, startRedis } from './redis.mjs'

const LABELS = { langgraph: 'LangGraph.js', mastra: 'Mastra', bullmq: 'BullMQ' }

/** Installs the peers if they are not there, and starts them. */
export async function openPeers(print) {
  installPeers(print)
  const notes = []
  const names = ['langgraph', 'mastra']
  const server = findRedis()
  if (server === undefined) notes.push('BullMQ is left out: there is no redis-server on the PATH, and REDIS_SERVER names none.')
  else names.push('bullmq')
  const redis = server === undefined ? undefined : await startRedis(server)
  const port = String(redis?.port ?? '')
  let peers
  try {
    peers = await startPeers(names.map((name) => () => Peer.start('child.mjs', name, LABELS[name], port)))
  } catch (error) {
    redis?.end()
    throw error
  }
  for (const { label, hello } of peers) notes.push(`${label} ${hello.version}${hello.note}`)
  return {
    notes,
    rows: peers.map(({ name, label }) => ({ variant: name, label })),
    measure: async (question, add) => {
      for (const peer of peers) {
        if (!peer.hello.shapes.includes(question.shape)) continue
        const { micros } = await peer.ask(question)
        add(peer.name, micros)
      }
    },
    close: async () => {
      for (const peer of peers) peer.end()
      redis?.end()
    },
  }
}
