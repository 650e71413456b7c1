// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What watches an orchestrator: it announces its alerts.

import { EventEmitter } from 'node:events'
import type { MonitorEvents } from '../api/alert.js'
import { refuseAbsent } from '../base/absent.js'

/** Watches the executions of an orchestrator, and announces its alerts. */
export class ExecutionMonitor extends EventEmitter<MonitorEvents> {
  static {
    refuseAbsent(this.prototype, 'executionMonitor')
  }
}
