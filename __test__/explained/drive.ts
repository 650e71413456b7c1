// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Stops a random execution anywhere, asks what it waits for, does what the answer names, and holds it to that: something must be recorded then.

import {
  OrchestratorError,
  type AgentWorkflow,
  type AttemptContext,
  type Explanation,
  type MultiAgentOrchestrator,
  type TaskExplanation,
  type TaskHold,
  type TaskInput,
} from '@codexos/multi-agent-orchestrator'
import { createTestKit, type TestKit } from '@codexos/multi-agent-orchestrator/testing'
import type { Case, Deed } from '../crossed/case.ts'
import { Chance } from '../crossed/chance.ts'
import { hasCode, withCode } from '../crossed/coded.ts'
import { caseOf } from '../crossed/generate.ts'
import { asPrinted } from '../support/as-printed.js'

/** What is done after each other in one case, and calls that are answered before anything is asked. */
const DEEDS_MAX = 5
const FREE_MAX = 10

/** Things that hold one task after each other, and places given back, before it is believed that nothing moves. */
const TRIES_MAX = 20

const AGENTS = ['work', 'undo', 'stand-in', 'apart']

/** Of a schema that is code; every `go` takes it. */
const PAYLOAD = { n: 1 }

/** Why explanation and execution do not agree; `undefined`: they do. */
export async function explainedCase(seed: number): Promise<string | undefined> {
  const driver = new Driver(seed)
  try {
    return await driver.drive()
  } finally {
    await driver.close()
  }
}

/** An attempt at work, until it is let answer. */
interface AtWork {
  readonly agent: string
  readonly execution: string
  readonly path: string
  answer(): void
}

class Driver {
  readonly #case: Case
  readonly #chance: Chance
  readonly #main: AgentWorkflow
  readonly #registered: readonly AgentWorkflow[]
  /** How many places each agent has. */
  readonly #places: number
  /** The agents that a process registers as it begins. */
  #agents: readonly string[] = AGENTS
  #atWork: AtWork[] = []
  /** Calls that are answered at once, before anything is asked. */
  #free: number
  #kit: TestKit | undefined

  constructor(seed: number) {
    this.#case = caseOf(seed)
    this.#chance = new Chance(seed * 5 + 1)
    this.#main = withCode(this.#case.main)
    this.#registered = this.#case.registered.map(withCode)
    this.#places = this.#chance.oneIn(3) ? 1 : 10_000
    this.#free = this.#chance.below(FREE_MAX)
  }

