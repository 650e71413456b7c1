// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type } from 'arktype'
import * as v from 'valibot'
import { z as zod4 } from 'zod'
import * as mini from 'zod/mini'
import { z as zod3 } from 'zod3'
import { z as zod325v4 } from 'zod3/v4'
import { z as zod40 } from 'zod40'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Issue } from '../../ts/api/issue.ts'
import { readSchema, type JudgeResult, type SchemaForms } from '../../ts/schema/schema.ts'

const DRAFT = 'https://json-schema.org/draft/2020-12/schema'

function formsOf(schema: unknown): SchemaForms {
  const issues: Issue[] = []
  const forms = readSchema(schema, 'tasks[0].input.schema', issues)
  expect(issues).toEqual([])
  if (forms === undefined) throw new Error('neither forms nor issues')
  return forms
}

function issuesOf(schema: unknown): string[] {
  const issues: Issue[] = []
  expect(readSchema(schema, 'schema', issues)).toBeUndefined()
  expect(issues.every(({ code }) => code === 'ERR_SCHEMA_UNREPRESENTABLE')).toBe(true)
  return issues.map(({ path, message }) => `${path}: ${message}`)
}

async function judged(schema: unknown, value: unknown): Promise<JudgeResult | undefined> {
  return formsOf(schema).judge?.(value)
}

/** Makes the program look as if it were started where `alias` is installed as zod. */
function installedAsZod(alias: string): void {
  const directory = mkdtempSync(join(tmpdir(), 'schema-spec-'))
  mkdirSync(join(directory, 'node_modules'))
  symlinkSync(dirname(createRequire(import.meta.url).resolve(`${alias}/package.json`)), join(directory, 'node_modules', 'zod'))
  vi.spyOn(process, 'cwd').mockReturnValue(directory)
  directories.push(directory)
}

const directories: string[] = []

afterEach(() => {
  vi.restoreAllMocks()
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

/** One schema in the words that zod 3 and 4 share. */
function invoiceOf(z: typeof zod4): unknown {
  return z.object({
    id: z.string().min(1).describe('invoice number'),
    state: z.enum(['open', 'paid']),
    items: z.array(z.object({ name: z.string(), price: z.number().min(0) })).min(1),
    pair: z.tuple([z.string(), z.number()]),
    owner: z.object({ email: z.string().nullable() }).strict(),
    currency: z.string().default('EUR'),
    note: z.string().optional(),
    due: z.coerce.date().optional(),
    length: z.string().transform((text) => text.length),
    extra: z.record(z.string(), z.union([z.string(), z.number()])),
  })
}

const invoice = {
  $schema: DRAFT,
  type: 'object',
  properties: {
    id: { type: 'string', minLength: 1, description: 'invoice number' },
    state: { type: 'string', enum: ['open', 'paid'] },
    items: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, price: { type: 'number', minimum: 0 } },
        required: ['name', 'price'],
      },
    },
    pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false, minItems: 2, maxItems: 2 },
    owner: {
      type: 'object',
      properties: { email: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
      required: ['email'],
      additionalProperties: false,
    },
    currency: { type: 'string', default: 'EUR' },
    note: { type: 'string' },
    due: { type: 'string', format: 'date-time' },
    length: { type: 'string' },
    extra: { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }] } },
  },
  required: ['id', 'state', 'items', 'pair', 'owner', 'length', 'extra'],
}

