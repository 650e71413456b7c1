// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task that is a workflow: it runs as an execution of its own. How it is found again after a crash, from what is on record:
//
//   a child              its id follows from its parent's: `<parent>/<path>/<attempt>`. A retry of its task is another attempt, so another child. What begins
//                        anew after the parent was moved has its own: `<attempt>~<move>`.
//   what came before it  is in its options (`lineage.ts`), written as it begins. Until then it follows from what is on record of the parent: the attempts
//                        before this one, and for the first the last attempt of the execution that the parent continues or does anew.
//   what undoes it       `<id of the child>!compensate`. The parent has an instance for it, whose recorded definition names the child, and which runs, is
//                        interrupted and is joined as a child is. What there is to undo follows from the journal of the child (`undoing.ts`).
//
// So nothing is known in memory alone: whoever recovers a parent runs the same attempt again, and that joins what it had begun or begins the same.

import { onAbort } from '../base/abort.js'
import type { Definition, TaskDefinition } from '../definition/definition.js'
import type { Past } from './ended-executions.js'
import { NotFoundError, TaskFailedError, ValidationError, type OrchestratorError } from '../api/errors.js'
import type { Ending, Report } from '../run/report.js'
import { restored } from '../failure/restored.js'
import { keptEnds, keptSteps, UNDOING } from './fork.js'
import { judgeContext } from '../run/input-judge.js'
import type { Json } from '../json/json.js'
import { assertChild, isChild, isOf, type Child } from './kinship.js'
import { continues, isUndoneWhole, keysAfter, startsOf, undoneWhole, wasUndone, type Tried } from './lineage.js'
import type { LiveRuns } from './live-runs.js'
import { pinsFor } from '../definition/pins.js'
import type { Run } from '../run/run.js'
import type { LiveAttempt } from '../run/attempt.js'
import { undoingOf } from './undoing.js'
import type { WorkflowExecution } from '../api/execution.js'
import { canonical } from '../json/canonical.js'
import { childId, generationOf, type Moved } from '../run/moves.js'
import { keyOwner, type RunOptions } from '../run/options.js'
import type { ChildEnd } from '../dispatch/attempt-runner.js'

/** What running a child needs of the orchestrator. */
export interface ChildrenHost {
  readonly maxDepth: number
  /** The most bytes of one value. */
  readonly maxValueBytes: number
  find(id: string): Definition | undefined
  /** A workflow that was accepted with its parent, or as that began. */
  read(workflow: object): Definition
  /** When an execution must have ended, and what time its budget leaves it, in milliseconds; null: no bound. */
  bounds(run: Run): { deadline?: number | null; time?: number | null }
  /** An execution as it is now, as `runtime::report` writes it. */
  report(run: Run): string
  readonly live: LiveRuns
  /** An execution that has not ended, at hand whether it was or not. */
  findRun(id: string): Promise<Run | undefined>
  /** An execution that has ended. */
  past(id: string): Promise<Past | undefined>
  /** What undoes an execution that has ended, as JSON text; `undefined` if it is not known any more. */
  undoing(id: string): Promise<string | undefined>
  begin(id: string, beginning: Beginning): Run
  /** The agents that models stood in for where a version before this one began an execution. */
  standInsOnce(definition: Definition, workflows: RunOptions['workflows']): readonly string[]
  isPaused(run: Run): boolean
  pause(run: Run): void
  cancel(id: string, reason: string): Promise<void>
}

/** What a child begins with. */
interface Beginning {
  readonly definition: Definition
  readonly context: { [key: string]: Json }
  readonly options: RunOptions
}

/** Where a child stands. */
interface Place {
  readonly run: Run
  readonly instance: number
  readonly path: string
  readonly attempt: number
  readonly at: { readonly executionId: string; readonly taskId: string }
}

