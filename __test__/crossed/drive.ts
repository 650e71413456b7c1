// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Lets the package run a case through the test kit, and says in the interpreter's words what it saw.

import {
  OrchestratorError,
  type AgentWorkflow,
  type ExecutionHandle,
  type MultiAgentOrchestrator,
  type WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import { createTestKit, type TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { edited, MENDED } from '../mended/edits.ts'
import { Agents, type Given } from './agents.ts'
import { LATE, VALUE_BYTES_MAX, type Action, type Case } from './case.ts'
import { Chance } from './chance.ts'
import { changed } from './changed.ts'
import { hasCode, withCode } from './coded.ts'
import { Heard } from './heard.ts'
import { Interpreter } from './interpreter.ts'
import type { Call, End, Told } from './told.ts'
import { withoutMessages } from './words.ts'

/** The first thing in which package and interpreter differ; undefined if they agree. */
export async function differenceIn(given: Case): Promise<string | undefined> {
  const driver = new Driver(given)
  try {
    return await driver.drive()
  } finally {
    await driver.close()
  }
}

/** Some looks of the orchestrator at what may be parked. */
const PARKED_AFTER_MS = 5

class Driver {
  readonly #case: Case
  readonly #interpreter: Interpreter
  /** What the package is given: one object for each workflow, as an author has it. */
  readonly #main: AgentWorkflow
  #changed: AgentWorkflow | undefined
  readonly #registered: AgentWorkflow[]
  /** Definitions as they are mended, by those that they come from. */
  readonly #mends = new Map<string, AgentWorkflow | undefined>()
  readonly #problems: string[] = []
  readonly #heard: Heard
  readonly #agents: Agents
  /** The interpreter's names of executions by their ids. */
  readonly #names = new Map<string, string>()
  #kit: TestKit | undefined
  /** What an action moves an execution to that has failed, */
  #goal: AgentWorkflow | undefined
  /** and what the execution of an action may be moved to while it runs. */
  #mended: () => AgentWorkflow | undefined = () => undefined
  /** What became of the execution that was to be moved, and whether that was asked and not answered. */
  #move: string | undefined
  #isMoving = false

  constructor(given: Case) {
    this.#case = given
    this.#interpreter = new Interpreter(given, (flow) => this.#mendOf(flow))
    this.#heard = new Heard(this.#problems)
    this.#agents = new Agents(given, this.#problems, (time) => (this.#kit as TestKit).clock.sleep(time))
    this.#main = withCode(given.main)
    this.#registered = given.registered.map(withCode)
  }

  async drive(): Promise<string | undefined> {
    const { inFile, parks, crash, actions } = this.#case
    this.#kit = await createTestKit({
      storage: parks ? { parkAfter: 1 } : inFile ? 'file' : 'memory',
      workflow: { maxTasks: 1000, maxValueBytes: VALUE_BYTES_MAX },
      // Most of the random executions fail, and a schedule's have no one else to tell.
      logger: false,
      // A busy machine is no difference.
      patience: '20s',
      setup: (orchestrator) => this.#setUp(orchestrator),
    })
    if (crash !== undefined) void this.#kit.crash({ [crash.side]: crash.commit } as never).catch(() => {})
    for (const [place, action] of actions.entries()) {
      const difference = await this.#act(action)
      if (difference !== undefined) return `action ${place} (${action.do}): ${difference}`
      if (this.#problems.length > 0) return `action ${place} (${action.do}): ${this.#problems[0]}`
    }
    return differingCalls(this.calls, this.#interpreter.calls)
  }

  async close(): Promise<void> {
    await this.#kit?.close()
  }

  get #orchestrator(): MultiAgentOrchestrator {
    return (this.#kit as TestKit).orchestrator
  }

  async #act(action: Action): Promise<string | undefined> {
    if (action.do === 'heal') this.#agents.heal()
    const from = action.do === 'fork' ? this.#interpreter.forkedFrom(action) : undefined
    const retried = action.do === 'retry' || action.do === 'move' ? this.#interpreter.retried(action) : undefined
    const mended = action.do === 'move' ? this.#interpreter.mended(action) : undefined
    const begun = mended ?? this.#interpreter.flowOf(action)
    this.#goal = mended
    this.#mended = () => this.#mendOf(begun)
    const known = new Set(this.#interpreter.executions.keys())
    const outcome = this.#interpreter.act(action)
    if (outcome === undefined) return undefined
    if ('refused' in outcome) return this.#refused(action, outcome.refused, this.#idOf(retried ?? ''))
    const { told } = outcome
    const id = told.id.replaceAll(' ', '-')
    const begin = (): Promise<ExecutionHandle> => this.#begin(action, id, this.#idOf(from?.id ?? retried ?? ''), from?.path ?? '')
    const isNamed = action.do !== 'key' && action.do !== 'schedule' && action.do !== 'move'
    const execution = await this.#settled(isNamed ? id : undefined, begin)
    if (outcome.joined === true) return this.#names.get(execution.id) === told.id ? undefined : `joined ${execution.id}, not ${told.id}`
    this.#names.set(execution.id, told.id)
    if (told.move !== undefined && told.move !== this.#move) return `the execution was ${this.#move}, not ${told.move}`
    const difference =
      differing(told, execution, this.#case.crash !== undefined) ??
      (await this.#heard.differing(this.#orchestrator.getHandle(execution.id), told))
    if (difference !== undefined) return difference
    // Those of its children.
    for (const [name, child] of this.#interpreter.executions) {
      if (known.has(name) || name === told.id) continue
      const found = await this.#found(this.#idOf(name))
      if (found === undefined) return `there is no execution ${name}`
      const inside =
        differing(child, found, this.#case.crash !== undefined) ??
        (await this.#heard.differing(this.#orchestrator.getHandle(found.id), child))
      if (inside !== undefined) return inside
    }
    return undefined
  }

  /** A child that has begun after a move has an id of its own, also where none was before, and so has what is below it. */
  async #found(id: string): Promise<WorkflowExecution | undefined> {
    const orchestrator = this.#orchestrator
    const found = (await orchestrator.getExecution(id)) ?? (await orchestrator.getExecution(id.replace(/^[^/]*\/[^/]*\/\d+/, '$&~1')))
    // After a crash it may end a moment after what it is a part of.
    if (this.#case.crash === undefined || found === undefined || found.endTime !== undefined) return found
    return (this.#kit as TestKit).until(orchestrator.getHandle(found.id).settled())
  }

  /** What its author has made of a definition, if that can be run as this one can. */
  #mendOf(flow: AgentWorkflow): AgentWorkflow | undefined {
    const text = JSON.stringify(flow)
    if (!this.#mends.has(text)) this.#mends.set(text, mendOf(flow, this.#case.mend, this.#orchestrator))
    return this.#mends.get(text)
  }

  async #begin(action: Action, id: string, old: string, path: string): Promise<ExecutionHandle> {
    const { context, signals } = this.#case
    const main = this.#main
    const orchestrator = this.#orchestrator
    switch (action.do) {
      case 'fork':
        return orchestrator.forkExecution(old, path, { executionId: id })
      case 'move': {
        // Whoever lost the answer in a crash looks first whether it has begun.
        const { executions } = await orchestrator.listExecutions({ workflowId: main.id, limit: 100 })
        const begun = executions.find(({ id: other, forkedFrom }) => forkedFrom === old && !this.#names.has(other))
        return orchestrator.getHandle(begun?.id ?? (await orchestrator.moveExecution(old, this.#goal as AgentWorkflow)).executionId)
      }
      case 'retry':
        return orchestrator.retryExecution(old, { executionId: id })
      case 'key': {
        const { key, rerun, tenant } = action
        // Whoever lost the answer in a crash looks first whether it has begun.
        const reruns = rerun && !(await this.#isBegunByKey())
        const options = { idempotencyKey: key, ...(reruns && { onFailed: 'rerun' as const }), ...(tenant !== undefined && { tenant }) }
        return orchestrator.startWorkflow(main, context, options)
      }
      case 'run': {
        const { tenant, allow } = action
        const options = { executionId: id, ...(tenant !== undefined && { tenant }), ...(allow !== undefined && { allow }) }
        const flow = action.changed === true ? (this.#changed ??= changed(this.#case.main)) : main
        const handle = await orchestrator.startWorkflow(flow, context, options)
        if (signals.some(({ late }) => late)) await this.#kit?.clock.advance(LATE)
        for (const { name, payload, refused } of signals) {
          const code = await handle.signal(name, payload).then(
            () => undefined,
            (error: OrchestratorError) => error.code,
          )
          if (code !== refused && code !== 'ERR_EXECUTION_ENDED') this.#problems.push(`signal \`${name}\` was told ${code}, not ${refused}`)
        }
        return handle
      }
      case 'schedule':
        return this.#schedule(action, main)
      case 'heal':
      case 'squat':
        throw new Error(`${action.do} begins nothing`)
    }
  }

  /** What is refused at the door: an id that only the engine may make, or what is not allowed. Other actions have nothing to act on. */
  async #refused(action: Action, expected: string, old: string): Promise<string | undefined> {
    if (expected === 'nothing' || (action.do !== 'squat' && action.do !== 'run' && action.do !== 'move')) return undefined
    const { context } = this.#case
    const begun =
      action.do !== 'squat'
        ? this.#begin(action, action.do === 'run' ? action.id : '', old, '')
        : this.#orchestrator.startWorkflow({ ...this.#main, id: 'squat' }, context, { executionId: `first/${action.child}/1` })
    const code = await begun.then(
      () => undefined,
      (error: OrchestratorError) => error.code,
    )
    return code === expected ? undefined : `it was told ${code}, not ${expected}`
  }

  /** The execution when it has ended, after the crash if there is one on the way. */
  async #settled(id: string | undefined, begin: () => Promise<ExecutionHandle>): Promise<WorkflowExecution> {
    for (let crashes = 0; ; crashes += 1) {
      const kit = this.#kit as TestKit
      try {
        // Whoever lost the answer in a crash looks first whether it has begun.
        const known = id === undefined || crashes === 0 ? undefined : await kit.orchestrator.getExecution(id)
        const handle = known === undefined || id === undefined ? await begin() : kit.orchestrator.getHandle(id)
        // Whoever follows its events keeps it from being parked.
        if (!this.#case.parks) this.#heard.follow(handle)
        // Who paused it, or something in it, may be gone.
        if (crashes > 0) {
          await this.#moveAsked(kit)
          await handle.resume()
          this.#agents.letPause()
        }
        const settled = this.#case.parks ? this.#looked(kit, handle.id) : handle.settled()
        // The process may end while something else is awaited.
        settled.catch(() => {})
        for (;;) {
          if (this.#agents.moveWanted !== undefined) await this.#moveAsked(kit)
          const asked = this.#agents.whenMoveWanted()
          if (this.#agents.moveWanted !== undefined) continue
          const execution = await kit.until(Promise.race([settled, asked]))
          if (execution !== undefined) return execution
        }
      } catch (error) {
        if (!OrchestratorError.isInstance(error) || error.code !== 'ERR_CRASHED') throw error
        this.#agents.holdPauses()
        await kit.reopen()
      }
    }
  }

  /** Moves the execution that is paused for that when nothing of it is under way, and resumes it. Time stands still meanwhile. */
  async #moveAsked({ orchestrator }: TestKit): Promise<void> {
    const wanted = this.#agents.moveWanted
    if (wanted === undefined) return
    const { id, path, attempt } = wanted
    let hasEnded = false
    // A crash may have taken the answer and left the move.
    if (this.#isMoving && (await this.#isMoved(id))) {
      this.#moved('moved')
      return orchestrator.resumeExecution(id)
    }
    for (;;) {
      const execution = await orchestrator.getExecution(id)
      hasEnded = execution?.endTime !== undefined
      const task = execution?.tasks.find(({ taskId }) => taskId === path)
      // Its answer was lost in a crash: it asks once more.
      if (task !== undefined && task.attempts < attempt) return void (this.#agents.moveWanted = undefined)
      if (hasEnded || task?.status !== 'running') break
      await nextTurn()
    }
    const mended = this.#mended()
    if (hasEnded) this.#moved('ended')
    else if (mended === undefined) this.#moved('refused')
    else {
      this.#isMoving = true
      this.#moved(await orchestrator.moveExecution(id, mended).then(({ way }) => way, refusalOf))
    }
    await orchestrator.resumeExecution(id)
  }

  #moved(move: string): void {
    this.#move = move
    this.#isMoving = false
    this.#agents.mayMove = false
    this.#agents.moveWanted = undefined
  }

  /** Whether an execution runs what its author has mended. */
  async #isMoved(id: string): Promise<boolean> {
    const { executions } = await this.#orchestrator.listExecutions({ fields: 'summary', idPrefix: id, limit: 1000 })
    return executions.some((execution) => execution.id === id && execution.version === MENDED)
  }

  /** A read that is under way in the moment of a crash finds the store closed; the next call knows why. */
  async #read(kit: TestKit, id: string): Promise<WorkflowExecution | undefined> {
    try {
      return await kit.orchestrator.getExecution(id)
    } catch (error) {
      if (this.#case.crash === undefined || !hasClosed(error)) throw error
      await nextTurn()
      return await kit.orchestrator.getExecution(id)
    }
  }

  /** Looks at an execution until it has ended. It is parked meanwhile whenever it only waits: time moves on when nothing is read for a moment. */
  async #looked(kit: TestKit, id: string): Promise<WorkflowExecution> {
    for (;;) {
      const since = performance.now()
      while (performance.now() - since < PARKED_AFTER_MS) {
        const execution = await this.#read(kit, id)
        if (execution?.endTime !== undefined) return execution
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  async #schedule({ id, tenant, allow }: Action & { do: 'schedule' }, main: AgentWorkflow): Promise<ExecutionHandle> {
    const options = { id, ...(tenant !== undefined && { tenant }), ...(allow !== undefined && { allow }) }
    // Whoever lost the answer in a crash says it again: if it stands it is that one.
    const schedule = await this.#orchestrator.scheduleWorkflow(main, { every: '1h' }, this.#case.context, options)
    const { clock } = this.#kit as TestKit
    for (;;) {
      // What is due after a crash begins at once, and its agents are held until it is found: meanwhile no time passes, or they had too little.
      await clock.advance(0)
      const { executions } = await this.#orchestrator.listExecutions({ workflowId: main.id, limit: 100 })
      const begun = executions.find((execution) => execution.id.startsWith(`${id}@`) && !execution.id.includes('/'))
      if (begun !== undefined) {
        await schedule.cancel()
        return this.#orchestrator.getHandle(begun.id)
      }
      await clock.advance(LATE)
    }
  }

  /** Whether the store has an execution of a key that no action has had yet. */
  async #isBegunByKey(): Promise<boolean> {
    const { executions } = await this.#orchestrator.listExecutions({ workflowId: this.#case.main.id, limit: 100 })
    return executions.some(({ id }) => id.startsWith('key-') && !id.includes('/') && !this.#names.has(id))
  }

  #idOf(name: string): string {
    for (const [id, known] of this.#names) {
      if (name === known || name.startsWith(`${known}/`)) return id + name.slice(known.length)
    }
    return name
  }

  #nameOf(id: string): string {
    const named = (name: string): string => (this.#interpreter.executions.has(name) ? name : name.replace(/~\d+(?=\/|!|$)/g, ''))
    for (const [known, name] of this.#names) if (id === known || id.startsWith(`${known}/`)) return named(name + id.slice(known.length))
    return named(id)
  }

  #setUp(orchestrator: MultiAgentOrchestrator): void {
    this.#agents.register(orchestrator)
    for (const flow of this.#registered) orchestrator.workflowEngine.registerWorkflow(flow)
    // What is code is not in a store: it comes with whoever registers the workflow.
    if (hasCode(this.#case.main)) orchestrator.workflowEngine.registerWorkflow(this.#main)
  }

  /** The calls with the interpreter's names. */
  get calls(): Call[] {
    return this.#agents.calls.map((call) => {
      const steps = Object.entries(call.steps).map(([name, given]) => [name, typeof given === 'string' ? given : this.#makerOf(given)])
      return { ...call, execution: this.#nameOf(call.execution), steps: Object.fromEntries(steps) as Call['steps'] }
    })
  }

  #makerOf({ execution, attempt }: Given): string {
    return `${this.#nameOf(execution)} ${attempt}`
  }
}

/** A move that would lose what is to be undone is refused, and what is being stopped is as good as ended. */
function refusalOf(error: OrchestratorError): string {
  if (error.code !== 'ERR_NOT_MOVABLE') throw error
  return error.message.includes('is to be undone') ? 'refused' : error.message.includes('is being stopped') ? 'ended' : error.message
}

const hasClosed = (error: unknown): boolean => OrchestratorError.isInstance(error) && error.code === 'ERR_CLOSED'

const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1))

/** A definition after one to three mends; none, where it did not become one, or would start side by side what came one after the other. */
function mendOf(flow: AgentWorkflow, seed: number, { workflowEngine }: MultiAgentOrchestrator): AgentWorkflow | undefined {
  const chance = new Chance(seed)
  const problems = workflowEngine.validateWorkflow(flow).problems.length
  for (let tries = 0; tries < 20; tries += 1) {
    const mended = edited(flow, chance, true)
    const judged = workflowEngine.validateWorkflow(mended)
    if (judged.valid && judged.problems.length <= problems) return mended
  }
  return undefined
}

function differing(told: Told, execution: WorkflowExecution, crashed: boolean): string | undefined {
  const at = `execution ${told.id}`
  if (execution.status !== told.status) return `${at} is ${execution.status} (${execution.error?.message}), not ${told.status}`
  if (execution.error?.code !== told.code) return `${at} failed with ${execution.error?.code}, not ${told.code}`
  const seen = new Map(execution.tasks.map((task) => [task.taskId, task]))
  for (const path of seen.keys()) if (!told.tasks.has(path)) return `${at} has a task \`${path}\``
  for (const [path, expected] of told.tasks) {
    const task = seen.get(path)
    if (task === undefined) return `${at} has no task \`${path}\``
    const { status, reason, error, result, attempts, tolerated, cached, degraded } = task
    const actual: Partial<End> = {
      status,
      reason,
      code: degraded === true ? undefined : error?.code,
      result,
      attempts,
      tolerated,
      cached,
      degraded,
    } as never
    // Whether an attempt had begun that a crash cut short and a cancel ended is a matter of time.
    const isCut = crashed && status === 'cancelled' && expected.status === 'cancelled'
    const difference =
      words(actual) === words(isCut ? { ...expected, attempts } : expected)
        ? undefined
        : `\`${path}\` of ${at} is ${words(actual)}, not ${words(expected)}`
    if (difference !== undefined) return difference
  }
  const results = JSON.stringify(withoutMessages(execution.results))
  return results === JSON.stringify(told.results) ? undefined : `${at} has results ${results}, not ${JSON.stringify(told.results)}`
}

function words(end: Partial<End>): string {
  const { status, reason, code, result, attempts, tolerated, cached, degraded } = end
  const text = result === undefined ? undefined : JSON.stringify(withoutMessages(result))
  const flags = Object.entries({ tolerated, cached, degraded }).flatMap(([name, is]) => (is === true ? [name] : []))
  return [status, reason, code, attempts, ...flags, text].filter((word) => word !== undefined).join(' ')
}

/** Who was called for what, and which calls have the same key. */
function differingCalls(actual: readonly Call[], expected: readonly Call[]): string | undefined {
  const [seen, wanted] = [actual.map(wordsOf).sort(), expected.map(wordsOf).sort()]
  const more = seen.find((call, at) => call !== wanted[at])
  if (more !== undefined || seen.length < wanted.length) {
    const missing = wanted.find((call, at) => call !== seen[at])
    return `calls differ: called ${more ?? 'nothing more'}, expected ${missing ?? 'nothing more'}`
  }
  return pairs(actual, expected) ?? pairs(expected, actual)
}

/** A call whose key is that of another, though its counterpart's is not. Calls of the same words are told apart by their order. */
function pairs(calls: readonly Call[], others: readonly Call[]): string | undefined {
  const left = new Map<string, Call[]>()
  for (const other of others) left.set(wordsOf(other), [...(left.get(wordsOf(other)) ?? []), other])
  const keys = new Map<string, { key: string; call: Call }>()
  for (const call of calls) {
    const key = left.get(wordsOf(call))?.shift()?.key ?? ''
    const known = keys.get(call.key)
    if (known === undefined) keys.set(call.key, { key, call })
    else if (known.key !== key) return `${wordsOf(call)} and ${wordsOf(known.call)}: keys ${call.key}; in the other ${key} and ${known.key}`
  }
  return undefined
}

function wordsOf({ agent, execution, task, attempt, said, steps }: Call): string {
  const taken = Object.entries(steps).map(([name, by]) => ` ${name}: ${by}`)
  return `${agent} ${execution} ${task} ${attempt} ${JSON.stringify(said)}${taken.toSorted().join('')}`
}
