// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The stack of an error that a call ends with begins at the line that called: what is ours above it says nothing to its reader, and would leave no room
// for what is theirs. An error of ours that is a mistake of ours keeps its own.

import { InternalError, OrchestratorError } from '../api/errors.js'

type Callable = (this: unknown, ...given: never[]) => unknown

/** The error, seen from where `method` was called; as it was where that is not known any more, since no caller awaits it. */
export function placed(error: unknown, method: Callable): unknown {
  if (!(error instanceof OrchestratorError) || error instanceof InternalError) return error
  const place: { stack?: string } = {}
  Error.captureStackTrace(place, method)
  // Once its stack has been read Node shows the line no more, so that the error's own is not looked at.
  if (/\n\s+at /.test(place.stack ?? '')) Error.captureStackTrace(error, method)
  return error
}

/** The methods that a class has so far, but for some. */
export function methodsOf(prototype: object, ...others: readonly string[]): string[] {
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype)) as [string, PropertyDescriptor][]
  return own.flatMap(([name, { value }]) => (typeof value === 'function' && !['constructor', ...others].includes(name) ? [name] : []))
}

/** Makes methods of a class reject and throw errors that are so placed. */
export function placeErrors(prototype: object, methods: readonly string[]): void {
  for (const name of methods) {
    const own = (prototype as Readonly<Record<string, Callable>>)[name] as Callable
    const value = function (this: unknown, ...given: never[]): unknown {
      try {
        const answer: unknown = own.apply(this, given)
        return answer instanceof Promise ? awaited(answer) : answer
      } catch (error) {
        throw placed(error, value)
      }
    }
    Object.defineProperty(value, 'name', { value: name })
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true, enumerable: false })
  }
}

/** What a promise is settled with; where this one is awaited, its error is placed there. */
export async function awaited<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw placed(error, awaited as Callable)
  }
}
