// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller passes beside a workflow, judged: context, options, filters.

import { readAllow } from '../definition/allow.js'
import type { Clock } from '../base/clock.js'
import { ValidationError } from '../api/errors.js'
import { readDuration } from '../api/duration.js'
import { describe, type Issue } from '../api/issue.js'
import { boolean, integer, oneOf, text, type Fields, type Read } from '../base/reader.js'
import { looking, noData, readCallOptions, readData } from '../json/entry.js'
import { plainJson, type Json } from '../json/json.js'
import { nearest } from '../base/near.js'
import { judgeName, refusalOfChosenName, refusalOfExecutionId } from '../base/names.js'
import type { ConcurrencyLimit, ExecuteOptions, ExecutionListFilter, ForkOptions, PruneFilter, SignalOptions } from '../api/execution.js'
import type { AgentWorkflow } from '../api/workflow.js'
import type { ExecutionSummaryFilter } from '../api/summary.js'
import type { RunOptions } from '../run/options.js'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 1000
const PRIORITY_MAX = 1000
const KEY_LIMIT_MAX = 1_000_000
const USD_MAX = 1_000_000
const STATUSES = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled']
const FILTER_FIELDS = ['workflowId', 'status', 'since', 'until', 'limit', 'cursor', 'fields']
const SUMMARY_TEXTS = ['version', 'tenant', 'errorCode', 'idPrefix'] as const
const SUMMARY_FIELDS = [...FILTER_FIELDS, ...SUMMARY_TEXTS, 'waitingFor']

/** The context of an execution as JSON data of at most so many bytes; absent, it is empty. */
export function readContext(context: unknown, bytesMax: number): { [key: string]: Json } {
  if (context === undefined) return {}
  const issues: Issue[] = []
  const copy = plainJson(context, 'context', issues, bytesMax)
  if (copy === undefined) throw noData('the context', issues)
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy))
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'the context cannot be used', [
      { path: 'context', message: `must be an object such as { userId: 7 }, not ${describe(copy)}` },
    ])
  return copy
}

/**
 * An id that a caller gave to say which execution, schedule or task is meant. JavaScript programs hand over what has the id, or an `undefined`
 * that a wrong name gave them.
 */
export function readId(id: unknown, path: string, what: string): string {
  if (typeof id === 'string') return id
  const owner = typeof id === 'object' && id !== null && typeof (id as { id?: unknown }).id === 'string'
  const way = owner ? 'pass its `id`' : `pass the \`id\` of ${what}`
  throw new ValidationError('ERR_INVALID_ARGUMENT', `${what} cannot be found`, [
    { path, message: `must be a string, not ${describe(id)}; ${way}` },
  ])
}

/** The id of an execution. */
export function readExecutionId(id: unknown): string {
  return readId(id, 'executionId', 'the execution')
}

/** The options of an execution, judged: `recorded` is what is kept with it, durations and instants in milliseconds. */
export interface ReadOptions {
  readonly signal: AbortSignal | undefined
  readonly executionId: string | undefined
  readonly idempotencyKey: string | undefined
  readonly rerunFailed: boolean
  readonly recorded: RunOptions
}

const texts = ['executionId', 'idempotencyKey', 'tenant'] as const
const OPTIONS = ['signal', 'deadline', 'budget', 'step', 'onFailed', 'priority', 'concurrency', 'allow', 'traceparent', ...texts] as const

