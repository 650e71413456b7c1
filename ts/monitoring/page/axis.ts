// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The marks of a time axis.

import { microsText } from './html.js'

/** Marks at most. */
const MARKS = 8
/** Distances that are read at a glance, in microseconds: 1, 2 and 5 of each power of ten up to ten seconds, then those of clocks. */
const DISTANCES = [
  ...[1, 10, 100, 1e3, 1e4, 1e5, 1e6].flatMap((power) => [power, 2 * power, 5 * power]),
  ...[10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400].map((seconds) => seconds * 1e6),
]

/** Where the marks of a span of time are, in microseconds from its begin, and what they say. */
export function axisOf(span: number): { at: number; text: string }[] {
  const distance = DISTANCES.find((distance) => span / distance <= MARKS) ?? Math.ceil(span / MARKS / 86_400e6) * 86_400e6
  return Array.from({ length: Math.floor(span / distance) + 1 }, (_, place) => ({
    at: place * distance,
    text: place === 0 ? '0' : microsText(place * distance),
  }))
}
