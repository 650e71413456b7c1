// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A suite that finds nothing may look at nothing. Each patch in __test__/crossed/reverts takes back one mend, and `crossed` must notice.
//
// The patched package is built in a copy of the repository, a worktree of git below target/, and run by the suite as it is here. Files move: a patch is applied to
// where the files that it names are today, by what git says of their moves.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, StepError } from '../steps.mjs'
import { bundleSuite, firstDifference } from './crossed.mjs'

/** Of how many cases one must notice. */
const CASES = 20_000
/** So many are run at first, and each time twice as many as before. */
const FIRST_CASES = 50

const folder = '__test__/crossed/reverts'
const copy = join(root, 'target/prove/reverts')
const target = join(root, 'target/prove/reverts-target')
const native = 'ts/native'
const patches = readdirSync(join(root, folder))
  .filter((file) => file.endsWith('.patch'))
  .toSorted()

export const reverts = {
  name: 'reverts',
  says: 'each mend that is taken back is noticed by `crossed` within 20,000 cases',
  total: patches.length,
  part: 1,
  check: () => {
    const wrong = patches.flatMap((patch) => wrongWith(patch) ?? [])
    if (wrong.length > 0) throw new StepError(`${wrong.length} of ${patches.length} patches do not apply any more:\n${wrong.join('\n')}`)
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
  const { text, paths } = read(patch)
  apply(copy, text)
  const isRust = paths.some((path) => path.endsWith('.rs'))
  // What is no Rust runs with the addon that is here.
  if (!isRust)
    for (const file of readdirSync(join(root, native)).filter((name) => name.endsWith('.node')))
      cpSync(join(root, native, file), join(copy, native, file))
  const build = `import { addonStep, bundleStep } from './scripts/build.mjs'
    for (const step of [${isRust ? "addonStep('debug'), " : ''}bundleStep()]) await step.run()`
  // A place of its own: cargo would take what it built of the copy for what it built of this.
  const env = { ...process.env, CARGO_TARGET_DIR: target }
  await run(process.execPath, ['--input-type=module', '--eval', build], { cwd: copy, env, name: `the build with ${patch}` })
  await bundleSuite('crossed', copy)
}

/** What keeps a patch from being applied to the code of today. */
function wrongWith(patch) {
  try {
    apply(root, read(patch).text, '--check')
  } catch (error) {
    return `${patch}: ${error.message}`
  }
}

/** A patch, for the paths that the files which it names have today. */
function read(patch) {
  let text = readFileSync(join(root, folder, patch), 'utf8')
  const paths = [...text.matchAll(/^--- a\/(.+)$/gm)].map(([, path]) => path)
  const today = paths.map(placeOf)
  // Of the lines that name files alone.
  for (const [at, path] of paths.entries())
    text = text.replaceAll(/^(?:diff --git|---|\+\+\+) .+$/gm, (line) => line.replaceAll(`/${path}`, `/${today[at]}`))
  return { text, paths: today }
}

/** Where a file is today that was at `path` once. */
function placeOf(path) {
  if (existsSync(join(root, path))) return path
  const gone = git(root, 'log', '-1', '--diff-filter=D', '--format=%H', '--', path).trim()
  const moves = gone === '' ? [] : git(root, 'show', '--name-status', '--find-renames', '--diff-filter=R', '--format=', gone).split('\n')
  const move = moves.map((line) => line.split('\t')).find(([, from]) => from === path)
  if (move === undefined) throw new StepError(`${path} is not there any more, and git knows of no move`)
  return placeOf(move[2])
}

function apply(where, text, ...how) {
  gitWith(text, where, ['apply', ...how, '-'])
}

function git(where, ...args) {
  return gitWith('', where, args)
}

function gitWith(input, where, args) {
  try {
    return execFileSync('git', args, { cwd: where, encoding: 'utf8', stdio: 'pipe', input })
  } catch (error) {
    throw new StepError(`git ${args.join(' ')}: ${error.stderr?.trim() || error.message}`)
  }
}
