// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The tables of the models, in the style of the others.

import { judge } from '../compare/bounds.mjs'
import { figure } from '../compare/table.mjs'

const LABEL = 26
const WIDTH = 13
const NAME = 50

/** Lines of one part. */
export function renderPart({ title, notes, columns, rows }) {
  return [
    title,
    ...notes,
    `${''.padEnd(LABEL)}${fill(columns)}`,
    ...rows.map(({ label, figures }) => `${label.padEnd(LABEL)}${fill(figures.map(figure))}`),
  ]
}

/** Lines that list the bounds, and how many were missed. */
export function renderBounds(bounds) {
  const judged = bounds.map((bound) => ({ ...bound, ...judge(bound, bound.value) }))
  const missed = judged.filter(({ met }) => !met).length
  const lines = judged.map(
    ({ name, value, range, word }) => `  ${name.padEnd(NAME)}${figure(value).padStart(10)} ${range.padStart(8)}  ${word}`,
  )
  return { missed, lines: [`Bounds: ${bounds.length - missed} of ${bounds.length} kept`, ...lines] }
}

const fill = (texts) => texts.map((text) => text.padStart(WIDTH)).join('')
