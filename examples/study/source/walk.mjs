// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Walks a directory and names its source files, in a stable order, without reading them.
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { languageOf } from './languages.mjs'

/** @typedef {{ path: string, bytes: number, language: string }} SourceFile */

const FOLDERS_SKIPPED = new Set(['.git', '.hg', '.svn', '.study', 'node_modules', 'target', 'dist'])
/** Written by package managers; they would drown what people wrote. */
const LOCK_FILES = new Set(['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml'])
export const FILE_BYTES_MAX = 1024 * 1024
export const FILES_MAX = 10_000

/**
 * @param {string} root
 * @param {{ except?: string, signal?: AbortSignal }} [options] `except`: a folder that is passed over
 */
export async function walk(root, { except, signal } = {}) {
  /** @type {SourceFile[]} */
  const files = []
  const skipped = { folders: 0, links: 0, locks: 0, large: 0, unknown: 0, unreadable: 0, beyondLimit: 0 }

  async function visit(/** @type {string} */ folder) {
    signal?.throwIfAborted()
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error) => {
      if (folder === '') throw error
      skipped.unreadable += 1
      return []
    })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isSymbolicLink()) skipped.links += 1
      else if (LOCK_FILES.has(entry.name)) skipped.locks += 1
      else if (entry.isDirectory()) {
        if (FOLDERS_SKIPPED.has(entry.name) || join(root, path) === except) skipped.folders += 1
        else await visit(path)
      } else if (entry.isFile()) await note(path)
    }
  }

  async function note(/** @type {string} */ path) {
    const language = languageOf(path)
    if (language === undefined) return void (skipped.unknown += 1)
    const bytes = await lstat(join(root, path)).then(
      (found) => found.size,
      () => undefined,
    )
    if (bytes === undefined) skipped.unreadable += 1
    else if (bytes > FILE_BYTES_MAX) skipped.large += 1
    else if (files.length === FILES_MAX) skipped.beyondLimit += 1
    else files.push({ path, bytes, language })
  }

  await visit('')
  return { files, skipped }
}
