// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// All that watches an orchestrator.

import type { ResolvedMonitoring } from '../config/config.js'
import { AlertRules } from './alert-rules.js'
import { Budgets } from './budgets.js'
import { Figures } from './figures.js'
import { Tracing } from '../telemetry/tracing.js'
import { Occurrences } from './occurrences.js'
import { Webhook } from './webhook.js'

type Of<T extends new (host: never, ...others: never[]) => unknown> = ConstructorParameters<T>[0]
type Host = Of<typeof Figures> &
  Of<typeof AlertRules> &
  Of<typeof Webhook> &
  Of<typeof Budgets> &
  Of<typeof Occurrences> &
  Of<typeof Tracing>

export class Monitoring {
  readonly figures: Figures
  readonly budgets: Budgets
  /** `undefined`: nothing is traced. */
  readonly tracing: Tracing | undefined
  readonly #host: Host
  readonly #rules: AlertRules
  readonly #occurrences: Occurrences
  readonly #webhook: Webhook | undefined

  constructor(host: Host, config: ResolvedMonitoring) {
    this.figures = new Figures(host, config.enableMetrics)
    this.#host = host
    this.#rules = new AlertRules(host, config)
    this.budgets = new Budgets(host)
    this.#occurrences = new Occurrences(host)
    if (config.enableTracing) this.tracing = new Tracing(host, config)
    const { webhook } = config.notify
    if (webhook === null) return
    this.#webhook = new Webhook(host, webhook)
    host.alerts.tellAlso((alert) => this.#webhook?.send(alert))
  }

  /** The store is open: what an earlier process has announced is known, and what it did not get rid of is posted. */
  open(): void {
    const kept = this.#host.dispatcher.engine.watching.keptAlerts()
    this.#rules.open(kept)
    this.budgets.open(kept)
    this.#occurrences.open(kept)
    this.#webhook?.open(kept)
  }
}
