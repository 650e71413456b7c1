// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A key that is planted, and looked for in everything that comes out of a run.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import type { EventName } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { KEY, modelServer, providerAt, refuses, says, type Answer } from '../support/wire-server.ts'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'

const TOKEN = 'planted-token-fedcba9876543210'
const SECRETS = [KEY, TOKEN]
const EVENTS = ['workflow:started', 'workflow:completed', 'workflow:failed', 'task:started', 'task:completed', 'task:failed'] as const

/** All that can be seen of a value: its members, hidden ones too, its causes, its text. */
const everything = (value: unknown): string => `${inspect(value, { depth: 20, showHidden: true, maxStringLength: null })}\n${String(value)}`

// Providers quote keys, most of them whole or in part, in just the message that everybody logs.
const quoting = `Incorrect API key provided: ${KEY} (with ${TOKEN})`
const ANSWERS: Readonly<Record<string, Answer>> = {
  'an error that quotes it': refuses(401, quoting),
  'an error in plain text': { status: 500, headers: { 'content-type': 'text/plain' }, body: quoting },
  'an error in a header': refuses(400, 'no', { headers: { 'x-request-id': KEY } }),
  'what is no JSON': { body: `{"${KEY}": ${TOKEN}` },
  'a redirect': { status: 302, headers: { location: `http://127.0.0.1:9/?key=${KEY}` } },
  'an answer that is cut': { headers: { 'content-length': '5000' }, body: `{"${KEY}`, end: 'cut' },
  'an answer that quotes nothing': says('well'),
}

it.each(Object.entries(ANSWERS))('after %s', async (_, answer) => {
  const folder = temporaryFolder()
  const server = await modelServer(() => answer)
  const seen: unknown[] = []
  const provider = providerAt(server, { headers: { 'x-tenant': `Token ${TOKEN}` } })
  const storage = { path: storePath(folder) }
  const orchestrator = orchestratorWith(
    { work: async () => (await orchestrator.modelIntegration.generate({ prompt: 'hello', maxAttempts: 1 })).text },
    { models: { providers: { local: provider } }, storage },
  )
  const heard: string[] = []
  for (const name of EVENTS)
    orchestrator.on(name as EventName, (...event: unknown[]) => {
      heard.push(name)
      seen.push(...event)
    })
  const { modelIntegration: models } = orchestrator
  seen.push(await orchestrator.executeWorkflow(workflow([task('a')])).catch((error: unknown) => error))
  seen.push(await models.generate({ prompt: 'hello', maxAttempts: 1 }).catch((error: unknown) => error))
  seen.push(
    await models
      .stream({ prompt: 'hello', maxAttempts: 1 })
      .result()
      .catch((error: unknown) => error),
  )
  seen.push(models.getModelComparison(), models.listModels({ configured: true }), models, orchestrator.agentPool.getStatistics())
  await orchestrator.shutdown()
  // It was sent, so there was something to find.
  expect(server.requests.map(({ headers }) => [headers.authorization, headers['x-tenant']])[0]).toEqual([`Bearer ${KEY}`, `Token ${TOKEN}`])
  const ends = answer.status === undefined && answer.end === undefined && typeof answer.body === 'object' ? 'completed' : 'failed'
  expect(heard).toEqual(['workflow:started', 'task:started', `task:${ends}`, `workflow:${ends}`])
  const stored = readdirSync(folder).map((name) => readFileSync(join(folder, name)).toString('latin1'))
  expect(stored.length).toBeGreaterThan(0)
  const leaks = SECRETS.flatMap((secret) => [
    ...seen.flatMap((one, index) => (everything(one).includes(secret) ? [`${secret} in ${index}: ${everything(one).slice(0, 500)}`] : [])),
    ...stored.flatMap((text) => (text.includes(secret) ? [`${secret} in the store`] : [])),
  ])
  expect(leaks).toEqual([])
})

it('in the configuration itself', () => {
  const wrong = { models: { providers: { local: { kind: 'compatible', apiKey: KEY, headers: { 'x-tenant': TOKEN }, endpoint: 5 } } } }
  let thrown: unknown
  try {
    orchestratorWith({}, wrong as never)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ code: 'ERR_CONFIG' })
  expect(SECRETS.filter((secret) => everything(thrown).includes(secret))).toEqual([])
})
