// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Predictions: what is asked, and the answers as Rust writes them.

import type { Change } from '../api/change.js'
import { ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'
import type { Assumption, PredictOptions, Prediction } from '../api/prediction.js'
import { list, number, oneOf, readGroup, text } from '../base/reader.js'
import { writtenJson } from '../json/json.js'
import { TIME_BUCKETS } from './profile.js'
import type { ProfilesHost } from './profiles.js'

/** As `runtime::traces::predicting` writes it; microseconds and nano-dollars. */
export interface PredictionText {
  readonly duration: number
  readonly predicted: number
  readonly saving: readonly [low: number, high: number] | null
  readonly cost: readonly [before: number, predicted: number] | null
  readonly executions: number
  readonly unknown: readonly string[]
}

/** Why a change is none. */
export interface RefusalText {
  readonly refused: readonly Issue[]
}

/** How many attempts one agent takes at once; `undefined` if it is not registered here. */
export type PlacesEach = (agent: string) => number | undefined

/** What a change would have done to an execution. */
export async function predicted(
  host: ProfilesHost,
  placesEach: PlacesEach,
  id: string,
  change: unknown,
  options: unknown,
): Promise<Prediction> {
  const issues: Issue[] = []
  const changes = readChange(change, issues)
  const { assuming = [] } = readGroup<PredictOptions>(options, 'options', issues, { read: { assuming: list(readAssumption) } }, {})
  if (changes.length === 0 && assuming.length === 0 && issues.length === 0)
    issues.push({ path: 'change', message: 'must have a change, or `options.assuming` something; an empty one changes nothing' })
  if (issues.length > 0) throw refusal(issues)
  const text = await host.traces('predict', [id], { what: 'predict', id, change: withPlaces(changes, placesEach), assuming })
  if (text === undefined) throw host.notFound(id)
  const told = JSON.parse(text) as PredictionText | RefusalText
  if ('refused' in told) throw refusal(told.refused)
  return { executionId: id, ...predictionOf(told) }
}

function refusal(issues: readonly Issue[]): ValidationError {
  return new ValidationError('ERR_INVALID_ARGUMENT', 'nothing can be predicted of that', issues)
}

/** Reads a prediction. */
export function predictionOf({
  duration,
  predicted: after,
  saving,
  cost,
  executions,
  unknown,
}: PredictionText): Omit<Prediction, 'executionId'> {
  return {
    duration: duration / 1000,
    predicted: after / 1000,
    saving: duration === 0 ? 0 : 1 - after / duration,
    ...(saving !== null && { interval: { low: saving[0], high: saving[1] } }),
    ...(cost !== null && { cost: { before: cost[0] / 1e9, predicted: cost[1] / 1e9 } }),
    executions,
    unknown,
  }
}

/** A change, or a list of them, as JSON data. What each means, Rust says. */
function readChange(change: unknown, issues: Issue[]): readonly Change[] {
  const given = writtenJson(Array.isArray(change) ? change : [change], 'change', issues)
  return (given ?? []) as unknown as readonly Change[]
}

/** Pools have places, as a replay counts them: a definition knows no pool. */
export function withPlaces(changes: readonly Change[], placesEach: PlacesEach): readonly object[] {
  const isPool = (one: unknown): one is { agent: unknown } => typeof one === 'object' && one !== null && 'agent' in one
  return changes.map((one) => (isPool(one) && typeof one.agent === 'string' ? { ...one, each: placesEach(one.agent) } : one))
}

function readAssumption(value: unknown, path: string, issues: Issue[]): Assumption | undefined {
  const before = issues.length
  const fields = { task: text, factor: number(0), bucket: oneOf(...TIME_BUCKETS) }
  const { task, factor, bucket } = readGroup<Partial<Assumption>>(value, path, issues, { read: fields }, {})
  if (task !== undefined && factor !== undefined) return { task, factor, bucket }
  if (issues.length === before) issues.push({ path, message: `must be { task, factor, bucket? }, not ${describe(value)}` })
  return undefined
}
