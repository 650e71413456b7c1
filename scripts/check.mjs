// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The checks, each from a fresh clone:  node scripts/check.mjs test | lint | rooms | types | generated | format | verify

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { addonStep, buildSteps, declarationsStep } from './build.mjs'
import { LICENCES, licencesStep } from './licences.mjs'
import { setupSteps } from './setup.mjs'
import { root, run, runSteps, runTool, StepError } from './steps.mjs'

const step = (title, run) => ({ title, run })
const typescript = (compiler, project) => step(`${compiler} on ${project}`, () => runTool(compiler, ['--project', project]))

// `napi build` names its target, and cargo keeps such builds apart from plain ones: only under the same name do the
// tests share the dependencies that the addon has already compiled.
const cargo = (command, ...args) => run('cargo', [command, '--workspace', '--target', 'host-tuple', ...args])

const generatedFiles = ['Cargo.lock', LICENCES, 'index.d.ts', 'testing.d.ts', 'ts/native/alphabet.ts', 'ts/native/binding.d.cts']

const test = [step('cargo test', () => cargo('test')), step('vitest', () => runTool('vitest', ['run', ...process.argv.slice(3)]))]

const rooms = step('rooms', () => run(process.execPath, [join(root, 'scripts/rooms.mjs')]))
const lint = [
  step('cargo fmt', () => run('cargo', ['fmt', '--all', '--check'])),
  step('cargo clippy', () => cargo('clippy', '--all-targets', '--', '-D', 'warnings')),
  step('oxlint', () => runTool('oxlint', ['--type-aware', '--deny-warnings'])),
  step('oxfmt', () => runTool('oxfmt', ['--check'])),
  rooms,
]

// The programs in __test__/types stand for the users, each with the compiler they may have.
const consumers = existsSync(join(root, '__test__/types')) ? ['typescript-5', 'typescript-6', 'typescript'] : []
const types = [
  declarationsStep,
  typescript('typescript', 'tsconfig.json'),
  ...consumers.map((compiler) => typescript(compiler, 'tsconfig.consumer.json')),
  step('publint', () => runTool('publint', ['--strict', '--pack', 'npm'])),
  step('are the types wrong', () => runTool('@arethetypeswrong/cli', ['--pack', '.', '--no-emoji'])),
]

const generated = [
  addonStep('debug'),
  declarationsStep,
  licencesStep,
  step('no difference to the committed files', async () => {
    // A file that git does not know has no difference either.
    await run('git', ['ls-files', '--error-unmatch', '--', ...generatedFiles], { stdio: ['ignore', 'ignore', 'inherit'] })
    await run('git', ['--no-pager', 'diff', '--exit-code', '--', ...generatedFiles])
  }),
]

const format = [step('cargo fmt', () => run('cargo', ['fmt', '--all'])), step('oxfmt', () => runTool('oxfmt', []))]

const commands = {
  test: [...buildSteps('debug'), ...test],
  lint: [...setupSteps, ...lint],
  types: [...buildSteps('debug'), ...types],
  generated: [...setupSteps, ...generated],
  format: [...setupSteps, ...format],
  rooms: [...setupSteps, rooms],
  verify: [...buildSteps('debug'), ...test, ...lint, ...types, ...generated],
}

const name = process.argv[2]
if (!Object.hasOwn(commands, name)) throw new StepError(`no check is called ${name}; there are ${Object.keys(commands).join(', ')}`)
await runSteps(commands[name])
