// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The documented examples about models, as they are printed, in a program of a user's.

import { expect, it } from 'vitest'
import { run } from '../support/child.ts'
import { documented } from '../support/documented.ts'
import { userFolder } from '../support/folder.ts'
import { modelServer } from '../support/scripted-model-server.ts'

/** The selection, and the comparison. */
const [, comparison] = documented('Custom Metrics').split('\n\n')

const program = (config: string, between = ''): string => `
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator';
const orchestrator = new MultiAgentOrchestrator(${config});
${between}
${documented('Model Selection Strategy')}
${comparison}
console.log('\\nJSON ' + JSON.stringify({ modelSelection, modelComparison }));
await orchestrator.shutdown();
`

interface Printed {
  modelSelection: {
    modelId: string
    provider: string
    reason: string
    estimatedCost: number
    estimatedLatency: number
    alternatives: object[]
  }
  modelComparison: {
    modelId: string
    provider: string
    calls: number
    successRate?: number
    latency?: { p50: number }
    prices?: object
    cost: number
  }[]
}

async function printed(config: string, between?: string): Promise<Printed> {
  const { code, stdout, stderr } = await run(userFolder(), program(config, between))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^Model Performance: \[/)
  return JSON.parse(stdout.slice(stdout.indexOf('\nJSON ') + 6)) as Printed
}

const both = `{ models: { providers: { openai: { apiKey: 'k' }, anthropic: { apiKey: 'k' } } } }`

it('print a selection within its bounds, with reason, cost and latency, and what else there was', async () => {
  const { modelSelection, modelComparison } = await printed(both)
  const { modelId, provider, reason, estimatedCost, estimatedLatency, alternatives } = modelSelection
  expect(provider).toBe('openai')
  expect(reason).toContain(`${provider}/${modelId}`)
  expect(estimatedCost).toBeGreaterThan(0)
  expect(estimatedCost).toBeLessThanOrEqual(0.1)
  expect(estimatedLatency).toBeGreaterThan(0)
  expect(estimatedLatency).toBeLessThanOrEqual(5000)
  expect(alternatives.length).toBeGreaterThan(0)
  expect(new Set(modelComparison.map((model) => model.provider))).toEqual(new Set(['openai', 'anthropic']))
  expect(modelComparison.find((model) => model.modelId === modelId && model.provider === provider)).toMatchObject({ calls: 0, prices: {} })
})

it('compare what was seen with what is known, after some calls', async () => {
  const server = await modelServer(({ prompt }) => (prompt === '3' ? { status: 500, message: 'out of order' } : 'yes'))
  const config = JSON.stringify({
    models: { providers: { openai: { ...server.provider({ model: 'gpt-4o-mini' }), kind: 'openai' }, anthropic: { apiKey: 'k' } } },
  })
  const ask = `for (const prompt of '12345') await orchestrator.modelIntegration.generate({ provider: 'openai', prompt, maxAttempts: 1 }).catch(() => {});`
  const { modelComparison } = await printed(config, ask)
  const seen = modelComparison.find(({ calls }) => calls > 0)
  expect(seen).toMatchObject({ modelId: 'gpt-4o-mini', provider: 'openai', calls: 5, prices: { input: 0.15, output: 0.6 } })
  expect(seen?.latency?.p50).toBeGreaterThan(0)
  expect(seen?.successRate).toBeGreaterThan(0.5)
  expect(seen?.successRate).toBeLessThan(1)
  expect(seen?.cost).toBeCloseTo(4 * 2.7e-6, 12)
})

it('say without a provider how one is configured', async () => {
  const env = `for (const name of Object.keys(process.env)) if (name.endsWith('_API_KEY')) delete process.env[name];`
  const { code, stderr } = await run(
    userFolder(),
    `${env}\n${program('{}').replace('import {', 'const {').replace("} from '@codexos/multi-agent-orchestrator'", "} = await import('@codexos/multi-agent-orchestrator')")}`,
  )
  expect(code).toBe(1)
  expect(stderr).toMatch(/ERR_PROVIDER_NOT_FOUND/)
  expect(stderr).toMatch(/models: \{ providers|OPENAI_API_KEY/)
})
