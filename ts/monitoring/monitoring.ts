// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// All that watches an orchestrator.

import type { ResolvedMonitoring } from '../config/config.js'
import { AlertRules } from './alert-rules.js'
import { Figures } from './figures.js'
import { Tracing } from '../telemetry/tracing.js'

type Host = ConstructorParameters<typeof Figures>[0] &
  ConstructorParameters<typeof AlertRules>[0] &
  ConstructorParameters<typeof Tracing>[0]

export class Monitoring {
  readonly figures: Figures
  readonly rules: AlertRules
  /** `undefined`: nothing is traced. */
  readonly tracing: Tracing | undefined

  constructor(host: Host, config: ResolvedMonitoring) {
    this.figures = new Figures(host, config.enableMetrics)
    this.rules = new AlertRules(host, config)
    if (config.enableTracing) this.tracing = new Tracing(host, config)
  }
}
