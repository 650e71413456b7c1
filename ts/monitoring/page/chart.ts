// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Bars and lines over time, as SVG. What they show is said in a table beside them, so that nobody needs to see them.

import { html, joined, type Html } from './html.js'

/** One row of values, one for each mark of the axis; `null`: there is none. */
interface Series {
  readonly name: string
  /** The class that gives it its colour. */
  readonly look: string
  readonly values: readonly (number | null)[]
}

interface Chart {
  readonly title: string
  /** Stacked bars, or lines one over the other. */
  readonly form: 'bars' | 'lines'
  readonly series: readonly Series[]
  /** What stands under each mark. */
  readonly marks: readonly string[]
  readonly write: (value: number) => string
  /** Whether the values are whole. */
  readonly isCount?: boolean
}

const WIDTH = 480
const HEIGHT = 170
/** Room for the numbers at the left, for those below, and above. */
const LEFT = 68
const BELOW = 22
const ABOVE = 10
/** Marks that are written out. */
const MARKS_MAX = 8
/** Lines of the grid. */
const LINES = 4

export function chart({ title, form, series, marks, write, isCount = false }: Chart): Html {
  const tops = marks.map((_, place) => {
    const values = series.map(({ values }) => values[place] ?? 0)
    return form === 'bars' ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values)
  })
  const top = niceTop(Math.max(...tops, 0), isCount)
  const step = (WIDTH - LEFT) / Math.max(marks.length, 1)
  const y = (value: number): number => ABOVE + (HEIGHT - ABOVE - BELOW) * (1 - value / top)
  const grid = Array.from({ length: LINES + 1 }, (_, line) => {
    const at = y((top * line) / LINES)
    return html`<line class="grid" x1="${n(LEFT)}" x2="${n(WIDTH)}" y1="${n(at)}" y2="${n(at)}" /><text
        x="${n(LEFT - 6)}"
        y="${n(at + 4)}"
        text-anchor="end"
        >${write((top * line) / LINES)}</text
      >`
  })
  const every = Math.ceil(marks.length / MARKS_MAX)
  const below = marks.flatMap((mark, place) =>
    place % every === 0 ? [html`<text x="${n(LEFT + step * (place + 0.5))}" y="${n(HEIGHT - 5)}" text-anchor="middle">${mark}</text>`] : [],
  )
  const drawn = form === 'bars' ? bars(series, marks.length, step, y) : series.map((one) => line(one, step, y))
  const legend = series.map(({ name, look }) => html`<li><i class="key ${look}" aria-hidden="true"></i> ${name}</li>`)
  return html`<figure>
    <figcaption>${title}</figcaption>
    <svg viewBox="0 0 ${n(WIDTH)} ${n(HEIGHT)}" aria-hidden="true">${joined(grid)}${joined(below)}${joined(drawn)}</svg>
    <ul class="legend">
      ${joined(legend)}
    </ul>
  </figure>`
}

function bars(series: readonly Series[], count: number, step: number, y: (value: number) => number): Html[] {
  const width = Math.max(Math.min(step * 0.8, 40), 1)
  return Array.from({ length: count }, (_, place) => {
    let below = 0
    const parts = series.map(({ look, values }) => {
      const value = values[place] ?? 0
      const [from, to] = [y(below), y(below + value)]
      below += value
      if (value === 0) return html``
      const x = LEFT + step * (place + 0.5) - width / 2
      return html`<rect class="${look}" x="${n(x)}" y="${n(to)}" width="${n(width)}" height="${n(from - to)}" />`
    })
    return joined(parts)
  })
}

/** A line with a point for each value, broken where there is none. */
function line({ look, values }: Series, step: number, y: (value: number) => number): Html {
  let path = ''
  let drawing = false
  const points: Html[] = []
  for (const [place, value] of values.entries()) {
    if (value !== null) {
      const [x, at] = [LEFT + step * (place + 0.5), y(value)]
      path += `${drawing ? 'L' : 'M'}${n(x)} ${n(at)}`
      points.push(html`<circle class="${look}" cx="${n(x)}" cy="${n(at)}" r="2.5" />`)
    }
    drawing = value !== null
  }
  return html`<path class="line ${look}" d="${path}" />${joined(points)}`
}

/** A number of which each line of the grid is easily read: 2, 4 or 8 of a power of ten. What is counted has no parts. */
function niceTop(most: number, isCount: boolean): number {
  if (most <= 0) return isCount ? LINES : 1
  const power = 10 ** Math.floor(Math.log10(most))
  const top = ([2, 4, 8].find((times) => times * power >= most) ?? 20) * power
  return isCount ? Math.max(top, LINES) : top
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10)
}
