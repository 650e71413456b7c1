// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { deepStrictEqual } from 'node:assert'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Issue } from '../../ts/api/issue.ts'
import { Imprint } from '../../ts/json/imprint.ts'
import { JSON_DEPTH_MAX, Opaque, plainJson, sameJson, type Json } from '../../ts/json/json.ts'

function copyOf(value: unknown): Json | undefined {
  const issues: Issue[] = []
  const copy = plainJson(value, 'result', issues)
  expect(issues).toEqual([])
  return copy
}

function issuesOf(value: unknown): string[] {
  const issues: Issue[] = []
  expect(plainJson(value, 'result', issues)).toBeUndefined()
  expect(issues.every(({ code }) => code === 'ERR_NOT_JSON')).toBe(true)
  return issues.map(({ path, message }) => `${path}: ${message}`)
}

/** `levels` objects around a number. */
function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level += 1) value = { a: value }
  return value
}

/** A list whose second entry is a hole. */
function holed(...list: unknown[]): unknown[] {
  Reflect.deleteProperty(list, 1)
  return list
}

/** A small random generator, so that a failing seed can be run again (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const KEYS = ['a', 'b', 'a b', '', '0', '12', '__proto__', 'constructor', 'toString', 'then', 'length', 'größe', '\ud800']
/** What JSON text says, with U+FFFD for each half of a surrogate pair. */
function mendedJson(text: string): unknown {
  return JSON.parse(text.replaceAll(/\\ud[89a-f][0-9a-f]{2}/g, '\ufffd'))
}

class Point {
  x = 1
  y: unknown = undefined
  get sum(): number {
    return 1
  }
}

function randomValue(random: () => number, depth = 0): unknown {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const inner = (): unknown => randomValue(random, depth + 1)
  const leaves = [
    () => null,
    () => undefined,
    () => true,
    () => -0,
    () => random() * 1e9,
    () => 'text',
    () => '\udc00"\u2028\\',
    () => new Date(random() * 1e12),
    () => Object(1),
    () => Object('boxed'),
    () => Object(false),
    () => new Point(),
    () => ({ toJSON: () => [1, { a: 'x' }] }),
    () => new URL('https://example.com/a'),
  ]
  const trees = [
    () => Array.from({ length: Math.floor(random() * 4) }, inner),
    () => holed(inner(), inner(), inner()),
    () => Object.fromEntries(Array.from({ length: Math.floor(random() * 5) }, () => [pick(KEYS), inner()])),
    () => Object.assign(Object.create(null), { n: inner() }),
    () => ({ [Symbol('hidden')]: 1n, shown: inner() }),
    () => ({
      get got() {
        return 7
      },
    }),
  ]
  return pick(depth > 4 || random() < 0.4 ? leaves : trees)()
}

