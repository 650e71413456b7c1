// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the tools of a server are called here. Models take letters, digits, `_` and `-` alone, so that two names may become one.

import { createHash } from 'node:crypto'
import { TOOL_NAME_MAX } from './definition.js'

export interface Named {
  readonly name: string
  /** What it would be called if it were the only one. */
  readonly instead?: string
}

const MARK_LETTERS = 6

/**
 * The name of each. Of those that would be equal, the ones that had to be changed end with a mark that comes of their own name: it is the
 * same in whatever order they are listed, since users and models write it.
 */
export function namesOf(tools: readonly { readonly name: string }[], prefix: string): Named[] {
  const plain = tools.map(({ name }) => `${prefix}${name}`.replaceAll(/[^a-zA-Z0-9_-]/g, '_'))
  const counts = new Map<string, number>()
  for (const name of plain) counts.set(name, (counts.get(name) ?? 0) + 1)
  return tools.map(({ name: theirs }, index) => {
    const name = plain[index] as string
    return counts.get(name) === 1 || name === `${prefix}${theirs}` ? { name } : { name: marked(name, theirs), instead: name }
  })
}

function marked(name: string, theirs: string): string {
  const mark = createHash('sha256').update(theirs).digest('hex').slice(0, MARK_LETTERS)
  return `${name.slice(0, TOOL_NAME_MAX - MARK_LETTERS - 1)}_${mark}`
}
