// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Builds once, then again after each change: everything when Rust changed, the bundle alone when only ts/ did.

import { existsSync, watch } from 'node:fs'
import { join } from 'node:path'
import { addonStep, buildSteps, bundleStep } from './build.mjs'
import { root, runSteps } from './steps.mjs'

const quietMs = 150
const changed = new Set()
let timer
let building = false

// Watching first, so that a change made during the first build is not missed.
for (const folder of ['ts', 'src', 'crates'].filter((name) => existsSync(join(root, name)))) {
  watch(join(root, folder), { recursive: true }, (_event, file) => notice(folder, file ?? ''))
}
watch(join(root, 'Cargo.toml'), () => notice('src', 'Cargo.toml'))
await build(buildSteps('debug'))

function notice(folder, file) {
  // ts/native is what the build itself writes.
  if (folder === 'ts' && (file.startsWith('native/') || file === 'native' || !file.endsWith('.ts'))) return
  changed.add(folder === 'ts' ? 'ts' : 'rust')
  clearTimeout(timer)
  timer = setTimeout(() => void rebuild(), quietMs)
}

async function rebuild() {
  if (building) return
  const steps = changed.has('rust') ? [addonStep('debug'), bundleStep()] : [bundleStep()]
  changed.clear()
  await build(steps)
  if (changed.size > 0) await rebuild()
}

async function build(steps) {
  building = true
  await runSteps(steps, { stay: true })
  building = false
  process.stdout.write('Watching ts/, src/ and crates/; Ctrl-C ends\n')
}
