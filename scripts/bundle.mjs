// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// ts/ → dist/: one CommonJS file, a wrapper that lets ESM share its instance, what runs in workers, the native binding and the declarations.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { build } from 'rolldown'
import { root, StepError } from './steps.mjs'

const dist = join(root, 'dist')
const rollup = join(root, 'index.d.ts')
const binding = './native/binding.cjs'

/** Bundles ts/ and puts the binding found in `nativeFolder` beside it. */
export async function bundle(nativeFolder) {
  mkdirSync(join(dist, 'native'), { recursive: true })
  const entry = await bundleModules('ts/index.ts', { file: join(dist, 'index.cjs'), format: 'cjs', exports: 'named' })
  const worker = await bundleModules('ts/worker/entry.ts', { file: join(dist, 'worker.mjs'), format: 'esm' })
  writeFileSync(join(dist, 'index.mjs'), esmWrapper(entry.exports))
  writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences([...entry.moduleIds, ...worker.moduleIds]))
  copyNative(nativeFolder)
  copyDeclarations()
}

/** One entry declares and the other points to it, so that types have one identity in both module systems, as the classes have. */
export function copyDeclarations() {
  if (!existsSync(rollup)) return
  mkdirSync(dist, { recursive: true })
  copyFileSync(rollup, join(dist, 'index.d.cts'))
  writeFileSync(join(dist, 'index.d.mts'), "export * from './index.cjs'\n")
}

async function bundleModules(input, output) {
  const keepBinding = {
    name: 'keep-binding',
    resolveId: (source) => (source === binding ? { id: binding, external: true } : null),
  }
  const bundled = await build({
    cwd: root,
    input,
    platform: 'node',
    tsconfig: 'tsconfig.json',
    transform: { target: 'es2022' },
    plugins: [keepBinding],
    onLog: (_level, log) => {
      throw new StepError(log.message)
    },
    output: { ...output, banner: '// SPDX-License-Identifier: LicenseRef-NIA-Proprietary' },
  }).catch((error) => {
    throw new StepError(error.message)
  })
  const [entry] = bundled.output
  const foreign = entry.imports.filter((name) => name !== binding && !builtinModules.includes(name.replace(/^node:/, '')))
  if (foreign.length > 0) throw new StepError(`the package must need no other at run time, but ts/ imports ${foreign.join(', ')}`)
  if (entry.exports.includes('default')) throw new StepError('ts/index.ts has a default export, which ESM and CommonJS see differently')
  return entry
}

const esmWrapper = (names) =>
  [
    '// SPDX-License-Identifier: LicenseRef-NIA-Proprietary',
    "import module from './index.cjs'",
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
    if (file !== 'binding.cjs' && !file.endsWith('.node')) continue
    // A process may still run the previous binary: a new file leaves its pages alone, an overwritten one does not.
    rmSync(join(target, file), { force: true })
    copyFileSync(join(folder, file), join(target, file))
  }
}
