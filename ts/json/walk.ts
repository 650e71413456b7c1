// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { types } from 'node:util'
import { memberPath, shortPath, type Issue } from '../api/issue.js'
import { HALF_A_PAIR } from '../base/names.js'
import { JSON_DEPTH_MAX, JSON_VALUES_MAX, Opaque, WEIGHT_OF_LETTER, WEIGHT_OF_MEMBER, type Json } from './data.js'
import { emptyAsJson, lostByToJson, lostContent } from './lost.js'

/** Problems reported for one value; a list of a million BigInts needs no million sentences. */
const ISSUES_MAX = 20

/**
 * `plainJson` for anything at all: slower, follows JSON.stringify step by step, and names each place it cannot follow. `strict`: half of a surrogate
 * pair is such a place.
 */
export function slowJson(value: unknown, path: string, issues: Issue[], strict: boolean): { copy: Json | undefined; weight: number } {
  const walk = new Walk(path, strict)
  const copy = walk.copy(value, '')
  issues.push(...walk.found)
  return { copy: walk.found.length === 0 ? (copy ?? null) : undefined, weight: walk.weight }
}

/** What of a value is JSON data: the places that are not are left out, for those who want to know what else is wrong. */
export function partialJson(value: unknown): Json | undefined {
  return new Walk('', false).copy(value, '')
}

/** Where in `value` looking at it throws, and what: a getter, or a trap of a Proxy. `undefined` if nothing does that is data. */
export function throwerIn(value: unknown, path: string): Issue | undefined {
  const walk = new Walk(path, false)
  walk.copy(value, '')
  return walk.thrown
}

/** Thrown inside the walk to leave it early. */
const ENOUGH = new Error('enough')

class Walk {
  readonly found: Issue[] = []
  /** The first of them that was thrown. */
  thrown: Issue | undefined
  /** At least as many bytes as the copy takes as JSON. */
  weight = 0
  readonly #path: string
  readonly #strict: boolean
  readonly #ancestors: object[] = []
  readonly #keys: (string | number)[] = []
  #valuesLeft = JSON_VALUES_MAX

  constructor(path: string, strict: boolean) {
    this.#path = path
    this.#strict = strict
  }

  /** The copy of one value; `undefined` where JSON leaves it out, or where a problem was reported. */
  copy(value: unknown, key: string): Json | undefined {
    try {
      return this.#value(value, key)
    } catch (error) {
      if (error === ENOUGH) return undefined
      throw error
    }
  }

