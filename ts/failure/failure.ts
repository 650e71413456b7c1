// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is kept of a thrown value. It may be anything, and looking at it may throw.

import { OrchestratorError } from '../api/errors.js'
import { detailsOf, memberOf, type KeptDetails } from './kept.js'

const MESSAGE_LENGTH_MAX = 10_000

/** A failure as the engine reads it. */
export interface Failure {
  /** `ERR_AGENT` if it had none of its own. */
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  /** The shortest wait before another attempt. */
  readonly retryAfterMs?: number
  /** What else it had: its own code, name, stack, issues, causes and fields. */
  readonly details: KeptDetails
}

/** What a thrown value says. */
export function messageOf(thrown: unknown): string {
  // Even to ask a hostile value what it is may throw.
  try {
    if (typeof thrown === 'string') return thrown
    if (thrown instanceof Error || OrchestratorError.isInstance(thrown)) return String(thrown.message)
    const message = memberOf(thrown, 'message')
    return typeof message === 'string' && message !== '' ? message : `threw ${String(thrown)}`
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
  const details = detailsOf(thrown)
  return {
    code: details.code ?? 'ERR_AGENT',
    message: messageOf(thrown).slice(0, MESSAGE_LENGTH_MAX).toWellFormed(),
    retryable: memberOf(thrown, 'retryable') !== false,
    ...retryAfter(memberOf(thrown, 'retryAfterMs')),
    details,
  }
}

/** The shortest wait before another attempt, if whoever refused said so. */
function retryAfter(value: unknown): { retryAfterMs?: number } {
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? { retryAfterMs: value } : {}
}
