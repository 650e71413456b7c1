// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { memberPath, type Issue } from '../api/issue.js'

/** A zod schema of either generation, as far as the walk looks. */
export interface ZodLike {
  readonly _def?: Def
  readonly _zod?: { readonly def: Def; readonly version?: ZodVersion; toJSONSchema?: () => object; parent?: unknown }
}

export interface ZodVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

type Def = Readonly<Record<string, unknown>>

/** What the walk met on the input side of a schema. */
interface Scan {
  /** Whether everything met can be said in JSON Schema. */
  representable: boolean
  /** Whether the schema contains itself. */
  recursive: boolean
  /** The `z.coerce.date()` nodes: JSON carries their input as date-time text. */
  coercedDates: ZodLike[]
}

/** Levels a schema may nest, recursion aside. */
const SCHEMA_DEPTH_MAX = 200

const DATE = 'use z.string().datetime() (zod 4: z.iso.datetime()) for a string, or z.coerce.date() to receive a Date'
const INTEGER = 'use z.number().int(), or z.string() for large numbers'
const OPTIONAL = 'use .optional() on the property, or z.null()'

/** Kinds whose values JSON cannot carry, and what to use instead. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['date', DATE],
  ['bigint', INTEGER],
  ['map', 'use z.record()'],
  ['set', 'use z.array()'],
  ['symbol', 'use z.string() or z.enum()'],
  ['function', 'leave it out: functions do not travel'],
  ['promise', 'use the schema of the awaited value'],
  ['nan', 'use z.null()'],
  ['undefined', OPTIONAL],
  ['void', OPTIONAL],
  ['file', 'use z.string() for a path or base64 text'],
  ['custom', 'describe the data itself, such as z.object({ … }), and add .refine() or .transform()'],
  ['transform', 'put a schema for the input before it: z.string().transform(…)'],
])

/** Walks the input side of a zod schema and reports, each at its own place, what JSON Schema cannot express. */
export function scanZod(schema: ZodLike, path: string, issues: Issue[]): Scan {
  const scan: Scan = { representable: true, recursive: false, coercedDates: [] }
  const done = new Set<object>()
  const open = new Set<object>()
  const visit = (node: ZodLike, at: string): void => {
    const def = definitionOf(node)
    if (def === undefined) return
    if (open.size >= SCHEMA_DEPTH_MAX)
      throw new Error(`nested deeper than ${SCHEMA_DEPTH_MAX} levels; check that z.lazy() returns the same schema each time`)
    if (open.has(def)) scan.recursive = true
    if (done.has(def)) return
    done.add(def)
    open.add(def)
    const kind = kindOf(def)
    const advice = REFUSED.get(kind) ?? adviceForLiteral(kind, def)
    if (kind === 'date' && def['coerce'] === true) {
      scan.coercedDates.push(node)
    } else if (advice !== undefined) {
      scan.representable = false
      issues.push({ path: at, message: `z.${kind}() cannot be expressed as JSON Schema: ${advice}`, code: 'ERR_SCHEMA_UNREPRESENTABLE' })
    } else {
      for (const [inner, innerPath] of inputMembers(kind, def, at)) visit(inner, innerPath)
    }
    open.delete(def)
  }
  visit(schema, path)
  return scan
}

function definitionOf(node: ZodLike | undefined): Def | undefined {
  return node?._zod?.def ?? node?._def
}

/** `date` for zod 4's `type: 'date'` and zod 3's `typeName: 'ZodDate'`. */
export function kindOf(def: Def): string {
  const { typeName, type } = def
  if (typeof typeName === 'string') return typeName.slice('Zod'.length).toLowerCase()
  return typeof type === 'string' ? type : 'unknown'
}

function adviceForLiteral(kind: string, def: Def): string | undefined {
  if (kind !== 'literal') return undefined
  const values: unknown[] = Array.isArray(def['values']) ? def['values'] : [def['value']]
  for (const value of values) {
    if (value === undefined) return OPTIONAL
    if (typeof value === 'bigint') return INTEGER
    if (typeof value === 'symbol') return 'use a string literal'
    if (typeof value === 'number' && !Number.isFinite(value)) return 'use a finite number'
  }
  return undefined
}

type Member = readonly [schema: ZodLike, path: string]

/** The schemas a value passes through on its way in; field names differ between zod 3 and 4. */
function inputMembers(kind: string, def: Def, path: string): Member[] {
  const one = (field: string): ZodLike => def[field] as ZodLike
  switch (kind) {
    case 'object':
      return objectMembers(def, path)
    case 'array':
      return [[one(isSchema(def['element']) ? 'element' : 'type'), `${path}[]`]]
    case 'tuple': {
      const items = (def['items'] as ZodLike[]).map((item, index): Member => [item, memberPath(path, index)])
      return isSchema(def['rest']) ? [...items, [one('rest'), `${path}[]`]] : items
    }
    case 'record':
      return [
        [one('keyType'), path],
        [one('valueType'), `${path}[*]`],
      ]
    case 'union':
    case 'discriminatedunion':
      return [...(def['options'] as ZodLike[] | Map<unknown, ZodLike>).values()].map((option): Member => [option, path])
    case 'intersection':
      return [
        [one('left'), path],
        [one('right'), path],
      ]
    case 'lazy':
      return [[(def['getter'] as () => ZodLike)(), path]]
    case 'effects':
      return [[one('schema'), path]]
    case 'branded':
      return [[one('type'), path]]
    case 'pipeline':
      return [[one('in'), path]]
    case 'pipe': // zod 4 writes preprocess as a pipe that starts with a transform
      return [[one(definitionOf(one('in'))?.['type'] === 'transform' ? 'out' : 'in'), path]]
    default:
      return isSchema(def['innerType']) ? [[one('innerType'), path]] : []
  }
}

function objectMembers(def: Def, path: string): Member[] {
  const { shape, catchall } = def
  const fields = (typeof shape === 'function' ? shape() : shape) as Record<string, ZodLike>
  const members = Object.keys(fields).map((key): Member => [fields[key] as ZodLike, memberPath(path, key)])
  return isSchema(catchall) ? [...members, [catchall, `${path}[*]`]] : members
}

function isSchema(value: unknown): value is ZodLike {
  return typeof value === 'object' && value !== null && ('_zod' in value || '_def' in value)
}
