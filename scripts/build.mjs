// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// From a fresh clone to dist/. Every other command starts with these steps; cargo decides by itself what is stale.
//   node scripts/build.mjs    release addon, bundle, declarations

import { join } from 'node:path'
import { setupSteps } from './setup.mjs'
import { root, runSteps, runTool } from './steps.mjs'

/** The steps that end with dist/ ready, its addon built in `profile` ('debug' or 'release'). */
export const buildSteps = (profile, features = []) => [...setupSteps, addonStep(profile, features), bundleStep(features)]

export const addonStep = (profile, features = []) => ({
  title: ['addon', profile, ...features].join(', '),
  run: () => {
    const flags = ['--platform', '--output-dir', nativeFolder(features), '--no-js', '--dts', 'binding.d.cts']
    if (profile === 'release') flags.push('--release')
    if (features.length > 0) flags.push('--features', features.join(' '))
    const env = process.platform === 'win32' ? process.env : { ...process.env, CARGO: join(root, 'scripts/cargo.sh') }
    return runTool('@napi-rs/cli', ['build', ...flags], { env })
  },
})

export const bundleStep = (features = []) => ({
  title: 'bundle',
  // Imported late: rolldown is not there before the install step.
  run: async () => (await import('./bundle.mjs')).bundle(join(root, nativeFolder(features))),
})

export const declarationsStep = {
  title: 'declarations, index.d.ts and testing.d.ts',
  run: async () => (await import('./declarations.mjs')).declare(),
}

/** Extra features have their own exports, which must not reach the committed binding. */
const nativeFolder = (features) => (features.length > 0 ? `target/addon-${features.join('-')}` : 'ts/native')

if (process.argv[1] === import.meta.filename) await runSteps([...buildSteps('release'), declarationsStep])