describe('JSON Schema of a representative object', () => {
  it('from zod 4, by its own converter', () => {
    const { jsonSchema, vendor } = formsOf(invoiceOf(zod4))
    expect(vendor).toBe('zod')
    // Newer versions write short unions as a list of types.
    const owner = { ...invoice.properties.owner, properties: { email: { type: ['string', 'null'] } } }
    const extra = { ...invoice.properties.extra, additionalProperties: { type: ['string', 'number'] } }
    expect([invoice, { ...invoice, properties: { ...invoice.properties, owner, extra } }]).toContainEqual(jsonSchema)
  })

  it.each([
    ['4.0', 'zod40', zod40],
    ['4 from 3.25', 'zod3', zod325v4],
  ])('from zod %s, by the converter of the installed package', (_, alias, z) => {
    installedAsZod(alias)
    const { items: _items, minItems: _min, maxItems: _max, ...pair } = invoice.properties.pair // what this version leaves open
    expect(formsOf(invoiceOf(z as unknown as typeof zod4)).jsonSchema).toEqual({ ...invoice, properties: { ...invoice.properties, pair } })
  })

  it('from zod 3', () => {
    const { items: _, ...pair } = invoice.properties.pair // maxItems says it
    const { propertyNames: __, ...extra } = invoice.properties.extra
    const owner = { ...invoice.properties.owner, properties: { email: { type: ['string', 'null'] } } }
    const types = { ...extra, additionalProperties: { type: ['string', 'number'] } }
    expect(formsOf(invoiceOf(zod3 as unknown as typeof zod4)).jsonSchema).toEqual({
      ...invoice,
      properties: { ...invoice.properties, pair, owner, extra: types },
    })
  })

  it('from zod/mini', () => {
    const schema = mini.object({ id: mini.string().check(mini.minLength(1)), note: mini.optional(mini.string()), due: mini.coerce.date() })
    expect(formsOf(schema).jsonSchema).toEqual({
      $schema: DRAFT,
      type: 'object',
      properties: { id: { type: 'string', minLength: 1 }, note: { type: 'string' }, due: { type: 'string', format: 'date-time' } },
      required: ['id', 'due'],
    })
  })

  it('from ArkType, by its standard converter', () => {
    const { jsonSchema, vendor } = formsOf(type({ id: 'string >= 1', 'at?': 'string.date.parse' }))
    expect(vendor).toBe('arktype')
    expect(jsonSchema).toEqual({
      $schema: DRAFT,
      type: 'object',
      properties: { id: { type: 'string', minLength: 1 }, at: { type: 'string' } },
      required: ['id'],
    })
  })

  it('not from valibot, which judges only', () => {
    const { jsonSchema, judge, vendor } = formsOf(v.object({ id: v.string() }))
    expect({ jsonSchema, vendor, judges: judge !== undefined }).toEqual({ jsonSchema: undefined, vendor: 'valibot', judges: true })
  })

  it.each([
    true,
    { type: 'object' },
    { $schema: DRAFT, type: 'string' },
    { $schema: 'http://json-schema.org/draft-07/schema#' },
    Object.create(null),
  ])('from JSON Schema itself: %j', (schema) => {
    expect(formsOf(schema)).toEqual({ jsonSchema: schema === true ? true : { ...schema }, judge: undefined, vendor: 'json-schema' })
  })
})

describe.each([
  ['zod 3', zod3 as unknown as typeof zod4],
  ['zod 4', zod4],
])('%s', (_, z) => {
  it('refers to itself where it is recursive', () => {
    const tree: unknown = z.object({ 'a/b': z.tuple([z.lazy(() => node)]) })
    const node: ReturnType<typeof z.object> = z.object({ next: z.lazy(() => node).optional() })
    const text = JSON.stringify(formsOf(tree).jsonSchema)
    expect(text).toMatch(/"next":\{"\$ref":"#\/(\$defs\/__schema0|properties\/a~1b\/prefixItems\/0)"\}/)
  })

  it('refuses what JSON cannot carry, each at its place', () => {
    const schema = z.object({
      createdAt: z.date(),
      list: z.array(z.object({ big: z.bigint() }).nullable()),
      'a b': z.map(z.string(), z.string()).optional(),
      values: z.record(z.string(), z.set(z.string())),
      pair: z.tuple([z.string(), z.nan()]),
      either: z.union([z.string(), z.undefined()]),
      nothing: z.void(),
      mark: z.symbol(),
      later: z.promise(z.string()),
      call: z.function() as never,
      one: z.literal(1n),
      in: z.date().transform(String),
    })
    expect(issuesOf(schema).map((issue) => issue.split(' cannot')[0])).toEqual([
      'schema.createdAt: z.date()',
      'schema.list[].big: z.bigint()',
      'schema["a b"]: z.map()',
      'schema.values[*]: z.set()',
      'schema.pair[1]: z.nan()',
      'schema.either: z.undefined()',
      'schema.nothing: z.void()',
      'schema.mark: z.symbol()',
      'schema.later: z.promise()',
      'schema.call: z.function()',
      'schema.one: z.literal()',
      'schema.in: z.date()',
    ])
    expect(issuesOf(z.date())).toEqual([
      'schema: z.date() cannot be expressed as JSON Schema: use z.string().datetime() (zod 4: z.iso.datetime()) for a string, or z.coerce.date() to receive a Date',
    ])
  })

  it('takes the input side of transforms, pipes, preprocessing and defaults', () => {
    const schema = z.object({
      a: z.string().transform(Number),
      b: z.string().pipe(z.coerce.date()),
      c: z.preprocess((value) => value, z.boolean()),
      d: z.literal(null),
      e: z.any(),
    })
    const { properties } = formsOf(schema).jsonSchema as { properties: object }
    expect(properties).toMatchObject({ a: { type: 'string' }, b: { type: 'string' }, c: { type: 'boolean' }, d: { type: 'null' }, e: {} })
  })

  it('leaves a coerced date as it was', () => {
    const date = z.coerce.date().min(new Date(0))
    const schema = z.object({ date })
    const first = formsOf(schema).jsonSchema
    expect(first).toMatchObject({ properties: { date: { type: 'string', format: 'date-time' } } })
    expect(formsOf(schema).jsonSchema).toEqual(first)
    expect(Object.keys((date as { _zod?: object })._zod ?? {})).not.toContain('toJSONSchema')
    expect(date.safeParse('1960-01-01').success).toBe(false)
  })

  it('says so when a lazy schema never repeats', () => {
    const endless = (): unknown => z.object({ next: z.lazy(endless as never) })
    expect(issuesOf(endless())[0]).toMatch(/check that z.lazy\(\) returns the same schema each time/)
  })

  it('judges with the schema itself: defaults, transforms, asynchronous checks', async () => {
    const schema = z.object({
      n: z.string().transform(Number),
      d: z.string().default('x'),
      slow: z.string().refine(async (text) => text === 'ok', 'not ok'),
    })
    expect(await judged(schema, { n: '4', slow: 'ok' })).toEqual({ ok: true, value: { n: 4, d: 'x', slow: 'ok' } })
    expect(await judged(schema, { n: '4', slow: 'no' })).toEqual({ ok: false, issues: [{ path: 'slow', message: 'not ok' }] })
  })

  it('judges at once where nothing is asynchronous', () => {
    expect(formsOf(z.object({ 'a b': z.array(z.number()) })).judge?.({ 'a b': [1, 'x'] })).toMatchObject({
      ok: false,
      issues: [{ path: '["a b"][1]' }],
    })
  })

  it('turns a check that throws into an answer', async () => {
    const schema = z.string().refine(() => {
      throw new Error('broken check')
    })
    expect(await judged(schema, 'x')).toEqual({ ok: false, issues: [{ path: '', message: 'the schema threw: broken check' }] })
  })
})

