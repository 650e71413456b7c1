// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An error that was only kept, as an error again.

import { errorOf, ValidationError, type ErrorOptions, type OrchestratorError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { KeptCause, KeptDetails } from './kept.js'

const NATIVE: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

/** What was kept of a failure. */
export interface Kept {
  readonly code: string
  readonly message: string
  readonly details?: KeptDetails | undefined
  readonly retryable?: boolean
}

/** The error of a failure: one of ours in its own class, if its code is ours and `isOurs` does not say that it was another's. */
export function restored({ code, message, details = {}, retryable }: Kept, options: ErrorOptions = {}, isOurs: boolean = true): Error {
  const cause = details.cause === undefined ? undefined : causeOf(details.cause)
  const own =
    isOurs && code.startsWith('ERR_') && code !== 'ERR_AGENT'
      ? ourOwn({ code, message, details, ...(retryable !== undefined && { retryable }) }, { ...options, cause })
      : undefined
  if (own !== undefined) return own
  const error = native(details, message)
  if (cause !== undefined) define(error, 'cause', cause)
  if (details.errors !== undefined) define(error, 'errors', details.errors.map(causeOf))
  if (details.name !== undefined) define(error, 'name', details.name)
  if (details.stack !== undefined) define(error, 'stack', details.stack)
  // An error of ours that was another's has no code of its own here.
  return Object.assign(error, isOurs && code !== '' && { code }, details.issues !== undefined && { issues: details.issues }, details.fields)
}

function ourOwn({ code, message, details = {}, retryable }: Kept, options: ErrorOptions): OrchestratorError | undefined {
  const { fields = {}, issues } = details
  const given = { ...options, retryable, details: (fields['details'] ?? details) as Record<string, unknown> }
  const known = errorOf(code, message, given)
  if (known.code !== code) return undefined
  // Its message lists the issues already.
  const error = Array.isArray(issues)
    ? Object.assign(new ValidationError(known.code, '', issues as unknown as Issue[], given), { message })
    : known
  if (details.stack !== undefined) define(error, 'stack', details.stack)
  for (const [name, value] of Object.entries(fields)) if (name !== 'details') Object.assign(error, { [name]: value })
  return error
}

function causeOf(kept: KeptCause): unknown {
  if (kept.value !== undefined) return kept.value
  const { code = '', message = '', ...details } = kept
  return restored({ code, message, details })
}

function native({ name = '', errors }: KeptDetails, message: string): Error {
  if (errors !== undefined) return new AggregateError([], message)
  const Native = Object.hasOwn(NATIVE, name) ? (NATIVE[name] as new (message: string) => Error) : Error
  return new Native(message)
}

/** As an error has its own: not enumerable. */
function define(error: Error, field: string, value: unknown): void {
  Object.defineProperty(error, field, { value, writable: true, enumerable: false, configurable: true })
}
