// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Watches the figures that have a threshold. Rust says when one becomes an alert; here they are measured, and what begins or is over is announced.

import type { Alert } from '../api/alert.js'
import type { Alarm } from '../base/clock.js'
import { real } from '../base/real-time.js'
import { AlertRule, usableCores, type Reading } from '../boundary/analytics.js'
import type { RuleName } from '../config/alert-rules.js'
import type { ResolvedMonitoring } from '../config/config.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Alerts } from '../events/alerts.js'
import type { ThresholdStanding } from '../api/threshold.js'
import { ABSENT } from './absent-agents.js'
import { BUDGET } from './budgets.js'
import { OCCURRED } from './occurrences.js'
import { KEPT_INSIGHT } from './promises.js'
import { rulesOf, worded, WORDINGS } from './thresholds.js'
import { WEBHOOK } from './webhook.js'

/** How often figures are measured. */
const LOOK_EVERY_MS = 5000
/** An execution is looked at so often while it comes to its threshold, and not more often than this. */
const LOOKS_A_DURATION = 20
const LOOK_EVERY_MS_MIN = 20

/** What it needs of the orchestrator. */
interface RulesHost {
  readonly dispatcher: Dispatcher
  readonly alerts: Alerts
  readonly live: { has(id: string): boolean; get(id: string): { readonly definition: { readonly workflowId: string } } | undefined }
  /** Throws once there is nothing to watch any more. */
  assertOpen(): void
}

/** As it is kept beside a store: the alert, if it has begun, and of a rule where it is. */
interface Kept {
  readonly alert?: string
  readonly state?: string
  readonly critical?: boolean
}

const DURATION = 'executionDuration'

/** Phases as `analytics::alerting` has them. */
const STATES = { blind: 'noData', quiet: 'quiet', pending: 'pending', firing: 'firing' } as const
/** What others keep begins so. */
const OTHERS = [WEBHOOK, BUDGET, OCCURRED, ABSENT]
/** Rules of anomalies begin so. */
const ANOMALY = 'anomaly:'

export class AlertRules {
  readonly #host: RulesHost
  readonly #duration: number | undefined
  readonly #texts: ReturnType<typeof rulesOf>
  readonly #rules = new Map<RuleName, AlertRule>()
  readonly #values = new Map<RuleName, number | undefined>()
  /** Executions that have been at work for too long, and whether that is critical. */
  readonly #overdue = new Map<string, boolean>()
  #alarm: Alarm | undefined
  #cpu: { readonly at: number; readonly used: number } | undefined

  constructor(host: RulesHost, monitoring: ResolvedMonitoring) {
    this.#host = host
    this.#duration = monitoring.alertThresholds.executionDuration
    this.#texts = rulesOf(monitoring)
  }

