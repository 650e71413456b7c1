// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { EventEmitter } from 'node:events'
import { refuseAbsent } from './base/absent.js'
import { AgentRegistry, type AgentPool } from './pool/agent-pool.js'
import { Alerts } from './events/alerts.js'
import { Announcer, hearLate } from './events/announcer.js'
import { asksSummaries, readExecutionId, readForkStart, readId } from './executions/arguments.js'
import { Beginnings } from './executions/starting.js'
import { cancelOrphans, orphansOf, type ChildrenHost } from './executions/children.js'
import { childrenHostOf } from './executions/children-host.js'
import { judgedConfig, type OrchestratorConfig, type ResolvedConfig } from './config/config.js'
import { DefinitionReader } from './definition/definition.js'
import { Dispatcher } from './dispatch/dispatcher.js'
import { Deletions } from './executions/deletion.js'
import { Elsewhere } from './executions/elsewhere.js'
import { EndedExecutions } from './executions/ended-executions.js'
import { ExecutionLookUp } from './executions/look-up.js'
import { openStore } from './executions/opening.js'
import { closed, endAtOnce, endInOrder, readDrainMs, release } from './executions/stopping.js'
import { dispatcherHostOf } from './executions/heard.js'
import { Moving } from './executions/moving.js'
import { ExecutionControl } from './executions/control.js'
import type { ExecutionHandle } from './executions/handle.js'
import { HeldRuns } from './events/late-listeners.js'
import type { ExecutionMonitor } from './api/monitor.js'
import { Monitoring } from './monitoring/monitoring.js'
import { Monitor } from './monitoring/monitor.js'
import { LiveRuns } from './executions/live-runs.js'
import { Log } from './log/log.js'
import { orThrow } from './executions/outcome.js'
import { InterruptedRuns } from './executions/recovery.js'
import { Backups, type BackupOptions } from './executions/backups.js'
import { tellDamaged, type DamagedText } from './executions/damaged.js'
import { Parking } from './executions/parking.js'
import type { Run } from './run/run.js'
import { methodsOf, placed, placeErrors } from './base/placed.js'
import type { Schedule, ScheduleOptions, WorkflowSchedule } from './executions/schedule.js'
import { keepSchedule } from './executions/scheduling.js'
import { Schedules } from './executions/schedules.js'
import { ModelGateway } from './models/integration.js'
import type { ModelIntegration } from './api/models.js'
import { stageOf, timeOn, type Stage } from './executions/stage.js'
import { statisticsOf } from './executions/statistics.js'
import { Unheard } from './executions/unheard.js'
import type {
  CancelOptions,
  ExecuteOptions,
  ExecutionList,
  ExecutionListFilter,
  ForkOptions,
  ForkPlan,
  ManyMoved,
  MoveFilter,
  Movement,
  MoveOptions,
  OrchestratorStatistics,
  Pruned,
  PruneFilter,
  PruneOptions,
  ResumeOptions,
  SignalOptions,
  WorkflowExecution,
} from './api/execution.js'
import type { ExecutionSummaryFilter, ExecutionSummaryList } from './api/summary.js'
import type { PlainTypes, StartArguments, Typed, WorkflowTypes } from './typed/workflow.js'
import { WorkflowValidator, type WorkflowEngine } from './definition/workflow-engine.js'
import type { OrchestratorEvents } from './api/events.js'
import type { AgentWorkflow } from './api/workflow.js'

/**
 * Runs workflows. With `storage` every accepted execution is on record before its call resolves, and interrupted executions continue when the
 * file is opened again. Without it nothing is written.
 *
 * It keeps the process alive while an execution is active or a schedule is planned, and not otherwise.
 */
