// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Events whose listeners cannot harm who announces them.

import type { EventEmitter } from 'node:events'
import { OrchestratorError } from '../api/errors.js'
import { messageOf } from '../failure/failure.js'
import type { Log } from './log.js'
import { nearest } from '../base/near.js'

/** Calls every listener of an event. One that throws, or rejects, is logged and harms nobody. */
export function emitSafely(log: Log, emitter: EventEmitter, name: string, payload: readonly unknown[]): void {
  for (const listener of emitter.rawListeners(name)) {
    try {
      const answer: unknown = Reflect.apply(listener, emitter, payload)
      if (answer instanceof Promise) answer.catch((error: unknown) => tell(log, name, error))
    } catch (error) {
      tell(log, name, error)
    }
  }
}

function tell(log: Log, name: string, cause: unknown): void {
  const message = `a listener of '${name}' failed: ${messageOf(cause)}`
  const err = new OrchestratorError('ERR_LISTENER', message, { cause })
  log.error({ event: 'listener:failed', code: err.code, err }, message)
}

/** What others call an event. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  error: "what fails is announced as 'workflow:failed' and 'task:failed'",
  failed: "what fails is announced as 'workflow:failed' and 'task:failed'",
  'workflow:error': "write 'workflow:failed'",
  'workflow:finished': "write 'workflow:completed', 'workflow:failed' and 'workflow:cancelled'",
  'workflow:ended': "write 'workflow:completed', 'workflow:failed' and 'workflow:cancelled'",
  'task:error': "write 'task:failed'",
  'task:finished': "write 'task:completed', 'task:failed', 'task:skipped' and 'task:cancelled'",
  'task:ended': "write 'task:completed', 'task:failed', 'task:skipped' and 'task:cancelled'",
  'task:retry': "write 'task:retrying'",
  complete: "write 'workflow:completed'",
  completed: "write 'workflow:completed'",
  start: "write 'workflow:started'",
}

const OF_EMITTERS = ['newListener', 'removeListener']

/** Warns, once for each, of a listener for an event that `known` has not: it would never be called. `method` is what adds it. */
export function warnOfEvent(log: Log, name: string | symbol, known: readonly string[], method: (...given: never[]) => unknown): void {
  // What is no text is for the emitter to judge.
  if (typeof name !== 'string' || known.includes(name) || OF_EMITTERS.includes(name)) return
  const near = nearest(name, known)
  const instead = Object.hasOwn(OTHER_WORDS, name)
    ? OTHER_WORDS[name]
    : near === undefined
      ? `there are: ${known.join(', ')}`
      : `did you mean '${near}'?`
  const place: { stack?: string } = {}
  Error.captureStackTrace(place, method)
  const line = /\n\s+(at (?!.*\(node:).*)/.exec(place.stack ?? '')?.[1]
  const message = `there is no event '${name}', so its listener is never called; ${instead}${line === undefined ? '' : ` (${line})`}`
  log.warnOnce({ event: 'listener:unknown', code: 'ERR_LISTENER' }, message, `event ${name}`)
}
