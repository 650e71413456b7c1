// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Finds text that stands in two places: runs of at least six equal lines, indentation and trivial lines left aside.
// A rolling hash over a window of six lines proposes a place, the lines themselves decide.
import { setImmediate } from 'node:timers/promises'
import { linesOf, sources } from '../source/scan.mjs'

/**
 * @typedef {{ path: string, from: number, to: number }} Place
 * @typedef {{ lines: number, places: [Place, Place], excerpt: string }} Duplicate
 * @typedef {{ path: string, ids: number[], lines: number[], text: string[] }} Sequence the lines that count, as small numbers
 */

export const WINDOW = 6
const DUPLICATES_KEPT = 15
const EXCERPT_LENGTH_MAX = 100
const PLACES_PER_HASH = 4
const BASE = 0x01000193

export const duplicateFinder = {
  name: 'duplicate-finder',

  /** @type {import('./crew.mjs').Work} */
  async execute({ context }, { signal }) {
    const counts = Object.values(context.dependencies)
    const paths = counts.flatMap(({ files }) => files.filter((file) => file.code >= WINDOW).map((file) => file.path))
    const known = new Map()
    /** @type {Sequence[]} */
    const sequences = []
    for await (const source of sources(context.root, paths.sort(), signal)) {
      if (source.language.kind !== 'data') sequences.push(sequence(source, known))
    }
    const { duplicates, lines } = await findDuplicates(sequences, signal)
    duplicates.sort((a, b) => b.lines - a.lines)
    return { runs: duplicates.length, lines, longest: duplicates.slice(0, DUPLICATES_KEPT) }
  },
}

/** @returns {Sequence} */
export function sequence(/** @type {{ path: string, text: string }} */ { path, text }, /** @type {Map<string, number>} */ known) {
  /** @type {Sequence} */
  const kept = { path, ids: [], lines: [], text: [] }
  linesOf(text).forEach((line, index) => {
    const normal = line.trim().replace(/\s+/g, ' ')
    if (!/\w\W*\w\W*\w/.test(normal)) return
    if (!known.has(normal)) known.set(normal, known.size + 1)
    kept.ids.push(/** @type {number} */ (known.get(normal)))
    kept.lines.push(index + 1)
    kept.text.push(normal)
  })
  return kept
}

/** Every later occurrence of an earlier run, and how many lines are such repetitions. */
export async function findDuplicates(/** @type {Sequence[]} */ sequences, /** @type {AbortSignal} */ signal) {
  /** @type {Map<number, { of: Sequence, at: number }[]>} */
  const places = new Map()
  /** @type {Duplicate[]} */
  const duplicates = []
  let lines = 0
  for (const of of sequences) {
    // Nothing is read here, so between two files the event loop is given its turn.
    await setImmediate()
    signal.throwIfAborted()
    let unreported = 0
    for (const { hash, at } of windows(of.ids)) {
      const earlier = places.get(hash) ?? []
      if (at >= unreported) {
        const [best, length] = longestMatch(earlier, of, at)
        if (best !== undefined && length >= WINDOW) {
          const excerpt = of.text[at].slice(0, EXCERPT_LENGTH_MAX)
          duplicates.push({ lines: length, places: [place(best.of, best.at, length), place(of, at, length)], excerpt })
          lines += length
          unreported = at + length
        }
      }
      if (earlier.length < PLACES_PER_HASH) places.set(hash, [...earlier, { of, at }])
    }
  }
  return { duplicates, lines }
}

/** The hash of each window of six lines; each is made from the one before in constant time. */
function* windows(/** @type {number[]} */ ids) {
  let leaving = 1
  for (let power = 1; power < WINDOW; power += 1) leaving = Math.imul(leaving, BASE)
  let hash = 0
  for (let end = 0; end < ids.length; end += 1) {
    if (end >= WINDOW) hash = (hash - Math.imul(ids[end - WINDOW], leaving)) | 0
    hash = (Math.imul(hash, BASE) + ids[end]) | 0
    if (end >= WINDOW - 1) yield { hash, at: end - WINDOW + 1 }
  }
}

/** @returns {[{ of: Sequence, at: number } | undefined, number]} */
function longestMatch(/** @type {{ of: Sequence, at: number }[]} */ earlier, /** @type {Sequence} */ of, /** @type {number} */ at) {
  /** @type {{ of: Sequence, at: number } | undefined} */
  let best
  let longest = 0
  for (const candidate of earlier) {
    // Within one file the two places must not overlap.
    const most = candidate.of === of ? at - candidate.at : Infinity
    let length = 0
    while (length < most && at + length < of.ids.length && candidate.of.ids[candidate.at + length] === of.ids[at + length]) length += 1
    if (length > longest) [best, longest] = [candidate, length]
  }
  return [best, longest]
}

const place = (/** @type {Sequence} */ of, /** @type {number} */ at, /** @type {number} */ length) => ({
  path: of.path,
  from: of.lines[at],
  to: of.lines[at + length - 1],
})
