// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The tools of the matrix: fetched when they are first needed, into .cache/matrix, and no dependency of this repository.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { root, StepError } from '../steps.mjs'

const cache = join(root, '.cache/matrix')

// Yarn remembers where a version was fetched from, and the registry has another port each time.
const yarnGlobal = join(cache, 'yarn-global')
rmSync(yarnGlobal, { recursive: true, force: true })

/** What npm, pnpm and yarn keep of what they have fetched: apart from the user's own, since packages of one version differ from run to run here. */
export const CACHES = {
  npm_config_cache: join(cache, 'npm'),
  npm_config_store_dir: join(cache, 'pnpm'),
  pnpm_config_store_dir: join(cache, 'pnpm'),
  YARN_CACHE_FOLDER: join(cache, 'yarn'),
  YARN_ENABLE_GLOBAL_CACHE: '0',
  YARN_GLOBAL_FOLDER: yarnGlobal,
  YARN_ENABLE_TELEMETRY: '0',
  NEXT_TELEMETRY_DISABLED: '1',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
  npm_config_update_notifier: 'false',
}

const HANGS_AFTER_MS = 300_000

/** Runs a command to its end; its exit code, and all that it wrote. */
export function exec(command, args, { cwd, env = {}, timeoutMs = HANGS_AFTER_MS }) {
  return new Promise((resolve, reject) => {
    const shell = process.platform === 'win32'
    const child = spawn(command, args, { cwd, shell, env: { ...process.env, ...CACHES, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    child.once('error', (error) => reject(new StepError(`cannot start ${command}: ${error.message}`)))
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, output: signal === null ? output : `${output}\nended by ${signal}` })
    })
  })
}

/** The folder in which a tool is installed, `name@version` of npm; `overrides` as in a manifest. */
export async function tool(spec, { overrides = {}, flags = [] } = {}) {
  const folder = join(cache, 'tools', spec.replaceAll(/[@/]/g, '_'))
  const done = join(folder, '.done')
  if (existsSync(done)) return folder
  mkdirSync(folder, { recursive: true })
  const [, name, version] = /^(@?[^@]+)@(.+)$/.exec(spec)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: { [name]: version }, overrides }))
  const { code, output } = await exec('npm', ['install', '--ignore-scripts', ...flags, '--no-package-lock', '--loglevel', 'error'], {
    cwd: folder,
  })
  if (code !== 0) throw new StepError(`${spec} cannot be installed:\n${output}`)
  writeFileSync(done, '')
  return folder
}

/** The folder with the `node` of a version, out of the package of this platform. */
export async function nodeFolder(version) {
  const system = process.platform === 'win32' ? 'win' : process.platform
  const name = `node-${system}-${process.arch}`
  return join(await tool(`${name}@${version}`), 'node_modules', name, 'bin')
}

/** The environment in which `folders` are searched first. */
export const withPath = (...folders) => ({ PATH: [...folders, process.env.PATH].join(delimiter) })