/** Runs the workflow of a task, or what undoes that. */
export async function runChild(
  host: ChildrenHost,
  run: Run,
  instance: number,
  live: LiveAttempt,
  data: Json | undefined,
): Promise<ChildEnd> {
  const path = run.path(instance)
  const at = { executionId: run.id, taskId: path }
  const { attempt, signal } = live
  const place = { run, instance, path, attempt, at }
  const undone = undoneBy(run, instance)
  const depth = (run.options.depth ?? 1) + 1
  if (undone === undefined && depth > host.maxDepth) {
    const message = `child workflows are nested deeper than \`workflow.maxDepth\` (${host.maxDepth}); does one run itself?`
    throw Object.assign(new TaskFailedError('ERR_TOO_DEEP', message, at), { retryable: false })
  }
  const id = idOf(run, instance, attempt)
  const child = { parent: run, path, workflow: run.task(instance).source.workflow, undone }
  const stop = (): void => {
    const reason = signal.reason as OrchestratorError
    // A process that ends is no reason: the next one takes up parent and child.
    const begun = host.live.get(id)
    if (reason.code === 'ERR_SHUTDOWN' || begun === undefined || !isChild(begun, child)) return
    host.cancel(id, reasonFor(reason)).catch(() => {})
  }
  const forget = onAbort(signal, stop)
  const begin = async (): Promise<Beginning> =>
    undone === undefined ? beginning(host, place, id, contextOf(data, path), signal) : undoingBeginning(host, place, undone)
  const { execution, ending } = await join(host, id, child, begin, signal).finally(forget)
  if (execution.status === 'completed') return { results: execution.results, undoable: ending.undoable && undone === undefined }
  // Somebody asked it to stop, and it did all the same what it was for.
  if (undone !== undefined && execution.tasks.every(({ status }) => status === 'completed'))
    return { results: execution.results, undoable: false }
  const why = execution.error?.message ?? execution.reason ?? 'it was cancelled'
  const what = undone === undefined ? `child workflow \`${execution.workflowId}\`` : `the compensation of \`${undone}\``
  const details = { code: execution.error?.code ?? 'ERR_CANCELLED', execution: id }
  throw new TaskFailedError('ERR_TASK_FAILED', `${what} ${execution.status === 'failed' ? 'failed' : 'was cancelled'}: ${why}`, {
    ...at,
    details,
    ...(execution.error !== undefined && { cause: restored(execution.error, { executionId: id, taskId: execution.error.taskId }) }),
    retryable: ending.mayPassAnew,
  })
}

/** The execution that an instance undoes, if it is for that. */
function undoneBy(run: Run, instance: number): string | undefined {
  const path = run.path(instance)
  const { kind, source } = run.task(instance)
  if (kind !== 'workflow' || !path.endsWith(UNDOING) || typeof source.workflow !== 'string') return undefined
  const owner = run.owner(instance)
  const isAdded = owner !== undefined && path === run.path(owner) + UNDOING
  return isAdded || run.options.undoes !== undefined ? source.workflow : undefined
}

/** The id of the execution of an attempt. */
function idOf(run: Run, instance: number, attempt: number): string {
  const undone = undoneBy(run, instance)
  return undone === undefined ? childId(run, run.path(instance), attempt) : undone + UNDOING
}

/** What a child is told when its parent is: the reason that was given, where one was. */
function reasonFor({ message, details }: OrchestratorError): string {
  return typeof details['reason'] === 'string' ? details['reason'] : message
}

/** Begins a child, or takes up the one that has this id. Resolves with how it ended. */
async function join(
  host: ChildrenHost,
  id: string,
  child: Child,
  begin: () => Promise<Beginning>,
  signal: AbortSignal,
): Promise<{ execution: WorkflowExecution; ending: Ending }> {
  const { parent } = child
  const ended = async (run: Run): Promise<{ execution: WorkflowExecution; ending: Ending }> => ({
    execution: await run.whenEnded(),
    ending: run.ending,
  })
  const live = host.live.get(id) ?? (await host.findRun(id))
  if (live !== undefined) {
    assertChild(id, live, child)
    return ended(live)
  }
  const past = await host.past(id)
  if (past !== undefined) {
    assertChild(id, { workflowId: past.execution.workflowId, options: past.options }, child)
    return { execution: past.execution, ending: past.ending ?? { mayPassAnew: false, undoable: false } }
  }
  const what = await begin()
  // Nobody wants it any more.
  signal.throwIfAborted()
  const run = host.begin(id, what)
  // Its parent was paused while we looked. What is on record may be a pause that is over: who ended it knew of no child.
  if (host.isPaused(parent)) host.pause(run)
  return ended(run)
}