  async drive(): Promise<string | undefined> {
    const { inFile, parks, context } = this.#case
    const limited = this.#chance.oneIn(6)
    this.#kit = await createTestKit({
      storage: parks ? { parkAfter: 1 } : inFile ? 'file' : 'memory',
      workflow: { maxTasks: 1000, ...(limited && { maxConcurrentWorkflows: 1 }) },
      logger: false,
      patience: '20s',
      setup: (orchestrator) => this.#setUp(orchestrator),
    })
    if (limited) {
      const before = { id: 'before', name: 'before', version: '1', tasks: [{ id: 'w', name: 'w', waitFor: { signal: 'never' } }] }
      await this.#orchestrator.startWorkflow(before, {}, { executionId: 'before' })
    }
    if (inFile && this.#chance.oneIn(2)) void this.#kit.crash({ afterCommit: 1 + this.#chance.below(24) }).catch(() => {})
    const started = this.#orchestrator.startWorkflow(this.#main, context, { executionId: 'first' })
    await this.#orCrashed(() => started)
    for (let deed = 0; deed < DEEDS_MAX; deed += 1) {
      const difference = await this.#orCrashed(() => this.#step())
      if (difference === 'ended') return undefined
      if (difference !== undefined) return `after ${deed} deeds: ${difference}`
    }
    return undefined
  }

  async close(): Promise<void> {
    await this.#kit?.close()
  }

  get #orchestrator(): MultiAgentOrchestrator {
    return (this.#kit as TestKit).orchestrator
  }

  /** Does one thing, in another process if that ends meanwhile: then it is stopped at that commit, and asked there. */
  async #orCrashed<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!hasEnded(error)) throw error
      await this.#reopen()
      return undefined
    }
  }

  async #reopen(): Promise<void> {
    this.#atWork = []
    this.#agents = AGENTS.filter(() => !this.#chance.oneIn(3))
    await (this.#kit as TestKit).reopen()
    // It was killed before it was on record.
    if ((await this.#orchestrator.getExecution('first')) === undefined)
      await this.#orchestrator.startWorkflow(this.#main, this.#case.context, { executionId: 'first' }).catch(() => {})
  }

  /** Stops it somewhere, and does what one of its tasks waits for. */
  async #step(): Promise<string | undefined> {
    const kit = this.#kit as TestKit
    await this.#still()
    if (this.#chance.oneIn(5)) await this.#orchestrator.pauseExecution('first').catch(ignoreUnknown)
    if (this.#case.inFile && this.#chance.oneIn(6)) {
      await kit.crash()
      await this.#reopen()
    }
    await this.#still()
    return this.#follow('first')
  }

  async #follow(id: string): Promise<string | undefined> {
    const explanation = await this.#explain(id)
    if (explanation === undefined) return 'ended'
    if (typeof explanation === 'string') return explanation
    return this.#move(id, explanation, this.#chance.of(explanation.tasks))
  }

  /** What it waits for; undefined if it has ended, a text if that cannot be. */
  async #explain(id: string): Promise<Explanation | string | undefined> {
    const explanation = await this.#orchestrator.executionMonitor.explain(id)
    const { status, tasks, summary } = explanation
    const ended = ['completed', 'failed', 'cancelled'].includes(status)
    if (summary === '') return `${id} is ${status} and has no summary`
    if (ended) return tasks.length === 0 ? undefined : `${id} is ${status}, and ${tasks.length} tasks wait`
    return tasks.length === 0 ? `${id} is ${status}, and waits for nothing` : explanation
  }

  /** Does what a task waits for, and what holds it after that, until there is a record. */
  async #move(id: string, explanation: Explanation, task: TaskExplanation): Promise<string | undefined> {
    const { waitsFor, taskId } = task
    if (waitsFor.kind === 'dependency' || waitsFor.kind === 'tasks') {
      const wanted = this.#chance.of(waitsFor.roots)
      const root = explanation.tasks.find((other) => other.taskId === wanted)
      if (root === undefined) return `${taskId} waits for ${JSON.stringify(waitsFor.roots)}, which are not in the list`
      if (['dependency', 'tasks'].includes(root.waitsFor.kind)) return `${root.taskId} is no root: ${JSON.stringify(root)}`
      return this.#move(id, explanation, root)
    }
    if (waitsFor.kind === 'lane') {
      const holder = explanation.tasks.find((other) => other.taskId === waitsFor.holder)
      return holder === undefined ? `the holder ${waitsFor.holder} has ended` : this.#move(id, explanation, holder)
    }
    if (waitsFor.kind === 'child') {
      const below = await this.#follow(waitsFor.executionId)
      return below === 'ended' ? `the child ${waitsFor.executionId} has ended, and ${taskId} waits for it` : below
    }
    return this.#moveOn(id, task)
  }

  /** Does the first thing that a task waits for until there is a record. Where that leads to none, something else must be named then. */
  async #moveOn(id: string, first: TaskExplanation): Promise<string | undefined> {
    const before = await this.#recorded(id)
    let task = first
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const difference = await this.#do(id, task.taskId, task)
      if (difference !== undefined) return `${difference}: ${JSON.stringify(task)}`
      await this.#still()
      if ((await this.#recorded(id)) !== before) return undefined
      const explanation = await this.#explain(id)
      if (typeof explanation !== 'object') return explanation
      const now = explanation.tasks.find(({ taskId }) => taskId === task.taskId)
      if (now === undefined) return `nothing was recorded, and ${task.taskId} is gone: ${JSON.stringify(task)}`
      // Who is given a place may be another, and who may answer may sleep first.
      if (isSame(task, now) && task.waitsFor.kind !== 'place' && task.waitsFor.kind !== 'attempt')
        return `nothing came of it: ${JSON.stringify(task)}`
      task = now
    }
    return `nothing was recorded of ${id} after ${JSON.stringify(first)}; now it waits for ${JSON.stringify(task)}`
  }

  async #do(id: string, taskId: string, { waitsFor, until, call }: TaskHold): Promise<string | undefined> {
    switch (waitsFor.kind) {
      case 'signal':
      case 'pause':
      case 'agent':
      case 'admission':
        return call === undefined ? 'there is no call' : this.#call(call)
      case 'attempt':
        return this.#answer(({ execution, path }) => execution === id && path === taskId) ? undefined : this.#pass(until)
      case 'place':
        return this.#answer(({ agent }) => agent === waitsFor.agent) ? undefined : this.#pass(until)
      case 'timer':
      case 'backoff':
      case 'stop':
      case 'rateLimit':
        return until === undefined ? 'it says no time' : this.#pass(until)
      case 'condition':
      case 'cache':
      case 'schema':
      case 'turn':
      case 'instance':
      case 'recovery':
      case 'modelRetry':
      case 'process':
      case 'store':
      case 'dependency':
      case 'tasks':
      case 'lane':
      case 'child':
        return `all is still, and it waits for \`${waitsFor.kind}\``
    }
  }

  /** Runs what an explanation says, as it is. */
  async #call(code: string): Promise<undefined> {
    for (const line of code.split('\n')) {
      // Each type answers in its own name.
      const named = /registerAgentType\('(.*?)'/.exec(line)?.[1] ?? 'work'
      await asPrinted(line, { orchestrator: this.#orchestrator, payload: PAYLOAD, type: this.#type(named) })
    }
    return undefined
  }

  /** Lets one of the attempts at work answer that fit. */
  #answer(fits: (one: AtWork) => boolean): boolean {
    const place = this.#atWork.findIndex(fits)
    this.#atWork.splice(place, place < 0 ? 0 : 1)[0]?.answer()
    return place >= 0
  }

  async #pass(until: Date | undefined): Promise<undefined> {
    const { clock } = this.#kit as TestKit
    // Nobody says when an agent that sleeps is done.
    if (until === undefined) await clock.advance('10s')
    else await clock.advance(Math.max(0, until.getTime() - clock.now().getTime()) + 1)
  }

  async #still(): Promise<void> {
    await (this.#kit as TestKit).clock.advance(0)
  }

  /** Changes with each record. */
  async #recorded(id: string): Promise<string> {
    const execution = await this.#orchestrator.getExecution(id)
    if (execution === undefined || execution.endTime !== undefined) return execution?.status ?? 'none'
    const { duration, startTime } = await this.#orchestrator.executionMonitor.getPerformanceProfile(id)
    return `${startTime.getTime()} ${duration} ${execution.status}`
  }

  #setUp(orchestrator: MultiAgentOrchestrator): void {
    for (const agent of this.#agents) orchestrator.agentPool.registerAgentType(agent, this.#type(agent))
    for (const flow of this.#registered) orchestrator.workflowEngine.registerWorkflow(flow)
    if (hasCode(this.#case.main)) orchestrator.workflowEngine.registerWorkflow(this.#main)
  }

  #type(agent: string): Parameters<MultiAgentOrchestrator['agentPool']['registerAgentType']>[1] & object {
    const execute = (task: TaskInput, context: AttemptContext): Promise<unknown> => this.#work(agent, task, context)
    return { create: () => ({ execute }), maxAgents: 1, maxConcurrency: this.#places }
  }

  async #work(agent: string, task: TaskInput, context: AttemptContext): Promise<unknown> {
    const { attempt, spawn } = context
    const { said, deed = {} } = (task.input.data ?? {}) as { said?: unknown; deed?: Deed }
    if (this.#free > 0) this.#free -= 1
    else await this.#gate(agent, task.executionId, context)
    if (deed.slow !== undefined) await (this.#kit as TestKit).clock.sleep(deed.slow)
    for (const spawned of deed.spawns ?? []) {
      try {
        await spawn(spawned)
      } catch (error) {
        if (deed.catches !== true) throw error
      }
    }
    if (attempt > (deed.fails ?? 0)) return { id: task.id, said }
    throw Object.assign(new Error('no'), deed.code !== undefined && { code: deed.code }, deed.final === true && { retryable: false })
  }

  /** Some hear when they are told to stop, and some do not. */
  #gate(agent: string, execution: string, { signal, idempotencyKey }: AttemptContext): Promise<void> {
    const path = decodeURIComponent(idempotencyKey.slice(idempotencyKey.lastIndexOf(':') + 1))
    return new Promise((resolve, reject) => {
      const one = { agent, execution, path, answer: resolve }
      this.#atWork.push(one)
      if (this.#chance.oneIn(2)) return
      const stop = (): void => {
        this.#atWork = this.#atWork.filter((other) => other !== one)
        reject(signal.reason as Error)
      }
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    })
  }
}

function isSame(one: TaskHold, other: TaskHold): boolean {
  return JSON.stringify(one.waitsFor) === JSON.stringify(other.waitsFor) && one.until?.getTime() === other.until?.getTime()
}

/** Whether the process has ended, as far as this one can tell. */
function hasEnded(error: unknown): boolean {
  return OrchestratorError.isInstance(error) && (error.code === 'ERR_CRASHED' || error.code === 'ERR_CLOSED')
}

function ignoreUnknown(error: unknown): void {
  if (!OrchestratorError.isInstance(error) || error.code !== 'ERR_EXECUTION_NOT_FOUND') throw error
}
