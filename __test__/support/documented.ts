// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The documented examples, cut out of the document as it was given to users: nothing of it is written down a second time.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './folder.ts'

const document = readFileSync(join(root, '__test__/fixtures/documented-api.md'), 'utf8')

/** The code below a heading, up to the next heading. */
export function documented(heading: string): string {
  const [, section = ''] = document.split(new RegExp(`^#+ .*\\b${heading}$`, 'm'))
  const [, code] = /^[^#]*?```typescript\n([\s\S]*?)```/.exec(section) ?? []
  if (code === undefined) throw new Error(`the document has no code below ${heading}`)
  return code
}

/** `text` with one part of it, which must be there once, replaced. */
export function replaced(text: string, part: string, by: string): string {
  const pieces = text.split(part)
  if (pieces.length !== 2) throw new Error(`${part} stands ${pieces.length - 1} times in the documented text`)
  return pieces.join(by)
}

/** The part of it that says where executions are kept. */
export const DOCUMENTED_REDIS = `  redis: {
    host: 'localhost',
    port: 6379,
  },
`
