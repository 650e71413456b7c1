// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Keys of providers: they are sent to their provider, and are found nowhere else, whatever that answers.

import { existsSync, readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { modelServer, type Said } from '../support/scripted-model-server.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const KEY = 'sk-planted-4f9a1c77d2e84b06'
const HEADER = 'planted-header-0c5be91f'
const folder = temporaryFolder()

/** What a provider says that repeats what it was sent. */
const answers: [string, Said][] = [
  ['a refused key', { status: 401, message: `Incorrect API key provided: ${KEY}.` }],
  ['a refused header', { status: 403, message: `Bearer ${KEY} of ${HEADER} may not do this` }],
  ['a fault', { status: 500, message: `cannot parse {"authorization":"Bearer ${KEY}"}` }],
  ['a limit', { status: 400, message: `too long for ${KEY}` }],
]

it.each(answers)('are in no event, error, stored byte or printed object after %s', async (_, said) => {
  const server = await modelServer(() => said)
  const path = storePath(folder)
  const provider = server.provider({ apiKey: KEY, headers: { 'x-secret': HEADER } })
  const orchestrator = orchestratorWith({}, { storage: { path, durability: 'os' }, models: { providers: { local: provider } } })
  const heard: unknown[] = []
  for (const name of ['task:started', 'task:failed', 'workflow:failed', 'task:retrying', 'task:progress'] as const) {
    orchestrator.on(name, (...told: unknown[]) => void heard.push(told))
  }
  const retryPolicy = { maxAttempts: 2, initialDelay: 1 }
  const error = await rejection(
    orchestrator.executeWorkflow(workflow([task('a', { agentId: 'llm', input: { prompt: 'hello' }, retryPolicy })])),
  )
  const outside = await rejection(orchestrator.modelIntegration.generate({ prompt: 'hello', maxAttempts: 1 }))
  const { executionId = '' } = error
  const events: unknown[] = []
  for await (const event of orchestrator.getHandle(executionId).events()) events.push(event)
  const stored = await orchestrator.getExecution(executionId)
  const shown = [heard, error, outside, events, stored, orchestrator.modelIntegration.getModelComparison(), orchestrator]
  const depth = { depth: 20, showHidden: false, maxStringLength: Infinity, maxArrayLength: Infinity }
  const texts = shown.map((value) => inspect(value, depth)).concat(JSON.stringify([heard, error, events, stored]), error.stack ?? '')
  const files = ['', '-wal', '-shm'].map((ending) => `${path}${ending}`).filter((file) => existsSync(file))
  expect(files.length).toBeGreaterThan(1)
  texts.push(...files.map((file) => readFileSync(file, 'latin1')))
  await orchestrator.shutdown()
  texts.push(readFileSync(path, 'latin1'))

  expect(
    server.received.every(({ authorization }) => authorization === `Bearer ${KEY}`),
    'it was sent',
  ).toBe(true)
  expect(server.received).not.toEqual([])
  expect(texts.at(-1), 'the failure itself is on record, in plain text').toContain('ERR_MODEL')
  for (const text of texts) expect(text.includes(KEY) || text.includes(HEADER)).toBe(false)
})
