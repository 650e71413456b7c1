// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// crates/schema/tests/data/patterns.json: every pattern that zod 3, zod 4, valibot and arktype write, and which of some texts JavaScript finds
// them in. Patterns are judged in bounded time in Rust, and a test there holds them to this.
//   node scripts/patterns.mjs

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type } from 'arktype'
import * as valibot from 'valibot'
import * as zod4 from 'zod'
import { zodToJsonSchema } from 'zod-to-json-schema'
import * as zod40 from 'zod40'
import { z as zod3 } from 'zod3'
import { root } from './steps.mjs'

const found = new Map()
const note = (from, pattern) => found.set(pattern, (found.get(pattern) ?? new Set()).add(from))

/** Every pattern in a JSON Schema. */
function gather(from, node) {
  if (typeof node !== 'object' || node === null) return
  if (typeof node.pattern === 'string') note(from, node.pattern)
  for (const pattern of Object.keys(node.patternProperties ?? {})) note(from, pattern)
  for (const inner of Object.values(node)) gather(from, inner)
}

const named = (names, make) => names.flatMap((name) => (make(name) === undefined ? [] : [[name, make(name)]]))

const ZOD4 =
  'email uuid uuidv4 uuidv6 uuidv7 guid url httpUrl emoji nanoid cuid cuid2 ulid xid ksuid ipv4 ipv6 cidrv4 cidrv6 mac base64 base64url e164 jwt hostname hex creditCard iban currencyCode'
for (const { from, z } of [
  { from: 'zod 4', z: zod4 },
  { from: 'zod 4.0', z: zod40 },
]) {
  for (const [name, value] of Object.entries(z.core.regexes)) {
    const arguments_ = [
      [],
      [{}],
      [{ precision: 3, offset: true, local: true }],
      [{ precision: 0 }],
      [{ minimum: 1, maximum: 5 }],
      [4],
      [':'],
    ]
    if (value instanceof RegExp) note(`${from} regexes.${name}`, value.source)
    else for (const given of arguments_) tryNote(`${from} regexes.${name}`, () => value(...given))
  }
  const schemas = [
    ...named(ZOD4.split(' '), (name) => z[name]?.()),
    ...['date', 'time', 'datetime', 'duration'].map((name) => [`iso.${name}`, z.iso[name]()]),
    ['iso.datetime', z.iso.datetime({ offset: true, local: true, precision: 3 })],
    ['lowercase', z.string().lowercase().uppercase()],
    ['includes', z.string().includes('a.b', { position: 3 }).startsWith('x/[').endsWith('$y')],
    ['templateLiteral', z.templateLiteral(['a', z.number(), z.enum(['x', 'y.']), z.uuid(), z.boolean(), z.null(), z.bigint()])],
    ['templateLiteral', z.templateLiteral([z.string().min(2), '-', z.string().max(5)])],
    ['templateLiteral', z.templateLiteral(['to ', z.email()])],
    ['record', z.record(z.templateLiteral(['k_', z.number()]), z.number())],
  ]
  for (const kind of ['html5Email', 'rfc5322Email', 'unicodeEmail', 'idnEmail', 'browserEmail'])
    if (z.regexes[kind]) schemas.push([kind, z.email({ pattern: z.regexes[kind] })])
  for (const hash of ['md5', 'sha1', 'sha256', 'sha384', 'sha512'])
    for (const enc of ['hex', 'base64', 'base64url']) if (z.hash) schemas.push([`hash.${hash}`, z.hash(hash, { enc })])
  for (const [name, schema] of schemas) gather(`${from} ${name}`, z.toJSONSchema(schema, { io: 'input' }))
}

function tryNote(from, make) {
  try {
    const made = make()
    if (made instanceof RegExp) note(from, made.source)
  } catch {
    // It takes other arguments.
  }
}

const ZOD3 = 'email uuid url emoji nanoid cuid cuid2 ulid ip cidr base64 base64url jwt datetime date time duration'
const zod3Schemas = [
  ...ZOD3.split(' ').map((name) => [name, zod3.string()[name]()]),
  ...['v4', 'v6'].flatMap((version) => [
    ['ip', zod3.string().ip({ version })],
    ['cidr', zod3.string().cidr({ version })],
  ]),
  ['datetime', zod3.string().datetime({ offset: true, precision: 3 })],
  ['includes', zod3.string().includes('a.b').startsWith('x/').endsWith('y.')],
  ['regex', zod3.string().regex(/^a/i).regex(/b$/im).email()],
  ['regex', zod3.string().regex(/^Ab[c-e]\n.$/ims)],
  ['record', zod3.record(zod3.string().regex(/^k-/), zod3.number())],
]
for (const [name, schema] of zod3Schemas)
  for (const options of [
    {},
    { applyRegexFlags: true, emailStrategy: 'pattern:zod', base64Strategy: 'pattern:zod', patternStrategy: 'preserve' },
  ])
    gather(`zod 3 ${name}`, zodToJsonSchema(schema, { target: 'jsonSchema2019-09', ...options }))

