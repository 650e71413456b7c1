// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A copy of a store that is in use has all that was acknowledged before it was asked for; and what is damaged in a store is named.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type MultiAgentOrchestrator, verifyStore } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { PAGE_BYTES } from '../support/pages.ts'

const folder = temporaryFolder()
const flow = workflow([
  task('a'),
  { id: 'w', name: 'w', waitFor: { signal: 'go' }, dependencies: ['a'] },
  task('b', { dependencies: ['w'] }),
])
const open = (path: string): MultiAgentOrchestrator =>
  orchestratorWith({ work: () => 'done' }, { storage: { path, durability: 'os' }, logger: false })

const sound = {
  sound: true,
  checksums: true,
  pages: [],
  log: null,
  structure: null,
  executions: [],
  schedules: [],
  cache: 0,
  keys: 0,
  values: 0,
}

describe('a backup', () => {
  it('made under load has all that was acknowledged before the call, is whole, and goes on', { timeout: 60_000 }, async () => {
    const orchestrator = open(storePath(folder))
    let isOver = false
    const acknowledged: string[] = []
    const load = async (): Promise<void> => {
      while (!isOver && acknowledged.length < 600) acknowledged.push((await orchestrator.startWorkflow(flow)).id)
    }
    const loads = [load(), load()]
    for (const count of [50, 200]) {
      while (acknowledged.length < count) await new Promise((resolve) => setImmediate(resolve))
      const before = [...acknowledged]
      const path = storePath(folder)
      await orchestrator.backup(path)
      expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([])
      expect(await verifyStore(path)).toEqual(sound)
      const copy = open(path)
      const { executions } = await copy.listExecutions({ limit: 1000 })
      const there = new Set(executions.map(({ id }) => id))
      expect(before.filter((id) => !there.has(id))).toEqual([])
      for (const id of before.slice(-10)) {
        await copy.signalExecution(id, 'go', 1)
        expect((await copy.getHandle(id).result()).results).toEqual({ a: 'done', w: 1, b: 'done' })
      }
      await copy.shutdown({ drainMs: 0 })
    }
    isOver = true
    await Promise.all(loads)
    await orchestrator.shutdown({ drainMs: 0 })
  })

  it('is never written over what is there, and leaves nothing when it is cancelled', async () => {
    const orchestrator = open(storePath(folder))
    await orchestrator.startWorkflow(flow)
    const there = join(folder, 'there.db')
    writeFileSync(there, 'something')
    expect(await rejection(orchestrator.backup(there))).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining(there),
    })
    expect(readFileSync(there, 'utf8')).toBe('something')
    const cancelled = join(folder, 'cancelled.db')
    const controller = new AbortController()
    const first = rejection(orchestrator.backup(cancelled, { signal: controller.signal }))
    controller.abort(new Error('not now'))
    expect(await first).toMatchObject({ code: 'ERR_CANCELLED', message: 'not now' })
    expect([existsSync(cancelled), existsSync(`${cancelled}.tmp`)]).toEqual([false, false])
    expect(await rejection(orchestrator.backup(join(folder, 'no', 'such', 'folder.db')))).toMatchObject({ code: 'ERR_STORE_OPEN' })
    // One waits for the other.
    const [one, two] = [join(folder, 'one.db'), join(folder, 'two.db')]
    await Promise.all([orchestrator.backup(one), orchestrator.backup(two)])
    expect([existsSync(one), existsSync(two)]).toEqual([true, true])
    await orchestrator.shutdown({ drainMs: 0 })
  })

  it('of what is in memory is refused, with what to do', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    expect(await rejection(orchestrator.backup(join(folder, 'memory.db')))).toMatchObject({
      code: 'ERR_NOT_DURABLE',
      message: expect.stringContaining('storage.path'),
    })
    await orchestrator.shutdown()
  })
})

describe('verifyStore', () => {
  it('finds nothing in a store that is whole, open or closed, and changes nothing', async () => {
    const path = storePath(folder)
    const orchestrator = open(path)
    await orchestrator.startWorkflow(flow)
    expect(await verifyStore(path)).toEqual(sound)
    await orchestrator.shutdown({ drainMs: 0 })
    const before = readFileSync(path)
    expect(await verifyStore(path)).toEqual(sound)
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(await rejection(verifyStore(join(folder, 'none.db')))).toMatchObject({ code: 'ERR_STORE_OPEN' })
  })

  it('names the page and the execution that are damaged, and changes nothing', async () => {
    const path = storePath(folder)
    const orchestrator = open(path)
    const context = { text: `${'x'.repeat(3 * PAGE_BYTES)}in the middle${'x'.repeat(2 * PAGE_BYTES)}` }
    await orchestrator.startWorkflow(flow, context, { executionId: 'harmed' })
    await orchestrator.startWorkflow(flow, {}, { executionId: 'whole' })
    await orchestrator.shutdown({ drainMs: 0 })
    const bytes = readFileSync(path)
    const at = bytes.indexOf('in the middle')
    bytes[at] = (bytes[at] as number) ^ 2
    writeFileSync(path, bytes)
    const report = await verifyStore(path)
    expect(report).toMatchObject({ ...sound, sound: false, pages: [Math.floor(at / PAGE_BYTES) + 1], executions: [{ id: 'harmed' }] })
    expect(report.executions[0]?.message).toContain(`page ${report.pages[0]}`)
    expect(readFileSync(path).equals(bytes)).toBe(true)
    const again = open(path)
    expect(await rejection(again.backup(storePath(folder)))).toMatchObject({ code: 'ERR_STORE_CORRUPT' })
    await again.shutdown({ drainMs: 0 })
  })
})
