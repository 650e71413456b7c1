// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// ts/ → dist/: a CommonJS file for each entry over one that they share, wrappers that let ESM share its instance, what runs in workers, the
// addon and the declarations.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { build } from 'rolldown'
import { LICENCES } from './licences.mjs'
import { root, StepError } from './steps.mjs'

export const { name: packageName } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const dist = join(root, 'dist')

/** What `exports` of package.json offers: the module in ts/, and the roll-up of its declarations. */
export const ENTRIES = ['index', 'testing']

/** Bundles ts/ and puts the addon found in `nativeFolder` beside it. */
export async function bundle(nativeFolder) {
  mkdirSync(join(dist, 'native'), { recursive: true })
  const chunks = await bundleModules(Object.fromEntries(ENTRIES.map((name) => [name, `ts/${name}.ts`])), 'cjs')
  const workers = await bundleModules(
    { worker: 'ts/pool/worker/entry.ts', yaml: 'ts/definition/yaml/entry.ts', watchdog: 'ts/profiling/watchdog.ts' },
    'esm',
  )
  for (const { name, exports } of chunks.filter(({ isEntry }) => isEntry))
    writeFileSync(join(dist, `${name}.mjs`), esmWrapper(name, exports))
  const moduleIds = [...chunks, ...workers].flatMap((chunk) => chunk.moduleIds)
  // Of what is bundled here, and of what is linked into the addon.
  writeFileSync(join(dist, LICENCES), `${licences(moduleIds)}\n${'-'.repeat(80)}\n\n${readFileSync(join(root, LICENCES), 'utf8')}`)
  copyNative(nativeFolder)
  copyDeclarations()
}

/** CommonJS declares and ESM points to it, so that types have one identity in both module systems, as the classes have. */
export function copyDeclarations() {
  mkdirSync(dist, { recursive: true })
  for (const name of ENTRIES.filter((entry) => existsSync(join(root, `${entry}.d.ts`)))) {
    const rollup = readFileSync(join(root, `${name}.d.ts`), 'utf8')
    // What one entry names of the other is in the same package, whatever else is installed.
    writeFileSync(join(dist, `${name}.d.cts`), rollup.replaceAll(`'${packageName}'`, "'./index.cjs'"))
    writeFileSync(join(dist, `${name}.d.mts`), `export * from './${name}.cjs'\n`)
  }
}

async function bundleModules(input, format) {
  const { output } = await build({
    cwd: root,
    input,
    platform: 'node',
    tsconfig: 'tsconfig.json',
    transform: { target: 'es2022' },
    onLog: (_level, log) => {
      throw new StepError(log.message)
    },
    output: {
      dir: dist,
      entryFileNames: `[name].${format === 'cjs' ? 'cjs' : 'mjs'}`,
      chunkFileNames: '[name].cjs',
      format,
      ...(format === 'cjs' && { exports: 'named' }),
      banner: '// SPDX-License-Identifier: LicenseRef-NIA-Proprietary',
    },
  }).catch((error) => {
    throw new StepError(error.message)
  })
  const ours = new Set(output.map(({ fileName }) => fileName))
  const imports = output.flatMap((chunk) => chunk.imports)
  const foreign = imports.filter((name) => !ours.has(name) && !builtinModules.includes(name.replace(/^node:/, '')))
  if (foreign.length > 0) throw new StepError(`the package must need no other at run time, but ts/ imports ${foreign.join(', ')}`)
  const withDefault = output.find(({ isEntry, exports }) => isEntry && exports.includes('default'))
  if (withDefault) throw new StepError(`ts/${withDefault.name}.ts has a default export, which ESM and CommonJS see differently`)
  return output
}

const esmWrapper = (entry, names) =>
  [
    '// SPDX-License-Identifier: LicenseRef-NIA-Proprietary',
    `import module from './${entry}.cjs'`,
    '',
    ...names.toSorted().map((name) => `export const ${name} = module.${name}`),
    '',
  ].join('\n')

/** The licence of each package whose source really ended up in the bundle. */
function licences(moduleIds) {
  const packages = new Set(moduleIds.map((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replaceAll('\\', '/'))?.[0]))
  packages.delete(undefined)
  return [...packages]
    .toSorted((one, other) => one.localeCompare(other))
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      const file = readdirSync(folder).find((candidate) => /^licen[cs]e/i.test(candidate))
      if (file === undefined) throw new StepError(`${name} is bundled but has no licence file to copy`)
      return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
    })
    .join(`\n${'-'.repeat(80)}\n\n`)
}

function copyNative(folder) {
  const target = join(dist, 'native')
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.node')) continue
    // A process may still run the previous binary: a new file leaves its pages alone, an overwritten one does not.
    rmSync(join(target, file), { force: true })
    copyFileSync(join(folder, file), join(target, file))
  }
}
