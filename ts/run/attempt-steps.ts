// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Records the steps of an attempt, and knows those of the attempts before it.

import type { Engine } from '../boundary/native.js'
import type { OrchestratorError } from '../api/errors.js'
import type { Run } from './run.js'
import type { StepHost } from '../steps/steps.js'

/** What recording steps needs of the dispatcher. */
export interface Recorder {
  readonly engine: Pick<Engine, 'step' | 'steps'>
  readonly maxValueBytes: number
  /** Hands what the engine was told to the store, soon. */
  schedule(run: Run): void
}

/** The attempt, as far as its steps depend on it. */
interface Live {
  readonly attempt: number
  readonly reason: OrchestratorError | undefined
  readonly whyOver: OrchestratorError
  goesOn: boolean
}

export class AttemptSteps implements StepHost {
  readonly taskId: string
  readonly maxValueBytes: number
  readonly before: string | undefined
  readonly #host: Recorder
  readonly #run: Run
  readonly #instance: number
  readonly #live: Live
  readonly #isUnderWay: () => boolean

  /** `isUnderWay`: whether the attempt has not answered, and was not given up. */
  constructor(host: Recorder, run: Run, instance: number, live: Live, isUnderWay: () => boolean) {
    this.taskId = run.path(instance)
    this.maxValueBytes = host.maxValueBytes
    this.#host = host
    this.#run = run
    this.#instance = instance
    this.#live = live
    // An attempt that is over has nothing to go on from.
    this.#isUnderWay = isUnderWay
    this.before = (isUnderWay() ? host.engine.steps(run.slot, instance) : null) ?? undefined
  }

  assertMayBegin(): void {
    const { reason } = this.#live
    if (!this.#isUnderWay()) throw this.#live.whyOver
    if (reason !== undefined) throw reason
  }

  async record(name: string, print: string | undefined, value: string | undefined): Promise<void> {
    const { engine } = this.#host
    const isTaken = this.#isUnderWay() && engine.step(this.#run.slot, this.#instance, this.#live.attempt, name, print, value)
    if (!isTaken) throw value === undefined ? (this.#live.reason ?? this.#live.whyOver) : this.#live.whyOver
    this.#host.schedule(this.#run)
    await this.#run.whenNoted()
  }

  goesOn(): void {
    this.#live.goesOn = true
  }
}