  /** The store is open: what an earlier process has announced is known, and figures are measured from now on. `states`: what is kept. */
  open(states: readonly (readonly [string, string])[]): void {
    const { dispatcher, alerts } = this.#host
    const kept = new Map(states.filter(([name]) => !OTHERS.some((prefix) => name.startsWith(prefix))))
    for (const [name, text] of kept) {
      if (name.startsWith(KEPT_INSIGHT)) continue
      const { alert, critical = false } = JSON.parse(text) as Kept
      // What the facts tell of, they end.
      if (name.startsWith(ANOMALY)) {
        if (alert !== undefined) alerts.adopt(name, alert)
        continue
      }
      const [, executionId] = name.split(`${DURATION}/`)
      const isWatched = executionId === undefined ? this.#texts.has(name as RuleName) : this.#duration !== undefined
      // Without its threshold nothing would ever end it.
      if (!isWatched) dispatcher.engine.watching.keepAlert(name, null)
      if (!isWatched || alert === undefined) continue
      alerts.adopt(name, alert)
      if (executionId !== undefined) this.#overdue.set(executionId, critical)
    }
    for (const [name, text] of this.#texts) {
      const { state } = JSON.parse(kept.get(name) ?? '{}') as Kept
      this.#rules.set(name, new AlertRule(JSON.stringify(text), state))
    }
    if (this.#texts.size === 0 && this.#duration === undefined) return
    this.#alarm = dispatcher.clock.alarm(() => this.#look())
    // What happens from now on is measured.
    const now = dispatcher.clock.now()
    this.#rules.get('taskFailureRate')?.observeEnds(now, ...dispatcher.engine.watching.taskEnds())
    if (this.#duration !== undefined) dispatcher.engine.watching.atWork(now, this.#duration)
    this.#measureCpu()
    this.#rest()
  }

  #rest(): void {
    const most = this.#duration === undefined ? LOOK_EVERY_MS : Math.max(this.#duration / LOOKS_A_DURATION, LOOK_EVERY_MS_MIN)
    this.#alarm?.set(this.#host.dispatcher.clock.now() + Math.min(most, LOOK_EVERY_MS) * 1000)
  }

  #look(): void {
    try {
      this.#host.assertOpen()
    } catch {
      this.#alarm?.stop()
      return
    }
    const { engine, clock } = this.#host.dispatcher
    const now = clock.now()
    const figures: Record<RuleName, (rule: AlertRule) => Reading> = {
      taskFailureRate: (rule) => rule.observeEnds(now, ...engine.watching.taskEnds()),
      memoryUsage: (rule) => rule.observe(now, process.memoryUsage.rss()),
      cpuUsage: (rule) => rule.observe(now, this.#measureCpu()),
    }
    for (const [name, rule] of this.#rules) this.#tell(name, rule, figures[name](rule))
    if (this.#duration !== undefined) this.#lookAtExecutions(this.#duration, now)
    this.#rest()
  }

  /** How each threshold stands. */
  standing(): readonly ThresholdStanding[] {
    const measured = [...this.#texts].map(([rule, { threshold }]): ThresholdStanding => {
      const { phase = 'blind' } = JSON.parse(this.#rules.get(rule)?.state() ?? '{}') as { readonly phase?: keyof typeof STATES }
      const value = this.#values.get(rule)
      return { rule, threshold, state: STATES[phase], ...(value !== undefined && { value }) }
    })
    if (this.#duration === undefined) return measured
    const value = this.#overdue.size
    return [...measured, { rule: DURATION, threshold: this.#duration, state: value > 0 ? 'firing' : 'quiet', value }]
  }

  #tell(name: RuleName, rule: AlertRule, reading: Reading): void {
    const { change, critical, value = Number.NaN, moved } = reading
    this.#values.set(name, reading.value)
    const { alerts, dispatcher } = this.#host
    const { type, title, figure, bound, describe } = WORDINGS[name]
    const threshold = this.#texts.get(name)?.threshold ?? Number.NaN
    let id = alerts.idOf(name)
    if (change !== undefined) {
      const begins = change !== 'resolves'
      const text = describe(worded(name, value), worded(name, threshold))
      const description = begins ? text : `${title.toLowerCase()}: no more; the figure is ${worded(name, value)} again`
      const severity = critical ? 'critical' : 'high'
      const metrics = { [figure]: value, [bound]: threshold }
      id = alerts.raise({ begins, again: change === 'worsens', rule: name, type, severity, title, description, metrics })
      if (!begins) id = undefined
    }
    // What was announced, and until when nothing is, is known to the next process.
    const matters = change !== undefined || (moved && id !== undefined)
    if (matters)
      dispatcher.engine.watching.keepAlert(
        name,
        JSON.stringify({ alert: id, state: rule.state() } satisfies { [K in keyof Kept]: unknown }),
      )
  }

  #lookAtExecutions(threshold: number, now: number): void {
    const { dispatcher, live } = this.#host
    const { engine } = dispatcher
    for (const [slot, micros] of engine.watching.atWork(now, threshold)) {
      const id = engine.executionId(slot)
      const critical = micros / 1000 >= 2 * threshold
      const known = this.#overdue.get(id)
      if (known === undefined || (critical && !known)) this.#overdueSince(id, micros / 1000, threshold, critical)
    }
    for (const [id] of this.#overdue) {
      if (live.has(id) || engine.parked(id) !== null) continue
      this.#overdue.delete(id)
      this.#announceDuration({ begins: false, severity: 'high', executionId: id, description: `execution \`${id}\` has ended` })
      engine.watching.keepAlert(`${DURATION}/${id}`, null)
    }
  }

  #overdueSince(id: string, millis: number, threshold: number, critical: boolean): void {
    const again = this.#overdue.has(id)
    this.#overdue.set(id, critical)
    const { workflowId } = this.#host.live.get(id)?.definition ?? {}
    const of = workflowId === undefined ? '' : ` of workflow \`${workflowId}\``
    const alert = this.#announceDuration({
      begins: true,
      again,
      severity: critical ? 'critical' : 'high',
      executionId: id,
      description:
        `execution \`${id}\`${of} has been at work for ${Math.round(millis)} ms, waits and pauses left out (threshold ${threshold} ms); ` +
        '`getExecution(id)` shows which tasks run, `cancelExecution(id)` stops it',
      metrics: { durationMs: millis, thresholdMs: threshold },
    })
    this.#host.dispatcher.engine.watching.keepAlert(
      `${DURATION}/${id}`,
      JSON.stringify({ alert, critical } satisfies { [K in keyof Kept]: unknown }),
    )
  }

  #announceDuration(told: Omit<Parameters<Alerts['raise']>[0], 'rule' | 'type' | 'title'>): string | undefined {
    const type: Alert['type'] = 'performance'
    return this.#host.alerts.raise({ rule: DURATION, type, title: 'An execution takes long', ...told })
  }

  /** What was used since the last look of the cores that may be used, in per cent. */
  #measureCpu(): number | undefined {
    const { user, system } = process.cpuUsage()
    const before = this.#cpu
    this.#cpu = { at: real.elapsed() * 1000, used: user + system }
    const elapsed = this.#cpu.at - (before?.at ?? this.#cpu.at)
    if (before === undefined || elapsed <= 0) return undefined
    return Math.min((100 * (this.#cpu.used - before.used)) / (elapsed * usableCores()), 100)
  }
}