export class MultiAgentOrchestrator extends EventEmitter<OrchestratorEvents> implements AsyncDisposable {
  /** Registers the agents and tools. */
  readonly agentPool: AgentPool
  /** Reads workflows without running them. */
  readonly workflowEngine: WorkflowEngine
  /** Chooses and calls models, and knows what they cost. */
  readonly modelIntegration: ModelIntegration
  /** Announces alerts, as the orchestrator does, and knows figures. */
  readonly executionMonitor: ExecutionMonitor = new Monitor(() => ({ ...this.#parts(), path: this.#config.storage?.path }))
  readonly #models: ModelGateway
  readonly #config: ResolvedConfig
  readonly #agents: AgentRegistry
  readonly #reader: DefinitionReader
  readonly #workflows: WorkflowValidator
  readonly #dispatcher: Dispatcher
  readonly #announcer: Announcer
  readonly #held: HeldRuns
  readonly #log: Log
  readonly #alerts: Alerts
  readonly #unheard: Unheard
  readonly #live = new LiveRuns(() => this.#parking.watch())
  readonly #ended: EndedExecutions | undefined
  readonly #elsewhere: Elsewhere | undefined
  readonly #parking: Parking
  readonly #interrupted: InterruptedRuns
  readonly #beginnings: Beginnings
  readonly #schedules: Schedules
  readonly #scheduling: Parameters<typeof keepSchedule>[0]
  readonly #control: ExecutionControl
  readonly #moving: Moving
  readonly #childrenHost: ChildrenHost
  readonly #deletions: Deletions
  readonly #backups: Backups
  readonly #lookUp: ExecutionLookUp
  readonly #monitoring: Monitoring
  #ready: Promise<void>
  #closing: Promise<void> | undefined

  static {
    // `executeWorkflow`, which is called most, places its errors itself.
    placeErrors(this.prototype, methodsOf(this.prototype, 'executeWorkflow'))
    hearLate(this.prototype, (orchestrator) => (orchestrator as MultiAgentOrchestrator).#announcer)
    refuseAbsent(this.prototype, 'orchestrator')
  }

  /**
   * @throws {ValidationError} `ERR_CONFIG` with every problem of the configuration by path.
   */
  constructor(config: OrchestratorConfig = {}) {
    super()
    this.#config = judgedConfig(config, new.target as never)
    const { storage, redis, memory, workflow, monitoring } = this.#config
    const inMemory = storage === null && redis === null
    this.#log = new Log(this.#config.logger)
    this.#unheard = new Unheard(this.#log, this.#live, () => this.listenerCount('task:failed') > 0)
    const stage = stageOf(config)
    const { clock, native } = timeOn(stage)
    this.#alerts = new Alerts(this.#log, clock, [this, this.executionMonitor as EventEmitter])
    this.#models = new ModelGateway(this.#config.models, { clock, log: this.#log, native }, () => this.#agents.providerAdded())
    this.modelIntegration = this.#models
    this.#agents = new AgentRegistry(
      this.#config.agents,
      this.#models,
      () => this.#interrupted.registered(),
      () => this.#dispatcher.schedule(),
      clock,
      this.#log,
    )
    this.agentPool = this.#agents
    this.#reader = new DefinitionReader(workflow)
    this.#workflows = new WorkflowValidator(this.#reader, this.#agents, (definition) => this.#interrupted.defined(definition))
    this.workflowEngine = this.#workflows
    this.#ended = inMemory ? new EndedExecutions(memory.remember, clock.now(), (ids) => this.#dispatcher.forget(ids)) : undefined
    this.#dispatcher = new Dispatcher(
      dispatcherHostOf(() => this.#parts(), {
        ended: (run) => (this.#runEnded(run), this.#monitoring.insights.ended(run.definition.workflowId)),
        release: (run) => this.#release(run),
        abandons: (error) => stage !== undefined && error.code === 'ERR_CRASHED' && (this.#abandon(stage), true),
      }),
      this.#agents,
      { held: inMemory, maxValueBytes: workflow.maxValueBytes, profiles: monitoring.enableProfiling },
      clock,
      native,
    )
    this.#elsewhere = redis === null ? undefined : new Elsewhere(this.#dispatcher, () => this.#parts())
    this.#held = new HeldRuns((run) => this.#release(run))
    this.#announcer = new Announcer(
      this as EventEmitter<OrchestratorEvents>,
      this.#log,
      () => this.#dispatcher,
      () => this.#held,
    )
    const shared = {
      dispatcher: this.#dispatcher,
      log: this.#log,
      damaged: ({ id, damaged: message }: DamagedText) => tellDamaged(this.#alerts, [{ id, isSchedule: false, message }]),
      live: this.#live,
      ended: this.#ended,
      announcer: this.#announcer,
      elsewhere: this.#elsewhere,
      find: (id: string) => this.#parking.find(id),
      past: (id: string) => this.#lookUp.past(id),
      ready: () => this.#ready,
      assertOpen: (...call: [call?: string, underWay?: boolean]) => this.#assertOpen(...call),
      assertNotClosed: (call: string) => this.#assertNotClosed(call),
      cancelExecution: (id: string, reason?: string) => this.cancelExecution(id, reason),
    }
    this.#lookUp = new ExecutionLookUp({ ...shared, unheard: this.#unheard, calls: this, around: () => this.#parts() })
    this.#monitoring = new Monitoring({ ...shared, alerts: this.#alerts, models: this.#models, agents: this.#agents, storage }, monitoring)
    this.#interrupted = new InterruptedRuns(
      this.#dispatcher,
      this.#agents,
      (definition) => this.#workflows.equip(definition),
      (run) => cancelOrphans(this.#childrenHost, orphansOf(this.#childrenHost, run)),
      (slot) => this.#parking.wake(slot),
    )
    this.#parking = new Parking({ ...shared, after: storage?.parkAfter, interrupted: this.#interrupted })
    const definitions = { reader: this.#reader, workflows: this.#workflows }
    const bounds = { validates: workflow.enableValidation, maxIdlePasses: workflow.maxIdlePasses, inMemory }
    this.#beginnings = new Beginnings({ ...shared, ...definitions, ...bounds, agents: this.#agents, held: this.#held })
    this.#schedules = new Schedules(this.#dispatcher, this.#interrupted, this.#live, shared.assertOpen, this.#monitoring.occurrences)
    this.#scheduling = { ...shared, beginnings: this.#beginnings, schedules: this.#schedules, maxValueBytes: workflow.maxValueBytes }
    const going = { interrupted: this.#interrupted, beginnings: this.#beginnings, lookUp: this.#lookUp, inMemory }
    this.#control = new ExecutionControl({ ...shared, ...going })
    this.#moving = new Moving({ ...shared, ...going, control: this.#control })
    this.#childrenHost = childrenHostOf({ ...shared, ...definitions, ...going, workflow })
    this.#backups = new Backups(shared)
    this.#deletions = new Deletions({ ...shared, alerts: this.#alerts, release: (run) => this.#release(run) }, this.#config)
    this.#ready = this.#open()
    this.#ready.catch(() => {})
    stage?.entered({ dispatcher: this.#dispatcher, agents: this.#agents, models: this.#models, abandon: () => this.#abandon(stage) })
  }

  /**
   * Resolves when the store is open and interrupted executions are resumed. Every call awaits it by itself.
   * @throws {StoreError} if the file cannot be opened; it is never replaced, and memory never takes its place.
   * @throws {ValidationError} `ERR_CONFIG` if a configured provider of models cannot be used, mostly because its key is missing. Only calls of that provider fail.
   */
  async ready(): Promise<void> {
    await this.#ready
    this.#models.assertReady()
  }

  /**
   * Runs a workflow to its end.
   *
   * Events without a listener are held for listeners attached right after the `await`, which hear them in order as soon as
   * they are read.
   *
   * @param context - Given to every agent as `task.context`; JSON data.
   * @returns The execution, completed.
   * @throws {ValidationError} with every problem of the workflow, the context or the options by path; `ERR_INPUT_SCHEMA` if the context is not what
   * `context` of the workflow takes.
   * @throws {TaskFailedError} `ERR_TASK_FAILED` when a task failed; `error.cause` is what its agent threw, `error.execution` the execution.
   * @throws {CancelledError} `ERR_CANCELLED` when it was cancelled; `error.execution` is the execution.
   */
  async executeWorkflow<T extends WorkflowTypes = PlainTypes>(
    workflow: Typed<T>,
    ...[context, options]: StartArguments<T['context']>
  ): Promise<WorkflowExecution<T['results']>> {
    const call = this.#held.begin()
    try {
      const started = await this.#beginnings.ask(workflow, context, options, call)
      this.#unheard.asked(started.run)
      return orThrow(started.run, await this.#lookUp.endOf(started)) as WorkflowExecution<T['results']>
    } catch (error) {
      // oxlint-disable-next-line typescript/unbound-method -- it only says which frames are ours
      throw placed(error, this.executeWorkflow)
    } finally {
      this.#held.settled(call)
    }
  }

  /** Starts a workflow and resolves with a handle as soon as it is on record. Rejects as `executeWorkflow` does for what cannot start. */
  async startWorkflow<T extends WorkflowTypes = PlainTypes>(
    workflow: Typed<T>,
    ...[context, options]: StartArguments<T['context']>
  ): Promise<ExecutionHandle<T['results']>> {
    const { run, past } = await this.#beginnings.ask(workflow, context, options, 0)
    await run?.whenAccepted()
    return this.#lookUp.handle(run?.id ?? past?.execution.id ?? '', run) as ExecutionHandle<T['results']>
  }

  /** Returns a handle for an execution by its id. Its methods reject with `ERR_EXECUTION_NOT_FOUND` if there is none. */
  getHandle(executionId: string): ExecutionHandle {
    return this.#lookUp.handle(readExecutionId(executionId), this.#live.get(executionId))
  }

  /** Returns the execution as it is now, or `undefined` if there is none. Without `storage`, `memory.remember` bounds how many ended ones are kept. */
  async getExecution(executionId: string): Promise<WorkflowExecution | undefined> {
    return this.#lookUp.get(executionId)
  }

  /** Returns executions, newest first. */
  async listExecutions(filter?: ExecutionListFilter): Promise<ExecutionList>
  /**
   * Returns summaries of executions, newest first: without contexts, results and tasks, so that a page costs the same whatever they hold. It has
   * everything that was on record when it was called.
   * @throws {StoreError} `ERR_STORE_BUSY` if the summaries have not got that far within 2 s; `retryable` is true.
   */
  async listExecutions(filter: ExecutionSummaryFilter): Promise<ExecutionSummaryList>
  async listExecutions(filter?: ExecutionListFilter | ExecutionSummaryFilter): Promise<ExecutionList | ExecutionSummaryList> {
    return asksSummaries(filter) ? this.#lookUp.summaries(filter) : this.#lookUp.list(filter)
  }

  /**
   * Cancels an execution: nothing new starts, and the signal of running agents aborts, which have 5 s to answer. Resolves when that is on record.
   * Does nothing to an execution that has ended or is being stopped.
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   */
  cancelExecution(executionId: string, reason?: string, options: CancelOptions = {}): Promise<void> {
    return this.#control.cancel(executionId, reason, options)
  }

  /**
   * Pauses an execution and its children: nothing new starts, running attempts finish, timers and signals are recorded. Resolves when that is on
   * record. Does nothing to an execution that has ended or is being stopped.
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   */
  pauseExecution(executionId: string): Promise<void> {
    return this.#control.pause(executionId)
  }

  /**
   * Resumes a paused execution and its children; with `step`, only until the next task ends.
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   */
  resumeExecution(executionId: string, options: ResumeOptions = {}): Promise<void> {
    return this.#control.resume(executionId, options)
  }

  /**
   * Sends a signal to an execution. It feeds one task that waits for its name, now or later; signals are kept in the order they come. Resolves
   * when it is on record.
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; `ERR_UNKNOWN_SIGNAL` if no task of its workflow can ever take it, by name or by path.
   * @throws {ConflictError} `ERR_AMBIGUOUS_SIGNAL` if several tasks wait for it and `options.path` names none; `ERR_EXECUTION_ENDED`.
   * @throws {ValidationError} `ERR_SIGNAL_SCHEMA` if the payload does not fit the schema of the task that waits, or of any that may wait later.
   */
  signalExecution(executionId: string, name: string, payload?: unknown, options: SignalOptions = {}): Promise<void> {
    return this.#control.signal(executionId, name, payload, options)
  }

  /**
   * Starts a new execution of the same workflow with the same context that takes over every recorded end but those of `fromTask` with
   * everything inside it, of what depends on it, of the groups around it, of passes that may build on the one it is in, and of what a cancel cut off. The old execution stays as it is; the new one has `forkedFrom`.
   *
   * @param fromTask - The id of a task; inside a loop its path, such as `outer[2].child`.
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   */
  forkExecution(executionId: string, fromTask: string, options: ForkOptions & { dryRun: true }): Promise<ForkPlan>
  forkExecution(executionId: string, fromTask: string, options?: ForkOptions & { dryRun?: false | undefined }): Promise<ExecutionHandle>
  /** What would be kept, run and left behind by the call below. */
  forkExecution(executionId: string, options: ForkOptions & { workflow: AgentWorkflow; dryRun: true }): Promise<ForkPlan>
  /**
   * Starts a new execution under another definition of the same workflow that takes over every recorded end which holds there: of tasks that read equal in
   * both, after tasks whose ends are kept. What failed or was cut off runs again, and with `fromTask` that task and what comes after it.
   * @throws {ValidationError} with every problem of the workflow by path.
   */
  forkExecution(
    executionId: string,
    options: ForkOptions & { workflow: AgentWorkflow; dryRun?: false | undefined },
  ): Promise<ExecutionHandle>
  async forkExecution(executionId: string, start: string | ForkOptions, given?: ForkOptions): Promise<ExecutionHandle | ForkPlan> {
    const { from, options } = readForkStart(start, given)
    const forked = await this.#control.fork(executionId, from, options)
    return 'kept' in forked ? forked : this.#lookUp.handle(forked.id, forked)
  }

  /**
   * Forks an execution from every task that failed, was cancelled, or was skipped because of that. A failed child workflow continues from its own failure,
   * with its idempotency keys.
   */
  async retryExecution(executionId: string, options?: ExecuteOptions): Promise<ExecutionHandle> {
    const run = (await this.#control.fork(executionId, 'unwell', options)) as Run
    return this.#lookUp.handle(run.id, run)
  }

  /**
   * Goes on with an execution under another definition of the same workflow, where it is: what reads equal in both, after tasks that do, stays as it is. Nothing
   * but children may be under way: pause it first. An execution that has failed stays as it ended, and a fork goes on. Resolves when it is on record.
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   * @throws {ValidationError} with every problem of the workflow by path.
   * @throws {ConflictError} `ERR_NOT_MOVABLE`, with the path and the way out; `ERR_EXECUTION_ENDED` if it has completed or was cancelled.
   */
  moveExecution(executionId: string, workflow: AgentWorkflow, options?: MoveOptions): Promise<Movement> {
    return this.#moving.move(executionId, workflow, options)
  }

  /** Moves all executions of the workflow that fit; those that cannot be moved stay as they are, and are listed by the code of the error. */
  moveExecutions(filter: MoveFilter, workflow: AgentWorkflow, options?: MoveOptions): Promise<ManyMoved> {
    return this.#moving.moveAll(filter, workflow, options)
  }

  /**
   * Deletes an execution that has ended, or is damaged, with its children. Resolves when that is on record; the file gets smaller behind.
   * @throws {OrchestratorError} `ERR_EXECUTION_NOT_FOUND`; `ERR_EXECUTION_ACTIVE` if it has not ended: cancel it first; `ERR_EXECUTION_NEEDED` if its parent, a
   * child, a fork or a retry of it has not ended, or its key or its schedule needs it (`details.by`); `ERR_STORE_CORRUPT` if it is on a damaged page.
   */
  deleteExecution(executionId: string): Promise<void> {
    return this.#deletions.delete(executionId)
  }

  /** Deletes the ended executions that fit, with their children, or with `dryRun` says what would be deleted. What is needed stays, as in `deleteExecution`. */
  pruneExecutions(filter: PruneFilter, options?: PruneOptions): Promise<Pruned> {
    return this.#deletions.prune(filter, options)
  }

  /** Copies the store to `path` while everything goes on, with all that was acknowledged before the call. A second call waits; one that fails leaves nothing. */
  backup(path: string, options?: BackupOptions): Promise<void> {
    return this.#backups.make(path, options)
  }

  /**
   * Runs a workflow by a schedule. Each run is an execution whose id consists of the schedule's id and the planned instant. Resolves when the schedule is on
   * record. With `storage` it continues when the file is opened again and its agents are registered; without, it lives as long as the orchestrator. It
   * keeps the process alive. The same schedule again returns the existing one.
   *
   * @param context - The context of each execution; JSON data.
   * @throws {ValidationError} with every problem of the workflow, the schedule, the context or the options by path.
   * @throws {ConflictError} `ERR_SCHEDULE_CHANGED` if there is another schedule of its id; `ERR_DEFINITION_CHANGED`.
   */
  async scheduleWorkflow<T extends WorkflowTypes = PlainTypes>(
    workflow: Typed<T>,
    schedule: WorkflowSchedule,
    ...[context, options]: StartArguments<T['context'], ScheduleOptions>
  ): Promise<Schedule> {
    return keepSchedule(this.#scheduling, { workflow, schedule, context, options })
  }

  /** Returns the schedule with this id, or `undefined`. */
  async getSchedule(scheduleId: string): Promise<Schedule | undefined> {
    readId(scheduleId, 'scheduleId', 'the schedule')
    await this.#ready
    this.#assertOpen('getSchedule')
    return this.#schedules.get(scheduleId)
  }

  /** Returns every schedule, sorted by id. */
  async listSchedules(): Promise<Schedule[]> {
    await this.#ready
    this.#assertOpen('listSchedules')
    return this.#schedules.list()
  }

  /** Returns the current figures, and totals since the orchestrator was opened. */
  async getStatistics(): Promise<OrchestratorStatistics> {
    await this.#ready
    this.#assertOpen('getStatistics')
    return statisticsOf(this.#dispatcher, this.#interrupted, this.#agents)
  }

  /**
   * Closes the orchestrator without cancelling: nothing new starts, and running attempts have `drainMs` milliseconds (default 5000) to answer. Executions
   * that have not ended continue when the store is opened again. Pending promises reject with `ClosedError`. May be called twice.
   */
  async shutdown(options?: { drainMs?: number }): Promise<void> {
    const drainMs = readDrainMs(options)
    return (this.#closing ??= this.#close(drainMs))
  }

  /** `await using` shuts down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }

  async #open(): Promise<void> {
    await openStore(this.#config, this.#parts())
    await this.#dispatcher.stalls?.watch()
    this.#monitoring.open(() => this.#interrupted.waiting())
    this.#deletions.begin()
    this.#announcer.detached()
  }

  #runEnded(run: Run): void {
    this.#models.forget(`execution:${run.id}`)
    this.#monitoring.tracing?.ended(run)
    this.#ended?.remember(run, this.#live.topOf(run), () => this.#dispatcher.engine.told('undoing', run.slot))
    this.#unheard.ended(run)
    this.#deletions.ended()
    cancelOrphans(this.#childrenHost, this.#live.childrenOf(run.id))
    if (run.call === 0) this.#release(run)
  }

  readonly #release = (run: Run): void => release(this.#parts(), run)
  #assertNotClosed(call: string, underWay = false): void {
    if (this.#closing !== undefined) throw closed(call, underWay)
  }
  #assertOpen(call = 'the call', underWay = false): void {
    this.#assertNotClosed(call, underWay)
    if (this.#dispatcher.failure !== undefined) throw this.#dispatcher.failure
  }

  #abandon(stage: Stage): void {
    this.#unheard.forget()
    this.#ready = Promise.reject(endAtOnce(this.#parts(), stage))
    this.#ready.catch(() => {})
  }

  async #close(drainMs: number): Promise<void> {
    const continues = this.#ended === undefined ? 'open the store again to continue it' : 'it was in memory only and is gone'
    await endInOrder(this.#parts(), this.#ready, drainMs, continues).finally(() => this.#unheard.tellAll())
  }

  #parts() {
    return {
      dispatcher: this.#dispatcher,
      agents: this.#agents,
      models: this.#models,
      schedules: this.#schedules,
      deletions: this.#deletions,
      live: this.#live,
      interrupted: this.#interrupted,
      parking: this.#parking,
      ended: this.#ended,
      announcer: this.#announcer,
      alerts: this.#alerts,
      log: this.#log,
      childrenHost: this.#childrenHost,
      ...this.#monitoring.parts,
      lookUp: this.#lookUp,
      elsewhere: this.#elsewhere,
      control: this.#control,
    }
  }
}
