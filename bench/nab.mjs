// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The score of the Numenta Anomaly Benchmark on a part of its data:  npm run bench:nab -- <folder with csv files> <combined_windows.json>
//
// Each series is scored by `cargo run -p analytics --example score`, in one fixed configuration; one threshold for all, the best, makes detections of scores, as the benchmark
// has it. The rules are those of the paper (Lavin and Ahmad, 2015), profile "standard": the first detection in a window earns up to 1, the earlier the more; one outside
// costs up to 0.11, the farther behind a window the more; a missed window costs 1. The first 15 % of a series (of 5,000 rows at most) count for nothing.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { root } from './usage.mjs'

const [folder, windowsPath] = process.argv.slice(2)
if (folder === undefined || windowsPath === undefined) {
  console.error('bench:nab: name the folder of the series and the file of the windows')
  process.exit(2)
}
const COST = { falsePositive: 0.11, falseNegative: 1 }

const sigmoid = (y) => 2 / (1 + Math.exp(5 * y)) - 1

function filesIn(at) {
  return readdirSync(at).flatMap((name) => {
    const path = join(at, name)
    return statSync(path).isDirectory() ? filesIn(path) : path.endsWith('.csv') ? [path] : []
  })
}

const windows = JSON.parse(readFileSync(windowsPath, 'utf8'))
execFileSync('cargo', ['build', '--release', '-q', '-p', 'analytics', '--example', 'score'], { cwd: root, stdio: 'inherit' })
const score = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release/examples/score')

const series = filesIn(folder).flatMap((path) => {
  const key = path.split(sep).slice(-2).join('/')
  if (windows[key] === undefined) return []
  const text = readFileSync(path, 'utf8')
  const rows = text.trim().split('\n').slice(1)
  const at = rows.map((row) => Date.parse(`${row.split(',')[0].replace(' ', 'T')}Z`))
  const scores = execFileSync(score, { input: text, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })
    .trim()
    .split('\n')
    .map(Number)
  const ranges = windows[key].map((range) => {
    const [from, to] = range.map((text) => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`))
    return [at.findIndex((time) => time >= from), at.findLastIndex((time) => time <= to)]
  })
  return [{ key, scores, ranges, probation: Math.floor(0.15 * Math.min(rows.length, 5000)) }]
})

function scoreAt({ scores, ranges, probation }, threshold) {
  let total = 0
  const counted = ranges.filter(([, to]) => to >= probation)
  for (const [from, to] of counted) {
    const first = scores.findIndex((found, place) => place >= Math.max(from, probation) && place <= to && found >= threshold)
    total += first === -1 ? -COST.falseNegative : sigmoid(-(to - first + 1) / (to - from + 1))
  }
  for (let place = probation; place < scores.length; place += 1) {
    if (scores[place] < threshold || counted.some(([from, to]) => place >= from && place <= to)) continue
    const before = counted.findLast(([, to]) => to < place)
    const behind = before === undefined ? -1 : sigmoid((place - before[1]) / (before[1] - before[0] + 1))
    total += behind * COST.falsePositive
  }
  return total
}

const count = series.reduce((sum, { ranges, probation }) => sum + ranges.filter(([, to]) => to >= probation).length, 0)
const [nothing, perfect] = [-count * COST.falseNegative, count * sigmoid(-1)]
// So many of all rows are above it, 1, 2, 3, 5 and so on; and none.
const sorted = series.flatMap(({ scores }) => scores).toSorted((a, b) => b - a)
const ranks = Array.from({ length: 80 }, (_, place) => Math.floor(1.15 ** place)).filter((rank) => rank < sorted.length)
const THRESHOLDS = [Infinity, ...new Set(ranks.map((rank) => sorted[rank]))]

const normal = (total) => (100 * (total - nothing)) / (perfect - nothing)
const [best, threshold] = THRESHOLDS.map((at) => [series.reduce((sum, one) => sum + scoreAt(one, at), 0), at]).toSorted(
  (a, b) => b[0] - a[0],
)[0]
console.log(`${series.length} series, ${count} windows: ${normal(best).toFixed(1)} of 100 at the threshold ${threshold} (profile standard)`)
