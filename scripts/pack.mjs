// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is published: the package, and beside it one for each platform with the addon. npm runs this as it packs any of them:
//   npm run pack                      a release build, then the package and that of each platform whose addon is built → target/packed
//   npm pack                          the package alone; `--before` and `--after` run around it
//   (cd npm/<platform> && npm pack)   that of a platform; `pack.mjs .` fetches what belongs into it
// A package names those of the platforms as optional dependencies, in its own version. In the repository it does not: they are not published before it is,
// and an install of the repository would ask for them.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { buildSteps, declarationsStep } from './build.mjs'
import { LICENCES } from './licences.mjs'
import { root, run, runSteps, StepError } from './steps.mjs'

const manifest = join(root, 'package.json')
/** The manifest as it is in the repository, while it is another one. */
const kept = join(root, 'target', 'package.json.kept')

/** Where packages are put. */
export const packed = join(root, 'target', 'packed')

/** The platforms, as `npm/` has them. */
export const platforms = () => readdirSync(join(root, 'npm')).toSorted()

const addonOf = (platform) => `multi-agent-orchestrator.${platform}.node`

/** Whether the addon of a platform is there: built here, or fetched from where it was built. */
const isBuilt = (platform) =>
  [join(root, 'npm', platform), join(root, 'dist/native')].some((folder) => existsSync(join(folder, addonOf(platform))))

/** Packs what is built; `alsoBare`: the packages of other platforms too, without an addon, for a registry that must know all of them. */
export async function pack({ alsoBare = false } = {}) {
  rmSync(packed, { recursive: true, force: true })
  mkdirSync(packed, { recursive: true })
  const npmPack = (folder, ...flags) =>
    run('npm', ['pack', '--pack-destination', packed, '--loglevel', 'error', ...flags], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  await npmPack(root)
  for (const platform of platforms().filter(isBuilt)) await npmPack(join(root, 'npm', platform))
  const bare = platforms().filter((platform) => alsoBare && !isBuilt(platform))
  if (bare.length > 0) await npmPack(join(root, 'npm'), '--ignore-scripts', ...bare.map((platform) => `./${platform}`))
}

function before() {
  if (!existsSync(join(root, 'dist/index.cjs'))) throw new StepError('there is nothing to pack: run `npm run build` first')
  const text = readFileSync(manifest, 'utf8')
  const { optionalDependencies, ...fields } = JSON.parse(text)
  mkdirSync(join(root, 'target'), { recursive: true })
  // What was stopped half-way has left the one that is packed.
  if (optionalDependencies === undefined) writeFileSync(kept, text)
  const named = platforms().map((platform) => [`${fields.name}-${platform}`, fields.version])
  writeFileSync(manifest, `${JSON.stringify({ ...fields, optionalDependencies: Object.fromEntries(named) }, undefined, 2)}\n`)
}

function after() {
  if (!existsSync(kept)) return
  writeFileSync(manifest, readFileSync(kept, 'utf8'))
  rmSync(kept)
}

/** Puts the addon of a platform and the notices of what is linked into it into its folder. */
function fill(folder) {
  const platform = basename(folder)
  copyFileSync(join(root, LICENCES), join(folder, LICENCES))
  const built = join(root, 'dist/native', addonOf(platform))
  if (existsSync(built)) copyFileSync(built, join(folder, addonOf(platform)))
  else if (!isBuilt(platform))
    throw new StepError(`${addonOf(platform)} is not built: build it on that platform, and put it into ${folder}`)
}

if (process.argv[1] === import.meta.filename) {
  const [, , word] = process.argv
  if (word === undefined) await runSteps([...buildSteps('release'), declarationsStep, { title: 'packages', run: () => pack() }])
  else if (word === '--before') before()
  else if (word === '--after') after()
  else fill(resolve(word))
}
