// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The peers, each in a process of its own: LangGraph.js watches every promise of its process (AsyncLocalStorage), which would slow
// down whoever is measured beside it.

import { installPeers, Peer, startPeers } from './peer.mjs'
import { findPostgres, findRedis, findRestate, startPostgres, startRedis, startRestate } from './servers.mjs'

/** Each with the server it needs: `find` says whether it is there, else `missing` why not; `start` gives `end` and what `tell` makes the argument of. */
const PEERS = [
  { name: 'langgraph', label: 'LangGraph.js' },
  { name: 'mastra', label: 'Mastra' },
  {
    name: 'bullmq',
    label: 'BullMQ',
    find: findRedis,
    start: startRedis,
    missing: 'there is no redis-server on the PATH, and REDIS_SERVER names none',
  },
  {
    name: 'dbos',
    label: 'DBOS',
    find: findPostgres,
    start: startPostgres,
    missing: "there are no programs of PostgreSQL where Debian's packages put them, and POSTGRES_BIN names no folder with them",
  },
  {
    name: 'restate',
    label: 'Restate',
    find: findRestate,
    start: startRestate,
    tell: ({ port, admin }) => `${port},${admin}`,
    missing: 'its package has no server for this platform',
  },
]

/** Installs the peers if they are not there, and starts them. */
export async function openPeers(print) {
  installPeers(print)
  const notes = []
  const servers = []
  const end = () => servers.forEach((server) => server.end())
  let peers
  try {
    const starts = []
    for (const { name, label, find, start, tell = ({ port }) => String(port), missing } of PEERS) {
      const program = find?.()
      if (find !== undefined && program === undefined) {
        notes.push(`${label} is left out: ${missing}.`)
        continue
      }
      const server = await start?.(program)
      if (server !== undefined) servers.push(server)
      starts.push(() => Peer.start('child.mjs', name, label, server === undefined ? '' : tell(server)))
    }
    peers = await startPeers(starts)
  } catch (error) {
    end()
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
      end()
    },
  }
}
