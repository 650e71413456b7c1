// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow that somebody else wrote, or named, is read; nothing beyond it is.

import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { ValidationError } from '@codexos/multi-agent-orchestrator'
import { temporaryFolder } from '../support/folder.ts'
import { orchestratorWith, rejection } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const definition = { id: 'w', name: 'W', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] }
const json = JSON.stringify(definition)
const yaml = 'id: w\nname: W\nversion: "1"\ntasks: [{ id: a, name: a, agentId: work }]\n'
const SECRET = 'hunter2'

const { workflowEngine } = orchestratorWith()
const load = (source: unknown): Promise<unknown> => workflowEngine.loadWorkflow(source as string)
const said = async (source: unknown): Promise<string> => {
  const error = (await rejection(load(source))) as ValidationError
  expect(inspect(error, { showHidden: true, depth: 10 })).not.toContain(SECRET)
  return error.issues.map(({ path, message }) => `${path}: ${message}`).join('\n')
}
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

// Once a text that had neither a brace nor a line break was a path: a program that passed on what a user had typed opened any file of the
// machine, and the error repeated what was in it.
describe('a text never opens a file', () => {
  it.each([
    ['text of JSON', { text: json }],
    ['text of YAML', { text: yaml }],
    ['a path', { file: file('w.yaml', yaml) }],
    ['a path of another name', { file: file('w.conf', yaml) }],
    ['a URL', { file: pathToFileURL(file('w.txt', json)) }],
    ['a URL as text', { file: String(pathToFileURL(file('w2.txt', json))) }],
    ['a path that ends in capitals', file('w.YAML', yaml)],
    ['a file with a mark of its byte order', file('bom.json', `\uFEFF${json}`)],
  ])('reads %s', async (_what, source) => {
    expect(await load(source)).toEqual(definition)
  })

  it.each([
    ['a path in a text', { text: file('w.json', json) }, /^: it is not a workflow/],
    [
      'a path without an ending',
      file('w', json),
      /^source: is neither a string of several lines nor the name of a .*\{ text: '…' \}.*\{ file: '…' \}/,
    ],
    ['/etc/passwd', '/etc/passwd', /^source: is neither/],
    ['nothing', '', /^source: is neither/],
    ['a text that is none', { text: 7 }, /^source\.text: must be a string/],
    ['a file that is none', { file: 7 }, /^source\.file: must be a path/],
    ['a file of no name', { file: '' }, /^source\.file: must be a path/],
    ['another protocol', new URL('http://127.0.0.1/w.yaml'), /^source: `http:\/\/127\.0\.0\.1\/w\.yaml` cannot be read/],
    ['more than a text', { text: json, file: 'x' }, /^text: unknown field/m],
  ])('refuses %s', async (_what, source, message) => {
    expect(await said(source)).toMatch(message)
  })
})

describe('only a regular file of at most 1 MiB is read', () => {
  it.skipIf(process.platform === 'win32')('neither a pipe, a device, nor a folder, by whatever link', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.yaml')])
    symlinkSync('/dev/zero', join(folder, 'zero.yaml'))
    mkdirSync(join(folder, 'folder.yaml'))
    for (const name of ['pipe.yaml', 'zero.yaml', 'folder.yaml'])
      expect(await said(join(folder, name)), name).toMatch(/cannot be read: (it is not a regular file|EISDIR)/)
  })

  it('of exactly as many bytes as that, and not one more', async () => {
    const comment = (bytes: number): string => `${yaml}#${'x'.repeat(bytes - yaml.length - 1)}`
    expect(await load(file('large.yaml', comment(1 << 20)))).toEqual(definition)
    expect(await said(file('larger.yaml', comment((1 << 20) + 1)))).toMatch(/^source: `.*` cannot be read: it has more than 1 MiB/)
  })

  it('that is text', async () => {
    expect(await said(file('latin.yaml', Buffer.from([0x69, 0x64, 0x3a, 0x20, 0xe4])))).toMatch(/it is not UTF-8 text/)
  })
})

describe('what is no workflow is not repeated', () => {
  it.each([
    ['JSON of something else', 'a.json', `{"password": "${SECRET}"}`, /^: it is not a workflow/],
    ['a list', 'b.yaml', `- ${SECRET}\n`, /^: it is not a workflow/],
    ['a text', 'c.yaml', SECRET, /^: it is not a workflow/],
    ['tasks that are none', 'd.json', `{"id": "w", "tasks": "${SECRET}"}`, /^: it is not a workflow/],
    ['what is nearly JSON', 'e.json', `{"password": ${SECRET}}`, /^: not JSON: expected value at line 1 column 14$/],
    ['what is nearly JSON, later', 'f.json', `{"a": 1,\n "password" "${SECRET}"}`, /^: not JSON: expected `:` at line 2 column 13$/],
    ['a tag', 'g.yaml', `id: !${SECRET} x\n`, /^: not YAML: line 1, column 5: Unresolved tag/],
    ['an alias', 'h.yaml', `id: *${SECRET}\n`, /^: not YAML: line 1, column 5: Unresolved alias: its anchor must be set before it$/],
    ['a directive', 'i.yaml', `%${SECRET} x\n---\nid: a\n`, /^: not YAML: line 1, column \d+: Unknown directive/],
    ['a stray token', 'j.yaml', `id: a\n]${SECRET}: b\n`, /^: not YAML: line 2, column \d+: /],
    ['a header of a block', 'k.yaml', `id: |${SECRET}\n  x\n`, /^: not YAML: line 1, column \d+: Unexpected token/],
    ['an escape', 'l.yaml', `id: "\\x${SECRET}"\n`, /^: not YAML: line 1, column \d+: Invalid escape sequence/],
    ['a tag of a collection', 'm.yaml', `tasks: !!${SECRET} [1]\n`, /^: not YAML: line 1, column \d+: Unresolved tag/],
    ['an environment', 'n.yaml', `PASSWORD=${SECRET}\nTOKEN=${SECRET}\n`, /^: /],
    ['a key twice', 'o.yaml', `${SECRET}: 1\n${SECRET}: 2\n`, /^: not YAML: line 2, column 1: Map keys must be unique/],
  ])('%s', async (_what, name, content, message) => {
    expect(await said(file(name, content))).toMatch(message)
    expect(await said({ text: content })).toMatch(message)
  })

  it('what is one is explained with its values', async () => {
    const error = await rejection(load({ text: JSON.stringify({ ...definition, failurePolicy: 'never' }) }))
    expect(error.message).toContain('"never"')
  })
})
