// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The pinned packages that the catalogue is made of, fetched with cargo and pip from wherever those fetch, once, into .cache/.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, StepError } from '../steps.mjs'

/** What is read, at which version; the day is that of the newest of the three, and the one whose prices are asked for. */
export const PINS = { 'rig-core': '0.46.0', litellm: '1.106.2', 'genai-prices': '0.2.3' }
export const DAY = '2026-10-30'

const cache = join(root, '.cache/catalogue')
const python = process.env.PYTHON ?? 'python3'

/** The rows of models.dev that rig-core ships: by vendor, by model. */
export async function modelsDev() {
  const version = PINS['rig-core']
  const folder = join(cache, `rig-core-${version}`)
  const file = join(folder, `vendor/rig-core-${version}/src/catalog/models.json`)
  if (!existsSync(file)) {
    // Cargo has no command that fetches one package; a package that depends on it does, and nothing is compiled.
    mkdirSync(join(folder, 'src'), { recursive: true })
    writeFileSync(join(folder, 'src/lib.rs'), '')
    const dependency = `rig-core = { version = "=${version}", default-features = false }`
    writeFileSync(
      join(folder, 'Cargo.toml'),
      `[package]\nname = "catalogue"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\n${dependency}\n\n[workspace]\n`,
    )
    await run('cargo', ['vendor', '--quiet', '--versioned-dirs'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  return read(file)
}

/** The price file of LiteLLM: by its own name for a model. */
export async function litellm() {
  const version = PINS.litellm
  const folder = join(cache, `litellm-${version}`)
  const file = join(folder, 'litellm/model_prices_and_context_window_backup.json')
  if (!existsSync(file)) {
    await run(python, ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, `litellm==${version}`])
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'))
    await run(python, ['-m', 'zipfile', '-e', join(folder, wheel), folder])
  }
  return read(file)
}

/** The prices of genai-prices on that day, standard and batch: by provider, by model asked for. */
export async function genaiPrices(asked) {
  const folder = join(cache, `genai-prices-${PINS['genai-prices']}`)
  if (!existsSync(folder))
    await run(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--no-warn-conflicts',
      '--target',
      folder,
      `genai-prices==${PINS['genai-prices']}`,
    ])
  const answer = spawnSync(python, [join(root, 'scripts/catalogue/genai_prices_of.py'), `${DAY}T12:00:00Z`], {
    input: JSON.stringify(asked),
    env: { ...process.env, PYTHONPATH: folder },
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  })
  if (answer.status !== 0) throw new StepError(`genai-prices could not be asked: ${answer.stderr || answer.error?.message}`)
  return JSON.parse(answer.stdout)
}

const read = (file) => JSON.parse(readFileSync(file, 'utf8'))
