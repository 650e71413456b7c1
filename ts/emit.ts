// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Events whose listeners cannot harm who announces them.

import type { EventEmitter } from 'node:events'
import { OrchestratorError } from './errors.js'
import { messageOf } from './failure.js'

/** Calls every listener of an event. One that throws, or rejects, is warned of and harms nobody. */
export function emitSafely(emitter: EventEmitter, name: string, payload: readonly unknown[]): void {
  for (const listener of emitter.rawListeners(name)) {
    try {
      const answer: unknown = Reflect.apply(listener, emitter, payload)
      if (answer instanceof Promise) answer.catch((error: unknown) => warn(name, error))
    } catch (error) {
      warn(name, error)
    }
  }
}

function warn(name: string, cause: unknown): void {
  const message = `a listener of '${name}' failed: ${messageOf(cause)}`
  process.emitWarning(new OrchestratorError('ERR_LISTENER', message, { cause }))
}
