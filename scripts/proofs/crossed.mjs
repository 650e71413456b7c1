// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Random workflows that cross the features, against the interpreter of __test__/crossed. Two processes share the cases.

import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root, StepError } from '../steps.mjs'

const PROCESSES = 2

export const crossed = {
  name: 'crossed',
  says: 'random workflows that cross all features end as a slow interpreter says, wherever they crash',
  share: 2000,
  total: 100_000,
  prepare: () => bundleSuite('crossed'),
  cases: (...given) => runSuite('crossed', ...given),
}

/** Runs the cases from `from` to `to` of a suite of random cases. */
export async function runSuite(suite, from, to, done) {
  const differing = await firstDifference(root, from, to, done, suite)
  if (differing !== undefined) throw new StepError(`seed ${differing.seed}: ${differing.difference}`)
}

/** Runs the cases from `from` to `to` by the package in `where`; the first that differs, `{ seed, difference }`. */
export async function firstDifference(where, from, to, done, suite = 'crossed') {
  const ends = await Promise.all(
    Array.from({ length: PROCESSES }, (_, process) =>
      share(entryOf(suite, where), where, from + process, to, (count) => done(from + count * PROCESSES)),
    ),
  )
  return ends.filter((end) => end !== undefined).toSorted((one, other) => one.seed - other.seed)[0]
}

/** Bundles a suite into `where`: the package there stays what it is, and is found by its name. */
export async function bundleSuite(suite, where = root) {
  const { build } = await import('rolldown')
  const { output } = await build({
    cwd: root,
    input: `__test__/${suite}/main.ts`,
    external: [/^@codexos\//, /^node:/, 'zod'],
    platform: 'node',
    write: false,
    output: { format: 'esm' },
  })
  mkdirSync(join(where, 'target/prove'), { recursive: true })
  writeFileSync(entryOf(suite, where), output[0].code)
}

/** One process: every other case. Resolves with the first that differs. */
function share(entry, where, from, to, done) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, String(from), String(to), String(PROCESSES)], {
      cwd: where,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let held = 0
    let differing
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line)
      if (said.difference !== undefined) differing ??= said
      else done((held = said.held))
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0 || differing !== undefined) resolve(differing)
      else reject(new StepError(`after ${held} cases the process ended with ${code}`))
    })
  })
}

function entryOf(suite, where) {
  return join(where, 'target/prove', `${suite}.mjs`)
}
