// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions out of a store: those to be read, and those that were interrupted and are continued as soon as their agents are there.

import type { AgentRegistry } from './agent-pool.js'
import { storedDefinition, type Definition } from './definition.js'
import type { Dispatcher } from './dispatcher.js'
import { executionOf, type Report } from './execution.js'
import type { Json } from './json.js'
import type { Interrupted } from './native.js'
import { Run } from './run.js'
import type { WorkflowExecution } from './workflow.js'

interface StoredText {
  id: string
  definition: object
  context: { [key: string]: Json } | null
  report: Report
  outputs: Record<string, Json>
}

/** An execution as `runtime::report::stored` writes it. */
export interface Stored {
  readonly id: string
  readonly definition: Definition
  readonly context: { [key: string]: Json }
  readonly report: Report
  readonly outputs: Readonly<Record<string, Json>>
  seen(): WorkflowExecution
}

/** Reads a stored execution. */
export function readStored(stored: string | object): Stored {
  const { id, definition: text, context, report, outputs } = (typeof stored === 'string' ? JSON.parse(stored) : stored) as StoredText
  const definition = storedDefinition(text)
  const given = context ?? {}
  const values = definition.tasks.map((_, place) => outputs[place])
  return { id, definition, context: given, report, outputs, seen: () => executionOf(id, definition, given, values, () => report, false) }
}

/** Interrupted executions whose agents are not all registered yet. */
export class InterruptedRuns {
  readonly #dispatcher: Dispatcher
  readonly #agents: AgentRegistry
  readonly #waiting = new Set<Run>()
  #looking = false

  constructor(dispatcher: Dispatcher, agents: AgentRegistry) {
    this.#dispatcher = dispatcher
    this.#agents = agents
  }

  /** Makes runs of what the store had, and continues those that can be. */
  takeUp(found: readonly Interrupted[]): Run[] {
    const runs = found.map(({ slot, text }) => {
      const { id, definition, context, outputs } = readStored(text)
      const run = new Run(slot, id, definition, context, 0)
      for (const [place, output] of Object.entries(outputs)) run.outputs[Number(place)] = output
      run.accepted = true
      this.#dispatcher.add(run)
      this.#waiting.add(run)
      return run
    })
    this.#look()
    return runs
  }

  /** An agent was registered. */
  registered(): void {
    if (this.#waiting.size === 0 || this.#looking) return
    this.#looking = true
    // Agents are registered one after the other; look once.
    queueMicrotask(() => {
      this.#looking = false
      this.#look()
    })
  }

  /** Cancels `run` with `cancel`; one that still waits here will have no agent answering, so we do. */
  abandon(run: Run, cancel: () => void): void {
    if (!this.#waiting.delete(run)) return cancel()
    const report = JSON.parse(this.#dispatcher.engine.report(run.slot)) as Report
    this.#dispatcher.activate()
    cancel()
    report.tasks.forEach(([state, attempts], place) => {
      if (state === 2) this.#dispatcher.answerInterrupted(run, place, attempts)
    })
  }

  /** Which executions wait, for which agents. */
  waiting(): Record<string, readonly string[]> {
    return Object.fromEntries([...this.#waiting].map((run) => [run.id, this.#missing(run)]))
  }

  #look(): void {
    for (const run of this.#waiting) {
      if (this.#missing(run).length > 0) continue
      this.#waiting.delete(run)
      this.#dispatcher.activate()
      this.#dispatcher.engine.resume(run.slot)
      this.#dispatcher.schedule()
    }
  }

  #missing(run: Run): string[] {
    return run.definition.agentIds.filter((agentId) => this.#agents.find(agentId) === undefined)
  }
}
