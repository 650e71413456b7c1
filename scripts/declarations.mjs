// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// ts/ → index.d.ts and testing.d.ts, the whole public surface in a committed file for each entry, and what `exports` needs of them in dist/.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { copyDeclarations, ENTRIES, packageName } from './bundle.mjs'
import { root, runTool, StepError } from './steps.mjs'

const types = join(root, '.cache/types')
const configFile = join(root, 'api-extractor.json')
const banner = `// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from ts/ by \`pnpm build\`. Its diff is the diff of the public API.

`

export async function declare() {
  rmSync(types, { recursive: true, force: true })
  await runTool('typescript', ['--project', 'tsconfig.declarations.json'])
  for (const entry of ENTRIES) {
    if (entry !== 'index') installIndex(entry)
    rollUp(entry)
  }
  copyDeclarations()
}

function rollUp(entry) {
  const rollup = join(root, `${entry}.d.ts`)
  const config = ExtractorConfig.loadFile(configFile)
  config.mainEntryPointFilePath = join(types, `${entry}.d.ts`)
  config.dtsRollup.untrimmedFilePath = rollup
  const prepared = { configObject: config, configObjectFullPath: configFile, packageJsonFullPath: join(root, 'package.json') }
  const { succeeded } = Extractor.invoke(ExtractorConfig.prepare(prepared), {
    localBuild: true,
    // Says only what is wrong.
    messageCallback: (message) => {
      message.handled ||= message.logLevel === 'info' || message.logLevel === 'verbose'
    },
  })
  if (!succeeded) throw new StepError(`the public surface is not complete, see above; what ts/${entry}.ts uses it must export`)
  writeFileSync(rollup, banner + readFileSync(rollup, 'utf8'))
}

/** Lets another entry import from the package what ts/index.ts exports, as if it were installed: declared twice, a class would be two. */
function installIndex(entry) {
  const installed = join(types, 'node_modules', packageName)
  mkdirSync(installed, { recursive: true })
  cpSync(join(root, 'index.d.ts'), join(installed, 'index.d.ts'))
  writeFileSync(join(installed, 'package.json'), JSON.stringify({ name: packageName, version: '0.0.0', types: 'index.d.ts' }))
  // Another package, or the name would stand for itself.
  writeFileSync(join(types, 'package.json'), JSON.stringify({ name: 'types', type: 'module' }))
  const index = readFileSync(join(types, 'index.d.ts'), 'utf8')
  const exported = new Set([...index.matchAll(/\{([^}]*)\}/g)].flatMap(([, names]) => namesIn(names)))
  for (const file of readdirSync(join(types, entry)).map((name) => join(types, entry, name))) {
    const text = readFileSync(file, 'utf8').replaceAll(/^import (type )?\{([^}]*)\} from '\.\.\/[^']*';$/gm, (line, type = '', names) =>
      namesIn(names).every((name) => exported.has(name)) ? `import ${type}{${names}} from '${packageName}';` : line,
    )
    writeFileSync(file, text)
  }
}

const namesIn = (list) =>
  list
    .split(',')
    .map((name) => name.replace(/\btype\b/, '').trim())
    .filter((name) => name !== '')
