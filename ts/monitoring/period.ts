// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The time that figures are asked for, as it is given.

import { ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'
import { text } from '../base/reader.js'

/** Of which workflow, from when until before when. */
export interface Period {
  readonly workflowId: string
  /** Default: all. */
  readonly version?: string | undefined
  readonly start: Date
  readonly end: Date
}

/** `below`: what stands before the names of the two in messages. */
export function readPeriod(workflowId: unknown, start: unknown, end: unknown, below = ''): Period {
  const issues: Issue[] = []
  const name = text(workflowId, 'workflowId', issues)
  const [from, until] = [readDate(start, `${below}start`, issues), readDate(end, `${below}end`, issues)]
  if (from !== undefined && until !== undefined && from > until) {
    const message = `must not be after \`${below}end\`: ${from.toISOString()} is later than ${until.toISOString()}; are they swapped?`
    issues.push({ path: `${below}start`, message })
  }
  if (name === undefined || from === undefined || until === undefined || issues.length > 0)
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'there are no figures of that', issues)
  return { workflowId: name, start: from, end: until }
}

/** One of two times that are compared. */
export function readSpan(workflowId: unknown, span: unknown, path: string): Period {
  const issues: Issue[] = []
  if (typeof span !== 'object' || span === null) {
    issues.push({ path, message: `must be { start, end, version? }, not ${describe(span)}` })
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'there are no figures of that', issues)
  }
  const { start, end, version, ...others } = span as Record<string, unknown>
  const given = version === undefined ? undefined : text(version, `${path}.version`, issues)
  for (const name of Object.keys(others))
    issues.push({ path: `${path}.${name}`, message: 'unknown field; known here: start, end, version' })
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'there are no figures of that', issues)
  return { ...readPeriod(workflowId, start, end, `${path}.`), version: given }
}

/** Whoever has the Date may change it: this is another one. */
function readDate(value: unknown, path: string, issues: Issue[]): Date | undefined {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return new Date(value)
  issues.push({ path, message: `must be a valid Date, not ${describe(value)}` })
  return undefined
}
