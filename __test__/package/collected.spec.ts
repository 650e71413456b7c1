// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An orchestrator that was shut down is garbage. Native code held the function by which it is told to look, and that held the orchestrator, which held the
// native code: each that was ever opened stayed, with half a megabyte, in a process that opens one for each test or tenant.

import { describe, expect, it } from 'vitest'
import { run } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'

const folder = userFolder()

/** Opens, uses and shuts down so many; says how many of them are left once nothing refers to them. */
const program = `
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const [config] = process.argv.slice(2).map((text) => JSON.parse(text))
const COUNT = 8
let left = COUNT
const registry = new FinalizationRegistry(() => (left -= 1))
const use = async (place) => {
  const storage = config.path === undefined ? undefined : { ...config, path: config.path + place }
  const orchestrator = new MultiAgentOrchestrator({ logger: false, ...(storage && { storage }) })
  registry.register(orchestrator, place)
  orchestrator.agentPool.registerAgent('work', ({ id }) => id)
  orchestrator.modelIntegration.registerProvider('mine', { models: [{ id: 'm', contextWindow: 1000, maxOutput: 100, capabilities: ['text-generation'] }], generate: async () => ({ text: 'x' }) })
  await orchestrator.modelIntegration.generate({ model: 'mine/m', prompt: 'x' })
  await orchestrator.executeWorkflow({ id: 'flow', tasks: [{ id: 'a', agentId: 'work' }, { id: 'b', agentId: 'work' }] })
  await orchestrator.shutdown()
}
for (let place = 0; place < COUNT; place += 1) await use(place)
for (let turn = 0; turn < 500 && left > 0; turn += 1) {
  globalThis.gc()
  await new Promise((resolve) => setTimeout(resolve, 1))
}
console.log('left ' + left)
`

describe('an orchestrator that was shut down', () => {
  it.each<[string, () => object]>([
    ['in memory', () => ({})],
    ["at 'os'", () => ({ path: storePath(folder), durability: 'os' })],
    ["at 'disk'", () => ({ path: storePath(folder), durability: 'disk' })],
  ])('is collected (%s)', async (_, config) => {
    const flagged = `import { setFlagsFromString } from 'node:v8'\nimport { runInNewContext } from 'node:vm'\nsetFlagsFromString('--expose-gc')\nglobalThis.gc = runInNewContext('gc')\n${program}`
    const { stdout, stderr } = await run(folder, flagged, [JSON.stringify(config())])
    expect([stdout.trim(), stderr]).toEqual(['left 0', ''])
  })
})
