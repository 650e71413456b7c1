// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One problem of what a caller gave: paths to where it stands, and how a value is shown in its message.

/** One problem found in what the caller gave, with the place it was found in. */
export interface Issue {
  /** The place, from the argument inwards: `tasks[2].input.schema`, `workflow.maxTasks`, `data["a b"]`. Empty for the argument itself. */
  path: string
  /** The problem and the way out, in lower case without a full stop. */
  message: string
  /** The stable name of the problem, such as `ERR_NOT_JSON`. */
  code?: string
  /** `'error'` unless said otherwise. */
  severity?: 'error' | 'warning'
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u
const PATH_LENGTH_MAX = 200

/** The path of a member: `[3]` for an index, `.name` for an identifier, `["a b"]` for any other key. */
export function memberPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`
  if (!IDENTIFIER.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

/** The members that a path leads through: `items[3].name` is `items`, 3, `name`. */
export function pathSteps(path: string): (string | number)[] {
  return Array.from(path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g), ([, index, key, name]) => {
    if (index !== undefined) return Number(index)
    return key === undefined ? (name ?? '') : (JSON.parse(key) as string)
  })
}

/** A path short enough to read: the middle of a very long one becomes `…`. */
export function shortPath(path: string): string {
  if (path.length <= PATH_LENGTH_MAX) return path
  const half = PATH_LENGTH_MAX / 2
  return `${path.slice(0, half)}…${path.slice(-half)}`
}

/** A value as a message shows it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `a string of ${value.length} characters` : `'${value}'`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
