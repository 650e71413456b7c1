// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The report as Markdown.
import { basename } from 'node:path'
import { FILE_BYTES_MAX, FILES_MAX } from './source/walk.mjs'
import { nameOf } from './source/languages.mjs'
import { WINDOW } from './agents/duplicate-finder.mjs'

const SKIPPED = {
  folders: 'folders that hold no source of their own (`.git`, `node_modules`, `target`, `dist`, …)',
  links: 'symbolic links',
  locks: 'lock files of package managers',
  large: `files larger than ${FILE_BYTES_MAX / 1024 / 1024} MiB`,
  binary: 'binary files',
  unknown: 'files of no known language',
  unreadable: 'files or folders that could not be read',
  beyondLimit: `files beyond the first ${count(FILES_MAX)}`,
}

/** @typedef {ReturnType<typeof import('./models.mjs').modelPart>} ModelPart */

/** @returns {string} */
export function renderReport(
  /** @type {string} */ root,
  /** @type {import('./agents/reporter.mjs').Findings} */ findings,
  /** @type {ModelPart} */ part,
) {
  const { files, code, comment, blank, bytes } = findings
  return `${[
    `# Study of \`${basename(root)}\``,
    `\`${root}\`, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    `**${plural(files, 'file')}, ${plural(code + comment + blank, 'line')}** (${count(Math.ceil(bytes / 1024))} KiB): ` +
      `${count(code)} of code or text, ${count(comment)} of comment, ${count(blank)} blank.`,
    ...(part === undefined ? [] : conclusions(part)),
    languages(findings),
    largest(findings),
    functions(findings),
    todos(findings),
    duplicates(findings),
    leftOut(findings),
    ...(part === undefined ? [] : [account(part)]),
  ].join('\n\n')}\n`
}

/** What models say of it. It is their text, so nothing in it is taken for Markdown. */
function conclusions(/** @type {NonNullable<ModelPart>} */ { tasks, conclusions, failure }) {
  const list = (/** @type {string} */ title, /** @type {string[]} */ items) =>
    items.length > 0 && `${title}:\n\n${items.map((item) => `- ${prose(item)}`).join('\n')}`
  const said = conclusions && [
    `**${prose(conclusions.headline)}**`,
    list('Strengths', conclusions.strengths),
    list('Risks', conclusions.risks),
    list('Next steps', conclusions.nextSteps),
  ]
  const notes = tasks.filter((task) => task.taskId.startsWith('note-') && task.status === 'completed')
  return [
    section('Conclusions of a model', ...(said || []), failure ? prose(failure) : ''),
    ...(notes.length === 0 ? [] : [section('Notes of a model', ...notes.map(note))]),
  ]
}

const note = (/** @type {{ taskId: string, result?: unknown }} */ { taskId, result }) =>
  `**${nameOf(taskId.slice('note-'.length))}.** ${prose(String(result))}`

/** Who was asked, and what it cost. */
function account(/** @type {NonNullable<ModelPart>} */ { tasks, calls, tokens, money }) {
  const rows = tasks.map(({ taskId, model, status, usage, cost }) => [
    taskId,
    quote(model),
    usage?.inputTokens ?? 0,
    usage?.outputTokens ?? 0,
    `$${cost.toFixed(6)}`,
    status,
  ])
  const note = `${plural(calls, 'call')}, ${plural(tokens, 'token')}, ${money}; by the list prices that this package knows.`
  return section('Models', note, table(['Task', 'Model', 'Tokens in', 'Tokens out', 'Cost', 'End'], '<<>>><', rows))
}

function languages(/** @type {import('./agents/reporter.mjs').Findings} */ { languages, code }) {
  const rows = languages.map((lane) => {
    const share = lane.code / Math.max(1, code)
    const bar = '█'.repeat(Math.round(share * 20)).padEnd(20, '░')
    const documented = percent(lane.comment / Math.max(1, lane.code + lane.comment))
    return [nameOf(lane.lane), lane.files, lane.code, lane.comment, lane.blank, documented, `\`${bar}\` ${percent(share)}`]
  })
  return section('Languages', table(['Language', 'Files', 'Code', 'Comment', 'Blank', 'Commented', 'Share of code'], '<>>>>><', rows))
}