describe('judges of other kinds', () => {
  it('zod before 3.24, without Standard Schema', async () => {
    const old = new Proxy(zod3.object({ a: zod3.array(zod3.string()) }), {
      get: (target, key) => (key === '~standard' ? undefined : (Reflect.get(target, key) as unknown)),
    })
    expect(await judged(old, { a: ['x'] })).toEqual({ ok: true, value: { a: ['x'] } })
    expect(await judged(old, { a: [1] })).toEqual({ ok: false, issues: [{ path: 'a[0]', message: 'Expected string, received number' }] })
  })

  it('valibot and ArkType, whose paths differ', async () => {
    const value = { items: [{ price: 'x' }] }
    expect(await judged(v.object({ items: v.array(v.object({ price: v.number() })) }), value)).toMatchObject({
      ok: false,
      issues: [{ path: 'items[0].price' }],
    })
    expect(await judged(type({ items: type({ price: 'number' }).array() }), value)).toMatchObject({
      ok: false,
      issues: [{ path: 'items[0].price' }],
    })
  })

  it('one that refuses without a reason, throws, or rejects', async () => {
    const standard = (validate: () => unknown): unknown => ({ '~standard': { version: 1, vendor: 'own', validate } })
    expect(
      await judged(
        standard(() => ({ issues: [] })),
        1,
      ),
    ).toEqual({ ok: false, issues: [{ path: '', message: 'the schema refused the value and gave no reason' }] })
    expect(
      await judged(
        standard(() => {
          throw new Error('no')
        }),
        1,
      ),
    ).toEqual({ ok: false, issues: [{ path: '', message: 'the schema threw: no' }] })
    expect(
      await judged(
        standard(() => Promise.reject(new Error('later'))),
        1,
      ),
    ).toEqual({ ok: false, issues: [{ path: '', message: 'the schema threw: later' }] })
  })
})

describe('refused', () => {
  it.each<[string, unknown, RegExp]>([
    ['text', 'object', /text is not a schema: pass a zod schema/],
    ['a function', () => true, /a function is not a schema/],
    ['an array', [], /an array is not a schema/],
    ['null', null, /null is not a schema/],
    ['a class instance', new Map(), /a class instance without `~standard` is not a schema/],
    ['the shape of an object', { userId: zod4.string() }, /^schema.userId: .*wrap the object, as in z.object/],
    ['an unknown draft', { $schema: 'https://example.com/x' }, /^schema.\$schema: not a known JSON Schema draft/],
    ['an ArkType Date', type({ at: 'Date' }), /^schema: .*has no JSON form/],
    ['a zod instance check', zod4.object({ at: zod4.instanceof(Date) }), /^schema.at: z.custom\(\)/],
    ['a file', zod4.file(), /z.file\(\)/],
  ])('%s', (_, schema, issue) => {
    expect(issuesOf(schema)[0]).toMatch(issue)
  })

  it('zod without a converter, when its package is not there', () => {
    vi.spyOn(process, 'cwd').mockReturnValue(tmpdir())
    const schema = zod40.object({ a: zod40.string() })
    const elsewhere = Object.create(schema, { _zod: { value: { ...schema._zod, version: { major: 4, minor: 0, patch: 999 } } } }) as unknown
    expect(issuesOf(elsewhere)[0]).toMatch(/use zod 4.2 or newer.*or pass z.toJSONSchema/)
  })

  it('JSON Schema that is not JSON', () => {
    const issues: Issue[] = []
    expect(readSchema({ default: 1n }, 'schema', issues)).toBeUndefined()
    expect(issues).toMatchObject([{ path: 'schema.default', code: 'ERR_NOT_JSON' }])
  })
})
