// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { EventEmitter } from 'node:events'
import { AgentRegistry, messageOf, type AgentPool } from './agent-pool.js'
import { Announcer, taskFailed } from './announcer.js'
import { readContext, readFilter, readOptions } from './arguments.js'
import { now } from './clock.js'
import { readConfig, type OrchestratorConfig, type ResolvedConfig } from './config.js'
import { DefinitionReader, type Definition } from './definition.js'
import { Dispatcher } from './dispatcher.js'
import { EndedExecutions, pageOf } from './ended-executions.js'
import { CancelledError, ClosedError, NotFoundError, ValidationError, type OrchestratorError } from './errors.js'
import type { OrchestratorEvents } from './events.js'
import type { ExecutionHandle } from './handle.js'
import { HeldRuns } from './held-runs.js'
import type { Issue } from './issue.js'
import { InterruptedRuns, readStored } from './recovery.js'
import { Run } from './run.js'
import type {
  AgentWorkflow,
  ExecuteOptions,
  ExecutionList,
  ExecutionListFilter,
  OrchestratorStatistics,
  WorkflowExecution,
} from './workflow.js'
import { unknownAgent, WorkflowValidator, type WorkflowEngine } from './workflow-engine.js'

const DRAIN_MS_DEFAULT = 5000

/**
 * Runs workflows. With `storage` every accepted execution is on record before its call resolves, and what a crash interrupts is
 * continued when the file is opened again; without it nothing is ever written.
 *
 * It keeps the process alive while an execution is active, and not otherwise.
 */
export class MultiAgentOrchestrator extends EventEmitter<OrchestratorEvents> implements AsyncDisposable {
  /** Registers who does the work. */
  readonly agentPool: AgentPool
  /** Reads workflows without running them. */
  readonly workflowEngine: WorkflowEngine
  readonly #config: ResolvedConfig
  readonly #agents: AgentRegistry
  readonly #reader: DefinitionReader
  readonly #dispatcher: Dispatcher
  readonly #announcer: Announcer
  readonly #held: HeldRuns
  readonly #live = new Map<string, Run>()
  readonly #ended: EndedExecutions | undefined
  readonly #interrupted: InterruptedRuns
  readonly #ready: Promise<void>
  #closing: Promise<void> | undefined

  static {
    // Listeners that come late hear what is held for them, however they are added; see `Announcer`.
    const wrap = (method: 'on' | 'addListener' | 'prependListener' | 'off' | 'removeListener' | 'removeAllListeners'): void => {
      const original = EventEmitter.prototype[method] as (this: EventEmitter, ...rest: unknown[]) => unknown
      const adds = method === 'on' || method === 'addListener' || method === 'prependListener'
      const value = function (this: MultiAgentOrchestrator, ...rest: unknown[]): unknown {
        const [name] = rest as [string | symbol | undefined]
        if (adds && name !== undefined) this.#announcer.attaching(name)
        const answer = original.apply(this as unknown as EventEmitter, rest)
        if (!adds) this.#announcer.detached()
        return answer
      }
      Object.defineProperty(this.prototype, method, { value, writable: true, configurable: true })
    }
    for (const method of ['on', 'addListener', 'prependListener', 'off', 'removeListener', 'removeAllListeners'] as const) wrap(method)
  }

