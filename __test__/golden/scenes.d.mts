// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { AgentWorkflow, ExecuteOptions, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'

export const LATER: string
export function setup(isFirst: () => boolean, calls?: string[]): (orchestrator: MultiAgentOrchestrator) => void
export function begin(kit: TestKit): Promise<void>
export function goOn(kit: TestKit, calls: readonly string[]): Promise<Record<string, unknown>>
export const again: Parameters<MultiAgentOrchestrator['scheduleWorkflow']>
export const keyed: readonly { workflow: AgentWorkflow; context: object; options: ExecuteOptions }[]
