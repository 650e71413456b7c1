// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a model is asked, judged: every problem at once, with its path.

import { boolean, duration, integer, readGroup, type Fields, type Read } from '../base/reader.js'
import { looking } from '../json/entry.js'
import { ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'
import { plainJson, writtenJson, type Json } from '../json/json.js'
import { pushRefusal } from '../base/names.js'
import { readSchema, type SchemaForms } from '../schema/schema.js'
import { readModelBudget, readNames } from '../config/models.js'
import { readRequirements } from './requirements.js'
import type { GenerateRequest, ModelBudget, ModelMessage, ModelPart } from '../api/models.js'

/** A request as the addon reads it. */
export interface ReadRequest {
  /** Who may answer: provider, model, requirements, fallback. */
  readonly wanted: Json
  readonly chat: { readonly messages: Json[]; readonly [field: string]: Json }
  readonly schema: SchemaForms | undefined
  readonly maxAttempts: number | undefined
  readonly restart: boolean
  readonly budget: ModelBudget | undefined
  readonly timeoutMs: number | undefined
  readonly signal: AbortSignal | undefined
}

type Written = { [K in keyof GenerateRequest]: Exclude<GenerateRequest[K], undefined> }

const text: Read<string> = (value, path, issues) => {
  if (typeof value === 'string') return value
  issues.push({ path, message: `must be a string, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
  return undefined
}

const number: (min: number, max: number) => Read<number> = (min, max) => (value, path, issues) => {
  if (typeof value === 'number' && value >= min && value <= max) return value
  issues.push({ path, message: `must be a number from ${min} to ${max}, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
  return undefined
}

const data: Read<Json> = (value, path, issues) => plainJson(value, path, issues)

const any: Read<never> = (value) => value as never

const fields: Fields<Written> = {
  read: {
    provider: text,
    model: text,
    requirements: readRequirements,
    system: text,
    prompt: text,
    messages: any,
    schema: any,
    tools: any,
    toolChoice: (value, path, issues) => readToolChoice(value, path, issues) as never,
    temperature: number(0, 2),
    topP: number(0, 1),
    maxTokens: integer(1),
    stop: (value, path, issues) => readTexts(value, path, issues),
    extra: (value, path, issues) => data(value, path, issues) as never,
    fallback: readNames,
    maxAttempts: integer(1, 100),
    restart: boolean,
    budget: readModelBudget,
    timeout: duration,
    signal: any,
  },
}

/** @throws {ValidationError} `ERR_INVALID_ARGUMENT` */
export function readRequest(request: GenerateRequest): ReadRequest {
  return looking(request, 'request', 'the request cannot be sent', () => judgeRequest(request))
}

function judgeRequest(request: GenerateRequest): ReadRequest {
  const issues: Issue[] = []
  const read = readGroup<Written>(request, 'request', issues, fields, {} as Written)
  const {
    provider,
    model,
    requirements,
    fallback,
    prompt,
    messages,
    schema: shape,
    tools,
    signal,
    budget,
    maxAttempts,
    restart = false,
    timeout,
    ...rest
  } = read
  const { toolChoice, extra, ...plain } = rest
  // One that is there and wrong has been reported as what it is.
  const given = (request ?? {}) as Partial<GenerateRequest>
  if (typeof given === 'object' && given.prompt === undefined && given.messages === undefined)
    issues.push({ path: 'request', message: 'needs `prompt` or `messages`' })
  if (signal !== undefined && !(signal instanceof AbortSignal))
    issues.push({ path: 'request.signal', message: `must be an AbortSignal, not ${describe(signal)}` })
  const turns = messages === undefined ? [] : readMessages(messages, 'request.messages', issues)
  if (prompt !== undefined) turns.push({ role: 'user', content: [{ type: 'text', text: prompt }] })
  const schema = shape === undefined ? undefined : readSteering(shape, 'request.schema', issues)
  const known = tools === undefined ? [] : readTools(tools, 'request.tools', issues)
  if (messages !== undefined && turns.length === 0 && issues.length === 0)
    issues.push({ path: 'request.messages', message: 'must not be empty' })
  const wantedTool = (toolChoice as { name?: string } | undefined)?.name
  if (wantedTool !== undefined && !known.some((tool) => (tool as { name: string }).name === wantedTool))
    issues.push({ path: 'request.toolChoice.tool', message: `\`${wantedTool}\` is not among \`tools\``, code: 'ERR_INVALID_VALUE' })
  const chat = {
    ...plain,
    messages: turns,
    ...(known.length > 0 && { tools: known }),
    ...(toolChoice !== undefined && { toolChoice }),
    ...(extra !== undefined && { extra }),
    ...(schema?.jsonSchema !== undefined && { schema: { name: 'answer', schema: schema.jsonSchema, strict: false } }),
  }
  const whole = plainJson(chat, 'request', issues)
  const wanted = writtenJson({ provider, model, requirements, fallback }, 'request', issues)
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the request cannot be sent', issues)
  return {
    wanted: wanted ?? null,
    chat: whole as ReadRequest['chat'],
    schema,
    maxAttempts,
    restart,
    budget,
    timeoutMs: timeout as number | undefined,
    signal,
  }
}

/** A schema by which a model is steered: one that can only judge will not do. */
function readSteering(schema: unknown, path: string, issues: Issue[]): SchemaForms | undefined {
  const forms = readSchema(schema, path, issues)
  if (forms === undefined || forms.jsonSchema !== undefined) return forms
  const message = `a schema of ${forms.vendor} has no JSON Schema form, and a model can be steered by nothing else`
  issues.push({ path, message, code: 'ERR_SCHEMA_UNREPRESENTABLE' })
  return undefined
}

function readTools(tools: unknown, path: string, issues: Issue[]): Json[] {
  if (!Array.isArray(tools)) {
    issues.push({ path, message: `must be an array of tools, not ${describe(tools)}` })
    return []
  }
  return tools.flatMap((tool: { name?: unknown; description?: unknown; parameters?: unknown } | null, index) => {
    const place = `${path}[${index}]`
    const name = text(tool?.name, `${place}.name`, issues)
    if (name !== undefined) pushRefusal(name, `${place}.name`, issues)
    const description = text(tool?.description, `${place}.description`, issues)
    const parameters = readSteering(tool?.parameters, `${place}.parameters`, issues)?.jsonSchema
    return name === undefined || description === undefined || parameters === undefined ? [] : [{ name, description, parameters }]
  })
}

const ROLES = ['system', 'user', 'assistant', 'tool']

function readMessages(messages: unknown, path: string, issues: Issue[]): Json[] {
  if (!Array.isArray(messages)) {
    issues.push({ path, message: `must be an array of turns, not ${describe(messages)}` })
    return []
  }
  return messages.map((message: Partial<ModelMessage> | null, index): Json => {
    const place = `${path}[${index}]`
    const role: unknown = message?.role
    if (!ROLES.includes(role as string)) issues.push({ path: `${place}.role`, message: `must be one of ${ROLES.join(', ')}` })
    const content = readContent(message?.content, `${place}.content`, issues)
    const continuation = message?.continuation === undefined ? undefined : plainJson(message.continuation, `${place}.continuation`, issues)
    return { role: role as string, content, ...(continuation !== undefined && { continuation }) }
  })
}

const PART_TYPES = ['text', 'image', 'file', 'tool-call', 'tool-result']

function readContent(content: string | readonly ModelPart[] | undefined, path: string, issues: Issue[]): Json[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!Array.isArray(content)) {
    issues.push({ path, message: `must be a string or an array of parts, not ${describe(content)}` })
    return []
  }
  return content.flatMap((part: ModelPart, index) => {
    const place = `${path}[${index}]`
    const type: unknown = (part as { type?: unknown } | null)?.type
    if (!PART_TYPES.includes(type as string)) {
      issues.push({ path: `${place}.type`, message: `must be one of ${PART_TYPES.join(', ')}` })
      return []
    }
    const { name } = part as { name?: unknown }
    if (type === 'tool-call' && typeof name === 'string') pushRefusal(name, `${place}.name`, issues)
    const plain = plainJson(part, place, issues)
    if (type === 'image' || type === 'file') readMedium(plain as Partial<Medium> | undefined, type, place, issues)
    return plain === undefined ? [] : [plain]
  })
}

/** A picture or a file. */
interface Medium {
  readonly url: unknown
  readonly data: unknown
  readonly mediaType: unknown
}

function readMedium(medium: Partial<Medium> | undefined, type: 'image' | 'file', path: string, issues: Issue[]): void {
  if (medium === undefined) return
  const { url, data: bytes, mediaType } = medium
  const wrong = (place: string, message: string): void => void issues.push({ path: place, message, code: 'ERR_INVALID_VALUE' })
  if ((typeof url === 'string') === (typeof bytes === 'string')) return wrong(path, 'must have either `url`, a string, or `data`, base64')
  const example = type === 'image' ? 'image/png' : 'application/pdf'
  if (typeof url === 'string' && type === 'image' && mediaType !== undefined)
    wrong(`${path}.mediaType`, 'is read from the response of `url`; leave it out')
  else if (typeof mediaType !== 'string' && (typeof bytes === 'string' || mediaType !== undefined))
    wrong(`${path}.mediaType`, `must be a string such as '${example}'`)
}

function readToolChoice(value: unknown, path: string, issues: Issue[]): Json | undefined {
  if (value === 'auto' || value === 'none' || value === 'required') return value
  const tool = (value as { tool?: unknown } | null)?.tool
  if (typeof tool === 'string') return { name: tool }
  issues.push({ path, message: "must be 'auto', 'none', 'required' or { tool: name }", code: 'ERR_INVALID_VALUE' })
  return undefined
}

function readTexts(value: unknown, path: string, issues: Issue[]): readonly string[] | undefined {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value as string[]
  issues.push({ path, message: `must be an array of strings, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
  return undefined
}
