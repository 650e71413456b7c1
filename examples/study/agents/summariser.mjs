// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Puts together what the finders found in the parts of one lane.
const KEPT = { largest: 10, functions: 15, todos: 200, duplicates: 15 }

export const summariser = {
  name: 'summariser',

  /** @type {import('./crew.mjs').Work} */
  execute({ input, context }) {
    const outputs = Object.entries(context.dependencies)
    const of = (/** @type {string} */ prefix) => outputs.filter(([id]) => id.startsWith(`${prefix}-`)).map(([, output]) => output)
    const [counts, functions, todos, duplicates] = ['count', 'functions', 'todos', 'duplicates'].map(of)
    return {
      lane: input.data.lane,
      files: sum(counts, (count) => count.files.length),
      code: sum(counts, (count) => count.lines.code),
      comment: sum(counts, (count) => count.lines.comment),
      blank: sum(counts, (count) => count.lines.blank),
      largest: top(
        counts.flatMap((count) => count.files),
        (file) => file.code,
        KEPT.largest,
      ),
      functions: sum(functions, (found) => found.functions),
      longest: top(
        functions.flatMap((found) => found.longest),
        (found) => found.lines,
        KEPT.functions,
      ),
      todos: sum(todos, (found) => found.total),
      todoList: todos.flatMap((found) => found.todos).slice(0, KEPT.todos),
      duplicates: sum(duplicates, (found) => found.runs),
      duplicateLines: sum(duplicates, (found) => found.lines),
      longestDuplicates: top(
        duplicates.flatMap((found) => found.longest),
        (found) => found.lines,
        KEPT.duplicates,
      ),
    }
  },
}

const sum = (/** @type {any[]} */ items, /** @type {(item: any) => number} */ of) => items.reduce((total, item) => total + of(item), 0)

/** The `most` largest items. */
export const top = (/** @type {any[]} */ items, /** @type {(item: any) => number} */ by, /** @type {number} */ most) =>
  items.toSorted((a, b) => by(b) - by(a)).slice(0, most)
