// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where profiles and timelines come from: the records of a store, read on a thread of Node's pool, or those of an execution that is in memory.

import { errorOf } from '../api/errors.js'
import type { PerformanceProfile } from '../api/profile.js'
import { timelinePage, type TimelineData } from './page/timeline.js'
import { profileOf } from './profile.js'

type Told = 'profile' | 'timeline'

/** What it needs of the orchestrator. */
export interface ProfilesHost {
  /** The answer to a question about the records of executions, as JSON text; `undefined` if there is no such execution. */
  traces(call: string, asked: object): Promise<string | undefined>
  /** What is told of an execution that is in memory; `null` if its records are gone. Throws if there is no such execution. */
  inMemory(what: Told, executionId: string): Promise<string | null>
  status(executionId: string): Promise<string | undefined>
  readonly isStored: boolean
  notFound(executionId: string): Error
}

/** The profile of an execution. */
export async function performanceProfile(host: ProfilesHost, executionId: string): Promise<PerformanceProfile> {
  return profileOf(await told(host, 'getPerformanceProfile', 'profile', executionId))
}

/** The page of an execution. */
export async function timelineOf(host: ProfilesHost, executionId: string): Promise<string> {
  const data = JSON.parse(await told(host, 'renderTimeline', 'timeline', executionId)) as TimelineData
  // It may have ended since.
  const status = data.ended ? await host.status(executionId) : 'running'
  return timelinePage(data, status ?? 'deleted')
}

async function told(host: ProfilesHost, call: string, what: Told, executionId: string): Promise<string> {
  if (host.isStored) {
    const text = await host.traces(call, { what, id: executionId })
    if (text === undefined) throw host.notFound(executionId)
    return text
  }
  const text = await host.inMemory(what, executionId)
  if (text !== null) return text
  const message = `the records of execution \`${executionId}\` are gone: without \`storage\` they are kept until it ends; set \`storage\`, or ask while it runs`
  throw errorOf('ERR_NOT_SUPPORTED', message, { details: { name: call, executionId } })
}
