// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A suite that finds nothing may look at nothing. Each patch in __test__/crossed/reverts takes back one mend, and `crossed` must notice.
//
// The patched package is built in a copy of the repository, a worktree of git below target/, and run by the suite as it is here.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, StepError } from '../steps.mjs'
import { bundleCrossed, firstDifference } from './crossed.mjs'

/** Of how many cases one must notice. */
const CASES = 20_000
/** So many are run at first, and each time twice as many as before. */
const FIRST_CASES = 50

const folder = '__test__/crossed/reverts'
const copy = join(root, 'target/prove/reverts')
const target = join(root, 'target/prove/reverts-target')
const patches = readdirSync(join(root, folder))
  .filter((file) => file.endsWith('.patch'))
  .toSorted()

export const reverts = {
  name: 'reverts',
  says: 'each mend that is taken back is noticed by `crossed` within 20,000 cases',
  total: patches.length,
  part: 1,
  // It builds its own.
  builds: false,
  check: () => {
    for (const patch of patches) git(root, 'apply', '--check', join(folder, patch))
  },
  cases: async (from, to, done) => {
    for (let place = from; place < to; place += 1) {
      await notice(patches[place])
      done(place + 1)
    }
    if (to === patches.length) git(root, 'worktree', 'remove', '--force', copy)
  },
}

/** Builds with a patch, and runs cases until one differs. */
async function notice(patch) {
  const began = Date.now()
  await prepare(patch)
  const built = Date.now()
  const noticed = await noticedIn(0, FIRST_CASES)
  const seconds = (since) => `${Math.round((Date.now() - since) / 1000)} s`
  if (noticed === undefined) throw new StepError(`${patch} is not noticed by ${CASES} cases, in ${seconds(built)}`)
  const { seed, difference } = noticed
  const told = difference.length > 200 ? `${difference.slice(0, 200)}…` : difference
  process.stdout.write(`${patch}: noticed by case ${seed + 1}, in ${seconds(built)} (${seconds(began)} with the build)\n    ${told}\n`)
}

async function noticedIn(from, to) {
  const noticed = await firstDifference(copy, from, to, () => {})
  if (noticed !== undefined || to >= CASES) return noticed
  return noticedIn(to, Math.min(CASES, 3 * to - 2 * from))
}

async function prepare(patch) {
  // What is not committed is proven too.
  const commit = git(root, 'stash', 'create').trim() || 'HEAD'
  if (existsSync(join(copy, '.git'))) git(copy, 'checkout', '--quiet', '--force', '--detach', git(root, 'rev-parse', commit).trim())
  else {
    rmSync(copy, { recursive: true, force: true })
    git(root, 'worktree', 'prune')
    git(root, 'worktree', 'add', '--quiet', '--detach', copy, commit)
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
  }
  git(copy, 'apply', join(root, folder, patch))
  mkdirSync(join(copy, 'target'), { recursive: true })
  const build = `import { addonStep, bundleStep } from './scripts/build.mjs'
    for (const step of [addonStep('debug'), bundleStep()]) await step.run()`
  // A place of its own: cargo would take what it built of the copy for what it built of this.
  const env = { ...process.env, CARGO_TARGET_DIR: target }
  await run(process.execPath, ['--input-type=module', '--eval', build], { cwd: copy, env, name: `the build with ${patch}` })
  await bundleCrossed(copy)
}

function git(where, ...args) {
  try {
    return execFileSync('git', args, { cwd: where, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    throw new StepError(`git ${args.join(' ')}: ${error.stderr?.trim() || error.message}`)
  }
}
