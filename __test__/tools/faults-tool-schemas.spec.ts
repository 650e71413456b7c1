// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One tool whose schema a provider refuses, beside others: it had cost every call. Forms of schemas are tested in Rust (`crates/providers/tests/schemas.rs`).

import { expect, it } from 'vitest'
import { z } from 'zod'
import { KeptLog } from '../support/logs.ts'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'
import { modelServer, providerAt, says } from '../support/wire-server.ts'

const message = { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'done' }], stop_reason: 'end_turn' }
const parameters = { type: 'object', properties: { n: { type: 'number' } } }

it('is left out alone, and that is logged once', async () => {
  const server = await modelServer(() => ({ body: message }))
  const logger = new KeptLog()
  const providers = { p: providerAt(server, { kind: 'anthropic', model: 'c' }) }
  const { modelIntegration } = orchestratorWith({}, { logger, models: { providers } })
  const tools = [
    { name: 'good', description: 'd', parameters },
    { name: 'filter', description: 'd', parameters: { type: 'object', properties: { $filter: { type: 'string' } } } },
  ]
  for (let call = 0; call < 2; call += 1) expect((await modelIntegration.generate({ prompt: 'go', tools })).text).toBe('done')
  const said = expect.stringContaining('tool `filter` cannot be shown to model `c`: its parameter `$filter` has a name') as string
  expect(logger.lines).toEqual([{ level: 'warn', event: 'model:tool', message: said }])
  expect(server.requests[0]?.body['tools']).toMatchObject([{ name: 'good' }])
  expect(server.requests[0]?.body['tools']).toHaveLength(1)
  expect(server.requests).toHaveLength(2)
})

it('is brought into the form that wires take for the model of a hybrid', async () => {
  const server = await modelServer(() => says('done'))
  const orchestrator = orchestratorWith({}, { models: { providers: { p: providerAt(server) } } })
  const execute = (): string => 'ok'
  const choice = z.object({ a: z.string() }).or(z.object({ b: z.number().optional() }))
  orchestrator.agentPool.registerTool({ name: 'bare', description: 'd', parameters: { type: 'object' }, execute })
  orchestrator.agentPool.registerTool({
    name: 'tuple',
    description: 'd',
    parameters: z.object({ at: z.tuple([z.number(), z.string()]) }),
    execute,
  })
  orchestrator.agentPool.registerTool({ name: 'nested', description: 'd', parameters: z.object({ choice }), execute })
  orchestrator.agentPool.registerAgent({ id: 'h', type: 'hybrid', configuration: { stream: false } })
  const { results } = await orchestrator.executeWorkflow(workflow([task('t', { agentId: 'h', input: { prompt: 'go' } })]), {})
  expect(results['t']).toBe('done')
  const sent = server.requests[0]?.body['tools'] as { function: { name: string; parameters: { properties: Record<string, unknown> } } }[]
  const shown = Object.fromEntries(sent.map(({ function: { name, parameters: given } }) => [name, given.properties]))
  expect(shown['bare']).toEqual({})
  expect(shown['tuple']).toMatchObject({ at: { type: 'array', items: { anyOf: [{ type: 'number' }, { type: 'string' }] } } })
  expect(shown['nested']).toMatchObject({ choice: { anyOf: [{ required: ['a'] }, { properties: { b: { type: 'number' } } }] } })
})

it.each([['openai'], ['anthropic'], ['mistral']])('an optional field of an answer is not required of %s', async (kind) => {
  const text = '{"name":"Ann"}'
  const body = kind === 'anthropic' ? { ...message, content: [{ type: 'text', text }] } : says(text).body
  const server = await modelServer(() => ({ body }))
  const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: providerAt(server, { kind, model: 'm' }) } } })
  const schema = z.object({ name: z.string(), phone: z.string().optional() })
  expect((await modelIntegration.generate({ prompt: 'go', schema })).output).toEqual({ name: 'Ann' })
  expect(JSON.stringify(server.requests[0]?.body)).toContain('"required":["name"]')
})
