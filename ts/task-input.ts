// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What one attempt of a task is given. Made for every attempt, so what costs is made when it is asked for.

import { inspect } from 'node:util'
import type { TaskDefinition } from './definition.js'
import type { OrchestratorError } from './errors.js'
import type { Json } from './json.js'
import type { Run } from './run.js'
import type { AttemptContext, TaskInput } from './workflow.js'

/** A copy of JSON data that shares nothing with it. */
export function copyJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyJson)
  const copy: { [key: string]: Json } = {}
  for (const key in value) setOwn(copy, key, copyJson(value[key] as Json))
  return copy
}

/** Sets an own property, also one called `__proto__`. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  else (target as Record<string, unknown>)[key] = value
}

/** The task as its agent sees it. Everything in it belongs to this attempt: changing it changes nothing else. */
export class AttemptInput implements TaskInput {
  readonly id: string
  readonly name: string
  readonly agentId: string
  readonly type: 'sequential' | 'parallel'
  readonly executionId: string
  readonly attempt: number
  readonly input: { prompt?: string; data?: unknown }
  readonly #run: Run
  readonly #dependencies: readonly number[]
  #context: TaskInput['context'] | undefined

  static {
    // Written as a method, its computed name could not be declared in isolation.
    Object.defineProperty(this.prototype, inspect.custom, { value: this.prototype.toJSON })
  }

  constructor(run: Run, task: TaskDefinition, attempt: number, data: Json | undefined) {
    this.id = task.id
    this.name = task.name
    this.agentId = task.agentId
    this.type = task.type
    this.executionId = run.id
    this.attempt = attempt
    this.input = {}
    if (task.prompt !== undefined) this.input.prompt = task.prompt
    if (data !== undefined) this.input.data = copyJson(data)
    this.#run = run
    this.#dependencies = task.dependencies
  }

  get context(): TaskInput['context'] {
    return (this.#context ??= this.#makeContext())
  }

  #makeContext(): TaskInput['context'] {
    const context = copyJson(this.#run.context) as TaskInput['context']
    const dependencies: Record<string, unknown> = {}
    for (const place of this.#dependencies) {
      const output = this.#run.outputs[place]
      if (output !== undefined) dependencies[this.#run.definition.tasks[place]?.id ?? ''] = copyJson(output)
    }
    context.dependencies = dependencies
    return context
  }

  /** The context is made on demand and is still part of what is seen. */
  toJSON(): object {
    return { ...this, context: this.context }
  }
}

/** The second argument of an agent. */
export class LiveAttempt implements AttemptContext {
  readonly attempt: number
  readonly #run: Run
  readonly #taskId: string
  #controller: AbortController | undefined
  #reason: OrchestratorError | undefined

  constructor(run: Run, task: TaskDefinition, attempt: number) {
    this.attempt = attempt
    this.#run = run
    this.#taskId = task.id
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  get idempotencyKey(): string {
    return `${this.#run.id}:${encodeURIComponent(this.#taskId)}`
  }

  /** Tells the agent to stop; a signal that is first asked for later is aborted from the start. */
  abort(reason: OrchestratorError): void {
    this.#reason ??= reason
    this.#controller?.abort(this.#reason)
  }
}
