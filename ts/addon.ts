// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Finds the addon of this platform: beside this file where it was built here, else in the package of its platform. Whoever cannot load it is told what
// to do, since that is the first thing that somebody sees of us.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { errorOf, type OrchestratorError } from './api/errors.js'
import { messageOf } from './failure/failure.js'

const PACKAGE = '@codexos/multi-agent-orchestrator'

/** The platforms there are addons for, as `npm/` has them. */
const PLATFORMS: readonly string[] = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-x64-msvc',
]

const require = createRequire(import.meta.url)

/** The C library, which on Linux belongs to the name of a platform. */
function libc(): 'gnu' | 'musl' {
  try {
    return readFileSync('/usr/bin/ldd', 'utf8').includes('musl') ? 'musl' : 'gnu'
  } catch {
    // There is none, or it may not be read.
    const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
    return header?.glibcVersionRuntime === undefined ? 'musl' : 'gnu'
  }
}

/** What this platform is called. */
function platform(): string {
  const { platform: system, arch } = process
  if (system === 'linux') return `${system}-${arch}-${libc()}`
  return system === 'win32' ? `${system}-${arch}-msvc` : `${system}-${arch}`
}

function isThere(path: string): boolean {
  try {
    return require.resolve(path) !== ''
  } catch {
    return false
  }
}

const packageOf = (name: string): string => `${PACKAGE}-${name}`

function load(): unknown {
  const here = platform()
  const paths = [`./native/multi-agent-orchestrator.${here}.node`, packageOf(here)]
  const failures: { path: string; error: unknown }[] = []
  for (const path of PLATFORMS.includes(here) ? paths : []) {
    try {
      return require(path)
    } catch (error) {
      failures.push({ path, error })
    }
  }
  throw unloadable(
    here,
    failures.find(({ path }) => isThere(path)),
  )
}

/** Why there is no addon. `found`: the one that is there and cannot be loaded. */
function unloadable(here: string, found: { path: string; error: unknown } | undefined): OrchestratorError {
  const all = `there are seven: ${PLATFORMS.join(', ')}`
  const others = PLATFORMS.filter((name) => name !== here && isThere(packageOf(name)))
  const details = { platform: here, installed: others }
  const failed = (message: string): OrchestratorError =>
    errorOf('ERR_ADDON', `the addon of ${PACKAGE} cannot be loaded: ${message}`, { details, cause: found?.error })
  if (!PLATFORMS.includes(here)) return failed(`there is none for this platform, ${here}; ${all}`)
  const own = packageOf(here)
  const install = `npm install ${own}@${version()}`
  if (found === undefined) {
    const instead = others.length === 0 ? '' : `, and what is installed is for another one (${others.join(', ')})`
    return failed(
      `its package for this platform, ${here}, is not installed${instead}; run \`${install}\`, or install again on this platform: it is an optional ` +
        'dependency, which `--omit=optional` and `--no-optional` leave out, and node_modules that were copied from another platform have another ' +
        `one; ${all}`,
    )
  }
  const { error, path } = found
  const { code } = error as { code?: unknown }
  if (code === 'ERR_DLOPEN_DISABLED')
    return failed(
      `Node runs with its permission model (or \`--no-addons\`), which forbids addons; start it with \`--allow-addons\` too, without \`--no-addons\``,
    )
  if (code === 'ERR_ACCESS_DENIED')
    return failed(
      `Node runs with its permission model and may not read ${require.resolve(path)}; start it with \`--allow-fs-read\` for that folder`,
    )
  const kind = here.endsWith('-gnu')
    ? '; it is made for glibc, and a system with musl (Alpine) needs the package that ends in -musl'
    : here.endsWith('-musl')
      ? '; it is made for musl (Alpine), and a system with glibc needs the package that ends in -gnu'
      : ''
  return failed(
    `${require.resolve(path)} for this platform, ${here}: ${messageOf(error)}${kind}; to have it anew, run \`${install}\`; ${all}`,
  )
}

/** Of this package; those of the platforms have the same. */
function version(): string {
  try {
    return (require('../package.json') as { version: string }).version
  } catch {
    return 'latest'
  }
}

export const addon: unknown = load()
