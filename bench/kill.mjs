// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Kills a process that runs workflows, again and again, and checks that nothing it had on record was lost or done twice. `--help` explains.

import { rmSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { checkJournal } from './kill/journal.mjs'
import { readLog } from './kill/log.mjs'
import { Massacre } from './kill/massacre.mjs'
import { readExecutions, verify } from './kill/verify.mjs'
import { makeFolder, readCount, readNames, readOptions, refuseRest, runProgram } from './usage.mjs'

const LEVELS = ['os', 'disk']
const SEEDS = 2 ** 31
const VIOLATIONS_SHOWN = 20

const HELP = `A process accepts executions over one store file and is killed with SIGKILL at random moments; the next one continues. After
the last kill everything runs to its end, and is compared with what every process had announced until its death.

  npm run kill -- [options]

  --kills <n>       kills per level, spread over the executions (default: 50)
  --level <name>    os, disk or both (default: both)
  --executions <n>  executions per level that are accepted over all processes (default: 1000)
  --seed <n>        for the same random choices again; the system's timing still differs (default: any)
  --keep            keep the store and the log also when all is well
  --help            show this

Exit code: 0 all is well, 1 a rule was broken (the store and the log are kept), 2 wrong usage.
`

await runProgram('kill', async (args) => {
  const options = read(args)
  if (options === undefined) {
    print(HELP)
    return 0
  }
  print(
    `Seed ${options.seed}: ${options.kills} kills during ${options.executions} executions at ${options.levels.map((level) => `'${level}'`).join(' and ')}.`,
  )
  let broken = 0
  for (const level of options.levels) broken += await runLevel(level, options)
  return broken === 0 ? 0 : 1
})

function read(args) {
  const text = { type: 'string' }
  const { values, positionals } = readOptions(args, { kills: text, level: text, executions: text, seed: text, keep: { type: 'boolean' } })
  if (values.help) return undefined
  refuseRest(positionals)
  const [level] = readNames('level', values.level ?? 'both', [...LEVELS, 'both'])
  return {
    kills: readCount('kills', values.kills ?? '50', 0),
    executions: readCount('executions', values.executions ?? '1000', 1),
    seed: values.seed === undefined ? randomInt(SEEDS) : readCount('seed', values.seed, 0),
    levels: level === 'both' ? LEVELS : [level],
    keep: values.keep ?? false,
  }
}

/** How many rules were broken. */
async function runLevel(level, options) {
  const folder = makeFolder(`kill-${level}`)
  const store = join(folder, 'store.sqlite')
  const log = join(folder, 'log.ndjson')
  const began = Date.now()
  const massacre = new Massacre({ ...options, level, store, log, progress })
  const violations = await massacre.run()
  const lines = readLog(log)
  const executions = await readExecutions(store, level)
  const { counts, violations: found } = verify(lines, executions, massacre.kills)
  violations.push(...found)
  const journal = await checkJournal(store)
  violations.push(...journal.violations)
  progress('')
  report(level, { ...counts, seconds: (Date.now() - began) / 1000, kills: massacre.kills.length, early: massacre.early }, journal)
  if (violations.length === 0) print('  all is well')
  else print(`  ${violations.length} VIOLATIONS:`, ...violations.slice(0, VIOLATIONS_SHOWN).map((violation) => `    ${violation}`))
  if (violations.length > 0 || options.keep) print(`  store and log: ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
  return violations.length
}

function report(level, counts, journal) {
  const rows = [
    ['kills', `${counts.kills}, ${counts.early} of them while the store was being opened or soon after`],
    ['executions accepted', `${counts.accepted}, and ${counts.unannounced} whose process died before it could say so`],
    ['executions ended', `${counts.completed} completed, ${counts.failed} failed as they should`],
    [
      'results on record',
      `${counts.results}, of which ${counts.announced} had been announced before; none changed: ${counts.changed === 0 ? 'yes' : 'NO'}`,
    ],
    ['calls of agents', `${counts.calls}, each after its dependencies were on record: ${counts.tooEarly === 0 ? 'yes' : 'NO'}`],
    ['in flight at a kill', `${counts.inFlight} calls`],
    ['called again', `${counts.again} calls, of tasks in flight at a kill only: ${counts.wrongAgain === 0 ? 'yes' : 'NO'}`],
    ['journal', journal.summary],
  ]
  print('', `'${level}' in ${counts.seconds.toFixed(0)} s`, ...rows.map(([name, text]) => `  ${name.padEnd(20)} ${text}`))
}

function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function print(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`)
}
