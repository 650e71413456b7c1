// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that has not ended goes on under another definition, where it is: same id, same journal. One that has failed goes on as a fork.

import { ConflictError, type OrchestratorError } from '../api/errors.js'
import type {
  ExecutionList,
  ExecutionListFilter,
  ForkOptions,
  ForkPlan,
  ManyMoved,
  MoveFilter,
  Movement,
  MoveOptions,
  WorkflowExecution,
} from '../api/execution.js'
import type { AgentWorkflow } from '../api/workflow.js'
import { boolean } from '../base/reader.js'
import type { Definition } from '../definition/definition.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { readCallOptions } from '../json/entry.js'
import type { Json } from '../json/json.js'
import type { ReusedEnd, RunOptions } from '../run/options.js'
import { moveRun } from '../run/move-run.js'
import { pastRun } from '../run/past-run.js'
import { outputsOf, type Report } from '../run/report.js'
import type { Run } from '../run/run.js'
import { readExecutionId, readFilter } from './arguments.js'
import type { Past } from './ended-executions.js'
import { UNDOING, endOf } from './fork.js'
import { planOf } from './mend.js'
import { notFound } from './outcome.js'

/** What moving needs of the orchestrator. */
interface MovingHost {
  readonly dispatcher: Dispatcher
  /** Whether there is no store. */
  readonly inMemory: boolean
  ready(): Promise<void>
  assertOpen(): void
  /** An execution that has not ended, at hand whether it was or not. */
  find(executionId: string): Promise<Run | undefined>
  past(executionId: string): Promise<Past | undefined>
  /** Which executions wait for agents since the store was opened, and for which. */
  readonly interrupted: { waiting(): Readonly<Record<string, readonly string[]>> }
  readonly control: {
    fork(executionId: string, start: readonly string[], options: ForkOptions): Promise<Run | ForkPlan>
    costBelow(past: Pick<Past, 'execution' | 'moves'>, paths: readonly string[]): Promise<number>
  }
  readonly beginnings: { readMove(run: Run, workflow: AgentWorkflow): Promise<ReadMove> }
  readonly lookUp: { list(filter: ExecutionListFilter): Promise<ExecutionList> }
}

/** A definition that an execution may be moved to. */
export interface ReadMove {
  readonly definition: Definition
  /** What the execution is given anew: the workflows that are pinned, whom models stand in for. */
  readonly given: Pick<RunOptions, 'workflows' | 'builtIn' | 'standIns' | 'maxIdlePasses'>
  /** The paths of what stays as it is, of the execution as it is now; `owed`: of those before it that it goes on from. */
  stay(execution: WorkflowExecution, owed: readonly string[]): readonly string[]
}

export class Moving {
  readonly #host: MovingHost

  constructor(host: MovingHost) {
    this.#host = host
  }

