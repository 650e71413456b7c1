// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Every example of a document is a program that ends well.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { run } from './support/child.ts'
import { root, userFolder } from './support/folder.ts'

const text = readFileSync(join(root, 'docs/testing.md'), 'utf8')
const examples = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program = '']) => program)
const named = examples.map((program) => [/test\('([^']*)'/.exec(program)?.[1] ?? '', program] as const)
const folder = userFolder()

it('every block of the document is one of them', () => {
  expect(named.length).toBe(text.split('```').length >> 1)
  expect(named.length).toBeGreaterThan(3)
})

it.each(named)('docs/testing.md: %s', async (_, program) => {
  const { code, stdout } = await run(folder, program)
  expect(stdout).toMatch(/^# fail 0$/m)
  expect(stdout).not.toMatch(/^# pass 0$/m)
  expect(code).toBe(0)
})
