// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// All that watches an orchestrator.

import type { EventEmitter } from 'node:events'
import type { ResolvedMonitoring } from '../config/config.js'
import { Advice } from './advice.js'
import { AlertRules } from './alert-rules.js'
import { Budgets } from './budgets.js'
import { Figures } from './figures.js'
import { Tracing } from '../telemetry/tracing.js'
import { Occurrences } from './occurrences.js'
import { Webhook } from './webhook.js'
import { InsightWatch } from './insight-watch.js'
import { narratedBy } from './narration.js'
import { CpuProfiles } from '../profiling/cpu-profiles.js'
import type { PlacesEach } from './prediction.js'
import { Promises } from './promises.js'

type Of<T extends new (host: never, ...others: never[]) => unknown> = ConstructorParameters<T>[0]
type Host = Omit<Of<typeof Figures>, 'advice' | 'promises'> &
  Of<typeof AlertRules> &
  Of<typeof Webhook> &
  Of<typeof Budgets> &
  Of<typeof Occurrences> &
  Of<typeof CpuProfiles> &
  Of<typeof Tracing> & {
    readonly agents: { placesEach: PlacesEach }
    readonly models: Pick<Parameters<typeof narratedBy>[1], 'generate'>
    readonly log: Parameters<typeof narratedBy>[1]['log']
    readonly alerts: { readonly emitters: readonly EventEmitter[] }
  }

export class Monitoring {
  readonly figures: Figures
  readonly budgets: Budgets
  /** `undefined`: nothing is traced. */
  readonly tracing: Tracing | undefined
  readonly advice: Advice
  readonly insights: InsightWatch
  readonly cpuProfiles: CpuProfiles
  readonly placesEach: PlacesEach

  readonly #host: Host
  readonly #rules: AlertRules
  readonly #occurrences: Occurrences
  readonly #webhook: Webhook | undefined

  constructor(host: Host, config: ResolvedMonitoring) {
    const { dispatcher, ended, log, models } = host
    this.placesEach = (agent) => host.agents.placesEach(agent)
    // Records of executions that have ended are kept with a store alone.
    const ask = async (question: object): Promise<string | undefined> =>
      ended === undefined ? dispatcher.engine.stored('traces', JSON.stringify(question)) : undefined
    const promises = new Promises({
      ask,
      now: () => dispatcher.clock.now(),
      kept: () => dispatcher.engine.watching.keptAlerts(),
      keep: (name, text) => dispatcher.engine.watching.keepAlert(name, text),
    })
    const { model } = config.insights
    const narrate = model === undefined ? undefined : narratedBy(model, { generate: (request) => models.generate(request), log })
    this.advice = new Advice({ ask, placesEach: this.placesEach }, promises, narrate)
    this.insights = new InsightWatch({ log, emitters: host.alerts.emitters }, this.advice, promises)
    this.figures = new Figures({ ...host, advice: this.advice, promises }, config.enableMetrics)
    this.#host = host
    this.#rules = new AlertRules(host, config)
    this.budgets = new Budgets(host)
    this.#occurrences = new Occurrences(host)
    this.cpuProfiles = new CpuProfiles(host)
    if (config.enableProfiling) host.alerts.tellAlso((alert) => this.cpuProfiles.announced(alert))
    if (config.enableTracing) this.tracing = new Tracing(host, config)
    const { webhook } = config.notify
    if (webhook === null) return
    this.#webhook = new Webhook(host, webhook)
    host.alerts.tellAlso((alert) => this.#webhook?.send(alert))
  }

  /** What others of the orchestrator's parts and its monitor need of it. */
  get parts(): Pick<Monitoring, 'figures' | 'budgets' | 'tracing' | 'advice' | 'insights' | 'placesEach' | 'cpuProfiles'> {
    const { figures, budgets, tracing, advice, insights, placesEach, cpuProfiles } = this
    return { figures, budgets, tracing, advice, insights, placesEach, cpuProfiles }
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