  async move(executionId: string, workflow: AgentWorkflow, options?: MoveOptions): Promise<Movement> {
    readExecutionId(executionId)
    const what = 'the execution cannot be moved like that'
    const { dryRun } = readCallOptions(options, 'options', what, { dryRun: boolean }, { dryRun: false })
    await this.#host.ready()
    this.#host.assertOpen()
    const run = await this.#host.find(executionId)
    const ended = run === undefined ? (await this.#host.past(executionId))?.execution : run.execution
    if (ended === undefined && run === undefined) throw notFound(executionId)
    if (ended !== undefined) return this.#goOnFrom(ended, workflow, dryRun)
    return this.#moveRun(run as Run, workflow, dryRun)
  }

  /** All that fit, one after the other; what each of them came to is counted. */
  async moveAll(filter: MoveFilter, workflow: AgentWorkflow, options?: MoveOptions): Promise<ManyMoved> {
    const what = 'the executions cannot be moved like that'
    const { dryRun } = readCallOptions(options, 'options', what, { dryRun: boolean }, { dryRun: false })
    const { status, since, until } = readFilter(filter as ExecutionListFilter)
    const refused: Record<string, string[]> = {}
    const [moved, forked]: [string[], string[]] = [[], []]
    let cost = 0
    const bounds = { ...(since !== undefined && { since }), ...(until !== undefined && { until }) }
    const todo: string[] = []
    for (const one of status === undefined ? (['paused', 'running', 'pending'] as const) : [status]) {
      for (let cursor: string | undefined; ;) {
        const at = cursor === undefined ? {} : { cursor }
        const page = await this.#host.lookUp.list({ workflowId: workflow.id, status: one, limit: 100, ...bounds, ...at })
        todo.push(...page.executions.map(({ id }) => id))
        cursor = page.cursor
        if (cursor === undefined) break
      }
    }
    for (const id of todo) {
      try {
        const { way, ...plan } = await this.move(id, workflow, { dryRun })
        cost += plan.cost
        ;(way === 'moved' ? moved : forked).push(id)
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error
        ;(refused[error.code] ??= []).push(id)
      }
    }
    return { moved, forked, refused, cost }
  }

  /** It has failed, and a fork goes on from there; any other end stands. */
  async #goOnFrom({ id, status }: WorkflowExecution, workflow: AgentWorkflow, dryRun: boolean): Promise<Movement> {
    if (status !== 'failed') {
      const message =
        `execution \`${id}\` has ended (${status}), and is not moved; ` +
        'forkExecution(id, fromTask, { workflow }) does a part of it again under the new workflow, executeWorkflow all of it'
      throw new ConflictError('ERR_EXECUTION_ENDED', message, { executionId: id })
    }
    const plan = (await this.#host.control.fork(id, [], { workflow, dryRun: true })) as ForkPlan
    const fork = dryRun ? undefined : ((await this.#host.control.fork(id, [], { workflow })) as Run)
    return { way: 'forked', executionId: fork?.id ?? id, ...plan }
  }

  async #moveRun(run: Run, workflow: AgentWorkflow, dryRun: boolean): Promise<Movement> {
    const { dispatcher } = this.#host
    const to = await this.#host.beginnings.readMove(run, workflow)
    const owed = await this.#owed(run)
    this.#host.assertOpen()
    if (run.execution !== undefined) return this.#goOnFrom(run.execution, workflow, dryRun)
    this.#assertStill(run)
    // From here on in one go: what is under way may end at any time.
    const text = dispatcher.engine.report(run.slot)
    const before = run.seenAs(text)
    const stay = to.stay(before, owed)
    const reuse: Record<string, ReusedEnd> = {}
    for (const task of before.tasks) {
      const end = endOf(task)
      if (end !== undefined && !task.taskId.endsWith(UNDOING) && stay.includes(task.taskId)) reuse[task.taskId] = end
    }
    const moves = [...run.moves]
    const plan = planOf({ before: run.definition, after: to.definition, execution: before, reuse })
    this.#tell(run, to, stay, text, dryRun)
    const cost = plan.cost + (await this.#host.control.costBelow({ execution: before, moves }, plan.kept))
    if (!dryRun) await run.whenRecorded('move')
    return { way: 'moved', executionId: run.id, ...plan, cost }
  }

  /** The paths for which an execution has ends, steps or children of one before it. */
  async #owed({ options }: Run): Promise<readonly string[]> {
    const paths = new Set([...Object.keys(options.reuse ?? {}), ...Object.keys(options.steps ?? {})])
    for (let previous = options.previous; previous !== undefined;) {
      const past = await this.#host.past(previous)
      for (const { taskId } of past?.execution.tasks ?? []) paths.add(taskId)
      previous = past?.options.previous
    }
    return [...paths]
  }

  /** That nothing is asked of functions, and that its agents are there. */
  #assertStill(run: Run): void {
    const refused = (why: string): OrchestratorError =>
      new ConflictError('ERR_NOT_MOVABLE', `the execution cannot be moved: ${why}`, { executionId: run.id })
    if (run.options.undoes !== undefined) throw refused('it undoes another, as that was defined; wait until it has ended')
    const missing = this.#host.interrupted.waiting()[run.id] ?? []
    if (missing.length > 0)
      throw refused(`since the store was opened it waits for ${missing.join(', ')}; register what is missing, and move it then`)
    if (run.questions > 0 || run.judging !== undefined)
      throw refused('a function of the workflow is asked something; move it again when that has answered')
  }

  #tell(run: Run, { definition, given }: ReadMove, stay: readonly string[], text: string, dryRun: boolean): void {
    const { dispatcher, inMemory } = this.#host
    const report = JSON.parse(text) as Report
    const known = outputsOf(run, report)
    const isNewlyRead = run.definition.opaque && !definition.opaque
    const outputs: Record<string, Json> = {}
    if (isNewlyRead) {
      for (const [place, output] of Object.entries(known)) {
        const path = run.path(Number(place))
        if (stay.includes(path)) outputs[path] = output
      }
    }
    const { id, context, options } = run
    const was = pastRun({ id, definition: run.definition, context, options, report, outputs: known }, dispatcher.clock)
    const told = {
      stay,
      ...(isNewlyRead && { outputs }),
      ...(isNewlyRead && inMemory && { context }),
      ...(given.maxIdlePasses !== undefined && { idlePassesMax: given.maxIdlePasses }),
      given,
    }
    const number = dispatcher.engine.moveTo(run.slot, definition.plan, JSON.stringify(told), dryRun)
    if (number === null) return
    const after = JSON.parse(dispatcher.engine.report(run.slot)) as Report
    moveRun(run, { definition, options: { ...options, ...given }, number, stay: new Set(stay), was }, after)
    dispatcher.schedule(run)
  }
}