for (const [name, value] of Object.entries(valibot)) if (value instanceof RegExp) note(`valibot ${name}`, value.source)

const ARKTYPE =
  'alpha alphanumeric base64 base64.url capitalize.preformatted creditCard date date.iso date.epoch digits email hex integer ip ip.v4 ip.v6 json lower.preformatted numeric regex semver trim.preformatted upper.preformatted url uuid uuid.v1 uuid.v4 uuid.v6 uuid.v7 uuid.v8 numeric.parse integer.parse date.parse date.iso.parse'
for (const name of ARKTYPE.split(' ')) gather(`arktype ${name}`, type(`string.${name}`).in.toJsonSchema({ fallback: ({ base }) => base }))
gather('arktype index', type({ '[/^x-/]': 'number' }).toJsonSchema())

const texts = [
  '',
  ' ',
  '\n',
  'a',
  'abc',
  'ABC',
  'aBc1',
  '0',
  '-0',
  '-0.0',
  '12',
  '-3.5',
  '.5',
  '1e5',
  '007',
  '123456789012',
  'true',
  'false',
  'null',
  'anna@example.com',
  '.anna@example.com',
  'an..na@example.com',
  'anna+x@mail.example.co.uk',
  'anna@',
  'to anna@example.com',
  'ünna@exämple.de',
  '3f2b8c1e-5a4d-4e6f-8a9b-0c1d2e3f4a5b',
  '3F2B8C1E-5A4D-7E6F-8A9B-0C1D2E3F4A5B',
  '00000000-0000-0000-0000-000000000000',
  'V1StGXR8_Z5jdHi6B-myT',
  'cjld2cjxh0000qzrmn831i7rn',
  '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  '9m4e2mr0ui3e8a215n4g',
  '0ujtsYcgvSTl8PAuAdqWYSMnLOv',
  '192.168.0.1',
  '256.1.1.1',
  '10.0.0.0/8',
  '::1',
  'fe80::1%eth0',
  '2001:db8::8a2e:370:7334',
  '2001:db8::/32',
  '00:1a:2b:3c:4d:5e',
  '00-1A-2B-3C-4D-5E',
  'https://example.com/a?b=c#d',
  'ftp://x',
  'example.com',
  'xn--p1ai.example',
  '-bad-.com',
  'a.b.c.d.example.org',
  'localhost',
  '+4915112345678',
  '+0123',
  '2024-02-29',
  '2023-02-29',
  '2024-13-01',
  '2024-02-29T12:30:00Z',
  '2024-02-29T12:30:00.123+02:00',
  '12:30',
  '12:30:15.5',
  '20240229',
  '2024-W05-1',
  '2024-060',
  '20240229T123000Z',
  '2024-02-29T24:00',
  'P1D',
  'P',
  'PT',
  'P1W',
  'P1Y2M3DT4H5M6.5S',
  'P1W2D',
  '-P1.5Y',
  '1709164800000',
  'aGVsbG8=',
  'aGVsbG8',
  'aGVs-bG8_',
  'deadBEEF',
  '0x1f',
  '1.2.3',
  '1.2.3-beta.1+x',
  'eyJh.eyJi.c2ln',
  '4111111111111111',
  '4111 1111 1111 1111',
  'DE89370400440532013000',
  'AA00370400440532013000',
  'DEUTDEFF',
  'DEUTDE00',
  'EUR',
  '#ff00aa',
  '#ff0',
  '😀',
  '👩\u200D👩\u200D👧',
  '🇩🇪',
  '1\uFE0F⃣',
  '5',
  '👍🏽',
  '©',
  'slug-like-text',
  'snake_case',
  'x/a.by.',
  'xa.b',
  '      a.b',
  'a1x3f2b8c1e-5a4d-4e6f-8a9b-0c1d2e3f4a5btruenull5n',
  'a1xtrue',
  'ab-cde',
  'k_1',
  'k_x',
  'k-1',
  'x-y',
  'abc\nd',
  'Abd\nx',
  'first line\nAbd\n?',
  'b\n',
  'hello\u2028b',
  'd41d8cd98f00b204e9800998ecf8427e',
]
const expression = (pattern) => {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return new RegExp(pattern)
  }
}
const rows = [...found]
  .toSorted(([one], [other]) => (one < other ? -1 : 1))
  .map(([pattern, from]) =>
    JSON.stringify({
      pattern,
      from: [...from].toSorted(),
      in: texts.flatMap((text, index) => (expression(pattern).test(text) ? [index] : [])),
    }),
  )
const folder = join(root, 'crates/schema/tests/data')
mkdirSync(folder, { recursive: true })
const visible = (text) =>
  text.replaceAll(/\u200D|\uFE0F|\u2028/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`)
writeFileSync(join(folder, 'patterns.json'), visible(`{\n"texts": ${JSON.stringify(texts)},\n"patterns": [\n${rows.join(',\n')}\n]\n}\n`))
console.log(`${rows.length} patterns`)
