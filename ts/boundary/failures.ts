// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What Rust throws, or answers instead, gets its class back.

import { errorOf, type OrchestratorError } from '../api/errors.js'

/** A failure of a question, as data. */
interface NativeFailure {
  readonly code: string
  readonly message: string
  /** The messages of its causes, outermost first. */
  readonly causes: readonly string[]
}

/** What passes by itself. */
const RETRYABLE: ReadonlySet<string> = new Set(['ERR_STORE_BUSY', 'ERR_STORE_FULL', 'ERR_STORE_UNAVAILABLE'])

/** What `work` gives; what Rust throws is an `OrchestratorError`. */
export function attempt<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw converted(error)
  }
}

/** What Rust threw. */
export function converted(error: unknown): OrchestratorError {
  const { code, message, cause } = error as { code?: unknown; message: string; cause?: unknown }
  // What is ours says everything itself; anything else is kept whole.
  const known = typeof code === 'string' && code.startsWith('ERR_')
  return errorOf(String(code), message, { cause: cause ?? (known ? undefined : error), retryable: RETRYABLE.has(String(code)) })
}

/** What Rust answered instead; `details` are JSON text. */
export function rebuilt({ code, message, causes }: NativeFailure, details?: string): OrchestratorError {
  const cause = causes.reduceRight<Error | undefined>((inner, text) => new Error(text, inner && { cause: inner }), undefined)
  const told = details === undefined ? undefined : (JSON.parse(details) as Record<string, unknown>)
  return errorOf(code, message, { cause, details: told, retryable: RETRYABLE.has(code) })
}

/** What was asked of Rust, as text. Rejects with an `OrchestratorError`. */
export async function answerOf(asked: Promise<{ failure?: NativeFailure; text?: string }>): Promise<string> {
  const { failure, text } = await asked
  if (failure) throw rebuilt(failure, text)
  return text ?? ''
}

/** An answer, unless it says why there is none. */
export function whole<T extends { failure?: NativeFailure | undefined }>({ failure, ...answer }: T): Omit<T, 'failure'> {
  if (failure) throw rebuilt(failure)
  return answer
}
