// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A store with something in every table, and its log, in which a bit is flipped, a sector is lost, or a file is cut, lost or another's: what is read then is
// what was written, or it is said by name what cannot be read; and `verifyStore` calls nothing sound that is not.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StepError } from '../steps.mjs'
import { begin, IDS, keyed, open, until } from './damage/store.mjs'

const SECTOR = 512
const PAGE = 8192
const FRAME = PAGE + 24
/** Every so many cases a sector is lost instead of a bit: 200 of 20,000. */
const SECTOR_EVERY = 100
/** Stores that are looked at at once: most of the time each waits for another thread. */
const AT_ONCE = 6
/** A folder in memory where there is one: what a medium does to a flush is not what this is about. */
const MEMORY = '/dev/shm'

/** Stores as bytes by the ends of their files' names: one that was closed, one whose process was killed while its log had things that nobody had moved, and another one. */
let stores
/** What is read of the first two, whole. */
let whole
let folder

/** What is read of a store, or why it is not. Figures that depend on when it is read are left out. */
async function read(path) {
  const alerts = []
  const orchestrator = open(path)
  orchestrator.on('alert', ({ rule }) => void alerts.push(rule))
  try {
    const seen = {}
    for (const id of IDS) {
      const { metrics: _, ...execution } = (await orchestrator.getExecution(id)) ?? {}
      seen[id] = execution.status === 'damaged' ? 'damaged' : JSON.stringify(execution)
    }
    const { executions } = await orchestrator.listExecutions()
    const schedule = (await orchestrator.getSchedule('timer').catch((error) => error))?.next?.getTime() ?? 'damaged'
    // A key that stands for an execution, and an output that may be taken over: neither is made anew from what cannot be read.
    const key = await keyed(orchestrator).then(
      ({ id }) => id,
      (error) => error.code,
    )
    return { seen, count: executions.length, schedule, key, alerts }
  } catch (error) {
    if (error.code !== 'ERR_STORE_CORRUPT') throw error
    return 'refused'
  } finally {
    await orchestrator.shutdown({ drainMs: 0 }).catch(() => {})
  }
}

/** Puts these files in place of a store's, and says what is read of it, and whether `verifyStore` had called it sound. `lane`: who does, of several. */
async function look(files, lane = 0) {
  const path = join(folder, `looked-at-${lane}.db`)
  for (const rest of ['', '-wal', '-shm', '.lock', '.reserve', '-facts', '-facts-wal', '-facts-shm']) rmSync(path + rest, { force: true })
  for (const [rest, bytes] of Object.entries(files)) writeFileSync(path + rest, bytes)
  const report = await verify(path)
  return { found: await read(path), report }
}

async function verify(path) {
  const { verifyStore } = await import('@codexos/multi-agent-orchestrator')
  try {
    return await verifyStore(path)
  } catch (error) {
    return { sound: false, structure: error.message }
  }
}

/** What is wrong with what was read; nothing: it is what was written, or is said not to be. */
function wrong({ found, report }, expected) {
  if (found === 'refused') return report.sound ? ['it is refused, and `verifyStore` calls it sound'] : []
  // What lies behind damage in the middle of a log is gone, and people are told: what is before it is as it was.
  if (found.alerts.includes('store:log-damaged')) return report.log === null ? ['its log is damaged, and `verifyStore` says nothing'] : []
  const bad = IDS.filter((id) => found.seen[id] !== 'damaged' && found.seen[id] !== expected.seen[id])
  if (found.count !== expected.count) bad.push(`${found.count} executions`)
  if (![expected.schedule, 'damaged'].includes(found.schedule)) bad.push(`schedule ${found.schedule}`)
  if (![expected.key, 'ERR_STORE_CORRUPT'].includes(found.key)) bad.push(`key ${found.key}`)
  const isWhole =
    IDS.every((id) => found.seen[id] === expected.seen[id]) && found.schedule === expected.schedule && found.key === expected.key
  if (!isWhole && report.sound) bad.push('`verifyStore` calls it sound')
  return bad
}

/** The files of case `number`, and what was done to them. */
function damaged(number) {
  const isSector = number % SECTOR_EVERY === 0
  // The closed store, the log, and the file under a log, in turn.
  const [which, rest] = [
    ['closed', ''],
    ['killed', '-wal'],
    ['closed', ''],
    ['killed', ''],
  ][(isSector ? number / SECTOR_EVERY : number) % 4]
  const files = stores[which]
  const bytes = Buffer.from(files[rest])
  if (isSector) {
    const sectors = Math.floor(bytes.length / SECTOR)
    const sector = ((number / SECTOR_EVERY) * 7919) % sectors
    bytes.fill(0, sector * SECTOR, (sector + 1) * SECTOR)
    return [which, { ...files, [rest]: bytes }, `sector ${sector} of \`${rest}\` is lost`]
  }
  // Every part in turn, in steps that share no factor with any size.
  const bit = (number * 1_000_003) % (bytes.length * 8)
  bytes[bit >> 3] ^= 1 << (bit & 7)
  return [which, { ...files, [rest]: bytes }, `bit ${bit} of \`${rest}\` is flipped`]
}

