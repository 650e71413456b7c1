// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task that is a workflow: it runs as an execution of its own, whose id follows from its parent's, so that whoever recovers the parent finds it again.

import { onAbort } from './abort.js'
import type { Definition } from './definition.js'
import { NotFoundError, TaskFailedError, ValidationError, type OrchestratorError } from './errors.js'
import type { Report } from './execution.js'
import { restored } from './failure/restored.js'
import type { Json } from './json.js'
import type { LiveRuns } from './live-runs.js'
import { pinsFor } from './pins.js'
import type { Run, RunOptions } from './run.js'
import type { LiveAttempt } from './task-input.js'
import type { WorkflowExecution } from './api/execution.js'

/** What running a child needs of the orchestrator. */
export interface Nursery {
  readonly maxDepth: number
  find(id: string): Definition | undefined
  /** A workflow that was accepted with its parent, or as that began. */
  read(workflow: object): Definition
  /** When an execution must have ended, and what time its budget leaves it, in milliseconds; null: no bound. */
  bounds(run: Run): { deadline?: number | null; time?: number | null }
  /** An execution as it is now, as `runtime::report` writes it. */
  report(run: Run): string
  readonly live: LiveRuns
  /** An execution that has ended. */
  past(id: string): Promise<{ readonly execution: WorkflowExecution } | undefined>
  begin(id: string, beginning: Beginning): Run
  /** The agents that models stood in for where a version before this one began an execution. */
  standInsOnce(definition: Definition, workflows: RunOptions['workflows']): readonly string[]
  pause(run: Run): void
  cancel(id: string, reason: string): Promise<void>
}

/** What a child begins with. */
export interface Beginning {
  readonly definition: Definition
  readonly context: { [key: string]: Json }
  readonly options: RunOptions
}

/** The results of the workflow of a task. */
export async function runChild(
  nursery: Nursery,
  run: Run,
  instance: number,
  attempt: LiveAttempt,
  data: Json | undefined,
): Promise<unknown> {
  const path = run.path(instance)
  const at = { executionId: run.id, taskId: path }
  const depth = (run.options.depth ?? 1) + 1
  if (depth > nursery.maxDepth) {
    const message = `child workflows are nested deeper than \`workflow.maxDepth\` (${nursery.maxDepth}); does one run itself?`
    throw Object.assign(new TaskFailedError('ERR_TOO_DEEP', message, at), { retryable: false })
  }
  const id = `${run.id}/${path}/${attempt.attempt}`
  const stop = (): void => {
    const reason = attempt.signal.reason as OrchestratorError
    // A process that ends is no reason: the next one takes up parent and child.
    if (reason.code !== 'ERR_SHUTDOWN') nursery.cancel(id, reasonFor(reason)).catch(() => {})
  }
  const forget = onAbort(attempt.signal, stop)
  const begin = (): Beginning => {
    const definition = definitionOf(nursery, run, run.task(instance).source.workflow, at)
    return { definition, context: contextOf(data, path), options: optionsOf(nursery, run, definition, { path, depth }) }
  }
  const execution = await join(nursery, id, run, begin, attempt.signal).finally(forget)
  if (execution.status === 'completed') return execution.results
  const why = execution.error?.message ?? execution.reason ?? 'it was cancelled'
  const details = { code: execution.error?.code ?? 'ERR_CANCELLED', execution: id }
  throw new TaskFailedError('ERR_TASK_FAILED', `the child workflow \`${execution.workflowId}\` ended ${execution.status}: ${why}`, {
    ...at,
    details,
    ...(execution.error !== undefined && { cause: restored(execution.error, { executionId: id, taskId: execution.error.taskId }) }),
  })
}

/** What a child is told when its parent is: the reason that was given, where one was. */
function reasonFor({ message, details }: OrchestratorError): string {
  return typeof details['reason'] === 'string' ? details['reason'] : message
}

/** Begins a child, or takes up the one that has this id. Resolves with how it ended. */
async function join(nursery: Nursery, id: string, parent: Run, begin: () => Beginning, signal: AbortSignal): Promise<WorkflowExecution> {
  const live = nursery.live.get(id)
  if (live !== undefined) return live.whenEnded()
  const past = await nursery.past(id)
  if (past !== undefined) return past.execution
  // Nobody wants it any more.
  signal.throwIfAborted()
  const run = nursery.begin(id, begin())
  // Its parent was paused while we looked.
  if (parent.held || parent.paused) {
    run.held = true
    nursery.pause(run)
  }
  return run.whenEnded()
}

/** Those among the children of a run that none of its attempts waits for any more, though they have not ended: a crash came between the two. */
export function orphansOf(nursery: Nursery, run: Run): Run[] {
  const children = nursery.live.childrenOf(run.id)
  if (children.length === 0) return []
  const { tasks } = JSON.parse(nursery.report(run)) as Report
  const waitedFor = new Set(
    tasks.map(([state, attempts], instance) => {
      // An attempt that is to begin again, when a pause is over, counts only when it does.
      const attempt = state === 2 ? attempts : state === 1 ? attempts + 1 : 0
      return `${run.id}/${run.path(instance)}/${attempt}`
    }),
  )
  return children.filter(({ id }) => !waitedFor.has(id))
}

/** Tells children that nobody waits for any more what their parents would have told them. */
export function cancelOrphans(nursery: Nursery, orphans: readonly Run[]): void {
  for (const { id } of orphans) nursery.cancel(id, 'the execution whose task it was waits for it no more').catch(() => {})
}

/** What flows down from a parent to a child beside the wish to stop or pause: who it is for, and the bounds it has. */
function optionsOf(nursery: Nursery, run: Run, definition: Definition, { path, depth }: { path: string; depth: number }): RunOptions {
  const { tenant, priority, allow } = run.options
  const { deadline, time } = nursery.bounds(run)
  const pins = pinsFor(definition, (id) => run.options.workflows?.[id])
  // What another version began has children that it would have begun.
  const standIns = run.options.standIns ?? (run.recovered ? nursery.standInsOnce(definition, pins.workflows) : [])
  return {
    parent: { execution: run.id, path },
    depth,
    ...(typeof deadline === 'number' && { deadline }),
    ...(typeof time === 'number' && { budget: { time } }),
    ...(tenant !== undefined && { tenant }),
    ...(allow !== undefined && { allow }),
    ...(priority !== undefined && { priority }),
    ...(standIns.length > 0 && { standIns }),
    ...pins,
  }
}

/** The workflow a task names: as it was registered when the first execution above began, or as it is written. */
function definitionOf(nursery: Nursery, run: Run, workflow: unknown, at: { executionId: string; taskId: string }): Definition {
  if (typeof workflow === 'object' && workflow !== null) return nursery.read(workflow)
  const id = String(workflow)
  const registered = nursery.find(id)
  const pinned = run.options.workflows?.[id]
  if (pinned === undefined && registered !== undefined) return registered
  if (pinned !== undefined) {
    const definition = nursery.read(pinned as object)
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
