// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Copies of the store while it is in use, and looks at a whole store.

import { onAbort } from '../base/abort.js'
import { OrchestratorError, ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'
import type { StoreReport } from '../api/store.js'
import type { Engine } from '../boundary/native.js'
import { storeReport } from '../boundary/store-reader.js'
import { cancelledBy } from './outcome.js'

/** Options of `backup`. */
export interface BackupOptions {
  /** Cancels it. */
  signal?: AbortSignal | undefined
}

/**
 * What a call asks for.
 *
 * @throws {ValidationError} `ERR_INVALID_ARGUMENT`
 */
function readBackup(path: unknown, options: BackupOptions): { readonly signal: AbortSignal | undefined } {
  const issues: Issue[] = []
  const refuse = (at: string, message: string): void => void issues.push({ path: at, message, code: 'ERR_INVALID_VALUE' })
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    refuse('path', `must be the path of a file to be made, not ${describe(path)}`)
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse('options.signal', `must be an AbortSignal, not ${describe(signal)}`)
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the store cannot be copied like that', issues)
  return { signal }
}

/** What it needs of the orchestrator. */
interface BackupHost {
  readonly dispatcher: { readonly engine: Engine }
  ready(): Promise<void>
  assertOpen(call?: string): void
}

/** Makes one copy at a time. */
export class Backups {
  readonly #host: BackupHost
  #last: Promise<unknown> = Promise.resolve()

  constructor(host: BackupHost) {
    this.#host = host
  }

  /** Copies the store to `path` once the copies asked for before are made. */
  async make(path: string, options: BackupOptions = {}): Promise<void> {
    const { signal } = readBackup(path, options)
    if (signal?.aborted === true) throw cancelledBy(signal)
    await this.#host.ready()
    this.#host.assertOpen('backup')
    const before = this.#last
    const made = before.then(() => this.#make(path, signal))
    this.#last = made.catch(() => {})
    await made
  }

  async #make(path: string, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw cancelledBy(signal)
    const { done, stop } = this.#host.dispatcher.engine.backup(path)
    const forget = signal === undefined ? () => {} : onAbort(signal, stop)
    try {
      await done
    } catch (error) {
      if (error instanceof OrchestratorError && error.code === 'ERR_CANCELLED' && signal !== undefined) throw cancelledBy(signal)
      throw error
    } finally {
      forget()
    }
  }
}

/**
 * Looks at a whole store, off the JavaScript thread, and names what is damaged. It changes nothing, and an orchestrator may have the store open.
 *
 * @throws {StoreError} `ERR_STORE_OPEN` if there is no such file, or it cannot be opened.
 */
export async function verifyStore(path: string): Promise<StoreReport> {
  return JSON.parse(await storeReport(path)) as StoreReport
}
