// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// JSON as data: copied, compared and written, with the place of what cannot be.

import { JSON_DEPTH_MAX, JSON_VALUES_MAX, Opaque, WEIGHT_OF_LETTER, WEIGHT_OF_MEMBER, type Json } from './data.js'
import { tooLarge } from './size.js'
import { slowJson, tooManyValues } from './walk.js'
import type { Issue } from '../api/issue.js'

export { JSON_DEPTH_MAX, Opaque, type Json } from './data.js'
export { partialJson } from './walk.js'

const objectPrototype: object = Object.prototype
let valuesLeft = 0
/** At least as many bytes as what was copied so far takes as JSON. */
let weight = 0

/**
 * Keys that were found well-formed, by where they stood: by the level of their object and their place in it. Results of one kind have the same keys at the
 * same places, and to see that a key is the one before is cheaper than to look at its letters.
 */
const keysBefore: string[] = new Array<string>(128).fill('')
const KEY_LENGTH_MAX = 64

/**
 * A deep copy of `value` as pure JSON data: what `JSON.parse(JSON.stringify(value))` gives, with U+FFFD in place of each half of a surrogate pair, and
 * `null` for `undefined`. What JSON would lose silently or refuse (BigInt, NaN, functions, Map, cycles, more than 100 levels, …) is pushed to
 * `issues` as `ERR_NOT_JSON` with its place and the way out, more than `bytesMax` bytes of JSON as `ERR_TOO_LARGE`; the answer is then `undefined`.
 *
 * A getter or `toJSON` of a value that is not wholly plain may be called twice.
 */
export function plainJson(value: unknown, path: string, issues: Issue[], bytesMax: number = Infinity): Json | undefined {
  weight = 0
  const copy = copyOf(value, path, issues)
  return weight <= bytesMax || copy === undefined ? copy : tooLarge(copy, path, issues, bytesMax)
}

/** `plainJson` of what holds names, such as a definition: half of a surrogate pair is pushed to `issues`, and nothing is mended. */
export function writtenJson(value: unknown, path: string, issues: Issue[], bytesMax: number = Infinity): Json | undefined {
  let copy = typeof value === 'object' && value !== null ? plainCopy(value) : undefined
  if (copy === undefined) {
    const walked = slowJson(value, path, issues, true)
    weight = walked.weight
    copy = walked.copy
  }
  return weight <= bytesMax || copy === undefined ? copy : tooLarge(copy, path, issues, bytesMax)
}

function copyOf(value: unknown, path: string, issues: Issue[]): Json | undefined {
  if (typeof value === 'string') {
    weight = value.length * WEIGHT_OF_LETTER
    return value.toWellFormed()
  }
  if (typeof value === 'boolean' || value === null) return value
  if (value === undefined) return null
  if (typeof value === 'object') {
    const copy = plainCopy(value)
    if (copy !== undefined) return copy
    if (valuesLeft < 0) {
      issues.push(tooManyValues(path))
      return undefined
    }
  }
  const walked = slowJson(value, path, issues, false)
  weight = walked.weight
  return walked.copy
}

function plainCopy(value: object): Json | undefined {
  valuesLeft = JSON_VALUES_MAX
  weight = 0
  if (prototypeIsPolluted()) return undefined
  try {
    return Array.isArray(value) ? copyArray(value, 1) : copyObject(value, 1)
  } catch {
    // A getter or proxy threw: the slow walk asks again and names it.
    return undefined
  }
}

// `for in` also lists what a library added to Object.prototype; the fast paths rely on there being nothing.
export function prototypeIsPolluted(): boolean {
  for (const _ in objectPrototype) return true
  return false
}

// The two copiers answer `undefined` at the first thing that is not plain, or not well-formed. They build no paths and look for no cycles:
// a cycle runs into the depth limit, and the slow walk then tells which it was.
function copyObject(source: object, depth: number): { [key: string]: Json } | undefined {
  const prototype: unknown = Object.getPrototypeOf(source)
  if (prototype !== objectPrototype && prototype !== null) return undefined
  if ((source as { toJSON?: unknown }).toJSON !== undefined) return undefined
  if (depth > JSON_DEPTH_MAX || --valuesLeft < 0) return undefined
  const copy: { [key: string]: Json } = {}
  let place = depth << 4
  for (const key in source) {
    const value = (source as Record<string, unknown>)[key]
    if (key === '__proto__') return undefined
    place = (place + 1) & 127
    if (key !== keysBefore[place]) {
      if (!key.isWellFormed()) return undefined
      if (key.length <= KEY_LENGTH_MAX) keysBefore[place] = key
    }
    weight += key.length * WEIGHT_OF_LETTER + WEIGHT_OF_MEMBER
    if (typeof value === 'string') {
      if (!value.isWellFormed()) return undefined
      weight += value.length * WEIGHT_OF_LETTER
      copy[key] = value
    } else if (typeof value === 'boolean' || value === null) {
      copy[key] = value
    } else if (typeof value === 'number') {
      if (value - value !== 0) return undefined
      copy[key] = value + 0 // -0 becomes 0
    } else if (typeof value === 'object') {
      const inner = Array.isArray(value) ? copyArray(value, depth + 1) : copyObject(value, depth + 1)
      if (inner === undefined) return undefined
      copy[key] = inner
    } else if (value !== undefined) {
      return undefined
    }
  }
  return copy
}