/** What a child begins with: anew, or where the one before it ended if its parent is a retry. */
async function beginning(
  host: ChildrenHost,
  place: Place,
  id: string,
  given: { [key: string]: Json },
  signal: AbortSignal,
): Promise<Beginning> {
  const { run, path, at } = place
  const task = run.task(place.instance)
  const { compensate } = task.source as { compensate?: { on?: string } }
  const definition = definitionOf(host, run, task, at)
  const context = await judgeContext(definition, given, { bytesMax: host.maxValueBytes, root: 'input.data' })
  const options = { ...optionsOf(host, run, definition, path), ...(compensate?.on === 'started' && { undoneAbove: true }) }
  const before = await triedBefore(host, place, signal)
  if (before === undefined) {
    const owner = keyOwner(run, path)
    // Nobody began it there; whoever does has the keys it would have had.
    return { definition, context, options: owner === run.id ? options : { ...options, keys: { of: `${owner}/${path}/1` } } }
  }
  const { tried, retried } = before
  const previous = tried.past.execution.id
  if (!retried) return { definition, context, options: { ...options, previous, keys: keysAfter(tried, id) } }
  // What it is given has changed, or it is done again because of something before it: that is other work.
  const isHalfDone = tried.past.execution.status !== 'completed' || wasUndone(tried)
  if (!isHalfDone || canonical(context) !== canonical(tried.past.context)) return { definition, context, options }
  const reuse = keptEnds(definition, tried.past.execution, { from: startsOf(tried), retry: true })
  const kept = { reuse, ...keptSteps(tried.past, undoneWhole(tried), reuse) }
  return { definition, context, options: { ...options, previous, forkedFrom: previous, ...kept, keys: keysAfter(tried, id) } }
}

/** The execution that tried last what a child is to do; `retried`: the parent is a retry, so that it is taken up where that ended. */
async function triedBefore(
  host: ChildrenHost,
  { run, path, attempt }: Place,
  signal: AbortSignal,
): Promise<{ tried: Tried; retried: boolean } | undefined> {
  const own = await lastOf(host, run, path, attempt - 1, signal)
  if (own !== undefined) return { tried: own, retried: false }
  // Under another definition it is other work.
  if (generationOf(run.moves, path) > 0) return undefined
  let retried = true
  let options: RunOptions = run.options
  for (let previous = options.previous; previous !== undefined;) {
    retried &&= continues(options) || options.reuse?.[path] !== undefined
    const isLive = host.live.has(previous) && host.live.get(previous)?.execution === undefined
    const past = isLive ? undefined : await host.past(previous)
    if (past === undefined || !hasEnded(past.execution) || isUndoneWhole({ past, undoing: await host.past(previous + UNDOING) }, path))
      return undefined
    const attempts = past.execution.tasks.find(({ taskId }) => taskId === path)?.attempts ?? 0
    const tried = await lastOf(host, { id: previous, options: past.options, moves: past.moves ?? [] }, path, attempts, signal)
    if (tried !== undefined) return { tried, retried }
    options = past.options
    // A fork may have taken over how it ended.
    previous = options.reuse?.[path] === undefined ? options.previous : options.forkedFrom
  }
  return undefined
}

/** What is parked is on record too. */
function hasEnded({ endTime }: WorkflowExecution): boolean {
  return endTime !== undefined
}

/** The latest child of an execution at a path that ended, of those up to this attempt. One that is being stopped is waited for. */
async function lastOf(
  host: ChildrenHost,
  parent: Pick<Run, 'id' | 'options'> & { readonly moves: readonly Moved[] },
  path: string,
  attempts: number,
  signal: AbortSignal,
): Promise<Tried | undefined> {
  for (let attempt = attempts; attempt > 0; attempt -= 1) {
    const id = childId(parent, path, attempt)
    const live = host.live.get(id)
    if (live !== undefined && isOf(live.options, parent, path)) await Promise.race([live.whenEnded(), aborted(signal)])
    const past = await host.past(id)
    if (past !== undefined && isOf(past.options, parent, path)) return { past, undoing: await host.past(id + UNDOING) }
  }
  return undefined
}

