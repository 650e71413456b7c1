// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How many models are chosen, and calls let through, in a second: nothing goes over a wire, since the provider that answers is a function here.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { Cell, cpuMicros, measure } from '../compare/measure.mjs'
import { check, KEY, PROMPT, TEXT } from './wire.mjs'

const LEAST_PER_SECOND = 10_000
const SECOND_MICROS = 1e6
const WARM_MS = 300
const MS = 500
/** Calls under way at once where it is not one. */
const MANY = 100

/** Providers whose models are all candidates. */
const CONFIGURED = ['openai', 'anthropic', 'gemini', 'mistral', 'groq', 'deepseek', 'xai', 'openrouter']
const REQUIREMENTS = { capabilities: [{ type: 'text-generation', quality: 'good' }], contextLength: 8000, maxCost: 0.05 }

/** Limits that bind nobody, and are counted all the same. */
const RATE_LIMIT = { requestsPerMinute: 1e9, tokensPerMinute: 1e12, requestsPerDay: 1e9, concurrentRequests: 1e6 }

/** Measures, and gives lines and bounds. */
export async function measureSelection(_url, { rounds, clock }, { progress }) {
  const providers = Object.fromEntries(CONFIGURED.map((name) => [name, { apiKey: KEY }]))
  const orchestrator = new MultiAgentOrchestrator({ models: { providers } })
  const models = orchestrator.modelIntegration
  const capabilities = ['text-generation']
  models.registerProvider('here', {
    generate: () => ({ text: TEXT, usage: { inputTokens: 20, outputTokens: 100 } }),
    models: [{ id: 'm', contextWindow: 100_000, maxOutput: 10_000, quality: 'good', capabilities, prices: { input: 1, output: 1 } }],
    rateLimit: RATE_LIMIT,
  })
  const ask = async (request) => check((await models.generate({ ...request, prompt: PROMPT })).text)
  const chosen = { requirements: { ...REQUIREMENTS, providers: { allow: ['here', 'openai'] }, preferredProvider: 'here' } }
  const kinds = [
    { label: 'selectModel', concurrency: 1, once: () => models.selectModel(REQUIREMENTS) },
    { label: 'generate, model named', concurrency: 1, once: () => ask({ model: 'here/m' }) },
    { label: 'generate, model chosen', concurrency: 1, once: () => ask(chosen) },
    { label: `  ${MANY} at once, named`, concurrency: MANY, once: () => ask({ model: 'here/m' }) },
    { label: `  ${MANY} at once, chosen`, concurrency: MANY, once: () => ask(chosen) },
  ]
  const candidates = models.listModels({ configured: true }).length
  const cell = new Cell()
  try {
    const run = ({ once, concurrency }, ms) => measure(once, 1, { concurrency, ms, clock })
    for (const kind of kinds) await run(kind, WARM_MS)
    for (let round = 1; round <= rounds; round += 1) {
      progress(`selection, round ${round} of ${rounds}`)
      for (const kind of round % 2 === 0 ? kinds.toReversed() : kinds) cell.add(kind.label, await run(kind, MS))
    }
  } finally {
    progress('')
    await orchestrator.shutdown()
  }
  const perSecond = (label) => SECOND_MICROS / cell.micros(label)
  return {
    title: `Models chosen and calls let through, answered by a function in this process: medians of ${rounds} alternating rounds of ${MS} ms`,
    notes: [
      `${clock === cpuMicros ? 'Processor time of this process. ' : ''}${candidates} models of ${CONFIGURED.length + 1} providers to choose from; every limit set, none reached.`,
    ],
    columns: ['µs each', 'per second'],
    rows: kinds.map(({ label }) => ({ label, figures: [cell.micros(label), perSecond(label)] })),
    bounds: [
      { name: 'selectModel, per second', value: perSecond(kinds[0].label), least: LEAST_PER_SECOND },
      { name: 'selected, let through and answered, per second', value: perSecond(kinds.at(-1).label), least: LEAST_PER_SECOND },
    ],
  }
}
