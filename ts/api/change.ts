// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of changes: of a definition, operation by operation, and of a pool. What predicts, what advises and what people send are one form.

/** A step of a path: the name of a field, or of an array an index (`0` or `'0'`) or the element with this id; in an array of strings, that string. */
export type PathSegment = string | number | { readonly id: string }

/** What is done where a path leads. docs/monitoring.md has a table. */
export type ChangeOperation =
  /** Adds to an array before `position` (default: at the end), to a string at a UTF-16 offset, or to an object the field named by `position`, which must be new. */
  | { readonly type: 'insert'; readonly position?: PathSegment | undefined; readonly content: unknown }
  /** Deletes `length` elements or UTF-16 units from `position`, or the field named so; without `position`, what the path names. Default `length`: 1. */
  | { readonly type: 'delete'; readonly position?: PathSegment | undefined; readonly length?: number | undefined }
  /** Puts `content` in the place of what the path names, and a field there that was absent; with `position`, of that part of a string. */
  | {
      readonly type: 'replace'
      readonly position?: PathSegment | undefined
      readonly length?: number | undefined
      readonly content: unknown
    }
  /** Takes a value from one place below the path to another, which is counted once it is gone. */
  | {
      readonly type: 'move'
      readonly from: PathSegment | readonly PathSegment[]
      readonly to: PathSegment | readonly PathSegment[]
    }

/** A change of a definition. */
export interface DefinitionChange {
  /** From the definition to what is changed, such as `['tasks', { id: 'report' }, 'timeout']`. */
  readonly path: readonly PathSegment[]
  readonly operation: ChangeOperation
}

/** A change of a pool: the agent, as tasks name it, has at most so many instances. No definition has it: give it to `registerAgentType`. */
export interface PoolChange {
  readonly agent: string
  readonly maxAgents: number
}

/** One change. */
export type Change = DefinitionChange | PoolChange