describe('plainJson', () => {
  it('gives what a round trip through JSON text gives, of well-formed text, for any value JSON can carry', () => {
    for (let seed = 0; seed < 4000; seed += 1) {
      const random = randomFrom(seed)
      const value = randomValue(random)
      const expected = value === undefined ? null : mendedJson(JSON.stringify(randomValue(randomFrom(seed))) ?? 'null')
      deepStrictEqual(copyOf(value), expected, `seed ${seed}`) // vitest does not see an own __proto__
    }
  })

  it('copies deeply', () => {
    const inner = { n: 1 }
    const copy = copyOf({ list: [inner], inner })
    inner.n = 2
    expect(copy).toStrictEqual({ list: [{ n: 1 }], inner: { n: 1 } })
  })

  it('keeps __proto__ as data', () => {
    const copy = copyOf(JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":1}}')) as { [key: string]: Json }
    expect(Object.hasOwn(copy, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(copy['polluted']).toBeUndefined()
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":true},"a":{"__proto__":1}}')
  })

  it('is not misled by an enumerable addition to Object.prototype', () => {
    Object.defineProperty(Object.prototype, 'added', { value: 1, enumerable: true, configurable: true, writable: true })
    try {
      expect(JSON.stringify(copyOf({ a: { b: 1 } }))).toBe('{"a":{"b":1}}')
      expect(sameJson({ a: 1 }, { a: 1 })).toBe(false)
    } finally {
      delete (Object.prototype as { added?: number }).added
    }
  })

  it('ignores symbols and hidden properties, drops undefined, fills holes, has no -0', () => {
    const value = Object.defineProperty({ [Symbol('s')]: 1, u: undefined, zero: -0, list: holed(-0, 1, undefined) }, 'hidden', {
      value: 1n,
    })
    const copy = copyOf(value) as { zero: number }
    expect(copy).toStrictEqual({ zero: 0, list: [0, null, null] })
    expect(Reflect.ownKeys(copy)).toEqual(['zero', 'list'])
    expect(Object.is(copy.zero, 0)).toBe(true)
  })

  it('takes objects of another realm and undefined alone, and mends lone surrogates', () => {
    expect(copyOf(runInNewContext('({ a: [1, new Date(0)] })'))).toStrictEqual({ a: [1, '1970-01-01T00:00:00.000Z'] })
    for (const text of ['\ud83d', 'a\udc00b', '\ud83d\ud83d\ude00']) {
      const mended = text.toWellFormed()
      expect(copyOf(text)).toBe(mended)
      expect(copyOf([{ [text]: text, whole: '😀' }])).toStrictEqual([{ [mended]: mended, whole: '😀' }])
    }
    expect(copyOf(undefined)).toBe(null)
  })

  it('names what JSON would lose, its place and the way out', () => {
    const throwing = {
      get bad(): number {
        throw new TypeError('no')
      },
    }
    const proxy = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('closed')
        },
      },
    )
    const value = {
      'a b': [1n],
      nan: Number.NaN,
      inf: -Infinity,
      fn() {},
      sym: Symbol('s'),
      map: new Map(),
      set: new Set(),
      weak: new WeakMap(),
      bytes: Buffer.from('x'),
      view: new Uint8Array(1),
      re: /x/,
      err: new Error('x'),
      later: Promise.resolve(1),
      when: new Date(Number.NaN),
      throwing,
      proxy,
      params: new URLSearchParams('a=1'),
    }
    expect(issuesOf(value)).toMatchInlineSnapshot(`
      [
        "result["a b"][0]: a BigInt is not a JSON value: use String(value), or Number(value) when it is small enough",
        "result.nan: NaN is not a JSON number: use null, or a string such as "NaN"",
        "result.inf: -Infinity is not a JSON number: use null, or a string such as "-Infinity"",
        "result.fn: a function is not a JSON value: call it and pass what it returns, or leave it out",
        "result.sym: a symbol is not a JSON value: use its description",
        "result.map: a Map is not a JSON value: use Object.fromEntries(map)",
        "result.set: a Set is not a JSON value: use [...set]",
        "result.weak: a weak collection is not a JSON value: leave it out",
        "result.bytes: binary data is not a JSON value: use Array.from(value), or Buffer.from(value).toString("base64")",
        "result.view: binary data is not a JSON value: use Array.from(value), or Buffer.from(value).toString("base64")",
        "result.re: a RegExp is not a JSON value: use its source",
        "result.err: an Error loses its message as JSON: use { message: error.message }",
        "result.later: a promise is not a JSON value: did you forget await?",
        "result.when: an invalid Date has no JSON form: check it with Number.isNaN(date.getTime())",
        "result.throwing.bad: reading it threw TypeError: no",
        "result.proxy: reading this value threw Error: closed",
        "result.params: an iterator, stream or collection is not a JSON value: use [...value], or Object.fromEntries(value) for pairs",
      ]
    `)
  })

  it('names a cycle where it closes', () => {
    const child: { parent?: unknown } = {}
    const value = { items: [child] }
    child.parent = value.items
    expect(issuesOf(value)).toEqual([
      'result.items[0].parent: this is a cycle: it refers back to `result.items`; refer to it by an id instead',
    ])
  })

  it('refuses more than 100 levels, even 100,000, without overflowing the stack', () => {
    expect(copyOf(nested(JSON_DEPTH_MAX))).toBeDefined()
    for (const levels of [JSON_DEPTH_MAX + 1, 100_000]) {
      const [issue] = issuesOf(nested(levels))
      expect(issue).toMatch(/nested deeper than 100 levels/)
      expect(issue?.length).toBeLessThan(300)
    }
  })

  it('refuses a small graph that unfolds without end', () => {
    let value: unknown = [1]
    for (let level = 0; level < 60; level += 1) value = [value, value]
    expect(issuesOf(value)).toHaveLength(1)
  })

  it('reports at most 20 problems of one value', () => {
    expect(issuesOf(Array.from({ length: 1000 }, () => 1n))).toHaveLength(20)
  })
})