function largest(/** @type {import('./agents/reporter.mjs').Findings} */ { largest }) {
  return section(
    'Largest files',
    table(
      ['Lines of code', 'File'],
      '><',
      largest.map((file) => [file.code, quote(file.path)]),
    ),
  )
}

function functions(/** @type {import('./agents/reporter.mjs').Findings} */ { functions, longest }) {
  const note =
    `${plural(functions, 'named function')} found in Rust, TypeScript, JavaScript, Python, Go and C-like sources. ` +
    'This is a heuristic that follows heads, braces and indentation in the text, not a parser; a length counts every line from head to end.'
  const rows = longest.map((found) => [found.lines, quote(found.name), found.language, quote(`${found.path}:${found.line}`)])
  return section('Longest functions', note, rows.length > 0 && table(['Lines', 'Function', 'Language', 'Where'], '><<<', rows))
}

function todos(/** @type {import('./agents/reporter.mjs').Findings} */ { todos, todoList }) {
  const rows = todoList.map((todo) => [todo.word, quote(`${todo.path}:${todo.line}`), cell(todo.text)])
  const note = todos === 0 ? 'None.' : todos > rows.length ? `The first ${rows.length} of ${count(todos)}.` : ''
  return section(`To-dos (${count(todos)})`, note, rows.length > 0 && table(['Word', 'Where', 'Text'], '<<<', rows))
}

function duplicates(
  /** @type {import('./agents/reporter.mjs').Findings} */ { duplicates, duplicateLines, longestDuplicates, code, comment },
) {
  const share = percent(duplicateLines / Math.max(1, code + comment))
  const note =
    `Runs of at least ${WINDOW} equal lines in two places of one language; indentation, blank lines and lines of mere punctuation do not count. ` +
    (duplicates === 0 ? 'None.' : `${plural(duplicates, 'run')}, ${plural(duplicateLines, 'line')} (${share}); the longest:`)
  const rows = longestDuplicates.map(({ lines, places, excerpt }) => [lines, ...places.map((place) => quote(where(place))), quote(excerpt)])
  return section('Duplicated text', note, rows.length > 0 && table(['Lines', 'Here', 'And here', 'Begins with'], '><<<', rows))
}

function leftOut(/** @type {import('./agents/reporter.mjs').Findings} */ { skipped }) {
  const found = Object.entries(SKIPPED).filter(([reason]) => skipped[reason] > 0)
  return section('Left out', found.map(([reason, text]) => `- ${count(skipped[reason])} ${text}`).join('\n') || 'Nothing.')
}

/** A heading and its paragraphs; what is empty or false is left out. */
const section = (/** @type {string} */ title, /** @type {(string | false)[]} */ ...paragraphs) =>
  [`## ${title}`, ...paragraphs.filter(Boolean)].join('\n\n')

/** A table whose columns are as wide as their widest cell, so that it also reads well as plain text. */
function table(/** @type {string[]} */ heads, /** @type {string} */ alignment, /** @type {(string | number)[][]} */ rows) {
  const texts = [heads, ...rows.map((row) => row.map((value) => (typeof value === 'number' ? count(value) : value)))]
  const widths = heads.map((_, column) => Math.max(...texts.map((row) => row[column].length)))
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((text, column) => (alignment[column] === '>' ? text.padStart(widths[column]) : text.padEnd(widths[column]))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (alignment[column] === '>' ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`
  const [head, ...body] = texts.map(line)
  return [head, rule, ...body].join('\n')
}

export const where = (/** @type {import('./agents/duplicate-finder.mjs').Place} */ place) => `${place.path}:${place.from}-${place.to}`
export const percent = (/** @type {number} */ share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`

/** @returns {string} */
export function count(/** @type {number} */ number) {
  return number.toLocaleString('en-US')
}

export const plural = (/** @type {number} */ number, /** @type {string} */ noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`

const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|').replace(/[<>&*_`]/g, '\\$&')
const prose = (/** @type {string} */ text) =>
  text
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .replace(/[\\<>&*_`[\]#|!~]/g, '\\$&')
const quote = (/** @type {string} */ text) => (text.includes('`') ? cell(text) : `\`${text.replaceAll('|', '\\|')}\``)
