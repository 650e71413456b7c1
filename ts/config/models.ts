// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The configuration of models, with nothing left open: which providers there are, and what they let through.

import { boolean, integer, list, oneOf, readGroup, record, text, type Fields, type Read } from '../base/reader.js'
import { memberPath, type Issue } from '../api/issue.js'
import { pushRefusal } from '../base/names.js'
import type { AcceptedEnding, ModelBudget, ModelRateLimit, ProviderConfig, RecurringBudget } from '../api/models.js'
import { ATTEMPT_TIMES, readTimes, type AttemptTimes } from './times.js'

type Kind =
  | 'openai'
  | 'openai-responses'
  | 'anthropic'
  | 'gemini'
  | 'azure'
  | 'mistral'
  | 'groq'
  | 'deepseek'
  | 'xai'
  | 'together'
  | 'openrouter'
  | 'cohere'
  | 'ollama'
  | 'compatible'

/** The wires that are spoken, with the environment variables in which keys are usually kept, the usual one first. */
const KINDS: Readonly<Record<Kind, readonly string[]>> = {
  openai: ['OPENAI_API_KEY'],
  'openai-responses': ['OPENAI_API_KEY'],
  anthropic: ['ANTHROPIC_API_KEY'],
  gemini: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  azure: ['AZURE_OPENAI_API_KEY', 'AZURE_API_KEY'],
  mistral: ['MISTRAL_API_KEY'],
  groq: ['GROQ_API_KEY'],
  deepseek: ['DEEPSEEK_API_KEY'],
  xai: ['XAI_API_KEY'],
  together: ['TOGETHER_API_KEY'],
  openrouter: ['OPENROUTER_API_KEY'],
  cohere: ['COHERE_API_KEY', 'CO_API_KEY'],
  ollama: ['OLLAMA_API_KEY'],
  compatible: [],
}

/** What everybody else calls a kind, and the catalogue calls its provider. */
const OTHER_NAMES: Readonly<Record<string, Kind>> = { google: 'gemini' }

/** The kind that goes by a name. */
function kindOf(name: string): Kind | undefined {
  if (Object.hasOwn(KINDS, name)) return name as Kind
  return Object.hasOwn(OTHER_NAMES, name) ? OTHER_NAMES[name] : undefined
}

/** A provider as the addon is told of it; `connection: null` if JavaScript speaks to it. */
export interface ResolvedProvider {
  readonly connection: {
    readonly kind: Kind
    readonly apiKey?: string
    readonly endpoint?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly allowPrivate?: boolean
    readonly deployment?: string
    readonly apiVersion?: string
  } | null
  readonly rateLimit: ModelRateLimit
  readonly model?: string
  readonly timeouts: AttemptTimes
}

export interface ResolvedModels {
  /** By name; `null`: those whose keys are in the environment. */
  readonly providers: Readonly<Record<string, ResolvedProvider>> | null
  readonly fallback: readonly string[]
  readonly budget: RecurringBudget | null
  readonly tenantBudgets: Readonly<Record<string, RecurringBudget>>
  readonly workflowBudgets: Readonly<Record<string, RecurringBudget>>
  readonly agentBudgets: Readonly<Record<string, RecurringBudget>>
  readonly accept: readonly AcceptedEnding[]
}

/** What there is without a configuration: the environment. */
export const NO_MODELS: ResolvedModels = {
  providers: null,
  fallback: [],
  budget: null,
  tenantBudgets: {},
  workflowBudgets: {},
  agentBudgets: {},
  accept: [],
}

const LIMIT_MAX = 1_000_000_000

const rateFields: Fields<ModelRateLimit> = {
  read: {
    requestsPerMinute: integer(1, LIMIT_MAX),
    tokensPerMinute: integer(1, LIMIT_MAX * 1000),
    requestsPerDay: integer(1, LIMIT_MAX),
    concurrentRequests: integer(1, LIMIT_MAX),
  },
}

const money: Read<number> = (value, path, issues) => {
  if (typeof value === 'number' && value >= 0 && value <= LIMIT_MAX) return value
  issues.push({ path, message: `must be US dollars from 0 to ${LIMIT_MAX}, not ${String(value)}`, code: 'ERR_INVALID_VALUE' })
  return undefined
}

const budgetFields: Fields<ModelBudget> = { read: { usd: money, tokens: integer(0), calls: integer(0) } }

const recurringFields: Fields<RecurringBudget> = { read: { ...budgetFields.read, per: oneOf('day', 'month') } }

function readRecurring(value: unknown, path: string, issues: Issue[]): RecurringBudget {
  return readGroup<RecurringBudget>(value, path, issues, recurringFields, {})
}

type Written = Omit<ProviderConfig, 'kind' | 'timeout' | 'rateLimit'> & {
  kind?: string
  timeout?: AttemptTimes
  rateLimit?: ModelRateLimit
}

/** A key that was given is meant: one that is empty comes of a variable that is not set, and must not be taken for the one in the environment. */
const key: Read<string> = (value, path, issues) => {
  const given = text(value, path, issues)
  if (given === undefined || given.trim() !== '') return given
  issues.push({ path, message: 'must not be blank; leave it out to use the key from the environment', code: 'ERR_INVALID_VALUE' })
  return undefined
}

