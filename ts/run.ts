// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that lives in this process: the values that stay in JavaScript, beside the facts that the engine keeps.

import type { Definition } from './definition.js'
import type { OrchestratorError } from './errors.js'
import { executionOf, type Report } from './execution.js'
import type { Json } from './json.js'
import type { LiveAttempt } from './task-input.js'
import type { WorkflowExecution } from './workflow.js'

export class Run {
  readonly slot: number
  readonly id: string
  readonly definition: Definition
  readonly context: { [key: string]: Json }
  /** Results by place; what is undefined has none. Only those of completed tasks count. */
  readonly outputs: (Json | undefined)[]
  /** The current attempt of each task, while it is under way. */
  readonly attempts: (LiveAttempt | undefined)[]
  /** Data of tasks whose schema has parsed it into something else, by place. */
  readonly parsed: Map<number, Json | undefined> = new Map()
  /** What agents threw, by place and attempt: the journal has only what can be written. */
  readonly thrown: Map<string, unknown> = new Map()
  /** Its executeWorkflow call, which holds events for late listeners; 0 if there was none. */
  readonly call: number
  /** How it ended. */
  execution: WorkflowExecution | undefined
  /** Why nobody will ever know, if the store failed or the orchestrator was shut down. */
  lost: OrchestratorError | undefined
  /** Whether it is on record. */
  accepted = false
  /** Whether the request to cancel it is. */
  cancelling = false
  #waiting: (() => void)[] = []

  constructor(slot: number, id: string, definition: Definition, context: { [key: string]: Json }, call: number) {
    this.slot = slot
    this.id = id
    this.definition = definition
    this.context = context
    this.call = call
    this.outputs = new Array<Json | undefined>(definition.tasks.length).fill(undefined)
    this.attempts = new Array<LiveAttempt | undefined>(definition.tasks.length).fill(undefined)
  }

  /** Resolves once it is on record, rejects if that will never be known. */
  async whenAccepted(): Promise<void> {
    await this.#until(() => this.accepted || this.execution !== undefined)
  }

  /** Resolves once the request to cancel it is on record, or it has ended before. */
  async whenCancelling(): Promise<void> {
    await this.#until(() => this.cancelling || this.execution !== undefined)
  }

  /** Resolves with how it ended, rejects if that will never be known. */
  async whenEnded(): Promise<WorkflowExecution> {
    await this.#until(() => this.execution !== undefined)
    return this.execution as WorkflowExecution
  }

  accept(): void {
    this.accepted = true
    this.#notify()
  }

  cancel(): void {
    this.cancelling = true
    this.#notify()
  }

  end(report: string, completed: boolean): void {
    this.execution = this.seenAs(report, completed)
    this.attempts.length = 0
    this.#notify()
  }

  /** The execution that a report of it tells of. */
  seenAs(report: string, completed = false): WorkflowExecution {
    return executionOf(this.id, this.definition, this.context, this.outputs, () => JSON.parse(report) as Report, completed)
  }

  lose(error: OrchestratorError): void {
    if (this.execution !== undefined) return
    this.lost = error
    this.#notify()
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      if (this.lost !== undefined) throw this.lost
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #notify(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
