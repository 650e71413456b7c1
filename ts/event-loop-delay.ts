// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How late the event loop is. Agents that block it are why others are late, and nothing else shows that.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { EventLoopDelayFigures } from './workflow.js'

/** How often it is looked. Each look wakes the process. */
const RESOLUTION_MS = 20
/** How long agents have to be idle until it is looked no more: to stop and begin with each of many short executions would see nothing. */
const REST_MS = 1000

/** Measures while agents are at work, and wakes nobody otherwise. */
export class EventLoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  #measures = false
  #atWork = false
  #rest: NodeJS.Timeout | undefined

  /** Agents begin to be at work. */
  begin(): void {
    this.#atWork = true
    if (this.#measures) return
    this.#measures = true
    // Node would count the pause as well, so what was measured before is forgotten.
    this.#histogram.enable()
    this.#histogram.reset()
  }

  /** None is at work any more. */
  end(): void {
    this.#atWork = false
    this.#rest ??= setTimeout(this.#stopIfIdle, REST_MS).unref()
  }

  /** Never measures again. */
  stop(): void {
    clearTimeout(this.#rest)
    this.#histogram.disable()
  }

  figures(): EventLoopDelayFigures {
    // Node measures from look to look, and so the time between two of them as well.
    const late = (nanos: number): number => Math.max(Math.round(nanos / 10_000) / 100 - RESOLUTION_MS, 0)
    const { max } = this.#histogram
    return { p50: late(this.#histogram.percentile(50)), p99: late(this.#histogram.percentile(99)), max: late(max) }
  }

  readonly #stopIfIdle = (): void => {
    this.#rest = undefined
    if (this.#atWork) return
    this.#measures = false
    this.#histogram.disable()
  }
}
