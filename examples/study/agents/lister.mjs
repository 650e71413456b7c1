// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Lists the source files, leaves out binaries, and deals each lane's files into parts of about equal size.
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { walk } from '../source/walk.mjs'

const SNIFFED_BYTES = 8192

export const lister = {
  name: 'lister',

  /** @type {import('./crew.mjs').Work} */
  async execute({ input, context }, { signal }) {
    const { files, skipped } = await walk(context.root, { except: dirname(context.report), signal })
    const texts = []
    for (const file of files) {
      signal.throwIfAborted()
      if (await isText(join(context.root, file.path))) texts.push(file)
    }
    const parts = Object.fromEntries(input.data.lanes.flatMap((lane) => deal(lane, texts)))
    const bytes = texts.reduce((sum, file) => sum + file.bytes, 0)
    return { files: texts.length, bytes, skipped: { ...skipped, binary: files.length - texts.length }, parts }
  },
}

/** The largest file first, each to the part that is lightest so far. */
function deal(/** @type {import('../workflow.mjs').Lane} */ lane, /** @type {import('../source/walk.mjs').SourceFile[]} */ files) {
  const parts = lane.parts.map((name) => ({ name, bytes: 0, paths: /** @type {string[]} */ ([]) }))
  const own = files.filter((file) => lane.languages.includes(file.language)).sort((a, b) => b.bytes - a.bytes)
  for (const file of own) {
    const lightest = parts.reduce((best, part) => (part.bytes < best.bytes ? part : best))
    lightest.bytes += file.bytes
    lightest.paths.push(file.path)
  }
  return parts.map(({ name, paths }) => [name, paths.sort()])
}

/** A file with a zero byte near its beginning is no text; one that cannot be read is none to us either. */
async function isText(/** @type {string} */ path) {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return false
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(SNIFFED_BYTES) })
    return !buffer.subarray(0, bytesRead).includes(0)
  } catch {
    return false
  } finally {
    await file.close()
  }
}
