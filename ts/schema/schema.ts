// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Schemas as users write them, of any library, and the JSON Schema that each of them is.

import { memberPath, type Issue } from '../api/issue.js'
import { plainJson, type Json } from '../json/json.js'
import { pushRefusal } from '../base/names.js'
import { scanZod, type ZodLike } from './scan.js'
import { zod3ToJsonSchema } from './zod3.js'
import { zod4ToJsonSchema } from './zod4.js'

/** What a schema says about a value: the value as the schema gives it back (defaults, transforms), or what is wrong with it. */
export type JudgeResult = { ok: true; value: unknown } | { ok: false; issues: { path: string; message: string }[] }

/** A user's schema in the two forms the engine knows. */
export interface SchemaForms {
  /** JSON Schema 2020-12 of what the schema accepts; `undefined` where the schema can only judge. */
  jsonSchema: Json | undefined
  /** The user's own schema object at work, never throwing; `undefined` for raw JSON Schema, which Rust judges. Paths start at the value: `items[3].price`. */
  judge: ((value: unknown) => JudgeResult | Promise<JudgeResult>) | undefined
  /** `'zod'`, `'json-schema'`, or the name a Standard Schema gives itself. */
  vendor: string
}

const DRAFT = /^https?:\/\/json-schema\.org\/(draft-0[467]|draft\/(2019-09|2020-12))\/schema#?$/
const WAYS_OUT = 'pass a zod schema, another Standard Schema, or JSON Schema as a plain object'

/**
 * Reads a zod 3 or zod 4 schema, any Standard Schema, or raw JSON Schema (an object or a boolean).
 * What cannot be expressed is pushed to `issues` as `ERR_SCHEMA_UNREPRESENTABLE`, its path leading into the schema
 * (`tasks[0].input.schema.createdAt`, `[]` for items, `[*]` for the values of a record); the answer is then `undefined`.
 */
export function readSchema(schema: unknown, path: string, issues: Issue[]): SchemaForms | undefined {
  const refuse = (message: string): undefined => {
    issues.push({ path, message, code: 'ERR_SCHEMA_UNREPRESENTABLE' })
  }
  // Its texts are mended as those of any value; its keys are names, and what they name is judged by the schema as it was written.
  const plainSchema = (converted: unknown): Json | undefined => {
    const plain = plainJson(converted, path, issues)
    const before = issues.length
    if (plain !== undefined) refuseKeys(converted, path, issues)
    return issues.length > before ? undefined : plain
  }
  try {
    if (isZod(schema)) return readZod(schema, path, issues, plainSchema)
    const standard = standardOf(schema)
    if (standard !== undefined) return readStandard(standard, plainSchema)
    if (typeof schema === 'boolean') return { jsonSchema: schema, judge: undefined, vendor: 'json-schema' }
    if (isPlainObject(schema)) return readRaw(schema, path, issues, plainSchema)
  } catch (error) {
    return refuse(`cannot be expressed as JSON Schema: ${messageOf(error)}`)
  }
  return refuse(`${describe(schema)} is not a schema: ${WAYS_OUT}`)
}

type PlainSchema = (converted: unknown) => Json | undefined

/** Refuses names that are not well-formed, in what `plainJson` could copy. */
function refuseKeys(value: unknown, path: string, issues: Issue[]): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    const place = memberPath(path, Array.isArray(value) ? Number(key) : key)
    if (!Array.isArray(value)) pushRefusal(key, place, issues)
    refuseKeys(member, place, issues)
  }
}

function readZod(schema: ZodLike, path: string, issues: Issue[], plainSchema: PlainSchema): SchemaForms | undefined {
  const scan = scanZod(schema, path, issues)
  if (!scan.representable) return undefined
  const converted = schema._zod === undefined ? zod3ToJsonSchema(schema, scan.recursive) : zod4ToJsonSchema(schema, scan.coercedDates)
  const jsonSchema = plainSchema(converted)
  return jsonSchema === undefined ? undefined : { jsonSchema, judge: zodJudge(schema), vendor: 'zod' }
}

function readStandard(standard: Standard, plainSchema: PlainSchema): SchemaForms | undefined {
  const { jsonSchema: converter, validate, vendor } = standard
  const judge = validate === undefined ? undefined : standardJudge(standard)
  if (converter?.input === undefined) return { jsonSchema: undefined, judge, vendor }
  const libraryOptions = vendor === 'arktype' ? ARKTYPE_STRICT : undefined
  const jsonSchema = plainSchema(converter.input({ target: 'draft-2020-12', ...(libraryOptions && { libraryOptions }) }))
  return jsonSchema === undefined ? undefined : { jsonSchema, judge, vendor }
}

