// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is known of models, in the words of the catalogue and in those of the caller.

import { boolean, text } from '../base/reader.js'
import { readCallOptions } from '../json/entry.js'
import type { Json } from '../json/json.js'
import { dollarsOf } from './result.js'
import type { ModelComparison, ModelInfo, ModelIntegration, ModelRegistration } from '../api/models.js'

/** A model as the addon lists it. */
export interface Known {
  readonly provider: string
  readonly id: string
  readonly configured: boolean
  readonly model: {
    readonly context: number | null
    readonly maxOutput: number | null
    readonly structuredOutput: boolean | null
    readonly types: readonly string[]
    readonly prices: { input?: string | null; output?: string | null; cacheRead?: string | null; cacheWrite?: string | null }
    readonly quality: { readonly tier: 'basic' | 'good' | 'excellent' } | null
    readonly released: string | null
    readonly deprecated: string | null
  } | null
  readonly observed: {
    readonly calls: number
    readonly successRate: number
    readonly latency: readonly [number, number] | null
    readonly firstToken: readonly [number, number] | null
    readonly tokensPerSecond: number | null
    readonly cost: number
  } | null
}

export type ModelFilter = NonNullable<Parameters<ModelIntegration['listModels']>[0]>

export function readModelFilter(filter: ModelFilter | undefined): ModelFilter {
  const read = { provider: text, capability: text, configured: boolean }
  return readCallOptions<ModelFilter>(filter, 'filter', 'the filter cannot be used', read, {})
}

/** Those of `all` that the filter lets pass, in the words of the caller. */
export function listed(all: readonly Known[], { provider, capability, configured }: ModelFilter): ModelInfo[] {
  return all
    .filter(
      (known) => (provider === undefined || known.provider === provider) && (configured === undefined || known.configured === configured),
    )
    .map(infoOf)
    .filter(({ capabilities }) => capability === undefined || capabilities.includes(capability))
}

function infoOf({ provider, id, model }: Known): ModelInfo {
  if (model === null) return { modelId: id, provider, capabilities: [] }
  const { context, maxOutput, structuredOutput, types, prices, quality, released, deprecated } = model
  const price = (text: string | null | undefined): number | undefined => (typeof text === 'string' ? Number(text) : undefined)
  const known = withoutGaps({
    input: price(prices.input),
    output: price(prices.output),
    cacheRead: price(prices.cacheRead),
    cacheWrite: price(prices.cacheWrite),
  })
  return withoutGaps({
    modelId: id,
    provider,
    contextLength: context ?? undefined,
    maxOutputTokens: maxOutput ?? undefined,
    capabilities: types,
    quality: quality?.tier,
    structuredOutput: structuredOutput ?? undefined,
    prices: Object.keys(known).length > 0 ? known : undefined,
    released: released ?? undefined,
    deprecated: deprecated ?? undefined,
  }) as ModelInfo
}

export function comparisonOf(known: Known): ModelComparison {
  const { observed } = known
  if (observed === null) return { ...infoOf(known), calls: 0, cost: 0 }
  const { calls, successRate, latency, firstToken, tokensPerSecond, cost } = observed
  const both = (pair: readonly [number, number] | null): { p50: number; p95: number } | undefined =>
    pair === null ? undefined : { p50: pair[0], p95: pair[1] }
  return withoutGaps({
    ...infoOf(known),
    calls,
    successRate,
    latency: both(latency),
    timeToFirstToken: both(firstToken),
    tokensPerSecond: tokensPerSecond ?? undefined,
    cost: dollarsOf(cost),
  }) as ModelComparison
}

/** A registration in the words of the catalogue. */
export function registrationOf(model: ModelRegistration): Json {
  const { provider, id, contextWindow, maxOutput, capabilities, quality, structuredOutput, prices, ...unknown } = model
  const price = (dollars: number | undefined): string | undefined => (dollars === undefined ? undefined : String(dollars))
  return withoutGaps({
    ...unknown,
    provider,
    id,
    context: contextWindow,
    maxOutput,
    types: capabilities,
    quality,
    structuredOutput,
    prices:
      prices === null || prices === undefined
        ? prices
        : withoutGaps({
            input: price(prices.input),
            output: price(prices.output),
            cacheRead: price(prices.cacheRead),
            cacheWrite: price(prices.cacheWrite),
          }),
  }) as unknown as Json
}

function withoutGaps<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T
}
