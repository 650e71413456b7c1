// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A process under full load whose store is copied: it says what was acknowledged before each copy was asked for.
//   load.mjs <path> <level> <copy> <copy> …
// One line to each copy, when it is there: `{ path, ends, waiting }`: executions that had ended, with what they came to, and those that had begun.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

const task = (id, rest = {}) => ({ id, name: id, agentId: 'work', ...rest })

/** One that ends by itself. */
const short = { id: 'short', name: 'short', version: '1', tasks: [task('a'), task('b', { dependencies: ['a'] })] }

/** One that waits between two tasks. */
const long = {
  id: 'long',
  name: 'long',
  version: '1',
  tasks: [task('a'), { id: 'w', name: 'w', waitFor: { signal: 'go' }, dependencies: ['a'] }, task('b', { dependencies: ['w'] })],
}

/** Workflows at once. */
const AT_ONCE = 16
/** Executions that begin before the first copy, and between two. */
const BETWEEN = 40
/** Every so many of them waits. */
const WAITS_EVERY = 4

export function open(path, level) {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability: level }, logger: false })
  orchestrator.agentPool.registerAgentType('work', {
    create: () => ({ execute: ({ id, context }) => ({ of: id, number: context.number }) }),
  })
  return orchestrator
}

/** What the execution with this number comes to. */
export const resultOf = (number, isLong) => ({ a: { of: 'a', number }, ...(isLong && { w: number }), b: { of: 'b', number } })

async function main([path, level, ...copies]) {
  const orchestrator = open(path, level)
  const ends = {}
  const waiting = {}
  let begun = 0
  let isOver = false
  const work = async () => {
    while (!isOver) {
      const number = begun
      begun += 1
      if (number % WAITS_EVERY === 0) waiting[(await orchestrator.startWorkflow(long, { number })).id] = number
      else ends[(await orchestrator.executeWorkflow(short, { number })).id] = number
    }
  }
  const working = Array.from({ length: AT_ONCE }, work)
  for (const [place, copy] of copies.entries()) {
    while (begun < (place + 1) * BETWEEN) await new Promise((resolve) => setImmediate(resolve))
    // Acknowledged before the call; the load goes on while the copy is made.
    const acknowledged = { path: copy, ends: { ...ends }, waiting: { ...waiting } }
    await orchestrator.backup(copy)
    process.stdout.write(`${JSON.stringify(acknowledged)}\n`)
  }
  isOver = true
  await Promise.all(working)
  await orchestrator.shutdown({ drainMs: 0 })
}

if (process.argv[2] !== undefined && import.meta.filename === process.argv[1]) await main(process.argv.slice(2))
