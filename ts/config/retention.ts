// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which executions a store lets go of.

import { duration, integer, readGroup, record, type Fields, type Read } from '../base/reader.js'
import type { Duration } from '../api/duration.js'
import type { Issue } from '../api/issue.js'
import { readBytes, type Bytes } from '../json/bytes.js'

/**
 * Which ended executions are deleted. A limit that is absent deletes nothing. A child workflow goes with the execution whose task it is, and what is needed
 * stays: see docs/storage.md.
 */
export interface RetentionConfig {
  /** Limits of executions that completed. */
  completed?: RetentionLimits | undefined
  /** Limits of executions that failed or were cancelled. */
  failed?: RetentionLimits | undefined
  /** Limits of single workflows, by id, in place of those above. `{}` for `completed` or `failed`: all of them stay. */
  byWorkflow?: Readonly<Record<string, WorkflowRetention>> | undefined
  /** How long the figures of an hour stay that analytics are answered from, those of deleted executions included. Default `'400d'`. */
  rollups?: Duration | undefined
}

/** What is beyond any of the limits is deleted, the oldest first. */
export interface RetentionLimits extends WorkflowLimits {
  /** Bytes of the store's file that may be in use; beyond, these executions are deleted. */
  bytes?: Bytes | undefined
}

/** Limits of the executions of one workflow. */
export interface WorkflowRetention {
  completed?: WorkflowLimits | undefined
  failed?: WorkflowLimits | undefined
}

export interface WorkflowLimits {
  /** How long after its end an execution stays. */
  age?: Duration | undefined
  /** How many executions stay, the latest that ended, children not counted. */
  count?: number | undefined
}

/** Limits, in microseconds and bytes; `null`: none. */
export interface Limits {
  readonly age: number | null
  readonly count: number | null
  readonly bytes: number | null
}

export interface ResolvedRetention {
  readonly completed: Limits
  readonly failed: Limits
  readonly byWorkflow: Readonly<Record<string, { readonly completed: Limits | null; readonly failed: Limits | null }>>
  /** Milliseconds. */
  readonly rollups: number
  /** Whether the store needs the order in which executions ended: something may be deleted by itself. */
  readonly ordered: boolean
}

const NO_LIMITS: Limits = { age: null, count: null, bytes: null }

const ROLLUPS = 400 * 24 * 60 * 60_000

const COUNT_MAX = 2 ** 32 - 1

const age: Read<number> = (value, path, issues) => {
  const millis = duration(value, path, issues)
  return millis === undefined ? undefined : millis * 1000
}

const limitFields: Fields<Limits> = { read: { age, count: integer(0, COUNT_MAX), bytes: readBytes } }

const workflowLimitFields: Fields<Limits> = {
  ...limitFields,
  refused: { bytes: 'is a limit of the whole file: write it in `retention.completed` or `retention.failed`' },
}

const limits = (value: unknown, path: string, issues: Issue[]): Limits => readGroup(value, path, issues, limitFields, NO_LIMITS)

const workflowLimits = (value: unknown, path: string, issues: Issue[]): Limits =>
  readGroup(value, path, issues, workflowLimitFields, NO_LIMITS)

const workflowFields: Fields<{ completed: Limits | null; failed: Limits | null }> = {
  read: { completed: workflowLimits, failed: workflowLimits },
}

const fields: Fields<Omit<ResolvedRetention, 'ordered'>> = {
  read: {
    completed: limits,
    failed: limits,
    rollups: duration,
    byWorkflow: record((value, path, issues) => readGroup(value, path, issues, workflowFields, { completed: null, failed: null })),
  },
}

/** Nothing is deleted. */
export const NO_RETENTION: ResolvedRetention = { completed: NO_LIMITS, failed: NO_LIMITS, byWorkflow: {}, rollups: ROLLUPS, ordered: false }

export const readRetention: Read<ResolvedRetention> = (value, path, issues) => {
  const read = readGroup(value, path, issues, fields, NO_RETENTION)
  const { completed, failed, byWorkflow } = read
  const all = [completed, failed, ...Object.values(byWorkflow).flatMap((of) => [of.completed, of.failed])]
  return { ...read, ordered: all.some((one) => one !== null && (one.age ?? one.count ?? one.bytes) !== null) }
}