function copyArray(source: readonly unknown[], depth: number): Json[] | undefined {
  if ((source as { toJSON?: unknown }).toJSON !== undefined) return undefined
  const { length } = source
  valuesLeft -= length + 1
  weight += length * WEIGHT_OF_MEMBER
  if (depth > JSON_DEPTH_MAX || valuesLeft < 0) return undefined
  const copy: Json[] = []
  for (let index = 0; index < length; index += 1) {
    const value = source[index]
    if (typeof value === 'string') {
      if (!value.isWellFormed()) return undefined
      weight += value.length * WEIGHT_OF_LETTER
      copy.push(value)
    } else if (typeof value === 'boolean' || value === null) {
      copy.push(value)
    } else if (typeof value === 'number') {
      if (value - value !== 0) return undefined
      copy.push(value + 0)
    } else if (typeof value === 'object') {
      const inner = Array.isArray(value) ? copyArray(value, depth + 1) : copyObject(value, depth + 1)
      if (inner === undefined) return undefined
      copy.push(inner)
    } else if (value === undefined) {
      copy.push(null)
    } else {
      return undefined
    }
  }
  return copy
}

/**
 * Whether `plainJson(value)` would give `snapshot` again, for an earlier answer of `plainJson`.
 * It may answer `false` for an unusual value that would (a class instance, a `toJSON`), never `true` for one that would not.
 * `Opaque` markers in the snapshot equal exactly the value they wrap; nothing is allocated.
 */
export function sameJson(value: unknown, snapshot: Json | Opaque): boolean {
  if (prototypeIsPolluted()) return false
  try {
    return same(value, snapshot, 1)
  } catch {
    return false
  }
}

function same(value: unknown, snapshot: unknown, depth: number): boolean {
  if (value === snapshot && (typeof value !== 'object' || value === null)) return true
  if (typeof snapshot !== 'object') return typeof snapshot === 'string' && isSameDate(value, snapshot)
  if (snapshot === null) return value === undefined
  if (snapshot instanceof Opaque) return snapshot.value === value || (value instanceof Opaque && value.value === snapshot.value)
  if (typeof value !== 'object' || value === null || depth > JSON_DEPTH_MAX) return false
  if ((value as { toJSON?: unknown }).toJSON !== undefined) return false
  if (Array.isArray(value)) return Array.isArray(snapshot) && sameArray(value, snapshot, depth)
  return !Array.isArray(snapshot) && sameObject(value, snapshot, depth)
}

function sameArray(value: readonly unknown[], snapshot: readonly unknown[], depth: number): boolean {
  const { length } = snapshot
  if (value.length !== length) return false
  for (let index = 0; index < length; index += 1) {
    const entry = value[index]
    const was = snapshot[index]
    if (typeof was === 'string' ? entry !== was && !isSameDate(entry, was) : !same(entry, was, depth + 1)) return false
  }
  return true
}

function sameObject(value: object, snapshot: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== objectPrototype && prototype !== null) return false
  // An own key `__proto__` that the snapshot lacks would read as its prototype.
  if (snapshot === objectPrototype) return false
  let keys = 0
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key]
    if (member === undefined) continue
    const was = (snapshot as Record<string, unknown>)[key]
    if (typeof was === 'string' ? member !== was && !isSameDate(member, was) : !same(member, was, depth + 1)) return false
    keys += 1
  }
  for (const _ in snapshot) keys -= 1
  return keys === 0
}

// `metadata.created` is documented as a Date, and its snapshot is the ISO text.
export function isSameDate(value: unknown, snapshot: string): boolean {
  return value instanceof Date && Object.getPrototypeOf(value) === Date.prototype && value.toJSON() === snapshot
}
