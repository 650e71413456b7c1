// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The command line of these programs: what is wrong with it is one sentence and exit code 2.

import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** A mistake on the command line, said in one sentence. */
export class UsageError extends Error {}

/** Runs `main` on the command line; what it resolves with is the exit code. */
export async function runProgram(name, main) {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    const usage = error instanceof UsageError
    process.stderr.write(`${name}: ${usage ? error.message : error.stack}\n`)
    if (usage) process.stderr.write(`\`npm run ${name} -- --help\` explains the options.\n`)
    process.exitCode = usage ? 2 : 1
  }
}

/** Reads the options; `declared` is as `parseArgs` wants it. */
export function readOptions(args, declared) {
  try {
    return parseArgs({ args, options: { help: { type: 'boolean', short: 'h' }, ...declared }, allowPositionals: true })
  } catch (error) {
    // Node's first sentence names the option and what is wrong with it; the rest is advice on positional arguments.
    const [sentence] = error.message.split(/\.\s/)
    throw new UsageError(sentence.charAt(0).toLowerCase() + sentence.slice(1))
  }
}

export function readCount(name, text, least) {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < least) throw new UsageError(`--${name} takes a whole number from ${least}, not \`${text}\``)
  return count
}

export function readNames(name, text, known) {
  const names = text.split(',').map((word) => word.trim())
  for (const word of names) {
    if (!known.includes(word)) throw new UsageError(`--${name} does not know \`${word}\`; there are ${known.join(', ')}`)
  }
  return names
}

export function refuseRest(positionals) {
  if (positionals.length > 0) throw new UsageError(`\`${positionals[0]}\` is not an option`)
}

/** A new folder for journals below `target/`: on the disk that the repository lies on, where `/tmp` may be memory. */
export function makeFolder(name) {
  const parent = join(root, 'target', 'bench')
  mkdirSync(parent, { recursive: true })
  return mkdtempSync(join(parent, `${name}-`))
}
