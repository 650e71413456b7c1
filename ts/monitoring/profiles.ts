// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where profiles and timelines come from: the records of executions, in a file or in memory, read on a thread of Node's pool.

import type { SpansText } from '../boundary/shapes.js'
import type { PerformanceProfile } from '../api/profile.js'
import { timelinePage, type TimelineData } from './page/timeline.js'
import { profileOf } from './profile.js'

/** What it needs of the orchestrator. */
export interface ProfilesHost {
  /** The answer to a question about the records of these executions, as JSON text; `undefined` if one of them is not there. */
  traces(call: string, ids: readonly string[], asked: object): Promise<string | undefined>
  /** The spans of an execution, part by part. */
  spans(executionId: string): AsyncIterable<SpansText>
  status(executionId: string): Promise<string | undefined>
  /** Microseconds since the epoch. */
  now(): number
  notFound(executionId: string): Error
}

/** A question about one execution; `now` where an estimate is asked for. */
interface Question {
  readonly what: 'profile' | 'timeline'
  readonly id: string
  readonly now?: number
}

/** The profile of an execution. */
export async function performanceProfile(host: ProfilesHost, executionId: string): Promise<PerformanceProfile> {
  return profileOf(await told(host, 'getPerformanceProfile', { what: 'profile', id: executionId, now: host.now() }))
}

/** The page of an execution. */
export async function timelineOf(host: ProfilesHost, executionId: string): Promise<string> {
  const data = JSON.parse(await told(host, 'renderTimeline', { what: 'timeline', id: executionId })) as TimelineData
  // It may have ended since.
  const status = data.ended ? await host.status(executionId) : 'running'
  return timelinePage(data, status ?? 'deleted')
}

async function told(host: ProfilesHost, call: string, asked: Question): Promise<string> {
  const text = await host.traces(call, [asked.id], asked)
  if (text === undefined) throw host.notFound(asked.id)
  return text
}
