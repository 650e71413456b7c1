// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { types } from 'node:util'
import { memberPath, shortPath, type Issue } from '../issue.js'
import { JSON_DEPTH_MAX, JSON_VALUES_MAX, Opaque, type Json } from './data.js'

/** Problems reported for one value; a list of a million BigInts needs no million sentences. */
const ISSUES_MAX = 20

/** `plainJson` for anything at all: slower, follows JSON.stringify step by step, and names each place it cannot follow. */
export function slowJson(value: unknown, path: string, issues: Issue[]): Json | undefined {
  const walk = new Walk(path)
  const copy = walk.copy(value, '')
  if (walk.found.length === 0) return copy ?? null
  issues.push(...walk.found)
  return undefined
}

/** What of a value is JSON data: the places that are not are left out, for those who want to know what else is wrong. */
export function partialJson(value: unknown): Json | undefined {
  return new Walk('').copy(value, '')
}

/** Thrown inside the walk to leave it early. */
const ENOUGH = new Error('enough')

class Walk {
  readonly found: Issue[] = []
  readonly #path: string
  readonly #ancestors: object[] = []
  readonly #keys: (string | number)[] = []
  #valuesLeft = JSON_VALUES_MAX

  constructor(path: string) {
    this.#path = path
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
    if (given instanceof Opaque) return given as unknown as Json
    const value = this.#unwrapped(given, key)
    switch (typeof value) {
      case 'string':
      case 'boolean':
      case 'undefined':
        return value
      case 'number':
        if (Number.isFinite(value)) return value + 0 // -0 becomes 0
        return this.#problem(`${value} is not a JSON number: use null, or text such as "${value}"`)
      case 'bigint':
        return this.#problem('a BigInt is not a JSON value: use String(value), or Number(value) when it is small enough')
      case 'symbol':
        return this.#problem('a symbol is not a JSON value: use its description')
      case 'function':
        return this.#problem('a function is not a JSON value: call it and pass what it returns, or leave it out')
      case 'object':
        return value === null ? null : this.#container(value)
    }
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
      return this.#problem(`nested deeper than ${JSON_DEPTH_MAX} levels: flatten it, or pass the deep part as text`)
    let isArray: boolean
    try {
      isArray = Array.isArray(value)
      const refusal = isArray ? undefined : lostContent(value)
      if (refusal !== undefined) return this.#problem(refusal)
    } catch (error) {
      return this.#threw('looking at this value', error)
    }
    this.#ancestors.push(value)
    const copy = isArray ? this.#array(value as unknown[]) : this.#object(value)
    this.#ancestors.pop()
    return copy
  }

  #array(value: readonly unknown[]): Json {
    const copy: Json[] = []
    const length = Number(this.#read(value, 'length'))
    this.#spend(length + 1)
    for (let index = 0; index < length; index += 1) {
      this.#keys.push(index)
      copy.push(this.#value(this.#read(value, index), String(index)) ?? null)
      this.#keys.pop()
    }
    return copy
  }

  #object(value: object): Json {
    const copy: { [key: string]: Json } = {}
    let keys: string[] = []
    this.#spend(1)
    try {
      keys = Object.keys(value)
    } catch (error) {
      this.#threw('listing its keys', error)
    }
    for (const key of keys) {
      this.#keys.push(key)
      const member = this.#value(this.#read(value, key), key)
      this.#keys.pop()
      if (member === undefined) continue
      if (key === '__proto__') Object.defineProperty(copy, key, { value: member, configurable: true, enumerable: true, writable: true })
      else copy[key] = member
    }
    return copy
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
    if (this.#valuesLeft >= 0) return
    this.found.push(tooManyValues(this.#path))
    throw ENOUGH
  }

  #threw(doing: string, error: unknown): undefined {
    if (error === ENOUGH) throw error
    return this.#problem(`${doing} threw ${describeThrown(error)}`)
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

/** Why a value is refused although its `toJSON` would say something. */
function lostByToJson(value: unknown): string | undefined {
  if (ArrayBuffer.isView(value)) return 'binary data is not a JSON value: use Array.from(value), or Buffer.from(value).toString("base64")'
  if (types.isDate(value) && Number.isNaN(Date.prototype.getTime.call(value)))
    return 'an invalid Date has no JSON form: check it with Number.isNaN(date.getTime())'
  return undefined
}

/** Why an object would lose its content as JSON, if it would. */
function lostContent(value: object): string | undefined {
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise is not a JSON value: did you forget await?'
  if (types.isNativeError(value) || value instanceof Error) return 'an Error loses its message as JSON: use { message: error.message }'
  if (types.isMap(value)) return 'a Map is not a JSON value: use Object.fromEntries(map)'
  if (types.isSet(value)) return 'a Set is not a JSON value: use [...set]'
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef)
    return 'a weak collection is not a JSON value: leave it out'
  if (types.isAnyArrayBuffer(value)) return 'binary data is not a JSON value: use Buffer.from(value).toString("base64")'
  if (types.isRegExp(value)) return 'a RegExp is not a JSON value: use its source'
  if (types.isSymbolObject(value)) return 'a symbol is not a JSON value: use its description'
  if (types.isBigIntObject(value)) return 'a BigInt is not a JSON value: use String(value), or Number(value) when it is small enough'
  const isIterable = Symbol.iterator in value || Symbol.asyncIterator in value
  if (isIterable && Object.keys(value).length === 0)
    return 'an iterator, stream or collection is not a JSON value: use [...value], or Object.fromEntries(value) for pairs'
  return undefined
}

function describeThrown(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } catch {
    return 'something that cannot be shown'
  }
}
