// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How late the event loop is. Agents that block it are why others are late, and nothing else shows that.
//
// Node's own `monitorEventLoopDelay` has its first look as its beginning: it would not see the agent that blocks as soon as there is work.

import { createHistogram } from 'node:perf_hooks'
import type { EventLoopDelayFigures } from '../api/execution.js'
import { real } from '../base/real-time.js'

/** How often it is looked. Each look wakes the process. */
export const LOOK_EVERY_MS = 20
/** How long agents have to be idle until it is looked no more: to begin anew with each of many short executions would see nothing. */
const REST_MS = 1000

/** From here on it is told to people. */
const LATE_MS = 1000

/** Hears of each look, and of the time in which there are looks. */
interface Listener {
  begin(): void
  /** `late`: by how many milliseconds. */
  beat(late: number): void
  end(): void
}

/** Measures while agents are at work, and wakes nobody otherwise. */
export class EventLoopDelay {
  /** In microseconds, of which a histogram wants at least one. */
  readonly #histogram = createHistogram()
  #looks: NodeJS.Timeout | undefined
  #latest = 0
  #atWork = false
  #rest: NodeJS.Timeout | undefined
  readonly #listener: Listener | undefined
  /** Hears of each look that is late, by how many milliseconds. */
  late: ((ms: number) => unknown) | undefined

  constructor(listener?: Listener) {
    this.#listener = listener
  }

  /** Agents begin to be at work. */
  begin(): void {
    this.#atWork = true
    if (this.#looks !== undefined) return
    this.#histogram.reset()
    this.#latest = real.elapsed()
    this.#looks = real.setInterval(this.#look, LOOK_EVERY_MS).unref()
    this.#listener?.begin()
  }

  /** None is at work any more. */
  end(): void {
    this.#atWork = false
    this.#rest ??= real.setTimeout(this.#stopIfIdle, REST_MS).unref()
  }

  /** It looks no more. */
  stop(): void {
    if (this.#looks !== undefined) this.#listener?.end()
    real.clearInterval(this.#looks)
    real.clearTimeout(this.#rest)
    this.#looks = undefined
    this.#rest = undefined
  }

  figures(): EventLoopDelayFigures {
    const histogram = this.#histogram
    return { p50: histogram.percentile(50) / 1000, p99: histogram.percentile(99) / 1000, max: histogram.max / 1000 }
  }

  readonly #look = (): void => {
    const at = real.elapsed()
    const late = at - this.#latest - LOOK_EVERY_MS
    this.#latest = at
    this.#histogram.record(Math.max(Math.round(late * 1000), 1))
    this.#listener?.beat(late)
    if (late >= LATE_MS) this.late?.(late)
  }

  readonly #stopIfIdle = (): void => {
    this.#rest = undefined
    if (!this.#atWork) this.stop()
  }
}
