// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Calls agents and turns whatever they do into an answer. Nothing an agent does may throw out of here.

import type { Instance } from '../pool/instances.js'
import type { AgentRegistry } from '../pool/agent-pool.js'
import { allows, notAllowed } from '../definition/allow.js'
import type { Clock } from '../base/clock.js'
import type { TaskDefinition } from '../definition/definition.js'
import { noData } from '../json/entry.js'
import { NotFoundError, type OrchestratorError } from '../api/errors.js'
import { failureText } from '../failure/failure.js'
import { judgeInput, judgeOutput } from '../run/input-judge.js'
import type { Issue } from '../api/issue.js'
import { plainJson, type Json } from '../json/json.js'
import { copyJson } from '../json/copy.js'
import { Form, type Engine } from '../boundary/native.js'
import { PutOff } from './put-off.js'
import type { Run } from '../run/run.js'
import type { Stalls } from '../profiling/stalls.js'
import { AttemptInput, LiveAttempt, type AttemptHost } from '../run/attempt.js'
import type { Agent, AttemptContext, TaskInput } from '../api/agent.js'
import { real } from '../base/real-time.js'

/** How long agents that block the event loop may be called one after the other before timers and sockets get their turn. */
const TURN_MICROS_MAX = 50_000

/** How long an agent that is told to stop may go on before the log says so. */
const STOP_MS = 1000

/** Its reactions come after all that is queued. */
const NOW = Promise.resolve()

/** One attempt under way: which, and when its agent was called. A class, since an accessor of each object of its own costs as much as a task. */
export class Attempt {
  readonly run: Run
  readonly attempt: number
  /** Who does it; none if it is no call of an agent, or if that could not be made. */
  readonly instance: Instance | undefined
  /** What is called: the task, or an agent that stands in for it. */
  readonly task: TaskDefinition
  readonly live: LiveAttempt
  start: number
  answered = false

  constructor(run: Run, attempt: number, instance: Instance | undefined, task: TaskDefinition, live: LiveAttempt, start: number) {
    this.run = run
    this.attempt = attempt
    this.instance = instance
    this.task = task
    this.live = live
    this.start = start
  }

  /** A child may be under way while its parent is moved. */
  get place(): number {
    return this.live.instance
  }
}

/** What calling agents needs of the dispatcher. */
interface RunnerHost extends AttemptHost {
  readonly engine: Pick<Engine, 'calling' | 'output' | 'rendered' | 'step' | 'steps'>
  readonly clock: Clock
  readonly maxValueBytes: number
  readonly stalls: Stalls | undefined
  /** How late the event loop is while attempts are under way. */
  readonly delay: { begin(): void; end(): void }
  /** Attempts under way. */
  inFlight: number
  answer(attempt: Attempt, form: number, end: number, text: string | undefined): void
}

export class AttemptRunner {
  readonly #host: RunnerHost
  readonly #clock: Clock
  readonly #agents: AgentRegistry
  /** Runs the workflow of a task as an execution of its own. */
  readonly #child: (run: Run, instance: number, attempt: LiveAttempt, data: Json | undefined) => Promise<ChildEnd>
  readonly #held: boolean
  readonly #outputOf = (run: Run, instance: number): Json => {
    if (run.definition.opaque) return copyJson(run.outputs[instance] ?? null)
    // An agent may look at its task long after its execution has ended, and the engine has let go of that.
    if (run.execution !== undefined) return copyJson((run.ended(instance)?.result ?? null) as Json)
    return JSON.parse(this.#host.engine.output(run.slot, instance)) as Json
  }
  #draining = false
  /** When this turn of the event loop began to call agents, and the calls that were put off to the next turn. */
  #open = false
  #turn = 0
  /** When the answers that are being taken were there, 0 if that is to be read; and whether what ends this taking is queued. */
  #answered = 0
  #endQueued = false
  readonly #later = new PutOff()
  /**
   * The latest attempt, for V8 alone. It gives up the optimised code that was made for a shape of objects when the last one of that shape is collected: where
   * memory was collected while nothing ran, each attempt afterwards needed three times as long. So one of each shape lives: of attempts, runs and inputs.
   */
  latest: Attempt | undefined

