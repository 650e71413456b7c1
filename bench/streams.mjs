// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What many streams at once cost: how much later each delta comes than to a plain reader, and the memory of a call. `--help` explains.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { judge } from './compare/bounds.mjs'
import { median } from './compare/measure.mjs'
import { figure } from './compare/table.mjs'
import { readCount, readOptions, refuseRest, runProgram } from './usage.mjs'

const ADDED_MS_MOST = 2
const KIB_MOST = 64
const KIB = 1024
const CONTENDERS = [
  { name: 'fetch', label: 'fetch' },
  { name: 'ours', label: 'stream' },
]

const HELP = `What many streams of models cost, beside a plain reader with fetch of the same streams. The server is a process of its own, and so is each reader.

  npm run bench:streams -- [options]

  --streams <n>   calls at once, from 1 (default: 1000)
  --rate <n>      deltas each second of each, from 1 (default: 20)
  --seconds <n>   how long they are measured once all have begun, from 1 (default: 5)
  --rounds <n>    measurements of each reader, alternating, from 1 (default: 3)
  --strict        exit code 1 if a bound is missed
  --help          show this
`

await runProgram('bench:streams', async (args) => {
  const text = { type: 'string' }
  const { values, positionals } = readOptions(args, { streams: text, rate: text, seconds: text, rounds: text, strict: { type: 'boolean' } })
  refuseRest(positionals)
  if (values.help === true) {
    print(HELP)
    return 0
  }
  const load = {
    streams: readCount('streams', values.streams ?? '1000', 1),
    rate: readCount('rate', values.rate ?? '20', 1),
    seconds: readCount('seconds', values.seconds ?? '5', 1),
  }
  const rounds = readCount('rounds', values.rounds ?? '3', 1)
  print(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0].model.trim()}, load ${figure(loadavg()[0])}.\n\n`)
  const missed = conclude(load, rounds, await measured(load, rounds))
  return values.strict === true && missed > 0 ? 1 : 0
})

/** What each reader told, by its name, in the order of the rounds. */
async function measured({ streams, rate, seconds }, rounds) {
  const server = start('server.mjs', [rate])
  const [port] = await said(server)
  const told = new Map(CONTENDERS.map(({ name }) => [name, []]))
  try {
    for (let round = 1; round <= rounds; round += 1) {
      // There and back again, so that nobody always follows the same neighbour.
      for (const { name } of round % 2 === 0 ? CONTENDERS.toReversed() : CONTENDERS) {
        const reader = start('reader.mjs', [name, `http://127.0.0.1:${port}/v1`, streams, seconds])
        const [figures] = await said(reader)
        if (reader.exitCode === null && reader.signalCode === null) await once(reader, 'exit')
        told.get(name).push(figures)
      }
    }
  } finally {
    server.kill('SIGKILL')
  }
  return told
}

/** Prints the table and the bounds; how many were missed. */
function conclude({ streams, rate, seconds }, rounds, told) {
  const of = (name, read) => median(told.get(name).map(read))
  const columns = ['p50 ms', 'p99 ms', 'most ms', 'KiB held', 'KiB RSS', 'CPU %', 'deltas/s']
  print(
    `${streams} streams at once, ${rate} deltas a second each, for ${seconds} s: how late a delta comes, and memory of one call; medians of ${rounds} rounds\n`,
    'Held is without the garbage of JavaScript, which grows with the deltas, not with the calls; RSS is with it.\n',
    `${''.padEnd(12)}${columns.map((column) => column.padStart(12)).join('')}\n`,
  )
  for (const { name, label } of CONTENDERS) {
    const figures = [
      of(name, ({ p50 }) => p50),
      of(name, ({ p99 }) => p99),
      of(name, ({ most }) => most),
      of(name, ({ held }) => held / KIB),
      of(name, ({ resident }) => resident / KIB),
      of(name, ({ cpu }) => cpu * 100),
      of(name, ({ perSecond }) => perSecond),
    ]
    print(`${label.padEnd(12)}${figures.map((value) => figure(value).padStart(12)).join('')}\n`)
  }
  const added = median(told.get('ours').map(({ p99 }, round) => p99 - told.get('fetch')[round].p99))
  const bounds = [
    { name: 'added to the p99 of a delta, ms', value: added, most: ADDED_MS_MOST },
    { name: 'held by a call in flight, KiB', value: of('ours', ({ held }) => held / KIB), most: KIB_MOST },
  ].map((bound) => ({ ...bound, ...judge(bound, bound.value) }))
  const missed = bounds.filter(({ met }) => !met).length
  print(`\nBounds: ${bounds.length - missed} of ${bounds.length} kept\n`)
  for (const { name, value, range, word } of bounds)
    print(`  ${name.padEnd(40)}${figure(value).padStart(10)} ${range.padStart(8)}  ${word}\n`)
  return missed
}

function start(program, args) {
  return fork(join(import.meta.dirname, 'streams', program), args.map(String))
}

function said(child) {
  const early = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`a process of this bench ended with ${signal ?? `exit code ${code}`} and said nothing`)
  })
  return Promise.race([once(child, 'message'), early])
}

function print(...texts) {
  process.stdout.write(texts.join(''))
}
