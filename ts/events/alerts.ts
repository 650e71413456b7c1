// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Alerts: what tells of them, and who hears it. Each is announced when it begins and when it is over, and where no listener hears it, it is logged.

import type { EventEmitter } from 'node:events'
import type { Alert } from '../api/alert.js'
import { dateOf, type Clock } from '../base/clock.js'
import type { Engine } from '../boundary/native.js'
import { emitSafely } from '../log/emit.js'
import type { Log } from '../log/log.js'

/** Something that begins, or is over. With its rule, what it is about tells it from others. */
interface Raised extends Omit<Alert, 'id' | 'state' | 'timestamp'> {
  readonly begins: boolean
  /** Whether it is announced though it has begun before: it has become worse. */
  readonly again?: boolean
  /** The schedule that it is about. */
  readonly scheduleId?: string
  /** What is behind it, where a rule has many: with the rule it tells it from others. */
  readonly cause?: string
  /** Whether the log has it already, in other words. */
  readonly isLogged?: boolean
}

/** Alerts that are remembered. */
const RECENT_MAX = 100

/** Announces alerts. Whatever raises one, the store or a rule, does it here. */
export class Alerts {
  readonly #log: Log
  readonly #clock: Clock
  readonly emitters: readonly EventEmitter[]
  /** The ids of those that have begun, by what tells them apart. */
  readonly #firing = new Map<string, string>()
  readonly #also: ((alert: Alert) => void)[] = []

  /** The latest that were announced by this process, the last at the end. */
  readonly recent: Alert[] = []

  /** Each of `emitters` announces every alert as `'alert'`. */
  constructor(log: Log, clock: Clock, emitters: readonly EventEmitter[]) {
    this.#log = log
    this.#clock = clock
    this.emitters = emitters
  }

  /** Announces that something begins, or is over; its id. To say again what is known does nothing. */
  raise({ begins, again = false, scheduleId, cause, isLogged = false, ...raised }: Raised): string | undefined {
    const parts = cause === undefined ? [raised.rule, scheduleId, raised.executionId, raised.taskId] : [raised.rule, cause]
    const about = parts.filter((part) => part !== undefined).join('/')
    const known = this.#firing.get(about)
    if ((known !== undefined) === begins && !(begins && again)) return known
    const now = this.#clock.now()
    const id = known ?? `${about}@${now}`
    if (begins) this.#firing.set(about, id)
    else this.#firing.delete(about)
    this.#announce({ id, state: begins ? 'firing' : 'resolved', timestamp: dateOf(now), ...raised }, isLogged)
    return id
  }

  /** Whom every alert is told as well, beside listeners and the log. */
  tellAlso(told: (alert: Alert) => void): void {
    this.#also.push(told)
  }

  /** Takes up an alert that an earlier process has announced: it has begun, and is not announced again before it is over. */
  adopt(about: string, id: string): void {
    this.#firing.set(about, id)
  }

  /** The id of an alert that has begun. */
  idOf(about: string): string | undefined {
    return this.#firing.get(about)
  }

  /** How many have begun and are not over. */
  get firing(): number {
    return this.#firing.size
  }

  /** Announces what the store has to tell. */
  tell(engine: Engine): void {
    for (const { executionId, taskId, cause, rule, type, severity, metrics, ...alert } of engine.alerts()) {
      const of = { rule, type, severity } as Pick<Alert, 'rule' | 'type' | 'severity'>
      const figures = Object.keys(metrics).length > 0 && { metrics }
      const place = { ...(executionId !== undefined && { executionId }), ...(taskId !== undefined && { taskId }) }
      const id = this.raise({ ...alert, ...of, ...place, ...(cause !== undefined && { cause }), ...figures })
      // The next process must know that it was announced.
      if (cause !== undefined)
        engine.watching.keepAlert(`${rule}/${cause}`, alert.begins && id !== undefined ? JSON.stringify({ alert: id }) : null)
    }
  }

  #announce(alert: Alert, isLogged: boolean): void {
    for (const tell of this.#also) tell(alert)
    this.recent.push(alert)
    if (this.recent.length > RECENT_MAX) this.recent.shift()
    const heard = this.emitters.filter((emitter) => emitter.listenerCount('alert') > 0)
    for (const emitter of heard) emitSafely(this.#log, emitter, 'alert', [alert])
    if (heard.length > 0 || isLogged) return
    const { executionId, taskId } = alert
    const record = {
      event: 'alert',
      alert,
      ...(executionId !== undefined && { executionId }),
      ...(taskId !== undefined && { taskId }),
    } as const
    const isGrave = alert.state === 'firing' && (alert.severity === 'high' || alert.severity === 'critical')
    if (isGrave) this.#log.error(record, alert.description)
    else this.#log.warn(record, alert.description)
  }
}
