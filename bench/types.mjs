// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the typed layer costs the compiler:  node bench/types.mjs [--strict] [--mastra <folder in which @mastra/core is installed>]
//
// The same workflow, a chain of tasks with typed results, is written as plain data, with `defineWorkflow`, and for Mastra; the compiler counts what it
// instantiates and how long it checks. `--strict` fails where a bound is exceeded.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript-5/package.json')), 'bin/tsc')
const { values: options } = parseArgs({ options: { strict: { type: 'boolean' }, mastra: { type: 'string' } } })

/** What Mastra took for 20 steps with zod 4.6.7, as `--mastra` measures it: the newest that runs on Node 20, which is the measure, and the newest of all. */
const MASTRA = { version: '0.24.9', instantiations: 93_920 }
const NEWEST = { version: '1.71.0', instantiations: 19_150 }
const BOUND = { shareOfMastra: 0.1, seconds: 2 }
const RUNS = 3

const ids = (count) => Array.from({ length: count }, (_, number) => `step${number}`)
const agents = (count) =>
  ids(count).map((id, number) =>
    number === 0
      ? `  ${id}: async (task: TaskInput<typeof context>) => ({ value${number}: task.context.userId.length }),`
      : `  ${id}: async (task: TaskInput<typeof context, { step${number - 1}: { value${number - 1}: number } }>) => ({ value${number}: task.context.dependencies.step${number - 1}.value${number - 1} + 1 }),`,
  )
const tasks = (count) =>
  ids(count).map(
    (id, number) => `  { id: '${id}', agentId: '${id}', timeout: '30s'${number === 0 ? '' : `, dependencies: ['step${number - 1}']`} },`,
  )

const HEAD = `import { MultiAgentOrchestrator, defineAgents, defineWorkflow, type AgentWorkflow, type TaskInput } from '@codexos/multi-agent-orchestrator'
import { z } from 'zod'
const orchestrator = new MultiAgentOrchestrator()
const context = z.object({ userId: z.string() })
`
const programs = {
  plain: (count) => `${HEAD}
export const agents = {
${agents(count).join('\n')}
}
const flow: AgentWorkflow = { id: 'flow', context, tasks: [
${tasks(count).join('\n')}
] }
const { results } = await orchestrator.executeWorkflow(flow, { userId: 'u' })
export const last = results['step${count - 1}']
export type Unused = typeof defineAgents | typeof defineWorkflow
`,
  typed: (count) => `${HEAD}
const agents = defineAgents({
${agents(count).join('\n')}
})
const flow = defineWorkflow({ id: 'flow', context, agents, tasks: [
${tasks(count).join('\n')}
] })
const { results } = await orchestrator.executeWorkflow(flow, { userId: 'u' })
export const last: number = results.step${count - 1}.value${count - 1}
export type Unused = AgentWorkflow
`,
  mastra: (count) => `import { createStep, createWorkflow } from '@mastra/core/workflows'
import { z } from 'zod'
${ids(count)
  .map((id, number) => {
    const [given, read] =
      number === 0
        ? ['userId: z.string()', 'inputData.userId.length']
        : [`value${number - 1}: z.number()`, `inputData.value${number - 1} + 1`]
    return `const ${id} = createStep({ id: '${id}', inputSchema: z.object({ ${given} }), outputSchema: z.object({ value${number}: z.number() }), execute: async ({ inputData }) => ({ value${number}: ${read} }) })`
  })
  .join('\n')}
const flow = createWorkflow({ id: 'flow', inputSchema: z.object({ userId: z.string() }), outputSchema: z.object({ value${count - 1}: z.number() }) })
${ids(count)
  .map((id) => `  .then(${id})`)
  .join('\n')}
  .commit()
const run = await flow.createRun()
const result = await run.start({ inputData: { userId: 'u' } })
export const last = result.status === 'success' ? result.result.value${count - 1} : undefined
`,
}

const settings = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2022', 'DOM'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['*.mts'],
}

/** The figures of the quickest of a few runs: what is instantiated is the same in each. */
function measure(folder, program) {
  writeFileSync(join(folder, 'program.mts'), program)
  const runs = Array.from({ length: RUNS }, () => {
    const text = execFileSync(process.execPath, [compiler, '--project', folder, '--extendedDiagnostics'], { encoding: 'utf8' })
    const figure = (name) => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(text)?.[1])
    return { instantiations: figure('Instantiations'), seconds: figure('Check time') }
  })
  return runs.reduce((best, run) => (run.seconds < best.seconds ? run : best))
}

function userFolder(modules) {
  const folder = mkdtempSync(join(tmpdir(), 'mao-types-'))
  for (const [name, target] of Object.entries(modules)) {
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(target, path, 'junction')
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  return folder
}

const row = (name, { instantiations, seconds }) =>
  console.log(`${name.padEnd(34)} ${String(instantiations).padStart(10)} instantiations   checked in ${seconds.toFixed(2)} s`)

const folder = userFolder({
  '@codexos/multi-agent-orchestrator': root,
  zod: join(root, 'node_modules/zod'),
  '@types/node': join(root, 'node_modules/@types/node'),
})
const mastra =
  options.mastra &&
  userFolder({
    '@mastra': join(options.mastra, 'node_modules/@mastra'),
    zod: join(options.mastra, 'node_modules/zod'),
    '@types/node': join(root, 'node_modules/@types/node'),
  })
try {
  const failures = []
  const of20 = measure(folder, programs.typed(20))
  row('20 tasks, plain data', measure(folder, programs.plain(20)))
  row('20 tasks, defineWorkflow', of20)
  let peer = MASTRA.instantiations
  if (mastra !== undefined) {
    const whole = measure(mastra, programs.mastra(20))
    row('20 steps, Mastra', whole)
    peer = whole.instantiations
  } else
    for (const { version, instantiations } of [MASTRA, NEWEST])
      console.log(`20 steps, Mastra ${version}`.padEnd(34), String(instantiations).padStart(10), 'instantiations   (measured once)')
  console.log(`ours are ${((100 * of20.instantiations) / peer).toFixed(1)} % of Mastra's; the bound is ${100 * BOUND.shareOfMastra} %`)
  if (of20.instantiations > BOUND.shareOfMastra * peer) failures.push('20 tasks instantiate more than a tenth of what Mastra does')

  const plain = measure(folder, programs.plain(100))
  const typed = measure(folder, programs.typed(100))
  row('100 tasks, plain data', plain)
  row('100 tasks, defineWorkflow', typed)
  const more = typed.seconds - plain.seconds
  console.log(`defineWorkflow takes ${more.toFixed(2)} s more; the bound is ${BOUND.seconds} s`)
  if (more > BOUND.seconds) failures.push('a workflow of 100 tasks takes too long to check')
  for (const failure of failures) console.error(failure)
  if (options.strict === true && failures.length > 0) process.exitCode = 1
} finally {
  for (const made of [folder, mastra]) if (made !== undefined) rmSync(made, { recursive: true, force: true })
}
