// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The fields of an error that are plain data. Clients hang requests, sockets and keys on their errors: what is no plain data is left out, and what is
// called like a secret is hidden, since a record is read by more people than a running process is.

import type { Json } from '../json/json.js'

const DEPTH_MAX = 8
const HIDDEN = '[hidden]'

/** Letters of a name that tell of a secret, after `-` and `_` are left out. */
const SECRET = /authorization|cookie|password|passwd|passphrase|secret|credential|apikey|privatekey|token$/i

/** Of an object whose whole has no room: how deep and how far it is looked into. */
const PARTS_DEPTH_MAX = 2
const PARTS_MAX = 100

/**
 * The own fields of `holder` but for those that are `told` elsewhere: each whole or not at all, in `bytesMax` bytes of JSON together. Of an object that has no
 * room as a whole, such as `details` with a long text in it, those of its fields that have.
 */
export function fieldsOf(holder: unknown, told: readonly string[], bytesMax: number, depth = 0): { [name: string]: Json } {
  const fields: { [name: string]: Json } = {}
  if (typeof holder !== 'object' || holder === null) return fields
  let left = bytesMax
  for (const name of keysOf(holder)) {
    if (told.includes(name)) continue
    const room = left - name.length - '"":,'.length
    const reader = new Reader(room)
    const whole = reader.member(holder, name, 0)
    const value = reader.left < 0 ? partsOf(holder, name, room, depth) : whole
    if (value === undefined || isEmpty(value)) continue
    left = reader.left < 0 ? room - Buffer.byteLength(JSON.stringify(value)) : reader.left
    put(fields, name.toWellFormed(), value)
  }
  return fields
}

function partsOf(holder: object, name: string, room: number, depth: number): { [name: string]: Json } | undefined {
  if (depth >= PARTS_DEPTH_MAX || isSecret(name)) return undefined
  try {
    const value = (holder as Record<string, unknown>)[name]
    if (typeof value !== 'object' || value === null || shapeOf(value)?.isList !== false) return undefined
    return keysOf(value).length > PARTS_MAX ? undefined : fieldsOf(value, [], room, depth + 1)
  } catch {
    return undefined
  }
}

function isSecret(name: string | number): boolean {
  return SECRET.test(String(name).replaceAll(/[-_]/g, ''))
}

class Reader {
  /** Bytes; below 0 there was no room. */
  left: number

  constructor(left: number) {
    this.left = left
  }

  member(holder: object, name: string | number, depth: number): Json | undefined {
    let value: unknown
    try {
      value = (holder as Record<string | number, unknown>)[name]
    } catch {
      return undefined
    }
    if (value !== null && value !== undefined && isSecret(name)) value = HIDDEN
    return this.#plain(value, depth)
  }

  #plain(value: unknown, depth: number): Json | undefined {
    if (this.left < 0) return undefined
    switch (typeof value) {
      case 'string': {
        // What is longer has no room in any case.
        const text = value.slice(0, this.left + 1).toWellFormed()
        this.left -= Buffer.byteLength(JSON.stringify(text))
        return text
      }
      case 'number':
        this.left -= 24
        return Number.isFinite(value) ? value : undefined
      case 'boolean':
        this.left -= 5
        return value
      case 'object':
        return value === null ? null : this.#container(value, depth)
      case 'bigint':
      case 'function':
      case 'symbol':
      case 'undefined':
        return undefined
    }
  }

  #container(value: object, depth: number): Json | undefined {
    this.left -= 2
    const shape = depth < DEPTH_MAX ? shapeOf(value) : undefined
    if (shape === undefined) return undefined
    if (shape.isList) {
      const list: Json[] = []
      for (let index = 0; index < shape.length && this.left >= 0; index += 1) {
        this.left -= 1
        list.push(this.member(value, index, depth + 1) ?? null)
      }
      return list
    }
    const copy: { [name: string]: Json } = {}
    for (const name of keysOf(value)) {
      if (this.left < 0) break
      this.left -= Buffer.byteLength(JSON.stringify(name)) + 2
      const member = this.member(value, name, depth + 1)
      if (member !== undefined) put(copy, name.toWellFormed(), member)
    }
    return copy
  }
}

/** What is a list or a plain object; of anything else nothing is kept. */
function shapeOf(value: object): { isList: true; length: number } | { isList: false } | undefined {
  try {
    if (Array.isArray(value)) return { isList: true, length: value.length }
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === null || prototype === Object.prototype ? { isList: false } : undefined
  } catch {
    return undefined
  }
}

function keysOf(value: object): string[] {
  try {
    return Object.keys(value)
  } catch {
    return []
  }
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function put(fields: { [name: string]: Json }, name: string, value: Json): void {
  Object.defineProperty(fields, name, { value, writable: true, enumerable: true, configurable: true })
}
