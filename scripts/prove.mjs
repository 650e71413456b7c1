// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is too long for a test: proofs over many cases, each in parts that go on where they were stopped.
//   npm run prove                    every proof, whole
//   npm run prove -- crossed         one proof, whole
//   npm run prove -- --share         of each proof the share that every change must pass
//   npm run prove -- crossed 5000    the first 5000 cases of one
// A whole proof that holds leaves its row in docs/reliability.md.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSteps } from './build.mjs'
import { backups } from './proofs/backups.mjs'
import { crossed } from './proofs/crossed.mjs'
import { damage } from './proofs/damage.mjs'
import { explained } from './proofs/explained.mjs'
import { mended } from './proofs/mended.mjs'
import { reverts } from './proofs/reverts.mjs'
import { setupSteps } from './setup.mjs'
import { root, runSteps, StepError } from './steps.mjs'

/**
 * Each is `{ name, says, total, part?, cases(from, to, done) }`: `done(count)` is told of cases that held, and what does not hold is thrown. Every change
 * must pass the first `share` of its cases, or `check()` in their place. `prepare()` comes before; `builds: false`: it needs no build.
 */
const PROOFS = [crossed, mended, explained, reverts, damage, backups]

const folder = join(root, 'target/prove')
const words = process.argv.slice(2)
const shares = words.includes('--share')
const names = words.filter((word) => PROOFS.some(({ name }) => name === word))
const count = words.find((word) => /^\d+$/.test(word))
const unknown = words.find((word) => word !== '--share' && word !== count && !names.includes(word))
if (unknown !== undefined) throw new StepError(`no proof is called ${unknown}; there are ${PROOFS.map(({ name }) => name).join(', ')}`)

const chosen = PROOFS.filter(({ name }) => names.length === 0 || names.includes(name))
// A share runs on what the tests have built.
const profile = shares ? 'debug' : 'release'
const before = chosen.some(({ builds }) => builds !== false) ? buildSteps(profile) : setupSteps
await runSteps([...before, ...chosen.map((proof) => ({ title: `${proof.name}: ${proof.says}`, run: () => prove(proof) }))])

async function prove(proof) {
  if (shares && proof.check !== undefined) return proof.check()
  await proof.prepare?.()
  const total = shares ? proof.share : Number(count ?? proof.total)
  const commit = commitOf()
  const state = shares ? { commit, next: 0, seconds: 0 } : stateOf(proof, commit)
  if (state.next > 0) say(`${state.next} of ${total} held before, on this commit`)
  let told = Date.now()
  while (state.next < total) {
    const began = Date.now()
    const before = state.next
    const end = Math.min(total, before + (proof.part ?? 1000))
    await proof.cases(before, end, (held) => {
      if (Date.now() - told > 30_000) say(`${held} of ${total}, ${((Date.now() - began) / (held - before)).toFixed(1)} ms each`)
      if (Date.now() - told > 30_000) told = Date.now()
    })
    state.next = end
    state.seconds += (Date.now() - began) / 1000
    if (!shares) save(proof, state)
  }
  say(`${total} held in ${Math.round(state.seconds)} s`)
  if (!shares && total >= proof.total) record(proof, state)
}

function stateOf(proof, commit) {
  try {
    const state = JSON.parse(readFileSync(join(folder, `${proof.name}.json`), 'utf8'))
    if (state.commit === commit) return state
  } catch {
    // It never ran here.
  }
  return { commit, next: 0, seconds: 0 }
}

function save({ name }, state) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(state))
}

/** Its row in the table of docs/reliability.md. */
function record(proof, { next, seconds, commit }) {
  const file = join(root, 'docs/reliability.md')
  const row = `| \`${proof.name}\` | ${proof.says} | ${next} in ${Math.round(seconds)} s | ${commit} | ${new Date().toISOString().slice(0, 10)} |`
  const lines = readFileSync(file, 'utf8').split('\n')
  const at = lines.findIndex((line) => line.startsWith(`| \`${proof.name}\` |`))
  if (at === -1) lines.splice(lines.findIndex((line) => line.startsWith('|---')) + 1, 0, row)
  else lines[at] = row
  writeFileSync(file, lines.join('\n'))
}

function commitOf() {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  return (
    git('rev-parse', '--short', 'HEAD') +
    (git('status', '--porcelain', '--untracked-files=no', '--', '.', ':!docs') === '' ? '' : ' and changes')
  )
}

function say(line) {
  process.stdout.write(`${line}\n`)
}
