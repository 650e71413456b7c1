// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the dispatcher tells the orchestrator, and asks of it.

import type { OrchestratorError } from '../api/errors.js'
import type { ExecutionEffect, ScheduleEffect, StoreEffect } from '../boundary/native.js'
import type { Json } from '../json/json.js'
import type { Caller } from '../models/integration.js'
import type { ModelCalls } from '../api/models.js'
import type { ChildEnd } from './attempt-runner.js'
import type { AttemptTracing } from '../run/attempt-tracing.js'
import type { Run } from '../run/run.js'
import type { LiveAttempt } from '../run/attempt.js'

/** What the dispatcher tells the orchestrator. */
export interface DispatcherHost {
  readonly tracing: AttemptTracing | undefined
  /** What is on record of a run. The view of the effect, here and below, moves on after the call. */
  notice(effect: ExecutionEffect, run: Run): void
  ended(run: Run): void
  /** It is not on record, and where it would be another process drives: it is begun there. False if there is no other. */
  again(run: Run): boolean
  /** It is not driven here any more, and has not ended. */
  letGo(run: Run): void
  /** What there is of an execution that is parked. */
  parked(effect: ExecutionEffect): void
  schedule(effect: ScheduleEffect): void
  /** The store failed: nothing more will be recorded. */
  failed(error: OrchestratorError): void
  store(effect: StoreEffect): void
  /** The store has alerts. */
  alerted(): void
  /** An attempt told how far it is. */
  progress(run: Run, instance: number, attempt: number, data: unknown): void
  /** Runs the workflow of a task as an execution of its own; resolves with how it completed. */
  child(run: Run, instance: number, attempt: LiveAttempt, data: Json | undefined): Promise<ChildEnd>
  /** Calls of models on the account of an attempt. */
  models(caller: Caller): ModelCalls
  /** A live execution. */
  find(id: string): Run | undefined
}