/** What undoes an execution begins with. It has no deadline: what undoes a task has none. */
async function undoingBeginning(host: ChildrenHost, { run, path, at }: Place, undone: string): Promise<Beginning> {
  const past = await host.past(undone)
  const listed = past === undefined ? undefined : await host.undoing(undone)
  if (past === undefined || listed === undefined) {
    const message = `\`${undone}\` cannot be undone: it is not remembered any more`
    throw Object.assign(new NotFoundError('ERR_EXECUTION_NOT_FOUND', message, at), { retryable: false })
  }
  const { definition, options } = undoingOf(past, listed)
  return { definition, context: past.context as { [key: string]: Json }, options: { ...handedDown(run, path), ...options } }
}

/** Those among the children of a run that none of its attempts waits for any more, though they have not ended: a crash came between the two. */
export function orphansOf(host: ChildrenHost, run: Run): Run[] {
  const children = host.live.childrenOf(run.id)
  if (children.length === 0) return []
  const { tasks } = JSON.parse(host.report(run)) as Report
  const waitedFor = new Set(
    tasks.flatMap(([state, attempts], instance) => {
      // An attempt that is to begin again, when a pause is over, counts only when it does.
      const attempt = state === 2 ? attempts : state === 1 ? attempts + 1 : 0
      return attempt === 0 ? [] : [idOf(run, instance, attempt)]
    }),
  )
  return children.filter(({ id }) => !waitedFor.has(id))
}

/** Tells children that nobody waits for any more what their parents would have told them. */
export function cancelOrphans(host: ChildrenHost, orphans: readonly Run[]): void {
  for (const { id } of orphans) host.cancel(id, 'the execution whose task it was waits for it no more').catch(() => {})
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
  })
}

/** What flows down from a parent to every child, and to what undoes one: whose it is, and who it is for. */
function handedDown(run: Run, path: string): RunOptions {
  const { tenant, priority, allow, traceparent, depth = 1 } = run.options
  return {
    parent: { execution: run.id, path },
    depth: depth + 1,
    ...(tenant !== undefined && { tenant }),
    ...(priority !== undefined && { priority }),
    ...(allow !== undefined && { allow }),
    ...(traceparent !== undefined && { traceparent }),
  }
}

/** That, and the bounds a child has. */
function optionsOf(host: ChildrenHost, run: Run, definition: Definition, path: string): RunOptions {
  const { deadline, time } = host.bounds(run)
  const pins = pinsFor(definition, (id) => run.options.workflows?.[id])
  // What another version began has children that it would have begun.
  const standIns = run.options.standIns ?? (run.recovered ? host.standInsOnce(definition, pins.workflows) : [])
  return {
    ...handedDown(run, path),
    ...(typeof deadline === 'number' && { deadline }),
    ...(typeof time === 'number' && { budget: { time } }),
    ...(standIns.length > 0 && { standIns }),
    ...pins,
  }
}

/** The workflow a task names: as it was registered when the first execution above began, or as it is written. */
function definitionOf(host: ChildrenHost, run: Run, task: TaskDefinition, at: { executionId: string; taskId: string }): Definition {
  const { workflow } = task.source
  if (typeof workflow === 'object' && workflow !== null) {
    const written = host.read(workflow)
    written.judges.standIn(task.judges, `${task.schemasAt}.workflow`)
    return written
  }
  const id = String(workflow)
  const registered = host.find(id)
  const pinned = run.options.workflows?.[id]
  if (pinned === undefined && registered !== undefined) return registered
  if (pinned !== undefined) {
    const definition = host.read(pinned as object)
    // The one that is registered has its functions and the judges of its schemas.
    return registered?.plan.hash() === definition.plan.hash() ? registered : definition
  }
  const message = `workflow \`${id}\` is not registered; call workflowEngine.registerWorkflow(…) first, or write the workflow into the task`
  throw Object.assign(new NotFoundError('ERR_WORKFLOW_NOT_FOUND', message, at), { retryable: false })
}

function contextOf(data: Json | undefined, path: string): { [key: string]: Json } {
  if (data === undefined || data === null) return {}
  if (typeof data === 'object' && !Array.isArray(data)) return data
  throw new ValidationError('ERR_INPUT_SCHEMA', `the input of child workflow \`${path}\` cannot be its context`, [
    { path: 'input.data', message: 'must be an object' },
  ])
}
