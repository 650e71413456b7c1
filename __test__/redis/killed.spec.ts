// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Processes of one namespace, killed with SIGKILL one after the other while they accept and work: what was accepted ends in one that lives, each task once on
// record, and an attempt that runs again has the key of the first.

import { expect, it } from 'vitest'
import { Child } from '../support/child.ts'
import { userFolder, writeInto } from '../support/folder.ts'
import { orchestratorWith } from '../support/orchestrators.ts'
import { hasRedis, keysOf, packed, redisForTest } from '../support/redis.ts'

const TASKS = ['a', 'b', 'c']

const PROGRAM = `import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const orchestrator = new MultiAgentOrchestrator({ redis: { host: '127.0.0.1', port: Number(process.argv[2]) } })
const flow = { id: 'flow', name: 'Flow', version: '1.0.0', tasks: ['a', 'b', 'c'].map((id, place, ids) => ({
  id, name: id, agentId: 'work', ...(place > 0 && { dependencies: [ids[place - 1]] }) })) }
orchestrator.agentPool.registerAgentType('work', { maxConcurrency: 100, create: () => ({ execute: async ({ id }, { idempotencyKey }) => {
  console.log('ran ' + idempotencyKey)
  await new Promise((resolve) => setTimeout(resolve, 10))
  return id
} }) })
await orchestrator.ready()
let accepted = 0
await Promise.all(Array.from({ length: 10 }, async () => {
  for (;;) {
    try {
      const handle = await orchestrator.startWorkflow(flow)
      console.log('accepted ' + handle.id)
      if ((accepted += 1) === 50) console.log('many')
      await handle.settled()
    } catch (error) {
      if (error.code !== 'ERR_STORE_UNAVAILABLE' && error.code !== 'ERR_OUTCOME_UNKNOWN') throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}))
`

const said = (child: Child, what: string): string[] =>
  [...child.stdout.matchAll(new RegExp(`^${what} (.*)$`, 'gm'))].map(([, id = '']) => id)

it.runIf(hasRedis)(
  'every execution that was accepted ends, whichever process is killed',
  async () => {
    const server = await redisForTest({ appendOnly: true, args: ['--appendfsync', 'always'] })
    const path = writeInto(userFolder(), 'accepts.mjs', PROGRAM)
    // One that starts may wait for a lease to be over, and so may the one after it.
    const started = (): Child => new Child(path, [String(server.port)], [], process.env, 80_000)
    const killed: Child[] = []
    let other = started()
    await other.says('many')
    for (let round = 0; round < 2; round += 1) {
      const next = started()
      await next.says('many')
      await other.kill()
      killed.push(other)
      other = next
    }
    await other.kill()
    killed.push(other)
    const accepted = new Set(killed.flatMap((child) => said(child, 'accepted')))
    expect(accepted.size).toBeGreaterThanOrEqual(150)

    const again: string[] = []
    const work = ({ id }: { id: string }, { idempotencyKey }: { idempotencyKey: string }): string => (again.push(idempotencyKey), id)
    const orchestrator = orchestratorWith({ work }, { redis: { host: '127.0.0.1', port: server.port } })
    const waiting = new Set(accepted)
    while (waiting.size > 0) {
      for (const id of waiting) {
        const execution = await orchestrator.getExecution(id)
        if (execution?.status === 'running') break
        expect(execution).toMatchObject({ status: 'completed', results: { a: 'a', b: 'b', c: 'c' } })
        waiting.delete(id)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    // Only what was under way where a process was killed ran twice: of its own ten executions, and of as many that it had taken over.
    const keys = [...killed.flatMap((child) => said(child, 'ran')), ...again]
    expect(keys.length - new Set(keys).size).toBeLessThanOrEqual(killed.length * 10 * 2)
    expect(new Set(keys).size).toBeGreaterThanOrEqual(accepted.size * TASKS.length)
    // Whoever died before it had packed what had ended: another has. What was accepted and never told may end still.
    await packed(server)
    const kept = await keysOf(server, 'mao:*:[ejv]:*')
    const inPart = kept.filter((key) => !/:e:/.test(key)).map((key) => key.replace(/:[jv]:/, ':e:'))
    expect([kept.filter((key) => inPart.includes(key)), kept.length - inPart.length >= accepted.size]).toEqual([[], true])
  },
  90_000,
)
