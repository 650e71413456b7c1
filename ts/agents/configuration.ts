// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the built-in agents are configured with, every field judged where it stands.

import { boolean, integer, list, number, oneOf, readGroup, text, type Fields, type Read } from '../base/reader.js'
import { describe, type Issue } from '../api/issue.js'
import { plainJson, type Json } from '../json/json.js'
import { readAccept } from '../config/models.js'
import type { AcceptedEnding, ModelCapability, ModelRequirements } from '../api/models.js'

/** How an agent of type `llm` calls its model. An absent field takes the provider's default. */
export interface LlmConfiguration {
  /** The model, as `model` or `provider/model`. With neither this nor `provider`, `requirements` decide. */
  model?: string | undefined
  /** The provider, by its name. */
  provider?: string | undefined
  /** Requirements that choose the model, if none is named. */
  requirements?: ModelRequirements | undefined
  /** Instructions for the model, for every task. */
  system?: string | undefined
  /** From 0 to 2. */
  temperature?: number | undefined
  /** From 0 to 1. */
  topP?: number | undefined
  /** Tokens of one answer, at most. */
  maxTokens?: number | undefined
  stop?: readonly string[] | undefined
  /** Models to try, in this order, when the first cannot serve a request. Default: `models.fallback`. */
  fallback?: readonly string[] | undefined
  /** Further fields of the provider's own body. */
  extra?: Readonly<Record<string, unknown>> | undefined
  /** Whether text is announced as it comes, as `task:progress` with `{ type: 'text', text, attempt, request }`. A task with `outputSchema` has none. Default true. */
  stream?: boolean | undefined
  /** Whether the prompt includes the results of the task's dependencies, unless a template of its input reads them. Default `'dependencies'`. */
  include?: 'dependencies' | 'none' | undefined
  /**
   * Accepts cut, withheld or empty answers for tasks without `accept`; others fail the task. Default: `models.accept`.
   */
  accept?: readonly AcceptedEnding[] | undefined
}

/** The configuration of an agent of type `hybrid`: that of `llm`, and tools. */
export interface HybridConfiguration extends LlmConfiguration {
  /** The tools it may use, by name. Default: every tool that is registered when an attempt begins. */
  tools?: readonly string[] | undefined
  /** Requests to the model in one attempt, 1 to 1000. `ERR_MAX_STEPS`. Default 10. */
  maxSteps?: number | undefined
  /**
   * Whether a later attempt goes on at the first reply or tool result that is not on record, after a crash, and after a failure by time-out, network or loss.
   * `'never'`: each attempt begins anew. Default `'steps'`.
   */
  resume?: 'steps' | 'never' | undefined
}

/** The configuration of an agent of type `tool`. */
export interface ToolConfiguration {
  /** The tool it calls, by name. */
  tool: string
  /** Arguments of every call. `input.data` of a task overrides them. */
  arguments?: Readonly<Record<string, unknown>> | undefined
}

/** The part of a request that is the same for every task. */
export type RequestPart = Omit<LlmConfiguration, 'stream' | 'include' | 'accept'>

export interface ResolvedLlm extends RequestPart {
  readonly stream: boolean
  readonly include: 'dependencies' | 'none'
  readonly accept: readonly AcceptedEnding[] | undefined
}

export interface ResolvedHybrid extends ResolvedLlm {
  readonly tools: readonly string[] | undefined
  readonly maxSteps: number
  readonly resume: 'steps' | 'never'
}

export interface ResolvedTool {
  readonly tool: string
  readonly arguments: { readonly [name: string]: Json } | undefined
}

const STEPS_MAX = 1000
const llmDefaults: ResolvedLlm = { stream: true, include: 'dependencies', accept: undefined }

const jsonObject: Read<{ [name: string]: Json }> = (value, path, issues) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ path, message: `must be an object, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
    return undefined
  }
  return plainJson(value, path, issues) as { [name: string]: Json } | undefined
}

type Capability = NonNullable<ModelRequirements['capabilities']>[number]

const capabilityFields: Fields<Capability> = { read: { type: text as Read<ModelCapability>, quality: oneOf('basic', 'good', 'excellent') } }

const readCapability: Read<Capability> = (value, path, issues) => {
  const before = issues.length
  const capability = readGroup<Capability>(value, path, issues, capabilityFields, { type: '' })
  if (capability.type === '' && issues.length === before)
    issues.push({ path: `${path}.type`, message: "is required, such as 'text-generation'", code: 'ERR_INVALID_VALUE' })
  return capability
}

const requirementFields: Fields<ModelRequirements> = {
  read: {
    capabilities: list(readCapability),
    contextLength: integer(1),
    maxCost: number(0),
    maxLatency: number(0),
    preferredProvider: text,
    structuredOutput: boolean,
    mode: oneOf('quality', 'balanced', 'cost', 'latency'),
    estimatedInputTokens: integer(0),
    maxOutputTokens: integer(1),
    providers: (value, path, issues) =>
      readGroup<NonNullable<ModelRequirements['providers']>>(value, path, issues, { read: { allow: list(text), deny: list(text) } }, {}),
  },
}

const llmReaders: Fields<ResolvedLlm>['read'] = {
  model: text,
  provider: text,
  requirements: (value, path, issues) => readGroup<ModelRequirements>(value, path, issues, requirementFields, {}),
  system: text,
  temperature: number(0, 2),
  topP: number(0, 1),
  maxTokens: integer(1),
  stop: list(text),
  fallback: list(text),
  extra: jsonObject,
  stream: boolean,
  include: oneOf('dependencies', 'none'),
  accept: readAccept,
}

/** The configuration of an `llm` agent with nothing left open; usable only if nothing was pushed to `issues`. */
export function readLlm(configuration: unknown, path: string, issues: Issue[]): ResolvedLlm {
  return readGroup(configuration, path, issues, { read: llmReaders }, llmDefaults)
}

/** The configuration of a `hybrid` agent with nothing left open; usable only if nothing was pushed to `issues`. */
export function readHybrid(configuration: unknown, path: string, issues: Issue[]): ResolvedHybrid {
  const fields: Fields<ResolvedHybrid> = {
    read: { ...llmReaders, tools: list(text), maxSteps: integer(1, STEPS_MAX), resume: oneOf('steps', 'never') },
  }
  return readGroup<ResolvedHybrid>(configuration, path, issues, fields, { ...llmDefaults, tools: undefined, maxSteps: 10, resume: 'steps' })
}

/** The configuration of a `tool` agent; usable only if nothing was pushed to `issues`. */
export function readTool(configuration: unknown, path: string, issues: Issue[]): ResolvedTool {
  const before = issues.length
  const fields: Fields<ResolvedTool> = { read: { tool: text, arguments: jsonObject } }
  const read = readGroup<ResolvedTool>(configuration, path, issues, fields, { tool: '', arguments: undefined })
  if (read.tool === '' && issues.length === before)
    issues.push({ path: `${path}.tool`, message: 'is required: the name of the tool to call', code: 'ERR_INVALID_VALUE' })
  return read
}
