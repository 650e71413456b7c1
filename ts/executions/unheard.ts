// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions that failed, and of whose failure nobody has heard yet: no listener was there, and no handle was asked. Whoever has just been given a
// handle may be about to ask it, so they are logged a second later; before that when the orchestrator is shut down or the process ends.

import type { WorkflowExecution } from '../api/execution.js'
import type { LiveRuns } from './live-runs.js'
import type { Log } from '../log/log.js'
import { failureOf } from './outcome.js'
import { real } from '../base/real-time.js'
import type { Run } from '../run/run.js'

const GRACE_MS = 1000
/** How many may wait; beyond it the oldest are logged at once. */
const WAITING_MAX = 10_000

/** Those of all orchestrators for which something waits: the process has one pair of listeners for its end, however many there are. */
const waiting = new Set<Unheard>()
const atEnd = (): void => {
  for (const unheard of waiting) unheard.tellAll()
}

interface Failed {
  readonly run: Run
  readonly execution: WorkflowExecution
  /** By the clock of the process, in milliseconds. */
  readonly at: number
}

export class Unheard {
  readonly #log: Log
  readonly #live: LiveRuns
  readonly #listens: () => boolean
  /** By id, oldest first. */
  readonly #failed = new Map<string, Failed>()
  #timer: NodeJS.Timeout | undefined

  /** `listens`: whether somebody listens to tasks that fail. */
  constructor(log: Log, live: LiveRuns, listens: () => boolean) {
    this.#log = log
    this.#live = live
    this.#listens = listens
  }

  /** A run has ended. */
  ended(run: Run): void {
    const { execution } = run
    if (execution?.status !== 'failed' || this.#isHeard(run, execution)) return
    if (this.#failed.size === 0) {
      // A logger that writes later has its time before the exit; one that ends with the process is not to end before us.
      if (waiting.size === 0) process.on('beforeExit', atEnd).prependListener('exit', atEnd)
      waiting.add(this)
    }
    this.#failed.set(run.id, { run, execution, at: real.elapsed() })
    const [oldest] = this.#failed.values()
    if (this.#failed.size > WAITING_MAX && oldest !== undefined) this.#tell(oldest)
    this.#timer ??= this.#wait(GRACE_MS)
  }

  /** Somebody waits for the end of a run, or asks for it. */
  asked(run: Run | undefined): Run | undefined {
    if (run === undefined) return run
    run.heard = true
    this.heard(run.id)
    return run
  }

  /** Somebody is told of an execution as it is now. */
  heard(id: string): void {
    if (this.#failed.delete(id)) this.#settle()
  }

  /** Logs what waits. */
  tellAll(): void {
    for (const failed of this.#failed.values()) this.#tell(failed)
  }

  /** The process has ended, as far as anybody can tell. */
  forget(): void {
    this.#failed.clear()
    this.#settle()
  }

  /** Whether somebody hears that a run has failed: a listener, whoever waits for it or follows it, or the execution that it is a task of. */
  #isHeard({ call, heard, followers, options: { parent } }: Run, { error }: WorkflowExecution): boolean {
    if (call > 0 || heard || followers > 0 || (parent !== undefined && this.#live.has(parent.execution))) return true
    return error !== undefined && error.taskId !== '' && this.#listens()
  }

  /** It keeps no process alive: at its end everything is told. */
  #wait(ms: number): NodeJS.Timeout {
    return real
      .setTimeout(() => {
        this.#timer = undefined
        const due = real.elapsed() - GRACE_MS
        for (const failed of this.#failed.values()) {
          if (failed.at > due) {
            this.#timer = this.#wait(failed.at - due)
            return
          }
          this.#tell(failed)
        }
      }, Math.ceil(ms))
      .unref()
  }

  #tell({ run, execution }: Failed): void {
    this.#failed.delete(run.id)
    this.#settle()
    const { code = 'ERR_INTERNAL', taskId = '', message = '' } = execution.error ?? {}
    const { schedule, tenant } = run.options
    const where = taskId === '' ? '' : ` at task \`${taskId}\``
    const why = schedule === undefined ? '' : `, begun by schedule \`${schedule.id}\`,`
    const record = {
      event: 'execution:failed' as const,
      code,
      executionId: run.id,
      workflowId: run.workflowId,
      ...(taskId !== '' && { taskId }),
      ...(schedule !== undefined && { scheduleId: schedule.id }),
      ...(tenant !== undefined && { tenant }),
      err: failureOf(run, execution),
    }
    this.#log.error(record, `workflow \`${run.workflowId}\`${why} failed${where}: ${message}`)
  }

  #settle(): void {
    if (this.#failed.size > 0 || !waiting.delete(this)) return
    real.clearTimeout(this.#timer)
    this.#timer = undefined
    if (waiting.size === 0) process.off('beforeExit', atEnd).off('exit', atEnd)
  }
}
