// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A store with something in every table, of which one bit is flipped: what is read then is what was written, or it is said by name what cannot be read.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StepError } from '../steps.mjs'

const flow = {
  id: 'flow',
  tasks: [
    { id: 'a', agentId: 'work', cache: { ttl: '1h' } },
    { id: 'w', waitFor: { signal: 'go' }, dependencies: ['a'] },
  ],
}
const ended = { id: 'ended', tasks: [{ id: 'a', agentId: 'work' }] }
const IDS = ['waits', 'ended-1', 'ended-2']

let folder
let whole
let expected
let Orchestrator

const open = (path) => {
  const orchestrator = new Orchestrator({ storage: { path, durability: 'os' }, logger: false })
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => ({ text: 'x'.repeat(3000) }) }) })
  return orchestrator
}

/** What is read of a store, or why it is not. Figures that depend on when it is read are left out. */
async function read(path) {
  const orchestrator = open(path)
  try {
    const seen = {}
    for (const id of IDS) {
      const { metrics: _, ...execution } = (await orchestrator.getExecution(id)) ?? {}
      seen[id] = execution.status === 'damaged' ? 'damaged' : JSON.stringify(execution)
    }
    const { executions } = await orchestrator.listExecutions()
    return {
      seen,
      count: executions.length,
      schedule: (await orchestrator.getSchedule('timer').catch((error) => error))?.next?.getTime() ?? 'damaged',
    }
  } catch (error) {
    if (error.code !== 'ERR_STORE_CORRUPT') throw error
    return 'refused'
  } finally {
    await orchestrator.shutdown({ drainMs: 0 }).catch(() => {})
  }
}

export const damage = {
  name: 'damage',
  says: 'a flipped bit of a store is found by name or harms nothing, and what is read is what was written',
  total: 20_000,
  share: 500,
  part: 500,
  cases: async (from, to, done) => {
    if (whole === undefined) await prepare()
    const path = join(folder, 'flipped.db')
    for (let number = from; number < to; number += 1) {
      // Every part of the store in turn, in steps that share no factor with its size.
      const bit = (number * 1_000_003) % (whole.length * 8)
      const bytes = Buffer.from(whole)
      bytes[bit >> 3] ^= 1 << (bit & 7)
      for (const rest of ['-wal', '-shm', '.lock', '-facts', '-facts-wal', '-facts-shm']) rmSync(path + rest, { force: true })
      writeFileSync(path, bytes)
      const found = await read(path)
      if (found !== 'refused') {
        const wrong = IDS.filter((id) => found.seen[id] !== 'damaged' && found.seen[id] !== expected.seen[id])
        const isWrong = wrong.length > 0 || found.count !== expected.count || ![expected.schedule, 'damaged'].includes(found.schedule)
        if (isWrong) throw new StepError(`bit ${bit}: ${wrong.join(', ')} ${found.count} ${found.schedule}`)
      }
      done(number + 1)
    }
  },
}

async function prepare() {
  ;({ MultiAgentOrchestrator: Orchestrator } = await import('@codexos/multi-agent-orchestrator'))
  folder = mkdtempSync(join(tmpdir(), 'damage-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'whole.db')
  const orchestrator = open(path)
  await orchestrator.startWorkflow(flow, { text: 'y'.repeat(20_000) }, { executionId: 'waits' })
  await orchestrator.executeWorkflow(ended, {}, { executionId: 'ended-1' })
  await orchestrator.executeWorkflow(ended, {}, { executionId: 'ended-2' })
  await orchestrator.executeWorkflow(ended, {}, { idempotencyKey: 'key' })
  await orchestrator.scheduleWorkflow(ended, { every: '100d' }, {}, { id: 'timer' })
  while ((await orchestrator.getExecution('waits')).tasks[0].status !== 'completed') await new Promise((resolve) => setTimeout(resolve, 5))
  await orchestrator.shutdown({ drainMs: 0 })
  whole = readFileSync(path)
  expected = await read(path)
}
