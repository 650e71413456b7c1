// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A call that is under way in the moment of a crash, or of a shutdown, hears of that, or has its answer: never that there is nothing on record.

import { expect, it } from 'vitest'
import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'

const only = workflow([task('a')])

/** Every call that reads the store, by name, and whether what it answers is right. */
function calls(of: MultiAgentOrchestrator, id: string): Record<string, () => Promise<boolean>> {
  return {
    getExecution: async () => (await of.getExecution(id))?.status === 'completed',
    'getHandle().result': async () => (await of.getHandle(id).result()).status === 'completed',
    'getHandle().events': async () => {
      let count = 0
      for await (const _ of of.getHandle(id).events()) count += 1
      return count > 0
    },
    listExecutions: async () => (await of.listExecutions()).executions.length > 0,
    'listExecutions, summaries': async () => (await of.listExecutions({ fields: 'summary' })).executions.length > 0,
    'forkExecution, dry': async () => (await of.forkExecution(id, 'a', { dryRun: true })).runs.length > 0,
    'pruneExecutions, dry': async () => (await of.pruneExecutions({ keep: 0 }, { dryRun: true })).executions > 0,
  }
}

async function underWay(of: MultiAgentOrchestrator, id: string, end: () => Promise<unknown>): Promise<string[]> {
  const asked = Object.entries(calls(of, id)).map(async ([name, call]) => {
    try {
      return (await call()) ? [] : [`${name} answers wrongly`]
    } catch (error) {
      return [`${name} ${(error as { code: string }).code}`]
    }
  })
  // Some further on than others.
  for (let turns = Math.floor(Math.random() * 4); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve))
  await end()
  return (await Promise.all(asked)).flat()
}

it('a crash is what calls hear that are under way', async () => {
  const kit = await kitWith({ work: () => 1 }, { storage: 'file' })
  const { id } = await kit.run(only)
  for (let round = 0; round < 25; round += 1) {
    const heard = await underWay(kit.orchestrator, id, () => kit.crash())
    expect(heard.filter((line) => !line.endsWith(' ERR_CRASHED'))).toEqual([])
    await kit.reopen()
  }
})

it('a shutdown is what calls hear that are under way', async () => {
  const path = storePath(userFolder())
  const first = orchestratorWith({ work: () => 1 }, { storage: { path }, logger: false })
  const { id } = await first.executeWorkflow(only)
  await first.shutdown()
  for (let round = 0; round < 25; round += 1) {
    const orchestrator = orchestratorWith({ work: () => 1 }, { storage: { path }, logger: false })
    await orchestrator.ready()
    const heard = await underWay(orchestrator, id, () => orchestrator.shutdown({ drainMs: 0 }))
    expect(heard.filter((line) => !line.endsWith(' ERR_CLOSED'))).toEqual([])
  }
})
