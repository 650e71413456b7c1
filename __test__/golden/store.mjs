// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A test kit whose store is a given one. Kits make their files themselves, in a folder of the system's for such; that folder is ours meanwhile.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Opens a kit over a copy of `bytes`, a store; without them over an empty one. `createTestKit` is that of the package that is to open it. */
export async function kitOver(createTestKit, bytes, options) {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'))
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = folder
  let kit
  let isReady = bytes === undefined
  try {
    // Nobody is registered in what is only opened to be replaced.
    kit = await createTestKit({
      storage: 'file',
      ...options,
      setup: (orchestrator) => (isReady ? options.setup?.(orchestrator) : undefined),
    })
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
  const [own] = readdirSync(folder)
  const path = join(folder, own, 'store-1.db')
  if (bytes !== undefined) {
    await kit.orchestrator.shutdown()
    for (const rest of ['-wal', '-shm', '.lock']) rmSync(path + rest, { force: true })
    writeFileSync(path, bytes)
    isReady = true
    await kit.reopen()
  }
  return {
    kit,
    /** The bytes of the store, once it is shut down. */
    async bytes() {
      await kit.orchestrator.shutdown({ drainMs: 0 })
      if (existsSync(`${path}-wal`)) throw new Error('the log was not moved into the file')
      return readFileSync(path)
    },
    async close() {
      await kit.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
