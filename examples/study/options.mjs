// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What was asked for on the command line.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const THIS_REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const PACE_MS_MAX = 10_000
const PACE_MS_WATCHED = 40
const BUDGET_USD = 0.05
const BUDGET_USD_MAX = 100

export const HELP = `Seven agents study a directory of source code: they list its files, count lines, find the longest functions,
to-dos and duplicated text, and write a report. No key, no server; the work is done on this machine.
Where the environment has a key of a provider of models (OPENAI_API_KEY, ANTHROPIC_API_KEY, …), or
OPENAI_BASE_URL and OPENAI_MODEL (such as those of a local Ollama), two more agents ask models for a
note on each language and for conclusions. Figures, paths, names and to-dos are sent, and no files.

  npm run demo -- [directory] [options]

  directory      what to study (default: this repository)

  --out <dir>    where the journal, the ledger and the report go (default: .study)
  --pace <ms>    let tasks end at least this far apart, so that the bars can be watched
                 (default: ${PACE_MS_WATCHED} in a terminal, else 0, which is full speed)
  --crash        kill this process with SIGKILL when half of the tasks have ended; the next
                 run continues the study and proves that no finished task runs again
  --budget <usd> what models may cost in all (default: ${BUDGET_USD})
  --no-models    ask no models
  --fresh        cancel an interrupted study instead of continuing it, then start a new one
  --help         show this

Ctrl-C cancels the study, a second Ctrl-C leaves at once. NO_COLOR turns colours off.
Exit code: 0 done, 1 the study or a proof failed, 2 wrong usage, 130 cancelled.
`

/** A mistake on the command line, said in one sentence. */
export class UsageError extends Error {}

/**
 * @typedef {{
 *   help: boolean, root: string, out: string, paceMs: number, crash: boolean, fresh: boolean, named: boolean,
 *   models: boolean, budget: number,
 * }} Options `budget` is in US dollars
 */

/** @returns {Options} */
export function parseOptions(/** @type {string[]} */ args, /** @type {boolean} */ watched) {
  const { values, positionals } = parse(args)
  if (positionals.length > 1) throw new UsageError(`one directory can be studied at a time, but ${positionals.length} were given`)
  const root = resolve(positionals[0] ?? THIS_REPOSITORY)
  const out = resolve(values.out ?? '.study')
  const help = values.help ?? false
  if (!help) checkFolders(root, out)
  return {
    help,
    root,
    out,
    paceMs: paceOf(values.pace, watched),
    crash: values.crash ?? false,
    fresh: values.fresh ?? false,
    named: positionals.length === 1,
    models: values['no-models'] !== true,
    budget: budgetOf(values.budget),
  }
}

function parse(/** @type {string[]} */ args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        pace: { type: 'string' },
        crash: { type: 'boolean' },
        fresh: { type: 'boolean' },
        budget: { type: 'string' },
        'no-models': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    // Node's first sentence names the option and what is wrong with it; the rest is advice on positional arguments.
    const [sentence] = /** @type {Error} */ (error).message.split(/\.\s/)
    throw new UsageError(sentence.charAt(0).toLowerCase() + sentence.slice(1))
  }
}

function checkFolders(/** @type {string} */ root, /** @type {string} */ out) {
  const found = statSync(root, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`there is no directory \`${root}\``)
  if (!found.isDirectory()) throw new UsageError(`\`${root}\` is not a directory`)
  const place = statSync(out, { throwIfNoEntry: false })
  if (place !== undefined && !place.isDirectory()) throw new UsageError(`\`${out}\` is there, but is not a directory`)
}

function paceOf(/** @type {string | undefined} */ given, /** @type {boolean} */ watched) {
  if (given === undefined) return watched ? PACE_MS_WATCHED : 0
  const pace = Number(given)
  if (/^\d+$/.test(given) && pace <= PACE_MS_MAX) return pace
  throw new UsageError(`\`--pace\` takes whole milliseconds from 0 to ${PACE_MS_MAX}, not \`${given}\``)
}

function budgetOf(/** @type {string | undefined} */ given) {
  if (given === undefined) return BUDGET_USD
  const budget = Number(given)
  if (/^\d+(\.\d+)?$/.test(given) && budget <= BUDGET_USD_MAX) return budget
  throw new UsageError(`\`--budget\` takes US dollars from 0 to ${BUDGET_USD_MAX}, such as 0.05, not \`${given}\``)
}
