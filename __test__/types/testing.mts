// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A test of a strict user. It is checked, never run: each `@ts-expect-error` must be one.

import type { AgentWorkflow, MultiAgentOrchestrator, WorkflowExecution } from '@codexos/multi-agent-orchestrator'
import {
  after,
  createTestKit,
  hang,
  untilAborted,
  type CrashPoint,
  type ScriptedAgent,
  type TestKit,
  type TestKitOptions,
} from '@codexos/multi-agent-orchestrator/testing'

const options: TestKitOptions = {
  storage: 'file',
  startAt: new Date(),
  patience: '1s',
  workflow: { maxTasks: 7 },
  setup: (orchestrator) => orchestrator.agentPool.registerAgentType('x', { create: () => ({ execute: () => 1 }) }),
}
// @ts-expect-error -- the file is the kit's own
export const elsewhere: TestKitOptions = { storage: { path: 'x' } }

const flow: AgentWorkflow = { id: 'w', name: 'W', version: '1', tasks: [{ id: 'a', name: 'A', agentId: 'x' }] }

export async function use(): Promise<void> {
  const kit: TestKit = await createTestKit(options)
  // One class, whichever entry it comes from.
  const orchestrator: MultiAgentOrchestrator = kit.orchestrator
  const agent: ScriptedAgent = kit.agents.script('y', [
    1,
    new Error('no'),
    after('1h', { n: 1 }),
    hang,
    untilAborted,
    (task: { id: string }) => task.id,
  ])
  kit.agents.script('z', async ({ input }, { signal }) => [input.data.n, signal.aborted])
  // @ts-expect-error -- a list of answers, or a function
  kit.agents.script('y', 'answer')
  const execution: WorkflowExecution = await kit.run(flow, { who: 'me' }, { deadline: '1d' })
  const handle = await orchestrator.startWorkflow(flow)
  const same: WorkflowExecution = await kit.until(handle.result())
  const more: boolean = await kit.clock.advanceToNext()
  await kit.clock.advance('1h')
  // @ts-expect-error -- no length of time
  await kit.clock.advance(new Date())
  await kit.crash({ afterCommit: 3 })
  // @ts-expect-error -- no moment
  await kit.crash({ commit: 3 })
  await (await kit.reopen()).ready()
  for await (const point of kit.crashPoints(flow)) {
    const { commit, side }: CrashPoint = point
    console.log(commit.toFixed(), side.toUpperCase(), point.execution.status)
  }
  await kit[Symbol.asyncDispose]()
  console.log(agent.calls[0]?.task.input, execution.id, same.id, more, kit.clock.now().getTime())
}
