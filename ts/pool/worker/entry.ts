// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The worker's side of an isolated agent: it loads the module, makes the agent, and calls it as the main thread asks. It is bundled on its
// own, as dist/worker.mjs, and knows nothing of the engine.

import { parentPort, type MessagePort } from 'node:worker_threads'
import type { Issue } from '../../api/issue.js'
import { contextOf, hasProvider, openTelemetry, type OpenTelemetry } from '../../base/opentelemetry.js'
import { plainJson } from '../../json/json.js'
import type { TaskInput } from '../../api/agent.js'
import { WorkerAttempt, type AttemptHost, type RemoteTask } from './attempt.js'
import { packFailure, unpackFailure, type Answered, type Make, type Outcome, type Told } from './messages.js'

/** The agent, which may have more than it must. */
interface MadeAgent {
  execute(task: TaskInput, context: WorkerAttempt): unknown
  healthCheck?(): unknown
  dispose?(): unknown
}

class AgentHost implements AttemptHost {
  readonly waiting = new Map<number, RemoteTask>()
  readonly recording = new Map<number, (outcome: Outcome) => void>()
  readonly #port: MessagePort
  readonly #attempts = new Map<number, WorkerAttempt>()
  #agent: MadeAgent | undefined

  constructor(port: MessagePort) {
    this.#port = port
    // This also keeps the worker alive while its agent has nothing to do.
    port.on('message', (told: Told) => void this.#do(told))
  }

  async make(module: string, configuration: string): Promise<void> {
    let at: Extract<Answered, { kind: 'unmade' }>['at'] = 'module'
    try {
      const loaded = (await import(module)) as { create?: unknown; default?: { create?: unknown } | null }
      at = 'export'
      // A CommonJS module, or one compiled to it, may have it in its default export only.
      const create = loaded.create ?? loaded.default?.create
      if (typeof create !== 'function') throw new TypeError(exported(loaded))
      at = 'create'
      const agent: unknown = await (create as (configuration: unknown) => unknown)(JSON.parse(configuration))
      at = 'agent'
      if (typeof (agent as MadeAgent | null | undefined)?.execute !== 'function')
        throw new TypeError(agent === undefined ? 'nothing' : 'something without an `execute` method')
      this.#agent = agent as MadeAgent
      this.say({ kind: 'made', checked: typeof this.#agent.healthCheck === 'function' })
    } catch (error) {
      this.say({ kind: 'unmade', at, failure: packFailure(error) })
    }
  }

  say(answered: Answered): void {
    this.#port.postMessage(answered)
  }

  async #do(told: Told): Promise<void> {
    const { call } = told
    if (told.kind === 'abort') {
      this.#attempts.get(call)?.abort(unpackFailure(told.reason))
      return this.say({ kind: 'heard', call })
    }
    if (told.kind === 'spawned') {
      this.waiting.get(call)?.settle(told)
      return void this.waiting.delete(call)
    }
    if (told.kind === 'recorded') {
      this.recording.get(call)?.(told)
      return void this.recording.delete(call)
    }
    try {
      const issues: Issue[] = []
      const value = plainJson(await this.#answer(told), 'result', issues)
      if (value === undefined) this.say({ kind: 'refused', call, issues: JSON.stringify(issues) })
      else this.say({ kind: 'answered', call, value: JSON.stringify(value) })
    } catch (error) {
      this.say({ kind: 'answered', call, failure: packFailure(error) })
    } finally {
      this.#attempts.get(call)?.end()
      this.#attempts.delete(call)
    }
  }

  #answer(told: Extract<Told, { kind: 'execute' | 'check' | 'dispose' }>): unknown {
    if (told.kind !== 'execute') return told.kind === 'check' ? this.#agent?.healthCheck?.() : this.#agent?.dispose?.()
    const task = JSON.parse(told.task) as TaskInput
    const attempt = new WorkerAttempt(told, task.id, this)
    this.#attempts.set(told.call, attempt)
    return traced(told.traceparent, () => this.#agent?.execute(task, attempt))
  }
}

/** Calls an agent inside the span of its attempt, which is the main thread's, if this thread has a provider of its own: that of the agent's module, for one. */
function traced<T>(traceparent: string | undefined, call: () => T): T {
  if (traceparent === undefined || !hasProvider()) return call()
  let api: OpenTelemetry
  try {
    api = openTelemetry()
  } catch {
    // The main thread says so of itself.
    return call()
  }
  return api.context.with(api.trace.setSpanContext(api.context.active(), contextOf(traceparent)), call)
}

/** What a module exports, for whoever expected `create` there. */
function exported(loaded: object): string {
  const names = Object.keys(loaded)
  return names.length === 0 ? 'nothing' : names.map((name) => `\`${name}\``).join(', ')
}

parentPort?.once('message', ({ port, module, configuration }: Make) => void new AgentHost(port).make(module, configuration))
