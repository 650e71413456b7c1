// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `MAO_LOG`: what the engine is at, on stderr.

import { expect, it } from 'vitest'
import { Child } from '../support/child.ts'
import { storePath, userFolder, writeInto } from '../support/folder.ts'

const folder = userFolder()

const program = writeInto(
  folder,
  'program.mjs',
  `import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => 1 }) })
await orchestrator.executeWorkflow({ id: 'flow', name: 'flow', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] })
await orchestrator.shutdown()
console.log('done')
`,
)

async function written(level: string | undefined): Promise<string[]> {
  const env = { ...process.env, ...(level !== undefined && { MAO_LOG: level }) }
  const { code, stdout, stderr } = await new Child(program, [storePath(folder)], [], env).ended()
  expect([code, stdout]).toEqual([0, 'done\n'])
  return stderr.split('\n').filter((line) => line !== '')
}

it('is silent unless it is asked', async () => {
  expect(await written(undefined)).toEqual([])
})

it('tells a line for each event of the level that is asked for', async () => {
  const info = await written('info')
  expect(info).toEqual([expect.stringMatching(/^ +\d+\.\d{6} INFO {2}runtime::store::sqlite store opened path=.+\.db end=\d+$/)])
  const trace = await written('runtime::store=trace')
  expect(trace).toContainEqual(expect.stringMatching(/ TRACE runtime::store::sqlite committed batches=\d+ bytes=\d+ end=\d+$/))
  expect(trace).toContainEqual(expect.stringContaining(' store opened '))
})

it('says what it does not understand, once', async () => {
  expect(await written('loud')).toEqual([
    'MAO_LOG: `loud` is no level: write error, warn, info, debug or trace, or a level for a target, as in `runtime::store=trace`',
  ])
})
