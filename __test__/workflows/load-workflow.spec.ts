// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Workflows that are data: objects, JSON and YAML, as texts and as files.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert, describe, expect, it } from 'vitest'
import { ValidationError } from '@codexos/multi-agent-orchestrator'
import { temporaryFolder } from '../support/folder.ts'
import { orchestratorWith, places, rejection } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const definition = {
  id: 'report',
  name: 'Report',
  version: '1.10',
  tasks: [
    { id: 'list', name: 'list', agentId: 'work', input: { data: { on: 'no', since: '2026-01-02' } } },
    {
      id: 'each',
      name: 'each',
      type: 'loop',
      loop: { forEach: 'tasks.list.output', concurrency: 2 },
      tasks: [{ id: 'one', name: 'one', agentId: 'work', input: { data: '{{ item }}' }, conditions: ['item > 1'] }],
    },
    { id: 'wait', name: 'wait', waitFor: { delay: 1 } },
  ],
}
const json = JSON.stringify(definition)
const yaml = `# A comment.
id: report
name: Report
version: "1.10"
tasks:
  - { id: list, name: list, agentId: work, input: { data: { on: no, since: 2026-01-02 } } }
  - id: each
    name: each
    type: loop
    loop: { forEach: tasks.list.output, concurrency: 2 }
    tasks:
      - id: one
        name: one
        agentId: work
        input:
          data: "{{ item }}"
        conditions:
          - item > 1
  - id: wait
    name: wait
    waitFor: { delay: 1 }
`

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('loadWorkflow', () => {
  const orchestrator = orchestratorWith()
  const load = (source: unknown): Promise<unknown> => orchestrator.workflowEngine.loadWorkflow(source as string)

  it.each([
    ['an object', () => definition],
    ['JSON text', () => json],
    ['YAML text', () => yaml],
    ['a JSON file', () => file('a.json', json)],
    ['a YAML file', () => file('a.yaml', yaml)],
    ['a file: URL', () => pathToFileURL(file('b.yml', yaml))],
    ['a file: URL as text', () => String(pathToFileURL(file('c.yml', yaml)))],
  ])('reads %s', async (_what, source) => {
    expect(await load(source())).toEqual(definition)
  })

  it('what it gives runs', async () => {
    const running = orchestratorWith({ work: (task) => (task.id === 'list' ? [1, 2, 3] : task.input.data) })
    const workflow = await running.workflowEngine.loadWorkflow(yaml)
    const { results } = await running.executeWorkflow(workflow)
    expect(results).toEqual({ list: [1, 2, 3], each: [{}, { one: 2 }, { one: 3 }], wait: null })
  })

  it.each([
    ['no file', './nowhere.yaml', /^source: `\.\/nowhere\.yaml` cannot be read: ENOENT/],
    ['a number', 7, /^source: must be a path/],
    ['broken JSON', '{"id": 1,}', /^: not JSON: .*(position 9|line 1)/],
    ['broken YAML', 'id: report\ntasks: [', /^: not YAML: line 2, column 9: /],
    ['a key twice', 'id: a\nid: b\n', /^: not YAML: line 2, column 1: Map keys must be unique/],
    ['a tag of its own', 'id: !!js/function "x"\nname: b\n', /^: not YAML: line 1, column 5: Unresolved tag/],
    ['a key that is no text', '? [a]\n: 1\n', /^: not YAML: line 1, column 3: /],
    ['an alias of nothing', 'id: *gone\nname: b\n', /^: not YAML: /],
    ['a workflow with problems', 'id: a\nname: a\nversion: "1"\ntasks: [{ id: b, name: b, agntId: x }]\n', /^tasks\[0\]\.agntId: /],
  ])('refuses %s', async (_what, source, said) => {
    const error = await rejection(load(source))
    assert(error instanceof ValidationError)
    expect(error.issues.map(({ path, message }) => `${path}: ${message}`).join('\n')).toMatch(said)
  })

  it('aliases that multiply are bounded', async () => {
    const bomb = ['a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]']
    for (const [at, name] of ['b', 'c', 'd', 'e', 'f', 'g', 'h'].entries())
      bomb.push(`${name}: &${name} [${Array(10).fill(`*${'abcdefg'[at]}`).join(', ')}]`)
    expect(places(await rejection(load(bomb.join('\n'))))).toEqual([''])
  })
})
