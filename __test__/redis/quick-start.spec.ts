// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The documented quick start, cut out of the document, in the hands of a user: only the import of zod is added. It takes port 6379 where that is free, as the
// document has it, else another that is written into the text; the title of the test says which.

import { createServer as createModelServer, type ServerInstance } from '@copilotkit/aimock'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Child, type Ended } from '../support/child.ts'
import { documented, DOCUMENTED_REDIS, replaced } from '../support/documented.ts'
import { storePath, userFolder, writeInto } from '../support/folder.ts'
import { freePort, hasRedis, redisForTest } from '../support/redis.ts'

const folder = userFolder()
const IMPORT = "import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator';\n"
const quickStart = replaced(documented('Quick Start'), IMPORT, `${IMPORT}import { z } from 'zod';\n`)

const DOCUMENTED_PORT = 6379
const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(false)))
    socket.once('error', () => resolve(true))
  })
const port = (await isFree(DOCUMENTED_PORT)) ? DOCUMENTED_PORT : await freePort()

const on = (there: number): string => (there === DOCUMENTED_PORT ? quickStart : replaced(quickStart, 'port: 6379', `port: ${there}`))

let programs = 0

/** Runs a program where the environment has a key of the model server, or none. */
function run(program: string, models: Record<string, string> = {}): Promise<Ended> {
  programs += 1
  const inherited = Object.entries(process.env).filter(([name]) => !/_API_KEY$|^OPENAI_/.test(name))
  return new Child(writeInto(folder, `program-${programs}.mjs`, program), [], [], { ...Object.fromEntries(inherited), ...models }).ended()
}

let server: ServerInstance
let models: Record<string, string>
beforeAll(async () => {
  const fixtures = [
    ['Fetch user data', '{"userId":"user-123"}'],
    ['Process and enrich', 'enriched'],
    ['Generate comprehensive', 'a report'],
  ].map(([userMessage = '', content = '']) => ({ match: { userMessage }, response: { content } }))
  server = await createModelServer(fixtures, { port: 0, strict: true, logLevel: 'silent' })
  models = { OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: 'key-of-a-test' }
})
afterAll(() => {
  server.server.closeAllConnections()
  server.server.close()
})

const PRINTED = [
  'Task fetch-data completed',
  'Task process-data completed',
  'Task generate-report completed',
  'Workflow completed: {',
  `  'fetch-data': `,
  `  'process-data': 'enriched',`,
  `  'generate-report': 'a report'`,
  '}',
]

function expectDone({ code, stdout, stderr }: Ended): string[] {
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines.map((line) => line.replace(/^( {2}'fetch-data': ).*/, '$1'))).toEqual(PRINTED)
  return stderr.trimEnd().split('\n')
}

describe.runIf(hasRedis)(`the documented quick start, with Redis on port ${port}`, () => {
  it('prints its three tasks and the completion, and what a crash of the server would lose', async () => {
    await redisForTest({ port, args: ['--save', '3600 1 300 100 60 10000'] })
    const lines = expectDone(await run(on(port), models))
    const warnings = lines.filter((line) => line.includes('append-only'))
    expect(warnings).toEqual([
      `@codexos/multi-agent-orchestrator: Redis at localhost:${port} keeps no append-only file: a crash of that server ` +
        'loses what was recorded since its last snapshot; set `appendonly yes` there',
    ])
    // The other line says which model does the tasks of agents that are not registered.
    expect(lines).toHaveLength(2)
  })

  it('names the three agents by path within a second where there is no key of a model', async () => {
    await redisForTest({ port, appendOnly: true })
    const begun = performance.now()
    const { code, stdout, stderr } = await run(on(port))
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    for (const [place, agent] of ['data-fetcher', 'data-processor', 'report-generator'].entries())
      expect(stderr).toMatch(new RegExp(`tasks\\[${place}\\]\\.agentId.*${agent}`))
    expect(performance.now() - begun).toBeLessThan(5000)
  })
})

it('the documented quick start where nothing listens says host, port and what to do in one sentence', async () => {
  const nowhere = await freePort()
  const { code, stdout, stderr } = await run(on(nowhere), models)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(
    `StoreError: nothing listens at localhost:${nowhere}: start Redis there (\`redis-server\`), name another server in \`redis.host\` and \`redis.port\`, or use ` +
      '`storage: { path }`, which needs none',
  )
})

it('the documented quick start with `storage` in place of `redis` prints the same', async () => {
  const storage = `  storage: { path: ${JSON.stringify(storePath(folder))} },\n`
  expect(expectDone(await run(replaced(quickStart, DOCUMENTED_REDIS, storage), models))).toHaveLength(1)
})