describe('sameJson', () => {
  it('holds between any value and its copy', () => {
    for (let seed = 0; seed < 2000; seed += 1) {
      const value = mendedJson(JSON.stringify(randomValue(randomFrom(seed))) ?? 'null')
      expect(sameJson(value, copyOf(value) as Json), `seed ${seed}`).toBe(true)
    }
  })

  it('is true only if the copy would be the same', () => {
    let equal = 0
    for (let seed = 0; seed < 20_000; seed += 1) {
      const random = randomFrom(seed)
      const [one, other] = [randomValue(random, 3), randomValue(random, 3)]
      const snapshot = copyOf(one) as Json
      if (!sameJson(other, snapshot)) continue
      equal += 1
      deepStrictEqual(copyOf(other), snapshot, `seed ${seed}`)
    }
    expect(equal).toBeGreaterThan(100)
  })

  it.each<[string, unknown, Json, boolean]>([
    ['key order', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['an undefined property', { a: 1, b: undefined }, { a: 1 }, true],
    ['undefined in a list', [undefined], [null], true],
    ['a Date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }, true],
    ['a changed Date', { at: new Date(1) }, { at: '1970-01-01T00:00:00.000Z' }, false],
    ['an added key', { a: 1, b: 1 }, { a: 1 }, false],
    ['a removed key', {}, { a: 1 }, false],
    ['a key replaced by undefined', { a: undefined }, { a: null }, false],
    ['a key named as a method', { toString: 1 }, { a: 1 }, false],
    ['__proto__ for another key', JSON.parse('{"__proto__":{}}'), { x: 1 }, false],
    ['a list for an object', [], {}, false],
    ['a longer list', [1, 2], [1], false],
    ['NaN', { a: Number.NaN }, { a: null }, false],
    ['a function', { a() {} }, {}, false],
    [
      'a throwing getter',
      {
        get a(): number {
          throw new Error('no')
        },
      },
      { a: 1 },
      false,
    ],
    ['too deep', nested(200), nested(200) as Json, false],
  ])('%s', (_, value, snapshot, expected) => {
    expect(sameJson(value, snapshot)).toBe(expected)
  })

  it('compares what an Opaque wraps by identity', () => {
    const schema = Object.assign(() => true, { kind: 'schema' })
    const snapshot = copyOf({ input: { prompt: 'p', schema: new Opaque(schema) } }) as Json
    expect(sameJson({ input: { prompt: 'p', schema } }, snapshot)).toBe(true)
    expect(sameJson({ input: { prompt: 'q', schema } }, snapshot)).toBe(false)
    expect(sameJson({ input: { prompt: 'p', schema: () => true } }, snapshot)).toBe(false)
    expect(sameJson({ input: { prompt: 'p' } }, snapshot)).toBe(false)
  })
})

describe('Imprint', () => {
  /** Every object and array in a value that is its own. */
  const containersIn = (value: unknown): Record<string, unknown>[] => {
    if (typeof value !== 'object' || value === null || value instanceof Date) return []
    return [value as Record<string, unknown>, ...Object.values(value).flatMap(containersIn)]
  }

  it('holds until something changes, and from then on no longer than the copy is the same', () => {
    const counts = { held: 0, same: 0, changed: 0 }
    for (let seed = 0; seed < 20_000; seed += 1) {
      const random = randomFrom(seed)
      const value = [randomValue(random)]
      const snapshot = copyOf(value) as Json
      const imprint = sameJson(value, snapshot) ? Imprint.of(value, snapshot) : undefined
      if (imprint === undefined) continue
      expect(imprint.holds(), `seed ${seed}`).toBe(true)
      counts.held += 1
      const all = containersIn(value)
      const one = all[Math.floor(random() * all.length)] ?? {}
      const keys = Object.keys(one)
      const key = keys[Math.floor(random() * keys.length)] ?? 'a'
      const isChanged = random() < 0.7 ? Reflect.set(one, key, randomValue(random, 4)) : Reflect.deleteProperty(one, key)
      if (!isChanged) continue
      if (!imprint.holds()) counts.changed += 1
      else if (sameJson(value, snapshot)) counts.same += 1
      else expect.fail(`seed ${seed}: what changed at ${key} was not seen`)
    }
    expect(Math.min(counts.held, counts.same, counts.changed)).toBeGreaterThan(100)
  })

  it.each<[string, (workflow: { at: Date; list: unknown[]; of: Record<string, unknown> }) => void]>([
    ['a Date that is set', ({ at }) => at.setTime(1)],
    ['an entry', ({ list }) => list.splice(1, 1, 3)],
    ['one entry more', ({ list }) => list.push(3)],
    ['a member', ({ of }) => (of['a'] = 2)],
    ['a member more', ({ of }) => (of['c'] = undefined)],
    ['the order of members', ({ of }) => delete of['a'] && (of['a'] = 1)],
    ['toJSON', ({ list }) => Object.defineProperty(list, 'toJSON', { value: () => 7 })],
    ['the prototype', ({ of }) => Object.setPrototypeOf(of, { inherited: 1 })],
    ['a function for another', ({ of }) => (of['f'] = () => true)],
    ['a getter that throws', ({ of }) => Object.defineProperty(of, 'a', { enumerable: true, get: () => expect.fail('never') })],
  ])('sees %s', (_, change) => {
    const f = (): boolean => false
    const value = { at: new Date(0), list: [1, 2], of: { a: 1, b: null, f } as Record<string, unknown> }
    const imprint = Imprint.of(value, copyOf({ ...value, of: { ...value.of, f: new Opaque(f) } }) as Json)
    expect(imprint?.holds()).toBe(true)
    change(value)
    expect(imprint?.holds()).toBe(false)
  })
})
