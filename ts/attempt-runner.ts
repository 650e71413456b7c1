// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Calls agents and turns whatever they do into an answer. Nothing an agent does may throw out of here.

import type { AgentSlot } from './agent-pool.js'
import { now } from './clock.js'
import type { TaskDefinition } from './definition.js'
import type { Dispatcher } from './dispatcher.js'
import { NotFoundError, ValidationError } from './errors.js'
import { failureText } from './failure.js'
import { judgeInput, judgeOutput } from './input-judge.js'
import type { Issue } from './issue.js'
import { plainJson, type Json } from './json.js'
import { Form } from './native.js'
import type { Run } from './run.js'
import { AttemptInput, copyJson, LiveAttempt } from './task-input.js'
import type { Agent } from './workflow.js'

/** One attempt under way: which, and when its agent was called. */
interface Attempt {
  readonly run: Run
  readonly place: number
  readonly attempt: number
  readonly live: LiveAttempt
  start: number
  answered: boolean
}

export class AttemptRunner {
  readonly #dispatcher: Dispatcher
  readonly #find: (agentId: string) => AgentSlot | undefined
  /** Runs the workflow of a task as an execution of its own. */
  readonly #child: (run: Run, instance: number, attempt: LiveAttempt, data: Json | undefined) => Promise<unknown>
  readonly #held: boolean
  readonly #outputOf = (run: Run, instance: number): Json => {
    if (run.definition.opaque) return copyJson(run.outputs[instance] ?? null)
    return JSON.parse(this.#dispatcher.engine.output(run.slot, instance)) as Json
  }
  #draining = false

  constructor(
    dispatcher: Dispatcher,
    find: (agentId: string) => AgentSlot | undefined,
    child: (run: Run, instance: number, attempt: LiveAttempt, data: Json | undefined) => Promise<unknown>,
    held: boolean,
  ) {
    this.#dispatcher = dispatcher
    this.#find = find
    this.#child = child
    this.#held = held
  }

  /** No attempt is started any more. */
  drain(): void {
    this.#draining = true
  }

  start(run: Run, place: number, number: number): void {
    if (this.#draining) return
    const task = run.task(place)
    const live = new LiveAttempt(run, place, number, this.#dispatcher)
    const attempt: Attempt = { run, place, attempt: number, live, start: 0, answered: false }
    run.attempts[place] = live
    this.#dispatcher.inFlight += 1
    const agent = task.kind === 'workflow' ? undefined : this.#find(task.agentId)?.agent
    if (agent !== undefined && !task.judged) this.#call(attempt, task, agent)
    else void this.#prepare(attempt, task)
  }

  /** The slow way to the agent: its instance is still to be made, or the input to be judged. */
  async #prepare(attempt: Attempt, task: TaskDefinition): Promise<void> {
    attempt.start = now()
    try {
      if (task.judged) await judgeInput(attempt.run, attempt.place, task, this.#input(attempt, task).data)
      if (task.kind === 'workflow') return this.#callWorkflow(attempt, task)
      const slot = this.#find(task.agentId)
      if (slot === undefined) throw new NotFoundError('ERR_AGENT_NOT_FOUND', `agent \`${task.agentId}\` is not registered`)
      const agent = slot.agent ?? (await slot.make())
      // It may have been told to stop meanwhile, when there was nobody yet to hear it.
      attempt.live.signal.throwIfAborted()
      this.#call(attempt, task, agent)
    } catch (error) {
      this.#fail(attempt, error)
    }
  }

  #call(attempt: Attempt, task: TaskDefinition, agent: Agent): void {
    const { run, place } = attempt
    let answer: unknown
    attempt.start = now()
    try {
      const input = task.templated || task.judged ? this.#input(attempt, task) : task
      answer = agent.execute(new AttemptInput(run, place, attempt.attempt, input, this.#outputOf), attempt.live)
    } catch (error) {
      return this.#fail(attempt, error)
    }
    if (isThenable(answer)) {
      const promise = answer instanceof Promise ? (answer as Promise<unknown>) : Promise.resolve(answer)
      promise.then(
        (value) => this.#complete(attempt, value),
        (error: unknown) => this.#fail(attempt, error),
      )
    } else {
      this.#complete(attempt, answer)
    }
  }

  #callWorkflow(attempt: Attempt, task: TaskDefinition): void {
    const { run, place, live } = attempt
    attempt.start = now()
    this.#child(run, place, live, this.#input(attempt, task).data).then(
      (value) => this.#complete(attempt, value),
      (error: unknown) => this.#fail(attempt, error),
    )
  }

  /** What was written, or what its templates gave, or what its schema made of that. */
  #input({ run, place }: Attempt, task: TaskDefinition): { prompt: string | undefined; data: Json | undefined } {
    let { prompt, data } = task
    if (task.templated) {
      const rendered = JSON.parse(this.#dispatcher.engine.rendered(run.slot, place) ?? '{}') as { prompt?: string; data?: Json }
      prompt = rendered.prompt
      data = rendered.data
    }
    return { prompt, data: task.judged && run.parsed.has(place) ? run.parsed.get(place) : data }
  }

  /** What stands between an agent's answer and its record: tasks it spawned and did not wait for, and a schema. */
  async #review(attempt: Attempt, task: TaskDefinition, value: unknown): Promise<void> {
    try {
      await attempt.live.spawner?.settle()
      this.#accept(attempt, task.outputJudged ? await judgeOutput(attempt.run, task, value) : value)
    } catch (error) {
      this.#fail(attempt, error)
    }
  }

  #complete(attempt: Attempt, value: unknown): void {
    const task = attempt.run.task(attempt.place)
    if (task.outputJudged || attempt.live.spawner !== undefined) void this.#review(attempt, task, value)
    else this.#accept(attempt, value)
  }

  #accept(attempt: Attempt, value: unknown): void {
    const end = now()
    const { run, place } = attempt
    const issues: Issue[] = []
    const output = plainJson(value, 'result', issues)
    if (output === undefined) {
      const what = `the result of task \`${run.task(place).id}\` is not JSON data`
      return this.#fail(attempt, new ValidationError('ERR_NOT_JSON', what, issues))
    }
    if (!this.#settle(attempt)) return
    // A late answer, whose attempt the engine has given up, must not show where a later attempt's is to stand.
    if (run.attempts[place] === attempt.live) {
      run.outputs[place] = output
      run.attempts[place] = undefined
    }
    if (this.#held && run.keeps(place)) this.#answer(attempt, Form.completedHeld, end, undefined)
    else this.#answer(attempt, Form.completedJson, end, JSON.stringify(output))
  }

  #fail(attempt: Attempt, thrown: unknown): void {
    const end = now()
    if (!this.#settle(attempt)) return
    const { run, place } = attempt
    if (run.attempts[place] === attempt.live) run.attempts[place] = undefined
    run.thrown.set(`${place}:${attempt.attempt}`, thrown)
    this.#answer(attempt, Form.failed, end, failureText(thrown))
  }

  /** False if the attempt has answered before. */
  #settle(attempt: Attempt): boolean {
    if (attempt.answered) return false
    attempt.answered = true
    this.#dispatcher.inFlight -= 1
    return true
  }

  #answer({ run, place, attempt, start }: Attempt, form: number, end: number, text: string | undefined): void {
    this.#dispatcher.answer(run, place, attempt, form, start, end, text)
  }
}

function isThenable(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}
