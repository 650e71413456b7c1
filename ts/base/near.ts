// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The name that a slip of the pen was meant to be. `crates/stdx/src/nearest.rs` says the same of what Rust judges: change both.

/** The word a typo was meant to be: at most a third of its letters differ, whatever the case. */
export function nearest<W extends string>(word: string, candidates: Iterable<W>): W | undefined {
  let best: { candidate: W; away: number } | undefined
  for (const candidate of candidates) {
    const away = distance(word.toLowerCase(), candidate.toLowerCase())
    const isNear = away < candidate.length && away <= Math.max(1, Math.floor(candidate.length / 3))
    if (isNear && (best === undefined || away < best.away)) best = { candidate, away }
  }
  return best?.candidate
}

/** Letters to insert, remove, replace, or swap with their neighbour; words that are far too long are simply far. */
function distance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > right.length) return Number.POSITIVE_INFINITY
  let before: number[] = []
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 0; i < left.length; i += 1) {
    const next = [i + 1]
    for (let j = 0; j < right.length; j += 1) {
      const replaced = (row[j] ?? 0) + (left[i] === right[j] ? 0 : 1)
      const isSwapped = i > 0 && j > 0 && left[i] === right[j - 1] && left[i - 1] === right[j]
      const swapped = isSwapped ? (before[j - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(replaced, swapped, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row[right.length] ?? 0
}
