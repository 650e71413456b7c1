// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Has the official SDKs judge what we send: every body goes to a server through a relay that keeps it, then to the types of `openai`, `anthropic` and
// `google-genai`; and a corrupted copy of each must be refused, or the judge is none.
//   npm run wires:validate      needs python3 (3.10 or later) with venv and pip; what was installed stays in .cache/

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, runSteps, StepError } from '../steps.mjs'
import { bodies } from './bodies.mjs'

const PINS = ['openai==2.54.0', 'anthropic==2.12.0', 'google-genai==3.4.0']
const folder = join(root, '.cache/wires')
const [home, ready, sent] = [join(folder, 'python'), join(folder, 'ready'), join(folder, 'bodies.json')]
const python = process.env.PYTHON ?? 'python3'
const own = process.platform === 'win32' ? join(home, 'Scripts/python.exe') : join(home, 'bin/python')

await runSteps([
  { title: 'python, and the SDKs in a virtual environment of their own', run: install },
  {
    title: 'every request, kept as it is sent',
    run: async () => writeFileSync(sent, JSON.stringify(await bodies())),
  },
  { title: `judged by ${PINS.join(', ')}`, run: () => run(own, [join(root, 'scripts/wires/judge.py'), sent]) },
])

async function install() {
  const { status } = spawnSync(python, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'], { stdio: 'ignore' })
  if (status !== 0)
    throw new StepError(
      `${python} is not there, or is older than 3.10, or lacks venv or pip. Install Python 3.10 or later (on Debian and Ubuntu also python3-venv), or name one in PYTHON. Nothing but this command needs it.`,
    )
  const wanted = `${ready}-${PINS.join('-').replaceAll('=', '')}`
  if (existsSync(wanted) && existsSync(own)) return
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await run(python, ['-m', 'venv', home])
  await run(own, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PINS])
  writeFileSync(wanted, '')
}
