// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Every example of a document is a program that ends well.

import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import typescript from 'typescript-5'
import { expect, it } from 'vitest'
import { run } from '../support/child.ts'
import { root, userFolder } from '../support/folder.ts'
import { serverPath } from '../support/tools.ts'

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

it('docs/agents.md: it opens with an agent that survives, which does', async () => {
  const [, block = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/agents.md'), 'utf8')) ?? []
  expect(block).toContain('ctx.step(')
  expect(await run(folder, block)).toMatchObject({ code: 0, stdout: '', stderr: '' })
})

it('docs/tools.md: its blocks are one program', async () => {
  const blocks = [...readFileSync(join(root, 'docs/tools.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  expect(blocks).toHaveLength(3)
  // Node finds the packages of a program where the program really is.
  symlinkSync(serverPath, join(folder, 'server.mjs'))
  const program = `process.chdir(import.meta.dirname)\n${blocks.join('')}`
  expect(await run(folder, program)).toMatchObject({ code: 0, stdout: 'true\n', stderr: '' })
})

it('docs/typed.md: its block runs as it is compiled', async () => {
  const [, block = ''] = /```typescript\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/typed.md'), 'utf8')) ?? []
  const { outputText } = typescript.transpileModule(block, {
    compilerOptions: { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ES2022 },
  })
  expect(await run(folder, outputText)).toMatchObject({ code: 0, stdout: '10 ROWS FOR U 11\n', stderr: '' })
})

it('docs/workflows.md: the block that mends a workflow prints what it says', async () => {
  const blocks = [...readFileSync(join(root, 'docs/workflows.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  const [block = ''] = blocks.filter((one) => one.includes('forkExecution'))
  const said = [...block.matchAll(/^\/\/ → (.*\n)/gm)].map(([, line]) => line)
  expect(said).toHaveLength(2)
  expect(await run(folder, block)).toMatchObject({ code: 0, stdout: said.join(''), stderr: '' })
})
