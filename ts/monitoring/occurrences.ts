// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What happens at one moment and must not happen: an alert begins, and is over when it has not happened again for five minutes.

import type { Alert } from '../api/alert.js'
import { dateOf, SystemClock, type Alarm } from '../base/clock.js'
import { real } from '../base/real-time.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Alerts } from '../events/alerts.js'
import type { Log } from '../log/log.js'
import type { AgentWatcher } from '../pool/agent-watcher.js'
import type { Stall } from '../profiling/stalls.js'

/** Names of what is kept begin so. */
export const OCCURRED = 'occurred/'

const OVER_AFTER = 300_000_000

const LATE_TIMES = 3
const LATE_WITHIN_MS = 60_000

/** Of these the log has a line of its own. */
const LOGGED: ReadonlySet<Alert['rule']> = new Set(['agent:lost', 'agent:unresponsive'])

/** What it needs of the orchestrator. */
interface OccurrencesHost {
  readonly dispatcher: Dispatcher
  readonly alerts: Alerts
  readonly log: Log
  readonly agents: { watchBy(watcher: AgentWatcher): void }
  assertOpen(): void
}

/** As it is kept. */
interface Kept extends Pick<Alert, 'rule' | 'type' | 'severity' | 'title'> {
  readonly alert: string
  readonly cause: string
  /** When it is over, in microseconds. */
  readonly over: number
}

export class Occurrences {
  readonly #host: OccurrencesHost
  readonly #under = new Map<string, Kept>()
  /** When the event loop was late. */
  #late: readonly number[] = []
  #alarm: Alarm | undefined

  constructor(host: OccurrencesHost) {
    this.#host = host
    host.agents.watchBy({
      lost: (agentId) =>
        this.#happened(agentId, {
          rule: 'agent:lost',
          type: 'error',
          severity: 'high',
          title: 'A worker ended unasked',
          description:
            `the worker of isolated agent \`${agentId}\` ended unasked, and its attempts failed with \`ERR_AGENT_LOST\`: it crashed, called \`process.exit\` or ran out of memory; ` +
            'the message of a failed task says which',
        }),
      goesOn: (agentId, executionId, taskId) =>
        this.#happened(agentId, {
          rule: 'agent:unresponsive',
          type: 'resource',
          severity: 'medium',
          title: 'An agent does not stop',
          description:
            `agent \`${agentId}\` still ran task \`${taskId}\` of execution \`${executionId}\` 1 s after it was told to stop, and is given up after 5 s; ` +
            'what is given up may go on and hold memory and sockets: have it heed `context.signal`',
        }),
    })
    // Where a test moves the time, what it takes to do so makes nobody wait.
    const isReal = host.dispatcher.clock instanceof SystemClock
    host.dispatcher.delay.late = (ms) =>
      isReal &&
      this.#isLateAgain() &&
      this.#happened('process', {
        rule: 'eventLoop:delay',
        type: 'performance',
        severity: 'medium',
        title: 'The event loop is late',
        description:
          `the event loop was a second late for the third time in a minute while agents were at work, by ${Math.round(ms)} ms: something computed for as long, or the machine was busy, and timers and answers waited; ` +
          '`monitoring.enableProfiling` names the agent and the function',
        metrics: { lateMs: ms },
      })
    const { stalls } = host.dispatcher
    if (stalls === undefined) return
    stalls.heard = (stall) => this.#blocked(stall)
    stalls.blind = (why) =>
      host.log.warnOnce({ event: 'profile:lost' }, `agents that block the event loop cannot be named: ${why}`, 'profile:lost stalls')
  }

  /** The store is open. `kept`: what is kept beside it. */
  open(kept: readonly (readonly [string, string])[]): void {
    this.#alarm = this.#host.dispatcher.clock.alarm(() => this.#look())
    for (const [name, text] of kept) {
      if (!name.startsWith(OCCURRED)) continue
      const one = JSON.parse(text) as Kept
      const about = `${one.rule}/${one.cause}`
      this.#host.alerts.adopt(about, one.alert)
      this.#under.set(about, one)
    }
    this.#look()
  }

  /** One burst of work is nothing to tell of: the third in a minute is. */
  #isLateAgain(): boolean {
    const now = real.elapsed()
    this.#late = [...this.#late.filter((at) => now - at < LATE_WITHIN_MS), now]
    return this.#late.length >= LATE_TIMES
  }

  /** A planned instant passed more than a minute before anything could be done about it. */
  missed(scheduleId: string, planned: number): void {
    this.#happened(scheduleId, {
      rule: 'schedule:missed',
      type: 'error',
      severity: 'medium',
      title: 'A schedule was missed',
      description:
        `schedule \`${scheduleId}\` was to run at ${dateOf(planned).toISOString()}, and could not: no process had the store, its agents were not registered, or new work was refused; ` +
        'what is done about that is what `missed` of the schedule says',
      metrics: { lateMs: (this.#host.dispatcher.clock.now() - planned) / 1000 },
    })
  }

  #blocked({ ms, agentId, executionId, taskId, place }: Stall): void {
    this.#happened(agentId, {
      rule: 'agent:blocking',
      type: 'performance',
      severity: 'medium',
      title: 'An agent blocks the event loop',
      description:
        `agent \`${agentId}\` held the event loop for ${Math.round(ms)} ms in ${place}; nothing else of this process went on meanwhile; ` +
        "have it compute in a worker thread (`isolation: 'worker'`) or in shorter parts",
      executionId,
      taskId,
      metrics: { blockedMs: ms },
    })
  }

  #happened(
    cause: string,
    told: Pick<Alert, 'rule' | 'type' | 'severity' | 'title' | 'description' | 'executionId' | 'taskId' | 'metrics'>,
  ): void {
    const { alerts, dispatcher } = this.#host
    // The log has the others from those who told of them.
    const alert = alerts.raise({ begins: true, cause, isLogged: LOGGED.has(told.rule), ...told }) ?? ''
    const { rule, type, severity, title } = told
    const kept = { rule, type, severity, title, alert, cause, over: dispatcher.clock.now() + OVER_AFTER }
    this.#under.set(`${rule}/${cause}`, kept)
    if (this.#alarm !== undefined) dispatcher.engine.watching.keepAlert(`${OCCURRED}${rule}/${cause}`, JSON.stringify(kept))
    this.#rest()
  }

  #look(): void {
    try {
      this.#host.assertOpen()
    } catch {
      this.#alarm?.stop()
      return
    }
    const { alerts, dispatcher } = this.#host
    const now = dispatcher.clock.now()
    for (const [about, { rule, type, severity, title, cause, over }] of this.#under) {
      if (over > now) continue
      this.#under.delete(about)
      dispatcher.engine.watching.keepAlert(`${OCCURRED}${about}`, null)
      alerts.raise({
        begins: false,
        cause,
        isLogged: LOGGED.has(rule),
        rule,
        type,
        severity,
        title,
        description: `${title.toLowerCase()}: not again for five minutes`,
      })
    }
    this.#rest()
  }

  #rest(): void {
    const next = Math.min(...[...this.#under.values()].map(({ over }) => over))
    this.#alarm?.set(Number.isFinite(next) ? next : 0)
  }
}
