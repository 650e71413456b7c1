// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Values of more than 64 KiB are on record once, however many executions have them: forks, retries, children and repeats write none again.

import { statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openArchive, verifyStore, type MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, task, until, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const MIB = 1 << 20
/** No two of them have a page alike. */
const large = (mark: string): string => Array.from({ length: MIB / 16 }, (_, n) => `${mark} ${n}`.padEnd(16)).join('')

const flow = workflow([
  task('make'),
  task('step', { agentId: 'step', dependencies: ['make'] }),
  { id: 'go', name: 'go', waitFor: { signal: 'go' }, dependencies: ['step'] },
  task('use', { agentId: 'use', dependencies: ['go'] }),
])

function open(path: string, durability: 'os' | 'disk'): MultiAgentOrchestrator {
  return orchestratorWith(
    {
      work: () => large('made'),
      step: async (_, { step }) => (await step('draw', () => large('drawn'))).length,
      use: ({ context }) => (context['dependencies'] as { go: string }).go.length,
    },
    { storage: { path, durability }, logger: false },
  )
}

describe.each(['os', 'disk'] as const)('large values (%s)', (durability) => {
  it('are read as they were written, and are not written again by what takes them over', async () => {
    const path = storePath(folder)
    const context = { given: large('given') }
    const first = open(path, durability)
    const { id } = await first.startWorkflow(flow, context)
    await until(async () => (await first.getExecution(id))?.tasks[1]?.status === 'completed')
    await first.signalExecution(id, 'go', large('signalled'))
    await first.getHandle(id).result()
    await first.shutdown()
    // Results, the step, the signal with what it gave its wait, and the context: each once.
    const once = statSync(path).size
    expect(once).toBeGreaterThan(4 * MIB)
    expect(once).toBeLessThan(5 * MIB)
    const second = open(path, durability)
    const whole = await second.getExecution(id)
    expect([whole?.context, whole?.results]).toEqual([context, { make: large('made'), step: MIB, go: large('signalled'), use: MIB }])
    const fork = await second.forkExecution(id, 'use')
    expect((await fork.result()).results).toEqual(whole?.results)
    for (let n = 0; n < 3; n += 1) {
      const again = await second.startWorkflow(flow, context)
      await again.signal('go', large('signalled'))
      expect((await again.result()).results).toEqual(whole?.results)
    }
    const events = []
    for await (const event of second.getHandle(id).events()) events.push(event)
    expect(events.length).toBeGreaterThan(8)
    const copy = storePath(folder)
    await second.backup(copy)
    await second.shutdown()
    expect(statSync(path).size).toBeLessThan(once + MIB / 2)
    expect(await verifyStore(copy)).toMatchObject({ sound: true, values: 0 })
    const archive = await openArchive(copy)
    expect((await archive.getExecution(fork.id))?.results).toEqual(whole?.results)
    const { executions } = await archive.listExecutions({ fields: 'summary' })
    expect(executions.map(({ bytes = 0 }) => bytes >= 2 * MIB)).toEqual(executions.map(() => true))
    await archive.close()
  })

  it('stay as long as an execution has them, and go with the last one', async () => {
    const path = storePath(folder)
    const orchestrator = open(path, durability)
    const only = workflow([task('make')], { id: 'only' })
    const { id: one } = await orchestrator.executeWorkflow(only, { given: large('given') })
    const { id: two } = await orchestrator.executeWorkflow(only, { given: large('given') })
    await orchestrator.deleteExecution(one)
    expect(await orchestrator.getExecution(two)).toMatchObject({ context: { given: large('given') }, results: { make: large('made') } })
    await orchestrator.deleteExecution(two)
    expect(await verifyStore(path)).toMatchObject({ sound: true, values: 0 })
  })
})
