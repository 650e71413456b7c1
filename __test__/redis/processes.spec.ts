// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Processes that share a namespace: what one leaves when it is killed, or closed, is another's, whether that comes later or is there already.

import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { start, type Child } from '../support/child.ts'
import { userFolder } from '../support/folder.ts'
import { eventually, orchestratorWith, task, workflow } from '../support/orchestrators.ts'
import { hasRedis, redisForTest } from '../support/redis.ts'

const folder = userFolder()

/** `first` completes, and `second` never does in the process that is killed. */
const flow = workflow([task('first'), task('second', { dependencies: ['first'] })])
const signalled = workflow([{ id: 'go', name: 'go', waitFor: { signal: 'go' } }, task('after', { dependencies: ['go'] })], { id: 'waits' })

/** A process that drives an execution of each, and says so; its agents are told to do nothing with `second`. */
function process(port: number): Child {
  const source = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ redis: { host: '127.0.0.1', port: ${port} }, logger: false })
    const execute = ({ id }) => id === 'second' ? (console.log('second runs'), new Promise(() => {})) : 'of the first process'
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }) })
    const [flow, waits] = JSON.parse(process.argv[2])
    const waiting = await orchestrator.startWorkflow(waits)
    const running = await orchestrator.startWorkflow(flow)
    console.log('ids ' + JSON.stringify([waiting.id, running.id]) + ';')
    setInterval(() => {}, 1000)
  `
  return start(folder, source, [JSON.stringify([flow, signalled])])
}

async function idsOf(child: Child): Promise<[waiting: string, running: string]> {
  await child.says('second runs')
  await child.says(';')
  return JSON.parse(/ids (.*);/.exec(child.stdout)?.[1] ?? '') as [string, string]
}

const config = (port: number): { redis: { host: string; port: number }; logger: false } => ({
  redis: { host: '127.0.0.1', port },
  logger: false,
})

async function ended(orchestrator: MultiAgentOrchestrator, id: string): Promise<void> {
  const known = await orchestrator.getExecution(id)
  if (known?.status === 'completed') return
  await new Promise<void>((resolve) => {
    orchestrator.on('workflow:completed', (execution) => {
      if (execution.id === id) resolve()
    })
  })
}

/** What the killed process began is whole: its own task was done there, the other here. */
async function isContinued(orchestrator: MultiAgentOrchestrator, [waiting, running]: [string, string], called: string[]): Promise<void> {
  await ended(orchestrator, running)
  const execution = await orchestrator.getExecution(running)
  expect(execution?.results).toEqual({ first: 'of the first process', second: 'here' })
  await orchestrator.signalExecution(waiting, 'go')
  await ended(orchestrator, waiting)
  expect(called).toEqual(['second', 'after'])
  expect((await orchestrator.getExecution(waiting))?.results).toMatchObject({ after: 'here' })
}

describe.runIf(hasRedis)('processes of one namespace', () => {
  it('continue what another had begun that was killed before they came', async () => {
    const { port } = await redisForTest()
    const child = process(port)
    const ids = await idsOf(child)
    await child.kill()
    const called: string[] = []
    const orchestrator = orchestratorWith({ work: ({ id }) => (called.push(id), 'here') }, config(port))
    await orchestrator.ready()
    await isContinued(orchestrator, ids, called)
    // What is said of an execution that runs here may be a commit ahead of what a list reads.
    await eventually(async () => {
      const { executions } = await orchestrator.listExecutions()
      expect(executions.map(({ id, status }) => [id, status])).toEqual([ids[1], ids[0]].map((id) => [id, 'completed']))
    })
  })

  it('continue what another had begun that was killed while they ran', async () => {
    const { port } = await redisForTest()
    const called: string[] = []
    const orchestrator = orchestratorWith({ work: ({ id }) => (called.push(id), 'here') }, config(port))
    await orchestrator.ready()
    const child = process(port)
    const ids = await idsOf(child)
    const since = performance.now()
    const done = ended(orchestrator, ids[1])
    await child.kill()
    await done
    // Leases of 10 s, and two beats: one that finds them over, one on a busy machine.
    expect(performance.now() - since).toBeLessThan(20_000)
    await isContinued(orchestrator, ids, called)
  })
})
