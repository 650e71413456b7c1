// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The languages the study knows: how files are recognised, and how comments and strings are told from code.

/**
 * @typedef {'code' | 'prose' | 'data'} Kind `data` is counted, but not searched for to-dos or duplicates.
 * @typedef {{ name: string, kind: Kind, syntax: RegExp, functions?: 'rust' | 'script' | 'go' | 'c' | 'python' }} Language
 */

const slashes = String.raw`\/\/[^\n]*`
const block = String.raw`\/\*[\s\S]*?(?:\*\/|$)`
const hash = String.raw`(?<![^\s;({])#[^\n]*`
const dashes = String.raw`--[^\n]*`
const markup = String.raw`<!--[\s\S]*?(?:-->|$)`
/** A triple-quoted string that begins a line is a docstring. */
const docstring = String.raw`(?<=(?:^|\n)[ \t]*)(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$))`

const double = String.raw`"(?:\\[\s\S]|[^"\\\n])*"`
const single = String.raw`'(?:\\[\s\S]|[^'\\\n])*'`
const long = String.raw`"(?:\\[\s\S]|[^"\\])*"`
const triple = String.raw`"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)`
const rawRust = String.raw`\bb?r(#*)"[\s\S]*?"\2`
/** Short enough not to mistake the lifetimes of Rust for characters. */
const character = String.raw`'(?:\\[^\n']{1,10}|[^\\'\n])'`
const backticks = '`[^`]*`'
const inTemplate = `(?:[^{}\`'"]|\`[^\`]*\`|${single}|${double}|\\{[^{}]*\\})*`
/** Up to one template within another. */
const template = `\`(?:\\\\[\\s\\S]|\\$\\{${inTemplate}\\}|[^\`\\\\$]+|\\$)*\`?`
const regex = String.raw`(?<=(?:[(,=:[!&|?{};\n]|\breturn|^)[ \t]*)\/(?![*\/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\/\\\n[])+\/[a-z]*`

/** A pattern whose first group is a comment, and whose other matches are strings. */
const syntax = (/** @type {string[]} */ comments, /** @type {string[]} */ strings = []) =>
  new RegExp([`(${comments.join('|') || '(?!)'})`, ...strings].join('|'), 'g')

const cLike = syntax([slashes, block], [double, character])
const script = syntax([slashes, block], [double, single, template, regex])
const hashed = syntax([hash], [double, single])

/** @type {Record<string, Language>} */
export const LANGUAGES = {
  rust: { name: 'Rust', kind: 'code', syntax: syntax([slashes, block], [rawRust, long, character]), functions: 'rust' },
  typescript: { name: 'TypeScript', kind: 'code', syntax: script, functions: 'script' },
  javascript: { name: 'JavaScript', kind: 'code', syntax: script, functions: 'script' },
  python: { name: 'Python', kind: 'code', syntax: syntax([docstring, hash], [triple, double, single]), functions: 'python' },
  go: { name: 'Go', kind: 'code', syntax: syntax([slashes, block], [double, backticks, character]), functions: 'go' },
  c: { name: 'C', kind: 'code', syntax: cLike, functions: 'c' },
  cpp: { name: 'C++', kind: 'code', syntax: cLike, functions: 'c' },
  java: { name: 'Java', kind: 'code', syntax: cLike, functions: 'c' },
  csharp: { name: 'C#', kind: 'code', syntax: cLike, functions: 'c' },
  kotlin: { name: 'Kotlin', kind: 'code', syntax: cLike },
  swift: { name: 'Swift', kind: 'code', syntax: cLike },
  ruby: { name: 'Ruby', kind: 'code', syntax: hashed },
  php: { name: 'PHP', kind: 'code', syntax: syntax([slashes, block, hash], [double, single]) },
  lua: { name: 'Lua', kind: 'code', syntax: syntax([dashes], [double, single]) },
  shell: { name: 'Shell', kind: 'code', syntax: hashed },
  sql: { name: 'SQL', kind: 'code', syntax: syntax([dashes, block], [single]) },
  css: { name: 'CSS', kind: 'code', syntax: syntax([block], [double, single]) },
  html: { name: 'HTML', kind: 'prose', syntax: syntax([markup]) },
  markdown: { name: 'Markdown', kind: 'prose', syntax: syntax([markup]) },
  toml: { name: 'TOML', kind: 'data', syntax: hashed },
  yaml: { name: 'YAML', kind: 'data', syntax: hashed },
  json: { name: 'JSON', kind: 'data', syntax: syntax([]) },
}

const ENDINGS = {
  rust: 'rs',
  typescript: 'ts tsx mts cts',
  javascript: 'js jsx mjs cjs',
  python: 'py pyi',
  go: 'go',
  c: 'c h',
  cpp: 'cc cpp cxx hh hpp hxx',
  java: 'java',
  csharp: 'cs',
  kotlin: 'kt kts',
  swift: 'swift',
  ruby: 'rb',
  php: 'php',
  lua: 'lua',
  shell: 'sh bash zsh',
  sql: 'sql',
  css: 'css scss less',
  html: 'html htm vue svelte',
  markdown: 'md mdx',
  toml: 'toml',
  yaml: 'yaml yml',
  json: 'json jsonc',
}

const BY_ENDING = new Map(Object.entries(ENDINGS).flatMap(([id, endings]) => endings.split(' ').map((ending) => [ending, id])))

/** The id of the language a path is written in, judged by its ending alone. */
export function languageOf(/** @type {string} */ path) {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase()
  return ending === undefined ? undefined : BY_ENDING.get(ending)
}

/** A language's name for people; `other` is the lane of all that have no lane of their own. */
export const nameOf = (/** @type {string} */ id) => LANGUAGES[id]?.name ?? 'Others'
