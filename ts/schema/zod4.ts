// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { ZodLike, ZodVersion } from './scan.js'

/** The part of `zod/v4/core` that converts. */
interface ZodCore {
  readonly version: ZodVersion
  readonly globalRegistry: { get(schema: object): object | undefined }
  toJSONSchema(schema: object, options: object): unknown
}

const TARGET = 'draft-2020-12'

/**
 * The JSON Schema of what a zod 4 schema accepts, by zod's own converter.
 *
 * zod 4.2 and newer carry it on each schema. Older ones and zod/mini do not: there the converter comes from the
 * installed zod of the very same version, found at run time so that no bundler pulls zod in.
 * Throws what the converter throws, or an error that names the way out when there is no converter.
 */
export function zod4ToJsonSchema(schema: ZodLike, coercedDates: readonly ZodLike[]): unknown {
  const own = (schema as { '~standard'?: { jsonSchema?: { input?: (options: object) => unknown } } })['~standard']?.jsonSchema
  return withDatesAsText(coercedDates, () => {
    if (typeof own?.input === 'function') return own.input({ target: TARGET })
    const core = installedCore(schema._zod?.version)
    if (core === undefined)
      throw new Error(
        'this zod schema brings no JSON Schema converter and the zod it was made with is not installed beside the program; use zod 4.2 or newer (not zod/mini), or pass z.toJSONSchema(schema, { io: "input" }) instead',
      )
    return core.toJSONSchema(schema, { target: TARGET, io: 'input', metadata: metadataOf(core) })
  })
}

// zod converts no date, not even one that takes text. Its hook for a schema's own JSON Schema says the text form for
// the length of this synchronous conversion; anything else it cannot express still throws, unlike `unrepresentable: 'any'`.
// A hooked schema must have no parent meanwhile (`.min()` makes one): zod looks for it among the converted.
function withDatesAsText<T>(dates: readonly ZodLike[], work: () => T): T {
  const restore: (() => void)[] = []
  for (const { _zod: internals } of dates) {
    if (internals === undefined || internals.toJSONSchema !== undefined) continue
    const { parent } = internals
    internals.toJSONSchema = () => ({ type: 'string', format: 'date-time' })
    internals.parent = undefined
    restore.push(() => {
      delete internals.toJSONSchema
      if (parent === undefined) delete internals.parent
      else internals.parent = parent
    })
  }
  try {
    return work()
  } finally {
    for (const undo of restore) undo()
  }
}

// Before 4.1 the ESM and the CJS build each have a registry; a classic schema reads its own through `meta()`.
function metadataOf(core: ZodCore): object {
  const meta = (schema: { meta?: unknown }): unknown => (typeof schema.meta === 'function' ? schema.meta() : undefined)
  return { get: (schema: object) => meta(schema) ?? core.globalRegistry.get(schema) }
}

const cores = new Map<string, ZodCore>()

function installedCore(version: ZodVersion | undefined): ZodCore | undefined {
  const wanted = describe(version)
  const known = cores.get(wanted)
  if (known !== undefined) return known
  // The program may be installed elsewhere than the directory it is started in.
  for (const base of [process.argv[1], join(process.cwd(), 'index.js')]) {
    try {
      const core = createRequire(base ?? '')('zod/v4/core') as ZodCore
      if (describe(core.version) !== wanted) continue
      cores.set(wanted, core)
      return core
    } catch {
      // No zod there: the next place, then the error above.
    }
  }
  return undefined
}

function describe(version: ZodVersion | undefined): string {
  return version === undefined ? 'unknown' : `${version.major}.${version.minor}.${version.patch}`
}
