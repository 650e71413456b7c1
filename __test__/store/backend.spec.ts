// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The package before a backend as one elsewhere would be: three partitions, each acknowledgement and each reading takes its time.

import { expect, it } from 'vitest'
import { Child } from '../support/child.ts'
import { documented } from '../support/documented.ts'
import { storePath, temporaryFolder, userFolder, writeInto } from '../support/folder.ts'

const folder = temporaryFolder()

/** How a program ends before a backend that does this. */
async function runBefore(backend: object, name: string, program: string): Promise<unknown> {
  const path = writeInto(userFolder(), name, program)
  const child = new Child(path, [storePath(folder)], [], { ...process.env, MAO_TEST_BACKEND: JSON.stringify(backend) })
  const { code, stdout, stderr } = await child.ended()
  return { code, lines: stdout.trim().split('\n'), stderr }
}

const BEGIN = `import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2], durability: 'os' } })
orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: ({ id }) => 'result of ' + id }) })
const task = (id) => ({ id, name: id, agentId: 'work' })
const flow = { id: 'flow', name: 'Flow', version: '1.0.0', tasks: [task('a'), task('b')] }
`

// What stands between the construction of the documented quick start and its end.
it('the listeners of the quick start hear every event once, however long a reading takes, and the program ends by itself', async () => {
  const text = documented('Quick Start')
  const listeners = text.slice(text.indexOf('orchestrator.on('))
  expect(listeners.match(/orchestrator\.on\(/g)).toHaveLength(2)
  const program = `${BEGIN}await orchestrator.executeWorkflow(flow)\n${listeners}`
  expect(await runBefore({ delay: 200 }, 'late.mjs', program)).toEqual({
    code: 0,
    lines: ['Task a completed', 'Task b completed', "Workflow completed: { a: 'result of a', b: 'result of b' }"],
    stderr: '',
  })
})

it('what is asked of it is answered: executions, keys, kept outputs, events', async () => {
  const program = `${BEGIN}
const cached = { ...flow, id: 'cached', tasks: [{ ...task('a'), cache: {} }] }
const runs = await Promise.all([0, 1, 2].map(() => orchestrator.executeWorkflow(flow, {}, { idempotencyKey: 'once' })))
console.log(new Set(runs.map(({ id }) => id)).size)
await orchestrator.executeWorkflow(cached)
const { tasks } = await orchestrator.executeWorkflow(cached)
console.log(tasks[0].cached)
const seen = []
for await (const { type, task } of orchestrator.getHandle(runs[0].id).events()) seen.push(task ? type + ' ' + task.taskId : type)
console.log(seen.join(', '))
console.log((await orchestrator.listExecutions()).executions.length)
`
  expect(await runBefore({ delay: 20 }, 'asked.mjs', program)).toEqual({
    code: 0,
    lines: ['1', 'true', 'workflow:started, task:started a, task:completed a, task:started b, task:completed b, workflow:completed', '3'],
    stderr: '',
  })
})

it('an execution that is refused, or lost, rejects for what it was, and the others go on', async () => {
  const program = `${BEGIN}
const told = async (executionId) => {
  const ended = orchestrator.executeWorkflow(flow, {}, { executionId })
  console.log(await ended.then(({ status }) => status, ({ code, executionId }) => code + ' ' + executionId))
}
await told('taken')
await told('mine')
await told('moved')
console.log((await orchestrator.getStatistics()).activeWorkflows)
`
  expect(await runBefore({ delay: 5, refuse: ['taken'], lose: ['moved'] }, 'refused.mjs', program)).toEqual({
    code: 0,
    lines: ['ERR_EXECUTION_EXISTS taken', 'completed', 'ERR_OUTCOME_UNKNOWN moved', '0'],
    stderr: '',
  })
})
