// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is kept of an error beside its message, so that it is an error again in another process: its own code, name, stack and issues, what caused it, the
// errors it is made of, and its own fields as far as they are plain data. All of it is bounded: what tells most comes first, and what has no room is left out.

import { types } from 'node:util'
import { plainJson, type Json } from '../json/json.js'
import { fieldsOf } from './fields.js'

const BYTES_MAX = 16 * 1024
/** What fields of errors may take of that, so that there is room for a stack. */
const FIELDS_BYTES_MAX = 8 * 1024
/** How many errors stand behind each other, and how many are kept in all. */
const DEPTH_MAX = 8
const ERRORS_MAX = 64

const NAME_LENGTH_MAX = 200
const STACK_LENGTH_MAX = 10_000
/** Of an error behind another. */
const INNER_LENGTH_MAX = 2_000

/** What is kept of an error. */
export interface KeptDetails {
  code?: string
  name?: string
  stack?: string
  issues?: Json
  fields?: { [name: string]: Json }
  cause?: KeptCause
  errors?: KeptCause[]
}

/** What is kept of an error that caused another; `value`: of what is no error. */
export interface KeptCause extends KeptDetails {
  message?: string
  value?: Json
}

/** A member of a value that may be anything. */
export function memberOf(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown> | null | undefined)?.[name]
  } catch {
    return undefined
  }
}

export function detailsOf(thrown: unknown): KeptDetails {
  return new Keeper().keep(thrown)
}

interface Found {
  readonly error: unknown
  readonly kept: KeptCause
}

class Keeper {
  #left = BYTES_MAX
  #fieldsLeft = FIELDS_BYTES_MAX
  readonly #seen = new Set<unknown>()
  /** The error itself, then those behind it, the nearest first. */
  readonly #found: Found[] = []

  keep(thrown: unknown): KeptDetails {
    const kept: KeptCause = {}
    this.#add(thrown, kept)
    this.#follow({ error: thrown, kept }, 0)
    for (const { error, kept: of } of this.#found) this.#issues(error, of)
    for (const { error, kept: of } of this.#found) this.#fields(error, of, of === kept)
    for (const { error, kept: of } of this.#found)
      this.#text(of, 'stack', memberOf(error, 'stack'), of === kept ? STACK_LENGTH_MAX : INNER_LENGTH_MAX)
    return kept
  }

  #add(error: unknown, kept: KeptCause): void {
    this.#seen.add(error)
    this.#found.push({ error, kept })
    this.#text(kept, 'code', memberOf(error, 'code'), NAME_LENGTH_MAX)
    this.#text(kept, 'name', memberOf(error, 'name'), NAME_LENGTH_MAX)
  }

  /** What stands behind an error. */
  #follow({ error, kept }: Found, depth: number): void {
    if (depth >= DEPTH_MAX || typeof error !== 'object' || error === null) return
    const next: Found[] = []
    const put = (inner: unknown, place: (of: KeptCause) => void): void => {
      const of = this.#behind(inner)
      if (of === undefined) return
      place(of)
      if (of.value === undefined) next.push({ error: inner, kept: of })
    }
    put(memberOf(error, 'cause'), (of) => (kept.cause = of))
    const errors = memberOf(error, 'errors')
    for (const inner of listOf(errors)) put(inner, (of) => (kept.errors ??= []).push(of))
    for (const inner of next) this.#follow(inner, depth + 1)
  }

  /** An error that stands behind another, or a value in its place; `undefined` if there is none, no room, or it is there already: causes may be a cycle. */
  #behind(inner: unknown): KeptCause | undefined {
    if (inner === undefined || this.#found.length >= ERRORS_MAX || this.#left < NAME_LENGTH_MAX) return undefined
    const kept: KeptCause = {}
    if (!isError(inner)) {
      const value = fieldsOf({ value: inner }, [], Math.min(this.#left, this.#fieldsLeft))['value']
      return value === undefined || !this.#put(kept, 'value', value) ? undefined : kept
    }
    if (this.#seen.has(inner)) return undefined
    this.#left -= '"cause":{},'.length
    this.#add(inner, kept)
    this.#text(kept, 'message', memberOf(inner, 'message'), INNER_LENGTH_MAX)
    return kept
  }

  #issues(error: unknown, kept: KeptCause): void {
    const issues = memberOf(error, 'issues')
    const plain = listOf(issues).length === 0 ? undefined : plainJson(issues, 'issues', [])
    if (!Array.isArray(plain)) return
    // The first are as good as all: each has its place.
    for (let count = plain.length; count > 0; count = Math.floor(count / 2)) if (this.#put(kept, 'issues', plain.slice(0, count))) return
  }

  #fields(error: unknown, kept: KeptCause, isFirst: boolean): void {
    const fields = fieldsOf(error, isFirst ? [...TOLD, ...PLACE] : TOLD, Math.min(this.#left, this.#fieldsLeft))
    const before = this.#left
    if (Object.keys(fields).length > 0) this.#put(kept, 'fields', fields)
    this.#fieldsLeft -= before - this.#left
  }

  #text(kept: KeptCause, field: 'code' | 'name' | 'message' | 'stack', text: unknown, most: number): void {
    if (typeof text !== 'string' || text === '') return
    let cut = text.slice(0, most).toWellFormed()
    while (cut !== '' && !this.#put(kept, field, cut)) cut = cut.slice(0, cut.length / 2).toWellFormed()
  }

  /** Whether there was room for it. */
  #put<F extends keyof KeptCause>(kept: KeptCause, field: F, value: KeptCause[F]): boolean {
    const bytes = Buffer.byteLength(JSON.stringify(value)) + `"${field}":,`.length
    if (bytes > this.#left) return false
    this.#left -= bytes
    kept[field] = value
    return true
  }
}

/** What has a place of its own, or is told by the failure itself. */
const TOLD = ['code', 'name', 'message', 'stack', 'issues', 'cause', 'errors', 'retryable', 'retryAfterMs']
/** The record of the failure says where it happened. */
const PLACE = ['executionId', 'taskId']

function isError(value: unknown): boolean {
  try {
    return types.isNativeError(value) || value instanceof Error
  } catch {
    return false
  }
}

function listOf(value: unknown): readonly unknown[] {
  try {
    return Array.isArray(value) ? value.slice(0, ERRORS_MAX) : []
  } catch {
    return []
  }
}
