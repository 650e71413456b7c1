// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A schedule begins: all of it is judged, and then it is kept.

import type { AgentWorkflow } from '../api/workflow.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { readContext } from './arguments.js'
import { readSchedule, type Schedule } from './schedule.js'
import type { Schedules } from './schedules.js'
import type { Beginnings } from './starting.js'

/** What it needs of the orchestrator. */
interface SchedulingHost {
  readonly dispatcher: Dispatcher
  readonly beginnings: Beginnings
  readonly schedules: Schedules
  readonly maxValueBytes: number
  ready(): Promise<void>
  assertOpen(call: string, underWay?: boolean): void
}

/** As a caller gave them. */
interface Asked {
  readonly workflow: AgentWorkflow
  readonly schedule: unknown
  readonly context: unknown
  readonly options: unknown
}

export async function keepSchedule(host: SchedulingHost, { workflow, schedule, context, options }: Asked): Promise<Schedule> {
  const { dispatcher, beginnings, schedules } = host
  host.assertOpen('scheduleWorkflow')
  const asked = readSchedule(schedule, options, dispatcher.clock)
  const definition = beginnings.read(workflow, asked.recorded.allow)
  const given = readContext(context, host.maxValueBytes)
  const judged = await beginnings.judged(definition, given)
  await host.ready()
  host.assertOpen(`scheduleWorkflow of workflow \`${definition.workflowId}\``, true)
  const recorded = { ...asked.recorded, ...beginnings.settled(definition) }
  return schedules.keep(definition, judged, { ...asked, recorded }, given)
}
