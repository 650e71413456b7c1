// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A suite that finds nothing proves nothing: each patch in __test__/crossed/patches takes one mend back, and the crossed suite must notice.

import { cpSync, existsSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root, run, StepError } from '../steps.mjs'
import { bundleCrossed, runCrossed } from './crossed.mjs'

const CASES_MAX = 20_000
const patches = join(root, '__test__/crossed/patches')
const scratch = join(root, 'target/prove/reverts')

export const reverts = {
  name: 'reverts',
  says: 'a mend that is taken back is noticed by the crossed suite within 20000 cases',
  share: 0,
  get total() {
    return names().length
  },
  part: 1,
  prepare: bundleCrossed,
  async cases(from, to, done) {
    for (const [at, name] of names().slice(from, to).entries()) {
      const seed = await caughtAt(name)
      process.stdout.write(`${name}: ${seed}\n`)
      done(from + at + 1)
    }
  },
}

const names = () =>
  readdirSync(patches)
    .filter((name) => name.endsWith('.patch'))
    .toSorted()

/** The first difference that the suite finds with a patch in place. */
async function caughtAt(name) {
  if (!existsSync(scratch)) await run('git', ['worktree', 'add', '--detach', '--force', scratch, 'HEAD'])
  await run('git', ['checkout', '--quiet', '--force', '--detach', 'HEAD'], { cwd: scratch })
  await run('git', ['reset', '--quiet', '--hard', await head()], { cwd: scratch })
  if (!existsSync(join(scratch, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'))
  if (existsSync(join(root, '.cache')) && !existsSync(join(scratch, '.cache')))
    cpSync(join(root, '.cache'), join(scratch, '.cache'), { recursive: true })
  await run('git', ['apply', '--whitespace=nowarn', join(patches, name)], { cwd: scratch })
  const build = `
    const { addonStep, bundleStep } = await import(${JSON.stringify(join(scratch, 'scripts/build.mjs'))})
    await addonStep('debug').run()
    await bundleStep().run()`
  await run(process.execPath, ['--input-type=module', '--eval', build], { cwd: scratch, name: `the build of ${basename(name)}` })
  cpSync(join(root, 'target/prove/crossed.mjs'), join(scratch, 'target/prove/crossed.mjs'), { recursive: true })
  try {
    await runCrossed(scratch, 0, CASES_MAX, () => {})
  } catch (error) {
    if (error instanceof StepError && error.message.startsWith('seed ')) return error.message.slice(0, 300)
    throw error
  } finally {
    rmSync(join(scratch, 'dist'), { recursive: true, force: true })
  }
  throw new StepError(`${name} is not noticed within ${CASES_MAX} cases`)
}

async function head() {
  const { execFileSync } = await import('node:child_process')
  return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
}
