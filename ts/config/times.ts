// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long one attempt may take: until the first token, from one token to the next, and in all.

import { duration, readGroup, type Fields } from '../base/reader.js'
import type { Issue } from '../api/issue.js'
import { readDuration } from '../api/duration.js'
import type { AttemptTimeouts } from '../api/models.js'

/** As the addon takes it: milliseconds, and a stream's whole beside that of an answer that comes at once. */
export interface AttemptTimes {
  readonly firstToken: number
  readonly betweenTokens: number
  readonly whole: number
  readonly stream: number
}

const SECOND = 1000

const MINUTE = 60 * SECOND

export const ATTEMPT_TIMES: AttemptTimes = { firstToken: 5 * MINUTE, betweenTokens: 2 * MINUTE, whole: 10 * MINUTE, stream: 60 * MINUTE }

const fields: Fields<{ [K in keyof AttemptTimeouts]-?: number }> = {
  read: { firstToken: duration, betweenTokens: duration, whole: duration },
}

/** A duration alone bounds how long nothing may come; of what comes at once that is all of it. */
export function readTimes(value: unknown, path: string, issues: Issue[]): AttemptTimes | undefined {
  if (typeof value === 'object' && value !== null) {
    const { whole, ...rest } = readGroup<Partial<AttemptTimes>>(value, path, issues, fields as Fields<Partial<AttemptTimes>>, {})
    return { ...ATTEMPT_TIMES, ...rest, ...(whole !== undefined && { whole, stream: whole }) }
  }
  const silence = readDuration(value, path, issues)
  if (silence === undefined) return undefined
  return { ...ATTEMPT_TIMES, firstToken: silence, betweenTokens: silence, whole: silence }
}
