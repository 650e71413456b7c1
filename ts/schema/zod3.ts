// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { ignoreOverride, zodToJsonSchema, type Options } from 'zod-to-json-schema'
import { kindOf, type ZodLike } from './scan.js'

const DRAFT_2020_12 = 'https://json-schema.org/draft/2020-12/schema'

/**
 * The JSON Schema of what a zod 3 schema accepts, in 2020-12 words. The caller has scanned the schema:
 * nothing the converter would bend silently (dates, BigInts, maps, …) is left in it but coerced dates.
 */
export function zod3ToJsonSchema(schema: ZodLike, recursive: boolean): unknown {
  const options: Partial<Options<'jsonSchema2019-09'>> = {
    target: 'jsonSchema2019-09',
    effectStrategy: 'input',
    pipeStrategy: 'input',
    // Unknown keys are accepted (and stripped) unless the schema is strict. The option is named the other way round.
    removeAdditionalStrategy: 'strict',
    allowedAdditionalProperties: undefined,
    applyRegexFlags: true,
    $refStrategy: recursive ? 'root' : 'none',
    override: (def, _refs, seen, force) => {
      if (kindOf({ ...def }) === 'literal' && (def as { value?: unknown }).value === null) return { type: 'null' }
      if (recursive && seen !== undefined && force !== true) return { $ref: pointer(seen.path) }
      return ignoreOverride
    },
    postProcess: (json) => (isOldTuple(json) ? (newTuple(json) as typeof json) : json),
  }
  const json = zodToJsonSchema(schema as never, options) as Record<string, unknown>
  if (recursive) checkPointers(json, json)
  return { ...json, $schema: DRAFT_2020_12 }
}

// The converter merges some unions and intersections after it has given their parts a place.
function checkPointers(node: unknown, root: object): void {
  if (typeof node !== 'object' || node === null) return
  const { $ref } = node as { $ref?: unknown }
  if (typeof $ref === 'string' && resolve($ref, root) === undefined) {
    throw new Error(
      'a recursive schema in a union, intersection or nullable has no place to refer to; give it a property of its own, or use zod 4',
    )
  }
  for (const member of Object.values(node)) checkPointers(member, root)
}

function resolve(pointer: string, root: object): unknown {
  const words = pointer
    .split('/')
    .slice(1)
    .map((word) => decodeURIComponent(word).replaceAll('~1', '/').replaceAll('~0', '~'))
  return words.reduce<unknown>(
    (node, word) =>
      typeof node === 'object' && node !== null && Object.hasOwn(node, word) ? (node as Record<string, unknown>)[word] : undefined,
    root,
  )
}

interface OldTuple {
  items: unknown[]
  additionalItems?: unknown
}

function isOldTuple(json: unknown): json is OldTuple {
  return typeof json === 'object' && json !== null && Array.isArray((json as { items?: unknown }).items)
}

// 2019-09 writes a tuple as `items: […]` and its rest as `additionalItems`; 2020-12 renamed both.
function newTuple({ items, additionalItems, ...rest }: OldTuple): object {
  return { ...rest, prefixItems: items, ...(additionalItems === undefined ? {} : { items: additionalItems }) }
}

/** A JSON pointer as a URI fragment. The converter escapes nothing and knows the old tuple words. */
function pointer(path: readonly string[]): string {
  const words: string[] = []
  for (let index = 1; index < path.length; index += 1) {
    const word = path[index] ?? ''
    if (word === 'properties') {
      index += 1
      words.push(word, path[index] ?? '')
    } else if (word === 'items' && /^\d+$/.test(path[index + 1] ?? '')) {
      words.push('prefixItems')
    } else {
      words.push(word === 'additionalItems' ? 'items' : word)
    }
  }
  return ['#', ...words.map((word) => encodeURIComponent(word.replaceAll('~', '~0').replaceAll('/', '~1')))].join('/').replace(/^#\/$/, '#')
}
