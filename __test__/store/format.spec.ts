// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A store of an older format: it is copied, then brought to today's in one step, whatever ends the process on the way.

import { existsSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { MultiAgentOrchestrator, type WorkflowExecution } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { start } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'

const folder = userFolder()
const golden = gunzipSync(readFileSync(new URL('../golden/c87b4e4.db.gz', import.meta.url)))

/** A copy of the golden store, of format 1. */
function older(): string {
  const path = storePath(folder)
  writeFileSync(path, golden)
  return path
}

/** Where SQLite keeps the format, and ours is 1 or 2. */
const formatOf = (path: string): number => readFileSync(path).readUInt32BE(60)

/** What is in a store, with nobody there who could go on with it. */
async function contents(path: string, storage = {}): Promise<{ executions: WorkflowExecution[]; schedules: string[] }> {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path, ...storage }, logger: false })
  const { executions } = await orchestrator.listExecutions({ limit: 1000 })
  const schedules = (await orchestrator.listSchedules()).map(({ id }) => id)
  await orchestrator.shutdown({ drainMs: 0 })
  return { executions, schedules }
}

describe('a store of format 1', () => {
  it('is copied beside itself and brought to format 2; the copy holds what it held', async () => {
    const path = older()
    const { executions, schedules } = await contents(path)
    expect([formatOf(path), formatOf(`${path}.before-1`)]).toEqual([2, 1])
    expect(executions.length).toBeGreaterThan(10)
    const copy = await contents(`${path}.before-1`)
    expect(copy.executions.map(({ id, status }) => [id, status])).toEqual(executions.map(({ id, status }) => [id, status]))
    expect(copy.schedules).toEqual(schedules)
    if (process.platform !== 'win32') expect(statSync(`${path}.before-1`).mode & 0o777).toBe(statSync(path).mode & 0o777)
  })

  it('is of the one format or of the other, and whole, wherever the process is killed meanwhile', { timeout: 60_000 }, async () => {
    const expected = (await contents(older())).executions.map(({ id, status }) => [id, status])
    const found = new Set<number>()
    for (let change = 1; change <= 8; change += 1) {
      const path = join(userFolder(), 'store.db')
      writeFileSync(path, golden)
      const child = start(
        dirname(path),
        `import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
        console.log('begins')
        await new MultiAgentOrchestrator({ storage: { path: process.argv[2] }, logger: false }).ready()
        console.log('done')`,
        [path],
      )
      let changes = 0
      const watcher = watch(dirname(path))
      const isReached = new Promise<void>((resolve) => {
        watcher.on('change', (_, name) => {
          if (String(name).startsWith('store.db') && ++changes >= change * 2) resolve()
        })
      })
      await Promise.race([isReached, child.says('done')])
      watcher.close()
      await child.kill()
      found.add(formatOf(path))
      if (existsSync(`${path}.before-1`)) expect(formatOf(`${path}.before-1`)).toBe(1)
      expect((await contents(path)).executions.map(({ id, status }) => [id, status])).toEqual(expected)
      expect([formatOf(path), existsSync(`${path}.before-1`), existsSync(`${path}.before-1.tmp`)]).toEqual([2, true, false])
    }
    expect(found).toContain(1)
  })
})

describe('a store of a format to come', () => {
  it('is refused by name, with the copy from before', async () => {
    const path = older()
    await contents(path)
    const bytes = readFileSync(path)
    bytes.writeUInt32BE(3, 60)
    const newer = storePath(folder)
    writeFileSync(newer, bytes)
    writeFileSync(`${newer}.before-2`, readFileSync(path))
    const refused = await new MultiAgentOrchestrator({ storage: { path: newer }, logger: false }).ready().catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'ERR_STORE_NEWER', message: expect.stringContaining(`\`${newer}.before-2\``) })
    expect(readFileSync(newer).equals(bytes)).toBe(true)
  })
})
