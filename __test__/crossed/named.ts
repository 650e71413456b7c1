// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a workflow names, as `allow` sees it: not what its attempts will spawn.

import type { AgentTask, AgentWorkflow } from '@codexos/multi-agent-orchestrator'

export interface Names {
  readonly agents: string[]
  readonly workflows: string[]
}

/** The names in a workflow, in those that are written into it, and in those that it names of `registered`. */
export function namesIn(flow: AgentWorkflow, registered: readonly AgentWorkflow[]): Names {
  const [agents, workflows] = [new Set<string>(), new Set<string>()]
  const look = (task: AgentTask): void => {
    const { agentId, compensate, fallback, workflow } = task
    for (const call of [{ agentId }, compensate, fallback as { agentId?: string } | undefined])
      if (call?.agentId !== undefined) agents.add(call.agentId)
    if (typeof workflow === 'string') workflows.add(workflow)
    const inner = typeof workflow === 'string' ? registered.find(({ id }) => id === workflow) : (workflow as AgentWorkflow | undefined)
    const branches = (task.branches ?? []).flatMap(({ tasks }) => tasks)
    for (const below of [...(task.tasks ?? []), ...branches, ...(task.default ?? []), ...(inner?.tasks ?? [])]) look(below)
  }
  flow.tasks.forEach(look)
  return { agents: [...agents].toSorted(), workflows: [...workflows].toSorted() }
}

/** Whether `allow` lacks one of them. */
export function isForbidden(names: Names, allow: Partial<Names>): boolean {
  const lacks = (named: readonly string[], allowed: readonly string[] | undefined): boolean =>
    allowed !== undefined && named.some((name) => !allowed.includes(name))
  return lacks(names.agents, allow.agents) || lacks(names.workflows, allow.workflows)
}
