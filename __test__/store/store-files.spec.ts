// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Files that cannot be a store are refused by name and left as they were; memory never takes their place.

import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run, start } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { StoreError } from '@codexos/multi-agent-orchestrator'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import { withoutSums } from '../support/pages.ts'

const folder = userFolder()

/** A store with one execution in it, closed; the log has been moved into the file. */
async function closedStore(): Promise<string> {
  const path = storePath(folder)
  const orchestrator = orchestratorWith({ work: () => 'kept' }, { storage: { path } })
  await orchestrator.executeWorkflow(workflow([task('a')]))
  await orchestrator.shutdown()
  expect(existsSync(`${path}-wal`)).toBe(false)
  return path
}

/** Changes the bytes of a file at an offset. */
function patch(path: string, offset: number, bytes: readonly number[]): void {
  const content = readFileSync(path)
  content.set(bytes, offset)
  writeFileSync(path, content)
}

/** Changes them as a program would that knows nothing of checksums. */
function rewrite(path: string, offset: number, bytes: readonly number[]): void {
  patch(path, offset, bytes)
  writeFileSync(path, withoutSums(readFileSync(path)))
}

/** Where SQLite's header says how the file is written, and whose it is. */
const JOURNAL_MODE = 18
const USER_VERSION = 60
const APPLICATION_ID = 68

const refusals: [string, string, string, (path: string) => void][] = [
  [
    'a text file',
    'ERR_STORE_CORRUPT',
    'is damaged or is not a SQLite file; it was left as it is',
    (path) => writeFileSync(path, 'not a database\n'.repeat(100)),
  ],
  // SQLite takes a file of less than a page for an empty one. Once it was overwritten.
  ['a file of one letter', 'ERR_STORE_CORRUPT', 'is damaged or is not a SQLite file', (path) => writeFileSync(path, 'x')],
  ['a store cut to 100 bytes', 'ERR_STORE_CORRUPT', 'is damaged or is not a SQLite file', (path) => truncateSync(path, 100)],
  ['a store cut in half', 'ERR_STORE_CORRUPT', 'is damaged', (path) => truncateSync(path, 4096 * 2)],
  [
    'a store with noise in it',
    'ERR_STORE_CORRUPT',
    'is damaged',
    (path) =>
      patch(
        path,
        100,
        Array.from({ length: 200 }, () => 0xff),
      ),
  ],
  [
    'a SQLite file of another program',
    'ERR_STORE_FOREIGN',
    'is a SQLite file of another program',
    (path) => rewrite(path, APPLICATION_ID, [0x12, 0x34, 0x56, 0x78]),
  ],
  // Once such a file was turned into one with a write-ahead log before it was looked at.
  [
    'another one without a write-ahead log',
    'ERR_STORE_FOREIGN',
    'is a SQLite file of another program',
    (path) => {
      rewrite(path, APPLICATION_ID, [0x12, 0x34, 0x56, 0x78])
      patch(path, JOURNAL_MODE, [1, 1])
    },
  ],
  [
    'a store of a newer schema',
    'ERR_STORE_NEWER',
    'was written by a newer version (schema 99',
    (path) => rewrite(path, USER_VERSION, [0, 0, 0, 99]),
  ],
]

