// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Splits a source text into its code and its comments, both keeping every line and column.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LANGUAGES, languageOf } from './languages.mjs'

/**
 * @typedef {object} Source
 * @property {string} path
 * @property {import('./languages.mjs').Language} language
 * @property {string} text
 * @property {string} code the text without comments, and with every character of a string replaced by `FILL`
 * @property {string} comments the text of the comments alone
 */

/** Stands for a character inside a string: not blank, not a brace, not a word. */
export const FILL = '\u0001'

const blank = (/** @type {string} */ text) => text.replace(/[^\n]/g, ' ')
const fill = (/** @type {string} */ text) => text.replace(/[^\n]/g, FILL)

/** @returns {Source} */
export function scan(/** @type {string} */ path, /** @type {string} */ text) {
  const language = LANGUAGES[languageOf(path) ?? 'json']
  let code = ''
  let comments = ''
  let end = 0
  for (const match of text.matchAll(language.syntax)) {
    const between = text.slice(end, match.index)
    const comment = match[1] !== undefined
    code += between + (comment ? blank(match[0]) : fill(match[0]))
    comments += blank(between) + (comment ? match[0] : blank(match[0]))
    end = match.index + match[0].length
  }
  const rest = text.slice(end)
  return { path, language, text, code: code + rest, comments: comments + blank(rest) }
}

/**
 * Reads and scans files one after the other, so that the event loop breathes and a cancel is heard between two of them.
 * A file that has vanished since it was listed is passed over.
 *
 * @param {string} root
 * @param {string[]} paths
 * @param {AbortSignal} signal
 */
export async function* sources(root, paths, signal) {
  for (const path of paths) {
    signal.throwIfAborted()
    const text = await readFile(join(root, path), 'utf8').catch(() => undefined)
    if (text !== undefined) yield scan(path, text.replaceAll('\r\n', '\n'))
  }
}

/** The lines of a text; a last line break does not begin another one. */
export function linesOf(/** @type {string} */ text) {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}
