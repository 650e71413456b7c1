// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Values that are equal have one text, and one hash.

import { createHash } from 'node:crypto'
import type { Json } from './json.js'

/** A short name for what the parts are together. */
export function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

/** JSON text that does not depend on the order of keys. */
export function canonical(value: Json | { readonly [key: string]: Json }): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  })
}
