// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A tool of a user: judged when it is registered, and by its own schema when it is called.

import { duration } from '../base/reader.js'
import { ValidationError } from '../api/errors.js'
import { describe, memberPath, type Issue } from '../api/issue.js'
import { plainJson, type Json } from '../json/json.js'
import { NativeSchema } from '../boundary/native.js'
import { judged, type Judged } from '../schema/judging.js'
import { readSchema, type SchemaForms } from '../schema/schema.js'
import { answered, misfit, type Bound } from './call.js'
import type { Tool, ToolContext, ToolDefinition } from './tool.js'

/** What every provider of models takes. */
export const TOOL_NAME_MAX = 64
export const TOOL_NAME: RegExp = new RegExp(`^[a-zA-Z0-9_-]{1,${TOOL_NAME_MAX}}$`)
const KNOWN = ['name', 'description', 'parameters', 'execute', 'timeout', 'repeatable']

/** The tool, or a `ValidationError` with everything that is wrong with it. */
export function readTool(definition: ToolDefinition, clock: Bound['clock']): Tool {
  const issues: Issue[] = []
  if (typeof definition !== 'object' || definition === null)
    refuse([{ path: 'tool', message: `must be an object such as { name, description, parameters, execute }, not ${describe(definition)}` }])
  const { name, description, parameters, timeout: given, repeatable = true } = definition
  for (const [field, value] of Object.entries(definition)) {
    if (value !== undefined && !KNOWN.includes(field))
      issues.push({ path: memberPath('tool', field), code: 'ERR_UNKNOWN_FIELD', message: `is not a field; there are ${KNOWN.join(', ')}` })
  }
  if (typeof name !== 'string' || !TOOL_NAME.test(name))
    issues.push({ path: 'tool.name', message: `must be 1 to 64 letters, digits, _ or -, not ${describe(name)}` })
  if (typeof description !== 'string' || description === '')
    issues.push({ path: 'tool.description', message: 'must be a non-empty string: models choose by it' })
  if (typeof definition.execute !== 'function')
    issues.push({ path: 'tool.execute', message: 'must be a function: async (args, ctx) => result' })
  const timeout = given === undefined ? undefined : duration(given, 'tool.timeout', issues)
  if (typeof repeatable !== 'boolean')
    issues.push({ path: 'tool.repeatable', message: `must be true or false, not ${describe(repeatable)}` })
  const read = readParameters(parameters, issues)
  if (read === undefined || issues.length > 0) return refuse(issues)
  const run = async (args: unknown, ctx: ToolContext): Promise<Json> => {
    const fit = await read.judge(args ?? {})
    if (!fit.ok) throw misfit('ERR_TOOL_ARGUMENTS', name, fit.issues)
    // As a method of the user's object, which may have a `this`.
    const result: unknown = await definition.execute(fit.value as never, ctx)
    const wrong: Issue[] = []
    const plain = plainJson(result, 'result', wrong)
    if (plain === undefined) throw misfit('ERR_TOOL_RESULT', name, wrong)
    return plain
  }
  return {
    name,
    description,
    parameters: read.jsonSchema,
    repeatable,
    call: (args, ctx) =>
      answered(name, ctx, { clock, timeout }, (signal) => {
        const { id: toolCallId, idempotencyKey } = ctx
        return run(args, {
          signal,
          ...(toolCallId !== undefined && { toolCallId }),
          ...(idempotencyKey !== undefined && { idempotencyKey }),
        })
      }),
  }
}

interface Parameters {
  readonly jsonSchema: object
  readonly judge: (args: unknown) => Promise<Judged>
}

/** The schema of the arguments in both forms, or what is wrong with it. */
function readParameters(schema: unknown, issues: Issue[]): Parameters | undefined {
  const path = 'tool.parameters'
  const wrong = (message: string): undefined => {
    issues.push({ path, message, code: 'ERR_SCHEMA_UNREPRESENTABLE' })
  }
  const forms = readSchema(schema, path, issues)
  if (forms === undefined) return undefined
  const { jsonSchema, vendor } = forms
  if (jsonSchema === undefined)
    return wrong(`a model needs it as JSON Schema, which a schema of ${vendor} has no way to become; pass a zod schema`)
  if (!isSchemaOfObject(jsonSchema)) return wrong('must be the schema of an object, since arguments have names: z.object({ … })')
  const native = new NativeSchema(JSON.stringify(jsonSchema))
  const problem = forms.judge === undefined ? native.problem() : null
  if (problem !== null) return wrong(`not a JSON Schema that can be used: ${problem}`)
  const { $schema: _, ...shown } = jsonSchema
  return { jsonSchema: shown, judge: (args) => judgeArguments(args, forms, native) }
}

async function judgeArguments(args: unknown, { judge }: SchemaForms, native: NativeSchema): Promise<Judged> {
  const issues: Issue[] = []
  const plain = plainJson(args, 'arguments', issues)
  return plain === undefined ? { ok: false, issues } : judged(plain, 'arguments', judge, (text) => native.judge(text))
}

function isSchemaOfObject(schema: Json): schema is { [key: string]: Json } {
  return typeof schema === 'object' && schema !== null && (schema as { type?: unknown }).type === 'object'
}

function refuse(issues: Issue[]): never {
  throw new ValidationError('ERR_INVALID_ARGUMENT', 'the tool cannot be registered', issues)
}
