// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Starts what Next has built, on loopback, asks the route once and prints its answer.
import { spawn } from 'node:child_process'

const next = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '--hostname', '127.0.0.1', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const url = await new Promise((resolve, reject) => {
  let said = ''
  next.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
    const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
    if (found !== undefined) resolve(found)
  })
  next.once('exit', () => reject(new Error(`it ended:\n${said}`)))
})
try {
  const answer = await fetch(`${url}/run`)
  console.log(answer.status, await answer.text())
} finally {
  next.kill()
}
