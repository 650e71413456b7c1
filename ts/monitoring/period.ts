// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The time that figures are asked for, as it is given.

import { ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'
import { text } from '../base/reader.js'

/** Of which workflow, from when until before when. */
export interface Period {
  readonly workflowId: string
  readonly start: Date
  readonly end: Date
}

export function readPeriod(workflowId: unknown, start: unknown, end: unknown): Period {
  const issues: Issue[] = []
  const name = text(workflowId, 'workflowId', issues)
  const [from, until] = [readDate(start, 'start', issues), readDate(end, 'end', issues)]
  if (from !== undefined && until !== undefined && from > until) {
    const message = `must not be after \`end\`: ${from.toISOString()} is later than ${until.toISOString()}; are they swapped?`
    issues.push({ path: 'start', message })
  }
  if (name === undefined || from === undefined || until === undefined || issues.length > 0)
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'there are no figures of that', issues)
  return { workflowId: name, start: from, end: until }
}

/** Whoever has the Date may change it: this is another one. */
function readDate(value: unknown, path: string, issues: Issue[]): Date | undefined {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value)
  issues.push({ path, message: `must be a valid Date, not ${describe(value)}` })
  return undefined
}
