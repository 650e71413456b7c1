// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Agents that do what a test has written down, and remember what they were asked.

import { dateOf } from '../base/clock.js'
import { readDuration, type Duration } from '../api/duration.js'
import { AgentError, ValidationError } from '../api/errors.js'
import { memberPath, type Issue } from '../api/issue.js'
import { plainJson } from '../json/json.js'
import type { AttemptContext, TaskInput } from '../api/agent.js'
import type { FakeClock } from './fake-clock.js'

/** Computes an answer. Its return value is the answer; an error fails the attempt. */
export type ScriptFunction = (task: TaskInput, context: AttemptContext) => unknown

/** A step that takes time: from `after`, or `hang` or `untilAborted`. */
export interface Pause {
  readonly pause: 'after' | 'hang' | 'untilAborted'
}

/** One call of a scripted agent. */
export interface ScriptedCall {
  /** A copy of its first argument. */
  readonly task: TaskInput
  readonly attempt: number
  readonly idempotencyKey: string
  readonly signal: AbortSignal
  /** The time of the call, by the clock of the kit. */
  readonly at: Date
}

/** An agent that follows a script. */
export interface ScriptedAgent {
  /** Its calls in order, including those before a crash. */
  readonly calls: readonly ScriptedCall[]
}

/** Scripts the agents of a test kit. */
export interface TestAgents {
  /**
   * Lets an agent follow a script from now on, also after a crash: an array of answers, or a function that gives every answer. It replaces an agent or type
   * of this name, and an earlier script.
   *
   * A step is JSON data (the answer), an `Error` (thrown), a function (called), `after('2s', step)`, `hang` or `untilAborted`. An attempt that a crash
   * interrupted gets the same step again. A call beyond the last step fails with `ERR_SCRIPT_ENDED`, which is not retried.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT`, `ERR_NOT_JSON` with every invalid step by path.
   */
  script(agentId: string, steps: readonly unknown[] | ScriptFunction): ScriptedAgent
}

class PauseStep implements Pause {
  readonly pause: Pause['pause']
  readonly millis: number
  readonly step: unknown

  constructor(pause: Pause['pause'], millis: number, step: unknown) {
    this.pause = pause
    this.millis = millis
    this.step = step
  }
}

/** A step that never answers and ignores its signal: the attempt is given up 5 s after it had to stop. */
export const hang: Pause = new PauseStep('hang', Infinity, undefined)

/** A step that works until its signal aborts, then throws the reason. */
export const untilAborted: Pause = new PauseStep('untilAborted', Infinity, undefined)

/**
 * Returns a step that answers after a time of the kit's clock. It throws the reason if the attempt must stop meanwhile.
 *
 * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if the duration is invalid.
 */
export function after(duration: Duration, step: unknown): Pause {
  const issues: Issue[] = []
  const millis = readDuration(duration, 'duration', issues)
  if (millis === undefined) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the step cannot be taken', issues)
  return new PauseStep('after', millis, step)
}

export class Script implements ScriptedAgent {
  readonly calls: ScriptedCall[] = []
  readonly #agentId: string
  readonly #steps: readonly unknown[] | ScriptFunction
  readonly #clock: FakeClock
  #taken = 0
  /** The step of each attempt: one that is called again, since a crash cut it short, finds its own. */
  readonly #given = new Map<string, unknown>()

  constructor(agentId: string, steps: readonly unknown[] | ScriptFunction, clock: FakeClock) {
    check(agentId, steps)
    this.#agentId = agentId
    this.#steps = typeof steps === 'function' ? steps : [...steps]
    this.#clock = clock
  }

  /** Forgets all that happened. */
  restart(): void {
    this.calls.length = 0
    this.#taken = 0
    this.#given.clear()
  }

  execute(task: TaskInput, context: AttemptContext): unknown {
    const { attempt, idempotencyKey, signal } = context
    const at = dateOf(this.#clock.now())
    this.calls.push({ task: JSON.parse(JSON.stringify(task)) as TaskInput, attempt, idempotencyKey, signal, at })
    return this.#play(this.#stepOf(task, context), task, context)
  }

  #stepOf(task: TaskInput, { attempt, idempotencyKey }: AttemptContext): unknown {
    if (typeof this.#steps === 'function') return this.#steps
    const key = `${attempt} ${idempotencyKey}`
    if (this.#given.has(key)) return this.#given.get(key)
    if (this.#taken >= this.#steps.length) throw this.#ended(task, attempt)
    const step = this.#steps[this.#taken++]
    this.#given.set(key, step)
    return step
  }

  #play(step: unknown, task: TaskInput, context: AttemptContext): unknown {
    if (step instanceof PauseStep) return this.#pause(step, task, context)
    if (step instanceof Error) throw step
    return typeof step === 'function' ? (step as ScriptFunction)(task, context) : step
  }

  async #pause(step: PauseStep, task: TaskInput, context: AttemptContext): Promise<unknown> {
    await this.#clock.wait(step.millis, step.pause === 'hang' ? undefined : context.signal)
    return this.#play(step.step, task, context)
  }

  #ended(task: TaskInput, attempt: number): AgentError {
    const { length } = this.#steps
    const has = length === 1 ? '1 step' : `${length} steps`
    const message =
      `the script of agent \`${this.#agentId}\` has ${has}, and this is call ${this.#taken + 1} (task \`${task.id}\`, attempt ${attempt}); ` +
      'add a step, or script a function, which answers every call'
    return new AgentError('ERR_SCRIPT_ENDED', message, { taskId: task.id, executionId: task.executionId })
  }
}

function check(agentId: unknown, steps: unknown): void {
  const issues: Issue[] = []
  if (typeof agentId !== 'string' || agentId === '') issues.push({ path: 'agentId', message: 'must be a non-empty string' })
  if (Array.isArray(steps)) steps.forEach((step, index) => checkStep(step, memberPath('steps', index), issues))
  else if (typeof steps !== 'function')
    issues.push({ path: 'steps', message: 'must be an array of answers in order, or a function that gives every answer' })
  if (issues.length === 0) return
  const code = issues.every((issue) => issue.code === 'ERR_NOT_JSON') ? 'ERR_NOT_JSON' : 'ERR_INVALID_ARGUMENT'
  throw new ValidationError(code, 'the agent cannot be scripted', issues)
}

function checkStep(step: unknown, path: string, issues: Issue[]): void {
  if (step instanceof PauseStep) return checkStep(step.step, path, issues)
  if (typeof step !== 'function' && !(step instanceof Error)) plainJson(step, path, issues)
}
