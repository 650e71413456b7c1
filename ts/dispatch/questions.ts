// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the engine asks of the user: functions that are conditions, and the schema of a task about an output that no attempt of it gave.

import { failureText } from '../failure/failure.js'
import { judge } from '../run/condition-judge.js'
import { reviewed } from '../run/input-judge.js'
import { ExecutionKind, type Engine, type ExecutionEffect, type Question } from '../boundary/native.js'
import type { Run } from '../run/run.js'

/** What answers go to. */
interface QuestionsHost {
  readonly engine: Engine
  /** Whether the run can still be answered for. */
  keeps(run: Run): boolean
  schedule(): void
}

/** The kinds of condition, as in `NativeQuestion`. */
const [GATE, BRANCH, TURN] = [1, 2, 3] as const

export class Questions {
  /** Those that are not answered yet. */
  asked = 0
  readonly #host: QuestionsHost

  constructor(host: QuestionsHost) {
    this.#host = host
  }

  /** Asks what an effect wants to know. */
  ask(effect: ExecutionEffect, run: Run): void {
    const { kind, task, index } = effect
    if (kind === ExecutionKind.askSchema) void this.#review(run, task)
    else if (kind === ExecutionKind.askGate) void this.#judge(run, task, { kind: GATE, index, passes: 0 })
    else if (kind === ExecutionKind.askBranch) void this.#judge(run, task, { kind: BRANCH, index, passes: 0 })
    else void this.#judge(run, task, { kind: TURN, index, passes: effect.passes })
  }

  #judge(run: Run, instance: number, question: Question): Promise<void> {
    const { engine } = this.#host
    return this.#ask(
      run,
      async () => judge(run, instance, question, engine.scope(run.slot, instance, question.kind === TURN)),
      (holds, failure) => engine.judged(run.slot, instance, question, holds === true, failure),
    )
  }

  #review(run: Run, instance: number): Promise<void> {
    const { engine } = this.#host
    return this.#ask(
      run,
      async () => reviewed(run.task(instance), engine.candidate(run.slot, instance)),
      (output, failure) => engine.reviewed(run.slot, instance, output ?? null, failure),
    )
  }

  /** Asks something of the user's, and tells the engine what came of it. */
  async #ask<T>(run: Run, ask: () => Promise<T>, tell: (answer: T | undefined, failure: string | null) => void): Promise<void> {
    let answer: T | undefined
    let failure: string | null = null
    this.asked += 1
    run.questions += 1
    try {
      answer = await ask()
    } catch (error) {
      failure = failureText(error)
    }
    this.asked -= 1
    run.questions -= 1
    if (!this.#host.keeps(run)) return
    tell(answer, failure)
    this.#host.schedule()
  }
}