  #value(given: unknown, key: string): Json | undefined {
    const value = this.#unwrapped(given, key)
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'boolean':
      case 'undefined':
        return value
      case 'number':
        if (Number.isFinite(value)) return value + 0 // -0 becomes 0
        return this.#problem(`${value} is not a JSON number: use null, or a string such as "${value}"`)
      case 'bigint':
        return this.#problem('a BigInt is not a JSON value: use String(value), or Number(value) when it is small enough')
      case 'symbol':
        return this.#problem('a symbol is not a JSON value: use its description')
      case 'function':
        return this.#problem('a function is not a JSON value: call it and pass what it returns, or leave it out')
      case 'object':
        if (value === null || Opaque.isOne(value)) return value as Json | null
        return this.#container(value)
    }
  }

  #text(value: string): string | undefined {
    this.weight += value.length * WEIGHT_OF_LETTER
    return this.#strict && !value.isWellFormed() ? this.#problem(HALF_A_PAIR) : value.toWellFormed()
  }

  /** The value after `toJSON` and unboxing, as JSON.stringify takes it. */
  #unwrapped(given: unknown, key: string): unknown {
    const isObject = (typeof given === 'object' && given !== null) || typeof given === 'function'
    if (!isObject && typeof given !== 'bigint') return given
    try {
      let value: unknown = given
      const refusal = isObject ? lostByToJson(given) : undefined
      if (refusal !== undefined) return this.#problem(refusal)
      const { toJSON } = given as { toJSON?: unknown }
      if (typeof toJSON === 'function') value = toJSON.call(given, key)
      if (types.isNumberObject(value)) return Number(value)
      if (types.isStringObject(value)) return String(value)
      if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value)
      return value
    } catch (error) {
      return this.#threw('reading this value', error)
    }
  }

  #container(value: object): Json | undefined {
    const depth = this.#ancestors.length
    const back = this.#ancestors.indexOf(value)
    if (back >= 0) {
      const target = this.#pathOf(back)
      return this.#problem(
        `this is a cycle: it refers back to ${target === '' ? 'the value itself' : `\`${target}\``}; refer to it by an id instead`,
      )
    }
    if (depth >= JSON_DEPTH_MAX)
      return this.#problem(`nested deeper than ${JSON_DEPTH_MAX} levels: flatten it, or pass the deep part as a string`)
    let length: number | undefined
    let keys: string[] = []
    try {
      // What it says of itself is asked once, and here: a Proxy may throw at any of it.
      if (Array.isArray(value)) length = Number(value.length)
      else {
        const refusal = lostContent(value)
        if (refusal !== undefined) return this.#problem(refusal)
        keys = Object.keys(value)
        const empty = keys.length === 0 ? emptyAsJson(value) : undefined
        if (empty !== undefined) return this.#problem(empty)
      }
    } catch (error) {
      return this.#threw('reading this value', error)
    }
    this.#ancestors.push(value)
    const copy = length === undefined ? this.#object(value, keys) : this.#array(value, length)
    this.#ancestors.pop()
    return copy
  }

  #array(value: object, length: number): Json {
    const copy: Json[] = []
    this.#spend(length + 1)
    for (let index = 0; index < length; index += 1) {
      this.#keys.push(index)
      copy.push(this.#value(this.#read(value, index), String(index)) ?? null)
      this.#keys.pop()
    }
    return copy
  }

  #object(value: object, keys: readonly string[]): Json {
    const copy: { [key: string]: Json } = {}
    this.#spend(1)
    const mended = !this.#strict && keys.some((key) => !key.isWellFormed())
    for (const key of keys) {
      this.#keys.push(key)
      const member = this.#value(this.#read(value, key), key)
      if (member !== undefined) this.#put(copy, key, member, mended)
      this.#keys.pop()
    }
    if (this.#strict && keys.some((key) => !key.isWellFormed())) this.#problem(HALF_A_PAIR)
    return copy
  }

  /** `mended`: some of the keys are not well-formed. */
  #put(copy: { [key: string]: Json }, key: string, member: Json, mended: boolean): void {
    this.weight += key.length * WEIGHT_OF_LETTER + WEIGHT_OF_MEMBER
    const name = mended ? key.toWellFormed() : key
    if (mended && Object.hasOwn(copy, name)) {
      this.#problem('collides with another key: half of a surrogate pair is not valid Unicode and becomes U+FFFD; rename one of them')
    } else if (name === '__proto__') {
      Object.defineProperty(copy, name, { value: member, configurable: true, enumerable: true, writable: true })
    } else copy[name] = member
  }

  #read(value: object, key: string | number): unknown {
    try {
      return (value as Record<string | number, unknown>)[key]
    } catch (error) {
      return this.#threw('reading it', error)
    }
  }

  #spend(count: number): void {
    this.#valuesLeft -= count
    this.weight += count * WEIGHT_OF_MEMBER
    if (this.#valuesLeft >= 0) return
    this.found.push(tooManyValues(this.#path))
    throw ENOUGH
  }

  #threw(doing: string, error: unknown): undefined {
    if (error === ENOUGH) throw error
    const problems = this.found.length
    try {
      return this.#problem(`${doing} threw ${describeThrown(error)}`)
    } finally {
      this.thrown ??= this.found[problems]
    }
  }

  #problem(message: string): undefined {
    this.found.push({ path: shortPath(this.#pathOf(this.#keys.length)), message, code: 'ERR_NOT_JSON' })
    if (this.found.length >= ISSUES_MAX) throw ENOUGH
    return undefined
  }

  /** The path after the first `count` keys. */
  #pathOf(count: number): string {
    return this.#keys.slice(0, count).reduce<string>(memberPath, this.#path)
  }
}

/** The issue of a value that holds more than `JSON_VALUES_MAX` containers and entries. */
export function tooManyValues(path: string): Issue {
  return { path, message: `more than ${JSON_VALUES_MAX} values: pass a reference to the data instead`, code: 'ERR_NOT_JSON' }
}

/** What was thrown, in a few words. Even to look at it may throw. */
export function describeThrown(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return 'something that cannot be shown'
  }
}
