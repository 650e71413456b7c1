// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller passes to schedule a workflow, judged. What an expression means and which time zones there are, the engine knows.

import { readOptions } from './arguments.js'
import type { Clock } from '../base/clock.js'
import { looking } from '../json/entry.js'
import { readDuration, type Duration } from '../api/duration.js'
import { ValidationError } from '../api/errors.js'
import { judgeName } from '../base/names.js'
import type { Issue } from '../api/issue.js'
import { timingProblems } from '../boundary/native.js'
import type { Allowance, ConcurrencyLimit } from '../api/execution.js'
import type { Budget } from '../api/workflow.js'
import type { RunOptions } from '../run/options.js'

/** When a workflow runs again and again: by exactly one of `cron` and `every`. */
export interface WorkflowSchedule {
  /**
   * Five fields (minute, hour, day of the month, month, day of the week), or six with the second first: numbers, names (`JAN`, `MON`), `*`,
   * lists, ranges, steps, `L`, `W`, `#`. Such as `'0 2 * * MON-FRI'`.
   */
  cron?: string | undefined
  /** So long after each other, at least 1 s, the first one after its creation. Neither a restart nor a run that takes long shifts them. */
  every?: Duration | undefined
  /** Whose clocks `cron` is about: an IANA name such as `'Europe/Berlin'`. Default `'UTC'`. */
  timezone?: string | undefined
  /**
   * What is done about planned instants that passed while nobody looked: `'once'` runs the latest of them for all (default), `'skip'`
   * none that is more than 1 minute late, `'all'` the latest 100, each.
   */
  missed?: 'skip' | 'once' | 'all' | undefined
  /** What an instant does that comes while an earlier execution of the schedule has not ended: runs (`'allow'`, default), or is left out. */
  overlap?: 'allow' | 'skip' | undefined
}

/** Options of `scheduleWorkflow`. All but `id` are those of each of its executions. */
export interface ScheduleOptions {
  /** Its id, 1 to 200 letters without `/`, `\`, `~` and control characters. Default: the workflow's. */
  id?: string | undefined
  /** What each execution may use; the workflow's own budget may be less. */
  budget?: Budget | undefined
  /** On whose behalf they run. */
  tenant?: string | undefined
  /** Who of a tenant has a place first: a whole number from -1000 to 1000, higher first. Default 0. */
  priority?: number | undefined
  /** At most so many executions of one key and tenant run at once; the others wait. */
  concurrency?: ConcurrencyLimit | undefined
  /** What each may use. Default: everything. */
  allow?: Allowance | undefined
}

/** A workflow that runs again and again. */
export interface Schedule {
  readonly id: string
  readonly workflowId: string
  /** The next planned instant; `undefined` if there is none any more, or the schedule has been cancelled. */
  readonly next: Date | undefined
  /** Removes it; executions that have begun go on. Resolves when that is on record, also if it was removed before. */
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
    issues.push({ path, message: 'must be an object' })
    return {}
  }
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) issues.push({ path: `${path}.${field}`, message: `is not known; these are: ${known.join(', ')}` })
  }
  return value as Record<string, unknown>
}

function readTiming({ cron, every, timezone, missed, overlap }: Record<string, unknown>, issues: Issue[]): string {
  if ((cron === undefined) === (every === undefined) && issues.length === 0)
    issues.push({ path: 'schedule', message: 'must have one of `cron` and `every`, and not both' })
  for (const [field, text] of Object.entries({ cron, timezone })) {
    if (text !== undefined && typeof text !== 'string') issues.push({ path: `schedule.${field}`, message: 'must be a text' })
  }
  if (timezone !== undefined && cron === undefined && issues.length === 0)
    issues.push({ path: 'schedule.timezone', message: 'is about the clocks of `cron`; leave it out, `every` needs none' })
  for (const [field, word, words] of [
    ['missed', missed, MISSED],
    ['overlap', overlap, OVERLAP],
  ] as const) {
    if (word !== undefined && !words.includes(word as string))
      issues.push({ path: `schedule.${field}`, message: `must be one of ${words.map((known) => `'${known}'`).join(', ')}` })
  }
  if (missed === 'all' && overlap === 'skip')
    issues.push({ path: 'schedule.overlap', message: "would leave out what `missed: 'all'` makes up for; keep one of them" })
  const millis = every === undefined ? undefined : readDuration(every, 'schedule.every', issues)
  const zone = cron === undefined ? undefined : (timezone ?? 'UTC')
  return JSON.stringify({ cron, every: millis, timezone: zone, missed: missed ?? 'once', overlap: overlap ?? 'allow' })
}

function problemsOf(timing: string, clock: Clock): Issue[] {
  return timingProblems(timing, clock.now()).map(({ path, message }) => ({ path: `schedule.${path}`, message }))
}
