// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A folder for one test file, with what a user's folder has: the package, zod and the types of Node in node_modules.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

const PACKAGE = '@codexos/multi-agent-orchestrator'

/** An empty folder that is removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mao-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A folder of a user, in which `zod` means the installed package `zod` names. */
export function userFolder(zod: 'zod' | 'zod3' = 'zod'): string {
  const folder = temporaryFolder()
  const link = (name: string, target: string): void => {
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(target, path, 'junction')
  }
  link(PACKAGE, root)
  link('zod', join(root, 'node_modules', zod))
  link('@types/node', join(root, 'node_modules/@types/node'))
  return folder
}

/** A folder of a user who has OpenTelemetry's SDK too. */
export function tracingFolder(): string {
  const folder = userFolder()
  symlinkSync(join(root, 'node_modules/@opentelemetry'), join(folder, 'node_modules/@opentelemetry'), 'junction')
  return folder
}

let files = 0

/** The path of a store that does not exist yet. */
export function storePath(folder: string): string {
  files += 1
  return join(folder, `store-${files}.db`)
}

/** Writes a file into a folder; its path. */
export function writeInto(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
