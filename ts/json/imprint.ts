// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whether a value is still what it was, without a look at its copy: the objects in it are remembered, with what each held. To compare each member with that of a
// copy asks the copy for it by name, which took twice as long as to go through the members alone.

import { Opaque, type Json } from './data.js'
import { isSameDate, prototypeIsPolluted } from './json.js'

/** An object, or an array, and its members. */
interface Held {
  readonly of: object
  /** None of an array. */
  readonly keys: readonly string[] | undefined
  readonly members: readonly unknown[]
}

export class Imprint {
  /** The value itself and all containers in it, each after the one that it is a member of. */
  readonly #held: Held[] = []
  /** Dates, whose time may be set, and what they were as JSON. */
  readonly #dates: (readonly [Date, string])[] = []

  /** That of `value`, of which `snapshot` is a copy as `sameJson` compares; `undefined` if it is not, or holds what may change unseen. */
  static of(value: object, snapshot: Json | Opaque): Imprint | undefined {
    const imprint = new Imprint()
    try {
      return imprint.#hold(value, snapshot) ? imprint : undefined
    } catch {
      return undefined
    }
  }

  /** Whether the value is what it was. It may answer `false` where only a place was filled anew with the same. */
  holds(): boolean {
    if (prototypeIsPolluted()) return false
    try {
      for (const held of this.#held) if (!(held.keys === undefined ? isSameList(held) : isSameObject(held, held.keys))) return false
      return this.#dates.every(([date, text]) => isSameDate(date, text))
    } catch {
      // A getter or a Proxy threw: whoever reads it anew names it.
      return false
    }
  }

  #hold(of: object, snapshot: unknown): boolean {
    if (typeof snapshot !== 'object' || snapshot === null || Array.isArray(snapshot) !== Array.isArray(of)) return false
    const was = snapshot as Readonly<Record<string, unknown>>
    const keys = Array.isArray(of) ? undefined : Object.keys(of)
    const members: unknown[] = Array.isArray(of) ? [...(of as unknown[])] : Object.values(of)
    this.#held.push({ of, keys, members })
    return members.every((member, place) => this.#holdMember(member, was[keys?.[place] ?? place]))
  }

  #holdMember(member: unknown, was: unknown): boolean {
    // Functions and schemas are who they are.
    if (was instanceof Opaque) return was.value === member
    if (typeof member !== 'object' || member === null) return member === was || (member ?? null) === (was ?? null)
    if (typeof was !== 'string') return this.#hold(member, was)
    this.#dates.push([member as Date, was])
    return isSameDate(member, was)
  }
}

function isSameList({ of, members }: Held): boolean {
  const list = of as readonly unknown[] & { toJSON?: unknown }
  const { length } = members
  if (list.length !== length || list.toJSON !== undefined) return false
  for (let place = 0; place < length; place += 1) if (list[place] !== members[place]) return false
  return true
}

function isSameObject({ of, members }: Held, keys: readonly string[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(of)
  if ((prototype !== Object.prototype && prototype !== null) || (of as { toJSON?: unknown }).toJSON !== undefined) return false
  let place = 0
  for (const key in of) {
    if (key !== keys[place] || (of as Record<string, unknown>)[key] !== members[place]) return false
    place += 1
  }
  return place === keys.length
}