/** What may become of whole files, each with what it is. */
function* lost() {
  const { closed, killed, other } = stores
  for (let end = 0; end < closed[''].length; end += PAGE) yield ['closed', { ...closed, '': closed[''].subarray(0, end) }, `cut at ${end}`]
  for (let end = 0; end < killed['-wal'].length; end += FRAME)
    yield ['killed', { ...killed, '-wal': killed['-wal'].subarray(0, end) }, `the log is cut at ${end}`]
  const { '-wal': _, ...without } = killed
  yield ['killed', without, 'the log is lost']
  yield ['killed', { ...without, '-wal': other['-wal'] }, 'the log is that of another store']
  yield ['killed', { ...without, '': other[''] }, 'the file is that of another store']
  yield ['closed', { ...closed, '-wal': other['-wal'] }, 'a closed store has the log of another']
  const middle = Buffer.from(killed['-wal'])
  middle.fill(0, 32 + 2 * FRAME, 32 + 3 * FRAME)
  yield ['killed', { ...killed, '-wal': middle }, 'the log is damaged in the middle']
}

export const damage = {
  name: 'damage',
  says: 'a store, or a log, in which a bit is flipped, a sector lost or a file cut, lost or foreign is found by name or harmed nothing; `verifyStore` says so too',
  total: 20_000,
  share: 500,
  part: 500,
  cases: async (from, to, done) => {
    if (stores === undefined) await prepare()
    if (from === 0) await each(lost())
    let held = from
    await each(flipped(from, to), () => done((held += 1)))
    // A proof that damages nothing would hold too.
    if (to - from >= 100 && (outcomes.refused === 0 || outcomes.named === 0 || outcomes.harmless === 0))
      throw new StepError(`the cases are not as various as they are to be: ${JSON.stringify(outcomes)}`)
    process.stdout.write(`since it began: ${JSON.stringify(outcomes)}\n`)
  },
}

/** How many stores were refused, had something that was said to be damaged, or were read as they had been written. */
const outcomes = { refused: 0, named: 0, harmless: 0 }

/** The damaged stores from one number to another. */
function* flipped(from, to) {
  for (let number = from; number < to; number += 1) yield damaged(number)
}

/** Holds each, some at once; `done` hears of each that held. */
async function each(cases, done = () => {}) {
  const work = async (lane) => {
    // All take from the same.
    for (const one of cases) {
      await hold(...one, lane)
      done()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => work(lane)))
}

async function hold(which, files, what, lane) {
  const looked = await look(files, lane).catch((error) => {
    throw new StepError(`${what}: ${error.stack}`)
  })
  const bad = wrong(looked, whole[which])
  if (bad.length > 0) throw new StepError(`${what}: ${bad.join(', ')}`)
  const isWhole = JSON.stringify(looked.found) === JSON.stringify(whole[which])
  outcomes[looked.found === 'refused' ? 'refused' : isWhole ? 'harmless' : 'named'] += 1
}

async function prepare() {
  folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'damage-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const filesOf = (path) =>
    Object.fromEntries(['', '-wal', '.lock'].filter((rest) => existsSync(path + rest)).map((rest) => [rest, readFileSync(path + rest)]))
  const path = join(folder, 'whole.db')
  const orchestrator = open(path)
  await begin(orchestrator)
  await orchestrator.shutdown({ drainMs: 0 })
  const closed = filesOf(path)
  const killed = await killedOver(closed, join(folder, 'killed.db'), filesOf)
  const other = await killedOver({}, join(folder, 'other.db'), filesOf)
  stores = { closed, killed, other }
  whole = { closed: (await look(closed)).found, killed: (await look(killed)).found }
  // What the killed process did beside is of no execution that is looked at.
  const [one, another] = Object.values(whole).map((found) => JSON.stringify({ ...found, count: 0 }))
  if (whole.closed === 'refused' || one !== another) throw new StepError(`the stores are not alike: ${one} and ${another}`)
}

/** The files of a process that was killed when what it had written was noted to be on the medium. */
async function killedOver(files, path, filesOf) {
  for (const [rest, bytes] of Object.entries(files)) writeFileSync(path + rest, bytes)
  const program = fileURLToPath(new URL('damage/store.mjs', import.meta.url))
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const noted = () => readFileSync(`${path}.lock`, 'utf8').split('\n')[2]
  // Twice the same over two seconds: the keeper has noted the last of it.
  let last
  await until(async () => {
    const before = last
    last = noted()
    await new Promise((resolve) => setTimeout(resolve, 1200))
    return last !== undefined && last === before
  })
  child.kill('SIGKILL')
  await once(child, 'exit')
  return filesOf(path)
}
