// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// ts/ → index.d.ts, the whole public surface in one committed file, and what `exports` needs of it in dist/.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { copyDeclarations } from './bundle.mjs'
import { root, runTool, StepError } from './steps.mjs'

const rollup = join(root, 'index.d.ts')
const banner = `// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Generated from ts/ by \`pnpm build\`. Its diff is the diff of the public API.

`

export async function declare() {
  await runTool('typescript', ['--project', 'tsconfig.declarations.json'])
  const { succeeded } = Extractor.invoke(ExtractorConfig.loadFileAndPrepare(join(root, 'api-extractor.json')), {
    localBuild: true,
    // Says only what is wrong.
    messageCallback: (message) => {
      message.handled ||= message.logLevel === 'info' || message.logLevel === 'verbose'
    },
  })
  if (!succeeded) throw new StepError('the public surface is not complete, see above; what ts/index.ts uses it must export')
  writeFileSync(rollup, banner + readFileSync(rollup, 'utf8'))
  copyDeclarations()
}
