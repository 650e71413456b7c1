// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The first two steps of every command: the pnpm named in package.json, then the dependencies in pnpm-lock.yaml.
// Plain Node, since it runs before anything is installed.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run } from './steps.mjs'

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const version = packageManager.replace(/^pnpm@/, '').replace(/\+.*$/, '')
// Outside node_modules, which pnpm may empty.
const home = join(root, '.cache', `pnpm-${version}`)
// pnpm's entry through Node needs no install script, and npm may refuse to run those.
const entry = join(home, 'node_modules', 'pnpm', 'bin', 'pnpm.mjs')

let pnpm

export const setupSteps = [
  { title: `pnpm ${version}`, run: findPnpm },
  { title: 'dependencies, as locked in pnpm-lock.yaml', run: install },
]

async function findPnpm() {
  pnpm = pnpmOnPath() === version ? ['pnpm'] : [process.execPath, entry]
  if (pnpm[0] === 'pnpm' || existsSync(entry)) return
  const flags = ['--prefix', home, '--no-save', '--no-package-lock', '--ignore-scripts', '--loglevel', 'error']
  await run('npm', ['install', ...flags, `pnpm@${version}`])
}

/** The version of the user's own pnpm; asked outside the repository, where it does not switch to the one we pin. */
function pnpmOnPath() {
  const options = { cwd: tmpdir(), encoding: 'utf8', timeout: 10_000, shell: process.platform === 'win32' }
  // Where pnpm is a Corepack shim, a question about the version must not become a download.
  return spawnSync('pnpm', ['--version'], { ...options, env: { ...process.env, COREPACK_ENABLE_NETWORK: '0' } }).stdout?.trim()
}

async function install() {
  const [command, ...first] = pnpm
  await run(command, [...first, 'install', '--frozen-lockfile', '--prefer-offline', '--loglevel', 'error'], { name: 'pnpm' })
}
