// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A collection of memory while nothing runs leaves optimised code alone. V8 gives up what was made for a shape of objects when the last one of it is gone, and
// all that calls agents was made anew after each pause: attempts took three times as long.

import { expect, it } from 'vitest'
import { run } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'

const folder = userFolder()

/** Executes until the code is optimised, collects while nothing runs, and so on; V8 writes what it gives up. */
const program = `
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
setFlagsFromString('--expose-gc')
setFlagsFromString('--trace-deopt')
const gc = runInNewContext('gc')
const [config] = process.argv.slice(2).map((text) => JSON.parse(text))
const orchestrator = new MultiAgentOrchestrator(config)
orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: async () => 1 }), maxAgents: 1, maxConcurrency: 100 })
const tasks = Array.from({ length: 100 }, (_, place) => ({ id: 't' + place, agentId: 'work' }))
for (let round = 0; round < 8; round += 1) {
  for (let count = 0; count < 20; count += 1) await orchestrator.executeWorkflow({ id: 'flow', tasks })
  console.log('collects')
  gc()
  await new Promise((resolve) => setTimeout(resolve, 1))
}
await orchestrator.shutdown()
`

/** Some of what each attempt passes through. */
const OURS = ['#begin', '#call', '#accept', '#answer', '#settle', 'Attempt', 'AttemptInput', 'LiveAttempt', 'start']

it.each<[string, () => object]>([
  ['in memory', () => ({})],
  ["at 'os'", () => ({ storage: { path: storePath(folder), durability: 'os' } })],
])(
  'a collection while nothing runs gives up none of the code of attempts (%s)',
  async (_, config) => {
    const { stdout } = await run(folder, program, [JSON.stringify({ logger: false, ...config() })])
    const rounds = stdout.split('collects\n')
    expect(rounds).toHaveLength(9)
    // What was optimised while shapes were still found out is given up once or twice.
    const settled = rounds.slice(4).join('')
    const given = [...settled.matchAll(/SharedFunctionInfo ([^>]+)>.*reason: weak objects/g)].map(([, name]) => name ?? '')
    expect(given.filter((name) => OURS.includes(name))).toEqual([])
    // Something else is always given up: V8 still tells of it in these words.
    expect(given.length).toBeGreaterThan(0)
  },
  60_000,
)
