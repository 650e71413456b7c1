// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the addon of a release takes, by package, what importing the package takes, and whether both keep their bounds:  npm run size
// The linker says where each function went (its map of x86_64 Linux); everywhere else only the sums are known.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildSteps } from './build.mjs'
import { root, runSteps, StepError } from './steps.mjs'

const MIB = 1024 ** 2
/** A platform's package holds little else than its addon, and npm packs with gzip. */
// 17 MiB, packed 8 MB, without monitoring and Redis; each pillar raises the first, to 20 at most, and the other in proportion.
const BOUNDS = { addon: 19 * MIB, packed: 8_950_000, importMs: 60 }
const ROWS = 30
const STANDARD = new Set(['alloc', 'compiler_builtins', 'core', 'std'])

await runSteps([...buildSteps('release'), { title: 'bytes by package', run: size }])

function size() {
  const natives = join(root, 'ts/native')
  const name = readdirSync(natives).find((file) => file.endsWith('.node'))
  if (name === undefined) throw new StepError('the build left no addon in ts/native')
  const bytes = readFileSync(join(natives, name))
  const map = newestMap(join(root, 'target'))
  if (map !== undefined) {
    const rows = [...byPackage(readFileSync(map, 'utf8'))].toSorted(([, one], [, other]) => other - one)
    for (const [holder, sum] of rows.slice(0, ROWS)) print(`${(sum / 1024).toFixed(0).padStart(8)} KiB  ${holder}`)
    const rest = rows.slice(ROWS).reduce((sum, [, one]) => sum + one, 0)
    print(`${(rest / 1024).toFixed(0).padStart(8)} KiB  of ${Math.max(0, rows.length - ROWS)} more`)
  }
  const packed = gzipSync(bytes, { level: 9 }).length
  print(
    `${name}: ${(bytes.length / MIB).toFixed(2)} MiB, at most ${BOUNDS.addon / MIB}; packed ${(packed / 1e6).toFixed(2)} MB, at most ${BOUNDS.packed / 1e6}`,
  )
  const importMs = importTime()
  print(`importing the package takes ${importMs.toFixed(1)} ms of a processor, at most ${BOUNDS.importMs}`)
  const missed = bytes.length > BOUNDS.addon || packed > BOUNDS.packed || importMs > BOUNDS.importMs
  if (missed) throw new StepError('a bound is not kept, see above')
}

/** The median of fresh processes, in time on a processor: what else the machine does is not counted. */
function importTime() {
  const program = `const before = process.cpuUsage()
    await import('@codexos/multi-agent-orchestrator')
    const { user, system } = process.cpuUsage(before)
    process.stdout.write(String((user + system) / 1000))`
  const once = () => Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: root, encoding: 'utf8' }))
  return Array.from({ length: 9 }, once).toSorted((one, other) => one - other)[4]
}

/** The map that the last link left. */
function newestMap(folder) {
  const maps = readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('addon.map'))
    .map((file) => join(folder, file))
  return maps.toSorted((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)[0]
}

/** Bytes by package: a function counts for the package whose code it is, a generic of the standard library for the first other package in its name. */
function byPackage(map) {
  const sums = new Map()
  for (const line of map.split('\n')) {
    const section = /^\s*[0-9a-f]+\s+[0-9a-f]+\s+([0-9a-f]+)\s+\d+ {9}(\S.*)$/.exec(line)
    if (section === null) continue
    const [, hex, input] = section
    const holder = holderOf(input)
    sums.set(holder, (sums.get(holder) ?? 0) + Number.parseInt(hex, 16))
  }
  return sums
}

function holderOf(input) {
  const mangled = /_ZN(\d+)(.*)/.exec(input)
  if (mangled !== null) {
    const [, length, rest] = mangled
    const first = rest.slice(0, Number(length))
    if (!first.startsWith('_') && !STANDARD.has(first)) return first
    const named = [...rest.matchAll(/([a-z][a-z0-9_]*)\.\./g)].map(([, name]) => name)
    return named.find((name) => !STANDARD.has(name)) ?? 'the standard library'
  }
  // The other way to write a name: `Cs`, a hash, and the package with its length before it.
  const written = /\.text\._R\w*?Cs[0-9A-Za-z]+_(\d+)_?(\w+)/.exec(input)
  if (written !== null) {
    const name = written[2].slice(0, Number(written[1]))
    return STANDARD.has(name) ? 'the standard library' : name
  }
  const library = /lib([a-z0-9_]+)-[0-9a-f]+\.rlib/.exec(input)
  if (library !== null) return STANDARD.has(library[1]) ? 'the standard library' : library[1]
  const kind = /(?:\.o:\(|<internal>:\()(\.[a-z_]+(?:\.[a-z_]+)?)/.exec(input)
  return kind === null ? 'all else' : `all packages: ${kind[1]}`
}

function print(line) {
  process.stdout.write(`${line}\n`)
}
