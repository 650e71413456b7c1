// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Providers that a user writes: what they may give, and what is made of what they must not.

import type { CustomProvider, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { orchestratorWith, rejection, task, thrownBy, until, workflow } from '../support/orchestrators.ts'

function asking(provider: CustomProvider): MultiAgentOrchestrator {
  const orchestrator = orchestratorWith()
  orchestrator.modelIntegration.registerProvider('mine', provider)
  return orchestrator
}

const request = { model: 'mine/m', prompt: 'hello' }
const usage = { inputTokens: 3, outputTokens: 4 }

it('answers tasks, and what it used is theirs', async () => {
  const orchestrator = asking({ generate: ({ model, messages }) => ({ text: `${model} of ${messages.length}`, usage }) })
  orchestrator.agentPool.registerAgent({ id: 'mine', type: 'llm', configuration: { model: 'mine/m' } })
  const { results, tasks } = await orchestrator.executeWorkflow(workflow([task('a', { agentId: 'mine', input: { prompt: 'hello' } })]))
  expect(results).toEqual({ a: 'm of 1' })
  expect(tasks[0]?.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 })
})

// Once whatever could not be read was an empty answer, and a success.
describe.each(['generate', 'stream'] as const)('what is no reply fails the call: %s', (how) => {
  it.each([
    [undefined],
    [null],
    ['hello'],
    [['hello']],
    [{ text: () => 'x' }],
    [{ text: 5 }],
    [{ text: 'x', usage: { inputTokens: 'many' } }],
  ])('%j', async (reply) => {
    let called = 0
    const { modelIntegration } = asking({
      generate: () => {
        called += 1
        return reply as never
      },
    })
    const run = how === 'generate' ? modelIntegration.generate(request) : modelIntegration.stream(request).result()
    const error = await rejection(run)
    expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'invalid' } })
    expect(called, 'it would give no other').toBe(1)
  })
})

// Once the name was taken by what had been refused.
it('is not there if one of its models is refused', async () => {
  const { modelIntegration } = orchestratorWith()
  const generate = (): object => ({ text: 'yes', usage })
  const error = thrownBy(() => modelIntegration.registerProvider('mine', { generate, models: [{ id: 'm', contextWindow: -1 }] }))
  expect(error.code).toBe('ERR_INVALID_ARGUMENT')
  modelIntegration.registerProvider('mine', { generate, models: [{ id: 'm', contextWindow: 1000 }] })
  expect(modelIntegration.getModelComparison()).toMatchObject([{ modelId: 'm', provider: 'mine', contextLength: 1000 }])
  expect((await modelIntegration.generate(request)).text).toBe('yes')
})

it('is told to stop with its task, and what it throws then troubles nobody', async () => {
  let signal: AbortSignal | undefined
  const provider: CustomProvider = {
    generate: (asked) => {
      signal = asked.signal
      return new Promise((_, reject) => {
        asked.signal.addEventListener('abort', () => setTimeout(() => reject(new Error('late')), 5))
      })
    },
  }
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  const orchestrator = asking(provider)
  orchestrator.agentPool.registerAgent({ id: 'mine', type: 'llm', configuration: { model: 'mine/m' } })
  const handle = await orchestrator.startWorkflow(workflow([task('a', { agentId: 'mine', input: { prompt: 'hello' } })]))
  await until(() => signal !== undefined)
  await handle.cancel('enough')
  await until(() => signal?.aborted === true)
  await new Promise((resolve) => setTimeout(resolve, 30))
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
  expect((await handle.settled()).status).toBe('cancelled')
})

it('a provider without a key keeps no other from being asked, and whoever asks it hears why', async () => {
  const { modelIntegration } = orchestratorWith({}, { models: { providers: { openai: {} } } })
  expect((await rejection(modelIntegration.generate({ prompt: 'hello' }))).message).toMatch(/openai.*apiKey.*OPENAI_API_KEY/)
  modelIntegration.registerProvider('mine', { generate: () => ({ text: 'here' }) })
  expect((await modelIntegration.generate(request)).text).toBe('here')
  for (const wanted of [{ provider: 'openai' }, { model: 'openai/gpt-5' }])
    expect((await rejection(modelIntegration.generate({ prompt: 'hello', ...wanted }))).message).toMatch(/OPENAI_API_KEY/)
})

it('nobody is asked once the orchestrator is shut down', async () => {
  const orchestrator = asking({ generate: () => ({ text: 'here' }) })
  await orchestrator.shutdown()
  const { modelIntegration } = orchestrator
  for (const late of [modelIntegration.generate(request), modelIntegration.stream(request).result(), modelIntegration.selectModel({})])
    expect(await rejection(late)).toMatchObject({ name: 'ClosedError', code: 'ERR_CLOSED' })
})
