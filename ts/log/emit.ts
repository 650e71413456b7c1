// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Events whose listeners cannot harm who announces them.

import type { EventEmitter } from 'node:events'
import { OrchestratorError } from '../api/errors.js'
import { messageOf } from '../failure/failure.js'
import type { Log } from './log.js'

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
