// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Counts the lines of the files of one part, and tells code, comments and blank lines apart.
import { linesOf, sources } from '../source/scan.mjs'

export const counter = {
  name: 'counter',

  /** @type {import('./crew.mjs').Work} */
  async execute({ input, context }, { signal }) {
    const paths = context.dependencies.list.parts[input.data.part]
    const lines = { code: 0, comment: 0, blank: 0 }
    /** Code lines by path: the finders that follow need not open what is too short for them. */
    const files = []
    for await (const source of sources(context.root, paths, signal)) {
      const counted = countLines(source)
      for (const kind of /** @type {const} */ (['code', 'comment', 'blank'])) lines[kind] += counted[kind]
      files.push({ path: source.path, code: counted.code })
    }
    return { files, lines }
  },
}

/** A line with any code on it is code, even if a comment follows; a blank line is blank, even inside a comment. */
export function countLines(/** @type {import('../source/scan.mjs').Source} */ { text, code }) {
  const counted = { code: 0, comment: 0, blank: 0 }
  const codeLines = code.split('\n')
  linesOf(text).forEach((line, index) => {
    if (line.trim() === '') counted.blank += 1
    else if (codeLines[index].trim() === '') counted.comment += 1
    else counted.code += 1
  })
  return counted
}
