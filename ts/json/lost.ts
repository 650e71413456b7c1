// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What JSON would lose without a word, and what to pass instead. Whoever asks catches: looking at a Proxy may throw.

import { types } from 'node:util'

/** Why a value is refused although its `toJSON` would say something. */
export function lostByToJson(value: unknown): string | undefined {
  if (ArrayBuffer.isView(value)) return 'binary data is not a JSON value: use Array.from(value), or Buffer.from(value).toString("base64")'
  if (types.isDate(value) && Number.isNaN(Date.prototype.getTime.call(value)))
    return 'an invalid Date has no JSON form: check it with Number.isNaN(date.getTime())'
  return undefined
}

/** Why an object would lose its content as JSON, if it would. */
export function lostContent(value: object): string | undefined {
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

/** What is asked of an object of the platform that JSON would make `{}` of. */
const INSTEAD: Readonly<Record<string, string>> = {
  Response: 'return await response.json(), or await response.text()',
  Request: 'return await request.json(), or what you need of it, such as { url: request.url }',
  Blob: 'return await blob.text(), or Buffer.from(await blob.arrayBuffer()).toString("base64")',
  File: 'return await file.text(), or Buffer.from(await file.arrayBuffer()).toString("base64")',
  AbortSignal: 'leave it out',
  AbortController: 'leave it out',
}

/** Why an object without a member of its own would be lost as JSON: it is not plain, so that there is something in it that JSON does not see. */
export function emptyAsJson(value: object): string | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null
  // Also of another realm, whose Object.prototype is not ours.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return undefined
  const { constructor } = prototype as { constructor?: unknown }
  const name = typeof constructor === 'function' ? constructor.name : ''
  const instead = Object.hasOwn(INSTEAD, name) ? INSTEAD[name] : 'return a plain object with what you need of it, or give it a toJSON()'
  const what = name === '' ? 'this object' : `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`
  return `JSON would keep nothing of ${what}: ${instead}`
}
