// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is kept of a thrown value. It may be anything, and looking at it may throw.

import { OrchestratorError } from './errors.js'
import { plainJson, type Json } from './json.js'

const MESSAGE_LENGTH_MAX = 10_000
const STACK_LENGTH_MAX = 10_000

/** A failure as the engine reads it. */
export interface Failure {
  /** `ERR_AGENT` if it had none of its own. */
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  /** The shortest wait before another attempt. */
  readonly retryAfterMs?: number
  /** Its own code, name, stack and issues, where it had them. */
  readonly details: Readonly<Record<string, Json>>
}

/** What a thrown value says. */
export function messageOf(thrown: unknown): string {
  // Even to ask a hostile value what it is may throw.
  try {
    if (thrown instanceof Error || OrchestratorError.isInstance(thrown)) return String(thrown.message)
    return typeof thrown === 'string' ? thrown : `threw ${String(thrown)}`
  } catch {
    return 'threw a value that cannot be shown'
  }
}

/** What was thrown, as the journal keeps it. */
export function failureText(thrown: unknown): string {
  return JSON.stringify(failureOf(thrown))
}

/** What was thrown, as JSON data. Reading a hostile value must not throw either. */
export function failureOf(thrown: unknown): Failure {
  const read = (field: string): unknown => {
    try {
      return (thrown as Record<string, unknown> | null | undefined)?.[field]
    } catch {
      return undefined
    }
  }
  const text = (field: string, max: number): string | undefined => {
    const value = read(field)
    return typeof value === 'string' && value !== '' ? value.slice(0, max).replace(/\p{Surrogate}/gu, '\uFFFD') : undefined
  }
  const details: Record<string, Json> = {}
  for (const [field, max] of [
    ['code', 200],
    ['name', 200],
    ['stack', STACK_LENGTH_MAX],
  ] as const) {
    const value = text(field, max)
    if (value !== undefined) details[field] = value
  }
  const issues = read('issues')
  const plainIssues = Array.isArray(issues) ? plainJson(issues, 'issues', []) : undefined
  if (plainIssues !== undefined) details['issues'] = plainIssues
  return {
    code: text('code', 200) ?? 'ERR_AGENT',
    message: messageOf(thrown)
      .slice(0, MESSAGE_LENGTH_MAX)
      .replace(/\p{Surrogate}/gu, '\uFFFD'),
    retryable: read('retryable') !== false,
    ...retryAfter(read('retryAfterMs')),
    details,
  }
}

/** The shortest wait before another attempt, if whoever refused said so. */
function retryAfter(value: unknown): { retryAfterMs?: number } {
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? { retryAfterMs: value } : {}
}
