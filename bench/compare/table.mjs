// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The table of one shape: a row per variant, its times and ratios at each concurrency. 100 columns.

import { boundOn, judge } from './bounds.mjs'

const LABEL = 22
const WIDTHS = [10, 13, 13]
const WIDTH = 36
const NONE = '–'

/** Lines for one shape. `cells` are by concurrency, `rows` have a variant and a label. */
export function renderShape(shape, cells, rows) {
  const concurrencies = [...cells.keys()]
  const heads = concurrencies.map((concurrency) => {
    const title = concurrency === 1 ? 'one execution at a time' : `${concurrency} executions at once`
    return title.padStart(WIDTH)
  })
  const columns = concurrencies.map(() => fill(['µs/task', '× plain', '× memory']))
  const lines = [
    `${shape.name}: ${shape.title} (${shape.tasks.length} tasks)`,
    `${''.padEnd(LABEL)}${heads.join('')}`,
    `${''.padEnd(LABEL)}${columns.join('')}`,
  ]
  for (const { variant, label } of rows) {
    const parts = concurrencies.map((concurrency) => rowPart(shape, concurrency, cells.get(concurrency), variant))
    lines.push(`${label.padEnd(LABEL)}${parts.join('')}`)
  }
  if ([...cells.values()].some((cell) => cell.ratio('file', 'disk') !== undefined)) {
    const parts = concurrencies.map((concurrency) => {
      const ratio = ratioText(shape, concurrency, cells.get(concurrency), 'file', 'disk')
      return ratio.padStart(WIDTH)
    })
    lines.push(`${"'disk' / file, tasks/s".padEnd(LABEL)}${parts.join('')}`)
  }
  return lines
}

/** A time or a ratio, with as many digits as say something. */
export function figure(number) {
  if (number === undefined) return NONE
  const size = Math.abs(number)
  if (size >= 100) return number.toFixed(0)
  return size >= 10 ? number.toFixed(1) : number.toFixed(2)
}

function rowPart(shape, concurrency, cell, variant) {
  const ratio = (base) => (variant === base ? '1' : ratioText(shape, concurrency, cell, variant, base))
  if (cell.micros(variant) === undefined) return fill(['missing', NONE, NONE])
  return fill([figure(cell.micros(variant)), ratio('plain'), ratio('memory')])
}

function ratioText(shape, concurrency, cell, variant, base) {
  const ratio = cell.ratio(variant, base)
  const bound = boundOn(shape.name, concurrency, variant, base)
  return ratio === undefined || bound === undefined ? figure(ratio) : `${figure(ratio)} ${judge(bound, ratio).word}`
}

const fill = (texts) => texts.map((text, place) => text.padStart(WIDTHS[place])).join('')
