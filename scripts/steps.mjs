// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Numbered progress lines and child processes. Plain Node: this file also runs before anything is installed.

import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

// Several tools colour their output whenever CI is set, even into a file; rustfmt looks at TERM alone.
if (!process.stdout.isTTY && process.env.FORCE_COLOR === undefined) Object.assign(process.env, { NO_COLOR: '1', TERM: 'dumb' })

let interrupted = false

/** What a failed step says; no stack, since the tool that failed has already printed its reason. */
export class StepError extends Error {}

/** Runs `command` to its end with our terminal; resolves to its exit code and signal. */
export function start(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    // npm and pnpm are `.cmd` files on Windows, which only a shell can start.
    const shell = process.platform === 'win32' && (command === 'npm' || command === 'pnpm')
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', shell, ...options })
    const forward = (signal) => child.kill(signal)
    // Ctrl-C reaches the child by itself; we only stay to report how the child ended.
    const note = () => {
      interrupted = true
    }
    process.on('SIGINT', note).on('SIGTERM', forward).on('SIGHUP', forward)
    const settle = (finish, value) => {
      process.off('SIGINT', note).off('SIGTERM', forward).off('SIGHUP', forward)
      finish(value)
    }
    child.once('error', (error) => settle(reject, new StepError(`cannot start ${command}: ${error.message}`)))
    child.once('close', (code, signal) => settle(resolve, { code, signal }))
  })
}

/** Runs `command` and rejects unless it ends with exit code 0. */
export async function run(command, args, { name = command, ...options } = {}) {
  const { code, signal } = await start(command, args, options)
  if (code !== 0) throw new StepError(`${name} ended with ${signal ?? `exit code ${code}`}`)
}

/** Runs the program of an installed package through Node itself: no shell, no PATH, the same on every system. */
export function runTool(packageName, args, options) {
  const folder = join(root, 'node_modules', packageName)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const [script] = typeof bin === 'string' ? [bin] : Object.values(bin)
  return run(process.execPath, [join(folder, script), ...args], { name: packageName, ...options })
}

/** Runs `steps` in order, announcing each. The first failure ends the process with exit code 1, or only the run if we `stay`. */
export async function runSteps(steps, { stay = false } = {}) {
  const began = Date.now()
  for (const [index, step] of steps.entries()) {
    say(`[${index + 1}/${steps.length}] ${clock(began)} ${step.title}`)
    try {
      await step.run()
    } catch (error) {
      say(`Failed after ${clock(began)} in step ${index + 1}, ${step.title}: ${error instanceof StepError ? error.message : error.stack}`)
      if (stay && !interrupted) return
      process.exit(interrupted ? 130 : 1)
    }
  }
  say(`Done in ${clock(began)}`)
}

function say(line) {
  process.stdout.write(`${line}\n`)
}

function clock(began) {
  const seconds = Math.round((Date.now() - began) / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
