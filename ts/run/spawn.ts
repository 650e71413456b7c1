// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tasks that an attempt adds while it runs. Each is a promise that knows whether anybody looked at it: a failure nobody caught is the attempt's own.

import { forbiddenBy } from '../definition/allow.js'
import { CancelledError, TaskFailedError, ValidationError } from '../api/errors.js'
import { restored, type Kept } from '../failure/restored.js'
import type { Json } from '../json/json.js'
import { copyJson } from '../json/copy.js'
import type { Lender } from './lender.js'
import type { Run, Spawned, SpawnedEnd } from './run.js'
import { readSpawning, type Spawning } from '../definition/spawning.js'
import type { LiveAttempt, Spawns } from './attempt.js'
import type { TaskStatus } from '../api/execution.js'
import type { AgentTask } from '../api/task.js'

/** What spawning needs of the dispatcher. */
interface SpawnHost {
  readonly maxValueBytes: number
  isUnderWay(run: Run, instance: number, attempt: LiveAttempt): boolean
  /** Adds a task to an attempt of `instance`; `undefined` if that was told to stop. */
  spawn(run: Run, instance: number, attempt: number, spawning: Spawning, lender: Lender): Spawned | undefined
}

/** What one attempt has spawned. */
export class Spawner implements Spawns {
  readonly #host: SpawnHost
  readonly #lender: Lender
  readonly #run: Run
  readonly #instance: number
  readonly #attempt: LiveAttempt
  readonly #tasks: Spawned[] = []

  constructor(host: SpawnHost, run: Run, instance: number, attempt: LiveAttempt, lender: Lender) {
    this.#host = host
    this.#lender = lender
    this.#run = run
    this.#instance = instance
    this.#attempt = attempt
  }

  /**
   * Adds a task; the answer resolves with its output. A later attempt that spawns the same task gets the same one. Once the attempt is over, or is
   * told to stop, nothing is added, and the answer rejects with the reason.
   *
   * @throws {ValidationError} if the task cannot run.
   * @throws {ConflictError} `ERR_SPAWN_CHANGED` if an earlier attempt spawned another task of this id.
   */
  spawn(task: AgentTask): PromiseLike<unknown> {
    if (!this.#host.isUnderWay(this.#run, this.#instance, this.#attempt)) return this.#refused(this.#attempt.whyOver)
    const spawning = readSpawning(task, this.#host.maxValueBytes)
    const { allow } = this.#run.options
    const forbidden = allow === undefined ? [] : forbiddenBy(spawning.task, allow)
    if (forbidden.length > 0) throw new ValidationError('ERR_VALIDATION', 'the spawned task cannot run', forbidden)
    const added = this.#host.spawn(this.#run, this.#instance, this.#attempt.attempt, spawning, this.#lender)
    const spawned = added ?? this.#refused(this.#attempt.reason)
    this.#tasks.push(spawned)
    return spawned
  }

  #refused(why: unknown): SpawnedTask {
    const refused = new SpawnedTask(this.#lender)
    refused.settle({ error: why })
    return refused
  }

  /** Waits for what nobody waited for, also if it was added meanwhile; throws the first failure that nobody caught. */
  async settle(): Promise<void> {
    for (const task of this.#tasks) {
      if (task.observed) continue
      try {
        await task
      } catch (cause) {
        // It is told to stop, and nothing has failed.
        if (cause === this.#lender.reason) throw cause
        const { id } = this.#run.task(this.#instance)
        const message = `a task that \`${id}\` spawned failed, and the agent did not catch it: ${(cause as Error).message}`
        throw new TaskFailedError('ERR_SPAWN_FAILED', message, { cause, executionId: this.#run.id, taskId: id })
      }
    }
  }
}

/** How a spawned task ended, which `text` tells as `runtime::report` writes it, for whoever waits for it; `output` gives its output as JSON text. */
export function spawnedEnd(run: Run, instance: number, text: string, output: () => string): SpawnedEnd {
  const taskId = run.path(instance)
  const at = { executionId: run.id, taskId }
  const { status, ...note } = JSON.parse(text) as Kept & { status: TaskStatus; tolerated?: boolean }
  if (status === 'completed') return { value: JSON.parse(output()) as Json }
  if (note.tolerated === true) return { value: null }
  if (status !== 'failed') return { error: new CancelledError('ERR_CANCELLED', `task \`${taskId}\` was stopped`, at) }
  const message = `task \`${taskId}\` failed: ${note.message}`
  return { error: new TaskFailedError('ERR_TASK_FAILED', message, { ...at, cause: restored(note, at), details: { ...note } }) }
}

/** The output of a spawned task, to come. */
export class SpawnedTask implements Spawned {
  observed = false
  readonly #promise: Promise<Json>
  readonly #lender: Lender
  #settled = false
  #settle: { resolve: (value: Json) => void; reject: (error: unknown) => void } | undefined

  constructor(lender: Lender) {
    this.#lender = lender
    this.#promise = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.#promise.catch(() => {})
  }

  isOf(lender: object): boolean {
    return this.#lender === lender
  }

  settle(result: SpawnedEnd): void {
    this.#settled = true
    if ('value' in result) this.#settle?.resolve(copyJson(result.value))
    else this.#settle?.reject(result.error)
  }

  // oxlint-disable-next-line unicorn/no-thenable -- being one is its purpose: it must know whether it is awaited
  then<A = unknown, B = never>(
    onfulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.observed = true
    const awaited = this.#settled ? this.#promise : this.#lender.wait(this.#promise)
    return awaited.then(onfulfilled, onrejected)
  }
}
