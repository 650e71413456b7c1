// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whether the packed packages work where people use them: each way of scripts/matrix/cases.mjs in a fresh folder, installed from a registry on loopback.
// Takes the addon that is built; tools are fetched from where npm asks, once, into .cache/matrix.
//   npm run matrix                 all
//   npm run matrix -- --quick      npm with ESM, CommonJS and types, on this Node: what every change must pass
//   npm run matrix -- jest yarn    those whose names have one of the words

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { buildSteps } from './build.mjs'
import { CASES, NODES } from './matrix/cases.mjs'
import { SCOPE, startRegistry } from './matrix/registry.mjs'
import { CACHES, exec, nodeFolder, tool, withPath } from './matrix/tools.mjs'
import { pack } from './pack.mjs'
import { root, runSteps, StepError } from './steps.mjs'

const PACKAGE = `${SCOPE}/multi-agent-orchestrator`
const programs = join(root, 'scripts/matrix/programs')
// Outside of this repository, whose node_modules and package manager would be found from inside.
const folders = mkdtempSync(join(tmpdir(), 'matrix-'))

const words = process.argv.slice(2)
const quick = words.includes('--quick')
const named = words.filter((word) => word !== '--quick').map((word) => word.toLowerCase())
const chosen = CASES.filter((one) =>
  quick ? one.quick : named.length === 0 || named.some((word) => one.name.toLowerCase().includes(word)),
)
if (chosen.length === 0) throw new StepError(`no case has such a name; there are ${CASES.map(({ name }) => name).join('; ')}`)

let registry
const failed = []
const plain = (text) => stripVTControlCharacters(text).replaceAll('\r', '')
const readmeText = () => readFileSync(join(root, 'README.md'), 'utf8')
const built = existsSync(join(root, 'dist/index.cjs')) && existsSync(join(root, 'dist/native'))
await runSteps([
  ...(built ? [] : buildSteps('debug')),
  { title: 'packages', run: () => pack({ alsoBare: true }) },
  { title: 'registry on loopback', run: async () => (registry = await startRegistry()) },
  { title: `${chosen.length} ways to use them`, run: runAll },
])

async function runAll() {
  try {
    for (const one of chosen) await runCase(one)
  } finally {
    registry.stop()
  }
  if (failed.length > 0) throw new StepError(`${failed.length} do not work: ${failed.join('; ')}; see ${folders}`)
  rmSync(folders, { recursive: true, force: true })
}

/** Installs once, and runs on each Node. */
async function runCase(one) {
  const folder = join(folders, one.name.replaceAll(/[^a-zA-Z0-9]+/g, '-'))
  prepare(one, folder)
  const manager = await managerOf(one)
  const began = Date.now()
  const installed = await install(one, folder, manager)
  if (installed !== undefined) return tell(one, 'install', began, installed)
  for (const version of quick ? [undefined] : one.nodes) await runOn(one, folder, manager, version)
}

async function runOn(one, folder, manager, version) {
  const began = Date.now()
  const env = withPath(...(version === undefined ? [] : [await nodeFolder(NODES[version])]), manager.folder)
  const label = `Node ${version ?? process.versions.node}`
  let said = ''
  for (const step of one.steps) {
    const line = typeof step === 'function' ? step(version) : step
    const [command, ...args] = line[0] === 'yarn' ? ['node', manager.script, ...line.slice(1)] : line
    const { code, output } = await exec(command, args, { cwd: folder, env: { ...manager.env, ...env } })
    said += output
    if (code !== 0) return tell(one, label, began, `${line.join(' ')} ended with ${code}:\n${said}`)
  }
  tell(one, label, began, one.expect.test(plain(said)) ? undefined : `it did not say ${one.expect}:\n${said}`)
}

function prepare({ name, files, readme }, folder) {
  mkdirSync(folder, { recursive: true })
  cpSync(programs, folder, { recursive: true })
  const own = {
    'package.json': JSON.stringify({ name: 'user', private: true, version: '1.0.0' }),
    '.npmrc': `${SCOPE}:registry=${registry.url}\n`,
    ...files,
  }
  if (readme === true) own['readme.mjs'] = quickStart()
  for (const [path, text] of Object.entries(own)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  if (!existsSync(join(folder, 'package.json'))) throw new StepError(`${name} has no folder`)
}

function quickStart() {
  return /```typescript\n([\s\S]*?)```/.exec(readmeText())[1]
}
/** The line of the README, as printed. */
function installLine() {
  return /^npm install .*$/m.exec(readmeText())[0].split(' ').slice(1)
}

/** How a package manager is called; undefined script: the user's npm. */
async function managerOf({ manager, linker = 'node-modules' }) {
  if (manager === 'npm') return { name: 'npm', folder: '' }
  const [, name] = /^(@?[^@]+)@/.exec(manager)
  const folder = join(await tool(manager), 'node_modules', name)
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (name === 'pnpm') return { name, script: join(folder, 'bin/pnpm.mjs'), folder: '' }
  const script = join(folder, typeof bin === 'string' ? bin : bin.yarn)
  const { output } = await exec('npm', ['config', 'get', 'registry'], { cwd: root })
  const berry = {
    YARN_NPM_REGISTRY_SERVER: output.trim(),
    YARN_NODE_LINKER: linker,
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    // What was published a moment ago may be bad, and is ours.
    YARN_NPM_PREAPPROVED_PACKAGES: `${SCOPE}/*`,
  }
  return { name: 'yarn', script, folder: '', env: name === '@yarnpkg/cli-dist' ? berry : {}, isBerry: name === '@yarnpkg/cli-dist' }
}

/** What went wrong, if anything did. */
async function install({ with: tools, flags = [], readme }, folder, manager) {
  const add = [PACKAGE, ...tools, ...flags]
  if (manager.isBerry) {
    const scopes = { npmScopes: { [SCOPE.slice(1)]: { npmRegistryServer: registry.url } } }
    // JSON is YAML. A lock file says that the folder is a project of its own.
    writeFileSync(join(folder, '.yarnrc.yml'), JSON.stringify(scopes))
    writeFileSync(join(folder, 'yarn.lock'), '')
  }
  if (manager.name === 'pnpm') writeFileSync(join(folder, 'pnpm-workspace.yaml'), `minimumReleaseAgeExclude: ['${SCOPE}/*']\n`)
  const [command, ...args] =
    manager.name === 'npm'
      ? ['npm', ...(readme === true ? [...installLine(), 'zod'] : ['install', ...add]), '--loglevel', 'error']
      : [process.execPath, manager.script, 'add', ...add]
  const { code, output } = await exec(command, args, { cwd: folder, env: { ...CACHES, ...manager.env } })
  return code === 0 ? undefined : `${command} ${args.join(' ')} ended with ${code}:\n${output}`
}

function tell({ name, manager }, label, began, problem) {
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  process.stdout.write(
    `  ${problem === undefined ? 'well  ' : 'FAILED'} ${name} (${manager.replace(/^@yarnpkg\/cli-dist/, 'yarn')}, ${label}, ${seconds} s)\n`,
  )
  if (problem === undefined) return
  failed.push(`${name} (${label})`)
  process.stdout.write(`${plain(problem).slice(-6000)}\n`)
}
