// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Builds in release, then hands the terminal over to a program of this repository and ends as it ends.
//   node scripts/launch.mjs [--feature <name>] <file> [arguments…]

import { constants } from 'node:os'
import { buildSteps } from './build.mjs'
import { runSteps, start } from './steps.mjs'

const words = process.argv.slice(2)
const features = words[0] === '--feature' ? words.splice(0, 2).slice(1) : []
// pnpm hands on the `--` that npm takes away.
const [file, ...args] = words.filter((word, index) => index !== 1 || word !== '--')

await runSteps(buildSteps('release', features))
const { code, signal } = await start(process.execPath, [file, ...args])
if (signal !== null) {
  process.stderr.write(`${file} was ended by ${signal}${signal === 'SIGKILL' ? ', which no program can catch' : ''}\n`)
}
process.exitCode = code ?? 128 + constants.signals[signal]