  constructor(
    host: RunnerHost,
    agents: AgentRegistry,
    child: (run: Run, instance: number, attempt: LiveAttempt, data: Json | undefined) => Promise<ChildEnd>,
    held: boolean,
  ) {
    this.#host = host
    this.#clock = host.clock
    this.#agents = agents
    this.#child = child
    this.#held = held
  }

  /** No attempt is started any more. */
  drain(): void {
    this.#draining = true
    // Whoever takes the execution up finds them interrupted.
    this.#host.inFlight -= this.#later.size
    this.#later.clear()
  }

  /** `number`: which attempt, from 1. `instanceNumber`: who does it. */
  start(run: Run, place: number, number: number, instanceNumber: number): void {
    if (this.#draining) return
    const instance = instanceNumber === 0 ? undefined : this.#agents.instances.find(instanceNumber)
    const live = new LiveAttempt(run, place, number, this.#host, instance)
    const at = this.#clock.now()
    const own = run.task(place)
    const task = own.hasFallback ? this.#calling(run, place, own) : own
    const attempt = new Attempt(run, number, instance, task, live, at)
    // From here on it hears when it is told to stop, also if it is put off.
    run.attempts[place] = live
    this.latest = attempt
    this.#host.inFlight += 1
    if (this.#host.inFlight === 1) this.#host.delay.begin()
    if (this.#agents.isHeard) this.#announce('agent:allocated', attempt)
    if (this.#later.size === 0 && !this.#isLate(at)) return this.#begin(attempt, instanceNumber)
    if (this.#later.size === 0) real.setImmediate(this.#goOn)
    this.#later.add(run, () => this.#beginLate(attempt, instanceNumber))
  }

  /** Tells an attempt to stop, and the log if its agent goes on all the same. */
  abort(run: Run, place: number, reason: OrchestratorError): void {
    const live = run.attempts[place]
    if (live === undefined) return
    live.abort(reason)
    const agent = live instanceof LiveAttempt ? live.agent : undefined
    if (agent === undefined) return
    const look = (): void => {
      if (run.attempts[place] === live) this.#agents.goesOn(agent.event().agentId, run.id, run.path(place), reason)
    }
    // It keeps no process alive.
    real.setTimeout(look, STOP_MS).unref()
  }

  /** An agent that stands in for the task, if one does. */
  #calling(run: Run, place: number, own: TaskDefinition): TaskDefinition {
    const task = run.definition.tasks[this.#host.engine.calling(run.slot, place)] ?? own
    // What a schema made of another's input is none of its.
    if (task !== own) run.parsed.delete(place)
    return task
  }

  // Agents that block the event loop, called one after the other in one turn, would keep timers and sockets waiting for the sum of them.
  #isLate(at: number): boolean {
    if (this.#open) return at - this.#turn > TURN_MICROS_MAX
    this.#open = true
    this.#turn = at
    real.setImmediate(this.#endTurn)
    return false
  }

  readonly #endTurn = (): void => {
    this.#open = false
  }

  readonly #goOn = (): void => {
    const later = this.#later
    while (later.size > 0 && !this.#isLate(this.#clock.now())) later.call()
    if (later.size > 0) real.setImmediate(this.#goOn)
  }

  #beginLate(attempt: Attempt, instanceNumber: number): void {
    attempt.start = this.#clock.now()
    const { reason } = attempt.live
    // Nobody has been called, so nobody need be told to stop.
    if (reason !== undefined) this.#fail(attempt, reason)
    else this.#begin(attempt, instanceNumber)
  }

  #begin(attempt: Attempt, instanceNumber: number): void {
    const { run, task, instance } = attempt
    // Who is named was judged where the definition entered.
    if (run.options.allow !== undefined && task.agentId === '' && instance !== undefined) {
      const { agentId, type } = instance.event()
      if (!allows(run.options.allow, 'agents', agentId, type)) return this.#fail(attempt, notAllowed(run.options.allow, 'agents', agentId))
    }
    if (instance !== undefined && task.inputSchema === undefined) this.#call(attempt, task, instance)
    else void run.scope.runInAsyncScope(() => this.#prepare(attempt, task, instance, instanceNumber))
  }

  /** The slow way to the agent: there is none, or the input is to be judged. */
  async #prepare(attempt: Attempt, task: TaskDefinition, instance: Instance | undefined, number: number): Promise<void> {
    try {
      if (task.inputSchema !== undefined)
        await judgeInput(attempt.run, attempt.place, task, this.#input(attempt, task).data, this.#host.maxValueBytes)
      if (task.kind === 'workflow') return this.#callWorkflow(attempt, task)
      if (instance === undefined) throw number === 0 ? this.#notFound(task) : this.#agents.instances.failure(number, task.agentId)
      // It may have been told to stop meanwhile, when there was nobody yet to hear it.
      attempt.live.signal.throwIfAborted()
      attempt.start = this.#clock.now()
      this.#call(attempt, task, instance)
    } catch (error) {
      this.#fail(attempt, error)
    }
  }

  #call(attempt: Attempt, task: TaskDefinition, instance: Instance): void {
    const { run, place } = attempt
    let answer: unknown
    let promise: Promise<unknown> | undefined
    this.#answered = 0
    try {
      const input = task.templated || task.inputSchema !== undefined ? this.#input(attempt, task) : task
      const given = new AttemptInput(run, place, attempt.attempt, task, input, this.#outputOf, this.#host.stalls !== undefined)
      attempt.live.give(given)
      const agent = this.#agents.agentOf(instance, task.agentId)
      const { tracing, stalls } = this.#host
      const call = stalls === undefined ? execute : stalls.of(attempt, execute)
      answer =
        tracing === undefined
          ? run.scope.runInAsyncScope(call, undefined, agent, given, attempt.live)
          : run.scope.runInAsyncScope(() => tracing.call(run, run.path(place), attempt.attempt, () => call(agent, given, attempt.live)))
      // Even to ask a hostile value what it is may throw.
      if (isThenable(answer)) promise = answer instanceof Promise ? (answer as Promise<unknown>) : Promise.resolve(answer)
    } catch (error) {
      return this.#fail(attempt, error)
    }
    if (promise !== undefined) {
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
    attempt.start = this.#clock.now()
    const { data } = this.#input(attempt, task)
    const begin = (): Promise<ChildEnd> => this.#child(run, place, live, data)
    const { tracing } = this.#host
    const child = run.scope.runInAsyncScope(() =>
      tracing === undefined ? begin() : tracing.call(run, run.path(place), attempt.attempt, begin),
    )
    child.then(
      ({ results, undoable }) => this.#accept(attempt, results, undefined, undoable),
      (error: unknown) => this.#fail(attempt, error),
    )
  }

  /** What was written, or what its templates gave, or what its schema made of that. */
  #input({ run, place }: Attempt, task: TaskDefinition): { prompt: string | undefined; data: Json | undefined } {
    let { prompt, data } = task
    if (task.templated) {
      const rendered = JSON.parse(this.#host.engine.rendered(run.slot, place) ?? '{}') as { prompt?: string; data?: Json }
      prompt = rendered.prompt
      data = rendered.data
    }
    return { prompt, data: task.inputSchema !== undefined && run.parsed.has(place) ? run.parsed.get(place) : data }
  }

  /**
   * When an attempt whose answer is being taken answered. Microtasks come in the order in which they were queued: what comes before one that is queued
   * now was queued before now. So one reading of the clock tells, for all answers that are there, when they were, and what is done between them
   * does not count as theirs. A reading for each was a twentieth of what a task costs.
   */
  #endOf({ start }: Attempt): number {
    if (this.#answered === 0) {
      this.#answered = this.#clock.now()
      if (!this.#endQueued) void NOW.then(this.#endTaking)
      this.#endQueued = true
    }
    return Math.max(start, this.#answered)
  }

  readonly #endTaking = (): void => {
    this.#answered = 0
    this.#endQueued = false
  }

  /** What stands between an agent's answer and its record: tasks it spawned and did not wait for, and a schema. */
  async #review(attempt: Attempt, task: TaskDefinition, value: unknown): Promise<void> {
    try {
      await attempt.live.spawner?.settle()
      const { maxValueBytes } = this.#host
      if (task.outputSchema !== undefined)
        this.#accept(attempt, await judgeOutput(task, value, maxValueBytes), task.cached ? value : undefined)
      else this.#accept(attempt, value)
    } catch (error) {
      this.#fail(attempt, error)
    }
  }

  #complete(attempt: Attempt, value: unknown): void {
    const task = attempt.run.task(attempt.place)
    if (task.outputSchema !== undefined || attempt.live.spawner !== undefined) void this.#review(attempt, task, value)
    else this.#accept(attempt, value)
  }

  /**
   * `given`: what the agent gave before its schema made `value` of it, if that is kept for others. `undoable`: it is of a child in which something
   * can be undone.
   */
  #accept(attempt: Attempt, value: unknown, given?: unknown, undoable = false): void {
    const end = this.#endOf(attempt)
    const { run, place } = attempt
    const issues: Issue[] = []
    const output = plainJson(value, 'result', issues, this.#host.maxValueBytes)
    if (output === undefined) return this.#fail(attempt, noData(`the result of task \`${run.task(place).id}\``, issues))
    if (!this.#settle(attempt)) return
    // A late answer, whose attempt the engine has given up, must not show where a later attempt's is to stand.
    if (run.attempts[place] === attempt.live) {
      run.outputs[place] = output
      run.attempts[place] = undefined
    }
    if (this.#held && run.keeps(place)) this.#answer(attempt, Form.completedHeld, end, undefined)
    else if (undoable) this.#answer(attempt, Form.completedUndoable, end, JSON.stringify(output))
    else if (given === undefined) this.#answer(attempt, Form.completedJson, end, JSON.stringify(output))
    else
      this.#answer(
        attempt,
        Form.completedJudged,
        end,
        `${JSON.stringify(output)}\n${JSON.stringify(plainJson(given, 'result', issues) ?? null)}`,
      )
  }

  #fail(attempt: Attempt, thrown: unknown): void {
    const end = this.#endOf(attempt)
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
    this.#host.inFlight -= 1
    if (this.#host.inFlight === 0) this.#host.delay.end()
    attempt.live.end()
    // Also if the instance is gone meanwhile: it has been given up, or its worker died.
    if (this.#agents.isHeard) this.#announce('agent:released', attempt)
    return true
  }

  #answer(attempt: Attempt, form: number, end: number, text: string | undefined): void {
    this.#host.answer(attempt, form, end, text)
  }

  #notFound({ agentId, requires }: TaskDefinition): NotFoundError {
    const message = requires.length === 0 ? this.#agents.missing(agentId) : `an agent that has ${requires.join(', ')} is not registered`
    return new NotFoundError('ERR_AGENT_NOT_FOUND', message)
  }

  #announce(name: 'agent:allocated' | 'agent:released', { run, place, attempt, instance }: Attempt): void {
    if (instance === undefined) return
    const event = { ...instance.event(), executionId: run.id, taskId: run.path(place), attempt }
    run.scope.runInAsyncScope(() => this.#agents.announce(name, event))
  }
}

function execute(agent: Agent, task: TaskInput, context: AttemptContext): unknown {
  return agent.execute(task, context)
}

function isThenable(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}

/** How a child completed. */
export interface ChildEnd {
  readonly results: unknown
  /** Whether something in it can be undone. */
  readonly undoable: boolean
}
