// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What README.md shows works as printed.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run } from '../support/child.ts'
import { root, userFolder } from '../support/folder.ts'

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }

it('runs the quick start of the README as printed', async () => {
  const [, example] = /```typescript\n([\s\S]*?)```/.exec(readme) ?? []
  expect(example).toContain('executeWorkflow')
  const folder = userFolder()
  const program = (example ?? '').replace("'executions.sqlite'", JSON.stringify(join(folder, 'executions.sqlite')))
  const { code, stdout, stderr } = await run(folder, program)
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '3 rows\n', stderr: '' })
})

it('names only commands that exist and files that are there', () => {
  const commands = [...readme.matchAll(/(?:^|`)(?:npm run|pnpm|npm) ([a-z]+)/gm)].map(([, name]) => name ?? '')
  expect(commands.length).toBeGreaterThan(5)
  for (const name of commands) expect(['install', ...Object.keys(scripts)]).toContain(name)
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path ?? '')
  expect(links.length).toBeGreaterThan(2)
  for (const path of links) expect(existsSync(join(root, path)), path).toBe(true)
})
