// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The documented examples, as printed, in the hands of a user. `redis` is left out: with it they are in ../redis. The three agents that the quick start
// names are registered, which its text leaves to the reader.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { run } from '../support/child.ts'
import { documented, DOCUMENTED_REDIS, replaced } from '../support/documented.ts'
import { root, userFolder, writeInto } from '../support/folder.ts'

const quickStart = documented('Quick Start')
const customAgent = documented('Custom Agent Types')

const IMPORT = "import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator';\n"
const CONSTRUCTED = '\n// Define a workflow\n'

const AGENTS = `
orchestrator.agentPool.registerAgentType('data-fetcher', {
  create: async () => ({ execute: async (task) => ({ userId: task.context.userId, prompt: task.input.prompt }) }),
});
orchestrator.agentPool.registerAgentType('data-processor', {
  create: async () => ({ execute: async (task) => ({ enriched: task.context.dependencies['fetch-data'].userId }) }),
});
orchestrator.agentPool.registerAgentType('report-generator', {
  create: async () => ({ execute: async (task) => 'report of ' + task.context.dependencies['process-data'].enriched }),
});
`

const example = (): string =>
  replaced(
    replaced(replaced(quickStart, DOCUMENTED_REDIS, ''), IMPORT, `${IMPORT}import { z } from 'zod';\n`),
    CONSTRUCTED,
    `${AGENTS}${CONSTRUCTED}`,
  )

const asCommonJs = (text: string): string => {
  const body = text.replaceAll(/^import (\{ \w+ \}) from ('[^']+');$/gm, 'const $1 = require($2);')
  expect(body).not.toContain('import')
  return `async function main() {\n${body}\n}\nmain();\n`
}

const PRINTED = `Task fetch-data completed
Task process-data completed
Task generate-report completed
Workflow completed: {
  'fetch-data': { userId: 'user-123', prompt: 'Fetch user data from database' },
  'process-data': { enriched: 'user-123' },
  'generate-report': 'report of user-123'
}
`

const zods = ['zod', 'zod3'] as const

describe.each(zods)('with %s', (zod) => {
  it.each(['mjs', 'cjs'] as const)('the quick start prints each task and the completion (.%s)', async (extension) => {
    const program = extension === 'mjs' ? example() : asCommonJs(example())
    expect(await run(userFolder(zod), program, [], extension)).toEqual({ code: 0, signal: null, stdout: PRINTED, stderr: '' })
  })
})

// Once the words of a workflow in a variable of its own, `type: 'sequential'` for one, were too wide for the declared types.
it.each(['typescript-5', 'typescript'])('the documented texts have no type error in %s, with either zod', async (compiler) => {
  const files = zods.flatMap((zod) => {
    const folder = userFolder(zod)
    return [writeInto(folder, 'quick-start.mts', example()), writeInto(folder, 'custom-agent.mts', customAgentProgram())]
  })
  expect(await typeErrors(compiler, files)).toBe('')
})

it('a type error in the documented text would be found', async () => {
  const wrong = writeInto(userFolder(), 'wrong.mts', replaced(example(), "version: '1.0.0'", 'version: 1'))
  expect(await typeErrors('typescript', [wrong])).toMatch(/wrong\.mts\(\d+,\d+\): error TS2345[\s\S]*version/)
})

const customAgentProgram = (): string => `${IMPORT}
const orchestrator = new MultiAgentOrchestrator();
${customAgent}
const { results } = await orchestrator.executeWorkflow({
  id: 'custom', name: 'Custom', version: '1.0.0',
  tasks: [{ id: 'only', name: 'Only', agentId: 'custom-agent', type: 'sequential', input: {} }],
});
console.log(results);
`

it('the documented custom agent type does its task', async () => {
  const { code, stdout } = await run(userFolder(), customAgentProgram())
  expect({ code, stdout }).toEqual({ code: 0, stdout: "{ only: { result: 'custom result' } }\n" })
})

const OPTIONS = '--strict --noEmit --skipLibCheck --target es2022 --module nodenext --moduleResolution nodenext --types node'.split(' ')

/** What a compiler says about the files. */
async function typeErrors(compiler: string, files: readonly string[]): Promise<string> {
  const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
  const typeRoots = join(root, 'node_modules/@types')
  return promisify(execFile)(process.execPath, [tsc, ...OPTIONS, '--typeRoots', typeRoots, ...files], { cwd: tmpdir() }).then(
    () => '',
    (error: Error & { stdout: string }) => error.stdout || error.message,
  )
}
