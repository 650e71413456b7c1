// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A duration as users write it, and how it is read: milliseconds, or a string such as '30s'.

import { describe, type Issue } from './issue.js'

/**
 * A duration: a number of milliseconds, or a string such as `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. Typed as string because TypeScript widens
 * literals in object literals; an invalid one is refused at run time.
 */
export type Duration<Other extends string = string & {}> = [Other] extends [never] ? number | DurationText : number | DurationText | Other

/** A duration as a string. */
export type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** The longest duration: 100 years, in milliseconds. */
const DURATION_MS_MAX: number = 100 * 365 * 86_400_000

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `value` in milliseconds; otherwise an issue with code `ERR_INVALID_VALUE`, and `undefined`. Zero is a duration. */
export function readDuration(value: unknown, path: string, issues: Issue[]): number | undefined {
  const ms = millisecondsOf(value)
  if (ms !== undefined && Number.isSafeInteger(ms) && ms >= 0 && ms <= DURATION_MS_MAX) return ms
  issues.push({
    path,
    message: `must be a duration: whole milliseconds up to 100 years, or a string such as '250ms', '30s', '5m', '2h', '1d'; not ${describe(value)}`,
    code: 'ERR_INVALID_VALUE',
  })
  return undefined
}

function millisecondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const [, amount, unit] = typeof value === 'string' ? (DURATION.exec(value) ?? []) : []
  if (amount === undefined || unit === undefined) return undefined
  // 0.29s is 290 ms, although 0.29 * 1000 is not quite.
  const ms = Number(amount) * (UNIT_MS[unit] ?? Number.NaN)
  return Math.abs(ms - Math.round(ms)) < 1e-6 ? Math.round(ms) : ms
}
