// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a test waits for in vain, and the way out.

import { TimeoutError } from '../api/errors.js'
import type { MultiAgentOrchestrator } from '../orchestrator.js'
import type { TaskExecution, WorkflowExecution } from '../api/execution.js'

/** Executions that are looked at, and hints that are given. */
const EXECUTIONS_MAX = 1000
const HINTS_MAX = 5

/** The error of a test that has waited so long for something that does not come by the time of the kit. */
export async function stuck(orchestrator: MultiAgentOrchestrator, patienceMs: number): Promise<TimeoutError> {
  const hints = await hintsOf(orchestrator)
  const more = hints.length > HINTS_MAX ? [`and ${hints.length - HINTS_MAX} more`] : []
  const found = hints.length === 0 ? ['no execution is under way: what settles the promise?'] : [...hints.slice(0, HINTS_MAX), ...more]
  const what = `nothing has happened for ${patienceMs} ms of real time (\`patience\`), and there is no wait to skip`
  return new TimeoutError('ERR_STUCK', `${what}: ${found.join('; ')}`)
}

async function hintsOf(orchestrator: MultiAgentOrchestrator): Promise<string[]> {
  const { executions } = await orchestrator.listExecutions({ limit: EXECUTIONS_MAX })
  const { waitingForAgents } = await orchestrator.getStatistics()
  const schedules = await orchestrator.listSchedules()
  return [
    ...executions.flatMap((execution) => hintsAbout(execution, waitingForAgents[execution.id])),
    ...schedules.flatMap(({ id }) => hintsOfMissing(`schedule \`${id}\``, waitingForAgents[id])),
  ]
}

function hintsAbout({ id, status, tasks }: WorkflowExecution, agents: readonly string[] | undefined): string[] {
  if (agents !== undefined) return hintsOfMissing(`execution \`${id}\``, agents)
  if (status === 'pending') return [`execution \`${id}\` waits for a place: let another one end`]
  if (status === 'paused') return [`execution \`${id}\` is paused: resume it`]
  return status === 'running' ? tasks.flatMap((task) => hintAbout(task)) : []
}

function hintsOfMissing(who: string, agents: readonly string[] = []): string[] {
  const names = agents.map((agent) => `\`${agent}\``).join(', ')
  return agents.length === 0 ? [] : [`${who} waits for ${names}, which this process has not registered: do so in \`setup\``]
}

function hintAbout({ taskId, agentId, status }: TaskExecution): string[] {
  if (status === 'waiting') return [`task \`${taskId}\` waits: send it its signal`]
  if (status !== 'running' || agentId === '') return []
  return [`task \`${taskId}\` is at work in agent \`${agentId}\`: let it answer, script it, or let it wait by \`kit.clock.sleep\``]
}
