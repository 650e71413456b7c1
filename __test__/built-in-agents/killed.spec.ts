// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The process of a model with tools is killed at each of the boundaries between them: the next process goes on there.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { start } from '../support/child.ts'
import { storePath, userFolder, writeInto } from '../support/folder.ts'
import { orchestratorWith } from '../support/orchestrators.ts'

const TOOLS = 11
const folder = userFolder()

/** What both processes register. Each boundary (reply, tool, reply, …) is written to a file when it is reached; at the one that `stopAt` names nothing goes on. */
const module = writeInto(
  folder,
  'loop.mjs',
  `import { appendFileSync } from 'node:fs'
export const install = (orchestrator, file, stopAt) => {
  const reach = async (boundary) => {
    appendFileSync(file, boundary + '\\n')
    if (boundary !== stopAt) return
    console.log('stopped.')
    await new Promise(() => {})
  }
  const prices = { input: 1e6, output: 0 }
  orchestrator.modelIntegration.registerProvider('mine', {
    models: [{ id: 'm', contextWindow: 100000, maxOutput: 100, capabilities: ['text-generation', 'tool-use'], prices }],
    generate: async ({ messages }) => {
      const n = messages.filter(({ role }) => role === 'tool').length
      await reach(n * 2)
      const usage = { inputTokens: 1, outputTokens: 1 }
      return n === ${TOOLS} ? { text: 'counted', usage } : { toolCalls: [{ id: 'call ' + n, name: 'count', arguments: { n } }], usage }
    },
  })
  orchestrator.agentPool.registerTool({
    name: 'count',
    description: 'counts',
    parameters: { type: 'object', properties: { n: { type: 'number' } } },
    execute: async ({ n }) => {
      await reach(n * 2 + 1)
      return n
    },
  })
  orchestrator.agentPool.registerAgent({ id: 'clerk', type: 'hybrid', configuration: { model: 'mine/m', maxSteps: 20 } })
}
`,
)
const { install } = (await import(module)) as { install: (orchestrator: MultiAgentOrchestrator, file: string, stopAt?: number) => void }

const program = `
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { install } from './loop.mjs'
const [config, file, stopAt] = process.argv.slice(2).map((text) => JSON.parse(text))
const orchestrator = new MultiAgentOrchestrator(config)
install(orchestrator, file, stopAt)
const flow = { id: 'flow', tasks: [{ id: 'a', agentId: 'clerk', timeout: '1h', input: { prompt: 'Count.' } }] }
await orchestrator.executeWorkflow(flow, {}, { executionId: 'counting' })
`

it.each([...Array(TOOLS * 2 + 1).keys()])('at boundary %i', async (boundary) => {
  const config = { storage: { path: storePath(folder), durability: 'os' } } as const
  const file = writeInto(folder, `reached-${boundary}`, '')
  const child = start(
    folder,
    program,
    [config, file, boundary].map((value) => JSON.stringify(value)),
  )
  await child.says('stopped.')
  expect((await child.kill()).signal).toBe('SIGKILL')
  const orchestrator = orchestratorWith({}, config)
  install(orchestrator, file)
  const { results, metrics } = await orchestrator.getHandle('counting').result()
  const all = [...Array(TOOLS * 2 + 1).keys()]
  const reached = readFileSync(file, 'utf8').trim().split('\n').map(Number)
  expect(reached).toEqual([...all.slice(0, boundary + 1), ...all.slice(boundary)])
  expect(results).toEqual({ a: 'counted' })
  const { modelCalls, cost, costComplete } = metrics.resourceUsage
  // A reply that was cut off is of a price that nobody knows.
  expect([modelCalls, cost, costComplete]).toEqual([TOOLS + 1, TOOLS + 1, boundary % 2 === 1])
})
