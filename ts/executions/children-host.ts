// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What running a child needs, out of the parts of an orchestrator.

import type { ResolvedWorkflow } from '../config/config.js'
import type { DefinitionReader } from '../definition/definition.js'
import type { WorkflowValidator } from '../definition/workflow-engine.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { ChildrenHost } from './children.js'
import type { EndedExecutions } from './ended-executions.js'
import type { LiveRuns } from './live-runs.js'
import type { ExecutionLookUp } from './look-up.js'
import type { Run } from '../run/run.js'
import type { Beginnings } from './starting.js'

/** The parts. */
interface Parts {
  readonly workflow: ResolvedWorkflow
  readonly workflows: WorkflowValidator
  readonly reader: DefinitionReader
  readonly dispatcher: Dispatcher
  readonly live: LiveRuns
  readonly find: (id: string) => Promise<Run | undefined>
  readonly lookUp: ExecutionLookUp
  /** Without a store, those that are remembered. */
  readonly ended: EndedExecutions | undefined
  readonly beginnings: Beginnings
  readonly cancelExecution: (id: string, reason?: string) => Promise<void>
}

export function childrenHostOf({
  workflow,
  workflows,
  reader,
  dispatcher,
  live,
  find,
  lookUp,
  ended,
  beginnings,
  cancelExecution,
}: Parts): ChildrenHost {
  const { engine } = dispatcher
  return {
    maxDepth: workflow.maxDepth,
    maxValueBytes: workflow.maxValueBytes,
    find: (id) => workflows.find(id),
    read: (child) => reader.readAccepted(child),
    bounds: (run) => engine.bounds(run.slot),
    report: (run) => engine.report(run.slot),
    live,
    findRun: find,
    past: (id) => lookUp.past(id),
    undoing: async (id) => (ended === undefined ? engine.stored('storedUndoing', id) : ended.get(id)?.undoing),
    begin: (id, { definition, context, options }) => {
      // What undoes a child has the agents that the child named.
      if (options.undoes === undefined) beginnings.assertKnown(definition, options)
      return beginnings.begin(definition, context, options, id, 0)
    },
    standInsOnce: (...begun) => beginnings.standInsOnce(...begun),
    isPaused: (run) => engine.isPaused(run.slot),
    pause: (run) => engine.pause(run.slot),
    cancel: cancelExecution,
  }
}
