// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Levels of arrays and objects a value may nest; the outermost container is level 1. */
export const JSON_DEPTH_MAX = 100

/** Containers and array entries one value may hold. A shared reference counts at each of its places, so a small graph cannot unfold without end. */
export const JSON_VALUES_MAX = 10_000_000

/** The most bytes that one UTF-16 unit of a text takes as JSON, as `\u0000` does. */
export const WEIGHT_OF_LETTER = 6

/** The most bytes that an entry takes beside its letters: quotes, a colon, a comma, brackets, and a number of 24 letters. */
export const WEIGHT_OF_MEMBER = 32

/**
 * Stands in plain data for something that is not data, such as a zod schema inside a workflow.
 * `plainJson` keeps the marker as it is, and `sameJson` compares what it wraps by identity.
 */
export class Opaque {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  get value(): unknown {
    return this.#value
  }

  /** Whether a value is one. Unlike `instanceof` this asks nothing of a Proxy, which may throw. */
  static isOne(value: object): value is Opaque {
    return #value in value
  }
}