// Left to itself, ArkType's standard converter writes `{}` for what JSON cannot carry, such as a Date.
const refuseArkType = (context: { code?: string; proto?: { name?: string }; domain?: string; unit?: unknown }): never => {
  const what = context.proto?.name ?? context.domain ?? (context.code === 'unit' ? String(context.unit) : context.code)
  throw new Error(`${what} has no JSON form; describe the text or number JSON carries, and convert it with a morph`)
}
const ARKTYPE_STRICT = {
  fallback: { proto: refuseArkType, date: refuseArkType, domain: refuseArkType, unit: refuseArkType, symbolKey: refuseArkType },
}

function readRaw(schema: object, path: string, issues: Issue[], plainSchema: PlainSchema): SchemaForms | undefined {
  const before = issues.length
  for (const [key, value] of Object.entries(schema)) {
    if (!isZod(value) && standardOf(value) === undefined) continue
    issues.push({
      path: memberPath(path, key),
      message: 'a schema inside a plain object is not a schema of that object: wrap the object, as in z.object({ … })',
      code: 'ERR_SCHEMA_UNREPRESENTABLE',
    })
  }
  const { $schema } = schema as { $schema?: unknown }
  if ($schema !== undefined && (typeof $schema !== 'string' || !DRAFT.test($schema))) {
    issues.push({
      path: memberPath(path, '$schema'),
      message: 'not a known JSON Schema draft: leave it out, or use "https://json-schema.org/draft/2020-12/schema"',
      code: 'ERR_SCHEMA_UNREPRESENTABLE',
    })
  }
  if (issues.length > before) return undefined
  const jsonSchema = plainSchema(schema)
  return jsonSchema === undefined ? undefined : { jsonSchema, judge: undefined, vendor: 'json-schema' }
}

/** The part of https://standardschema.dev that is used. */
interface Standard {
  readonly vendor: string
  readonly validate?: (value: unknown) => StandardResult | PromiseLike<StandardResult>
  readonly jsonSchema?: { readonly input?: (options: { target: string; libraryOptions?: object }) => unknown }
}

interface StandardResult {
  readonly value?: unknown
  readonly issues?:
    | readonly { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }[]
    | undefined
}

function standardJudge(standard: Standard): (value: unknown) => JudgeResult | Promise<JudgeResult> {
  return judgeBy((value) => standard.validate?.(value) ?? { value })
}

// zod before 3.24 knows no Standard Schema; its issues look the same.
function zodJudge(schema: ZodLike): (value: unknown) => JudgeResult | Promise<JudgeResult> {
  const standard = standardOf(schema)
  if (standard?.validate !== undefined) return standardJudge(standard)
  const { safeParseAsync } = schema as unknown as {
    safeParseAsync: (value: unknown) => Promise<{ data?: unknown; error?: StandardResult }>
  }
  return judgeBy((value) =>
    safeParseAsync.call(schema, value).then(({ data, error }) => (error === undefined ? { value: data } : { issues: error.issues })),
  )
}

function judgeBy(
  validate: (value: unknown) => StandardResult | PromiseLike<StandardResult>,
): (value: unknown) => JudgeResult | Promise<JudgeResult> {
  return (value: unknown): JudgeResult | Promise<JudgeResult> => {
    try {
      const result = validate(value)
      if (!isThenable(result)) return judgement(result)
      return Promise.resolve(result).then(judgement).catch(thrown)
    } catch (error) {
      return thrown(error)
    }
  }
}

function judgement({ value, issues }: StandardResult): JudgeResult {
  if (issues === undefined) return { ok: true, value }
  const found = issues.map(({ path = [], message }) => ({ path: path.reduce<string>(dataPath, ''), message }))
  return { ok: false, issues: found.length > 0 ? found : [{ path: '', message: 'the schema refused the value and gave no reason' }] }
}

function dataPath(path: string, step: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof step === 'object' ? step.key : step
  return memberPath(path, typeof key === 'symbol' ? String(key) : key)
}

function thrown(error: unknown): JudgeResult {
  return { ok: false, issues: [{ path: '', message: `the schema threw: ${messageOf(error)}` }] }
}

function isZod(schema: unknown): schema is ZodLike {
  if (typeof schema !== 'object' || schema === null) return false
  const { _zod, _def } = schema as { _zod?: { def?: { type?: unknown } }; _def?: { typeName?: unknown } }
  return typeof _zod?.def?.type === 'string' || (typeof _def?.typeName === 'string' && _def.typeName.startsWith('Zod'))
}

function standardOf(schema: unknown): Standard | undefined {
  if ((typeof schema !== 'object' || schema === null) && typeof schema !== 'function') return undefined
  const standard = (schema as { '~standard'?: unknown })['~standard']
  return typeof standard === 'object' && standard !== null && 'vendor' in standard ? (standard as Standard) : undefined
}

// Also of another realm, whose Object.prototype is not ours.
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function isThenable(value: unknown): value is PromiseLike<StandardResult> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'a class instance without `~standard`'
  return typeof value === 'string' ? 'text' : `a ${typeof value}`
}
