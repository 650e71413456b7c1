// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Finds named functions and how long they are. It is a heuristic on text, not a parser: it looks for the head of a function
// and follows its braces (or, in Python, its indentation). Macros and unusual layouts escape it.
import { FILL, sources } from '../source/scan.mjs'

/** @typedef {{ name: string, path: string, line: number, lines: number, language: string }} FoundFunction */

const CODE_LINES_MIN = 3
const LONGEST_KEPT = 15

export const functionFinder = {
  name: 'function-finder',

  /** @type {import('./crew.mjs').Work} */
  async execute({ input, context }, { signal }) {
    const { files } = context.dependencies[`count-${input.data.part}`]
    const paths = files.filter((file) => file.code >= CODE_LINES_MIN).map((file) => file.path)
    /** @type {FoundFunction[]} */
    const found = []
    for await (const source of sources(context.root, paths, signal)) found.push(...findFunctions(source))
    found.sort((a, b) => b.lines - a.lines)
    return { functions: found.length, longest: found.slice(0, LONGEST_KEPT) }
  },
}

const word = String.raw`[\w$#]+`
const generics = String.raw`(?:<[^\n(]*>)?`
const HEADS = {
  rust: [/^[ \t]*(?:(?:pub(?:\([^)\n]*\))?|default|const|async|unsafe|extern(?: \S+)?) +)*fn +(\w+)/gm],
  go: [/^func +(?:\([^)\n]*\) *)?(\w+)/gm],
  python: [/^[ \t]*(?:async +)?def +(\w+)/gm],
  script: [
    new RegExp(String.raw`^.*?\bfunction\b *\*? *(${word}) *${generics}(?=\()`, 'gm'),
    new RegExp(String.raw`\b(?:const|let|var) +(${word})(?: *:[^=\n]+)? *= *(?:async *)?${generics}(?=\([^\n]*$)`, 'gm'),
    new RegExp(String.raw`^[ \t]+(?:(?:public|private|protected|static|override|async|get|set) +)*\*?(${word})${generics}(?=\()`, 'gm'),
  ],
  c: [/^[ \t]*(?:[A-Za-z_][\w:<>,.*&[\]~ \t]*[ \t*&])?([A-Za-z_~][\w:~]*)[ \t]*(?=\()/gm],
}

/** Words that stand before a parenthesis, or begin a line, without making it the head of a function. */
const NO_NAMES = new Set(
  'if else for while do switch catch return function new throw typeof await yield super sizeof defined using lock foreach'.split(' '),
)

/** @returns {FoundFunction[]} */
export function findFunctions(/** @type {import('../source/scan.mjs').Source} */ { path, language, code }) {
  const style = language.functions
  if (style === undefined) return []
  /** @type {Map<number, FoundFunction>} */
  const found = new Map()
  for (const head of HEADS[style]) {
    for (const match of code.matchAll(head)) {
      const [text, name] = match
      const [first] = text.trim().split(/\W/, 1)
      if (NO_NAMES.has(name) || (style === 'c' && NO_NAMES.has(first))) continue
      const start = match.index + text.length
      const end = style === 'python' ? endOfIndented(code, match.index, start) : endOfBraced(code, start, style)
      if (end === undefined) continue
      const line = lineAt(code, match.index + text.search(/\S/))
      const lines = lineAt(code, end) - line + 1
      if (!found.has(line)) found.set(line, { name, path, line, lines, language: language.name })
    }
  }
  return [...found.values()]
}

/** What may follow the parameters of a function; anything else, and it was a call. */
const AFTER_PARAMETERS = {
  rust: /\s*(?:\{|->|where\b)/y,
  go: /[ \t]*[^\s;]/y,
  script: /\s*(?:\{|:|=>)/y,
  c: /\s*(?:\{|:(?!:)|->|(?:const|noexcept|override|final|throws|where)\b)/y,
}

/** After one of these a brace begins a type, as in `): { id: string } {` or `interface{}`, and no body. */
const BEFORE_TYPE = { rust: undefined, c: undefined, script: /[:<|&,]\s*$/, go: /\b(?:interface|struct)\s*$/ }

/**
 * Where the body closes that belongs to a head ending at `start`, or nothing for a call or a declaration without a body.
 *
 * @param {string} code
 * @param {number} start
 * @param {keyof typeof AFTER_PARAMETERS} style
 */
function endOfBraced(code, start, style) {
  let parameters = false
  for (let at = start; at < code.length; at += 1) {
    const char = code[at]
    if (char === ';' || char === '}') return undefined
    if (char === '{' && !BEFORE_TYPE[style]?.test(code.slice(Math.max(0, at - 20), at))) return closing(code, at)
    if (char !== '(' && char !== '[' && char !== '{') continue
    const end = closing(code, at)
    if (end === undefined) return undefined
    if (char === '(' && !parameters) {
      parameters = true
      const after = AFTER_PARAMETERS[style]
      after.lastIndex = end + 1
      if (!after.test(code)) return undefined
    }
    at = end
  }
  return undefined
}

const PAIRS = /** @type {Record<string, string>} */ ({ '(': ')', '[': ']', '{': '}' })

/** The index of the bracket that closes the one at `open`. */
function closing(/** @type {string} */ code, /** @type {number} */ open) {
  const [opens, closes] = [code[open], PAIRS[code[open]]]
  let depth = 0
  for (let at = open; at < code.length; at += 1) {
    if (code[at] === opens) depth += 1
    else if (code[at] === closes && --depth === 0) return at
  }
  return undefined
}

/** Python: the last line that is indented deeper than `def`. */
function endOfIndented(/** @type {string} */ code, /** @type {number} */ start, /** @type {number} */ afterName) {
  const open = code.indexOf('(', afterName)
  const signature = open === -1 ? undefined : closing(code, open)
  if (signature === undefined) return undefined
  const depth = indentAt(code, start)
  let end = signature
  for (let at = code.indexOf('\n', signature) + 1; at > 0 && at < code.length;) {
    const next = code.indexOf('\n', at)
    const line = code.slice(at, next === -1 ? code.length : next)
    if (line.trim() !== '') {
      if (!line.startsWith(FILL) && indentAt(code, at) <= depth) break
      end = at
    }
    if (next === -1) break
    at = next + 1
  }
  return end
}

const indentAt = (/** @type {string} */ code, /** @type {number} */ at) => /[ \t]*/y.exec(code.slice(at, at + 200))?.[0].length ?? 0

function lineAt(/** @type {string} */ code, /** @type {number} */ index) {
  let line = 1
  for (let at = code.indexOf('\n'); at !== -1 && at < index; at = code.indexOf('\n', at + 1)) line += 1
  return line
}