describe('refused by name, and byte for byte as it was afterwards', () => {
  it.each(refusals)('%s: %s', async (_, code, saying, spoil) => {
    const path = await closedStore()
    spoil(path)
    const before = readFileSync(path)
    const orchestrator = orchestratorWith({ work: () => expect.fail('must not run') }, { storage: { path } })
    for (const call of [
      () => orchestrator.ready(),
      () => orchestrator.executeWorkflow(workflow([task('a')])),
      () => orchestrator.listExecutions(),
    ]) {
      const error = await rejection(call())
      expect(error).toBeInstanceOf(StoreError)
      expect(error).toMatchObject({ code, message: expect.stringContaining(`\`${path}\` ${saying}`) })
    }
    await orchestrator.shutdown()
    expect(readFileSync(path).equals(before)).toBe(true)
    // A look at a file with a write-ahead log may leave an empty one behind.
    expect(existsSync(`${path}-wal`) ? readFileSync(`${path}-wal`).length : 0).toBe(0)
  })

  it('a missing directory', async () => {
    const path = join(folder, 'nowhere', 'store.db')
    const error = await rejection(orchestratorWith({}, { storage: { path } }).ready())
    expect(error).toMatchObject({
      name: 'StoreError',
      code: 'ERR_STORE_OPEN',
      message: expect.stringContaining(`its folder \`${join(folder, 'nowhere')}\` does not exist; create it, or correct \`storage.path\``),
    })
    expect(error.message).toContain(path)
    expect(error.cause).toMatchObject({ message: expect.stringContaining('No such file or directory') })
    expect(existsSync(join(folder, 'nowhere'))).toBe(false)
  })

  it('a directory in place of the file', async () => {
    const path = storePath(folder)
    mkdirSync(path)
    expect(await rejection(orchestratorWith({}, { storage: { path } }).ready())).toMatchObject({ code: 'ERR_STORE_OPEN' })
  })

  it.skipIf(process.platform === 'win32')('a file that may only be read', async () => {
    const path = await closedStore()
    chmodSync(path, 0o444)
    const before = readFileSync(path)
    // Root may write to anything, so the program becomes somebody else first.
    const { stdout } = await run(
      folder,
      `
      import { chmodSync } from 'node:fs'
      import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
      chmodSync(process.argv[3], 0o777)
      if (process.getuid() === 0) process.setuid(65534)
      const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
      await orchestrator.ready().then(() => console.log('open'), ({ code, message }) => console.log(code, message))
    `,
      [path, folder],
    )
    expect(stdout).toMatch(/^ERR_STORE_OPEN .*cannot be opened/)
    expect(stdout).toContain(path)
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})

describe('a file that is in use', () => {
  it('is refused to a second orchestrator of this process, which may open it later', async () => {
    const storage = { path: storePath(folder) }
    const first = orchestratorWith({ work: () => 1 }, { storage })
    await first.ready()
    const second = await rejection(orchestratorWith({}, { storage }).ready())
    expect(second).toMatchObject({
      code: 'ERR_STORE_LOCKED',
      message: expect.stringContaining(`is in use by another orchestrator of this process (${process.pid}); close it there`),
    })
    // Reading and closing the file elsewhere in the process must not drop the lock.
    readFileSync(storage.path)
    copyFileSync(storage.path, `${storage.path}.copy`)
    expect(await rejection(orchestratorWith({}, { storage }).ready())).toMatchObject({ code: 'ERR_STORE_LOCKED' })
    await first.executeWorkflow(workflow([task('a')]))
    await first.shutdown()
    expect((await orchestratorWith({}, { storage }).listExecutions()).executions).toHaveLength(1)
  })

  it('is refused to another process, naming the owner’s pid, and free when that one is killed', async () => {
    const path = storePath(folder)
    const owner = start(
      folder,
      `
      import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
      await new MultiAgentOrchestrator({ storage: { path: process.argv[2] } }).ready()
      console.log('open')
      setInterval(() => {}, 1000)
    `,
      [path],
    )
    await owner.says('open')
    expect(await rejection(orchestratorWith({}, { storage: { path } }).ready())).toMatchObject({
      code: 'ERR_STORE_LOCKED',
      message: expect.stringContaining(`process ${owner.pid};`),
    })
    await owner.kill()
    await orchestratorWith({}, { storage: { path } }).ready()
  })
})

it('a refused orchestrator keeps nothing alive and shuts down without a word', async () => {
  const { code, stdout, stderr } = await run(
    folder,
    `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
    await orchestrator.ready().catch(({ code }) => console.log(code))
    await orchestrator.shutdown()
    new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
  `,
    [join(folder, 'nowhere', 'store.db')],
  )
  // Once it warned that it was not open.
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'ERR_STORE_OPEN\n', stderr: '' })
})

it('an ended execution is there after reopening, as it was', async () => {
  const path = storePath(folder)
  const first = orchestratorWith({ work: ({ context }) => context }, { storage: { path } })
  const flow = workflow([task('a'), task('b')], { metadata: { created: new Date(), tags: ['x'] } })
  const execution = await first.executeWorkflow(flow, { nested: { list: [1, 'zwei', null, true] } })
  await first.shutdown()
  const second = orchestratorWith({}, { storage: { path, durability: 'os' } })
  expect(JSON.stringify(await second.getExecution(execution.id))).toBe(JSON.stringify(execution))
})
