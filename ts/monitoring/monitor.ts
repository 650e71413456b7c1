// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What watches an orchestrator: it announces its alerts, and is asked for its figures.

import { EventEmitter } from 'node:events'
import type { MonitorEvents } from '../api/alert.js'
import type { WorkflowAnalytics } from '../api/analytics.js'
import type { ExecutionMonitor } from '../api/monitor.js'
import { refuseAbsent } from '../base/absent.js'
import { methodsOf, placeErrors } from '../base/placed.js'
import type { Figures } from './figures.js'
import { readPeriod } from './period.js'

export class Monitor extends EventEmitter<MonitorEvents> implements ExecutionMonitor {
  readonly #figures: () => Figures

  static {
    placeErrors(this.prototype, methodsOf(this.prototype))
    refuseAbsent(this.prototype, 'executionMonitor')
  }

  /** `figures`: asked when they are wanted, since alerts may be announced before there are any. */
  constructor(figures: () => Figures) {
    super()
    this.#figures = figures
  }

  async getWorkflowAnalytics(workflowId: string, start: Date, end: Date): Promise<WorkflowAnalytics> {
    return this.#figures().of(readPeriod(workflowId, start, end))
  }
}
