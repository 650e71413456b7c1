// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The package of the platform was left out: what the error says to run is run, and then it works.
import { execSync } from 'node:child_process'

const error = await import('@codexos/multi-agent-orchestrator').catch((reason) => reason)
console.log(error.code)
const [, command] = /run `(npm install [^`]+)`/.exec(error.message)
execSync(command, { stdio: 'ignore' })
// What this process has failed to load it does not load any more.
console.log(execSync('node use.mjs', { encoding: 'utf8' }).trim())
