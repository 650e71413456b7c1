// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the terminal says when the study has ended: findings, proof, and where the files are.
import { fit, near, squeeze, wrap } from './paint.mjs'
import { oneLine } from './models.mjs'
import { count, percent, plural, where } from './report.mjs'
import { nameOf } from './source/languages.mjs'

const LANGUAGES_SHOWN = 5

/** @returns {string[]} */
export function renderFindings(/** @type {any} */ found, /** @type {import('./paint.mjs').Paint} */ paint) {
  const { code, comment, blank, languages, first } = found
  const named = languages.slice(0, LANGUAGES_SHOWN).map((lane) => `${nameOf(lane.lane)} ${percent(lane.code / Math.max(1, code))}`)
  const more = languages.length - named.length
  const { function: longest, todo, duplicate } = first
  /** @type {Row[]} */
  const rows = [
    [
      'lines',
      count(code + comment + blank),
      `in ${plural(found.files, 'file')}: ${count(code)} code or text, ${count(comment)} comment, ${count(blank)} blank`,
    ],
    ['languages', count(languages.length), [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ')],
    [
      'functions',
      count(found.functions),
      longest && `the longest, ${longest.name}, has ${plural(longest.lines, 'line')}:`,
      longest && `${longest.path}:${longest.line}`,
    ],
    ['to-dos', count(found.todos), todo && `the first, ${todo.word}:`, todo && `${todo.path}:${todo.line}`],
    [
      'duplicates',
      count(found.duplicates),
      duplicate && `the longest, ${plural(duplicate.lines, 'line')}, again at`,
      duplicate && where(duplicate.places[1]),
    ],
  ]
  return columns(rows, paint)
}

/** @returns {string[]} */
export function renderModels(
  /** @type {NonNullable<import('./report.mjs').ModelPart>} */ { tasks, calls, tokens, money, conclusions, failure },
  /** @type {import('./paint.mjs').Paint} */ paint,
) {
  const lines = (/** @type {string} */ text) => wrap(text, paint.width - 3).map((line) => `  ${line}`)
  const models = [...new Set(tasks.map((task) => task.model))].join(' and ')
  return [
    ...(conclusions === undefined ? [] : lines(`${oneLine(conclusions.headline)}.`)),
    ...(failure === undefined ? [] : lines(failure).map(paint.yellow)),
    ...lines(`${models}: ${plural(calls, 'call')}, ${plural(tokens, 'token')}, ${money}`).map(paint.dim),
  ]
}

/** @returns {string[]} */
export function renderProof(/** @type {import('./ledger.mjs').Point[]} */ points, /** @type {import('./paint.mjs').Paint} */ paint) {
  return points.map(({ holds, text }) => {
    const mark = holds ? paint.green('✔') : paint.red('✘')
    return `  ${mark} ${wrap(text, paint.width - 5).join('\n    ')}`
  })
}

/** @returns {string[]} */
export function renderFiles(/** @type {Record<string, string>} */ files, /** @type {import('./paint.mjs').Paint} */ paint) {
  const notes = {
    report: 'the findings in full',
    timeline: 'the run as a page, for a browser',
    figures: 'what ended in the last day, as a page',
    journal: 'every step, as SQLite',
    ledger: 'every invocation of an agent',
  }
  const width = Math.max(...Object.values(files).map((path) => near(path).length))
  return Object.entries(files).map(
    ([name, path]) => `  ${name.padEnd(9)}${paint.bold(near(path).padEnd(width))}  ${paint.dim(notes[name])}`,
  )
}

/** @typedef {[label: string, figure: string, detail?: string | null, path?: string | null]} Row */

/** Label, figure and detail below each other; a path is squeezed into what the terminal leaves. */
function columns(/** @type {Row[]} */ rows, /** @type {import('./paint.mjs').Paint} */ paint) {
  const labels = Math.max(...rows.map(([label]) => label.length))
  const figures = Math.max(...rows.map(([, figure]) => figure.length))
  const rest = paint.width - 1 - 2 - labels - 2 - figures - 2
  return rows.map(([label, figure, detail, path]) => {
    const said = detail ?? ''
    const shown = path ? `${said} ${squeeze(path, Math.max(16, rest - said.length - 1))}` : fit(said, rest).trimEnd()
    return `  ${label.padEnd(labels)}  ${paint.bold(figure.padStart(figures))}  ${paint.dim(shown)}`.trimEnd()
  })
}