/** What others call an option. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  timeout: "write `deadline: '30s'`, how long the whole execution may take",
  maxDuration: "write `deadline: '30s'`, how long the whole execution may take",
  id: 'write `executionId`',
  runId: 'write `executionId`',
  workflowId: 'the id of the workflow is in its definition; that of the execution is `executionId`',
  key: 'write `idempotencyKey`',
  abortSignal: 'write `signal`',
  workflow: 'only a fork goes on under another definition: `forkExecution(id, { workflow })`',
  context: 'the context is the argument before the options',
  input: 'what an execution is given is its context, the argument before the options',
  retries: 'write `retryPolicy: { maxAttempts }` into the tasks',
  retryPolicy: 'write `retryPolicy: { maxAttempts }` into the tasks',
}

function meantBy(field: string): string {
  const near = nearest(field, OPTIONS)
  if (Object.hasOwn(OTHER_WORDS, field)) return OTHER_WORDS[field] as string
  return near === undefined ? `these are: ${OPTIONS.join(', ')}` : `did you mean \`${near}\`?`
}

/** Whether it is what https://www.w3.org/TR/trace-context-2/#traceparent-header says: neither id is all zeros, and version ff is none. */
function isTraceparent(text: unknown): boolean {
  return typeof text === 'string' && /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(text)
}

/** The options of an execution that is started by `clock`. */
export function readOptions(options: ExecuteOptions | undefined, clock: Clock): ReadOptions {
  if (options === undefined) return NO_OPTIONS
  return looking(options, 'options', 'the options cannot be used', () => judgeOptions(options, clock))
}

