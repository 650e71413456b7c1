// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Comparisons and predictions: what is asked, and the answers as Rust writes them.

import { ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'
import type { ComparedExecution, ComparedTask, ExecutionComparison, Prediction, WhatIf } from '../api/prediction.js'
import type { TimeBucket, TimeBuckets } from '../api/profile.js'
import { millisOf } from './profile.js'
import type { ProfilesHost } from './profiles.js'

/** As `analytics::compare` writes it; microseconds. */
interface ComparisonText {
  readonly gone?: string
  readonly a: HeadText
  readonly b: HeadText
  readonly tasks: readonly (readonly [id: string, a: SideText | null, b: SideText | null])[]
}

interface HeadText {
  readonly id: string
  readonly workflowId: string
  readonly version: string
  readonly duration: number
  readonly buckets: TimeBuckets
}

type SideText = readonly [duration: number, share: number]

interface PredictionText {
  readonly duration: number
  readonly predicted: number
  readonly saving: readonly [low: number, high: number] | null
  readonly executions: number
}

/** Two executions beside each other. */
export async function compared(host: ProfilesHost, a: string, b: string): Promise<ExecutionComparison> {
  const text = await host.traces('compareExecutions', [a, b], { what: 'compare', a, b })
  const told = JSON.parse(text ?? '{}') as ComparisonText
  if (told.gone !== undefined || text === undefined) throw host.notFound(told.gone ?? a)
  const kinds = new Set([...Object.keys(told.a.buckets), ...Object.keys(told.b.buckets)]) as Set<TimeBucket>
  const differences = [...kinds].map((kind) => [kind, (told.b.buckets[kind] ?? 0) - (told.a.buckets[kind] ?? 0)])
  return {
    a: headOf(told.a),
    b: headOf(told.b),
    difference: (told.b.duration - told.a.duration) / 1000,
    buckets: millisOf(Object.fromEntries(differences) as TimeBuckets),
    tasks: told.tasks.map(taskOf),
  }
}

function headOf({ id, workflowId, version, duration, buckets }: HeadText): ComparedExecution {
  return { executionId: id, workflowId, version, duration: duration / 1000, buckets: millisOf(buckets) }
}

function taskOf([task, a, b]: ComparisonText['tasks'][number]): ComparedTask {
  const side = ([duration, share]: SideText): { duration: number; share: number } => ({ duration: duration / 1000, share: share / 1000 })
  const difference = ((b?.[1] ?? 0) - (a?.[1] ?? 0)) / 1000
  return { task, ...(a !== null && { a: side(a) }), ...(b !== null && { b: side(b) }), difference }
}

/** What changes would have done to an execution. */
export async function predicted(host: ProfilesHost, id: string, changes: unknown): Promise<Prediction> {
  const text = await host.traces('predict', [id], { what: 'predict', id, changes: readChanges(changes) })
  if (text === undefined) throw host.notFound(id)
  const { duration, predicted: after, saving, executions } = JSON.parse(text) as PredictionText
  return {
    executionId: id,
    duration: duration / 1000,
    predicted: after / 1000,
    saving: duration === 0 ? 0 : 1 - after / duration,
    ...(saving !== null && { interval: { low: saving[0], high: saving[1] } }),
    executions,
  }
}

const FORMS = 'must be { task, factor }, { agent, places } or { task, without }'

function readChanges(changes: unknown): readonly WhatIf[] {
  const list: readonly unknown[] = Array.isArray(changes) ? changes : [changes]
  const issues: Issue[] = []
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== ''
  for (const [place, change] of list.entries()) {
    const path = Array.isArray(changes) ? `change[${place}]` : 'change'
    const { task, factor, agent, places, without } = (typeof change === 'object' && change !== null ? change : {}) as Record<
      string,
      unknown
    >
    if (isName(task) && factor !== undefined) {
      if (typeof factor !== 'number' || !Number.isFinite(factor) || factor < 0)
        issues.push({ path: `${path}.factor`, message: `must be a number of 0 or more, not ${describe(factor)}; 0.5 is twice as fast` })
    } else if (isName(agent)) {
      if (!Number.isInteger(places) || (places as number) < 1)
        issues.push({ path: `${path}.places`, message: `must be a whole number of 1 or more, not ${describe(places)}` })
    } else if (!isName(task) || !isName(without)) issues.push({ path, message: `${FORMS}, not ${describe(change)}` })
  }
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'nothing can be predicted of that', issues)
  return list as readonly WhatIf[]
}
