// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is on record and cannot be read: it is shown for what it is, and told once. Everything else goes on.

import { dateOf } from '../base/clock.js'
import type { WorkflowExecution } from '../api/execution.js'
import type { Alerts } from '../events/alerts.js'
import { resourceUsageOf } from '../models/account.js'

/** What is known of an execution that cannot be read, as `runtime::archive` writes it. */
export interface DamagedText {
  readonly id: string
  /** Why. */
  readonly damaged: string
  readonly workflowId: string | null
  /** In microseconds. */
  readonly startedAt: number | null
}

/** An execution or a schedule that could not be taken up. */
interface LeftAlone {
  readonly id: string
  readonly isSchedule: boolean
  readonly message: string
}

export const isDamaged = (stored: object): stored is DamagedText => 'damaged' in stored

/** What there is to see of an execution that cannot be read. */
export function damagedExecution({ id, damaged, workflowId, startedAt }: DamagedText): WorkflowExecution {
  const none = { total: 0, completed: 0, failed: 0, skipped: 0, cancelled: 0 }
  return {
    id,
    workflowId: workflowId ?? '',
    status: 'damaged',
    startTime: dateOf(startedAt ?? 0),
    context: {},
    tasks: [],
    results: {},
    metrics: { duration: 0, tasks: none, attempts: 0, resourceUsage: resourceUsageOf({}) },
    error: { code: 'ERR_STORE_CORRUPT', message: damaged, taskId: '' },
  }
}

const DAMAGED = {
  rule: 'store:damaged',
  type: 'error',
  severity: 'high',
  title: 'Something in the store cannot be read',
} as const

/** Tells once of each that it is left alone: no agent of it is called, its id and its key are not free, and what is asked of it rejects. */
export function tellDamaged(alerts: Alerts, found: readonly LeftAlone[]): void {
  for (const { id, isSchedule, message } of found)
    alerts.raise({
      ...DAMAGED,
      begins: true,
      description: `${message}; it is left alone, and everything else goes on`,
      ...(isSchedule ? { scheduleId: id } : { executionId: id }),
    })
}

/** Whether people were told that an execution cannot be read. */
export const isToldDamaged = (alerts: Alerts, executionId: string): boolean => alerts.idOf(`${DAMAGED.rule}/${executionId}`) !== undefined

/** Tells that this is over: the execution is there no more. */
export function tellDeleted(alerts: Alerts, executionId: string): void {
  alerts.raise({ ...DAMAGED, begins: false, description: `execution \`${executionId}\`, which could not be read, is deleted`, executionId })
}
