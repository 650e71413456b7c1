// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is required of a model and what is told of one, judged: every problem at once, with its path, in the caller's own words.

import { boolean, integer, oneOf, readGroup, text, type Fields, type Read } from '../base/reader.js'
import { describe, type Issue } from '../api/issue.js'
import { readNames } from '../config/models.js'
import type { ModelRegistration, ModelRequirements } from '../api/models.js'

const CAPABILITIES = ['text-generation', 'code-generation', 'reasoning', 'tool-use', 'vision', 'audio'] as const
const QUALITIES = ['basic', 'good', 'excellent'] as const

type Filled<T> = { [K in keyof T]: Exclude<T[K], undefined> }
type Need = NonNullable<ModelRequirements['capabilities']>[number]

const amount: Read<number> = (value, path, issues) => {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value
  issues.push({ path, message: `must be a number of at least 0, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
  return undefined
}

/** Each of a list. */
function list<T>(read: Read<T>): Read<readonly T[]> {
  return (value, path, issues) => {
    if (!Array.isArray(value)) {
      issues.push({ path, message: `must be an array, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
      return undefined
    }
    return value.flatMap((one, index) => read(one, `${path}[${index}]`, issues) ?? [])
  }
}

/** `null` says that nobody knows. */
function orUnknown<T>(read: Read<T>): Read<T | null> {
  return (value, path, issues) => (value === null ? null : read(value, path, issues))
}

function group<T extends object>(read: Fields<T>['read'], needed?: keyof T & string): Read<T> {
  return (value, path, issues) => {
    const known = readGroup<T>(value ?? null, path, issues, { read }, {} as T)
    if (needed !== undefined && typeof value === 'object' && value !== null && (value as T)[needed] === undefined)
      issues.push({ path: `${path}.${needed}`, message: 'is required', code: 'ERR_INVALID_VALUE' })
    return known
  }
}

const requirements = group<Filled<ModelRequirements>>({
  capabilities: list(group<Filled<Need>>({ type: oneOf(...CAPABILITIES), quality: oneOf(...QUALITIES) }, 'type')),
  contextLength: integer(1),
  maxCost: amount,
  maxLatency: amount,
  preferredProvider: text,
  structuredOutput: boolean,
  mode: oneOf('quality', 'balanced', 'cost', 'latency'),
  estimatedInputTokens: integer(0),
  maxOutputTokens: integer(0),
  providers: group<{ allow?: readonly string[]; deny?: readonly string[] }>({ allow: readNames, deny: readNames }),
})

const registration = group<Filled<ModelRegistration>>(
  {
    provider: text,
    id: text,
    contextWindow: orUnknown(integer(1)),
    maxOutput: orUnknown(integer(1)),
    capabilities: list(oneOf(...CAPABILITIES)),
    quality: orUnknown(oneOf(...QUALITIES)),
    structuredOutput: orUnknown(boolean),
    prices: orUnknown(
      group<NonNullable<Filled<ModelRegistration>['prices']>>({ input: amount, output: amount, cacheRead: amount, cacheWrite: amount }),
    ),
  },
  'id',
)

export function readRequirements(value: unknown, path: string, issues: Issue[]): ModelRequirements | undefined {
  return requirements(value, path, issues)
}

/** A registration; one at a provider that it comes with need not name it. */
export function readRegistration(value: unknown, path: string, issues: Issue[], provider?: string): ModelRegistration {
  const read = registration(value, path, issues) ?? { id: '' }
  const named = provider === undefined ? read : { ...read, provider }
  if (named.provider === undefined && typeof value === 'object' && value !== null && (value as ModelRegistration).provider === undefined)
    issues.push({ path: `${path}.provider`, message: 'is required', code: 'ERR_INVALID_VALUE' })
  return named
}
