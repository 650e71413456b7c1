// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Finds what the authors left for later: the four usual words in comments; in prose only where a colon or a name follows.
import { linesOf, sources } from '../source/scan.mjs'

/** @typedef {{ word: string, path: string, line: number, text: string }} Todo */

const TODOS_KEPT = 100
const TEXT_LENGTH_MAX = 120
const IN_COMMENTS = /\b(TODO|FIXME|XXX|HACK)\b(.*)/
const IN_PROSE = /\b(TODO|FIXME|XXX|HACK)((?:\([^)]*\))?:.*)/

export const todoFinder = {
  name: 'todo-finder',

  /** @type {import('./crew.mjs').Work} */
  async execute({ input, context }, { signal }) {
    const paths = context.dependencies.list.parts[input.data.part]
    /** @type {Todo[]} */
    const todos = []
    for await (const source of sources(context.root, paths, signal)) todos.push(...findTodos(source))
    return { total: todos.length, todos: todos.slice(0, TODOS_KEPT) }
  },
}

/** @returns {Todo[]} */
export function findTodos(/** @type {import('../source/scan.mjs').Source} */ { path, language, text, comments }) {
  if (language.kind === 'data') return []
  const [searched, pattern] = language.kind === 'prose' ? [text, IN_PROSE] : [comments, IN_COMMENTS]
  return linesOf(searched).flatMap((line, index) => {
    const match = pattern.exec(line)
    if (match === null) return []
    const said = match[2].replace(/^[\s:-]+|\s*(?:\*\/|-->)?\s*$/g, '').slice(0, TEXT_LENGTH_MAX)
    return [{ word: match[1], path, line: index + 1, text: said }]
  })
}
