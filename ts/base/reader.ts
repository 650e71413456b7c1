// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Reads the fields of an object that a caller gave, and collects every problem with its path.

import { readDuration } from '../api/duration.js'
import { describe, memberPath, type Issue } from '../api/issue.js'
import { nearest } from './near.js'
import { pushRefusal } from './names.js'

/** Reads one field: its value, or an issue and `undefined`. */
export type Read<T> = (value: unknown, path: string, issues: Issue[]) => T | undefined

/** How to read each field of a group, and which names are known but refused, with the way out. */
export interface Fields<T> {
  readonly read: { readonly [K in keyof T]-?: Read<Exclude<T[K], undefined>> }
  readonly refused?: Readonly<Record<string, string>>
}

/** Reads a group over its defaults. Whatever is wrong in it is reported at once, and its default stands in. */
export function readGroup<T extends object>(value: unknown, path: string, issues: Issue[], fields: Fields<T>, defaults: T): T {
  if (value === undefined) return defaults
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ path, message: `must be an object, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
    return defaults
  }
  const group: T = { ...defaults }
  const readers = fields.read as Readonly<Record<string, Read<T[keyof T]>>>
  for (const [key, given] of Object.entries(value) as [string, unknown][]) {
    if (given === undefined) continue
    const place = memberPath(path, key)
    const refusal = ownValue(fields.refused, key)
    const reader = ownValue(readers, key)
    if (refusal !== undefined) {
      issues.push({ path: place, message: refusal, code: 'ERR_NOT_SUPPORTED' })
    } else if (reader === undefined) {
      issues.push({ path: place, message: unknownKey(key, Object.keys(readers)), code: 'ERR_UNKNOWN_FIELD' })
    } else {
      const read = reader(given, place, issues)
      if (read !== undefined) group[key as keyof T] = read
    }
  }
  return group
}

function ownValue<V>(record: Readonly<Record<string, V>> | undefined, key: string): V | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined
}

export const boolean: Read<boolean> = (value, path, issues) =>
  typeof value === 'boolean' ? value : wrong('must be true or false', value, path, issues)

/** What it is for is named by it, or it goes into a header or an address. */
export const text: Read<string> = (value, path, issues) => {
  if (typeof value !== 'string' || value === '') return wrong('must be a non-empty string', value, path, issues)
  pushRefusal(value, path, issues)
  return value
}

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Read<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return (value, path, issues) =>
    Number.isSafeInteger(value) && inside(value, min, max) ? value : wrong(`must be a whole number ${range}`, value, path, issues)
}

/** A number from `min` to `max`; fractions are welcome. */
export function number(min: number, max: number = Number.MAX_VALUE): Read<number> {
  const range = max === Number.MAX_VALUE ? `of at least ${min}` : `from ${min} to ${max}`
  return (value, path, issues) => (inside(value, min, max) ? value : wrong(`must be a number ${range}`, value, path, issues))
}

/** A percentage; fractions are welcome. */
export const percent: Read<number> = (value, path, issues) =>
  inside(value, 0, 100) ? value : wrong('must be a percentage from 0 to 100', value, path, issues)

/** A duration of at least a millisecond. */
export const duration: Read<number> = (value, path, issues) => {
  const ms = readDuration(value, path, issues)
  return ms === 0 ? wrong('must be at least 1 ms', value, path, issues) : ms
}

/** One of the given words. */
export function oneOf<const W extends string>(...words: readonly W[]): Read<W> {
  return (value, path, issues) => {
    const word = words.find((candidate) => candidate === value)
    if (word !== undefined) return word
    const near = typeof value === 'string' ? nearest(value, words) : undefined
    const hint = near === undefined ? '' : ` (did you mean '${near}'?)`
    return wrong(`must be ${words.map((candidate) => `'${candidate}'`).join(' or ')}${hint}`, value, path, issues)
  }
}

/** A list of any length, all entries read alike. */
export function list<T>(read: Read<T>): Read<readonly T[]> {
  return (value, path, issues) => {
    if (!Array.isArray(value)) return wrong('must be an array', value, path, issues)
    const entries = value.map((entry: unknown, place) => read(entry, memberPath(path, place), issues))
    return entries.filter((entry) => entry !== undefined)
  }
}

/** An object with any names, all values read alike. */
export function record<T>(read: Read<T>): Read<Readonly<Record<string, T>>> {
  return (value, path, issues) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('must be an object', value, path, issues)
    for (const name of Object.keys(value)) pushRefusal(name, memberPath(path, name), issues)
    const entries = Object.entries(value).map(([name, given]) => [name, read(given, memberPath(path, name), issues)] as const)
    return Object.fromEntries(entries.filter((entry): entry is readonly [string, T & {}] => entry[1] !== undefined))
  }
}

function inside(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && value >= min && value <= max
}

function wrong(rule: string, value: unknown, path: string, issues: Issue[]): undefined {
  issues.push({ path, message: `${rule}, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  return near === undefined ? `unknown field; known here: ${known.join(', ')}` : `unknown field; did you mean \`${near}\`?`
}
