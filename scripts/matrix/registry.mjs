// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A registry on loopback (verdaccio), which has the packed packages and nothing else: whatever is not ours comes from where npm always asks.

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { packed } from '../pack.mjs'
import { root, StepError } from '../steps.mjs'
import { exec, tool } from './tools.mjs'

export const SCOPE = '@codexos'

const VERDACCIO = 'verdaccio@6.7.4'
/** One of its dependencies is named by a tag, which not every registry has. */
const PARTS = { overrides: { 'node-fetch': '^2.7.0' }, flags: ['--omit=optional'] }
const STARTS_WITHIN_MS = 30_000

/** Starts it, publishes what is packed, and gives its address and how to stop it. */
export async function startRegistry() {
  const folder = join(root, 'target/matrix/registry')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const access = { access: '$all', publish: '$authenticated' }
  const config = {
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    packages: { [`${SCOPE}/*`]: access },
    max_body_size: '500mb',
    log: { type: 'stdout', format: 'pretty', level: 'error' },
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config))
  const port = await freePort()
  const verdaccio = join(await tool(VERDACCIO, PARTS), 'node_modules/verdaccio/bin/verdaccio')
  const args = [verdaccio, '--config', join(folder, 'config.yaml'), '--listen', `127.0.0.1:${port}`]
  const child = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  const url = `http://127.0.0.1:${port}/`
  const stop = () => child.kill()
  try {
    await answers(url, child)
    await publish(url, folder)
  } catch (error) {
    stop()
    throw error
  }
  return { url, stop }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function answers(url, child) {
  const until = Date.now() + STARTS_WITHIN_MS
  while (
    !(await fetch(`${url}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > until) throw new StepError('the registry on loopback did not start')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function publish(url, folder) {
  const user = { name: 'matrix', password: 'only-on-loopback', type: 'user', roles: [] }
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}-/user/org.couchdb.user:matrix`, { method: 'PUT', headers, body: JSON.stringify(user) })
  const { token } = await answer.json()
  writeFileSync(join(folder, '.npmrc'), `${url.replace('http:', '')}:_authToken=${token}\n`)
  const one = async (file) => {
    const args = [
      'publish',
      join(packed, file),
      '--registry',
      url,
      '--userconfig',
      join(folder, '.npmrc'),
      '--ignore-scripts',
      '--loglevel',
      'error',
    ]
    const { code, output } = await exec('npm', args, { cwd: folder })
    if (code !== 0) throw new StepError(`${file} cannot be published:\n${output}`)
  }
  await Promise.all(readdirSync(packed).map(one))
}
