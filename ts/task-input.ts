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
  // A spread keeps an own key `__proto__` what it is, and is several times faster than assignments.
  const copy = { ...value }
  for (const key in copy) {
    const member = copy[key]
    if (typeof member === 'object' && member !== null && key !== '__proto__') copy[key] = copyJson(member)
  }
  return Object.hasOwn(copy, '__proto__') ? deepenProto(copy) : copy
}

/** The one member that an assignment would not copy but obey. */
function deepenProto(copy: { [key: string]: Json }): Json {
  const value = copyJson(Object.getOwnPropertyDescriptor(copy, '__proto__')?.value as Json)
  return Object.defineProperty(copy, '__proto__', { value, writable: true, enumerable: true, configurable: true })
}

const NO_INPUT: AttemptInput['input'] = Object.freeze({})

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
  readonly #task: TaskDefinition
  #context: TaskInput['context'] | undefined

  static {
    // Written as a method, its computed name could not be declared in isolation.
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: AttemptInput): object {
        return this.toJSON()
      },
    })
  }

  constructor(run: Run, task: TaskDefinition, attempt: number, data: Json | undefined) {
    this.id = task.id
    this.name = task.name
    this.agentId = task.agentId
    this.type = task.type
    this.executionId = run.id
    this.attempt = attempt
    this.input = task.prompt === undefined && data === undefined ? NO_INPUT : inputOf(task.prompt, data)
    this.#run = run
    this.#task = task
  }

  get context(): TaskInput['context'] {
    return (this.#context ??= this.#makeContext())
  }

  #makeContext(): TaskInput['context'] {
    const context = copyJson(this.#run.context) as TaskInput['context']
    const { outputs, definition } = this.#run
    // A task runs only when all of these have completed, so each has its output.
    const dependencies: Record<string, unknown> = {}
    for (const place of this.#task.dependencies) {
      dependencies[(definition.tasks[place] as TaskDefinition).id] = copyJson(outputs[place] as Json)
    }
    context.dependencies = dependencies
    return context
  }

  /** The context is made on demand and is still part of what is seen. */
  toJSON(): object {
    return Object.assign({}, this, { context: this.context })
  }
}

function inputOf(prompt: string | undefined, data: Json | undefined): AttemptInput['input'] {
  const input: AttemptInput['input'] = {}
  if (prompt !== undefined) input.prompt = prompt
  if (data !== undefined) input.data = copyJson(data)
  return input
}

/** One attempt under way: the second argument of its agent, and the runner's own record of it. */
export class LiveAttempt implements AttemptContext {
  readonly attempt: number
  readonly #run: Run
  readonly #place: number
  #controller: AbortController | undefined
  #reason: OrchestratorError | undefined

  constructor(run: Run, place: number, attempt: number) {
    this.attempt = attempt
    this.#run = run
    this.#place = place
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  get idempotencyKey(): string {
    return `${this.#run.id}:${encodeURIComponent(this.#run.definition.tasks[this.#place]?.id ?? '')}`
  }

  /** Tells the agent to stop; a signal that is first asked for later is aborted from the start. */
  abort(reason: OrchestratorError): void {
    this.#reason ??= reason
    this.#controller?.abort(this.#reason)
  }
}