  /**
   * @throws {ValidationError} `ERR_CONFIG` with every problem of the configuration by path.
   */
  constructor(config: OrchestratorConfig = {}) {
    super()
    const issues: Issue[] = []
    this.#config = readConfig(config, issues)
    if (issues.length > 0) throw new ValidationError('ERR_CONFIG', 'the configuration cannot be used', issues)
    const { storage, workflow } = this.#config
    this.#agents = new AgentRegistry(() => this.#interrupted.registered())
    this.agentPool = this.#agents
    this.#reader = new DefinitionReader(workflow)
    this.workflowEngine = new WorkflowValidator(this.#reader, this.#agents)
    this.#ended = storage === null ? new EndedExecutions() : undefined
    this.#dispatcher = new Dispatcher(
      {
        notice: (...notice) => this.#announcer.notice(...notice),
        ended: (run) => this.#runEnded(run),
        failed: (error) => this.#storeFailed(error),
      },
      (agentId) => this.#agents.find(agentId),
      storage === null,
    )
    this.#held = new HeldRuns((run) => this.#release(run))
    this.#announcer = new Announcer(
      this as EventEmitter<OrchestratorEvents>,
      () => this.#dispatcher,
      () => this.#held,
    )
    this.#interrupted = new InterruptedRuns(this.#dispatcher, this.#agents)
    this.#ready = this.#open()
    // Whoever awaits anything hears of it; nobody else needs to.
    this.#ready.catch(() => {})
  }

  /**
   * Resolves when the store is open and interrupted executions have been taken up. Every call awaits it by itself.
   *
   * @throws {StoreError} if the file cannot be opened; it is never replaced, and memory never takes its place.
   */
  ready(): Promise<void> {
    return this.#ready
  }

  /**
   * Runs a workflow to its end.
   *
   * Events nobody listened for until then are held for listeners attached right after the `await`.
   *
   * @param context - Given to every agent as `task.context`; JSON data.
   * @returns The execution, completed.
   * @throws {ValidationError} with every problem of the workflow, the context or the options by path.
   * @throws {TaskFailedError} `ERR_TASK_FAILED` when a task failed; `error.cause` is what its agent threw, `error.execution` the execution.
   * @throws {CancelledError} `ERR_CANCELLED` when it was cancelled; `error.execution` is the execution.
   */
  async executeWorkflow(workflow: AgentWorkflow, context?: object, options?: ExecuteOptions): Promise<WorkflowExecution> {
    const call = this.#held.begin()
    try {
      const run = await this.#start(workflow, context, options, call)
      return this.#orThrow(run, await run.whenEnded())
    } finally {
      this.#held.settled(call)
    }
  }

  /** Starts a workflow and resolves with a handle as soon as it is on record. Rejects as `executeWorkflow` does for what cannot start. */
  async startWorkflow(workflow: AgentWorkflow, context?: object, options?: ExecuteOptions): Promise<ExecutionHandle> {
    const run = await this.#start(workflow, context, options, 0)
    await run.whenAccepted()
    return this.#handleOf(run.id, run)
  }

  /** A handle for an execution by its id. Whether there is such an execution shows when the handle is used. */
  getHandle(executionId: string): ExecutionHandle {
    return this.#handleOf(executionId, this.#live.get(executionId))
  }

  /** The execution as it is now; `undefined` if there is none. Without `storage` the latest 1,000 that ended are remembered, or fewer
   * if they have more than 10,000 tasks in all. */
  async getExecution(executionId: string): Promise<WorkflowExecution | undefined> {
    await this.#ready
    const run = this.#live.get(executionId)
    if (run !== undefined) return this.#seen(run)
    if (this.#ended !== undefined) return this.#ended.get(executionId)
    this.#assertNotClosed()
    const text = await this.#dispatcher.engine.storedExecution(executionId)
    return text === undefined ? undefined : readStored(text).seen()
  }

  /** Executions, newest first. */
  async listExecutions(filter?: ExecutionListFilter): Promise<ExecutionList> {
    const asked = readFilter(filter)
    await this.#ready
    if (this.#ended !== undefined) {
      const live = [...this.#live.values()].filter(({ execution }) => execution === undefined).map((run) => this.#seen(run))
      return pageOf([...live, ...this.#ended.values()], asked, asked.limit)
    }
    this.#assertNotClosed()
    const micros = (date: Date | undefined): number | null => (date === undefined ? null : date.getTime() * 1000)
    const question = { workflowId: null, status: null, cursor: null, ...asked, since: micros(asked.since), until: micros(asked.until) }
    const text = await this.#dispatcher.engine.storedExecutions(JSON.stringify(question))
    const { executions, cursor } = JSON.parse(text ?? '{"executions":[]}') as { executions: object[]; cursor?: string | null }
    const seen = executions.map((stored) => readStored(stored).seen())
    return typeof cursor === 'string' ? { executions: seen, cursor } : { executions: seen }
  }

  /**
   * Stops an execution: nothing new starts, running agents are told by their signal and have 5 s to answer. Resolves when that is on
   * record; an execution that has ended, or is being stopped already, stays as it is.
   *
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   */
  async cancelExecution(executionId: string, reason?: string): Promise<void> {
    await this.#ready
    const run = this.#live.get(executionId)
    if (run === undefined) {
      if ((await this.getExecution(executionId)) === undefined) throw notFound(executionId)
      return
    }
    if (run.execution !== undefined) return
    this.#assertOpen()
    this.#interrupted.abandon(run, () => this.#dispatcher.engine.cancel(run.slot, reason ?? null))
    this.#dispatcher.schedule()
    await run.whenCancelling()
  }

  /** What is going on now, and what has been since it was opened. */
  async getStatistics(): Promise<OrchestratorStatistics> {
    await this.#ready
    this.#assertOpen()
    const { active, queued, running, completed, failed, cancelled, lateAnswers } = this.#dispatcher.engine.statistics()
    return {
      activeWorkflows: active,
      waitingForAgents: this.#interrupted.waiting(),
      queuedTasks: queued,
      runningTasks: running,
      agentPoolSize: this.#agents.size,
      completedTotal: completed,
      failedTotal: failed,
      cancelledTotal: cancelled,
      lateResults: lateAnswers + this.#dispatcher.lateAnswers,
    }
  }

  /**
   * Closes the orchestrator. This is no cancel: nothing new starts, running attempts have `drainMs` (default 5000) to answer, and what
   * has not ended then is continued when the store is opened again. Pending promises reject with `ClosedError`. May be called twice.
   */
  shutdown(options: { drainMs?: number } = {}): Promise<void> {
    return (this.#closing ??= this.#close(options.drainMs ?? DRAIN_MS_DEFAULT))
  }

  /** `await using` shuts down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }

  async #open(): Promise<void> {
    const { storage } = this.#config
    const { engine } = this.#dispatcher
    if (storage === null) return engine.openMemory(now())
    const found = await engine.openFile(storage.path, storage.durability, now())
    for (const run of this.#interrupted.takeUp(found)) this.#live.set(run.id, run)
    this.#announcer.detached()
  }

  async #start(workflow: AgentWorkflow, context: unknown, options: ExecuteOptions | undefined, call: number): Promise<Run> {
    this.#assertOpen()
    const { signal } = readOptions(options)
    const definition = this.#reader.read(workflow)
    this.#assertAgents(definition)
    const given = readContext(context)
    if (signal?.aborted === true) throw cancelledBy(signal)
    await this.#ready
    this.#assertOpen()
    const { slot, id } = this.#dispatcher.engine.start(definition.plan, this.#ended === undefined ? JSON.stringify(given) : null)
    const run = new Run(slot, id, definition, given, call)
    this.#live.set(id, run)
    if (call > 0) this.#held.holds(run)
    this.#dispatcher.add(run)
    this.#dispatcher.activate()
    this.#dispatcher.schedule()
    if (signal !== undefined) this.#cancelWith(run, signal)
    return run
  }

  #cancelWith(run: Run, signal: AbortSignal): void {
    const cancel = (): void => {
      this.cancelExecution(run.id, cancelledBy(signal).message).catch(() => {})
    }
    signal.addEventListener('abort', cancel, { once: true })
    const forget = (): void => signal.removeEventListener('abort', cancel)
    run.whenEnded().then(forget, forget)
  }

  #handleOf(id: string, known: Run | undefined): ExecutionHandle {
    const settled = async (): Promise<[WorkflowExecution, Run | undefined]> => {
      await this.#ready
      const run = known ?? this.#live.get(id)
      if (run !== undefined) return [await run.whenEnded(), run]
      const execution = await this.getExecution(id)
      if (execution === undefined) throw notFound(id)
      return [execution, undefined]
    }
    return {
      id,
      settled: async () => (await settled())[0],
      result: async () => {
        const [execution, run] = await settled()
        return this.#orThrow(run, execution)
      },
      status: async () => {
        const execution = await this.getExecution(id)
        if (execution === undefined) throw notFound(id)
        return execution.status
      },
      cancel: (reason) => this.cancelExecution(id, reason),
    }
  }

  /** The execution if it ended well, else the error that says how it did not. */
  #orThrow(run: Run | undefined, execution: WorkflowExecution): WorkflowExecution {
    if (execution.status === 'completed') return execution
    const options = { executionId: execution.id, execution }
    if (execution.error !== undefined) {
      const { taskId, ...info } = execution.error
      const place = execution.tasks.findIndex((task) => task.taskId === taskId)
      const attempt = execution.tasks[place]?.attempts ?? 0
      throw taskFailed({ id: execution.id, taskId, thrown: run?.thrown }, place, attempt, info, execution)
    }
    throw new CancelledError(
      'ERR_CANCELLED',
      execution.reason === undefined ? 'the execution was cancelled' : `the execution was cancelled: ${execution.reason}`,
      options,
    )
  }

  #seen(run: Run): WorkflowExecution {
    return run.execution ?? run.seenAs(this.#dispatcher.engine.report(run.slot))
  }

  #runEnded(run: Run): void {
    if (run.execution !== undefined) this.#ended?.add(run.execution, run.definition.tasks.length)
    // Its events are held a little longer if it was an executeWorkflow call.
    if (run.call === 0) this.#release(run)
  }

  #release(run: Run): void {
    this.#live.delete(run.id)
    this.#dispatcher.release(run)
  }

  #storeFailed(error: OrchestratorError): void {
    process.emitWarning(error)
  }

  #assertAgents(definition: Definition): void {
    if (!this.#config.workflow.enableValidation || definition.agentIds.every((agentId) => this.#agents.find(agentId) !== undefined)) return
    const issues: Issue[] = []
    definition.tasks.forEach(({ agentId }, place) => {
      if (this.#agents.find(agentId) === undefined) issues.push(unknownAgent(agentId, place))
    })
    throw new ValidationError('ERR_VALIDATION', 'the workflow cannot run', issues)
  }

  #assertNotClosed(): void {
    if (this.#closing !== undefined) throw new ClosedError('ERR_CLOSED', 'the orchestrator has been shut down; make another one')
  }

  #assertOpen(): void {
    this.#assertNotClosed()
    if (this.#dispatcher.failure !== undefined) throw this.#dispatcher.failure
  }

  async #close(drainMs: number): Promise<void> {
    const open = await this.#ready.then(
      () => true,
      () => false,
    )
    this.#dispatcher.drain()
    if (open) await this.#dispatcher.idle(drainMs)
    const continues = this.#ended === undefined ? 'open the store again to continue it' : 'it was in memory only and is gone'
    this.#dispatcher.abortAll(new CancelledError('ERR_SHUTDOWN', 'the orchestrator is shutting down'))
    this.#dispatcher.stop()
    for (const run of this.#live.values()) {
      run.lose(
        new ClosedError('ERR_CLOSED', `the orchestrator was shut down before the execution ended; ${continues}`, { executionId: run.id }),
      )
    }
    await this.#agents.dispose()
    await this.#dispatcher.engine.close()
  }
}

function notFound(executionId: string): NotFoundError {
  return new NotFoundError('ERR_EXECUTION_NOT_FOUND', `there is no execution \`${executionId}\``, { executionId })
}

function cancelledBy(signal: AbortSignal): CancelledError {
  const reason: unknown = signal.reason
  const message = messageOf(reason)
  return new CancelledError('ERR_CANCELLED', message, { cause: reason })
}
