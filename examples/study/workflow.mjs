// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The workflow: one list, then four kinds of finders side by side over parts of it, a summary per language, one report.
// Where there are models, one of them writes a note on each summary, and one conclusions, before the report.
//
//   list ──┬─ todos-rust-1 ──────────────────────────────┐
//          └─ count-rust-1 ─┬─ functions-rust-1 ─────────┤
//             count-rust-2 ─┼─ functions-rust-2 ─────────┼─ summary-rust ──┐
//                           └─ duplicates-rust ──────────┘                 ├─ report
//             … and the same for every other language …    summary-… ──────┘
import { TOKENS_MAX, modelTasks } from './models.mjs'
import { LANGUAGES } from './source/languages.mjs'

/** @typedef {{ name: string, languages: string[], parts: string[] }} Lane the files of one language, dealt into parts */

export const WORKFLOW_ID = 'source-study'

/** The agents in the order their work comes in; each has one bar on the screen. */
export const STAGES = [
  { agent: 'lister', title: 'List files' },
  { agent: 'counter', title: 'Count lines' },
  { agent: 'function-finder', title: 'Find functions' },
  { agent: 'todo-finder', title: 'Find to-dos' },
  { agent: 'duplicate-finder', title: 'Find duplicates' },
  { agent: 'summariser', title: 'Sum up languages' },
  { agent: 'reader', title: 'Ask for notes' },
  { agent: 'editor', title: 'Ask to conclude' },
  { agent: 'reporter', title: 'Write the report' },
]

// Eight lanes and fourteen parts make at most 60 tasks, and 9 for models: well below the orchestrator's default `maxTasks` of 100.
const LANES_MAX = 8
const PARTS_WANTED = 10
const PARTS_MAX = 14

/**
 * The lanes of a study: one per language, the largest first, the smallest ones together in `other`.
 * A large language is dealt into several parts, which are studied side by side.
 *
 * @param {import('./source/walk.mjs').SourceFile[]} files
 * @returns {Lane[]}
 */
export function planLanes(files) {
  /** @type {Record<string, { files: number, bytes: number }>} */
  const sizes = {}
  for (const { language, bytes } of files) {
    const size = (sizes[language] ??= { files: 0, bytes: 0 })
    size.files += 1
    size.bytes += bytes
  }
  const ranked = Object.entries(sizes).map(([name, size]) => ({ name, languages: [name], ...size }))
  ranked.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))

  const lanes = ranked.length > LANES_MAX ? ranked.slice(0, LANES_MAX - 1) : ranked
  const rest = ranked.slice(lanes.length)
  if (rest.length > 0) {
    const languages = rest.map((lane) => lane.name)
    lanes.push({ name: 'other', languages, files: sum(rest, 'files'), bytes: sum(rest, 'bytes') })
  }

  // Data is merely counted, which is quick whatever its size; the rest is dealt out by its share of the bytes.
  const searched = lanes.filter((lane) => lane.languages.some((id) => LANGUAGES[id].kind !== 'data'))
  const bytes = Math.max(1, sum(searched, 'bytes'))
  let left = PARTS_MAX - lanes.length
  return lanes.map((lane) => {
    const share = searched.includes(lane) ? lane.bytes / bytes : 0
    const wanted = Math.min(lane.files, Math.round(PARTS_WANTED * share))
    const more = Math.max(0, Math.min(left, wanted - 1))
    left -= more
    const parts = more === 0 ? [lane.name] : Array.from({ length: more + 1 }, (_, index) => `${lane.name}-${index + 1}`)
    return { name: lane.name, languages: lane.languages, parts }
  })
}

/**
 * @param {Lane[]} lanes
 * @param {number} [usd] what models may cost; they take part if it is given
 * @returns {import('@codexos/multi-agent-orchestrator').AgentWorkflow}
 */
export function defineStudy(lanes, usd) {
  const asked = usd === undefined ? [] : modelTasks(lanes)
  return {
    id: WORKFLOW_ID,
    name: 'Study of a directory of source code',
    version: '1.0.0',
    ...(usd !== undefined && { budget: { usd, tokens: TOKENS_MAX } }),
    tasks: [
      { ...task('list', 'lister', [], { lanes }), type: 'sequential' },
      ...lanes.flatMap(studyLane),
      ...asked,
      { ...task('report', 'reporter', ['list', ...lanes.map((lane) => `summary-${lane.name}`), ...asked.map(idOf)]), type: 'sequential' },
    ],
  }
}

function studyLane(/** @type {Lane} */ { name, languages, parts }) {
  const known = languages.map((id) => LANGUAGES[id])
  const prose = known.some((language) => language.kind !== 'data')
  const counts = parts.map((part) => task(`count-${part}`, 'counter', ['list'], { part }))
  const functions = known.some((language) => language.functions)
    ? parts.map((part) => task(`functions-${part}`, 'function-finder', [`count-${part}`], { part }))
    : []
  const todos = prose ? parts.map((part) => task(`todos-${part}`, 'todo-finder', ['list'], { part })) : []
  const duplicates = prose ? [task(`duplicates-${name}`, 'duplicate-finder', counts.map(idOf), { lane: name })] : []
  const found = [...counts, ...functions, ...todos, ...duplicates]
  return [...found, task(`summary-${name}`, 'summariser', found.map(idOf), { lane: name })]
}

/** One task of the study: a leaf that runs as soon as the tasks it depends on have completed. */
function task(/** @type {string} */ id, /** @type {string} */ agentId, /** @type {string[]} */ dependencies, data = {}) {
  const name = id.replaceAll('-', ' ')
  return { id, name, agentId, type: /** @type {const} */ ('parallel'), dependencies, input: { data }, timeout: 10 * 60_000 }
}

const idOf = (/** @type {{ id: string }} */ { id }) => id

function sum(/** @type {Record<string, any>[]} */ items, /** @type {string} */ field) {
  return items.reduce((total, item) => total + item[field], 0)
}
