// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Amounts of memory: as a configuration says them, and as values take them.

import { describe, type Issue } from '../api/issue.js'
import type { Json } from './json.js'

/**
 * An amount of memory: a number of bytes, or a string such as `'512KiB'`, `'64MiB'`, `'1GiB'`, or in thousands `'64MB'`. Typed as string, as a
 * duration is; an invalid one is refused at run time.
 */
export type Bytes = number | `${number}${'B' | 'kB' | 'MB' | 'GB' | 'KiB' | 'MiB' | 'GiB'}` | (string & {})

const BYTES = /^(\d+(?:\.\d+)?)(B|kB|MB|GB|KiB|MiB|GiB)$/
const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

/** `value` in bytes, rounded; otherwise an issue with code `ERR_INVALID_VALUE`, and `undefined`. */
export function readBytes(value: unknown, path: string, issues: Issue[]): number | undefined {
  const bytes = bytesOf(value)
  if (bytes !== undefined && Number.isSafeInteger(bytes) && bytes >= 1) return bytes
  issues.push({
    path,
    message: `must be an amount of memory of at least 1 byte: whole bytes, or a string such as '512KiB', '64MiB', '1GiB', '64MB'; not ${describe(value)}`,
    code: 'ERR_INVALID_VALUE',
  })
  return undefined
}

function bytesOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  const [, amount, unit] = typeof value === 'string' ? (BYTES.exec(value) ?? []) : []
  if (amount === undefined || unit === undefined) return undefined
  return Math.round(Number(amount) * (UNITS[unit] ?? Number.NaN))
}

/** What a number, a boolean or `null` is taken for. */
const ATOM = 8

/**
 * About how long the JSON text of a value is, without making that. Every execution that ends in memory is weighed, and most of their values are one
 * number or one short text: those take one look.
 */
export function weightOf(value: Json | undefined): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value !== 'object' || value === null) return ATOM
  let weight = 2
  if (Array.isArray(value)) {
    for (const entry of value) weight += weightOf(entry) + 1
    return weight
  }
  for (const key in value) weight += key.length + 4 + weightOf(value[key])
  return weight
}
