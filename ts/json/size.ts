// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How large a value is: the bytes of its JSON text. They are counted only where a quick upper bound is beyond what is allowed.

import { memberPath, shortPath, type Issue } from '../api/issue.js'
import type { Json } from './data.js'

/** The copy if it is not larger than `bytesMax` bytes of JSON; else `undefined`, and an issue. */
export function tooLarge(copy: Json, path: string, issues: Issue[], bytesMax: number): Json | undefined {
  const bytes = bytesOf(copy)
  if (bytes <= bytesMax) return copy
  const size = bytes === Infinity ? 'more than a string in JavaScript may have' : bytes.toLocaleString('en')
  const most = bytesMax.toLocaleString('en')
  const heavy = heaviest(copy, bytes, path)
  const where = heavy === path ? '' : `, most of them in \`${shortPath(heavy)}\``
  const message =
    `is ${size} bytes as JSON${where}; at most ${most} are allowed: ` +
    'keep the data elsewhere and pass a reference to it, or raise `workflow.maxValueBytes`'
  issues.push({ path, message, code: 'ERR_TOO_LARGE' })
  return undefined
}

function bytesOf(value: Json): number {
  try {
    return Buffer.byteLength(JSON.stringify(value))
  } catch {
    // Longer than V8 lets a string be.
    return Infinity
  }
}

/** The innermost part that has more than half of all bytes. */
function heaviest(value: Json, bytes: number, path: string): string {
  if (typeof value !== 'object' || value === null) return path
  for (const [key, member] of Object.entries(value)) {
    if (typeof member !== 'object' && typeof member !== 'string') continue
    if (bytesOf(member) > bytes / 2) return heaviest(member, bytes, memberPath(path, Array.isArray(value) ? Number(key) : key))
  }
  return path
}
