// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a schema says of a value, wherever it stands: in a workflow, in one that is written into a task, in a task that an attempt adds, in a request to a
// model, in a tool.

import { memberPath, pathSteps, type Issue } from '../api/issue.js'
import { nearest } from '../base/near.js'
import type { Json } from '../json/json.js'
import { copyJson } from '../json/copy.js'
import type { SchemaForms } from './schema.js'

/** The value as the schema gives it back, or what is wrong with it. */
export type Judged = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly issues: readonly Issue[] }

type Judge = NonNullable<SchemaForms['judge']>

/** Judges JSON text by a JSON Schema in Rust: what is wrong as JSON text, null if nothing is. */
type ByRust = (text: string) => string | null

/** The user's own judge decides, where it is there; else the JSON Schema does. Paths begin at `root`. */
export async function judged(value: Json, root: string, own: Judge | undefined, byRust: ByRust): Promise<Judged> {
  if (own === undefined) {
    const issues = issuesOf(byRust(JSON.stringify(value)), root)
    return issues.length === 0 ? { ok: true, value } : { ok: false, issues }
  }
  const result = await own(copyJson(value))
  if (result.ok) return result
  return {
    ok: false,
    issues: result.issues.map(({ path, message }) => ({ path: joined(root, path), message: message + misspelt(value, path) })),
  }
}

/** The key beside the place of an issue that was probably meant, as the end of a message; nothing if the place is there. */
function misspelt(value: Json, path: string): string {
  const steps = pathSteps(path)
  const missing = steps.pop()
  let at: unknown = value
  for (const step of steps) at = memberOf(at, step)
  if (typeof missing !== 'string' || typeof at !== 'object' || at === null || Array.isArray(at) || Object.hasOwn(at, missing)) return ''
  const near = nearest(missing, Object.keys(at).slice(0, KEYS_MAX))
  return near === undefined ? '' : `; there is \`${near}\`: rename it to \`${missing}\``
}

function memberOf(value: unknown, step: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Record<string | number, unknown>)[step]
    : undefined
}

/** Keys among which a misspelt one is looked for. */
const KEYS_MAX = 1000

/**
 * The user's own judges of a workflow, by the path of their schema. Those of a stored definition come with `registerWorkflow`; those of a workflow that is
 * written into a task stand in the one around it, whenever they come there.
 */
export class Judges {
  readonly #own: Map<string, Judge>
  #around: { readonly judges: Judges; readonly at: string } | undefined

  constructor(own: Iterable<readonly [string, Judge]> = []) {
    this.#own = new Map(own)
  }

  get(path: string): Judge | undefined {
    return this.#own.get(path) ?? this.#around?.judges.get(`${this.#around.at}.${path}`)
  }

  /** Takes over those of the same definition. */
  adopt(others: Judges): void {
    for (const [path, judge] of others.#own) this.#own.set(path, judge)
  }

  /** Their workflow is written into another, at this path. */
  standIn(judges: Judges, at: string): void {
    this.#around = { judges, at }
  }
}

/** A schema where it stands. */
export interface SchemaSite {
  judge(value: Json, root: string): Promise<Judged>
}

/** A schema whose own judge, if there is one, is found by its path when it is asked. */
export class WrittenSchema implements SchemaSite {
  readonly #path: string
  readonly #judges: Judges
  readonly #byRust: ByRust

  constructor(path: string, judges: Judges, byRust: ByRust) {
    this.#path = path
    this.#judges = judges
    this.#byRust = byRust
  }

  judge(value: Json, root: string): Promise<Judged> {
    return judged(value, root, this.#judges.get(this.#path), this.#byRust)
  }
}

/** What a schema of Rust found, by paths that begin at `root`. */
function issuesOf(found: string | null, root: string): Issue[] {
  const issues = JSON.parse(found ?? '[]') as { pointer: string; message: string }[]
  return issues.map(({ pointer, message }) => ({ path: pathOf(root, pointer), message }))
}

/** A path that goes on from `root`. */
function joined(root: string, path: string): string {
  if (path === '' || root === '') return root + path
  return path.startsWith('[') ? root + path : `${root}.${path}`
}

/** A JSON Pointer (RFC 6901) as a path of ours. */
function pathOf(root: string, pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => memberPath(path, /^\d+$/.test(part) ? Number(part) : part), root)
}
