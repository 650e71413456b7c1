// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// All that watches an orchestrator.

import type { EventEmitter } from 'node:events'
import type { ResolvedMonitoring } from '../config/config.js'
import { AbsentAgents } from './absent-agents.js'
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

/** How long an advice stands while no task ends. */
const ADVISED_MICROS = 60_000_000

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
  readonly rules: AlertRules
  readonly occurrences: Occurrences
  readonly #absent: AbsentAgents
  readonly #webhook: Webhook | undefined

  constructor(host: Host, config: ResolvedMonitoring) {
    const { dispatcher, log, models } = host
    this.placesEach = (agent) => host.agents.placesEach(agent)
    const ask = (question: object): Promise<string | undefined> => dispatcher.engine.stored('traces', JSON.stringify(question))
    const promises = new Promises({
      ask,
      now: () => dispatcher.clock.now(),
      kept: () => dispatcher.engine.watching.keptAlerts(),
      keep: (name, text) => dispatcher.engine.watching.keepAlert(name, text),
    })
    const { model } = config.insights
    const narrate = model === undefined ? undefined : narratedBy(model, { generate: (request) => models.generate(request), log })
    // Each end may change what is advised, and so may time, which lets executions go.
    const mark = (): string => `${dispatcher.engine.watching.taskEnds().join('/')}/${Math.floor(dispatcher.clock.now() / ADVISED_MICROS)}`
    this.advice = new Advice({ ask, mark, placesEach: this.placesEach }, promises, narrate)
    this.insights = new InsightWatch({ log, emitters: host.alerts.emitters }, this.advice, promises)
    this.figures = new Figures({ ...host, advice: this.advice, promises }, config.enableMetrics)
    this.#host = host
    this.rules = new AlertRules(host, config)
    this.budgets = new Budgets(host)
    this.occurrences = new Occurrences(host)
    this.#absent = new AbsentAgents(host)
    this.cpuProfiles = new CpuProfiles(host)
    if (config.enableProfiling) host.alerts.tellAlso((alert) => this.cpuProfiles.announced(alert))
    if (config.enableTracing) this.tracing = new Tracing(host, config)
    const { webhook } = config.notify
    if (webhook === null) return
    this.#webhook = new Webhook(host, webhook)
    host.alerts.tellAlso((alert) => this.#webhook?.send(alert))
  }

  /** What others of the orchestrator's parts and its monitor need of it. */
  get parts(): Pick<Monitoring, 'figures' | 'budgets' | 'tracing' | 'advice' | 'insights' | 'placesEach' | 'cpuProfiles' | 'rules'> {
    const { figures, budgets, tracing, advice, insights, placesEach, cpuProfiles, rules } = this
    return { figures, budgets, tracing, advice, insights, placesEach, cpuProfiles, rules }
  }

  /** The store is open: what an earlier process has announced is known, and what it did not get rid of is posted. */
  open(waiting: () => Record<string, readonly string[]>): void {
    const kept = this.#host.dispatcher.engine.watching.keptAlerts()
    this.rules.open(kept)
    this.#absent.open(kept, waiting)
    this.budgets.open(kept)
    this.occurrences.open(kept)
    this.#webhook?.open(kept)
  }
}
