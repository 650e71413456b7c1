// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where data of a caller or an agent enters: it is copied, mended and measured here once, so that agents, records and expressions see one value.

import { OrchestratorError, ValidationError, type ErrorCode } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import { readGroup, type Fields } from '../base/reader.js'
import { plainJson, type Json } from './json.js'
import { describeThrown, throwerIn } from './walk.js'

/** A copy of data that enters. `what` is what the error calls it. */
export function readData(value: unknown, path: string, what: string, bytesMax?: number): Json {
  const issues: Issue[] = []
  const copy = plainJson(value, path, issues, bytesMax)
  if (copy === undefined) throw noData(what, issues)
  return copy
}

/** Why something is no data that can enter. */
export function noData(what: string, issues: readonly Issue[]): ValidationError {
  const isLarge = issues.every(({ code }) => code === 'ERR_TOO_LARGE')
  return isLarge
    ? new ValidationError('ERR_TOO_LARGE', `${what} is too large`, issues)
    : new ValidationError('ERR_NOT_JSON', `${what} is not JSON data`, issues)
}

/**
 * What `look` makes of something a caller gave. A getter or a Proxy in it may throw anything at all: that is the caller's error, with the place of it and
 * what was thrown as its cause. `what` says what cannot be done.
 */
export function looking<T>(given: unknown, path: string, what: string, look: () => T, code: ErrorCode = 'ERR_INVALID_ARGUMENT'): T {
  try {
    return look()
  } catch (error) {
    if (OrchestratorError.isInstance(error)) throw error
    const issue = throwerIn(given, path) ?? { path, message: `reading it threw ${describeThrown(error)}`, code: 'ERR_NOT_JSON' }
    throw new ValidationError(code, what, [issue], { cause: error })
  }
}

/** The options of a call over its defaults. What is no object, unknown or out of range is refused with its place. `what` says what cannot be done. */
export function readCallOptions<T extends object>(given: unknown, path: string, what: string, read: Fields<T>['read'], defaults: T): T {
  return looking(given, path, what, () => {
    const issues: Issue[] = []
    const options = readGroup(given, path, issues, { read }, defaults)
    if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', what, issues)
    return options
  })
}
