// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task that is a workflow: it runs as an execution of its own, whose id follows from its parent's, so that whoever recovers the parent finds it again.

import type { Definition } from './definition.js'
import { NotFoundError, TaskFailedError, ValidationError, type OrchestratorError } from './errors.js'
import type { Json } from './json.js'
import type { Run, RunOptions } from './run.js'
import type { LiveAttempt } from './task-input.js'
import type { WorkflowExecution } from './workflow.js'

/** What running a child needs of the orchestrator. */
export interface Nursery {
  readonly maxDepth: number
  find(id: string): Definition | undefined
  read(workflow: object): Definition
  /** Starts an execution, or takes up the one that has this id. Resolves with how it ended. */
  join(
    id: string,
    definition: Definition,
    context: { [key: string]: Json },
    options: RunOptions,
    signal: AbortSignal,
  ): Promise<WorkflowExecution>
  cancel(id: string, reason: string): Promise<void>
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
  const definition = definitionOf(nursery, run.task(instance).source.workflow, at)
  const { deadline, tenant } = run.options
  const options: RunOptions = {
    parent: { execution: run.id, path },
    depth,
    ...(deadline !== undefined && { deadline }),
    ...(tenant !== undefined && { tenant }),
  }
  const id = `${run.id}/${path}/${attempt.attempt}`
  const stop = (): void => {
    const reason = attempt.signal.reason as OrchestratorError
    // A process that ends is no reason: the next one takes up parent and child.
    if (reason.code !== 'ERR_SHUTDOWN') nursery.cancel(id, reason.message).catch(() => {})
  }
  attempt.signal.addEventListener('abort', stop, { once: true })
  const execution = await nursery.join(id, definition, contextOf(data, path), options, attempt.signal)
  if (execution.status === 'completed') return execution.results
  const why = execution.error?.message ?? execution.reason ?? 'it was cancelled'
  const details = { code: execution.error?.code ?? 'ERR_CANCELLED', execution: id }
  throw new TaskFailedError('ERR_TASK_FAILED', `the child workflow \`${definition.workflowId}\` ended ${execution.status}: ${why}`, {
    ...at,
    details,
  })
}

function definitionOf(nursery: Nursery, workflow: unknown, at: { executionId: string; taskId: string }): Definition {
  if (typeof workflow === 'object' && workflow !== null) return nursery.read(workflow)
  const definition = nursery.find(String(workflow))
  if (definition !== undefined) return definition
  const message = `workflow \`${String(workflow)}\` is not registered; call workflowEngine.registerWorkflow(…) first, or write the workflow into the task`
  throw Object.assign(new NotFoundError('ERR_WORKFLOW_NOT_FOUND', message, at), { retryable: false })
}

function contextOf(data: Json | undefined, path: string): { [key: string]: Json } {
  if (data === undefined || data === null) return {}
  if (typeof data === 'object' && !Array.isArray(data)) return data
  throw new ValidationError('ERR_INPUT_SCHEMA', `the input of child workflow \`${path}\` cannot be its context`, [
    { path: 'input.data', message: 'must be an object' },
  ])
}