const providerFields: Fields<Written> = {
  read: {
    kind: oneOf(...Object.keys(KINDS), ...Object.keys(OTHER_NAMES)),
    apiKey: key,
    endpoint: text,
    allowPrivate: boolean,
    headers: record(text),
    deployment: text,
    apiVersion: text,
    model: text,
    rateLimit: readRateLimit,
    timeout: readTimes,
  },
}

/** Which answers are taken as they are. */
export const readAccept: Read<readonly AcceptedEnding[]> = list(oneOf('length', 'content', 'empty'))

export function readRateLimit(value: unknown, path: string, issues: Issue[]): ModelRateLimit {
  return readGroup<ModelRateLimit>(value, path, issues, rateFields, {})
}

export function readModelBudget(value: unknown, path: string, issues: Issue[]): ModelBudget {
  return readGroup<ModelBudget>(value, path, issues, budgetFields, {})
}

/** One provider, with its key from the environment if it is not given. */
export function readProvider(name: string, value: unknown, path: string, issues: Issue[]): ResolvedProvider {
  const {
    kind: given,
    timeout = ATTEMPT_TIMES,
    rateLimit = {},
    model,
    ...rest
  } = readGroup<Written>(value, path, issues, providerFields, {})
  const kind = kindOf(given ?? name)
  if (kind === undefined && (value as { kind?: unknown } | null | undefined)?.kind === undefined) {
    issues.push({
      path: memberPath(path, 'kind'),
      message: `is required, since \`${name}\` is not a kind itself: ${Object.keys(KINDS).join(', ')}; 'compatible' for any other API in the form of OpenAI's Chat Completions`,
      code: 'ERR_INVALID_VALUE',
    })
  }
  const apiKey = rest.apiKey ?? keyOf(kind)
  const connection = { kind: kind ?? 'compatible', ...rest, ...(apiKey !== undefined && { apiKey }) }
  return { connection, rateLimit, timeouts: timeout, ...(model !== undefined && { model }) } as ResolvedProvider
}

function keyOf(kind: Kind | undefined): string | undefined {
  return kind === undefined ? undefined : KINDS[kind].map((name) => process.env[name]).find((key) => key !== undefined && key !== '')
}

/** The group `models` of the configuration. */
export function readModels(value: unknown, path: string, issues: Issue[]): ResolvedModels {
  const fields: Fields<ResolvedModels> = {
    read: {
      providers: (given, place) => readProviders(given, place, issues),
      fallback: (given, place) => readNames(given, place, issues),
      budget: (given, place) => readRecurring(given, place, issues),
      tenantBudgets: record(readRecurring),
      workflowBudgets: record(readRecurring),
      agentBudgets: record(readRecurring),
      accept: readAccept,
    },
  }
  return readGroup<ResolvedModels>(value, path, issues, fields, NO_MODELS)
}

function readProviders(value: unknown, path: string, issues: Issue[]): Record<string, ResolvedProvider> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ path, message: "must be an object such as { openai: { apiKey: '…' } }", code: 'ERR_INVALID_VALUE' })
    return undefined
  }
  const named = Object.entries(value).map(([name, given]): [string, ResolvedProvider] => {
    const place = memberPath(path, name)
    if (name === '' || name.includes('/'))
      issues.push({ path: place, message: 'must not contain `/`: it is the name of a provider', code: 'ERR_INVALID_VALUE' })
    else pushRefusal(name, place, issues)
    return [name, readProvider(name, given, place, issues)]
  })
  return Object.fromEntries(named)
}

/** A list of names. */
export function readNames(value: unknown, path: string, issues: Issue[]): readonly string[] | undefined {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')) {
    for (const [index, name] of (value as string[]).entries()) pushRefusal(name, memberPath(path, index), issues)
    return value as string[]
  }
  issues.push({ path, message: "must be an array of models such as ['anthropic/claude-haiku-4-5']", code: 'ERR_INVALID_VALUE' })
  return undefined
}

/** The providers whose key is in the environment; OpenAI's also where `OPENAI_BASE_URL` says. */
export function providersOfEnvironment(): Record<string, ResolvedProvider> {
  const found: Record<string, ResolvedProvider> = {}
  const { OPENAI_BASE_URL: endpoint } = process.env
  for (const kind of Object.keys(KINDS) as Kind[]) {
    // One key, two wires: the one that every model of theirs speaks is the older.
    if (kind === 'openai-responses' || kind === 'azure' || kind === 'ollama') continue
    const apiKey = keyOf(kind)
    const elsewhere = kind === 'openai' && endpoint !== undefined && endpoint !== ''
    if (apiKey === undefined && !elsewhere) continue
    const connection = elsewhere ? { kind: 'compatible' as const, endpoint, allowPrivate: true } : { kind }
    const model = elsewhere ? process.env['OPENAI_MODEL'] : undefined
    found[kind] = {
      connection: { ...connection, ...(apiKey !== undefined && { apiKey }) },
      rateLimit: {},
      timeouts: ATTEMPT_TIMES,
      ...(model !== undefined && { model }),
    }
  }
  return found
}
