// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where profiles come from: the records of a store, read on a thread of Node's pool, or those of an execution that is in memory.

import { errorOf } from '../api/errors.js'
import type { PerformanceProfile } from '../api/profile.js'
import { profileOf } from './profile.js'

/** What it needs of the orchestrator. */
export interface ProfilesHost {
  /** The answer to a question about the records of executions, as JSON text; `undefined` if there is no such execution. */
  traces(call: string, asked: object): Promise<string | undefined>
  /** The profile of an execution that is in memory; `null` if its records are gone. Throws if there is no such execution. */
  inMemory(executionId: string): Promise<string | null>
  readonly isStored: boolean
  notFound(executionId: string): Error
}

/** The profile of an execution. */
export async function performanceProfile(host: ProfilesHost, executionId: string): Promise<PerformanceProfile> {
  if (host.isStored) {
    const text = await host.traces('getPerformanceProfile', { what: 'profile', id: executionId })
    if (text === undefined) throw host.notFound(executionId)
    return profileOf(text)
  }
  const text = await host.inMemory(executionId)
  if (text !== null) return profileOf(text)
  const message = `the records of execution \`${executionId}\` are gone: without \`storage\` they are kept until it ends; set \`storage\`, or ask while it runs`
  throw errorOf('ERR_NOT_SUPPORTED', message, { details: { name: 'getPerformanceProfile', executionId } })
}
