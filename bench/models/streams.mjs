// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What many streams at once take of memory, and how soon each has its first part: ours and `fetch`, each in a process that does nothing else.

import { median } from '../compare/measure.mjs'
import { runChild } from './processes.mjs'
import { PIECE_MS, PIECES } from './wire.mjs'

const MIB = 1024 * 1024
const MOST_MIB = 200
const ROUNDS_MOST = 3
const CONTENDERS = [
  { name: 'fetch', label: 'fetch' },
  { name: 'ours', label: 'stream' },
]

/** Measures, and gives lines and bounds. */
export async function measureStreams(url, { rounds: wanted, streams }, { progress }) {
  const rounds = Math.min(wanted, ROUNDS_MOST)
  const told = new Map(CONTENDERS.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round += 1) {
    progress(`streams, round ${round} of ${rounds}`)
    for (const { name } of CONTENDERS) told.get(name).push(await runChild('streaming.mjs', [name, url, String(streams)]))
  }
  progress('')
  const of = (name, read) => median(told.get(name).map(read))
  const above = ({ idle, peak }) => (peak - idle) / MIB
  return {
    title: `${streams} streams at once, ${PIECES} pieces each, one every ${PIECE_MS} ms: medians of ${rounds} runs`,
    notes: [],
    columns: ['MiB idle', 'MiB more', 'first p50', 'first p95 ms', 'all s'],
    rows: CONTENDERS.map(({ name, label }) => ({
      label,
      figures: [
        of(name, ({ idle }) => idle / MIB),
        of(name, above),
        of(name, ({ first }) => first.p50),
        of(name, ({ first }) => first.p95),
        of(name, ({ ms }) => ms / 1000),
      ],
    })),
    // The worst of the runs: memory that is exceeded once is exceeded.
    bounds: [{ name: `${streams} streams, MiB above idle, at most`, value: Math.max(...told.get('ours').map(above)), most: MOST_MIB }],
  }
}
