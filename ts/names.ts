// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Names: what executions, tenants, keys, signals, schedules, agents and tools are called. A value is mended where its text is no Unicode, a name never
// is: two names that are different for us would be one name in a store.

import type { Issue } from './issue.js'

/** The most letters of a name. */
export const NAME_LENGTH_MAX = 256

/** What is said of a name, or of a text in a definition, that holds half of a surrogate pair. */
export const HALF_A_PAIR = 'holds half of a surrogate pair, which is not valid Unicode; remove it'

/** Why a text cannot be a name, however short it is; `undefined` if it can. */
export function refusalOfName(name: string): string | undefined {
  return name.isWellFormed() ? undefined : HALF_A_PAIR
}

/** Judges a name of 1 to `most` letters that a caller gave. */
export function judgeName(name: unknown, path: string, issues: Issue[], most: number = NAME_LENGTH_MAX): void {
  if (typeof name !== 'string' || name === '' || name.length > most)
    issues.push({ path, message: most === Infinity ? 'must be a text that is not empty' : `must be a text of 1 to ${most} letters` })
  else pushRefusal(name, path, issues)
}

/** Adds why a text cannot be a name, if it cannot. */
export function pushRefusal(name: string, path: string, issues: Issue[]): void {
  const message = refusalOfName(name)
  if (message !== undefined) issues.push({ path, message })
}
