// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// YAML 1.2 as values, in time that grows as the text does. The library compares each key of a mapping with every other, and looks for an
// anchor from the beginning of the text at each alias: both are done here.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml'

/** What a text says, or what is wrong with it. */
export type YamlReading = { readonly value: unknown } | { readonly problems: readonly string[] }

/** At most this many problems are told. */
const PROBLEMS_MAX = 20
/** Values that aliases may stand for, each as often as it is referred to. */
const ALIASED_MAX = 100_000

/** Messages of the library that repeat a part of the text, in words that do not. */
const SAID: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'Unresolved alias: its anchor must be set before it',
  BAD_COLLECTION_TYPE: 'A tag does not fit the collection it stands at',
  BAD_DIRECTIVE: 'Unknown directive',
  BAD_DQ_ESCAPE: 'Invalid escape sequence',
  MULTIPLE_DOCS: 'A second document begins here; a workflow is one',
  TAG_RESOLVE_FAILED: 'Unresolved tag: leave it out',
  UNEXPECTED_TOKEN: 'Unexpected token',
}

/** The core schema: `no` is a text, dates are texts; what cannot be JSON is refused, and aliases are bounded. */
export function readYamlText(text: string): YamlReading {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, uniqueKeys: false, logLevel: 'error' })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `not YAML: line ${line}, column ${col}`
  }
  const found = [...document.errors, ...document.warnings].slice(0, PROBLEMS_MAX)
  if (found.length > 0) return { problems: found.map(({ code, message, pos: [offset] }) => `${at(offset)}: ${SAID[code] ?? message}`) }
  const reader = new Reader(at)
  const value = reader.value(document.contents)
  return reader.problems.length > 0 ? { problems: reader.problems } : { value }
}

class Reader {
  readonly problems: string[] = []
  readonly #at: (offset: number) => string
  /** What anchors so far stand for, and how many values that is. */
  readonly #anchors = new Map<string, { value: unknown; weight: number }>()
  /** Values so far, those that aliases stand for included. */
  #weight = 0
  #aliased = 0

  constructor(at: (offset: number) => string) {
    this.#at = at
  }

  value(node: Node | null): unknown {
    if (isAlias(node)) return this.#aliasOf(node.source, node.range?.[0] ?? 0)
    const before = this.#weight
    this.#weight += 1
    const value = this.#own(node)
    const anchor = (node as { anchor?: string } | null)?.anchor
    if (anchor !== undefined) this.#anchors.set(anchor, { value, weight: this.#weight - before })
    return value
  }

  #own(node: Node | null): unknown {
    if (isScalar(node)) return node.value
    if (isSeq(node)) return node.items.map((item) => this.value(item as Node | null))
    if (!isMap(node)) return null
    const value: Record<string, unknown> = {}
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : ''
      if (Object.hasOwn(value, key)) this.#problem((pair.key as Node).range?.[0] ?? 0, 'Map keys must be unique')
      // `__proto__` is a key like any other.
      const descriptor = { value: this.value(pair.value as Node | null), enumerable: true, writable: true, configurable: true }
      Object.defineProperty(value, key, descriptor)
    }
    return value
  }

  #aliasOf(name: string, offset: number): unknown {
    const anchor = this.#anchors.get(name)
    if (anchor === undefined) {
      this.#problem(offset, SAID['BAD_ALIAS'] as string)
      return null
    }
    this.#weight += anchor.weight
    this.#aliased += anchor.weight
    if (this.#aliased > ALIASED_MAX) {
      // Said once: whatever follows would be too much as well.
      if (this.#aliased - anchor.weight <= ALIASED_MAX)
        this.#problem(offset, `aliases stand for more than ${ALIASED_MAX} values; write less, or refer less often`)
      return null
    }
    return anchor.value
  }

  #problem(offset: number, message: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push(`${this.#at(offset)}: ${message}`)
  }
}
