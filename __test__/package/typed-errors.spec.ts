// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Eight slips of the pen that ran for minutes before anybody noticed: the compiler finds each in the typed layer, and the first line of what it says names the
// place. As plain data the same definitions compile as before, and are refused when they are run.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { root, userFolder, writeInto } from '../support/folder.ts'

const folder = userFolder()
const require = createRequire(import.meta.url)

const HEAD = `import { MultiAgentOrchestrator, defineAgents, defineWorkflow, type TaskInput } from '@codexos/multi-agent-orchestrator'
import { z } from 'zod'
const o = new MultiAgentOrchestrator()
const context = z.object({ userId: z.string() })
const agents = defineAgents({
  fetcher: async (task: TaskInput<typeof context>) => ({ rows: 3, user: task.context.userId }),
  reporter: async (task: TaskInput<typeof context, { 'fetch-data': { rows: number } }>) => \`\${task.context.dependencies['fetch-data'].rows} rows\`,
})
`
const FLOW = `const flow = defineWorkflow({ id: 'p', context, agents, tasks: [
  { id: 'fetch-data', agentId: 'fetcher', timeout: '10s' },
  { id: 'report', agentId: 'reporter', dependencies: ['fetch-data'] },
] })
`
const tasks = (...list: string[]): string => `defineWorkflow({ id: 'p', context, agents, tasks: [\n  ${list.join(',\n  ')},\n] })\n`
const FETCH = "{ id: 'fetch-data', agentId: 'fetcher' }"

interface Slip {
  readonly name: string
  /** After the lines of `HEAD`. */
  readonly program: string
  /** The text at which the error stands, and what its first line says. */
  readonly at: string
  readonly says: RegExp
}

const SLIPS: readonly Slip[] = [
  {
    name: 'a wrong field of the context, in an agent',
    program: 'defineAgents({ a: async (task: TaskInput<typeof context>) => task.context.userID })\n',
    at: 'userID',
    says: /Property 'userID' does not exist .* Did you mean 'userId'\?/,
  },
  {
    name: 'a wrong task id, in dependencies',
    program: tasks(FETCH, "{ id: 'report', agentId: 'reporter', dependencies: ['fetch_data'] }"),
    at: "dependencies: ['fetch_data']",
    says: /\["fetch_data"\].*"fetch-data"/,
  },
  {
    name: 'a wrong start input',
    program: `${FLOW}await o.executeWorkflow(flow, { userID: 'u' })\n`,
    at: "userID: 'u'",
    says: /'userID' does not exist .* Did you mean to write 'userId'\?/,
  },
  {
    name: 'a wrong agent',
    program: tasks("{ id: 'fetch-data', agentId: 'fetchr' }"),
    at: "agentId: 'fetchr'",
    says: /"fetchr".* Did you mean '"fetcher"'\?/,
  },
  {
    name: 'a wrong duration',
    program: tasks("{ id: 'fetch-data', agentId: 'fetcher', timeout: '30 seconds' }"),
    at: "timeout: '30 seconds'",
    says: /"30 seconds".*`\$\{number\}s`/,
  },
  {
    name: 'a wrong word',
    program: tasks("{ id: 'fetch-data', agentId: 'fetcher', type: 'paralel' }"),
    at: "type: 'paralel'",
    says: /"paralel".* Did you mean '"parallel"'\?/,
  },
  {
    name: 'a wrong result key',
    program: `${FLOW}const { results } = await o.executeWorkflow(flow, { userId: 'u' })\nconsole.log(results.reprot)\n`,
    at: 'reprot',
    says: /Property 'reprot' does not exist .* Did you mean 'report'\?/,
  },
  {
    name: 'a wrong field of an output',
    program: `${FLOW}const { results } = await o.executeWorkflow(flow, { userId: 'u' })\nconsole.log(results['fetch-data'].row)\n`,
    at: 'row)',
    says: /Property 'row' does not exist .* Did you mean 'rows'\?/,
  },
  // And their neighbours.
  {
    name: 'a wrong field of a task',
    program: tasks("{ id: 'fetch-data', agentId: 'fetcher', dependsOn: [] }"),
    at: 'dependsOn: []',
    says: /`dependsOn` is not a field of a task/,
  },
  {
    name: 'an agent that reads what its task does not depend on',
    program: tasks(FETCH, "{ id: 'report', agentId: 'reporter', dependencies: [] }"),
    at: "agentId: 'reporter'",
    says: /agent `reporter` reads `dependencies\.fetch-data`, which this task is not given/,
  },
  {
    name: 'an agent that reads another context than the workflow has',
    program: "defineWorkflow({ id: 'p', context: z.object({ user: z.string() }), agents, tasks: [{ id: 'a', agentId: 'fetcher' }] })\n",
    at: "agentId: 'fetcher'",
    says: /agent `fetcher` reads `context\.userId`, which the context of this workflow is not known to have/,
  },
]

