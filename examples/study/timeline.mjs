// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The timeline at the end: one row per task, from its start to its end on a scale common to all.
import { instant } from './ledger.mjs'
import { duration, fit } from './paint.mjs'
import { STAGES } from './workflow.mjs'

const LABEL_WIDTH_MAX = 24
const DURATION_WIDTH = 9

/** @typedef {{ from: number, to: number }} Span milliseconds since 1970 */

/**
 * @param {import('@codexos/multi-agent-orchestrator').WorkflowExecution} execution
 * @param {Span[]} interruptions times in which no process was alive; the scale leaves them out and marks them
 * @param {import('./paint.mjs').Paint} paint
 */
export function renderTimeline(execution, interruptions, paint) {
  const rows = execution.tasks
    .map((task) => ({ task, from: instant(task.startTime), to: instant(task.endTime) }))
    .sort((a, b) => (a.from ?? Infinity) - (b.from ?? Infinity) || (a.to ?? Infinity) - (b.to ?? Infinity))
  const began = Math.min(...rows.flatMap((row) => row.from ?? []))
  const ended = Math.max(...rows.flatMap((row) => row.to ?? []))
  if (!Number.isFinite(began) || !Number.isFinite(ended)) return []

  /** Working time since the beginning: without the interruptions. */
  const worked = (/** @type {number} */ at) =>
    interruptions.reduce((time, gap) => time - Math.max(0, Math.min(at, gap.to) - gap.from), at - began)
  const span = Math.max(1, worked(ended))
  const labelWidth = Math.min(LABEL_WIDTH_MAX, Math.max(...rows.map(({ task }) => task.taskId.length)))
  const width = Math.max(10, paint.width - 1 - 2 - labelWidth - 2 - DURATION_WIDTH)
  const column = (/** @type {number} */ at) => Math.min(width - 1, Math.floor((worked(at) / span) * width))
  const cuts = new Set(interruptions.map((gap) => column(gap.from)))

  const lines = rows.map(({ task, from, to }) => {
    const label = fit(task.taskId, labelWidth)
    if (from === undefined || to === undefined) return `  ${paint.dim(`${label}  ${fit(task.status, width)}`)}`
    const cells = barCells((worked(from) / span) * width * 2, (worked(to) / span) * width * 2, width)
    const agent = STAGES.findIndex((stage) => stage.agent === task.agentId)
    const colour = (/** @type {string} */ text) => (task.status === 'completed' ? paint.agent(agent, text) : paint.dim(text))
    const took = duration(worked(to) - worked(from)).padStart(DURATION_WIDTH)
    return `  ${label}  ${paintCells(cells, cuts, colour, paint)}${paint.dim(took)}`
  })
  return [`  ${' '.repeat(labelWidth)}  ${paint.dim(scale(span, width))}`, ...lines, ...legend(interruptions, paint)]
}

/** A bar in half columns: `╺` begins and `╸` ends in the middle of one; the shortest is half a column. */
function barCells(/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ width) {
  const first = Math.min(width * 2 - 1, Math.floor(from))
  const last = Math.min(width * 2 - 1, Math.max(first, Math.ceil(to) - 1))
  const cells = Array(width).fill(' ')
  for (let cell = first >> 1; cell <= last >> 1; cell += 1) {
    const [left, right] = [cell * 2 >= first, cell * 2 + 1 <= last]
    cells[cell] = left && right ? '━' : left ? '╸' : '╺'
  }
  return cells
}

/** Paints runs of bar, cut and nothing; a cut is drawn through the bars that go on after it. */
function paintCells(
  /** @type {string[]} */ cells,
  /** @type {Set<number>} */ cuts,
  /** @type {(text: string) => string} */ colour,
  /** @type {import('./paint.mjs').Paint} */ paint,
) {
  let text = ''
  let bar = ''
  cells.forEach((cell, index) => {
    const cut = cuts.has(index) && (cell === ' ' || (cells[index - 1] === '━' && (cells[index + 1] ?? ' ') !== ' '))
    if (cell !== ' ' && !cut) return void (bar += cell)
    text += colour(bar) + (cut ? paint.dim('┊') : ' ')
    bar = ''
  })
  return text + colour(bar)
}

/** Five times along the top, each above its place. */
function scale(/** @type {number} */ span, /** @type {number} */ width) {
  const marks = width < 50 ? 2 : 4
  let text = '0'
  for (let mark = 1; mark <= marks; mark += 1) {
    const label = duration((span * mark) / marks)
    text = text.padEnd(Math.round((width * mark) / marks) - label.length) + label
  }
  return text
}

function legend(/** @type {Span[]} */ interruptions, /** @type {import('./paint.mjs').Paint} */ paint) {
  return interruptions.map((gap) => `  ${paint.dim(`┊ the process was dead for ${duration(gap.to - gap.from)}, left out of the scale`)}`)
}