function judgeOptions(options: ExecuteOptions, clock: Clock): ReadOptions {
  const issues: Issue[] = []
  if (typeof options !== 'object' || options === null) {
    issues.push({ path: 'options', message: `must be an object, not ${describe(options)}` })
    refuse('the options cannot be used', issues)
  }
  for (const field of Object.keys(options)) {
    if ((OPTIONS as readonly string[]).includes(field)) continue
    issues.push({ path: `options.${field}`, message: `is not an option; ${meantBy(field)}` })
  }
  const { signal, deadline, budget, step, executionId, idempotencyKey, onFailed, tenant, priority, concurrency, traceparent } = options
  const allow = options.allow === undefined ? undefined : readAllow(options.allow, issues)
  if (signal !== undefined && !(signal instanceof AbortSignal))
    issues.push({ path: 'options.signal', message: `must be an AbortSignal, not ${describe(signal)}` })
  for (const field of texts) {
    const text: unknown = options[field]
    const refusalOf = field === 'executionId' ? refusalOfExecutionId : refusalOfChosenName
    if (text !== undefined) judgeName(text, `options.${field}`, issues, { refusalOf })
  }
  if (onFailed !== undefined && onFailed !== 'join' && onFailed !== 'rerun')
    issues.push({ path: 'options.onFailed', message: `must be 'join' or 'rerun', not ${describe(onFailed)}` })
  if (executionId !== undefined && idempotencyKey !== undefined)
    issues.push({ path: 'options.executionId', message: 'cannot stand beside `idempotencyKey`; keep one of them' })
  if (step !== undefined && typeof step !== 'boolean')
    issues.push({ path: 'options.step', message: `must be true or false, not ${describe(step)}` })
  if (priority !== undefined && !(Number.isInteger(priority) && Math.abs(priority) <= PRIORITY_MAX))
    issues.push({
      path: 'options.priority',
      message: `must be a whole number from -${PRIORITY_MAX} to ${PRIORITY_MAX}, not ${describe(priority)}`,
    })
  if (traceparent !== undefined && !isTraceparent(traceparent))
    issues.push({
      path: 'options.traceparent',
      message: `must be a W3C traceparent, such as '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', not ${describe(traceparent)}`,
    })
  const recorded = {
    ...(traceparent !== undefined && { traceparent }),
    ...(priority !== undefined && { priority }),
    ...(concurrency !== undefined && { concurrency: readConcurrency(concurrency, issues) }),
    ...(allow !== undefined && { allow }),
    ...(tenant !== undefined && { tenant }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(step === true && { step }),
    ...(deadline !== undefined && { deadline: readDeadline(deadline, clock, issues) }),
    ...(budget !== undefined && { budget: readBudget(budget, issues) }),
  }
  refuse('the options cannot be used', issues)
  return { signal, executionId, idempotencyKey, rerunFailed: onFailed === 'rerun', recorded }
}

/** How a fork is asked for. */
interface ReadFork extends ReadOptions {
  /** The workflow as it was given, not judged yet. */
  readonly workflow: AgentWorkflow | undefined
  readonly dryRun: boolean
}

/** The options of a fork: as those of an execution, but that it is always a new one; if it `mends`, perhaps under another definition. */
export function readForkOptions(options: ForkOptions | undefined, clock: Clock, mends: boolean): ReadFork {
  const what = 'the options cannot be used'
  return looking(options, 'options', what, () => {
    const { workflow, dryRun, ...others } = mends ? { ...options } : ({} as ForkOptions)
    const read = readOptions(mends && typeof options === 'object' ? others : options, clock)
    const issues: Issue[] = []
    const message = 'means nothing for a fork, which is always a new execution; give an `executionId` instead'
    if (read.idempotencyKey !== undefined) issues.push({ path: 'options.idempotencyKey', message })
    if (dryRun !== undefined && typeof dryRun !== 'boolean')
      issues.push({ path: 'options.dryRun', message: `must be true or false, not ${describe(dryRun)}` })
    refuse(what, issues)
    return { ...read, workflow, dryRun: dryRun === true }
  })
}

/** Where a fork begins: at a task, or wherever the new definition in its options makes it. */
export function readForkStart(
  start: unknown,
  options: ForkOptions | undefined,
): { from: readonly string[]; options: ForkOptions | undefined } {
  return looking(start, 'fromTask', 'the execution cannot be forked', () => {
    const isOptions = typeof start === 'object' && start !== null && !('id' in start) && (start as ForkOptions).workflow !== undefined
    return isOptions ? { from: [], options: start as ForkOptions } : { from: [readId(start, 'fromTask', 'the task')], options }
  })
}

const NO_OPTIONS: ReadOptions = { signal: undefined, executionId: undefined, idempotencyKey: undefined, rerunFailed: false, recorded: {} }

function readConcurrency(concurrency: unknown, issues: Issue[]): ConcurrencyLimit {
  const path = 'options.concurrency'
  const given = typeof concurrency === 'object' && concurrency !== null ? (concurrency as Partial<ConcurrencyLimit>) : undefined
  if (given === undefined)
    issues.push({ path, message: `must be an object such as { key: 'customer 7', limit: 1 }, not ${describe(concurrency)}` })
  const { key, limit, ...others } = given ?? { key: '-', limit: 1 }
  for (const field of Object.keys(others)) issues.push({ path: `${path}.${field}`, message: 'is not an option; these are: key, limit' })
  judgeName(key, `${path}.key`, issues, { refusalOf: refusalOfChosenName })
  if (!Number.isInteger(limit) || (limit as number) < 1 || (limit as number) > KEY_LIMIT_MAX)
    issues.push({ path: `${path}.limit`, message: `must be a whole number from 1 to ${KEY_LIMIT_MAX}, not ${describe(limit)}` })
  return { key: key as string, limit: limit as number }
}

function readDeadline(deadline: unknown, clock: Clock, issues: Issue[]): number | undefined {
  if (deadline instanceof Date) {
    if (Number.isNaN(deadline.getTime())) issues.push({ path: 'options.deadline', message: 'is an invalid Date; check how it was parsed' })
    return deadline.getTime()
  }
  const millis = readDuration(deadline, 'options.deadline', issues)
  return millis === undefined ? undefined : Math.floor(clock.now() / 1000) + millis
}

function readBudget(budget: unknown, issues: Issue[]): { [field: string]: number } {
  if (typeof budget !== 'object' || budget === null) {
    issues.push({ path: 'options.budget', message: `must be an object such as { tasks: 10, time: '5m' }, not ${describe(budget)}` })
    return {}
  }
  const { tasks, time, usd, tokens, calls, ...others } = budget as { [field: string]: unknown }
  for (const field of Object.keys(others))
    issues.push({ path: `options.budget.${field}`, message: 'is not an option; these are: tasks, time, usd, tokens, calls' })
  for (const [field, count, what] of [
    ['tasks', tasks, 'attempts'],
    ['tokens', tokens, 'tokens'],
    ['calls', calls, 'calls'],
  ] as const) {
    if (count !== undefined && (!Number.isSafeInteger(count) || (count as number) < 0))
      issues.push({ path: `options.budget.${field}`, message: `must be a whole number of ${what}, 0 or more, not ${describe(count)}` })
  }
  if (usd !== undefined && !(typeof usd === 'number' && usd >= 0 && usd <= USD_MAX))
    issues.push({ path: 'options.budget.usd', message: `must be an amount of US dollars from 0 to ${USD_MAX}, not ${describe(usd)}` })
  const millis = time === undefined ? undefined : readDuration(time, 'options.budget.time', issues)
  const counts = Object.entries({ tasks, usd, tokens, calls }).filter(([, count]) => count !== undefined)
  return { ...Object.fromEntries(counts), ...(millis !== undefined && { time: millis }) }
}

/** The payload of a signal as JSON text of at most so many bytes. */
export function readPayload(payload: unknown, bytesMax: number): string {
  return JSON.stringify(readData(payload, 'payload', 'the payload of the signal', bytesMax))
}

/** The name of a signal and where it goes. */
export function readSignal(name: unknown, options: SignalOptions | undefined): { name: string; path: string | null } {
  return looking(options, 'options', 'the signal cannot be sent', () => {
    const issues: Issue[] = []
    const path: unknown = options?.path
    judgeName(name, 'name', issues, { most: Infinity })
    if (path !== undefined) judgeName(path, 'options.path', issues, { most: Infinity })
    refuse('the signal cannot be sent', issues)
    return { name: name as string, path: (path as string | undefined) ?? null }
  })
}

/** Why an execution is to stop, if somebody says why. */
export function readReason(reason: unknown): string | undefined {
  if (reason === undefined || reason === null) return undefined
  if (typeof reason === 'string') return reason.toWellFormed()
  throw new ValidationError('ERR_INVALID_ARGUMENT', 'the execution cannot be cancelled', [
    { path: 'reason', message: `must be a string, not ${describe(reason)}` },
  ])
}

/** Whether a filter asks for summaries. What is no filter is judged as one of whole executions. */
export function asksSummaries(filter: unknown): filter is ExecutionSummaryFilter {
  return looking(filter, 'filter', 'the filter cannot be used', () => {
    return typeof filter === 'object' && filter !== null && (filter as { fields?: unknown }).fields === 'summary'
  })
}

/** A filter with its limit settled. */
export function readFilter(filter: ExecutionListFilter | undefined): ExecutionListFilter & { limit: number } {
  return looking(filter, 'filter', 'the filter cannot be used', () => {
    const issues: Issue[] = []
    const given: { [field: string]: unknown } = typeof filter === 'object' && filter !== null ? { ...filter } : {}
    if (filter !== undefined && (typeof filter !== 'object' || filter === null))
      issues.push({ path: 'filter', message: `must be an object, not ${describe(filter)}` })
    if (given['fields'] !== undefined)
      issues.push({ path: 'filter.fields', message: `must be 'summary', or absent for whole executions, not ${describe(given['fields'])}` })
    const more = Object.keys(given).filter((field) => !FILTER_FIELDS.includes(field) && SUMMARY_FIELDS.includes(field))
    for (const field of more) issues.push({ path: `filter.${field}`, message: "is a filter of summaries only: add `fields: 'summary'`" })
    const judged = judgeFilter(given, [...FILTER_FIELDS, ...more], issues)
    refuse('the filter cannot be used', issues)
    return judged
  })
}

/** A filter of summaries with its limit settled. */
export function readSummaryFilter(filter: ExecutionSummaryFilter): ExecutionSummaryFilter & { limit: number } {
  return looking(filter, 'filter', 'the filter cannot be used', () => {
    const issues: Issue[] = []
    const given = { ...filter }
    const judged = judgeFilter(given, SUMMARY_FIELDS, issues)
    for (const field of SUMMARY_TEXTS) judgeText(given, field, issues)
    const { waitingFor } = filter
    if (waitingFor !== undefined && !isWait(waitingFor))
      issues.push({
        path: 'filter.waitingFor',
        message: `must be 'signal', 'agent', 'timer', { signal: 'its name' } or { agent: 'its name' }, not ${describe(waitingFor)}`,
      })
    refuse('the filter cannot be used', issues)
    return { ...(judged as Omit<ExecutionSummaryFilter, 'fields'> & { limit: number }), fields: 'summary' }
  })
}

function isWait(wait: unknown): boolean {
  if (typeof wait !== 'object' || wait === null) return wait === 'signal' || wait === 'agent' || wait === 'timer'
  const fields = Object.entries(wait)
  return fields.length === 1 && fields.every(([kind, name]) => (kind === 'signal' || kind === 'agent') && typeof name === 'string')
}

function judgeFilter(
  given: { [field: string]: unknown },
  fields: readonly string[],
  issues: Issue[],
): ExecutionListFilter & { limit: number } {
  for (const field of Object.keys(given)) {
    if (!fields.includes(field)) issues.push({ path: `filter.${field}`, message: `is not a filter; these are: ${fields.join(', ')}` })
  }
  const { limit = LIMIT_DEFAULT, status } = given
  if (!Number.isInteger(limit) || (limit as number) < 1 || (limit as number) > LIMIT_MAX)
    issues.push({ path: 'filter.limit', message: `must be a whole number from 1 to ${LIMIT_MAX}, not ${describe(limit)}` })
  if (status !== undefined && !STATUSES.includes(status as string))
    issues.push({ path: 'filter.status', message: `must be one of ${STATUSES.join(', ')}, not ${describe(status)}` })
  for (const field of ['since', 'until'] as const) {
    const instant = given[field]
    if (instant !== undefined && !(instant instanceof Date && !Number.isNaN(instant.getTime())))
      issues.push({ path: `filter.${field}`, message: `must be a valid Date, not ${describe(instant)}` })
  }
  for (const field of ['workflowId', 'cursor'] as const) judgeText(given, field, issues)
  return { ...given, limit: limit as number }
}

function judgeText(given: { [field: string]: unknown }, field: string, issues: Issue[]): void {
  const text = given[field]
  if (text !== undefined && typeof text !== 'string')
    issues.push({ path: `filter.${field}`, message: `must be a string, not ${describe(text)}` })
}

const date: Read<Date> = (value, path, issues) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value
  issues.push({ path, message: `must be a valid Date, not ${describe(value)}` })
  return undefined
}

/** What `pruneExecutions` is given. */
export function readPruning(given: unknown, options: unknown): { readonly filter: PruneFilter; readonly dryRun: boolean } {
  const what = 'executions cannot be pruned like that'
  const status = oneOf('completed', 'failed', 'cancelled')
  const fields = { workflowId: text, status, endedBefore: date, keep: integer(0, 2 ** 32 - 1) }
  const filter = readCallOptions<PruneFilter>(given, 'filter', what, fields as Fields<PruneFilter>['read'], {})
  if (Object.keys(filter).length === 0) {
    const message = 'must say which, by `workflowId`, `status`, `endedBefore` or `keep`; `{ keep: 0 }` is all that have ended'
    throw new ValidationError('ERR_INVALID_ARGUMENT', what, [{ path: 'filter', message }])
  }
  return { filter, ...readCallOptions<{ dryRun: boolean }>(options, 'options', what, { dryRun: boolean }, { dryRun: false }) }
}

function refuse(what: string, issues: Issue[]): void {
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', what, issues)
}
