// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Profiles of executions as Rust writes them.

import type { CompletionEstimate, PathPart, PerformanceProfile, TaskProfile, TimeBucket, TimeBuckets } from '../api/profile.js'
import { dateOf } from '../base/clock.js'

/** As `analytics::path` writes it; microseconds. */
interface ProfileText {
  readonly id: string
  readonly workflowId: string
  readonly version: string
  readonly startedAt: number
  readonly endedAt: number
  readonly ended: boolean
  /** Of one that has not ended. */
  readonly eta?: { readonly at: number; readonly range: readonly [from: number, to: number]; readonly executions: number } | null
  readonly buckets: TimeBuckets
  readonly path: readonly (readonly [
    execution: string,
    task: string | null,
    from: number,
    to: number,
    bucket: TimeBucket,
    attempt: number,
  ])[]
  readonly tasks: readonly TaskText[]
}

interface TaskText {
  readonly execution: string
  readonly path: string
  readonly kind: TaskProfile['kind']
  readonly agent: string | null
  readonly share: number
  readonly buckets: TimeBuckets
  readonly duration: number
  readonly slack: number
  readonly drag: number | null
}

/** Reads a profile. */
export function profileOf(text: string): PerformanceProfile {
  const { id, workflowId, version, startedAt, endedAt, ended, eta, buckets, path, tasks } = JSON.parse(text) as ProfileText
  const part = ([executionId, taskId, from, to, bucket, attempt]: ProfileText['path'][number]): PathPart => ({
    executionId,
    ...(taskId !== null && { taskId }),
    from: (from - startedAt) / 1000,
    duration: (to - from) / 1000,
    bucket,
    ...(attempt > 0 && { attempt }),
  })
  return {
    executionId: id,
    workflowId,
    version,
    startTime: dateOf(startedAt),
    ...(ended && { endTime: dateOf(endedAt) }),
    ...(!ended && { estimate: eta == null ? null : estimateOf(eta) }),
    duration: (endedAt - startedAt) / 1000,
    buckets: millisOf(buckets),
    criticalPath: path.map(part),
    tasks: tasks.map(taskOf),
  }
}

function estimateOf({ at, range: [from, to], executions }: NonNullable<ProfileText['eta']>): CompletionEstimate {
  return { endTime: dateOf(at), earliest: dateOf(from), latest: dateOf(to), executions }
}

function taskOf({ execution, path, kind, agent, duration, share, buckets, slack, drag }: TaskText): TaskProfile {
  return {
    executionId: execution,
    taskId: path,
    kind,
    ...(agent !== null && { agentId: agent }),
    duration: duration / 1000,
    share: share / 1000,
    buckets: millisOf(buckets),
    slack: slack / 1000,
    ...(drag !== null && { drag: drag / 1000 }),
  }
}

/** Every kind of time. */
export const TIME_BUCKETS: readonly TimeBucket[] = Object.keys({
  model: true,
  tool: true,
  code: true,
  child: true,
  failed: true,
  backoff: true,
  queue: true,
  rateLimit: true,
  signal: true,
  timer: true,
  pause: true,
  persist: true,
  scheduler: true,
} satisfies Record<TimeBucket, true>) as TimeBucket[]

/** Microseconds as milliseconds. */
export function millisOf(buckets: TimeBuckets): TimeBuckets {
  return Object.fromEntries(Object.entries(buckets).map(([bucket, micros]) => [bucket, micros / 1000]))
}
