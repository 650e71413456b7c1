// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The cases of one process of `npm run prove -- explain`:  <from> <to> <step>. Says on each line how many held, or what did not.

import { explainedCase } from './drive.ts'

const [from = 0, to = 0, step = 1] = process.argv.slice(2).map(Number)
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`)

let held = 0
for (let seed = from; seed < to; seed += step) {
  const difference = await explainedCase(seed).catch((error: Error) => `it threw ${error.stack ?? error.message}`)
  if (difference !== undefined) {
    say({ seed, difference })
    break
  }
  held += 1
  if (held % 50 === 0) say({ held })
}
say({ held })
