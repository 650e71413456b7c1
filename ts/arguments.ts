// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller passes beside a workflow, judged: context, options, filters.

import { ValidationError } from './errors.js'
import type { Issue } from './issue.js'
import { plainJson, type Json } from './json.js'
import type { ExecuteOptions, ExecutionListFilter } from './workflow.js'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 1000
const STATUSES = ['pending', 'running', 'paused', 'completed', 'failed', 'cancelled']
const FILTER_FIELDS = ['workflowId', 'status', 'since', 'until', 'limit', 'cursor']
const OPTIONS_LATER = ['priority', 'deadline', 'budget', 'tenant', 'idempotencyKey', 'executionId']

/** The context of an execution as JSON data; absent, it is empty. */
export function readContext(context: unknown): { [key: string]: Json } {
  if (context === undefined) return {}
  const issues: Issue[] = []
  if (typeof context !== 'object' || context === null || Array.isArray(context)) {
    issues.push({ path: 'context', message: 'must be an object' })
  }
  const copy = issues.length === 0 ? plainJson(context, 'context', issues) : undefined
  if (copy === undefined)
    throw new ValidationError(notJson(issues) ? 'ERR_NOT_JSON' : 'ERR_INVALID_ARGUMENT', 'the context cannot be used', issues)
  return copy as { [key: string]: Json }
}

/** The options of an execution. */
export function readOptions(options: ExecuteOptions | undefined): ExecuteOptions {
  if (options === undefined) return {}
  const issues: Issue[] = []
  if (typeof options !== 'object' || options === null) issues.push({ path: 'options', message: 'must be an object' })
  else {
    for (const field of Object.keys(options)) {
      if (field === 'signal') continue
      const message = OPTIONS_LATER.includes(field) ? 'is not supported yet; leave it out' : 'is not an option; `signal` is'
      issues.push({ path: `options.${field}`, message, ...(OPTIONS_LATER.includes(field) && { code: 'ERR_NOT_SUPPORTED' }) })
    }
    if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
      issues.push({ path: 'options.signal', message: 'must be an AbortSignal' })
    }
  }
  refuse('the options cannot be used', issues)
  return options
}

/** A filter with its limit settled. */
export function readFilter(filter: ExecutionListFilter | undefined): ExecutionListFilter & { limit: number } {
  const issues: Issue[] = []
  const given: ExecutionListFilter = typeof filter === 'object' && filter !== null ? filter : {}
  if (filter !== undefined && given !== filter) issues.push({ path: 'filter', message: 'must be an object' })
  for (const field of Object.keys(given)) {
    if (!FILTER_FIELDS.includes(field))
      issues.push({ path: `filter.${field}`, message: `is not known; these are: ${FILTER_FIELDS.join(', ')}` })
  }
  const { limit = LIMIT_DEFAULT, status } = given
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    issues.push({ path: 'filter.limit', message: `must be a whole number from 1 to ${LIMIT_MAX}` })
  if (status !== undefined && !STATUSES.includes(status))
    issues.push({ path: 'filter.status', message: `must be one of ${STATUSES.join(', ')}` })
  for (const field of ['since', 'until'] as const) {
    const instant = given[field]
    if (instant !== undefined && !(instant instanceof Date && !Number.isNaN(instant.getTime())))
      issues.push({ path: `filter.${field}`, message: 'must be a valid Date' })
  }
  for (const field of ['workflowId', 'cursor'] as const) {
    if (given[field] !== undefined && typeof given[field] !== 'string') issues.push({ path: `filter.${field}`, message: 'must be a text' })
  }
  refuse('the filter cannot be used', issues)
  return { ...given, limit }
}

function refuse(what: string, issues: Issue[]): void {
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', what, issues)
}

function notJson(issues: readonly Issue[]): boolean {
  return issues.some(({ code }) => code === 'ERR_NOT_JSON')
}
