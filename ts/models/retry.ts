// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How often a call of a task is tried, as the addon reads it.

import { readDuration, type Duration } from '../api/duration.js'
import type { RetryPolicy } from '../api/task.js'
import type { Json } from '../json/json.js'

/** The wait after the first failed attempt of a task whose policy says nothing of it. */
const TASK_DELAY_MS = 1000

/** A task's own policy replaces ours: there is one owner of retries. */
export function retryOf(policy: RetryPolicy | undefined): Record<string, Json> {
  if (policy === undefined) return {}
  const { maxAttempts, backoffType = 'fixed', initialDelay = TASK_DELAY_MS, maxDelay, jitter = 0 } = policy
  // It was judged with its workflow.
  const millis = (delay: Duration): number => readDuration(delay, '', []) ?? TASK_DELAY_MS
  return {
    maxAttempts,
    growth: backoffType,
    jitter: Number(jitter),
    initialDelayMs: millis(initialDelay),
    maxDelayMs: maxDelay === undefined ? Number.MAX_SAFE_INTEGER : millis(maxDelay),
  }
}
