// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Names: what executions, tenants, keys, signals, schedules, agents and tools are called. A value is mended where its text is no Unicode, a name never
// is: two names that are different for us would be one name in a store.
//
// The engine makes ids of its own (`parent/path/attempt`, `<schedule>@<instant>`, `key-<hash>`), and they are told apart from those that a caller has
// chosen by what may not be chosen: none of what they are made with. Names that stand in a store are not judged again.

import type { Issue } from '../api/issue.js'

/** The most letters of a name. */
const NAME_LENGTH_MAX = 256

/** What is said of a name, or of a text in a definition, that holds half of a surrogate pair. */
export const HALF_A_PAIR = 'holds half of a surrogate pair, which is not valid Unicode; remove it'

const CONTROL = /\p{Cc}/u
/** What separates the parts of ids that the engine makes; `~` is where a partition will stand. */
const OF_IDS = /[/\\~]/
const OF_KEYS = /^key-[0-9a-f]{32}/i
const OF_SCHEDULES = /@[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/i

/** Why a text cannot be a name, however short it is; `undefined` if it can. */
function refusalOfName(name: string): string | undefined {
  return name.isWellFormed() ? undefined : HALF_A_PAIR
}

/** Why a text cannot be a tenant, a key or another name that a caller begins something under. */
export function refusalOfChosenName(name: string): string | undefined {
  return refusalOfName(name) ?? (CONTROL.test(name) ? 'must not contain control characters' : undefined)
}

/** Why a text cannot be the id of a schedule. */
export function refusalOfScheduleId(id: string): string | undefined {
  const [separator] = OF_IDS.exec(id) ?? []
  if (separator !== undefined) return `holds \`${separator}\`, which is part of ids that are made; an id may not hold / \\ ~`
  return refusalOfChosenName(id)
}

/** Why a text cannot be the id of an execution. */
export function refusalOfExecutionId(id: string): string | undefined {
  if (OF_KEYS.test(id)) return 'begins as the ids do that idempotency keys stand for (`key-` and 32 hexadecimal digits); choose another'
  if (OF_SCHEDULES.test(id)) return 'ends in `@` and an instant, as the ids of executions do that a schedule begins; choose another'
  return refusalOfScheduleId(id)
}

/** How long a name may be, and what else it may not be. */
interface NameRule {
  readonly most?: number
  readonly refusalOf?: (name: string) => string | undefined
}

/** Judges a name of at least one letter that a caller gave. */
export function judgeName(name: unknown, path: string, issues: Issue[], rule: NameRule = {}): void {
  const { most = NAME_LENGTH_MAX, refusalOf = refusalOfName } = rule
  if (typeof name !== 'string' || name === '' || name.length > most)
    issues.push({ path, message: most === Infinity ? 'must be a non-empty string' : `must be a string of 1 to ${most} characters` })
  else pushRefusal(name, path, issues, refusalOf)
}

/** Adds why a text cannot be a name, if it cannot. */
export function pushRefusal(name: string, path: string, issues: Issue[], refusalOf: NameRule['refusalOf'] = refusalOfName): void {
  const message = refusalOf(name)
  if (message !== undefined) issues.push({ path, message })
}
