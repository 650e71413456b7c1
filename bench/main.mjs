// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a task costs: plain JavaScript, the orchestrator at each level of durability and, with --peers, others; with --models what a call of
// a model costs. `--help` explains.

import { mkdirSync, rmSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { BESIDE, BESIDE_BOUNDS, BESIDE_LEVELS, besideRatio, measureBeside } from './compare/beside.mjs'
import { BOUNDS, judge } from './compare/bounds.mjs'
import { Cell, cpuMicros, measure, quantile, wallMicros } from './compare/measure.mjs'
import { openPeers } from './compare/peers.mjs'
import { shapes } from './compare/shapes.mjs'
import { figure, renderShape } from './compare/table.mjs'
import { LEVELS, openVariants, ROWS } from './compare/variants.mjs'
import { MODEL_PARTS, measureModels } from './models/run.mjs'
import { makeFolder, readCount, readNames, readOptions, refuseRest, runProgram, UsageError } from './usage.mjs'

const CONCURRENCIES = [1, 100]
const WARM_MS = 150

const SHAPES = [...shapes.map(({ name }) => name), BESIDE]

/** What only the one or the other measures by. */
const OF_TASKS = ['ms', 'shape', 'starts']
const OF_MODELS = ['requests', 'streams']

const HELP = `What a task costs, in microseconds: agents that do nothing, answers of 200 bytes, one process, medians of alternating rounds.

  npm run bench -- [options]

  --rounds <n>    measurements of each kind, alternating, from 1 (default: 5)
  --ms <n>        time for each measurement (default: 300)
  --shape <list>  of ${SHAPES.join(', ')} (default: all)
  --starts <n>    executions of 3 tasks that are started while a fan-out of 10,000 runs (${BESIDE}), from 20 (default: 1000)
  --only <list>   of ${LEVELS.join(', ')} (default: all)
  --peers         LangGraph.js, Mastra, BullMQ, DBOS and Restate too, each in a process of its own (installs them into
                  bench/peers; BullMQ needs redis-server, on the PATH or named by REDIS_SERVER; DBOS the programs of PostgreSQL,
                  from Debian's package or in the folder POSTGRES_BIN)
  --cpu           processor time of this process instead of time passed: steadier beside other work, blind to waiting for the disk
  --strict        exit code 1 if a bound is missed

What a call of a model costs, against a server on this machine that answers at once, in another process:

  npm run bench -- --models [options]

  --rounds <n>    as above; at most three of them measure streams
  --requests <n>  requests of each kind in a round, one after the other, from 1 (default: 300)
  --streams <n>   streams at once, from 1 (default: 1000)
  --only <list>   of ${MODEL_PARTS.join(', ')} (default: all)
  --cpu           processor time of this process for the selection, as above; the other parts wait for sockets
  --peers         Vercel AI SDK and LangChain too, each in a process of its own (installs them into bench/peers)
  --strict        exit code 1 if a bound is missed

  --help          show this
`

await runProgram('bench', async (args) => {
  const options = read(args)
  if (options === undefined) {
    print(HELP)
    return 0
  }
  if (options.models) return await compareModels(options)
  const peers = options.peers ? await openPeers(print) : undefined
  const folder = makeFolder('compare')
  try {
    describe(options, peers)
    const cells = new Map()
    for (const shape of options.shapes) cells.set(shape.name, await compareShape(shape, options, peers, folder))
    return conclude(cells, await compareBeside(options, folder), options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await peers?.close()
  }
})

function read(args) {
  const text = { type: 'string' }
  const flag = { type: 'boolean' }
  const { values, positionals } = readOptions(args, {
    rounds: text,
    ms: text,
    shape: text,
    starts: text,
    only: text,
    peers: flag,
    cpu: flag,
    strict: flag,
    models: flag,
    requests: text,
    streams: text,
  })
  if (values.help) return undefined
  refuseRest(positionals)
  const other = (values.models ? OF_TASKS : OF_MODELS).find((name) => values[name] !== undefined)
  if (other !== undefined) throw new UsageError(values.models ? `--${other} says nothing of models` : `--${other} needs --models`)
  if (values.models) return readOfModels(values)
  const wanted = readNames('shape', values.shape ?? SHAPES.join(','), SHAPES)
  const only = readNames('only', values.only ?? LEVELS.join(','), LEVELS)
  return {
    rounds: readCount('rounds', values.rounds ?? '5', 1),
    ms: readCount('ms', values.ms ?? '300', 1),
    shapes: shapes.filter(({ name }) => wanted.includes(name)),
    starts: wanted.includes(BESIDE) ? readCount('starts', values.starts ?? '1000', 20) : 0,
    levels: LEVELS.filter((level) => only.includes(level)),
    peers: values.peers ?? false,
    clock: values.cpu ? cpuMicros : wallMicros,
    strict: values.strict ?? false,
  }
}

function readOfModels({ rounds, requests, streams, only, peers, cpu, strict }) {
  return {
    models: true,
    rounds: readCount('rounds', rounds ?? '5', 1),
    requests: readCount('requests', requests ?? '300', 1),
    streams: readCount('streams', streams ?? '1000', 1),
    parts: readNames('only', only ?? MODEL_PARTS.join(','), MODEL_PARTS),
    peers: peers ?? false,
    clock: cpu ? cpuMicros : wallMicros,
    strict: strict ?? false,
  }
}

async function compareModels(options) {
  print(machine())
  const missed = await measureModels(options, { print, progress })
  print('', `Load now: ${figure(loadavg()[0])}.`)
  return options.strict && missed > 0 ? 1 : 0
}

function machine() {
  const [{ model }] = cpus()
  return `Node ${process.versions.node}, ${cpus().length} × ${model.trim()}, load ${figure(loadavg()[0])}.`
}

function describe({ rounds, ms, clock }, peers) {
  print(
    machine(),
    `Microseconds${clock === cpuMicros ? ' of processor time' : ''} per task: medians of ${rounds} alternating rounds of ${ms} ms; ratios: medians of the rounds' ratios.`,
    'Indented rows are the same level in another way: startWorkflow and result() instead of executeWorkflow, a workflow',
    'object that was not seen before (validated anew), 1,024 instances of the agent that do one task at a time each in place of one that',
    'does all, one listener on each of the ten events.',
    ...(peers?.notes ?? []),
  )
}

/** Measures one shape and prints its table; its cells by concurrency. */
async function compareShape(shape, options, peers, folder) {
  const cells = new Map()
  const missing = new Map()
  for (const concurrency of CONCURRENCIES) {
    const place = join(folder, `${shape.name}-${concurrency}`)
    mkdirSync(place)
    cells.set(concurrency, await compareCell(shape, concurrency, options, peers, { folder: place, missing }))
    rmSync(place, { recursive: true, force: true })
  }
  // A peer that cannot express the shape has no row.
  const others = (peers?.rows ?? []).filter(({ variant }) => cells.get(1).micros(variant) !== undefined)
  const rows = [...ROWS.filter(({ level }) => options.levels.includes(level)), ...others]
  print('', ...renderShape(shape, cells, rows), ...[...missing].map(([level, why]) => `${level}: ${why}`))
  return cells
}

async function compareCell(shape, concurrency, { levels, rounds, ms, clock }, peers, { folder, missing }) {
  const cell = new Cell()
  const ours = await openVariants(levels, shape, folder)
  for (const [level, why] of ours.missing) missing.set(level, why)
  const run = async ({ once, begin }, time) => {
    const end = begin?.()
    const micros = await measure(once, shape.tasks.length, { concurrency, ms: time, clock })
    end?.()
    return micros
  }
  for (const variant of ours.variants) await run(variant, WARM_MS)
  for (let round = 1; round <= rounds; round += 1) {
    progress(`${shape.name}, concurrency ${concurrency}, round ${round} of ${rounds}`)
    // There and back again, so that nobody always follows the same neighbour.
    const order = round % 2 === 0 ? ours.variants.toReversed() : ours.variants
    for (const variant of order) cell.add(variant.variant, await run(variant, ms))
    await peers?.measure({ shape: shape.name, concurrency, ms, cpu: clock === cpuMicros }, (peer, micros) => cell.add(peer, micros))
  }
  progress('')
  await ours.close()
  return cell
}

/** Measures what a small execution waits for beside a large one, and prints it; the times by level. */
async function compareBeside({ levels, starts }, folder) {
  const all = new Map()
  if (starts === 0) return all
  const rows = []
  for (const level of BESIDE_LEVELS.filter((name) => levels.includes(name))) {
    const times = await measureBeside(level, starts, folder, progress)
    all.set(level, times)
    const [alone, beside] = [times.alone, times.beside].map((list) =>
      [0.5, 0.95, 1].map((q) => figure(quantile(list, q)).padStart(8)).join(''),
    )
    rows.push(`${level.padEnd(10)}${alone}  ${beside}  ${figure(quantile(times.large, 0.5)).padStart(8)}`)
  }
  print(
    '',
    `${BESIDE}: an execution of 3 tasks, alone behind 10,000 plain promises and during a fan-out of 10,000 tasks (ms, ${starts} starts)`,
    `${''.padEnd(10)}${'alone p50'.padStart(8)}     p95     max   during p50  p95     max   the fan`,
    ...rows,
  )
  return all
}

/** Lists the bounds; the exit code. */
function conclude(cells, beside, { strict }) {
  const lines = []
  let missed = 0
  for (const [level, times] of beside) {
    for (const bound of BESIDE_BOUNDS) {
      const ratio = besideRatio(times, bound)
      const { met, word, range } = judge(bound, ratio)
      if (!met) missed += 1
      const name = `${level}, during a fan-out over alone, ${bound.name}`
      lines.push(`  ${BESIDE.padEnd(16)}  ${name.padEnd(52)}${figure(ratio).padStart(8)} ${range.padStart(7)}  ${word}`)
    }
  }
  for (const bound of BOUNDS) {
    const ratio = cells.get(bound.shape)?.get(bound.concurrency)?.ratio(bound.variant, bound.base)
    if (ratio === undefined) continue
    const { met, word, range } = judge(bound, ratio)
    if (!met) missed += 1
    lines.push(
      `  ${bound.shape.padEnd(10)} × ${String(bound.concurrency).padEnd(3)}  ${nameOf(bound).padEnd(52)}${figure(ratio).padStart(8)} ${range.padStart(7)}  ${word}`,
    )
  }
  if (lines.length > 0) print('', `Bounds (shape × executions at once): ${lines.length - missed} of ${lines.length} kept`, ...lines)
  print('', `Load now: ${figure(loadavg()[0])}.`)
  return strict && missed > 0 ? 1 : 0
}

function nameOf({ variant, base }) {
  if (variant === 'file') return "'disk' over append + fdatasync, tasks per second"
  return `${variant} over ${base === 'plain' ? 'plain JavaScript' : base}, time per task`
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function print(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`)
}
