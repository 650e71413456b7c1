// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Comparisons: what is asked, and the answers as Rust writes them.

import type { ComparedExecution, ComparedTask, ExecutionComparison } from '../api/prediction.js'
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
