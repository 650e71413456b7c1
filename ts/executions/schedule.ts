// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller passes to schedule a workflow, judged. What an expression means and which time zones there are, the engine knows.

import { readOptions } from './arguments.js'
import type { Clock } from '../base/clock.js'
import { looking } from '../json/entry.js'
import { readDuration, type Duration } from '../api/duration.js'
import { ValidationError } from '../api/errors.js'
import { judgeName } from '../base/names.js'
import { describe, type Issue } from '../api/issue.js'
import { timingProblems } from '../boundary/native.js'
import type { Allowance, ConcurrencyLimit } from '../api/execution.js'
import type { Budget } from '../api/workflow.js'
import type { RunOptions } from '../run/options.js'

/** When a scheduled workflow runs: exactly one of `cron` and `every`. */
export interface WorkflowSchedule {
  /**
   * Five fields (minute, hour, day of the month, month, day of the week), or six with the second first: numbers, names (`JAN`, `MON`), `*`,
   * lists, ranges, steps, `L`, `W`, `#`. Such as `'0 2 * * MON-FRI'`.
   */
  cron?: string | undefined
  /** The time between two runs, at least 1 s; the first comes this long after creation. Restarts and long runs do not shift it. */
  every?: Duration | undefined
  /** The time zone of `cron`: an IANA name such as `'Europe/Berlin'`. Default `'UTC'`. */
  timezone?: string | undefined
  /**
   * Planned instants that passed while the orchestrator was closed: `'once'` runs the latest of them (default), `'skip'` none that is more than 1 minute
   * late, `'all'` each of the latest 100.
   */
  missed?: 'skip' | 'once' | 'all' | undefined
  /** A planned instant while an earlier execution of the schedule is active: `'allow'` runs it (default), `'skip'` leaves it out. */
  overlap?: 'allow' | 'skip' | undefined
}

/** Options of `scheduleWorkflow`. All except `id` apply to each of its executions. */
export interface ScheduleOptions {
  /** The id, 1 to 200 characters without `/`, `\`, `~` and control characters. Default: that of the workflow. */
  id?: string | undefined
  /** Limits of each execution; the workflow's own budget may be lower. */
  budget?: Budget | undefined
  /** The tenant they run for. */
  tenant?: string | undefined
  /** Order within a tenant: a whole number from -1000 to 1000, higher first. Default 0. */
  priority?: number | undefined
  /** Limits how many executions of one key and tenant run at once; the others wait. */
  concurrency?: ConcurrencyLimit | undefined
  /** The names that each execution may use. Default: all. */
  allow?: Allowance | undefined
}

/** A workflow that runs again and again. */
export interface Schedule {
  readonly id: string
  readonly workflowId: string
  /** The next planned instant; `undefined` if there is none, or the schedule was cancelled. */
  readonly next: Date | undefined
  /** Removes the schedule; executions that have begun go on. Resolves when that is on record. May be called twice. */
  cancel(): Promise<void>
}

/** A schedule and its options, judged. */
export interface ReadSchedule {
  readonly id: string | undefined
  /** JSON text, as `runtime::timing` reads it. */
  readonly timing: string
  /** What each of its executions is given. */
  readonly recorded: RunOptions
}

const ID_MAX = 200
const SCHEDULE_FIELDS = ['cron', 'every', 'timezone', 'missed', 'overlap']
const OPTIONS = ['id', 'budget', 'tenant', 'priority', 'concurrency', 'allow']
const MISSED = ['skip', 'once', 'all']
const OVERLAP = ['allow', 'skip']

/**
 * A schedule that is made by `clock`.
 *
 * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with everything that is wrong, by path.
 */
export function readSchedule(schedule: unknown, options: unknown, clock: Clock): ReadSchedule {
  return looking({ schedule, options }, '', 'the schedule cannot be kept', () => judgeSchedule(schedule, options, clock))
}

function judgeSchedule(schedule: unknown, options: unknown, clock: Clock): ReadSchedule {
  const issues: Issue[] = []
  const timing = readTiming(fieldsOf(schedule, 'schedule', SCHEDULE_FIELDS, issues), issues)
  const { id, ...others } = fieldsOf(options === undefined ? {} : options, 'options', OPTIONS, issues)
  if (id !== undefined) judgeName(id, 'options.id', issues, { most: ID_MAX })
  if (issues.length === 0) issues.push(...problemsOf(timing, clock))
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the schedule cannot be kept', issues)
  return { id: id as string | undefined, timing, recorded: readOptions(others, clock).recorded }
}

function fieldsOf(value: unknown, path: string, known: readonly string[], issues: Issue[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.push({ path, message: `must be an object, not ${describe(value)}` })
    return {}
  }
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) issues.push({ path: `${path}.${field}`, message: `is not a field; these are: ${known.join(', ')}` })
  }
  return value as Record<string, unknown>
}

function readTiming({ cron, every, timezone, missed, overlap }: Record<string, unknown>, issues: Issue[]): string {
  if ((cron === undefined) === (every === undefined) && issues.length === 0)
    issues.push({ path: 'schedule', message: 'must have either `cron` or `every`' })
  for (const [field, text] of Object.entries({ cron, timezone })) {
    if (text !== undefined && typeof text !== 'string')
      issues.push({ path: `schedule.${field}`, message: `must be a string, not ${describe(text)}` })
  }
  if (timezone !== undefined && cron === undefined && issues.length === 0)
    issues.push({ path: 'schedule.timezone', message: 'belongs to `cron`; leave it out, since `every` needs none' })
  for (const [field, word, words] of [
    ['missed', missed, MISSED],
    ['overlap', overlap, OVERLAP],
  ] as const) {
    if (word !== undefined && !words.includes(word as string))
      issues.push({
        path: `schedule.${field}`,
        message: `must be one of ${words.map((known) => `'${known}'`).join(', ')}, not ${describe(word)}`,
      })
  }
  if (missed === 'all' && overlap === 'skip')
    issues.push({ path: 'schedule.overlap', message: "'skip' would drop the runs that `missed: 'all'` catches up on; keep one of them" })
  const millis = every === undefined ? undefined : readDuration(every, 'schedule.every', issues)
  const zone = cron === undefined ? undefined : (timezone ?? 'UTC')
  return JSON.stringify({ cron, every: millis, timezone: zone, missed: missed ?? 'once', overlap: overlap ?? 'allow' })
}

function problemsOf(timing: string, clock: Clock): Issue[] {
  return timingProblems(timing, clock.now()).map(({ path, message }) => ({ path: `schedule.${path}`, message }))
}
