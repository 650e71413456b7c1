// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What attempts need of what traces executions.

import type { Run } from './run.js'

/** Traces executions, if they are traced. */
export interface AttemptTracing {
  /** In which trace whoever calls now is; `undefined`: in none. */
  callers(): string | undefined
  /** An execution begins to be dispatched. */
  begun(run: Run): void
  /** Calls the agent of an attempt. */
  call<T>(run: Run, path: string, attempt: number, call: () => T): T
  /** The `traceparent` of what an attempt calls. */
  traceparent(run: Run, path: string, attempt: number): string
}
