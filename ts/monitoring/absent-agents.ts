// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Interrupted executions and schedules that cannot go on since an agent or a function of theirs is not registered: an alert for each, a minute after the store was
// opened, and over once it is there.

import type { Alarm } from '../base/clock.js'
import { real } from '../base/real-time.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Alerts } from '../events/alerts.js'

/** Names of what is kept begin so. */
export const ABSENT = 'absent/'

/** How long what the program still registers has time. */
const TIME_MICROS = 60_000_000
/** How often it is looked, once there is an alert, whether it is over. Nothing of an execution waits for that, so it goes by the real time. */
const LOOK_EVERY_MS = 1000

/** What it needs of the orchestrator. */
interface AbsentHost {
  readonly dispatcher: Dispatcher
  readonly alerts: Alerts
  assertOpen(): void
}

const told = { rule: 'agent:missing', type: 'error', severity: 'high', title: 'Executions wait for an agent' } as const

export class AbsentAgents {
  readonly #host: AbsentHost
  readonly #firing = new Set<string>()
  #waiting: () => Record<string, readonly string[]> = () => ({})
  #alarm: Alarm | undefined
  #looks: NodeJS.Timeout | undefined

  constructor(host: AbsentHost) {
    this.#host = host
  }

  /** The store is open. `waiting`: which executions and schedules wait, for what. */
  open(kept: readonly (readonly [string, string])[], waiting: () => Record<string, readonly string[]>): void {
    this.#waiting = waiting
    for (const [name, alert] of kept) {
      if (!name.startsWith(ABSENT)) continue
      const missing = name.slice(ABSENT.length)
      this.#host.alerts.adopt(`${told.rule}/${missing}`, alert)
      this.#firing.add(missing)
    }
    if (this.#firing.size === 0 && Object.keys(waiting()).length === 0) return
    this.#alarm = this.#host.dispatcher.clock.alarm(() => this.#look())
    if (this.#firing.size > 0) this.#watch()
    this.#alarm.set(this.#host.dispatcher.clock.now() + TIME_MICROS)
  }

  #watch(): void {
    this.#looks ??= real.setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  #look(): void {
    try {
      this.#host.assertOpen()
    } catch {
      this.#alarm?.stop()
      real.clearInterval(this.#looks)
      return
    }
    const { alerts, dispatcher } = this.#host
    const { watching } = dispatcher.engine
    const waiting = new Map<string, string[]>()
    for (const [id, missing] of Object.entries(this.#waiting()))
      for (const name of missing) waiting.set(name, [...(waiting.get(name) ?? []), id])
    for (const [name, ids] of waiting) {
      if (this.#firing.has(name)) continue
      this.#firing.add(name)
      const others = ids.length > 1 ? ` and ${ids.length - 1} more` : ''
      const description = `\`${ids[0]}\`${others} cannot go on: \`${name}\` is not registered in this process; register it under that name, or cancel them`
      const alert = alerts.raise({ ...told, begins: true, cause: name, description, metrics: { executions: ids.length } })
      watching.keepAlert(ABSENT + name, alert ?? null)
    }
    for (const name of this.#firing) {
      if (waiting.has(name)) continue
      this.#firing.delete(name)
      watching.keepAlert(ABSENT + name, null)
      alerts.raise({ ...told, begins: false, cause: name, description: `nothing waits for \`${name}\` any more` })
    }
    if (this.#firing.size > 0) return this.#watch()
    real.clearInterval(this.#looks)
    this.#looks = undefined
  }
}
