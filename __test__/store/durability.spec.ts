// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the executions of a workflow survive, where that is less than what their store gives.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const folder = userFolder()

/** Runs a workflow of a store at `'disk'`, says its id once it has ended, and does nothing more. */
const PROGRAM = `
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[1], durability: 'disk' } })
orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => 'done' }) })
const { id } = await orchestrator.executeWorkflow(JSON.parse(process.argv[2]))
process.stdout.write(id)
setInterval(() => {}, 1000)
`

describe('durability of a workflow', () => {
  it("that is 'os' survives the end of the process in a store at 'disk', and others beside it do too", async () => {
    const path = storePath(folder)
    const ids: string[] = []
    for (const durability of ['os', 'disk'] as const) {
      const flow = { ...workflow([task('a'), task('b')], { id: durability }), durability }
      const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, path, JSON.stringify(flow)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [id] = (await once(child.stdout, 'data')) as [Buffer]
      child.kill('SIGKILL')
      await once(child, 'exit')
      ids.push(id.toString())
    }
    const orchestrator = orchestratorWith({}, { storage: { path } })
    for (const id of ids)
      expect(await orchestrator.getExecution(id)).toMatchObject({ status: 'completed', results: { a: 'done', b: 'done' } })
  })

  it('is one of two words, and part of the definition', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, { storage: { path: storePath(folder) } })
    const waits = { ...workflow([{ id: 'w', name: 'w', waitFor: { signal: 'go' } }]), durability: 'os' as const }
    const error = await rejection(orchestrator.startWorkflow({ ...waits, durability: 'memory' as never }))
    expect(error).toMatchObject({ issues: [{ path: 'durability', message: expect.stringContaining("must be 'os' or 'disk'") }] })
    const { id } = await orchestrator.startWorkflow(waits)
    const { durability: _, ...other } = waits
    expect(await rejection(orchestrator.startWorkflow(other))).toMatchObject({ code: 'ERR_DEFINITION_CHANGED' })
    await orchestrator.cancelExecution(id)
  })
})