const SETTINGS = {
  target: 'ES2022',
  lib: ['ES2022'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
}

/** What the compiler prints, by file, each error as its line, its column and its first line. */
async function compiled(compiler: string, programs: Readonly<Record<string, string>>): Promise<Map<string, [number, number, string][]>> {
  writeInto(folder, 'package.json', '{ "type": "module" }')
  writeInto(folder, 'tsconfig.json', JSON.stringify({ compilerOptions: SETTINGS, files: Object.keys(programs) }))
  for (const [file, text] of Object.entries(programs)) writeInto(folder, file, text)
  const tsc = join(dirname(require.resolve(`${compiler}/package.json`)), 'bin/tsc')
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, '--project', folder, '--pretty', 'false']).catch(
    (error: { stdout: string }) => error,
  )
  const errors = new Map<string, [number, number, string][]>()
  for (const [, file = '', line, column, text = ''] of stdout.matchAll(/^(?:.*[\\/])?([\w-]+\.mts)\((\d+),(\d+)\): error (.*)$/gm))
    errors.set(file, [...(errors.get(file) ?? []), [Number(line), Number(column), text]])
  return errors
}

describe.each(['typescript-5', 'typescript-6', 'typescript'])('%s', (compiler) => {
  it('finds each slip where it is, and nothing where there is none', async () => {
    const right = `${HEAD}${FLOW}const { results } = await o.executeWorkflow(flow, { userId: 'u' })\nconst text: string = results.report\nconsole.log(text)\n`
    const files = Object.fromEntries(SLIPS.map(({ program }, number) => [`slip-${number}.mts`, HEAD + program]))
    const [, documented = ''] = /```typescript\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs/typed.md'), 'utf8')) ?? []
    expect(documented).toContain('defineWorkflow')
    const errors = await compiled(compiler, { 'right.mts': right, 'documented.mts': documented, ...files })
    expect([errors.get('right.mts'), errors.get('documented.mts')]).toEqual([undefined, undefined])
    for (const [number, { name, program, at, says }] of SLIPS.entries()) {
      const found = errors.get(`slip-${number}.mts`) ?? []
      expect([name, found]).toEqual([name, [[expect.any(Number), expect.any(Number), expect.stringMatching(says)]]])
      const [line, column] = found[0] as [number, number, string]
      const written = `${HEAD}${program}`.split('\n')[line - 1] ?? ''
      expect([name, written.slice(column - 1)]).toEqual([name, expect.stringContaining(at)])
      expect([name, written.slice(column - 1).startsWith(at)]).toEqual([name, true])
    }
  }, 60_000)

  it('takes the same definitions as plain data, as before', async () => {
    const plain = `import { MultiAgentOrchestrator, type AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import { z } from 'zod'
const o = new MultiAgentOrchestrator()
const flow: AgentWorkflow = { id: 'p', context: z.object({ userId: z.string() }), tasks: [
  { id: 'a', agentId: 'fetchr', type: 'paralel', timeout: '30 seconds', onError: 'ignore' },
  { id: 'b', agentId: 'fetcher', dependencies: ['aa'] },
] }
const { results } = await o.executeWorkflow(flow, { userID: 'u' })
console.log(results['nothing'])
`
    expect(await compiled(compiler, { 'plain.mts': plain })).toEqual(new Map())
  }, 60_000)
})
