// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Runs recorded workflows of others in memory and on disk, and checks that no task ran before its parents. `--help` explains.

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { findViolations } from './replay/check.mjs'
import { LEVELS, replay } from './replay/run.mjs'
import { readCount, readOptions, makeFolder, runProgram, UsageError } from './usage.mjs'

const VIOLATIONS_SHOWN = 10

const HELP = `Runs every workflow of a folder in memory and on disk, and checks that each task ran once, after all its parents.

  npm run workflows -- <folder> [options]

  folder          holds *.json: { "tasks": [{ "id", "name", "parents": [], "runtimeInSeconds" }] },
                  for example ../shared/data/workflows
  --longest <ms>  what the longest task of a workflow is made to take; the others in proportion (default: 5)
  --help          show this

Exit code: 0 all is well, 1 a check failed, 2 wrong usage.
`

await runProgram('workflows', async (args) => {
  const { values, positionals } = readOptions(args, { longest: { type: 'string' } })
  if (values.help) {
    print(HELP)
    return 0
  }
  const longestMs = readCount('longest', values.longest ?? '5', 0)
  const workflows = filesOf(positionals).map(readWorkflow)
  const folder = makeFolder('workflows')
  try {
    return await runAll(workflows, longestMs, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

function filesOf(positionals) {
  if (positionals.length === 0) throw new UsageError('name the folder that holds the workflows, for example ../shared/data/workflows')
  if (positionals.length > 1) throw new UsageError(`one folder can be run at a time, but ${positionals.length} were given`)
  const folder = resolve(positionals[0])
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) throw new UsageError(`there is no folder \`${folder}\``)
  if (!found.isDirectory()) throw new UsageError(`\`${folder}\` is not a folder`)
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
  if (names.length === 0) throw new UsageError(`\`${folder}\` holds no *.json`)
  return names.toSorted().map((name) => join(folder, name))
}

function readWorkflow(path) {
  const name = basename(path, '.json')
  let tasks
  try {
    tasks = JSON.parse(readFileSync(path, 'utf8')).tasks
  } catch (error) {
    throw new UsageError(`\`${path}\` is not JSON: ${error.message}`)
  }
  const fits = ({ id, parents }) => typeof id === 'string' && Array.isArray(parents)
  if (!Array.isArray(tasks) || tasks.length === 0 || !tasks.every((task) => fits(task ?? {}))) {
    throw new UsageError(`\`${path}\` is no workflow: it needs tasks with an id and parents`)
  }
  return { name, tasks }
}

async function runAll(workflows, longestMs, folder) {
  print(
    `${'workflow'.padEnd(46)}${'tasks'.padStart(6)}${'edges'.padStart(7)}${LEVELS.map((level) => `${level}, ms`.padStart(12)).join('')}`,
  )
  const violations = []
  for (const workflow of workflows) {
    const { name, tasks } = workflow
    const columns = []
    for (const level of LEVELS) {
      const { ms, seen } = await replay(workflow, level, longestMs, folder)
      const found = findViolations(workflow, seen)
      violations.push(...found.map((violation) => `${name}, ${level}: ${violation}`))
      columns.push(found.length === 0 ? ms.toFixed(0) : 'WRONG')
    }
    const edges = tasks.reduce((sum, { parents }) => sum + parents.length, 0)
    print(
      `${name.padEnd(46)}${String(tasks.length).padStart(6)}${String(edges).padStart(7)}${columns.map((text) => text.padStart(12)).join('')}`,
    )
  }
  const runs = workflows.length * LEVELS.length
  if (violations.length === 0) {
    print(
      '',
      `${runs} runs of ${workflows.length} workflows: every task completed exactly once, none began before all its parents had ended.`,
    )
    return 0
  }
  print('', `${violations.length} violations:`, ...violations.slice(0, VIOLATIONS_SHOWN).map((violation) => `  ${violation}`))
  if (violations.length > VIOLATIONS_SHOWN) print(`  … and ${violations.length - VIOLATIONS_SHOWN} more`)
  return 1
}

function print(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`)
}
