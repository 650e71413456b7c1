// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Random expressions against every bound, in a release build:  npm run fuzz [-- <seconds>]

import { run, runSteps, StepError } from './steps.mjs'

const seconds = Number(process.argv[2] ?? 30)
if (!Number.isSafeInteger(seconds) || seconds < 1) throw new StepError('seconds must be a whole number')
const args = ['test', '--release', '--target', 'host-tuple', '--package', 'expressions', '--', '--nocapture']
const env = { ...process.env, FUZZ_SECONDS: String(seconds) }
await runSteps([{ title: `expressions, for ${seconds} s`, run: () => run('cargo', args, { env }) }])
