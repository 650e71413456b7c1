// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Writes the one report file, and hands on the few figures that the terminal shows.
import { rename, writeFile } from 'node:fs/promises'
import { modelPart } from '../models.mjs'
import { renderReport } from '../report.mjs'
import { top } from './summariser.mjs'

export const reporter = {
  name: 'reporter',

  /** @type {import('./crew.mjs').Work} */
  async execute({ context }, { execution }) {
    const { list, ...outputs } = context.dependencies
    const summaries = Object.entries(outputs).filter(([id]) => id.startsWith('summary-'))
    const findings = putTogether(
      list,
      summaries.map(([, summary]) => summary),
    )
    // What models have said, used and cost is on record by now: they were waited for.
    const part = modelPart(await execution())
    // Written aside and renamed: whenever the process dies, the report is the old one or the new one.
    await writeFile(`${context.report}.new`, renderReport(context.root, findings, part))
    await rename(`${context.report}.new`, context.report)
    const { files, code, comment, blank, functions, todos, duplicates, duplicateLines } = findings
    const languages = findings.languages.map(({ lane, code }) => ({ lane, code }))
    const first = {
      function: findings.longest[0] ?? null,
      todo: findings.todoList[0] ?? null,
      duplicate: findings.longestDuplicates[0] ?? null,
    }
    return { files, code, comment, blank, functions, todos, duplicates, duplicateLines, languages, first }
  },
}

/** @typedef {ReturnType<typeof putTogether>} Findings */

function putTogether(/** @type {any} */ list, /** @type {any[]} */ summaries) {
  const sum = (/** @type {string} */ field) => summaries.reduce((total, summary) => total + summary[field], 0)
  const all = (/** @type {string} */ field) => summaries.flatMap((summary) => summary[field])
  return {
    files: sum('files'),
    bytes: /** @type {number} */ (list.bytes),
    skipped: /** @type {Record<string, number>} */ (list.skipped),
    code: sum('code'),
    comment: sum('comment'),
    blank: sum('blank'),
    languages: top(summaries, (summary) => summary.code, summaries.length),
    largest: top(all('largest'), (file) => file.code, 10),
    functions: sum('functions'),
    longest: top(all('longest'), (found) => found.lines, 15),
    todos: sum('todos'),
    todoList: all('todoList'),
    duplicates: sum('duplicates'),
    duplicateLines: sum('duplicateLines'),
    longestDuplicates: top(all('longestDuplicates'), (found) => found.lines, 12),
  }
}
